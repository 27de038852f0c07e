//! Which params matter for a metric.

use super::{
    ask,
    choices::{Choices, Part},
    news_of,
};
use crate::{
    api::param_importance,
    part::{
        address::Address,
        answered::FaultNote,
        empty::Empty,
        icon::Icon,
        number::{Number, counted},
    },
};
use leptos::prelude::*;
use model::{
    ExperimentId,
    explore::{Field, Importance, ParamImportance},
    page::RunsQuery,
};
use std::time::Duration;

/// How often it is computed anew while runs change, at most: it grows a forest.
const REFRESH: Duration = Duration::from_secs(20);

/// The params of the runs of a query, the most important first.
#[component]
pub fn ImportanceTable(
    /// Of which experiment.
    experiment: ExperimentId,
    /// Which runs.
    query: Memo<RunsQuery>,
    /// For what.
    choices: Memo<Choices>,
) -> AnyView {
    let address = Address::here();
    let question =
        Memo::new(move |_| choices.read().field(Part::Y).cloned().map(|field| (query.get(), field)));
    let again = news_of(experiment, REFRESH);
    let answer = ask(question, again, move |(query, field): (RunsQuery, Field)| {
        param_importance(experiment, query, field)
    });
    let waiting = Memo::new(move |_| match (&*answer.read(), &*question.read()) {
        (Some((answered, _)), Some(asked)) => answered != asked,
        _ => true,
    });
    let retry = move |_| again.notify();
    let shown = move || match &*answer.read() {
        None => view! { <div class="explore-waiting"></div> }.into_any(),
        Some((_, Err(fault))) => view! {
            <FaultNote fault=fault.clone()/>
            <p class="explore-retry"><button type="button" class="button" on:click=retry>"Retry"</button></p>
        }
        .into_any(),
        Some(((_, field), Ok(told))) => table(address, field, told),
    };
    view! {
        <div class="explore-importance" class:pending=waiting aria-busy=move || waiting.get().to_string()>
            {shown}
        </div>
    }
    .into_any()
}

fn table(address: Address, of: &Field, told: &Importance) -> AnyView {
    if told.params.is_empty() {
        return view! {
            <Empty icon=Icon::Flask title="No params to compare">
                <p class="muted">"Params matter where they differ between runs: here they are all the same, or names."</p>
            </Empty>
        }
        .into_any();
    }
    let title = of.title();
    let words = format!(
        "How much of what differs in {title} a random forest explains by each param, of {}.{}",
        counted(told.runs, "run"),
        match told.left_out {
            0 => String::new(),
            more => format!(" {} more were not looked at.", counted(more, "param")),
        }
    );
    let row = |param: &ParamImportance| {
        let (x, y) = (Field::param(&param.key).to_string(), of.to_string());
        let href = untrack(|| {
            address.with(&[("plot", "scatter"), ("px", &x), ("py", &y), ("pc", "none"), ("ps", "")])
        });
        let share = format!("{:.1}%", param.importance * 100.0);
        let correlation = |value: Option<f64>| match value {
            Some(value) => {
                let value = (value * 1000.0).round() / 1000.0;
                view! { <Number value/> }.into_any()
            }
            None => view! { <span class="faint">"–"</span> }.into_any(),
        };
        view! {
            <tr>
                <th scope="row"><a href=href data-noscroll="" title="Show as a scatter plot">{param.key.clone()}</a></th>
                <td class="num">{share.clone()}</td>
                <td class="importance-cell" aria-hidden="true">
                    <div class="importance-bar" style:width=share></div>
                </td>
                <td class="num">{correlation(param.spearman)}</td>
                <td class="num">{correlation(param.pearson)}</td>
            </tr>
        }
    };
    view! {
        <p class="muted">{words}</p>
        <div class="table-frame">
            <table class="grid" aria-label="Importance of params">
                <thead>
                    <tr>
                        <th scope="col">"Param"</th>
                        <th scope="col" class="num">"Importance"</th>
                        <td aria-hidden="true"></td>
                        <th scope="col" class="num" title="Spearman: whether one rises with the other, however much">
                            "Rank correlation"
                        </th>
                        <th scope="col" class="num" title="Pearson: whether they lie on a line">"Correlation"</th>
                    </tr>
                </thead>
                <tbody>{told.params.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        <p class="faint">
            "A correlation above zero: more of the param, more of the metric. Words have none. None of this says what causes what."
        </p>
    }
    .into_any()
}
