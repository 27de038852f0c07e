//! The runs of all experiments. That nobody sees more than they may is in [`crate::visible`].

use crate::world::*;
use model::{
    Permission::{Edit, Manage, Read},
    filter::RunField,
    page::{ALL_RUNS_KEYS, AllRuns, AllRunsQuery, NamedColumns},
    run::NewRun,
};

on_both_databases! {
    runs_of_all_experiments_come_newest_first,
    they_come_a_page_at_a_time,
    they_are_filtered,
    they_are_sorted,
    sorted_ones_come_a_page_at_a_time,
    they_come_with_the_columns_that_are_asked_for,
    deleted_ones_are_listed_alone,
    keys_of_several_experiments_are_found_at_once,
    words_for_filters_are_those_of_experiments_that_may_be_read,
}

async fn runs_at(user: &User, experiment: ExperimentId, seconds: impl IntoIterator<Item = i64>) {
    for second in seconds {
        let start_time = 1_700_000_000_000 + 1000 * second;
        let run = NewRun { name: second.to_string(), start_time, ..new_run(experiment) };
        user.create_run(run).await.unwrap();
    }
}

fn asked(filter: &str, after: &str) -> AllRunsQuery {
    AllRunsQuery { filter: filter.to_owned(), after: after.to_owned(), ..AllRunsQuery::default() }
}

async fn all(user: &User, filter: &str, after: &str) -> AllRuns {
    user.list_all_runs(&asked(filter, after)).await.unwrap()
}

fn names(page: &AllRuns) -> Vec<&str> {
    page.runs.iter().map(|row| row.run.info.name.as_str()).collect()
}

async fn runs_of_all_experiments_come_newest_first(world: &World) {
    let alice = world.user("alice").await;
    assert_eq!(names(&all(&alice, "", "").await), [""; 0]);
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    runs_at(&alice, vision, [1, 3]).await;
    runs_at(&alice, sound, [4, 2]).await;
    let gone = alice.run_named(sound, "gone").await;
    alice.delete_run(gone).await.unwrap();
    let page = all(&alice, "", "").await;
    assert_eq!(names(&page), ["4", "3", "2", "1"]);
    let experiments: Vec<_> = page.runs.iter().map(|row| row.experiment_name.as_str()).collect();
    assert_eq!(experiments, ["sound", "vision", "sound", "vision"]);
    assert_eq!((page.next, page.is_cut), (None, false));
    alice.delete_experiment(sound).await.unwrap();
    assert_eq!(names(&all(&alice, "", "").await), ["3", "1"]);
}

async fn they_come_a_page_at_a_time(world: &World) {
    let alice = world.user("alice").await;
    let (even, odd) = (alice.experiment("even").await, alice.experiment("odd").await);
    let old = alice.experiment("old").await;
    runs_at(&alice, even, (0..120).map(|number| 2 * number)).await;
    runs_at(&alice, odd, (0..40).map(|number| 2 * number + 1)).await;
    runs_at(&alice, old, [-1]).await;
    let mut expected: Vec<i64> = (0..120).map(|number| 2 * number).collect();
    expected.extend((0..40).map(|number| 2 * number + 1));
    expected.push(-1);
    expected.sort_by_key(|number| -number);
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    let first = all(&alice, "", "").await;
    assert_eq!(names(&first), expected[..100]);
    let second = all(&alice, "", first.next.as_deref().unwrap()).await;
    assert_eq!(names(&second), expected[100..]);
    assert_eq!(second.next, None);
    check_code(alice.list_all_runs(&asked("", "nonsense")).await, Code::InvalidParameterValue);
}

async fn they_are_filtered(world: &World) {
    let alice = world.user("alice").await;
    for (experiment, loss) in [("vision", 0.5), ("sound", 0.1), ("text", 0.9)] {
        let experiment = alice.experiment(experiment).await;
        let run = alice.run_named(experiment, &format!("of {loss}")).await;
        alice.logs(run, batch().metric("loss", 1, loss)).await;
    }
    let page = all(&alice, "metrics.loss < 0.6", "").await;
    let mut found = names(&page);
    // Of runs that started at once either comes first.
    found.sort_unstable();
    assert_eq!(found, ["of 0.1", "of 0.5"]);
    check_code(alice.list_all_runs(&asked("metrics.loss <", "")).await, Code::InvalidParameterValue);
}

fn sorted(order_by: &str) -> AllRunsQuery {
    AllRunsQuery { order_by: order_by.to_owned(), ..AllRunsQuery::default() }
}

async fn they_are_sorted(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    for (experiment, name, loss, depth) in
        [(vision, "b", 0.5, "3"), (sound, "d", 0.1, "2"), (sound, "a", f64::NAN, "2"), (sound, "e", 0.3, "3")]
    {
        let run = alice.run_named(experiment, name).await;
        alice.logs(run, batch().metric("loss", 1, loss).param("depth", depth)).await;
    }
    alice.run_named(vision, "c").await;
    for (order_by, expected) in [
        ("attributes.run_name ASC", "a b c d e"),
        ("attributes.run_name DESC", "e d c b a"),
        // What is no number comes behind numbers, and what lacks the key last.
        ("metrics.loss ASC", "d e b a c"),
        ("metrics.loss DESC", "b e d a c"),
        ("params.depth ASC,attributes.run_name DESC", "d a e b c"),
        ("attributes.user_id ASC,attributes.run_name ASC", "a b c d e"),
    ] {
        assert_eq!(
            names(&alice.list_all_runs(&sorted(order_by)).await.unwrap()).join(" "),
            expected,
            "{order_by}"
        );
    }
    let filtered = AllRunsQuery { filter: "params.depth = '3'".to_owned(), ..sorted("metrics.loss ASC") };
    assert_eq!(names(&alice.list_all_runs(&filtered).await.unwrap()), ["e", "b"]);
    let by_loss = sorted("metrics.loss ASC");
    assert_eq!(names(&bob.list_all_runs(&by_loss).await.unwrap()), [""; 0]);
    alice.grant_experiment(sound, "bob", Read).await.unwrap();
    assert_eq!(names(&bob.list_all_runs(&by_loss).await.unwrap()), ["d", "e", "a"]);
    for refused in ["min_metrics.loss ASC", "max_metrics.loss DESC", "attributes.artifact_uri ASC", "loss UP"]
    {
        check_code(alice.list_all_runs(&sorted(refused)).await, Code::InvalidParameterValue);
    }
    closed.close().await;
}

async fn sorted_ones_come_a_page_at_a_time(world: &World) {
    let alice = world.user("alice").await;
    let (even, odd) = (alice.experiment("even").await, alice.experiment("odd").await);
    runs_at(&alice, even, (0..60).map(|number| 2 * number)).await;
    runs_at(&alice, odd, (0..60).map(|number| 2 * number + 1)).await;
    let expected: Vec<String> = (0..120).map(|number: i64| number.to_string()).collect();
    let oldest_first = sorted("attributes.start_time ASC");
    let first = alice.list_all_runs(&oldest_first).await.unwrap();
    assert_eq!(names(&first), expected[..100]);
    let after = first.next.unwrap();
    let second = alice.list_all_runs(&AllRunsQuery { after: after.clone(), ..oldest_first }).await.unwrap();
    assert_eq!(names(&second), expected[100..]);
    assert_eq!(second.next, None);
    // A place in one order is none in another.
    check_code(alice.list_all_runs(&asked("", &after)).await, Code::InvalidParameterValue);
}

async fn they_come_with_the_columns_that_are_asked_for(world: &World) {
    let alice = world.user("alice").await;
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    for (experiment, loss) in [(vision, 0.5), (sound, 0.1)] {
        let run = alice.run_in(experiment).await;
        let logged =
            batch().metric("loss", 1, loss).metric("other", 1, 1.0).param("depth", "3").param("width", "9");
        alice.logs(run, logged.tag("team", "blue").tag("more", "x")).await;
    }
    let named = |key: &str| vec![key.to_owned()];
    let columns = NamedColumns { metrics: named("loss"), params: named("depth"), tags: named("team") };
    let page = alice.list_all_runs(&AllRunsQuery { columns, ..AllRunsQuery::default() }).await.unwrap();
    let mut found: Vec<String> = Vec::new();
    for row in &page.runs {
        let metrics = row.run.metrics.iter().map(|metric| format!("{}={}", metric.key, metric.last.value));
        let texts =
            row.run.params.iter().chain(&row.run.tags).map(|pair| format!("{}={}", pair.key, pair.value));
        found.push(metrics.chain(texts).collect::<Vec<_>>().join(" "));
    }
    found.sort();
    assert_eq!(found, ["loss=0.1 depth=3 team=blue", "loss=0.5 depth=3 team=blue"]);
    let metrics = (0..=ALL_RUNS_KEYS).map(|number| number.to_string()).collect();
    let columns = NamedColumns { metrics, ..NamedColumns::default() };
    let many = AllRunsQuery { columns, ..AllRunsQuery::default() };
    check_code(alice.list_all_runs(&many).await, Code::InvalidParameterValue);
}

async fn deleted_ones_are_listed_alone(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    // The one in the trash is younger than all that are not.
    runs_at(&alice, vision, [1]).await;
    runs_at(&alice, sound, [5, 2]).await;
    let newest = all(&alice, "", "").await.runs[0].run.info.id;
    alice.delete_run(newest).await.unwrap();
    let trash = AllRunsQuery { deleted: true, ..AllRunsQuery::default() };
    assert_eq!(names(&alice.list_all_runs(&trash).await.unwrap()), ["5"]);
    assert_eq!(names(&all(&alice, "", "").await), ["2", "1"]);
    assert_eq!(all(&alice, "", "").await.permission, Manage);
    assert_eq!(names(&all(&bob, "", "").await), [""; 0]);
    alice.grant_experiment(vision, "bob", Read).await.unwrap();
    assert_eq!(all(&bob, "", "").await.permission, Read);
    alice.grant_experiment(sound, "bob", Edit).await.unwrap();
    assert_eq!(all(&bob, "", "").await.permission, Edit);
    assert_eq!(names(&bob.list_all_runs(&trash).await.unwrap()), ["5"]);
    closed.close().await;
}

async fn keys_of_several_experiments_are_found_at_once(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    let (one, two) = (alice.run_in(vision).await, alice.run_in(sound).await);
    alice.logs(one, batch().metric("loss", 1, 0.5).param("depth", "3")).await;
    alice.logs(two, batch().metric("loss", 1, 0.5).metric("accuracy", 1, 0.5).param("width", "3")).await;
    let found = alice.find_keys_in(&[vision, sound], "").await.unwrap();
    assert_eq!(
        (found.metrics, found.params),
        (vec!["accuracy".to_owned(), "loss".to_owned()], vec!["depth".to_owned(), "width".to_owned()])
    );
    let found = alice.find_keys_in(&[vision, sound], "DEP").await.unwrap();
    assert_eq!((found.metrics, found.params), (vec![], vec!["depth".to_owned()]));
    alice.grant_experiment(vision, "bob", Read).await.unwrap();
    check_code(bob.find_keys_in(&[vision, sound], "").await, Code::ResourceDoesNotExist);
    closed.close().await;
}

async fn words_for_filters_are_those_of_experiments_that_may_be_read(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    for (experiment, depth) in [(vision, "3"), (vision, "4"), (sound, "x3"), (sound, "30")] {
        let run = alice.run_in(experiment).await;
        alice.logs(run, batch().param("depth", depth)).await;
    }
    let run = alice.run_in(sound).await;
    alice.logs(run, batch().metric("loss", 1, 0.5)).await;
    let depth = RunField::Param("depth".to_owned());
    let found = alice.find_keys_of_all("").await.unwrap();
    assert_eq!((found.metrics, found.params), (vec!["loss".to_owned()], vec!["depth".to_owned()]));
    // Those that begin with the text come first.
    assert_eq!(alice.find_values_of_all(&depth, "3").await.unwrap(), ["3", "30", "x3"]);
    assert_eq!(bob.find_keys_of_all("").await.unwrap().params, [""; 0]);
    assert_eq!(bob.find_values_of_all(&depth, "").await.unwrap(), [""; 0]);
    alice.grant_experiment(vision, "bob", Read).await.unwrap();
    let found = bob.find_keys_of_all("").await.unwrap();
    assert_eq!((found.metrics, found.params), (vec![], vec!["depth".to_owned()]));
    assert_eq!(bob.find_values_of_all(&depth, "").await.unwrap(), ["3", "4"]);
    closed.close().await;
}
