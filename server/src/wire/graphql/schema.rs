//! MLflow's schema, and how the protocol's JSON is read by it.
//!
//! The field `runId` is `run_id` in JSON. A whole number is text, as the schema says of it (`LongString`); a list that JSON leaves
//! out is an empty one; a double that is no number is null, and an infinite one the greatest there is, since JSON has neither.

use super::{at_root, experiment_of_run, shown, versions_of_run};
use async_graphql::{
    Value as GraphValue,
    dynamic::{
        Enum, Field, FieldFuture, FieldValue, InputObject, InputValue, Object, Scalar, Schema, TypeRef,
    },
    parser::{
        parse_schema,
        types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};
use serde_json::Value;
use std::{collections::HashSet, sync::LazyLock};

/// Fields within fields (MLflow's limit).
const DEPTH: usize = 10;
/// Fields of a query (MLflow's limit).
const FIELDS: usize = 1000;

/// The schema, or what is wrong with it.
pub static SCHEMA: LazyLock<Result<Schema, String>> = LazyLock::new(build);

fn build() -> Result<Schema, String> {
    let document = parse_schema(include_str!("schema.graphql")).map_err(|error| error.to_string())?;
    let types = || {
        document.definitions.iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(one) => Some(&one.node),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        })
    };
    let objects: HashSet<&str> = types()
        .filter(|one| matches!(one.kind, TypeKind::Object(_)))
        .map(|one| one.name.node.as_str())
        .collect();
    let mut builder =
        Schema::build("Query", Some("Mutation"), None).limit_depth(DEPTH).limit_complexity(FIELDS);
    for one in types() {
        let name = one.name.node.as_str();
        builder = match &one.kind {
            TypeKind::Scalar => builder.register(Scalar::new(name)),
            TypeKind::Enum(words) => {
                let words = words.values.iter().map(|word| word.node.value.node.as_str());
                builder.register(Enum::new(name).items(words))
            }
            TypeKind::InputObject(input) => {
                let fields = input.fields.iter().map(|field| input_value(&field.node));
                builder.register(fields.fold(InputObject::new(name), InputObject::field))
            }
            TypeKind::Object(object) => {
                let fields = object.fields.iter().map(|one| field(name, &one.node, &objects));
                builder.register(fields.fold(Object::new(name), Object::field))
            }
            TypeKind::Interface(_) | TypeKind::Union(_) => builder,
        };
    }
    builder.finish().map_err(|error| error.to_string())
}

fn type_ref(one: &Type) -> TypeRef {
    let base = match &one.base {
        BaseType::Named(name) => TypeRef::named(name.as_str()),
        BaseType::List(item) => TypeRef::List(Box::new(type_ref(item))),
    };
    if one.nullable { base } else { TypeRef::NonNull(Box::new(base)) }
}

fn input_value(definition: &InputValueDefinition) -> InputValue {
    InputValue::new(definition.name.node.as_str(), type_ref(&definition.ty.node))
}

/// A field of a type: an operation at the root, what is looked up of a run, else a part of the JSON.
fn field(of: &str, definition: &FieldDefinition, objects: &HashSet<&str>) -> Field {
    let name = definition.name.node.to_string();
    let ty = type_ref(&definition.ty.node);
    let field = match (of, name.as_str()) {
        ("Query" | "Mutation", _) => {
            let operation = name.clone();
            Field::new(name, ty, move |ctx| {
                let operation = operation.clone();
                FieldFuture::new(async move {
                    let found = at_root(&ctx, &operation).await;
                    Ok(shown(&ctx, found, FieldValue::owned_any))
                })
            })
        }
        ("MlflowRunExtension", "experiment") => Field::new(name, ty, |ctx| {
            FieldFuture::new(async move {
                let found = experiment_of_run(&ctx).await;
                Ok(shown(&ctx, found, FieldValue::owned_any))
            })
        }),
        ("MlflowRunExtension", "modelVersions") => Field::new(name, ty, |ctx| {
            FieldFuture::new(async move {
                let found = versions_of_run(&ctx).await;
                let show =
                    |versions: Vec<Value>| FieldValue::list(versions.into_iter().map(FieldValue::owned_any));
                Ok(shown(&ctx, found, show))
            })
        }),
        _ => {
            let key = snake_case(&name);
            let is_list = matches!(definition.ty.node.base, BaseType::List(_));
            let kind = match ty.type_name() {
                "LongString" => Kind::Whole,
                TypeRef::FLOAT => Kind::Double,
                other if objects.contains(other) => Kind::Object,
                _ => Kind::Plain,
            };
            Field::new(name, ty, move |ctx| FieldFuture::Value(part(ctx.parent_value, &key, kind, is_list)))
        }
    };
    definition.arguments.iter().fold(field, |field, one| field.argument(input_value(&one.node)))
}

/// How a part of the JSON is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As it is.
    Plain,
    /// A whole number, as text.
    Whole,
    /// A double.
    Double,
    /// Something with parts of its own.
    Object,
}

fn part<'a>(of: &'a FieldValue<'a>, key: &str, kind: Kind, is_list: bool) -> Option<FieldValue<'a>> {
    let value = of.downcast_ref::<Value>().and_then(|object| object.get(key));
    if is_list {
        let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        return Some(FieldValue::list(items.iter().filter_map(|item| read(item, kind))));
    }
    value.and_then(|value| read(value, kind))
}

fn read(value: &Value, kind: Kind) -> Option<FieldValue<'_>> {
    match (kind, value) {
        (_, Value::Null) => None,
        (Kind::Object, object) => Some(FieldValue::borrowed_any(object)),
        (Kind::Whole, Value::Number(number)) => Some(FieldValue::value(number.to_string())),
        (Kind::Double, Value::String(word)) => match word.as_str() {
            "Infinity" => Some(FieldValue::value(f64::MAX)),
            "-Infinity" => Some(FieldValue::value(f64::MIN)),
            _ => None,
        },
        (_, value) => GraphValue::from_json(value.clone()).ok().map(FieldValue::value),
    }
}

/// The name of a field as JSON has it.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_schema_makes_sense() {
        let schema = SCHEMA.as_ref().unwrap();
        for part in
            ["type MlflowRunExtension", "scalar LongString", "mlflowSearchRuns(input: MlflowSearchRunsInput)"]
        {
            assert!(schema.sdl().contains(part), "{part}");
        }
    }

    #[test]
    fn names_lead_to_those_of_the_protocol() {
        let check = |name: &str, expected: &str| assert_eq!(snake_case(name), expected);
        check("runId", "run_id");
        check("effectiveTraceArchivalRetention", "effective_trace_archival_retention");
        check("key", "key");
    }

    #[test]
    fn parts_are_read_as_the_schema_says() {
        let check = |value: Value, kind: Kind, expected: Option<GraphValue>| {
            let found = read(&value, kind).and_then(|found| found.as_value().cloned());
            assert_eq!(found, expected, "{value} as {kind:?}");
        };
        let whole = 9_007_199_254_740_993_i64;
        check(json!(whole), Kind::Whole, Some(GraphValue::from("9007199254740993")));
        check(json!(0.5), Kind::Double, Some(GraphValue::from(0.5_f64)));
        check(json!("NaN"), Kind::Double, None);
        check(json!("Infinity"), Kind::Double, Some(GraphValue::from(f64::MAX)));
        check(json!("-Infinity"), Kind::Double, Some(GraphValue::from(f64::MIN)));
        check(json!("text"), Kind::Plain, Some(GraphValue::from("text")));
        check(json!(true), Kind::Plain, Some(GraphValue::from(true)));
        check(json!(null), Kind::Plain, None);
    }

    #[test]
    fn a_list_that_is_left_out_is_empty() {
        let object = FieldValue::owned_any(json!({ "tags": [{ "key": "a" }] }));
        let count = |key: &str| {
            part(&object, key, Kind::Object, true).and_then(|list| list.as_list().map(<[_]>::len))
        };
        assert_eq!((count("tags"), count("params")), (Some(1), Some(0)));
        assert!(part(&object, "info", Kind::Object, false).is_none());
    }
}
