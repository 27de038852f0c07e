//! Searching runs: every filter and every order, against a slow reference in memory.

use crate::world::*;
use domain::run::SearchRuns;
use futures::TryStreamExt as _;
use model::{
    experiment::{Lifecycle, ViewType},
    filter::{
        Clause, DatasetField, Filter, Key, KeyTest, ListTest, MetricFigure, NumberOp, OneOf, OrderBy,
        RunCondition, RunFilter, RunOrder, RunText, RunTime, Text, TextTest, like,
    },
    page::{KeyKind, NamedColumns, RunsQuery, Total},
    run::{Dataset, DatasetInput, NewRun, Run, RunStatus, RunUpdate},
};
use proptest::{option, prelude::*, sample::select};
use std::cmp::Ordering;

on_both_databases! {
    any_search_finds_what_the_reference_finds,
    values_then_nan_then_nothing_in_both_directions,
    ties_go_by_start_then_id,
    a_search_comes_a_page_at_a_time,
    pages_hold_still_while_runs_come_and_go,
    a_token_goes_with_its_order,
    long_values_are_compared_whole,
    a_stream_brings_what_a_search_finds,
    a_search_tells_every_number_as_it_is,
    a_bad_search_says_where,
    the_runs_table_filters_and_counts,
    the_runs_table_reads_what_it_shows,
    very_many_runs_are_counted_up_to_a_bound,
    keys_are_found_by_a_part_of_their_names,
    a_comparison_keeps_the_order_and_names_what_is_missing,
}

/// A run before it has an id.
#[derive(Debug, Clone)]
struct Plan {
    experiment: usize,
    deleted: bool,
    name: &'static str,
    user: &'static str,
    start: i64,
    end: Option<i64>,
    status: RunStatus,
    metrics: Vec<(&'static str, f64)>,
    params: Vec<(&'static str, &'static str)>,
    tags: Vec<(&'static str, &'static str)>,
    /// Name, digest, and what it was used for.
    datasets: Vec<(&'static str, &'static str, Option<&'static str>)>,
}

const METRICS: [&str; 3] = ["loss", "a key", "acc"];
const TEXT_KEYS: [&str; 3] = ["lr", "a key", "é"];
const TEXTS: [&str; 10] = ["", "a", "A", "ab", "10", "9", "a%b", "a_b", "日本", "it's"];
const PATTERNS: [&str; 11] = ["%", "_", "a%", "A_", "%b", "", "a\\%", "日_", "%t's", "%0", "1%"];
const NUMBERS: [f64; 7] = [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, 5e-324];
const TIMES: [i64; 4] = [0, 1, 1000, i64::MAX];

fn few<T: Clone + std::fmt::Debug + 'static>(
    keys: &'static [&'static str],
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<(&'static str, T)>> {
    (prop::sample::subsequence(keys, 0..=keys.len()), prop::collection::vec(value, keys.len()))
        .prop_map(|(keys, values)| keys.into_iter().zip(values).collect())
}

fn plan() -> impl Strategy<Value = Plan> {
    let metric = prop_oneof![select(&NUMBERS[..]), select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY])];
    let dataset =
        (select(vec!["mnist", "a"]), select(vec!["1", "2"]), option::of(select(vec!["train", "a"])));
    let facts = (0..3usize, any::<bool>(), select(&TEXTS[1..]), select(vec!["ada", "Ada", ""]));
    let course = (select(&TIMES[..]), option::of(select(&TIMES[..])), select(RunStatus::ALL.to_vec()));
    let logged = (
        few(&METRICS, metric),
        few(&TEXT_KEYS, select(&TEXTS[..])),
        few(&TEXT_KEYS, select(&TEXTS[..])),
        prop::collection::vec(dataset, 0..3),
    );
    (facts, course, logged).prop_map(|(facts, course, logged)| {
        let ((experiment, deleted, name, user), (start, end, status)) = (facts, course);
        let (metrics, params, tags, datasets) = logged;
        Plan { experiment, deleted, name, user, start, end, status, metrics, params, tags, datasets }
    })
}

async fn carry_out(plan: &Plan, user: &User, experiments: &[ExperimentId]) -> Run {
    let new = NewRun {
        experiment: experiments[plan.experiment],
        name: plan.name.to_owned(),
        user: plan.user.to_owned(),
        start_time: plan.start,
        tags: Vec::new(),
    };
    let run = user.create_run(new).await.unwrap().info.id;
    let mut logged = batch();
    for (key, value) in &plan.metrics {
        // An older point must not count.
        logged = logged.point(key, point(0, 0, 0.5)).point(key, point(1, 1, *value));
    }
    logged = plan.params.iter().fold(logged, |logged, (key, value)| logged.param(key, value));
    logged = plan.tags.iter().fold(logged, |logged, (key, value)| logged.tag(key, value));
    user.logs(run, logged).await;
    let inputs: Vec<DatasetInput> =
        plan.datasets.iter().map(|(name, digest, context)| input(name, digest, *context)).collect();
    user.log_inputs(run, &inputs, &[]).await.unwrap();
    let change = RunUpdate { status: Some(plan.status), end_time: plan.end, name: None };
    user.update_run(run, &change).await.unwrap();
    if plan.deleted {
        user.delete_run(run).await.unwrap();
    }
    user.sees(run).await
}

fn input(name: &str, digest: &str, context: Option<&str>) -> DatasetInput {
    let dataset = Dataset {
        name: name.to_owned(),
        digest: digest.to_owned(),
        source_type: "local".to_owned(),
        source: "{}".to_owned(),
        schema: None,
        profile: None,
    };
    DatasetInput {
        dataset,
        tags: context.map(|context| tag("mlflow.data.context", context)).into_iter().collect(),
    }
}

fn text(values: Vec<&'static str>) -> impl Strategy<Value = Text> {
    select(values).prop_filter_map("a text", Text::new)
}

fn text_test(values: Vec<&'static str>) -> impl Strategy<Value = TextTest> {
    let patterns = || text(PATTERNS.to_vec());
    prop_oneof![
        text(values.clone()).prop_map(TextTest::Eq),
        text(values).prop_map(TextTest::Ne),
        patterns().prop_map(TextTest::Like),
        patterns().prop_map(TextTest::Ilike),
    ]
}

fn list_test(values: Vec<Text>) -> impl Strategy<Value = ListTest> {
    let one = select(values.clone());
    let list = || prop::collection::vec(select(values.clone()), 1..3).prop_filter_map("a list", OneOf::new);
    prop_oneof![
        one.clone().prop_map(|text| ListTest::Text(TextTest::Eq(text))),
        one.prop_map(|text| ListTest::Text(TextTest::Ne(text))),
        text(PATTERNS.to_vec()).prop_map(|text| ListTest::Text(TextTest::Like(text))),
        list().prop_map(ListTest::In),
        list().prop_map(ListTest::NotIn),
    ]
}

fn texts_of(values: &[&str]) -> Vec<Text> {
    values.iter().filter_map(|value| Text::new(*value)).collect()
}

fn key(keys: &'static [&'static str]) -> impl Strategy<Value = Key> {
    select(keys).prop_filter_map("a key", Key::new)
}

fn figure() -> impl Strategy<Value = MetricFigure> {
    select(vec![MetricFigure::Last, MetricFigure::Min, MetricFigure::Max])
}

fn condition(ids: Vec<String>) -> impl Strategy<Value = RunCondition> {
    let key_test = || {
        let text = text_test(TEXTS.to_vec()).prop_map(KeyTest::Text);
        prop_oneof![6 => text, 1 => Just(KeyTest::IsNull), 1 => Just(KeyTest::IsNotNull)]
    };
    let op = || select(NumberOp::ALL.to_vec());
    let words = RunStatus::ALL.map(RunStatus::name).to_vec();
    let mut ids: Vec<Text> = ids.into_iter().filter_map(Text::new).collect();
    ids.extend(texts_of(&["no id", "0123456789abcdef0123456789abcdef"]));
    prop_oneof![
        3 => (figure(), key(&METRICS), op(), select(&NUMBERS[..]))
            .prop_map(|(figure, key, op, value)| RunCondition::Metric { figure, key, op, value }),
        2 => (key(&TEXT_KEYS), key_test()).prop_map(|(key, test)| RunCondition::Param { key, test }),
        2 => (key(&TEXT_KEYS), key_test()).prop_map(|(key, test)| RunCondition::Tag { key, test }),
        1 => list_test(ids).prop_map(RunCondition::Id),
        2 => (select(vec![RunTime::Start, RunTime::End]), op(), select(&TIMES[..]))
            .prop_map(|(time, op, at)| RunCondition::Time(time, op, at)),
        1 => text_test(TEXTS.to_vec()).prop_map(|test| RunCondition::Text(RunText::Name, test)),
        1 => text_test(words).prop_map(|test| RunCondition::Text(RunText::Status, test)),
        1 => text_test(vec!["ada", "Ada", ""]).prop_map(|test| RunCondition::Text(RunText::UserId, test)),
        1 => text_test(vec!["x"]).prop_map(|test| RunCondition::Text(RunText::ArtifactUri, test)),
        2 => (
            select(vec![DatasetField::Name, DatasetField::Digest, DatasetField::Context]),
            list_test(texts_of(&["mnist", "a", "1", "train"])),
        )
            .prop_map(|(field, test)| RunCondition::Dataset(field, test)),
    ]
}

fn order() -> impl Strategy<Value = OrderBy<RunOrder>> {
    let by = prop_oneof![
        3 => (figure(), key(&METRICS)).prop_map(|(figure, key)| RunOrder::Metric(figure, key)),
        1 => key(&TEXT_KEYS).prop_map(RunOrder::Param),
        1 => key(&TEXT_KEYS).prop_map(RunOrder::Tag),
        1 => Just(RunOrder::Id),
        2 => select(vec![RunTime::Start, RunTime::End]).prop_map(RunOrder::Time),
        2 => select(vec![RunText::Name, RunText::Status, RunText::UserId, RunText::ArtifactUri]).prop_map(RunOrder::Text),
    ];
    (by, any::<bool>()).prop_map(|(key, descending)| OrderBy { key, descending, span: 0..0 })
}

fn text_meets(value: &str, test: &TextTest) -> bool {
    match test {
        TextTest::Eq(text) => value == text.as_str(),
        TextTest::Ne(text) => value != text.as_str(),
        TextTest::Like(pattern) => like(pattern.as_str(), value, true),
        TextTest::Ilike(pattern) => like(pattern.as_str(), value, false),
    }
}

fn list_meets(value: &str, test: &ListTest) -> bool {
    match test {
        ListTest::Text(test) => text_meets(value, test),
        ListTest::In(list) => list.as_slice().iter().any(|text| text.as_str() == value),
        ListTest::NotIn(list) => list.as_slice().iter().all(|text| text.as_str() != value),
    }
}

fn key_meets(tags: &[Tag], key: &Key, test: &KeyTest) -> bool {
    let value = tags.iter().find(|tag| tag.key == key.as_str()).map(|tag| tag.value.as_str());
    match test {
        KeyTest::IsNull => value.is_none(),
        KeyTest::IsNotNull => value.is_some(),
        KeyTest::Text(test) => value.is_some_and(|value| text_meets(value, test)),
    }
}

fn number_meets<T: PartialOrd>(value: T, op: NumberOp, other: T) -> bool {
    match op {
        NumberOp::Eq => value == other,
        NumberOp::Ne => value != other,
        NumberOp::Lt => value < other,
        NumberOp::Le => value <= other,
        NumberOp::Gt => value > other,
        NumberOp::Ge => value >= other,
    }
}

fn metric_value(run: &Run, figure: MetricFigure, key: &Key) -> Option<f64> {
    let metric = run.metrics.iter().find(|metric| metric.key == key.as_str())?;
    match figure {
        MetricFigure::Last => Some(metric.last.value),
        MetricFigure::Min => metric.min,
        MetricFigure::Max => metric.max,
    }
}

fn time_of(run: &Run, time: RunTime) -> Option<i64> {
    match time {
        RunTime::Start => Some(run.info.start_time),
        RunTime::End => run.info.end_time,
    }
}

fn text_of(run: &Run, text: RunText) -> &str {
    match text {
        RunText::Name => &run.info.name,
        RunText::Status => run.info.status.name(),
        RunText::UserId => &run.info.user,
        RunText::ArtifactUri => &run.info.artifact_uri,
    }
}

fn meets(run: &Run, condition: &RunCondition) -> bool {
    match condition {
        RunCondition::Metric { figure, key, op, value } => {
            metric_value(run, *figure, key).is_some_and(|last| number_meets(last, *op, *value))
        }
        RunCondition::Param { key, test } => key_meets(&run.params, key, test),
        RunCondition::Tag { key, test } => key_meets(&run.tags, key, test),
        RunCondition::Id(test) => list_meets(&run.info.id.to_string(), test),
        RunCondition::Time(time, op, at) => {
            time_of(run, *time).is_some_and(|time| number_meets(time, *op, *at))
        }
        RunCondition::Text(text, test) => text_meets(text_of(run, *text), test),
        RunCondition::Dataset(field, test) => run.datasets.iter().any(|input| match field {
            DatasetField::Name => list_meets(&input.dataset.name, test),
            DatasetField::Digest => list_meets(&input.dataset.digest, test),
            DatasetField::Context => input.tags.first().is_some_and(|tag| list_meets(&tag.value, test)),
        }),
    }
}

/// What has a value comes before what has none, whichever the direction.
fn compare_values<T: PartialOrd>(a: Option<T>, b: Option<T>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            let ordering = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
            if descending { ordering.reverse() } else { ordering }
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn compare(a: &Run, b: &Run, by: &OrderBy<RunOrder>) -> Ordering {
    let value = |tags: &[Tag], key: &Key| {
        tags.iter().find(|tag| tag.key == key.as_str()).map(|tag| tag.value.clone())
    };
    match &by.key {
        RunOrder::Metric(figure, key) => {
            let rank = |value: Option<f64>| value.map_or(2, |value| u8::from(value.is_nan()));
            let (a, b) = (metric_value(a, *figure, key), metric_value(b, *figure, key));
            rank(a).cmp(&rank(b)).then(compare_values(a, b, by.descending))
        }
        RunOrder::Param(key) => compare_values(value(&a.params, key), value(&b.params, key), by.descending),
        RunOrder::Tag(key) => compare_values(value(&a.tags, key), value(&b.tags, key), by.descending),
        RunOrder::Id => compare_values(Some(a.info.id), Some(b.info.id), by.descending),
        RunOrder::Time(time) => compare_values(time_of(a, *time), time_of(b, *time), by.descending),
        RunOrder::Text(text) => {
            compare_values(Some(text_of(a, *text)), Some(text_of(b, *text)), by.descending)
        }
    }
}

fn reference(
    runs: &[Run],
    experiments: &[ExperimentId],
    filter: &RunFilter,
    order: &[OrderBy<RunOrder>],
    view: ViewType,
) -> Vec<Run> {
    let shown = |run: &Run| match view {
        ViewType::ActiveOnly => run.info.lifecycle == Lifecycle::Active,
        ViewType::DeletedOnly => run.info.lifecycle == Lifecycle::Deleted,
        ViewType::All => true,
    };
    let found = runs.iter().filter(|run| {
        shown(run)
            && experiments.contains(&run.info.experiment)
            && filter.conditions().all(|condition| meets(run, condition))
    });
    let mut found: Vec<Run> = found.cloned().collect();
    found.sort_by(|a, b| {
        let asked = order.iter().map(|by| compare(a, b, by)).find(|ordering| ordering.is_ne());
        let by_start = || match order.iter().any(|by| by.key == RunOrder::Time(RunTime::Start)) {
            true => Ordering::Equal,
            false => b.info.start_time.cmp(&a.info.start_time),
        };
        asked.unwrap_or_else(|| by_start().then(a.info.id.cmp(&b.info.id)))
    });
    found
}

/// All pages of a search.
async fn search(
    user: &User,
    experiments: &[ExperimentId],
    filter: &str,
    order_by: &[String],
    view: ViewType,
    max_results: i64,
) -> Vec<Run> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = SearchRuns { experiments, filter, view, max_results, order_by, page_token: &page_token };
        let page = user.search_runs(asked).await.unwrap();
        assert!(page.items.len() as i64 <= max_results);
        found.extend(page.items);
        let Some(next) = page.next else { return found };
        page_token = next;
    }
}

async fn any_search_finds_what_the_reference_finds(world: &World) {
    let alice = world.user("alice").await;
    let experiments = [alice.experiment("a").await, alice.experiment("b").await, alice.experiment("c").await];
    let mut runs = Vec::new();
    // Three worlds with more and more runs in them, each searched in many ways.
    for _ in 0..3 {
        let plans = std::sync::Mutex::new(Vec::new());
        holds_for(1, prop::collection::vec(plan(), 12), async |some| *plans.lock().unwrap() = some);
        for plan in plans.into_inner().unwrap() {
            runs.push(carry_out(&plan, &alice, &experiments).await);
        }
        let ids = runs.iter().map(|run| run.info.id.to_string()).collect();
        let asked = (
            prop::sample::subsequence(experiments.to_vec(), 0..=3),
            prop::collection::vec(condition(ids), 0..4),
            prop::collection::vec(order(), 0..4),
            select(vec![ViewType::ActiveOnly, ViewType::DeletedOnly, ViewType::All]),
            select(vec![3, 1000]),
        );
        holds_for(60, asked, async |(experiments, conditions, mut order, view, page)| {
            let clauses = conditions.into_iter().map(|condition| Clause { condition, span: 0..0 }).collect();
            let filter = Filter { clauses };
            let mut seen = Vec::new();
            order.retain(|by| {
                !seen.contains(&by.key) && {
                    seen.push(by.key.clone());
                    true
                }
            });
            let clauses: Vec<String> = order.iter().map(ToString::to_string).collect();
            let found = search(&alice, &experiments, &filter.to_string(), &clauses, view, page).await;
            let expected = reference(&runs, &experiments, &filter, &order, view);
            let names = |runs: &[Run]| runs.iter().map(|run| run.info.id.to_string()).collect::<Vec<_>>();
            assert_eq!(names(&found), names(&expected), "{filter} ORDER BY {clauses:?}\n{expected:#?}");
            assert_eq!(found, expected, "what a search says of a run is what the run says of itself");
        });
    }
}

async fn values_then_nan_then_nothing_in_both_directions(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for (name, value) in [
        ("none", None),
        ("nan", Some(f64::NAN)),
        ("inf", Some(f64::INFINITY)),
        ("one", Some(1.0)),
        ("-inf", Some(f64::NEG_INFINITY)),
    ] {
        let run = alice.run_named(experiment, name).await;
        if let Some(value) = value {
            alice.logs(run, batch().metric("loss", 1, value)).await;
        }
    }
    let check = async |filter: &str, order: &str, expected: &[&str]| {
        let found = search(&alice, &[experiment], filter, &[order.to_owned()], ViewType::All, 100).await;
        let names: Vec<&str> = found.iter().map(|run| run.info.name.as_str()).collect();
        assert_eq!(names, expected, "{filter} {order}");
    };
    check("", "metrics.loss ASC", &["-inf", "one", "inf", "nan", "none"]).await;
    check("", "metrics.loss DESC", &["inf", "one", "-inf", "nan", "none"]).await;
    check("metrics.loss != 1", "metrics.loss", &["-inf", "inf", "nan"]).await;
    check("metrics.loss != 0", "metrics.loss", &["-inf", "one", "inf", "nan"]).await;
    check("metrics.loss = 0", "metrics.loss", &[]).await;
    check("metrics.loss >= 0", "metrics.loss", &["one", "inf"]).await;
    check("metrics.loss > 1", "metrics.loss", &["inf"]).await;
    check("metrics.loss <= 1", "metrics.loss", &["-inf", "one"]).await;
}

async fn ties_go_by_start_then_id(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let mut runs = Vec::new();
    for start_time in [5, 7, 5, 7] {
        let run = alice.create_run(NewRun { start_time, ..new_run(experiment) }).await.unwrap();
        runs.push((start_time, run.info.id));
    }
    let check = async |order: &[&str], expected: &[(i64, RunId)]| {
        let order: Vec<String> = order.iter().map(|clause| (*clause).to_owned()).collect();
        let found = search(&alice, &[experiment], "", &order, ViewType::ActiveOnly, 100).await;
        let found: Vec<_> = found.iter().map(|run| (run.info.start_time, run.info.id)).collect();
        assert_eq!(found, expected, "{order:?}");
    };
    runs.sort_by_key(|(start, id)| (-start, *id));
    check(&[], &runs).await;
    check(&["metrics.loss DESC", "params.lr"], &runs).await;
    runs.sort_by_key(|(start, id)| (*start, *id));
    check(&["start_time"], &runs).await;
}

async fn a_search_comes_a_page_at_a_time(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for _ in 0..5 {
        alice.run_in(experiment).await;
    }
    let all = search(&alice, &[experiment], "", &[], ViewType::ActiveOnly, 1000).await;
    for page in [1, 2, 5, 6] {
        assert_eq!(
            search(&alice, &[experiment], "", &[], ViewType::ActiveOnly, page).await,
            all,
            "{page} a page"
        );
    }
    assert_eq!(search(&alice, &[], "", &[], ViewType::ActiveOnly, 10).await, [], "nowhere is nothing");
}

async fn pages_hold_still_while_runs_come_and_go(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let log = async |number: i64| {
        let new = NewRun { name: format!("r{}", number % 4), start_time: number % 5, ..new_run(experiment) };
        let run = alice.create_run(new).await.unwrap().info.id;
        let mut logged = batch().param("model", ["cnn", "mlp"][usize::from(number % 3 == 0)]);
        if number % 4 > 0 {
            let value = if number % 4 == 1 { f64::NAN } else { (number % 7) as f64 };
            logged = logged.metric("loss", 1, value);
        }
        alice.logs(run, logged).await;
        run
    };
    for order in [
        "",
        "start_time",
        "run_name DESC",
        "metrics.loss",
        "metrics.loss DESC",
        "max_metrics.loss",
        "params.model DESC",
        "end_time",
    ] {
        let order_by: Vec<String> = (!order.is_empty()).then(|| order.to_owned()).into_iter().collect();
        let mut there = Vec::new();
        for number in 0..24 {
            there.push(log(number).await);
        }
        let expected: Vec<RunId> = search(&alice, &[experiment], "", &order_by, ViewType::ActiveOnly, 1000)
            .await
            .into_iter()
            .map(|run| run.info.id)
            .collect();
        let (mut found, mut page_token, mut number, mut guests) = (Vec::new(), String::new(), 0, Vec::new());
        loop {
            let asked = SearchRuns {
                experiments: &[experiment],
                filter: "",
                view: ViewType::ActiveOnly,
                max_results: 5,
                order_by: &order_by,
                page_token: &page_token,
            };
            let page = alice.search_runs(asked).await.unwrap();
            found.extend(page.items.iter().map(|run| run.info.id).filter(|id| expected.contains(id)));
            let Some(next) = page.next else { break };
            page_token = next;
            // Some come, and one of them goes.
            for _ in 0..3 {
                guests.push(log(number).await);
                number += 5;
            }
            alice.delete_run(guests.remove(0)).await.unwrap();
            assert!(number < 1000, "the pages come to an end");
        }
        assert_eq!(found, expected, "ORDER BY {order}");
        for run in expected.into_iter().chain(guests) {
            alice.delete_run(run).await.unwrap();
        }
    }
}

async fn a_token_goes_with_its_order(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for _ in 0..3 {
        alice.run_in(experiment).await;
    }
    let page = async |order_by: &str, page_token: &str| {
        let order_by: Vec<String> = (!order_by.is_empty()).then(|| order_by.to_owned()).into_iter().collect();
        let asked = SearchRuns {
            experiments: &[experiment],
            filter: "",
            view: ViewType::All,
            max_results: 1,
            order_by: &order_by,
            page_token,
        };
        alice.search_runs(asked).await
    };
    let by_loss = page("metrics.loss DESC", "").await.unwrap().next.unwrap();
    assert_eq!(page("metrics.loss DESC", &by_loss).await.unwrap().items.len(), 1);
    // The others: no base64, base64 of nothing, of MLflow's token, and of what looks like ours.
    for bad in [by_loss.as_str(), "?", "aGV5", "eyJvZmZzZXQiOiAyfQ==", "eyJvcmRlciI6IiIsImFmdGVyIjpbXX0="] {
        for order in ["", "metrics.loss", "metrics.acc DESC", "run_id"] {
            check_code(page(order, bad).await, Code::InvalidParameterValue);
        }
    }
}

async fn long_values_are_compared_whole(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    // They differ behind what an index holds, and at its very end.
    let start = "é".repeat(63);
    let values = [
        start.clone(),
        format!("{start}x"),
        format!("{start}xa"),
        format!("{start}xb"),
        format!("{start}xb{}", "y".repeat(5000)),
        format!("{start}xb{}z", "y".repeat(5000)),
        format!("{start}日"),
    ];
    for (place, value) in values.iter().enumerate().rev() {
        for copy in 0..6 {
            let run = alice.run_named(experiment, &format!("{place}{copy}")).await;
            alice.logs(run, batch().param("p", value).tag("t", value)).await;
        }
    }
    let check = async |filter: &str, order: &str, expected: &[usize]| {
        for page in [2, 1000] {
            let found =
                search(&alice, &[experiment], filter, &[order.to_owned()], ViewType::ActiveOnly, page).await;
            let mut places: Vec<usize> =
                found.iter().map(|run| run.info.name[..1].parse().unwrap()).collect();
            assert_eq!(places.len(), 6 * expected.len(), "{filter} {order}, {page} a page");
            places.dedup();
            assert_eq!(places, expected, "{filter} {order}, {page} a page");
        }
    };
    for table in ["params.p", "tags.t"] {
        check("", table, &[0, 1, 2, 3, 4, 5, 6]).await;
        check("", &format!("{table} DESC"), &[6, 5, 4, 3, 2, 1, 0]).await;
        for (place, value) in values.iter().enumerate() {
            check(&format!("{table} = '{value}'"), table, &[place]).await;
        }
        check(&format!("{table} LIKE '{start}xb%'"), table, &[3, 4, 5]).await;
        check(&format!("{table} != '{start}x'"), &format!("{table} DESC"), &[6, 5, 4, 3, 2, 0]).await;
    }
}

async fn a_stream_brings_what_a_search_finds(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    // More than are read at once.
    let runs = 260;
    for number in 0..runs {
        let run = alice.run_in(experiment).await;
        if number % 100 == 0 {
            alice.logs(run, batch().param("number", &number.to_string())).await;
        }
    }
    for max_results in [1000, runs, 7] {
        let asked = SearchRuns {
            experiments: &[experiment],
            filter: "",
            view: ViewType::All,
            max_results,
            order_by: &["params.number".to_owned()],
            page_token: "",
        };
        let page = alice.search_runs(asked.clone()).await.unwrap();
        let (stream, next) = alice.search_runs_stream(asked).await.unwrap();
        let chunks: Vec<Vec<Run>> = stream.try_collect().await.unwrap();
        assert_eq!((chunks.concat(), next), (page.items, page.next), "{max_results}");
        assert!(chunks.iter().all(|chunk| chunk.len() <= 250));
    }
}

async fn a_search_tells_every_number_as_it_is(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let odd = [5e-324, 2e-308, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 0.1 + 0.2, 1.0 / 3.0];
    let numbers = prop::collection::vec(prop_oneof![any::<f64>(), 0.0..1.0, select(odd.to_vec())], 300);
    holds_for(3, numbers, async |numbers: Vec<f64>| {
        let run = alice.run_in(experiment).await;
        let log =
            |logged: Batch, (index, number): (usize, &f64)| logged.metric(&format!("m{index}"), 1, *number);
        alice.logs(run, numbers.iter().enumerate().fold(batch(), log)).await;
        let found = alice.sees(run).await;
        assert_eq!(found.metrics.len(), numbers.len());
        for metric in found.metrics {
            let number = numbers[metric.key[1..].parse::<usize>().unwrap()];
            let as_it_is = |found: f64| found == number || (found.is_nan() && number.is_nan());
            assert!(as_it_is(metric.last.value), "{number:e} became {:e}", metric.last.value);
            let number = (!number.is_nan()).then_some(number);
            assert_eq!((metric.min, metric.max), (number, number));
        }
    });
    assert_eq!(alice.sees(run).await.metrics, []);
}

async fn a_bad_search_says_where(world: &World) {
    let alice = world.user("alice").await;
    let experiments = [alice.experiment("vision").await];
    let asked = SearchRuns {
        experiments: &experiments,
        filter: "",
        view: ViewType::All,
        max_results: 10,
        order_by: &[],
        page_token: "",
    };
    let bad = problem(alice.search_runs(SearchRuns { filter: "metrics.loss < 'a'", ..asked.clone() }).await);
    assert_eq!((bad.code, bad.span), (Code::InvalidParameterValue, Some(15..18)));
    let order = ["metrics.loss SIDEWAYS".to_owned()];
    for bad in [
        SearchRuns { order_by: &order, ..asked.clone() },
        SearchRuns { page_token: "?", ..asked.clone() },
        SearchRuns { max_results: 0, ..asked.clone() },
        SearchRuns { max_results: 50_001, ..asked.clone() },
    ] {
        check_code(alice.search_runs(bad).await, Code::InvalidParameterValue);
    }
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
    let outcome = alice.compare_runs(&vec![String::new(); 101]).await;
    check_refused(
        outcome,
        Code::InvalidParameterValue,
        "A comparison takes at most 100 runs, and this has 101.",
    );
}
