//! Turns to make pages and pictures: whoever has a link, or an account, could ask for many at once.

use domain::Error;
use model::{Code, Problem};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many are made at once, how many more may wait for it, and how many of these for one link or account.
const AT_ONCE: usize = 2;
const PLACES: usize = 64;
const PLACES_OF_ONE: usize = 8;

static TURNS: LazyLock<Turns> = LazyLock::new(Turns::default);

/// Those who are at it, and those who wait.
struct Turns {
    making: Arc<Semaphore>,
    places: Arc<Mutex<HashMap<String, usize>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { making: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::default() }
    }
}

/// The turn to make something, until it is dropped.
pub struct Turn {
    _place: Place,
    _turn: OwnedSemaphorePermit,
}

/// A place among those who wait or are at it.
struct Place {
    of: String,
    among: Arc<Mutex<HashMap<String, usize>>>,
}

impl Turns {
    fn place(&self, of: &str) -> Option<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.get(of).copied().unwrap_or_default();
        if taken >= PLACES_OF_ONE || places.values().sum::<usize>() >= PLACES {
            return None;
        }
        places.insert(of.to_owned(), taken + 1);
        Some(Place { of: of.to_owned(), among: self.places.clone() })
    }

    async fn turn(&self, of: &str) -> Result<Turn, Error> {
        let too_many =
            || Problem::new(Code::ResourceExhausted, "Too many ask for this page. Try again in a moment.");
        let place = self.place(of).ok_or_else(too_many)?;
        let turn =
            self.making.clone().acquire_owned().await.map_err(|error| Error::Fault(error.to_string()))?;
        Ok(Turn { _place: place, _turn: turn })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.among.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(&self.of) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(places.remove(&self.of)),
        }
    }
}

impl Turn {
    /// Waits for a turn of this link or account.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if too many wait already.
    pub async fn of(link_or_account: &str) -> Result<Self, Error> {
        TURNS.turn(link_or_account).await
    }

    /// Makes it, off the async threads. The turn is the work's, which goes on also when whoever asked for it has gone.
    ///
    /// # Errors
    /// If the work panics.
    pub async fn make<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let done = tokio::task::spawn_blocking(move || {
            let _turn = self;
            work()
        });
        done.await.map_err(|error| Error::Fault(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn two_are_made_at_once_and_the_next_waits() {
        let turns = Turns::default();
        let (one, _other) = (turns.turn("a").await.unwrap(), turns.turn("b").await.unwrap());
        assert!(turns.turn("c").now_or_never().is_none());
        drop(one);
        assert!(turns.turn("c").now_or_never().is_some_and(|turn| turn.is_ok()));
    }

    #[test]
    fn one_link_has_few_places_and_all_have_no_more_than_there_are() {
        let turns = Turns::default();
        let of_one: Vec<_> = (0..PLACES_OF_ONE).map(|_| turns.place("a").unwrap()).collect();
        assert!(turns.place("a").is_none());
        let others: Vec<_> = (PLACES_OF_ONE..PLACES).map(|i| turns.place(&i.to_string()).unwrap()).collect();
        assert!(turns.place("b").is_none());
        drop((of_one, others));
        assert!(turns.place("a").is_some());
        assert!(turns.places.lock().unwrap().is_empty(), "what is over is forgotten");
    }

    #[tokio::test]
    async fn too_many_are_refused() {
        let turns = Turns::default();
        let _places: Vec<_> = (0..PLACES_OF_ONE).map(|_| turns.place("a").unwrap()).collect();
        let refused = turns.turn("a").await.map(drop).map_err(Problem::from).unwrap_err();
        assert_eq!(refused.code, Code::ResourceExhausted);
    }
}
