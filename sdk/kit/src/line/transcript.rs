//! What went over the line, for the author of a plugin: short, in order, the last of it. Bodies are a simulator's, with nobody's
//! data in them, and are cut all the same.

use std::collections::VecDeque;

use counterfoil_domain::ports::{Call, SendError, Sending};
use counterfoil_domain::wire::Response;

const KEPT: usize = 12;
const BODY: usize = 240;

#[derive(Debug, Default)]
pub(super) struct Transcript {
    lines: VecDeque<String>,
    left_out: usize,
}

impl Transcript {
    /// What was asked.
    pub(super) fn heading(call: &Call) -> String {
        let request = &call.request;
        let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let kind = if call.sending == Sending::Read { "read" } else { "write" };
        let heading = format!("{kind} {} {}{mark}{}", request.method, request.path, query.join("&"));
        clipped(&format!("{heading} {}", String::from_utf8_lossy(&request.body)))
    }

    pub(super) fn note(&mut self, heading: String, fault: &str, answer: &Result<Response, SendError>) {
        let fault = if fault.is_empty() { String::new() } else { format!(" [{fault}]") };
        let answer = match answer {
            Ok(response) => clipped(&format!("{} {}", response.status, String::from_utf8_lossy(&response.body))),
            Err(error) => error.to_string(),
        };
        self.push(format!("{heading} → {answer}{fault}"));
    }

    pub(super) fn remark(&mut self, text: &str) {
        self.push(format!("-- {text}"));
    }

    fn push(&mut self, line: String) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.left_out += 1;
        }
        self.lines.push_back(line);
    }

    pub(super) fn shown(&self) -> Vec<String> {
        let before = (self.left_out > 0).then(|| format!("({} before this)", self.left_out));
        before.into_iter().chain(self.lines.iter().cloned()).collect()
    }
}

/// One line of bounded length.
fn clipped(text: &str) -> String {
    let flat: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut short: String = flat.chars().take(BODY).collect();
    if short.len() < flat.len() {
        short.push('…');
    }
    short
}
