use super::exhibit;
use crate::part::status::series_class;
use leptos::prelude::*;

/// Backgrounds, lines and texts.
const COLOURS: [&str; 28] = [
    "--bg",
    "--surface",
    "--raised",
    "--pressed",
    "--hover",
    "--sunken",
    "--border",
    "--border-strong",
    "--text",
    "--text-soft",
    "--muted",
    "--faint",
    "--accent",
    "--accent-hover",
    "--accent-text",
    "--accent-soft",
    "--on-accent",
    "--focus",
    "--good",
    "--good-soft",
    "--danger",
    "--danger-soft",
    "--warn",
    "--warn-soft",
    "--live",
    "--mark",
    "--shadow",
    "--shadow-menu",
];

/// Distances and heights.
const LENGTHS: [&str; 10] =
    ["--s1", "--s2", "--s3", "--s4", "--s5", "--s6", "--s7", "--control", "--row", "--bar"];

/// Sizes of text.
const TEXTS: [&str; 5] = ["--text-xs", "--text-s", "--text-m", "--text-l", "--text-xl"];

/// Roundings.
const RADII: [&str; 2] = ["--radius", "--radius-l"];

/// Families of letters.
const LETTERS: [&str; 2] = ["--sans", "--mono"];

/// Colours of lines in charts; they repeat after these.
const SERIES: usize = 36;

/// What the style sheet gives names to.
pub fn room() -> AnyView {
    let colours = |theme: &'static str| {
        let swatches = COLOURS.map(swatch).into_iter().collect_view();
        view! { <div class=format!("gallery-theme {theme}")><ul class="gallery-swatches">{swatches}</ul></div> }
    };
    let series = |theme: &'static str| {
        let dot = |index: usize| {
            view! { <span class=format!("series-dot {}", series_class(index)) title=series_class(index)></span> }
        };
        let dots = (0..SERIES).map(dot).collect_view();
        view! { <div class=format!("gallery-theme {theme}")><div class="gallery-row">{dots}</div></div> }
    };
    let length = |token: &'static str| {
        view! {
            <li><span class="gallery-length" style:width=format!("var({token})")></span><code>{token}</code></li>
        }
    };
    let text = |token: &'static str| {
        view! { <p style:font-size=format!("var({token})")>"Loss fell to 0.0312 " <code>{token}</code></p> }
    };
    let radius = |token: &'static str| {
        view! { <li><span class="gallery-corner" style:border-radius=format!("var({token})")></span><code>{token}</code></li> }
    };
    let letters = |token: &'static str| {
        view! { <p style:font-family=format!("var({token})")>"Il1 O0 {} -> 1,234.5 " <code>{token}</code></p> }
    };
    view! {
        {exhibit("Colours, light and dark", view! { {colours("light")} {colours("dark")} })}
        {exhibit("Colours of lines", view! { {series("light")} {series("dark")} })}
        {exhibit("Distances", view! { <ul class="gallery-list">{LENGTHS.map(length).into_iter().collect_view()}</ul> })}
        {exhibit("Sizes of text", TEXTS.map(text).into_iter().collect_view())}
        {exhibit("Roundings", view! { <ul class="gallery-list">{RADII.map(radius).into_iter().collect_view()}</ul> })}
        {exhibit("Letters", LETTERS.map(letters).into_iter().collect_view())}
    }
    .into_any()
}

fn swatch(token: &'static str) -> AnyView {
    let chip = if token.starts_with("--shadow") {
        view! { <span class="gallery-swatch" style:box-shadow=format!("var({token})")></span> }.into_any()
    } else {
        view! { <span class="gallery-swatch" style:background=format!("var({token})")></span> }.into_any()
    };
    view! { <li>{chip}<code>{token}</code></li> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_of_the_style_sheet_is_shown() {
        let sheet = include_str!("../../../style/00-tokens.css");
        let named = sheet.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
        let mut named: Vec<String> = named.map(|(name, _)| format!("--{name}")).collect();
        let lists = [&COLOURS[..], &LENGTHS[..], &TEXTS[..], &RADII[..], &LETTERS[..]];
        let mut shown: Vec<String> = lists.concat().into_iter().map(str::to_owned).collect();
        named.sort();
        shown.sort();
        assert_eq!(shown, named);
    }
}
