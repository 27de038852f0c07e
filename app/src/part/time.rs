use leptos::prelude::*;
use model::{Millis, time::civil};
use std::time::{Duration, SystemTime};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The present time; the browser's clock there, the server's here.
fn now() -> Millis {
    if cfg!(target_arch = "wasm32") {
        js_sys::Date::now() as Millis
    } else {
        SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as Millis)
    }
}

/// The time as the pages see it: it moves on every few seconds in the browser.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<Millis>);

impl Clock {
    /// Starts the clock for everything below.
    pub fn provide() {
        let clock = Clock(RwSignal::new(now()));
        Effect::new(move || {
            let tick = set_interval_with_handle(move || clock.0.set(now()), Duration::from_secs(5));
            on_cleanup(move || {
                if let Ok(tick) = tick {
                    tick.clear();
                }
            });
        });
        provide_context(clock);
    }

    /// The present time, tracked.
    pub fn read() -> Millis {
        use_context::<Clock>().map_or_else(now, |clock| clock.0.get())
    }
}

/// A time in full: `2026-11-21 05:30:12 UTC`.
pub fn absolute(at: Millis) -> String {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let of_day = at.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / HOUR, of_day / MINUTE % 60, of_day / SECOND % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// How long ago, in one unit; far away times, and those to come, as a date.
pub fn relative(at: Millis, now: Millis) -> String {
    // Clocks differ a little between machines.
    const SKEW: i64 = -MINUTE;
    match now.saturating_sub(at) {
        SKEW..5_000 => "just now".to_owned(),
        gone @ 5_000..MINUTE => format!("{} s ago", gone / SECOND),
        gone @ MINUTE..HOUR => format!("{} min ago", gone / MINUTE),
        gone @ HOUR..DAY => format!("{} h ago", gone / HOUR),
        gone if (DAY..30 * DAY).contains(&gone) => format!("{} d ago", gone / DAY),
        _ => absolute(at).chars().take(10).collect(),
    }
}

/// A span of time in its two greatest units.
pub fn duration(millis: i64) -> String {
    match millis {
        ..0 => "–".to_owned(),
        0..SECOND => format!("{millis} ms"),
        SECOND..MINUTE => format!("{:.1} s", (millis / 100) as f64 / 10.0),
        MINUTE..HOUR => format!("{} min {} s", millis / MINUTE, millis / SECOND % 60),
        HOUR..DAY => format!("{} h {} min", millis / HOUR, millis / MINUTE % 60),
        _ => format!("{} d {} h", millis / DAY, millis / HOUR % 24),
    }
}

/// A time as people say it, in full when pointed at.
#[component]
pub fn Ago(
    /// When; 0 for unknown.
    at: Millis,
) -> AnyView {
    if at == 0 {
        return view! { <span class="faint">"–"</span> }.into_any();
    }
    let full = absolute(at);
    let machine = full.replace(' ', "T").replace("TUTC", "Z");
    view! { <time datetime=machine title=full>{move || relative(at, Clock::read())}</time> }.into_any()
}

/// How long something took, or has taken so far.
#[component]
pub fn Took(
    /// Its start; 0 for unknown.
    start: Millis,
    /// Its end.
    end: Option<Millis>,
    /// Whether it still goes on.
    running: bool,
) -> impl IntoView {
    move || match end {
        _ if start == 0 => "–".to_owned(),
        Some(end) => duration(end.saturating_sub(start)),
        None if running => duration(Clock::read().saturating_sub(start).max(0) / SECOND * SECOND),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let check = |at, text: &str| assert_eq!(absolute(at), text);
        check(0, "1970-01-01 00:00:00 UTC");
        check(951_782_400_000, "2000-02-29 00:00:00 UTC");
        check(1_795_239_012_345, "2026-11-21 05:30:12 UTC");
        check(-1, "1969-12-31 23:59:59 UTC");
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let now = 1_795_239_012_345;
        let check = |gone, text: &str| assert_eq!(relative(now - gone, now), text);
        check(0, "just now");
        check(-30 * SECOND, "just now");
        check(42 * SECOND, "42 s ago");
        check(90 * SECOND, "1 min ago");
        check(5 * HOUR, "5 h ago");
        check(3 * DAY, "3 d ago");
        check(40 * DAY, "2026-10-12");
        check(-2 * DAY, "2026-11-23");
    }

    /// Clients say when their runs started, and may say anything.
    #[test]
    fn no_time_is_too_far_away() {
        for at in [Millis::MIN, Millis::MAX] {
            assert!(!relative(at, 0).is_empty() && !absolute(at).is_empty());
            assert_eq!(relative(at, at), "just now");
        }
        assert_eq!(relative(Millis::MIN, Millis::MAX).chars().count(), 10);
    }

    #[test]
    fn durations_have_two_units() {
        let check = |millis, text: &str| assert_eq!(duration(millis), text);
        check(7, "7 ms");
        check(12_345, "12.3 s");
        check(125 * SECOND, "2 min 5 s");
        check(3 * HOUR + 61 * SECOND, "3 h 1 min");
        check(50 * HOUR, "2 d 2 h");
        check(-5, "–");
    }
}
