//! `/graphql`: what MLflow's pages ask for, and notebooks with them: experiments, runs, files, histories, versions.
//!
//! Nothing is decided here. A field at the root is an operation of the protocol, called with the same arguments; its JSON is then
//! read by the schema (see [`schema`]). A query is limited in size, depth, number of fields (those of fragments wherever they are
//! spread), of fields at the root and of what it looks up below them.

mod schema;

use super::{Answer, answer::Reply, args::Args, error::WireError, experiment, metric, registry, run};
use async_graphql::{
    Request, ServerError, Value as GraphValue, Variables,
    dynamic::{FieldValue, ObjectAccessor, ResolverContext},
    parser::{
        Positioned, parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet},
    },
};
use domain::Acting;
use model::{Code, Problem};
use schema::{SCHEMA, snake_case};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicI64, Ordering},
};
use tokio::sync::Mutex;

/// Bytes of a query.
const MOST_TEXT: usize = 32 << 10;
/// Brackets that a query opens: its parser calls itself for each within another.
const MOST_BRACKETS: usize = 120;
/// Fields and fragments that a query selects, those of a fragment as often as it is spread.
const MOST_SELECTIONS: usize = 10_000;
/// Selections within each other.
const DEEPEST: usize = 32;
/// Fields at the root (MLflow's limit).
const MOST_ROOTS: i64 = 10;
/// Experiments and versions of runs that one query looks up.
const MOST_LOOKUPS: i64 = 1000;
/// Bytes of what an operation answers to a field.
const MOST_BYTES: usize = 8 << 20;

/// What is asked.
#[derive(Deserialize)]
struct Call {
    query: String,
    #[serde(default)]
    variables: Value,
    #[serde(default, rename = "operationName")]
    operation: Option<String>,
}

/// What is answered: errors as MLflow has them, as texts alone.
#[derive(Serialize)]
struct Answered<'a> {
    data: &'a GraphValue,
    errors: Option<Vec<String>>,
}

fn answered(data: &GraphValue, errors: Vec<String>) -> Reply {
    Reply::of(&Answered { data, errors: (!errors.is_empty()).then_some(errors) })
}

/// What the fields of one query share.
struct Asked {
    acting: Acting,
    /// Fields at the root that it may still have.
    roots: AtomicI64,
    /// What it may still look up.
    lookups: AtomicI64,
    /// Those of runs that were looked up: many runs are in one.
    experiments: Mutex<HashMap<String, Value>>,
}

/// Takes one of what is left, if there is any.
fn take(left: &AtomicI64) -> bool {
    left.fetch_sub(1, Ordering::Relaxed) > 0
}

/// `POST /graphql`.
pub fn query(acting: Acting, body: &[u8]) -> impl Future<Output = Answer<Reply>> + use<> {
    let call = serde_json::from_slice::<Call>(body);
    async move {
        let what = "Ask with a JSON object that has a 'query', and 'variables' and an 'operationName' if it needs them.";
        carry_out(acting, call.map_err(|_| Problem::invalid(what))?).await
    }
}

async fn carry_out(acting: Acting, call: Call) -> Answer<Reply> {
    let schema = SCHEMA.as_ref().map_err(|error| {
        tracing::error!(%error, "the schema of /graphql makes no sense");
        Problem::new(Code::InternalError, "The server is put together wrongly.")
    })?;
    let brackets = call.query.bytes().filter(|byte| matches!(byte, b'{' | b'(' | b'[')).count();
    if call.query.len() > MOST_TEXT || brackets > MOST_BRACKETS {
        let message =
            format!("A query may have {MOST_TEXT} bytes and {MOST_BRACKETS} opening brackets at most.");
        return Err(Problem::invalid(message).into());
    }
    let document = match parse_query(&call.query) {
        Ok(document) => without_component(document),
        Err(error) => return Ok(answered(&GraphValue::Null, vec![error.to_string()])),
    };
    check_selections(&document)?;
    let mut request = Request::new(call.query).variables(Variables::from_json(call.variables));
    request.operation_name = call.operation;
    request.set_parsed_query(document);
    let request = request.data(Asked {
        acting,
        roots: AtomicI64::new(MOST_ROOTS),
        lookups: AtomicI64::new(MOST_LOOKUPS),
        experiments: Mutex::default(),
    });
    let response = schema.execute(request).await;
    let errors = response.errors.into_iter().map(|error| error.message).collect();
    Ok(answered(&response.data, errors))
}

fn check_selections(document: &ExecutableDocument) -> Result<(), Problem> {
    let mut left = MOST_SELECTIONS;
    for (_, operation) in document.operations.iter() {
        if !fits(document, &operation.node.selection_set.node, DEEPEST, &mut left) {
            return Err(Problem::invalid(format!(
                "A query may have {MOST_SELECTIONS} selections at most, {DEEPEST} deep."
            )));
        }
    }
    Ok(())
}

/// Whether so much may be selected. Whatever checks a query later, its limits too, walks each fragment wherever it is spread: a
/// few that spread each other twice would keep it busy for good. One that spreads itself is too deep.
fn fits(document: &ExecutableDocument, set: &SelectionSet, depth: usize, left: &mut usize) -> bool {
    if set.items.is_empty() {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    for selection in &set.items {
        let Some(rest) = left.checked_sub(1) else { return false };
        *left = rest;
        let within = match &selection.node {
            Selection::Field(field) => Some(&field.node.selection_set.node),
            Selection::InlineFragment(fragment) => Some(&fragment.node.selection_set.node),
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.node.fragment_name.node);
                fragment.map(|fragment| &fragment.node.selection_set.node)
            }
        };
        if within.is_some_and(|set| !fits(document, set, depth, left)) {
            return false;
        }
    }
    true
}

/// Queries of MLflow's pages name the part of the page that asks, which means nothing here.
fn without_component(mut document: ExecutableDocument) -> ExecutableDocument {
    let strip = |operation: &mut Positioned<OperationDefinition>| {
        operation.node.directives.retain(|directive| directive.node.name.node.as_str() != "component");
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => strip(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().for_each(strip),
    }
    document
}

fn asked<'a>(ctx: &ResolverContext<'a>) -> Answer<&'a Asked> {
    let fault = |_| Problem::new(Code::InternalError, "The server is put together wrongly.");
    Ok(ctx.ctx.data::<Asked>().map_err(fault)?)
}

/// What a field shows: what was found, or nothing, and why.
fn shown<'a, T>(
    ctx: &ResolverContext<'_>,
    found: Answer<T>,
    show: impl FnOnce(T) -> FieldValue<'a>,
) -> Option<FieldValue<'a>> {
    match found {
        Ok(found) => Some(show(found)),
        Err(WireError(problem)) => {
            ctx.ctx.add_error(ServerError::new(problem.message, None));
            None
        }
    }
}

/// The arguments of a field at the root: what is in its `input`.
fn arguments(given: &ObjectAccessor<'_>) -> Result<Args, Problem> {
    let mut fields = Map::new();
    for (name, value) in given.iter() {
        let value = value.as_value().clone().into_json();
        let value = value.map_err(|_| Problem::invalid(format!("'{name}' can't be read.")))?;
        match value {
            Value::Object(input) if name.as_str() == "input" => {
                fields.extend(input.into_iter().map(|(name, value)| (snake_case(&name), value)));
            }
            value => {
                fields.insert(snake_case(name.as_str()), value);
            }
        }
    }
    Ok(Args::of_fields(fields))
}

/// What the operation behind a field at the root answers.
async fn operation(acting: Acting, name: &str, args: Args) -> Answer<Value> {
    let reply: Reply = match name {
        "mlflowGetExperiment" => experiment::get(acting, args).await?.into(),
        "mlflowGetRun" => run::get(acting, args).await?,
        "mlflowSearchRuns" => run::search(acting, args).await?,
        "mlflowSearchDatasets" => experiment::search_datasets(acting, args).await?.into(),
        "mlflowListArtifacts" => run::list_artifacts(acting, args).await?.into(),
        "mlflowSearchModelVersions" => registry::search_versions(acting, args).await?.into(),
        "mlflowGetMetricHistoryBulkInterval" => metric::bulk_interval(acting, args).await?,
        "test" | "testMutation" => json!({ "output": args.text("input_string")? }).into(),
        other => {
            let message = format!("{other} is not offered by this server.");
            return Err(Problem::new(Code::NotImplemented, message).into());
        }
    };
    Ok(reply.value(MOST_BYTES).await?)
}

/// A field at the root.
async fn at_root(ctx: &ResolverContext<'_>, name: &str) -> Answer<Value> {
    let asked = asked(ctx)?;
    if !take(&asked.roots) {
        let message = format!("GraphQL queries should have at most {MOST_ROOTS} root fields.");
        return Err(Problem::invalid(message).into());
    }
    operation(asked.acting.clone(), name, arguments(&ctx.args)?).await
}

/// What is known of a run besides what it logged.
fn text_of_run<'a>(ctx: &ResolverContext<'a>, name: &str) -> &'a str {
    let run = ctx.parent_value.downcast_ref::<Value>();
    run.and_then(|run| run["info"][name].as_str()).unwrap_or_default()
}

async fn look_up(asked: &Asked, root: &str, argument: (&str, String)) -> Answer<Value> {
    if !take(&asked.lookups) {
        let message = format!(
            "A query may look up {MOST_LOOKUPS} experiments and versions of runs at most. Ask for fewer runs at once."
        );
        return Err(Problem::invalid(message).into());
    }
    let (name, value) = argument;
    let fields = Map::from_iter([(name.to_owned(), Value::from(value))]);
    operation(asked.acting.clone(), root, Args::of_fields(fields)).await
}

/// The experiment that a run is in.
async fn experiment_of_run(ctx: &ResolverContext<'_>) -> Answer<Value> {
    let (asked, id) = (asked(ctx)?, text_of_run(ctx, "experiment_id"));
    let mut known = asked.experiments.lock().await;
    if let Some(found) = known.get(id) {
        return Ok(found.clone());
    }
    let mut found = look_up(asked, "mlflowGetExperiment", ("experiment_id", id.to_owned())).await?;
    let found = found["experiment"].take();
    known.insert(id.to_owned(), found.clone());
    Ok(found)
}

/// The versions of registered models that were made from a run.
async fn versions_of_run(ctx: &ResolverContext<'_>) -> Answer<Vec<Value>> {
    let (asked, id) = (asked(ctx)?, text_of_run(ctx, "run_id"));
    let mut found =
        look_up(asked, "mlflowSearchModelVersions", ("filter", format!("run_id = '{id}'"))).await?;
    Ok(match found["model_versions"].take() {
        Value::Array(versions) => versions,
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: bool) {
        let document = parse_query(query).unwrap();
        assert_eq!(check_selections(&document).is_ok(), expected, "{query}");
    }

    #[test]
    fn fragments_count_wherever_they_are_spread() {
        // Each spreads the next one twice.
        let doubling = |count: usize| {
            let spread = |at: usize| format!("fragment f{at} on Query {{ ...f{0} ...f{0} }}", at + 1);
            let all: Vec<String> = (1..count).map(spread).collect();
            format!("{{ ...f1 }} {} fragment f{count} on Query {{ a }}", all.join(" "))
        };
        check(&doubling(11), true);
        check(&doubling(20), false);
    }

    #[test]
    fn what_is_too_deep_or_has_no_end_is_refused() {
        let nested = |depth: usize| format!("{}a{}", "{ a ".repeat(depth), " }".repeat(depth));
        check(&nested(DEEPEST), true);
        check(&nested(DEEPEST + 1), false);
        check("{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }", false);
        check("{ ...nowhere ... on Query { a } }", true);
    }
}
