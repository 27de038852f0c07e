//! Connections: accepted, given their time, and ended in good order.

use crate::{origin::Peer, tls::Tls};
use axum::{Router, body::Body, serve::Listener};
use http::Request;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// Bytes that a connection reads or writes at once, and the longest head of a request. Hyper's own bound is six times as
/// much, which hundreds of connections with large batches would hold.
const BUFFER: usize = 64 << 10;

/// How long connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long the head of a request may take, and how long a connection may rest between two requests. Clients keep
    /// connections and send again over a new one, but not every call may be sent twice; so it is longer than the pauses
    /// that most programs make.
    pub head: Duration,
    /// How long a connection may take to become secure.
    pub handshake: Duration,
    /// How long requests may go on when the server is told to stop.
    pub farewell: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(90),
            handshake: Duration::from_secs(10),
            farewell: Duration::from_secs(30),
        }
    }
}

/// Answers requests until told to stop, and then those that have begun.
pub async fn serve(
    mut listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    patience: Patience,
    stop: impl Future<Output = ()> + Send,
) {
    // Connections hold the one to hear of the end, and the other so that it is known when the last of them is done.
    let (stopping, stopped) = watch::channel(false);
    let (open, closed) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            connection = Listener::accept(&mut listener) => connection,
            () = &mut stop => break,
        };
        let peer = Peer(address.ip().to_canonical());
        let call = Call {
            peer,
            router: router.clone(),
            patience,
            stopped: stopped.clone(),
            _closed: closed.clone(),
        };
        match &tls {
            None => drop(tokio::spawn(call.of(stream))),
            Some(tls) => drop(tokio::spawn(call.of_secured(stream, tls.acceptor()))),
        }
    }
    drop((listener, closed));
    let _ = stopping.send(true);
    if timeout(patience.farewell, open.closed()).await.is_err() {
        tracing::warn!("some requests took too long and were cut off");
    }
}

/// A connection, and what is done with it.
struct Call {
    peer: Peer,
    router: Router,
    patience: Patience,
    stopped: watch::Receiver<bool>,
    _closed: watch::Receiver<()>,
}

impl Call {
    async fn of(self, stream: TcpStream) {
        // Answers are small: each leaves at once.
        let _ = stream.set_nodelay(true);
        self.converse(stream).await;
    }

    async fn of_secured(self, stream: TcpStream, acceptor: TlsAcceptor) {
        let _ = stream.set_nodelay(true);
        // Whoever speaks no TLS, or doesn't trust the certificate, goes away by themselves.
        if let Ok(Ok(stream)) = timeout(self.patience.handshake, acceptor.accept(stream)).await {
            self.converse(stream).await;
        }
    }

    async fn converse(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let peer = self.peer;
        let service = self.router.map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            request
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.patience.head)
                .max_buf_size(BUFFER)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        );
        // However it ends, there is nobody left to tell.
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = self.stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::post;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::oneshot,
        time::sleep,
    };

    const SHORT: Patience = Patience {
        head: Duration::from_millis(100),
        handshake: Duration::from_millis(100),
        farewell: Duration::from_millis(300),
    };

    /// Instead of bytes: the server is told to stop.
    const STOP: &str = "stop";

    /// What a server answers to these bytes, each sent after a pause, until it closes the connection.
    async fn check(sent: &[(u64, &str)], expected: &[&str]) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = async |body: String| {
            sleep(Duration::from_millis(150)).await;
            body
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let mut stop = Some(stop);
        let router = Router::new().route("/", post(async |body: String| body)).route("/slow", post(slow));
        let server = tokio::spawn(serve(listener, None, router, SHORT, async { drop(stopped.await) }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        for (pause, bytes) in sent {
            sleep(Duration::from_millis(*pause)).await;
            if *bytes == STOP {
                stop.take();
            } else {
                // It may be closed already.
                let _ = stream.write_all(bytes.as_bytes()).await;
            }
        }
        let mut answer = String::new();
        let ended = timeout(Duration::from_secs(10), stream.read_to_string(&mut answer)).await;
        assert!(ended.is_ok(), "the connection stays open");
        let answers: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|text| &text[..3]).collect();
        assert_eq!(answers, expected, "{answer}");
        server.abort();
    }

    const HEAD: &str = "HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n";

    #[tokio::test]
    async fn connections_are_kept_and_idle_ones_closed() {
        let request = format!("POST / {HEAD}ok");
        check(&[(0, &request), (20, &request)], &["200", "200"]).await;
        check(&[], &[]).await;
    }

    #[tokio::test]
    async fn a_head_that_drips_is_cut_off() {
        let request = format!("POST / {HEAD}ok");
        let drips: Vec<(u64, &str)> = request.split_inclusive(' ').map(|part| (60, part)).collect();
        check(&drips, &[]).await;
    }

    #[tokio::test]
    async fn a_request_that_has_begun_is_answered_before_the_end() {
        let request = format!("POST /slow {HEAD}ok");
        check(&[(0, &request), (50, STOP)], &["200"]).await;
    }
}
