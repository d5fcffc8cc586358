//! The marketplace's subscription held against the agreement: what is the same, missing, different, or too much.
//!
//! Owns the comparison. What follows from it is written as any order is: ended, begun, and the difference for the rest of
//! the period billed once. The first word of each change's reason says what was found.

use counterfoil_sdk::{Billing, Date, Decimal, Failure, Line, Money, Period, decimal};

use super::amounts;
use super::change::Group;
use super::desk::{Desk, out_of_range, recurs};
use super::draft::{Carried, Draft, Placed, Price, Set, too_large};
use super::former::Former;
use super::sale::aside;
use super::stored::Addition;
use crate::wire::Id;

impl<'a> Desk<'a> {
    /// A reconciliation.
    pub(crate) fn reconcile(&self, out: &mut Placed<'a>) -> Result<(), Failure> {
        let mut seen: Vec<Id> = Vec::new();
        for line in &self.job.order.lines {
            if !recurs(line) {
                out.leave_out(line, "Only what recurs is compared.");
                continue;
            }
            let product = self.product(line)?;
            let former = self.ended_before_rest(product).map(Former::One);
            match former.unwrap_or_else(|| self.search().former(product)) {
                Former::Several(several) => return Err(self.several(line, &several)),
                Former::None | Former::Ended(_) => {
                    let made = out.drafts.len();
                    self.recurring(line, out)?;
                    begin_with("missing: the agreement has no such addition. ", made, out);
                }
                Former::One(addition) => {
                    seen.push(addition.id);
                    self.compare(line, product, addition, out)?;
                }
            }
        }
        let last = self.reconciled_last()?;
        let extra: Vec<&'a Addition> =
            self.search().ongoing().filter(|addition| !seen.contains(&addition.id)).collect();
        for addition in extra {
            let why = "extra: the marketplace has nothing of it in this subscription any more.".to_owned();
            out.drafts.push(Draft::End(Box::new(self.end(addition, last, why))));
        }
        Ok(())
    }

    fn compare(
        &self,
        line: &'a Line,
        product: Id,
        addition: &'a Addition,
        out: &mut Placed<'a>,
    ) -> Result<(), Failure> {
        // Where the target's prices count, what stands there is right.
        let price = if line.price_source == "catalogue" {
            self.price(line, self.priced_by(line)?)
        } else {
            self.price(line, None)
        };
        let quantity = line.quantity.abs().normalize();
        if addition.is_ongoing() && addition.quantity() == quantity && addition.unit_price() == price.unit {
            out.drafts.push(Draft::Set(Box::new(Set {
                key: self.key(&format!("same:{}", line.id)),
                agreement: self.agreement,
                addition,
                money: aside(line)?,
                price,
                quantity,
                before: quantity,
                from: addition.effective().unwrap_or(self.job.order.effective_on),
                is_done: true,
                is_marked: false,
                why: format!("same: addition {} bills it already.", addition.reference()),
            })));
            return Ok(());
        }
        let effective = self.reconciled_from(line)?;
        let (_, now) = self.period(line, effective)?;
        let group = Group::compared(product, line, addition, price.clone());
        let begins = effective == now.start() && self.is_open(effective);
        let found = format!(
            "different: {} × {} in ConnectWise, {quantity} × {} in the marketplace. ",
            addition.quantity(),
            addition.unit_price(),
            price.unit
        );
        let made = out.drafts.len();
        if begins {
            let whole = self.difference(line, addition, &price, None)?;
            let money = Carried {
                bills: whole,
                arithmetic: self.spelled(line, addition, &price, None, whole),
                ..self.carried(line, whole)?
            };
            self.follow(&group, effective, money, out)?;
        } else {
            let timing = self.beside(line, effective)?;
            self.follow(&group, timing.from, aside(line)?, out)?;
            self.note_gap(line, quantity - addition.quantity(), &price, &timing, out);
            self.difference_once(line, (addition, &price), effective, timing.now, out)?;
        }
        begin_with(&found, made, out);
        Ok(())
    }

    /// The rest of this period at the new quantity and price, without what the former one bills for it.
    fn difference_once(
        &self,
        line: &'a Line,
        (addition, price): (&Addition, &Price),
        effective: Date,
        now: Period,
        out: &mut Placed<'a>,
    ) -> Result<(), Failure> {
        let rest = Period::new(effective.max(now.start()), now.end())?;
        let bills = self.difference(line, addition, price, Some((rest, now)))?;
        if line.billing()? != Billing::Billable || bills.is_zero() {
            return Ok(());
        }
        let mut draft = self.one_time(line, bills, rest, self.remainders.unwrap_or(self.agreement))?;
        let exactly = amounts::represent(Decimal::ONE, bills, self.job.order.currency);
        draft.quantity = exactly.quantity;
        draft.price = Price { unit: exactly.unit_price, cost: None, from: None, owner: "host" };
        draft.description = self.describe(line, Some(rest), None);
        draft.money.arithmetic = self.spelled(line, addition, price, Some((rest, now)), bills);
        "elapsed-days".clone_into(&mut draft.money.method);
        out.drafts.push(Draft::New(Box::new(draft)));
        Ok(())
    }

    fn difference(
        &self,
        line: &Line,
        addition: &Addition,
        price: &Price,
        share: Option<(Period, Period)>,
    ) -> Result<Decimal, Failure> {
        let now = decimal::product(line.quantity.abs(), price.unit);
        let then = decimal::product(addition.quantity(), addition.unit_price());
        let whole = now.zip(then).and_then(|(now, then)| now.checked_sub(then)).ok_or_else(|| too_large(line))?;
        let Some((rest, of)) = share else {
            return Ok(decimal::round(whole, self.job.order.currency.minor_units()).normalize());
        };
        let exact = whole.checked_mul(days(rest)).and_then(|sum| sum.checked_div(days(of)));
        let exact = exact.ok_or_else(|| too_large(line))?;
        Ok(decimal::round(exact, self.job.order.currency.minor_units()).normalize())
    }

    fn spelled(
        &self,
        line: &Line,
        addition: &Addition,
        price: &Price,
        share: Option<(Period, Period)>,
        bills: Decimal,
    ) -> String {
        let share = share.map(|(rest, of)| format!(" × {}/{} days", days(rest), days(of))).unwrap_or_default();
        format!(
            "({} × {} − {} × {}){share} = {}, rounded half up",
            line.quantity.abs().normalize(),
            price.unit,
            addition.quantity(),
            addition.unit_price(),
            Money::new(bills, self.job.order.currency)
        )
    }

    /// The day from which a difference counts: the order's, but not before the compared period.
    fn reconciled_from(&self, line: &Line) -> Result<Date, Failure> {
        let effective = self.effective(line)?;
        Ok(self.reconciled_period()?.map_or(effective, |period| effective.max(period.start())))
    }

    fn reconciled_period(&self) -> Result<Option<Period>, Failure> {
        let told = self.job.order.attributes.filled("reconcile-period").and_then(|text| text.split_once('/'));
        told.map(|(start, end)| Period::new(Date::parse(start)?, Date::parse(end)?)).transpose()
    }

    fn reconciled_last(&self) -> Result<Date, Failure> {
        let effective = self.job.order.effective_on;
        let from = self.reconciled_period()?.map_or(effective, |period| effective.max(period.start()));
        let Some(calendar) = self.agreement.calendar(from) else { return Ok(from) };
        let now = calendar.containing(from).ok_or_else(|| out_of_range(from))?;
        let open = self.agreement.open_period(calendar, now.end()).ok_or_else(|| out_of_range(from))?;
        open.start().plus_days(-1).ok_or_else(|| out_of_range(from))
    }
}

/// What was found, in front of the reasons of everything that follows from it.
fn begin_with(found: &str, made: usize, out: &mut Placed<'_>) {
    for draft in out.drafts.iter_mut().skip(made) {
        let why = match draft {
            Draft::New(new) => &mut new.why,
            Draft::Set(set) => &mut set.why,
            Draft::End(end) => &mut end.why,
        };
        *why = format!("{found}{why}");
    }
}

fn days(period: Period) -> Decimal {
    Decimal::from(period.end().epoch_days() - period.start().epoch_days())
}
