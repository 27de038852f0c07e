//! Pictures that a run logged at steps: one figure a key, each with a slider along its steps.

use crate::{
    api::{fetch, logged_images},
    part::{
        address::Address,
        answered::Answered,
        artifact_browser::file_address,
        empty::Empty,
        icon::Icon,
        later::{Loaded, later},
        live::Live,
    },
};
use leptos::{ev, html::Input, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId, RunId,
    logged_image::{FOLDER, LoggedImages, image_at},
    page::ArtifactRoot,
};
use std::time::Duration;

/// How often pictures of a run that changes are asked for anew, at most.
const REFRESH: Duration = Duration::from_secs(5);

/// Whose pictures.
#[derive(Clone, Copy)]
struct Of {
    experiment: ExperimentId,
    run: RunId,
}

/// The pictures of a run. All figures are at one step, which is part of the address.
#[component]
pub fn Media(
    /// The experiment of the run.
    experiment: ExperimentId,
    /// The run.
    run: RunId,
) -> AnyView {
    later(tab, Of { experiment, run }, || view! { <div class="media" aria-busy="true"></div> }.into_any())
}

/// The code of the tab.
#[wasm_split(files, wasm_split_path = leptos::wasm_split, fallible)]
fn tab() -> Loaded<Of> {
    Ok(drawn)
}

fn drawn(of: Of) -> AnyView {
    let images = fetch(move || of.run, logged_images);
    view! { <Answered answer=images bars=6 show={move |images: LoggedImages| pictures(of, images)}/> }
        .into_any()
}

/// All pictures, and those that come while they are looked at.
fn pictures(of: Of, images: LoggedImages) -> AnyView {
    let address = Address::here();
    let images = RwSignal::new(images);
    let newest = Memo::new(move |_| {
        let images = images.read();
        images.series.iter().filter_map(|series| series.images.last()).map(|image| image.step).max()
    });
    let news = Live::pulse(Signal::stored(vec![format!("r{}", of.run)]), REFRESH);
    Effect::watch(
        move || news.track(),
        move |(), _, _| {
            spawn_local(async move {
                let Ok(now) = logged_images(of.run).await else { return };
                if images.try_with_untracked(|images| *images == now) != Some(false) {
                    return;
                }
                // Whoever looks at the last step goes on with the newest.
                let step: Option<i64> = untrack(|| address.text("step")).parse().ok();
                let at_last = step.is_some() && step >= newest.get_untracked();
                images.set(now);
                if at_last && step < newest.get_untracked() {
                    address.set(&[("step", "")]);
                }
            });
        },
        false,
    );
    let keys =
        Memo::new(move |_| images.read().series.iter().map(|series| series.key.clone()).collect::<Vec<_>>());
    let empty = Memo::new(move |_| keys.read().is_empty());
    let shown = move || {
        match empty.get() {
        true => view! {
            <Empty icon=Icon::Image title="No pictures at steps">
                <p class="muted"><code>"mlflow.log_image(image, key=\"predictions\", step=30)"</code> " logs one."</p>
            </Empty>
        }
        .into_any(),
        false => view! {
            <div class="media">
                <For each=move || keys.get() key=|key| key.clone() let:key>
                    <Figure of key images newest/>
                </For>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <Show when=move || images.read().is_more>
            <p class="banner">"There are more pictures than are shown here. All of them are among the artifacts."</p>
        </Show>
        {shown}
    }
    .into_any()
}

/// The pictures of one key.
#[component]
fn Figure(of: Of, key: String, images: RwSignal<LoggedImages>, newest: Memo<Option<i64>>) -> AnyView {
    let address = Address::here();
    let images = {
        let key = key.clone();
        Memo::new(move |_| {
            let images = images.read();
            let series = images.series.iter().find(|series| series.key == key);
            series.map(|series| series.images.clone()).unwrap_or_default()
        })
    };
    let last = Memo::new(move |_| images.read().len().saturating_sub(1));
    let asked = Memo::new(move |_| image_at(&images.read(), address.text("step").parse().ok()));
    // While the slider moves only this figure follows; the others and the address do when it is let go.
    let sliding = RwSignal::new(None::<usize>);
    Effect::watch(move || address.text("step"), move |_, _, _| sliding.set(None), false);
    let shown = Memo::new(move |_| {
        let place = sliding.get().unwrap_or_else(|| asked.get());
        images.read().get(place).cloned().map(|image| (place, image))
    });
    let root = ArtifactRoot::Run(of.experiment, of.run);
    let file = move |name: &str| file_address(root, &format!("{FOLDER}/{name}"));
    let small =
        move || shown.read().as_ref().map(|(_, image)| file(image.small.as_ref().unwrap_or(&image.file)));
    let whole = move || shown.read().as_ref().map(|(_, image)| file(&image.file));
    let step =
        move || shown.read().as_ref().map(|(_, image)| format!("step {}", image.step)).unwrap_or_default();
    let slide = move |event: ev::Event| sliding.set(event_target_value(&event).parse().ok());
    let let_go = move |_| {
        if let Some((_, image)) = shown.get_untracked() {
            // The last step of all is the one that the newest take the place of.
            let step = match Some(image.step) < newest.get_untracked() {
                true => image.step.to_string(),
                false => String::new(),
            };
            if untrack(|| address.text("step")) == step {
                sliding.set(None);
            }
            address.set(&[("step", &step)]);
        }
    };
    // How far it goes is set before where it stands, which would else be cut.
    let slider = NodeRef::<Input>::new();
    Effect::new(move || {
        let (last, place) = (last.get(), shown.read().as_ref().map_or(0, |(place, _)| *place));
        if let Some(slider) = slider.get() {
            slider.set_max(&last.to_string());
            slider.set_value(&place.to_string());
        }
    });
    let alt = {
        let key = key.clone();
        move || format!("{key}, {}", step())
    };
    let label = format!("Step of {key}");
    view! {
        <figure class="card media-figure">
            <figcaption title=key.clone()>{key.clone()}</figcaption>
            <a href=whole target="_blank" rel="external noopener" title="Open it whole">
                <img loading="lazy" src=small alt=alt/>
            </a>
            <div class="slider">
                <Show when=move || { last.get() > 0 }>
                    <input
                        node_ref=slider
                        type="range"
                        min="0"
                        step="1"
                        aria-label=label.clone()
                        aria-valuetext=step
                        on:input=slide
                        on:change=let_go
                    />
                </Show>
                <output class="number">{step}</output>
            </div>
        </figure>
    }
    .into_any()
}
