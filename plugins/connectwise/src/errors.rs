//! What ConnectWise's refusals mean: status and body become a class, a code and a sentence.
//!
//! Owns the table. A write whose fate the answer does not prove is an unknown outcome. A 404 means "absent" only where the
//! body says so: in the cloud, wrong keys and a wrong code base are answered with 404 too.

use std::time::Duration;

use counterfoil_sdk::{Class, Failure, Response, text};

use crate::complaint::Complaint;
use crate::days;

/// Whether the request could have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

/// Code of a failure: a record with our identifier is there already. Look it up again.
pub(crate) const EXISTS: &str = "connectwise-exists";
/// Code of a failure: the server takes smaller pages only.
pub(crate) const PAGE_SIZE: &str = "connectwise-page-size";

/// Code of a failure: a field cannot stand in a filter on this server.
pub(crate) const CONDITION: &str = "connectwise-condition";

/// What ConnectWise asks for where it does not say how long to wait.
const PAUSE: Duration = Duration::from_secs(30);
/// A longer wait is a malformed header.
const MOST_PAUSE: i64 = 86_400;

/// A complaint about content: code of a nested error, class, code, and what to do.
const NESTED: [(&str, Class, &str, &str); 5] = [
    ("ObjectExists", Class::Conflict, EXISTS, "Link to the record that ConnectWise has already."),
    (
        "NotFound",
        Class::Rejected,
        "connectwise-reference",
        "A record that it refers to is gone in ConnectWise. Check the links and the settings, then plan again.",
    ),
    (
        "MissingRequiredField",
        Class::Rejected,
        "connectwise-field-missing",
        "Fill in what is missing, or relax the required field in ConnectWise, then try again.",
    ),
    ("MaxLengthField", Class::Rejected, "connectwise-field-length", "Shorten it, then try again."),
    ("OutOfRange", Class::Rejected, "connectwise-range", "Correct it, then try again."),
];

/// Fields of stored companies that fail changes which have nothing to do with them.
const STORED: [&str; 2] = ["yearEstablished", "revenueYear"];

/// The answer if it is a success, else what its refusal means. `what` names the thing: "the agreements".
pub(crate) fn accept(response: Response, effect: Effect, what: &str) -> Result<Response, Failure> {
    if response.is_success() { Ok(response) } else { Err(refusal(&response, effect, what)) }
}

/// What a status other than 2xx means.
pub(crate) fn refusal(response: &Response, effect: Effect, what: &str) -> Failure {
    let complaint = Complaint::read(&response.text());
    let failure = match anywhere(&complaint) {
        Some(failure) => failure,
        None => match response.status {
            400 => bad_request(&complaint, what),
            401 => unauthorized(&complaint),
            403 => Failure::forbidden(
                "connectwise-role",
                format!("ConnectWise does not allow the API member to use {what}: {}", complaint.said()),
            ),
            404 => absent(&complaint, what),
            409 => Failure::conflict(
                "connectwise-in-use",
                format!(
                    "ConnectWise refused {what} because somebody else is changing it: {} Nothing was written. Look at it in ConnectWise, then plan again.",
                    complaint.said()
                ),
            ),
            429 => throttled(response, &complaint),
            406 | 415 if complaint.mentions("version") => version(&complaint.said()),
            405 | 406 | 411 | 414 | 415 => Failure::internal(
                "connectwise-request",
                format!(
                    "ConnectWise did not understand the request for {what} ({}): {} Check the setting api_version; else this is a defect of the plugin.",
                    response.status,
                    complaint.said()
                ),
            ),
            500 if is_conversion(&complaint) => conversion(&complaint, effect, what),
            402 | 407 | 410 | 412 | 413 | 416..=428 | 430..=499 => Failure::rejected(
                "connectwise-refused",
                format!("ConnectWise refused {what} ({}): {}", response.status, complaint.said()),
            ),
            status => fault(status, &complaint, effect, what),
        },
    };
    tagged(failure, response, &complaint)
}

/// Complaints that mean the same under any status, and prove that nothing was done.
fn anywhere(complaint: &Complaint) -> Option<Failure> {
    if complaint.mentions("clientid") || complaint.mentions("client id") {
        return Some(Failure::auth(
            "connectwise-client-id",
            format!(
                "ConnectWise does not accept the client id, or got none: {} Nothing was written. Enter the integration's GUID in the setting client_id.",
                complaint.said()
            ),
        ));
    }
    if complaint.mentions("ssl is required") {
        return Some(Failure::auth(
            "connectwise-site",
            "ConnectWise says that SSL is required, which it does when the host is not the one for the API. Nothing was written. In the cloud the setting site begins with \"api-\", for example api-na.myconnectwise.net.",
        ));
    }
    if complaint.mentions("cannot route") {
        return Some(Failure::auth(
            "connectwise-route",
            "ConnectWise does not know the company or the code base. Nothing was written. Check the settings of site, company and code base.",
        ));
    }
    None
}

/// Nobody was reached who could say whether a record is there.
pub(crate) fn not_reached() -> Failure {
    Failure::auth(
        "connectwise-not-reached",
        "ConnectWise answered 404 where there is always an answer for whoever is signed in: the keys are wrong, or the company's site or code base. Nothing was written. Check the user name (companyId+publicKey), the private key and the settings.",
    )
}

fn absent(complaint: &Complaint, what: &str) -> Failure {
    if complaint.mentions("endpoint does not exist") {
        return Failure::unsupported(
            "connectwise-endpoint",
            format!(
                "This ConnectWise has no such service for {what}: {} Nothing was written. Check the version of the server.",
                complaint.said()
            ),
        );
    }
    if complaint.is_foreign || !complaint.has("NotFound") {
        return not_reached();
    }
    Failure::not_found(
        "connectwise-not-found",
        format!("ConnectWise does not have {what}: {} Check the link, then plan the task again.", complaint.said()),
    )
}

fn bad_request(complaint: &Complaint, what: &str) -> Failure {
    let said = complaint.said();
    if complaint.mentions("could not find member") {
        return Failure::rejected(
            "connectwise-version",
            format!(
                "ConnectWise refused {what}: {said} The version that is asked for does not have this field, and the whole request was refused. Set api_version to one that ConnectWise supports."
            ),
        );
    }
    if complaint.mentions("version") && (complaint.mentions("not supported") || complaint.mentions("invalid version")) {
        return version(&said);
    }
    if complaint.has("ApiFindCondition") {
        return Failure::internal(
            CONDITION,
            format!("ConnectWise did not understand a filter for {what}: {said} This is a defect of the plugin."),
        );
    }
    if complaint.mentions("pagesize") {
        return Failure::rejected(PAGE_SIZE, format!("ConnectWise refused the size of a page of {what}: {said}"));
    }
    if complaint.nested.iter().any(|one| STORED.iter().any(|field| one.field.eq_ignore_ascii_case(field))) {
        return Failure::rejected(
            "connectwise-stored-data",
            format!(
                "ConnectWise refused {what} because of what it has stored itself: {said} Nothing was written. Correct these fields in ConnectWise, then try again."
            ),
        );
    }
    let known = NESTED.iter().find(|(code, ..)| complaint.nested.iter().any(|one| one.code.eq_ignore_ascii_case(code)));
    match known {
        Some((_, class, code, advice)) => {
            Failure::new(*class, *code, format!("ConnectWise refused {what}: {said} {advice}"))
        }
        None => Failure::rejected("connectwise-refused", format!("ConnectWise refused {what}: {said}")),
    }
}

/// The version that the connection asks for is served no more.
fn version(said: &str) -> Failure {
    Failure::auth(
        "connectwise-version",
        format!(
            "ConnectWise does not serve the version that the connection asks for: {said} Nothing was written. Versions are served for a year after a newer one came; set api_version to a supported one."
        ),
    )
}

fn unauthorized(complaint: &Complaint) -> Failure {
    let hint = if complaint.has("UserNotAuthenticated") {
        " The keys may be inactive, or the API member's security role may not reach this."
    } else {
        ""
    };
    Failure::auth(
        "connectwise-sign-in",
        format!(
            "ConnectWise does not accept the keys: {}{hint} Nothing was written. Enter the user name as companyId+publicKey and the private key again.",
            complaint.said()
        ),
    )
}

/// A value that the server could not even read: the same request fails for ever.
fn is_conversion(complaint: &Complaint) -> bool {
    [
        "error converting value",
        "was not recognized as a valid",
        "could not convert",
        "input string was not in a correct",
    ]
    .iter()
    .any(|words| complaint.mentions(words))
}

fn conversion(complaint: &Complaint, effect: Effect, what: &str) -> Failure {
    let said = complaint.said();
    match effect {
        Effect::Read => Failure::rejected(
            "connectwise-stored-data",
            format!(
                "ConnectWise cannot show {what} because of a value that it has stored itself: {said} Ask ConnectWise's support to correct the record."
            ),
        ),
        Effect::Write => Failure::rejected(
            "connectwise-refused",
            format!("ConnectWise could not read a value of {what}: {said} Nothing was written."),
        ),
    }
}

fn fault(status: u16, complaint: &Complaint, effect: Effect, what: &str) -> Failure {
    let said = complaint.said();
    match effect {
        Effect::Read => Failure::transient(
            "connectwise-fault",
            format!("ConnectWise failed while reading {what} ({status}): {said} It will be tried again."),
        ),
        Effect::Write => Failure::unknown_outcome(
            "connectwise-fault",
            format!("ConnectWise failed while saving {what} ({status}): {said} It is not known whether it was saved."),
        ),
    }
}

fn throttled(response: &Response, complaint: &Complaint) -> Failure {
    let wait = wait(response).or_else(|| spelled(&complaint.message)).unwrap_or(PAUSE);
    Failure::throttled(
        "connectwise-throttled",
        "ConnectWise allows no more calls just now. Nothing was written; it will be tried again.",
        Some(wait),
    )
}

/// `Retry-After` in seconds, or as a moment, which is held against the answer's own `Date`.
fn wait(response: &Response) -> Option<Duration> {
    let seconds = match response.retry_after() {
        Some(wait) => i64::try_from(wait.as_secs()).ok()?,
        None => {
            let until = days::moment(response.header("Retry-After")?)?;
            until.checked_sub(days::moment(response.header("Date")?)?)?
        }
    };
    u64::try_from(seconds.max(1)).ok().filter(|_| seconds <= MOST_PAUSE).map(Duration::from_secs)
}

/// "Please try again in 30 seconds."
fn spelled(message: &str) -> Option<Duration> {
    let mut words = message.split_whitespace();
    let mut before = words.next()?;
    for word in words {
        if word.to_ascii_lowercase().starts_with("second") {
            let seconds: u64 = before.parse().ok()?;
            return Some(seconds).filter(|seconds| (1..=3_600).contains(seconds)).map(Duration::from_secs);
        }
        before = word;
    }
    None
}

/// An answer that says success and cannot be read: after a write it proves nothing.
pub(crate) fn unreadable(response: &Response, effect: Effect, what: &str, detail: &str) -> Failure {
    let detail = text::clip(detail, 300);
    let failure = match effect {
        Effect::Read => Failure::transient(
            "connectwise-unreadable",
            format!("ConnectWise's answer for {what} could not be read. {detail}"),
        ),
        Effect::Write => Failure::unknown_outcome(
            "connectwise-unreadable",
            format!("ConnectWise's answer for {what} could not be read, so it is not known what was saved. {detail}"),
        ),
    };
    failure.with("status", response.status.to_string())
}

fn tagged(mut failure: Failure, response: &Response, complaint: &Complaint) -> Failure {
    failure.attributes.set("status", response.status.to_string());
    failure.attributes.set_some("target-code", Some(&complaint.code).filter(|code| !code.is_empty()));
    for one in &complaint.nested {
        let name = if one.field.is_empty() { one.resource.clone() } else { one.field.clone() };
        if !name.is_empty() {
            failure.attributes.set(format!("field.{name}"), one.code.clone());
        }
    }
    failure
}
