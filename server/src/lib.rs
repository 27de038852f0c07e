//! The doors and the wiring of Runmark.
//!
//! Owns: the command line ([`cli`]), connections ([`listen`]), HTTP ([`router`]): the MLflow protocol ([`wire`]), the
//! site ([`site`]), who is calling ([`identity`]). Must never: hold a rule of its own or SQL; every door leads to a use
//! case of `domain`.
//! Start reading: [`router`]. To add a door: a file with its handlers, one line in the router, a row in
//! `tests/access.txt`.

pub mod admin;
mod audit_text;
pub mod cli;
mod desk;
mod export;
pub mod identity;
pub mod ldap;
pub mod listen;
mod live;
pub mod oidc;
pub mod origin;
mod preview;
mod rendering;
pub mod second_factor;
pub mod session_store;
pub mod share;
mod sign_in;
pub mod site;
mod time_text;
pub mod tls;
mod webhook;
pub mod wire;

use axum::{
    Extension, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use domain::Domain;
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use ldap::LdapDirectory;
use oidc::Oidc;
use origin::TrustedProxies;
use std::sync::Arc;
use wire::intake::Limits;

/// What the doors share.
#[derive(Clone)]
pub struct Wiring {
    /// Where all doors lead.
    pub domain: Domain,
    /// One person on their own machine, without accounts.
    pub no_auth: bool,
    /// Whether connections are secured here, and not by a proxy.
    pub has_tls: bool,
    /// The identity provider, if there is one.
    pub oidc: Option<Oidc>,
    /// The LDAP server that the domain asks, if there is one.
    pub ldap: Option<Arc<LdapDirectory>>,
    /// Who is believed about where a call comes from.
    pub trusted_proxies: TrustedProxies,
}

impl Wiring {
    /// The domain, called by whoever sent this request.
    fn called_by(&self, parts: &Parts) -> Domain {
        match self.trusted_proxies.caller(parts) {
            Some(address) => self.domain.called_from(address),
            None => self.domain.clone(),
        }
    }
}

/// All doors.
pub fn router(wiring: Wiring) -> Router {
    router_within(wiring, Limits::default())
}

/// All doors, with limits for the bodies of the protocol's requests.
pub fn router_within(wiring: Wiring, limits: Limits) -> Router {
    Router::new()
        .merge(wire::router(limits))
        .merge(site::router(&wiring))
        .layer(Extension(wiring.clone()))
        .layer(middleware::from_fn_with_state(wiring, guard))
}

/// What holds for every door: foreign pages may change nothing, and answers are taken for what they say they are.
async fn guard(State(wiring): State<Wiring>, mut request: Request, next: Next) -> Response {
    let is_secure = wiring.has_tls || wiring.trusted_proxies.say_https(&request);
    // From here on it is true: what a caller wrote is not.
    request.headers_mut().remove(origin::SCHEME);
    if is_secure {
        request.headers_mut().insert(origin::SCHEME, HeaderValue::from_static("https"));
    }
    let headers = request.headers();
    if wiring.no_auth && !is_local_host(headers.get(header::HOST)) {
        // A page whose name is made to lead to this machine (DNS rebinding) would pass for a local one.
        let refused = "This server answers to localhost alone, because it runs without accounts.";
        return (StatusCode::FORBIDDEN, refused).into_response();
    }
    if !identity::is_safe(request.method()) && !identity::same_origin(headers) {
        return (StatusCode::FORBIDDEN, "This request came from another site.").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_secure {
        secure_cookies(headers);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Cookies of a site that is reached by TLS must not leave by anything else.
fn secure_cookies(headers: &mut HeaderMap) {
    let header::Entry::Occupied(cookies) = headers.entry(header::SET_COOKIE) else { return };
    let (_, cookies) = cookies.remove_entry_mult();
    let cookies: Vec<HeaderValue> = cookies.collect();
    for cookie in cookies {
        let text = String::from_utf8_lossy(cookie.as_bytes()).into_owned();
        let is_secure = text.split(';').any(|part| part.trim().eq_ignore_ascii_case("secure"));
        let secured = if is_secure { Ok(cookie) } else { HeaderValue::try_from(format!("{text}; Secure")) };
        if let Ok(secured) = secured {
            headers.append(header::SET_COOKIE, secured);
        }
    }
}

fn is_local_host(host: Option<&HeaderValue>) -> bool {
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    name.is_some_and(|name| {
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_a_secured_site_are_secure() {
        let check = |cookies: &[&'static str], expected: &[&str]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
            }
            secure_cookies(&mut headers);
            let found: Vec<&str> =
                headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
            assert_eq!(found, expected);
        };
        check(&[], &[]);
        check(&["a=1; Path=/", "b=2; secure"], &["a=1; Path=/; Secure", "b=2; secure"]);
    }

    #[test]
    fn local_hosts_are_told_by_name() {
        let check = |host: &'static str, expected| {
            assert_eq!(is_local_host(Some(&HeaderValue::from_static(host))), expected, "{host}");
        };
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.8.8.8", "[::1]:5000", "[::1]"] {
            check(host, true);
        }
        for host in ["evil.example", "localhost.evil.example", "10.0.0.1:5000", "127.0.0.1.evil.example", ""]
        {
            check(host, false);
        }
    }
}
