//! A server in this process, with a few things in it and somebody who may do everything.

use crate::Written;
use anyhow::Context as _;
use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use domain::{Acting, Caller, Config, Domain};
use futures::stream;
use http::{HeaderValue, Request, header};
use model::{
    ModelId, Permission, RunId,
    logged_model::NewModel,
    metric::Point,
    registry::NewVersion,
    run::{LogBatch, MetricInput, NewRun, Tag},
    share::{Audience, NewShare, Reach},
};
use server::{Wiring, router};
use tempfile::TempDir;
use tower::ServiceExt as _;

const ADMIN: &str = "ada";

pub struct World {
    domain: Domain,
    router: Router,
    authorization: HeaderValue,
    cookie: HeaderValue,
    run: RunId,
    model: ModelId,
    link: String,
    _folder: TempDir,
}

impl World {
    pub async fn open() -> anyhow::Result<World> {
        let folder = tempfile::tempdir()?;
        let domain = Domain::open(Config {
            backend_store_uri: format!("sqlite:///{}", folder.path().join("runmark.db").display()),
            default_artifact_root: "mlflow-artifacts:/".to_owned(),
            artifacts_destination: folder.path().join("artifacts"),
            default_permission: Permission::NoPermissions,
        })
        .await?;
        let router = router(Wiring {
            domain: domain.clone(),
            no_auth: false,
            has_tls: false,
            oidc: None,
            ldap: None,
            trusted_proxies: Default::default(),
        });
        let operator = domain.act(Caller::Local);
        operator.create_user_without_password(ADMIN, true).await?;
        let (_, token) = operator.create_token_for(ADMIN, "fuzz").await?;
        let admin = domain.act(domain.unchecked_token(&token).await?);
        let (run, model, link) = things(&admin).await?;
        let sign_in = operator.create_sign_in_link(ADMIN).await?;
        let cookie = sign_in_by(&router, &sign_in).await?;
        let authorization = HeaderValue::try_from(format!("Bearer {token}"))?;
        Ok(World { domain, router, authorization, cookie, run, model, link, _folder: folder })
    }

    pub async fn close(self) {
        self.domain.close().await;
    }

    /// The input with the ids that there are.
    pub fn fill_in(&self, input: &[u8]) -> Vec<u8> {
        let (run, model) = (self.run.to_string(), self.model.to_string());
        let ids: [(&[u8], &[u8]); 5] = [
            (&b"@RUN"[..], run.as_bytes()),
            (&b"@MODEL"[..], model.as_bytes()),
            (&b"@LINK"[..], self.link.as_bytes()),
            (&b"@run"[..], &self.run.0.as_bytes()[..]),
            (&b"@model"[..], &self.model.0.as_bytes()[..]),
        ];
        ids.into_iter().fold(input.to_vec(), |input, (name, id)| replaced(&input, name, id))
    }

    /// The request, with a credential if it has none; `None` for what no client could send.
    pub fn request(&self, written: &Written<'_>) -> Option<Request<Body>> {
        let mut request = Request::builder()
            .method(written.method.clone())
            .uri(written.target)
            .body(Body::from(written.body.to_vec()))
            .ok()?;
        let is_protocol = ["/api/", "/ajax-api/", "/v1/", "/graphql", "/get-artifact", "/model-versions/"]
            .iter()
            .any(|prefix| request.uri().path().starts_with(prefix));
        let headers = request.headers_mut();
        let (name, credential) = match is_protocol {
            true => (header::AUTHORIZATION, &self.authorization),
            false => (header::COOKIE, &self.cookie),
        };
        headers.insert(name, credential.clone());
        if is_protocol {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        for (name, value) in &written.headers {
            headers.insert(name.clone(), value.clone());
        }
        Some(request)
    }

    pub async fn answer(&self, request: Request<Body>) -> Response {
        let Ok(response) = self.router.clone().oneshot(request).await;
        response
    }
}

fn replaced(bytes: &[u8], name: &[u8], id: &[u8]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(name.len()).position(|bytes| bytes == name) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(id);
        rest = &rest[at + name.len()..];
    }
    filled.extend_from_slice(rest);
    filled
}

/// The cookie of a new session.
async fn sign_in_by(router: &Router, link: &str) -> anyhow::Result<HeaderValue> {
    let request = Request::post("/sign-in/link")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("token={link}")))?;
    let response = router.clone().oneshot(request).await?;
    let cookie = response.headers().get(header::SET_COOKIE).context("nobody was signed in")?.to_str()?;
    Ok(HeaderValue::from_str(cookie.split(';').next().unwrap_or_default())?)
}

/// Experiment 1 with a run, files and a logged model, the registered model `churn` with a version, and a link for anybody.
async fn things(admin: &Acting) -> anyhow::Result<(RunId, ModelId, String)> {
    let tag = Tag { key: "team".to_owned(), value: "churn".to_owned() };
    let tags = std::slice::from_ref(&tag);
    let experiment = admin.create_experiment("vision", "", tags).await?;
    let new = NewRun {
        experiment,
        name: "first".to_owned(),
        user: ADMIN.to_owned(),
        start_time: 1,
        tags: vec![tag.clone()],
    };
    let run = admin.create_run(new).await?.info.id;
    let metrics = (0..20_u8).map(|step| MetricInput {
        key: "loss".to_owned(),
        point: Point { step: step.into(), timestamp: step.into(), value: 1.0 / f64::from(step) },
        model: None,
        dataset: None,
    });
    let params = vec![Tag { key: "lr".to_owned(), value: "0.1".to_owned() }];
    admin.log(run, LogBatch { metrics: metrics.collect(), params, ..LogBatch::default() }).await?;
    let new = NewModel {
        experiment,
        name: "model".to_owned(),
        model_type: None,
        source_run: Some(run),
        params: Vec::new(),
        tags: vec![tag.clone()],
    };
    let model = admin.create_model(new).await?.id;
    for path in [
        format!("{experiment}/{run}/artifacts/notes.txt"),
        format!("{experiment}/{run}/artifacts/logs/train.log"),
        format!("{experiment}/models/{model}/artifacts/MLmodel"),
    ] {
        let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"first line\nsecond\n"))]);
        admin.write_artifact(&path, content).await?;
    }
    admin.create_registered_model("churn", tags, "").await?;
    let version = NewVersion {
        name: "churn".to_owned(),
        source: format!("models:/{model}"),
        run: None,
        model: None,
        tags: vec![tag],
        run_link: String::new(),
        description: String::new(),
    };
    admin.create_version(version).await?;
    admin.set_alias("churn", "best", 1).await?;
    let share = NewShare {
        address: format!("/experiments/{experiment}/runs/{run}"),
        reach: Reach::Runs(vec![run]),
        title: "run".to_owned(),
        audience: Audience::Anybody,
        password: String::new(),
        days: None,
        snapshot: None,
        with_files: true,
    };
    let link = admin.create_share(share).await?.code;
    Ok((run, model, link))
}
