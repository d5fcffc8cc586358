//! Owns reading `conditions` as ConnectWise does; does not own whether a record fits. A quote has no escape, so that a name
//! which holds one ends the text: what follows counts as condition.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

use super::answer::Refusal;
use super::config::StrayQuote;
use super::record::day;

/// More brackets are refused; keeps hostile input off the stack.
const NESTED_CAP: usize = 64;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(Decimal),
    Moment(String),
    Sign(&'static str),
}

#[derive(Debug, Clone)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare { field: String, op: Op, value: Literal },
    Among { field: String, values: Vec<Literal> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    Like,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(Decimal),
    Flag(bool),
    Moment(DateTime<Utc>),
    Null,
}

impl Condition {
    pub(crate) fn parse(text: &str, stray: StrayQuote) -> Result<Option<Self>, Refusal> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        match Self::read(text) {
            Ok(condition) => Ok(Some(condition)),
            Err(_) if stray == StrayQuote::Injects => Ok(skipping(text)),
            Err(refusal) => Err(refusal),
        }
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let deep = |token: &Token| {
            *token == Token::Sign("(") || matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("not"))
        };
        if tokens.iter().filter(|token| deep(token)).count() > NESTED_CAP {
            return Err(malformed("it is nested too deeply"));
        }
        let mut reader = Reader { tokens, at: 0 };
        let condition = reader.any()?;
        match reader.peek() {
            None => Ok(condition),
            Some(_) => Err(malformed("expected the end of the conditions")),
        }
    }
}

/// The longest readable end counts; where nothing can be read, nothing is asked for.
fn skipping(text: &str) -> Option<Condition> {
    text.char_indices().skip(1).find_map(|(at, _)| Condition::read(&text[at..]).ok())
}

fn malformed(told: &str) -> Refusal {
    Refusal::Condition(format!("The conditions cannot be read: {told}."))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, used) = match first {
            '"' | '\'' => {
                let end = rest[1..].find(first).ok_or_else(|| malformed("a quote is not closed"))?;
                (Token::Text(rest[1..=end].to_owned()), end + 2)
            }
            '[' => {
                let end = rest.find(']').ok_or_else(|| malformed("a date is not closed"))?;
                (Token::Moment(rest[1..end].to_owned()), end + 1)
            }
            _ => plain(rest)?,
        };
        out.push(token);
        rest = rest[used..].trim_start();
    }
    Ok(out)
}

fn plain(rest: &str) -> Result<(Token, usize), Refusal> {
    const SIGNS: [&str; 9] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", ","];
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || "_/.-:".contains(c))).unwrap_or(rest.len());
    if end == 0 {
        return Err(malformed("a character is not expected here"));
    }
    let word = &rest[..end];
    Ok((word.parse().map_or_else(|_| Token::Word(word.to_owned()), Token::Number), end))
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn takes_sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(sign)) if *sign == wanted);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Condition, Refusal> {
        let mut all = vec![self.all()?];
        while self.takes_word("or") {
            all.push(self.all()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::Any(all) })
    }

    fn all(&mut self) -> Result<Condition, Refusal> {
        let mut all = vec![self.one()?];
        while self.takes_word("and") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::All(all) })
    }

    fn one(&mut self) -> Result<Condition, Refusal> {
        if self.takes_word("not") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.takes_sign("(") {
            let inside = self.any()?;
            return if self.takes_sign(")") { Ok(inside) } else { Err(malformed("a bracket is not closed")) };
        }
        let Some(Token::Word(field)) = self.next() else { return Err(malformed("a field is expected")) };
        let negated = self.takes_word("not");
        let condition = self.compared(field)?;
        Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn compared(&mut self, field: String) -> Result<Condition, Refusal> {
        if self.takes_word("in") {
            return self.among(field);
        }
        let op = match self.next() {
            Some(Token::Sign("=")) => Op::Equal,
            Some(Token::Sign("!=")) => Op::Unequal,
            Some(Token::Sign("<")) => Op::Less,
            Some(Token::Sign("<=")) => Op::LessOrEqual,
            Some(Token::Sign(">")) => Op::Greater,
            Some(Token::Sign(">=")) => Op::GreaterOrEqual,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("contains") => Op::Contains,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("like") => Op::Like,
            _ => return Err(malformed("an operator is expected")),
        };
        Ok(Condition::Compare { field, op, value: self.literal()? })
    }

    fn among(&mut self, field: String) -> Result<Condition, Refusal> {
        if !self.takes_sign("(") {
            return Err(malformed("a list is expected"));
        }
        let mut values = vec![self.literal()?];
        while self.takes_sign(",") {
            values.push(self.literal()?);
        }
        if !self.takes_sign(")") {
            return Err(malformed("a list is not closed"));
        }
        Ok(Condition::Among { field, values })
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Number(number)) => Ok(Literal::Number(number)),
            Some(Token::Moment(text)) => {
                let moment = DateTime::parse_from_rfc3339(&text).map(|moment| moment.with_timezone(&Utc)).ok();
                let moment = moment.or_else(|| day(&text).map(at_midnight));
                moment.map(Literal::Moment).ok_or_else(|| malformed("a date cannot be read"))
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Ok(Literal::Flag(true)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Ok(Literal::Flag(false)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => Ok(Literal::Null),
            _ => Err(malformed("a value is expected")),
        }
    }
}

pub(super) fn at_midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

impl Condition {
    /// The field that stands first.
    pub(crate) fn first_field(&self) -> &str {
        match self {
            Self::All(all) | Self::Any(all) => all.first().map_or("", Self::first_field),
            Self::Not(inside) => inside.first_field(),
            Self::Compare { field, .. } | Self::Among { field, .. } => field,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_ends_the_text_and_the_rest_counts() {
        let read = |text: &str| Condition::parse(text, StrayQuote::Refused);
        assert!(matches!(read(r#"name="x" or id > 0 or name="""#), Ok(Some(Condition::Any(_)))));
        assert!(read(r#"name="x"y""#).is_err());
        assert!(Condition::parse(r#"name="x" or id > 0""#, StrayQuote::Injects).is_ok());
        assert!(matches!(read("company/id = 42 and not (a = 1 or b in (1, 2))"), Ok(Some(Condition::All(_)))));
    }
}
