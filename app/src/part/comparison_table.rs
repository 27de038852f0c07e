use crate::part::{
    address::Address,
    icon::Icon,
    number::Number,
    run_table::{run_address, run_name},
    status::{StatusBadge, series_class},
    time::{Ago, Took},
};
use leptos::prelude::*;
use model::{
    page::ComparedRun,
    run::{Run, RunStatus, Tag, tag},
};
use std::{collections::BTreeSet, sync::Arc};

/// A line of the table: a name and what each run has for it.
struct Line {
    key: String,
    values: Vec<Value>,
}

#[derive(Clone)]
enum Value {
    Missing,
    Text(String),
    Number(f64),
    Status(RunStatus),
    Started(i64),
    Took { start: i64, end: Option<i64>, running: bool },
}

impl Value {
    /// What it is compared by. NaN is like NaN.
    fn text(&self) -> String {
        match self {
            Value::Missing => String::new(),
            Value::Text(text) => text.clone(),
            Value::Number(value) => value.to_string(),
            Value::Status(status) => status.to_string(),
            Value::Started(at) => at.to_string(),
            Value::Took { start, end, .. } => end.map_or_else(String::new, |end| (end - start).to_string()),
        }
    }

    fn show(self) -> AnyView {
        match self {
            Value::Missing => view! { <span class="faint" title="Not logged">"–"</span> }.into_any(),
            Value::Text(text) => view! { <span class="cell-text">{text}</span> }.into_any(),
            Value::Number(value) => view! { <Number value/> }.into_any(),
            Value::Status(status) => view! { <StatusBadge status/> }.into_any(),
            Value::Started(at) => view! { <Ago at/> }.into_any(),
            Value::Took { start, end, running } => view! { <Took start end running/> }.into_any(),
        }
    }
}

impl Line {
    /// Whether the runs disagree. When a run started always differs, so it says nothing.
    fn differs(&self) -> bool {
        let compared = !matches!(self.values.first(), Some(Value::Started(_) | Value::Took { .. }));
        compared && self.values.windows(2).any(|pair| pair[0].text() != pair[1].text())
    }
}

fn attributes(runs: &[ComparedRun]) -> Vec<Line> {
    let line = |key: &str, value: &dyn Fn(&ComparedRun) -> Value| Line {
        key: key.to_owned(),
        values: runs.iter().map(value).collect(),
    };
    let tag_line = |key: &str, name: &str| {
        line(key, &|run| run.run.tag(name).map_or(Value::Missing, |value| Value::Text(value.to_owned())))
    };
    vec![
        line("Status", &|run| Value::Status(run.run.info.status)),
        line("Started", &|run| Value::Started(run.run.info.start_time)),
        line("Duration", &|run| Value::Took {
            start: run.run.info.start_time,
            end: run.run.info.end_time,
            running: run.run.info.status == RunStatus::Running,
        }),
        line("User", &|run| match run.run.info.user.as_str() {
            "" => Value::Missing,
            user => Value::Text(user.to_owned()),
        }),
        line("Experiment", &|run| Value::Text(run.experiment_name.clone())),
        tag_line("Source", tag::SOURCE_NAME),
        tag_line("Commit", tag::GIT_COMMIT),
    ]
}

fn keyed(runs: &[ComparedRun], list: impl Fn(&Run) -> &[Tag]) -> Vec<Line> {
    let keys: BTreeSet<&str> =
        runs.iter().flat_map(|run| list(&run.run).iter().map(|pair| pair.key.as_str())).collect();
    let value = |run: &ComparedRun, key: &str| {
        let pair = list(&run.run).iter().find(|pair| pair.key == key);
        pair.map_or(Value::Missing, |pair| Value::Text(pair.value.clone()))
    };
    keys.into_iter()
        .map(|key| Line { key: key.to_owned(), values: runs.iter().map(|run| value(run, key)).collect() })
        .collect()
}

fn metrics(runs: &[ComparedRun]) -> Vec<Line> {
    let keys: BTreeSet<&str> =
        runs.iter().flat_map(|run| run.run.metrics.iter().map(|metric| metric.key.as_str())).collect();
    let value = |run: &ComparedRun, key: &str| {
        let metric = run.run.metrics.iter().find(|metric| metric.key == key);
        metric.map_or(Value::Missing, |metric| Value::Number(metric.last.value))
    };
    keys.into_iter()
        .map(|key| Line { key: key.to_owned(), values: runs.iter().map(|run| value(run, key)).collect() })
        .collect()
}

/// Runs as columns, what is known of them as rows. What differs from the first run is marked; which value is better is
/// for people to say.
#[component]
pub fn ComparisonTable(
    /// The runs.
    runs: Vec<ComparedRun>,
) -> AnyView {
    let address = Address::here();
    let only_differences = Memo::new(move |_| address.get("diff").is_some());
    let own_tags =
        |run: &Run| run.tags.iter().filter(|tag| !tag.key.starts_with("mlflow.")).cloned().collect();
    let tagged: Vec<ComparedRun> = runs
        .iter()
        .map(|run| {
            let mut run = run.clone();
            run.run.tags = own_tags(&run.run);
            run
        })
        .collect();
    let groups = Arc::new([
        ("Run", attributes(&runs)),
        ("Params", keyed(&runs, |run| &run.params)),
        ("Metrics, last value", metrics(&runs)),
        ("Tags", keyed(&tagged, |run| &run.tags)),
    ]);
    let counted = groups.clone();
    let width = (runs.len() + 1).to_string();
    let heads = runs
        .iter()
        .enumerate()
        .map(|(index, run)| {
            view! {
                <th scope="col">
                    <span class=format!("series-dot {}", series_class(index)) aria-hidden="true"></span>
                    <a href=run_address(&run.run)>{run_name(&run.run)}</a>
                </th>
            }
        })
        .collect_view();
    let group = move |name: &'static str, lines: &[Line], width: &str| {
        let only = only_differences.get();
        let lines: Vec<_> = lines.iter().filter(|line| !only || line.differs()).map(row).collect();
        (!lines.is_empty()).then(|| {
            view! {
                <tbody>
                    <tr class="group-line"><th colspan=width.to_owned() scope="rowgroup"><span>{name}</span></th></tr>
                    {lines}
                </tbody>
            }
        })
    };
    let bodies = move || groups.iter().map(|(name, lines)| group(name, lines, &width)).collect_view();
    let all_same =
        move || only_differences.get() && !counted.iter().any(|(_, lines)| lines.iter().any(Line::differs));
    view! {
        <section class="comparison" aria-labelledby="comparison-title">
            <div class="toolbar">
                <h2 id="comparison-title">"Values"</h2>
                <span class="muted">"What differs from the first run is marked."</span>
                <label class="check push">
                    <input
                        type="checkbox"
                        checked=only_differences.get_untracked()
                        prop:checked=only_differences
                        on:change=move |event| {
                            address.set(&[("diff", if event_target_checked(&event) { "1" } else { "" })]);
                        }
                    />
                    <span>"Only differences"</span>
                </label>
            </div>
            <div class="table-frame" role="region" aria-label="Values of the runs" tabindex="0">
                <table class="grid comparison-table" aria-label="Values of the runs">
                    <thead>
                        <tr>
                            <td class="name"></td>
                            {heads}
                        </tr>
                    </thead>
                    {bodies}
                </table>
            </div>
            <Show when=all_same>
                <p class="none-found">{Icon::Check.draw()} " These runs don't differ in anything listed here."</p>
            </Show>
        </section>
    }
    .into_any()
}

/// How far a number is from the first run's, in percent; where that says something.
fn change(base: &Value, value: &Value) -> Option<String> {
    let (Value::Number(base), Value::Number(value)) = (base, value) else { return None };
    let percent = (value - base) / base.abs() * 100.0;
    match percent.abs() {
        0.0 => None,
        ..0.05 => Some(format!("{}0.1 %", if percent < 0.0 { "> −" } else { "< +" })),
        ..10.0 => Some(format!("{percent:+.1} %").replace('-', "−")),
        ..1000.0 => Some(format!("{percent:+.0} %").replace('-', "−")),
        // Ten times as much and more, or not finite: the number speaks for itself.
        _ => None,
    }
}

fn row(line: &Line) -> impl IntoView + use<> {
    let differs = line.differs();
    let base = line.values.first();
    let first = base.map(Value::text).unwrap_or_default();
    let cells = line
        .values
        .iter()
        .map(|value| {
            let marked = differs && value.text() != first;
            let number = matches!(value, Value::Number(_));
            let change = base.and_then(|base| change(base, value));
            view! {
                <td class:differs=marked class:num=number>
                    {value.clone().show()}
                    {change.map(|change| view! { <span class="change">{change}</span> })}
                </td>
            }
        })
        .collect_view();
    view! {
        <tr>
            <th class="name" scope="row" title=line.key.clone()>{line.key.clone()}</th>
            {cells}
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_percent_where_that_says_something() {
        let check = |base: f64, value: f64, text: Option<&str>| {
            assert_eq!(
                change(&Value::Number(base), &Value::Number(value)).as_deref(),
                text,
                "{base} to {value}"
            );
        };
        check(2.0, 3.0, Some("+50 %"));
        check(2.0, 1.9, Some("−5.0 %"));
        check(-2.0, -1.0, Some("+50 %"));
        check(1.0, 1.000_01, Some("< +0.1 %"));
        check(1.0, 0.999_99, Some("> −0.1 %"));
        check(1.0, 1.0, None);
        check(0.0, 1.0, None);
        check(0.0, 0.0, None);
        check(1.0, f64::NAN, None);
        check(f64::NAN, 1.0, None);
        check(1.0, 100.0, None);
    }
}
