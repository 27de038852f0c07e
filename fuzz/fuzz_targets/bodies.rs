//! What clients send, as bytes: the fast reading of a logging call means the same as the patient one, and whatever a body
//! or a query string holds, an argument of it is a value or a mistake.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::run::LogBatch;
use server::wire::{args::Args, log::readings, read_spans};

fuzz_target!(|body: &[u8]| {
    for (plain, patient) in readings(body) {
        let Some(plain) = plain else { continue };
        assert_eq!(Ok(&plain), patient.as_ref());
        assert_eq!(Some(bits(&plain.1)), patient.as_ref().ok().map(|(_, batch)| bits(batch)));
    }
    for is_json in [false, true] {
        let (spans, _) = read_spans(body, is_json).unwrap_or_default();
        assert!(spans.iter().all(|of_trace| !of_trace.spans.is_empty()));
    }
    arguments(Args::of_body(body));
    if let Ok(query) = std::str::from_utf8(body) {
        arguments(Args::of_query(query));
    }
});

/// Every bit of the values, but for which NaN one is.
fn bits(batch: &LogBatch) -> Vec<u64> {
    let bits = |value: f64| if value.is_nan() { 0 } else { value.to_bits() };
    batch.metrics.iter().map(|metric| bits(metric.point.value)).collect()
}

fn arguments(mut args: Args) {
    for name in ["run_id", "key", "value", "step", "deep", ""] {
        let _ = (
            args.text(name),
            args.required(name),
            args.int(name),
            args.double(name),
            args.flag(name),
            args.texts(name),
        );
        let _ = args.word(name, &[("A", 1), ("B", 2)], 1);
        if let Err(problem) = args.double(name) {
            assert!(!problem.message.is_empty());
        }
    }
    let Ok(mut inner) = args.object("dataset") else { return };
    let _ = inner.items("tags");
    for item in args.items("metrics").into_iter().flatten() {
        let _ = (item.double("value"), item.int("timestamp"), item.required("key"));
    }
}
