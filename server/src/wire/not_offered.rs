//! What MLflow's servers offer and this one doesn't. Clients are told so (501, `NOT_IMPLEMENTED`) rather than that there is no such
//! address, which they would take for an old server or a wrong one.

/// What it is, and where its addresses begin, behind the prefix of the protocol if they have one.
const NOT_OFFERED: &[(&str, &[&str])] = &[
    ("Evaluation datasets are", &["/3.0/mlflow/datasets"]),
    ("Scorers are", &["/3.0/mlflow/scorers", "/3.0/mlflow/scorer"]),
    ("Evaluation on the server is", &["/3.0/mlflow/genai"]),
    ("Issues are", &["/3.0/mlflow/issues"]),
    ("Label schemas are", &["/3.0/mlflow/label-schemas"]),
    ("Review queues are", &["/3.0/mlflow/review-queues"]),
    ("Prompt optimization is", &["/3.0/mlflow/prompt-optimization"]),
    (
        "The gateway is",
        &[
            "/gateway",
            "/3.0/mlflow/gateway",
            "/2.0/mlflow/gateway-proxy",
            "/2.0/mlflow/runs/create-promptlab-run",
        ],
    ),
    ("Jobs are", &["/3.0/jobs", "/3.0/mlflow/jobs"]),
    ("The assistant is", &["/3.0/mlflow/assistant"]),
    ("The registry of MCP servers is", &["/3.0/mlflow/mcp-servers"]),
    ("The registry of skills is", &["/3.0/mlflow/skills"]),
    ("Demo data is", &["/3.0/mlflow/demo"]),
    ("Signing up is", &["/2.0/mlflow/users/create-ui"]),
];

/// What is said of an address, without the prefix, that belongs to something that isn't offered.
pub fn said_of(path: &str) -> Option<String> {
    let is_below =
        |start: &&str| path.strip_prefix(*start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let (what, _) = NOT_OFFERED.iter().find(|(_, starts)| starts.iter().any(is_below))?;
    Some(format!("{what} not offered by this server."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_offered_is_told_by_where_it_begins() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(said_of(path).as_deref(), expected, "{path}");
        };
        check("/3.0/mlflow/datasets/create", Some("Evaluation datasets are not offered by this server."));
        check("/3.0/mlflow/scorers/get", Some("Scorers are not offered by this server."));
        check("/3.0/mlflow/issues", Some("Issues are not offered by this server."));
        check("/gateway/mlflow/v1/models", Some("The gateway is not offered by this server."));
        check("/3.0/jobs/", Some("Jobs are not offered by this server."));
        check(
            "/3.0/mlflow/mcp-servers/a/b/versions",
            Some("The registry of MCP servers is not offered by this server."),
        );
        for other in ["/3.0/mlflow/datasetsx", "/2.0/mlflow/datasets", "/3.0/mlflow/nothing", "/", ""] {
            check(other, None);
        }
    }
}
