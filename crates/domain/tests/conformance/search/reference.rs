//! Every filter and every order, against a slow search in memory.

use super::search;
use crate::world::*;
use model::{
    experiment::{Lifecycle, ViewType},
    filter::{
        Clause, DatasetField, Filter, Key, KeyTest, ListTest, MetricFigure, NumberOp, OneOf, OrderBy,
        RunCondition, RunFilter, RunOrder, RunText, RunTime, Text, TextTest, like,
    },
    run::{Dataset, DatasetInput, NewRun, Run, RunStatus, RunUpdate},
};
use proptest::{option, prelude::*, sample::select};
use std::cmp::Ordering;

on_both_databases! { any_search_finds_what_the_reference_finds }

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
