//! What a body says that is no success: JSON in Syncro's five forms, a page of HTML, plain text, nothing.
//!
//! Owns reading it. What it means is decided in `errors`.

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::text;

/// A body, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// What it says, in its own words.
    parts: Vec<String>,
    /// No JSON object: then the status alone says what happened.
    pub(crate) is_foreign: bool,
    /// Nothing at all.
    pub(crate) is_empty: bool,
}

const PART: usize = 300;
const MOST: usize = 8;
/// Members that hold complaints: every kind of record has its own.
const MEMBERS: [&str; 3] = ["error", "errors", "message"];

impl Complaint {
    /// Reads any body.
    pub(crate) fn read(body: &str) -> Self {
        let body = body.trim_start_matches('\u{feff}').trim();
        if body.is_empty() {
            return Self { is_empty: true, ..Self::default() };
        }
        let Ok(Value::Object(members)) = serde_json::from_str::<Value>(body) else {
            return Self { parts: foreign(body).into_iter().collect(), is_foreign: true, is_empty: false };
        };
        let mut parts = Vec::new();
        for name in MEMBERS {
            if let Some(value) = members.get(name) {
                gather("", value, &mut parts);
            }
        }
        parts.truncate(MOST);
        Self { parts, ..Self::default() }
    }

    /// For people.
    pub(crate) fn said(&self) -> String {
        match (self.parts.is_empty(), self.is_empty) {
            (false, _) => {
                let said = self.parts.join("; ");
                if said.ends_with(['.', '!', '?']) { said } else { format!("{said}.") }
            }
            (true, true) => "(without a word).".to_owned(),
            (true, false) => "(no reason given).".to_owned(),
        }
    }
}

/// A text, a list of them, or texts below the names of fields.
fn gather(field: &str, value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let text = text::clip(&text::single_spaced(text), PART);
            let named = !field.is_empty() && !text.to_lowercase().starts_with(&field.to_lowercase());
            if !text.is_empty() {
                parts.push(if named { format!("{field} {text}") } else { text });
            }
        }
        Value::Array(all) => all.iter().for_each(|one| gather(field, one, parts)),
        Value::Object(members) => members.iter().for_each(|(name, one)| gather(name, one, parts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The title of a page, else the first words of a text.
fn foreign(body: &str) -> Option<String> {
    // Lower-casing ASCII alone keeps every place in the text where it was.
    let lower = body.to_ascii_lowercase();
    let title = lower.find("<title>").zip(lower.find("</title>")).filter(|(from, to)| from + 7 <= *to);
    let words = match title {
        Some((from, to)) => &body[from + 7..to],
        None if lower.contains("<html") || lower.starts_with("<!doctype") => return Some("a page of HTML".to_owned()),
        None => body,
    };
    Some(text::clip(&text::single_spaced(words), PART)).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Complaint;

    #[test]
    fn every_form_is_read() {
        for (body, said, is_foreign) in [
            (
                r#"{"error":["Frequency can't be blank","Name can't be blank"]}"#,
                "Frequency can't be blank; Name can't be blank.",
                false,
            ),
            (
                r#"{"success":false,"message":["Name can't be blank"],"params":{"name":""}}"#,
                "Name can't be blank.",
                false,
            ),
            (r#"{"message":["Vendor is blank"]}"#, "Vendor is blank.", false),
            (r#"{"record":{"id":1},"errors":"Customer can't be blank"}"#, "Customer can't be blank.", false),
            (
                r#"{"errors":{"number":["has already been taken"],"date":["Date is odd"]}}"#,
                "number has already been taken; Date is odd.",
                false,
            ),
            (r#"{"error":"Not authenticated"}"#, "Not authenticated.", false),
            (r#"{"status":400}"#, "(no reason given).", false),
            ("", "(without a word).", false),
            ("Disabled", "Disabled.", true),
            ("<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway.", true),
            ("<!DOCTYPE html><body>x</body>", "a page of HTML.", true),
            ("</title><title>", "</title><title>.", true),
            ("null", "null.", true),
            ("[1]", "[1].", true),
        ] {
            let complaint = Complaint::read(body);
            assert_eq!((complaint.said().as_str(), complaint.is_foreign), (said, is_foreign), "{body}");
        }
    }

    #[test]
    fn a_flood_of_complaints_is_cut() {
        let many: Vec<String> = (0..100).map(|n| format!("\"{}{n}\"", "x".repeat(1_000))).collect();
        let said = Complaint::read(&format!("{{\"error\":[{}]}}", many.join(","))).said();
        assert!(said.chars().count() < 3_000);
    }
}
