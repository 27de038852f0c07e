//! Webhooks' HTTP: how a delivery is sent.
//!
//! Owns: the requests ([`Courier`]), their signatures ([`signature`]), and where they may go ([`reach`]). What is sent, when, and
//! how often is the domain's: see `domain::webhook`. Must never: follow a redirect, use a proxy, connect to an address that wasn't
//! checked, or say an address in the log.

mod reach;
mod signature;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use domain::webhook::{Delivery, Received, Sender, Unsent};
use futures::future::BoxFuture;
use http::header;
use ipnet::IpNet;
use reach::{NotPublic, Reach};
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use std::{error::Error, net::IpAddr, sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take to be connected.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 16 << 10;

/// Sends deliveries.
pub struct Courier {
    http: Client,
    reach: Arc<Reach>,
}

/// Finds the addresses of names, as far as something may be sent there. What it found is what is connected to, so that a name
/// can't lead elsewhere between the two.
struct Resolver(Arc<Reach>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            reach.check_all(name.as_str(), found.iter().map(|address| address.ip()))?;
            Ok::<Addrs, Box<dyn Error + Send + Sync>>(Box::new(found.into_iter()))
        })
    }
}

/// Why it failed, without the address.
fn unsent(error: reqwest::Error) -> Unsent {
    let error = error.without_url();
    let mut words = if error.is_timeout() {
        "It took too long".to_owned()
    } else if error.is_connect() {
        "It can't be reached".to_owned()
    } else {
        "It couldn't be sent".to_owned()
    };
    let mut cause = error.source();
    let mut last = None;
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<NotPublic>() {
            return Unsent::Refused(refused.to_string());
        }
        last = Some(error.to_string());
        cause = error.source();
    }
    if let Some(last) = last {
        words.push_str(": ");
        words.push_str(&last);
    }
    words.push('.');
    Unsent::Failed(words)
}

impl Courier {
    /// One that reaches public addresses, and those in these networks.
    ///
    /// # Errors
    /// In words, if the system's certificates can't be read.
    pub fn new(allowed: Vec<IpNet>) -> Result<Self, String> {
        let reach = Arc::new(Reach::new(allowed));
        let http = Client::builder()
            .redirect(Policy::none())
            // It would be the proxy that is connected to, and not what was checked.
            .no_proxy()
            .timeout(PATIENCE)
            .connect_timeout(CONNECT)
            // Each delivery finds its way anew.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("runmark/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver(reach.clone())))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { http, reach })
    }

    /// An address as it will be used. One that names no host but an IP address is checked here, as it isn't resolved.
    fn target(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|error| format!("Invalid webhook URL: {error}"))?;
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() || !matches!(url.scheme(), "http" | "https") {
            return Err("Webhook URL must include a hostname.".to_owned());
        }
        // However it was written: 127.1, 0x7f000001 and [::ffff:127.0.0.1] are IP addresses here.
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            self.reach.check_all(host, [address]).map_err(|refused| refused.to_string())?;
        }
        Ok(url)
    }

    async fn check_target(&self, text: &str) -> Result<(), String> {
        let url = self.target(text)?;
        let host = url.host_str().unwrap_or_default();
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        let found = match timeout(CONNECT, tokio::net::lookup_host((host, 0))).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Err(format!("Cannot resolve Webhook URL hostname '{host}': {error}")),
            Err(_) => return Err(format!("Timed out resolving Webhook URL hostname '{host}'")),
        };
        let addresses = found.map(|address| address.ip());
        self.reach.check_all(host, addresses).map_err(|refused| refused.to_string())
    }

    async fn post(&self, delivery: &Delivery) -> Result<Received, Unsent> {
        let url = self.target(&delivery.url).map_err(Unsent::Refused)?;
        let id = delivery.id.to_string();
        let timestamp = (crate::time_text::now() / 1000).to_string();
        let mut request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-MLflow-Delivery-Id", &id)
            .header("X-MLflow-Timestamp", &timestamp);
        if !delivery.secret.is_empty() {
            let parts = [id.as_str(), ".", timestamp.as_str(), ".", delivery.body.as_str()];
            let signature = BASE64_STANDARD.encode(signature::hmac_sha256(&delivery.secret, &parts));
            request = request.header("X-MLflow-Signature", format!("v1,{signature}"));
        }
        let mut response = request.body(delivery.body.clone()).send().await.map_err(unsent)?;
        let (status, retry_after) = (response.status().as_u16(), retry_after(&response));
        Ok(Received { status, body: beginning(&mut response).await, retry_after })
    }
}

/// Seconds that a receiver asks to be left alone for; a date isn't read.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// How the body of an answer begins, as text. One that breaks off is what came of it.
async fn beginning(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < LONGEST_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(LONGEST_ANSWER);
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Sender for Courier {
    fn check<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.check_target(url))
    }

    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Received, Unsent>> {
        Box::pin(self.post(delivery))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(url: &str, allowed: &[&str], words: Option<&str>) {
        let allowed = allowed.iter().map(|network| network.parse().unwrap()).collect();
        let outcome = Courier::new(allowed).unwrap().check(url).await;
        match words {
            None => assert_eq!(outcome, Ok(()), "{url}"),
            Some(words) => {
                assert!(outcome.as_ref().is_err_and(|said| said.contains(words)), "{url}: {outcome:?}")
            }
        }
    }

    #[tokio::test]
    async fn only_public_addresses_are_reached() {
        check("https://93.184.215.14/hook", &[], None).await;
        check("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", &[], None).await;
        let private = Some("non-public IP address");
        for url in [
            "http://127.0.0.1:5000/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://localhost:9/",
        ] {
            check(url, &[], private).await;
        }
        check("ftp://93.184.215.14/", &[], Some("must include a hostname")).await;
    }

    #[tokio::test]
    async fn operators_may_allow_networks() {
        check("http://127.0.0.1:5000/", &["127.0.0.0/8"], None).await;
        check("http://10.0.0.7/", &["127.0.0.0/8"], Some("non-public")).await;
    }

    #[tokio::test]
    async fn what_may_not_be_reached_is_refused_when_it_is_sent_too() {
        let courier = Courier::new(Vec::new()).unwrap();
        for url in ["http://127.0.0.1:9/", "http://localhost:9/"] {
            let (url, secret, body) = (url.to_owned(), String::new(), "{}".to_owned());
            let outcome = courier.send(&Delivery { id: Default::default(), url, secret, body }).await;
            assert!(
                matches!(&outcome, Err(Unsent::Refused(said)) if said.contains("non-public")),
                "{outcome:?}"
            );
        }
    }
}
