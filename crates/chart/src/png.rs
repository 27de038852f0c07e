//! The figure as a picture of pixels: for programs that show no SVG, such as those that unfold a link in a chat.
//!
//! It is painted on four times as many pixels, of which four and four become one: lines and letters are smooth then.

use plotters::style::{FontStyle, register_font};
use plotters_backend::DrawingBackend;
use plotters_bitmap::BitMapBackend;
use std::sync::LazyLock;

use crate::{
    color::Theme,
    figure::Figure,
    layout::{Frame, Layout},
    paint::{FONT, Resolution, paint},
};

/// Pixels of the picture for each CSS pixel, along each side.
const DENSITY: usize = 2;
/// Painted pixels for each pixel of the picture, along each side.
const FINER: usize = Resolution::SUBPIXELS as usize / DENSITY;

/// Whether the letters are there: a server may have no fonts.
static LETTERS: LazyLock<bool> = LazyLock::new(|| {
    let regular = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
    let bold = register_font(FONT, FontStyle::Bold, dejavu::sans::bold());
    regular.is_ok() && bold.is_ok()
});

/// The figure as a PNG of twice as many pixels as CSS pixels are asked for, along each side. It takes some tens of milliseconds and
/// 60 bytes for each CSS pixel.
///
/// # Errors
/// In words, if the picture can't be painted or written.
pub fn png(figure: &Figure, width: u32, height: u32, theme: &Theme) -> Result<Vec<u8>, String> {
    if !*LETTERS {
        return Err("the letters can't be read".to_owned());
    }
    let layout = Layout::new(figure, width, height, Frame::Titled);
    let (width, height) = (layout.width as usize, layout.height as usize);
    let (columns, rows) = (width * DENSITY, height * DENSITY);
    let mut fine = vec![0; columns * FINER * rows * FINER * 3];
    let units = (columns * FINER) as u32;
    {
        let mut surface = BitMapBackend::with_buffer(&mut fine, (units, (rows * FINER) as u32));
        paint(figure, &layout, theme, Resolution::SVG, &mut surface).map_err(|error| error.to_string())?;
        surface.present().map_err(|error| error.to_string())?;
    }
    let picture = coarser(&fine, columns, rows);
    let mut written = Vec::new();
    let mut encoder = png::Encoder::new(&mut written, columns as u32, rows as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(&picture).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(written)
}

/// Each pixel is the mean of those that it was painted as.
fn coarser(fine: &[u8], columns: usize, rows: usize) -> Vec<u8> {
    let line = columns * FINER * 3;
    let mut picture = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            for part in 0..3 {
                let corner = row * FINER * line + column * FINER * 3 + part;
                let painted =
                    (0..FINER).flat_map(|down| (0..FINER).map(move |right| down * line + right * 3));
                let sum: usize = painted.map(|step| usize::from(fine[corner + step])).sum();
                picture.push((sum / (FINER * FINER)) as u8);
            }
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Point, Series, series_color};

    fn drawn(figure: &Figure) -> (u32, u32, Vec<u8>) {
        let bytes = png(figure, 300, 150, &Theme::LIGHT).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    #[test]
    fn lines_and_letters_are_on_the_picture() {
        let points = (0..50).map(|step| Point { x: f64::from(step), y: f64::from(step) }).collect();
        let series = vec![Series::new("a", series_color(0), points)];
        let untitled = Figure { series, ..Figure::default() };
        let titled = Figure { title: "loss".to_owned(), ..untitled.clone() };
        let (width, height, pixels) = drawn(&titled);
        assert_eq!((width, height), (600, 300));
        let line = series_color(0);
        let of_line = pixels.chunks(3).filter(|pixel| **pixel == [line.0, line.1, line.2]).count();
        assert!(of_line > 200, "{of_line} pixels have the colour of the line");
        let changed = pixels.iter().zip(drawn(&untitled).2).filter(|(one, other)| **one != *other).count();
        assert!(changed > 100, "the title changes {changed} bytes");
    }
}
