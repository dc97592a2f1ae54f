//! A client that costs little beside the server it measures: one keep-alive HTTP/1.1 connection, requests as ready bytes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(30);
const MOST_HEADERS: usize = 64;

/// Bytes of a request, ready to send any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// A request without a body.
    pub(crate) fn new(method: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::build(method, path, headers, None)
    }

    /// A request with a JSON body.
    pub(crate) fn json(method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Self {
        Self::build(method, path, headers, Some(body.to_string()))
    }

    fn build(method: &str, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Self {
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), "Host: 127.0.0.1".to_owned()];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if let Some(body) = &body {
            lines.push("Content-Type: application/json".to_owned());
            lines.push(format!("Content-Length: {}", body.len()));
        } else if method != "GET" {
            lines.push("Content-Length: 0".to_owned());
        }
        let mut bytes = lines.join("\r\n").into_bytes();
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(body.unwrap_or_default().as_bytes());
        Self(bytes)
    }
}

/// What a server answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body, as sent.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, `Null` where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The envelope's code, or else the HTTP status.
    pub(crate) fn code(&self) -> u64 {
        self.json()["code"].as_u64().unwrap_or_else(|| u64::from(self.status))
    }

    /// The first header of that name (in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Status and body in one line, for a message.
    pub(crate) fn in_short(&self) -> String {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(200).collect();
        format!("HTTP {} {body}", self.status)
    }
}

/// One connection, opened at the first request and again after the server closed it.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

impl Connection {
    /// Connects at the first request.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, received: Vec::with_capacity(4096) }
    }

    /// Sends and waits for the whole answer; after an error the next call connects anew.
    pub(crate) async fn send(&mut self, request: &Request) -> io::Result<Answer> {
        let exchanged = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let result = exchanged.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
        if result.is_err() {
            self.stream = None;
        }
        result
    }

    async fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        stream.write_all(&request.0).await?;
        self.received.clear();
        let head = loop {
            if let Some(head) = Head::parse(&self.received)? {
                break head;
            }
            read_more(&mut stream, &mut self.received).await?;
        };
        let end = head.length + head.body_length;
        while self.received.len() < end {
            read_more(&mut stream, &mut self.received).await?;
        }
        if !head.closes {
            self.stream = Some(stream);
        }
        let body = self.received[head.length..end].to_vec();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// One request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: &Request) -> io::Result<Answer> {
    Connection::new(address).send(request).await
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read_more(stream: &mut TcpStream, into: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(into).await? {
        0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        _ => Ok(()),
    }
}

struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    length: usize,
    body_length: usize,
    closes: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut parsed = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut parsed);
        let length = match response.parse(bytes).map_err(io::Error::other)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(None),
        };
        let headers: Vec<(String, String)> = response
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
            .collect();
        let value = |name: &str| headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let status = response.code.unwrap_or_default();
        let body_length = match value("content-length") {
            Some(text) => text.parse().map_err(io::Error::other)?,
            None if matches!(status, 204 | 304) => 0,
            None => return Err(io::Error::other("an answer without Content-Length")),
        };
        let closes = value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok(Some(Self { status, headers, length, body_length, closes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\n{}";
        assert!(Head::parse(&whole[..30]).expect("a beginning").is_none());
        let head = Head::parse(whole).expect("well-formed").expect("whole");
        assert_eq!((head.status, head.body_length, head.closes), (200, 2, true));
        assert_eq!(&whole[head.length..], b"{}");
    }

    #[test]
    fn an_answer_of_unknown_length_is_an_error() {
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
