"""What MLflow's servers offer and this one doesn't is said to be so: by status, in the protocol's shape, whatever is sent."""

import pytest
import requests
from mlflow.exceptions import RestException

from runmark import check_refusal

# By what is said of them: methods and paths behind `/api` and `/ajax-api`.
NOT_OFFERED = {
    "Evaluation datasets": """
        POST /3.0/mlflow/datasets/create
        GET /3.0/mlflow/datasets/d-1
        DELETE /3.0/mlflow/datasets/d-1
        POST /3.0/mlflow/datasets/search
        GET /3.0/mlflow/datasets/search
        PATCH /3.0/mlflow/datasets/d-1/tags
        DELETE /3.0/mlflow/datasets/d-1/tags/key
        POST /3.0/mlflow/datasets/d-1/records
        GET /3.0/mlflow/datasets/d-1/experiment-ids
        GET /3.0/mlflow/datasets/d-1/records
        DELETE /3.0/mlflow/datasets/d-1/records
        POST /3.0/mlflow/datasets/d-1/add-experiments
        POST /3.0/mlflow/datasets/d-1/remove-experiments
    """,
    "Scorers": """
        POST /3.0/mlflow/scorers/register
        GET /3.0/mlflow/scorers/list
        GET /3.0/mlflow/scorers/versions
        GET /3.0/mlflow/scorers/get
        DELETE /3.0/mlflow/scorers/delete
        GET /3.0/mlflow/scorers/online-configs
        PUT /3.0/mlflow/scorers/online-config
        POST /3.0/mlflow/scorers/permissions/create
        POST /3.0/mlflow/scorer/invoke
    """,
    "Evaluation on the server": "POST /3.0/mlflow/genai/evaluate/invoke",
    "Issues": """
        POST /3.0/mlflow/issues
        PATCH /3.0/mlflow/issues/1
        GET /3.0/mlflow/issues/1
        POST /3.0/mlflow/issues/search
        POST /3.0/mlflow/issues/invoke
        POST /3.0/mlflow/issues/schedule/state
    """,
    "Label schemas": """
        POST /3.0/mlflow/label-schemas/create
        GET /3.0/mlflow/label-schemas/get
        GET /3.0/mlflow/label-schemas/get-by-name
        GET /3.0/mlflow/label-schemas/list
        PATCH /3.0/mlflow/label-schemas/update
        DELETE /3.0/mlflow/label-schemas/delete
    """,
    "Review queues": """
        POST /3.0/mlflow/review-queues/create
        POST /3.0/mlflow/review-queues/get-or-create-user
        GET /3.0/mlflow/review-queues/get
        GET /3.0/mlflow/review-queues/get-by-name
        GET /3.0/mlflow/review-queues/list
        POST /3.0/mlflow/review-queues/update
        POST /3.0/mlflow/review-queues/delete
        POST /3.0/mlflow/review-queues/items/add
        POST /3.0/mlflow/review-queues/items/remove
        GET /3.0/mlflow/review-queues/items/list
        POST /3.0/mlflow/review-queues/items/set-status
    """,
    "Prompt optimization": """
        POST /3.0/mlflow/prompt-optimization/jobs
        GET /3.0/mlflow/prompt-optimization/jobs/1
        POST /3.0/mlflow/prompt-optimization/jobs/search
        GET /3.0/mlflow/prompt-optimization/jobs/search
        POST /3.0/mlflow/prompt-optimization/jobs/1/cancel
        DELETE /3.0/mlflow/prompt-optimization/jobs/1
    """,
    "The gateway": """
        POST /3.0/mlflow/gateway/secrets/create
        GET /3.0/mlflow/gateway/secrets/get
        POST /3.0/mlflow/gateway/secrets/update
        DELETE /3.0/mlflow/gateway/secrets/delete
        GET /3.0/mlflow/gateway/secrets/list
        GET /3.0/mlflow/gateway/secrets/config
        POST /3.0/mlflow/gateway/endpoints/create
        GET /3.0/mlflow/gateway/endpoints/get
        POST /3.0/mlflow/gateway/endpoints/update
        DELETE /3.0/mlflow/gateway/endpoints/delete
        GET /3.0/mlflow/gateway/endpoints/list
        POST /3.0/mlflow/gateway/model-definitions/create
        GET /3.0/mlflow/gateway/model-definitions/get
        GET /3.0/mlflow/gateway/model-definitions/list
        POST /3.0/mlflow/gateway/model-definitions/update
        DELETE /3.0/mlflow/gateway/model-definitions/delete
        POST /3.0/mlflow/gateway/endpoints/models/attach
        POST /3.0/mlflow/gateway/endpoints/models/detach
        POST /3.0/mlflow/gateway/endpoints/bindings/create
        DELETE /3.0/mlflow/gateway/endpoints/bindings/delete
        GET /3.0/mlflow/gateway/endpoints/bindings/list
        POST /3.0/mlflow/gateway/endpoints/set-tag
        DELETE /3.0/mlflow/gateway/endpoints/delete-tag
        POST /3.0/mlflow/gateway/budgets/create
        GET /3.0/mlflow/gateway/budgets/get
        POST /3.0/mlflow/gateway/budgets/update
        DELETE /3.0/mlflow/gateway/budgets/delete
        GET /3.0/mlflow/gateway/budgets/list
        GET /3.0/mlflow/gateway/budgets/windows
        POST /3.0/mlflow/gateway/guardrails/create
        GET /3.0/mlflow/gateway/guardrails/get
        DELETE /3.0/mlflow/gateway/guardrails/delete
        GET /3.0/mlflow/gateway/guardrails/list
        POST /3.0/mlflow/gateway/guardrails/add-to-endpoint
        DELETE /3.0/mlflow/gateway/guardrails/remove-from-endpoint
        GET /3.0/mlflow/gateway/guardrails/list-for-endpoint
        PATCH /3.0/mlflow/gateway/guardrails/update-config
        GET /3.0/mlflow/gateway/supported-providers
        GET /3.0/mlflow/gateway/supported-models
        GET /3.0/mlflow/gateway/provider-config
        GET /2.0/mlflow/gateway-proxy
        POST /2.0/mlflow/gateway-proxy
        POST /2.0/mlflow/runs/create-promptlab-run
    """,
    "Jobs": """
        GET /3.0/jobs/1
        POST /3.0/jobs/
        PATCH /3.0/jobs/cancel/1
        POST /3.0/jobs/search
        GET /3.0/mlflow/jobs/1
        PATCH /3.0/mlflow/jobs/cancel/1
    """,
    "The assistant": """
        POST /3.0/mlflow/assistant/message
        GET /3.0/mlflow/assistant/sessions/1/stream
        PATCH /3.0/mlflow/assistant/sessions/1
        POST /3.0/mlflow/assistant/sessions/1/permission
        POST /3.0/mlflow/assistant/sessions/1/tool-result
        GET /3.0/mlflow/assistant/providers
        GET /3.0/mlflow/assistant/providers/1/health
        GET /3.0/mlflow/assistant/providers/1/models
        GET /3.0/mlflow/assistant/config
        PUT /3.0/mlflow/assistant/config
        POST /3.0/mlflow/assistant/skills/install
    """,
    "The registry of MCP servers": """
        POST /3.0/mlflow/mcp-servers
        GET /3.0/mlflow/mcp-servers
        GET /3.0/mlflow/mcp-servers/endpoints
        POST /3.0/mlflow/mcp-servers/a/b/versions
        GET /3.0/mlflow/mcp-servers/a/b/versions/1
        PATCH /3.0/mlflow/mcp-servers/a/b/versions/1
        DELETE /3.0/mlflow/mcp-servers/a/b/versions/1/tags/key
        GET /3.0/mlflow/mcp-servers/a/b/aliases/best
        DELETE /3.0/mlflow/mcp-servers/a/b
    """,
    "The registry of skills": """
        POST /3.0/mlflow/skills
        GET /3.0/mlflow/skills/@team/name
        POST /3.0/mlflow/skills/bulk-register
    """,
    "Demo data": """
        POST /3.0/mlflow/demo/generate
        POST /3.0/mlflow/demo/delete
    """,
    "Signing up": "POST /2.0/mlflow/users/create-ui",
}

# What is called without a prefix.
RUNTIME = """
    POST /gateway/gpt/mlflow/invocations
    POST /gateway/mlflow/v1/chat/completions
    POST /gateway/openai/v1/chat/completions
    POST /gateway/openai/v1/embeddings
    POST /gateway/openai/v1/responses/compact
    POST /gateway/anthropic/v1/messages
    POST /gateway/typesafe/v1/systemone
    POST /gateway/gemini/v1beta/models/gpt:generateContent
    POST /gateway/gemini/v1beta/models/gpt:streamGenerateContent
    POST /gateway/proxy/gpt/any/path
    GET /gateway/mlflow/v1/models
"""


def doors(listed: str):
    return [line.split() for line in listed.split("\n") if line.strip()]


def check(server, method: str, path: str, *words: str):
    body = {} if method == "GET" else {"json": {"name": "x"}}
    response = requests.request(method, f"{server.url}{path}", headers=server.admin.headers, timeout=30, **body)
    check_refusal(response, 501, "NOT_IMPLEMENTED", "not offered by this server", *words)


@pytest.mark.parametrize("what", NOT_OFFERED)
def test_each_address_says_so(server, what):
    for method, path in doors(NOT_OFFERED[what]):
        for prefix in ["/api", "/ajax-api"]:
            check(server, method, prefix + path, what)


def test_the_runtime_of_the_gateway_says_so(server):
    for method, path in doors(RUNTIME):
        check(server, method, path, "The gateway")


def test_clients_are_told(client, experiment):
    with pytest.raises(RestException) as caught:
        client.create_dataset("questions", experiment_id=experiment)
    assert caught.value.error_code == "NOT_IMPLEMENTED"


def test_what_nobody_offers_is_not_there(server):
    for path in ["/api/3.0/mlflow/nothing", "/api/2.0/mlflow/scorers/get", "/ajax-api/3.0/mlflow/datasetsx"]:
        response = requests.get(server.url + path, headers=server.admin.headers, timeout=30)
        check_refusal(response, 404, "ENDPOINT_NOT_FOUND")
