//! Brushes: parts of axes side by side that somebody is after, as they are dragged, and as conditions of a filter.

use super::{
    draw::Brush,
    values::{Column, Held},
};
use chart::{AxisKind, PlotLayout, Scale, Window};
use model::{
    explore::{EXPLORED_TEXT, Field},
    filter::{Key, KeyTest, NumberOp, RunCondition, Text, TextTest},
};

/// Shorter drags are clicks, in CSS pixels.
pub const LEAST: f64 = 5.0;

/// A drag along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drag {
    /// Which axis.
    pub axis: usize,
    /// Where the pointer went down, in CSS pixels.
    pub at: (f64, f64),
    /// How far down it is now.
    pub to: f64,
}

impl Drag {
    /// A drag that begins at a place.
    pub fn begin(axis: usize, at: (f64, f64)) -> Self {
        Self { axis, at, to: at.1 }
    }

    /// The upper end and the height of what was dragged over.
    pub fn span(self) -> (f64, f64) {
        (self.at.1.min(self.to), (self.at.1 - self.to).abs())
    }

    /// What was dragged over; none if this was a click.
    pub fn window(self, layout: &PlotLayout) -> Option<Window> {
        let value = |y: f64| layout.axis_value(self.axis, y);
        (self.span().1 >= LEAST).then(|| Window::new(value(self.at.1)?, value(self.to)?)).flatten()
    }
}

/// The brushes as conditions of a filter. `None` if the language can't say one of them: it compares texts as such, so
/// params aren't greater or less.
pub fn conditions(brushes: &[Brush], held: &Held) -> Option<String> {
    let conditions: Option<Vec<Vec<RunCondition>>> =
        brushes.iter().map(|(field, window)| condition(field, *window, held)).collect();
    let conditions: Vec<String> = conditions?.iter().flatten().map(ToString::to_string).collect();
    Some(conditions.join(" AND "))
}

fn condition(field: &Field, window: Window, held: &Held) -> Option<Vec<RunCondition>> {
    if let Field::Metric(key, figure) = field {
        let key = Key::new(key.as_str())?;
        let end = |op, value| RunCondition::Metric { figure: *figure, key: key.clone(), op, value };
        return Some(vec![end(NumberOp::Ge, window.lo()), end(NumberOp::Le, window.hi())]);
    }
    let AxisKind::Category(words) = Column::new(field, held.column(field)?, Scale::Linear).axis.kind else {
        return None;
    };
    let inside = |place: usize| (window.lo()..=window.hi()).contains(&(place as f64));
    let mut found = words.into_iter().enumerate().filter(|(place, _)| inside(*place)).map(|(_, word)| word);
    let (word, None) = (found.next()?, found.next()) else { return None };
    // A long one was cut.
    if word.chars().count() >= EXPLORED_TEXT {
        return None;
    }
    let test = KeyTest::Text(TextTest::Eq(Text::new(word)?));
    match field {
        Field::Param(key) => Some(vec![RunCondition::Param { key: Key::new(key.as_str())?, test }]),
        Field::Tag(key) => Some(vec![RunCondition::Tag { key: Key::new(key.as_str())?, test }]),
        Field::Started | Field::Duration | Field::Status | Field::Metric(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        explore::{RunValues, Values, Words},
        page::Total,
    };

    fn held() -> Held {
        let words = |texts: [&str; 3]| Values::Words(Words::of(texts.map(Some)));
        Held {
            fields: vec![Field::param("lr"), Field::param("opt"), Field::metric("val/loss")],
            values: RunValues {
                ids: Vec::new(),
                names: Vec::new(),
                columns: vec![
                    words(["0.1", "0.2", "0.3"]),
                    words(["sgd", "adam", "lion"]),
                    Values::Numbers(vec![Some(1.0), Some(2.0), Some(3.0)]),
                ],
                total: Total::Exactly(3),
            },
        }
    }

    fn check(brushes: &[(Field, f64, f64)], expected: Option<&str>) {
        let brushes: Vec<Brush> =
            brushes.iter().map(|(field, lo, hi)| (field.clone(), Window::new(*lo, *hi).unwrap())).collect();
        assert_eq!(conditions(&brushes, &held()).as_deref(), expected);
    }

    #[test]
    fn metrics_and_single_words_become_conditions() {
        let (loss, opt) = (Field::metric("val/loss"), Field::param("opt"));
        check(&[(loss.clone(), 0.5, 1.0)], Some("metrics.`val/loss` >= 0.5 AND metrics.`val/loss` <= 1"));
        check(
            &[(loss, 0.5, 1.0), (opt, 0.6, 1.4)],
            Some("metrics.`val/loss` >= 0.5 AND metrics.`val/loss` <= 1 AND params.opt = 'lion'"),
        );
    }

    #[test]
    fn what_the_language_can_not_say_is_none() {
        check(&[(Field::param("lr"), 0.1, 0.2)], None);
        check(&[(Field::param("opt"), 0.0, 1.4)], None);
        check(&[(Field::param("other"), 0.0, 1.4)], None);
    }
}
