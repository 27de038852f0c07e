use super::exhibit;
use crate::part::{
    icon::Icon,
    number::Number,
    pager::Pager,
    status::{StatusDot, series_class},
};
use leptos::prelude::*;
use model::{page::Total, run::RunStatus};

/// A name, how it went, a param and two metrics.
type Row = (&'static str, RunStatus, &'static str, f64, f64);

const ROWS: [Row; 4] = [
    ("bold-fox-1", RunStatus::Finished, "adam", 0.0312, 0.981),
    (
        "a name so long that it is cut where its column ends, and told in full",
        RunStatus::Running,
        "sgd",
        0.25,
        0.9,
    ),
    ("calm-owl-3", RunStatus::Failed, "", f64::NAN, f64::INFINITY),
    ("", RunStatus::Killed, "adam", 1.5e-9, 0.0),
];

/// Rows and columns.
pub fn room() -> AnyView {
    view! {
        {exhibit("A grid", grid())}
        {exhibit("Pairs", pairs())}
        {exhibit("Pages of a table", view! { <Pager total=Total::Exactly(1_234) rows=100/> })}
        {exhibit("Nothing found", view! {
            <p class="none-found">
                "No param is called “solvr”." <button type="button" class="button quiet">"Clear search"</button>
            </p>
        })}
    }
    .into_any()
}

fn grid() -> AnyView {
    let row = |(index, (name, status, solver, loss, accuracy)): (usize, Row)| {
        let dot = format!("series-dot {}", series_class(index));
        view! {
            <tr class:chosen={index == 1}>
                <th scope="row"><StatusDot status/> " " <span class=dot aria-hidden="true"></span> " " {name}</th>
                <td>{solver}</td>
                <td class="num"><Number value=loss/></td>
                <td class="num"><Number value=accuracy/></td>
            </tr>
        }
    };
    view! {
        <div class="table-frame short" role="region" aria-label="Runs of the gallery" tabindex="0">
            <table class="grid" aria-label="Runs of the gallery">
                <thead>
                    <tr>
                        <th scope="col" aria-sort="descending"><span class="head">"Run" {Icon::ArrowDown.draw()}</span></th>
                        <th scope="col">"solver"</th>
                        <th scope="col" class="num">"loss"</th>
                        <th scope="col" class="num">"accuracy"</th>
                    </tr>
                </thead>
                <tbody>{ROWS.into_iter().enumerate().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn pairs() -> AnyView {
    let pair = |(key, value): (&'static str, &'static str)| {
        view! {
            <tr>
                <th scope="row">{key}</th>
                <td class="value">{value}</td>
            </tr>
        }
    };
    let pairs = [
        ("C", "0.1"),
        ("solver", "liblinear"),
        ("layers", "[\n  128,\n  64\n]"),
        (
            "command",
            "python train.py --seed 1 --data s3://a-bucket/with/a/very/long/path/that/does/not/fit/anywhere.csv",
        ),
    ];
    view! {
        <table class="grid pairs" aria-label="Params of the gallery">
            <tbody>{pairs.into_iter().map(pair).collect_view()}</tbody>
        </table>
    }
    .into_any()
}
