//! The languages by example. In each table, a line is a text and the next what becomes of it: `=>` and its canonical
//! form, or `^` under the mistake and the message.

use super::*;

/// Reads every text of a table anew, and compares what comes out with the table.
fn check(table: &str, read: impl Fn(&str) -> Result<String, FilterError>) {
    let table = table.trim_start_matches('\n').trim_end();
    let mut expected = table.lines();
    let mut found = Vec::new();
    while let (Some(text), Some(_)) = (expected.next(), expected.next()) {
        found.push(text.to_owned());
        found.push(match read(text) {
            Ok(canonical) => format!("=> {canonical}").trim_end().to_owned(),
            Err(FilterError { message, span }) => {
                let blanks = " ".repeat(text[..span.start].chars().count());
                let carets = "^".repeat(text[span].chars().count());
                format!("{blanks}{carets} {message}")
            }
        });
    }
    assert_eq!(found.join("\n"), table);
}

fn check_filter<C: Condition>(table: &str) {
    check(table, |text| parse::<C>(text).map(|filter| filter.to_string()));
}

fn check_order<K: OrderKey>(table: &str) {
    check(table, |text| parse_order_by::<K>(text).map(|order| order.to_string()));
}

#[test]
fn runs_are_found_by_what_they_logged() {
    check_filter::<RunCondition>(
        r#"
metrics.loss<.5
=> metrics.loss < 0.5
metric.loss >= -1e-3 and param.lr = '0.01' And tag.team != "vision"
=> metrics.loss >= -0.001 AND params.lr = '0.01' AND tags.team != 'vision'
parameters.lr LIKE '0.%' AND parameter.opt ilike "ADAM%"
=> params.lr LIKE '0.%' AND params.opt ILIKE 'ADAM%'
params.`a b` LIKE '%x%' AND params."c/d" = 'y' AND params.'e-f' = 'z'
=> params.`a b` LIKE '%x%' AND params.`c/d` = 'y' AND params.`e-f` = 'z'
tags.mlflow.runName = 'swift-fox-12'
=> tags.mlflow.runName = 'swift-fox-12'
tags.note IS NULL AND params.seed is not null
=> tags.note IS NULL AND params.seed IS NOT NULL
metrics.ü > 1e400
=> metrics.ü > 1.7976931348623157e308
params.path = "it's" AND params.raw = 'it''s'
=> params.path = "it's" AND params.raw = 'it''s'
"#,
    );
}

#[test]
fn runs_are_found_by_what_they_are() {
    check_filter::<RunCondition>(
        r#"
status = 'FINISHED' AND attributes.user_id LIKE 'a%'
=> status = 'FINISHED' AND user_id LIKE 'a%'
created > 1700000000000 AND attr.Created <= 1e3 AND run.end_time != 5
=> start_time > 1700000000000 AND start_time <= 1000 AND end_time != 5
start_time > 5.5 AND start_time >= 5.5 AND start_time < 5.5 AND start_time <= -5.5
=> start_time > 5 AND start_time >= 6 AND start_time < 6 AND start_time <= -6
`run name` = 'a' AND attributes."Run Name" = 'b' AND run_name ILIKE 'c'
=> run_name = 'a' AND run_name = 'b' AND run_name ILIKE 'c'
run_id IN ('a', "b",) AND run_id NOT IN ('c') AND artifact_uri = 's3://x'
=> run_id IN ('a', 'b') AND run_id NOT IN ('c') AND artifact_uri = 's3://x'
dataset.name = 'mnist' AND datasets.digest IN ('1a2b') AND datasets.context != 'train'
=> datasets.name = 'mnist' AND datasets.digest IN ('1a2b') AND datasets.context != 'train'
"#,
    );
}

#[test]
fn ands_may_be_too_many_or_too_few() {
    check_filter::<RunCondition>(
        r"
AND metrics.a > 1 AND AND metrics.b > 2 AND
=> metrics.a > 1 AND metrics.b > 2
tags.a = 'x' tags.b = 'y'
=> tags.a = 'x' AND tags.b = 'y'
and
=>
",
    );
}

#[test]
fn a_filter_is_clauses_joined_by_and() {
    check_filter::<RunCondition>(
        r"
metrics.loss < 5 OR metrics.a < 3
                 ^^ Invalid clause(s) in filter string: 'OR'
NOT metrics.loss < 5
^^^ Invalid clause(s) in filter string: 'NOT'
metrics.a > 1 AND (params.b = 'x')
                  ^^^^^^^^^^^^^^^^ Invalid clause(s) in filter string: '(params.b = 'x')'
(metrics.a > 1
^ Invalid clause(s) in filter string: '('
metrics.loss BETWEEN 1 AND 2
             ^^^^^^^ Invalid clause(s) in filter string: 'BETWEEN'
metrics.loss < 5;
                ^ Invalid clause(s) in filter string: ';'
metrics.loss < 5; metrics.a > 2
                ^ Search filter contained multiple expression 'metrics.loss < 5; metrics.a > 2'. Provide AND-ed expression list.
metrics.loss < 5, metrics.a > 2
                ^ Invalid clause(s) in filter string: ','
params.ä = 'ß' AND oder
                   ^^^^ Invalid clause(s) in filter string: 'oder'
metrics.loss
^^^^^^^^^^^^ Invalid clause(s) in filter string: 'metrics.loss'
metrics.loss <
^^^^^^^^^^^^^^ Invalid clause(s) in filter string: 'metrics.loss', '<'
metrics.loss < AND metrics.a > 1
^^^^^^^^^^^^^^ Invalid clause(s) in filter string: 'metrics.loss', '<'
params.a = 'x' AND params.b IS
                   ^^^^^^^^^^^ Invalid clause(s) in filter string: 'params.b', 'IS'
params.a IS 'x'
^^^^^^^^^^^^^^^ Invalid clause(s) in filter string: 'params.a', 'IS', ''x''
run_id IN 'a'
^^^^^^^^^^^^^ Invalid clause(s) in filter string: 'run_id', 'IN', ''a''
params.a = 'x' -- remark
               ^^ Invalid clause(s) in filter string: '--'
params.a = 'it's'
                ^ Invalid clause(s) in filter string: '''. The quote is not closed.
metrics.`a b > 1
        ^^^^^^^^ Invalid clause(s) in filter string: '`a b > 1'. The quote is not closed.
",
    );
}

#[test]
fn a_comparison_begins_with_a_name() {
    check_filter::<RunCondition>(
        r"
1 = metrics.m
^ Invalid comparison clause. Expected 'Identifier' found '1'
'a' = params.m
^^^ Invalid comparison clause. Expected 'Identifier' found ''a''
metrics.val-loss > 1
^^^^^^^^^^^^^^^^ Invalid comparison clause. Expected 'Identifier' found 'metrics.val-loss'. Quote a key with special characters: metrics.`val-loss`
params. = 'x'
^^^^^^^ Invalid identifier 'params.'. A key must follow the period.
.a = 'x'
^^ Invalid clause(s) in filter string: '.a'
foo.a = 'x'
^^^^^ Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']
Metrics.a > 1
^^^^^^^^^ Invalid entity type 'Metrics'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']
foo = 'x'
^^^ Invalid attribute key 'foo' specified. Valid keys are 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'
experiment_id = '5'
^^^^^^^^^^^^^ Invalid attribute key 'experiment_id' specified. Valid keys are 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'
dataset.size = 'x'
^^^^^^^^^^^^ Invalid dataset key 'size' specified. Valid keys are 'name', 'digest', 'context'
run name = 'x'
^^^ Invalid clause(s) in filter string: 'run'
",
    );
}

#[test]
fn a_value_fits_its_field() {
    check_filter::<RunCondition>(
        r"
metrics.loss < 'a'
               ^^^ Expected numeric value type for metric. Found 'a'
metrics.loss < 0x10
               ^^^^ Expected numeric value type for metric. Found 0x10
metrics.loss IN (1, 2)
                ^^^^^^ Expected numeric value type for metric. Found (1, 2)
params.a = x
           ^ Parameter value is either not quoted or unidentified quote types used for string value x. Use either single or double quotes.
params.a = `x`
           ^^^ Parameter value is either not quoted or unidentified quote types used for string value `x`. Use either single or double quotes.
params.a = 5
           ^ Expected a quoted string value for parameter (e.g. 'my-value'). Got value 5
tags.a IN ('x')
          ^^^^^ Expected a quoted string value for tag (e.g. 'my-value'). Got value ('x')
start_time > 'a'
             ^^^ Expected numeric value type for numeric attribute: start_time. Found 'a'
start_time = 5.5
             ^^^ Invalid value for numeric attribute 'start_time': '5.5'
run_name = 5
           ^ Expected a quoted string value for attributes. Got value 5
status IN ('RUNNING')
          ^^^^^^^^^^^ Only ['run_id'] attributes support comparison with a list of quoted string values.
dataset.name = 5
               ^ Expected a quoted string value for dataset attributes. Got value 5
run_id IN ()
          ^^ While parsing a list in the query, expected a non-empty list of string values, but got empty list
run_id IN ('a', 2)
                ^ While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: ('a', 2)
run_id IN ('a' 'b')
          ^^^^^^^^ While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.
run_id IN ('a'
          ^^^^ While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.
run_id = ('a')
         ^^^^^ Expected a quoted string value for attributes. Got value ('a')
",
    );
}

#[test]
fn a_comparator_fits_its_field() {
    check_filter::<RunCondition>(
        r"
metrics.loss == 5
             ^^ Invalid comparator '==' not one of '=', '!=', '>', '>=', '<', '<='
metrics.loss <> 5
             ^^ Invalid comparator '<>' not one of '=', '!=', '>', '>=', '<', '<='
metrics.loss LIKE 5
             ^^^^ Invalid comparator 'LIKE' not one of '=', '!=', '>', '>=', '<', '<='
start_time LIKE 5
           ^^^^ Invalid comparator 'LIKE' not one of '=', '!=', '>', '>=', '<', '<='
params.a > 'x'
         ^ Invalid comparator '>' not one of '=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'
params.a RLIKE 'x'
         ^^^^^ Invalid comparator 'RLIKE' not one of '=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'
params.a not like 'x'
         ^^^^^^^^ Invalid comparator 'NOT LIKE' not one of '=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'
status > 'x'
       ^ Invalid comparator '>' not one of '=', '!=', 'LIKE', 'ILIKE'
run_id > 'x'
       ^ Invalid comparator '>' not one of '=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'
dataset.name < 'x'
             ^ Invalid comparator '<' not one of '=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'
metrics.loss IS NULL
             ^^^^^^^ IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'loss'
run_name IS NOT NULL
         ^^^^^^^^^^^ IS NULL / IS NOT NULL is only supported for tags and params, not for 'attribute' 'run_name'
",
    );
}

#[test]
fn experiments() {
    check_filter::<ExperimentCondition>(
        r"
name LIKE 'vision%' AND tags.team = 'a' AND tag.`b c` IS NULL
=> name LIKE 'vision%' AND tags.team = 'a' AND tags.`b c` IS NULL
attribute.experiment_id IN ('1', '2') AND experiment_id != '3'
=> experiment_id IN ('1', '2') AND experiment_id != '3'
creation_time >= 1700000000000 AND last_update_time < 5
=> creation_time >= 1700000000000 AND last_update_time < 5
name IN ('x')
        ^^^^^ Only ['experiment_id'] attributes support comparison with a list of quoted string values.
name > 'x'
     ^ Invalid comparator '>' not one of '=', '!=', 'LIKE', 'ILIKE'
name IS NULL
     ^^^^^^^ IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'
experiment_id = 5
                ^ Expected a quoted string value for attributes. Got value 5
experiment_id = 'abc'
                ^^^^^ Invalid experiment ID 'abc'. Experiment ID must be a valid integer.
experiment_id LIKE '1'
              ^^^^ Invalid comparator for experiment_id: LIKE
creation_time > 'x'
                ^^^ Expected numeric value type for numeric attribute: creation_time. Found 'x'
creation_time > 1.5
                ^^^ Invalid value for numeric attribute 'creation_time': '1.5'
creation_time LIKE 5
              ^^^^ Invalid comparator 'LIKE' not one of '=', '!=', '>', '>=', '<', '<='
tags.a > 'x'
       ^ Invalid comparator '>' not one of '=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'
attributes.name = 'x'
^^^^^^^^^^^^^^^ Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')
metrics.a > 1
^^^^^^^^^ Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')
lifecycle_stage = 'active'
^^^^^^^^^^^^^^^ Invalid attribute key 'lifecycle_stage' specified. Valid keys are 'creation_time', 'experiment_id', 'last_update_time', 'name'
name = 'x' OR name = 'y'
           ^^ Invalid clause(s) in filter string: 'OR'
",
    );
}

#[test]
fn registered_models() {
    check_filter::<RegisteredModelCondition>(
        r"
name IN ('a', 'b') AND tags.team ILIKE 'Vision' AND attribute.name != 'c'
=> name IN ('a', 'b') AND tags.team ILIKE 'Vision' AND name != 'c'
name > 'x'
     ^ Invalid comparator for attribute: >
name = 5
       ^ Expected a quoted string value or a list of quoted string values for attributes. Got value 5
name IS NULL
     ^^^^^^^ IS NULL / IS NOT NULL is not supported in searches of the model registry, found at 'name'
tags.a IN ('x')
          ^^^^^ Expected a quoted string value for tag (e.g. 'my-value'). Got value ('x')
tags.a < 'x'
       ^ Invalid comparator for tag: <
version_number = 1
^^^^^^^^^^^^^^ Invalid attribute key 'version_number' specified. Valid keys are 'name'
params.a = 'x'
^^^^^^^^ Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags')
",
    );
}

#[test]
fn model_versions() {
    check_filter::<ModelVersionCondition>(
        r"
name = 'bert' AND run_id NOT IN ('a') AND source_path LIKE 's3://%'
=> name = 'bert' AND run_id NOT IN ('a') AND source_path LIKE 's3://%'
version_number >= 3 AND version_number != '5' AND tag.stage = 'candidate'
=> version_number >= 3 AND version_number != 5 AND tags.stage = 'candidate'
source_path IN ('x')
               ^^^^^ Only ['name', 'run_id'] attributes support comparison with a list of quoted string values.
source_path > 'x'
            ^ Invalid comparator for attribute: >
version_number > 5.5
                 ^^^ Invalid value for numeric attribute 'version_number': '5.5'
version_number > 'x'
                 ^^^ Invalid value for numeric attribute 'version_number': 'x'
version_number LIKE 5
               ^^^^ Invalid comparator for attribute version_number: LIKE
run_id = 5
         ^ Expected a quoted string value or a list of quoted string values for attributes. Got value 5
tags.a IS NOT NULL
       ^^^^^^^^^^^ IS NULL / IS NOT NULL is not supported in searches of the model registry, found at 'tags.a'
creation_timestamp > 5
^^^^^^^^^^^^^^^^^^ Invalid attribute key 'creation_timestamp' specified. Valid keys are 'name', 'run_id', 'source_path', 'version_number'
",
    );
}

#[test]
fn logged_models() {
    check_filter::<LoggedModelCondition>(
        r#"
name = 'lm0' AND attributes.model_type ILIKE 'agent%' AND source_run_id IN ("a", 'b')
=> name = 'lm0' AND model_type ILIKE 'agent%' AND source_run_id IN ('a', 'b')
metrics.loss < 0.5 AND params.lr = 0.01 AND params.opt = adam AND tags.`a b` NOT IN ('x')
=> metrics.loss < 0.5 AND params.lr = '0.01' AND params.opt = 'adam' AND tags.`a b` NOT IN ('x')
status = 'READY' AND status NOT IN ('PENDING', 'FAILED')
=> status = 'READY' AND status NOT IN ('PENDING', 'FAILED')
creation_time >= 5.5 AND last_updated_timestamp < 7
=> creation_timestamp >= 6 AND last_updated_timestamp < 7
name = "it's"
=> name = "it's"
name = "lm0"
       ^^^^^ Expected a text in single quotes for attributes.name. Write 'lm0' instead of "lm0".
status = 'LOGGED_MODEL_READY'
         ^^^^^^^^^^^^^^^^^^^^ Unknown model status in filter: 'LOGGED_MODEL_READY'. Expected one of UNSPECIFIED, PENDING, READY, FAILED.
status LIKE 'R%'
       ^^^^ Invalid comparison operator for attributes.status: 'LIKE'. Expected one of ('=', '!=', 'IN', 'NOT IN').
metrics.loss LIKE 5
             ^^^^ Invalid comparison operator for metrics.loss: 'LIKE'. Expected one of ('<', '<=', '>', '>=', '=', '!=').
metrics.loss < 'x'
               ^^^ Expected numeric value type for metrics.loss. Found 'x'
params.a > 'x'
         ^ Invalid comparison operator for params.a: '>'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').
name IS NULL
     ^^^^^^^ Invalid comparison: name. Expected a comparison with 3 tokens.
metric.a > 1
^^^^^^^^ Invalid entity type: 'metric'. Expected one of ['attributes', 'metrics', 'params', 'tags'].
experiment_id = '1'
^^^^^^^^^^^^^ Invalid attribute key 'experiment_id' specified. Valid keys are 'creation_time', 'creation_timestamp', 'last_updated_time', 'last_updated_timestamp', 'model_id', 'model_type', 'name', 'source_run_id', 'status'
name = 'a' OR name = 'b'
           ^^ Invalid filter string: "name = 'a' OR name = 'b'". Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').
"#,
    );
}

#[test]
fn orders_of_runs() {
    check_order::<RunOrder>(
        r#"
metrics.loss
=> metrics.loss ASC
metric.loss DESC
=> metrics.loss DESC
metrics.`a b` desc
=> metrics.`a b` DESC
  params."a/b"  asc
=> params.`a/b` ASC
tags.mlflow.user
=> tags.mlflow.user ASC
created DESC
=> start_time DESC
attributes.run_name
=> run_name ASC
run_id
=> run_id ASC
metrics.loss down
             ^^^^ Invalid ordering key in order_by clause 'metrics.loss down'.
metrics.loss DESC, metrics.a ASC
                 ^ Invalid order_by clause 'metrics.loss DESC, metrics.a ASC'. Could not be parsed.
metrics.loss DESC now
                  ^^^ Invalid order_by clause 'metrics.loss DESC now'. Could not be parsed.
metrics.val-loss
^^^^^^^^^^^^^^^^ Invalid order_by clause 'metrics.val-loss'. Could not be parsed.
'metrics.loss'
^^^^^^^^^^^^^^ Invalid order_by clause ''metrics.loss''. Could not be parsed.
DESC
^^^^ Invalid order_by clause 'DESC'. Could not be parsed.
dataset.name
^^^^^^^^^^^^ Invalid identifier type 'dataset'
foo.a
^^^^^ Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']
experiment_id
^^^^^^^^^^^^^ Invalid attribute key 'experiment_id' specified. Valid keys are 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'
`run name`
^^^^^^^^^^ Invalid attribute key 'run name' specified. Valid keys are 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'
"#,
    );
}

#[test]
fn orders_of_experiments() {
    check_order::<ExperimentOrder>(
        r"
name
=> name ASC
experiment_id desc
=> experiment_id DESC
attribute.creation_time
=> creation_time ASC
last_update_time ASC
=> last_update_time ASC
tags.a
^^^^^^ Invalid order_by entity: tag
metrics.a
^^^^^^^^^ Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')
lifecycle_stage
^^^^^^^^^^^^^^^ Invalid attribute key 'lifecycle_stage' specified. Valid keys are 'creation_time', 'experiment_id', 'last_update_time', 'name'
",
    );
}

#[test]
fn orders_of_registered_models() {
    check_order::<RegisteredModelOrder>(
        r"
name DESC
=> name DESC
timestamp
=> last_updated_timestamp ASC
last_updated_timestamp desc
=> last_updated_timestamp DESC
creation_timestamp
^^^^^^^^^^^^^^^^^^ Invalid order by key 'creation_timestamp' specified. Valid keys are 'name', 'timestamp'
",
    );
}

#[test]
fn orders_of_model_versions() {
    check_order::<ModelVersionOrder>(
        r"
name
=> name ASC
version_number DESC
=> version_number DESC
creation_timestamp
=> creation_timestamp ASC
last_updated_timestamp desc
=> last_updated_timestamp DESC
run_id
^^^^^^ Invalid attribute key 'run_id' specified. Valid keys are 'creation_timestamp', 'last_updated_timestamp', 'name', 'version_number'
tags.a
^^^^^^ Invalid order by key 'a' specified. Valid keys are 'creation_timestamp', 'last_updated_timestamp', 'name', 'version_number'
",
    );
}

#[test]
fn a_filter_is_typed() {
    let filter = parse::<RunCondition>("metrics.loss < 0.5\n  AND params.`a b` LIKE '%x%'").unwrap();
    let expected = [
        Clause {
            condition: RunCondition::Metric {
                figure: MetricFigure::Last,
                key: Key::new("loss").unwrap(),
                op: NumberOp::Lt,
                value: 0.5,
            },
            span: 0..18,
        },
        Clause {
            condition: RunCondition::Param {
                key: Key::new("a b").unwrap(),
                test: KeyTest::Text(TextTest::Like(Text::new("%x%").unwrap())),
            },
            span: 25..48,
        },
    ];
    assert_eq!(filter.clauses, expected);
}

#[test]
fn nothing_asks_for_nothing_but_blanks_are_a_mistake() {
    assert!(parse::<RunCondition>("").unwrap().is_everything());
    let error = parse::<RunCondition>(" \n").unwrap_err();
    assert_eq!((error.message.as_str(), error.span), ("Invalid filter ' \n'. Could not be parsed.", 0..2));
    let error = parse_order_by::<RunOrder>("").unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.span),
        ("Invalid order_by clause ''. Could not be parsed.", 0..0)
    );
}

#[test]
fn what_the_language_cannot_say_is_no_text_and_no_key() {
    assert_eq!(Text::new("it's \"it\""), None);
    assert_eq!(Key::new(""), None);
    assert_eq!(Key::new("`it's \"it\""), None);
    assert_eq!(Key::new("it's \"it\"").unwrap().to_string(), "`it's \"it\"`");
    assert_eq!(OneOf::<Text>::new(Vec::new()), None);
}

#[test]
fn an_order_comes_once() {
    let orders = parse_order_list::<RunOrder>(&["metrics.loss DESC", "start_time"]).unwrap();
    assert_eq!(
        orders.iter().map(OrderBy::to_string).collect::<Vec<_>>(),
        ["metrics.loss DESC", "start_time ASC"]
    );

    let error =
        parse_order_list::<RunOrder>(&["created", "params.a", "attributes.start_time DESC"]).unwrap_err();
    assert_eq!((error.index, error.error.span.clone()), (2, 0..26));
    assert_eq!(
        error.to_string(),
        "`order_by` contains duplicate fields: ['created', 'params.a', 'attributes.start_time DESC']"
    );

    let error = parse_order_list::<RunOrder>(&["created", "foo"]).unwrap_err();
    assert_eq!((error.index, error.error.span), (1, 0..3));
}

#[test]
fn orders_of_logged_models_are_field_names() {
    let check = |field_name: &str, expected: Result<&str, &str>| {
        let read = LoggedModelOrder::from_field_name(field_name);
        let read = read.map(|order| order.to_string()).map_err(|error| error.message);
        assert_eq!(read.as_deref().map_err(String::as_str), expected);
    };
    check("metrics.val/loss 1", Ok("metrics.val/loss 1"));
    check("creation_time", Ok("creation_timestamp"));
    check("last_updated_timestamp", Ok("last_updated_timestamp"));
    check("name", Ok("name"));
    check("status", Ok("status"));
    check("params.lr", Err("Invalid order by field name: params.lr. Only metrics are supported."));
    check("metrics.", Err("Invalid order by field name: metrics."));
    check(
        "foo",
        Err(
            "Invalid order by field name: foo. Valid names are metrics.* and 'creation_time', 'creation_timestamp', \
             'last_updated_time', 'last_updated_timestamp', 'model_id', 'model_type', 'name', 'source_run_id', 'status'",
        ),
    );
}

#[test]
fn like_knows_two_wildcards() {
    assert!(like("%", "", true));
    assert!(like("swift-%", "swift-fox-12", true));
    assert!(like("%fox%", "swift-fox-12", true));
    assert!(like("_o_", "fox", true));
    assert!(like("%a%b", "aabab", true));
    assert!(!like("fox", "foxes", true));
    assert!(!like("_", "", true));
    assert!(!like("FOX", "fox", true));
    assert!(like("FOX_ÄÉ", "fox!äé", false));
    // What has a meaning in regular expressions has none here, nor is there an escape.
    assert!(!like("f.x", "fox", true));
    assert!(like(r"100\%", r"100\ or more", true));
}

#[test]
fn a_filter_longer_than_a_database_takes_is_refused() {
    let long = format!("tags.a LIKE '{}'", "x".repeat(limit::FILTER));
    let error = parse::<RunCondition>(&long).unwrap_err();
    assert!(error.message.contains("at most 20000"), "{error}");
    assert_eq!(error.span, 0..long.len());
}

#[test]
fn a_filter_and_an_order_have_only_so_many_parts() {
    let filter = vec!["metrics.a = 1"; limit::FILTER_CLAUSES + 1].join(" AND ");
    let error = parse::<RunCondition>(&filter).unwrap_err();
    assert_eq!(&filter[error.span], "metrics.a = 1");
    let orders: Vec<String> = (0..=limit::ORDER_CLAUSES).map(|key| format!("metrics.m{key}")).collect();
    assert!(parse_order_list::<RunOrder>(&orders).is_err());
    assert!(parse_order_list::<RunOrder>(&orders[1..]).is_ok());
}
