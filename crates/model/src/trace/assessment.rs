//! Assessments: what people, programs and models think of a trace, and what it should have been.

use crate::{AssessmentId, Millis, TraceId, run::Tag};
use serde::{Deserialize, Serialize};

/// What an assessment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AssessmentKind {
    /// How good it is.
    Feedback,
    /// How it should have been.
    Expectation,
    /// That it has a known problem, whose id is the assessment's name.
    Issue,
}

impl AssessmentKind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Feedback, Self::Expectation, Self::Issue];

    /// The word of the language and the wire, also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }

    /// The kind of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Who assesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SourceType {
    /// Nobody said.
    Unspecified,
    /// Somebody.
    Human,
    /// A model.
    LlmJudge,
    /// A program.
    Code,
}

impl SourceType {
    /// In the order of MLflow's numbers, which start at 0.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Human, Self::LlmJudge, Self::Code];

    /// MLflow's word, also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "SOURCE_TYPE_UNSPECIFIED",
            Self::Human => "HUMAN",
            Self::LlmJudge => "LLM_JUDGE",
            Self::Code => "CODE",
        }
    }

    /// The source of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// Why there is no value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssessmentError {
    /// What kind of failure.
    pub code: Option<String>,
    /// In a sentence.
    pub message: Option<String>,
    /// Where in a program.
    pub stack_trace: Option<String>,
}

/// What somebody thinks of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Its id.
    pub id: AssessmentId,
    /// Of what.
    pub trace: TraceId,
    /// Of what step, if of one.
    pub span: Option<String>,
    /// What is assessed: `correctness`.
    pub name: String,
    /// What it says.
    pub kind: AssessmentKind,
    /// The value, as JSON; of an issue what it is called.
    pub value: String,
    /// Why there is no value.
    pub error: Option<AssessmentError>,
    /// Who assesses.
    pub source_type: SourceType,
    /// Their name.
    pub source_id: String,
    /// Why it is so.
    pub rationale: Option<String>,
    /// By key.
    pub metadata: Vec<Tag>,
    /// The assessment in whose place this one is.
    pub overrides: Option<AssessmentId>,
    /// Whether no other one is in its place.
    pub valid: bool,
    /// When it was made.
    pub created: Millis,
    /// When it last changed.
    pub updated: Millis,
}

/// An assessment about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssessment {
    /// Its id; `None`: one is made.
    pub id: Option<AssessmentId>,
    /// Of what step, if of one.
    pub span: Option<String>,
    /// What is assessed.
    pub name: String,
    /// What it says.
    pub kind: AssessmentKind,
    /// The value, as JSON; of an issue what it is called.
    pub value: String,
    /// Why there is no value.
    pub error: Option<AssessmentError>,
    /// Who assesses.
    pub source_type: SourceType,
    /// Their name.
    pub source_id: String,
    /// Why it is so.
    pub rationale: Option<String>,
    /// By key.
    pub metadata: Vec<Tag>,
    /// The assessment that it takes the place of.
    pub overrides: Option<AssessmentId>,
    /// When it was made; `None`: now.
    pub created: Option<Millis>,
    /// When it last changed; `None`: now.
    pub updated: Option<Millis>,
}

/// What is to be changed of an assessment; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssessmentChange {
    /// What is assessed.
    pub name: Option<String>,
    /// What it says, which must be of its kind: the value, as JSON, and why there is none.
    pub value: Option<(AssessmentKind, String, Option<AssessmentError>)>,
    /// Why it is so.
    pub rationale: Option<String>,
    /// To be added to what there is.
    pub metadata: Vec<Tag>,
    /// Whether it counts.
    pub valid: Option<bool>,
}
