//! Registering a model that a run made.

use crate::{
    api::{register_model, registry_page},
    part::{
        later::{Loaded, later},
        menu::FloatingButton,
        model_link::model_link,
        toast::Toasts,
    },
};
use leptos::{ev, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ModelId,
    page::registry::{RegistryPage, RegistryQuestion},
};

/// A button that asks for a name, and registers a logged model under it.
pub fn register_button(model: ModelId, name: &str) -> AnyView {
    view! {
        <FloatingButton label=format!("Register {name}") class="button quiet small" face=ViewFn::from(|| "Register")>
            {later(form, model, || view! { <div class="thing-menu" aria-busy="true"></div> }.into_any())}
        </FloatingButton>
    }
    .into_any()
}

/// The code of the form.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn form() -> Loaded<ModelId> {
    Ok(drawn)
}

fn drawn(model: ModelId) -> AnyView {
    let toasts = Toasts::here();
    let name = RwSignal::new(String::new());
    let known = RwSignal::new(Vec::<String>::new());
    let made = RwSignal::new(None::<(String, i64)>);
    // Those that changed last are those that one registers more versions of.
    spawn_local(async move {
        let asked = RegistryQuestion::List { text: String::new(), by_change: true, page: 0 };
        if let Ok(RegistryPage::List(list)) = registry_page(asked).await {
            let names = list.rows.into_iter().map(|row| row.name).collect();
            _ = known.try_set(names);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        spawn_local(async move {
            match register_model(model, wanted.clone()).await {
                Ok(version) => _ = made.try_set(Some((wanted, version))),
                Err(fault) => toasts.failed(fault.to_string()),
            }
        });
    };
    let option = |name: String| view! { <option value=name></option> };
    let body = move || {
        match made.get() {
        Some((name, version)) => view! {
            <div class="small-form" role="status">
                <p>"Registered as " {model_link(&name, Some(version), "", format!("version {version} of {name}"))} "."</p>
            </div>
        }
        .into_any(),
        None => view! {
            <form class="small-form" on:submit=submit>
                <label>
                    <span>"Name of the model, a new one or one there is"</span>
                    <input
                        class="input"
                        type="text"
                        required
                        autofocus
                        autocomplete="off"
                        list="registered-names"
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <datalist id="registered-names">{move || known.get().into_iter().map(option).collect_view()}</datalist>
                <button type="submit" class="button primary">"Register"</button>
            </form>
        }
        .into_any(),
    }
    };
    body.into_any()
}
