//! Texts that anybody may have written, wherever they stand: in addresses, tags, notes, files and on a terminal. Whatever they are,
//! nothing breaks; what is read and written again is the same; and nothing in a note acts.
#![no_main]

use app::{Query, column, formula};
use domain::markdown;
use libfuzzer_sys::fuzz_target;
use model::{
    RunId,
    chart_layout::ChartLayout,
    console::{
        LogPiece, logs_among,
        terminal::{Line, Terminal},
    },
    logged_image::LoggedImages,
    page_token::PageToken,
    reproduce::{quote, without_password},
    requirements::{read_conda, read_python_env, read_requirements, side_by_side},
    run_color::RunColor,
    run_list::{read_runs, write_runs},
    stop::read_stop_request,
    text_diff::diff,
};
use std::collections::BTreeSet;

fuzz_target!(|bytes: &[u8]| {
    printed(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    addresses(text);
    formulas(text);
    tags(text);
    note(text);
    files(text);
});

/// It doesn't matter in which pieces a log is read, and its lines follow each other.
fn printed(bytes: &[u8]) {
    let whole = lines(&[bytes]);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    assert_eq!(lines(&[first, second]), whole);
    assert!(whole.windows(2).all(|pair| pair[0].end == pair[1].start), "{whole:?}");
    for start in [0, 5] {
        let piece = LogPiece::of_last_lines(start, bytes.to_vec(), 0);
        assert_eq!(piece.start - start + piece.bytes.len() as u64, bytes.len() as u64);
        assert!(bytes.is_empty() || !piece.bytes.is_empty(), "whoever goes on asking must get on");
    }
}

fn lines(pieces: &[&[u8]]) -> Vec<Line> {
    let mut terminal = Terminal::starting(0);
    let mut lines = Vec::new();
    for piece in pieces {
        lines.extend(terminal.read(piece));
    }
    lines.extend(terminal.unfinished().cloned());
    lines
}

fn addresses(text: &str) {
    let query = Query::parse(text);
    assert_eq!(Query::parse(&query.to_string()), query, "{text:?}");
    if let Ok(token) = PageToken::decode(text) {
        assert_eq!(PageToken::decode(&token.encode()), Ok(token), "{text:?}");
        assert!(i64::try_from(token.offset).is_ok(), "{text:?}");
    }
    let known: BTreeSet<RunId> = read_runs(text).iter().filter_map(|id| id.parse().ok()).collect();
    let known: Vec<RunId> = known.into_iter().collect();
    let again: Vec<RunId> = read_runs(&write_runs(&known)).iter().filter_map(|id| id.parse().ok()).collect();
    assert_eq!(again, known, "{text:?}");
    let layout = ChartLayout::parse(text);
    assert_eq!(ChartLayout::parse(&layout.to_string()), layout, "{text:?}");
    if let Some(columns) = column::read_columns(text) {
        let written = column::write_columns(&columns);
        assert_eq!(column::read_columns(&written), Some(columns), "{text:?} became {written:?}");
    }
}

fn formulas(text: &str) {
    let Ok(measure) = formula::parse(text) else { return };
    assert!(!measure.keys.is_empty(), "{text:?}");
    let _ = measure.value(&vec![1.5; measure.keys.len()]);
    assert!(formula::parse(&measure.name).is_ok_and(|again| again == measure), "{text:?}");
}

fn tags(text: &str) {
    if let Ok(color) = text.parse::<RunColor>() {
        assert_eq!(color.to_string(), text.to_ascii_lowercase());
    }
    let _ = read_stop_request(text);
    let _ = without_password(text);
    if let Some(quoted) = quote(text) {
        assert!(!quoted.contains(char::is_control), "{text:?}");
    }
}

/// Elements that a note can have.
const ELEMENTS: [&str; 27] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "input",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Of anybody's note nothing is left that a browser would act upon.
fn note(text: &str) {
    let html = markdown::to_html(text);
    for element in html.split('<').skip(1) {
        let name = element.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next();
        let is_known = name.is_some_and(|name| ELEMENTS.contains(&name));
        assert!(is_known, "{text:?} became {html:?}");
        let tag = element.split('>').next().unwrap_or_default();
        let address = tag.split_once(" href=\"").and_then(|(_, rest)| rest.split('"').next());
        assert!(address.is_none_or(is_harmless), "{text:?} became {html:?}");
    }
}

/// Whether an address leads to the web, or to somewhere on this site.
fn is_harmless(address: &str) -> bool {
    let before = address.split(['/', '?', '#']).next().unwrap_or_default();
    let scheme = before.split_once(':').map_or("", |(scheme, _)| scheme);
    // What holds a percent sign is no scheme.
    let is_known = scheme.contains('%')
        || ["", "http", "https", "mailto"].contains(&scheme.to_ascii_lowercase().as_str());
    is_known && !address.starts_with("//")
}

fn files(text: &str) {
    let packages = [read_requirements(text), read_python_env(text), read_conda(text)];
    assert!(side_by_side(&packages).iter().all(|line| line.values.len() == packages.len()), "{text:?}");
    let names: Vec<String> = text.lines().map(str::to_owned).collect();
    let images = LoggedImages::among(&names, 3);
    let shown: usize = images.series.iter().map(|series| series.images.len()).sum();
    assert!(shown <= 3, "{text:?}");
    assert!(logs_among(names).iter().all(|name| text.contains(name.as_str())), "{text:?}");
    assert!(diff(text, text).hunks.is_empty(), "{text:?}");
    let (before, after) = text.split_once('\0').unwrap_or((text, ""));
    let found = diff(before, after);
    let all = before.lines().count() + after.lines().count();
    assert!(found.removed as usize + found.added as usize <= all, "{text:?}");
}
