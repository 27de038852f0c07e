//! Taking over what another tracking server had, as it was there.

use crate::world::*;
use domain::trace::TraceSearch;
use model::{
    AssessmentId, TraceId,
    experiment::{Experiment, Lifecycle},
    import::{ModelRecord, RegisteredRecord, Taken, TraceRecord},
    logged_model::{LoggedModel, ModelMetric, ModelStatus},
    registry::{Alias, ModelVersion, RegisteredModel},
    run::{Dataset, DatasetInput, ModelOutput, Run, RunInfo, RunStatus},
    trace::{
        TraceInfo, TraceState,
        assessment::{Assessment, AssessmentKind, SourceType},
        span::{Span, SpanId, SpanKind, SpanStatus},
    },
};
use uuid::Uuid;

on_both_databases! {
    an_experiment_keeps_its_number_if_that_is_free,
    runs_come_as_they_were,
    importing_again_changes_nothing,
    points_are_a_set,
    models_and_what_was_measured_come,
    the_registry_comes_with_its_numbers,
    files_are_adopted_when_asked_for,
    another_version_of_that_number_stays_as_it_is,
    traces_come_as_they_were,
    importing_traces_again_adds_what_is_missing,
    traces_come_with_links_to_runs_and_prompts,
    texts_come_without_what_no_database_keeps,
    it_is_for_admins,
}

const WHEN: i64 = 1_600_000_000_000;

fn foreign(id: i64, name: &str) -> Experiment {
    Experiment {
        id: ExperimentId(id),
        name: name.to_owned(),
        artifact_location: format!("s3://bucket/{id}"),
        lifecycle: Lifecycle::Active,
        created: WHEN,
        updated: WHEN + 1,
        tags: vec![tag("team", "vision")],
    }
}

fn run_of(experiment: ExperimentId, number: u128) -> Run {
    let id = RunId(Uuid::from_u128(number));
    Run {
        info: RunInfo {
            id,
            experiment,
            name: "odd: name".to_owned(),
            user: "somebody".to_owned(),
            status: RunStatus::Failed,
            start_time: WHEN,
            end_time: Some(WHEN + 5),
            artifact_uri: format!("s3://bucket/{experiment}/{id}/artifacts"),
            lifecycle: Lifecycle::Deleted,
        },
        metrics: Vec::new(),
        params: vec![tag("depth", "3"), tag("lr", "0.1")],
        tags: vec![tag("mlflow.runName", "odd: name")],
        datasets: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    }
}

fn model_of(experiment: ExperimentId, number: u128) -> ModelRecord {
    let id = ModelId(Uuid::from_u128(number));
    ModelRecord {
        model: LoggedModel {
            id,
            experiment,
            name: "bert".to_owned(),
            created: WHEN,
            updated: WHEN + 2,
            artifact_uri: format!("s3://bucket/{experiment}/models/{id}/artifacts"),
            status: ModelStatus::Ready,
            model_type: None,
            source_run: None,
            tags: vec![tag("team", "vision")],
            params: vec![tag("depth", "3")],
            metrics: Vec::new(),
        },
        lifecycle: Lifecycle::Active,
    }
}

fn registered_of(versions: &[i64]) -> RegisteredRecord {
    let version = |number: i64| ModelVersion {
        name: "reg".to_owned(),
        version: number,
        created: WHEN,
        updated: WHEN + number,
        user: "somebody".to_owned(),
        stage: "Staging".to_owned(),
        description: "notes".to_owned(),
        source: "s3://bucket/model".to_owned(),
        storage_location: "s3://bucket/model".to_owned(),
        run: None,
        model: None,
        run_link: String::new(),
        tags: vec![tag("checked", "yes")],
        aliases: Vec::new(),
    };
    RegisteredRecord {
        model: RegisteredModel {
            name: "reg".to_owned(),
            created: WHEN,
            updated: WHEN + 9,
            description: "a model".to_owned(),
            tags: vec![tag("team", "vision")],
            aliases: vec![Alias { alias: "champ".to_owned(), version: 2 }],
            latest: Vec::new(),
        },
        last_version: 7,
        versions: versions.iter().map(|number| version(*number)).collect(),
    }
}

async fn an_experiment_keeps_its_number_if_that_is_free(world: &World) {
    let admin = world.local();
    let taken = admin.import_experiment(&foreign(41, "theirs")).await.unwrap();
    assert_eq!(taken, Taken::New(ExperimentId(41)));
    let found = admin.get_experiment(taken.id()).await.unwrap();
    assert_eq!(found, foreign(41, "theirs"));
    assert_eq!(
        admin.import_experiment(&foreign(41, "theirs")).await.unwrap(),
        Taken::Known(ExperimentId(41))
    );
    let Taken::New(other) = admin.import_experiment(&foreign(41, "another")).await.unwrap() else {
        panic!("no experiment has this name")
    };
    assert!(other.0 > 41, "{other}");
    let new = admin.experiment("made here").await;
    assert!(new > other, "{new}");
    assert_eq!(admin.import_experiment(&foreign(0, "Default")).await.unwrap(), Taken::Known(ExperimentId(0)));
    let here = Experiment { artifact_location: String::new(), ..foreign(1_000, "kept here") };
    let here = admin.import_experiment(&here).await.unwrap().id();
    assert_eq!(admin.get_experiment(here).await.unwrap().artifact_location, "mlflow-artifacts:/1000");
}

async fn runs_come_as_they_were(world: &World) {
    let admin = world.local();
    let experiment = admin.import_experiment(&foreign(5, "theirs")).await.unwrap().id();
    let dataset = Dataset {
        name: "train".to_owned(),
        digest: "d1".to_owned(),
        source_type: "local".to_owned(),
        source: "/data".to_owned(),
        schema: Some("{}".to_owned()),
        profile: None,
    };
    let model = model_of(experiment, 77);
    admin.import_models(std::slice::from_ref(&model), false).await.unwrap();
    let gone = ModelId(Uuid::from_u128(78));
    let run = Run {
        datasets: vec![DatasetInput { dataset, tags: vec![tag("mlflow.data.context", "train")] }],
        model_inputs: vec![model.model.id, gone],
        model_outputs: vec![ModelOutput { model: model.model.id, step: 3 }],
        ..run_of(experiment, 1)
    };
    admin.import_runs(&[run.clone(), run_of(experiment, 2)], false).await.unwrap();
    let expected = Run { model_inputs: vec![model.model.id], ..run };
    assert_eq!(admin.sees(expected.info.id).await, expected);
    let found = admin.imported_runs(&[RunId(Uuid::from_u128(2)), no_run()]).await.unwrap();
    assert_eq!(found, [run_of(experiment, 2)]);
}

async fn importing_again_changes_nothing(world: &World) {
    let admin = world.local();
    let experiment = admin.import_experiment(&foreign(5, "theirs")).await.unwrap().id();
    let mut run = run_of(experiment, 1);
    run.info.lifecycle = Lifecycle::Active;
    admin.import_runs(std::slice::from_ref(&run), false).await.unwrap();
    let id = run.info.id;
    admin.logs(id, batch().tag("mlflow.runName", "renamed here").param("more", "1")).await;
    let elsewhere = admin.experiment("elsewhere").await;
    admin.move_run(id, elsewhere).await.unwrap();
    let before = admin.sees(id).await;
    run.params.push(tag("late", "1"));
    admin.import_runs(std::slice::from_ref(&run), false).await.unwrap();
    let after = admin.sees(id).await;
    assert_eq!(after.info, before.info, "what was changed here stays");
    assert_eq!(after.params, [tag("depth", "3"), tag("late", "1"), tag("lr", "0.1"), tag("more", "1")]);
    assert_eq!(
        admin.finds(elsewhere, "params.late = '1'").await.len(),
        1,
        "it is found where the run is now"
    );
}

async fn points_are_a_set(world: &World) {
    let admin = world.local();
    let experiment = admin.import_experiment(&foreign(5, "theirs")).await.unwrap().id();
    let run = run_of(experiment, 1);
    admin.import_runs(std::slice::from_ref(&run), false).await.unwrap();
    let points = vec![point(1, 10, 0.5), point(2, 20, f64::NAN), point(3, 30, f64::NEG_INFINITY)];
    let all = || vec![("loss".to_owned(), points.clone()), ("é/x y".to_owned(), vec![point(-1, 0, 1.0)])];
    for _ in 0..2 {
        admin.import_points(run.info.id, all()).await.unwrap();
        assert_eq!(admin.history(run.info.id, "loss").await, points);
        assert_eq!(admin.summary(run.info.id, "loss").await.unwrap().count, 3);
    }
    admin.import_points(run.info.id, Vec::new()).await.unwrap();
    check_code(admin.import_points(no_run(), all()).await, Code::ResourceDoesNotExist);
}

async fn models_and_what_was_measured_come(world: &World) {
    let admin = world.local();
    let experiment = admin.import_experiment(&foreign(5, "theirs")).await.unwrap().id();
    let (record, run) = (model_of(experiment, 9), run_of(experiment, 1));
    let deleted = ModelRecord { lifecycle: Lifecycle::Deleted, ..model_of(experiment, 10) };
    for _ in 0..2 {
        admin.import_models(&[record.clone(), deleted.clone()], false).await.unwrap();
    }
    admin.import_runs(std::slice::from_ref(&run), false).await.unwrap();
    let metric = |value: f64, step: i64, run: RunId| ModelMetric {
        key: "acc".to_owned(),
        point: point(step, 10, value),
        run,
        dataset: Some(("train".to_owned(), "d1".to_owned())),
    };
    let (id, by) = (record.model.id, run.info.id);
    let measured = [(id, metric(0.9, 2, by)), (id, metric(0.1, 1, by)), (id, metric(0.5, 1, no_run()))];
    admin.import_model_metrics(&measured).await.unwrap();
    let found = admin.get_model(id, false).await.unwrap();
    assert_eq!(found, LoggedModel { metrics: vec![metric(0.9, 2, by)], ..record.model });
    check_code(admin.get_model(deleted.model.id, false).await, Code::ResourceDoesNotExist);
    assert_eq!(admin.get_model(deleted.model.id, true).await.unwrap(), deleted.model);
}

async fn the_registry_comes_with_its_numbers(world: &World) {
    let admin = world.local();
    for versions in [&[2_i64][..], &[2, 5][..]] {
        admin.import_registered(&registered_of(versions), false).await.unwrap();
    }
    let found = admin.get_registered_model("reg").await.unwrap();
    assert_eq!((found.created, found.description.as_str()), (WHEN, "a model"));
    assert_eq!(found.aliases, [Alias { alias: "champ".to_owned(), version: 2 }]);
    let version = admin.get_version("reg", 5).await.unwrap();
    assert_eq!(version, registered_of(&[5]).versions[0]);
    assert_eq!(
        admin.create_version(new_version("reg", "s3://bucket/next")).await.unwrap().version,
        8,
        "a number that was used isn't used again"
    );
}

async fn files_are_adopted_when_asked_for(world: &World) {
    let admin = world.local();
    let experiment = admin.import_experiment(&foreign(5, "theirs")).await.unwrap().id();
    let (mut run, mut record, mut registered) =
        (run_of(experiment, 1), model_of(experiment, 9), registered_of(&[1]));
    for adopt in [false, false, true] {
        admin.import_models(std::slice::from_ref(&record), adopt).await.unwrap();
        admin.import_runs(std::slice::from_ref(&run), adopt).await.unwrap();
        admin.import_registered(&registered, adopt).await.unwrap();
        let is_here = admin.sees(run.info.id).await.info.artifact_uri.starts_with("mlflow-artifacts:");
        assert_eq!(is_here, adopt);
        let model = admin.get_model(record.model.id, false).await.unwrap();
        assert_eq!(model.artifact_uri.starts_with("mlflow-artifacts:"), adopt);
        let version = admin.get_version("reg", 1).await.unwrap();
        assert_eq!(version.storage_location.starts_with("mlflow-artifacts:"), adopt);
        run.info.artifact_uri = format!("mlflow-artifacts:/5/{}/artifacts", run.info.id);
        record.model.artifact_uri = format!("mlflow-artifacts:/5/models/{}/artifacts", record.model.id);
        registered.versions[0].storage_location = "mlflow-artifacts:/5/model".to_owned();
    }
}

async fn another_version_of_that_number_stays_as_it_is(world: &World) {
    let admin = world.local();
    admin.create_registered_model("reg", &[], "").await.unwrap();
    let made_here = admin.create_version(new_version("reg", "s3://bucket/made-here")).await.unwrap();
    assert_eq!(made_here.version, 1);
    let mut theirs = registered_of(&[1, 2]);
    theirs.model.aliases.push(Alias { alias: "first".to_owned(), version: 1 });
    for version in &mut theirs.versions {
        version.source = "mlflow-artifacts:/5/model".to_owned();
        version.storage_location = version.source.clone();
    }
    for _ in 0..2 {
        admin.import_registered(&theirs, true).await.unwrap();
        assert_eq!(admin.get_version("reg", 1).await.unwrap(), made_here);
        let came = admin.get_version("reg", 2).await.unwrap();
        assert_eq!(
            (came.source, came.tags),
            (theirs.versions[1].source.clone(), vec![tag("checked", "yes")])
        );
        let aliases = admin.get_registered_model("reg").await.unwrap().aliases;
        assert_eq!(aliases, [Alias { alias: "champ".to_owned(), version: 2 }]);
    }
}

fn trace_of(experiment: ExperimentId, number: u128) -> TraceRecord {
    let id = TraceId(Uuid::from_u128(number));
    let assessment = Assessment {
        id: AssessmentId(Uuid::from_u128(number)),
        trace: id,
        span: None,
        name: "good".to_owned(),
        kind: AssessmentKind::Feedback,
        value: "true".to_owned(),
        error: None,
        source_type: SourceType::Human,
        source_id: "somebody".to_owned(),
        rationale: Some("because".to_owned()),
        metadata: vec![tag("a", "1")],
        overrides: None,
        valid: false,
        created: WHEN + 1,
        updated: WHEN + 2,
    };
    TraceRecord {
        info: TraceInfo {
            id,
            experiment,
            client_request_id: Some("r-1".to_owned()),
            request_preview: Some("why?".to_owned()),
            response_preview: None,
            request_time: WHEN,
            duration: Some(7),
            state: TraceState::InProgress,
            tags: vec![tag("mlflow.traceName", "ask"), tag("team", "vision")],
            metadata: vec![tag("mlflow.trace.session", "s-1")],
            assessments: vec![assessment],
            artifact_uri: format!("s3://bucket/{experiment}/traces/{id}/artifacts"),
            span_count: 0,
            span_bytes: 0,
        },
        there: id.to_string(),
        prompts: Vec::new(),
        steps: None,
        unreadable: Vec::new(),
    }
}

fn step(number: u64, parent: Option<u64>, name: &str) -> Span {
    Span {
        id: SpanId(number),
        parent: parent.map(SpanId),
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start: 1_000_000 * (WHEN + number as i64),
        end: Some(1_000_000 * (WHEN + 10 + number as i64)),
        status: SpanStatus::Ok,
        message: String::new(),
        attributes: Vec::new(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

async fn traces_come_as_they_were(world: &World) {
    let admin = world.local();
    let trash = Experiment { lifecycle: Lifecycle::Deleted, ..foreign(5, "theirs") };
    let experiment = admin.import_experiment(&trash).await.unwrap().id();
    let (record, id) = (trace_of(experiment, 1), trace_of(experiment, 1).info.id);
    admin.import_traces(std::slice::from_ref(&record), false).await.unwrap();
    assert_eq!(admin.get_trace_info(id).await.unwrap(), record.info);
    let steps = vec![step(1, None, "ask"), step(2, Some(1), "think")];
    let taken = admin.import_steps(id, steps.clone()).await.unwrap();
    assert_eq!((taken.refused, taken.message.as_str()), (0, ""));
    let found = admin.get_trace(id, true).await.unwrap();
    assert_eq!(found.spans, steps);
    let TraceInfo { span_count, span_bytes, .. } = found.info;
    assert_eq!(span_count, 2);
    // What steps say of their trace is not what was there.
    assert_eq!(found.info, TraceInfo { span_count, span_bytes, ..record.info });
    let mut unnamed = trace_of(experiment, 2);
    unnamed.info.artifact_uri.clear();
    admin.import_traces(std::slice::from_ref(&unnamed), false).await.unwrap();
    let found = admin.get_trace_info(unnamed.info.id).await.unwrap();
    assert_eq!(found.artifact_uri, format!("s3://bucket/5/traces/{}/artifacts", unnamed.info.id));
    check_code(
        admin.import_traces(&[trace_of(ExperimentId(404), 3)], false).await,
        Code::ResourceDoesNotExist,
    );
    check_code(admin.import_steps(TraceId(Uuid::from_u128(404)), steps).await, Code::ResourceDoesNotExist);
}

async fn texts_come_without_what_no_database_keeps(world: &World) {
    let admin = world.local();
    let experiment = Experiment { tags: vec![tag("team", "a\0b")], ..foreign(5, "the\0irs") };
    let experiment = admin.import_experiment(&experiment).await.unwrap().id();
    let found = admin.get_experiment(experiment).await.unwrap();
    assert_eq!((found.name.as_str(), found.tags), ("the\u{FFFD}irs", vec![tag("team", "a\u{FFFD}b")]));
    let mut run = run_of(experiment, 1);
    run.params = vec![tag("lr", "0\0")];
    admin.import_runs(&[run], false).await.unwrap();
    let found = admin.get_run(RunId(Uuid::from_u128(1))).await.unwrap();
    assert_eq!(found.params, [tag("lr", "0\u{FFFD}")]);
    let mut record = trace_of(experiment, 1);
    record.info.request_preview = Some("wh\0y?".to_owned());
    record.info.metadata = vec![tag("a", "\0")];
    record.info.assessments[0].value = "\"a\\u0000b\"".to_owned();
    record.info.assessments[0].rationale = Some("be\0cause".to_owned());
    record.prompts = vec![("gre\0et".to_owned(), "3".to_owned())];
    admin.import_traces(std::slice::from_ref(&record), false).await.unwrap();
    let found = admin.get_trace_info(record.info.id).await.unwrap();
    assert_eq!(found.request_preview.as_deref(), Some("wh\u{FFFD}y?"));
    assert_eq!(found.metadata, [tag("a", "\u{FFFD}")]);
    assert_eq!(found.assessments[0].value, "\"a\u{FFFD}b\"");
    assert_eq!(found.assessments[0].rationale.as_deref(), Some("be\u{FFFD}cause"));
    let search = TraceSearch {
        experiments: vec![experiment],
        filter: "prompt = 'gre\u{FFFD}et/3'".to_owned(),
        max_results: 10,
        ..TraceSearch::default()
    };
    assert_eq!(admin.search_traces(&search).await.unwrap().items.len(), 1);
}

async fn importing_traces_again_adds_what_is_missing(world: &World) {
    let admin = world.local();
    let experiment = admin.import_experiment(&foreign(5, "theirs")).await.unwrap().id();
    let mut record = trace_of(experiment, 1);
    let id = record.info.id;
    admin.import_traces(std::slice::from_ref(&record), false).await.unwrap();
    admin.import_steps(id, vec![step(1, None, "ask")]).await.unwrap();
    admin.set_trace_tag(id, tag("team", "changed here")).await.unwrap();
    let before = admin.get_trace(id, true).await.unwrap();
    for _ in 0..2 {
        admin.import_traces(std::slice::from_ref(&record), false).await.unwrap();
        admin.import_steps(id, vec![step(1, None, "renamed there")]).await.unwrap();
        assert_eq!(admin.get_trace(id, true).await.unwrap(), before);
    }
    record.info.tags.push(tag("late", "1"));
    record.info.metadata.push(tag("late", "2"));
    let more = Assessment { id: AssessmentId(Uuid::from_u128(9)), ..record.info.assessments[0].clone() };
    record.info.assessments = vec![more];
    record.info.artifact_uri = format!("mlflow-artifacts:/5/traces/{id}/artifacts");
    admin.import_traces(std::slice::from_ref(&record), true).await.unwrap();
    admin.import_steps(id, vec![step(1, None, "ask"), step(2, Some(1), "think")]).await.unwrap();
    let after = admin.get_trace(id, true).await.unwrap();
    assert_eq!(
        after.info.tags,
        [tag("late", "1"), tag("mlflow.traceName", "ask"), tag("team", "changed here")]
    );
    assert_eq!((after.info.metadata.len(), after.info.assessments.len(), after.spans.len()), (2, 2, 2));
    assert_eq!((after.info.span_count, after.info.artifact_uri), (2, record.info.artifact_uri));
}

async fn traces_come_with_links_to_runs_and_prompts(world: &World) {
    let admin = world.local();
    let experiment = admin.import_experiment(&foreign(5, "theirs")).await.unwrap().id();
    let run = run_of(experiment, 1);
    admin.import_runs(std::slice::from_ref(&run), false).await.unwrap();
    let record =
        TraceRecord { prompts: vec![("greeting".to_owned(), "2".to_owned())], ..trace_of(experiment, 1) };
    let id = record.info.id;
    for _ in 0..2 {
        admin.import_traces(std::slice::from_ref(&record), false).await.unwrap();
        let linked = admin.import_trace_runs(&[(id, run.info.id), (id, no_run())]).await.unwrap();
        assert_eq!(linked, 1);
    }
    let by_run = format!("run_id = '{}'", run.info.id);
    for filter in [by_run.as_str(), "prompt = 'greeting/2'"] {
        let search = TraceSearch {
            experiments: vec![experiment],
            filter: filter.to_owned(),
            max_results: 10,
            ..TraceSearch::default()
        };
        let found = admin.search_traces(&search).await.unwrap().items;
        assert_eq!(found.iter().map(|info| info.id).collect::<Vec<_>>(), [id], "{filter}");
    }
}

async fn it_is_for_admins(world: &World) {
    let alice = world.user("alice").await;
    check_code(alice.import_experiment(&foreign(5, "theirs")).await, Code::PermissionDenied);
    check_code(alice.import_models(&[], false).await, Code::PermissionDenied);
    check_code(alice.import_runs(&[], false).await, Code::PermissionDenied);
    check_code(alice.import_points(no_run(), Vec::new()).await, Code::PermissionDenied);
    check_code(alice.import_model_metrics(&[]).await, Code::PermissionDenied);
    check_code(alice.import_traces(&[], false).await, Code::PermissionDenied);
    check_code(alice.import_steps(TraceId(Uuid::from_u128(1)), Vec::new()).await, Code::PermissionDenied);
    check_code(alice.import_trace_runs(&[]).await, Code::PermissionDenied);
    check_code(alice.import_registered(&registered_of(&[]), false).await, Code::PermissionDenied);
}
