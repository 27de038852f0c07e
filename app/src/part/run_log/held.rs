//! What of a log is here: lines that came, and how they go on at both ends.

use model::console::{
    LogPart, LogPiece,
    terminal::{Line, Terminal},
};
use std::sync::Arc;

/// Lines that are kept at most, as far as a log that grows is followed.
pub const MOST: usize = 20_000;
/// Bytes that are compared to see that a file which grew is still the same.
const COMPARED: usize = 64;

/// The lines of a log that are here, one behind the other.
#[derive(Debug)]
pub struct Held {
    /// Lines that are ended.
    lines: Vec<Arc<Line>>,
    terminal: Terminal,
    /// The last bytes that came.
    tail: Vec<u8>,
    /// Where in the file the first line begins, and what is behind the last byte.
    start: u64,
    end: u64,
    /// Bytes of the whole file.
    size: u64,
    is_text: bool,
}

impl Held {
    /// Beginning with a piece.
    pub fn of(piece: &LogPiece) -> Self {
        let mut held = Self {
            lines: Vec::new(),
            terminal: Terminal::starting(piece.start),
            tail: Vec::new(),
            start: piece.start,
            end: piece.start,
            size: piece.size,
            is_text: !piece.bytes.contains(&0),
        };
        held.grow(&piece.bytes, piece.size);
        held
    }

    /// What to ask for to go on. A little of what is here comes along.
    pub fn next(&self) -> LogPart {
        LogPart::From(self.end - self.tail.len() as u64)
    }

    /// What is new in the answer to [`Self::next`]; nothing if the file is no longer the one that is here.
    pub fn news<'a>(&self, piece: &'a LogPiece) -> Option<&'a [u8]> {
        let news = piece.bytes.strip_prefix(self.tail.as_slice())?;
        (LogPart::From(piece.start) == self.next()).then_some(news)
    }

    /// Takes in what comes behind.
    pub fn grow(&mut self, bytes: &[u8], size: u64) {
        self.lines.extend(self.terminal.read(bytes).into_iter().map(Arc::new));
        self.end += bytes.len() as u64;
        self.size = size;
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(COMPARED)..]);
        self.tail.drain(..self.tail.len().saturating_sub(COMPARED));
    }

    /// Lets go of the first lines where there are too many.
    pub fn shorten(&mut self) {
        if self.lines.len() > MOST {
            self.lines.drain(..self.lines.len() - MOST / 2);
            self.start = self.lines.first().map_or(self.start, |line| line.start);
        }
    }

    /// Takes in what comes before.
    pub fn begin_earlier(&mut self, piece: &LogPiece) {
        if piece.start + piece.bytes.len() as u64 != self.start {
            return;
        }
        let mut terminal = Terminal::starting(piece.start);
        let mut earlier = terminal.read(&piece.bytes);
        earlier.extend(terminal.unfinished().cloned());
        self.lines.splice(0..0, earlier.into_iter().map(Arc::new));
        self.start = piece.start;
    }

    /// Where the first line begins.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether there are lines before, and room for them.
    pub fn has_earlier(&self) -> bool {
        self.start > 0 && !self.is_full()
    }

    /// Whether there are as many lines as are kept.
    pub fn is_full(&self) -> bool {
        self.lines.len() >= MOST
    }

    /// Whether it can be shown at all.
    pub fn is_text(&self) -> bool {
        self.is_text
    }

    /// All lines, and the one that is being written.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        let unfinished = self.terminal.unfinished().cloned().map(Arc::new);
        self.lines.iter().cloned().chain(unfinished).collect()
    }
}

/// The lines that have a text, however it is written.
pub fn with_text(mut lines: Vec<Arc<Line>>, text: &str) -> Vec<Arc<Line>> {
    let wanted = text.to_lowercase();
    if !wanted.is_empty() {
        lines.retain(|line| line.text().to_lowercase().contains(&wanted));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(start: u64, text: &str, size: u64) -> LogPiece {
        LogPiece { start, bytes: text.as_bytes().to_vec(), size }
    }

    fn check(held: &Held, expected: &[&str]) {
        let lines: Vec<String> = held.lines().iter().map(|line| line.text()).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn it_grows_at_both_ends() {
        let mut held = Held::of(&piece(8, "three\nfo", 16));
        check(&held, &["three", "fo"]);
        assert_eq!((held.next(), held.has_earlier()), (LogPart::From(8), true));
        let more = piece(8, "three\nfour\n", 19);
        let news = held.news(&more).unwrap().to_vec();
        held.grow(&news, more.size);
        check(&held, &["three", "four"]);
        held.begin_earlier(&piece(0, "one\ntwo\n", 19));
        check(&held, &["one", "two", "three", "four"]);
        held.begin_earlier(&piece(0, "one\ntwo\n", 19));
        assert_eq!((held.start(), held.size(), held.has_earlier()), (0, 19, false));
        check(&held, &["one", "two", "three", "four"]);
    }

    #[test]
    fn another_file_is_no_continuation() {
        let held = Held::of(&piece(0, "one\n", 4));
        assert_eq!(held.news(&piece(0, "one\n", 4)), Some(&b""[..]));
        assert_eq!(held.news(&piece(0, "two\nthree\n", 10)), None);
        assert_eq!(held.news(&piece(4, "one\nmore\n", 13)), None);
        let empty = Held::of(&piece(0, "", 0));
        assert_eq!(empty.news(&piece(0, "first\n", 6)), Some(&b"first\n"[..]));
    }

    #[test]
    fn only_a_little_is_compared() {
        let long = "x".repeat(100);
        let held = Held::of(&piece(0, &long, 100));
        assert_eq!(held.next(), LogPart::From(36));
        let grown = piece(36, &format!("{}\n", "x".repeat(64)), 101);
        assert_eq!(held.news(&grown), Some(&b"\n"[..]));
    }

    #[test]
    fn the_first_lines_go_where_there_are_too_many() {
        let text = "x\n".repeat(MOST + 1);
        let mut held = Held::of(&piece(0, &text, text.len() as u64));
        held.shorten();
        assert_eq!((held.lines().len(), held.start()), (MOST / 2, (MOST + 2) as u64));
    }

    #[test]
    fn lines_are_found_by_a_text() {
        let held = Held::of(&piece(0, "Error: one\nfine\n\x1b[31merr\x1b[0mor two\n", 99));
        let found: Vec<String> = with_text(held.lines(), "ERROR").iter().map(|line| line.text()).collect();
        assert_eq!(found, ["Error: one", "error two"]);
        assert_eq!(with_text(held.lines(), "").len(), 3);
    }

    #[test]
    fn what_isnt_text_is_told() {
        assert!(!Held::of(&piece(0, "ELF\0\0", 5)).is_text());
        assert!(Held::of(&piece(0, "text", 4)).is_text());
    }
}
