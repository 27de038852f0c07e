use crate::{
    api::{compare_runs, fetch},
    part::{
        address::Address,
        answered::Answered,
        chart::ChartRun,
        chart_board::ChartBoard,
        chart_options::{Hidden, group_of, read_grouping},
        chart_settings::GroupKeys,
        column::{Column, ShownColumn, write_columns},
        compare::{
            Beside, CompareSections,
            colors::Colors,
            more_runs::{ListedRun, Listing, MoreRuns},
        },
        comparison_table::ComparisonTable,
        empty::Empty,
        icon::Icon,
        number::counted,
        run_chips::{RunChips, eye_button},
        run_color::Ink,
        run_table::{run_address, run_name},
        share_link::ShareLink,
    },
};
use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    RunId,
    compared::FILES_OF_RUNS,
    page::{ComparedRun, Comparison},
    run_list::{read_runs, write_runs},
};
use std::{collections::BTreeSet, sync::Arc};

/// Runs that are named on top; the others are in a list that opens.
const NAMED: usize = 12;

/// Runs over and beside each other. All of what is shown is in the address.
#[component]
pub fn RunCompare() -> AnyView {
    let address = Address::here();
    let ids = Memo::new(move |before: Option<&Vec<String>>| match before {
        // A page that is being left sees the next one's query.
        Some(before) if !address.is_at("/compare") => before.clone(),
        _ => read_runs(&address.text("runs")),
    });
    let comparison = fetch(
        move || ids.get(),
        |ids| async move {
            match ids.is_empty() {
                true => Ok(Comparison { runs: Vec::new(), missing: Vec::new(), editable: Vec::new() }),
                false => compare_runs(ids).await,
            }
        },
    );
    view! {
        <Title text="Compare runs"/>
        <div class="page">
            <Answered answer=comparison bars=8 show={move |comparison: Comparison| view! {
                <Compared comparison/>
            }}/>
        </div>
    }
    .into_any()
}

#[component]
fn Compared(comparison: Comparison) -> AnyView {
    let address = Address::here();
    let colors = Colors::new(&comparison);
    let Comparison { runs, missing, .. } = comparison;
    let ids: Arc<Vec<RunId>> = Arc::new(runs.iter().map(|run| run.run.info.id).collect());
    let all = runs.len();
    let base = {
        let ids = ids.clone();
        Memo::new(move |_| {
            let base = address.get("base").and_then(|base| base.parse::<RunId>().ok());
            base.and_then(|base| ids.iter().position(|id| *id == base)).unwrap_or(0)
        })
    };
    let without = |id: RunId| {
        let ids = ids.clone();
        move || {
            let rest: Vec<RunId> = ids.iter().copied().filter(|other| *other != id).collect();
            address.with(&[("runs", &write_runs(&rest))])
        }
    };
    let hidden = Memo::new(move |_| Hidden::read(address));
    let chip = |index: usize, run: &ComparedRun| {
        let name = run_name(&run.run);
        let remove = format!("Remove {name}");
        view! {
            <li class="run-chip">
                {colors.swatch(run.run.info.id, &name, index)}
                <a href=run_address(&run.run)>{name.clone()}</a>
                <span class="muted">{run.experiment_name.clone()}</span>
                {eye_button(hidden, run.run.info.id, name)}
                <a
                    class="icon-button"
                    href=without(run.run.info.id)
                    data-noscroll=""
                    aria-label=remove.clone()
                    title=remove.clone()
                >
                    {Icon::Close.draw()}
                </a>
            </li>
        }
    };
    let chips = runs.iter().enumerate().take(NAMED).map(|(index, run)| chip(index, run)).collect_view();
    let chart_runs: Vec<ChartRun> = runs
        .iter()
        .enumerate()
        .map(|(place, run)| {
            let info = &run.run.info;
            ChartRun::new(info.experiment, info.id, run_name(&run.run), Ink::of(&run.run, place))
        })
        .collect();
    let more = (all > NAMED).then(|| {
        let listed = |(place, run): (usize, &ComparedRun)| ListedRun {
            id: run.run.info.id,
            name: run_name(&run.run),
            place,
            href: run_address(&run.run),
            experiment: run.experiment_name.clone(),
        };
        let rest: Vec<ListedRun> = runs.iter().enumerate().skip(NAMED).map(listed).collect();
        let listing = Listing { runs: Arc::new(rest), all: ids.clone(), colors };
        view! { <MoreRuns listing/> }
    });
    let gone = (!missing.is_empty()).then(|| {
        view! {
            <div class="banner" role="status">
                {Icon::Alert.draw()}
                <span>
                    {counted(missing.len() as u64, "run")}
                    " not found or not visible to you: "
                    {missing.iter().take(NAMED).map(|id| view! { <code>{id.clone()}</code> " " }).collect_view()}
                    {(missing.len() > NAMED).then_some("…")}
                </span>
            </div>
        }
    });
    let back = runs.first().map(|run| {
        let href = format!("/experiments/{}", run.run.info.experiment);
        view! {
            <span aria-hidden="true">"/"</span>
            <a href=href>{run.experiment_name.clone()}</a>
        }
    });
    let metrics: BTreeSet<String> =
        runs.iter().flat_map(|run| run.run.metrics.iter().map(|metric| metric.key.clone())).collect();
    let groupings = groupings(&runs);
    let keys = (!groupings.is_empty()).then(|| GroupKeys::Listed(Signal::stored(groupings)));
    let drawn = grouped(&chart_runs, &runs, colors);
    let title = counted(all as u64, "run");
    let nothing = runs.is_empty();
    view! {
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/experiments">"Experiments"</a>
                {back}
            </nav>
            <div class="page-title">
                <h1>"Comparison"</h1>
                <span class="muted">{title}</span>
                {(!nothing).then(|| view! { <span class="push"><ShareLink/></span> })}
            </div>
            <ul class="run-chips" aria-label="Compared runs">{chips}</ul>
            {more}
            {colors.panel()}
        </header>
        {gone}
        {if nothing {
            view! {
                <Empty icon=Icon::Compare title="Nothing to compare">
                    <p class="muted">"Open an experiment, select two or more runs and choose Compare."</p>
                    <p><a class="button" href="/experiments">"All experiments"</a></p>
                </Empty>
            }.into_any()
        } else {
            let beside = Beside { runs: baseline_first(&chart_runs, base, colors), all };
            view! {
                <Show when=move || drawn.read().iter().any(|run| run.group.is_some())>
                    <RunChips runs=drawn.into() label="Groups that are drawn"/>
                </Show>
                <ChartBoard
                    runs=drawn.into()
                    metrics=Signal::stored(metrics.into_iter().collect())
                    keys=keys
                />
                <ComparisonTable runs base colors/>
                <CompareSections beside/>
            }.into_any()
        }}
    }
    .into_any()
}

/// What the runs can be grouped by.
fn groupings(runs: &[ComparedRun]) -> Vec<String> {
    let params = runs.iter().flat_map(|run| &run.run.params).map(|param| Column::Param(param.key.clone()));
    let tags = runs.iter().flat_map(|run| &run.run.tags).filter(|tag| !tag.key.starts_with("mlflow."));
    let tags = tags.map(|tag| Column::Tag(tag.key.clone()));
    let columns: BTreeSet<Column> = params.chain(tags).collect();
    columns.into_iter().map(|column| write_columns(&[ShownColumn::plain(column)])).collect()
}

/// The runs as charts draw them, with their groups.
fn grouped(runs: &[ChartRun], of: &[ComparedRun], colors: Colors) -> Memo<Vec<ChartRun>> {
    let address = Address::here();
    let facts = of.iter().map(|run| (run.run.params.clone(), run.run.tags.clone()));
    let runs: Vec<_> = runs.iter().cloned().zip(facts).collect();
    let by = Memo::new(move |_| read_grouping(address));
    Memo::new(move |_| {
        let by = by.read();
        let drawn = runs.iter().enumerate().map(|(place, (run, (params, tags)))| ChartRun {
            group: group_of(params, tags, &by),
            ink: colors.ink(run.id, place),
            ..run.clone()
        });
        drawn.collect()
    })
}

/// The first runs, of which files are compared, the baseline at their head.
fn baseline_first(runs: &[ChartRun], base: Memo<usize>, colors: Colors) -> Memo<Vec<ChartRun>> {
    let runs = StoredValue::new(runs.to_vec());
    Memo::new(move |_| {
        let base = base.get();
        runs.with_value(|runs| {
            let inked = |place: usize| {
                let run = runs.get(place)?;
                Some(ChartRun { ink: colors.ink(run.id, place), ..run.clone() })
            };
            let others = (0..runs.len()).filter(|place| *place != base);
            std::iter::once(base).chain(others).take(FILES_OF_RUNS).filter_map(inked).collect()
        })
    })
}
