//! How two filters of traces go together: how often each finds a trace, and how often both.

use crate::{Acting, error::Result, store};
use model::{
    ExperimentId,
    filter::{self, TraceFilter},
};

/// What is added to each count, so that few traces don't say much (Jeffreys' prior, MLflow's figure).
const PRIOR: f64 = 0.5;

/// How many traces filters find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Together {
    /// All among which is counted.
    pub total: i64,
    /// Those that the one filter finds.
    pub one: i64,
    /// Those that the other filter finds.
    pub other: i64,
    /// Those that both find.
    pub both: i64,
}

impl Together {
    /// Normalized pointwise mutual information: from -1, never together, by 0, as chance has it, to 1, always together. NaN if a
    /// filter finds nothing.
    pub fn npmi(self) -> f64 {
        if self.both == 0 && self.one > 0 && self.other > 0 { -1.0 } else { self.npmi_with(0.0) }
    }

    /// The same, less sure of itself where there are few traces.
    pub fn npmi_smoothed(self) -> f64 {
        self.npmi_with(PRIOR)
    }

    fn npmi_with(self, prior: f64) -> f64 {
        if self.one == 0 || self.other == 0 {
            return f64::NAN;
        }
        if self.both == self.total {
            return 1.0;
        }
        let both = self.both as f64 + prior;
        let (one, other) = (self.one as f64 + 2.0 * prior, self.other as f64 + 2.0 * prior);
        let total = self.total as f64 + 4.0 * prior;
        let shared = (both.ln() + total.ln()) - (one.ln() + other.ln());
        (shared / (total.ln() - both.ln())).clamp(-1.0, 1.0)
    }
}

impl Acting {
    /// Counts what two filters find among the traces that the caller may read, and that a third one finds.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a filter, or too many experiments.
    pub async fn correlate_traces(
        &self,
        experiments: &[ExperimentId],
        among: &str,
        one: &str,
        other: &str,
    ) -> Result<Together> {
        crate::run::check_searched(experiments)?;
        let among: TraceFilter = filter::parse(among)?;
        let one: TraceFilter = filter::parse(one)?;
        let other: TraceFilter = filter::parse(other)?;
        store::trace::count_together(&self.domain.db, &self.visible(), experiments, &among, (&one, &other))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_mlflow() {
        let check = |both, one, other, total, expected: f64, smoothed: f64| {
            let counts = Together { total, one, other, both };
            for (found, expected) in [(counts.npmi(), expected), (counts.npmi_smoothed(), smoothed)] {
                let is_same = (found - expected).abs() < 1e-12 || found.is_nan() && expected.is_nan();
                assert!(is_same, "{counts:?}: {found}, not {expected}");
            }
        };
        check(10, 20, 15, 100, 0.522_878_745_280_337_8, 0.509_868_999_183_141_2);
        check(0, 2, 3, 10, -1.0, -0.218_104_291_985_531_58);
        check(5, 5, 5, 5, 1.0, 1.0);
        check(2, 2, 2, 4, 1.0, 0.583_488_138_377_115);
        check(1, 2, 1, 2, 0.0, 0.0);
        check(0, 0, 3, 9, f64::NAN, f64::NAN);
        check(0, 0, 0, 0, f64::NAN, f64::NAN);
    }
}
