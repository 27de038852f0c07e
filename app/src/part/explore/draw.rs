//! What was read of the runs as a plot.

use super::{
    choices::{Choices, Kind, Part},
    values::{Column, Groups, Held},
};
use chart::{
    Axis, Bar, Bars, BoxGroup, BoxKind, Boxes, Emphasis, Heatmap, HeatmapPoint, Histogram, HistogramGroup,
    Parallel, ParallelLine, Plot, Scale, Scatter, ScatterPoint, Window, series_color,
};
use model::{RunId, explore::Field};
use std::collections::HashSet;

/// A part of an axis that somebody is after.
pub type Brush = (Field, Window);

/// The plot that is asked for; nothing while what it needs isn't read, or if it is none.
pub fn draw(choices: &Choices, held: &Held, brushes: &[Brush], chosen: &HashSet<RunId>) -> Option<Plot> {
    // While runs are chosen, they stand out.
    let emphasis = |run: usize| match held.id(run) {
        Some(id) if chosen.contains(&id) => Emphasis::Highlighted,
        _ => Emphasis::Normal,
    };
    let column = |field: &Field, scale: Scale| Some(Column::new(field, held.column(field)?, scale));
    let of = |part: Part| column(choices.field(part)?, choices.scale(part));
    match choices.kind {
        Kind::Parallel => {
            let fields = parallel_fields(choices);
            let columns: Option<Vec<Column>> =
                fields.iter().map(|field| column(field, fitting(field, held))).collect();
            let columns = columns?;
            let line = |run: usize| ParallelLine {
                emphasis: emphasis(run),
                ..ParallelLine::new(columns.iter().map(|column| column.values[run]).collect())
            };
            let lines = (0..held.count()).map(line).collect();
            let brush = |field: &Field| {
                brushes.iter().find(|(brushed, _)| brushed == field).map(|(_, window)| *window)
            };
            let color = choices.field(Part::Color);
            Some(Plot::Parallel(Parallel {
                lines,
                color: color.and_then(|color| fields.iter().position(|field| field == color)),
                brushes: fields.iter().map(brush).collect(),
                axes: columns.into_iter().map(|column| column.axis).collect(),
            }))
        }
        Kind::Scatter => {
            let (x, y) = (of(Part::X)?, of(Part::Y)?);
            let (color, size) = (optional(choices, &of, Part::Color)?, optional(choices, &of, Part::Size)?);
            let value = |column: &Option<Column>, run: usize| {
                column.as_ref().map_or(f64::NAN, |column| column.values[run])
            };
            let point = |run: usize| ScatterPoint {
                color: value(&color, run),
                size: value(&size, run),
                emphasis: emphasis(run),
                ..ScatterPoint::new(x.values[run], y.values[run])
            };
            let points = (0..held.count()).map(point).collect();
            Some(Plot::Scatter(Scatter {
                points,
                x: x.axis,
                y: y.axis,
                color: color.map(|column| column.axis),
                size: size.map(|column| column.axis),
                front: choices.front,
            }))
        }
        Kind::Bars => {
            let (values, groups) = grouped(choices, held, &of)?;
            let bar = |(group, label): (usize, &String)| {
                let (mean, error) = mean_of(&values.values, &groups, group);
                Bar {
                    whisker: error.map(|error| (mean - error, mean + error)),
                    ink: series_color(0),
                    ..Bar::new(label.clone(), mean)
                }
            };
            Some(Plot::Bars(Bars {
                label: format!("Mean of {}, with its standard error", values.axis.label),
                bars: groups.labels.iter().enumerate().map(bar).collect(),
            }))
        }
        Kind::Boxes | Kind::Violins => {
            let (values, groups) = grouped(choices, held, &of)?;
            let group = |(group, label): (usize, &String)| BoxGroup {
                label: label.clone(),
                values: within(&values.values, &groups, group).collect(),
                ink: series_color(group),
            };
            Some(Plot::Boxes(Boxes {
                groups: groups.labels.iter().enumerate().map(group).collect(),
                kind: if choices.kind == Kind::Violins { BoxKind::Violin } else { BoxKind::Box },
                value: values.axis,
            }))
        }
        Kind::Histogram => {
            let values = of(Part::X)?;
            let groups = match choices.field(Part::Group) {
                Some(field) => Groups::new(held.column(field)?),
                None => Groups::one("Runs".to_owned(), held.count()),
            };
            let group = |(group, label): (usize, &String)| HistogramGroup {
                label: label.clone(),
                ink: series_color(group),
            };
            Some(Plot::Histogram(Histogram {
                items: values.values.iter().copied().zip(groups.of.iter().copied()).collect(),
                groups: groups.labels.iter().enumerate().map(group).collect(),
                value: values.axis,
            }))
        }
        Kind::Heatmap | Kind::Contours => {
            let (x, y, mean) = (of(Part::X)?, of(Part::Y)?, as_numbers(of(Part::Color)?));
            let point =
                |run: usize| HeatmapPoint { x: x.values[run], y: y.values[run], value: mean.values[run] };
            Some(Plot::Heatmap(Heatmap {
                points: (0..held.count()).map(point).collect(),
                x: x.axis,
                y: y.axis,
                value: mean.axis,
                contours: choices.kind == Kind::Contours,
            }))
        }
        Kind::Importance => None,
    }
}

/// The axes that stand side by side; what colours the lines is one of them.
pub fn parallel_fields(choices: &Choices) -> Vec<Field> {
    let mut fields = choices.axes.clone();
    if let Some(color) = choices.field(Part::Color)
        && !fields.contains(color)
    {
        fields.push(color.clone());
    }
    fields
}

/// Params such as learning rates are told apart by their ratios.
fn fitting(field: &Field, held: &Held) -> Scale {
    let values = held.column(field).filter(|_| matches!(field, Field::Param(_)));
    let Some(values) = values else { return Scale::Linear };
    let numbers = (0..held.count()).filter_map(|run| values.number(run)).filter(|number| number.is_finite());
    let ends = |(least, greatest): (f64, f64), number: f64| (least.min(number), greatest.max(number));
    let (least, greatest) = numbers.fold((f64::INFINITY, 0.0), ends);
    if least > 0.0 && greatest >= 100.0 * least { Scale::Log10 } else { Scale::Linear }
}

/// What may be left out: `None` only while it isn't read.
fn optional(choices: &Choices, of: &impl Fn(Part) -> Option<Column>, part: Part) -> Option<Option<Column>> {
    match choices.field(part) {
        None => Some(None),
        Some(_) => of(part).map(Some),
    }
}

/// Numbers of runs, and the groups that the runs are in.
fn grouped(choices: &Choices, held: &Held, of: &impl Fn(Part) -> Option<Column>) -> Option<(Column, Groups)> {
    let groups = Groups::new(held.column(choices.field(Part::Group)?)?);
    Some((as_numbers(of(Part::Y)?), groups))
}

/// Words have neither a mean nor quartiles: a plot of them is empty rather than wrong.
fn as_numbers(column: Column) -> Column {
    match column.axis.kind {
        chart::AxisKind::Number(_) => column,
        chart::AxisKind::Category(_) => Column {
            axis: Axis::number(format!("{} (not a number)", column.axis.label), Scale::Linear),
            values: vec![f64::NAN; column.values.len()],
        },
    }
}

/// The values of the runs of a group.
fn within(values: &[f64], groups: &Groups, group: usize) -> impl Iterator<Item = f64> {
    values.iter().zip(&groups.of).filter(move |(_, of)| **of == group).map(|(value, _)| *value)
}

/// The mean of a group's numbers and its standard error; none of one number.
fn mean_of(values: &[f64], groups: &Groups, group: usize) -> (f64, Option<f64>) {
    let numbers: Vec<f64> = within(values, groups, group).filter(|value| value.is_finite()).collect();
    let count = numbers.len() as f64;
    if numbers.is_empty() {
        return (f64::NAN, None);
    }
    let mean = numbers.iter().map(|number| number / count).sum::<f64>();
    let square = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let error = (square / count).sqrt();
    (mean, (numbers.len() > 1 && error.is_finite()).then_some(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::{address::Query, explore::choices::Known};
    use model::{
        explore::{RunValues, Values, Words},
        page::Total,
    };

    fn held() -> Held {
        let words = |texts: [&str; 3]| Values::Words(Words::of(texts.map(Some)));
        Held {
            fields: vec![Field::param("lr"), Field::param("opt"), Field::metric("loss")],
            values: RunValues {
                ids: (1..=3).map(|number| format!("{number:032x}").parse().unwrap()).collect(),
                names: ["a", "b", "c"].map(str::to_owned).to_vec(),
                columns: vec![
                    words(["0.1", "0.2", "0.3"]),
                    words(["sgd", "adam", "sgd"]),
                    Values::Numbers(vec![Some(1.0), Some(2.0), Some(3.0)]),
                ],
                total: Total::Exactly(3),
            },
        }
    }

    fn drawn(query: &str) -> Option<Plot> {
        let choices = Choices::read(&Query::parse(query), &Known::default());
        draw(&choices, &held(), &[], &HashSet::new())
    }

    #[test]
    fn every_kind_is_drawn_of_what_was_read() {
        let fields = "px=params.lr&py=metrics.loss&pc=metrics.loss&by=params.opt&axes=params.lr,params.opt";
        for (kind, word, _) in Kind::ALL {
            let plot = drawn(&format!("plot={word}&{fields}"));
            assert_eq!(plot.is_some(), kind != Kind::Importance, "{kind:?}");
        }
    }

    #[test]
    fn nothing_is_drawn_of_what_was_not_read() {
        assert_eq!(drawn("plot=scatter&px=params.other&py=metrics.loss"), None);
        assert_eq!(drawn("plot=scatter&px=params.lr&py=metrics.loss&ps=metrics.other&pc=none"), None);
    }

    #[test]
    fn a_bar_is_a_mean_with_its_error() {
        let Some(Plot::Bars(bars)) = drawn("plot=bars&py=metrics.loss&by=params.opt") else { panic!() };
        let told: Vec<_> = bars.bars.iter().map(|bar| (bar.label.as_str(), bar.value, bar.whisker)).collect();
        assert_eq!(told, [("adam", 2.0, None), ("sgd", 2.0, Some((1.0, 3.0)))]);
    }

    #[test]
    fn what_colours_lines_is_an_axis() {
        let Some(Plot::Parallel(parallel)) = drawn("axes=params.lr,params.opt&pc=metrics.loss") else {
            panic!()
        };
        let labels: Vec<&str> = parallel.axes.iter().map(|axis| axis.label.as_str()).collect();
        assert_eq!((labels.as_slice(), parallel.color), (&["lr", "opt", "loss"][..], Some(2)));
        assert_eq!(parallel.lines[1].values, [0.2, 0.0, 2.0]);
    }

    #[test]
    fn words_have_no_mean() {
        let Some(Plot::Boxes(boxes)) = drawn("plot=box&py=params.opt&by=params.opt") else { panic!() };
        assert!(boxes.groups.iter().all(|group| group.values.iter().all(|value| value.is_nan())));
    }
}
