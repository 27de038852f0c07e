//! All doors: the operations of the protocol, transfers of artifacts, pages, server functions, files.

use super::world::Things;
use http::Method;
use model::{
    curve::CurveRequest,
    page::{
        ArtifactRoot, RunsQuery,
        registry::{RegisteredChange, RegistryQuestion},
    },
};
use serde_json::{Value, json};

/// What is sent along.
pub enum Load {
    Nothing,
    Json(Value),
    Form(String),
    Postcard(Vec<u8>),
    Bytes(&'static str),
}

/// How the caller shows who they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    Token,
    Session,
}

/// A door, as its route has it.
pub struct Door {
    pub method: Method,
    pub route: String,
    pub credential: Credential,
}

impl Door {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }

    /// Whether it only asks, so that an empty answer tells something.
    pub fn asks(&self) -> bool {
        self.method == Method::GET
            || self.route.ends_with("/search")
            || self.route.ends_with("/search-datasets")
    }
}

/// Every door that there is. Routes of the protocol and server functions are asked of the program itself, so a new one
/// can't be forgotten.
pub fn all() -> Vec<Door> {
    let token = |method: Method, route: String| Door { method, route, credential: Credential::Token };
    let session = |method: Method, route: &str| Door {
        method,
        route: route.to_owned(),
        credential: Credential::Session,
    };
    let mut doors: Vec<Door> = server::wire::OPERATIONS
        .iter()
        .flat_map(|operation| {
            operation
                .prefixes()
                .iter()
                .map(move |prefix| token(operation.method.clone(), format!("{prefix}{}", operation.path)))
        })
        .collect();
    for prefix in ["/api", "/ajax-api"] {
        for method in [Method::GET, Method::PUT] {
            doors.push(token(method, format!("{prefix}/2.0/mlflow-artifacts/artifacts/{{*path}}")));
        }
        doors.push(token(Method::GET, format!("{prefix}/3.0/mlflow/server-info")));
    }
    let files = server::wire::file::DOORS.iter();
    doors.extend(files.map(|(method, route)| token(method.parse().unwrap(), (*route).to_owned())));
    doors.push(token(Method::POST, "/graphql".to_owned()));
    doors.push(token(Method::POST, "/v1/traces".to_owned()));
    doors.push(token(Method::GET, "/health".to_owned()));
    doors.push(token(Method::GET, "/version".to_owned()));
    doors.extend(server_fn::axum::server_fn_paths().map(|(path, method)| session(method, path)));
    doors.extend(server::site::pages().iter().map(|page| session(Method::GET, page)));
    for route in [
        "/",
        "/sign-in/link",
        "/sign-in/oidc",
        "/sign-in/oidc/callback",
        "/files/run/{experiment}/{run}/{*path}",
        "/files/model/{experiment}/{model}/{*path}",
        "/preview/chart.svg",
        "/export/runs/{experiment}/{file}",
        "/live",
    ] {
        doors.push(session(Method::GET, route));
    }
    doors.push(session(Method::POST, "/sign-in/link"));
    doors.extend(server::share::DOORS.iter().map(|(method, route)| session(method.parse().unwrap(), route)));
    let own = server::second_factor::DOORS.iter();
    doors.extend(own.map(|(method, route)| session(method.parse().unwrap(), route)));
    doors.extend(server::admin::DOORS.iter().map(|(method, route)| session(method.parse().unwrap(), route)));
    doors
}

/// The address of a door for these things, and what is sent to it.
pub fn approach(door: &Door, things: &Things) -> (String, Load) {
    let file = if door.route.starts_with("/files/model") { "MLmodel" } else { "notes.txt" };
    let path = match door.route.as_str() {
        route if route.contains("mlflow-artifacts") => things.artifact.as_str(),
        _ => file,
    };
    let mut address = door
        .route
        .replace("{model_id}", &things.model.to_string())
        // One that isn't there: admins are told so, others only that it is none of theirs.
        .replace("{webhook_id}", &things.run.to_string())
        .replace("{tag_key}", "k")
        .replace("{trace_id}", &things.trace.to_string())
        .replace("{request_id}", &things.trace.to_string())
        .replace("{trace}", &things.trace.to_string())
        .replace(":trace", &things.trace.to_string())
        .replace("{assessment_id}", &things.assessment.to_string())
        .replace("{experiment}", &things.experiment.to_string())
        .replace(":experiment", &things.experiment.to_string())
        .replace("{run}", &things.run.to_string())
        .replace(":run", &things.run.to_string())
        .replace("{name}", &things.registered)
        .replace("{version}", "1")
        .replace("{model}", &things.model.to_string())
        .replace("{file}", "runs.csv")
        .replace("{code}", &things.link)
        .replace("{*path}", path);
    let load = match door.credential {
        Credential::Session if door.route.starts_with("/s") && door.method == Method::POST => {
            Load::Form(share_form(&door.route, things))
        }
        Credential::Session if door.route.starts_with("/admin") && door.method == Method::POST => {
            Load::Form(admin_form(&door.route, things))
        }
        Credential::Session if door.route == "/account/second-factor" && door.method == Method::POST => {
            Load::Form("action=remove&code=000000".to_owned())
        }
        Credential::Session if door.method == Method::POST => server_function(&door.route, things),
        Credential::Session => Load::Nothing,
        Credential::Token if door.route.contains("mlflow-artifacts/artifacts/") => match door.method {
            Method::PUT => Load::Bytes("new"),
            _ => Load::Nothing,
        },
        Credential::Token if door.route.ends_with("/upload-artifact") => Load::Bytes("new"),
        Credential::Token if door.route == "/v1/traces" => Load::Json(spans(things)),
        Credential::Token => Load::Json(arguments(&door.route, things)),
    };
    match (&load, &door.method) {
        (Load::Json(arguments), &Method::GET) => {
            address = format!("{address}?{}", query(arguments));
            (address, Load::Nothing)
        }
        _ if door.route.ends_with("/upload-artifact") => {
            (format!("{address}?run_uuid={}&path=new.txt", things.run), load)
        }
        _ if door.route == "/preview/chart.svg" => {
            (format!("{address}?runs={}&metric=m", things.run), Load::Nothing)
        }
        _ if door.route == "/share" && door.method == Method::GET || door.route == "/share/export" => {
            (format!("{address}?of=/experiments/{}/runs/{}", things.experiment, things.run), Load::Nothing)
        }
        _ if door.route == "/live" => (format!("{address}?of=r{}", things.run), load),
        _ if door.route == "/models/{name}/compare" => (format!("{address}?versions=1"), Load::Nothing),
        _ if door.route == "/compare" => (format!("{address}?runs={}", things.run), Load::Nothing),
        _ => (address, load),
    }
}

/// Arguments that satisfy every operation: each takes what it knows.
fn arguments(route: &str, things: &Things) -> Value {
    let name = match route {
        route if route.contains("registered-models/create") => format!("{}-new", things.registered),
        route if route.contains("registered-models") || route.contains("model-versions") => {
            things.registered.clone()
        }
        route if route.contains("logged-models") => "model".to_owned(),
        route if route.contains("webhooks") => "hook".to_owned(),
        _ => format!("{}-new", things.experiment_name),
    };
    let path = match route {
        "/get-artifact" => "notes.txt",
        "/model-versions/get-artifact" => "MLmodel",
        route if route.contains("mlflow-artifacts") => things.artifact_folder.as_str(),
        _ => "",
    };
    // Lists are asked for these things alone: every caller has some of their own.
    let filter = match route {
        route if route.ends_with("experiments/search") => format!("name = '{}'", things.experiment_name),
        route if route.contains("registered-models") || route.contains("model-versions") => {
            format!("name = '{}'", things.registered)
        }
        _ => String::new(),
    };
    let status = match route {
        route if route.contains("logged-models") => "LOGGED_MODEL_READY",
        route if route.contains("webhooks") => "DISABLED",
        _ => "FINISHED",
    };
    let mut all = json!({
        "name": name, "new_name": format!("{name}-renamed"),
        "experiment_id": things.experiment.to_string(), "experiment_ids": [things.experiment.to_string()],
        "experiment_name": things.experiment_name,
        "run_id": things.run.to_string(), "run_ids": [things.run.to_string()], "model_id": things.model.to_string(),
        "key": "k", "value": "1", "timestamp": 1, "step": 1, "metric_key": "m", "max_results": 10,
        "status": status, "path": path, "filter": filter,
        "metrics": [{ "key": "m2", "value": 1.0, "timestamp": 1 }],
        "params": [{ "key": "p2", "value": "1" }],
        "tags": [{ "key": "k2", "value": "1" }],
        "datasets": if route.contains("log-inputs") {
            json!([{ "dataset": { "name": "d", "digest": "1", "source_type": "local", "source": "x" } }])
        } else { json!([]) },
        "models": [{ "model_id": things.model.to_string() }],
        "source": format!("models:/{}", things.model), "version": "1", "alias": "best", "stage": "Staging",
        "description": if route.contains("/roles/") { "" } else { "text" },
        // Nobody whom a later knock may miss.
        "username": "nobody", "password": "short", "is_admin": false,
        "resource_type": "experiment", "resource_id": things.experiment.to_string(), "permission": "READ",
    });
    let model = json!({ "artifact_path": "m", "run_id": "r", "utc_time_created": "2024", "flavors": {} });
    all["model_json"] = model.to_string().into();
    all["artifact_file_path"] = "MLmodel".into();
    // Of webhooks.
    all["url"] = "https://93.184.215.14/hook".into();
    all["events"] = json!([{ "entity": "MODEL_VERSION", "action": "CREATED" }]);
    for more in [of_traces(things), of_roles(things)] {
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    all
}

/// Of roles, and of GraphQL.
fn of_roles(things: &Things) -> Value {
    let (run, group) = (things.run, things.group);
    json!({
        "role_id": group.to_string(),
        "role_permission_id": format!("{group}/experiment/{}", things.experiment),
        "resource_pattern": things.experiment.to_string(),
        "query": format!("{{ mlflowGetRun(input: {{ runId: \"{run}\" }}) {{ run {{ info {{ runName }} }} }} }}"),
    })
}

fn of_traces(things: &Things) -> Value {
    let trace = things.trace.to_string();
    json!({
        "trace_id": trace, "request_id": trace, "trace_ids": [trace], "request_ids": [trace],
        "assessment_id": things.assessment.to_string(), "update_mask": "rationale",
        "trace": { "trace_info": { "trace_id": trace, "trace_location": location(things) } },
        "locations": [location(things)],
        "filter_string1": "status = 'OK'", "filter_string2": "tags.k = 'v'",
        "assessment": { "assessment_name": "fast", "feedback": { "value": true }, "rationale": "it is" },
        "prompt_versions": [{ "name": "greeting", "version": "1" }],
        "view_type": "TRACES", "metric_name": "trace_count", "aggregations": [{ "aggregation_type": "COUNT" }],
    })
}

/// Where traces of these things are.
fn location(things: &Things) -> Value {
    json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": things.experiment.to_string() } })
}

/// A step of a trace, as OpenTelemetry sends it.
fn spans(things: &Things) -> Value {
    let trace = things.trace.to_string();
    let span =
        json!({ "traceId": trace.trim_start_matches("tr-"), "spanId": "00000000000000ff", "name": "step" });
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] })
}

fn query(arguments: &Value) -> String {
    let mut pairs = Vec::new();
    for (key, value) in arguments.as_object().unwrap() {
        match value {
            Value::String(text) => pairs.push(format!("{key}={}", encode(text))),
            Value::Number(number) => pairs.push(format!("{key}={number}")),
            Value::Array(items) => pairs
                .extend(items.iter().filter_map(Value::as_str).map(|text| format!("{key}={}", encode(text)))),
            _ => {}
        }
    }
    pairs.join("&")
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn pack(value: impl serde::Serialize) -> Load {
    Load::Postcard(postcard::to_allocvec(&value).unwrap())
}

/// What the form of a page of links sends, of both kinds.
fn share_form(route: &str, things: &Things) -> String {
    match route {
        "/share" => {
            let of = format!("/experiments/{}/runs/{}", things.experiment, things.run);
            format!("of={of}&title=run&audience=anybody&password=&days=")
        }
        "/share/delete" => "code=no-such-link".to_owned(),
        "/sign-in/link" => "token=none".to_owned(),
        "/s/{code}" => "password=none".to_owned(),
        "/sign-in/code" => "code=000000".to_owned(),
        other => panic!("the form of {other}?"),
    }
}

/// What the form of a page for admins sends; one that isn't here fails the test. Nobody who knocks later may miss what it takes.
fn admin_form(route: &str, things: &Things) -> String {
    let id = things.run.0;
    match route.trim_start_matches("/admin/") {
        "people/add" => format!("name=new-{id}&kind=service"),
        "people" => "action=disable&name=nobody".to_owned(),
        "people/rename" => "name=nobody&to=somebody".to_owned(),
        "groups/add" => format!("name=group-{id}"),
        "groups/delete" | "groups/take" | "groups/remove" => "name=no-group&user=nobody&sure=yes".to_owned(),
        "permissions" => {
            format!("was:experiment:{0}:everyone=&is:experiment:{0}:everyone=READ", things.experiment)
        }
        "server" => "public_links=on".to_owned(),
        "tokens/delete" => format!("id={id}"),
        "links/delete" => "code=no-such-link".to_owned(),
        "webhooks/add" => {
            "name=hook&url=https%3A%2F%2F93.184.215.14%2Fhook&event=model_version.created&secret=&description="
                .to_owned()
        }
        "webhooks" => format!("action=disable&id={id}"),
        other => panic!("the form of {other}?"),
    }
}

fn tag() -> model::run::Tag {
    model::run::Tag { key: "team".to_owned(), value: "churn".to_owned() }
}

/// The input of each server function; one that isn't here fails the test.
fn server_function(route: &str, things: &Things) -> Load {
    let root = ArtifactRoot::Run(things.experiment, things.run);
    match route.trim_start_matches("/ui/") {
        "viewer" | "provider" | "list_tokens" | "list_devices" | "came_by_link" | "sign_out_elsewhere" => {
            Load::Postcard(Vec::new())
        }
        "sign_out_device" => pack(("00".to_owned(),)),
        "sign_in" => Load::Form("name=nobody&password=wrong-password&next=".to_owned()),
        "sign_out" => Load::Form(String::new()),
        "set_password" => pack((Some("wrong-password"), "another-password")),
        "create_token" => pack((model::account::NewToken::from("laptop"),)),
        "delete_token" => pack((model::TokenId(things.run.0),)),
        "list_experiments" => pack((things.experiment_name.clone(),)),
        "find_anything" | "find_targets" => pack((things.experiment_name.clone(),)),
        "experiment_head" => pack((things.experiment,)),
        "list_runs" => pack((things.experiment, RunsQuery::default())),
        "list_all_runs" => pack((model::page::AllRunsQuery::default(),)),
        "matching_runs" => pack((things.experiment, RunsQuery::default())),
        "run_values" => {
            let fields = vec![model::explore::Field::metric("m"), model::explore::Field::param("p")];
            pack((things.experiment, RunsQuery::default(), fields))
        }
        "param_importance" => {
            pack((things.experiment, RunsQuery::default(), model::explore::Field::metric("m")))
        }
        "nested_runs" => pack((vec![things.run],)),
        "change_runs" => pack((vec![things.run], model::page::RunsChange::SetTag(tag()))),
        "change_experiment" => pack((things.experiment, model::page::ExperimentChange::SetTag(tag()))),
        "list_views" => pack((things.experiment,)),
        "save_view" => pack((
            things.experiment,
            model::view::NewView {
                name: "mine".to_owned(),
                state: String::new(),
                shared: true,
                opens: false,
            },
        )),
        "delete_view" => pack((things.experiment, model::ViewId(things.run.0))),
        "registry_page" => pack((RegistryQuestion::Model { name: things.registered.clone(), page: 0 },)),
        "change_registered" => pack((things.registered.clone(), RegisteredChange::SetTag(tag()))),
        "register_model" => pack((things.model, things.registered.clone())),
        "search_keys" => pack((things.experiment, "m".to_owned())),
        "search_keys_in" => pack((vec![things.experiment], "m".to_owned())),
        "search_keys_of_all" => pack(("m".to_owned(),)),
        "find_values_of_all" => pack((model::filter::RunField::Name, String::new())),
        "find_values" => pack((things.experiment, model::filter::RunField::Name, String::new())),
        "facets" => pack((things.experiment,)),
        "run_page" | "run_lineage" | "logged_images" | "run_logs" => pack((things.run,)),
        "compare_runs" => pack((vec![things.run.to_string()],)),
        "curves" => pack((CurveRequest {
            runs: vec![things.run],
            keys: vec!["m".to_owned()],
            along: model::curve::Along::Step,
            window: None,
            buckets: 10,
        },)),
        "list_traces" => pack((model::page::trace::TracesQuery {
            experiment: things.experiment,
            run: None,
            filter: String::new(),
            after: String::new(),
        },)),
        "find_trace_words" => pack((model::page::trace::TraceWordsQuery {
            experiment: things.experiment,
            run: None,
            words: model::filter::TraceWords::Names,
            text: String::new(),
        },)),
        "trace_page" => {
            pack((model::page::trace::TraceQuestion { trace: things.trace, text: String::new(), rows: 10 },))
        }
        "read_span" => pack((things.trace, None::<model::trace::span::SpanId>)),
        "delete_traces" => pack((things.experiment, vec![things.trace])),
        "assess_trace" => pack((
            things.trace,
            model::page::trace::NewThought {
                span: None,
                name: String::new(),
                says: model::page::trace::Says::Good(true),
                rationale: String::new(),
            },
        )),
        "delete_assessment" => pack((things.trace, things.assessment)),
        "list_artifacts" => pack((root, String::new())),
        "environments" | "compare_files" => pack((vec![things.run],)),
        "compare_texts" => {
            let place = model::compared::FilePlace { root, path: "notes.txt".to_owned() };
            pack((place.clone(), place))
        }
        "artifact_text" => pack((root, "notes.txt".to_owned())),
        "read_log" => pack((things.run, "notes.txt".to_owned(), model::console::LogPart::Last)),
        other => panic!("say what is sent to the server function {other}"),
    }
}
