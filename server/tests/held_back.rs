//! Who sends a form is looked at when all of it is there: a right that was lost meanwhile is lost.

#![allow(clippy::unwrap_used)]

use axum::body::{Body, Bytes};
use domain::{Caller, Config, Domain};
use futures::stream;
use http::{Request, StatusCode, header};
use model::Permission;
use server::{Wiring, router};
use tokio::sync::oneshot;
use tower::ServiceExt as _;

#[tokio::test]
async fn a_form_that_is_held_back_counts_for_nothing_once_its_sender_is_disabled() {
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
    for (name, is_admin) in [("root", true), ("mallory", true), ("friend", false)] {
        operator.create_user_without_password(name, is_admin).await.unwrap();
    }
    let link = operator.create_sign_in_link("mallory").await.unwrap();
    let request = Request::post("/sign-in/link")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("token={link}")))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let cookie =
        response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();

    let (release, released) = oneshot::channel::<()>();
    let rest = stream::once(async {
        released.await.unwrap();
        Ok::<_, std::io::Error>(Bytes::from_static(b"&action=make-admin"))
    });
    let begin = stream::once(async { Ok(Bytes::from_static(b"name=friend")) });
    let request = Request::post("/admin/people")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from_stream(futures::StreamExt::chain(begin, rest)))
        .unwrap();
    let sent = tokio::spawn(router.oneshot(request));
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    operator.disable_user("mallory").await.unwrap();
    release.send(()).unwrap();
    let response = sent.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let users = operator.list_users().await.unwrap();
    assert!(users.iter().all(|user| user.is_admin == (user.name != "friend")));
    domain.close().await;
}
