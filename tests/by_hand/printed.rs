//! A plan as `counterfoil plan` prints it, read back from the text. Owns the arithmetic that a person would do on it,
//! with none of the product's code.

use rust_decimal::{Decimal, RoundingStrategy};

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) number: String,
    pub(crate) total: Decimal,
    fields: Vec<(String, String)>,
    pub(crate) lines: Vec<Line>,
    /// What each document adds to the customer's debt.
    adds: Vec<Decimal>,
}

#[derive(Debug)]
pub(crate) struct Line {
    quantity: Decimal,
    price: Decimal,
    amount: Decimal,
    pub(crate) description: String,
    arithmetic: String,
}

/// "USD 1,376.20".
fn money(text: &str) -> Decimal {
    let amount = text.trim().strip_prefix("USD ").unwrap_or_else(|| panic!("\"{text}\" is no amount of USD"));
    amount.replace(',', "").parse().unwrap_or_else(|error| panic!("\"{text}\": {error}"))
}

pub(crate) fn plans(text: &str) -> Vec<Plan> {
    let plans: Vec<Plan> = text.split("\n\n").filter(|block| !block.trim().is_empty()).map(plan).collect();
    assert!(!plans.is_empty(), "{text}");
    plans
}

fn plan(block: &str) -> Plan {
    let (head, body) = block.trim_start_matches('\n').split_once('\n').unwrap();
    let (number, rest) = head.split_once(" · ").unwrap();
    let (_, total) = rest.rsplit_once(" · ").unwrap();
    let mut plan = Plan {
        number: number.to_owned(),
        total: money(total),
        fields: Vec::new(),
        lines: Vec::new(),
        adds: Vec::new(),
    };
    for text in body.lines() {
        let row = text.trim_start();
        if let Some(adds) = row.strip_prefix("adds ") {
            plan.adds.push(money(adds.strip_suffix(" to what the customer owes").unwrap()));
        } else if let Some((name, value)) = row.rsplit_once("  [").and_then(|(row, _owner)| row.split_once("  + ")) {
            plan.fields.push((name.trim().to_owned(), value.to_owned()));
        } else if let Some(line) = line(row) {
            plan.lines.push(line);
        } else if text.starts_with("          ") {
            plan.lines.last_mut().unwrap().arithmetic = row.to_owned();
        }
    }
    plan
}

/// "18 × USD 33.00 = USD 594.00  Microsoft 365".
fn line(row: &str) -> Option<Line> {
    let (quantity, rest) = row.split_once(" × USD ")?;
    let (price, rest) = rest.split_once(" = ")?;
    let (amount, description) = rest.split_once("  ")?;
    Some(Line {
        quantity: quantity.parse().ok()?,
        price: money(&format!("USD {price}")),
        amount: money(amount),
        description: description.to_owned(),
        arithmetic: String::new(),
    })
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

impl Plan {
    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("{} shows no field {name}: {:?}", self.number, self.fields)).1
    }

    /// Everything on it that can be worked out again comes to the same.
    pub(crate) fn agrees(&self) {
        for name in ["Type", "Contact", "Reference", "Date", "CurrencyCode", "Status", "SubTotal"] {
            assert!(!self.field(name).is_empty(), "{self:?}");
        }
        assert_eq!(self.field("CurrencyCode"), "USD");
        assert!(!self.lines.is_empty(), "{self:?}");
        for line in &self.lines {
            line.agrees();
        }
        assert_eq!(self.adds.iter().sum::<Decimal>(), self.total, "{self:?}");
        // One document: its lines are its total, and what it adds has the document's sign.
        if let [adds] = self.adds.as_slice() {
            let lines: Decimal = self.lines.iter().map(|line| line.amount).sum();
            let shown: Decimal = self.field("SubTotal").parse().unwrap();
            let sign = if self.field("Type") == "ACCRECCREDIT" { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
            assert_eq!((lines, sign * lines), (shown, *adds), "{self:?}");
        }
    }
}

impl Line {
    fn agrees(&self) {
        assert_eq!(cents(self.quantity * self.price), self.amount, "{self:?}");
        // Its arithmetic: "2 × 310.75 = 621.50 USD, …", or the line's own total, "-29.97 USD, …".
        let (sum, _) = self.arithmetic.split_once(" USD").unwrap_or_else(|| panic!("no arithmetic on {self:?}"));
        let result = match sum.split_once(" = ") {
            None => sum,
            Some((factors, result)) => {
                let product: Decimal = factors.split(" × ").map(|factor| factor.parse::<Decimal>().unwrap()).product();
                assert_eq!(cents(product), result.parse::<Decimal>().unwrap(), "{self:?}");
                result
            }
        };
        assert_eq!(result.parse::<Decimal>().unwrap().abs(), self.amount.abs(), "{self:?}");
    }
}
