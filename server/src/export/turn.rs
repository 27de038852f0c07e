//! How many tables are written at once: each holds some tens of megabytes and keeps the database busy.

use model::{Code, Problem};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// Tables that this process writes at once, and how many of them for one account.
const AT_ONCE: usize = 4;
const OF_ONE: usize = 2;

/// How many are being written, for each account that there are any for.
type Underway = Arc<Mutex<HashMap<String, usize>>>;

static UNDERWAY: LazyLock<Underway> = LazyLock::new(Underway::default);

/// The turn to write a table, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    account: String,
    underway: Underway,
}

impl Turn {
    /// A turn for this account.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if too many tables are being written.
    pub fn of(account: &str) -> Result<Self, Problem> {
        Self::among(&UNDERWAY, account)
    }

    fn among(underway: &Underway, account: &str) -> Result<Self, Problem> {
        let mut counts = underway.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.get(account).copied().unwrap_or_default();
        let refuse = |message: String| Err(Problem::new(Code::ResourceExhausted, message));
        if own >= OF_ONE {
            return refuse(format!(
                "You are saving {own} tables already. Wait until one of them is saved, then try again."
            ));
        }
        if counts.values().sum::<usize>() >= AT_ONCE {
            return refuse("Others are saving tables, too. Try again in a moment.".to_owned());
        }
        counts.insert(account.to_owned(), own + 1);
        Ok(Self { account: account.to_owned(), underway: underway.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.account)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_has_few_turns_and_all_have_no_more_than_there_are() {
        let underway = Underway::default();
        let refused = |account: &str| {
            let problem = Turn::among(&underway, account).map(drop).unwrap_err();
            assert_eq!(problem.code, Code::ResourceExhausted);
            problem.message
        };
        let first: Vec<Turn> = (0..OF_ONE).map(|_| Turn::among(&underway, "a").unwrap()).collect();
        assert!(refused("a").contains("You are saving 2 tables already"));
        let others: Vec<Turn> =
            (OF_ONE..AT_ONCE).map(|i| Turn::among(&underway, &i.to_string()).unwrap()).collect();
        assert!(refused("z").contains("Others"));
        drop(first);
        let again = Turn::among(&underway, "a").unwrap();
        drop((again, others));
        assert!(underway.lock().unwrap().is_empty(), "what is over is forgotten");
    }
}
