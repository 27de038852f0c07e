//! Reading metrics: whole histories for clients, reduced curves for charts.
//!
//! Start reading: [`segment`] for how points lie on the disk; how they get there is in [`crate::log`].

mod sample;
pub(crate) mod segment;

pub use sample::Keep;

use crate::{
    Acting,
    error::{Error, Result},
    experiment::{Page, offset_of, page_of},
    gate::Read,
    store::{self, metric::Bounds},
};
use futures::Stream;
use model::{
    RunId,
    curve::{self, Along, Curve, CurveRequest},
    metric::Point,
};

/// Buckets that a chart may ask for: the pixels of a wide screen.
const MOST_BUCKETS: u32 = 8192;
/// Runs that a chart may show.
const MOST_CURVES: usize = 200;

impl Acting {
    /// The points of a metric by time, step and value: all of them, or `max_results` at a time. A metric that the run
    /// doesn't have has no points.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the run, `INVALID_PARAMETER_VALUE` for the token.
    pub async fn metric_history(
        &self,
        run: RunId,
        key: &str,
        max_results: Option<u64>,
        page_token: &str,
    ) -> Result<Page<Point>> {
        let grant = self.run::<Read>(run).await?;
        let offset = offset_of(page_token)?;
        let mut points = store::metric::points(&mut &self.domain.db, &grant, key, Bounds::ALL).await?;
        points.sort_unstable_by(Point::history_order);
        let rest = points.split_off(usize::try_from(offset).unwrap_or(usize::MAX).min(points.len()));
        Ok(match max_results {
            Some(wanted) => page_of(rest, offset, wanted),
            None => Page { items: rest, next: None },
        })
    }

    /// The whole history of a metric, in order, a part at a time: however long it is, little of it is in memory.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the run.
    pub async fn metric_history_stream(
        &self,
        run: RunId,
        key: &str,
    ) -> Result<impl Stream<Item = Result<Vec<Point>>> + Send + use<>> {
        let whole = self.metric_history(run, key, None, "").await?.items;
        Ok(futures::stream::iter([Ok(whole)]))
    }

    /// The histories of a metric in those of the runs that the caller may read, in the order given, each in order. Only
    /// points between the steps, ends included, and of those what is to be kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn metric_histories(
        &self,
        runs: &[RunId],
        key: &str,
        steps: Option<(i64, i64)>,
        keep: Keep,
    ) -> Result<Vec<(RunId, Vec<Point>)>> {
        let (from, to) = steps.unwrap_or((i64::MIN, i64::MAX));
        let mut histories = Vec::new();
        for grant in self.readable_runs(runs).await? {
            let mut points = store::metric::points(&mut &self.domain.db, &grant, key, Bounds::ALL).await?;
            points.retain(|point| (from..=to).contains(&point.step));
            points.sort_unstable_by(Point::history_order);
            histories.push((grant.id(), keep.of(points)));
        }
        Ok(histories)
    }

    /// The curves of a metric for those of the runs that the caller may read, reduced to what a chart can show. Runs
    /// without the metric have no curve.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if too many runs or buckets are asked for.
    pub async fn curves(&self, request: &CurveRequest) -> Result<Vec<Curve>> {
        if request.runs.len() > MOST_CURVES {
            return Err(Error::invalid(format!("A chart shows at most {MOST_CURVES} runs.")));
        }
        if request.buckets == 0 || request.buckets > MOST_BUCKETS {
            return Err(Error::invalid(format!("A chart has 1 to {MOST_BUCKETS} buckets.")));
        }
        let mut curves = Vec::new();
        for grant in self.readable_runs(&request.runs).await? {
            let mut points =
                store::metric::points(&mut &self.domain.db, &grant, &request.key, Bounds::ALL).await?;
            if points.is_empty() {
                continue;
            }
            if let Some(window) = request.window {
                points = within(points, request.along, window);
            }
            let total = points.len() as u64;
            curves.push(Curve {
                run: grant.id(),
                total,
                points: curve::reduce(&points, request.along, request.buckets),
            });
        }
        Ok(curves)
    }
}

/// The points in the window and the nearest on each side of it, so that lines leave the picture.
fn within(mut points: Vec<Point>, along: Along, (from, to): (i64, i64)) -> Vec<Point> {
    points.sort_by(|a, b| along.position(a).cmp(&along.position(b)).then(a.history_order(b)));
    let start = points.partition_point(|point| along.position(point) < from).saturating_sub(1);
    let end = points.partition_point(|point| along.position(point) <= to).saturating_add(1).min(points.len());
    points.drain(start.min(end)..end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(window: (i64, i64), expected: &[i64]) {
        let points = [5, 1, 3, 9, 7].map(|step| Point { step, timestamp: 0, value: 0.0 });
        let steps: Vec<i64> =
            within(points.to_vec(), Along::Step, window).iter().map(|point| point.step).collect();
        assert_eq!(steps, expected, "{window:?}");
    }

    #[test]
    fn a_window_keeps_a_neighbour_on_each_side() {
        check((3, 5), &[1, 3, 5, 7]);
        check((4, 4), &[3, 5]);
        check((0, 100), &[1, 3, 5, 7, 9]);
        check((20, 30), &[9]);
        check((-5, 0), &[1]);
    }
}
