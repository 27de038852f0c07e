//! Problems as MLflow's clients expect them: a status and `{"error_code", "message"}`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use model::{Code, Problem};
use serde_json::json;

/// A problem on its way to a client.
#[derive(Debug)]
pub struct WireError(pub Problem);

impl<T: Into<Problem>> From<T> for WireError {
    fn from(problem: T) -> Self {
        Self(problem.into())
    }
}

/// The statuses of MLflow's `protos/databricks.proto` and `exceptions.py`.
fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidParameterValue | Code::BadRequest | Code::ResourceAlreadyExists => {
            StatusCode::BAD_REQUEST
        }
        Code::ResourceDoesNotExist | Code::EndpointNotFound => StatusCode::NOT_FOUND,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::NotImplemented => StatusCode::NOT_IMPLEMENTED,
        Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::InvalidState | Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for WireError {
    fn into_response(self) -> Response {
        let Self(Problem { code, message, .. }) = self;
        let body = json!({ "error_code": code.name(), "message": message });
        let mut response = (status(code), Json(body)).into_response();
        let headers = response.headers_mut();
        if code == Code::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"mlflow\""));
        }
        if matches!(code, Code::ResourceExhausted | Code::TemporarilyUnavailable) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
