//! Owns the `where` language: comparisons joined by AND and OR. Does not own which fields exist.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::Refusal;

/// What a field holds, or a literal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Number(Decimal),
    Day(NaiveDate),
    Flag(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<&String>> for Value {
    fn from(text: Option<&String>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.clone()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Compare { field: String, operator: Operator, value: Value },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Number(Decimal),
    Sign(&'static str),
}

const SIGNS: [&str; 12] = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "(", ")", ",", "="];

fn unreadable(text: &str) -> Refusal {
    Refusal::Query(format!("The where expression cannot be read: {text}"))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first == '"' {
            let end = rest[1..].find('"').ok_or_else(|| unreadable(text))? + 1;
            found.push(Token::Text(rest[1..end].to_owned()));
            end + 1
        } else if first.is_ascii_digit() || first == '-' {
            let end = rest.find(|c: char| !matches!(c, '0'..='9' | '.' | '-')).unwrap_or(rest.len());
            found.push(Token::Number(rest[..end].parse().map_err(|_| unreadable(text))?));
            end
        } else if first.is_alphabetic() {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_')).unwrap_or(rest.len());
            found.push(Token::Name(rest[..end].to_owned()));
            end
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or_else(|| unreadable(text))?;
            found.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[taken..].trim_start();
    }
    Ok(found)
}

struct Parser<'a> {
    text: &'a str,
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

impl Parser<'_> {
    fn sign(&mut self, wanted: &[&str]) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Sign(sign) if wanted.contains(sign))).is_some()
    }

    fn word(&mut self, wanted: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Name(name) if name.eq_ignore_ascii_case(wanted))).is_some()
    }

    fn any(&mut self) -> Result<Filter, Refusal> {
        let mut parts = vec![self.all()?];
        while self.sign(&["||"]) || self.word("OR") {
            parts.push(self.all()?);
        }
        Ok(Filter::Any(parts))
    }

    fn all(&mut self) -> Result<Filter, Refusal> {
        let mut parts = vec![self.one()?];
        while self.sign(&["&&"]) || self.word("AND") {
            parts.push(self.one()?);
        }
        Ok(Filter::All(parts))
    }

    fn one(&mut self) -> Result<Filter, Refusal> {
        if self.sign(&["("]) {
            let inner = self.any()?;
            return if self.sign(&[")"]) { Ok(inner) } else { Err(unreadable(self.text)) };
        }
        let Some(Token::Name(field)) = self.tokens.next() else {
            return Err(unreadable(self.text));
        };
        let operator = match self.tokens.next() {
            Some(Token::Sign("==" | "=")) => Operator::Equal,
            Some(Token::Sign("!=")) => Operator::Unequal,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            _ => return Err(unreadable(self.text)),
        };
        Ok(Filter::Compare { field, operator, value: self.literal()? })
    }

    fn literal(&mut self) -> Result<Value, Refusal> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(Value::Text(text)),
            Some(Token::Number(number)) => Ok(Value::Number(number)),
            Some(Token::Name(name)) => match name.to_ascii_lowercase().as_str() {
                "null" => Ok(Value::Null),
                "true" => Ok(Value::Flag(true)),
                "false" => Ok(Value::Flag(false)),
                "guid" => self.call(|arguments| match arguments {
                    [Token::Text(id)] => Some(Value::Text(id.clone())),
                    _ => None,
                }),
                "datetime" => self.call(|arguments| match arguments {
                    [Token::Number(y), Token::Number(m), Token::Number(d), ..] => {
                        let part = |number: &Decimal| number.to_string().parse::<u32>().ok();
                        let year = y.to_string().parse().ok()?;
                        NaiveDate::from_ymd_opt(year, part(m)?, part(d)?).map(Value::Day)
                    }
                    _ => None,
                }),
                _ => Err(unreadable(self.text)),
            },
            _ => Err(unreadable(self.text)),
        }
    }

    fn call(&mut self, read: impl Fn(&[Token]) -> Option<Value>) -> Result<Value, Refusal> {
        let mut arguments = Vec::new();
        if !self.sign(&["("]) {
            return Err(unreadable(self.text));
        }
        while !self.sign(&[")"]) {
            arguments.push(self.tokens.next().ok_or_else(|| unreadable(self.text))?);
            self.sign(&[","]);
        }
        read(&arguments).ok_or_else(|| unreadable(self.text))
    }
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut parser = Parser { text, tokens: tokens(text)?.into_iter().peekable() };
        let filter = parser.any()?;
        if parser.tokens.next().is_some() { Err(unreadable(text)) } else { Ok(filter) }
    }

    /// Whether a record passes; `field` gives `None` for a name the record type does not have.
    pub(crate) fn passes(&self, field: &impl Fn(&str) -> Option<Value>) -> Result<bool, Refusal> {
        match self {
            Self::All(parts) => parts.iter().try_fold(true, |sum, part| Ok(part.passes(field)? && sum)),
            Self::Any(parts) => parts.iter().try_fold(false, |sum, part| Ok(part.passes(field)? || sum)),
            Self::Compare { field: name, operator, value } => {
                let held = field(name)
                    .ok_or_else(|| Refusal::Query(format!("No property or field '{name}' exists in type")))?;
                Ok(compare(&held, *operator, value))
            }
        }
    }
}

fn compare(held: &Value, operator: Operator, wanted: &Value) -> bool {
    let order = match (held, wanted) {
        (Value::Text(held), Value::Text(wanted)) => Some(folded(held).cmp(&folded(wanted))),
        (Value::Number(held), Value::Number(wanted)) => Some(held.cmp(wanted)),
        (Value::Day(held), Value::Day(wanted)) => Some(held.cmp(wanted)),
        (Value::Flag(held), Value::Flag(wanted)) => Some(held.cmp(wanted)),
        (Value::Null, Value::Null) => Some(std::cmp::Ordering::Equal),
        _ => None,
    };
    match (operator, order) {
        (Operator::Unequal, order) => order.is_none_or(std::cmp::Ordering::is_ne),
        (_, None) => false,
        (Operator::Equal, Some(order)) => order.is_eq(),
        (Operator::Less, Some(order)) => order.is_lt(),
        (Operator::LessOrEqual, Some(order)) => order.is_le(),
        (Operator::Greater, Some(order)) => order.is_gt(),
        (Operator::GreaterOrEqual, Some(order)) => order.is_ge(),
    }
}

/// Case and accents do not tell two texts apart, so a caller must compare what it found again.
pub(crate) fn folded(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à'..='å' | 'ā' => 'a',
            'ç' | 'č' | 'ć' => 'c',
            'è'..='ë' | 'ē' | 'ě' => 'e',
            'ì'..='ï' | 'ī' => 'i',
            'ñ' => 'n',
            'ò'..='ö' | 'ō' => 'o',
            'š' => 's',
            'ù'..='ü' | 'ū' => 'u',
            'ý' | 'ÿ' => 'y',
            'ž' => 'z',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let field = |name: &str| match name {
            "Type" => Some(Value::from("ACCREC")),
            "Reference" => Some(Value::from("Café 1")),
            "Contact.ContactID" => Some(Value::from("0a1b")),
            "Total" => Some(Value::Number(Decimal::new(4000, 2))),
            "Date" => NaiveDate::from_ymd_opt(2026, 11, 1).map(Value::Day),
            "Url" => Some(Value::Null),
            _ => None,
        };
        let table = [
            ("Type==\"ACCREC\"", Some(true)),
            ("Type==\"ACCPAY\"", Some(false)),
            ("type==\"ACCREC\"", None),
            ("Type==\"ACCREC\" AND Reference==\"cafe 1\"", Some(true)),
            ("Type==\"ACCREC\"&&Reference==\"x\"", Some(false)),
            ("Type==\"X\" OR Reference==\"CAFÉ 1\"", Some(true)),
            ("Type==\"X\" || (Total>=40 && Total<41)", Some(true)),
            ("Contact.ContactID==Guid(\"0A1B\")", Some(true)),
            ("Date>=DateTime(2026,11,01)", Some(true)),
            ("Date < DateTime(2026, 11, 1)", Some(false)),
            ("Url==null", Some(true)),
            ("Reference!=null", Some(true)),
            ("Type=\"ACCREC", None),
            ("Type==", None),
            ("==\"x\"", None),
            ("Type==\"ACCREC\" Reference", None),
        ];
        for (text, wanted) in table {
            let got = Filter::parse(text).and_then(|filter| filter.passes(&field)).ok();
            assert_eq!(got, wanted, "{text}");
        }
    }
}
