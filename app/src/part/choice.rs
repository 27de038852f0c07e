use leptos::prelude::*;

/// A labelled list of which one is chosen. Options are what they mean and how they are called.
#[component]
pub fn Choice<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    options: Vec<(T, &'static str)>,
    chosen: RwSignal<T>,
) -> AnyView {
    let values: Vec<T> = options.iter().map(|(value, _)| *value).collect();
    let choose = move |event| {
        let place = event_target_value(&event).parse::<usize>().ok();
        if let Some(value) = place.and_then(|place| values.get(place)) {
            chosen.set(*value);
        }
    };
    let option = move |(place, (value, name)): (usize, (T, &'static str))| {
        view! { <option value=place.to_string() selected=move || chosen.get() == value>{name}</option> }
    };
    view! {
        <label class="field">
            <span>{label}</span>
            <select on:change=choose>{options.into_iter().enumerate().map(option).collect_view()}</select>
        </label>
    }
    .into_any()
}
