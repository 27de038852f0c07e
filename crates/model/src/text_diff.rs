//! What differs between two texts, line by line: the fewest lines taken out and put in (Myers, "An O(ND) difference
//! algorithm", 1986), with a few lines around them.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Lines of each text that are compared.
const MOST_LINES: usize = 20_000;
/// Lines taken out and put in up to which the fewest are looked for. Texts that differ in more are told apart as a whole.
const MOST_CHANGES: usize = 1000;
/// Lines that are told.
const MOST_TOLD: usize = 4000;
/// Lines around a change.
const AROUND: usize = 3;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// It is in both texts.
    Same,
    /// Only the first text has it.
    Removed,
    /// Only the second text has it.
    Added,
}

/// A line of one of the texts, or of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    /// What became of it.
    pub kind: LineKind,
    /// Its number in the first text, from 1.
    pub before: Option<u32>,
    /// Its number in the second text.
    pub after: Option<u32>,
    /// What it says.
    pub text: String,
}

/// What differs between two texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDiff {
    /// Changes with the lines around them; what lies between is the same.
    pub hunks: Vec<Vec<DiffLine>>,
    /// How many lines were taken out.
    pub removed: u32,
    /// How many were put in.
    pub added: u32,
    /// Whether lines are left out: the texts have too many.
    pub is_cut: bool,
}

/// Compares two texts.
pub fn diff(before: &str, after: &str) -> TextDiff {
    let (all_before, all_after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let is_long = all_before.len() > MOST_LINES || all_after.len() > MOST_LINES;
    let before = &all_before[..all_before.len().min(MOST_LINES)];
    let after = &all_after[..all_after.len().min(MOST_LINES)];
    let lines = lines_of(before, after, &kept(before, after, MOST_CHANGES));
    let count = |kind| lines.iter().filter(|line| line.kind == kind).count() as u32;
    let (removed, added) = (count(LineKind::Removed), count(LineKind::Added));
    let (hunks, is_cut) = hunks_of(lines);
    TextDiff { hunks, removed, added, is_cut: is_cut || is_long }
}

/// Places of the lines that stay, in both texts, in order.
fn kept<'a>(before: &[&'a str], after: &[&'a str], most: usize) -> Vec<(usize, usize)> {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (before_rest, after_rest) = (&before[start..], &after[start..]);
    let end = before_rest.iter().rev().zip(after_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    // Numbers are compared faster than lines.
    let mut numbers: HashMap<&'a str, usize> = HashMap::new();
    let mut number = |line: &&'a str| {
        let next = numbers.len();
        *numbers.entry(*line).or_insert(next)
    };
    let before_middle: Vec<usize> = before_rest[..before_rest.len() - end].iter().map(&mut number).collect();
    let after_middle: Vec<usize> = after_rest[..after_rest.len() - end].iter().map(&mut number).collect();
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    let middle = shortest(&before_middle, &after_middle, most).unwrap_or_default();
    pairs.extend(middle.into_iter().map(|(a, b)| (start + a, start + b)));
    pairs.extend((0..end).map(|at| (before.len() - end + at, after.len() - end + at)));
    pairs
}

/// The same for a part in the middle, by the fewest changes; `None` if it takes more than so many.
fn shortest(before: &[usize], after: &[usize], most: usize) -> Option<Vec<(usize, usize)>> {
    let (width, height) = (before.len() as isize, after.len() as isize);
    let most = (before.len() + after.len()).min(most) as isize;
    // How far along `before` one comes on each diagonal with so many changes; diagonal 0 lies in the middle.
    let zero = most + 1;
    let mut furthest = vec![0_isize; 2 * most as usize + 3];
    let mut history: Vec<Vec<isize>> = Vec::new();
    for changes in 0..=most {
        history.push(furthest[(zero - changes - 1) as usize..=(zero + changes + 1) as usize].to_vec());
        for diagonal in (-changes..=changes).step_by(2) {
            let at = (zero + diagonal) as usize;
            let adds = diagonal == -changes || diagonal != changes && furthest[at - 1] < furthest[at + 1];
            let mut x = if adds { furthest[at + 1] } else { furthest[at - 1] + 1 };
            let mut y = x - diagonal;
            while x < width && y < height && before[x as usize] == after[y as usize] {
                (x, y) = (x + 1, y + 1);
            }
            furthest[at] = x;
            if x >= width && y >= height {
                return Some(way_back(&history, (width, height)));
            }
        }
    }
    None
}

/// Goes the way back, and notes the lines that stay.
fn way_back(history: &[Vec<isize>], (mut x, mut y): (isize, isize)) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (changes, furthest) in history.iter().enumerate().rev() {
        let changes = changes as isize;
        let diagonal = x - y;
        let at = (diagonal + changes + 1) as usize;
        let adds = diagonal == -changes || diagonal != changes && furthest[at - 1] < furthest[at + 1];
        let (from, begun) =
            if adds { (diagonal + 1, furthest[at + 1]) } else { (diagonal - 1, furthest[at - 1]) };
        while x > begun.max(0) && y > (begun - from).max(0) {
            (x, y) = (x - 1, y - 1);
            pairs.push((x as usize, y as usize));
        }
        (x, y) = (begun, begun - from);
    }
    pairs.reverse();
    pairs
}

/// All lines of both texts in one order.
fn lines_of(before: &[&str], after: &[&str], kept: &[(usize, usize)]) -> Vec<DiffLine> {
    let number = |at: usize| Some(at as u32 + 1);
    let removed = |at: usize| DiffLine {
        kind: LineKind::Removed,
        before: number(at),
        after: None,
        text: before[at].to_owned(),
    };
    let added = |at: usize| DiffLine {
        kind: LineKind::Added,
        before: None,
        after: number(at),
        text: after[at].to_owned(),
    };
    let mut lines = Vec::with_capacity(before.len().max(after.len()));
    let (mut a, mut b) = (0, 0);
    for &(to_a, to_b) in kept {
        lines.extend((a..to_a).map(removed));
        lines.extend((b..to_b).map(added));
        lines.push(DiffLine {
            kind: LineKind::Same,
            before: number(to_a),
            after: number(to_b),
            text: before[to_a].to_owned(),
        });
        (a, b) = (to_a + 1, to_b + 1);
    }
    lines.extend((a..before.len()).map(removed));
    lines.extend((b..after.len()).map(added));
    lines
}

/// The changes with what is around them, and whether some had to be left out.
fn hunks_of(lines: Vec<DiffLine>) -> (Vec<Vec<DiffLine>>, bool) {
    let mut is_near = vec![false; lines.len()];
    for (at, line) in lines.iter().enumerate() {
        if line.kind != LineKind::Same {
            let end = (at + AROUND + 1).min(lines.len());
            is_near[at.saturating_sub(AROUND)..end].fill(true);
        }
    }
    let (mut hunks, mut told, mut follows) = (Vec::<Vec<DiffLine>>::new(), 0, false);
    for (line, near) in lines.into_iter().zip(is_near) {
        if near && told == MOST_TOLD {
            return (hunks, true);
        }
        if near {
            told += 1;
            match hunks.last_mut().filter(|_| follows) {
                Some(hunk) => hunk.push(line),
                None => hunks.push(vec![line]),
            }
        }
        follows = near;
    }
    (hunks, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The lines that are told, each with a sign, hunks apart.
    fn check(before: &str, after: &str, expected: &[&str]) {
        let found = diff(before, after);
        let sign = |line: &DiffLine| match line.kind {
            LineKind::Same => ' ',
            LineKind::Removed => '-',
            LineKind::Added => '+',
        };
        let hunk = |hunk: &Vec<DiffLine>| {
            hunk.iter().map(|line| format!("{}{}", sign(line), line.text)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found.hunks.iter().map(hunk).collect::<Vec<_>>(), expected, "{before:?} {after:?}");
    }

    #[test]
    fn what_differs_is_told_with_what_is_around_it() {
        check("", "", &[]);
        check("a\nb", "a\nb", &[]);
        check("", "a", &["+a"]);
        check("a", "", &["-a"]);
        check("a\nb\nc", "a\nx\nc", &[" a -b +x  c"]);
        check("1\n2\n3\n4\n5", "1\n2\n3\n4\n5\n6", &[" 3  4  5 +6"]);
        let long: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let changed: Vec<&str> =
            long.iter().map(|line| if line == "2" || line == "15" { "x" } else { line.as_str() }).collect();
        check(
            &long.join("\n"),
            &changed.join("\n"),
            &[" 0  1 -2 +x  3  4  5", " 12  13  14 -15 +x  16  17  18"],
        );
    }

    #[test]
    fn lines_are_numbered_and_counted() {
        let found = diff("a\nb\nc", "b\nc\nd\ne");
        assert_eq!((found.removed, found.added, found.is_cut), (1, 2, false));
        let numbers: Vec<_> = found.hunks[0].iter().map(|line| (line.before, line.after)).collect();
        assert_eq!(
            numbers,
            [(Some(1), None), (Some(2), Some(1)), (Some(3), Some(2)), (None, Some(3)), (None, Some(4))]
        );
    }

    #[test]
    fn very_long_texts_are_cut_and_very_different_ones_told_apart_as_a_whole() {
        let text = |from: u32, to: u32| (from..to).map(|line| format!("{line}\n")).collect::<String>();
        let found = diff(&text(0, 1500), &text(2000, 3500));
        assert_eq!((found.removed, found.added, found.is_cut), (1500, 1500, false));
        assert!(diff(&text(0, 30_000), "").is_cut);
        assert!(diff(&text(0, 30_000), &text(0, 30_000)).is_cut);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_way(before in "[abc\n]{0,40}", after in "[abc\n]{0,40}") {
            let (a, b): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
            let kept = kept(&a, &b, MOST_CHANGES);
            let lines = lines_of(&a, &b, &kept);
            let side = |without: LineKind| -> Vec<String> {
                lines.iter().filter(|line| line.kind != without).map(|line| line.text.clone()).collect()
            };
            prop_assert_eq!(side(LineKind::Added), a.clone());
            prop_assert_eq!(side(LineKind::Removed), b.clone());
            // As many lines stay as can: the longest common subsequence, by the book.
            let mut longest = vec![vec![0; b.len() + 1]; a.len() + 1];
            for x in 0..a.len() {
                for y in 0..b.len() {
                    longest[x + 1][y + 1] = if a[x] == b[y] {
                        longest[x][y] + 1
                    } else {
                        longest[x][y + 1].max(longest[x + 1][y])
                    };
                }
            }
            prop_assert_eq!(kept.len(), longest[a.len()][b.len()]);
        }
    }
}
