//! Owns what agreements are invoiced: periods, which additions bill in them, and how far an agreement is invoiced. In
//! advance: a period is invoiced on its first day. What public material leaves open is in `BillingRules`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, Months, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::config::{CancelledDate, InvoiceDate, ProrateRounding, Unset};
use super::json::Json;
use super::record::{Record, Value, midnight};
use super::tables::Table;
use super::tenant::Tenant;

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    pub addition: i64,
    pub description: String,
    pub amount: Decimal,
    /// Days of the period that it was billed for, and days of the period.
    pub days: (i64, i64),
}

/// What an agreement was billed for one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    pub number: String,
    pub agreement: i64,
    pub date: NaiveDate,
    /// The first day, and the first one after it.
    pub period: (NaiveDate, NaiveDate),
    pub lines: Vec<InvoiceLine>,
}

impl Invoice {
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.lines.iter().map(|line| line.amount).sum()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) invoices: Vec<Invoice>,
    /// The first day that is not invoiced.
    until: BTreeMap<i64, NaiveDate>,
    last: BTreeMap<i64, (NaiveDate, String)>,
    /// Additions and the first days of the periods they were billed for.
    billed: BTreeSet<(i64, NaiveDate)>,
}

#[derive(Debug, Clone, Copy)]
enum Length {
    Months(u32),
    Days(u64),
}

/// Periods of one agreement.
#[derive(Debug, Clone, Copy)]
struct Calendar {
    anchor: NaiveDate,
    length: Length,
}

impl Calendar {
    fn start(self, turn: u32) -> Option<NaiveDate> {
        match self.length {
            Length::Months(months) => self.anchor.checked_add_months(Months::new(months.checked_mul(turn)?)),
            Length::Days(days) => self.anchor.checked_add_days(Days::new(days.checked_mul(u64::from(turn))?)),
        }
    }

    /// Periods from the anchor's on.
    fn periods(self) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
        (0..12_000).map_while(move |turn| Some((self.start(turn)?, self.start(turn + 1)?)))
    }
}

impl Tenant {
    fn calendar(&self, agreement: &Record) -> Option<Calendar> {
        let cycle = self.record(Table::BillingCycle, agreement.reference("billingCycle")?)?;
        let length = match cycle.text("billingOptions") {
            "Weekly" => Length::Days(7),
            "BiWeekly" => Length::Days(14),
            "Monthly" => Length::Months(1),
            "BiMonthly" => Length::Months(2),
            "Quarterly" => Length::Months(3),
            "SemiAnnual" => Length::Months(6),
            "Yearly" => Length::Months(12),
            _ => return None,
        };
        let first = agreement.day("billStartDate").or_else(|| agreement.day("startDate"))?;
        let calendar_year = agreement.text("invoicingCycle") == "CalendarYear";
        let anchor = if calendar_year { NaiveDate::from_ymd_opt(first.year(), 1, 1)? } else { first };
        Some(Calendar { anchor, length })
    }

    /// The first period that is not invoiced.
    fn due(&self, agreement: &Record) -> Option<(NaiveDate, NaiveDate)> {
        let calendar = self.calendar(agreement)?;
        let until = self.ledger.until.get(&agreement.id).copied();
        let first = agreement.day("billStartDate").or_else(|| agreement.day("startDate"))?;
        calendar.periods().find(|(start, end)| *end > first && until.is_none_or(|until| *start >= until))
    }

    /// Nobody sees an invoice, and the agreement counts as invoiced up to that day.
    pub(crate) fn mark_invoiced(&mut self, agreement: i64, until: NaiveDate) {
        self.ledger.until.insert(agreement, until);
        let day = until.pred_opt().unwrap_or(until);
        self.ledger.last.insert(agreement, (day, "M0".to_owned()));
    }

    /// Every period that has begun by that day.
    pub(crate) fn invoice_up_to(&mut self, day: NaiveDate) -> Vec<Invoice> {
        let agreements: Vec<i64> = self.rows(Table::Agreement).map(|agreement| agreement.id).collect();
        agreements.into_iter().flat_map(|id| self.invoice_agreement(id, day)).collect()
    }

    /// Every period of one agreement that has begun by that day.
    pub(crate) fn invoice_agreement(&mut self, id: i64, day: NaiveDate) -> Vec<Invoice> {
        let mut made = Vec::new();
        while let Some(agreement) = self.record(Table::Agreement, id).cloned() {
            let is_active =
                matches!(agreement.text("agreementStatus"), "Active" | "") && !agreement.flag("cancelledFlag");
            let ends = agreement.day("endDate").filter(|_| !agreement.flag("noEndingDateFlag"));
            let last = ends.map_or(day, |end| end.min(day));
            let Some(period) = self.due(&agreement).filter(|(start, _)| is_active && *start <= last) else { break };
            made.push(self.invoice(&agreement, period, day));
        }
        made
    }

    fn invoice(&mut self, agreement: &Record, period: (NaiveDate, NaiveDate), run: NaiveDate) -> Invoice {
        let number = format!("{}", 10_000 + self.ledger.invoices.len());
        let mut lines = Vec::new();
        let additions: Vec<Record> =
            self.rows(Table::Addition).filter(|addition| addition.parent == Some(agreement.id)).cloned().collect();
        for addition in &additions {
            lines.extend(self.line(agreement, addition, period));
            if agreement.flag("invoiceProratedAdditionsFlag") && agreement.flag("prorateFlag") {
                lines.extend(self.late(agreement, addition, period.0));
            }
        }
        let date = match self.config.rules.invoice_date {
            InvoiceDate::PeriodStart => period.0,
            InvoiceDate::DayOfRun => run,
        };
        let invoice = Invoice { number: number.clone(), agreement: agreement.id, date, period, lines };
        self.ledger.until.insert(agreement.id, period.1);
        self.ledger.last.insert(agreement.id, (date, number));
        self.ledger.invoices.push(invoice.clone());
        invoice
    }

    /// What came into the period before, after it was invoiced.
    fn late(&mut self, agreement: &Record, addition: &Record, before: NaiveDate) -> Option<InvoiceLine> {
        let calendar = self.calendar(agreement)?;
        let period = calendar.periods().take_while(|(start, _)| *start < before).last()?;
        let began = addition.day("effectiveDate")?;
        (began >= period.0 && began < period.1).then(|| self.line(agreement, addition, period))?
    }

    /// An addition bills a period once, if it stands on one of its days.
    fn line(&mut self, agreement: &Record, addition: &Record, period: (NaiveDate, NaiveDate)) -> Option<InvoiceLine> {
        let bill = addition.text("billCustomer");
        if bill == "DoNotBill" || self.ledger.billed.contains(&(addition.id, period.0)) {
            return None;
        }
        let (days, whole) = self.days(addition, period)?;
        self.ledger.billed.insert((addition.id, period.0));
        let amount = if bill == "NoCharge" { Decimal::ZERO } else { self.amount(agreement, addition, (days, whole)) };
        Some(InvoiceLine {
            addition: addition.id,
            description: addition.text("invoiceDescription").to_owned(),
            amount,
            days: (days, whole),
        })
    }

    /// On how many days of the period it stands, and how many the period has; none where it stands on none.
    fn days(&self, addition: &Record, period: (NaiveDate, NaiveDate)) -> Option<(i64, i64)> {
        let first = addition.day("effectiveDate").unwrap_or(NaiveDate::MIN).max(period.0);
        let after = match (addition.day("cancelledDate"), self.config.rules.cancelled_date) {
            (None, _) => period.1,
            (Some(day), CancelledDate::Inclusive) => day.succ_opt()?.min(period.1),
            (Some(day), CancelledDate::Exclusive) => day.min(period.1),
        };
        let days = (after - first).num_days();
        (days > 0).then(|| (days, (period.1 - period.0).num_days()))
    }

    /// Rounded half up to the places of the agreement's currency.
    fn rounded(&self, agreement: &Record, exact: Decimal) -> Decimal {
        let currency = agreement.reference("currency").and_then(|id| self.record(Table::Currency, id));
        let places = match currency.and_then(|currency| currency.members.get("numberOfDecimals")) {
            Some(Value::Int(places)) => u32::try_from(*places).unwrap_or(2),
            _ => 2,
        };
        exact.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
    }

    fn amount(&self, agreement: &Record, addition: &Record, (days, whole): (i64, i64)) -> Decimal {
        let quantity = addition.number("quantity") - addition.number("lessIncluded");
        let unit = addition.number("unitPrice");
        if !agreement.flag("prorateFlag") || days == whole {
            return self.rounded(agreement, quantity * unit);
        }
        let share = |price: Decimal| price * Decimal::from(days) / Decimal::from(whole);
        match self.config.rules.prorate_rounding {
            ProrateRounding::PerLine => self.rounded(agreement, share(quantity * unit)),
            ProrateRounding::PerUnit => self.rounded(agreement, quantity * self.rounded(agreement, share(unit))),
        }
    }

    /// The share of an amount for an addition's first period, where the agreement prorates and it begins or ends inside.
    pub(crate) fn prorated(&self, agreement: Option<&Record>, addition: &Record, amount: Decimal) -> Decimal {
        let share = || {
            let agreement = agreement.filter(|agreement| agreement.flag("prorateFlag"))?;
            let first = addition.day("effectiveDate")?;
            let mut periods = self.calendar(agreement)?.periods();
            let period = periods.find(|(start, end)| *start <= first && first < *end)?;
            let (days, whole) = self.days(addition, period).filter(|(days, whole)| days < whole)?;
            Some(self.rounded(agreement, amount * Decimal::from(days) / Decimal::from(whole)))
        };
        share().unwrap_or(Decimal::ZERO)
    }

    pub(crate) fn next_invoice_shown(&self, agreement: &Record) -> Option<NaiveDate> {
        if self.config.switches.stale_next_invoice {
            return agreement.day("billStartDate").or_else(|| agreement.day("startDate"));
        }
        self.due(agreement).map(|(start, _)| start)
    }

    /// `/finance/agreementrecap/{id}`.
    pub(crate) fn recap(&self, agreement: &Record) -> Json {
        let today = self.clock.now().date_naive();
        let company = agreement.reference("company").and_then(|id| self.record(Table::Company, id));
        let mut out = Json::object([
            ("id", Json::whole(agreement.id)),
            ("name", Json::text(agreement.text("name"))),
            ("agreementStatus", Json::text(self.agreement_status(agreement))),
            ("companyName", company.map(|company| company.text("name")).into()),
        ]);
        let last = self.ledger.last.get(&agreement.id);
        let shown = [
            ("lastInvoiceDate", last.map(|(day, _)| midnight(*day))),
            ("lastInvoiceNumber", last.map(|(_, number)| number.clone())),
            ("nextInvoiceDate", self.next_invoice_shown(agreement).map(midnight)),
        ];
        let Json::Object(members) = &mut out else { return out };
        for (name, value) in shown {
            let json = match (value, self.config.switches.unset) {
                (Some(text), _) => Json::text(text),
                (None, Unset::Missing) => continue,
                (None, Unset::Null) => Json::Null,
                (None, Unset::Empty) => Json::text(""),
            };
            members.push((name.to_owned(), json));
        }
        if !self.config.switches.recap_without_unbilled
            && let (Some(calendar), Some((due, _))) = (self.calendar(agreement), self.due(agreement))
        {
            let begun = calendar.periods().filter(|(start, _)| *start >= due).take_while(|(start, _)| *start <= today);
            out.set("unbilledPeriods", Json::whole(i64::try_from(begun.count()).unwrap_or(i64::MAX)));
        }
        out
    }
}
