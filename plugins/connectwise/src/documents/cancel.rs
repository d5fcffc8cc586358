//! The end of a subscription: everything of it that goes on ends with the agreement's period, and fees and refunds are
//! billed once.
//!
//! Owns which additions those are.

use counterfoil_sdk::{Date, Failure, Money};

use super::desk::{Desk, out_of_range};
use super::draft::{Draft, Placed};
use super::former::Chosen;
use super::settings::WhenInvoiced;
use super::stored::Addition;
use crate::wire::Id;

impl<'a> Desk<'a> {
    /// A cancellation order.
    pub(crate) fn cancellation(&self, out: &mut Placed<'a>) -> Result<(), Failure> {
        let effective = self.job.order.effective_on;
        let last = self.last_day(effective)?;
        let mut ended: Vec<&'a Addition> = Vec::new();
        for addition in self.ongoing()?.into_iter().chain(self.ended_before(last)) {
            if !ended.iter().any(|known| known.id == addition.id) {
                ended.push(addition);
            }
        }
        for addition in &ended {
            let why = format!("The subscription was cancelled on {effective}; it is billed up to {last}.");
            out.drafts.push(Draft::End(Box::new(self.end(addition, last, why))));
        }
        self.note_too_long(&ended, last, out);
        if ended.is_empty() {
            out.note(format!(
                "{} has no addition of this subscription that goes on, so nothing is ended. If some were made by hand, end them in ConnectWise, or set {} on the task to their ids.",
                self.agreement.begun(),
                super::former::FIELD
            ));
        }
        for line in &self.job.order.lines {
            self.once(line, out)?;
        }
        Ok(())
    }

    /// Periods that were invoiced after the one that it ends in are given back by no order: a person has to see them.
    fn note_too_long(&self, ended: &[&Addition], last: Date, out: &mut Placed<'a>) {
        let effective = self.job.order.effective_on;
        let Some(now) = self.agreement.calendar(effective).and_then(|calendar| calendar.containing(effective)) else {
            return;
        };
        if last <= now.last_day() {
            return;
        }
        let currency = self.job.order.currency;
        for addition in ended.iter().filter(|addition| addition.effective().is_none_or(|first| first <= now.last_day()))
        {
            let each = super::amounts::extended(addition.quantity(), addition.unit_price(), currency);
            let each =
                each.map_or_else(String::new, |each| format!(": {} for each period", Money::new(each, currency)));
            out.note(format!(
                "{} is invoiced up to {last} already, so addition {} was charged for {} to {last} as well{each}. Give that back by hand if the marketplace did not charge it.",
                self.agreement.begun(),
                addition.called(),
                now.end()
            ));
        }
    }

    /// The last day of the period that the effective day is in, or the last one that is invoiced if that is later.
    fn last_day(&self, effective: Date) -> Result<Date, Failure> {
        let anchor = self.job.order.lines.iter().find_map(|line| line.service_period).map_or(effective, |p| p.start());
        let Some(calendar) = self.agreement.calendar(anchor) else { return Ok(effective) };
        let now = calendar.containing(effective).ok_or_else(|| out_of_range(effective))?;
        if self.settings.when_invoiced == WhenInvoiced::AsDated {
            return Ok(now.last_day());
        }
        let open = self.agreement.open_period(calendar, now.end()).ok_or_else(|| out_of_range(effective))?;
        open.start().plus_days(-1).ok_or_else(|| out_of_range(effective))
    }

    /// What goes on for the subscription: what carries its marker, what a person named, and what was made by hand where
    /// only one thing can be meant.
    fn ongoing(&self) -> Result<Vec<&'a Addition>, Failure> {
        let named = |addition: &&Addition| matches!(self.chosen, Chosen::These(ids) if ids.contains(&addition.id));
        let mut all: Vec<&'a Addition> = self.search().ongoing().collect();
        all.extend(self.additions.iter().filter(|addition| addition.is_ongoing()).filter(named));
        if *self.chosen != Chosen::Nobody {
            return Ok(all);
        }
        let items =
            self.job.links.iter().filter(|link| link.kind == "item").filter_map(|link| Id::parse(&link.target_id));
        for product in items {
            if all.iter().any(|addition| addition.product() == Some(product)) {
                continue;
            }
            match self.search().by_hand(product).as_slice() {
                [] => {}
                [one] => all.push(one),
                several => {
                    let line = self
                        .job
                        .order
                        .lines
                        .iter()
                        .find(|line| line.item.as_deref().and_then(Id::parse) == Some(product));
                    let unnamed = counterfoil_sdk::Line::piece("", "", counterfoil_sdk::Decimal::ZERO);
                    return Err(self.several(line.unwrap_or(&unnamed), several));
                }
            }
        }
        Ok(all)
    }

    /// What an earlier try of this task may have ended: of the subscription, from before the last period, and ending on
    /// that very day. It is shown as done, so that nothing that was written is forgotten.
    fn ended_before(&self, last: Date) -> impl Iterator<Item = &'a Addition> {
        let long = move |addition: &&Addition| {
            let first = addition.effective();
            // Something that is billed once is over within a month or its period; what recurs was there before it.
            first.is_none_or(|first| first < last && self.spans_periods(first, last)) && addition.marker().is_some()
        };
        self.search().ending_on(last).filter(long).collect::<Vec<_>>().into_iter()
    }

    fn spans_periods(&self, first: Date, last: Date) -> bool {
        let calendar = self.agreement.calendar(first);
        calendar.and_then(|calendar| calendar.containing(last)).is_some_and(|period| first < period.start())
    }
}
