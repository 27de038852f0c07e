//! Console logs among the files of a run: which files are such (this file), in which pieces they are read, however long they
//! are, and what a terminal would show of them ([`terminal`]).
//!
//! People upload what their program printed under all kinds of names: `output.log` as W&B calls it, `stdout.txt`,
//! `slurm-17.out`, `logs/train.log`. MLflow has no place of its own for it.

pub mod terminal;

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Bytes that are read at once.
pub const PIECE: u64 = 256 * 1024;

/// Lines that are read at once.
pub const LINES: usize = 1000;

/// Logs of a run that are offered.
pub const LOGS: usize = 100;

/// Folders below the root of a run's artifacts where logs are, besides the root itself.
pub const FOLDERS: [&str; 7] = ["console", "log", "logs", "stdout", "output", "user_logs", "azureml-logs"];

/// Which part of a log is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogPart {
    /// The last lines.
    Last,
    /// The lines before this byte.
    Before(u64),
    /// All from this byte on. If that is too much, or there is no such byte any more, the last lines.
    From(u64),
}

impl LogPart {
    /// Which bytes these are in a file of so many, and whether the first of them must come along.
    pub fn bytes(self, size: u64) -> (Range<u64>, bool) {
        let before = |end: u64| end.saturating_sub(PIECE)..end;
        match self {
            Self::Before(end) => (before(end.min(size)), false),
            Self::From(first) if first <= size && size - first <= PIECE => (first..size, true),
            Self::Last | Self::From(_) => (before(size), false),
        }
    }
}

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// Where in the file it begins.
    pub start: u64,
    /// The bytes of it.
    pub bytes: Vec<u8>,
    /// Bytes of the whole file.
    pub size: u64,
}

impl LogPiece {
    /// Of bytes that were read at `start`, the last lines.
    pub fn of_last_lines(start: u64, mut bytes: Vec<u8>, size: u64) -> Self {
        let cut = last_lines(&bytes, start == 0);
        bytes.drain(..cut);
        Self { start: start + cut as u64, bytes, size }
    }
}

/// Where the last lines begin, a thousand at most. What comes before the first break is a part of a line, unless the bytes
/// begin with one.
fn last_lines(bytes: &[u8], begins: bool) -> usize {
    // A break at the very end begins no line.
    let body = match bytes.strip_suffix(b"\n") {
        Some(body) => body.strip_suffix(b"\r").unwrap_or(body),
        None => bytes.strip_suffix(b"\r").unwrap_or(bytes),
    };
    let mut breaks =
        body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1);
    if let Some(start) = breaks.nth(LINES - 1) {
        return start;
    }
    if begins {
        return 0;
    }
    let after = |wanted: u8| body.iter().position(|byte| *byte == wanted).map(|place| place + 1);
    // A progress bar of hours is one line. At the least no character is cut.
    after(b'\n')
        .or_else(|| after(b'\r'))
        .or_else(|| bytes.iter().take(4).position(|byte| byte & 0xc0 != 0x80))
        .unwrap_or(0)
}

/// Those of these files that look like console logs, what is most likely looked for first.
pub fn logs_among(paths: Vec<String>) -> Vec<String> {
    let mut found: Vec<(u8, String)> =
        paths.into_iter().filter_map(|path| Some((rank(&path)?, path))).collect();
    found.sort();
    found.truncate(LOGS);
    found.into_iter().map(|(_, path)| path).collect()
}

/// How soon somebody looks for a file; none if it looks like no console log.
fn rank(path: &str) -> Option<u8> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    // What was put aside when it got too long: `train.log.1`.
    let (name, is_old) = match name.rsplit_once('.') {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            (before, true)
        }
        _ => (name.as_str(), false),
    };
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let rank = match (stem, ending) {
        ("console", "log" | "txt") | ("output", "log") => 0,
        ("stdout", "" | "log" | "txt") => 1,
        ("stderr", "" | "log" | "txt") | (_, "err") => 3,
        (_, "log" | "out") => 2,
        (stem, "txt") if stem == "log" || stem.ends_with("_log") || FOLDERS.contains(&folder) => 2,
        _ => return None,
    };
    Some(if is_old { 4 } else { rank })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn logs_are_known_by_their_names() {
        let files = [
            "model.pkl",
            "train.log.1",
            "stderr.txt",
            "slurm-17.out",
            "logs/Train.LOG",
            "logs/notes.txt",
            "notes.txt",
            "user_logs/std_log.txt",
            "stdout",
            "console",
            "output.log",
            "v1.2",
            "catalogue",
            "x.log#1",
        ];
        let expected = [
            "output.log",
            "stdout",
            "logs/Train.LOG",
            "logs/notes.txt",
            "slurm-17.out",
            "user_logs/std_log.txt",
            "stderr.txt",
            "train.log.1",
        ];
        assert_eq!(logs_among(files.map(str::to_owned).to_vec()), expected);
        let many = (0..LOGS + 5).map(|number| format!("{number}.log")).collect();
        assert_eq!(logs_among(many).len(), LOGS);
    }

    #[test]
    fn a_part_is_some_bytes_of_the_file() {
        let check = |part: LogPart, size, range, is_exact| assert_eq!(part.bytes(size), (range, is_exact));
        check(LogPart::Last, 0, 0..0, false);
        check(LogPart::Last, 10, 0..10, false);
        check(LogPart::Last, PIECE + 10, 10..PIECE + 10, false);
        check(LogPart::Before(PIECE + 5), PIECE * 9, 5..PIECE + 5, false);
        check(LogPart::Before(7), 5, 0..5, false);
        check(LogPart::From(7), 9, 7..9, true);
        check(LogPart::From(9), 9, 9..9, true);
        check(LogPart::From(7), 5, 0..5, false);
        check(LogPart::From(1), PIECE + 2, 2..PIECE + 2, false);
    }

    #[test]
    fn a_piece_begins_with_a_line() {
        let check = |bytes: &str, start, expected: &str| {
            let piece = LogPiece::of_last_lines(start, bytes.as_bytes().to_vec(), 99);
            let at = start + (bytes.len() - expected.len()) as u64;
            assert_eq!(
                piece,
                LogPiece { start: at, bytes: expected.as_bytes().to_vec(), size: 99 },
                "{bytes:?}"
            );
        };
        check("a\nb\n", 0, "a\nb\n");
        check("a\nb\n", 5, "b\n");
        check("half of a line", 5, "half of a line");
        check("half of a line\n", 5, "half of a line\n");
        check("10%\r20%\r30%", 5, "20%\r30%");
        check("10%\r20%\r", 5, "20%\r");
        check("", 5, "");
        let long: String = (0..LINES + 3).map(|number| format!("{number}\n")).collect();
        check(&long, 0, &long["0\n1\n2\n".len()..]);
    }

    #[test]
    fn a_piece_cuts_no_character() {
        let cut = "é".as_bytes()[1..].iter().chain(b"x").copied().collect();
        assert_eq!(LogPiece::of_last_lines(5, cut, 9), LogPiece { start: 6, bytes: b"x".to_vec(), size: 9 });
    }

    proptest! {
        /// Whoever goes on asking for what is before comes to the beginning, and has all of it.
        #[test]
        fn pieces_make_the_whole(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 1..60)) {
            let mut end = bytes.len();
            let mut pieces: Vec<u8> = Vec::new();
            while end > 0 {
                let from = end.saturating_sub(7);
                let piece = LogPiece::of_last_lines(from as u64, bytes[from..end].to_vec(), 0);
                prop_assert!(!piece.bytes.is_empty());
                end = piece.start as usize;
                pieces.splice(0..0, piece.bytes);
            }
            prop_assert_eq!(pieces, bytes);
        }
    }
}
