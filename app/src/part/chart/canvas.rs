//! Painting on the canvas.

use super::Picture;
use chart::{Resolution, Rgb, Theme};
use leptos::prelude::window;
use plotters_canvas::CanvasBackend;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// What decides, beside the picture, how the pixels come out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Screen {
    theme: Theme,
    device_pixel_ratio: f64,
}

impl Screen {
    /// As it is now around this canvas. The style sheet alone knows the themes: the colour that it puts behind the
    /// canvas says which one to paint for.
    pub fn around(canvas: &HtmlCanvasElement) -> Self {
        let style = window().get_computed_style(canvas).ok().flatten();
        let behind = style.and_then(|style| style.get_property_value("background-color").ok());
        Self {
            theme: theme_on(behind.as_deref().and_then(read_rgb)),
            device_pixel_ratio: window().device_pixel_ratio(),
        }
    }
}

/// Sizes the canvas for the picture and paints it.
///
/// # Errors
/// When the browser has no memory or no support for a canvas of this size.
pub(super) fn paint(canvas: &HtmlCanvasElement, picture: &Picture, screen: Screen) -> Result<(), JsValue> {
    paint_on(canvas, picture.size, screen, |surface, theme, resolution| {
        chart::paint(&picture.figure, &picture.layout, theme, resolution, surface)
            .map_err(|error| error.to_string())
    })
}

/// Sizes the canvas, in CSS pixels, and lets somebody paint on it.
///
/// # Errors
/// When the browser has no memory or no support for a canvas of this size.
pub fn paint_on(
    canvas: &HtmlCanvasElement,
    (width, height): (u32, u32),
    screen: Screen,
    paint: impl FnOnce(&mut CanvasBackend, &Theme, Resolution) -> Result<(), String>,
) -> Result<(), JsValue> {
    let pixels = |length: u32| (f64::from(length) * screen.device_pixel_ratio).round() as u32;
    canvas.set_width(pixels(width));
    canvas.set_height(pixels(height));
    let style = canvas.style();
    style.set_property("width", &format!("{width}px"))?;
    style.set_property("height", &format!("{height}px"))?;
    // Paper is light, whatever the screen is: the style sheet must know what is to be turned round there.
    canvas.toggle_attribute_with_force("data-dark", is_dark(screen.theme.background))?;

    let context = canvas.get_context("2d")?.ok_or("the browser has no canvas")?;
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let unit = 1.0 / f64::from(Resolution::SUBPIXELS);
    context.set_transform(unit, 0.0, 0.0, unit, 0.0, 0.0)?;
    context.set_line_join("round");
    let mut surface = CanvasBackend::with_canvas_object(canvas.clone()).ok_or("the browser has no canvas")?;
    paint(&mut surface, &screen.theme, Resolution::screen(screen.device_pixel_ratio)).map_err(Into::into)
}

/// The colours that are readable on a background.
fn theme_on(background: Option<Rgb>) -> Theme {
    let Some(background) = background else { return Theme::LIGHT };
    Theme { background, ..if is_dark(background) { Theme::DARK } else { Theme::LIGHT } }
}

fn is_dark(Rgb(red, green, blue): Rgb) -> bool {
    u32::from(red) * 3 + u32::from(green) * 6 + u32::from(blue) < 5 * 255
}

/// Reads an opaque colour as browsers write it: `rgb(15, 17, 21)`.
fn read_rgb(css: &str) -> Option<Rgb> {
    let numbers = css.strip_prefix("rgb(")?.strip_suffix(')')?;
    let mut numbers = numbers.split(',').map(|number| number.trim().parse().ok());
    Some(Rgb(numbers.next()??, numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_background_decides_the_theme() {
        let check = |css: &str, expected: Theme| assert_eq!(theme_on(read_rgb(css)), expected, "{css}");
        check("rgb(255, 255, 255)", Theme::LIGHT);
        check("rgb(15, 17, 21)", Theme::DARK);
        check("rgb(24, 27, 33)", Theme { background: Rgb(24, 27, 33), ..Theme::DARK });
        check("rgb(250, 250, 249)", Theme { background: Rgb(250, 250, 249), ..Theme::LIGHT });
        check("rgba(0, 0, 0, 0)", Theme::LIGHT);
        check("", Theme::LIGHT);
    }
}
