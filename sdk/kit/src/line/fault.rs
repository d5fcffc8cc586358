//! What goes wrong on the line, for which requests and how often. Owns how an answer's body is spoilt.

use counterfoil_domain::ports::{Call, Sending};
use counterfoil_domain::wire::Response;
use rust_decimal::Decimal;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Reads,
    Writes,
    Any,
}

#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It never arrives.
    LoseBefore,
    /// It arrives, its answer does not.
    LoseAfter,
    /// It arrives when the line releases it.
    Hold,
    /// This answer; it never arrives.
    Says(Response),
    /// It arrives; this is the answer.
    SaysAfter(Response),
    /// It arrives; its answer is spoilt.
    Body(Body),
    /// A read shows what it showed before, and this where it was not asked before.
    Stale(Response),
    /// Each page of a path is its first one.
    SamePage,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Html,
    Cut,
    WrongTypes,
    Empty,
    /// The elements of each list twice, in the other order.
    Repeated,
    /// Numbers that are one of these are one more.
    Shifted(Vec<Decimal>),
}

impl Fault {
    /// For the transcript.
    pub(crate) fn called(&self) -> &'static str {
        match self {
            Self::LoseBefore => "lost on its way",
            Self::LoseAfter => "answer lost",
            Self::Hold => "held back, answer lost",
            Self::Says(_) => "answered by the kit",
            Self::SaysAfter(_) => "done, but answered by the kit",
            Self::Body(body) => body.called(),
            Self::Stale(_) => "as it was before the write",
            Self::SamePage => "the first page again",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    side: Side,
    /// Only paths that do not end with an id.
    lists_only: bool,
    skip: usize,
    times: Option<usize>,
    fault: Fault,
}

impl Rule {
    /// For the next one.
    pub(crate) fn once(side: Side, fault: Fault) -> Self {
        Self { side, lists_only: false, skip: 0, times: Some(1), fault }
    }

    pub(crate) fn always(side: Side, fault: Fault) -> Self {
        Self { times: None, ..Self::once(side, fault) }
    }

    pub(crate) fn after(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// Only answers that are lists of records: the last segment of the path is a word, no id.
    pub(crate) fn of_lists(self) -> Self {
        Self { lists_only: true, ..self }
    }

    pub(super) fn concerns(&self, call: &Call) -> bool {
        let side = match self.side {
            Side::Any => true,
            Side::Reads => call.sending == Sending::Read,
            Side::Writes => call.sending != Sending::Read,
        };
        side && self.times != Some(0) && (!self.lists_only || is_list(&call.request.path))
    }

    pub(super) fn due(&mut self) -> Option<Fault> {
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        Some(self.fault.clone())
    }
}

/// Ids have digits, names of resources have none.
fn is_list(path: &str) -> bool {
    !path.rsplit('/').next().unwrap_or_default().chars().any(|c| c.is_ascii_digit())
}

impl Body {
    fn called(&self) -> &'static str {
        match self {
            Self::Html => "answer is a page of HTML",
            Self::Cut => "answer is cut in half",
            Self::WrongTypes => "answer has numbers for texts and texts for numbers",
            Self::Empty => "answer is empty",
            Self::Repeated => "answer's lists are doubled and reversed",
            Self::Shifted(_) => "answer's amounts are one more",
        }
    }

    pub(super) fn of(&self, answer: Response) -> Response {
        match self {
            Self::Html => html(answer),
            Self::Cut => Response { body: answer.body[..answer.body.len() / 2].to_vec(), ..answer },
            Self::Empty => Response { body: Vec::new(), ..answer },
            Self::WrongTypes => altered(answer, &wrong),
            Self::Repeated => altered(answer, &repeated),
            Self::Shifted(amounts) => altered(answer, &|value| shifted(value, amounts)),
        }
    }
}

fn html(answer: Response) -> Response {
    let mut headers = answer.headers;
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    headers.push(("Content-Type".to_owned(), "text/html".to_owned()));
    let body =
        b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Welcome back</h1></body></html>".to_vec();
    Response { headers, body, ..answer }
}

fn altered(answer: Response, change: &dyn Fn(Value) -> Value) -> Response {
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) => Response { body: change(value).to_string().into_bytes(), ..answer },
        Err(_) => answer,
    }
}

/// In each value that is neither list nor object.
fn leaves(value: Value, change: &dyn Fn(Value) -> Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(|one| leaves(one, change)).collect(),
        Value::Object(all) => all.into_iter().map(|(name, one)| (name, leaves(one, change))).collect(),
        leaf => change(leaf),
    }
}

fn wrong(value: Value) -> Value {
    leaves(value, &|leaf| match leaf {
        Value::String(_) => Value::from(0),
        Value::Number(_) => Value::from("wrong"),
        Value::Bool(_) => Value::from("maybe"),
        other => other,
    })
}

/// The outermost lists only: a record's own lists are parts of it.
fn repeated(value: Value) -> Value {
    let twice = |list: Vec<Value>| -> Value { list.iter().rev().flat_map(|one| [one.clone(), one.clone()]).collect() };
    match value {
        Value::Array(list) => twice(list),
        Value::Object(fields) => {
            let of = |(name, field)| match field {
                Value::Array(list) => (name, twice(list)),
                other => (name, other),
            };
            fields.into_iter().map(of).collect()
        }
        other => other,
    }
}

fn shifted(value: Value, amounts: &[Decimal]) -> Value {
    leaves(value, &|leaf| {
        let (text, is_text) = match &leaf {
            Value::Number(number) => (number.to_string(), false),
            Value::String(text) => (text.clone(), true),
            _ => return leaf,
        };
        let Some(read) = text.parse::<Decimal>().ok().filter(|read| amounts.contains(&read.abs())) else { return leaf };
        let more = if read.is_sign_negative() { read - Decimal::ONE } else { read + Decimal::ONE };
        if is_text {
            return Value::String(more.to_string());
        }
        serde_json::from_str(&more.to_string()).unwrap_or(leaf)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoilt(body: &Body, json: &str) -> String {
        let answer = Response { status: 200, headers: vec![], body: json.as_bytes().to_vec(), replayed: false };
        String::from_utf8_lossy(&body.of(answer).body).into_owned()
    }

    #[test]
    fn bodies_are_spoilt_as_they_say() {
        let amounts = vec!["22.00".parse().unwrap_or_default()];
        for (body, json, wanted) in [
            (Body::Cut, "{\"a\":1}", "{\"a"),
            (Body::Empty, "{}", ""),
            (Body::WrongTypes, "{\"a\":[1,\"x\",true,null]}", "{\"a\":[\"wrong\",0,\"maybe\",null]}"),
            (Body::Repeated, "{\"a\":[{\"b\":[1]},2],\"n\":1}", "{\"a\":[2,2,{\"b\":[1]},{\"b\":[1]}],\"n\":1}"),
            (Body::Repeated, "[1]", "[1,1]"),
            (
                Body::Shifted(amounts.clone()),
                "{\"a\":22,\"b\":\"-22.0\",\"c\":23}",
                "{\"a\":23,\"b\":\"-23.0\",\"c\":23}",
            ),
            (Body::Shifted(amounts), "no json", "no json"),
        ] {
            assert_eq!(spoilt(&body, json), wanted, "{body:?}");
        }
    }

    #[test]
    fn a_path_that_ends_with_a_word_is_a_list() {
        for (path, list) in [("/charges", true), ("/charges/ch-1", false), ("/a/12/additions", true), ("/a/12", false)]
        {
            assert_eq!(is_list(path), list, "{path}");
        }
    }
}
