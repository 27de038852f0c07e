//! Spans: the steps of a trace, in the shape of OpenTelemetry.

use crate::TraceId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Nanoseconds since the Unix epoch.
pub type Nanos = i64;

/// The attribute that holds a span's type.
pub const TYPE: &str = "mlflow.spanType";
/// The attribute that holds what a step was given.
pub const INPUTS: &str = "mlflow.spanInputs";
/// The attribute that holds what a step made.
pub const OUTPUTS: &str = "mlflow.spanOutputs";
/// The attribute that holds the name of the model that a step asked.
pub const MODEL: &str = "mlflow.llm.model";
/// The attribute that holds whose model that is.
pub const PROVIDER: &str = "mlflow.llm.provider";
/// The attribute that holds what a step cost, in JSON.
pub const COST: &str = "mlflow.llm.cost";
/// The type of a span that has none.
pub const NO_TYPE: &str = "UNKNOWN";

/// Id of a span, unique within its trace: 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpanId(pub u64);

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for SpanId {
    type Err = crate::id::BadId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = if fits { u64::from_str_radix(text, 16).ok() } else { None };
        number.map(Self).ok_or_else(|| crate::id::BadId(text.to_owned()))
    }
}

/// Where a step stands between programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SpanKind {
    /// Nobody said.
    #[default]
    Unspecified,
    /// Within a program.
    Internal,
    /// It answers a request from elsewhere.
    Server,
    /// It asks somebody else.
    Client,
    /// It hands over a message.
    Producer,
    /// It takes a message.
    Consumer,
}

impl SpanKind {
    /// In the order of OpenTelemetry's numbers, which start at 0.
    pub const ALL: [Self; 6] =
        [Self::Unspecified, Self::Internal, Self::Server, Self::Client, Self::Producer, Self::Consumer];

    /// OpenTelemetry's number.
    pub fn number(self) -> i64 {
        match self {
            Self::Unspecified => 0,
            Self::Internal => 1,
            Self::Server => 2,
            Self::Client => 3,
            Self::Producer => 4,
            Self::Consumer => 5,
        }
    }

    /// The kind with this number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SpanStatus {
    /// Nobody said.
    #[default]
    Unset,
    /// Well.
    Ok,
    /// It failed.
    Error,
}

impl SpanStatus {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Unset, Self::Ok, Self::Error];

    /// MLflow's word in filters, also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }

    /// The status of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A step of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its id.
    pub id: SpanId,
    /// The step that it is a part of; the root has none.
    pub parent: Option<SpanId>,
    /// Its name.
    pub name: String,
    /// Where it stands between programs.
    pub kind: SpanKind,
    /// When it began.
    pub start: Nanos,
    /// When it ended.
    pub end: Option<Nanos>,
    /// How it went.
    pub status: SpanStatus,
    /// What there is to say about that.
    pub message: String,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
    /// What happened meanwhile.
    pub events: Vec<SpanEvent>,
    /// Steps elsewhere that it has to do with.
    pub links: Vec<SpanLink>,
}

impl Span {
    /// What is known of it under a key.
    pub fn attribute(&self, key: &str) -> Option<&AttributeValue> {
        self.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| &attribute.value)
    }

    /// What kind of step it is: `LLM`, `TOOL`, …
    pub fn span_type(&self) -> &str {
        match self.attribute(TYPE) {
            Some(AttributeValue::Text(text)) if !text.is_empty() => text,
            _ => NO_TYPE,
        }
    }
}

/// Something that is known of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// What.
    pub key: String,
    /// That.
    pub value: AttributeValue,
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// None.
    Nothing,
    /// A text.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// A number.
    Real(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Several values.
    List(Vec<AttributeValue>),
    /// Values with keys, in their order.
    Map(Vec<Attribute>),
}

/// Something that happened during a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanEvent {
    /// What.
    pub name: String,
    /// When.
    pub time: Nanos,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
}

/// A step elsewhere that a step has to do with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanLink {
    /// The trace of that step.
    pub trace: TraceId,
    /// That step.
    pub span: SpanId,
    /// What is known of the two.
    pub attributes: Vec<Attribute>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_id_has_sixteen_digits() {
        assert_eq!(SpanId(0xAB).to_string(), "00000000000000ab");
        assert_eq!("00000000000000ab".parse::<SpanId>(), Ok(SpanId(0xAB)));
        for bad in ["", "ab", "+0000000000000ab", "00000000000000ab0"] {
            assert!(bad.parse::<SpanId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn words_and_numbers_read_back() {
        for kind in SpanKind::ALL {
            assert_eq!(SpanKind::from_number(kind.number()), Some(kind));
        }
        for status in SpanStatus::ALL {
            assert_eq!(SpanStatus::from_name(status.name()), Some(status));
        }
    }
}
