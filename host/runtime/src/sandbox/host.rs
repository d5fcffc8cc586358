//! The host's side of the imports: hands requests to the exchange of the call, notes log lines. Owns the caps on
//! their number and size; whether a request may go out is the exchange's business.

use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::EffectKey;
use counterfoil_domain::wire::Response;

use super::bindings::counterfoil::target::{log, remote, types};
use super::report::LogLine;
use super::state::State;
use crate::convert;

const MAX_REQUESTS: usize = 10_000;
const MAX_LINES: usize = 200;
const MAX_LOG_BYTES: usize = 64 * 1024;
const MAX_LINE_BYTES: usize = 4096;
const MAX_KEY_BYTES: usize = 1024;

type Answer = wasmtime::Result<Result<remote::Response, types::Failure>>;

impl types::Host for State {}

impl remote::Host for State {
    async fn read(&mut self, request: remote::Request) -> Answer {
        if let Some(refusal) = self.count(|reads, _| *reads += 1) {
            return Ok(Err(refusal));
        }
        let answer = self.exchange.read(convert::request(request)).await;
        Ok(self.answer(answer, FailureClass::Rejected))
    }

    async fn write(&mut self, key: String, request: remote::Request) -> Answer {
        if let Some(refusal) = self.count(|_, writes| *writes += 1) {
            return Ok(Err(refusal));
        }
        if key.trim().is_empty() || key.len() > MAX_KEY_BYTES {
            let message = format!(
                "A write needs a key of 1 to {MAX_KEY_BYTES} bytes; nothing was sent. This is a defect of the plugin."
            );
            return Ok(Err(convert::raw_failure(Failure::new(FailureClass::Internal, "write-key", message))));
        }
        let answer = self.exchange.write(EffectKey::new(key), convert::request(request)).await;
        Ok(self.answer(answer, FailureClass::UnknownOutcome))
    }
}

impl State {
    fn count(&self, add: impl FnOnce(&mut usize, &mut usize)) -> Option<types::Failure> {
        let count = self.notes.with(|notes| {
            add(&mut notes.reads, &mut notes.writes);
            notes.reads + notes.writes
        });
        (count > MAX_REQUESTS).then(|| {
            let message =
                format!("One call may send {MAX_REQUESTS} requests; this one was not sent. The plugin asks too often.");
            convert::raw_failure(Failure::new(FailureClass::Internal, "too-many-requests", message))
        })
    }

    /// `unseen` is what it means that an answer came and cannot be handed over.
    fn answer(
        &self,
        answer: Result<Response, Failure>,
        unseen: FailureClass,
    ) -> Result<remote::Response, types::Failure> {
        let checked = answer.and_then(|response| {
            if response.body.len() <= self.max_response_bytes {
                return Ok(response);
            }
            let message = format!(
                "The target answered {} bytes; the card allows {}. Ask for less, or raise egress.max_response_bytes.",
                response.body.len(),
                self.max_response_bytes
            );
            Err(Failure::new(unseen, "answer-too-large", message))
        });
        checked.map(convert::raw_response).map_err(convert::raw_failure)
    }
}

impl log::Host for State {
    fn event(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let size = fields.iter().fold(message.len(), |size, (name, value)| size + name.len() + value.len());
        let kept = self.notes.with(|notes| {
            let fits = size <= MAX_LINE_BYTES && notes.log.len() < MAX_LINES && notes.log_bytes + size <= MAX_LOG_BYTES;
            if !fits {
                notes.dropped_lines += 1;
                return None;
            }
            let line = LogLine { level: convert::level(level), message, fields };
            notes.log_bytes += size;
            notes.log.push(line.clone());
            Some(line)
        });
        if let Some(line) = kept {
            self.exchange.log(line.level, &line.message, &line.fields);
        }
        Ok(())
    }
}
