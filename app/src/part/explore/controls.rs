//! The choice of a plot and of what it shows. All of it is in the address.

use super::{
    ask,
    choices::{Choices, Kind, MOST_AXES, NONE, Part, better, write_axes, write_front},
};
use crate::{
    api::search_keys,
    part::{address::Address, icon::Icon, pause::after_pause, search_box::SearchBox},
};
use chart::Direction;
use leptos::{html, prelude::*};
use model::{ExperimentId, explore::Field, filter::MetricFigure, page::KeysFound};
use std::time::Duration;

/// How long nothing is typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(150);

/// Fields of one kind, under its name.
type Listed = (&'static str, Vec<Field>);

/// What there is to choose from.
fn listed(keys: &KeysFound) -> Vec<Listed> {
    let metrics = |figure: MetricFigure| {
        keys.metrics.iter().map(|key| Field::Metric(key.clone(), figure)).collect::<Vec<_>>()
    };
    let groups = vec![
        ("Metrics", metrics(MetricFigure::Last)),
        ("Params", keys.params.iter().map(|key| Field::param(key)).collect()),
        ("Run", vec![Field::Started, Field::Duration, Field::Status]),
        ("Tags", keys.tags.iter().map(|key| Field::Tag(key.clone())).collect()),
        ("Metrics at their least", metrics(MetricFigure::Min)),
        ("Metrics at their greatest", metrics(MetricFigure::Max)),
    ];
    groups.into_iter().filter(|(_, fields)| !fields.is_empty()).collect()
}

/// The kind of plot, and what goes where.
#[component]
pub fn Controls(
    /// Whose keys there are to choose from.
    experiment: ExperimentId,
    /// What is chosen.
    choices: Memo<Choices>,
) -> AnyView {
    let address = Address::here();
    let (typed, set_typed) = signal(String::new());
    let (search, set_search) = signal(String::new());
    // Asks once a pause is made, not with each key.
    Effect::new(move || {
        let text = typed.get();
        after_pause(PAUSE, move || set_search.set(text));
    });
    let question = Memo::new(move |_| Some(search.get()));
    let found = ask(question, Trigger::new(), move |text| search_keys(experiment, text));
    let keys = Memo::new(move |before: Option<&KeysFound>| match &*found.read() {
        Some((_, Ok(keys))) => (**keys).clone(),
        _ => before.cloned().unwrap_or_default(),
    });
    let options = Signal::derive(move || listed(&keys.read()));
    let many = Memo::new(move |_| !keys.read().more.is_empty() || !typed.read().is_empty());
    let kind = Memo::new(move |_| choices.read().kind);
    let select = move |part: Part| {
        let chosen = Signal::derive(move || choices.read().field(part).cloned());
        let none = part.may_be_none(kind.get_untracked()).then_some("None");
        let choose = Callback::new(move |value: String| address.set(&[(part.key(), &value)]));
        view! { <FieldSelect label=part.label(kind.get_untracked()) chosen options none choose/> }
    };
    let choose_kind = move |event| address.set(&[("plot", &event_target_value(&event))]);
    view! {
        <div class="toolbar explore-controls" role="group" aria-label="Plot">
            <label class="field">
                <span>"Plot"</span>
                <select aria-label="Plot" on:change=choose_kind>
                    {Kind::ALL.map(|(each, word, name)| view! {
                        <option value=word prop:selected=move || kind.get() == each>{name}</option>
                    }).into_iter().collect_view()}
                </select>
            </label>
            {move || {
                let kind = kind.get();
                let parts = Part::ALL.into_iter().filter(|part| kind.has(*part));
                parts.map(select).collect_view()
            }}
            <Show when=move || many.get()>
                <SearchBox
                    label="Find metrics, params and tags"
                    text=typed.into()
                    on_change=move |text| set_typed.set(text)
                />
            </Show>
            <Logs choices/>
            <Show when=move || kind.get() == Kind::Scatter>
                <Front choices/>
            </Show>
        </div>
        <Show when=move || kind.get() == Kind::Parallel>
            <Axes choices options/>
        </Show>
    }
    .into_any()
}

/// A list of fields to choose one from.
#[component]
fn FieldSelect(
    /// What it is chosen for.
    label: &'static str,
    /// Which is.
    chosen: Signal<Option<Field>>,
    /// What there is.
    options: Signal<Vec<Listed>>,
    /// What choosing none is called, if one can.
    none: Option<&'static str>,
    /// Told what is chosen, as the address says it.
    choose: Callback<String>,
) -> AnyView {
    let select = NodeRef::<html::Select>::new();
    // What is chosen can be seen, whether or not it was found.
    let listed = Memo::new(move |_| {
        let mut groups = options.get();
        if let Some(field) = chosen.get()
            && !groups.iter().any(|(_, fields)| fields.contains(&field))
        {
            groups.insert(0, ("Chosen", vec![field]));
        }
        groups
    });
    // Once its options are there.
    Effect::new(move || {
        listed.track();
        let value = chosen.get().map_or_else(|| NONE.to_owned(), |field| field.to_string());
        if let Some(select) = select.get() {
            select.set_value(&value);
        }
    });
    let option = |field: Field| view! { <option value=field.to_string()>{field.title()}</option> };
    view! {
        <label class="field">
            <span>{label}</span>
            <select
                node_ref=select
                aria-label=label
                on:change=move |event| choose.run(event_target_value(&event))
            >
                {none.map(|none| view! { <option value=NONE>{none}</option> })}
                {move || listed.get().into_iter().map(|(name, fields)| view! {
                    <optgroup label=name>{fields.into_iter().map(option).collect_view()}</optgroup>
                }).collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// The axes side by side: taken out, moved, and others taken in.
#[component]
fn Axes(choices: Memo<Choices>, options: Signal<Vec<Listed>>) -> AnyView {
    let address = Address::here();
    let axes = Memo::new(move |_| choices.read().axes.clone());
    let write = move |axes: &[Field]| address.set(&[("axes", &write_axes(axes))]);
    let add = Callback::new(move |value: String| {
        let mut axes = axes.get_untracked();
        if let Ok(field) = value.parse::<Field>()
            && !axes.contains(&field)
        {
            axes.push(field);
            write(&axes);
        }
    });
    // Whatever was taken in, the list offers the next.
    let chosen = Signal::derive(move || {
        axes.track();
        None
    });
    let chip = move |(place, field): (usize, Field)| {
        let title = field.title();
        let (left, out) = (format!("Move {title} to the left"), format!("Take out {title}"));
        let to_the_left = move |_| {
            let mut axes = axes.get_untracked();
            if place > 0 && place < axes.len() {
                axes.swap(place - 1, place);
                write(&axes);
            }
        };
        let take_out = move |_| {
            let mut axes = axes.get_untracked();
            axes.retain(|axis| *axis != field);
            write(&axes);
        };
        view! {
            <li class="run-chip">
                <span>{title}</span>
                <button
                    type="button"
                    class="icon-button"
                    disabled=place == 0
                    aria-label=left.clone()
                    title=left
                    on:click=to_the_left
                >
                    {Icon::ChevronLeft.draw()}
                </button>
                <button type="button" class="icon-button" aria-label=out.clone() title=out on:click=take_out>
                    {Icon::Close.draw()}
                </button>
            </li>
        }
    };
    view! {
        <div class="explore-axes">
            <ul class="run-chips" aria-label="Axes">
                {move || axes.get().into_iter().enumerate().map(chip).collect_view()}
            </ul>
            <Show when=move || axes.read().len() < MOST_AXES>
                <FieldSelect label="Add an axis" chosen options none=Some("Choose…") choose=add/>
            </Show>
        </div>
    }
    .into_any()
}

/// Which axes are logarithmic, where there are some that can be.
#[component]
fn Logs(choices: Memo<Choices>) -> AnyView {
    let address = Address::here();
    let (has_x, has_y) = (
        move || {
            matches!(choices.read().kind, Kind::Scatter | Kind::Histogram | Kind::Heatmap | Kind::Contours)
        },
        move || {
            let kind = choices.read().kind;
            matches!(kind, Kind::Scatter | Kind::Boxes | Kind::Violins | Kind::Heatmap | Kind::Contours)
        },
    );
    let write = move |x: bool, y: bool| {
        let text = format!("{}{}", if x { "x" } else { "" }, if y { "y" } else { "" });
        address.set(&[("plog", &text)]);
    };
    let set_x =
        move |event| write(event_target_checked(&event), choices.with_untracked(|choices| choices.log.1));
    let set_y =
        move |event| write(choices.with_untracked(|choices| choices.log.0), event_target_checked(&event));
    let words = move |both: &'static str, alone: &'static str| {
        move || if choices.read().kind == Kind::Scatter { both } else { alone }
    };
    view! {
        <Show when=has_x>
            <label class="check">
                <input type="checkbox" prop:checked=move || choices.read().log.0 on:change=set_x/>
                <span>"Log X"</span>
            </label>
        </Show>
        <Show when=has_y>
            <label class="check">
                <input type="checkbox" prop:checked=move || choices.read().log.1 on:change=set_y/>
                <span>{words("Log Y", "Log values")}</span>
            </label>
        </Show>
    }
    .into_any()
}

/// Whether the Pareto front is shown, and what is better on both axes.
#[component]
fn Front(choices: Memo<Choices>) -> AnyView {
    let address = Address::here();
    let front = Memo::new(move |_| choices.read().front);
    let write = move |front: Option<(Direction, Direction)>| {
        address.set(&[("front", &front.map(write_front).unwrap_or_default())]);
    };
    let toggle = move |event| {
        let directions = choices.with_untracked(|choices| {
            let direction = |part| choices.field(part).map_or(Direction::Less, better);
            (direction(Part::X), direction(Part::Y))
        });
        write(event_target_checked(&event).then_some(directions));
    };
    let direction = |text: String| if text == "more" { Direction::More } else { Direction::Less };
    let set_x = move |event| {
        if let Some((_, y)) = front.get_untracked() {
            write(Some((direction(event_target_value(&event)), y)));
        }
    };
    let set_y = move |event| {
        if let Some((x, _)) = front.get_untracked() {
            write(Some((x, direction(event_target_value(&event)))));
        }
    };
    let x_is_more = move || matches!(front.get(), Some((Direction::More, _)));
    let y_is_more = move || matches!(front.get(), Some((_, Direction::More)));
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=move || front.get().is_some() on:change=toggle/>
            <span>"Pareto front"</span>
        </label>
        <Show when=move || front.get().is_some()>
            <select class="input" aria-label="Better on the X axis" on:change=set_x>
                <option value="less" prop:selected=move || !x_is_more()>"X: less is better"</option>
                <option value="more" prop:selected=x_is_more>"X: more is better"</option>
            </select>
            <select class="input" aria-label="Better on the Y axis" on:change=set_y>
                <option value="less" prop:selected=move || !y_is_more()>"Y: less is better"</option>
                <option value="more" prop:selected=y_is_more>"Y: more is better"</option>
            </select>
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_fields_without_any_are_left_out() {
        let keys = KeysFound { params: vec!["lr".to_owned()], ..KeysFound::default() };
        let names: Vec<&str> = listed(&keys).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Params", "Run"]);
    }
}
