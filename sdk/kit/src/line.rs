//! The line between the guest and the simulator: where answers get lost, cut, changed or held back. Owns the faults and the
//! transcript of all that went over it; knows no plan and no check.

mod fault;
mod transcript;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use counterfoil_domain::ports::{Call, SendError, Sending};
use counterfoil_domain::wire::{Request, Response};

pub(crate) use fault::{Body, Fault, Rule, Side};
use transcript::Transcript;

use crate::simulator::Remote;

/// More requests of one path within one fault are a guest that never ends.
const ENDLESS: usize = 100;

#[derive(Debug)]
pub(crate) struct Line {
    remote: Box<dyn Remote>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    rules: Vec<Rule>,
    transcript: Transcript,
    held: Vec<Call>,
    /// What reads answered, by request.
    seen: BTreeMap<String, Response>,
    /// What they answered before a write that is not shown yet.
    frozen: BTreeMap<String, Response>,
    /// By path, while the same page comes again and again.
    pages: BTreeMap<String, (usize, Response)>,
    endless: Option<String>,
    reads: usize,
    writes: usize,
    /// Answers whose body was made another one.
    spoilt: usize,
}

impl Line {
    pub(crate) fn new(remote: Box<dyn Remote>) -> Self {
        Self { remote, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, rule: Rule) {
        self.inner().rules.push(rule);
    }

    /// Nothing goes wrong from now on.
    pub(crate) fn mend(&self) {
        let mut inner = self.inner();
        inner.rules.clear();
        inner.pages.clear();
    }

    /// What was read up to now is what is shown while `Fault::Stale` holds.
    pub(crate) fn freeze(&self) {
        let mut inner = self.inner();
        inner.frozen = inner.seen.clone();
    }

    /// Lets through what was held back.
    pub(crate) async fn release(&self) {
        let held = std::mem::take(&mut self.inner().held);
        for call in held {
            let heading = Transcript::heading(&call);
            let answer = self.remote.send(call).await;
            self.inner().transcript.note(heading, "arrives late", &answer);
        }
    }

    pub(crate) async fn state(&self) -> Option<String> {
        self.remote.state().await
    }

    /// A note between the exchanges: what the kit did.
    pub(crate) fn remark(&self, text: &str) {
        self.inner().transcript.remark(text);
    }

    pub(crate) fn evidence(&self) -> Vec<String> {
        self.inner().transcript.shown()
    }

    /// Reads and writes up to now.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let inner = self.inner();
        (inner.reads, inner.writes)
    }

    /// Answers that were made others up to now: an empty list has nothing that could be mistyped.
    pub(crate) fn spoilt(&self) -> usize {
        self.inner().spoilt
    }

    /// The path that was asked for without end.
    pub(crate) fn endless(&self) -> Option<String> {
        self.inner().endless.clone()
    }

    pub(crate) async fn send(&self, call: Call) -> Result<Response, SendError> {
        let heading = Transcript::heading(&call);
        let fault = self.due(&call);
        let called = fault.as_ref().map_or("", Fault::called);
        let sent = call.request.clone();
        let is_read = call.sending == Sending::Read;
        let answer = match fault {
            None => self.remote.send(call).await,
            Some(fault) => self.faulted(fault, call).await,
        };
        let mut inner = self.inner();
        if let (true, true, Ok(response)) = (is_read, called.is_empty(), &answer) {
            inner.seen.insert(signature(&sent), response.clone());
        }
        inner.transcript.note(heading, called, &answer);
        answer
    }

    fn due(&self, call: &Call) -> Option<Fault> {
        let mut inner = self.inner();
        match call.sending {
            Sending::Read => inner.reads += 1,
            Sending::Write { .. } => inner.writes += 1,
        }
        let rule = inner.rules.iter_mut().find(|rule| rule.concerns(call))?;
        rule.due()
    }

    async fn faulted(&self, fault: Fault, call: Call) -> Result<Response, SendError> {
        let lost = || SendError::AnswerLost { message: "the connection ended without an answer".to_owned() };
        match fault {
            Fault::LoseBefore => Err(lost()),
            Fault::LoseAfter => {
                // Nobody learns what it was.
                let _answer = self.remote.send(call).await;
                Err(lost())
            }
            Fault::Hold => {
                self.inner().held.push(call);
                Err(lost())
            }
            Fault::Says(response) => Ok(response),
            Fault::SaysAfter(response) => {
                let _answer = self.remote.send(call).await;
                Ok(response)
            }
            Fault::Body(body) => {
                let answer = self.remote.send(call).await?;
                if answer.status >= 400 {
                    return Ok(answer);
                }
                let spoilt = body.of(answer.clone());
                if spoilt != answer {
                    self.inner().spoilt += 1;
                }
                Ok(spoilt)
            }
            Fault::Stale(missing) => {
                let known = self.inner().frozen.get(&signature(&call.request)).cloned();
                Ok(known.unwrap_or(missing))
            }
            Fault::SamePage => self.same_page(call).await,
        }
    }

    async fn same_page(&self, call: Call) -> Result<Response, SendError> {
        let path = call.request.path.clone();
        let known = {
            let mut inner = self.inner();
            let page = inner.pages.get_mut(&path).map(|(count, page)| {
                *count += 1;
                (*count, page.clone())
            });
            if page.as_ref().is_some_and(|(count, _)| *count > ENDLESS) {
                inner.endless = Some(path.clone());
                return Err(SendError::AnswerLost { message: "the kit ended what does not end".to_owned() });
            }
            page
        };
        match known {
            Some((_, page)) => Ok(page),
            None => {
                let page = self.remote.send(call).await?;
                self.inner().pages.insert(path, (1, page.clone()));
                Ok(page)
            }
        }
    }
}

fn signature(request: &Request) -> String {
    format!("{} {} {:?}", request.method, request.path, request.query)
}
