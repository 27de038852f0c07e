//! When a chart is painted: while it is on screen, after something changed, when it is its turn.

use super::{
    Picture,
    canvas::{self, Screen},
    turn,
};
use leptos::{html::Canvas, prelude::*};
use std::sync::Arc;
use web_sys::HtmlCanvasElement;

/// Makes and paints what is drawn while it is on screen, when it is its turn, and says what is on the canvas.
pub(super) fn show(
    drawn: Memo<Option<Arc<Picture>>>,
    inputs: impl Fn() + 'static,
    surface: NodeRef<Canvas>,
    on_screen: ReadSignal<bool>,
    appearance: Trigger,
) -> Signal<Option<Arc<Picture>>> {
    let (picture, set_picture) = signal(None::<Arc<Picture>>);
    let painted = StoredValue::new(None::<Screen>);
    let paint = move |canvas: &HtmlCanvasElement| {
        // The chart may be gone, or out of sight again.
        let (Some(true), Some(now)) = (on_screen.try_get_untracked(), drawn.try_get_untracked()) else {
            return;
        };
        let screen = Screen::around(canvas);
        let same = match (&now, &*picture.read_untracked()) {
            (Some(now), Some(shown)) => Arc::ptr_eq(now, shown),
            (None, None) => true,
            _ => false,
        };
        if same && painted.get_value() == Some(screen) {
            return;
        }
        if let Some(now) = &now
            && let Err(error) = canvas::paint(canvas, now, screen)
        {
            leptos::logging::error!("a chart can't be painted: {error:?}");
        }
        painted.set_value(Some(screen));
        if !same {
            set_picture.set(now);
        }
    };
    Effect::new(move || {
        inputs();
        appearance.track();
        if let Some(canvas) = surface.get().filter(|_| on_screen.get()) {
            turn::paint(canvas.clone().into(), move || paint(&canvas));
        }
    });
    picture.into()
}
