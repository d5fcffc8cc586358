//! What a body says that is no success: JSON in its three forms, a page of HTML, plain text, nothing.
//!
//! Owns reading it. What it means is decided in `errors`.

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::text;

/// One of the nested errors of a refused record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Nested {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) resource: String,
    pub(crate) field: String,
}

/// A body, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// "InvalidObject", "NotFound", …; throttling names it `error` instead of `code`.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) nested: Vec<Nested>,
    /// No JSON object with a code or a message: then the status alone says what happened.
    pub(crate) is_foreign: bool,
}

const PART: usize = 300;

impl Complaint {
    /// Reads any body.
    pub(crate) fn read(body: &str) -> Self {
        let body = body.trim_start_matches('\u{feff}').trim();
        let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).map(text::single_spaced).unwrap_or_default()
        };
        let code = Some(text(&json, "code")).filter(|code| !code.is_empty()).unwrap_or_else(|| text(&json, "error"));
        let nested = json.get("errors").and_then(Value::as_array).into_iter().flatten();
        let nested: Vec<Nested> = nested
            .map(|one| Nested {
                code: text(one, "code"),
                message: Some(text(one, "message"))
                    .filter(|said| !said.is_empty())
                    .unwrap_or_else(|| text(one, "details")),
                resource: text(one, "resource"),
                field: text(one, "field"),
            })
            .collect();
        let message = text(&json, "message");
        if !code.is_empty() || !message.is_empty() || !nested.is_empty() {
            return Self { code, message, nested, is_foreign: false };
        }
        Self { message: foreign(body), is_foreign: true, ..Self::default() }
    }

    /// Whether the body or one of its nested errors has this code.
    pub(crate) fn has(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code) || self.nested.iter().any(|one| one.code.eq_ignore_ascii_case(code))
    }

    /// Whether a message has these words, in lower case.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        self.messages().any(|message| message.to_lowercase().contains(words))
    }

    fn messages(&self) -> impl Iterator<Item = &str> {
        let nested = self.nested.iter().map(|one| one.message.as_str());
        std::iter::once(self.message.as_str()).chain(nested).chain(std::iter::once(self.code.as_str()))
    }

    /// In words for people: every nested error with its field, else the message.
    pub(crate) fn said(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for one in &self.nested {
            let message = if one.message.is_empty() { &one.code } else { &one.message };
            let said = match one.field.is_empty() {
                true => message.clone(),
                false => format!("{}: {message}", one.field),
            };
            let said = text::clip(&said, PART);
            if !said.is_empty() && !parts.contains(&said) {
                parts.push(said);
            }
        }
        let said = match (parts.is_empty(), self.message.is_empty(), self.code.is_empty()) {
            (false, ..) => parts.join("; "),
            (true, false, _) => text::clip(&self.message, PART),
            (true, true, false) => self.code.clone(),
            (true, true, true) => "it gave no reason".to_owned(),
        };
        if said.ends_with(['.', '!', '?']) { said } else { format!("{said}.") }
    }
}

/// Plain text as it is, of a page its title.
fn foreign(body: &str) -> String {
    let lower = body.to_ascii_lowercase();
    if !lower.starts_with('<') {
        return text::clip(&text::single_spaced(body), PART);
    }
    // The same bytes stand at the same places: only ASCII letters were changed.
    let title = lower.find("<title>").and_then(|at| {
        let from = at + "<title>".len();
        let to = lower.get(from..)?.find("</title>")?;
        body.get(from..from + to)
    });
    let title = title.map(text::single_spaced).filter(|title| !title.is_empty());
    title.map_or_else(|| "a web page".to_owned(), |title| format!("a web page, \"{}\"", text::clip(&title, 80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_says_something() {
        for (body, code, said, foreign) in [
            (
                r#"{"code":"InvalidObject","message":"contact object is invalid","errors":[{"code":"MissingRequiredField","message":"The firstName field is required.","resource":"contact","field":"firstName"},{"code":"InvalidField","message":"Invalid URL","field":"url"}]}"#,
                "InvalidObject",
                "firstName: The firstName field is required.; url: Invalid URL.",
                false,
            ),
            (
                r#"{"code":"Security","message":"SSL is required.","errors":null}"#,
                "Security",
                "SSL is required.",
                false,
            ),
            (r#"{"error":"ConnectWiseAPI","message":"Too many"}"#, "ConnectWiseAPI", "Too many.", false),
            (r#"{"errors":[{"code":"ObjectExists"}]}"#, "", "ObjectExists.", false),
            ("\u{feff}{\"code\":\"NotFound\",\"message\":\"\"}", "NotFound", "NotFound.", false),
            ("Cannot route. Codebase/company is invalid", "", "Cannot route. Codebase/company is invalid.", true),
            ("<html><head><TITLE>Just a\n moment…</TITLE>", "", "a web page, \"Just a moment…\".", true),
            ("<!DOCTYPE html><p>no title", "", "a web page.", true),
            ("", "", "it gave no reason.", true),
            ("[1]", "", "[1].", true),
            ("null", "", "null.", true),
        ] {
            let complaint = Complaint::read(body);
            assert_eq!(
                (complaint.code.as_str(), complaint.said().as_str(), complaint.is_foreign),
                (code, said, foreign),
                "{body}"
            );
        }
    }

    #[test]
    fn no_nested_error_is_left_out() {
        let nested: Vec<String> =
            (0..30).map(|n| format!(r#"{{"code":"InvalidField","message":"bad {n}","field":"f{n}"}}"#)).collect();
        let body = format!(r#"{{"code":"InvalidObject","message":"x","errors":[{}]}}"#, nested.join(","));
        let said = Complaint::read(&body).said();
        assert!((0..30).all(|n| said.contains(&format!("f{n}: bad {n}"))), "{said}");
    }
}
