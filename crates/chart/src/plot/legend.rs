//! What colours and sizes mean: rows of small signs with words above a plot.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::axis::{Axis, AxisKind, Ruler, word};
use crate::{
    color::{Rgb, Theme, ramp_color, series_color},
    layout::Rect,
    number::group,
    paint::{Painted, Pen},
    text::{LABEL, one_line, width},
};

/// How an axis becomes colours: numbers by the ramp, words by the palette.
#[derive(Clone, Debug)]
pub(crate) struct Coloring {
    ruler: Ruler,
    words: Option<usize>,
}

impl Coloring {
    /// The colours of an axis with these values.
    pub fn new(axis: &Axis, values: impl Iterator<Item = f64>) -> Coloring {
        let words = match &axis.kind {
            AxisKind::Number(_) => None,
            AxisKind::Category(words) => Some(words.len()),
        };
        Coloring { ruler: Ruler::new(axis, values, 0.0), words }
    }

    /// The colour of a value; [`missing`] where it has none.
    pub fn color(&self, value: f64, theme: &Theme) -> Rgb {
        match self.words {
            Some(count) => word(value, count).map_or_else(|| missing(theme), series_color),
            None => match self.ruler.pixel(value) {
                share if share.is_nan() => missing(theme),
                share => ramp_color(share, theme),
            },
        }
    }

    /// A number that is equal for values of about the same colour and rises with them.
    pub fn shade(&self, value: f64) -> u16 {
        match self.words {
            Some(count) => word(value, count).map_or(0, |index| (index % 36) as u16 + 1),
            None => match self.ruler.pixel(value) {
                share if share.is_nan() => 0,
                share => (share.clamp(0.0, 1.0) * 63.0) as u16 + 1,
            },
        }
    }

    /// The legend's pieces: the axis's name, then the ramp between its ends or the words.
    pub fn pieces(&self, axis: &Axis, some_missing: bool) -> Vec<Piece> {
        let mut pieces = vec![Piece { sign: Sign::Nothing, text: axis.label.clone() }];
        match &axis.kind {
            AxisKind::Number(_) if self.ruler.empty => (),
            AxisKind::Number(_) => {
                pieces.push(Piece { sign: Sign::Nothing, text: axis.say(self.ruler.value(0.0)) });
                pieces.push(Piece { sign: Sign::Ramp, text: axis.say(self.ruler.value(1.0)) });
            }
            AxisKind::Category(words) => {
                let piece = |(i, word): (usize, &String)| Piece {
                    sign: Sign::Swatch(series_color(i)),
                    text: word.clone(),
                };
                pieces.extend(words.iter().enumerate().map(piece));
            }
        }
        if some_missing {
            pieces.push(Piece { sign: Sign::Missing, text: "none".to_owned() });
        }
        pieces
    }
}

/// The colour of what has no value to be coloured by.
pub(crate) fn missing(theme: &Theme) -> Rgb {
    theme.axis.mix(theme.muted, 0.4)
}

/// What stands before the words of a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sign {
    Nothing,
    Swatch(Rgb),
    Missing,
    Ramp,
    /// A dot with this radius.
    Dot(f64),
}

impl Sign {
    fn width(self) -> f64 {
        match self {
            Sign::Nothing => 0.0,
            Sign::Swatch(_) | Sign::Missing => 13.0,
            Sign::Ramp => 96.0,
            Sign::Dot(radius) => radius * 2.0 + 5.0,
        }
    }
}

/// A sign and its words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub sign: Sign,
    pub text: String,
}

/// A legend with its places.
#[derive(Clone, Debug)]
pub(crate) struct Legend {
    placed: Vec<(f64, f64, Piece)>,
    /// Where the plot may begin.
    pub bottom: f64,
}

const ROW: f64 = 18.0;

impl Legend {
    /// Places the pieces in rows beneath `top`, three at most.
    pub fn new(pieces: Vec<Piece>, left: f64, right: f64, top: f64) -> Legend {
        let (mut x, mut row) = (left, 0);
        let mut placed: Vec<(f64, f64, Piece)> = Vec::new();
        let all = pieces.len();
        for piece in pieces {
            let text = one_line(&piece.text, LABEL, (right - left - 110.0).clamp(40.0, 180.0));
            let taken = piece.sign.width() + width(&text, LABEL) + 12.0;
            // The last row keeps room for "+12 more".
            let end = if row == 2 { right - 60.0 } else { right };
            if x > left && x + taken > end {
                (x, row) = (left, row + 1);
            }
            if row == 3 {
                break;
            }
            placed.push((x, top + ROW * (f64::from(row) + 0.5), Piece { text, ..piece }));
            x += taken;
        }
        let left_out = all - placed.len();
        if left_out > 0
            && let Some((_, _, last)) = placed.last_mut()
        {
            last.text = format!("{}   +{} more", last.text, group(left_out as u64));
        }
        let bottom = placed.last().map_or(top, |(_, y, _)| y + ROW / 2.0 + 2.0);
        Legend { placed, bottom }
    }

    pub fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>, theme: &Theme) -> Painted<B> {
        for (x, y, piece) in &self.placed {
            let (x, y) = (*x, *y);
            match piece.sign {
                Sign::Nothing => (),
                Sign::Swatch(color) => pen.dot((x + 4.5, y), 4.5, color, 1.0)?,
                Sign::Missing => pen.dot((x + 4.5, y), 4.5, missing(theme), 1.0)?,
                Sign::Dot(radius) => pen.dot((x + radius, y), radius, theme.muted, 0.6)?,
                Sign::Ramp => {
                    for step in 0..30 {
                        let left = x + f64::from(step) * 3.0;
                        let piece = Rect { left, top: y - 4.0, right: left + 3.0, bottom: y + 4.0 };
                        pen.plate(piece, ramp_color(f64::from(step) / 29.0, theme), 1.0)?;
                    }
                }
            }
            pen.label(&piece.text, (x + piece.sign.width(), y), HPos::Left, theme.muted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    fn texts(legend: &Legend) -> Vec<&str> {
        legend.placed.iter().map(|(_, _, piece)| piece.text.as_str()).collect()
    }

    #[test]
    fn numbers_have_a_ramp_between_their_ends() {
        let axis = Axis::number("lr", Scale::Log10);
        let coloring = Coloring::new(&axis, [1e-4, 1e-2, f64::NAN].into_iter());
        let legend = Legend::new(coloring.pieces(&axis, true), 0.0, 600.0, 0.0);
        assert_eq!(texts(&legend), ["lr", "0.0001", "0.01", "none"]);
        assert_eq!(coloring.color(1e-2, &Theme::LIGHT), ramp_color(1.0, &Theme::LIGHT));
        assert_eq!(coloring.color(f64::NAN, &Theme::LIGHT), missing(&Theme::LIGHT));
        assert!(coloring.shade(1e-4) < coloring.shade(1e-2));
    }

    #[test]
    fn many_words_take_three_rows() {
        let words: Vec<String> = (0..100).map(|i| format!("word-{i}")).collect();
        let axis = Axis::category("group", words);
        let coloring = Coloring::new(&axis, std::iter::empty());
        let legend = Legend::new(coloring.pieces(&axis, false), 10.0, 400.0, 10.0);
        assert!(texts(&legend).last().unwrap().contains(" more"));
        assert_eq!(legend.bottom, 10.0 + 3.0 * ROW + 2.0);
        assert_eq!(coloring.color(2.0, &Theme::DARK), series_color(2));
    }
}
