//! How somebody laid out a board of charts: which are pinned, where others stand, how large they are, which sections are folded. It
//! holds only what differs from how a board comes, as a short text for the page's address.
//!
//! The text: items between `,`, each a name and words behind `!`. Of a chart: `p` pinned, `3` the fourth of its section, `w2` two
//! columns wide, `s` small, `t` tall. Of a section, whose name is in parentheses: `1` the second, `o` open, `f` folded.
//! `val/loss!p!w2,train/acc!0,(system)!f`

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

/// Charts that a layout holds, and sections.
pub const MOST_LAID_OUT: usize = 64;
/// Bytes of a layout's text.
const LONGEST: usize = 4 << 10;
/// Columns that the widest chart takes.
pub const WIDEST: u8 = 3;
/// What parts the text, and so can't stand in a name as it is.
const PARTING: &str = ",!()*";

/// How high a chart is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Height {
    /// Half as high as usual.
    Small,
    /// As it comes.
    #[default]
    Normal,
    /// Two rows.
    Tall,
}

/// How large a chart is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartSize {
    /// Columns of the board, 1 to [`WIDEST`].
    pub columns: u8,
    /// How high it is.
    pub height: Height,
}

impl Default for ChartSize {
    fn default() -> Self {
        Self { columns: 1, height: Height::Normal }
    }
}

/// Charts that stand together under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the names of its metrics begin with.
    pub name: String,
    /// Its charts, by the names of their metrics.
    pub charts: Vec<String>,
}

/// A board as it is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LaidOut {
    /// The charts above all sections.
    pub pinned: Vec<String>,
    /// The sections, without empty ones.
    pub sections: Vec<Section>,
}

/// Where a chart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stand {
    /// Where its name says.
    #[default]
    Usual,
    /// At this place of its section, from 0.
    At(u16),
    /// Above all sections; in the order of the layout.
    Pinned,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct ChartWord {
    name: String,
    stand: Stand,
    size: ChartSize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct SectionWord {
    name: String,
    at: Option<u16>,
    open: Option<bool>,
}

/// What differs from how a board comes. Charts and sections that a board doesn't have are kept: another one may have them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChartLayout {
    charts: Vec<ChartWord>,
    sections: Vec<SectionWord>,
}

/// A layout holds no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "A layout holds {MOST_LAID_OUT} charts at most. Put some back, or reset it.")
    }
}

impl ChartLayout {
    /// Reads what an address says. What makes no sense counts for nothing.
    pub fn parse(text: &str) -> Self {
        let mut layout = Self::default();
        for item in text.split(',') {
            let mut words = item.split('!');
            let name = words.next().unwrap_or_default();
            if let Some(name) = name.strip_prefix('(').and_then(|name| name.strip_suffix(')')) {
                let Some(name) = unescape(name) else { continue };
                let mut section = SectionWord { name, ..SectionWord::default() };
                for word in words {
                    match word {
                        "o" => section.open = Some(true),
                        "f" => section.open = Some(false),
                        place => section.at = place.parse().ok().or(section.at),
                    }
                }
                let is_new = layout.sections.iter().all(|known| known.name != section.name);
                if is_new && section.says_something() && layout.sections.len() < MOST_LAID_OUT {
                    layout.sections.push(section);
                }
            } else {
                let Some(name) = unescape(name).filter(|name| !name.is_empty()) else { continue };
                let mut chart = ChartWord { name, ..ChartWord::default() };
                for word in words {
                    chart.read(word);
                }
                let is_new = layout.charts.iter().all(|known| known.name != chart.name);
                if is_new && chart.says_something() && layout.charts.len() < MOST_LAID_OUT {
                    layout.charts.push(chart);
                }
            }
        }
        layout
    }

    /// Whether a board comes as it is.
    pub fn is_usual(&self) -> bool {
        self.charts.is_empty() && self.sections.is_empty()
    }

    fn chart(&self, name: &str) -> Option<&ChartWord> {
        self.charts.iter().find(|chart| chart.name == name)
    }

    fn section(&self, name: &str) -> Option<&SectionWord> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// How large a chart is.
    pub fn size(&self, chart: &str) -> ChartSize {
        self.chart(chart).map(|chart| chart.size).unwrap_or_default()
    }

    /// Whether a chart is above all sections.
    pub fn is_pinned(&self, chart: &str) -> bool {
        self.chart(chart).is_some_and(|chart| chart.stand == Stand::Pinned)
    }

    /// Whether a section is open or folded, where somebody said so.
    pub fn is_open(&self, section: &str) -> Option<bool> {
        self.section(section)?.open
    }

    fn place(&self, chart: &str) -> Option<u16> {
        match self.chart(chart)?.stand {
            Stand::At(at) => Some(at),
            Stand::Usual | Stand::Pinned => None,
        }
    }

    fn section_place(&self, section: &str) -> Option<u16> {
        self.section(section)?.at
    }

    /// The sections as they come, but for what is pinned.
    fn unpinned(&self, sections: &[Section]) -> Vec<Section> {
        let mut sections = sections.to_vec();
        if self.charts.iter().any(|chart| chart.stand == Stand::Pinned) {
            for section in &mut sections {
                section.charts.retain(|chart| !self.is_pinned(chart));
            }
            sections.retain(|section| !section.charts.is_empty());
        }
        sections
    }

    /// Lays out the sections of a board. Pinned charts are shown where the board has them.
    pub fn apply(&self, sections: &[Section], has: impl Fn(&str) -> bool) -> LaidOut {
        let pinned = self.charts.iter().filter(|chart| chart.stand == Stand::Pinned && has(&chart.name));
        let pinned = pinned.map(|chart| chart.name.clone()).collect();
        let sections = self.unpinned(sections).into_iter().map(|Section { name, charts }| {
            let charts = arranged(charts, |chart| self.place(chart));
            Section { name, charts }
        });
        let sections = arranged(sections.collect(), |section| self.section_place(&section.name));
        LaidOut { pinned, sections }
    }

    /// Moves a chart to a place of its section, or of the pinned ones; `shown` is the board as it is now, `sections` as it comes.
    ///
    /// # Errors
    /// [`Full`].
    pub fn moved(&self, sections: &[Section], shown: &LaidOut, chart: &str, to: usize) -> Result<Self, Full> {
        let mut layout = self.clone();
        if self.is_pinned(chart) {
            let mut order = shown.pinned.clone();
            shift(&mut order, |name| name == chart, to);
            let mut pinned: Vec<ChartWord> =
                order.iter().filter_map(|name| self.chart(name).cloned()).collect();
            pinned.extend(layout.charts.into_iter().filter(|word| !order.contains(&word.name)));
            layout.charts = pinned;
            return layout.checked();
        }
        let comes = self.unpinned(sections);
        let Some(section) = comes.iter().find(|section| section.charts.iter().any(|name| name == chart))
        else {
            return Ok(layout);
        };
        let names: Vec<&str> = section.charts.iter().map(String::as_str).collect();
        let places = places(&names, |name| self.place(name), chart, to);
        for name in names {
            let stand = places.get(name).map_or(Stand::Usual, |at| Stand::At(*at));
            if stand != Stand::Usual || layout.place(name).is_some() {
                layout.word_of(name).stand = stand;
            }
        }
        layout.checked()
    }

    /// Moves a section to a place among the others.
    ///
    /// # Errors
    /// [`Full`].
    pub fn section_moved(&self, sections: &[Section], section: &str, to: usize) -> Result<Self, Full> {
        let mut layout = self.clone();
        let comes = self.unpinned(sections);
        let names: Vec<&str> = comes.iter().map(|section| section.name.as_str()).collect();
        let places = places(&names, |name| self.section_place(name), section, to);
        for name in names {
            let at = places.get(name).copied();
            if at.is_some() || layout.section_place(name).is_some() {
                layout.section_word_of(name).at = at;
            }
        }
        layout.checked()
    }

    /// Opens or folds a section; `comes` says which it is where nobody said so.
    ///
    /// # Errors
    /// [`Full`].
    pub fn folded(&self, section: &str, open: bool, comes: bool) -> Result<Self, Full> {
        let mut layout = self.clone();
        layout.section_word_of(section).open = (open != comes).then_some(open);
        layout.checked()
    }

    /// Sizes a chart.
    ///
    /// # Errors
    /// [`Full`].
    pub fn sized(&self, chart: &str, size: ChartSize) -> Result<Self, Full> {
        let mut layout = self.clone();
        layout.word_of(chart).size = ChartSize { columns: size.columns.clamp(1, WIDEST), ..size };
        layout.checked()
    }

    /// Puts a chart behind those that are pinned, or back into its section.
    ///
    /// # Errors
    /// [`Full`].
    pub fn pinned(&self, chart: &str, pinned: bool) -> Result<Self, Full> {
        let mut layout = self.clone();
        let size = self.size(chart);
        layout.charts.retain(|word| word.name != chart);
        let stand = if pinned { Stand::Pinned } else { Stand::Usual };
        layout.charts.push(ChartWord { name: chart.to_owned(), stand, size });
        layout.checked()
    }

    fn word_of(&mut self, chart: &str) -> &mut ChartWord {
        let known = self.charts.iter().position(|word| word.name == chart);
        let index = known.unwrap_or_else(|| {
            self.charts.push(ChartWord { name: chart.to_owned(), ..ChartWord::default() });
            self.charts.len() - 1
        });
        &mut self.charts[index]
    }

    fn section_word_of(&mut self, section: &str) -> &mut SectionWord {
        let known = self.sections.iter().position(|word| word.name == section);
        let index = known.unwrap_or_else(|| {
            self.sections.push(SectionWord { name: section.to_owned(), ..SectionWord::default() });
            self.sections.len() - 1
        });
        &mut self.sections[index]
    }

    /// Without what says nothing, if it isn't too much.
    fn checked(mut self) -> Result<Self, Full> {
        self.charts.retain(ChartWord::says_something);
        self.sections.retain(SectionWord::says_something);
        let most = self.charts.len().max(self.sections.len());
        if most <= MOST_LAID_OUT && self.to_string().len() <= LONGEST { Ok(self) } else { Err(Full) }
    }
}

impl ChartWord {
    fn says_something(&self) -> bool {
        self.stand != Stand::Usual || self.size != ChartSize::default()
    }

    fn read(&mut self, word: &str) {
        match word {
            "p" => self.stand = Stand::Pinned,
            "s" => self.size.height = Height::Small,
            "t" => self.size.height = Height::Tall,
            _ => {
                if let Some(columns) = word.strip_prefix('w') {
                    let columns = columns.parse::<u8>().ok().filter(|columns| (1..=WIDEST).contains(columns));
                    self.size.columns = columns.unwrap_or(self.size.columns);
                } else if let Ok(at) = word.parse() {
                    self.stand = Stand::At(at);
                }
            }
        }
    }
}

impl SectionWord {
    fn says_something(&self) -> bool {
        self.at.is_some() || self.open.is_some()
    }
}

impl fmt::Display for ChartLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parting = "";
        for chart in &self.charts {
            f.write_str(parting)?;
            parting = ",";
            escape(f, &chart.name)?;
            match chart.stand {
                Stand::Usual => {}
                Stand::At(at) => write!(f, "!{at}")?,
                Stand::Pinned => f.write_str("!p")?,
            }
            if chart.size.columns != 1 {
                write!(f, "!w{}", chart.size.columns)?;
            }
            f.write_str(match chart.size.height {
                Height::Small => "!s",
                Height::Normal => "",
                Height::Tall => "!t",
            })?;
        }
        for section in &self.sections {
            f.write_str(parting)?;
            parting = ",";
            f.write_char('(')?;
            escape(f, &section.name)?;
            f.write_char(')')?;
            if let Some(at) = section.at {
                write!(f, "!{at}")?;
            }
            f.write_str(match section.open {
                Some(true) => "!o",
                Some(false) => "!f",
                None => "",
            })?;
        }
        Ok(())
    }
}

/// What parts the text is written as `*` and its code.
fn escape(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    for letter in name.chars() {
        if PARTING.contains(letter) {
            write!(f, "*{:02X}", u32::from(letter))?;
        } else {
            f.write_char(letter)?;
        }
    }
    Ok(())
}

fn unescape(text: &str) -> Option<String> {
    let mut pieces = text.split('*');
    let mut name = pieces.next()?.to_owned();
    for piece in pieces {
        let code = u8::from_str_radix(piece.get(..2)?, 16).ok().filter(u8::is_ascii)?;
        name.push(char::from(code));
        name.push_str(piece.get(2..)?);
    }
    Some(name)
}

/// What has a place takes it; the others keep their order around it.
fn arranged<T>(items: Vec<T>, place: impl Fn(&T) -> Option<u16>) -> Vec<T> {
    let (mut placed, mut order) = (Vec::new(), Vec::with_capacity(items.len()));
    for item in items {
        match place(&item) {
            Some(at) => placed.push((at, item)),
            None => order.push(item),
        }
    }
    placed.sort_by_key(|(at, _)| *at);
    for (at, item) in placed {
        let at = usize::from(at).min(order.len());
        order.insert(at, item);
    }
    order
}

/// The places of all that need one, so that one item goes to a place and the others stay in their order.
fn places<'a>(
    items: &[&'a str],
    place: impl Fn(&str) -> Option<u16>,
    item: &str,
    to: usize,
) -> BTreeMap<&'a str, u16> {
    let mut order = arranged(items.to_vec(), |name| place(name));
    shift(&mut order, |name| *name == item, to);
    let mut places: BTreeMap<&'a str, u16> = BTreeMap::new();
    for (at, name) in order.iter().copied().enumerate() {
        if name == item || place(name).is_some() {
            places.insert(name, u16::try_from(at).unwrap_or(u16::MAX));
        }
    }
    // Who would stand there anyway needs no word.
    let placed: Vec<&str> = places.keys().copied().collect();
    for name in placed {
        let without = |other: &&str| places.get(*other).copied().filter(|_| *other != name);
        if arranged(items.to_vec(), without) == order {
            places.remove(name);
        }
    }
    places
}

fn shift<T>(order: &mut Vec<T>, is_it: impl Fn(&T) -> bool, to: usize) {
    if let Some(from) = order.iter().position(is_it) {
        let item = order.remove(from);
        order.insert(to.min(order.len()), item);
    }
}

#[cfg(test)]
mod test;
