//! A line of a recurring invoice.
//!
//! Owns what of it decides about money, and its echo: a PUT resets what it does not name.

use counterfoil_sdk::{Decimal, Failure};

use super::{Body, Id, Row};
use crate::cents;

/// Everything that may be sent of a line.
const FIELDS: [&str; 15] = [
    "asset_type_id",
    "contact_field_answer_id",
    "contact_field_type_id",
    "cost_cents",
    "description",
    "name",
    "one_time_charge",
    "position",
    "product_id",
    "quantity",
    "recurring_type_id",
    "retail_cents",
    "saved_asset_search_id",
    "taxable",
    "user_id",
];

/// Members by which Syncro counts something by itself: such a line is the MSP's.
const COUNTERS: [&str; 5] =
    ["asset_type_id", "contact_field_answer_id", "contact_field_type_id", "recurring_type_id", "saved_asset_search_id"];

/// One line, understood.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: Id,
    pub(crate) product: Option<Id>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) quantity: Decimal,
    /// Of one, in cents.
    pub(crate) retail: i64,
    pub(crate) cost: Option<i64>,
    pub(crate) taxable: Option<bool>,
    /// Billed by the next run, and not again.
    pub(crate) is_once: bool,
    /// Syncro counts its quantity by itself.
    pub(crate) is_counter: bool,
    row: Row,
}

impl Line {
    pub(crate) fn understand(row: Row) -> Result<Self, Failure> {
        let id = row.own_id("a line of a recurring invoice")?;
        let what = format!("line {id} of a recurring invoice");
        let retail = money(&row, &what, ("retail_cents", "price_retail"))?.unwrap_or_default();
        let has_devices = row.rows_of_numbers("device_ids");
        Ok(Self {
            id,
            product: row.id("product_id"),
            name: row.text("name"),
            description: row.text("description"),
            quantity: row.number(&what, "quantity")?.unwrap_or_default(),
            retail,
            cost: money(&row, &what, ("cost_cents", "price_cost"))?,
            taxable: row.flag("taxable"),
            is_once: row.flag("one_time_charge") == Some(true),
            is_counter: has_devices || COUNTERS.iter().any(|name| row.raw(name).is_some()),
            row,
        })
    }

    /// All of it, as it stands, for a PUT.
    pub(crate) fn echo(&self) -> Body {
        Body::echo(&self.row, &FIELDS)
    }

    /// What a run bills for it, in cents; none where it is no whole number of them.
    pub(crate) fn amount(&self) -> Decimal {
        cents::extended(self.quantity, self.retail)
    }

    /// "345 (10 × Business Basic)", for people.
    pub(crate) fn called(&self) -> String {
        let name = if self.name.trim().is_empty() { "without a name" } else { self.name.as_str() };
        let name = counterfoil_sdk::text::clip(&counterfoil_sdk::text::single_spaced(name), 60);
        format!("{} ({} × {name})", self.id, self.quantity.normalize())
    }
}

/// Cents, or where they are missing the price in the account's currency.
fn money(row: &Row, what: &str, (in_cents, in_major): (&str, &str)) -> Result<Option<i64>, Failure> {
    let odd = |name: &str| {
        Failure::rejected(
            "syncro-stored-data",
            format!(
                "Syncro shows {what} with {name} = {}, which is no whole number of cents. Nothing was written. Correct the line in Syncro, then try again.",
                row.shown(name)
            ),
        )
    };
    if let Some(number) = row.number(what, in_cents)? {
        return cents::whole(number).map(Some).ok_or_else(|| odd(in_cents));
    }
    match row.number(what, in_major)? {
        Some(number) => cents::of(number).map(Some).ok_or_else(|| odd(in_major)),
        None => Ok(None),
    }
}

impl Row {
    /// Whether a member is a list with something in it.
    fn rows_of_numbers(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|raw| {
            let inside: String = raw.get().chars().filter(|c| !c.is_whitespace()).collect();
            inside.starts_with('[') && inside != "[]"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_sdk::json;

    fn line(text: &str) -> Result<Line, Failure> {
        Line::understand(json::parse("line", text.as_bytes()).unwrap())
    }

    #[test]
    fn money_is_read_from_cents_and_never_guessed() {
        let read = |text: &str| line(text).map(|line| (line.quantity.to_string(), line.retail)).map_err(|f| f.code);
        for (text, want) in [
            (r#"{"id":1,"quantity":"12.0","retail_cents":780}"#, Ok(("12", 780))),
            (r#"{"id":1,"quantity":9.99,"retail_cents":"780"}"#, Ok(("9.99", 780))),
            (r#"{"id":1,"quantity":"1","price_retail":7.8}"#, Ok(("1", 780))),
            (r#"{"id":1,"quantity":null,"retail_cents":-5}"#, Ok(("0", -5))),
            (r#"{"id":1,"quantity":"1","retail_cents":7.5}"#, Err("syncro-stored-data")),
            (r#"{"id":1,"quantity":"1","price_retail":7.805}"#, Err("syncro-stored-data")),
            (r#"{"id":1,"quantity":"many","retail_cents":1}"#, Err("syncro-stored-data")),
            (r#"{"quantity":"1","retail_cents":1}"#, Err("syncro-unreadable")),
        ] {
            let want = want.map(|(quantity, cents)| (quantity.to_owned(), cents)).map_err(str::to_owned);
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn what_counts_by_itself_is_known() {
        for (extra, want) in [
            ("", false),
            (r#","recurring_type_id":null,"device_ids":[ ]"#, false),
            (r#","recurring_type_id":3"#, true),
            (r#","asset_type_id":9"#, true),
            (r#","device_ids":[7]"#, true),
            (r#","contact_field_type_id":1"#, true),
        ] {
            let text = format!(r#"{{"id":1,"quantity":"1","retail_cents":1{extra}}}"#);
            assert_eq!(line(&text).unwrap().is_counter, want, "{extra}");
        }
    }

    #[test]
    fn an_echo_names_everything_that_is_known() {
        let line = line(r#"{"id":7,"account_id":1,"schedule_id":5,"cost_cents":610,"retail_cents":780,"price_retail":7.8,"name":"N","description":"D","position":3,"product_id":9,"quantity":"12.0","taxable":false,"user_id":1,"one_time_charge":false,"product_category":null}"#).unwrap();
        assert_eq!(
            line.echo().raw().unwrap().get(),
            r#"{"cost_cents":610,"description":"D","name":"N","one_time_charge":false,"position":3,"product_id":9,"quantity":"12.0","retail_cents":780,"taxable":false,"user_id":1}"#
        );
    }
}
