//! What is billed once: setup, usage, fees, refunds, and the rest of a period that a change falls into.
//!
//! Owns its days. They lie inside one billing period of the agreement, for otherwise it would be billed in each period that
//! it touches; they fill that period where ConnectWise prorates, for otherwise it would prorate what is prorated already;
//! and they go to the first period that is not invoiced where the setting says so.

use counterfoil_sdk::{Billing, Date, Decimal, Failure, Line, Period};

use super::agreement::Agreement;
use super::amounts;
use super::desk::{Desk, out_of_range, owner, recurs};
use super::draft::{Draft, New, Placed, Price, Role};
use super::settings::WhenInvoiced;

/// The days of an addition that is billed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) first: Date,
    pub(crate) last: Date,
    pub(crate) moved: Moved,
}

/// Why its days are not those that it pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    No,
    /// Only a part of them is in one period.
    Clipped,
    /// They fill the period, so that nothing is left to prorate.
    Filled,
    /// Their own period is invoiced up to this day.
    Next(Date),
}

impl<'a> Desk<'a> {
    /// A line that is billed once, whole.
    pub(crate) fn once(&self, line: &'a Line, out: &mut Placed<'a>) -> Result<(), Failure> {
        let billing = line.billing()?;
        if let Some(word) = line.attributes.filled("gather") {
            return self.gathered(line, word, out);
        }
        let gives_back = line.attributes.get("amount-if-billed").is_some_and(|amount| amount.starts_with('-'));
        if billing == Billing::DoNotBill && gives_back {
            out.leave_out(line, not_billed(line));
            return Ok(());
        }
        if billing == Billing::Billable && line.amount.is_zero() {
            out.leave_out(line, "The line bills nothing.");
            return Ok(());
        }
        let from = self.priced_by(line)?;
        let due = self.due(line, from)?;
        let effective = self.effective(line)?;
        let service = match line.service_period {
            Some(service) => service,
            // Without days of its own it pays for what is left of the period, so that it has a day in it whichever way a
            // cancelled date is read.
            None => {
                let calendar = self.calendar(self.agreement, line)?;
                let period = calendar.and_then(|calendar| calendar.containing(effective));
                let end = period.map(Period::end).or_else(|| effective.plus_days(1));
                Period::new(effective, end.ok_or_else(|| out_of_range(effective))?)?
            }
        };
        let mut draft = self.one_time(line, due, service, self.agreement)?;
        if line.service_period.is_none() {
            // A fee is for no days; when it was charged is worth a word only where it stands elsewhere.
            let day = Period::new(effective, effective.plus_days(1).ok_or_else(|| out_of_range(effective))?)?;
            let shown = draft.service.filter(|_| draft.first > effective).map(|_| day);
            draft.description = self.describe(line, shown, draft.sum.clone());
        }
        draft.bill = self.bill(billing);
        if from.is_some() {
            priced_at(&mut draft, line, self.price(line, from));
        }
        out.drafts.push(Draft::New(Box::new(draft)));
        Ok(())
    }

    /// Amounts of usage that the host rounded as a whole: one addition, on behalf of the first of them.
    fn gathered(&self, line: &'a Line, word: &str, out: &mut Placed<'a>) -> Result<(), Failure> {
        let is_kin = |other: &&'a Line| other.attributes.get("gather") == Some(word);
        let kin: Vec<&'a Line> = self.job.order.lines.iter().filter(is_kin).collect();
        if kin.first().is_none_or(|first| first.id != line.id) {
            return Ok(());
        }
        let due: Decimal = kin.iter().map(|line| line.amount).sum();
        if due.is_zero() {
            kin.iter()
                .for_each(|line| out.leave_out(line, "Together with others of its resource it rounds to nothing."));
            return Ok(());
        }
        let effective = self.effective(line)?;
        let day = || Period::new(effective, effective.plus_days(1).ok_or_else(|| out_of_range(effective))?);
        let service = line.service_period.map_or_else(day, Ok)?;
        let mut draft = self.one_time(line, due, service, self.agreement)?;
        let sum = format!("{} amounts of usage", kin.len());
        draft.quantity = Decimal::ONE;
        draft.price = Price { unit: due, cost: None, from: None, owner: owner(line) };
        draft.money.arithmetic =
            format!("{sum} of the same resource and period come to {due} {}", self.job.order.currency);
        draft.description = self.describe(line, Some(service), Some(sum.clone()));
        draft.sum = Some(sum);
        draft.bill = self.bill(line.billing()?);
        draft.money.of.clone_from(&kin);
        draft.money.covers = kin;
        out.drafts.push(Draft::New(Box::new(draft)));
        Ok(())
    }

    /// What a line is charged for the rest of the period that it begins in, beside what recurs from the next one on.
    pub(crate) fn remainder(
        &self,
        line: &'a Line,
        (due, price): (Decimal, &Price),
        now: Period,
        out: &mut Placed<'a>,
    ) -> Result<(), Failure> {
        if line.billing()? != Billing::Billable {
            out.leave_out(line, not_billed(line));
            return Ok(());
        }
        if due.is_zero() {
            out.leave_out(line, format!("Nothing is charged for the rest of the period to {}.", now.last_day()));
            return Ok(());
        }
        let first = self.effective(line)?.max(now.start());
        let mut draft =
            self.one_time(line, due, Period::new(first, now.end())?, self.remainders.unwrap_or(self.agreement))?;
        // Only where the target's prices count is the order's own money charged at what an addition costs.
        if line.price_source == "catalogue" && price.from.is_some() {
            priced_at(&mut draft, line, price.clone());
        }
        out.drafts.push(Draft::New(Box::new(draft)));
        Ok(())
    }

    pub(crate) fn one_time(
        &self,
        line: &'a Line,
        due: Decimal,
        service: Period,
        agreement: &'a Agreement,
    ) -> Result<New<'a>, Failure> {
        let currency = self.job.order.currency;
        let spot = self.spot(agreement, line, service)?;
        let exactly = amounts::represent(line.quantity, due, currency);
        let sum = exactly.is_one_piece.then(|| {
            let share = line.proration().ok().flatten().filter(|proration| proration.by_host());
            let share = share.map(|proration| format!(" × {}/{} days", proration.days.0, proration.days.1));
            format!("{} × {}{}", line.quantity.normalize(), line.unit_price.normalize(), share.unwrap_or_default())
        });
        let days = (spot.moved != Moved::No || line.chosen_description().is_none()).then_some(service);
        let mut money = self.carried(line, due)?;
        if exactly.is_one_piece {
            money.arithmetic = format!(
                "{}. Written as one piece, because no unit price in whole coins makes the amount exactly",
                money.arithmetic.trim_end_matches('.')
            );
        }
        Ok(New {
            key: self.key(&format!("{}:{}", Role::OneTime.name(), line.id)),
            role: Role::OneTime,
            agreement,
            product: self.product(line)?,
            price: Price {
                unit: exactly.unit_price,
                cost: amounts::unit_cost(line.cost, exactly.quantity)
                    .or_else(|| {
                        line.unit_cost.filter(|_| !exactly.is_one_piece && line.proration().is_ok_and(|p| p.is_none()))
                    })
                    .map(|cost| if exactly.unit_price.is_sign_negative() { -cost.abs() } else { cost.abs() }),
                from: None,
                owner: if line.proration()?.is_some_and(|proration| proration.by_host()) {
                    "host"
                } else {
                    owner(line)
                },
            },
            quantity: exactly.quantity,
            before: None,
            bill: self.settings.bill,
            taxable: line.taxable().unwrap_or(self.settings.taxable),
            first: spot.first,
            last: Some(spot.last),
            description: self.describe(line, days, sum.clone()),
            sum,
            service: Some(service).filter(|_| spot.moved != Moved::No),
            why: self.told(line, service, agreement, spot),
            money,
        })
    }

    /// Its days in the agreement. A person's count, as long as they are billed once.
    pub(crate) fn spot(&self, agreement: &Agreement, line: &Line, service: Period) -> Result<Spot, Failure> {
        let own = Spot { first: service.start(), last: service.last_day(), moved: Moved::No };
        let Some(calendar) = self.calendar(agreement, line)? else { return Ok(own) };
        let period = calendar.containing(service.start()).ok_or_else(|| out_of_range(service.start()))?;
        let filled = |period: Period, moved| Spot { first: period.start(), last: period.last_day(), moved };
        let by_host = line.proration()?.is_some_and(|proration| proration.by_host());
        // The days that a person gave to what recurs say when it begins; its first period ends with the agreement's.
        if line.period_source() == "person" && !recurs(line) {
            if service.end() > period.end() {
                return Err(self.crosses(line, service, period, agreement));
            }
            return Ok(if agreement.prorates && by_host { filled(period, Moved::Filled) } else { own });
        }
        if let Some(until) = agreement.invoiced_at(period.start())
            && self.settings.when_invoiced == WhenInvoiced::NextPeriod
            && line.period_source() != "person"
        {
            let open = agreement.open_period(calendar, period.start()).ok_or_else(|| out_of_range(until))?;
            return Ok(filled(open, Moved::Next(until)));
        }
        if agreement.prorates {
            let is_whole = service == period;
            return Ok(filled(period, if is_whole { Moved::No } else { Moved::Filled }));
        }
        if service.end() > period.end() {
            return Ok(Spot { first: service.start(), last: period.last_day(), moved: Moved::Clipped });
        }
        Ok(own)
    }

    fn crosses(&self, line: &Line, service: Period, period: Period, agreement: &Agreement) -> Failure {
        Failure::rejected(
            "connectwise-dates-cross-periods",
            format!(
                "The line \"{}\" was given the days {} to {}, and a period of {} ends on {}: it would be billed once in each of them. Nothing was written. Give it days inside one period.",
                self.name(line),
                service.start(),
                service.last_day(),
                agreement.called(),
                period.last_day()
            ),
        )
        .with("line", line.id.clone())
    }

    fn told(&self, line: &Line, service: Period, agreement: &Agreement, spot: Spot) -> String {
        let days = format!("{} to {}", service.start(), service.last_day());
        let begin = format!("Billed once, for {days}.");
        let of = line.proration().ok().flatten().and_then(|proration| proration.of);
        let of = of.map(|of| format!(" The whole period is {} to {}.", of.start(), of.last_day())).unwrap_or_default();
        let place = match spot.moved {
            Moved::No => String::new(),
            Moved::Clipped => {
                format!(
                    " Its days on the agreement end with the agreement's period, on {}, so that it is billed once.",
                    spot.last
                )
            }
            Moved::Filled => {
                " It fills the agreement's period, because ConnectWise prorates there, and this amount is final."
                    .to_owned()
            }
            Moved::Next(until) => format!(
                " {} is invoiced up to {until}, so it goes onto the next invoice, for {} to {}.",
                agreement.begun(),
                spot.first,
                spot.last
            ),
        };
        format!("{begin}{of}{place}")
    }
}

/// At the price of an addition, piece by piece: the host works the amount out again from it.
fn priced_at(draft: &mut New<'_>, line: &Line, price: Price) {
    let unit = if draft.money.bills.is_sign_negative() { -price.unit.abs() } else { price.unit.abs() };
    draft.quantity = line.quantity.abs().normalize();
    draft.price = Price { unit, cost: draft.price.cost.or(price.cost), ..price };
    draft.money.arithmetic = format!("{} × {}", draft.quantity, draft.price.unit);
}

/// Why somebody does not pay for a line.
pub(crate) fn not_billed(line: &Line) -> String {
    let why = line.attributes.filled("billing-why").unwrap_or("somebody decided so");
    format!("It is not to be billed: {why}.")
}
