//! A remote made of a script, for unit tests and benchmarks outside the sandbox.
//!
//! Owns the record of what was asked. The script may be a closure over a table of answers or over a whole simulated
//! billing system.

use std::fmt;

use crate::{Failure, Remote, Request, Response};

/// One request as it reached the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The key of a write; none for a read.
    pub key: Option<String>,
    /// What was asked.
    pub request: Request,
}

impl Call {
    /// "GET /Contacts": the form that scripts match on.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.request.method, self.request.path)
    }

    /// A query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The script: it sees the call before it is recorded.
type Handler<'a> = dyn FnMut(&Call) -> Result<Response, Failure> + 'a;

/// A remote that answers with a closure and remembers every call.
///
/// ```
/// use counterfoil_sdk::{Remote, Request, Response, testing::Scripted};
///
/// let mut remote = Scripted::new(|call| match call.line().as_str() {
///     "GET /Organisation" => Ok(Response::new(200, r#"{"Organisations":[]}"#)),
///     _ => Ok(Response::new(404, "")),
/// });
/// assert_eq!(remote.read(Request::get("organisation", "/Organisation")).unwrap().status, 200);
/// assert_eq!(remote.write("k1", Request::put("create", "/Invoices")).unwrap().status, 404);
/// assert_eq!(remote.calls()[1].key.as_deref(), Some("k1"));
/// ```
pub struct Scripted<'a> {
    handler: Box<Handler<'a>>,
    calls: Vec<Call>,
}

impl<'a> Scripted<'a> {
    /// A remote that answers with `handler`.
    pub fn new(handler: impl FnMut(&Call) -> Result<Response, Failure> + 'a) -> Self {
        Self { handler: Box::new(handler), calls: Vec::new() }
    }

    /// Every call so far, in order.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Takes the record so far and begins an empty one: for benchmarks, whose record would grow without end.
    pub fn take_calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }

    /// Every write so far, in order.
    pub fn writes(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.key.is_some())
    }

    // The call is recorded whatever the answer is: a failed try was a try.
    fn answer(&mut self, key: Option<&str>, request: Request) -> Result<Response, Failure> {
        let call = Call { key: key.map(str::to_owned), request };
        let answer = (self.handler)(&call);
        self.calls.push(call);
        answer
    }
}

impl Remote for Scripted<'_> {
    fn read(&mut self, request: Request) -> Result<Response, Failure> {
        self.answer(None, request)
    }

    fn write(&mut self, key: &str, request: Request) -> Result<Response, Failure> {
        self.answer(Some(key), request)
    }
}

impl fmt::Debug for Scripted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("calls", &self.calls).finish_non_exhaustive()
    }
}
