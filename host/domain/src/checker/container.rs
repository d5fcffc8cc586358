//! The container against the order, and the days of each change against the container's periods: what is invoiced already,
//! what it would prorate by itself, and what would be billed twice or never. Lines that recur are `standing`'s.

use chrono::NaiveDate;

use super::days::{self, Days};
use super::{Against, Findings};
use crate::container::{self, Container};
use crate::fitting::{Misfit, Wanted, misfits};
use crate::id::LineId;
use crate::job::{JobKind, JobLine};
use crate::link::LinkKind;
use crate::period::{Cycle, Period};
use crate::plan::{Action, Change, IN_CONTAINER, Plan, PlanLine, STANDING, Severity, WRITES_INTO_INVOICED};
use crate::proration::Why;

pub(super) fn check(plan: &Plan, against: Against<'_>, findings: &mut Findings) {
    let container = Container::of(against.job);
    if let Some(container) = &container {
        fits(container, against, findings);
    }
    let mut lines = plan.changes.iter().flat_map(|change| &change.lines);
    let replaced = lines.any(|line| line.told(STANDING).is_some());
    for change in &plan.changes {
        let elsewhere =
            change.told(IN_CONTAINER).filter(|id| container.as_ref().is_none_or(|own| own.id.as_str() != *id));
        if let Some(id) = elsewhere {
            let text = format!(
                "\"{}\" goes into container {id}, beside the one that the subscription is linked to; whether its days are invoiced there is as the target says",
                change.title
            );
            findings.add(Severity::Notes, "another-container", text);
        }
        let desk = Desk { against, change, container: container.as_ref().filter(|_| elsewhere.is_none()), replaced };
        desk.change(findings);
    }
}

/// A monthly subscription goes on a monthly container of the customer's own, which is active and bills in the order's
/// currency.
fn fits(container: &Container, against: Against<'_>, findings: &mut Findings) {
    let order = &against.job.order;
    for unreadable in &container.unreadable {
        let text = format!(
            "{}: {unreadable}: when and what it bills cannot be told, so nothing is put into it; correct it there and plan again",
            container.called()
        );
        findings.block("container-unreadable", text);
    }
    let party = against.job.links.iter().find(|link| link.kind == LinkKind::Party).map(|link| &link.target);
    let recurs = order.lines.iter().any(|line| line.fee.recurs());
    let cycle = Cycle::parse(&order.billing_cycle);
    for misfit in misfits(Wanted { currency: Some(order.currency), cycle, party }, container) {
        // What is billed once goes into a container of no cycle as well.
        if matches!(misfit, Misfit::NoCycle { .. }) && !recurs {
            continue;
        }
        findings.block(misfit.code(), misfit.to_string());
    }
    for line in &order.lines {
        let own = container::told(&line.attributes, container::LINE_CYCLE).and_then(Cycle::parse);
        if let (Some(own), Some(theirs)) = (own, container.cycle)
            && !own.is_as_long_as(theirs)
        {
            let text = format!(
                "line {} is a price for one {}, and {} bills every {}: it would be charged anew each time. Link the subscription to a container that bills as often, or leave the line out",
                line.id,
                own.every(),
                container.called(),
                theirs.every()
            );
            findings.block("cycle-mismatch", text);
        }
    }
}

struct Desk<'a> {
    against: Against<'a>,
    change: &'a Change,
    /// None: not known for this change.
    container: Option<&'a Container>,
    /// The plan begins something that recurs.
    replaced: bool,
}

impl Desk<'_> {
    fn change(&self, findings: &mut Findings) {
        let days = match days::of(self.change, self.against.job) {
            Ok(days) => days.filter(|_| self.change.action != Action::Keep),
            Err(no_day) => {
                let text = format!("\"{}\": {no_day}, so when it bills cannot be checked", self.change.title);
                return findings.block("bad-day", text);
            }
        };
        self.invoiced(days, findings);
        self.charged_too_long(findings);
        let Some(days) = days else { return };
        if days.last.is_some_and(|last| last < days.first) {
            let text = format!("\"{}\" ends before it begins: it would bill nothing", self.change.title);
            return findings.block("empty-days", text);
        }
        if let Some(end) = self.container.and_then(|container| container.end).filter(|end| *end < days.first) {
            let called = self.container.map(Container::called).unwrap_or_default();
            let text = format!(
                "\"{}\" begins on {}, and {called} ends on {end}: it would never be billed. Extend it there, or link the subscription to another one",
                self.change.title, days.first
            );
            findings.block("container-ended", text);
        }
        if !self.recurs() {
            self.inside_one_period(days, findings);
        }
        self.prorated_once(days, findings);
    }

    fn recurs(&self) -> bool {
        self.change.lines.iter().any(|line| line.told(STANDING).is_some())
    }

    /// Whatever the plugin says of it, and also where only the plugin knows.
    fn invoiced(&self, days: Option<Days>, findings: &mut Findings) {
        let change = self.change;
        if change.action == Action::Keep {
            return;
        }
        let own = self.container.and_then(|container| container.invoiced_until);
        let told = change.told(WRITES_INTO_INVOICED).map(str::to_owned);
        let begins = days.map(|days| days.first);
        let into = begins.zip(own).filter(|(first, until)| first < until);
        let called = self.container.map_or_else(|| "its container".to_owned(), Container::called);
        let money = change.total;
        if let Some((first, until)) = into {
            let last = days.and_then(|days| days.last).map_or_else(|| "no end".to_owned(), |last| last.to_string());
            let text = format!(
                "\"{}\" ({money}) bills from {first} (to {last}), and {called} is invoiced up to {until} already: these days may never be charged, or are charged beside an invoice that was sent",
                change.title
            );
            return findings.add(Severity::NeedsPerson, "invoiced-period", text);
        }
        if let Some(until) = told {
            let text = format!(
                "\"{}\" ({money}) bills days before {until}, up to which {called} is invoiced already, as the target says: they may never be charged",
                change.title
            );
            return findings.add(Severity::NeedsPerson, "invoiced-period", text);
        }
        let ends = days::ending(change, self.against.job).zip(own);
        if let Some((last, until)) = ends.filter(|(last, until)| last.succ_opt().is_some_and(|after| after < *until)) {
            let text = format!(
                "\"{}\" ends on {last}, and {called} is invoiced up to {until} already: what was invoiced for the days after it is not given back by that",
                change.title
            );
            findings.add(Severity::NeedsPerson, "invoiced-period", text);
        }
    }

    /// What came too late to end with its own period was invoiced in the periods after it as well. Where something else takes
    /// its place, the gap before that says so.
    fn charged_too_long(&self, findings: &mut Findings) {
        let order = &self.against.job.order;
        let ends = matches!(order.kind, JobKind::Cancellation) || (order.kind == JobKind::Change && !self.replaced);
        let Some(last) = days::ending(self.change, self.against.job).filter(|_| ends) else { return };
        let Some(own) = self.period(order.effective_on).filter(|own| last > own.last()) else { return };
        let called = self.container.map(Container::called).unwrap_or_default();
        let text = format!(
            "\"{}\" ends on {last}, and the order takes it away from {} on, in the period to {}: {called} charged the periods between as before, and nothing gives them back; do that by hand if the marketplace did not charge them",
            self.change.title,
            order.effective_on,
            own.last()
        );
        findings.add(Severity::NeedsPerson, "charged-past-end", text);
    }

    fn period(&self, day: NaiveDate) -> Option<Period> {
        self.container.and_then(|container| container.period_containing(day))
    }

    /// A line that does not recur is billed once because its days lie inside one period.
    fn inside_one_period(&self, days: Days, findings: &mut Findings) {
        let Some(last) = days.last else {
            let text = format!(
                "\"{}\" has no last day: what is to be billed once would be billed in each period",
                self.change.title
            );
            return findings.block("recurs-unasked", text);
        };
        let Some(period) = self.period(days.first) else { return };
        if !period.contains(last) {
            let called = self.container.map(Container::called).unwrap_or_default();
            let text = format!(
                "\"{}\" bills from {} to {last}, but a period of {called} is {period}: it would be billed once in each period that it touches",
                self.change.title, days.first
            );
            findings.block("outside-period", text);
        }
    }

    /// A container that prorates by itself does so with everything that does not fill its period.
    fn prorated_once(&self, days: Days, findings: &mut Findings) {
        let money = |line: &&PlanLine| !line.covers.is_empty() && !line.bills.is_zero();
        for line in self.change.lines.iter().filter(money) {
            let covered = || line.covers.iter().filter_map(|id| self.job_line(id));
            let why = |line: &JobLine| line.proration.as_ref().map(|prorated| prorated.why);
            if covered().any(|of| why(of) == Some(Why::TargetProrates)) {
                self.left_to_the_target(line, days, covered().collect(), findings);
            } else if self.container.is_some_and(|container| container.prorate) && !self.fills_periods(days) {
                let by_us = covered().any(|of| why(of) == Some(Why::Prorated));
                let by_person = covered().any(|of| container::told(&of.attributes, "period-source") == Some("person"));
                self.cut_short(days, by_us, by_person, findings);
            }
        }
    }

    fn job_line(&self, id: &LineId) -> Option<&JobLine> {
        self.against.job.order.lines.iter().find(|line| line.id == *id)
    }

    /// It begins with a period, and ends with one if it ends at all.
    fn fills_periods(&self, days: Days) -> bool {
        let begins = self.period(days.first).is_some_and(|period| period.start() == days.first);
        let ends = days.last.is_none_or(|last| self.period(last).is_some_and(|period| period.last() == last));
        begins && ends
    }

    fn cut_short(&self, days: Days, by_us: bool, by_person: bool, findings: &mut Findings) {
        let Some(container) = self.container else { return };
        let called = container.called();
        let begins = days.first;
        let until = days.last.map(|last| format!(" to {last}")).unwrap_or_default();
        let title = &self.change.title;
        if by_us {
            let text = format!(
                "\"{title}\" carries a prorated amount from {begins}{until}, and {called} prorates such days by itself: the customer would be charged a part of a part. Such a line must fill a whole period there"
            );
            return findings.block("prorated-twice", text);
        }
        let text = format!(
            "\"{title}\" bills the whole amount from {begins}{until}, and {called} prorates such days by itself: less would be charged than the order says"
        );
        match by_person {
            true => findings.add(Severity::NeedsPerson, "target-would-prorate", text),
            false => findings.block("target-would-prorate", text),
        }
    }

    /// The full price goes with the true date, on a line that goes on: else nobody would prorate it.
    fn left_to_the_target(&self, line: &PlanLine, days: Days, covered: Vec<&JobLine>, findings: &mut Findings) {
        let wrong = covered.iter().find(|of| container::effective_on(self.against.job, of) != days.first);
        if let Some(of) = wrong {
            let text = format!(
                "\"{}\" sends the full price of line {} from {}, but it counts from {}: the part before that would be charged",
                self.change.title,
                of.id,
                days.first,
                container::effective_on(self.against.job, of)
            );
            findings.block("nobody-prorates", text);
        }
        if line.told(STANDING).is_none() {
            let text = format!(
                "\"{}\" sends a full price for the target to prorate, on a line that does not go on: what recurs after it would be missing",
                self.change.title
            );
            findings.block("nobody-prorates", text);
        }
    }
}
