//! The only way out: requests, answers, and the trait behind which they travel.
//!
//! Owns the shapes. Scheme, host and credentials cannot be named here, the host adds them last. Two things implement
//! [`Remote`]: the guest's imports inside the sandbox, and [`Scripted`](crate::testing::Scripted) outside of it, so a
//! plugin's logic runs natively in tests and benchmarks.

use std::time::Duration;

use serde::Serialize;

use crate::{Failure, json};

/// Sends requests. An HTTP error status is an answer; a [`Failure`] means that the host got no answer or refused to
/// send.
pub trait Remote {
    /// A request that changes nothing. Allowed everywhere.
    ///
    /// # Errors
    /// Whatever the host says: refused by policy, throttled, no answer.
    fn read(&mut self, request: Request) -> Result<Response, Failure>;

    /// A request that changes something, under a stable key. Refused outside `apply`, `create` and `revise`. The host journals
    /// the key before it sends, and gives the recorded answer when the same key comes again; the same key with
    /// another request is a defect.
    ///
    /// # Errors
    /// Whatever the host says. Class unknown-outcome when the request went out and no answer came.
    fn write(&mut self, key: &str, request: Request) -> Result<Response, Failure>;
}

/// One request below the connection's base URL.
///
/// ```
/// use counterfoil_sdk::Request;
///
/// let request = Request::get("list-contacts", "/Contacts").query("page", "1").query("where", "Name==\"A & B\"");
/// assert_eq!(request.method, "GET");
/// assert_eq!(request.query[1].1, "Name==\"A & B\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// A short name for the log and the card ("list-contacts").
    pub operation: String,
    /// "GET", "PUT", …
    pub method: String,
    /// Path below the base URL, beginning with "/". Encode what you put into it: [`encode::segment`](crate::encode::segment).
    pub path: String,
    /// Names and values as plain text: the host percent-encodes them.
    pub query: Vec<(String, String)>,
    /// Only names that the card allows get through.
    pub headers: Vec<(String, String)>,
    /// The body, empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request of any method, asking for JSON.
    #[must_use]
    pub fn new(operation: &str, method: &str, path: impl Into<String>) -> Self {
        Self {
            operation: operation.to_owned(),
            method: method.to_owned(),
            path: path.into(),
            query: Vec::new(),
            headers: vec![("Accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(operation: &str, path: impl Into<String>) -> Self {
        Self::new(operation, "GET", path)
    }

    /// A POST.
    #[must_use]
    pub fn post(operation: &str, path: impl Into<String>) -> Self {
        Self::new(operation, "POST", path)
    }

    /// A PUT.
    #[must_use]
    pub fn put(operation: &str, path: impl Into<String>) -> Self {
        Self::new(operation, "PUT", path)
    }

    /// A PATCH.
    #[must_use]
    pub fn patch(operation: &str, path: impl Into<String>) -> Self {
        Self::new(operation, "PATCH", path)
    }

    /// Adds a query parameter, as plain text.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Takes bytes that are JSON already, with their content type.
    #[must_use]
    pub fn json_bytes(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("Content-Type", "application/json")
    }

    /// Serializes a value as the body.
    ///
    /// # Errors
    /// A failure of class internal when the value cannot be JSON.
    pub fn json<T: Serialize>(self, value: &T) -> Result<Self, Failure> {
        Ok(self.json_bytes(json::bytes(value)?))
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Only the headers that the card allows.
    pub headers: Vec<(String, String)>,
    /// The body, capped by the card.
    pub body: Vec<u8>,
    /// True when the answer comes from the journal, not from the wire.
    pub replayed: bool,
}

impl Response {
    /// An answer without headers; what scripts return.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), replayed: false }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// True for 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header by name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text, for looking at what may be no JSON at all. Broken UTF-8 is replaced, not refused.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `Retry-After` header in seconds. The form with a date is not read: it needs a clock, and a plugin has none.
    ///
    /// ```
    /// use counterfoil_sdk::Response;
    /// use std::time::Duration;
    ///
    /// let answer = Response::new(429, "").with_header("retry-after", " 17 ");
    /// assert_eq!(answer.retry_after(), Some(Duration::from_secs(17)));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("Retry-After")?.trim().parse().ok().map(Duration::from_secs)
    }
}
