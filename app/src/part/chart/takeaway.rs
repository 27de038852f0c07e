//! Taking a chart along: as a picture, as a drawing, as numbers.

use super::Picture;
use chart::{Frame, Theme};
use leptos::{html::Canvas, prelude::*};
use std::{fmt::Write as _, sync::Arc};
use wasm_bindgen::JsCast;
use web_sys::HtmlAnchorElement;

/// Width and height of a drawing that is taken along, in CSS pixels.
const SIZE: (u32, u32) = (960, 480);

/// What can be done with a chart besides looking at it.
#[component]
pub fn Takeaway(
    /// What is drawn.
    picture: Signal<Option<Arc<Picture>>>,
    /// What it is drawn on.
    surface: NodeRef<Canvas>,
) -> AnyView {
    let with = move |make: fn(&Picture) -> (String, &'static str, &'static str)| {
        move |_| {
            if let Some(picture) = &*picture.read_untracked() {
                let (text, kind, ending) = make(picture);
                save_text(&text, kind, &format!("{}.{ending}", file_name(&picture.figure.title)));
            }
        }
    };
    let as_picture = move |_| {
        if let (Some(canvas), Some(picture)) = (surface.get_untracked(), &*picture.read_untracked())
            && let Ok(address) = canvas.to_data_url()
        {
            save(&address, &format!("{}.png", file_name(&picture.figure.title)));
        }
    };
    view! {
        <ul class="menu-list">
            <li><button type="button" on:click=as_picture>"Save as PNG"</button></li>
            <li><button type="button" on:click=with(drawing)>"Save as SVG"</button></li>
            <li><button type="button" on:click=with(numbers)>"Save as CSV"</button></li>
        </ul>
    }
    .into_any()
}

fn drawing(picture: &Picture) -> (String, &'static str, &'static str) {
    (chart::svg(&picture.figure, SIZE.0, SIZE.1, Frame::Titled, &Theme::LIGHT), "image/svg+xml", "svg")
}

/// The points that are held: of long curves not all, but every peak.
fn numbers(picture: &Picture) -> (String, &'static str, &'static str) {
    let mut lines = String::from("run,x,y\n");
    for series in &picture.figure.series {
        // What somebody called a run must not become a formula (OWASP, CSV injection).
        let is_formula = series.name.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let name = format!("{}{}", if is_formula { "'" } else { "" }, series.name.replace('"', "\"\""));
        for point in &series.points {
            _ = writeln!(lines, "\"{name}\",{},{}", point.x, point.y);
        }
    }
    (lines, "text/csv", "csv")
}

/// A title as the name of a file.
pub fn file_name(title: &str) -> String {
    title.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

/// Saves a text as a file of this kind.
pub fn save_text(text: &str, kind: &str, name: &str) {
    save(&format!("data:{kind};charset=utf-8,{}", js_sys::encode_uri_component(text)), name);
}

/// Saves what is at an address as a file.
pub fn save(address: &str, name: &str) {
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
    if let Some(link) = link {
        link.set_href(address);
        link.set_download(name);
        link.click();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chart::{Figure, Point, Series};

    #[test]
    fn a_chart_is_saved_as_numbers() {
        let points = vec![Point { x: 0.0, y: 1.5 }, Point { x: 1.0, y: f64::NAN }];
        let series = vec![Series::new("say \"x\"", chart::series_color(0), points)];
        let figure = Figure { title: "val/loss".to_owned(), series, ..Figure::default() };
        let picture = Picture::new(figure, Vec::new(), (600, 300));
        assert_eq!(numbers(&picture).0, "run,x,y\n\"say \"\"x\"\"\",0,1.5\n\"say \"\"x\"\"\",1,NaN\n");
        assert_eq!(file_name(&picture.figure.title), "val-loss");
        assert!(drawing(&picture).0.starts_with("<svg"));
    }
}
