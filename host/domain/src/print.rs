//! What an order bills, and nothing else of it: its worth, and a print by which "the same again" is known. Owns which lines
//! count as billing; what a line costs in a plan is `pricing`'s business.

use rust_decimal::Decimal;

use crate::digest::Digester;
use crate::order::{LineKind, Order, OrderLine, OrderType};

/// Whether the line charges for something, or gives something back.
pub fn bills(line: &OrderLine) -> bool {
    !matches!(line.kind, LineKind::NotBillable(_)) && !line.amount.is_zero()
}

/// What the order comes to by its lines; without lines, what it says of itself. None: it says nothing.
pub fn worth(order: &Order) -> Option<Decimal> {
    if order.lines.is_empty() {
        return order.total;
    }
    Some(order.lines.iter().filter(|line| bills(line)).map(|line| line.amount).sum())
}

/// Equal for two orders that bill the same: fee, product, quantity, unit price and amount of every line, in whatever order
/// they come. Ids, texts and dates change from month to month and say nothing of money.
pub fn print(order: &Order) -> String {
    let mut lines: Vec<String> = order.lines.iter().filter(|line| bills(line)).map(line_print).collect();
    lines.sort_unstable();
    let mut digest = Digester::new("print");
    digest.text(group(order.kind())).text(order.currency.code()).count(lines.len());
    for line in &lines {
        digest.text(line);
    }
    if order.lines.is_empty() {
        digest.maybe(order.total.map(|total| total.normalize().to_string()).as_deref());
    }
    digest.short()
}

/// A change that happens to cost what the month costs is a change all the same. A sale, and the months that follow it,
/// are not.
fn group(kind: OrderType) -> &'static str {
    match kind {
        OrderType::Change => "change",
        OrderType::Cancellation => "cancellation",
        OrderType::Sales | OrderType::Billing | OrderType::Renewal | OrderType::Migration | OrderType::Unknown => {
            "goes on"
        }
    }
}

fn line_print(line: &OrderLine) -> String {
    let mut digest = Digester::new("line-print");
    digest
        .text(line.kind.name())
        .maybe(line.product.as_ref().map(|product| product.code.as_str()))
        .number(line.quantity)
        .number(line.unit_price)
        .number(line.amount);
    digest.short()
}
