//! The runs of a table by what they have in common: how many, and their metrics' means, spreads and extremes. The grouping is the
//! one that charts draw means by (`group` in the address).

use crate::{
    api::run_values,
    part::{
        address::Address,
        answered::FaultNote,
        chart_options::read_grouping,
        chart_settings::{GroupKeys, Grouping},
        column::{Column, ShownColumn},
        explore::{ask, news_of},
        icon::Icon,
        later::{Loaded, later},
        menu::Menu,
        number::{Number, by_number, count, counted},
    },
};
use leptos::{prelude::*, wasm_split::wasm_split};
use model::{
    ExperimentId,
    explore::{EXPLORED_FIELDS, EXPLORED_TEXT, Field, RunValues, Values},
    filter::{RunCondition, RunField, parse, toggle_condition},
    page::{RunsQuery, Total},
};
use std::{cmp::Ordering, collections::HashMap, sync::Arc, time::Duration};

/// Groups that are shown at most.
const SHOWN: usize = 500;
/// How often groups whose runs change are read anew, at most.
const REFRESH: Duration = Duration::from_secs(5);

/// What is grouped.
#[derive(Clone, Copy)]
pub struct Grouped {
    /// Of which experiment.
    pub experiment: ExperimentId,
    /// What the table shows.
    pub asked: Memo<RunsQuery>,
    /// Its columns; of these the metrics are told.
    pub columns: Signal<Vec<ShownColumn>>,
}

/// Chooses what the table is grouped by.
#[component]
pub fn GroupMenu(
    /// Of which experiment's params and tags.
    experiment: ExperimentId,
) -> AnyView {
    let face = ViewFn::from(|| view! { {Icon::Group.draw()} <span class="button-label">"Group"</span> });
    view! {
        <Menu label="Group" class="button quiet" end=true face>
            {later(menu, experiment, || view! { <div class="group-menu" aria-busy="true"></div> }.into_any())}
        </Menu>
    }
    .into_any()
}

/// The code of the menu.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn menu() -> Loaded<ExperimentId> {
    Ok(|experiment| {
        view! { <div class="group-menu"><Grouping keys=GroupKeys::Of(experiment)/></div> }.into_any()
    })
}

/// The groups.
#[component]
pub fn GroupTable(
    /// What is grouped.
    of: Grouped,
) -> AnyView {
    let address = Address::here();
    let waiting = move || {
        let runs = untrack(|| address.with(&[("group", ""), ("gsort", "")]));
        let words = format!(
            "<p>Groups need JavaScript. <a href=\"{}\">Show the runs one by one</a></p>",
            runs.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
        );
        view! {
            <div class="waiting" role="status" aria-label="Loading"></div>
            <noscript inner_html=words></noscript>
        }
        .into_any()
    };
    later(table, of, waiting)
}

/// The code of the table.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn table() -> Loaded<Grouped> {
    Ok(drawn)
}

/// What is read of the runs: what they are grouped by, then the metrics.
fn fields(by: &[Column], columns: &[ShownColumn]) -> Vec<Field> {
    let field = |column: &Column| match column {
        Column::Metric(key, figure) => Some(Field::Metric(key.clone(), *figure)),
        _ => None,
    };
    let by = by.iter().filter_map(|column| match column {
        Column::Param(key) => Some(Field::Param(key.clone())),
        Column::Tag(key) => Some(Field::Tag(key.clone())),
        _ => None,
    });
    by.chain(columns.iter().filter_map(|shown| field(&shown.column))).take(EXPLORED_FIELDS).collect()
}

fn drawn(of: Grouped) -> AnyView {
    let Grouped { experiment, asked, columns } = of;
    let address = Address::here();
    let by = Memo::new(move |_| read_grouping(address));
    let question = Memo::new(move |_| {
        let query = RunsQuery { offset: 0, columns: None, ..asked.get() };
        Some((query, fields(&by.read(), &columns.read())))
    });
    let news = news_of(experiment, REFRESH);
    let answer = ask(question, news, move |(query, fields): (RunsQuery, Vec<Field>)| {
        run_values(experiment, query, fields)
    });
    // The table is made anew for other columns only: new values go into the one that is there.
    let fields = Memo::new(move |_| match &*answer.read() {
        Some(((_, fields), Ok(_))) => Some(fields.clone()),
        _ => None,
    });
    let fault =
        Memo::new(move |_| answer.read().as_ref().and_then(|(_, values)| values.as_ref().err().cloned()));
    let values = Memo::new(move |_| answer.get().and_then(|(_, values)| values.ok()));
    let shown = move || match (fields.get(), fault.get()) {
        (Some(fields), _) => view! { <Groups fields values by/> }.into_any(),
        (None, Some(fault)) => view! { <FaultNote fault/> }.into_any(),
        (None, None) => view! { <div class="waiting" role="status" aria-label="Loading"></div> }.into_any(),
    };
    shown.into_any()
}

#[component]
fn Groups(fields: Vec<Field>, values: Memo<Option<Arc<RunValues>>>, by: Memo<Vec<Column>>) -> AnyView {
    let address = Address::here();
    let width = by.read_untracked().len().min(fields.len());
    let groups = Memo::new(move |_| values.get().map(|values| gather(&values, width)).unwrap_or_default());
    let caption = move || {
        let groups = counted(groups.read().len() as u64, "group");
        values.get().map(|values| format!("{groups}{}", of_runs(&values)))
    };
    // Sorted by a field's mean, `-` before it from the greatest down; else by the groups' names.
    let sort = move || address.text("gsort");
    let names: Vec<String> = fields.iter().map(Field::to_string).collect();
    let head = {
        let names = names.clone();
        move |index: usize, title: String, number: bool| {
            let name = names.get(index).cloned().unwrap_or_else(|| "runs".to_owned());
            let order = Signal::derive({
                let name = name.clone();
                move || match sort() {
                    text if text == name => "ascending",
                    text if text.strip_prefix('-') == Some(&*name) => "descending",
                    _ => "none",
                }
            });
            let press = move |_| {
                let next = match (order.get_untracked(), number) {
                    ("none", true) | ("ascending", _) => format!("-{name}"),
                    ("none", false) => name.clone(),
                    _ => String::new(),
                };
                address.set(&[("gsort", &next)]);
            };
            view! {
                <th scope="col" class:num=number aria-sort=order>
                    <button type="button" class="sort" on:click=press>
                        <span>{title}</span>
                        {move || match order.get() {
                            "ascending" => Some(Icon::ArrowUp.draw()),
                            "descending" => Some(Icon::ArrowDown.draw()),
                            _ => None,
                        }}
                    </button>
                </th>
            }
        }
    };
    let heads: Vec<_> =
        fields.iter().enumerate().map(|(index, field)| head(index, field.title(), index >= width)).collect();
    let count_head = head(fields.len(), "Runs".to_owned(), true);
    let (group_heads, metric_heads) = {
        let mut heads = heads;
        let metrics = heads.split_off(width);
        (heads, metrics)
    };
    let rows = move || {
        let sort = sort();
        let (name, down) = sort.strip_prefix('-').map_or((sort.as_str(), false), |name| (name, true));
        let place = names.iter().position(|other| other == name);
        let groups = groups.read();
        let mut sorted: Vec<&Group> = groups.iter().collect();
        if name == "runs" {
            sorted.sort_by_key(|group| group.runs);
        } else if let Some(place) = place {
            sorted.sort_by(|a, b| a.compare(b, place, width));
        }
        if down {
            sorted.reverse();
            // What has no value comes last in both directions.
            if let Some(place) = place {
                sorted.sort_by_key(|group| !group.has(place, width));
            }
        }
        sorted.into_iter().take(SHOWN).map(|group| row(group, address, by)).collect_view()
    };
    view! {
        <div class="table-frame" role="region" aria-label="Groups of runs" tabindex="0">
            <table class="grid group-table" aria-label="Groups of runs">
                <thead>
                    <tr>{group_heads} {count_head} {metric_heads}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <footer class="table-foot">
            <span class="pager">{caption}</span>
            <Show when=move || { groups.read().len() > SHOWN }>
                <span class="faint">{format!("The first {SHOWN} are shown: filter to see others.")}</span>
            </Show>
        </footer>
    }
    .into_any()
}

/// Which runs were grouped, of how many.
fn of_runs(values: &RunValues) -> String {
    let runs = values.ids.len() as u64;
    match values.total {
        Total::Exactly(total) if total > runs => {
            format!(", of the first {} of {}", count(runs), count(total))
        }
        Total::AtLeast(total) => format!(", of the first {} of {}+", count(runs), count(total)),
        Total::Exactly(_) => format!(" of {}", counted(runs, "run")),
    }
}

/// A group; its name leads to its runs.
fn row(group: &Group, address: Address, by: Memo<Vec<Column>>) -> impl IntoView + use<> {
    let filter = address.text("filter");
    let clauses = parse::<RunCondition>(filter.trim()).map(|filter| filter.clauses).unwrap_or_default();
    let conditions =
        by.get_untracked().into_iter().zip(&group.words).try_fold(filter, |filter, (column, word)| {
            // Of a long text only the beginning is here.
            let word = word.as_deref().filter(|word| word.chars().count() < EXPLORED_TEXT)?;
            let field = match column {
                Column::Param(key) => RunField::Param(key),
                Column::Tag(key) => RunField::Tag(key),
                _ => return None,
            };
            let condition = field.is(word)?;
            match clauses.iter().any(|clause| clause.condition == condition) {
                true => Some(filter),
                false => toggle_condition(&filter, &condition).ok(),
            }
        });
    // A tree would look at top runs alone.
    let href = conditions.map(|filter| {
        address.with(&[("filter", &filter), ("group", ""), ("gsort", ""), ("tree", ""), ("page", "")])
    });
    let words = group.words.iter().enumerate().map(|(place, word)| {
        let word = word.clone().unwrap_or_else(|| "none".to_owned());
        match (place, href.clone()) {
            (0, Some(href)) => {
                view! { <th scope="row"><a href=href title="Show these runs">{word}</a></th> }.into_any()
            }
            (0, None) => view! { <th scope="row">{word}</th> }.into_any(),
            _ => view! { <td>{word}</td> }.into_any(),
        }
    });
    let cell = |figures: &Figures| match figures.count {
        0 => view! { <td class="num faint">"–"</td> }.into_any(),
        known => {
            let spread = (known > 1)
                .then(|| view! { <span class="faint">" ± " <Number value=figures.deviation/></span> });
            let title = format!(
                "{} to {}, of {}",
                chart::format_number(figures.min),
                chart::format_number(figures.max),
                counted(known, "run"),
            );
            view! { <td class="num" title=title><Number value=figures.mean/> {spread}</td> }.into_any()
        }
    };
    view! {
        <tr>
            {words.collect_view()}
            <td class="num">{count(group.runs)}</td>
            {group.figures.iter().map(cell).collect_view()}
        </tr>
    }
}

/// Runs that have the same words.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    /// What they have in common; none where they lack it.
    words: Vec<Option<String>>,
    runs: u64,
    /// Of each metric.
    figures: Vec<Figures>,
}

/// A metric of a group: of its values that are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figures {
    count: u64,
    mean: f64,
    /// The standard deviation of the sample; 0 of one.
    deviation: f64,
    min: f64,
    max: f64,
}

impl Figures {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().fold(0.0, |sum, value| sum + value / count);
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        Self {
            count: values.len() as u64,
            mean,
            deviation: if values.len() < 2 { 0.0 } else { (squares / (count - 1.0)).sqrt() },
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// Words as people sort them: numbers as numbers, what is missing last.
fn compare_words(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => by_number(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

impl Group {
    /// Whether it has a value of a field.
    fn has(&self, place: usize, words: usize) -> bool {
        match place < words {
            true => self.words.get(place).is_some_and(Option::is_some),
            false => self.figures.get(place - words).is_some_and(|figures| figures.count > 0),
        }
    }

    /// By a field: the first `words` of them are words, the others metrics. What has no value comes last upwards.
    fn compare(&self, other: &Self, place: usize, words: usize) -> Ordering {
        let word = |group: &'_ Self| group.words.get(place).cloned().flatten();
        if place < words {
            return compare_words(word(self).as_deref(), word(other).as_deref());
        }
        let mean = |group: &Self| {
            group
                .figures
                .get(place - words)
                .filter(|figures| figures.count > 0)
                .map_or(f64::INFINITY, |f| f.mean)
        };
        mean(self).total_cmp(&mean(other))
    }
}

/// Puts runs together that have the same words in the first columns, ordered by these.
fn gather(values: &RunValues, words: usize) -> Vec<Group> {
    let (by, metrics) = values.columns.split_at(words.min(values.columns.len()));
    let word = |column: &Values, run: usize| match column {
        Values::Words(words) => {
            let place = words.of.get(run).copied().flatten()?;
            words.words.get(place as usize).cloned()
        }
        Values::Numbers(numbers) => numbers.get(run).copied().flatten().map(|number| number.to_string()),
    };
    let mut groups: HashMap<Vec<Option<String>>, Vec<usize>> = HashMap::new();
    for run in 0..values.ids.len() {
        let words = by.iter().map(|column| word(column, run)).collect();
        groups.entry(words).or_default().push(run);
    }
    let figures = |column: &Values, runs: &[usize]| {
        let number = |run: &usize| match column {
            Values::Numbers(numbers) => numbers.get(*run).copied().flatten(),
            Values::Words(_) => None,
        };
        Figures::of(&runs.iter().filter_map(number).filter(|number| number.is_finite()).collect::<Vec<_>>())
    };
    let mut groups: Vec<Group> = groups
        .into_iter()
        .map(|(words, runs)| Group {
            words,
            runs: runs.len() as u64,
            figures: metrics.iter().map(|column| figures(column, &runs)).collect(),
        })
        .collect();
    groups.sort_by(|a, b| {
        let pairs = a.words.iter().zip(&b.words);
        pairs
            .map(|(a, b)| compare_words(a.as_deref(), b.as_deref()))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    });
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::explore::Words;

    #[test]
    fn runs_with_the_same_words_are_a_group() {
        let ids = (1..=5).map(|id| format!("{id:032}").parse().unwrap()).collect();
        let values = RunValues {
            ids,
            names: vec![String::new(); 5],
            columns: vec![
                Values::Words(Words::of([Some("10"), Some("9"), Some("10"), None, Some("9")])),
                Values::Numbers(vec![Some(1.0), Some(2.0), Some(3.0), Some(f64::NAN), None]),
            ],
            total: Total::Exactly(5),
        };
        let written: Vec<_> = gather(&values, 1)
            .into_iter()
            .map(|group| {
                let figures = group.figures[0];
                let word = group.words[0].clone().unwrap_or_default();
                format!(
                    "{word}: {} runs, {} of {} ± {:.2}",
                    group.runs, figures.mean, figures.count, figures.deviation
                )
            })
            .collect();
        assert_eq!(
            written,
            ["9: 2 runs, 2 of 1 ± 0.00", "10: 2 runs, 2 of 2 ± 1.41", ": 1 runs, 0 of 0 ± 0.00"]
        );
    }
}
