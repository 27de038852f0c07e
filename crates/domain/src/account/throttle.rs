//! Wrong passwords are slow to try: after a few for a name from an address, or many for either, the next must wait.
//!
//! Counted in memory, so each process counts for itself, and a start forgets. Right passwords count too little to notice: whoever
//! knows theirs is let in until somebody at the same address has guessed too often.

use crate::{Error, Result};
use model::{Code, Problem, UserId};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// How long failures count.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Failures for one name from one address.
const MOST_TOGETHER: u32 = 10;
/// Failures for one name from anywhere: more, so that a stranger can't easily keep its owner out.
const MOST_OF_NAME: u32 = 100;
/// Failures from one address for any name: a team may share it.
const MOST_OF_ADDRESS: u32 = 100;
/// Names and addresses that are remembered.
const MOST: u64 = 100_000;

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tried<'a> {
    /// The password of an account, by what was typed as its name.
    Password(&'a str),
    /// A code of an account.
    Code(UserId),
    /// The password of a share link.
    Link(&'a str),
}

/// A hash of what is tried: whoever does may send names of any length.
type Name = [u8; 32];

impl Tried<'_> {
    fn hash(self) -> Name {
        let (kind, what) = match self {
            // Directories know somebody by a name in any case and with any spaces: it is one.
            Self::Password(name) => {
                let bare = name.chars().filter(|char| !char.is_whitespace());
                ("password", bare.flat_map(char::to_lowercase).collect())
            }
            Self::Code(user) => ("code", user.to_string()),
            Self::Link(code) => ("link", code.to_owned()),
        };
        Sha256::new().chain_update(kind).chain_update([0]).chain_update(what).finalize().into()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Together(Name, Option<IpAddr>),
    Name(Name),
    Address(IpAddr),
}

/// How often somebody failed.
#[derive(Clone)]
pub(crate) struct Throttle(Cache<Key, Arc<AtomicU32>>);

impl Default for Throttle {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(WINDOW).build())
    }
}

/// What is counted for a try, and the most that it may be. Where the address is full, no name is kept.
fn counted(tried: Tried<'_>, address: Option<IpAddr>) -> impl Iterator<Item = (Key, u32)> {
    let (name, address) = (tried.hash(), address.map(network));
    let of_address = address.map(|address| (Key::Address(address), MOST_OF_ADDRESS));
    let together = (Key::Together(name, address), MOST_TOGETHER);
    of_address.into_iter().chain([together, (Key::Name(name), MOST_OF_NAME)])
}

/// What one machine may choose addresses from: of IPv6, the first half.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(whole) => {
            let [a, b, c, d, ..] = whole.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

impl Throttle {
    /// Begins a try, if one may be made. It counts as a failure until it succeeds, so that a hundred tries at once are a hundred.
    pub fn begin(&self, tried: Tried<'_>, address: Option<IpAddr>) -> Result<Try> {
        let mut counts = Vec::with_capacity(3);
        for (key, most) in counted(tried, address) {
            let count = self.0.get_with(key, Arc::default);
            let full = count.fetch_add(1, Ordering::Relaxed) >= most;
            counts.push(count);
            if full {
                Try(counts).succeeded();
                let what = if matches!(tried, Tried::Code(_)) { "codes" } else { "passwords" };
                let message = format!("Too many wrong {what}. Try again in ten minutes.");
                return Err(Error::from(Problem::new(Code::ResourceExhausted, message)));
            }
        }
        Ok(Try(counts))
    }
}

/// A try that was begun.
pub(crate) struct Try(Vec<Arc<AtomicU32>>);

impl Try {
    /// It doesn't count.
    pub fn succeeded(self) {
        for count in self.0 {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Tried<'_> = Tried::Password("ada");

    fn check(failures: &[(&str, u8, u32)], then: (&str, u8), allowed: bool) {
        let throttle = Throttle::default();
        let address = |last| Some(IpAddr::from([10, 0, 0, last]));
        for (name, last, times) in failures {
            for _ in 0..*times {
                drop(throttle.begin(Tried::Password(name), address(*last)));
            }
        }
        assert_eq!(
            throttle.begin(Tried::Password(then.0), address(then.1)).is_ok(),
            allowed,
            "{failures:?} {then:?}"
        );
    }

    #[test]
    fn who_guesses_must_wait_and_others_need_not() {
        check(&[], ("ada", 1), true);
        check(&[("ada", 1, 9)], ("ada", 1), true);
        check(&[("ada", 1, 10)], ("ada", 1), false);
        check(&[("ada", 1, 10)], ("ada", 2), true);
        check(&[("ada", 1, 10)], ("bob", 1), true);
        check(&[("ada", 1, 5), ("ADA ", 1, 5)], ("a da", 1), false);
        let addresses: Vec<(&str, u8, u32)> = (10..20).map(|last| ("ada", last, 10)).collect();
        check(&addresses, ("ada", 3), false);
        check(&addresses, ("bob", 3), true);
        check(&[("ada", 1, 100)], ("bob", 1), true);
    }

    #[test]
    fn many_names_from_one_address_are_too_many() {
        let names: Vec<String> = (0..10).map(|number| format!("user {number}")).collect();
        let failures: Vec<(&str, u8, u32)> = names.iter().map(|name| (name.as_str(), 1, 10)).collect();
        check(&failures, ("carol", 1), false);
        check(&failures, ("carol", 2), true);
    }

    #[test]
    fn a_machine_with_many_addresses_is_one() {
        let throttle = Throttle::default();
        let address = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, last]));
        for last in 0..10 {
            drop(throttle.begin(ADA, address(last)));
        }
        assert!(throttle.begin(ADA, address(99)).is_err());
        assert!(throttle.begin(ADA, Some(IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1]))).is_ok());
    }

    #[test]
    fn who_succeeds_may_go_on() {
        let throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.begin(ADA, None).unwrap().succeeded();
        }
        assert!(throttle.begin(ADA, None).is_ok());
    }
}
