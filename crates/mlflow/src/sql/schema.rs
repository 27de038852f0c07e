//! Which schemas of MLflow are known, and what each has.

use crate::{Error, Result};

/// Alembic's revisions in their order, from MLflow 2.0 on: those that matter here, and all that a release ended with.
pub const REVISIONS: &[&str] = &[
    "97727af70f4d",
    "3500859a5d39",
    "7f2a7d5fae7d",
    "2d6e25af4d3e",
    "acf3f17fdcc7",
    "867495a8f9d4",
    "5b0e9adcef9c",
    "4465047574b1",
    "f5a4f2784254",
    "0584bdc529eb",
    "400f98739977",
    "6953534de441",
    "bda7b8c39065",
    "cbc13b556ace",
    "770bee3ae1dd",
    "a1b2c3d4e5f6",
    "de4033877273",
    "1a0cddfcaa16",
    "534353b11cbc",
    "71994744cf8e",
    "3da73c924c2f",
    "bf29a5ff90ea",
    "1bd49d398cd23",
    "b7c8d9e0f1a2",
    "5d2d30f0abce",
    "c9d4e5f6a7b8",
    "2c33131f4dae",
    "d3e4f5a6b7c8",
    "d0e1f2a3b4c5",
    "c8d9e0f1a2b3",
    "1b5f0d9ad7c1",
    "e1f2a3b4c5d6",
    "76601a5f987d",
    "c3d6457b6d8a",
    "a5b4c3d2e1f0",
    "ae8bbe7743c9",
    "7d34483879f0",
    "da6fb0208061",
    "89d3d66ed43f",
    "b7e4c1a90f23",
    "a8b9c0d1e2f3",
    "c1d2e3f4a5b6",
    "c3d9e7f1a2b4",
    "6f8d9c3b2a1e",
    "1971f2d9a75b",
    "17e22815139b",
    "b7e2c1a4d9f3",
    "75868b020152",
    "dc11669786a5",
    "f4a9b2c7d1e6",
];

/// Since when registered models have aliases.
pub const ALIASES: &str = "3500859a5d39";
/// Since when runs have datasets.
pub const DATASETS: &str = "7f2a7d5fae7d";
/// Since when versions say where their files really are.
pub const STORAGE_LOCATION: &str = "acf3f17fdcc7";
/// Since when there are logged models.
pub const LOGGED_MODELS: &str = "400f98739977";
/// Since when outputs have a step.
pub const STEPS: &str = "6953534de441";
/// Since when there are traces.
pub const TRACES: &str = "867495a8f9d4";
/// Since when traces say how requests and responses begin.
pub const PREVIEWS: &str = "cbc13b556ace";
/// Since when traces have assessments.
pub const ASSESSMENTS: &str = "770bee3ae1dd";
/// Since when steps of traces are in the database.
pub const SPANS: &str = "a1b2c3d4e5f6";
/// Since when traces are linked to runs and prompts.
pub const ASSOCIATIONS: &str = "de4033877273";
/// Since when names, sessions, tokens and costs of traces are in columns, and no longer among tags and metadata.
pub const PROMOTED: &str = "75868b020152";
/// Since when things are in workspaces.
pub const WORKSPACES: &str = "1b5f0d9ad7c1";

/// What isn't taken over: its kind, since when there is such a thing, and how many there are.
pub(super) const LEFT_OUT: [(&str, &str, &str); 3] = [
    ("webhooks", "1a0cddfcaa16", "SELECT COUNT(*) FROM webhooks"),
    ("scorers", "534353b11cbc", "SELECT COUNT(*) FROM scorers"),
    ("evaluation datasets", "71994744cf8e", "SELECT COUNT(*) FROM evaluation_datasets"),
];

/// What is in other workspaces than the one that is read.
pub(super) const ELSEWHERE: [(&str, &str); 2] = [
    ("experiments of other workspaces", "SELECT COUNT(*) FROM experiments WHERE workspace <> $1"),
    ("registered models of other workspaces", "SELECT COUNT(*) FROM registered_models WHERE workspace <> $1"),
];

/// A schema that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema(usize);

impl Schema {
    /// The schema of a revision.
    ///
    /// # Errors
    /// In words, if it isn't known.
    pub fn of(revision: &str) -> Result<Self> {
        let place = REVISIONS.iter().position(|known| *known == revision);
        place.map(Self).ok_or_else(|| {
            Error::Said(format!(
                "the schema of this MLflow database is of revision '{revision}', which isn't known here. Those of MLflow 2.0 to 3.18 are. \
                 If it is older, bring it up to date with `mlflow db upgrade`, on a copy. If it is newer, start MLflow's server on it and import from its http:// address."
            ))
        })
    }

    /// Whether it has what came with a revision.
    pub fn has(self, revision: &str) -> bool {
        REVISIONS.iter().position(|known| *known == revision).is_some_and(|since| self.0 >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_what_came_before_it() {
        let check = |revision: &str, expected: [bool; 3]| {
            let schema = Schema::of(revision).unwrap();
            assert_eq!([ALIASES, LOGGED_MODELS, WORKSPACES].map(|since| schema.has(since)), expected);
        };
        check("97727af70f4d", [false, false, false]);
        check("acf3f17fdcc7", [true, false, false]);
        check("400f98739977", [true, true, false]);
        check("f4a9b2c7d1e6", [true, true, true]);
    }

    #[test]
    fn what_is_not_known_is_refused_in_words() {
        for revision in ["", "451aebb31d03", "from the future"] {
            let said = Schema::of(revision).unwrap_err().to_string();
            assert!(said.contains(revision) && said.contains("http://"), "{said}");
        }
    }

    #[test]
    fn what_is_counted_names_known_revisions() {
        let ours = [ALIASES, DATASETS, STORAGE_LOCATION, LOGGED_MODELS, STEPS, WORKSPACES];
        for since in ours
            .into_iter()
            .chain([TRACES, PREVIEWS, ASSESSMENTS, SPANS, ASSOCIATIONS, PROMOTED])
            .chain(LEFT_OUT.map(|(_, since, _)| since))
        {
            assert!(REVISIONS.contains(&since), "{since}");
        }
    }
}
