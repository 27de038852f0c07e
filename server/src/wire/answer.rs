//! What operations answer: a value, bytes that are JSON already, or a list that is written while it is read.

use super::error::WireError;
use axum::{
    body::{Body, Bytes, to_bytes},
    response::{IntoResponse, Response},
};
use domain::Error;
use futures::{Stream, StreamExt as _, stream};
use http::{HeaderValue, header};
use model::{Code, Problem};
use serde::Serialize;
use serde_json::Value;
use std::{mem, pin::Pin, vec};

/// Bytes of a list that are sent at once. What is shorter goes as a whole, with its length.
const PART: usize = 64 << 10;

/// The answer of an operation, as JSON.
pub enum Reply {
    /// Not written yet.
    Value(Value),
    /// Written.
    Bytes(Bytes),
    /// Being written.
    Stream(Body),
}

impl Reply {
    /// `{}`: done, and nothing to say.
    pub const EMPTY: Self = Self::Bytes(Bytes::from_static(b"{}"));

    /// A value, written.
    pub fn of(value: &impl Serialize) -> Self {
        let mut out = Vec::with_capacity(1024);
        write(value, &mut out);
        Self::Bytes(out.into())
    }

    /// What is answered, read again: for doors that show a part of it.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if a list takes more than so many bytes.
    pub async fn value(self, most: usize) -> Result<Value, Problem> {
        let bytes = match self {
            Self::Value(value) => return Ok(value),
            Self::Bytes(bytes) => bytes,
            Self::Stream(body) => to_bytes(body, most).await.map_err(|_| {
                Problem::invalid(format!("The answer takes more than {most} bytes. Ask for less at once."))
            })?,
        };
        serde_json::from_slice(&bytes)
            .map_err(|_| Problem::new(Code::InternalError, "The server wrote an answer that it can't read."))
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        if value.as_object().is_some_and(serde_json::Map::is_empty) {
            Self::EMPTY
        } else {
            Self::Value(value)
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let body = match self {
            Self::Value(value) => Body::from(value.to_string()),
            Self::Bytes(bytes) => Body::from(bytes),
            Self::Stream(body) => body,
        };
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// Appends a value as JSON.
pub fn write(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    // Memory takes everything, and keys of the protocol are texts: there is nothing that could fail.
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// `{"name": […], "next_page_token": …}` being written; without items or a token only `{}`.
pub struct Items {
    name: &'static str,
    out: Vec<u8>,
    /// Whether an item was written.
    begun: bool,
}

impl Items {
    /// None yet.
    pub fn of(name: &'static str) -> Self {
        Self { name, out: Vec::new(), begun: false }
    }

    /// Adds an item.
    pub fn add<T: ?Sized>(&mut self, item: &T, write: impl FnOnce(&T, &mut Vec<u8>)) {
        if self.begun {
            self.out.push(b',');
        } else {
            self.out.extend_from_slice(format!("{{\"{}\":[", self.name).as_bytes());
            self.begun = true;
        }
        write(item, &mut self.out);
    }

    fn end(&mut self, next: Option<String>) {
        let next = next.map(|next| format!("\"next_page_token\":{}", Value::from(next)));
        let end = match (self.begun, next) {
            (false, None) => "{}".to_owned(),
            (false, Some(next)) => format!("{{{next}}}"),
            (true, None) => "]}".to_owned(),
            (true, Some(next)) => format!("],{next}}}"),
        };
        self.out.extend_from_slice(end.as_bytes());
    }

    /// The answer.
    pub fn done(mut self, next: Option<String>) -> Reply {
        self.end(next);
        Reply::Bytes(self.out.into())
    }
}

/// A page of a list, and the token of the next one.
pub fn page<T>(
    name: &'static str,
    items: &[T],
    next: Option<String>,
    write: impl Fn(&T, &mut Vec<u8>),
) -> Reply {
    let mut list = Items::of(name);
    for item in items {
        list.add(item, &write);
    }
    list.done(next)
}

/// What [`page`] writes, of parts that come one after the other. Little of it is in memory at a time. Once the first
/// bytes are on their way, a failure can only be told by breaking off.
///
/// # Errors
/// Those of what is sent first.
pub async fn list<T, W>(
    name: &'static str,
    parts: impl Stream<Item = Result<Vec<T>, Error>> + Send + 'static,
    next: Option<String>,
    write: W,
) -> Result<Reply, WireError>
where
    T: Send + 'static,
    W: Fn(&T, &mut Vec<u8>) + Send + 'static,
{
    let mut list = List {
        written: Items::of(name),
        parts: Box::pin(parts),
        read: Vec::new().into_iter(),
        next,
        write,
        done: false,
    };
    let first = list.part().await?;
    if list.done {
        return Ok(Reply::Bytes(first));
    }
    let rest = stream::unfold(list, async |mut list| {
        if list.done {
            return None;
        }
        let part = list.part().await.map_err(|error| std::io::Error::other(Problem::from(error).message));
        list.done |= part.is_err();
        Some((part, list))
    });
    Ok(Reply::Stream(Body::from_stream(stream::once(async { Ok(first) }).chain(rest))))
}

struct List<T, W> {
    written: Items,
    parts: Pin<Box<dyn Stream<Item = Result<Vec<T>, Error>> + Send>>,
    read: vec::IntoIter<T>,
    /// The token of the next page.
    next: Option<String>,
    write: W,
    /// Whether the end was written.
    done: bool,
}

impl<T, W: Fn(&T, &mut Vec<u8>)> List<T, W> {
    /// The next bytes.
    async fn part(&mut self) -> Result<Bytes, Error> {
        loop {
            for item in self.read.by_ref() {
                self.written.add(&item, &self.write);
                if self.written.out.len() >= PART {
                    return Ok(mem::take(&mut self.written.out).into());
                }
            }
            match self.parts.next().await {
                Some(items) => self.read = items?.into_iter(),
                None => {
                    self.written.end(self.next.take());
                    self.done = true;
                    return Ok(mem::take(&mut self.written.out).into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    fn broken() -> Error {
        Error::Fault("the disk is gone".to_owned())
    }

    /// The text of a list and whether it was sent with its length, or what broke it.
    async fn check(
        parts: Vec<Result<Vec<u32>, Error>>,
        next: Option<&str>,
    ) -> Result<(String, bool), String> {
        let write = |item: &u32, out: &mut Vec<u8>| write(item, out);
        let reply = list("items", stream::iter(parts), next.map(str::to_owned), write)
            .await
            .map_err(|error| error.0.message)?;
        let whole = matches!(reply, Reply::Bytes(_));
        let body = reply.into_response().into_body().collect().await.map_err(|_| "broke off".to_owned())?;
        Ok((String::from_utf8(body.to_bytes().to_vec()).unwrap(), whole))
    }

    #[tokio::test]
    async fn short_lists_are_sent_whole_and_long_ones_in_parts() {
        assert_eq!(check(vec![], None).await, Ok(("{}".to_owned(), true)));
        assert_eq!(check(vec![Ok(vec![]), Ok(vec![])], None).await, Ok(("{}".to_owned(), true)));
        assert_eq!(
            check(vec![Ok(vec![1, 2]), Ok(vec![]), Ok(vec![3])], None).await,
            Ok((r#"{"items":[1,2,3]}"#.to_owned(), true))
        );
        assert_eq!(
            check(vec![Ok(vec![1]), Ok(vec![2])], Some("x")).await,
            Ok((r#"{"items":[1,2],"next_page_token":"x"}"#.to_owned(), true))
        );
        let numbers: Vec<u32> = (0..50_000).collect();
        let (text, whole) =
            check(numbers.chunks(999).map(|part| Ok(part.to_vec())).collect(), Some("x")).await.unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, serde_json::json!({ "items": numbers, "next_page_token": "x" }));
        assert!(!whole);
    }

    #[test]
    fn a_page_names_the_next_one() {
        let check = |items: &[u32], next: Option<&str>, expected: &str| match page(
            "items",
            items,
            next.map(str::to_owned),
            write,
        ) {
            Reply::Bytes(bytes) => assert_eq!(bytes, expected),
            _ => panic!("a page is written at once"),
        };
        check(&[], None, "{}");
        check(&[1, 2], None, r#"{"items":[1,2]}"#);
        check(&[1], Some("a\"b"), r#"{"items":[1],"next_page_token":"a\"b"}"#);
        check(&[], Some("x"), r#"{"next_page_token":"x"}"#);
    }

    #[tokio::test]
    async fn a_failure_before_the_first_bytes_is_answered_and_a_later_one_breaks_off() {
        let told = check(vec![Ok(vec![1]), Err(broken())], None).await.unwrap_err();
        assert!(told.contains("The server failed"), "{told}");
        let broke = check(vec![Ok((0..50_000).collect()), Err(broken()), Ok(vec![1])], None).await;
        assert_eq!(broke, Err("broke off".to_owned()));
    }
}
