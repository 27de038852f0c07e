//! What the browser tells of the chart's surroundings: whether it is seen, its size, the theme. On the server nothing
//! is ever told.

use leptos::{ev, html::Div, prelude::*};
use std::any::Any;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, MediaQueryList,
    MutationObserver, MutationObserverInit, ResizeObserver,
};

/// How far from the screen a chart already counts as seen, so that it is there when it is scrolled to.
const MARGIN: &str = "250px 0px";

/// Whether the element is on screen, or soon will be.
pub fn on_screen(element: NodeRef<Div>) -> ReadSignal<bool> {
    let (seen, set_seen) = signal(false);
    watch(element, move |element| {
        let tell = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let last: IntersectionObserverEntry = entries.pop().unchecked_into();
            if seen.get_untracked() != last.is_intersecting() {
                set_seen.set(last.is_intersecting());
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(MARGIN);
        let observer = IntersectionObserver::new_with_options(tell.as_ref().unchecked_ref(), &options)?;
        observer.observe(element);
        Ok(vec![Watch::new(tell, move || observer.disconnect())])
    });
    seen
}

/// Width and height of the element in whole CSS pixels; nothing while it has none.
pub fn size(element: NodeRef<Div>) -> ReadSignal<Option<(u32, u32)>> {
    let (size, set_size) = signal(None);
    watch(element, move |element| {
        let measured = element.clone();
        let tell = Closure::<dyn Fn()>::new(move || {
            let now = measured.get_bounding_client_rect();
            let now = (now.width() as u32, now.height() as u32);
            if now.0 > 0 && now.1 > 0 && size.get_untracked() != Some(now) {
                set_size.set(Some(now));
            }
        });
        let observer = ResizeObserver::new(tell.as_ref().unchecked_ref())?;
        observer.observe(element);
        Ok(vec![Watch::new(tell, move || observer.disconnect())])
    });
    size
}

/// Tells when colours or the screen's pixels may have changed: `data-theme` of the page, the system's theme, the window.
pub fn appearance(element: NodeRef<Div>) -> Trigger {
    let changed = Trigger::new();
    watch(element, move |_| {
        let tell = move || Closure::<dyn Fn()>::new(move || changed.notify());
        let mut watches = Vec::new();
        if let Some(root) = document().document_element() {
            let told = tell();
            let observer = MutationObserver::new(told.as_ref().unchecked_ref())?;
            let options = MutationObserverInit::new();
            options.set_attributes(true);
            options.set_attribute_filter(&js_sys::Array::of1(&"data-theme".into()));
            observer.observe_with_options(&root, &options)?;
            watches.push(Watch::new(told, move || observer.disconnect()));
        }
        if let Some(dark) = window().match_media("(prefers-color-scheme: dark)")? {
            let told = tell();
            listen(&dark, &told)?;
            let function = told.as_ref().clone();
            watches.push(Watch::new(told, move || {
                _ = dark.remove_event_listener_with_callback("change", function.unchecked_ref());
            }));
        }
        let resized = window_event_listener(ev::resize, move |_| changed.notify());
        on_cleanup(move || resized.remove());
        Ok(watches)
    });
    changed
}

fn listen(query: &MediaQueryList, told: &Closure<dyn Fn()>) -> Result<(), JsValue> {
    query.add_event_listener_with_callback("change", told.as_ref().unchecked_ref())
}

/// Starts watching when the element is on the page, and stops when it leaves.
fn watch(element: NodeRef<Div>, start: impl Fn(&Element) -> Result<Vec<Watch>, JsValue> + 'static) {
    Effect::new(move |_| {
        if let Some(element) = element.get() {
            match start(&element) {
                // Belongs to the effect, so it goes with it.
                Ok(watches) => _ = StoredValue::new_local(watches),
                Err(error) => leptos::logging::error!("a chart can't watch the page: {error:?}"),
            }
        }
    });
}

/// A function that the browser calls until this is dropped.
struct Watch {
    stop: Box<dyn Fn()>,
    _told: Box<dyn Any>,
}

impl Watch {
    fn new<F: ?Sized + 'static>(told: Closure<F>, stop: impl Fn() + 'static) -> Self
    where
        Closure<F>: Any,
    {
        Self { stop: Box::new(stop), _told: Box::new(told) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        (self.stop)();
    }
}
