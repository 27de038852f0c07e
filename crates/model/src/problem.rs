//! What went wrong, as a value that every face (REST, browser) shows in its own way.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The kinds of failure, in MLflow's words (`error_code` on the wire). Which HTTP status each has is the door's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// A value is missing, malformed or out of its limits.
    InvalidParameterValue,
    /// The request can't be carried out as it stands.
    BadRequest,
    /// The name is taken.
    ResourceAlreadyExists,
    /// There is no such thing, or the caller may not know of it.
    ResourceDoesNotExist,
    /// There is no such operation.
    EndpointNotFound,
    /// Nobody has signed in.
    Unauthenticated,
    /// The caller may see the thing, but not do this to it.
    PermissionDenied,
    /// The thing is in a state that forbids the operation.
    InvalidState,
    /// Too much at once: try again later.
    ResourceExhausted,
    /// The operation is not offered here.
    NotImplemented,
    /// The server is starting, stopping, or its database is out of reach.
    TemporarilyUnavailable,
    /// A fault of the server. The message says no more than that; the log says the rest.
    InternalError,
}

impl Code {
    /// MLflow's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::BadRequest => "BAD_REQUEST",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::InvalidState => "INVALID_STATE",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}

/// Part of a text in bytes: where in the filter box the mistake is.
pub type Span = std::ops::Range<usize>;

/// A failure as the person sees it: what kind, in a sentence, and where in their text if it has a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of failure.
    pub code: Code,
    /// A sentence for the person. Never holds a secret, nor the name of a thing they may not see.
    pub message: String,
    /// Bytes of the offending text, for inputs with a place (a filter).
    pub span: Option<Span>,
}

impl Problem {
    /// A problem without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span: None }
    }

    /// [`Code::InvalidParameterValue`] with this message.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// [`Code::ResourceDoesNotExist`] with this message.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceDoesNotExist, message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
