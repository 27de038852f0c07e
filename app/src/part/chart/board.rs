//! What the charts of a board share: how they are laid out, and what is being done to that. The layout is part of the address; here
//! are the ways to change it, which only the code of charts takes.

use crate::part::{address::Address, toast::Toasts};
use leptos::prelude::*;
use model::chart_layout::{ChartLayout, ChartSize, Full, Height, LaidOut, Section};

/// A chart that is being dragged.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// What it shows.
    pub name: String,
    /// Where the pointer is in the window, in CSS pixels.
    pub at: (f64, f64),
}

/// That somebody opened or folded a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folding {
    /// Which one.
    pub section: String,
    /// Whether it is open now.
    pub open: bool,
    /// Whether it is where nobody said so.
    pub comes: bool,
}

/// One for the charts of a page.
#[derive(Clone, Copy)]
pub struct Board {
    address: Address,
    toasts: Toasts,
    layout: Memo<ChartLayout>,
    comes: Memo<Vec<Section>>,
    laid_out: Memo<LaidOut>,
    /// Whether a search hides charts, so that nobody sees where others stand.
    pub is_searched: Memo<bool>,
    /// The section that was opened or folded last.
    pub folding: RwSignal<Option<Folding>>,
    /// What is dragged.
    pub carried: RwSignal<Option<Carried>>,
    /// The chart that fills the screen, as its `data-chart` calls it.
    pub large: RwSignal<Option<String>>,
    /// What was done, for those who hear it.
    pub said: RwSignal<String>,
    /// The chart whose grip takes the focus as soon as it is there.
    focused: StoredValue<Option<String>>,
}

impl Board {
    /// Makes the one there is for the charts below: of sections as they come. Of the pinned charts it has only some.
    pub fn provide(comes: Memo<Vec<Section>>, has: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let address = Address::here();
        let layout = Memo::new(move |_| ChartLayout::parse(&address.text("layout")));
        let board = Self {
            address,
            toasts: Toasts::here(),
            layout,
            comes,
            laid_out: Memo::new(move |_| layout.read().apply(&comes.read(), &has)),
            is_searched: Memo::new(move |_| address.get("q").is_some()),
            folding: RwSignal::new(None),
            carried: RwSignal::new(None),
            large: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            focused: StoredValue::new(None),
        };
        provide_context(board);
        board
    }

    /// The one there is.
    pub fn here() -> Self {
        expect_context()
    }

    /// The charts above all sections, tracked.
    pub fn pinned(self) -> Vec<String> {
        self.laid_out.read().pinned.clone()
    }

    /// The names of the sections in their order, tracked.
    pub fn sections(self) -> Vec<String> {
        self.laid_out.read().sections.iter().map(|section| section.name.clone()).collect()
    }

    /// The charts of a section in their order, tracked.
    pub fn charts(self, section: &str) -> Vec<String> {
        let laid_out = self.laid_out.read();
        let found = laid_out.sections.iter().find(|other| other.name == section);
        found.map(|section| section.charts.clone()).unwrap_or_default()
    }

    /// Whether somebody opened or folded a section, tracked.
    pub fn is_open(self, section: &str) -> Option<bool> {
        self.layout.read().is_open(section)
    }

    /// How large a chart is.
    pub fn size(self, chart: Signal<String>) -> Memo<ChartSize> {
        Memo::new(move |_| self.layout.read().size(&chart.read()))
    }

    /// Whether a chart is pinned, tracked.
    pub fn is_pinned(self, chart: &str) -> bool {
        self.layout.read().is_pinned(chart)
    }

    /// Moves a chart to a place among those that stand with it.
    pub fn move_chart(self, chart: &str, to: usize) {
        let laid_out = self.laid_out.get_untracked();
        let comes = self.comes.get_untracked();
        let moved = self.layout.with_untracked(|layout| layout.moved(&comes, &laid_out, chart, to));
        let mut together = laid_out.sections.iter().map(|section| &section.charts).chain([&laid_out.pinned]);
        let of = together.find(|charts| charts.iter().any(|other| other == chart)).map_or(0, Vec::len);
        if self.keep(moved) {
            self.said.set(format!("{chart}, place {} of {of}", to + 1));
        }
    }

    /// Moves a section to a place among the others.
    pub fn move_section(self, section: &str, to: usize) {
        let comes = self.comes.get_untracked();
        let moved = self.layout.with_untracked(|layout| layout.section_moved(&comes, section, to));
        let of = self.laid_out.with_untracked(|laid_out| laid_out.sections.len());
        if self.keep(moved) {
            self.said.set(format!("Section {}, place {} of {of}", section_title(section), to + 1));
        }
    }

    /// Remembers that a section is open or folded.
    pub fn fold(self, folding: &Folding) {
        let Folding { section, open, comes } = folding;
        self.keep(self.layout.with_untracked(|layout| layout.folded(section, *open, *comes)));
    }

    /// Sizes a chart.
    pub fn resize(self, chart: &str, size: ChartSize) {
        if self.keep(self.layout.with_untracked(|layout| layout.sized(chart, size))) {
            self.said.set(format!("{chart}, {}", size_words(size)));
        }
    }

    /// Puts a chart above all sections, or back into its own. The focus goes with it.
    pub fn pin(self, chart: &str, pinned: bool) {
        if self.keep(self.layout.with_untracked(|layout| layout.pinned(chart, pinned))) {
            self.focused.set_value(Some(chart.to_owned()));
            self.said.set(format!(
                "{chart}, {}",
                if pinned { "pinned to the top" } else { "back in its section" }
            ));
        }
    }

    /// Whether a chart that just came is the one that the focus went with.
    pub fn takes_focus(self, chart: &str) -> bool {
        let taken = self.focused.try_update_value(|focused| {
            let is_it = focused.as_deref() == Some(chart);
            if is_it {
                *focused = None;
            }
            is_it
        });
        taken.unwrap_or_default()
    }

    /// Writes a layout into the address; says so if it is too much for one.
    fn keep(self, changed: Result<ChartLayout, Full>) -> bool {
        match changed {
            Ok(layout) => {
                if self.layout.with_untracked(|before| *before != layout) {
                    self.address.set(&[("layout", &layout.to_string())]);
                }
                true
            }
            Err(full) => {
                self.toasts.failed(full.to_string());
                false
            }
        }
    }
}

/// A section as its head calls it.
pub fn section_title(section: &str) -> &str {
    if section.is_empty() { "Metrics" } else { section }
}

/// How wide a chart is, as style sheets read it.
pub fn columns_word(size: ChartSize) -> Option<&'static str> {
    match size.columns {
        2 => Some("2"),
        3 => Some("3"),
        _ => None,
    }
}

/// How high a chart is, as style sheets read it.
pub fn height_word(size: ChartSize) -> Option<&'static str> {
    match size.height {
        Height::Small => Some("small"),
        Height::Normal => None,
        Height::Tall => Some("tall"),
    }
}

/// A size as people say it.
pub fn size_words(size: ChartSize) -> String {
    let columns = if size.columns == 1 { "1 column".to_owned() } else { format!("{} columns", size.columns) };
    match height_word(size) {
        Some(height) => format!("{columns}, {height}"),
        None => columns,
    }
}
