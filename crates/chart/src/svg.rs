//! The figure as an SVG document: the share picture, the view without scripts, and what tests compare.

use plotters_backend::DrawingBackend;
use plotters_svg::SVGBackend;

use crate::{
    color::Theme,
    figure::{Figure, describe},
    layout::{Frame, Layout},
    paint::{Resolution, paint},
    text::one_line,
};

/// The figure as an SVG of this many CSS pixels, with a `<title>` for those who can't see it. It may stand in a page as
/// it is: it has no ids, no styles, no scripts.
pub fn svg(figure: &Figure, width: u32, height: u32, frame: Frame, theme: &Theme) -> String {
    let layout = Layout::new(figure, width, height, frame);
    let (width, height) = (layout.width as u32, layout.height as u32);
    let units = (width * Resolution::SUBPIXELS, height * Resolution::SUBPIXELS);
    let mut drawing = String::new();
    let mut surface = SVGBackend::with_string(&mut drawing, units);
    let painted =
        paint(figure, &layout, theme, Resolution::SVG, &mut surface).and_then(|()| surface.present());
    debug_assert!(painted.is_ok(), "writing to memory does not fail");
    drop(surface);
    document(width, height, &describe(figure), &drawing)
}

/// The drawing of units as a document of CSS pixels, with a title in words.
pub(crate) fn document(width: u32, height: u32, words: &str, drawing: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" \
         role=\"img\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n<title>{}</title>\n{drawing}</svg>\n",
        width * Resolution::SUBPIXELS,
        height * Resolution::SUBPIXELS,
        escape(&one_line(words, 1.0, f64::INFINITY)),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
