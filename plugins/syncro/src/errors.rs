//! What Syncro's refusals mean: status and body become a class, a code and a sentence.
//!
//! Owns the table. A write whose fate the answer does not prove is an unknown outcome. A 404 means "gone" only when it
//! comes without a page: a wrong subdomain is answered with one.

use counterfoil_sdk::{Failure, Response, text};

use crate::complaint::Complaint;

/// Whether the request could have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

/// Code of a failure: the record is not there.
pub(crate) const GONE: &str = "syncro-not-found";

/// The answer if it is a success, else what its refusal means. `what` names the thing: "the customers".
pub(crate) fn accept(response: Response, effect: Effect, what: &str) -> Result<Response, Failure> {
    if response.is_success() { Ok(response) } else { Err(refusal(&response, effect, what)) }
}

/// What a status other than 2xx means.
pub(crate) fn refusal(response: &Response, effect: Effect, what: &str) -> Failure {
    let complaint = Complaint::read(&response.text());
    let said = complaint.said();
    let status = response.status;
    let failure = match status {
        401 => Failure::auth(
            "syncro-sign-in",
            format!(
                "Syncro does not accept the API token: {said} Nothing was written. Make a new token under More > Admin > API > API Tokens and enter it."
            ),
        ),
        403 => Failure::forbidden(
            "syncro-permission",
            format!(
                "Syncro does not allow the token to use {what}: {said} Nothing was written. Give the token the permission, and its technician too."
            ),
        ),
        404 if complaint.is_foreign => not_reached(&said),
        404 | 410 => Failure::not_found(
            GONE,
            format!("Syncro does not have {what}: {said} Check the link, then plan the task again."),
        ),
        301..=399 => not_reached(&said),
        409 => Failure::conflict(
            "syncro-in-use",
            format!(
                "Syncro refused {what} because something is in the way: {said} Nothing was written. Look at it there, then plan again."
            ),
        ),
        429 => Failure::throttled(
            "syncro-throttled",
            "Syncro takes no more calls from this address just now. Nothing was written; it will be tried again.",
            None,
        ),
        405 | 406 | 411 | 414 | 415 => Failure::internal(
            "syncro-request",
            format!(
                "Syncro did not understand the request for {what} ({status}): {said} This is a defect of the plugin."
            ),
        ),
        400 | 402 | 407 | 412 | 413 | 416..=424 | 426..=428 | 430..=499 => Failure::rejected(
            "syncro-refused",
            format!("Syncro refused {what}: {said} Nothing was written. Correct it, then try again."),
        ),
        _ => fault(status, &said, effect, what),
    };
    failure.with("status", status.to_string())
}

fn not_reached(said: &str) -> Failure {
    Failure::auth(
        "syncro-not-reached",
        format!(
            "No Syncro account answers at this address: {said} Nothing was written. Check the subdomain in the connection."
        ),
    )
}

fn fault(status: u16, said: &str, effect: Effect, what: &str) -> Failure {
    match effect {
        Effect::Read => Failure::transient(
            "syncro-fault",
            format!("Syncro failed while reading {what} ({status}): {said} It will be tried again."),
        ),
        Effect::Write => Failure::unknown_outcome(
            "syncro-fault",
            format!("Syncro failed while saving {what} ({status}): {said} It is not known whether it was saved."),
        ),
    }
}

/// An answer that says success and cannot be read: after a write it proves nothing.
pub(crate) fn unreadable(status: u16, effect: Effect, what: &str, detail: &str) -> Failure {
    let detail = text::clip(detail, 300);
    let failure = match effect {
        Effect::Read => {
            Failure::transient("syncro-unreadable", format!("Syncro's answer for {what} could not be read. {detail}"))
        }
        Effect::Write => Failure::unknown_outcome(
            "syncro-unreadable",
            format!("Syncro's answer for {what} could not be read, so it is not known what was saved. {detail}"),
        ),
    };
    failure.with("status", status.to_string())
}

/// The write was answered as if it were done, and what is there now does not show it.
pub(crate) fn unconfirmed(what: &str, how: &str) -> Failure {
    Failure::unknown_outcome(
        "syncro-unconfirmed",
        format!("Syncro took {what}, and {how}. It is looked for before anything else is sent."),
    )
}
