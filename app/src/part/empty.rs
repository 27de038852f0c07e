use crate::part::{copy::CodeBlock, icon::Icon};
use leptos::prelude::*;

/// Where nothing is: what it would be, and how to get it.
#[component]
pub fn Empty(
    /// A drawing of what is missing.
    icon: Icon,
    /// What is missing.
    title: &'static str,
    /// What to do.
    children: Children,
) -> AnyView {
    view! {
        <div class="empty">
            <div class="empty-icon">{icon.draw()}</div>
            <h2>{title}</h2>
            {children()}
        </div>
    }
    .into_any()
}

/// Scheme, host and port under which the person reaches the server; the server reads it from their request.
#[derive(Debug, Clone)]
pub struct Origin(pub String);

/// Where this server is, as the person's own machine reaches it.
pub fn origin() -> String {
    match use_context::<Origin>() {
        Some(Origin(origin)) => origin,
        None => window().location().origin().unwrap_or_default(),
    }
}

/// The lines that log a first run.
#[component]
pub fn FirstRun(
    /// The experiment it goes to; none for MLflow's default.
    #[prop(optional_no_strip)]
    experiment: Option<String>,
) -> AnyView {
    let shell = format!("pip install mlflow\nexport MLFLOW_TRACKING_URI={}", origin());
    let choose =
        experiment.map(|name| format!("mlflow.set_experiment({})\n", python_text(&name))).unwrap_or_default();
    let python =
        format!("import mlflow\n{choose}with mlflow.start_run():\n    mlflow.log_metric(\"loss\", 0.5)");
    view! {
        <div class="first-run">
            <p class="step-title">"In a shell"</p>
            <CodeBlock code=shell what="shell lines"/>
            <p class="step-title">"In Python"</p>
            <CodeBlock code=python what="Python lines"/>
        </div>
    }
    .into_any()
}

fn python_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
