//! What must hold of every text and every filter.

use std::fmt::Debug;

use proptest::prelude::*;

use super::*;

fn key() -> impl Strategy<Value = Key> {
    prop_oneof!["[a-z_.0-9]{1,8}", "[a-zé `\"'/@:-]{1,8}", ".{1,6}"].prop_filter_map("a key", Key::new)
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof!["[a-z%_]{0,8}", "[a-z '\"`;()]{0,8}", ".{0,6}"].prop_filter_map("a text", Text::new)
}

fn text_test() -> impl Strategy<Value = TextTest> {
    prop_oneof![
        text().prop_map(TextTest::Eq),
        text().prop_map(TextTest::Ne),
        text().prop_map(TextTest::Like),
        text().prop_map(TextTest::Ilike),
    ]
}

fn key_test() -> impl Strategy<Value = KeyTest> {
    prop_oneof![text_test().prop_map(KeyTest::Text), Just(KeyTest::IsNull), Just(KeyTest::IsNotNull)]
}

fn one_of<T: Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = OneOf<T>> {
    proptest::collection::vec(value, 1..4).prop_filter_map("a list", OneOf::new)
}

fn list_test() -> impl Strategy<Value = ListTest> {
    prop_oneof![
        text_test().prop_map(ListTest::Text),
        one_of(text()).prop_map(ListTest::In),
        one_of(text()).prop_map(ListTest::NotIn),
    ]
}

fn id_test<T: Clone + Debug + 'static>(
    id: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = IdTest<T>> {
    prop_oneof![
        id.clone().prop_map(IdTest::Eq),
        id.clone().prop_map(IdTest::Ne),
        one_of(id.clone()).prop_map(IdTest::In),
        one_of(id).prop_map(IdTest::NotIn),
    ]
}

fn op() -> impl Strategy<Value = NumberOp> {
    proptest::sample::select(NumberOp::ALL.to_vec())
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -10.0..10.0,
        (-9i32..9).prop_map(f64::from),
        any::<f64>().prop_filter("finite", |n| n.is_finite())
    ]
}

fn figure() -> impl Strategy<Value = MetricFigure> {
    prop_oneof![Just(MetricFigure::Last), Just(MetricFigure::Min), Just(MetricFigure::Max)]
}

fn run() -> impl Strategy<Value = RunCondition> {
    let time = prop_oneof![Just(RunTime::Start), Just(RunTime::End)];
    let field = prop_oneof![
        Just(RunText::Name),
        Just(RunText::Status),
        Just(RunText::UserId),
        Just(RunText::ArtifactUri)
    ];
    let dataset =
        prop_oneof![Just(DatasetField::Name), Just(DatasetField::Digest), Just(DatasetField::Context)];
    prop_oneof![
        (figure(), key(), op(), number()).prop_map(|(figure, key, op, value)| RunCondition::Metric {
            figure,
            key,
            op,
            value
        }),
        (key(), key_test()).prop_map(|(key, test)| RunCondition::Param { key, test }),
        (key(), key_test()).prop_map(|(key, test)| RunCondition::Tag { key, test }),
        list_test().prop_map(RunCondition::Id),
        (time, op(), any::<i64>()).prop_map(|(time, op, at)| RunCondition::Time(time, op, at)),
        (field, text_test()).prop_map(|(field, test)| RunCondition::Text(field, test)),
        (dataset, list_test()).prop_map(|(field, test)| RunCondition::Dataset(field, test)),
    ]
}

fn experiment() -> impl Strategy<Value = ExperimentCondition> {
    let time = prop_oneof![Just(ExperimentTime::Creation), Just(ExperimentTime::LastUpdate)];
    prop_oneof![
        text_test().prop_map(ExperimentCondition::Name),
        id_test(any::<i64>()).prop_map(ExperimentCondition::Id),
        (time, op(), any::<i64>()).prop_map(|(time, op, at)| ExperimentCondition::Time(time, op, at)),
        (key(), key_test()).prop_map(|(key, test)| ExperimentCondition::Tag { key, test }),
    ]
}

fn registered_model() -> impl Strategy<Value = RegisteredModelCondition> {
    prop_oneof![
        list_test().prop_map(RegisteredModelCondition::Name),
        (key(), text_test()).prop_map(|(key, test)| RegisteredModelCondition::Tag { key, test }),
    ]
}

fn model_version() -> impl Strategy<Value = ModelVersionCondition> {
    prop_oneof![
        list_test().prop_map(ModelVersionCondition::Name),
        list_test().prop_map(ModelVersionCondition::RunId),
        text_test().prop_map(ModelVersionCondition::SourcePath),
        (op(), any::<i64>()).prop_map(|(op, version)| ModelVersionCondition::Version(op, version)),
        (key(), text_test()).prop_map(|(key, test)| ModelVersionCondition::Tag { key, test }),
    ]
}

fn logged_model() -> impl Strategy<Value = LoggedModelCondition> {
    let field = prop_oneof![
        Just(LoggedModelText::Name),
        Just(LoggedModelText::ModelId),
        Just(LoggedModelText::ModelType),
        Just(LoggedModelText::SourceRunId),
    ];
    let status = prop_oneof![
        Just(LoggedModelStatus::Unspecified),
        Just(LoggedModelStatus::Pending),
        Just(LoggedModelStatus::Ready),
        Just(LoggedModelStatus::Failed),
    ];
    let time = prop_oneof![Just(LoggedModelTime::Creation), Just(LoggedModelTime::LastUpdate)];
    prop_oneof![
        (key(), op(), number()).prop_map(|(key, op, value)| LoggedModelCondition::Metric { key, op, value }),
        (key(), list_test()).prop_map(|(key, test)| LoggedModelCondition::Param { key, test }),
        (key(), list_test()).prop_map(|(key, test)| LoggedModelCondition::Tag { key, test }),
        (field, list_test()).prop_map(|(field, test)| LoggedModelCondition::Text(field, test)),
        id_test(status).prop_map(LoggedModelCondition::Status),
        (time, op(), any::<i64>()).prop_map(|(time, op, at)| LoggedModelCondition::Time(time, op, at)),
    ]
}

fn reads_back<C: Condition + Debug + PartialEq>(conditions: Vec<C>) {
    let clauses = conditions.into_iter().map(|condition| Clause { condition, span: 0..0 }).collect();
    let filter = Filter { clauses };
    let text = filter.to_string();
    let read = parse::<C>(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    assert!(filter.conditions().eq(read.conditions()), "{text}\n{filter:?}\n{read:?}");
    for clause in &read.clauses {
        assert_eq!(text[clause.span.clone()], clause.condition.to_string());
    }
}

/// The span lies in the text and can be cut out; every clause of a good filter stands where it says.
fn stays_in_bounds<C: Condition>(text: &str) {
    match parse::<C>(text) {
        Ok(filter) => assert!(filter.clauses.iter().all(|clause| text.get(clause.span.clone()).is_some())),
        Err(error) => assert!(text.get(error.span.clone()).is_some(), "{text:?} {error:?}"),
    }
}

fn order_stays_in_bounds<K: OrderKey + Debug>(text: &str) {
    match parse_order_by::<K>(text) {
        Ok(order) => {
            let again = parse_order_by::<K>(&order.to_string()).map(|again| (again.key, again.descending));
            assert_eq!(again, Ok((order.key, order.descending)), "{text:?}");
        }
        Err(error) => assert!(text.get(error.span.clone()).is_some(), "{text:?} {error:?}"),
    }
}

/// Texts that look like filters from afar.
fn almost_filter() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "metrics",
        "min_metrics.",
        "params.",
        "tags.é",
        "status",
        "run_id",
        "name",
        "creation_time",
        ".",
        "`",
        "'",
        "\"",
        "``",
        " ",
        " ",
        " ",
        "\n",
        "=",
        "!=",
        "<",
        ">=",
        "!",
        "LIKE",
        "in",
        "NOT",
        "IS",
        "NULL",
        "AND",
        "or",
        "(",
        ")",
        ",",
        ";",
        "'a'",
        "\"é\"",
        "('a', 'b')",
        "1",
        "-.5e3",
        "1e999",
        "ASC",
        "desc",
        "日",
        "\u{3000}",
    ]);
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_run_filter_reads_back(conditions in proptest::collection::vec(run(), 0..5)) {
        reads_back(conditions);
    }

    #[test]
    fn an_experiment_filter_reads_back(conditions in proptest::collection::vec(experiment(), 0..5)) {
        reads_back(conditions);
    }

    #[test]
    fn a_registered_model_filter_reads_back(conditions in proptest::collection::vec(registered_model(), 0..5)) {
        reads_back(conditions);
    }

    #[test]
    fn a_model_version_filter_reads_back(conditions in proptest::collection::vec(model_version(), 0..5)) {
        reads_back(conditions);
    }

    #[test]
    fn a_logged_model_filter_reads_back(conditions in proptest::collection::vec(logged_model(), 0..5)) {
        reads_back(conditions);
    }

    #[test]
    fn a_run_order_reads_back(figure in figure(), key in key(), descending: bool) {
        let order = OrderBy { key: RunOrder::Metric(figure, key), descending, span: 0..0 };
        let read = parse_order_by::<RunOrder>(&order.to_string()).map(|read| (read.key, read.descending));
        prop_assert_eq!(read, Ok((order.key, order.descending)));
    }

    #[test]
    fn no_text_is_too_odd(text in prop_oneof![almost_filter(), any::<String>()]) {
        stays_in_bounds::<RunCondition>(&text);
        stays_in_bounds::<ExperimentCondition>(&text);
        stays_in_bounds::<RegisteredModelCondition>(&text);
        stays_in_bounds::<ModelVersionCondition>(&text);
        stays_in_bounds::<LoggedModelCondition>(&text);
        order_stays_in_bounds::<RunOrder>(&text);
        order_stays_in_bounds::<ExperimentOrder>(&text);
        order_stays_in_bounds::<RegisteredModelOrder>(&text);
        order_stays_in_bounds::<ModelVersionOrder>(&text);
        let _ = LoggedModelOrder::from_field_name(&text);
    }

    #[test]
    fn what_a_filter_says_is_what_its_canonical_text_says(text in almost_filter()) {
        if let Ok(filter) = parse::<RunCondition>(&text) {
            let again = parse::<RunCondition>(&filter.to_string());
            prop_assert!(again.is_ok_and(|again| again.conditions().eq(filter.conditions())));
        }
    }

    #[test]
    fn no_text_is_too_odd_to_be_completed(
        text in prop_oneof![almost_filter(), any::<String>()],
        cursor in 0_usize..80,
    ) {
        for language in [&RUN_LANGUAGE, &TRACE_LANGUAGE] {
            let completion = language.complete(&text, cursor);
            prop_assert!(text.get(completion.span.clone()).is_some(), "{completion:?}");
            prop_assert!(completion.span.start <= cursor);
            for choice in completion.words().into_iter().chain(["x", "a b", "it's \"it\"", ""]) {
                if let Some((new, at)) = completion.accept(&text, choice) {
                    prop_assert!(new.is_char_boundary(at), "{new:?} {at}");
                }
            }
        }
    }

    #[test]
    fn what_is_chosen_step_by_step_is_a_filter(
        before in proptest::collection::vec(run(), 0..3),
        kind in 0_usize..2,
        key in key(),
        operator in 0_usize..6,
        value in text(),
    ) {
        let clauses = before.into_iter().map(|condition| Clause { condition, span: 0..0 }).collect();
        let mut start = Filter { clauses }.to_string();
        if !start.is_empty() {
            // Right behind a number it could go on.
            start.push(' ');
        }
        let mut written = (start.clone(), start.len());
        let mut choose = |choice: &str| {
            let (text, cursor) = &written;
            let completion = RUN_LANGUAGE.complete(text, *cursor);
            written = completion.accept(text, choice).unwrap_or_else(|| panic!("{choice:?} in {text:?}"));
            (completion.expected, written.0.clone())
        };
        if !start.is_empty() {
            prop_assert_eq!(choose("AND").0, Expected::And);
        }
        let (kind, field) = match kind {
            0 => (crate::page::KeyKind::Param, RunField::Param(key.as_str().to_owned())),
            _ => (crate::page::KeyKind::Tag, RunField::Tag(key.as_str().to_owned())),
        };
        let prefix = if kind == crate::page::KeyKind::Param { "params." } else { "tags." };
        prop_assert_eq!(choose(prefix).0, Expected::Name);
        prop_assert_eq!(choose(key.as_str()).0, Expected::Key(KeysOf::Run(kind)));
        let subject = Subject::Field(FieldOf::Run(field));
        let operator = subject.operators()[operator];
        let (expected, mut text) = choose(operator);
        prop_assert_eq!(expected, Expected::Operator(subject.clone()));
        if !operator.starts_with("IS") {
            let (expected, whole) = choose(value.as_str());
            prop_assert_eq!(expected, Expected::Value(subject, Place::Alone));
            text = whole;
        }
        let read = parse::<RunCondition>(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        let last = read.conditions().last().map(ToString::to_string);
        let asked = if operator.starts_with("IS") { operator.to_owned() } else { format!("{operator} {value}") };
        prop_assert_eq!(last, Some(format!("{prefix}{key} {asked}")));
    }

    #[test]
    fn a_condition_that_is_toggled_is_there_and_then_is_not(
        before in proptest::collection::vec(run(), 0..4),
        key in key(),
        value in text(),
    ) {
        let Some(condition) = RunField::Tag(key.as_str().to_owned()).is(value.as_str()) else { return Ok(()) };
        let clauses = before.into_iter().map(|condition| Clause { condition, span: 0..0 }).collect();
        let without = toggled(&Filter { clauses }.to_string(), &condition, false);
        let with = toggled(&without, &condition, true);
        prop_assert!(parse::<RunCondition>(&with).is_ok_and(|read| read.conditions().any(|one| *one == condition)));
        let without = toggled(&with, &condition, false);
        prop_assert!(parse::<RunCondition>(&without).is_ok_and(|read| read.conditions().all(|one| *one != condition)));
    }

    #[test]
    fn like_agrees_with_its_definition(pattern in "[aé_%]{0,6}", text in "[aéb]{0,6}") {
        prop_assert_eq!(like(&pattern, &text, true), like_by_definition(&pattern, &text));
    }
}

/// The filter with the condition or without it.
fn toggled(filter: &str, condition: &RunCondition, with: bool) -> String {
    let has = |filter: &str| {
        let read = parse::<RunCondition>(filter);
        read.unwrap_or_else(|error| panic!("{filter}\n{error}")).conditions().any(|one| one == condition)
    };
    if has(filter) == with { filter.to_owned() } else { toggle_condition(filter, condition).unwrap() }
}

fn like_by_definition(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut chars) = (pattern.chars(), text.chars());
    match pattern.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = pattern.as_str();
            text.char_indices().any(|(at, _)| like_by_definition(rest, &text[at..]))
                || like_by_definition(rest, "")
        }
        Some(first) => {
            chars.next().is_some_and(|c| first == '_' || first == c)
                && like_by_definition(pattern.as_str(), chars.as_str())
        }
    }
}
