use model::{Code, Problem};
use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use std::fmt;

/// Why a server function has no answer: what the domain says, or that the server couldn't be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault(
    /// As the person sees it.
    pub Problem,
);

impl Fault {
    /// Whether signing in would help.
    pub fn is_unauthenticated(&self) -> bool {
        self.0.code == Code::Unauthenticated
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}

impl FromServerFnError for Fault {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Fault(match error {
            ServerFnErrorErr::Request(_) => {
                Problem::new(Code::TemporarilyUnavailable, "The server can't be reached.")
            }
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => {
                Problem::invalid(format!("The request can't be read: {text}"))
            }
            // The browser reads answers, the server what is sent to it.
            ServerFnErrorErr::Deserialization(text) if cfg!(not(target_arch = "wasm32")) => {
                Problem::invalid(format!("The request can't be read: {text}"))
            }
            other => Problem::new(Code::InternalError, format!("The answer can't be read: {other}")),
        })
    }
}
