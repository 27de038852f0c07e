use crate::part::{
    address::Address,
    compare::{colors::Colors, switched},
    comparison::{Line, Value, change, groups},
    direction::{Direction, Directions, turn},
    forge::{commit_address, range_address},
    icon::Icon,
    number::{Number, count, counted},
    run_table::{run_address, run_name},
    status::StatusBadge,
    time::{Ago, Took},
};
use leptos::prelude::*;
use model::{RunId, page::ComparedRun};

/// Runs beside the baseline at once; the others are on the next pages of columns.
const BESIDE: usize = 40;
/// Lines of a group until somebody asks for all.
const LINES: usize = 200;
/// What the groups are called in the address, and which of them has metrics.
const KEYS: [&str; 4] = ["run", "params", "metrics", "tags"];
const METRICS: usize = 2;

/// A run as a column.
struct Column {
    id: RunId,
    name: String,
    href: String,
}

struct Listed {
    line: Line,
    differs: bool,
}

struct Table {
    columns: Vec<Column>,
    groups: Vec<(&'static str, Vec<Listed>)>,
}

impl Table {
    fn new(runs: &[ComparedRun]) -> Self {
        let column = |run: &ComparedRun| Column {
            id: run.run.info.id,
            name: run_name(&run.run),
            href: run_address(&run.run),
        };
        let listed = |line: Line| Listed { differs: line.differs(), line };
        let group =
            |(name, lines): (&'static str, Vec<Line>)| (name, lines.into_iter().map(listed).collect());
        Self {
            columns: runs.iter().map(column).collect(),
            groups: groups(runs).into_iter().map(group).collect(),
        }
    }

    fn differs(&self) -> bool {
        self.groups.iter().any(|(_, lines)| lines.iter().any(|listed| listed.differs))
    }
}

/// What the parts of the table share.
#[derive(Clone, Copy)]
struct Shown {
    address: Address,
    table: StoredValue<Table>,
    base: Memo<usize>,
    places: Memo<Vec<usize>>,
    only: Memo<bool>,
    directions: Memo<Directions>,
    folded: Memo<String>,
    whole: RwSignal<bool>,
    colors: Colors,
    /// A run alone has nothing to be compared to.
    is_compared: bool,
}

/// The first of the runs beside the baseline that is shown.
fn first_beside(address: Address, runs: usize) -> usize {
    let first = address.get("from").and_then(|first| first.parse().ok()).unwrap_or(0);
    if first < runs.saturating_sub(1) { first } else { 0 }
}

/// The columns that are shown: the baseline, and so many of the others.
fn places(runs: usize, base: usize, first: usize) -> Vec<usize> {
    let others = (0..runs).filter(|place| *place != base).skip(first).take(BESIDE);
    std::iter::once(base).chain(others).filter(|place| *place < runs).collect()
}

/// Runs as columns, what is known of them as rows. The baseline comes first; what differs from it is marked, and of metrics
/// by how much, and whether that is better.
#[component]
pub fn ComparisonTable(
    /// The runs.
    runs: Vec<ComparedRun>,
    /// The place of the baseline among them.
    base: Memo<usize>,
    /// Their colours.
    colors: Colors,
) -> AnyView {
    let address = Address::here();
    let many = runs.len();
    let shown = Shown {
        address,
        table: StoredValue::new(Table::new(&runs)),
        base,
        places: Memo::new(move |_| places(many, base.get(), first_beside(address, many))),
        only: Memo::new(move |_| address.get("diff").is_some()),
        directions: Memo::new(move |_| Directions::read(address)),
        folded: Memo::new(move |_| address.text("fold")),
        whole: RwSignal::new(false),
        colors,
        is_compared: many > 1,
    };
    let only = shown.only;
    let any_differs = shown.table.with_value(Table::differs);
    let all_same = move || only.get() && !any_differs;
    let bodies = (0..KEYS.len()).map(|number| move || group(shown, number)).collect_view();
    view! {
        <section class="comparison" aria-labelledby="comparison-title">
            <div class="toolbar">
                <h2 id="comparison-title">"Values"</h2>
                <span class="muted">"What differs from the baseline is marked."</span>
                {(many > BESIDE + 1).then_some(move || pager(address, many))}
                <label class="check push">
                    <input
                        type="checkbox"
                        checked=only.get_untracked()
                        prop:checked=only
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
                            {move || heads(shown)}
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

/// Which runs are shown beside the baseline, and the ways to the others.
fn pager(address: Address, many: usize) -> AnyView {
    let (first, others) = (first_beside(address, many), many - 1);
    let last = (first + BESIDE).min(others);
    let step = |label: &'static str, icon: Icon, to: Option<usize>| match to {
        Some(to) => {
            let href = address.with(&[("from", &if to == 0 { String::new() } else { to.to_string() })]);
            view! { <a class="icon-button" href=href data-noscroll="" aria-label=label title=label>{icon.draw()}</a> }
                .into_any()
        }
        None => view! { <span class="icon-button off" aria-hidden="true">{icon.draw()}</span> }.into_any(),
    };
    view! {
        <nav class="pager" aria-label="Columns">
            <span class="pager-place">
                {format!("{}–{} of {} beside the baseline", count(first as u64 + 1), count(last as u64), counted(others as u64, "run"))}
            </span>
            {step("Previous runs", Icon::ChevronLeft, (first > 0).then(|| first.saturating_sub(BESIDE)))}
            {step("Next runs", Icon::ChevronRight, (last < others).then_some(last))}
        </nav>
    }
    .into_any()
}

fn heads(shown: Shown) -> AnyView {
    let (base, address) = (shown.base.get(), shown.address);
    let head = |place: usize, Column { id, name, href }: &Column| {
        let id = *id;
        let role = if place == base {
            view! { <span class="chip">"Baseline"</span> }.into_any()
        } else {
            let set = move |_| address.set(&[("base", &id.to_string()), ("from", "")]);
            view! {
                <button type="button" class="set-base" aria-label=format!("Set as baseline: {name}") on:click=set>
                    "Set as baseline"
                </button>
            }
            .into_any()
        };
        let is_pinned = shown.is_compared && place == base;
        view! {
            <th scope="col" class:base=is_pinned>
                {shown.colors.ink(id, place).dot()}
                <a href=href.clone() title=name.clone()>{name.clone()}</a>
                {shown.is_compared.then(|| view! { <div>{role}</div> })}
            </th>
        }
    };
    shown.table.with_value(|table| {
        let columns =
            shown.places.get().into_iter().filter_map(|place| Some((place, table.columns.get(place)?)));
        columns.map(|(place, column)| head(place, column)).collect_view().into_any()
    })
}

/// A group of lines, which folds; nothing if it has none to show.
fn group(shown: Shown, number: usize) -> Option<AnyView> {
    let key = KEYS[number];
    let only = shown.only.get();
    let places = shown.places.get();
    let base = shown.base.get();
    let is_folded = shown.folded.with(|folded| folded.split(',').any(|word| word == key));
    let directions = (number == METRICS).then(|| shown.directions.get());
    let most = match (is_folded, shown.whole.get()) {
        (true, _) => 0,
        (false, true) => usize::MAX,
        (false, false) => LINES,
    };
    let width = (places.len() + 1).to_string();
    let fold = move |_| {
        let folded = shown.folded.get_untracked();
        shown.address.set(&[("fold", &switched(&folded, key))]);
    };
    shown.table.with_value(|table| {
        let (name, lines) = table.groups.get(number)?;
        let found: Vec<&Listed> = lines.iter().filter(|listed| !only || listed.differs).collect();
        if found.is_empty() {
            return None;
        }
        let rows = found.iter().take(most).map(|listed| row(shown, listed, &places, base, directions.as_ref()));
        let rows = rows.collect_view();
        let left = if is_folded { 0 } else { found.len().saturating_sub(most) };
        let more = (left > 0).then(|| {
            let words = format!("Show {} more", count(left as u64));
            view! {
                <tr>
                    <td colspan=width.clone()>
                        <button type="button" class="button" on:click=move |_| shown.whole.set(true)>{words}</button>
                    </td>
                </tr>
            }
        });
        let expanded = (!is_folded).to_string();
        let icon = if is_folded { Icon::ChevronRight } else { Icon::ChevronDown };
        let body = view! {
            <tbody>
                <tr class="group-line">
                    <th colspan=width.clone() scope="rowgroup">
                        <span>
                            <button type="button" class="group-fold" aria-expanded=expanded on:click=fold>
                                {icon.draw()}
                                {*name}
                            </button>
                        </span>
                    </th>
                </tr>
                {rows}
                {more}
            </tbody>
        };
        Some(body.into_any())
    })
}

fn row(
    shown: Shown,
    Listed { line, differs }: &Listed,
    places: &[usize],
    base: usize,
    directions: Option<&Directions>,
) -> AnyView {
    let direction = directions.filter(|_| shown.is_compared).map(|directions| directions.of(&line.key));
    let basis = line.values.get(base);
    let cell = |place: usize, value: &Value| {
        let other = basis.filter(|_| place != base);
        let marked = *differs && other.is_some_and(|other| !other.is_like(value));
        let number = matches!(value, Value::Number(_));
        let told = other.filter(|_| marked).and_then(|other| told(other, value, direction));
        let unlike = marked && told.is_none();
        let is_pinned = shown.is_compared && place == base;
        view! {
            <td class:differs=marked class:unlike=unlike class:num=number class:base=is_pinned>
                {show(value, other)}
                {told}
            </td>
        }
    };
    let cells = places.iter().filter_map(|place| Some((*place, line.values.get(*place)?)));
    let cells = cells.map(|(place, value)| cell(place, value)).collect_view();
    let key = line.key.clone();
    let name = match direction {
        None => key.clone().into_any(),
        Some(direction) => view! {
            <span class="metric-name">
                <span class="metric-key">{key.clone()}</span>
                {turner(shown.address, &key, direction)}
            </span>
        }
        .into_any(),
    };
    view! {
        <tr>
            <th class="name" scope="row" title=key>{name}</th>
            {cells}
        </tr>
    }
    .into_any()
}

/// Says which way a metric gets better, and turns it.
pub fn turner(address: Address, key: &str, direction: Direction) -> AnyView {
    let (says, face) = match direction {
        Direction::Less => ("Less is better", Icon::ArrowDown.draw()),
        Direction::More => ("More is better", Icon::ArrowUp.draw()),
        Direction::Unknown => ("Not known which way is better", "?".into_any()),
    };
    let key = key.to_owned();
    view! {
        <button
            type="button"
            class="icon-button direction"
            aria-label=format!("{says}: {key}")
            title=format!("{says}. Click to turn it around")
            on:click=move |_| turn(address, &key)
        >
            {face}
        </button>
    }
    .into_any()
}

/// How far a number is from the baseline's, and whether that is better.
pub fn told(base: &Value, value: &Value, direction: Option<Direction>) -> Option<AnyView> {
    let (Value::Number(from), Value::Number(to)) = (base, value) else { return None };
    let better = direction.and_then(|direction| direction.is_better(*from, *to));
    let difference = to - from;
    let mut text = match difference.is_finite() {
        true => {
            format!("{}{}", if difference < 0.0 { "−" } else { "+" }, chart::format_number(difference.abs()))
        }
        false => "differs".to_owned(),
    };
    if let Some(percent) = change(base, value) {
        text = format!("{text} ({percent})");
    }
    let class = match better {
        Some(true) => "change better",
        Some(false) => "change worse",
        None => "change",
    };
    if let Some(better) = better {
        text.push_str(if better { " better" } else { " worse" });
    }
    Some(view! { <span class=class>{text}</span> }.into_any())
}

/// A value, beside the baseline's.
pub fn show(value: &Value, base: Option<&Value>) -> AnyView {
    match value {
        Value::Missing => view! { <span class="faint" title="Not logged">"–"</span> }.into_any(),
        Value::Text(text) => view! { <span class="cell-text">{text.clone()}</span> }.into_any(),
        Value::Number(value) => view! { <Number value={*value}/> }.into_any(),
        Value::Commit { id, repository } => commit(id, repository, base),
        Value::Status(status) => view! { <StatusBadge status={*status}/> }.into_any(),
        Value::Started(at) => view! { <Ago at={*at}/> }.into_any(),
        Value::Took { start, end, running } => {
            view! { <Took start={*start} end={*end} running={*running}/> }.into_any()
        }
    }
}

/// A commit, and what changed since the baseline's where its forge can show that.
fn commit(id: &str, repository: &str, base: Option<&Value>) -> AnyView {
    let short: String = id.chars().take(8).collect();
    let title = id.to_owned();
    let code = match commit_address(repository, id) {
        Some(href) => {
            view! { <a href=href rel="external noreferrer" title=title><code>{short}</code></a> }.into_any()
        }
        None => view! { <code title=title>{short}</code> }.into_any(),
    };
    let range = match base {
        Some(Value::Commit { id: from, repository: of }) => range_address((of, from), (repository, id)),
        _ => None,
    };
    let range = range.map(|href| {
        view! {
            <a class="commit-range" href=href rel="external noreferrer" title="What changed since the baseline's commit">
                "Changes"
            </a>
        }
    });
    view! { {code} {range} }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_comes_first_and_the_others_in_portions() {
        assert_eq!(places(3, 1, 0), [1, 0, 2]);
        assert_eq!(places(1, 0, 0), [0]);
        assert!(places(0, 0, 0).is_empty());
        assert_eq!(places(100, 0, 0).len(), 41);
        let last = places(100, 50, 80);
        assert_eq!((last.len(), last[0], last[1], last[19]), (20, 50, 81, 99));
    }
}
