//! What a link shows: a part of a document that needs neither scripts nor questions.

use crate::{
    table::{
        Column::{Numbers, Words},
        table as table_of,
    },
    words::moment,
};
use app::{
    Ink,
    column::Column,
    comparison::{Line, Value, change, groups},
    counted, duration, run_name, status_word,
};
use chart::{Figure, Theme};
use leptos::prelude::*;
use model::{
    page::{ComparedRun, Total},
    run::{Run, RunStatus, tag},
};

/// Size of a chart, in CSS pixels.
pub const WIDTH: u32 = 560;
const HEIGHT: u32 = 280;

/// A chart as a document of SVG.
pub fn svg(figure: &Figure, width: u32, height: u32) -> String {
    chart::svg(figure, width, height, chart::Frame::Titled, &Theme::LIGHT)
}

/// What is shown.
pub enum Sheet {
    /// Runs side by side, with their curves.
    Runs {
        /// The runs.
        runs: Vec<ComparedRun>,
        /// How many more the link names, which are gone.
        gone: usize,
        /// How many more it names than a sheet shows.
        more_runs: usize,
        /// The place of the run that the others are compared to.
        base: usize,
        /// The curves.
        charts: Vec<Figure>,
        /// How many more metrics there are.
        more_charts: usize,
        /// Whether only what differs is listed.
        only_differences: bool,
        /// Their files, if they are shown: of each run that has some.
        files: Vec<RunFiles>,
        /// Whether other runs may have files, too.
        more_files: bool,
    },
    /// A table of runs.
    Table {
        /// The columns after the name.
        columns: Vec<Column>,
        /// The rows.
        runs: Vec<Run>,
        /// How many rows come before them.
        offset: u64,
        /// How many there are in all.
        total: Total,
    },
}

/// Files of a run.
pub struct RunFiles {
    /// What the run is called.
    pub run: String,
    /// The files.
    pub files: Vec<File>,
    /// Whether there are more.
    pub is_more: bool,
}

/// A file of a run.
pub struct File {
    /// Where it is among the run's.
    pub path: String,
    /// Where it is saved from.
    pub address: String,
    /// Bytes.
    pub size: u64,
}

impl Sheet {
    /// As HTML. Many large charts take a while: not for an async thread.
    pub fn render(self) -> String {
        let owner = Owner::new();
        let html = owner.with(|| self.view().to_html());
        // No text of XML or of a database may hold it.
        html.replace('\0', "")
    }

    fn view(self) -> AnyView {
        match self {
            Self::Runs {
                runs,
                gone,
                more_runs,
                base,
                charts,
                more_charts,
                only_differences,
                files,
                more_files,
            } => view! {
                {left_out(gone, more_runs)}
                {curves(&charts, more_charts)}
                {side_by_side(&runs, base, only_differences)}
                {(!files.is_empty()).then(|| files_of(files, more_files))}
            }
            .into_any(),
            Self::Table { columns, runs, offset, total } => table(&columns, &runs, offset, total),
        }
    }
}

fn left_out(gone: usize, more: usize) -> AnyView {
    let gone = (gone > 0).then(|| {
        view! { <p class="banner" role="status">{counted(gone as u64, "run")}" of this link can no longer be seen."</p> }
    });
    let more = (more > 0).then(|| {
        view! { <p class="banner" role="status">{counted(more as u64, "more run")}" of this link: a sheet shows the first ones."</p> }
    });
    view! { {gone} {more} }.into_any()
}

fn curves(charts: &[Figure], more: usize) -> Option<AnyView> {
    let more = (more > 0).then(|| {
        view! { <p class="muted">{counted(more as u64, "more metric")}" in the table below."</p> }
    });
    (!charts.is_empty()).then(|| {
        view! {
            <section aria-label="Curves">
                <div class="sheet-charts">
                    {charts.iter().map(|chart| view! { <figure class="sheet-chart" inner_html=svg(chart, WIDTH, HEIGHT)></figure> }).collect_view()}
                </div>
                {more}
            </section>
        }
        .into_any()
    })
}

fn side_by_side(runs: &[ComparedRun], base: usize, only_differences: bool) -> AnyView {
    let width = (runs.len() + 1).to_string();
    let heads = runs.iter().enumerate().map(|(index, run)| {
        view! {
            <th scope="col">
                {Ink::of(&run.run, index).dot()}
                {run_name(&run.run)}
                {(base > 0 && index == base).then(|| view! { " " <span class="chip">"Baseline"</span> })}
            </th>
        }
    });
    let heads = heads.collect_view();
    let bodies = groups(runs).into_iter().filter_map(|(name, lines)| {
        let rows: Vec<AnyView> =
            lines.iter().filter(|line| !only_differences || line.differs()).map(|line| line_of(line, base)).collect();
        (!rows.is_empty()).then(|| {
            view! {
                <tbody>
                    <tr class="group-line"><th colspan=width.clone() scope="rowgroup"><span>{name}</span></th></tr>
                    {rows}
                </tbody>
            }
        })
    });
    let bodies = bodies.collect_view();
    view! {
        <section class="comparison" aria-label="Values">
            <div class="table-frame" role="region" aria-label="Values of the runs" tabindex="0">
                <table class="grid comparison-table" aria-label="Values of the runs">
                    <thead><tr><td class="name"></td>{heads}</tr></thead>
                    {bodies}
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn files_of(runs: Vec<RunFiles>, more: bool) -> AnyView {
    let file = |File { path, address, size }: File| {
        view! { <tr><th scope="row"><a href=address download="">{path}</a></th><td class="num">{app::size(size)}</td></tr> }
            .into_any()
    };
    let run = |RunFiles { run, files, is_more }: RunFiles| {
        let rows: Vec<AnyView> = files.into_iter().map(file).collect();
        view! {
            <h3>{run}</h3>
            {table_of("Files", "", [Words("File"), Numbers("Size")], rows)}
            {is_more.then(|| view! { <p class="muted">"There are more files."</p> })}
        }
    };
    view! {
        <section class="sheet-files" aria-labelledby="files-title">
            <h2 id="files-title">"Files"</h2>
            {runs.into_iter().map(run).collect_view()}
            {more.then(|| view! { <p class="muted">"The files of the other runs aren't listed here."</p> })}
        </section>
    }
    .into_any()
}

fn line_of(line: &Line, base: usize) -> AnyView {
    let differs = line.differs();
    let base = line.values.get(base);
    let cell = |value: &Value| {
        let marked = differs && base.is_some_and(|base| !base.is_like(value));
        let number = matches!(value, Value::Number(_));
        let change = base.and_then(|base| change(base, value));
        let unlike = marked && change.is_none();
        view! {
            <td class:differs=marked class:unlike=unlike class:num=number>
                {shown(value)}
                {change.map(|change| view! { <span class="change">{change}</span> })}
            </td>
        }
    };
    view! {
        <tr>
            <th class="name" scope="row" title=line.key.clone()>{line.key.clone()}</th>
            {line.values.iter().map(cell).collect_view()}
        </tr>
    }
    .into_any()
}

fn nothing() -> AnyView {
    view! { <span class="faint">"–"</span> }.into_any()
}

fn number(value: f64) -> AnyView {
    let short = chart::format_number(value);
    let full = value.to_string();
    let title = (full != short).then_some(full);
    view! { <span class="number" class:odd=!value.is_finite() title=title>{short}</span> }.into_any()
}

fn took(start: i64, end: Option<i64>) -> AnyView {
    end.map_or_else(nothing, |end| duration(end.saturating_sub(start)).into_any())
}

fn shown(value: &Value) -> AnyView {
    match value {
        Value::Missing => nothing(),
        Value::Text(text) => view! { <span class="cell-text">{text.clone()}</span> }.into_any(),
        Value::Commit { id, .. } => view! { <span class="cell-text">{id.clone()}</span> }.into_any(),
        Value::Number(value) => number(*value),
        Value::Status(status) => status_word(*status).into_any(),
        Value::Started(0) => nothing(),
        Value::Started(at) => view! { {moment(*at)} " UTC" }.into_any(),
        Value::Took { start, end, .. } => took(*start, *end),
    }
}

fn table(columns: &[Column], runs: &[Run], offset: u64, total: Total) -> AnyView {
    if runs.is_empty() {
        return view! { <p class="none-found">"There are no such runs."</p> }.into_any();
    }
    let head = |column: &Column| {
        let number = matches!(column, Column::Metric(..));
        let utc = (*column == Column::Started).then_some(" (UTC)");
        view! { <th scope="col" class:num=number>{column.title().to_owned()}{column.figure().map(|figure| format!(" ({figure})"))}{utc}</th> }
    };
    let heads = columns.iter().map(head).collect_view();
    let row = |run: &Run| {
        let cells = columns.iter().map(|column| cell(run, column)).collect_view();
        let dot = run.color().map(|color| view! { {Ink::Chosen(color).dot()} " " });
        view! { <tr><th scope="row" class="strong">{dot}{run_name(run)}</th><td>{status_word(run.info.status)}</td>{cells}</tr> }
    };
    let rows = runs.iter().map(row).collect_view();
    let last = offset + runs.len() as u64;
    let all = match total {
        Total::Exactly(count) => counted(count, "run"),
        Total::AtLeast(count) => format!("{} or more", counted(count, "run")),
    };
    view! {
        <p class="muted">{format!("{} to {last} of {all}", offset + 1)}</p>
        <div class="table-frame" role="region" aria-label="Runs" tabindex="0">
            <table class="grid" aria-label="Runs">
                <thead><tr><th scope="col">"Run"</th><th scope="col">"Status"</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn cell(run: &Run, column: &Column) -> AnyView {
    let text = |text: Option<&str>| match text {
        None | Some("") => nothing(),
        Some(text) => view! { <span class="cell-text">{text.to_owned()}</span> }.into_any(),
    };
    let (content, is_number) = match column {
        Column::Started if run.info.start_time == 0 => (nothing(), false),
        Column::Started => (moment(run.info.start_time), false),
        Column::Duration if run.info.status == RunStatus::Running => (nothing(), false),
        Column::Duration => (took(run.info.start_time, run.info.end_time), false),
        Column::User => (text(Some(&run.info.user)), false),
        Column::Source => (text(run.tag(tag::SOURCE_NAME)), false),
        Column::Metric(..) => (column.number(run).map_or_else(nothing, number), true),
        Column::Param(key) => {
            let param = run.params.iter().find(|param| param.key == *key);
            (text(param.map(|param| param.value.as_str())), false)
        }
        Column::Tag(key) => (text(run.tag(key)), false),
    };
    view! { <td class:num=is_number>{content}</td> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::run_color::RunColor;

    #[test]
    fn a_chosen_colour_is_an_attribute_of_a_drawing_and_no_style() {
        let check = |ink: Ink, has: &str| {
            let owner = Owner::new();
            let html = owner.with(|| ink.dot().to_html());
            assert!(html.contains(has) && !html.contains("style"), "{html}");
        };
        check(Ink::Place(3), "series-3");
        check(Ink::Chosen(RunColor(0x28, 0x79, 0xdc)), "fill=\"#2879dc\"");
    }
}
