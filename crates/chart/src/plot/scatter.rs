//! Runs as points between two axes, perhaps with colours and sizes of a third and fourth, and the Pareto front.

use plotters_backend::DrawingBackend;

use super::{
    PlotHit,
    axis::{Axis, Ruler},
    counted,
    grid::Grid,
    legend::{Coloring, Legend, Piece, Sign},
    notice,
    pareto::{Direction, pareto_front},
};
use crate::{
    color::{Rgb, Theme, series_color},
    figure::Emphasis,
    layout::{MARGIN, Rect},
    paint::{Painted, Pen},
};

/// One run of a [`Scatter`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScatterPoint {
    /// Its value on the horizontal axis.
    pub x: f64,
    /// Its value on the vertical axis.
    pub y: f64,
    /// Its value on the axis of colours, where there is one.
    pub color: f64,
    /// Its value on the axis of sizes, where there is one.
    pub size: f64,
    /// Its colour where there is no axis of colours.
    pub ink: Rgb,
    /// How much it asks for attention.
    pub emphasis: Emphasis,
}

impl ScatterPoint {
    /// A point of the first colour of lines, among equals.
    pub fn new(x: f64, y: f64) -> ScatterPoint {
        let ink = series_color(0);
        ScatterPoint { x, y, color: f64::NAN, size: f64::NAN, ink, emphasis: Emphasis::Normal }
    }
}

/// Points between two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What gives the points their colours.
    pub color: Option<Axis>,
    /// What gives the points their areas.
    pub size: Option<Axis>,
    /// The runs; later ones are drawn above earlier ones of the same emphasis.
    pub points: Vec<ScatterPoint>,
    /// Which values of x and of y are better, where the Pareto front is asked for. There is none of words.
    pub front: Option<(Direction, Direction)>,
}

impl Scatter {
    fn shows(&self, point: &ScatterPoint) -> bool {
        self.x.has_place(point.x) && self.y.has_place(point.y)
    }

    /// The indices of the points on the Pareto front, from the best in x to the best in y; none where it was not asked
    /// for. Points that the axes can't show are never on it.
    pub fn front_points(&self) -> Vec<usize> {
        let Some(directions) = self.front.filter(|_| self.x.is_number() && self.y.is_number()) else {
            return Vec::new();
        };
        let place =
            |point: &ScatterPoint| if self.shows(point) { (point.x, point.y) } else { (f64::NAN, f64::NAN) };
        let places: Vec<(f64, f64)> = self.points.iter().map(place).collect();
        pareto_front(&places, directions)
    }

    pub(crate) fn describe(&self) -> String {
        let points = counted(self.points.iter().filter(|point| self.shows(point)).count(), "point");
        let color = self.color.as_ref().map_or(String::new(), |axis| format!(", coloured by {}", axis.label));
        let front = match self.front_points().len() {
            0 => String::new(),
            n => format!(", {n} on the Pareto front"),
        };
        format!("{} by {}: {points}{color}{front}", self.y.label, self.x.label)
    }
}

/// A point that is shown.
#[derive(Clone, Copy, Debug)]
struct Dot {
    x: f64,
    y: f64,
    radius: f64,
}

/// The places of a [`Scatter`].
#[derive(Clone, Debug)]
pub(crate) struct ScatterLayout {
    pub grid: Grid,
    legend: Legend,
    coloring: Option<Coloring>,
    /// One for each point; none where an axis can't show it.
    dots: Vec<Option<Dot>>,
    front: Vec<usize>,
}

/// The radii of the smallest and the largest value of an axis of sizes.
const RADII: (f64, f64) = (2.5, 10.0);
/// How far beyond its border the pointer still finds a point.
const REACH: f64 = 6.0;

impl ScatterLayout {
    pub fn new(scatter: &Scatter, area: Rect) -> ScatterLayout {
        let shown = || scatter.points.iter().filter(move |point| scatter.shows(point));
        let coloring = scatter.color.as_ref().map(|axis| Coloring::new(axis, shown().map(|p| p.color)));
        let sizes = scatter.size.as_ref().map(|axis| Ruler::new(axis, shown().map(|p| p.size), 0.0));
        let mut pieces = Vec::new();
        if let (Some(axis), Some(coloring)) = (&scatter.color, &coloring) {
            pieces.extend(coloring.pieces(axis, shown().any(|p| !axis.has_place(p.color))));
        }
        if let (Some(axis), Some(sizes)) = (&scatter.size, sizes.as_ref().filter(|sizes| !sizes.empty)) {
            let end = |share: f64, radius: f64| Piece {
                sign: Sign::Dot(radius),
                text: axis.say(sizes.value(share)),
            };
            pieces.push(Piece { sign: Sign::Nothing, text: axis.label.clone() });
            if axis.is_number() {
                pieces.extend([end(0.0, RADII.0), end(1.0, RADII.1 * 0.75)]);
            }
        }
        let legend = Legend::new(pieces, area.left + MARGIN, area.right - MARGIN, area.top + 4.0);
        let below = Rect { top: legend.bottom.min(area.bottom), ..area };
        let x = Ruler::new(&scatter.x, shown().map(|p| p.x), 0.05);
        let y = Ruler::new(&scatter.y, shown().map(|p| p.y), 0.05);
        let grid = Grid::new(below, (&scatter.x, x), (&scatter.y, y));
        let usual = match scatter.points.len() {
            ..300 => 4.5,
            300..2000 => 3.5,
            _ => 2.5,
        };
        let radius = |point: &ScatterPoint| match sizes.as_ref().map(|sizes| sizes.pixel(point.size)) {
            None => usual,
            Some(share) if share.is_nan() => RADII.0,
            // The area grows with the value.
            Some(share) => (RADII.0.powi(2) + share * (RADII.1.powi(2) - RADII.0.powi(2))).sqrt(),
        };
        let dot = |point: &ScatterPoint| {
            let (x, y) = (grid.x.pixel(point.x), grid.y.pixel(point.y));
            (scatter.shows(point) && !x.is_nan() && !y.is_nan()).then(|| Dot { x, y, radius: radius(point) })
        };
        let dots = scatter.points.iter().map(dot).collect();
        ScatterLayout { grid, legend, coloring, dots, front: scatter.front_points() }
    }

    pub fn paint<B: DrawingBackend>(&self, scatter: &Scatter, pen: &mut Pen<B>, theme: &Theme) -> Painted<B> {
        self.legend.paint(pen, theme)?;
        self.grid.paint(pen, theme, true)?;
        let alone = scatter.points.len() < 2000;
        for emphasis in [Emphasis::Dimmed, Emphasis::Normal, Emphasis::Highlighted] {
            if emphasis == Emphasis::Highlighted {
                self.paint_front(pen, theme)?;
            }
            let drawn = scatter.points.iter().zip(&self.dots).filter(|(p, _)| p.emphasis == emphasis);
            for (point, dot) in drawn.filter_map(|(point, dot)| dot.map(|dot| (point, dot))) {
                let color = match &self.coloring {
                    Some(coloring) => coloring.color(point.color, theme),
                    None => point.ink,
                };
                let middle = (dot.x, dot.y);
                match emphasis {
                    Emphasis::Dimmed => pen.dot(middle, dot.radius, color, 0.15)?,
                    // A rim of the background keeps points apart that lie on one another.
                    Emphasis::Normal if alone => {
                        pen.dot(middle, dot.radius + 0.75, theme.background, 1.0)?;
                        pen.dot(middle, dot.radius, color, 0.9)?;
                    }
                    Emphasis::Normal => pen.dot(middle, dot.radius, color, 0.7)?,
                    Emphasis::Highlighted => {
                        pen.dot(middle, dot.radius + 3.0, theme.text, 1.0)?;
                        pen.dot(middle, dot.radius + 1.5, color, 1.0)?;
                    }
                }
            }
        }
        if self.dots.iter().all(Option::is_none) {
            let words = if scatter.points.is_empty() { "No runs" } else { "No run has a value on both axes" };
            return notice(pen, &self.grid.plot, words, theme);
        }
        Ok(())
    }

    /// A stair: from each point on it goes straight to the next one's x, as nothing better is known in between.
    fn paint_front<B: DrawingBackend>(&self, pen: &mut Pen<B>, theme: &Theme) -> Painted<B> {
        let mut stair: Vec<(f64, f64)> = Vec::new();
        for dot in self.front.iter().filter_map(|&index| self.dots.get(index).copied().flatten()) {
            if let Some(&(_, y)) = stair.last() {
                stair.push((dot.x, y));
            }
            stair.push((dot.x, dot.y));
        }
        if stair.len() > 1 { pen.path(&stair, 1.5, theme.muted, 1.0) } else { Ok(()) }
    }

    /// The point under the pointer; of several the nearest, and the one above of those.
    pub fn hit(&self, x: f64, y: f64) -> Option<PlotHit> {
        let mut best: Option<(f64, usize)> = None;
        for (index, dot) in self.dots.iter().enumerate() {
            let Some(dot) = dot else { continue };
            let away = (dot.x - x).hypot(dot.y - y);
            if away <= dot.radius + REACH && best.is_none_or(|(least, _)| away <= least) {
                best = Some((away, index));
            }
        }
        best.map(|(_, index)| PlotHit::Item(index))
    }

    /// The middle of a point.
    pub fn place(&self, index: usize) -> Option<(f64, f64)> {
        let dot = self.dots.get(index).copied().flatten()?;
        Some((dot.x, dot.y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 500.0, bottom: 300.0 };

    fn scatter(points: &[(f64, f64)]) -> Scatter {
        Scatter {
            x: Axis::number("lr", Scale::Log10),
            y: Axis::number("loss", Scale::Linear),
            color: None,
            size: None,
            points: points.iter().map(|&(x, y)| ScatterPoint::new(x, y)).collect(),
            front: Some((Direction::Less, Direction::Less)),
        }
    }

    #[test]
    fn points_without_a_place_are_left_out() {
        let scatter = scatter(&[(1e-3, 1.0), (0.0, 0.5), (1e-2, f64::NAN), (1e-1, 0.1)]);
        let layout = ScatterLayout::new(&scatter, AREA);
        let shown: Vec<bool> = (0..4).map(|i| layout.place(i).is_some()).collect();
        assert_eq!(shown, [true, false, false, true]);
        assert_eq!(scatter.front_points(), [0, 3]);
        assert_eq!(scatter.describe(), "loss by lr: 2 points, 2 on the Pareto front");
    }

    #[test]
    fn the_nearest_point_is_hit() {
        let layout = ScatterLayout::new(&scatter(&[(1e-3, 1.0), (1e-2, 0.5), (1e-2, 0.5)]), AREA);
        let (x, y) = layout.place(1).unwrap();
        assert_eq!(layout.hit(x + 3.0, y - 3.0), Some(PlotHit::Item(2)));
        assert_eq!(layout.hit(x + 30.0, y - 30.0), None);
    }

    #[test]
    fn areas_grow_with_values() {
        let mut scatter = scatter(&[(1e-3, 1.0), (1e-2, 0.5), (1e-1, 0.5), (1e-1, 0.6)]);
        scatter.size = Some(Axis::number("batch", Scale::Linear));
        for (point, size) in scatter.points.iter_mut().zip([0.0, 50.0, 100.0, f64::NAN]) {
            point.size = size;
        }
        let layout = ScatterLayout::new(&scatter, AREA);
        let radii: Vec<f64> = layout.dots.iter().flatten().map(|dot| dot.radius).collect();
        assert_eq!((radii[0], radii[2], radii[3]), (2.5, 10.0, 2.5));
        assert!((radii[1].powi(2) - (2.5f64.powi(2) + 100.0) / 2.0).abs() < 1e-9);
    }

    #[test]
    fn words_have_no_front() {
        let mut scatter = scatter(&[(0.0, 1.0), (1.0, 0.5)]);
        scatter.x = Axis::category("optimizer", vec!["adam".into(), "sgd".into()]);
        assert!(scatter.front_points().is_empty());
        assert_eq!(scatter.describe(), "loss by optimizer: 2 points");
    }
}
