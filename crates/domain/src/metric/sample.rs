//! Parts of histories, for clients that don't want all of it.

use model::metric::Point;

/// Which points of a history are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The first ones, at most so many.
    First(usize),
}

impl Keep {
    pub(crate) fn of(self, mut points: Vec<Point>) -> Vec<Point> {
        match self {
            Self::First(most) => points.truncate(most),
        }
        points
    }
}
