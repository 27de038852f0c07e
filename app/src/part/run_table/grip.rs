//! The edge of a column's head, which sizes it.

use super::columns::Columns;
use crate::part::{
    address::Address,
    column::{NARROWEST, ShownColumn, WIDEST},
};
use leptos::{ev, html, prelude::*};
use web_sys::{DragEvent, Element, HtmlElement, PointerEvent};

/// How much wider an arrow key makes a column, in CSS pixels.
const KEY_STEP: u16 = 8;

/// Makes the head of a column so wide.
pub fn size(head: &HtmlElement, width: u16) {
    let style = HtmlElement::style(head);
    for property in ["width", "min-width", "max-width"] {
        _ = style.set_property(property, &format!("{width}px"));
    }
}

/// The edge that is dragged to size a column, or moved with the arrow keys; Enter and a double click undo it.
#[component]
pub fn Grip(columns: Columns, head: NodeRef<html::Th>, shown: ShownColumn) -> AnyView {
    let address = Address::here();
    let (width, was_sized, column) = (shown.pixels(), shown.width.is_some(), shown.column);
    let from = StoredValue::new(None::<(f64, u16)>);
    let now = RwSignal::new(width);
    let grip = NodeRef::<html::Span>::new();
    let title = column.title().to_owned();
    // The heads are made anew by every change of the columns: the focus comes along.
    let is_sized = {
        let column = column.clone();
        move || columns.sized.with_value(|sized| sized.as_ref() == Some(&column))
    };
    Effect::new(move || {
        if let Some(grip) = grip.get().filter(|_| is_sized()) {
            columns.sized.set_value(None);
            _ = grip.focus();
        }
    });
    let show = move |width: u16| {
        now.set(width);
        if let Some(head) = head.get_untracked() {
            size(&head, width);
        }
    };
    let keep = {
        let column = column.clone();
        move |width: Option<u16>| {
            columns.change(address, |columns| {
                if let Some(shown) = columns.iter_mut().find(|shown| shown.column == column) {
                    shown.width = width;
                }
            });
        }
    };
    let dragged = move |event: &PointerEvent| {
        let (start, width) = from.get_value()?;
        let moved = f64::from(event.client_x()) - start;
        Some((f64::from(width) + moved).clamp(f64::from(NARROWEST), f64::from(WIDEST)) as u16)
    };
    let press = move |event: PointerEvent| {
        event.prevent_default();
        event.stop_propagation();
        _ = event_target::<Element>(&event).set_pointer_capture(event.pointer_id());
        from.set_value(Some((f64::from(event.client_x()), width)));
    };
    let drag = move |event: PointerEvent| {
        if let Some(width) = dragged(&event) {
            show(width);
        }
    };
    let release = {
        let keep = keep.clone();
        move |event: PointerEvent| {
            if let Some(dragged) = dragged(&event).filter(|dragged| *dragged != width) {
                keep(Some(dragged));
            }
            from.set_value(None);
        }
    };
    let cancel = move |_: PointerEvent| {
        from.set_value(None);
        show(width);
    };
    let reset = {
        let keep = keep.clone();
        move |event: ev::MouseEvent| {
            event.stop_propagation();
            keep(None);
        }
    };
    let key = {
        let (keep, column) = (keep.clone(), column.clone());
        move |event: ev::KeyboardEvent| {
            let width = now.get_untracked();
            let wanted = match event.key().as_str() {
                "ArrowLeft" => width.saturating_sub(KEY_STEP).max(NARROWEST),
                "ArrowRight" => (width + KEY_STEP).min(WIDEST),
                "Home" => NARROWEST,
                "End" => WIDEST,
                "Enter" => {
                    event.prevent_default();
                    if !was_sized {
                        return;
                    }
                    columns.sized.set_value(Some(column.clone()));
                    keep(None);
                    return;
                }
                _ => return,
            };
            // Arrows would scroll the table.
            event.prevent_default();
            event.stop_propagation();
            show(wanted);
        }
    };
    // As long as a key is held down the column follows; the address learns of it in the end.
    let settle = {
        let keep = keep.clone();
        move |_: ev::KeyboardEvent| {
            if now.get_untracked() != width {
                columns.sized.set_value(Some(column.clone()));
                keep(Some(now.get_untracked()));
            }
        }
    };
    let leave = move |_: ev::FocusEvent| {
        // Heads that are gone are left, too.
        let now = now.try_get_untracked().filter(|now| *now != width);
        if from.try_get_value().flatten().is_none()
            && let Some(now) = now
        {
            keep(Some(now));
        }
    };
    view! {
        <span
            class="grip"
            node_ref=grip
            role="separator"
            tabindex="0"
            aria-orientation="vertical"
            aria-label=format!("Width of {title}")
            aria-valuemin=NARROWEST.to_string()
            aria-valuemax=WIDEST.to_string()
            aria-valuenow=move || now.get().to_string()
            draggable="true"
            on:dragstart=|event: DragEvent| {
                event.prevent_default();
                event.stop_propagation();
            }
            on:pointerdown=press
            on:pointermove=drag
            on:pointerup=release
            // A drag that the browser ends sizes nothing.
            on:pointercancel=cancel
            on:dblclick=reset
            on:keydown=key
            on:keyup=settle
            on:blur=leave
        ></span>
    }
    .into_any()
}
