//! A server in this process, its people, and things for them to knock at.

use super::doors::{self, Credential, Door, Load};
use axum::{Router, body::Body};
use bytes::Bytes;
use domain::{Acting, Caller, Config, Domain, Error};
use futures::stream;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use model::{
    AssessmentId, ExperimentId, GroupId, ModelId, Permission, RunId, TraceId,
    logged_model::NewModel,
    metric::Point,
    permission::Subject,
    registry::NewVersion,
    run::{Dataset, DatasetInput, LogBatch, MetricInput, NewRun, Tag},
    share::{Audience, NewShare, Reach},
    trace::{
        NewSpans, NewTrace, TraceState,
        assessment::{AssessmentKind, NewAssessment, SourceType},
        span::{Span, SpanId, SpanKind, SpanStatus},
    },
};
use server::{Wiring, router, site::SESSION_COOKIE};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A kind of caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    Anonymous,
    Stranger,
    Reader,
    Editor,
    Manager,
    Admin,
}

pub const CALLERS: [Kind; 6] =
    [Kind::Anonymous, Kind::Stranger, Kind::Reader, Kind::Editor, Kind::Manager, Kind::Admin];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Stranger => "stranger",
            Self::Reader => "reader",
            Self::Editor => "editor",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    fn level(self) -> Option<Permission> {
        match self {
            Self::Reader => Some(Permission::Read),
            Self::Editor => Some(Permission::Edit),
            Self::Manager => Some(Permission::Manage),
            Self::Anonymous | Self::Stranger | Self::Admin => None,
        }
    }
}

/// An experiment with all that can be in one, and a registered model.
pub struct Things {
    pub experiment: ExperimentId,
    pub experiment_name: String,
    pub run: RunId,
    pub model: ModelId,
    pub registered: String,
    pub artifact: String,
    pub artifact_folder: String,
    pub trace: TraceId,
    pub assessment: AssessmentId,
    /// Of doors of roles one that all callers are in; else one that isn't there.
    pub group: GroupId,
    /// The code of a link to the run for anybody, made by the admin.
    pub link: String,
}

pub struct World {
    domain: Domain,
    router: Router,
    tokens: HashMap<Kind, String>,
    count: AtomicUsize,
    /// Held by whoever signs in: a link that is used makes the others of its account void.
    signing_in: tokio::sync::Mutex<()>,
    _folder: TempDir,
}

impl World {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let domain = Domain::open(Config {
            backend_store_uri: format!("sqlite:///{}", folder.path().join("runmark.db").display()),
            default_artifact_root: "mlflow-artifacts:/".to_owned(),
            artifacts_destination: folder.path().join("artifacts"),
            default_permission: Permission::NoPermissions,
        })
        .await
        .unwrap();
        let router = router(Wiring {
            domain: domain.clone(),
            no_auth: false,
            has_tls: false,
            oidc: None,
            ldap: None,
            trusted_proxies: Default::default(),
        });
        let operator = domain.act(Caller::Local);
        let mut tokens = HashMap::new();
        for kind in CALLERS.into_iter().filter(|kind| *kind != Kind::Anonymous) {
            operator.create_user_without_password(kind.name(), kind == Kind::Admin).await.unwrap();
            let (_, token) = operator.create_token_for(kind.name(), "test").await.unwrap();
            tokens.insert(kind, token);
        }
        Self {
            domain,
            router,
            tokens,
            count: AtomicUsize::new(0),
            signing_in: Default::default(),
            _folder: folder,
        }
    }

    /// New things, in the state that the door is about.
    pub async fn things(&self, door: &Door) -> Things {
        let operator = self.domain.act(Caller::Local);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let mut things = Things::make(&operator, number).await.unwrap();
        if door.route.contains("{code}") {
            things.link = self.link_to(things.experiment, things.run).await;
        }
        if door.route.contains("/roles/") {
            things.group = self.group_of_all(&operator, door, things.experiment, number).await;
        }
        for kind in CALLERS {
            if let Some(level) = kind.level() {
                operator.grant_experiment(things.experiment, kind.name(), level).await.unwrap();
                operator.grant_registered_model(&things.registered, kind.name(), level).await.unwrap();
            }
        }
        if door.route.ends_with("experiments/restore") {
            operator.delete_experiment(things.experiment).await.unwrap();
        }
        things
    }

    /// A group that all callers are in, and that was given nothing, or for what changes a grant NO_PERMISSIONS: so its members
    /// may do what each was given.
    async fn group_of_all(
        &self,
        operator: &Acting,
        door: &Door,
        experiment: ExperimentId,
        number: usize,
    ) -> GroupId {
        let group = operator.create_group(&format!("team-{number}")).await.unwrap();
        for kind in self.tokens.keys() {
            operator.add_to_group(&group.name, kind.name()).await.unwrap();
        }
        if door.route.ends_with("/permissions/update") || door.route.ends_with("/permissions/remove") {
            let to = Subject::Group(group.name);
            operator.grant_experiment(experiment, to, Permission::NoPermissions).await.unwrap();
        }
        group.id
    }

    async fn link_to(&self, experiment: ExperimentId, run: RunId) -> String {
        let admin = self.domain.unchecked_token(&self.tokens[&Kind::Admin]).await.unwrap();
        let new = NewShare {
            address: format!("/experiments/{experiment}/runs/{run}"),
            reach: Reach::Runs(vec![run]),
            title: "run".to_owned(),
            audience: Audience::Anybody,
            password: String::new(),
            days: None,
            snapshot: None,
            with_files: true,
        };
        self.domain.act(admin).create_share(new).await.unwrap().code
    }

    /// What the door answers to this kind of caller.
    pub async fn knock(&self, door: &Door, kind: Kind, things: &Things) -> String {
        let (address, load) = doors::approach(door, things);
        let accept = if door.method == Method::GET { "text/html" } else { "*/*" };
        let mut request =
            Request::builder().method(door.method.clone()).uri(&address).header(header::ACCEPT, accept);
        if door.route == "/v1/traces" {
            request = request.header("x-mlflow-experiment-id", things.experiment.to_string());
        }
        if let Some(token) = self.tokens.get(&kind) {
            request = match door.credential {
                Credential::Token => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
                Credential::Session => request.header(header::COOKIE, self.sign_in(kind).await),
            };
        }
        let (kind_of_load, body) = match load {
            Load::Nothing => (None, Body::empty()),
            Load::Json(value) => (Some("application/json"), Body::from(value.to_string())),
            Load::Form(text) => (Some("application/x-www-form-urlencoded"), Body::from(text)),
            Load::Postcard(bytes) => (Some("application/x-postcard"), Body::from(bytes)),
            Load::Bytes(text) => (Some("application/octet-stream"), Body::from(text)),
        };
        if let Some(kind_of_load) = kind_of_load {
            request = request.header(header::CONTENT_TYPE, kind_of_load);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let is_stream =
            response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        // News has no end: that it begins is enough.
        let body = match is_stream {
            true => Bytes::from_static(b"news"),
            false => response.into_body().collect().await.unwrap().to_bytes(),
        };
        // What isn't offered, and says so, is no failure.
        assert!(
            !status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED,
            "{} {}: {}",
            kind.name(),
            door.name(),
            String::from_utf8_lossy(&body)
        );
        let empty = status == StatusCode::OK && door.asks() && matches!(body.as_ref(), b"" | b"{}" | b"\0");
        if empty { "nothing".to_owned() } else { status.as_u16().to_string() }
    }

    /// What a server function answers an admin who sends bytes that mean nothing.
    pub async fn sends_nonsense(&self, door: &Door) -> StatusCode {
        let request = Request::builder()
            .method(door.method.clone())
            .uri(&door.route)
            .header(header::COOKIE, self.sign_in(Kind::Admin).await)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(Body::from(vec![0xff; 40]))
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }

    /// The cookie of a new session: a door may end the one it is knocked at with.
    async fn sign_in(&self, kind: Kind) -> String {
        let _alone = self.signing_in.lock().await;
        let link = self.domain.act(Caller::Local).create_sign_in_link(kind.name()).await.unwrap();
        let request = Request::post("/sign-in/link")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("token={link}")))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let cookie = response.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap();
        assert!(
            cookie.starts_with(SESSION_COOKIE)
                && cookie.contains("HttpOnly")
                && cookie.contains("SameSite=Lax")
        );
        cookie.split(';').next().unwrap().to_owned()
    }

    pub async fn close(&self) {
        self.domain.close().await;
    }
}

impl Things {
    async fn make(operator: &Acting, number: usize) -> Result<Self, Error> {
        let tag = Tag { key: "k".to_owned(), value: "v".to_owned() };
        let experiment_name = format!("things-{number}");
        let experiment = operator.create_experiment(&experiment_name, "", std::slice::from_ref(&tag)).await?;
        let new = NewRun {
            experiment,
            name: String::new(),
            user: String::new(),
            start_time: 1,
            tags: vec![tag.clone()],
        };
        let run = operator.create_run(new).await?.info.id;
        let point = Point { step: 1, timestamp: 1, value: 1.0 };
        let metric = MetricInput { key: "m".to_owned(), point, model: None, dataset: None };
        operator.log(run, LogBatch { metrics: vec![metric], ..LogBatch::default() }).await?;
        let dataset = Dataset {
            name: "rows".to_owned(),
            digest: "1".to_owned(),
            source_type: "local".to_owned(),
            source: "x".to_owned(),
            schema: None,
            profile: None,
        };
        operator.log_inputs(run, &[DatasetInput { dataset, tags: Vec::new() }], &[]).await?;
        let model = operator
            .create_model(NewModel {
                experiment,
                name: "model".to_owned(),
                model_type: None,
                source_run: Some(run),
                params: Vec::new(),
                tags: vec![tag.clone()],
            })
            .await?
            .id;
        let folder = format!("{experiment}/{run}/artifacts");
        let artifact = format!("{folder}/notes.txt");
        for path in [&artifact, &format!("{experiment}/models/{model}/artifacts/MLmodel")] {
            let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"text"))]);
            operator.write_artifact(path, content).await?;
        }
        let registered = format!("registered-{number}");
        operator.create_registered_model(&registered, std::slice::from_ref(&tag), "").await?;
        operator
            .create_version(NewVersion {
                name: registered.clone(),
                source: format!("models:/{model}"),
                run: None,
                model: None,
                tags: vec![tag],
                run_link: String::new(),
                description: String::new(),
            })
            .await?;
        operator.set_alias(&registered, "best", 1).await?;
        let trace = TraceId::from_bytes((number as u128 + 1).to_be_bytes());
        let assessment = Self::make_trace(operator, experiment, trace).await?;
        Ok(Self {
            experiment,
            experiment_name,
            run,
            model,
            registered,
            artifact,
            artifact_folder: folder,
            trace,
            assessment,
            group: GroupId(run.0),
            link: String::new(),
        })
    }

    /// A trace with a step, a tag and an assessment.
    async fn make_trace(
        operator: &Acting,
        experiment: ExperimentId,
        id: TraceId,
    ) -> Result<AssessmentId, Error> {
        let span = Span {
            id: SpanId(1),
            parent: None,
            name: "step".to_owned(),
            kind: SpanKind::Internal,
            start: 1_000_000,
            end: Some(2_000_000),
            status: SpanStatus::Ok,
            message: String::new(),
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
        };
        let new = NewSpans { trace: id, spans: vec![span], tags: Vec::new() };
        operator.log_spans(experiment, None, vec![new]).await?;
        operator
            .start_trace(NewTrace {
                id,
                experiment,
                client_request_id: None,
                request_preview: None,
                response_preview: None,
                request_time: 1,
                duration: Some(1),
                state: TraceState::Ok,
                tags: vec![Tag { key: "k".to_owned(), value: "v".to_owned() }],
                metadata: Vec::new(),
                assessments: Vec::new(),
            })
            .await?;
        let assessment = NewAssessment {
            id: None,
            span: None,
            name: "good".to_owned(),
            kind: AssessmentKind::Feedback,
            value: "true".to_owned(),
            error: None,
            source_type: SourceType::Human,
            source_id: "operator".to_owned(),
            rationale: None,
            metadata: Vec::new(),
            overrides: None,
            created: None,
            updated: None,
        };
        Ok(operator.create_assessment(id, assessment).await?.id)
    }
}
