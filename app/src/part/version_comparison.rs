//! Versions of a registered model beside each other: what the registry knows of them, what their runs logged, what their models take
//! and give, and the packages that they need. It needs no scripts: what is shown is chosen by links.

use crate::part::{
    address::Address,
    comparison::{Line, Value, keyed, last_values, params},
    comparison_table::{show, told, turner},
    direction::Directions,
    empty::Empty,
    icon::Icon,
    model_link::{model_address, model_link},
    number::{count, counted},
    run_table::{run_address, run_name},
};
use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    RunId,
    compared::EnvironmentLine,
    page::{
        ComparedRun,
        registry::{ComparedVersion, VersionComparison},
    },
    run_list::write_runs,
};

/// Lines of a group that are shown at most.
const LINES: usize = 200;

/// What is compared, in the order asked for.
struct Compared {
    name: String,
    columns: Vec<Column>,
    facts: Vec<Line>,
    groups: Vec<Group>,
}

/// A version as a column.
struct Column {
    number: i64,
    run: Option<Link>,
    run_hidden: bool,
}

/// Where a run is, what it and its experiment are called.
struct Link {
    href: String,
    name: String,
    experiment: String,
}

/// Lines of one kind.
struct Group {
    title: &'static str,
    lines: Vec<Line>,
    /// Of which versions anything is known; the others have no say.
    known: Vec<bool>,
    is_metrics: bool,
}

impl Group {
    /// Whether the versions of which anything is known disagree.
    fn differs(&self, line: &Line) -> bool {
        let mut known =
            line.values.iter().zip(&self.known).filter(|(_, known)| **known).map(|(value, _)| value);
        let first = known.next();
        first.is_some_and(|first| known.any(|value| !value.is_like(first)))
    }
}

/// What the server compared, as lines of the table.
fn lines_of(lines: &[EnvironmentLine]) -> Vec<Line> {
    let value = |value: &Option<String>| value.clone().map_or(Value::Missing, Value::Text);
    let line = |line: &EnvironmentLine| Line {
        key: line.name.clone(),
        values: line.values.iter().map(value).collect(),
    };
    lines.iter().map(line).collect()
}

/// What the registry itself knows of versions.
fn facts(versions: &[ComparedVersion]) -> Vec<Line> {
    let text = |text: String| if text.is_empty() { Value::Missing } else { Value::Text(text) };
    let line = |key: &str, value: &dyn Fn(&ComparedVersion) -> Value| Line {
        key: key.to_owned(),
        values: versions.iter().map(value).collect(),
    };
    let lines = [
        line("Stage", &|of| text(of.version.stage.clone())),
        line("Aliases", &|of| text(of.version.aliases.join(", "))),
        line("Created", &|of| Value::Started(of.version.created)),
        line("Created by", &|of| text(of.version.user.clone())),
        line("About", &|of| text(of.version.description.lines().next().unwrap_or_default().to_owned())),
        line("Source", &|of| text(of.version.source.clone())),
        line("Run elsewhere", &|of| text(of.version.run_link.clone())),
        line("Packages read from", &|of| text(of.files.join(", "))),
    ];
    let says = |line: &Line| line.values.iter().any(|value| !matches!(value, Value::Missing));
    lines.into_iter().filter(says).collect()
}

impl Compared {
    fn new(page: &VersionComparison) -> Self {
        let run_of = |id: Option<RunId>| page.runs.iter().find(|run| id == Some(run.run.info.id));
        let link = |run: &ComparedRun| Link {
            href: run_address(&run.run),
            name: run_name(&run.run),
            experiment: run.experiment_name.clone(),
        };
        let column = |of: &ComparedVersion| Column {
            number: of.version.version,
            run: run_of(of.version.run).map(link),
            run_hidden: of.run_hidden,
        };
        let runs: Vec<Option<&ComparedRun>> = page.versions.iter().map(|of| run_of(of.version.run)).collect();
        let tags = keyed(&page.versions, |of| {
            of.version.tags.iter().map(|tag| (tag.key.as_str(), Value::Text(tag.value.clone())))
        });
        let logged = keyed(&runs, |run| run.iter().flat_map(|run| params(&run.run)));
        let metrics = keyed(&runs, |run| run.iter().flat_map(|run| last_values(&run.run)));
        let all = vec![true; page.versions.len()];
        let with_run: Vec<bool> = runs.iter().map(Option::is_some).collect();
        let with_signature: Vec<bool> = page.versions.iter().map(|of| of.has_signature).collect();
        let with_files: Vec<bool> = page.versions.iter().map(|of| !of.files.is_empty()).collect();
        let group = |title: &'static str, lines: Vec<Line>, known: &[bool]| Group {
            title,
            lines,
            known: known.to_vec(),
            is_metrics: false,
        };
        let groups = vec![
            group("Tags", tags, &all),
            group("Params", logged, &with_run),
            Group { is_metrics: true, ..group("Metrics, last value", metrics, &with_run) },
            group("Inputs of the model", lines_of(&page.inputs), &with_signature),
            group("Outputs of the model", lines_of(&page.outputs), &with_signature),
            group("Params of the model", lines_of(&page.params), &with_signature),
            group("Packages", lines_of(&page.packages), &with_files),
        ];
        Self {
            name: page.name.clone(),
            columns: page.versions.iter().map(column).collect(),
            facts: facts(&page.versions),
            groups,
        }
    }

    /// The place of the version that the others are compared to.
    fn base(&self, asked: Option<String>) -> usize {
        let number = asked.and_then(|number| number.parse::<i64>().ok());
        self.columns.iter().position(|column| Some(column.number) == number).unwrap_or(0)
    }
}

/// How the table is shown, as the address says.
struct Shown<'a> {
    address: Address,
    /// Places of the versions, the baseline's first.
    order: Vec<usize>,
    /// Whether what is the same is shown too.
    all: bool,
    directions: &'a Directions,
}

impl Shown<'_> {
    fn base(&self) -> usize {
        self.order.first().copied().unwrap_or_default()
    }

    /// A version alone has nothing to be compared to.
    fn is_compared(&self) -> bool {
        self.order.len() > 1
    }

    fn is_base(&self, place: usize) -> bool {
        self.is_compared() && place == self.base()
    }
}

/// The page that compares versions.
pub fn versions_compared(page: VersionComparison, address: Address) -> AnyView {
    let compared = Compared::new(&page);
    let (name, many) = (page.name.clone(), page.versions.len());
    let none = page.versions.is_empty();
    let ids: Vec<RunId> = page.runs.iter().map(|run| run.run.info.id).collect();
    let runs = (ids.len() > 1).then(|| {
        let href = format!("/compare?runs={}", write_runs(&ids));
        view! { <a class="button push" href=href>{Icon::Compare.draw()} "Compare the runs"</a> }
    });
    let gone = (!page.missing.is_empty()).then(|| {
        let numbers: Vec<String> = page.missing.iter().map(ToString::to_string).collect();
        view! {
            <div class="banner" role="status">
                {Icon::Alert.draw()}
                <span>{counted(numbers.len() as u64, "version")} " not found: " {numbers.join(", ")}</span>
            </div>
        }
    });
    let body = if none {
        let back = model_link(&name, None, "button", "All versions".to_owned());
        view! {
            <Empty icon=Icon::Compare title="Nothing to compare">
                <p class="muted">"Select two or more versions on the page of the model and choose Compare."</p>
                <p>{back}</p>
            </Empty>
        }
        .into_any()
    } else {
        let compared = StoredValue::new(compared);
        let base = Memo::new(move |_| compared.with_value(|compared| compared.base(address.get("baseline"))));
        let all = Memo::new(move |_| address.get("all").is_some());
        let directions = Memo::new(move |_| Directions::read(address));
        let shown = move || {
            let (base, all) = (base.get(), all.get());
            compared.with_value(|compared| {
                let others = (0..compared.columns.len()).filter(|place| *place != base);
                let order = std::iter::once(base).chain(others).collect();
                directions.with(|directions| table(compared, &Shown { address, order, all, directions }))
            })
        };
        view! { {switch(address, all)} {shown} }.into_any()
    };
    view! {
        <Title text=format!("{name}, versions compared")/>
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/models">"Models"</a>
                <span aria-hidden="true">"/"</span>
                {model_link(&name, None, "", name.clone())}
            </nav>
            <div class="page-title">
                <h1>"Comparison"</h1>
                <span class="muted">{counted(many as u64, "version")}</span>
                {runs}
            </div>
        </header>
        {gone}
        {body}
    }
    .into_any()
}

/// Whether what is the same is shown too: a link, so that it needs no scripts.
fn switch(address: Address, all: Memo<bool>) -> AnyView {
    let href = move || address.with(&[("all", if all.get() { "" } else { "1" })]);
    let words = move || if all.get() { "Only what differs" } else { "Also what is the same" };
    view! {
        <div class="toolbar">
            <span class="muted">"What differs from the baseline is marked."</span>
            <a class="button quiet push" href=href rel=untrack(|| address.rel()) data-noscroll="">{words}</a>
        </div>
    }
    .into_any()
}

fn table(compared: &Compared, shown: &Shown<'_>) -> AnyView {
    let columns: Vec<(usize, &Column)> =
        shown.order.iter().filter_map(|place| Some((*place, compared.columns.get(*place)?))).collect();
    let heads = columns.iter().map(|(place, column)| head(compared, shown, *place, column)).collect_view();
    let facts = compared.facts.iter().map(|line| fact(shown, line)).collect_view();
    let run = |&(place, column): &(usize, &Column)| {
        let content = match (&column.run, column.run_hidden) {
            (Some(Link { href, name, experiment }), _) => view! {
                <a href=href.clone() title=name.clone()>{name.clone()}</a>
                <div class="muted">{experiment.clone()}</div>
            }
            .into_any(),
            (None, true) => view! { <span class="faint">"not visible to you"</span> }.into_any(),
            (None, false) => view! { <span class="faint">"–"</span> }.into_any(),
        };
        view! { <td class:base=shown.is_base(place)>{content}</td> }
    };
    let runs = columns.iter().map(run).collect_view();
    let groups = compared.groups.iter().map(|group| body(shown, group)).collect_view();
    view! {
        <div class="table-frame version-comparison" role="region" aria-label="Versions beside each other" tabindex="0">
            <table class="grid comparison-table" aria-label="Versions beside each other">
                <thead><tr><td class="name"></td>{heads}</tr></thead>
                <tbody>
                    {facts}
                    <tr><th class="name" scope="row">"Run"</th>{runs}</tr>
                </tbody>
                {groups}
            </table>
        </div>
    }
    .into_any()
}

fn head(compared: &Compared, shown: &Shown<'_>, place: usize, column: &Column) -> AnyView {
    let number = column.number;
    let link = model_link(&compared.name, Some(number), "", format!("Version {number}"));
    let role = if place == shown.base() {
        view! { <span class="chip">"Baseline"</span> }.into_any()
    } else {
        let href = shown.address.with(&[("baseline", &number.to_string())]);
        view! {
            <a
                class="set-base"
                href=href
                rel=shown.address.rel()
                data-noscroll=""
                aria-label=format!("Set as baseline: version {number}")
            >
                "Set as baseline"
            </a>
        }
        .into_any()
    };
    view! {
        <th scope="col" class:base=shown.is_base(place)>
            {link}
            {shown.is_compared().then(|| view! { <div>{role}</div> })}
        </th>
    }
    .into_any()
}

/// A line of what the registry knows, which is always shown.
fn fact(shown: &Shown<'_>, line: &Line) -> AnyView {
    let cell = |place: &usize| {
        let value = line.values.get(*place)?;
        Some(view! { <td class:base=shown.is_base(*place)>{cell_text(value)}</td> })
    };
    view! {
        <tr>
            <th class="name" scope="row">{line.key.clone()}</th>
            {shown.order.iter().filter_map(cell).collect_view()}
        </tr>
    }
    .into_any()
}

fn cell_text(value: &Value) -> AnyView {
    match value {
        Value::Missing => view! { <span class="faint">"–"</span> }.into_any(),
        value => show(value, None),
    }
}

/// The lines of a group; nothing if it has none. Of metrics all are shown, else those that differ unless somebody wants all.
fn body(shown: &Shown<'_>, group: &Group) -> Option<AnyView> {
    if group.lines.is_empty() {
        return None;
    }
    let listed: Vec<(&Line, bool)> = group.lines.iter().map(|line| (line, group.differs(line))).collect();
    let differing = listed.iter().filter(|(_, differs)| *differs).count();
    let every = shown.all || group.is_metrics || !shown.is_compared();
    let wanted: Vec<(&Line, bool)> =
        listed.iter().copied().filter(|(_, differs)| every || *differs).collect();
    let left = wanted.len().saturating_sub(LINES);
    let rows = wanted.into_iter().take(LINES);
    let rows = rows.map(|(line, differs)| row(shown, group, line, differs)).collect_view();
    let width = (shown.order.len() + 1).to_string();
    let says = shown.is_compared().then(|| {
        let (differing, all) = (count(differing as u64), count(listed.len() as u64));
        view! { <span class="differing">{format!("{differing} of {all} differ")}</span> }
    });
    let more = (left > 0).then(|| {
        let words = format!("{} more aren't shown.", count(left as u64));
        view! { <tr><td class="muted" colspan=width.clone()>{words}</td></tr> }
    });
    let view = view! {
        <tbody>
            <tr class="group-line">
                <th colspan=width.clone() scope="rowgroup"><span>{group.title} {says}</span></th>
            </tr>
            {rows}
            {more}
        </tbody>
    };
    Some(view.into_any())
}

fn row(shown: &Shown<'_>, group: &Group, line: &Line, differs: bool) -> AnyView {
    let is_known = |place: usize| group.known.get(place).copied().unwrap_or_default();
    let base = shown.base();
    let basis = line.values.get(base).filter(|_| is_known(base));
    let direction = group.is_metrics.then(|| shown.directions.of(&line.key));
    let cell = |place: &usize| {
        let place = *place;
        let value = line.values.get(place)?;
        if !is_known(place) {
            let view = view! { <td class:base=shown.is_base(place)><span class="faint" title="Not known">"?"</span></td> };
            return Some(view.into_any());
        }
        let other = basis.filter(|_| place != base);
        let marked = differs && other.is_some_and(|other| !other.is_like(value));
        let far = other.filter(|_| marked).and_then(|other| told(other, value, direction));
        let unlike = marked && far.is_none();
        let is_number = matches!(value, Value::Number(_));
        let view = view! {
            <td class:differs=marked class:unlike=unlike class:num=is_number class:base=shown.is_base(place)>
                {cell_text(value)}
                {far}
            </td>
        };
        Some(view.into_any())
    };
    let name = match direction.filter(|_| shown.is_compared()) {
        None => line.key.clone().into_any(),
        Some(direction) => view! {
            <span class="metric-name">
                <span class="metric-key">{line.key.clone()}</span>
                {turner(shown.address, &line.key, direction)}
            </span>
        }
        .into_any(),
    };
    view! {
        <tr>
            <th class="name" scope="row" title=line.key.clone()>{name}</th>
            {shown.order.iter().filter_map(cell).collect_view()}
        </tr>
    }
    .into_any()
}

/// Where versions of a registered model are compared.
pub fn comparison_address(name: &str) -> String {
    format!("{}/compare", model_address(name, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_which_nothing_is_known_have_no_say() {
        let text = |text: &str| Value::Text(text.to_owned());
        let check = |values: Vec<Value>, known: &[bool], differs: bool| {
            let group = Group { title: "", lines: Vec::new(), known: known.to_vec(), is_metrics: false };
            assert_eq!(group.differs(&Line { key: String::new(), values }), differs, "{known:?}");
        };
        check(vec![text("a"), Value::Missing, text("a")], &[true, false, true], false);
        check(vec![text("a"), Value::Missing, text("a")], &[true, true, true], true);
        check(vec![text("a"), text("b")], &[true, true], true);
        check(vec![text("a"), text("b")], &[false, true], false);
        check(vec![Value::Missing], &[false], false);
    }
}
