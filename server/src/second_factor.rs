//! Doors of two-step sign-in: where a code is shown, and where somebody sets it up.

use crate::{
    desk::{Desk, Pairs, one, shown},
    site::style_path,
};
use app::{CODE_PATH, HalfSignedIn};
use axum::{
    Extension, Form, Router,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{Domain, Error, account::NewSecondFactor};
use http::{HeaderMap, StatusCode};
use model::{Code, Problem, account::SecondFactorState};
use plain::{
    frame::Outcome,
    second_factor::{self, Step},
};
use tower_sessions::Session;

/// All of them.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(CODE_PATH, get(ask).post(finish)).route("/account/second-factor", get(page).post(act))
}

/// Paths of the doors, for the table of access.
pub const DOORS: [(&str, &str); 4] = [
    ("GET", "/account/second-factor"),
    ("GET", "/sign-in/code"),
    ("POST", "/account/second-factor"),
    ("POST", "/sign-in/code"),
];

async fn ask(session: Session, headers: HeaderMap) -> Response {
    match HalfSignedIn::of(&session).await {
        Some(_) => shown(Ok(second_factor::ask(style_path(), app::theme(&headers), None))),
        None => Redirect::to("/sign-in").into_response(),
    }
}

async fn finish(
    Extension(domain): Extension<Domain>,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Pairs>,
) -> Response {
    let Some(half) = HalfSignedIn::of(&session).await else {
        return Redirect::to("/sign-in").into_response();
    };
    let caller = match domain.unchecked_show_code(&half.first, one(&form, "code")).await {
        Ok(caller) => caller,
        Err(Error::Problem(problem)) => {
            let status = match problem.code {
                Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNAUTHORIZED,
            };
            let page = second_factor::ask(style_path(), app::theme(&headers), Some(problem.message));
            let mut response = shown(Ok(page));
            *response.status_mut() = status;
            return response;
        }
        Err(error) => return shown(Err(error)),
    };
    let kept = async {
        HalfSignedIn::end(&session).await?;
        app::keep_signed_in(&session, &domain, &caller, &headers).await?;
        if half.by_link {
            session.insert(app::SESSION_BY_LINK, true).await?;
        }
        Ok::<_, tower_sessions::session::Error>(())
    };
    match kept.await {
        Ok(()) => Redirect::to(app::local_path(&half.next)).into_response(),
        Err(error) => shown(Err(Error::Fault(format!("session: {error}")))),
    }
}

fn begun_step(begun: NewSecondFactor) -> Step {
    let NewSecondFactor { secret, address } = begun;
    Step::Begun { secret, address }
}

/// What was scanned is good for another try.
async fn confirm_again(mut desk: Desk, error: Error) -> Response {
    match desk.acting.begun_second_factor().await {
        Ok(begun) => {
            desk.frame.outcome = Some(Outcome::Failed(Problem::from(error).message));
            shown(Ok(second_factor::page(desk.frame, begun_step(begun))))
        }
        Err(_) => desk.lead("/account/second-factor", Err(error)).await,
    }
}

async fn page(desk: Desk) -> Response {
    let by_link = desk.acting.came_by_link().await.unwrap_or_default();
    let step = desk.acting.second_factor().await.map(|state| match state {
        SecondFactorState::Off => Step::Off { by_link },
        SecondFactorState::On { recovery_codes } => Step::On { recovery_codes },
    });
    shown(step.map(|step| second_factor::page(desk.frame, step)))
}

async fn act(desk: Desk, Form(form): Form<Pairs>) -> Response {
    let code = one(&form, "code");
    match one(&form, "action") {
        "begin" => match desk.acting.begin_second_factor(one(&form, "password")).await {
            Ok(begun) => shown(Ok(second_factor::page(desk.frame, begun_step(begun)))),
            Err(error) => desk.lead("/account/second-factor", Err(error)).await,
        },
        "confirm" => match desk.acting.confirm_second_factor(code).await {
            Ok(recovery_codes) => shown(Ok(second_factor::page(desk.frame, Step::Done { recovery_codes }))),
            Err(error) => confirm_again(desk, error).await,
        },
        "remove" => {
            let removed = desk.acting.remove_second_factor(code).await;
            desk.lead("/account/second-factor", removed.map(|()| "Two-step sign-in is off.".to_owned())).await
        }
        _ => {
            desk.lead("/account/second-factor", Err(Problem::invalid("There is no such action.").into()))
                .await
        }
    }
}
