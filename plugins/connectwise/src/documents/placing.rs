//! Which additions an order needs, by its kind.
//!
//! Owns nothing but the way to each kind's own rules. Pure: the job, what is known of the agreement, its additions and the
//! settings go in, what is to be written comes out.

use counterfoil_sdk::Failure;

use super::desk::{Desk, check_coins, recurs};
use super::draft::Placed;
use super::settings::BillCustomer;

/// Decides about one order.
pub(crate) fn place<'a>(desk: &Desk<'a>) -> Result<Placed<'a>, Failure> {
    let order = &desk.job.order;
    order.lines.iter().try_for_each(|line| check_coins(desk.job, line))?;
    let mut out = Placed::default();
    match order.kind.as_str() {
        "sales" | "initial" => {
            for line in &order.lines {
                if recurs(line) { desk.recurring(line, &mut out)? } else { desk.once(line, &mut out)? }
            }
        }
        "change" => desk.change(&mut out)?,
        "billing" => {
            for line in &order.lines {
                desk.once(line, &mut out)?;
            }
        }
        "cancellation" => desk.cancellation(&mut out)?,
        "reconcile" => desk.reconcile(&mut out)?,
        other => {
            return Err(Failure::unsupported(
                "connectwise-order-kind",
                format!(
                    "{} is an order of the kind \"{other}\", which this version does not write. Nothing was written. Update the plugin, or ignore the order.",
                    order.number
                ),
            ));
        }
    }
    if desk.settings.bill != BillCustomer::Billable && !out.drafts.is_empty() {
        out.note(format!(
            "New additions are made {}, as the connection's settings say: ConnectWise charges nothing for them until that is changed there.",
            desk.settings.bill.name()
        ));
    }
    Ok(out)
}
