//! Requests and answers as host and guest exchange them: no scheme, no host, no credential.

use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// A short name for log and card ("list-contacts").
    pub operation: String,
    pub method: String,
    /// Below the base URL, beginning with "/".
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl fmt::Debug for Request {
    /// Bodies carry customers' data: they do not belong in a debug log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}, {} bytes)", self.method, self.path, self.operation, self.body.len())
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// From the journal, not from the wire.
    pub replayed: bool,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes{})", self.status, self.body.len(), if self.replayed { ", replayed" } else { "" })
    }
}
