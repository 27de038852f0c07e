//! What can be written in filters of runs.

use super::{Expected, FieldOf, KeysOf, Language, Subject};
use crate::filter::{
    RunField,
    field::{KEY_OPS, LIST_OPS, TEXT_OPS},
    run::{ATTRIBUTES, Table},
    syntax::Name,
};
use crate::page::KeyKind;

/// Filters of runs.
pub static RUN_LANGUAGE: Language = Language { names: &NAMES, behind, subject };

const NAMES: [&str; 14] = [
    "metrics.",
    "params.",
    "tags.",
    "status",
    "run_name",
    "user_id",
    "start_time",
    "end_time",
    "run_id",
    "min_metrics.",
    "max_metrics.",
    "datasets.",
    "attributes.",
    "artifact_uri",
];
const DATASET: [&str; 3] = ["name", "digest", "context"];

fn behind(name: &Name<'_>) -> Option<Expected> {
    Some(match Table::of(name).ok()? {
        Table::Metric(_) => Expected::Key(KeysOf::Run(KeyKind::Metric)),
        Table::Param => Expected::Key(KeysOf::Run(KeyKind::Param)),
        Table::Tag => Expected::Key(KeysOf::Run(KeyKind::Tag)),
        Table::Attribute => Expected::Word(&ATTRIBUTES),
        Table::Dataset => Expected::Word(&DATASET),
    })
}

fn subject(name: &Name<'_>) -> Option<Subject> {
    let key = || (!name.key.is_empty()).then(|| name.key.to_owned());
    let field = |field| Subject::Field(FieldOf::Run(field));
    Some(match Table::of(name).ok()? {
        Table::Metric(_) => Subject::Number,
        Table::Param => field(RunField::Param(key()?)),
        Table::Tag => field(RunField::Tag(key()?)),
        Table::Dataset => Subject::Text(&LIST_OPS),
        Table::Attribute => match name.key {
            "start_time" | "created" | "Created" | "end_time" => Subject::Number,
            "run_id" => Subject::Text(&LIST_OPS),
            "run_name" | "run name" | "Run name" | "Run Name" => field(RunField::Name),
            "status" => field(RunField::Status),
            "user_id" => field(RunField::User),
            "artifact_uri" => Subject::Text(&TEXT_OPS),
            _ => return None,
        },
    })
}

/// What a text of runs is compared by.
pub fn operators(field: &RunField) -> &'static [&'static str] {
    match field {
        RunField::Param(_) | RunField::Tag(_) => &KEY_OPS,
        RunField::Name | RunField::User | RunField::Status => &TEXT_OPS,
    }
}
