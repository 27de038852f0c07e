//! The table of runs in the browser: its rows, their number, the names of its columns, and runs side by side.

use crate::world::*;
use model::{
    page::AllRunsQuery,
    page::{KeyKind, NamedColumns, RunsChange, RunsQuery, Total},
    run_color::RunColor,
};

on_both_databases! {
    the_runs_table_filters_and_counts,
    the_runs_table_reads_what_it_shows,
    very_many_runs_are_counted_up_to_a_bound,
    keys_are_found_by_a_part_of_their_names,
    a_comparison_keeps_the_order_and_names_what_is_missing,
    a_chosen_colour_comes_with_every_list,
}

async fn the_runs_table_filters_and_counts(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for number in 0..103 {
        let run = alice.run_named(experiment, &format!("r{number:03}")).await;
        if number % 50 == 0 {
            alice.logs(run, batch().metric("loss", 1, number as f64)).await;
        }
        if number == 102 {
            alice.delete_run(run).await.unwrap();
        }
    }
    let check = async |query: RunsQuery, total: u64, names: &[&str]| {
        let page = alice.list_runs(experiment, &query).await.unwrap();
        let found: Vec<&str> = page.runs.iter().map(|run| run.info.name.as_str()).collect();
        assert_eq!((page.total, found.as_slice()), (Total::Exactly(total), names), "{query:?}");
    };
    let by_name = RunsQuery { order_by: "run_name".to_owned(), ..RunsQuery::default() };
    assert_eq!(alice.list_runs(experiment, &by_name).await.unwrap().runs.len(), 100);
    check(RunsQuery { offset: 100, ..by_name.clone() }, 102, &["r100", "r101"]).await;
    check(RunsQuery { offset: 500, ..by_name.clone() }, 102, &[]).await;
    check(RunsQuery { deleted: true, ..by_name.clone() }, 1, &["r102"]).await;
    let filter = " metrics.loss >= 50 ".to_owned();
    let order_by = "metrics.loss DESC".to_owned();
    check(RunsQuery { filter, order_by, ..RunsQuery::default() }, 2, &["r100", "r050"]).await;

    let bad = RunsQuery { filter: "metrics.loss >".to_owned(), ..RunsQuery::default() };
    assert!(
        problem(alice.list_runs(experiment, &bad).await).span.is_some(),
        "the filter box marks the place"
    );
    let bad = RunsQuery { order_by: "metrics".to_owned(), ..RunsQuery::default() };
    let bad = problem(alice.list_runs(experiment, &bad).await);
    assert_eq!((bad.code, bad.span), (Code::InvalidParameterValue, None), "the order is in no box");
    let metrics = (0..40_000).map(|number| number.to_string()).collect();
    let columns = Some(NamedColumns { metrics, ..NamedColumns::default() });
    let bad = RunsQuery { columns, ..RunsQuery::default() };
    check_code(alice.list_runs(experiment, &bad).await, Code::InvalidParameterValue);
}

async fn the_runs_table_reads_what_it_shows(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let many = (0..40).fold(batch(), |logged, number| {
        logged.metric(&format!("m{number:02}"), 1, 0.5).param(&format!("p{number:02}"), "x").tag("t", "y")
    });
    let mut logged = many.metric("system/cpu", 1, 0.5).tag("mlflow.source.name", "train.py");
    logged.0.tags.dedup();
    alice.logs(run, logged).await;
    let shown = async |columns: Option<NamedColumns>| {
        let page = alice.list_runs(experiment, &RunsQuery { columns, ..RunsQuery::default() }).await.unwrap();
        let run = &page.runs[0];
        let keys = |tags: &[Tag]| tags.iter().map(|tag| tag.key.clone()).collect::<Vec<_>>();
        let metrics: Vec<String> = run.metrics.iter().map(|metric| metric.key.clone()).collect();
        (metrics, keys(&run.params), keys(&run.tags))
    };
    let (metrics, params, tags) = shown(None).await;
    assert_eq!((metrics.len(), params.len()), (24, 24), "a few until somebody chooses");
    assert_eq!((metrics[0].as_str(), tags.as_slice()), ("m00", &["mlflow.source.name".to_owned()][..]));
    let named = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    let columns =
        NamedColumns { metrics: named(&["m30", "none"]), params: named(&["p39"]), tags: named(&["t"]) };
    let source = "mlflow.source.name";
    assert_eq!(shown(Some(columns)).await, (named(&["m30"]), named(&["p39"]), named(&[source, "t"])));
    assert_eq!(shown(Some(NamedColumns::default())).await, (vec![], vec![], named(&[source])));
}

async fn very_many_runs_are_counted_up_to_a_bound(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    alice.run_named(experiment, "the model").await;
    world
        .execute(if world.is_postgres() {
            "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, lifecycle, artifact_uri)
             SELECT gen_random_uuid(), experiment_id, name || i, user_name, status, i, lifecycle, artifact_uri
             FROM runs, generate_series(1, 10049) i"
        } else {
            "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, lifecycle, artifact_uri)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10049)
             SELECT randomblob(16), experiment_id, name || i, user_name, status, i, lifecycle, artifact_uri FROM runs, n"
        })
        .await;
    let check = async |filter: &str, offset: u64, total: Total, rows: usize| {
        let query = RunsQuery { filter: filter.to_owned(), offset, ..RunsQuery::default() };
        let page = alice.list_runs(experiment, &query).await.unwrap();
        assert_eq!((page.total, page.runs.len()), (total, rows), "{filter}");
    };
    check("", 0, Total::Exactly(10_050), 100).await;
    check("", 10_000, Total::Exactly(10_050), 50).await;
    check("run_name LIKE 'the model%'", 0, Total::AtLeast(10_000), 100).await;
    check("run_name LIKE '%100'", 0, Total::Exactly(10), 10).await;
    check("params.none IS NULL", 10_000, Total::AtLeast(10_000), 50).await;
    check("start_time <= 9999", 9_990, Total::Exactly(9_999), 9).await;
}

async fn keys_are_found_by_a_part_of_their_names(world: &World) {
    let alice = world.user("alice").await;
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    for experiment in [vision, sound, vision] {
        let run = alice.run_in(experiment).await;
        let logged = batch().metric("val/loss", 1, 0.5).metric("Loss_b", 1, 0.5).metric("acc", 1, 1.0);
        alice.logs(run, logged.param("lr", "1").param("a.b", "1").tag("loss", "x")).await;
    }
    let run = alice.run_in(sound).await;
    alice.logs(run, batch().metric("loss in sound", 1, 0.5)).await;
    let check = async |kind: KeyKind, text: &str, limit: usize, expected: &[&str]| {
        let found = alice.search_keys(vision, kind, text, limit).await.unwrap();
        assert_eq!(found, expected, "{kind:?} {text:?}");
    };
    check(KeyKind::Metric, "", 10, &["Loss_b", "acc", "val/loss"]).await;
    check(KeyKind::Metric, " LOSS", 10, &["Loss_b", "val/loss"]).await;
    check(KeyKind::Metric, "loss", 1, &["Loss_b"]).await;
    check(KeyKind::Metric, "_", 10, &["Loss_b"]).await;
    check(KeyKind::Metric, "none", 10, &[]).await;
    check(KeyKind::Param, ".", 10, &["a.b"]).await;
    check(KeyKind::Param, "%", 10, &[]).await;
    check(KeyKind::Tag, "o", 10, &["loss", "mlflow.runName"]).await;

    let found = alice.find_keys(vision, "lo").await.unwrap();
    let named = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    assert_eq!((found.metrics, found.more), (named(&["Loss_b", "val/loss"]), vec![]));
    assert_eq!((found.params, found.tags), (named(&[]), named(&["loss", "mlflow.runName"])));

    let many = (0..101).fold(batch(), |logged, number| logged.metric(&format!("x{number:03}"), 1, 0.5));
    alice.logs(run, many).await;
    let found = alice.find_keys(sound, "x").await.unwrap();
    assert_eq!((found.metrics.len(), found.more), (100, vec![KeyKind::Metric]));

    let stranger = world.user("stranger").await.on(&world.closed().await);
    check_code(stranger.search_keys(vision, KeyKind::Tag, "", 10).await, Code::ResourceDoesNotExist);
    check_code(stranger.find_keys(vision, "").await, Code::ResourceDoesNotExist);
}

async fn a_comparison_keeps_the_order_and_names_what_is_missing(world: &World) {
    let alice = world.user("alice").await;
    let (a, b) = (alice.experiment("a").await, alice.experiment("b").await);
    let (first, second) = (alice.run_in(a).await.to_string(), alice.run_in(b).await.to_string());
    let missing = no_run().to_string();
    let asked = [&second, "nonsense", &first, &missing].map(str::to_owned);
    let comparison = alice.compare_runs(&asked).await.unwrap();
    let found: Vec<_> = comparison
        .runs
        .iter()
        .map(|compared| (compared.run.info.id.to_string(), compared.experiment_name.as_str()))
        .collect();
    assert_eq!(found, [(second, "b"), (first, "a")]);
    assert_eq!(comparison.missing, ["nonsense".to_owned(), missing]);
    let outcome = alice.compare_runs(&vec![String::new(); 1001]).await;
    check_refused(
        outcome,
        Code::InvalidParameterValue,
        "A comparison takes at most 1000 runs, and this has 1001.",
    );
}

async fn a_chosen_colour_comes_with_every_list(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let choose = RunsChange::SetTag(tag("mlflow.runColor", "#2879DC"));
    assert_eq!(alice.change_runs(&[run], &choose).await.unwrap().changed, 1);
    let color = Some(RunColor(0x28, 0x79, 0xdc));
    let nothing = RunsQuery { columns: Some(NamedColumns::default()), ..RunsQuery::default() };
    assert_eq!(alice.list_runs(experiment, &nothing).await.unwrap().runs[0].color(), color);
    assert_eq!(alice.list_all_runs(&AllRunsQuery::default()).await.unwrap().runs[0].run.color(), color);
    let asked = [run.to_string()];
    let compared = alice.compare_runs(&asked).await.unwrap();
    assert_eq!((compared.runs[0].run.color(), compared.editable), (color, vec![run]));

    let reader = world.user("reader").await;
    let compared = reader.compare_runs(&asked).await.unwrap();
    assert_eq!((compared.runs[0].run.color(), compared.editable), (color, vec![]), "who may only look");
    alice.delete_run(run).await.unwrap();
    let compared = alice.compare_runs(&asked).await.unwrap();
    assert_eq!((compared.runs.len(), compared.editable), (1, vec![]), "what is in the trash stays as it is");

    let other = alice.run_in(experiment).await;
    let choose = RunsChange::SetTag(tag("mlflow.runColor", "red\"/><script>"));
    alice.change_runs(&[other], &choose).await.unwrap();
    assert_eq!(alice.sees(other).await.color(), None);
}
