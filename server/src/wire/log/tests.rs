use super::*;
use proptest::prelude::*;

/// Bodies as the client of MLflow 3.17.2 sends them.
const OF_CLIENTS: [&str; 4] = [
    r#"{"run_id": "0af7651916cd43dd8448eb211c80319c", "metrics": [{"key": "a", "value": 1.0, "timestamp": 1, "step": 1}, {"key": "a", "value": "Infinity", "timestamp": 1, "step": 1}, {"key": "a", "value": 3.0, "timestamp": 1, "step": 1, "dataset_name": "d", "dataset_digest": "x", "model_id": "m-0af7651916cd43dd8448eb211c80319c", "run_id": "0af7651916cd43dd8448eb211c80319c"}], "params": [{"key": "a", "value": "b"}], "tags": [{"key": "a", "value": "b"}]}"#,
    r#"{"run_uuid": "0af7651916cd43dd8448eb211c80319c", "key": "loss", "value": "NaN", "timestamp": 1795250878585, "step": 3, "run_id": "0af7651916cd43dd8448eb211c80319c", "model_id": "m-0af7651916cd43dd8448eb211c80319c", "dataset_name": "d", "dataset_digest": "x"}"#,
    r#"{"run_uuid": "0af7651916cd43dd8448eb211c80319c", "key": "lr", "value": "0.1", "run_id": "0af7651916cd43dd8448eb211c80319c"}"#,
    r#"{"run_uuid": "0af7651916cd43dd8448eb211c80319c", "key": "t", "value": "\u00e9\n", "run_id": "0af7651916cd43dd8448eb211c80319c"}"#,
];

/// Points are alike if they count as one; here every bit matters, but for which NaN it is.
fn bits(batch: &LogBatch) -> Vec<u64> {
    let bits = |value: f64| if value.is_nan() { 0 } else { value.to_bits() };
    batch.metrics.iter().map(|metric| bits(metric.point.value)).collect()
}

/// How many doors read the body at once; each of them as the patient reading does.
fn plain_doors(body: &[u8]) -> usize {
    let mut doors = 0;
    for (plain, patient) in readings(body) {
        if let Some(plain) = plain {
            let patient = patient.as_ref();
            assert_eq!(Ok(&plain), patient, "{}", String::from_utf8_lossy(body));
            assert_eq!(Some(bits(&plain.1)), patient.ok().map(|(_, batch)| bits(batch)));
            doors += 1;
        }
    }
    doors
}

#[test]
fn what_clients_send_is_plain() {
    for (body, doors) in OF_CLIENTS.into_iter().zip([1, 1, 2, 2]) {
        assert_eq!(plain_doors(body.as_bytes()), doors, "{body}");
    }
}

#[test]
fn what_is_not_plain_is_read_patiently() {
    let check = |metric: &str, plain: bool| {
        let body =
            format!(r#"{{"run_id": "{}", "metrics": [{metric}]}}"#, "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(plain_doors(body.as_bytes()), usize::from(plain), "{body}");
    };
    for metric in [
        r#"{"key":"a","value":-0,"timestamp":0}"#,
        r#"{"key":"a","value":1e5,"timestamp":-0}"#,
        r#"{ "value" : NaN , "timestamp":1 , "key" : "\"\\" }"#,
        r#"{"key":"a","value":-Infinity,"timestamp":1}"#,
        r#"{"key":"a","value":18446744073709551617,"timestamp":1,"model_id":"","dataset_digest":"x"}"#,
        r#"{"key":"a","value":123456789012345678901234567890.5e-3,"timestamp":999999999999999999,"step":-3}"#,
        r#"{"key":"\ud83d\ude80","value":4.9e-324,"timestamp":1}"#,
    ] {
        check(metric, true);
    }
    for metric in [
        "5",
        "{}",
        r#"{"key":"a","value":1,"timestamp":1,"unknown":1}"#,
        r#"{"key":"a","value":1,"timestamp":1,"key":"a"}"#,
        r#"{"key":"a","value":"1","timestamp":1}"#,
        r#"{"key":"a","value":1,"timestamp":"1"}"#,
        r#"{"key":"a","value":1,"timestamp":1.0}"#,
        r#"{"key":"a","value":1,"timestamp":1,"step":null}"#,
        r#"{"key":"","value":1,"timestamp":1}"#,
        r#"{"key":"a","value":1e999,"timestamp":1}"#,
        r#"{"key":"a","value":01,"timestamp":1}"#,
        r#"{"key":"a","value":1.,"timestamp":1}"#,
        r#"{"key":"a","value":.5,"timestamp":1}"#,
        r#"{"key":"a","value":+1,"timestamp":1}"#,
        r#"{"key":"a","value":1e,"timestamp":1}"#,
        r#"{"key":"a","value":true,"timestamp":1}"#,
        r#"{"key":"a","value":1,"timestamp":9223372036854775807}"#,
        r#"{"key":"a","value":1,"timestamp":9223372036854775808}"#,
        r#"{"key":"\ud800","value":1,"timestamp":1}"#,
        "{\"key\":\"a\nb\",\"value\":1,\"timestamp\":1}",
        r#"{"key":"a","value":1,"timestamp":1,"model_id":"nonsense"}"#,
        r#"{"key":"a","value":1,"timestamp":1,}"#,
        r#"{"key":"a","value":1,"timestamp":1}]"#,
    ] {
        check(metric, false);
    }
    for body in
        ["", "{}", "[]", r#""{\"run_id\": \"0af7651916cd43dd8448eb211c80319c\"}""#, "{\"run_id\": \"x\"}"]
    {
        assert_eq!(plain_doors(body.as_bytes()), 0, "{body}");
    }
}

/// Texts that JSON's writers and readers treat in different ways.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z/]{0,8}",
        1 => Just("0af7651916cd43dd8448eb211c80319c".to_owned()),
        1 => Just("NaN".to_owned()),
        1 => any::<String>(),
    ]
}

/// A value in one of many spellings, most of them plain for the field.
fn value(name: &'static str) -> BoxedStrategy<String> {
    let quoted = || text().prop_map(|text| serde_json::Value::from(text).to_string());
    let number = prop_oneof![
        any::<f64>().prop_map(|value| format!("{value:?}")),
        any::<u64>().prop_map(|bits| format!("{:e}", f64::from_bits(bits))),
        "-?[0-9]{1,25}(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?",
        any::<i64>().prop_map(|value| value.to_string()),
    ];
    let odd =
        || prop_oneof![Just("null".to_owned()), Just("[]".to_owned()), Just("true".to_owned()), quoted()];
    match name {
        "value" => {
            prop_oneof![8 => number, 3 => quoted(), 1 => odd(), 1 => Just("-Infinity".to_owned())].boxed()
        }
        "timestamp" | "step" => {
            prop_oneof![20 => any::<i64>().prop_map(|value| value.to_string()), 1 => number, 1 => odd()]
                .boxed()
        }
        "run_id" => prop_oneof![
            20 => Just("\"0af7651916cd43dd8448eb211c80319c\"".to_owned()),
            1 => odd()
        ]
        .boxed(),
        "model_id" => prop_oneof![
            8 => Just("\"m-0af7651916cd43dd8448eb211c80319c\"".to_owned()),
            1 => Just("\"\"".to_owned()),
            1 => odd()
        ]
        .boxed(),
        _ => prop_oneof![20 => quoted(), 1 => odd()].boxed(),
    }
}

/// An object with these fields, in any order, a few missing, twice or unknown; the first ones nearly always there.
fn object(names: &'static [&'static str], needed: usize) -> impl Strategy<Value = String> {
    let fields: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let times = if index < needed { 0.97 } else { 0.3 };
            (prop::bool::weighted(times), value(name)).prop_map(move |(there, value)| (there, *name, value))
        })
        .collect();
    let spaces = prop_oneof![Just(""), Just(" "), Just("\n\t")];
    let odd =
        prop_oneof![20 => Just(None), 1 => Just(Some("\"unknown\":1")), 1 => Just(Some("\"key\":\"twice\""))];
    (fields.prop_shuffle(), spaces, odd).prop_map(|(fields, space, odd)| {
        let fields = fields.into_iter().filter(|(there, ..)| *there);
        let fields = fields.map(|(_, name, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}"));
        format!("{{{}}}", fields.chain(odd.map(str::to_owned)).collect::<Vec<_>>().join(","))
    })
}

const METRIC: &[&str] = &[
    "key",
    "value",
    "timestamp",
    "step",
    "run_id",
    "model_id",
    "dataset_name",
    "dataset_digest",
    "run_uuid",
];
const ENTRY: &[&str] = &["key", "value", "run_id", "run_uuid"];

fn batch_body() -> impl Strategy<Value = String> {
    let metrics = prop::collection::vec(object(METRIC, 3), 0..4);
    let entries = || prop::collection::vec(object(&["key", "name"], 1), 0..3);
    (value("run_id"), metrics, entries(), entries()).prop_map(|(run, metrics, params, tags)| {
        let list = |items: Vec<String>| items.join(" , ");
        format!(
            r#"{{"tags":[{}],"run_id":{run},"metrics":[{}],"params":[ {} ]}} "#,
            list(tags),
            list(metrics),
            list(params)
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_plain_means_the_same_to_the_patient_reading(
        body in prop_oneof![batch_body(), object(METRIC, 5), object(ENTRY, 3)]
    ) {
        plain_doors(body.as_bytes());
    }

    #[test]
    fn broken_bodies_are_not_plain_or_mean_the_same(
        body in prop_oneof![batch_body(), object(METRIC, 5)],
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut body = body.into_bytes();
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] = byte }
        plain_doors(&body);
    }

    #[test]
    fn doubles_arrive_to_the_last_bit(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        for written in [format!("{value:?}"), format!("{value:e}"), serde_json::Value::from(value).to_string()] {
            let body = format!(
                r#"{{"run_id":"0af7651916cd43dd8448eb211c80319c","key":"a","value":{written},"timestamp":1}}"#
            );
            let (_, metric) = plain::metric(body.as_bytes()).unwrap();
            prop_assert_eq!(metric.point.value.to_bits(), bits);
        }
    }
}
