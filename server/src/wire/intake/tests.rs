use super::*;
use futures::{Stream, stream};
use http_body_util::BodyExt as _;
use std::{convert::Infallible, time::Duration};

const SHORT: Limits = Limits {
    idle: Duration::from_millis(40),
    whole: Duration::from_millis(120),
    wait: Duration::from_millis(40),
    ordinary: 4 << 10,
    ordinary_body: 2 << 10,
    large: 8 << 10,
};

fn chunks(count: usize, pause: Duration) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter(0..count).then(move |_| async move {
        tokio::time::sleep(pause).await;
        Ok(Bytes::from_static(&[7; 100]))
    })
}

async fn status(refusal: Refusal) -> u16 {
    let response = refusal.into_response();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert!(body["error_code"].is_string() && body["message"].is_string(), "{body}");
    status
}

/// The length of what was read, or the status of the refusal.
async fn check(body: Body, longest: usize, expected: Result<usize, u16>) {
    let read = match Intake::new(SHORT).read(body, longest).await {
        Ok(received) => Ok(received.bytes.len()),
        Err(refusal) => Err(status(refusal).await),
    };
    assert_eq!(read, expected);
}

#[tokio::test]
async fn bodies_come_whole_or_in_parts_and_not_too_long() {
    let parts = |count| Body::from_stream(chunks(count, Duration::ZERO));
    check(Body::empty(), 10, Ok(0)).await;
    check(Body::from("0123456789"), 10, Ok(10)).await;
    check(parts(10), 1000, Ok(1000)).await;
    check(Body::from("0123456789A"), 10, Err(413)).await;
    check(parts(11), 1000, Err(413)).await;
    // More than all the memory there is, but nobody else wants any.
    check(parts(10), 1 << 20, Ok(1000)).await;
}

#[tokio::test]
async fn a_body_that_stops_or_drips_is_refused() {
    let stops = chunks(3, Duration::ZERO).chain(stream::pending());
    check(Body::from_stream(stops), 1000, Err(408)).await;
    check(Body::from_stream(chunks(100, Duration::from_millis(10))), 1 << 20, Err(408)).await;
    let response = Refusal::Slow.into_response();
    assert_eq!(response.headers()[header::CONNECTION], "close");
}

#[tokio::test]
async fn who_finds_no_memory_is_told_to_come_back_and_large_bodies_have_their_own() {
    let intake = Intake::new(SHORT);
    let read = |bytes: usize| intake.read(Body::from(vec![7; bytes]), 1 << 20);
    let first = read(2048).await.unwrap();
    let _second = read(2048).await.unwrap();
    let refusal = read(1).await.err().unwrap();
    let response = refusal.into_response();
    assert_eq!(
        (response.status().as_u16(), &response.headers()[header::RETRY_AFTER]),
        (429, &"1".parse().unwrap())
    );
    assert!(read(4096).await.is_ok());
    let (third, ()) = tokio::join!(read(2048), async { drop(first) });
    assert!(third.is_ok());
}
