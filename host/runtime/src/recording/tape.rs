//! Recording: an exchange around another one, that keeps what goes over it. Owns how much is kept.

use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::EffectKey;
use counterfoil_domain::job::Job;
use counterfoil_domain::plan::Plan;
use counterfoil_domain::ports::{CallError, Exchange, LogLevel, Pending};
use counterfoil_domain::wire::{Request, Response};

use super::{Exchanged, Origin, Recording, planned};

const MOST_CALLS: usize = 500;
const MOST_BODIES: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
struct Kept {
    calls: Vec<Exchanged>,
    bytes: usize,
    left_out: usize,
}

/// Hands everything on; what the guest sees is what it would see without.
#[derive(Debug)]
pub struct Tape {
    inner: Arc<dyn Exchange>,
    kept: Mutex<Kept>,
}

impl Tape {
    pub fn around(inner: Arc<dyn Exchange>) -> Arc<Self> {
        Arc::new(Self { inner, kept: Mutex::default() })
    }

    fn keep(&self, request: &Request, answer: &Result<Response, Failure>) {
        let call = Exchanged::of(request, answer);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = kept.bytes.saturating_add(call.bytes());
        if bytes > MOST_BODIES || kept.calls.len() >= MOST_CALLS {
            kept.left_out += 1;
            return;
        }
        kept.bytes = bytes;
        kept.calls.push(call);
    }

    /// What was recorded, with what it came to.
    pub fn end(
        &self,
        origin: Origin,
        jobs: Vec<Job>,
        outcome: &Result<Vec<Result<Plan, Failure>>, CallError>,
    ) -> Recording {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let mut recording = Recording::of(origin, jobs, (kept.calls, kept.left_out));
        recording.outcome = match outcome {
            Ok(answers) => Ok(answers.iter().cloned().map(planned).collect()),
            Err(error) => Err(error.to_string()),
        };
        recording
    }
}

impl Exchange for Tape {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(async move {
            let answer = self.inner.read(request.clone()).await;
            self.keep(&request, &answer);
            answer
        })
    }

    fn write(&self, key: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>> {
        self.inner.write(key, request)
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(String, String)]) {
        self.inner.log(level, message, fields);
    }
}
