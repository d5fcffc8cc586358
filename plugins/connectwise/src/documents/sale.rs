//! What recurs and is new: an open addition, and what the first period is charged where that is not what it bills itself.
//!
//! Owns from when on it stands. Changes of what stands already are `change`'s.

use counterfoil_sdk::{Billing, Date, Decimal, Failure, Line, Money};

use super::amounts;
use super::desk::{Desk, Timing, is_left_to_target, method};
use super::draft::{Carried, Draft, New, Placed, Price, Role, too_large};
use super::former::{Chosen, FIELD, Former};
use super::once::not_billed;

/// How the first period is billed.
enum Begin {
    /// The open addition bills it itself, from this day.
    Itself(Date, String),
    /// Beside it, once.
    Beside(Timing),
}

impl<'a> Desk<'a> {
    /// A line that recurs and takes the place of nothing.
    pub(crate) fn recurring(&self, line: &'a Line, out: &mut Placed<'a>) -> Result<(), Failure> {
        self.is_new(line, out)?;
        let from = self.priced_by(line)?;
        let due = self.due(line, from)?;
        let price = self.price(line, from);
        let quantity = line.quantity.abs();
        let whole = amounts::extended(quantity, price.unit, self.job.order.currency).ok_or_else(|| too_large(line))?;
        let billing = line.billing()?;
        if whole.is_zero() && due.is_zero() && billing == Billing::Billable {
            out.leave_out(line, "The line bills nothing.");
            return Ok(());
        }
        if whole.is_sign_negative() && !whole.is_zero() {
            out.note(format!("\"{}\" is below zero, so it is given once: nothing below zero recurs.", self.name(line)));
            return self.once(line, out);
        }
        let is_whole = billing != Billing::Billable || due == whole;
        if !is_whole && line.proration()?.is_none() {
            out.note(format!(
                "\"{}\" comes to {due} in this order and to {whole} in a whole period: the order's own amount is billed once, and the whole price from the next period on.",
                self.name(line)
            ));
        }
        match self.begin(line, is_whole)? {
            Begin::Itself(first, told) => {
                let money = if billing == Billing::Billable {
                    self.carried(line, due)?
                } else {
                    out.leave_out(line, not_billed(line));
                    aside(line)?
                };
                out.drafts.push(self.standing(line, quantity, price, money, (first, told))?);
            }
            Begin::Beside(timing) => {
                let told = format!("It recurs from {} on; the days before are billed beside it.", timing.from);
                out.drafts.push(self.standing(line, quantity, price.clone(), aside(line)?, (timing.from, told))?);
                if billing == Billing::Billable {
                    self.note_gap(line, quantity, &price, &timing, out);
                }
                self.remainder(line, (due, &price), timing.now, out)?;
            }
        }
        Ok(())
    }

    /// Something of the same product that goes on already may be the very same thing. A snapshot is of what was sold long
    /// ago, so there it most likely is.
    fn is_new(&self, line: &Line, out: &mut Placed<'a>) -> Result<(), Failure> {
        let kind = self.job.order.kind.as_str();
        if !matches!(kind, "sales" | "initial") || *self.chosen != Chosen::Nobody {
            return Ok(());
        }
        let there = match self.search().former(self.product(line)?) {
            Former::One(addition) => addition.called(),
            Former::Several(several) => several.iter().map(|one| one.called()).collect::<Vec<_>>().join(", "),
            Former::None | Former::Ended(_) => return Ok(()),
        };
        let about = format!(
            "{} has an addition of \"{}\" that goes on already: {there}.",
            self.agreement.begun(),
            self.name(line)
        );
        if kind == "sales" {
            out.note(format!("{about} See that it is not the same thing, or it is billed twice."));
            return Ok(());
        }
        Err(Failure::rejected(
            "connectwise-addition-there",
            format!(
                "{about} Beside it, {} would be billed twice. Nothing was written. Reconcile the subscription instead, or set {FIELD} on the task to \"none\" if it is something else.",
                self.job.order.number
            ),
        ))
    }

    fn begin(&self, line: &Line, is_whole: bool) -> Result<Begin, Failure> {
        let effective = self.effective(line)?;
        let (calendar, period) = self.period(line, effective)?;
        if is_left_to_target(line)? {
            if !self.agreement.prorates || self.agreement.is_invoiced(effective) {
                return Err(moved(self.agreement.begun()));
            }
            let told = format!("Full price and true date: ConnectWise prorates the first period, from {effective}.");
            return Ok(Begin::Itself(effective, told));
        }
        let by_host = line.proration()?.is_some_and(|proration| proration.by_host());
        if effective == period.start() && is_whole && self.is_open(effective) {
            return Ok(Begin::Itself(effective, format!("It begins with a period of the agreement, on {effective}.")));
        }
        // A snapshot says what recurs; what was invoiced before it is not charged again.
        if self.is_snapshot() && is_whole && !by_host {
            if !self.is_open(period.start()) {
                let open = self.agreement.open_period(calendar, period.start());
                let open = open.ok_or_else(|| super::desk::out_of_range(effective))?.start();
                let told =
                    format!("The agreement is invoiced up to {open}: it begins with the first period after that.");
                return Ok(Begin::Itself(open, told));
            }
            if !self.agreement.prorates {
                let told =
                    "The agreement is not invoiced for this period yet and does not prorate: it is billed whole.";
                return Ok(Begin::Itself(effective, told.to_owned()));
            }
        }
        Ok(Begin::Beside(self.beside(line, effective)?))
    }

    pub(crate) fn is_snapshot(&self) -> bool {
        matches!(self.job.order.kind.as_str(), "initial" | "reconcile")
    }

    /// An open addition.
    fn standing(
        &self,
        line: &'a Line,
        quantity: Decimal,
        price: Price,
        money: Carried<'a>,
        (first, why): (Date, String),
    ) -> Result<Draft<'a>, Failure> {
        Ok(Draft::New(Box::new(New {
            key: self.key(&format!("{}:{}", Role::Standing.name(), line.id)),
            role: Role::Standing,
            agreement: self.agreement,
            money,
            product: self.product(line)?,
            price,
            quantity,
            before: None,
            bill: self.bill(line.billing()?),
            taxable: line.taxable().unwrap_or(self.settings.taxable),
            first,
            last: None,
            description: self.describe_recurring(line),
            sum: None,
            service: None,
            why,
        })))
    }

    /// Whole periods that were invoiced without it are in no order's money: a person has to see them.
    pub(crate) fn note_gap(
        &self,
        line: &Line,
        quantity: Decimal,
        price: &Price,
        timing: &Timing,
        out: &mut Placed<'a>,
    ) {
        let (Some(first), Some(last)) = (timing.skipped.first(), timing.skipped.last()) else { return };
        let Some(each) = amounts::extended(quantity, price.unit, self.job.order.currency) else { return };
        out.note(format!(
            "{} is invoiced up to {} already, so the days {} to {} were invoiced without this change of \"{}\": {} for each period of them is in no order's amount, and this plan does not bill it. Bill it by hand if the marketplace charged it.",
            self.agreement.begun(),
            timing.from,
            first.start(),
            last.last_day(),
            self.name(line),
            Money::new(each, self.job.order.currency)
        ));
    }
}

/// Nothing of the order's money: what recurs later.
pub(crate) fn aside(line: &Line) -> Result<Carried<'_>, Failure> {
    Ok(Carried {
        of: vec![line],
        covers: Vec::new(),
        bills: Decimal::ZERO,
        arithmetic: "A later period's; this order's money is on another line".to_owned(),
        method: method(line)?,
    })
}

fn moved(agreement: String) -> Failure {
    Failure::conflict(
        "connectwise-agreement-changed",
        format!(
            "{agreement} does not prorate this any more, or its period is invoiced by now. Nothing was written. Plan the task again."
        ),
    )
}
