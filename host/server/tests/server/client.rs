//! A plain HTTP/1.1 client: what it sends is what the test wrote, nothing added or repaired.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} is not JSON: {}", self.status, self.body))
    }

    /// The value of a cookie that it sets.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie"))
            .filter_map(|(_, v)| v.split(';').next()?.split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.to_owned())
    }

    /// Every problem has all of its members; returns the code.
    pub(crate) fn problem(&self) -> String {
        let json = self.json();
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{json}");
        let text = |name: &str| json[name].as_str().unwrap_or_else(|| panic!("{name} is missing: {json}")).to_owned();
        let code = text("code");
        assert_eq!(text("type"), format!("urn:counterfoil:problem:{code}"));
        assert_eq!(json["status"], self.status);
        assert!(!text("title").is_empty());
        assert!(json["retriable"].is_boolean(), "{json}");
        assert!(["none", "committed", "uncertain"].contains(&text("outcome").as_str()), "{json}");
        assert_eq!(Some(text("request_id").as_str()), self.header("x-request-id"));
        assert!(text("request_id").starts_with("req_"), "{json}");
        // What happened, what it means for the money, what to do.
        let sentences = text("detail").matches(['.', '?', '…']).count();
        assert!(sentences >= 3, "the detail says too little: {}", text("detail"));
        for error in json["errors"].as_array().map(Vec::as_slice).unwrap_or_default() {
            assert!(
                error["pointer"].is_string() && error["detail"].is_string() && error["code"].is_string(),
                "{error}"
            );
        }
        code
    }
}

pub(crate) async fn connect(address: SocketAddr, head: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
    stream
}

pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: counterfoil.test\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head
}

pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Reply {
    let mut stream = connect(address, &head(method, path, headers, body), body.unwrap_or_default()).await;
    let mut bytes = Vec::new();
    // A server that refuses a large body may close before it is all sent.
    let _ = stream.read_to_end(&mut bytes).await;
    parse(&String::from_utf8(bytes).unwrap())
}

pub(crate) fn parse(text: &str) -> Reply {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let chunked = headers.iter().any(|(n, v)| n == "transfer-encoding" && v == "chunked");
    let body = if chunked { unchunk(body) } else { body.to_owned() };
    Reply { status, headers, body }
}

pub(crate) fn unchunk(mut rest: &str) -> String {
    let mut out = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size, 16) else { break };
        if size == 0 || after.len() < size {
            break;
        }
        out.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    out
}
