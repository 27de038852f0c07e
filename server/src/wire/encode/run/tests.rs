use super::*;
use model::{ExperimentId, experiment::Lifecycle, run::Dataset, run::RunStatus};
use serde_json::{Value, json};

const ID: &str = "0af7651916cd43dd8448eb211c80319c";

fn bare() -> Run {
    Run {
        info: RunInfo {
            id: ID.parse().unwrap(),
            experiment: ExperimentId(7),
            name: "brave \"fox\"".to_owned(),
            user: String::new(),
            status: RunStatus::Running,
            start_time: 5,
            end_time: None,
            artifact_uri: "mlflow-artifacts:/7".to_owned(),
            lifecycle: Lifecycle::Active,
        },
        metrics: Vec::new(),
        params: Vec::new(),
        tags: Vec::new(),
        datasets: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    }
}

fn check(run: &Run, expected: &Value) {
    let mut out = Vec::new();
    write(run, &mut out);
    // Keys in the order of the alphabet, as all answers have them.
    assert_eq!(String::from_utf8(out).unwrap(), expected.to_string());
}

#[test]
fn what_is_unset_or_empty_is_left_out() {
    let info = json!({
        "run_id": ID, "run_uuid": ID, "run_name": "brave \"fox\"", "experiment_id": "7", "user_id": "",
        "status": "RUNNING", "start_time": 5, "artifact_uri": "mlflow-artifacts:/7", "lifecycle_stage": "active",
    });
    check(&bare(), &json!({ "info": info, "data": {}, "inputs": {}, "outputs": {} }));
}

#[test]
fn everything_that_a_run_has_is_there() {
    let mut run = bare();
    run.info.end_time = Some(9);
    let tag = |key: &str| Tag { key: key.to_owned(), value: "v".to_owned() };
    run.metrics = [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300]
        .map(|value| MetricSummary::of("m", Point { step: -1, timestamp: 2, value }))
        .to_vec();
    run.params = vec![tag("p")];
    run.tags = vec![tag("t"), tag("ü\n")];
    let dataset = |schema: Option<&str>| Dataset {
        name: "d".to_owned(),
        digest: "x".to_owned(),
        source_type: "local".to_owned(),
        source: "{}".to_owned(),
        schema: schema.map(str::to_owned),
        profile: None,
    };
    run.datasets = vec![
        DatasetInput { dataset: dataset(Some("s")), tags: vec![tag("context")] },
        DatasetInput { dataset: dataset(None), tags: Vec::new() },
    ];
    let model = format!("m-{ID}");
    run.model_inputs = vec![model.parse().unwrap()];
    run.model_outputs = vec![ModelOutput { model: model.parse().unwrap(), step: 3 }];
    let point = |value: Value| json!({ "key": "m", "value": value, "timestamp": 2, "step": -1 });
    check(
        &run,
        &json!({
            "info": {
                "run_id": ID, "run_uuid": ID, "run_name": "brave \"fox\"", "experiment_id": "7", "user_id": "",
                "status": "RUNNING", "start_time": 5, "end_time": 9, "artifact_uri": "mlflow-artifacts:/7",
                "lifecycle_stage": "active",
            },
            "data": {
                "metrics": [
                    point(json!(1.0)), point(json!("NaN")), point(json!("Infinity")), point(json!("-Infinity")),
                    point(json!(1e300)),
                ],
                "params": [{ "key": "p", "value": "v" }],
                "tags": [{ "key": "t", "value": "v" }, { "key": "ü\n", "value": "v" }],
            },
            "inputs": {
                "dataset_inputs": [
                    {
                        "dataset": {
                            "name": "d", "digest": "x", "source_type": "local", "source": "{}", "schema": "s",
                        },
                        "tags": [{ "key": "context", "value": "v" }],
                    },
                    { "dataset": { "name": "d", "digest": "x", "source_type": "local", "source": "{}" } },
                ],
                "model_inputs": [{ "model_id": model }],
            },
            "outputs": { "model_outputs": [{ "model_id": model, "step": 3 }] },
        }),
    );
}
