//! Server-sent events for open pages: which runs changed, and whose traces. Everything else they ask for, and the gate
//! answers.
//!
//! `GET /live?of=e3,r0af7…,t3`: experiments, runs, and traces of experiments. Each event's data is `3/0af7…,3/1bc2…`, `3/` of
//! traces, or `*` where anything may have changed. A stream ends after a while, so that whoever listens is asked anew who they
//! are; browsers come back by themselves.

use crate::{identity::SignedIn, wire::error::WireError};
use axum::{
    body::Body,
    extract::Query,
    response::{IntoResponse, Response},
};
use domain::{News, Watched};
use futures::{Stream, StreamExt as _, stream};
use http::header;
use model::{ExperimentId, Problem};
use std::{collections::HashMap, convert::Infallible, pin::Pin, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// How often something is sent when there is nothing to tell: proxies end connections that are silent.
const BEAT: Duration = Duration::from_secs(25);
/// How long a stream lasts.
const LIFE: Duration = Duration::from_secs(600);

/// What happens on the pages' stream.
pub async fn news(
    SignedIn(acting): SignedIn,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, WireError> {
    let watched = read(query.get("of").map(String::as_str).unwrap_or_default())?;
    let news = acting.watch(watched).await?;
    let end = Instant::now() + LIFE;
    let begun = stream::once(async { Ok::<_, Infallible>("retry: 2000\n\n".to_owned()) });
    let told = stream::unfold(
        Box::pin(news) as Pin<Box<dyn Stream<Item = News> + Send>>,
        move |mut news| async move {
            let text = match timeout_at(end, timeout(BEAT, news.next())).await {
                Err(_) | Ok(Ok(None)) => return None,
                Ok(Err(_)) => ":\n\n".to_owned(),
                Ok(Ok(Some(some))) => format!("data: {}\n\n", written(&some)),
            };
            Some((Ok::<_, Infallible>(text), news))
        },
    );
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies that gather answers would hold it back.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(begun.chain(told))).into_response())
}

fn read(of: &str) -> Result<Watched, Problem> {
    let mut watched = Watched::default();
    for word in of.split(',').filter(|word| !word.is_empty()) {
        let bad = || Problem::invalid(format!("'{word}' names nothing that can be watched."));
        match word.split_at_checked(1) {
            Some(("e", id)) => watched.experiments.push(ExperimentId(id.parse().map_err(|_| bad())?)),
            Some(("t", id)) => watched.traces.push(ExperimentId(id.parse().map_err(|_| bad())?)),
            Some(("r", id)) => watched.runs.push(id.parse().map_err(|_| bad())?),
            _ => return Err(bad()),
        }
    }
    Ok(watched)
}

fn written(news: &News) -> String {
    match news {
        News::Everything => "*".to_owned(),
        News::Changed(touched) => {
            let words = touched.iter().map(|(experiment, run)| {
                format!("{experiment}/{}", run.map(|run| run.to_string()).unwrap_or_default())
            });
            words.collect::<Vec<String>>().join(",")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn what_is_watched_is_read() {
        let watched = read(&format!("e3,r{RUN},t4")).unwrap();
        assert_eq!((watched.experiments, watched.runs), (vec![ExperimentId(3)], vec![RUN.parse().unwrap()]));
        assert_eq!(watched.traces, [ExperimentId(4)]);
        assert_eq!(read("").unwrap(), Watched::default());
        for bad in ["3", "ex", "r1", "t", "x3", "é"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn news_is_short() {
        assert_eq!(written(&News::Everything), "*");
        let changed = vec![(ExperimentId(3), Some(RUN.parse().unwrap())), (ExperimentId(4), None)];
        assert_eq!(written(&News::Changed(changed)), format!("3/{RUN},4/"));
    }
}
