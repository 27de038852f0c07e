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
    },
};
use leptos::{ev, prelude::*, wasm_split::wasm_split};
use model::{
    ExperimentId, RunId,
    logged_image::{FOLDER, ImageSeries, LoggedImages, image_at},
    page::ArtifactRoot,
};

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
#[wasm_split(run, wasm_split_path = leptos::wasm_split, fallible)]
fn tab() -> Loaded<Of> {
    Ok(drawn)
}

fn drawn(of: Of) -> AnyView {
    let images = fetch(move || of.run, logged_images);
    view! {
        <Answered answer=images bars=6 show={move |images: LoggedImages| {
            if images.series.is_empty() {
                return view! {
                    <Empty icon=Icon::Image title="No pictures at steps">
                        <p class="muted"><code>"mlflow.log_image(image, key=\"predictions\", step=30)"</code> " logs one."</p>
                    </Empty>
                }.into_any();
            }
            let figure = |series: ImageSeries| view! { <Figure of series/> };
            view! {
                {images.is_more.then(|| view! {
                    <p class="banner">"There are more pictures than are shown here. All of them are among the artifacts."</p>
                })}
                <div class="media">{images.series.into_iter().map(figure).collect_view()}</div>
            }.into_any()
        }}/>
    }
    .into_any()
}

/// The pictures of one key.
#[component]
fn Figure(of: Of, series: ImageSeries) -> AnyView {
    let address = Address::here();
    let ImageSeries { key, images } = series;
    let last = images.len().saturating_sub(1);
    let images = StoredValue::new(images);
    let asked = Memo::new(move |_| {
        let step = address.text("step").parse().ok();
        images.with_value(|images| image_at(images, step))
    });
    // While the slider moves only this figure follows; the others and the address do when it is let go.
    let sliding = RwSignal::new(None::<usize>);
    Effect::watch(move || address.text("step"), move |_, _, _| sliding.set(None), false);
    let shown = Memo::new(move |_| {
        let place = sliding.get().unwrap_or_else(|| asked.get());
        images.with_value(|images| images.get(place).cloned()).map(|image| (place, image))
    });
    let root = ArtifactRoot::Run(of.experiment, of.run);
    let file = move |name: &str| file_address(root, &format!("{FOLDER}/{name}"));
    let small =
        move || shown.read().as_ref().map(|(_, image)| file(image.small.as_ref().unwrap_or(&image.file)));
    let whole = move || shown.read().as_ref().map(|(_, image)| file(&image.file));
    let step =
        move || shown.read().as_ref().map(|(_, image)| format!("step {}", image.step)).unwrap_or_default();
    let place = move || shown.read().as_ref().map_or(0, |(place, _)| *place).to_string();
    let slide = move |event: ev::Event| sliding.set(event_target_value(&event).parse().ok());
    let let_go = move |_| {
        if let Some((_, image)) = shown.get_untracked() {
            address.set(&[("step", &image.step.to_string())]);
        }
    };
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
                {(last > 0).then(|| view! {
                    <input
                        type="range"
                        min="0"
                        max=last.to_string()
                        step="1"
                        aria-label=label
                        aria-valuetext=step
                        prop:value=place
                        on:input=slide
                        on:change=let_go
                    />
                })}
                <output class="number">{step}</output>
            </div>
        </figure>
    }
    .into_any()
}
