//! Owns whether a record fits a condition, and which of two comes first in an order. Does not own how conditions are written.

use super::answer::Refusal;
use super::condition::{Condition, Literal, Op, at_midnight};
use super::config::ApiVersion;
use super::json::Json;
use super::record::{Record, Value};
use super::shape::Kind;
use super::tables::Table;
use super::tenant::Tenant;

type Held<'a> = &'a dyn Fn(&str) -> Result<(Literal, Kind), Refusal>;

impl Tenant {
    /// Whether a record fits `conditions`; None: a record without any value, so that a wrong name is refused whatever there is.
    pub(crate) fn fits(
        &self,
        table: Table,
        record: Option<&Record>,
        version: ApiVersion,
        condition: &Condition,
    ) -> Result<bool, Refusal> {
        let truth = self.truth(condition, &|field| self.held(table, record, version, field))?;
        Ok(truth == Some(true))
    }

    /// `childConditions`: one of the records in a list of references fits.
    pub(crate) fn fits_child(
        &self,
        table: Table,
        record: Option<&Record>,
        version: ApiVersion,
        condition: &Condition,
    ) -> Result<bool, Refusal> {
        let unknown = |field: &str| Refusal::Condition(format!("{field} is not a recognized name."));
        let field = condition.first_field();
        let list = field.split_once('/').and_then(|(list, _)| table.shape().any_case(list, version));
        let Some((list, Kind::Refs(of))) = list else { return Err(unknown(field)) };
        let fits = |child: Option<&Record>| {
            let held = |field: &str| match field.split_once('/') {
                Some((first, rest)) if first.eq_ignore_ascii_case(list) => self.held(of, child, version, rest),
                _ => Err(unknown(field)),
            };
            Ok(self.truth(condition, &held)? == Some(true))
        };
        let children = match record.and_then(|record| record.members.get(list)) {
            Some(Value::Refs(ids)) => ids.as_slice(),
            _ => &[],
        };
        fits(None)?;
        let children = children.iter().filter_map(|id| self.record(of, *id));
        children.map(Some).try_fold(false, |so_far, child| Ok(fits(child)? || so_far))
    }

    /// `customFieldConditions`: one of the custom fields has this caption and value.
    pub(crate) fn fits_custom(
        &self,
        table: Table,
        record: Option<&Record>,
        condition: &Condition,
    ) -> Result<bool, Refusal> {
        let values = match record.and_then(|record| record.members.get("customFields")) {
            Some(Value::Custom(values)) => values.as_slice(),
            _ => &[],
        };
        let fits = |caption: Literal, value: Literal| {
            let held = |field: &str| match field.to_ascii_lowercase().as_str() {
                "caption" => Ok((caption.clone(), Kind::Text(usize::MAX))),
                "value" => Ok((value.clone(), Kind::Text(usize::MAX))),
                _ => Err(Refusal::Condition(format!("{field} is not a recognized name."))),
            };
            Ok(self.truth(condition, &held)? == Some(true))
        };
        fits(Literal::Null, Literal::Null)?;
        self.custom_fields(table).iter().try_fold(false, |so_far, field| {
            let value = values.iter().find(|(id, _)| *id == field.id).map_or(Literal::Null, |(_, json)| match json {
                Json::Text(text) => Literal::Text(text.clone()),
                Json::Number(number) => Literal::Number(*number),
                Json::Bool(flag) => Literal::Flag(*flag),
                _ => Literal::Null,
            });
            Ok(fits(Literal::Text(field.caption.clone()), value)? || so_far)
        })
    }

    /// None: neither true nor false, as a comparison with what is not there.
    fn truth(&self, condition: &Condition, held: Held<'_>) -> Result<Option<bool>, Refusal> {
        let each = |all: &[Condition]| all.iter().map(|one| self.truth(one, held)).collect::<Result<Vec<_>, _>>();
        Ok(match condition {
            Condition::All(all) => every(&each(all)?),
            Condition::Any(all) => some(&each(all)?),
            Condition::Not(inside) => self.truth(inside, held)?.map(|truth| !truth),
            Condition::Compare { field, op, value } => {
                let (held, kind) = held(field)?;
                self.compare(&held, kind, *op, value)?
            }
            Condition::Among { field, values } => {
                let (held, kind) = held(field)?;
                let each: Result<Vec<_>, _> =
                    values.iter().map(|value| self.compare(&held, kind, Op::Equal, value)).collect();
                some(&each?)
            }
        })
    }

    /// The value of a field, or of a field of a reference.
    fn held(
        &self,
        table: Table,
        record: Option<&Record>,
        version: ApiVersion,
        field: &str,
    ) -> Result<(Literal, Kind), Refusal> {
        let unknown = || Refusal::Condition(format!("{field} is not a recognized name."));
        if self.config.switches.unfilterable.iter().any(|name| name.eq_ignore_ascii_case(field)) {
            return Err(unknown());
        }
        let (first, rest) = field.split_once('/').map_or((field, None), |(first, rest)| (first, Some(rest)));
        if field.eq_ignore_ascii_case("lastUpdated") || field.eq_ignore_ascii_case("_info/lastUpdated") {
            return Ok((record.map_or(Literal::Null, |record| Literal::Moment(record.changed_at)), Kind::Day));
        }
        let (name, kind) = table.shape().any_case(first, version).ok_or_else(unknown)?;
        match (kind, rest) {
            (Kind::Ref(of), Some(rest)) => {
                let meant = record.and_then(|record| record.reference(name)).and_then(|id| self.record(of, id));
                self.held(of, meant, version, rest).map_err(|_| unknown())
            }
            (Kind::Refs(_) | Kind::Ref(_) | Kind::Custom | Kind::Tags, _) | (_, Some(_)) => Err(unknown()),
            (kind, None) => {
                Ok((record.map_or(Literal::Null, |record| self.literal_of(table, record, name, kind)), kind))
            }
        }
    }

    fn literal_of(&self, table: Table, record: &Record, name: &str, kind: Kind) -> Literal {
        let number = |id: i64| Literal::Number(id.into());
        match (table, name) {
            (_, "id") => return number(record.id),
            (Table::Addition, "agreementId") => return record.parent.map_or(Literal::Null, number),
            (Table::Addition, "agreementStatus") => {
                let agreement = record.parent.and_then(|id| self.record(Table::Agreement, id));
                return agreement.map_or(Literal::Null, |row| Literal::Text(self.agreement_status(row).to_owned()));
            }
            (Table::Agreement, "agreementStatus") => return Literal::Text(self.agreement_status(record).to_owned()),
            _ => {}
        }
        match record.members.get(name) {
            Some(Value::Int(number)) => Literal::Number((*number).into()),
            Some(Value::Number(number)) => Literal::Number(*number),
            Some(Value::Text(text)) => Literal::Text(text.clone()),
            Some(Value::Flag(flag)) => Literal::Flag(*flag),
            Some(Value::Day(day)) => Literal::Moment(at_midnight(*day)),
            // A flag that nobody set is off.
            None if kind == Kind::Flag => Literal::Flag(false),
            _ => Literal::Null,
        }
    }

    fn compare(&self, held: &Literal, kind: Kind, op: Op, value: &Literal) -> Result<Option<bool>, Refusal> {
        if let (Kind::Enum(members), Literal::Text(text)) = (kind, value) {
            let known = members.iter().any(|member| member.eq_ignore_ascii_case(text));
            if matches!(op, Op::Like | Op::Contains) || !known {
                return Err(Refusal::EnumValue);
            }
        }
        if *held == Literal::Null && *value != Literal::Null {
            return Ok(None);
        }
        let missed = self.config.switches.day_edges_missed && kind == Kind::Day && held == value;
        Ok(Some(match (op, held, value) {
            (Op::Equal, held, value) => same(held, value),
            (Op::Unequal, held, value) => !same(held, value),
            (Op::Contains, Literal::Text(held), Literal::Text(part)) => folded(held).contains(&folded(part)),
            (Op::Like, Literal::Text(held), Literal::Text(pattern)) => {
                like(&folded(held), &folded(pattern).replace('%', "*"))
            }
            (Op::Less, held, value) => order(held, value).is_some_and(std::cmp::Ordering::is_lt),
            (Op::Greater, held, value) => order(held, value).is_some_and(std::cmp::Ordering::is_gt),
            (Op::LessOrEqual, held, value) => !missed && order(held, value).is_some_and(std::cmp::Ordering::is_le),
            (Op::GreaterOrEqual, held, value) => !missed && order(held, value).is_some_and(std::cmp::Ordering::is_ge),
            _ => false,
        }))
    }

    /// By a field as a list is ordered: what is not there comes first.
    pub(crate) fn by_field(
        &self,
        table: Table,
        version: ApiVersion,
        field: &str,
        one: &Record,
        other: &Record,
    ) -> Result<std::cmp::Ordering, Refusal> {
        let (one, _) = self.held(table, Some(one), version, field)?;
        let (other, _) = self.held(table, Some(other), version, field)?;
        Ok(match (&one, &other) {
            (Literal::Flag(one), Literal::Flag(other)) => one.cmp(other),
            (Literal::Null, Literal::Null) => std::cmp::Ordering::Equal,
            (Literal::Null, _) => std::cmp::Ordering::Less,
            (_, Literal::Null) => std::cmp::Ordering::Greater,
            (one, other) => order(one, other).unwrap_or(std::cmp::Ordering::Equal),
        })
    }
}

fn every(all: &[Option<bool>]) -> Option<bool> {
    if all.contains(&Some(false)) { Some(false) } else { (!all.contains(&None)).then_some(true) }
}

fn some(all: &[Option<bool>]) -> Option<bool> {
    if all.contains(&Some(true)) { Some(true) } else { (!all.contains(&None)).then_some(false) }
}

/// The collation knows no case, and no blanks at the end.
fn folded(text: &str) -> String {
    text.trim_end().to_lowercase()
}

fn same(held: &Literal, value: &Literal) -> bool {
    match (held, value) {
        (Literal::Text(held), Literal::Text(value)) if value.contains('*') => like(&folded(held), &folded(value)),
        (Literal::Text(held), Literal::Text(value)) => folded(held) == folded(value),
        (Literal::Text(held), Literal::Number(value)) => *held == value.to_string(),
        (held, value) => held == value,
    }
}

fn order(held: &Literal, value: &Literal) -> Option<std::cmp::Ordering> {
    match (held, value) {
        (Literal::Number(held), Literal::Number(value)) => Some(held.cmp(value)),
        (Literal::Moment(held), Literal::Moment(value)) => Some(held.cmp(value)),
        (Literal::Text(held), Literal::Text(value)) => Some(folded(held).cmp(&folded(value))),
        _ => None,
    }
}

/// `*` stands for anything.
fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (text, pattern, fits) in [
            ("acme", "acme", true),
            ("acme ltd", "acme", false),
            ("acme ltd", "acme*", true),
            ("the acme ltd", "*acme*", true),
            ("acme", "*", true),
            ("acme", "a*e", true),
            ("acme", "a*x", false),
        ] {
            assert_eq!(like(text, pattern), fits, "{text} {pattern}");
        }
    }
}
