//! Doing things once nothing else happens for a while: whoever types is asked for when they pause, not with each key.

use leptos::prelude::*;
use std::time::Duration;

/// Acts after a pause, unless the effect that calls this runs again before, or its part is gone.
pub fn after_pause(pause: Duration, act: impl FnOnce() + 'static) {
    let waiting = set_timeout_with_handle(act, pause);
    on_cleanup(move || {
        if let Ok(waiting) = waiting {
            waiting.clear();
        }
    });
}
