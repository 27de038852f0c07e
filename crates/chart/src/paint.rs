//! The strokes. plotters lends its surfaces and styles; every decision was taken before.

use plotters::style::{
    FontDesc, FontFamily, FontStyle, RGBAColor, RGBColor, ShapeStyle, TextStyle, text_anchor::*,
};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};

use crate::{
    band,
    color::{Rgb, Theme},
    figure::{Emphasis, Figure, Point, Series},
    layout::{Layout, Rect, SWATCH},
    text::{LABEL, TITLE, one_line},
    trace::{NonFinite, Trace},
};

pub(crate) const FONT: &str = "system-ui, sans-serif";

/// How CSS pixels become the whole numbers that a plotters surface takes.
///
/// Each device pixel is split in [`Resolution::SUBPIXELS`], else smooth lines would show stairs. Before painting on a
/// canvas, size it in device pixels and shrink its grid: `context.set_transform(s, 0, 0, s, 0, 0)` with
/// `s = 1 / Resolution::SUBPIXELS` (and `context.set_line_join("round")`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    device_pixels: f64,
    font: f64,
}

impl Resolution {
    /// Units of the surface for each device pixel, along each side.
    pub const SUBPIXELS: u32 = 4;

    /// For a canvas on a screen with this `devicePixelRatio`.
    pub fn screen(device_pixel_ratio: f64) -> Resolution {
        let sane = device_pixel_ratio.is_finite() && device_pixel_ratio > 0.0;
        Resolution { device_pixels: if sane { device_pixel_ratio.clamp(0.25, 8.0) } else { 1.0 }, font: 1.0 }
    }

    /// For plotters-svg, which takes 1.24 units for a font's size of one.
    pub(crate) const SVG: Resolution = Resolution { device_pixels: 1.0, font: 1.24 };

    fn units(self, pixels: f64) -> i32 {
        (pixels * self.device_pixels * f64::from(Self::SUBPIXELS)).round() as i32
    }

    /// On the border of a device pixel, for hairlines that are not blurred.
    fn crisp(self, pixels: f64) -> i32 {
        (pixels * self.device_pixels).round() as i32 * Self::SUBPIXELS as i32
    }

    fn hairline(self) -> i32 {
        self.device_pixels.floor().max(1.0) as i32 * Self::SUBPIXELS as i32
    }
}

/// What a surface answers.
pub(crate) type Painted<B> = Result<(), DrawingErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Paints the figure, background first, onto any surface of plotters. `layout` must be of the same figure.
///
/// # Errors
/// Only those of the surface; a canvas and an SVG in memory have none.
pub fn paint<B: DrawingBackend>(
    figure: &Figure,
    layout: &Layout,
    theme: &Theme,
    resolution: Resolution,
    surface: &mut B,
) -> Painted<B> {
    let mut pen = Pen { surface, resolution };
    pen.fill((0.0, 0.0), (layout.width, layout.height), theme.background)?;
    paint_head(&mut pen, figure, layout, theme)?;
    // Where labels leave no room for a plot, none is drawn.
    if layout.plot.width() < 8.0 || layout.plot.height() < 8.0 {
        return Ok(());
    }
    paint_axes(&mut pen, layout, theme)?;
    // Below all lines: an area must not hide what lies behind it.
    for (series, band) in figure.series.iter().zip(&layout.bands).filter(|(_, band)| !band.is_empty()) {
        let opacity = if series.emphasis == Emphasis::Dimmed { 0.06 } else { 0.18 };
        for area in band::areas(series, band, layout) {
            pen.area(&area, series.color, opacity)?;
        }
    }
    let mut trace = Trace::default();
    for emphasis in [Emphasis::Dimmed, Emphasis::Normal, Emphasis::Highlighted] {
        for (series, smoothed) in
            figure.series.iter().zip(&layout.smoothed).filter(|(s, _)| s.emphasis == emphasis)
        {
            paint_series(&mut pen, series, smoothed.as_deref(), layout, &mut trace)?;
        }
    }
    if let Some(notice) = layout.notice() {
        let plot = layout.plot;
        let middle = ((plot.left + plot.right) / 2.0, (plot.top + plot.bottom) / 2.0);
        let words = one_line(notice.text(), LABEL + 1.0, plot.width());
        pen.text(&words, middle, HPos::Center, LABEL + 1.0, FontStyle::Normal, theme.muted)?;
    }
    Ok(())
}

fn paint_head<B: DrawingBackend>(
    pen: &mut Pen<B>,
    figure: &Figure,
    layout: &Layout,
    theme: &Theme,
) -> Painted<B> {
    if let Some((x, y, title)) = &layout.title {
        pen.text(title, (*x, *y), HPos::Left, TITLE, FontStyle::Bold, theme.text)?;
    }
    if let Some((x, y, note)) = &layout.note {
        pen.text(note, (*x, *y), HPos::Right, LABEL, FontStyle::Normal, theme.muted)?;
    }
    for item in &layout.legend {
        let color = figure.series.get(item.series).map_or(theme.muted, |s| s.color);
        pen.path(&[(item.x, item.y), (item.x + SWATCH - 6.0, item.y)], 2.0, color, 1.0)?;
        pen.text(&item.name, (item.x + SWATCH, item.y), HPos::Left, LABEL, FontStyle::Normal, theme.muted)?;
    }
    Ok(())
}

fn paint_axes<B: DrawingBackend>(pen: &mut Pen<B>, layout: &Layout, theme: &Theme) -> Painted<B> {
    let plot = layout.plot;
    let faint = theme.grid.mix(theme.background, 0.45);
    let x = |value| layout.x.pixel(value, plot.left, plot.right);
    let y = |value| layout.y.pixel(value, plot.bottom, plot.top);
    for &value in &layout.y_ticks.minor {
        pen.across(y(value), plot.left, plot.right, faint)?;
    }
    for &value in &layout.x_ticks.minor {
        pen.down(x(value), plot.top, plot.bottom, faint)?;
    }
    if !layout.x_ticks.minor.is_empty() {
        for tick in &layout.x_ticks.major {
            pen.down(x(tick.value), plot.top, plot.bottom, theme.grid)?;
        }
    }
    for tick in &layout.y_ticks.major {
        pen.across(y(tick.value), plot.left, plot.right, theme.grid)?;
        let place = (plot.left - 8.0, y(tick.value));
        pen.text(&tick.label, place, HPos::Right, LABEL, FontStyle::Normal, theme.muted)?;
    }
    pen.across(plot.bottom, plot.left, plot.right, theme.axis)?;
    for tick in &layout.x_ticks.major {
        pen.down(x(tick.value), plot.bottom, plot.bottom + 4.0, theme.axis)?;
    }
    for (middle, label) in &layout.x_labels {
        pen.text(label, (*middle, plot.bottom + 14.0), HPos::Center, LABEL, FontStyle::Normal, theme.muted)?;
    }
    Ok(())
}

fn paint_series<B: DrawingBackend>(
    pen: &mut Pen<B>,
    series: &Series,
    smoothed: Option<&[f64]>,
    layout: &Layout,
    trace: &mut Trace,
) -> Painted<B> {
    let (stroke, opacity) = match series.emphasis {
        Emphasis::Dimmed => (1.25, 0.25),
        Emphasis::Normal => (1.5, 1.0),
        Emphasis::Highlighted => (2.5, 1.0),
    };
    let columns = pen.resolution.device_pixels;
    trace.follow(series.points.iter().copied(), layout, columns);
    if let Some(smoothed) = smoothed {
        pen.trace(trace, 1.0, series.color, opacity * 0.25)?;
        pen.marks(trace, layout, series.color, opacity)?;
        let points = series.points.iter().zip(smoothed).map(|(point, &y)| Point { x: point.x, y });
        trace.follow(points, layout, columns);
        return pen.trace(trace, stroke, series.color, opacity);
    }
    if layout.sparse {
        trace.dots.clear();
    }
    pen.trace(trace, stroke, series.color, opacity)?;
    pen.marks(trace, layout, series.color, opacity)?;
    if layout.sparse {
        for (x, y) in series.points.iter().filter_map(|&point| layout.to_pixel(point)) {
            if layout.plot.contains(x, y) {
                pen.dot((x, y), stroke + 0.75, series.color, opacity)?;
            }
        }
    }
    Ok(())
}

/// Draws in CSS pixels on a surface that counts in units.
pub(crate) struct Pen<'a, B: DrawingBackend> {
    pub surface: &'a mut B,
    pub resolution: Resolution,
}

impl<B: DrawingBackend> Pen<'_, B> {
    fn unit(&self, (x, y): (f64, f64)) -> BackendCoord {
        (self.resolution.units(x), self.resolution.units(y))
    }

    pub fn fill(&mut self, from: (f64, f64), to: (f64, f64), color: Rgb) -> Painted<B> {
        let (from, to) = (self.unit(from), self.unit(to));
        self.surface.draw_rect(from, to, &solid(color, 1.0), true)
    }

    /// A filled rectangle whose borders lie on device pixels, so neighbours touch without a seam. It is never thinner than
    /// a hairline.
    pub fn plate(&mut self, rect: Rect, color: Rgb, opacity: f64) -> Painted<B> {
        let r = self.resolution;
        let from = (r.crisp(rect.left), r.crisp(rect.top));
        let to =
            (r.crisp(rect.right).max(from.0 + r.hairline()), r.crisp(rect.bottom).max(from.1 + r.hairline()));
        self.surface.draw_rect(from, to, &solid(color, opacity), true)
    }

    /// A filled outline.
    pub fn area(&mut self, corners: &[(f64, f64)], color: Rgb, opacity: f64) -> Painted<B> {
        let corners: Vec<BackendCoord> = corners.iter().map(|&corner| self.unit(corner)).collect();
        self.surface.fill_polygon(corners, &solid(color, opacity))
    }

    /// A hairline from left to right. Filled, not stroked: surfaces disagree on where a stroke of one pixel lies.
    pub fn across(&mut self, y: f64, left: f64, right: f64, color: Rgb) -> Painted<B> {
        let r = self.resolution;
        let (from, to) = ((r.crisp(left), r.crisp(y)), (r.crisp(right), r.crisp(y) + r.hairline()));
        self.surface.draw_rect(from, to, &solid(color, 1.0), true)
    }

    /// A hairline downwards.
    pub fn down(&mut self, x: f64, top: f64, bottom: f64, color: Rgb) -> Painted<B> {
        let r = self.resolution;
        let (from, to) = ((r.crisp(x), r.crisp(top)), (r.crisp(x) + r.hairline(), r.crisp(bottom)));
        self.surface.draw_rect(from, to, &solid(color, 1.0), true)
    }

    pub fn path(&mut self, pixels: &[(f64, f64)], width: f64, color: Rgb, opacity: f64) -> Painted<B> {
        let (r, style) = (self.resolution, self.stroke(width, color, opacity));
        self.surface.draw_path(pixels.iter().map(|&(x, y)| (r.units(x), r.units(y))), &style)
    }

    fn stroke(&self, width: f64, color: Rgb, opacity: f64) -> ShapeStyle {
        ShapeStyle {
            filled: false,
            stroke_width: self.resolution.units(width).max(1) as u32,
            ..solid(color, opacity)
        }
    }

    pub fn dot(&mut self, middle: (f64, f64), radius: f64, color: Rgb, opacity: f64) -> Painted<B> {
        let (middle, radius) = (self.unit(middle), self.resolution.units(radius).max(1) as u32);
        self.surface.draw_circle(middle, radius, &solid(color, opacity), true)
    }

    fn trace(&mut self, trace: &Trace, width: f64, color: Rgb, opacity: f64) -> Painted<B> {
        let (r, style) = (self.resolution, self.stroke(width, color, opacity));
        for stroke in trace.strokes() {
            self.surface.draw_path(stroke.iter().map(|p| (r.units(p.x), r.units(p.y))), &style)?;
        }
        for dot in &trace.dots {
            self.dot((dot.x, dot.y), width + 0.75, color, opacity)?;
        }
        Ok(())
    }

    /// Small signs at the borders: a tick below for NaN, an arrowhead above or below for the infinite.
    fn marks(&mut self, trace: &Trace, layout: &Layout, color: Rgb, opacity: f64) -> Painted<B> {
        let (top, bottom) = (layout.plot.top, layout.plot.bottom);
        for mark in &trace.marks {
            let x = mark.x;
            let corners = match mark.value {
                NonFinite::Nan => {
                    self.path(&[(x, bottom - 6.0), (x, bottom)], 1.5, color, opacity)?;
                    continue;
                }
                NonFinite::Infinite => [(x, top), (x + 4.0, top + 6.0), (x - 4.0, top + 6.0)],
                NonFinite::NegativeInfinite => {
                    [(x, bottom), (x + 4.0, bottom - 6.0), (x - 4.0, bottom - 6.0)]
                }
            };
            let corners = corners.map(|corner| self.unit(corner));
            self.surface.fill_polygon(corners, &solid(color, opacity))?;
        }
        Ok(())
    }

    /// Text of the size of labels.
    pub fn label(&mut self, text: &str, place: (f64, f64), side: HPos, color: Rgb) -> Painted<B> {
        self.text(text, place, side, LABEL, FontStyle::Normal, color)
    }

    pub fn text(
        &mut self,
        text: &str,
        place: (f64, f64),
        side: HPos,
        size: f64,
        weight: FontStyle,
        color: Rgb,
    ) -> Painted<B> {
        let units = size * self.resolution.device_pixels * f64::from(Resolution::SUBPIXELS);
        let font = FontDesc::new(FontFamily::Name(FONT), units * self.resolution.font, weight);
        let ink = RGBColor(color.0, color.1, color.2);
        let style = TextStyle::from(font).color(&ink).pos(Pos::new(side, VPos::Center));
        let place = self.unit(place);
        self.surface.draw_text(text, &style, place)
    }
}

fn solid(color: Rgb, opacity: f64) -> ShapeStyle {
    ShapeStyle { color: RGBAColor(color.0, color.1, color.2, opacity), filled: true, stroke_width: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Frame, series_color};
    use plotters_svg::SVGBackend;

    fn number(line: &str, attribute: &str) -> i32 {
        let value = line.split(&format!(" {attribute}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.and_then(|v| v.parse().ok()).unwrap()
    }

    #[test]
    fn hairlines_lie_on_device_pixels() {
        let points = (0..100).map(|i| Point { x: f64::from(i), y: f64::from(i * i) }).collect();
        let figure = Figure { series: vec![Series::new("a", series_color(0), points)], ..Figure::default() };
        let layout = Layout::new(&figure, 333, 222, Frame::Bare);
        for ratio in [1.0, 1.25, 2.0] {
            let mut drawn = String::new();
            let mut surface = SVGBackend::with_string(&mut drawn, (4000, 4000));
            paint(&figure, &layout, &Theme::LIGHT, Resolution::screen(ratio), &mut surface).unwrap();
            drop(surface);
            let hairlines: Vec<_> = drawn.lines().filter(|l| l.starts_with("<rect")).skip(1).collect();
            assert!(hairlines.len() > 4);
            for line in hairlines {
                for attribute in ["x", "y", "width", "height"] {
                    assert_eq!(
                        number(line, attribute) % Resolution::SUBPIXELS as i32,
                        0,
                        "{line} at {ratio}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_line_that_is_pointed_at_is_painted_last() {
        let line = |i: usize, emphasis| {
            let points = vec![Point { x: 0.0, y: 0.0 }, Point { x: 1.0, y: 1.0 }];
            Series { emphasis, ..Series::new("a", series_color(i), points) }
        };
        let series =
            vec![line(0, Emphasis::Highlighted), line(1, Emphasis::Normal), line(2, Emphasis::Dimmed)];
        let drawn = crate::svg(&Figure { series, ..Figure::default() }, 300, 200, Frame::Bare, &Theme::DARK);
        let lines = drawn.lines().filter(|l| l.starts_with("<polyline"));
        let colors: Vec<_> =
            lines.map(|l| l.split("stroke=\"").nth(1).unwrap()[..7].to_lowercase()).collect();
        assert_eq!(colors, [2, 1, 0].map(|i| series_color(i).css()));
    }
}
