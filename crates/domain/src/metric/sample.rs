//! Parts of histories, for clients that don't want all of it.

use model::metric::Point;

/// Which points of a history are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The first ones, at most so many.
    First(usize),
}

impl Keep {
    /// Whether more points than these would all be left out.
    pub(crate) fn is_full(self, points: usize) -> bool {
        match self {
            Self::First(most) => points >= most,
        }
    }

    pub(crate) fn of(self, mut points: Vec<Point>) -> Vec<Point> {
        match self {
            Self::First(most) => points.truncate(most),
        }
        points
    }
}
