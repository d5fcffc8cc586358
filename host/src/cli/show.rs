//! How answers look: tables for people, tab-separated rows for pipes, money with its currency. Owns no question
//! to the service.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement};
use counterfoil_server::wire::{MoneyView, RunView};
use rust_decimal::Decimal;
use serde::Serialize;

/// Tables are fitted into terminals that have so many columns; in others lines run on.
const NARROWEST: u16 = 80;

/// To stdout. False: nobody reads any more (`| head`), which is no error.
pub(super) fn print(text: &str) -> Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("the output cannot be written"),
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))?;
    Ok(())
}

/// Text of others without what steers a terminal or breaks a row.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// "1 task", "2 tasks".
pub(super) fn count(many: u64, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(&many.to_string())) }
}

/// "1.2s", or "46ms".
pub(super) fn seconds(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..100 => format!("{millis}ms"),
        millis => format!("{}.{}s", millis / 1_000, millis % 1_000 / 100),
    }
}

/// How long a run took, from being asked for to its end.
pub(super) fn took(run: &RunView) -> String {
    let ended = run.finished_at.unwrap_or(run.asked_at);
    seconds(ended.0.signed_duration_since(run.asked_at.0).to_std().unwrap_or_default())
}

/// "12410.00" as "12,410.00".
fn grouped(amount: &str) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn amount(currency: &str, amount: Decimal) -> String {
    format!("{} {}", clean(currency), grouped(&amount.to_string()))
}

/// "USD 1,234.50".
pub(super) fn money(money: &MoneyView) -> String {
    match Decimal::from_str_exact(&money.amount) {
        Ok(parsed) => amount(&money.currency, parsed),
        Err(_) => clean(&format!("{} {}", money.currency, money.amount)),
    }
}

pub(super) fn moneys(list: &[MoneyView]) -> String {
    let mut sums = Sums::default();
    list.iter().for_each(|money| sums.add(money));
    sums.to_string()
}

/// Sums by currency, exact or said not to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums(BTreeMap<String, Option<Decimal>>);

impl Sums {
    pub(super) fn add(&mut self, money: &MoneyView) {
        let sum = self.0.entry(money.currency.clone()).or_insert(Some(Decimal::ZERO));
        let more = Decimal::from_str_exact(&money.amount).ok();
        *sum = sum.zip(more).and_then(|(sum, more)| sum.checked_add(more));
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|(currency, sum)| match sum {
            Some(sum) => amount(currency, *sum),
            None => format!("{} (more than can be added exactly)", clean(currency)),
        });
        let parts: Vec<String> = parts.collect();
        f.write_str(&if parts.is_empty() { "no money".to_owned() } else { parts.join(" + ") })
    }
}

/// Rows with a header: aligned on a terminal, tab-separated where a program reads.
#[derive(Debug, Default)]
pub(super) struct Table {
    header: Vec<&'static str>,
    right: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), ..Self::default() }
    }

    /// Columns of figures.
    #[must_use]
    pub(super) fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| clean(cell)).collect());
    }

    /// To stdout; what stands below it is for people, and out of the way of pipes.
    pub(super) fn print(&self, below: &str) -> Result<()> {
        if std::io::stdout().is_terminal() {
            print(&format!("{}\n\n{below}\n", self.aligned()))?;
        } else {
            print(&self.separated())?;
            eprintln!("{below}");
        }
        Ok(())
    }

    fn aligned(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_header(self.header.clone());
        // A terminal that does not know its width, or has hardly any, would break every word.
        if table.width().is_some_and(|width| width >= NARROWEST) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        for row in &self.rows {
            table.add_row(row.clone());
        }
        // Ids and figures stay in one piece, so that they can be copied and compared.
        for index in std::iter::once(&0).chain(&self.right) {
            if let Some(column) = table.column_mut(*index) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        for index in &self.right {
            if let Some(column) = table.column_mut(*index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.trim_fmt()
    }

    fn separated(&self) -> String {
        let mut text = self.header.join("\t").to_lowercase() + "\n";
        for row in &self.rows {
            text.push_str(&row.join("\t"));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(amount: &str, currency: &str) -> MoneyView {
        MoneyView { amount: amount.to_owned(), currency: currency.to_owned() }
    }

    #[test]
    fn money_has_its_currency_its_digits_and_its_thousands() {
        for (amount, currency, text) in [
            ("1234.50", "USD", "USD 1,234.50"),
            ("0.00", "EUR", "EUR 0.00"),
            ("-1234567.891", "KWD", "KWD -1,234,567.891"),
            ("999", "JPY", "JPY 999"),
            ("1000", "JPY", "JPY 1,000"),
            ("-100.10", "USD", "USD -100.10"),
            ("much", "USD", "USD much"),
        ] {
            assert_eq!(money(&view(amount, currency)), text);
        }
    }

    #[test]
    fn sums_are_exact_and_by_currency() {
        let mut sums = Sums::default();
        assert_eq!(sums.to_string(), "no money");
        for (amount, currency) in [("0.10", "USD"), ("0.20", "USD"), ("5", "JPY"), ("-1200.30", "USD")] {
            sums.add(&view(amount, currency));
        }
        assert_eq!(sums.to_string(), "JPY 5 + USD -1,200.00");
        sums.add(&view("79228162514264337593543950335", "JPY"));
        assert_eq!(sums.to_string(), "JPY (more than can be added exactly) + USD -1,200.00");
    }

    #[test]
    fn a_name_cannot_break_a_row_or_steer_the_terminal() {
        let mut table = Table::new(&["Customer", "Total"]).right(&[1]);
        table.row(["Evil\tTab\n\u{1b}[31m".to_owned(), "USD 1.00".to_owned()]);
        assert_eq!(table.separated(), "customer\ttotal\nEvil Tab  [31m\tUSD 1.00\n");
        assert!(!table.aligned().contains('\u{1b}'));
    }

    #[test]
    fn times_and_counts_read_well() {
        assert_eq!(seconds(Duration::from_millis(1_249)), "1.2s");
        assert_eq!(seconds(Duration::from_millis(60_050)), "60.0s");
        assert_eq!(seconds(Duration::from_millis(99)), "99ms");
        assert_eq!(
            (count(1, "task"), count(0, "task"), count(12_410, "line")),
            ("1 task".into(), "0 tasks".into(), "12,410 lines".into())
        );
    }
}
