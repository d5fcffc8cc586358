//! A plan of additions as `counterfoil plan` prints it, read back from the text. Owns the arithmetic that a person would do
//! on it, with none of the product's code.

use rust_decimal::{Decimal, RoundingStrategy};

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) number: String,
    pub(crate) total: Decimal,
    pub(crate) changes: Vec<Change>,
}

#[derive(Debug, Default)]
pub(crate) struct Change {
    /// "+ create addition: New addition, …"
    pub(crate) title: String,
    pub(crate) why: String,
    fields: Vec<(String, String)>,
    pub(crate) lines: Vec<Line>,
    adds: Decimal,
}

#[derive(Debug)]
pub(crate) struct Line {
    quantity: Decimal,
    price: Decimal,
    amount: Decimal,
    pub(crate) description: String,
    pub(crate) arithmetic: String,
}

/// "USD 1,376.20".
fn money(text: &str) -> Decimal {
    let amount = text.trim().strip_prefix("USD ").unwrap_or_else(|| panic!("\"{text}\" is no amount of USD"));
    amount.replace(',', "").parse().unwrap()
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
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
    let mut changes: Vec<Change> = Vec::new();
    for text in body.lines() {
        let row = text.trim_start();
        if text.starts_with("  + ") || text.starts_with("  ~ ") {
            changes.push(Change { title: row.to_owned(), ..Change::default() });
            continue;
        }
        let Some(change) = changes.last_mut() else { panic!("\"{text}\" belongs to no change: {block}") };
        if let Some(why) = row.strip_prefix("why: ") {
            why.clone_into(&mut change.why);
        } else if let Some(adds) = row.strip_prefix("adds ") {
            change.adds = money(adds.strip_suffix(" to what the customer owes").unwrap());
        } else if let Some((name, value)) = row.rsplit_once("  [").and_then(|(row, _owner)| row.split_once("  + ")) {
            change.fields.push((name.trim().to_owned(), value.to_owned()));
        } else if let Some(line) = line(row) {
            change.lines.push(line);
        } else if text.starts_with("          ")
            && let Some(line) = change.lines.last_mut()
        {
            line.arithmetic.push_str(row);
        }
    }
    Plan { number: number.to_owned(), total: money(total), changes }
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

impl Change {
    pub(crate) fn is_new(&self) -> bool {
        self.title.starts_with("+ create addition: New addition")
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("\"{}\" shows no field {name}: {:?}", self.title, self.fields)).1
    }

    pub(crate) fn last_day(&self) -> &str {
        self.fields.iter().find(|(name, _)| name == "cancelledDate").map_or("", |(_, day)| day)
    }

    fn agrees(&self) {
        if !self.is_new() {
            assert!(self.lines.is_empty() && self.adds.is_zero(), "{self:?}");
            return;
        }
        for name in ["agreement", "product", "billCustomer", "taxableFlag", "effectiveDate", "marker"] {
            assert!(!self.field(name).is_empty(), "{self:?}");
        }
        let [line] = self.lines.as_slice() else { panic!("an addition is one line: {self:?}") };
        assert_eq!(line.quantity, self.field("quantity").parse().unwrap(), "{self:?}");
        assert_eq!(line.price, self.field("unitPrice").parse().unwrap(), "{self:?}");
        assert_eq!(line.description, self.field("invoiceDescription"));
        assert_eq!(cents(line.quantity * line.price), line.amount, "{self:?}");
        assert!(!line.arithmetic.is_empty(), "{self:?}");
        // What is open and takes its days from a later period bills nothing of this order.
        assert!(self.adds == line.amount || (self.adds.is_zero() && self.last_day().is_empty()), "{self:?}");
        if self.last_day().is_empty() {
            // Its text stands on every invoice.
            assert!(!line.description.contains(" through 20"), "{}", line.description);
            assert!(line.arithmetic.contains("in each period"), "{}", line.arithmetic);
        } else {
            assert!(self.title.contains("billed once") && self.field("effectiveDate") <= self.last_day(), "{self:?}");
        }
    }
}

impl Plan {
    /// Everything on it that can be worked out again comes to the same.
    pub(crate) fn agrees(&self) {
        assert!(!self.changes.is_empty(), "{self:?}");
        self.changes.iter().for_each(Change::agrees);
        assert_eq!(self.changes.iter().map(|change| change.adds).sum::<Decimal>(), self.total, "{self:?}");
        assert!(self.changes.iter().all(|change| !change.why.is_empty()), "{self:?}");
    }
}
