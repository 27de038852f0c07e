//! Identifiers. Each is its own type, so that a run's id can't be passed where a user's is meant.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text isn't an id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a valid id")]
pub struct BadId(pub String);

/// Number of an experiment: decimal in text, 0 is "Default" (as MLflow counts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExperimentId(pub i64);

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ExperimentId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        text.parse().map(Self).map_err(|_| BadId(text.to_owned()))
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            /// Accepts exactly what `Display` writes: lower-case hex, so that one thing has one id.
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix($prefix)
                    .filter(|hex| hex.len() == 32 && !hex.bytes().any(|b| b.is_ascii_uppercase()))
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| BadId(text.to_owned()))
            }
        }
    };
}

uuid_id!(
    /// Id of a run: 32 hex digits.
    RunId, ""
);
uuid_id!(
    /// Id of a logged model: `m-` and 32 hex digits.
    ModelId, "m-"
);
uuid_id!(
    /// Id of a person or service with an account.
    UserId, ""
);
uuid_id!(
    /// Id of a group of accounts.
    GroupId, ""
);
uuid_id!(
    /// Id of an API token: what it is called in lists, not the secret itself.
    TokenId, ""
);
uuid_id!(
    /// Id of a saved view.
    ViewId, ""
);
uuid_id!(
    /// Id of a webhook.
    WebhookId, ""
);
uuid_id!(
    /// Id of a trace: `tr-` and 32 hex digits, which are OpenTelemetry's id of it.
    TraceId, "tr-"
);
uuid_id!(
    /// Id of an assessment: `a-` and 32 hex digits.
    AssessmentId, "a-"
);

impl TraceId {
    /// OpenTelemetry's id of the trace, of which this one is.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// OpenTelemetry's id of the trace.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_has_one_spelling() {
        let hex = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(hex.parse::<RunId>().unwrap().to_string(), hex);
        for bad in ["", "abc", "0AF7651916CD43DD8448EB211C80319C", "0af76519-16cd-43dd-8448-eb211c80319c"] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_model_id_carries_its_prefix() {
        let text = "m-0af7651916cd43dd8448eb211c80319c";
        assert_eq!(text.parse::<ModelId>().unwrap().to_string(), text);
        assert!(text[2..].parse::<ModelId>().is_err());
    }
}
