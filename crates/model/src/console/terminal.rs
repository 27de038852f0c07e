//! What a terminal would show of what a program printed: lines, each as it was last written, with colours. Control sequences
//! that do something else are left out.
//!
//! A progress bar goes back to the start of its line (`\r`) and writes it again: only its last state is kept. Colours and
//! weights (SGR) become [`Style`]; of the many colours that there are the nearest of the sixteen that every terminal has.

use std::fmt;

/// Characters of a line that are kept.
const WIDEST: usize = 16_384;
/// Characters of a control sequence that are looked at.
const LONGEST_SEQUENCE: usize = 64;

/// How a terminal shows text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// The colour of the text, of sixteen.
    color: Option<u8>,
    /// The colour behind it.
    ground: Option<u8>,
    /// Which of [`MARKS`], a bit each.
    marks: u8,
}

/// What else text can be, with the codes that turn it on and off.
const MARKS: [(&str, u16, u16); 6] = [
    ("bold", 1, 22),
    ("dim", 2, 22),
    ("italic", 3, 23),
    ("underline", 4, 24),
    ("inverse", 7, 27),
    ("struck", 9, 29),
];

impl Style {
    /// Whether there is nothing special about it.
    pub fn is_plain(self) -> bool {
        self == Self::default()
    }

    /// Applies the parameters of a sequence such as `1;31`.
    fn apply(&mut self, params: &str) {
        // With such a mark the sequence is about the keyboard.
        if params.starts_with(['<', '=', '>', '?']) {
            return;
        }
        let mut codes = params.split(';').map(|code| match code {
            "" => Some(0),
            code => code.parse::<u16>().ok(),
        });
        while let Some(code) = codes.next() {
            let Some(code) = code else { continue };
            match code {
                0 => *self = Self::default(),
                30..=37 => self.color = Some((code - 30) as u8),
                90..=97 => self.color = Some((code - 90) as u8 + 8),
                39 => self.color = None,
                40..=47 => self.ground = Some((code - 40) as u8),
                100..=107 => self.ground = Some((code - 100) as u8 + 8),
                49 => self.ground = None,
                38 => self.color = one_of_many(&mut codes),
                48 => self.ground = one_of_many(&mut codes),
                code => self.mark(code),
            }
        }
    }

    fn mark(&mut self, code: u16) {
        for (bit, (_, on, off)) in MARKS.iter().enumerate() {
            if code == *on {
                self.marks |= 1_u8 << bit;
            } else if code == *off {
                self.marks &= !(1_u8 << bit);
            }
        }
    }
}

/// Words for it: `fg-1 bg-4 bold`.
impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let color = self.color.map(|color| format!("fg-{color}"));
        let ground = self.ground.map(|ground| format!("bg-{ground}"));
        let marks = MARKS.iter().enumerate().filter(|(bit, _)| self.marks & (1_u8 << *bit) != 0);
        let marks = marks.map(|(_, (name, ..))| (*name).to_owned());
        let words: Vec<String> = color.into_iter().chain(ground).chain(marks).collect();
        f.write_str(&words.join(" "))
    }
}

/// The colour that follows `38` or `48`: `5;208` of 256, or `2;255;135;0`.
fn one_of_many(codes: &mut impl Iterator<Item = Option<u16>>) -> Option<u8> {
    let mut next = || codes.next().flatten();
    match next()? {
        5 => {
            let index = next()?;
            match index {
                0..=15 => Some(index as u8),
                16..=231 => {
                    let level = |step: u16| if step == 0 { 0 } else { 55 + 40 * step };
                    let index = index - 16;
                    Some(nearest([level(index / 36), level(index / 6 % 6), level(index % 6)]))
                }
                232..=255 => Some(nearest([8 + 10 * (index - 232); 3])),
                _ => None,
            }
        }
        2 => Some(nearest([next()?, next()?, next()?])),
        _ => None,
    }
}

/// The colours that every terminal has.
const COLORS: [[u16; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

fn nearest(color: [u16; 3]) -> u8 {
    let place = (0_u8..).zip(COLORS).min_by_key(|(_, other)| distance(color, *other));
    place.map_or(7, |(place, _)| place)
}

fn distance(a: [u16; 3], b: [u16; 3]) -> u32 {
    let parts = a.into_iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2));
    parts.fold(0, u32::saturating_add)
}

/// Text of one style.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// A line as it was last written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Line {
    /// Where in the file it begins.
    pub start: u64,
    /// Where it ends, its break included.
    pub end: u64,
    /// What is on it.
    pub spans: Vec<Span>,
}

impl Line {
    /// What is on it, without looks.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

/// Where in a control sequence the next character is.
#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Text,
    /// Behind an escape character.
    Escape,
    /// `ESC [` and what followed so far.
    Sequence(String),
    /// In a text that isn't for the screen, such as the title of a window or where a link leads; whether an escape character came last.
    Message(bool),
}

/// Reads what was printed, piece by piece, wherever it is cut.
#[derive(Debug, Clone, Default)]
pub struct Terminal {
    /// Where in the file the next character is.
    at: u64,
    style: Style,
    state: State,
    /// The first bytes of a character whose others haven't come yet.
    rest: Vec<u8>,
    /// What is being written.
    line: Line,
    /// Whether what is written next takes the place of what is on the line.
    returned: bool,
    width: usize,
}

impl Terminal {
    /// One that begins to read at this byte of a file.
    pub fn starting(at: u64) -> Self {
        Self { at, line: Line { start: at, end: at, spans: Vec::new() }, ..Self::default() }
    }

    /// The line that isn't ended yet.
    pub fn unfinished(&self) -> Option<&Line> {
        Some(&self.line).filter(|line| !line.spans.is_empty())
    }

    /// Reads on; the lines that are ended by it.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut whole = std::mem::take(&mut self.rest);
        whole.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut rest = whole.as_slice();
        loop {
            let (valid, bad) = match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.read_text(text, &mut lines);
                    return lines;
                }
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            let (text, after) = rest.split_at(valid);
            self.read_text(std::str::from_utf8(text).unwrap_or_default(), &mut lines);
            let Some(bad) = bad else {
                self.rest = after.to_vec();
                return lines;
            };
            lines.extend(self.read_one(char::REPLACEMENT_CHARACTER, bad));
            rest = &after[bad..];
        }
    }

    fn read_text(&mut self, text: &str, lines: &mut Vec<Line>) {
        for character in text.chars() {
            lines.extend(self.read_one(character, character.len_utf8()));
        }
    }

    /// Reads a character of so many bytes; the line, if it ends one.
    fn read_one(&mut self, character: char, bytes: usize) -> Option<Line> {
        self.at += bytes as u64;
        self.line.end = self.at;
        // However broken a sequence is, the next line is read again.
        if character == '\n' {
            self.state = State::Text;
            return Some(self.end_line());
        }
        self.state = match (std::mem::take(&mut self.state), character) {
            (State::Text, '\x1b') => State::Escape,
            (State::Text, '\u{9b}') => State::Sequence(String::new()),
            (State::Text, '\r') => {
                self.returned = true;
                State::Text
            }
            (State::Text, '\x08') => {
                self.step_back();
                State::Text
            }
            (State::Text, character) => {
                if character == '\t' || !character.is_control() {
                    self.put(character);
                }
                State::Text
            }
            (State::Escape, '[') => State::Sequence(String::new()),
            (State::Escape, ']' | 'P' | 'X' | '^' | '_') => State::Message(false),
            // What selects a set of characters has one more of these.
            (State::Escape, ' '..='/') => State::Escape,
            (State::Escape, _) => State::Text,
            (State::Sequence(params), '@'..='~') => {
                self.obey(&params, character);
                State::Text
            }
            (State::Sequence(mut params), character) => {
                if params.len() < LONGEST_SEQUENCE {
                    params.push(character);
                }
                State::Sequence(params)
            }
            (State::Message(_), '\x07' | '\u{9c}') | (State::Message(true), '\\') => State::Text,
            (State::Message(_), character) => State::Message(character == '\x1b'),
        };
        None
    }

    fn obey(&mut self, params: &str, what: char) {
        match (what, params) {
            ('m', _) => self.style.apply(params),
            // Erases the line, or what is behind the place where the next character goes.
            ('K', "1" | "2") => self.erase(),
            ('K', _) if self.returned => self.erase(),
            // Other ways back to its start.
            ('G', "" | "0" | "1") => self.returned = true,
            ('D', _) if params.parse().is_ok_and(|steps: usize| steps >= self.width) => self.returned = true,
            _ => {}
        }
    }

    fn erase(&mut self) {
        self.line.spans.clear();
        self.width = 0;
    }

    fn put(&mut self, character: char) {
        if std::mem::take(&mut self.returned) {
            self.erase();
        }
        self.width += 1;
        let character = match self.width.cmp(&WIDEST) {
            std::cmp::Ordering::Less => character,
            std::cmp::Ordering::Equal => '…',
            std::cmp::Ordering::Greater => return,
        };
        match self.line.spans.last_mut() {
            Some(span) if span.style == self.style => span.text.push(character),
            _ => self.line.spans.push(Span { text: character.to_string(), style: self.style }),
        }
    }

    /// What is written next takes the place of the last character.
    fn step_back(&mut self) {
        if self.returned || self.width == 0 {
            return;
        }
        self.width -= 1;
        if let Some(span) = self.line.spans.last_mut() {
            span.text.pop();
            if span.text.is_empty() {
                self.line.spans.pop();
            }
        }
    }

    fn end_line(&mut self) -> Line {
        self.returned = false;
        self.width = 0;
        let next = Line { start: self.at, end: self.at, spans: Vec::new() };
        let mut line = std::mem::replace(&mut self.line, next);
        // Progress bars erase with spaces.
        while let Some(span) = line.spans.last_mut() {
            span.text.truncate(span.text.trim_end().len());
            if !span.text.is_empty() {
                break;
            }
            line.spans.pop();
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines with their looks in brackets: `plain [bold|strong] plain`.
    fn shown(bytes: &[u8]) -> Vec<String> {
        let mut terminal = Terminal::starting(0);
        let mut lines = terminal.read(bytes);
        lines.extend(terminal.unfinished().cloned());
        lines.iter().map(written).collect()
    }

    fn written(line: &Line) -> String {
        let spans = line.spans.iter().map(|span| match span.style.is_plain() {
            true => span.text.clone(),
            false => format!("[{}|{}]", span.style, span.text),
        });
        spans.collect()
    }

    fn check(printed: &str, expected: &[&str]) {
        assert_eq!(shown(printed.as_bytes()), expected, "{printed:?}");
    }

    #[test]
    fn text_is_lines() {
        check("", &[]);
        check("one\ntwo", &["one", "two"]);
        check("one\r\n\r\ntwo\r\n", &["one", "", "two"]);
        check("a\tb  \n", &["a\tb"]);
    }

    #[test]
    fn a_progress_bar_shows_its_last_state() {
        check("10%|#   |\r50%|##  |\r100%|####|\ndone\n", &["100%|####|", "done"]);
        check("\r10%\r20%", &["20%"]);
        check("epoch 10\repoch 9\n", &["epoch 9"]);
        check("loading\r\x1b[K\x1b[2Kready\n", &["ready"]);
        check("half\x1b[Kwhole\n", &["halfwhole"]);
        check("99%\x1b[3D100%\n", &["100%"]);
        check("99%\x1b[1G100%\n", &["100%"]);
        check("99\x08\x08100\x08\n", &["10"]);
        check("100%\r    \r\n", &[""]);
    }

    #[test]
    fn colours_and_weights_are_kept() {
        check("\x1b[31mred\x1b[0m plain", &["[fg-1|red] plain"]);
        check(
            "\x1b[1;4;92;41mloud\x1b[22;24m less\x1b[m",
            &["[fg-10 bg-1 bold underline|loud][fg-10 bg-1| less]"],
        );
        check("\x1b[2;3;7;9mx\x1b[23;27;29my", &["[dim italic inverse struck|x][dim|y]"]);
        check("\x1b[31mon\nto the next\x1b[39m", &["[fg-1|on]", "[fg-1|to the next]"]);
        check(
            "\x1b[38;5;9ma\x1b[38;5;196mb\x1b[38;5;244mc\x1b[48;2;0;0;240md",
            &["[fg-9|ab][fg-8|c][fg-8 bg-4|d]"],
        );
        check("\x1b[38;5ma\x1b[38;5;999mb\x1b[99;31mc", &["ab[fg-1|c]"]);
        check("\u{9b}32mgreen", &["[fg-2|green]"]);
    }

    #[test]
    fn other_sequences_are_left_out() {
        check("\x1b]0;title\x07a\x1b]8;;https://x.org\x1b\\link\x1b]8;;\x1b\\\n", &["alink"]);
        check("\x1b[?25l\x1b[2A\x1b[>4;2mx\x1b[?25h\x1b(B\x1bMy\0\x07", &["xy"]);
        check("\x1b]0;never ended\nnext\x1b[3\nlast", &["", "next", "last"]);
        check("<b>&amp;</b>", &["<b>&amp;</b>"]);
    }

    #[test]
    fn what_isnt_text_is_replaced() {
        assert_eq!(shown(b"a\xffb\xc3\n"), ["a\u{fffd}b\u{fffd}"]);
        assert_eq!(shown("é\n".as_bytes()), ["é"]);
    }

    #[test]
    fn a_line_has_an_end() {
        let long = "x".repeat(WIDEST + 10);
        let found = shown(long.as_bytes());
        assert_eq!(found[0].chars().count(), WIDEST);
        assert!(found[0].ends_with('…'));
    }

    #[test]
    fn lines_know_where_they_are() {
        let mut terminal = Terminal::starting(100);
        let lines = terminal.read("é\r\n\x1b[1mb\nc".as_bytes());
        let places: Vec<(u64, u64)> = lines.iter().map(|line| (line.start, line.end)).collect();
        assert_eq!(places, [(100, 104), (104, 110)]);
        assert_eq!(terminal.unfinished().map(|line| (line.start, line.end)), Some((110, 111)));
    }

    proptest! {
        #[test]
        fn it_doesnt_matter_where_it_is_cut(bytes in proptest::collection::vec(prop_oneof![
            Just(b'\n'), Just(b'\r'), Just(b'\x1b'), Just(b'['), Just(b'm'), Just(b'3'), any::<u8>(),
        ], 0..40), cut in 0_usize..40) {
            let cut = cut.min(bytes.len());
            let mut terminal = Terminal::starting(0);
            let mut lines = terminal.read(&bytes[..cut]);
            lines.extend(terminal.read(&bytes[cut..]));
            lines.extend(terminal.unfinished().cloned());
            prop_assert_eq!(lines.iter().map(written).collect::<Vec<_>>(), shown(&bytes));
        }
    }
}
