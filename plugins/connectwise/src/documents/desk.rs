//! One order on the desk: its job, the agreement with its additions, and the questions that every kind of order asks.
//!
//! Owns which day a line counts from, which period that is, from when on something recurs, and what a line is called and
//! costs. What an order then needs is decided beside this, kind by kind.

use counterfoil_sdk::{Billing, Date, Decimal, Failure, Job, Line, Period, QuantityIs, decimal, text};

use super::agreement::Agreement;
use super::amounts;
use super::draft::{Carried, Price, too_large};
use super::former::{Chosen, Former, Search};
use super::marker::Tag;
use super::settings::{BillCustomer, Settings, WhenInvoiced};
use super::stored::Addition;
use crate::calendar::Calendar;
use crate::wire::Id;
use crate::words;

/// Most characters of a text on the invoice; the marker may need some of them.
const TEXT_MOST: usize = 5_900;

/// More changes than this no plan has.
const MOST_STORED: usize = 10_000;

/// Everything that one order is decided from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) job: &'a Job,
    pub(crate) settings: Settings<'a>,
    pub(crate) tag: &'a Tag,
    pub(crate) chosen: &'a Chosen,
    pub(crate) agreement: &'a Agreement,
    pub(crate) additions: &'a [Addition],
    /// The separate agreement for prorated amounts, where somebody asked for one.
    pub(crate) remainders: Option<&'a Agreement>,
}

/// When something that recurs begins to be billed.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    /// The agreement's period that the effective day is in.
    pub(crate) now: Period,
    /// The first day of what recurs.
    pub(crate) from: Date,
    /// Whole periods between the two, which were invoiced without it.
    pub(crate) skipped: Vec<Period>,
}

impl<'a> Desk<'a> {
    /// The key of a change: the same job gives the same one, today and next month.
    pub(crate) fn key(&self, part: &str) -> String {
        format!("addition:{}:{}:{part}", self.job.order.id, self.job.order.revision)
    }

    pub(crate) fn search(&self) -> Search<'a> {
        Search { additions: self.additions, tag: self.tag, chosen: self.chosen, reading: self.settings.cancelled_date }
    }

    /// The addition of a product that an earlier try of this very task ended, before its rest was refused.
    pub(crate) fn ended_before_rest(&self, product: Id) -> Option<&'a Addition> {
        let told = |place| self.job.attributes.get(&format!("stored.{place}.key"));
        let keys: Vec<&str> = (1..=MOST_STORED).map_while(told).collect();
        self.additions.iter().find(|addition| {
            let is_ours = || keys.contains(&self.key(&format!("end:{}", addition.reference())).as_str());
            addition.product() == Some(product) && !addition.is_ongoing() && is_ours()
        })
    }

    /// The item that a line is linked to, or its fee is: a fee of the plan itself has no product.
    pub(crate) fn product(&self, line: &Line) -> Result<Id, Failure> {
        let of_fee = || self.job.links.iter().find(|link| link.kind == "fee" && link.source_id == line.fee);
        let item = line.item.as_deref().or_else(|| of_fee().map(|link| link.target_id.as_str()));
        item.and_then(Id::parse).ok_or_else(|| {
            Failure::rejected(
                "connectwise-item",
                format!(
                    "The line \"{}\" of {} is linked to no product of ConnectWise. Nothing was written. Link its product, or its fee.",
                    self.name(line),
                    self.job.order.number
                ),
            )
            .with("line", line.id.clone())
        })
    }

    /// The day from which a line counts: the one that it was prorated from, the first that a person gave it, the order's.
    pub(crate) fn effective(&self, line: &Line) -> Result<Date, Failure> {
        if let Some(day) = line.attributes.filled("effective-on") {
            return Date::parse(day);
        }
        let by_person = line.service_period.filter(|_| line.period_source() == "person");
        Ok(by_person.map_or(self.job.order.effective_on, Period::start))
    }

    /// The periods of an agreement, as far as they concern a line.
    pub(crate) fn calendar(&self, agreement: &Agreement, line: &Line) -> Result<Option<Calendar>, Failure> {
        let of = line.proration()?.and_then(|proration| proration.of).or(line.service_period);
        Ok(agreement.calendar(of.map_or(self.effective(line)?, Period::start)))
    }

    /// The period of the linked agreement that a day is in. What recurs has to have one.
    pub(crate) fn period(&self, line: &Line, day: Date) -> Result<(Calendar, Period), Failure> {
        let calendar = self.calendar(self.agreement, line)?.ok_or_else(|| {
            Failure::rejected(
                "connectwise-agreement-does-not-recur",
                format!(
                    "\"{}\" is billed {}, and {} has no billing cycle that goes on. Nothing was written. Link the subscription to an agreement that is billed as often.",
                    self.name(line),
                    self.job.order.billing_cycle,
                    self.agreement.called()
                ),
            )
        })?;
        let period = calendar.containing(day).ok_or_else(|| out_of_range(day))?;
        Ok((calendar, period))
    }

    /// Whether what begins on this day can still be billed from it.
    pub(crate) fn is_open(&self, first: Date) -> bool {
        self.settings.when_invoiced == WhenInvoiced::AsDated || !self.agreement.is_invoiced(first)
    }

    /// When the recurring part begins if the rest of this period is billed beside it.
    pub(crate) fn beside(&self, line: &Line, effective: Date) -> Result<Timing, Failure> {
        let (calendar, now) = self.period(line, effective)?;
        if self.settings.when_invoiced == WhenInvoiced::AsDated {
            return Ok(Timing { now, from: now.end(), skipped: Vec::new() });
        }
        let open = self.agreement.open_period(calendar, now.end()).ok_or_else(|| out_of_range(now.end()))?;
        let skipped = calendar.between(now.end(), open.start()).ok_or_else(|| out_of_range(effective))?;
        Ok(Timing { now, from: open.start(), skipped })
    }

    /// Its price where the target's counts: that of the addition that goes on for the same product, if there is one.
    pub(crate) fn priced_by(&self, line: &Line) -> Result<Option<&'a Addition>, Failure> {
        if line.price_source != "catalogue" || !recurs(line) {
            return Ok(None);
        }
        let product = self.product(line)?;
        Ok(match self.search().former(product) {
            Former::One(addition) if addition.unit_price() != line.unit_price.abs() => Some(addition),
            Former::None | Former::One(_) | Former::Ended(_) | Former::Several(_) => None,
        })
    }

    /// What a line comes to: as the host says, or at the price of an addition.
    pub(crate) fn due(&self, line: &Line, from: Option<&Addition>) -> Result<Decimal, Failure> {
        let Some(addition) = from.filter(|_| !line.amount.is_zero()) else { return Ok(line.amount) };
        let size = amounts::extended(line.quantity.abs(), addition.unit_price(), self.job.order.currency);
        let size = size.ok_or_else(|| too_large(line))?;
        Ok(if line.amount.is_sign_negative() { -size } else { size })
    }

    /// The price of one in a whole period. It carries the sign that the line has beside its quantity.
    pub(crate) fn price(&self, line: &Line, from: Option<&Addition>) -> Price {
        let signed = |price: Decimal| if line.quantity.is_sign_negative() { -price } else { price };
        match from {
            Some(addition) => Price {
                unit: addition.unit_price(),
                cost: addition.unit_cost().or(line.unit_cost.map(|cost| cost.abs())),
                from: Some(format!("addition {}", addition.reference())),
                owner: "target",
            },
            None => Price {
                unit: signed(line.unit_price).normalize(),
                cost: line.unit_cost.map(|cost| cost.abs().normalize()),
                from: None,
                owner: owner(line),
            },
        }
    }

    /// Who pays for something new.
    pub(crate) fn bill(&self, billing: Billing) -> BillCustomer {
        match billing {
            Billing::Billable => self.settings.bill,
            Billing::NoCharge => BillCustomer::NoCharge,
            Billing::DoNotBill => BillCustomer::DoNotBill,
        }
    }

    /// The money of one line, where an addition bills it.
    pub(crate) fn carried(&self, line: &'a Line, bills: Decimal) -> Result<Carried<'a>, Failure> {
        Ok(Carried {
            of: vec![line],
            covers: vec![line],
            bills,
            arithmetic: line.arithmetic.clone(),
            method: method(line)?,
        })
    }

    /// What people call a line.
    pub(crate) fn name(&self, line: &Line) -> String {
        let words = [line.description.as_str(), &line.product_name, &line.product_code, &line.fee];
        let name = words.into_iter().map(text::single_spaced).find(|name| !name.is_empty()).unwrap_or_default();
        text::clip(&name, 80)
    }

    /// The text on the invoices of what recurs: an order's speaks of its first period, and stands on all of them.
    pub(crate) fn describe_recurring(&self, line: &Line) -> String {
        let whole = self.plain(line);
        let is_chosen = line.chosen_description().is_some_and(|chosen| !chosen.trim().is_empty());
        text::clip(if is_chosen { &whole } else { words::without_days(&whole) }, TEXT_MOST)
    }

    /// What a person chose, else the order's words.
    fn plain(&self, line: &Line) -> String {
        let words = [line.chosen_description().unwrap_or_default(), &line.description, &line.product_name, &line.fee];
        words.into_iter().map(text::single_spaced).find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// The text on the invoice. `days`: what it pays for, where the addition's own days are others or are not plain.
    pub(crate) fn describe(&self, line: &Line, days: Option<Period>, sum: Option<String>) -> String {
        let mut whole = self.plain(line);
        let names =
            |days: &Period| whole.contains(&days.start().to_string()) && whole.contains(&days.last_day().to_string());
        if let Some(days) = days.filter(|days| !names(days)) {
            let until = if days.last_day() > days.start() { format!(" to {}", days.last_day()) } else { String::new() };
            whole = format!("{whole} · {}{until}", days.start());
        }
        if let Some(sum) = sum {
            whole = format!("{whole} · {sum}");
        }
        text::clip(&whole, TEXT_MOST)
    }
}

/// Signed: what a line adds to the quantity that recurs, whatever way it writes a removal.
pub(crate) fn delta(line: &Line) -> Decimal {
    let less =
        line.fee == "resource-downgrade" || line.quantity.is_sign_negative() || line.unit_price.is_sign_negative();
    if less { -line.quantity.abs() } else { line.quantity.abs() }
}

/// Fees that are billed each period.
pub(crate) fn recurs(line: &Line) -> bool {
    matches!(line.fee.as_str(), "plan-recurring" | "resource-recurring")
}

/// Whether a line changes how much of something recurs.
pub(crate) fn changes(line: &Line) -> Result<bool, Failure> {
    let fits = recurs(line) || line.fee == "resource-downgrade";
    Ok(fits && line.quantity_is()? != QuantityIs::Whole)
}

/// How its first period was charged, by name.
pub(crate) fn method(line: &Line) -> Result<String, Failure> {
    Ok(line.proration()?.map_or_else(|| "none".to_owned(), |proration| proration.method.to_owned()))
}

/// Whether the target itself is to prorate it.
pub(crate) fn is_left_to_target(line: &Line) -> Result<bool, Failure> {
    Ok(line.proration()?.is_some_and(|proration| proration.why == "target-prorates"))
}

/// Who says what one costs.
pub(crate) fn owner(line: &Line) -> &'static str {
    match line.price_source.as_str() {
        "catalogue" => "target",
        "person" => "person",
        _ => "marketplace",
    }
}

/// Amounts finer than a coin cannot be billed.
pub(crate) fn check_coins(job: &Job, line: &Line) -> Result<(), Failure> {
    let currency = job.order.currency;
    if decimal::exact_at(line.amount, currency.minor_units()).is_some() {
        return Ok(());
    }
    Err(Failure::rejected(
        "connectwise-amount",
        format!(
            "The line \"{}\" bills {} {currency}, which is finer than its smallest coin. Nothing was written. Adjust the amount.",
            line.description, line.amount
        ),
    ))
}

pub(crate) fn out_of_range(day: Date) -> Failure {
    Failure::rejected(
        "connectwise-day",
        format!(
            "The day {day} is too far from the agreement's billing periods. Nothing was written. Correct the order's day, or the agreement's first billing day."
        ),
    )
}
