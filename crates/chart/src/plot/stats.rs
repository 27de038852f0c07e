//! What is told about many values: quartiles, outliers, a density, the number of bins.

/// The five numbers of a box plot and what lies beyond them.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How many finite values there are.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// The lowest value that is no outlier.
    pub low: f64,
    /// A quarter of the values lies below.
    pub q1: f64,
    /// Half of the values lies below.
    pub median: f64,
    /// Three quarters of the values lie below.
    pub q3: f64,
    /// The highest value that is no outlier.
    pub high: f64,
    /// Values further from the quartiles than one and a half times their distance (Tukey), from the lowest.
    pub outliers: Vec<f64>,
}

/// Sums up values in any order. Those that are not finite are left out; `None` where none is left.
pub fn summary(values: &[f64]) -> Option<Summary> {
    let sorted = sorted(values.iter().copied());
    let (&first, &last) = (sorted.first()?, sorted.last()?);
    let (q1, median, q3) = (quantile(&sorted, 0.25), quantile(&sorted, 0.5), quantile(&sorted, 0.75));
    let reach = (q3 - q1) * 1.5;
    let usual = |value: &f64| (q1 - reach..=q3 + reach).contains(value);
    Some(Summary {
        count: sorted.len(),
        mean: sorted.iter().map(|value| value / sorted.len() as f64).sum(),
        low: sorted.iter().copied().find(usual).unwrap_or(first),
        q1,
        median,
        q3,
        high: sorted.iter().rev().copied().find(usual).unwrap_or(last),
        outliers: sorted.iter().copied().filter(|value| !usual(value)).collect(),
    })
}

/// The finite ones of some values, from the lowest.
pub(crate) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The value below which a share of sorted values lies; between two of them by their distance.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    let gap = b - a;
    if gap.is_finite() { (a + gap * part).min(b) } else { a * (1.0 - part) + b * part }
}

/// Silverman's rule of thumb for the bandwidth of a density; `None` where all values are equal.
pub(crate) fn bandwidth(sorted: &[f64]) -> Option<f64> {
    let count = sorted.len() as f64;
    let mean: f64 = sorted.iter().map(|value| value / count).sum();
    let variance: f64 = sorted.iter().map(|value| (value - mean).powi(2) / (count - 1.0)).sum();
    let quartiles = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34;
    let spread = if quartiles > 0.0 { quartiles.min(variance.sqrt()) } else { variance.sqrt() };
    let bandwidth = 0.9 * spread * count.powf(-0.2);
    (bandwidth.is_finite() && bandwidth > 0.0).then_some(bandwidth)
}

/// The density of values at some places, by a Gaussian around each value.
pub(crate) fn density(values: &[f64], bandwidth: f64, places: impl Iterator<Item = f64>) -> Vec<f64> {
    let height = 1.0 / (values.len() as f64 * bandwidth * std::f64::consts::TAU.sqrt());
    let at = |place: f64| {
        let bells = values.iter().map(|value| (-0.5 * ((place - value) / bandwidth).powi(2)).exp());
        bells.sum::<f64>() * height
    };
    places.map(at).collect()
}

/// How many bins show sorted values well: Freedman and Diaconis's rule, 5 to 60.
pub(crate) fn bin_count(sorted: &[f64]) -> usize {
    let (Some(lo), Some(hi)) = (sorted.first(), sorted.last()) else { return 5 };
    let count = sorted.len() as f64;
    let wide = 2.0 * (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / count.cbrt();
    let bins = if wide > 0.0 { (hi / wide - lo / wide).ceil() } else { count.sqrt().ceil() };
    (bins as usize).clamp(5, 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quartiles_lie_between_values() {
        let summary = summary(&[4.0, 1.0, f64::NAN, 3.0, 2.0]).unwrap();
        assert_eq!((summary.q1, summary.median, summary.q3), (1.75, 2.5, 3.25));
        assert_eq!((summary.low, summary.high, summary.count, summary.mean), (1.0, 4.0, 4, 2.5));
        assert!(summary.outliers.is_empty());
    }

    #[test]
    fn outliers_lie_beyond_the_whiskers() {
        let summary = summary(&[1.0, 2.0, 3.0, 4.0, 5.0, 50.0, -40.0]).unwrap();
        assert_eq!(summary.outliers, [-40.0, 50.0]);
        assert_eq!((summary.low, summary.high), (1.0, 5.0));
    }

    #[test]
    fn one_value_is_all_quartiles() {
        let one = summary(&[7.0]).unwrap();
        assert_eq!((one.low, one.q1, one.median, one.q3, one.high), (7.0, 7.0, 7.0, 7.0, 7.0));
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(&[f64::INFINITY]), None);
    }

    #[test]
    fn the_bandwidth_follows_silverman() {
        // Of 1 to 5 the deviation is 1.5811 and the distance of the quartiles 2, over 1.34: 1.4925.
        let five = bandwidth(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((five - 0.9 * (2.0 / 1.34) * 5f64.powf(-0.2)).abs() < 1e-12);
        assert_eq!(bandwidth(&[3.0, 3.0]), None);
        assert_eq!(bandwidth(&[3.0]), None);
        assert!(bandwidth(&[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]).is_some());
    }

    #[test]
    fn a_density_sums_up_to_one() {
        let values = [0.0, 1.0, 1.5, 4.0];
        let step = 0.01;
        let places = (-1000..2000).map(|i| f64::from(i) * step);
        let all: f64 = density(&values, 0.5, places).iter().map(|height| height * step).sum();
        assert!((all - 1.0).abs() < 1e-6, "{all}");
        let peaks = density(&values, 0.5, [1.2, 3.0].into_iter());
        assert!(peaks[0] > peaks[1]);
    }

    #[test]
    fn bins_are_neither_few_nor_many() {
        let even: Vec<f64> = (0..1000).map(f64::from).collect();
        // Quartiles 499.5 apart: a bin is 99.9 wide, 999 take ten.
        assert_eq!(bin_count(&even), 10);
        assert_eq!(bin_count(&[]), 5);
        assert_eq!(bin_count(&[1.0, 1.0, 1.0]), 5);
        let far: Vec<f64> = (0..1000).map(|i| if i == 999 { 1e9 } else { f64::from(i) }).collect();
        assert_eq!(bin_count(&far), 60);
    }

    proptest! {
        #[test]
        fn the_numbers_of_a_box_are_in_order(values in prop::collection::vec(any::<f64>(), 0..50)) {
            let Some(found) = summary(&values) else {
                prop_assert!(values.iter().all(|value| !value.is_finite()));
                return Ok(());
            };
            prop_assert!(found.low <= found.high && found.q1 <= found.median && found.median <= found.q3);
            let beyond = found.outliers.iter().all(|value| *value < found.low || *value > found.high);
            prop_assert!(beyond && found.outliers.len() < found.count);
        }
    }
}
