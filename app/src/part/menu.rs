use crate::part::chart::watch;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

/// How far from the window's edge a floating panel stays, in CSS pixels.
const MARGIN: f64 = 8.0;

/// A button that opens a panel below it. Escape and a click elsewhere close it.
#[component]
pub fn Menu(
    /// What the button is called.
    #[prop(into)]
    label: Signal<String>,
    /// More classes of the button.
    #[prop(default = "button")]
    class: &'static str,
    /// Whether the panel's right edge is under the button's.
    #[prop(optional)]
    end: bool,
    /// What the button shows.
    face: ViewFn,
    /// The panel.
    children: ChildrenFn,
) -> AnyView {
    let (open, set_open) = signal(false);
    let button = NodeRef::<html::Button>::new();
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if let Some(panel) = panel.get() {
            focus_first(&panel);
        }
    });
    let close = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            set_open.set(false);
            if let Some(button) = button.get_untracked() {
                _ = button.focus();
            }
        }
    };
    // A link in it leads away from it.
    let leave = move |event: ev::MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if target.is_some_and(|target| target.closest("a[href]").ok().flatten().is_some()) {
            set_open.set(false);
        }
    };
    view! {
        <div class="menu" on:keydown=close>
            <button
                type="button"
                class=class
                node_ref=button
                aria-label=label
                aria-haspopup="dialog"
                aria-expanded=move || open.get().to_string()
                on:click=move |_| set_open.update(|open| *open = !*open)
            >
                {face.run()}
            </button>
            <Show when=move || open.get()>
                <div class="menu-backdrop" on:click=move |_| set_open.set(false)></div>
                <div class="menu-panel" class:end=end node_ref=panel role="dialog" tabindex="-1" aria-label=label on:click=leave>
                    {children()}
                </div>
            </Show>
        </div>
    }
    .into_any()
}

/// What can be typed into or pressed first gets the focus; the panel itself while there is nothing.
fn focus_first(panel: &HtmlElement) {
    let first = panel.query_selector("input, textarea, button:not(:disabled), a").ok().flatten();
    let first = first.and_then(|first| first.dyn_into::<HtmlElement>().ok());
    _ = first.as_ref().unwrap_or(panel).focus();
}

/// What came into a panel that has the focus takes it over.
pub fn pass_focus_on() {
    let active = document().active_element().filter(|active| active.class_list().contains("menu-panel"));
    if let Some(panel) = active.and_then(|active| active.dyn_into::<HtmlElement>().ok()) {
        focus_first(&panel);
    }
}

/// The place below an element, from the left upper corner of the window, in CSS pixels.
pub fn under(element: &web_sys::Element) -> (f64, f64) {
    let edges = element.get_bounding_client_rect();
    (edges.left(), edges.bottom())
}

/// A panel over the page, open as long as it is there. Escape and a click elsewhere close it.
#[component]
pub fn FloatingMenu(
    /// What it is called.
    label: String,
    /// Its left upper corner, in CSS pixels; it moves so that it fits into the window.
    at: (f64, f64),
    /// Takes it away.
    on_close: impl Fn() + Copy + Send + Sync + 'static,
    /// The panel.
    children: ChildrenFn,
) -> AnyView {
    let panel = NodeRef::<html::Div>::new();
    let before = StoredValue::new_local(None::<HtmlElement>);
    // However it is closed: what is chosen in it takes it away, too.
    on_cleanup(move || {
        if let Some(before) = before.try_get_value().flatten() {
            _ = before.focus();
        }
    });
    // It grows when its content comes.
    let size = watch::size(panel);
    Effect::new(move |placed: Option<bool>| {
        size.track();
        let Some(panel) = panel.get() else { return false };
        if placed != Some(true) {
            before.set_value(document().active_element().and_then(|active| active.dyn_into().ok()));
        }
        let edge = |inner: Result<JsValue, JsValue>| {
            inner.ok().and_then(|edge| edge.as_f64()).unwrap_or(f64::MAX) - MARGIN
        };
        let (width, height) = (f64::from(panel.offset_width()), f64::from(panel.offset_height()));
        let left = at.0.min(edge(window().inner_width()) - width).max(MARGIN);
        let top = at.1.min(edge(window().inner_height()) - height).max(MARGIN);
        let style = HtmlElement::style(&panel);
        _ = style.set_property("left", &format!("{left}px"));
        _ = style.set_property("top", &format!("{top}px"));
        if placed != Some(true) {
            focus_first(&panel);
        }
        true
    });
    let close = on_close;
    let key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            close();
        }
    };
    view! {
        <div class="menu-backdrop" on:click=move |_| close()></div>
        <div class="menu-panel floating" node_ref=panel role="dialog" tabindex="-1" aria-label=label on:keydown=key>
            {children()}
        </div>
    }
    .into_any()
}

/// A button that opens a panel over the page: for places within a frame that scrolls, which would cut another panel off.
#[component]
pub fn FloatingButton(
    /// What the button and the panel are called.
    label: String,
    /// The classes of the button.
    class: &'static str,
    /// What the button shows.
    face: ViewFn,
    /// The panel.
    children: ChildrenFn,
) -> AnyView {
    let open = RwSignal::new(None::<(f64, f64)>);
    let press = move |event: ev::MouseEvent| {
        let button = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        open.set(Some(button.as_ref().map(under).unwrap_or_default()));
    };
    let name = label.clone();
    let panel = move || {
        open.get().map(|at| {
            let (label, children) = (name.clone(), children.clone());
            view! { <FloatingMenu label at on_close=move || open.set(None)>{children()}</FloatingMenu> }
        })
    };
    view! {
        <button
            type="button"
            class=class
            aria-label=label.clone()
            title=label
            aria-haspopup="dialog"
            aria-expanded=move || open.read().is_some().to_string()
            on:click=press
        >
            {face.run()}
        </button>
        {panel}
    }
    .into_any()
}
