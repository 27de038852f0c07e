//! The search language as SQL. The parser is `model::filter`; here its conditions become parts of statements.

pub(crate) mod nested;
pub(crate) mod order;
pub(crate) mod runs;
mod seek;
mod walk;

pub(in crate::store) use self::seek::{is_indexed_whole, push_starts_with};
use super::{Db, Sql};
use model::{
    ExperimentId, RunId,
    experiment::ViewType,
    filter::{
        DatasetField, Key, KeyTest, ListTest, MetricFigure, NumberOp, RunCondition, RunText, RunTime,
        TextTest,
    },
};

/// Part of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// Rows to skip.
    pub offset: u64,
    /// Rows to read at most.
    pub limit: u64,
}

impl Slice {
    pub fn push(self, select: &mut Sql) {
        let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        select.push(" LIMIT ").push_bind(clamp(self.limit)).push(" OFFSET ").push_bind(clamp(self.offset));
    }
}

/// Adds `AND …` for what a list shows of active and deleted things.
pub(crate) fn push_view(select: &mut Sql, view: ViewType, lifecycle: &'static str) {
    match view {
        ViewType::ActiveOnly => select.push(" AND ").push(lifecycle).push(" = 'active'"),
        ViewType::DeletedOnly => select.push(" AND ").push(lifecycle).push(" = 'deleted'"),
        ViewType::All => select,
    };
}

/// LIKE without an escape character, which is what MLflow's language has: Postgres takes the backslash for one unless told
/// another, and SQLite wants one named to be told anything, so both are told a character that is then doubled.
const ESCAPE: char = '\u{1}';

/// What `LOWER` of a column does on both databases (columns of ours collate by bytes): to A-Z alone. The database must not
/// do it to the pattern, because Postgres would do more to a text that is no column.
fn lower(pattern: &str) -> String {
    pattern.to_ascii_lowercase()
}

/// The condition that a column fits a pattern of MLflow's LIKE or, in any case, ILIKE.
pub(crate) fn push_like(select: &mut Sql, column: &'static str, pattern: &str, any_case: bool) {
    let pattern = pattern.replace(ESCAPE, "\u{1}\u{1}");
    if any_case {
        select.push("LOWER(").push(column).push(") LIKE ").push_bind(lower(&pattern));
    } else {
        select.push(column).push(" LIKE ").push_bind(pattern);
    }
    select.push(" ESCAPE ").push_bind(ESCAPE.to_string());
}

/// The condition that a column contains a text, in any case.
pub(crate) fn push_contains(select: &mut Sql, column: &'static str, text: &str) {
    push_around(select, column, "%", text);
}

/// The condition that a column begins with a text, in any case.
pub(crate) fn push_begins(select: &mut Sql, column: &'static str, text: &str) {
    push_around(select, column, "", text);
}

/// The condition that a column is what comes before, a text, and anything.
fn push_around(select: &mut Sql, column: &'static str, before: &str, text: &str) {
    let mut pattern = before.to_owned();
    for character in text.chars() {
        if matches!(character, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(character);
    }
    pattern.push('%');
    select.push("LOWER(").push(column).push(") LIKE ").push_bind(lower(&pattern)).push(" ESCAPE ");
    select.push_bind(ESCAPE.to_string());
}

pub(crate) fn push_text_test(select: &mut Sql, column: &'static str, test: &TextTest) {
    match test {
        TextTest::Eq(text) => {
            select.push(column).push(" = ").push_bind(text.as_str());
        }
        TextTest::Ne(text) => {
            select.push(column).push(" <> ").push_bind(text.as_str());
        }
        TextTest::Like(pattern) => push_like(select, column, pattern.as_str(), false),
        TextTest::Ilike(pattern) => push_like(select, column, pattern.as_str(), true),
    }
}

pub(crate) fn push_list_test(select: &mut Sql, column: &'static str, test: &ListTest) {
    match test {
        ListTest::Text(test) => push_text_test(select, column, test),
        ListTest::In(texts) => {
            select.push(column).push(" IN ").push_list(texts.as_slice().iter().map(|text| text.as_str()));
        }
        ListTest::NotIn(texts) => {
            select.push(column).push(" NOT IN ").push_list(texts.as_slice().iter().map(|text| text.as_str()));
        }
    }
}

/// A test of the value behind a key. `exists` is the start of an EXISTS that ends where the key is compared.
pub(crate) fn push_key_test(
    select: &mut Sql,
    exists: &'static str,
    key: &Key,
    value: &'static str,
    test: &KeyTest,
) {
    if matches!(test, KeyTest::IsNull) {
        select.push("NOT ");
    }
    select.push(exists).push_bind(key.as_str());
    if let KeyTest::Text(test) = test {
        select.push(" AND ");
        push_text_test(select, value, test);
    }
    select.push(")");
}

/// A run's id as clients write it: the databases keep UUIDs in ways of their own.
fn run_id_hex(db: &Db) -> &'static str {
    match db {
        Db::Sqlite(_) => "LOWER(HEX(r.id))",
        Db::Postgres(_) => "REPLACE(CAST(r.id AS TEXT), '-', '')",
    }
}

/// The run `r` of which a condition is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// A column where its id is too: one of a table that is read before that of the runs lets the condition be asked before.
    pub id: &'static str,
    /// Where it is, if all are in one.
    pub experiment: Option<ExperimentId>,
}

/// A condition on a run.
pub(crate) fn push_run_condition(db: &Db, select: &mut Sql, run: Asked, condition: &RunCondition) {
    let id = run.id;
    match condition {
        RunCondition::Metric { figure, key, op, value } => {
            select
                .push("EXISTS (SELECT 1 FROM metrics c WHERE c.run_id = ")
                .push(id)
                .push(" AND c.key = ")
                .push_bind(key.as_str());
            select.push(match (figure, op) {
                // NaN is unequal to every number, and neither less nor greater.
                (MetricFigure::Last, NumberOp::Ne) => " AND (c.last_is_nan OR c.last_value ",
                (MetricFigure::Last, _) => " AND (NOT c.last_is_nan AND c.last_value ",
                (MetricFigure::Min, _) => " AND (c.min_value ",
                (MetricFigure::Max, _) => " AND (c.max_value ",
            });
            select.push(op.as_str()).push(" ").push_bind(*value).push(")").push(ONE_BY_ONE);
        }
        RunCondition::Param { key, test } => {
            push_run_key_test(db, select, ("params", "params_search"), run, key, test);
        }
        RunCondition::Tag { key, test } => {
            push_run_key_test(db, select, ("tags", "tags_search"), run, key, test);
        }
        RunCondition::Id(test) => push_run_id_test(db, select, test),
        RunCondition::Time(time, op, millis) => {
            select.push(time_column(*time)).push(" ").push(op.as_str()).push(" ").push_bind(*millis);
        }
        RunCondition::Text(text, test) => push_text_test(select, text_column(*text), test),
        RunCondition::Dataset(field, test) => {
            select.push(
                "EXISTS (SELECT 1 FROM run_datasets c JOIN datasets d ON d.id = c.dataset_id
                 LEFT JOIN run_dataset_tags t ON t.run_id = c.run_id AND t.dataset_id = c.dataset_id
                     AND t.key = 'mlflow.data.context'
                 WHERE c.run_id = ",
            );
            select.push(id).push(" AND ");
            let column = match field {
                DatasetField::Name => "d.name",
                DatasetField::Digest => "d.digest",
                DatasetField::Context => "t.value",
            };
            push_list_test(select, column, test);
            select.push(ONE_BY_ONE);
        }
    }
}

/// The end of an EXISTS that is asked of one run after the other: with it, no planner makes a join of it.
const ONE_BY_ONE: &str = " LIMIT 1 OFFSET 0)";

fn push_run_key_test(
    db: &Db,
    select: &mut Sql,
    (table, index): (&'static str, &'static str),
    run: Asked,
    key: &Key,
    test: &KeyTest,
) {
    if matches!(test, KeyTest::IsNull) {
        select.push("NOT ");
    }
    select.push("EXISTS (SELECT 1 FROM ").push(table).push(" c");
    match (db, run.experiment, test) {
        // Runs lie scattered in the primary key, but side by side in the index of those with the same value. Only SQLite
        // answers from that index alone.
        (Db::Sqlite(_), Some(experiment), KeyTest::Text(TextTest::Eq(text)))
            if is_indexed_whole(text.as_str()) =>
        {
            select.push(" INDEXED BY ").push(index).push(" WHERE c.run_id = ").push(run.id);
            select.push(" AND c.experiment_id = ").push_bind(experiment);
            select.push(" AND c.key = ").push_bind(key.as_str());
            select.push(" AND substr(c.value, 1, 64) = ").push_bind(text.as_str());
        }
        _ => {
            select.push(" WHERE c.run_id = ").push(run.id).push(" AND c.key = ").push_bind(key.as_str());
            if let KeyTest::Text(test) = test {
                select.push(" AND ");
                push_text_test(select, "c.value", test);
            }
        }
    }
    select.push(ONE_BY_ONE);
}

/// Ids are compared as ids where that can be done, so that the primary key serves.
fn push_run_id_test(db: &Db, select: &mut Sql, test: &ListTest) {
    let ids = |texts: &[model::filter::Text]| -> Vec<RunId> {
        texts.iter().filter_map(|text| text.as_str().parse().ok()).collect()
    };
    match test {
        ListTest::Text(TextTest::Eq(text)) => {
            select.push("r.id IN ").push_list(ids(std::slice::from_ref(text)));
        }
        ListTest::In(texts) => {
            select.push("r.id IN ").push_list(ids(texts.as_slice()));
        }
        other => push_list_test(select, run_id_hex(db), other),
    }
}

fn time_column(time: RunTime) -> &'static str {
    match time {
        RunTime::Start => "r.start_time",
        RunTime::End => "r.end_time",
    }
}

fn text_column(text: RunText) -> &'static str {
    match text {
        RunText::Name => "r.name",
        RunText::Status => "r.status",
        RunText::UserId => "r.user_name",
        RunText::ArtifactUri => "r.artifact_uri",
    }
}
