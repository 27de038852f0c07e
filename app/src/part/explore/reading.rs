//! What stands under the pointer, in words.

use super::{
    board::Picture,
    choices::{Kind, Part},
    draw::parallel_fields,
};
use chart::{Plot, PlotHit, format_number, summary};
use model::{RunId, explore::Field};

/// Fields of a run that are named.
const ROWS: usize = 12;

/// What is told of a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The run, the group, the interval.
    pub title: String,
    /// What it has.
    pub rows: Vec<(String, String)>,
    /// The run, if it is one: a click leads to it.
    pub run: Option<RunId>,
    /// Where it is, in CSS pixels.
    pub at: (f64, f64),
}

/// Reads the picture at a place of the pointer.
pub fn read(picture: &Picture, (x, y): (f64, f64)) -> Option<Reading> {
    let hit = picture.layout.hit(&picture.plot, x, y)?;
    let told = |title: String, rows: Vec<(String, String)>| Reading { title, rows, run: None, at: (x, y) };
    match hit {
        PlotHit::Item(item) => match &picture.plot {
            Plot::Bars(bars) => {
                let bar = bars.bars.get(item)?;
                let mut rows = vec![("Mean".to_owned(), format_number(bar.value))];
                if let Some((low, high)) = bar.whisker {
                    rows.push(("Standard error".to_owned(), format_number((high - low) / 2.0)));
                }
                Some(told(bar.label.clone(), rows))
            }
            _ => run(picture, item, (x, y)),
        },
        PlotHit::Group(group) => {
            let Plot::Boxes(boxes) = &picture.plot else { return None };
            let group = boxes.groups.get(group)?;
            Some(told(group.label.clone(), quartiles(&group.values)))
        }
        PlotHit::Bin { from, to, count, total, group, .. } => {
            let Plot::Histogram(histogram) = &picture.plot else { return None };
            let say = |value: f64| histogram.value.say(value);
            let title = if from == to { say(from) } else { format!("{} – {}", say(from), say(to)) };
            let mut rows = vec![("Runs".to_owned(), total.to_string())];
            if let (Some(group), true) = (histogram.groups.get(group), histogram.groups.len() > 1) {
                rows.push((group.label.clone(), count.to_string()));
            }
            Some(told(title, rows))
        }
        PlotHit::Cell { x: across, y: up, mean, count } => {
            let Plot::Heatmap(heatmap) = &picture.plot else { return None };
            let ends = |axis: &chart::Axis, (from, to): (f64, f64)| {
                if from == to { axis.say(from) } else { format!("{} – {}", axis.say(from), axis.say(to)) }
            };
            let rows = vec![
                (heatmap.x.label.clone(), ends(&heatmap.x, across)),
                (heatmap.y.label.clone(), ends(&heatmap.y, up)),
                ("Runs".to_owned(), count.to_string()),
            ];
            Some(told(format!("{}: {}", heatmap.value.label, format_number(mean)), rows))
        }
        PlotHit::Axis { axis, value } => {
            let Plot::Parallel(parallel) = &picture.plot else { return None };
            let axis = parallel.axes.get(axis)?;
            Some(told(format!("{}: {}", axis.label, axis.say(value)), Vec::new()))
        }
    }
}

fn run(picture: &Picture, run: usize, at: (f64, f64)) -> Option<Reading> {
    let (choices, held) = (&picture.choices, &picture.held);
    let mut fields: Vec<Field> =
        if choices.kind == Kind::Parallel { parallel_fields(choices) } else { Vec::new() };
    for part in Part::ALL {
        if let Some(field) = choices.field(part)
            && !fields.contains(field)
        {
            fields.push(field.clone());
        }
    }
    let row = |field: &Field| (field.title(), held.say(field, run).unwrap_or_else(|| "none".to_owned()));
    Some(Reading {
        title: held.name(run),
        rows: fields.iter().take(ROWS).map(row).collect(),
        run: Some(held.id(run)?),
        at,
    })
}

/// How many numbers there are, and where they lie.
fn quartiles(values: &[f64]) -> Vec<(String, String)> {
    let Some(summary) = summary(values) else { return vec![("Runs".to_owned(), "0".to_owned())] };
    let quartiles = [
        ("Upper quartile", summary.q3),
        ("Median", summary.median),
        ("Lower quartile", summary.q1),
        ("Mean", summary.mean),
    ];
    let runs = ("Runs".to_owned(), summary.count.to_string());
    let quartiles = quartiles.map(|(word, number)| (word.to_owned(), format_number(number)));
    [runs].into_iter().chain(quartiles).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_told_by_its_quartiles() {
        let told: Vec<String> =
            quartiles(&[3.0, 1.0, f64::NAN, 2.0]).into_iter().map(|(_, said)| said).collect();
        assert_eq!(told, ["3", "2.5", "2", "1.5", "2"]);
        assert_eq!(quartiles(&[]), [("Runs".to_owned(), "0".to_owned())]);
    }
}
