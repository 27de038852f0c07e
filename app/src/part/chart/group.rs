//! Groups of runs: their mean as one line, and how far they spread around it.

use super::{
    ChartRun, Spread,
    line::{Reader, places},
};
use crate::part::number::{by_number, counted};
use chart::{Point, Series, Window};

/// Places at which lines are averaged; of more every second, third… is taken.
const PLACES: usize = 1000;

/// The groups of runs, each once, numbers in their order: this is what gives them their colours.
pub fn groups(runs: &[ChartRun]) -> Vec<(&str, usize)> {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for group in runs.iter().filter_map(|run| run.group.as_deref()) {
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, count)) => *count += 1,
            None => groups.push((group, 1)),
        }
    }
    let value = |name: &str| name.rsplit('=').next().unwrap_or_default().to_owned();
    groups.sort_by(|(a, _), (b, _)| by_number(&value(a), &value(b)).then_with(|| a.cmp(b)));
    groups
}

/// What a group is called, with how many runs it has.
pub fn group_words(name: &str, runs: usize) -> String {
    format!("{name} · {}", counted(runs as u64, "run"))
}

/// A line for each group of runs, in the order of [`groups`], where it is seen. Lines are those of the runs.
pub fn means(
    runs: &[ChartRun],
    lines: &[(usize, Series)],
    spread: Spread,
    seen: Option<Window>,
) -> Vec<Series> {
    let mean = |(color, (group, _)): (usize, (&str, usize))| {
        let of_group = |index: usize| runs.get(index).and_then(|run| run.group.as_deref()) == Some(group);
        let members: Vec<&Series> =
            lines.iter().filter(|(index, _)| of_group(*index)).map(|(_, series)| series).collect();
        if members.is_empty() {
            return None;
        }
        let of = group_words(group, members.len());
        let (points, band) = mean(&members, spread, seen);
        let left_out: u64 =
            members.iter().map(|series| series.total.saturating_sub(series.points.len() as u64)).sum();
        let total = points.len() as u64 + left_out;
        Some(Series { total, band, ..Series::new(of, chart::series_color(color), points) })
    };
    groups(runs).into_iter().enumerate().filter_map(mean).collect()
}

fn mean(members: &[&Series], spread: Spread, seen: Option<Window>) -> (Vec<Point>, Vec<(f64, f64)>) {
    let mut at = places(members.iter().map(|series| series.points.as_slice()));
    if let Some(window) = seen {
        // One more on each side, so that lines leave the picture.
        let from = at.partition_point(|x| *x < window.lo()).saturating_sub(1);
        let to = at.partition_point(|x| *x <= window.hi()).saturating_add(1).min(at.len());
        at = at.get(from..to).unwrap_or_default().to_vec();
    }
    if let (true, Some(&last)) = (at.len() > PLACES, at.last()) {
        at = at
            .iter()
            .copied()
            .step_by(at.len().div_ceil(PLACES))
            .filter(|x| *x < last)
            .chain([last])
            .collect();
    }
    let mut readers: Vec<Reader> = members.iter().map(|series| Reader::new(&series.points)).collect();
    let (mut points, mut band) = (Vec::with_capacity(at.len()), Vec::new());
    let mut values = Vec::with_capacity(members.len());
    for x in at {
        values.clear();
        values.extend(readers.iter_mut().filter_map(|reader| reader.at(x)).filter(|y| y.is_finite()));
        if values.is_empty() {
            continue;
        }
        let count = values.len() as f64;
        // Divided first: the sum of large values would overflow.
        let mean = values.iter().map(|y| y / count).sum::<f64>();
        points.push(Point { x, y: mean });
        let deviation = || {
            let squares = values.iter().map(|y| (y - mean).powi(2)).sum::<f64>();
            if values.len() < 2 { 0.0 } else { (squares / (count - 1.0)).sqrt() }
        };
        let around = |distance: f64| (mean - distance, mean + distance);
        match spread {
            Spread::None => {}
            Spread::Deviation => band.push(around(deviation())),
            Spread::Error => band.push(around(deviation() / count.sqrt())),
            Spread::Confidence => band.push(around(student(values.len()) * deviation() / count.sqrt())),
            Spread::Range => band.push((
                values.iter().copied().fold(f64::INFINITY, f64::min),
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            )),
        }
    }
    (points, band)
}

/// How many standard errors around the mean of so many values hold the true one with 95 % (Student's t, two-sided).
fn student(count: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
        2.045, 2.042,
    ];
    let freedom = count.saturating_sub(1);
    match TABLE.get(freedom.saturating_sub(1)) {
        Some(factor) => *factor,
        // Within a thousandth of the exact value from here on.
        None => 1.96 + 2.4 / freedom as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::run_color::Ink;

    fn run(end: &str, group: &str) -> ChartRun {
        ChartRun {
            group: Some(group.to_owned()),
            ..ChartRun::new(
                model::ExperimentId(1),
                format!("{end:0>32}").parse().unwrap(),
                end.into(),
                Ink::Place(0),
            )
        }
    }

    fn line(points: &[(f64, f64)]) -> Series {
        Series::new("", chart::series_color(0), points.iter().map(|&(x, y)| Point { x, y }).collect())
    }

    fn check(lines: &[&[(f64, f64)]], spread: Spread, mean: &[(f64, f64)], band: &[(f64, f64)]) {
        let runs: Vec<ChartRun> = (0..lines.len()).map(|i| run(&i.to_string(), "lr=1")).collect();
        let lines: Vec<_> = lines.iter().enumerate().map(|(index, points)| (index, line(points))).collect();
        let series = means(&runs, &lines, spread, None).remove(0);
        let written: Vec<_> = series.points.iter().map(|p| (p.x, p.y)).collect();
        assert_eq!(written, mean);
        assert_eq!(series.band, band);
    }

    #[test]
    fn runs_with_other_steps_are_read_between_their_points() {
        let (a, b) = ([(0.0, 0.0), (2.0, 2.0)], [(0.0, 2.0), (1.0, 3.0), (2.0, 4.0)]);
        check(
            &[&a, &b],
            Spread::Range,
            &[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)],
            &[(0.0, 2.0), (1.0, 3.0), (2.0, 4.0)],
        );
    }

    #[test]
    fn the_spread_is_what_was_asked_for() {
        let lines: [&[(f64, f64)]; 3] = [&[(0.0, 1.0)], &[(0.0, 2.0)], &[(0.0, 3.0)]];
        check(&lines, Spread::None, &[(0.0, 2.0)], &[]);
        check(&lines, Spread::Deviation, &[(0.0, 2.0)], &[(1.0, 3.0)]);
        let error = 1.0 / 3.0_f64.sqrt();
        check(&lines, Spread::Error, &[(0.0, 2.0)], &[(2.0 - error, 2.0 + error)]);
        check(&lines, Spread::Confidence, &[(0.0, 2.0)], &[(2.0 - 4.303 * error, 2.0 + 4.303 * error)]);
        assert!((student(41) - 2.021).abs() < 0.002 && (student(1001) - 1.962).abs() < 0.001);
    }

    #[test]
    fn what_is_not_finite_or_ended_has_no_part_in_the_mean() {
        let (a, b) = ([(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)], [(0.0, 3.0)]);
        check(&[&a, &b], Spread::Range, &[(0.0, 2.0), (2.0, 3.0)], &[(1.0, 3.0), (3.0, 3.0)]);
    }

    #[test]
    fn groups_are_ordered_as_numbers_where_they_are_numbers() {
        let runs = [run("a", "lr=10"), run("b", "lr=9"), run("c", "lr=10"), run("d", "lr=1a")];
        assert_eq!(groups(&runs), [("lr=9", 1), ("lr=10", 2), ("lr=1a", 1)]);
    }
}
