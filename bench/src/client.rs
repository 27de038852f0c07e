//! An HTTP/1.1 client that costs next to nothing: the load generator shares the machine with the server it measures.
//!
//! A request is bytes that were put together beforehand; an answer is a status and a body in a buffer that is used again.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// MLflow's client gives up after this time too.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that was idle for longer isn't used again: uvicorn closes them after five seconds.
const FRESH: Duration = Duration::from_secs(2);

/// A kept-alive connection with one request under way at a time.
pub struct Connection {
    address: SocketAddr,
    /// With the time when it was last used.
    stream: Option<(TcpStream, Instant)>,
    received: Vec<u8>,
    unchunked: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The status code.
    pub status: u16,
    /// The body without its transfer encoding.
    pub body: &'a [u8],
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let mut connection =
            Connection { address, stream: None, received: Vec::new(), unchunked: Vec::new() };
        connection.stream = Some((connection.connect().await?, Instant::now()));
        Ok(connection)
    }

    async fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(self.address).await.context("can't connect")?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends a request and reads the whole answer. After an error or where the server says so, the next request opens
    /// a new connection.
    ///
    /// # Errors
    /// When the connection breaks, the answer is no HTTP, or none comes in two minutes.
    pub async fn send(&mut self, request: &[u8]) -> Result<Reply<'_>> {
        let mut stream = match self.stream.take() {
            Some((stream, used)) if used.elapsed() < FRESH => stream,
            _ => self.connect().await?,
        };
        let head = match timeout(PATIENCE, self.exchange(&mut stream, request)).await {
            Ok(head) => head?,
            Err(_) => bail!("no answer in {} s", PATIENCE.as_secs()),
        };
        if !head.closes {
            self.stream = Some((stream, Instant::now()));
        }
        let body = match head.body {
            Body::Length(length) => &self.received[head.length..head.length + length],
            Body::Chunked => &self.unchunked[..],
            Body::UntilClosed => &self.received[head.length..],
        };
        Ok(Reply { status: head.status, body })
    }

    /// Sends a request whose answer must be a success; returns its body.
    ///
    /// # Errors
    /// As [`Connection::send`], and where the status isn't 200.
    pub async fn succeed(&mut self, request: &[u8]) -> Result<&[u8]> {
        let reply = self.send(request).await?;
        if reply.status != 200 {
            let said: String = String::from_utf8_lossy(reply.body).chars().take(300).collect();
            bail!("status {}: {said}", reply.status);
        }
        Ok(reply.body)
    }

    async fn exchange(&mut self, stream: &mut TcpStream, request: &[u8]) -> Result<Head> {
        stream.write_all(request).await.context("can't send")?;
        self.received.clear();
        let head = loop {
            self.read_more(stream).await?;
            if let Some(head) = Head::parse(&self.received)? {
                break head;
            }
        };
        match head.body {
            Body::Length(length) => {
                let whole = head.length + length;
                self.received.reserve(whole.saturating_sub(self.received.len()));
                while self.received.len() < whole {
                    self.read_more(stream).await?;
                }
            }
            Body::Chunked => {
                self.unchunked.clear();
                let mut at = head.length;
                while !unchunk(&self.received, &mut at, &mut self.unchunked)? {
                    self.read_more(stream).await?;
                }
            }
            Body::UntilClosed => while stream.read_buf(&mut self.received).await? > 0 {},
        }
        Ok(head)
    }

    async fn read_more(&mut self, stream: &mut TcpStream) -> Result<()> {
        if self.received.capacity() - self.received.len() < 4096 {
            self.received.reserve(64 * 1024);
        }
        if stream.read_buf(&mut self.received).await.context("can't receive")? == 0 {
            bail!("the server closed the connection before its answer was complete");
        }
        Ok(())
    }
}

/// What the head of an answer says.
struct Head {
    status: u16,
    /// Bytes of the head, its empty line included.
    length: usize,
    body: Body,
    closes: bool,
}

enum Body {
    Length(usize),
    Chunked,
    UntilClosed,
}

impl Head {
    /// `None` while the head isn't complete.
    fn parse(received: &[u8]) -> Result<Option<Head>> {
        let Some(end) = find(received, b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&received[..end]).context("the answer's head is no text")?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .context("the answer is no HTTP/1.1")?;
        let mut head = Head { status, length: end + 4, body: Body::UntilClosed, closes: false };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.body = Body::Length(value.parse().context("a content-length that is no number")?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
            {
                head.body = Body::Chunked;
            } else if name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close") {
                head.closes = true;
            }
        }
        head.closes |= matches!(head.body, Body::UntilClosed);
        Ok(Some(head))
    }
}

/// Moves chunks that are complete from `received` at `at` on to `body`; whether the last one was among them.
fn unchunk(received: &[u8], at: &mut usize, body: &mut Vec<u8>) -> Result<bool> {
    loop {
        let rest = &received[*at..];
        let Some(line) = find(rest, b"\r\n") else { return Ok(false) };
        let size = std::str::from_utf8(&rest[..line]).context("a chunk without a size")?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).context("a chunk's size is no number")?;
        if size == 0 {
            // Fields may follow; an empty line ends them.
            return Ok(find(&rest[line..], b"\r\n\r\n").is_some());
        }
        let (start, end) = (line + 2, line + 2 + size);
        if rest.len() < end + 2 {
            return Ok(false);
        }
        body.extend_from_slice(&rest[start..end]);
        *at += end + 2;
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// What the client makes of an answer that comes in parts.
    async fn check(parts: &'static [&'static str], status: u16, body: &str) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.unwrap();
            for part in parts {
                stream.write_all(part.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let mut connection = Connection::open(address).await.unwrap();
        let reply = connection.send(b"GET ").await.unwrap();
        assert_eq!((reply.status, std::str::from_utf8(reply.body).unwrap()), (status, body));
        server.await.unwrap();
    }

    #[tokio::test]
    async fn answers_are_read_whole_however_they_are_cut() {
        check(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], 200, "hello").await;
        check(&["HTTP/1.1 40", "4 Not\r\ncontent-length: 5\r\n", "\r\nhe", "llo"], 404, "hello").await;
        const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(&[HEAD, "5\r\nhel", "lo\r\n1;x=y\r\n!\r\n", "0\r\n", "\r\n"], 200, "hello!").await;
        check(&["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel", "lo"], 200, "hello").await;
        check(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], 200, "").await;
    }

    #[tokio::test]
    async fn half_an_answer_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").await.unwrap();
        });
        let mut connection = Connection::open(address).await.unwrap();
        let error = connection.send(b"GET ").await.unwrap_err();
        assert!(error.to_string().contains("closed"), "{error}");
        server.await.unwrap();
    }
}
