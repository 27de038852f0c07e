//! What the palette does besides leading to what it finds.

use super::key::{Act, KEYS, THEME};
use crate::part::address::Query;

/// The way to the pages for admins, in the bar of those who may go there.
const ADMIN: &str = ".top-nav a[href^='/admin']";

/// What choosing a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Goes to a page.
    Go(String),
    /// Presses what is on the page.
    Press(&'static str),
    /// Shows the keys.
    Sheet,
    /// Copies the address of the page.
    CopyLink,
}

impl Way {
    /// The key that does the same.
    pub fn keys(&self) -> Option<&'static str> {
        let does = |act: Act| match (self, act) {
            (Self::Go(path), Act::Go(page)) => path == page,
            (Self::Press(button), Act::Press(other)) => *button == other,
            (Self::Sheet, Act::Sheet) => true,
            _ => false,
        };
        KEYS.iter().find(|key| does(key.act)).map(|key| key.keys)
    }
}

/// Whether a path is that of an experiment, not of something in it.
fn is_experiment(path: &str) -> bool {
    path.strip_prefix("/experiments/").is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// What can be done on this page, in words.
pub fn commands(path: &str, query: &Query, is_there: impl Fn(&str) -> bool) -> Vec<(&'static str, Way)> {
    let mut commands = Vec::new();
    if is_experiment(path) {
        let with = |key: &str, value: &str| {
            Way::Go(format!("{path}{}", query.clone().with("page", "").with(key, value)))
        };
        let tab = query.get("tab");
        for (words, to) in [
            ("Show the table of runs", None),
            ("Show the charts", Some("charts")),
            ("Explore the runs", Some("explore")),
        ] {
            // Whatever else an address says is the table.
            let is_here = tab.filter(|tab| ["charts", "explore"].contains(tab)) == to;
            if !is_here {
                commands.push((words, with("tab", to.unwrap_or_default())));
            }
        }
        match query.get("view") {
            Some("trash") => commands.push(("Back to active runs", with("view", ""))),
            _ => commands.push(("Show deleted runs", with("view", "trash"))),
        }
    }
    commands.extend([
        ("Go to experiments", Way::Go("/experiments".to_owned())),
        ("Go to the runs of all experiments", Way::Go("/runs".to_owned())),
        ("Go to models", Way::Go("/models".to_owned())),
        ("Go to your account", Way::Go("/account".to_owned())),
        ("Go to the pages for admins", Way::Press(ADMIN)),
        ("Switch the theme", Way::Press(THEME)),
        ("Copy the link to this page", Way::CopyLink),
        ("Show the keys", Way::Sheet),
    ]);
    commands.retain(|(_, way)| !matches!(way, Way::Press(button) if !is_there(button)));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str, query: &str, is_there: bool) -> Vec<&'static str> {
        let commands = commands(path, &Query::parse(query), |_| is_there);
        commands.into_iter().map(|(words, _)| words).collect()
    }

    #[test]
    fn an_experiment_has_commands_of_its_own() {
        let check = |query: &str, expected: [&str; 3]| {
            assert_eq!(words("/experiments/3", query, true)[..3], expected, "{query}");
        };
        check("", ["Show the charts", "Explore the runs", "Show deleted runs"]);
        check("tab=charts&view=trash", ["Show the table of runs", "Explore the runs", "Back to active runs"]);
        check("tab=explore", ["Show the table of runs", "Show the charts", "Show deleted runs"]);
        for elsewhere in ["/experiments", "/experiments/", "/experiments/3/runs/a", "/compare"] {
            assert_eq!(words(elsewhere, "", true)[0], "Go to experiments", "{elsewhere}");
        }
    }

    #[test]
    fn a_command_keeps_what_else_the_address_says() {
        let commands = commands("/experiments/3", &Query::parse("filter=a&page=2"), |_| true);
        assert_eq!(commands[0].1, Way::Go("/experiments/3?filter=a&tab=charts".to_owned()));
    }

    #[test]
    fn what_the_page_lacks_is_not_offered() {
        let words = words("/account", "", false);
        assert!(!words.contains(&"Go to the pages for admins") && words.contains(&"Go to models"));
    }

    #[test]
    fn commands_say_their_keys() {
        assert_eq!(Way::Go("/models".to_owned()).keys(), Some("g m"));
        assert_eq!(Way::Press(THEME).keys(), Some("t"));
        assert_eq!(Way::CopyLink.keys(), None);
    }
}
