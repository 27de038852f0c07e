//! What tests of webhooks send: MLflow's examples.

use model::webhook::WebhookEvent::{self, *};
use serde_json::{Value, json};

/// What could be told of such an event.
pub(super) fn of(event: WebhookEvent) -> Value {
    let noun = if event.entity().starts_with("prompt") { "prompt" } else { "model" };
    let name = format!("example_{noun}");
    let tags = json!({ "example_key": "example_value" });
    match event {
        RegisteredModelCreated => {
            json!({ "name": name, "tags": tags, "description": "An example registered model" })
        }
        PromptCreated => json!({ "name": name, "tags": tags, "description": "An example prompt" }),
        ModelVersionCreated => json!({
            "name": name, "version": "1", "source": "models:/123", "run_id": "abcd1234abcd5678", "tags": tags,
            "description": "An example model version",
        }),
        PromptVersionCreated => json!({
            "name": name, "version": "1", "template": "Hello {{name}}!", "tags": tags,
            "description": "An example prompt version",
        }),
        PromptTagSet => json!({ "name": name, "key": "example_key", "value": "example_value" }),
        PromptTagDeleted => json!({ "name": name, "key": "example_key" }),
        ModelVersionTagSet | PromptVersionTagSet => {
            json!({ "name": name, "version": "1", "key": "example_key", "value": "example_value" })
        }
        ModelVersionTagDeleted | PromptVersionTagDeleted => {
            json!({ "name": name, "version": "1", "key": "example_key" })
        }
        ModelVersionAliasCreated | PromptAliasCreated => {
            json!({ "name": name, "alias": "example_alias", "version": "1" })
        }
        ModelVersionAliasDeleted | PromptAliasDeleted => json!({ "name": name, "alias": "example_alias" }),
        BudgetPolicyExceeded => json!({
            "budget_policy_id": "bp-abc123", "budget_unit": "USD", "budget_amount": 100.0, "current_spend": 105.5,
            "duration_unit": "MONTHS", "duration_value": 1, "target_scope": "ENDPOINT", "workspace": "default",
            "target_value": "ep-abc123", "window_start": 1_704_067_200_000_i64,
        }),
    }
}
