use crate::part::icon::Icon;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlDocument, HtmlTextAreaElement};

/// Puts a text on the clipboard and says so.
#[component]
pub fn CopyButton(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// What the text is: the button is called "Copy …".
    what: &'static str,
) -> AnyView {
    let (copied, set_copied) = signal(false);
    let copy = move |_| {
        copy_to_clipboard(&text.get_untracked());
        set_copied.set(true);
        set_timeout(move || _ = set_copied.try_set(false), Duration::from_millis(1500));
    };
    view! {
        <button
            type="button"
            class="icon-button copy"
            class:done=copied
            aria-label=format!("Copy {what}")
            title=format!("Copy {what}")
            on:click=copy
        >
            {move || if copied.get() { Icon::Check } else { Icon::Copy }.draw()}
            <span class="visually-hidden" role="status">{move || if copied.get() { "Copied" } else { "" }}</span>
        </button>
    }
    .into_any()
}

/// Lines of code with a button to copy them.
#[component]
pub fn CodeBlock(
    /// The lines.
    #[prop(into)]
    code: Signal<String>,
    /// What they are.
    what: &'static str,
) -> AnyView {
    view! {
        <div class="code-block">
            <pre tabindex="0">
                <code>{code}</code>
            </pre>
            <CopyButton text=code what/>
        </div>
    }
    .into_any()
}

/// Puts a text on the clipboard. Pages served over plain HTTP have no `navigator.clipboard`; for them the old way still works.
pub fn copy_to_clipboard(text: &str) {
    let window = window();
    if window.is_secure_context() {
        // Nothing to do if the person's browser says no: the text stands on the page.
        drop(window.navigator().clipboard().write_text(text));
    } else {
        drop(copy_by_selection(text));
    }
}

fn copy_by_selection(text: &str) -> Result<(), JsValue> {
    let document: HtmlDocument = document().unchecked_into();
    let area: HtmlTextAreaElement = document.create_element("textarea")?.unchecked_into();
    area.set_class_name("visually-hidden");
    area.set_value(text);
    let body = document.body().ok_or(JsValue::UNDEFINED)?;
    body.append_child(&area)?;
    area.select();
    document.exec_command("copy")?;
    area.remove();
    Ok(())
}
