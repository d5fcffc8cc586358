//! Owns JSON whose numbers stay the decimals that were written; does not own what any field means.
//!
//! The usual JSON value type reads numbers as binary floats. A simulator that checks cents must not.

use std::fmt::Write as _;
use std::str::{Chars, FromStr};

use rust_decimal::Decimal;

/// Deeper nesting than any vendor document; keeps hostile input off the stack.
const DEPTH_CAP: usize = 48;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson;

impl Json {
    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    pub(crate) fn whole(value: impl Into<i64>) -> Self {
        Self::Number(Decimal::from(value.into()))
    }

    /// An object without its null fields.
    pub(crate) fn object<const N: usize>(fields: [(&str, Json); N]) -> Self {
        let mut object = Self::Object(Vec::with_capacity(N));
        fields.into_iter().for_each(|(name, value)| object.set(name, value));
        object
    }

    /// Adds a field; null is left out, as Xero leaves out what it does not have.
    pub(crate) fn set(&mut self, name: &str, value: Json) {
        if let (Self::Object(fields), false) = (self, value == Json::Null) {
            fields.retain(|(known, _)| known != name);
            fields.push((name.to_owned(), value));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(fields) => fields.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader { rest: text.trim_start_matches('\u{feff}').chars() };
        let value = reader.value(0)?;
        reader.skip_space();
        if reader.rest.as_str().is_empty() { Ok(value) } else { Err(NotJson) }
    }

    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        self.print_to(&mut out);
        out
    }

    fn print_to(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => out.push_str(&value.to_string()),
            Self::Text(value) => print_text(value, out),
            Self::List(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    value.print_to(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    print_text(name, out);
                    out.push(':');
                    value.print_to(out);
                }
                out.push('}');
            }
        }
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Json::text(value)
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Json::Text(value)
    }
}

impl From<&String> for Json {
    fn from(value: &String) -> Self {
        Json::text(value.as_str())
    }
}

impl From<Decimal> for Json {
    fn from(value: Decimal) -> Self {
        Json::Number(value)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<Vec<Json>> for Json {
    fn from(values: Vec<Json>) -> Self {
        Json::List(values)
    }
}

fn print_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                let written = write!(out, "\\u{:04x}", u32::from(control));
                debug_assert!(written.is_ok(), "writing to a string cannot fail");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    rest: Chars<'a>,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        let trimmed = self.rest.as_str().trim_start_matches([' ', '\t', '\r', '\n']);
        let skipped = self.rest.as_str().len() - trimmed.len();
        // Spaces are one byte each.
        for _ in 0..skipped {
            self.rest.next();
        }
    }

    fn eat(&mut self, word: &str) -> bool {
        if !self.rest.as_str().starts_with(word) {
            return false;
        }
        for _ in word.chars() {
            self.rest.next();
        }
        true
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        if depth > DEPTH_CAP {
            return Err(NotJson);
        }
        self.skip_space();
        match self.rest.clone().next().ok_or(NotJson)? {
            '{' => self.object(depth),
            '[' => self.list(depth),
            '"' => self.string().map(Json::Text),
            't' if self.eat("true") => Ok(Json::Bool(true)),
            'f' if self.eat("false") => Ok(Json::Bool(false)),
            'n' if self.eat("null") => Ok(Json::Null),
            '-' | '0'..='9' => self.number(),
            _ => Err(NotJson),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.eat("[");
        let mut values = Vec::new();
        self.skip_space();
        if self.eat("]") {
            return Ok(Json::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.skip_space();
            if self.eat("]") {
                return Ok(Json::List(values));
            }
            if !self.eat(",") {
                return Err(NotJson);
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.eat("{");
        let mut fields = Vec::new();
        self.skip_space();
        if self.eat("}") {
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            if !self.eat(":") {
                return Err(NotJson);
            }
            fields.push((name, self.value(depth + 1)?));
            self.skip_space();
            if self.eat("}") {
                return Ok(Json::Object(fields));
            }
            if !self.eat(",") {
                return Err(NotJson);
            }
        }
    }

    fn number(&mut self) -> Result<Json, NotJson> {
        let text = self.rest.as_str();
        let end =
            text.find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(text.len());
        let literal = &text[..end];
        let digits = literal.strip_prefix('-').unwrap_or(literal);
        let padded = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        if padded || digits.starts_with('.') || digits.ends_with('.') {
            return Err(NotJson);
        }
        let value =
            if literal.contains(['e', 'E']) { Decimal::from_scientific(literal) } else { Decimal::from_str(literal) };
        self.eat(literal);
        value.map(Json::Number).map_err(|_| NotJson)
    }

    fn string(&mut self) -> Result<String, NotJson> {
        if !self.eat("\"") {
            return Err(NotJson);
        }
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or(NotJson)? {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                control if u32::from(control) < 0x20 => return Err(NotJson),
                other => text.push(other),
            }
        }
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        Ok(match self.rest.next().ok_or(NotJson)? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            same @ ('"' | '\\' | '/') => same,
            'u' => {
                let first = self.four_hex()?;
                if (0xd800..0xdc00).contains(&first) {
                    if !self.eat("\\u") {
                        return Err(NotJson);
                    }
                    let second = self.four_hex()?.checked_sub(0xdc00).ok_or(NotJson)?;
                    return char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second).ok_or(NotJson);
                }
                return char::from_u32(first).ok_or(NotJson);
            }
            _ => return Err(NotJson),
        })
    }

    fn four_hex(&mut self) -> Result<u32, NotJson> {
        (0..4).try_fold(0, |sum, _| {
            let digit = self.rest.next().and_then(|letter| letter.to_digit(16)).ok_or(NotJson)?;
            Ok(sum * 16 + digit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        for literal in ["0.1", "40.00", "0.3000000000000000000001", "-12345678901234567890.12"] {
            assert_eq!(Json::parse(literal).unwrap().print(), literal);
        }
        assert_eq!(Json::parse("12.5e2").unwrap(), Json::Number(Decimal::from(1250)));
    }

    #[test]
    fn text_round_trips() {
        let text = "{\"a\":[1,true,null,\"x\\\"\\\\\\n\\u0001 é\"],\"b\":{}}";
        assert_eq!(Json::parse(text).unwrap().print(), text);
        assert_eq!(Json::parse("\"\\ud83d\\ude00\"").unwrap(), Json::text("😀"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in
            ["", "{", "[1,]", "{\"a\" 1}", "01", "1.", ".5", "tru", "\"a", "[1] 2", "{'a':1}", "\"\u{1}\"", "--1"]
        {
            assert_eq!(Json::parse(text), Err(NotJson), "{text}");
        }
        assert_eq!(Json::parse(&"[".repeat(5_000)), Err(NotJson));
    }
}
