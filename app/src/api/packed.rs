use super::Fault;
use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};
use server_fn::{Decodes, Encodes, codec::PostcardEncoding};

/// How values travel inside a rendered page: JSON would lose NaN and infinities.
pub struct Packed;

impl<T: Serialize + 'static> Encoder<T> for Packed {
    type Error = <PostcardEncoding as Encodes<T>>::Error;
    type Encoded = Vec<u8>;

    fn encode(value: &T) -> Result<Vec<u8>, Self::Error> {
        <PostcardEncoding as Encodes<T>>::encode(value).map(Vec::from)
    }
}

impl<T: DeserializeOwned + 'static> Decoder<T> for Packed {
    type Error = <PostcardEncoding as Decodes<T>>::Error;
    type Encoded = [u8];

    fn decode(bytes: &[u8]) -> Result<T, Self::Error> {
        <PostcardEncoding as Decodes<T>>::decode(bytes.to_vec().into())
    }
}

/// What a server function answered, or will.
pub type Answer<T> = Resource<Result<T, Fault>, Packed>;

/// Asks the server, again whenever the question changes. The rendered page waits for the answer and carries it along,
/// so that the browser need not ask once more.
pub fn fetch<Q, T, F>(
    question: impl Fn() -> Q + Send + Sync + 'static,
    ask: impl Fn(Q) -> F + Send + Sync + 'static,
) -> Answer<T>
where
    Q: Send + Sync + Clone + PartialEq + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, Fault>> + Send + 'static,
{
    // A question whose signals are gone, because their part of the page is, is asked no more.
    let question = Memo::new(move |_| question());
    let answer = move |question: Option<Q>| {
        let answer = question.map(&ask);
        async move {
            match answer {
                Some(answer) => answer.await,
                None => std::future::pending().await,
            }
        }
    };
    Resource::new_with_options(move || question.try_get(), answer, true)
}
