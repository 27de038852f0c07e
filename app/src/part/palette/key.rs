//! The keys of the application: one list, which the listener and the sheet read.

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Opens the search, or closes it.
    Search,
    /// Opens the sheet of keys.
    Sheet,
    /// Closes what is open, which browsers and menus do by themselves.
    Close,
    /// Goes to a page.
    Go(&'static str),
    /// Puts the cursor into the first of these fields.
    Type(&'static str),
    /// Presses a button or follows a link of the page, where it has one.
    Press(&'static str),
}

/// A key, or two that are pressed one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As browsers call them, with a blank between two; `Mod+` for Ctrl or ⌘.
    pub keys: &'static str,
    /// What happens.
    pub act: Act,
    /// What happens, in words.
    pub words: &'static str,
    /// On which pages.
    pub place: &'static str,
}

/// The button that switches the theme.
pub const THEME: &str = ".theme-toggle";
/// The button of the chart that fills the screen, else of the one that is looked at.
const LARGE: &str = "figure[data-large] .chart-large, \
                     .chart-sections:not(:has([data-large])) figure.chart:is(:hover, :focus-within) .chart-large";
const EVERYWHERE: &str = "Everywhere";

/// All keys, by page.
pub static KEYS: [Key; 10] = [
    Key { keys: "Mod+k", act: Act::Search, words: "Search, and commands", place: EVERYWHERE },
    Key { keys: "?", act: Act::Sheet, words: "These keys", place: EVERYWHERE },
    Key { keys: "g e", act: Act::Go("/experiments"), words: "Go to experiments", place: EVERYWHERE },
    Key { keys: "g r", act: Act::Go("/runs"), words: "Go to the runs of all experiments", place: EVERYWHERE },
    Key { keys: "g m", act: Act::Go("/models"), words: "Go to models", place: EVERYWHERE },
    Key { keys: "t", act: Act::Press(THEME), words: "Switch the theme", place: EVERYWHERE },
    Key { keys: "Escape", act: Act::Close, words: "Close what is open", place: EVERYWHERE },
    Key {
        keys: "/",
        act: Act::Type("main .filter-input, main .search-box input"),
        words: "Type a filter or a search",
        place: "Pages with a filter or a search",
    },
    Key {
        keys: "c",
        act: Act::Press(".run-actions a[href^='/compare']"),
        words: "Compare the chosen runs",
        place: "Tables of runs",
    },
    Key {
        keys: "f",
        act: Act::Press(LARGE),
        words: "Full screen of the chart that has the focus or the pointer; then arrows go on",
        place: "Charts",
    },
];

/// What the keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// They are one of the list.
    Whole(Act),
    /// One of the list begins with them.
    Beginning,
    /// Nothing.
    Nothing,
}

/// What a key means behind another one, if there is one.
pub fn meaning(before: Option<&str>, key: &str) -> Meaning {
    let both = before.map(|before| format!("{before} {key}"));
    for pressed in [both.as_deref(), Some(key)].into_iter().flatten() {
        if let Some(found) = KEYS.iter().find(|known| known.keys == pressed) {
            return Meaning::Whole(found.act);
        }
    }
    let begins = |known: &Key| known.keys.split_once(' ').is_some_and(|(first, _)| first == key);
    if KEYS.iter().any(begins) { Meaning::Beginning } else { Meaning::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_something_alone_or_one_after_the_other() {
        let check = |before: Option<&str>, key: &str, expected| {
            assert_eq!(meaning(before, key), expected, "{before:?} {key}");
        };
        check(None, "?", Meaning::Whole(Act::Sheet));
        check(None, "g", Meaning::Beginning);
        check(Some("g"), "e", Meaning::Whole(Act::Go("/experiments")));
        check(Some("g"), "g", Meaning::Beginning);
        check(Some("g"), "?", Meaning::Whole(Act::Sheet));
        check(Some("g"), "x", Meaning::Nothing);
        check(None, "e", Meaning::Nothing);
        check(None, "k", Meaning::Nothing);
        check(None, "Mod+k", Meaning::Whole(Act::Search));
    }

    #[test]
    fn no_key_means_two_things() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(KEYS[index + 1..].iter().all(|other| other.keys != key.keys), "{}", key.keys);
        }
    }
}
