//! Whose turn it is. When many charts come at once, those nearest to the middle of the screen are fetched and painted first, and no
//! frame paints for so long that the page stops answering.

use leptos::{prelude::*, task::spawn_local};
use std::{cell::RefCell, mem, pin::Pin, time::Duration};
use web_sys::Element;

/// Milliseconds of a frame after which no other chart is painted in it. To show a frame costs about as much again, however little
/// is new in it.
const PAINTING: f64 = 24.0;

/// Requests for whole curves that are underway at once: as many as browsers make to a server in any case. Others wait here, where
/// it still can be said which of them is next.
const UNDERWAY: usize = 6;

/// What waits, and the element that it is for.
struct Waiting<T> {
    element: Element,
    what: T,
}

#[derive(Default)]
struct Turns {
    paintings: Vec<Waiting<Box<dyn FnOnce()>>>,
    /// Whether the next frame is asked for.
    has_frame: bool,
    requests: Vec<Waiting<Pin<Box<dyn Future<Output = ()>>>>>,
    underway: usize,
}

thread_local! {
    /// The browser's one thread has one screen; on the server there is none.
    static TURNS: RefCell<Turns> = RefCell::default();
}

/// Paints in one of the next frames. What waits for the same element already is forgotten.
pub fn paint(element: Element, painting: impl FnOnce() + 'static) {
    let is_asked = TURNS.with_borrow_mut(|turns| {
        turns.paintings.retain(|other| other.element != element);
        turns.paintings.push(Waiting { element, what: Box::new(painting) });
        mem::replace(&mut turns.has_frame, true)
    });
    if !is_asked {
        request_animation_frame(frame);
    }
}

fn frame() {
    let waiting = TURNS.with_borrow_mut(|turns| mem::take(&mut turns.paintings));
    // Places are looked at before anything is painted, which would have the browser lay out the page again for each.
    let mut waiting = nearest_last(waiting, |waiting| distance(&waiting.element));
    let end = js_sys::Date::now() + PAINTING;
    while let Some(next) = waiting.pop() {
        (next.what)();
        if js_sys::Date::now() >= end {
            break;
        }
    }
    let has_more = TURNS.with_borrow_mut(|turns| {
        // What was asked for meanwhile is newer.
        waiting.retain(|old| turns.paintings.iter().all(|new| new.element != old.element));
        turns.paintings.append(&mut waiting);
        turns.has_frame = !turns.paintings.is_empty();
        turns.has_frame
    });
    if has_more {
        request_animation_frame(frame);
    }
}

/// Makes a request when it is its turn; never if its element is gone by then.
pub fn request(element: Element, request: impl Future<Output = ()> + 'static) {
    TURNS.with_borrow_mut(|turns| turns.requests.push(Waiting { element, what: Box::pin(request) }));
    // Others that come on screen with it are told one after the other.
    set_timeout(start, Duration::ZERO);
}

fn start() {
    let starting = TURNS.with_borrow_mut(|turns| {
        turns.requests.retain(|waiting| waiting.element.is_connected());
        let free = UNDERWAY.saturating_sub(turns.underway).min(turns.requests.len());
        if free == 0 {
            return Vec::new();
        }
        let mut waiting = nearest_last(mem::take(&mut turns.requests), |waiting| distance(&waiting.element));
        let starting = waiting.split_off(waiting.len() - free);
        // Those that stay keep the order in which they came, as far as it matters: the page's.
        waiting.reverse();
        turns.requests = waiting;
        turns.underway += starting.len();
        starting
    });
    for Waiting { what, .. } in starting.into_iter().rev() {
        spawn_local(async move {
            what.await;
            TURNS.with_borrow_mut(|turns| turns.underway -= 1);
            start();
        });
    }
}

/// How far an element is from the middle of the screen, upwards or downwards, in CSS pixels.
fn distance(element: &Element) -> f64 {
    let edges = element.get_bounding_client_rect();
    if edges.width() <= 0.0 {
        return f64::MAX;
    }
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    (f64::midpoint(edges.top(), edges.bottom()) - height / 2.0).abs()
}

/// The nearest one last, where it can be taken off; of those that are equally near the first.
fn nearest_last<T>(items: Vec<T>, distance: impl Fn(&T) -> f64) -> Vec<T> {
    let mut items: Vec<(f64, T)> = items.into_iter().map(|item| (distance(&item), item)).collect();
    items.reverse();
    items.sort_by(|a, b| b.0.total_cmp(&a.0));
    items.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_taken_first_and_then_as_one_reads() {
        let mut waiting =
            nearest_last(vec![("a", 300.0), ("b", 300.0), ("c", 10.0), ("d", 10.0), ("e", 500.0)], |item| {
                item.1
            });
        let mut taken = String::new();
        while let Some((name, _)) = waiting.pop() {
            taken.push_str(name);
        }
        assert_eq!(taken, "cdabe");
    }
}
