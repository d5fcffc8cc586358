//! What Xero's refusals mean: status, headers and text become a class, a code and a sentence.
//!
//! Owns the table. Xero answers in JSON, plain text and HTML, so nothing here trusts a body to be anything. A write whose
//! fate the answer does not prove is an unknown outcome.

use std::time::Duration;

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::{Class, Failure, Response, text};

/// Whether the request could have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

/// Known complaints about content: part of the text in lower case, class, code, and what to do.
const COMPLAINTS: [(&str, Class, &str, &str); 17] = [
    (
        "contact details has been archived",
        Class::Rejected,
        "xero-contact-archived",
        "The contact that the order's customer is linked to was archived and nothing was written. Restore it in Xero, or link the customer to another; then plan the task again.",
    ),
    (
        "contact name must be unique",
        Class::Conflict,
        "xero-contact-name-taken",
        "Link the customer to the contact that has this name, or rename that contact in Xero.",
    ),
    (
        "account number already exists",
        Class::Conflict,
        "xero-contact-number-taken",
        "Link the customer to the contact that has this number.",
    ),
    (
        "must be unique",
        Class::Conflict,
        "xero-number-taken",
        "Look at the document that has this number in Xero; void nothing before you know which of the two is right.",
    ),
    (
        "price list item with code",
        Class::Conflict,
        "xero-item-code-taken",
        "Link the product to the item that has this code.",
    ),
    (
        "lock date",
        Class::Rejected,
        "xero-period-locked",
        "Ask the accountant to move the lock date, or set a later date on the task.",
    ),
    (
        "could not find line item",
        Class::Conflict,
        "xero-invoice-changed",
        "The invoice was changed meanwhile and nothing was added. Plan the task again.",
    ),
    (
        "payment or credit note allocated",
        Class::Conflict,
        "xero-invoice-changed",
        "The invoice was paid meanwhile and nothing was added. Plan the task again.",
    ),
    (
        "not of valid status for modification",
        Class::Conflict,
        "xero-invoice-changed",
        "The document was approved, voided or deleted meanwhile. Plan the task again.",
    ),
    (
        "greater than amount outstanding",
        Class::Rejected,
        "xero-allocation",
        "Invoice and credit note are in Xero; plan the task again to see how they stand, or allocate there.",
    ),
    (
        "trying to allocate to",
        Class::Rejected,
        "xero-allocation",
        "Invoice and credit note are in Xero; plan the task again to see how they stand, or allocate there.",
    ),
    ("item code", Class::Rejected, "xero-item-unknown", "Link the product to an item that exists."),
    (
        "greater than or equal to zero",
        Class::Rejected,
        "xero-negative-total",
        "Plan the task again: credits must be in a credit note.",
    ),
    (
        "cannot be used with account code",
        Class::Rejected,
        "xero-tax-unmapped",
        "Choose a tax rate that fits the account, in the link or the settings.",
    ),
    ("taxtype", Class::Rejected, "xero-tax-unmapped", "Choose a tax rate that exists, in the link or the settings."),
    (
        "account must be valid",
        Class::Rejected,
        "xero-account-unmapped",
        "Choose an active revenue account; Xero also says this about lines below one cent.",
    ),
    (
        "account code",
        Class::Rejected,
        "xero-account-unmapped",
        "Choose an active revenue account, in the link or the settings.",
    ),
];

/// The answer if it is a success, else what its refusal means. `what` names the thing: "the invoices".
pub(crate) fn accept(response: Response, effect: Effect, what: &str) -> Result<Response, Failure> {
    if response.is_success() { Ok(response) } else { Err(refusal(&response, effect, what)) }
}

/// What a status other than 2xx means.
pub(crate) fn refusal(response: &Response, effect: Effect, what: &str) -> Failure {
    let body = response.text();
    let lower = body.to_ascii_lowercase();
    let failure = match response.status {
        400 => bad_request(&body, &lower, what),
        401 => unauthorized(response, &lower),
        403 if body.trim().is_empty() => Failure::forbidden(
            "xero-feature-missing",
            "Xero refused: the organisation's plan or the user's role does not allow this. Ask the organisation's administrator.",
        ),
        403 => Failure::auth(
            "xero-organisation-disconnected",
            "Xero refused this organisation: it was disconnected, or the tenant id is wrong. Sign in again and choose it, or correct the setting.",
        ),
        404 => Failure::not_found(
            "xero-not-found",
            format!(
                "Xero says that there is no such thing where it was asked about {what}. What was linked or chosen may be gone: check the link, then plan the task again."
            ),
        ),
        429 => throttled(response),
        405 | 412 | 415 | 501 => Failure::internal(
            "xero-request",
            format!(
                "Xero did not understand the request for {what} ({}). This is a defect of the plugin.",
                response.status
            ),
        ),
        // It says nothing about any task, however long it lasts: no attempt is counted.
        503 if lower.contains("offline") => Failure::throttled(
            "xero-offline",
            "Xero is offline for maintenance. Nothing was written; it will be tried again.",
            response.retry_after().or(Some(OFFLINE_PAUSE)),
        ),
        503 if lower.contains("rate limit exceeded") => throttled(response),
        408 | 300..=399 | 500..=599 => fault(response.status, effect, what),
        402 | 406..=499 => Failure::rejected(
            "xero-refused",
            format!("Xero refused {what} ({}): {}", response.status, text::clip(&text::single_spaced(&body), 200)),
        ),
        _ => fault(response.status, effect, what),
    };
    tagged(failure, response)
}

/// Adds what Xero's support asks for.
pub(crate) fn tagged(mut failure: Failure, response: &Response) -> Failure {
    failure.attributes.set("status", response.status.to_string());
    failure.attributes.set_some("correlation-id", response.header("Xero-Correlation-Id"));
    failure
}

/// An answer that says success and cannot be read: after a write it proves nothing.
pub(crate) fn unreadable(response: &Response, effect: Effect, what: &str, detail: &str) -> Failure {
    let detail = text::clip(detail, 300);
    let failure = match effect {
        Effect::Read => {
            Failure::transient("xero-unreadable", format!("Xero's answer for {what} could not be read. {detail}"))
        }
        Effect::Write => Failure::unknown_outcome(
            "xero-unreadable",
            format!("Xero's answer for {what} could not be read, so it is not known what was saved. {detail}"),
        ),
    };
    tagged(failure, response)
}

/// What complaints about one element mean.
pub(crate) fn complaint(messages: &[String], what: &str) -> Failure {
    let said = if messages.is_empty() { "it gave no reason".to_owned() } else { text::clip(&messages.join(" "), 500) };
    let lower = said.to_ascii_lowercase();
    match COMPLAINTS.iter().find(|(part, ..)| lower.contains(part)) {
        Some((_, class, code, advice)) => Failure::new(*class, *code, format!("Xero refused {what}: {said} {advice}")),
        None => Failure::rejected("xero-validation", format!("Xero refused {what}: {said}")),
    }
}

/// Every message below a key "ValidationErrors", however deep: lines and addresses complain too.
pub(crate) fn messages(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                if name == "ValidationErrors" {
                    let texts =
                        inner.as_array().into_iter().flatten().filter_map(|error| error.get("Message")?.as_str());
                    for text in texts {
                        // The same complaint often comes once for the line and once for the document.
                        if !found.iter().any(|known| known == text) {
                            found.push(text.to_owned());
                        }
                    }
                } else {
                    collect(inner, found);
                }
            }
        }
        _ => {}
    }
}

fn bad_request(body: &str, lower: &str, what: &str) -> Failure {
    if lower.contains("used with a different request") {
        return Failure::unknown_outcome(
            "xero-key-reused",
            "Xero already has another request under this idempotency key, so it is not known what was saved.",
        );
    }
    if lower.contains("invalid_grant") || lower.contains("invalid_client") {
        return Failure::auth(
            "xero-sign-in",
            "Xero does not accept the connection's credentials any more. Sign in again.",
        );
    }
    if lower.contains("queryparseexception") {
        return Failure::internal("xero-query", "Xero did not understand a filter. This is a defect of the plugin.");
    }
    let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let mut said = messages(&json);
    if said.is_empty() {
        said.extend(json.get("Message").and_then(Value::as_str).map(str::to_owned));
    }
    if said.is_empty() && !body.trim().is_empty() {
        said.push(text::clip(&text::single_spaced(body), 200));
    }
    complaint(&said, what)
}

fn unauthorized(response: &Response, lower: &str) -> Failure {
    let challenge = response.header("WWW-Authenticate").unwrap_or_default().to_ascii_lowercase();
    // Xero's own pages spell it both ways.
    let scope =
        ["insufficient_scope", "insufficent_scope"].iter().any(|word| challenge.contains(word) || lower.contains(word));
    if scope || lower.contains("authorizationunsuccessful") {
        return Failure::forbidden(
            "xero-scope-missing",
            "The connection lacks a permission in Xero. Reconnect it with accounting.contacts, accounting.invoices and accounting.settings.",
        );
    }
    Failure::auth("xero-sign-in", "Xero does not accept the connection's sign-in any more. Sign in again.")
}

/// Maintenance takes from minutes to hours, and Xero does not say how long.
const OFFLINE_PAUSE: Duration = Duration::from_secs(300);

fn throttled(response: &Response) -> Failure {
    let problem = response.header("X-Rate-Limit-Problem").unwrap_or_default().to_ascii_lowercase();
    let (message, unsaid) = match problem.as_str() {
        "day" | "daily" => (
            "The organisation's calls for today are used up in Xero. Nothing was written; it goes on when Xero allows.",
            None,
        ),
        // Xero says how long only for minute and day.
        "concurrent" => (
            "Too many calls to Xero at once. Nothing was written; it will be tried again.",
            Some(Duration::from_secs(2)),
        ),
        _ => (
            "Xero allows no more calls this minute. Nothing was written; it will be tried again.",
            Some(Duration::from_secs(60)),
        ),
    };
    let failure = Failure::throttled("xero-throttled", message, response.retry_after().or(unsaid));
    if problem.is_empty() { failure } else { failure.with("limit", problem) }
}

fn fault(status: u16, effect: Effect, what: &str) -> Failure {
    match effect {
        Effect::Read => Failure::transient(
            "xero-fault",
            format!("Xero failed while reading {what} ({status}). It will be tried again."),
        ),
        Effect::Write => Failure::unknown_outcome(
            "xero-fault",
            format!("Xero failed while saving {what} ({status}). It is not known whether it was saved."),
        ),
    }
}
