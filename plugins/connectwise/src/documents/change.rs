//! More or fewer of something that recurs: the former addition ends, a new one begins, and the rest of the period is billed
//! once. Or, by setting, the former addition gets another quantity in its place.
//!
//! Owns groups of lines of one item, the new quantity and price, and the day on which the one follows the other.

use counterfoil_sdk::{Billing, Date, Decimal, Failure, Line, QuantityIs};

use super::amounts;
use super::desk::{Desk, changes, delta, method, recurs};
use super::draft::{Carried, Draft, End, New, Placed, Price, Role, Set, too_large};
use super::former::Former;
use super::once::not_billed;
use super::sale::aside;
use super::settings::{BillCustomer, Changes, Missing};
use super::stored::Addition;
use crate::wire::Id;

/// Lines of one item, and the addition that they change.
pub(crate) struct Group<'a> {
    pub(crate) product: Id,
    /// At least one.
    pub(crate) lines: Vec<&'a Line>,
    pub(crate) former: Option<&'a Addition>,
    /// The addition that an earlier try of this task made already.
    own: Option<&'a Addition>,
    pub(crate) before: Decimal,
    pub(crate) after: Decimal,
    pub(crate) price: Price,
    is_total: bool,
}

/// On which day the new one follows the former, and whether it bills the order's money itself.
struct Turn {
    from: Date,
    itself: bool,
}

impl<'a> Desk<'a> {
    /// The lines of a change order.
    pub(crate) fn change(&self, out: &mut Placed<'a>) -> Result<(), Failure> {
        let mut groups: Vec<(Id, Vec<&'a Line>)> = Vec::new();
        let mut others = Vec::new();
        for line in &self.job.order.lines {
            if !changes(line)? {
                others.push(line);
                continue;
            }
            if self.is_taken_off(line)? {
                out.leave_out(line, format!("{} What recurs stays as it is.", not_billed(line)));
                continue;
            }
            let product = self.product(line)?;
            match groups.iter_mut().find(|(known, _)| *known == product) {
                Some((_, lines)) => lines.push(line),
                None => groups.push((product, vec![line])),
            }
        }
        for (product, lines) in groups {
            let group = self.group(product, lines)?;
            self.turn_over(&group, out)?;
        }
        for line in others {
            if recurs(line) { self.recurring(line, out)? } else { self.once(line, out)? }
        }
        Ok(())
    }

    /// Whether a person said that nobody pays for what is added: then it may not be paid for in the next periods either.
    /// What is taken away is gone, whether money is given back for it or not.
    fn is_taken_off(&self, line: &Line) -> Result<bool, Failure> {
        let by_person = self.job.adjusted(&line.id, "billing").is_some();
        Ok(by_person && line.billing()? != Billing::Billable && !delta(line).is_sign_negative())
    }

    fn group(&self, product: Id, lines: Vec<&'a Line>) -> Result<Group<'a>, Failure> {
        let first = *lines.first().ok_or_else(|| Failure::internal("connectwise-group", "A group has no line."))?;
        let is_total = first.quantity_is()? == QuantityIs::Total;
        if lines.iter().any(|line| line.quantity_is().is_ok_and(|is| (is == QuantityIs::Total) != is_total)) {
            return Err(Failure::rejected(
                "connectwise-quantities-mixed",
                format!(
                    "{} has totals and differences of \"{}\" side by side, so its new quantity cannot be told. Nothing was written. Bill it by hand, or leave one of the lines out.",
                    self.job.order.number,
                    self.name(first)
                ),
            ));
        }
        let sum: Decimal = lines.iter().map(|line| if is_total { line.quantity.abs() } else { delta(line) }).sum();
        let own = self.own(&format!("{}:{}", Role::Standing.name(), first.id));
        let set = self.own(&format!("quantity:{}", first.id));
        let former = match set.or(own) {
            Some(done) if set.is_some() => Some(done),
            // Whatever ended the day before it began.
            Some(done) => {
                let last = done.effective().and_then(|first| first.plus_days(-1));
                let mut ended = last.into_iter().flat_map(|last| self.search().ending_on(last));
                ended.find(|addition| addition.product() == Some(product))
            }
            None => self.former(product, first, is_total, sum)?,
        };
        let before = match (set.or(own), former) {
            (Some(done), _) if !is_total => done.quantity() - sum,
            (Some(_), former) => former.filter(|_| set.is_none()).map_or(Decimal::ZERO, Addition::quantity),
            (None, former) => former.map_or(Decimal::ZERO, Addition::quantity),
        };
        let after = if is_total { sum } else { before + sum };
        if after.is_sign_negative() && !after.is_zero() {
            return Err(self.below_zero(first, before, sum, former));
        }
        let price = self.new_price(&lines, former);
        Ok(Group { product, lines, former, own: set.or(own), before, after: after.normalize(), price, is_total })
    }

    /// The addition that carries the marker of one of this task's own changes.
    pub(crate) fn own(&self, part: &str) -> Option<&'a Addition> {
        let marker = self.tag.change(&self.key(part));
        self.additions.iter().find(|addition| addition.marker().as_ref() == Some(&marker))
    }

    fn former(&self, product: Id, line: &Line, is_total: bool, sum: Decimal) -> Result<Option<&'a Addition>, Failure> {
        if let Some(ended) = self.ended_before_rest(product) {
            return Ok(Some(ended));
        }
        let ended: Vec<&'a Addition> = match self.search().former(product) {
            Former::One(addition) | Former::Ended(addition) => return Ok(Some(addition)),
            Former::Several(several) => return Err(self.several(line, &several)),
            Former::None if is_total || self.settings.missing == Missing::New => return Ok(None),
            Former::None if *self.chosen == super::former::Chosen::NoneStands => return Ok(None),
            Former::None => {
                let timing = self.beside(line, self.effective(line)?)?;
                let last = timing.from.plus_days(-1).into_iter();
                let ending = last.flat_map(|last| self.search().ending_on(last));
                ending.filter(|addition| addition.product() == Some(product)).collect()
            }
        };
        if let [one] = ended.as_slice()
            && one.marker().is_some()
            && one.quantity() + sum == Decimal::ZERO
        {
            return Ok(Some(one));
        }
        Err(self.none(line, &ended))
    }

    /// The price of a whole period from now on. A downgrade takes away and leaves the price of what remains.
    fn new_price(&self, lines: &[&'a Line], former: Option<&'a Addition>) -> Price {
        let priced = lines.iter().rev().find(|line| line.fee != "resource-downgrade");
        let Some(line) = priced.or(lines.first()) else {
            return Price { unit: Decimal::ZERO, cost: None, from: None, owner: "marketplace" };
        };
        let differs = former.filter(|former| former.unit_price() != line.unit_price.abs().normalize());
        let keeps = if priced.is_some() { line.price_source == "catalogue" } else { line.price_source != "person" };
        let mut price = self.price(line, differs.filter(|_| keeps));
        price.unit = price.unit.abs();
        if price.cost.is_none() {
            price.cost = former.and_then(Addition::unit_cost);
        }
        price
    }

    /// Which day it is, and what of the order's money the new addition bills itself.
    fn turn(&self, group: &Group<'a>, dues: &[(&'a Line, Decimal)]) -> Result<Turn, Failure> {
        let line = dues.first().map(|(line, _)| *line).or(group.lines.first().copied());
        let line = line.ok_or_else(|| Failure::internal("connectwise-group", "A group has no line."))?;
        let mut effective = self.effective(line)?;
        if group.is_total
            && let Some(renews) = line.service_period.filter(|period| period.start() > effective)
        {
            effective = renews.start();
        }
        let (_, now) = self.period(line, effective)?;
        let mut itself = effective == now.start() && self.is_open(effective);
        itself &= dues.is_empty() || self.charges_alone(group, dues)?;
        // Without anything that goes on there is nothing that could bill it.
        itself &= !group.after.is_zero() || dues.is_empty();
        let from = if itself { effective } else { self.beside(line, effective)?.from };
        Ok(Turn { from, itself })
    }

    /// Whether a period of what goes on is dearer or cheaper by just what the order charges, so that nothing stands beside it.
    fn charges_alone(&self, group: &Group<'a>, dues: &[(&'a Line, Decimal)]) -> Result<bool, Failure> {
        let whole = |line: &Line, quantity: Decimal, price: Decimal| {
            amounts::extended(quantity, price, self.job.order.currency).ok_or_else(|| too_large(line))
        };
        if group.is_total {
            for (line, due) in dues {
                // A new total is charged by the renewal, or with the next period; nothing of it is due now.
                let price =
                    if group.price.from.is_some() && recurs(line) { group.price.unit } else { line.unit_price.abs() };
                if !due.is_zero() && whole(line, line.quantity.abs(), price)? != due.abs() {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let Some((line, _)) = dues.first() else { return Ok(true) };
        let before = group.former.map_or(Ok(Decimal::ZERO), |former| whole(line, group.before, former.unit_price()))?;
        let due: Decimal = dues.iter().map(|(_, due)| *due).sum();
        Ok(whole(line, group.after, group.price.unit)? - before == due)
    }

    fn turn_over(&self, group: &Group<'a>, out: &mut Placed<'a>) -> Result<(), Failure> {
        let mut dues = Vec::new();
        for line in &group.lines {
            if line.billing()? == Billing::Billable {
                let from = group
                    .former
                    .filter(|_| group.price.from.is_some() && line.price_source == "catalogue" && recurs(line));
                dues.push((*line, self.due(line, from)?));
            } else {
                out.leave_out(line, not_billed(line));
            }
        }
        let turn = self.turn(group, &dues)?;
        let money = if turn.itself { covering(group, &dues)? } else { carried_aside(group)? };
        self.follow(group, turn.from, money, out)?;
        if turn.itself {
            for (line, _) in dues.iter().filter(|(_, due)| due.is_zero()) {
                out.leave_out(line, format!("Nothing is charged now; the new quantity counts from {}.", turn.from));
            }
            return Ok(());
        }
        for (line, due) in dues {
            let timing = self.beside(line, self.effective(line)?)?;
            if group.is_total && !due.is_zero() {
                out.leave_out(line, format!(
                    "The addition before it bills the period to {} at the former quantity, and the order's amount is for the whole new one.",
                    timing.now.last_day()
                ));
                continue;
            }
            let added = if delta(line).is_sign_negative() { -line.quantity.abs() } else { line.quantity.abs() };
            self.note_gap(line, added, &group.price, &timing, out);
            self.remainder(line, (due, &group.price), timing.now, out)?;
        }
        Ok(())
    }

    /// The former addition gives way to the new one.
    pub(crate) fn follow(
        &self,
        group: &Group<'a>,
        from: Date,
        money: Carried<'a>,
        out: &mut Placed<'a>,
    ) -> Result<(), Failure> {
        let Some(line) = group.lines.first() else { return Ok(()) };
        if let Some(former) = group.former
            && !group.after.is_zero()
            && (self.is_in_place(group, former, from, out) || group.own.is_some_and(|own| own.id == former.id))
        {
            out.drafts.push(Draft::Set(Box::new(Set {
                key: self.key(&format!("quantity:{}", line.id)),
                agreement: self.agreement,
                addition: former,
                why: told(group, former),
                money,
                price: group.price.clone(),
                quantity: group.after,
                before: group.before,
                from,
                is_done: group.own.is_some(),
                is_marked: true,
            })));
            return Ok(());
        }
        if let Some(former) = group.former {
            let last = from.plus_days(-1).ok_or_else(|| super::desk::out_of_range(from))?;
            out.drafts.push(Draft::End(Box::new(self.end(former, last, told(group, former)))));
        }
        if group.after.is_zero() {
            return Ok(());
        }
        let before = group.former.map(|_| group.before);
        let why = group
            .former
            .map_or_else(String::new, |former| format!("It takes the place of addition {}. ", former.reference()));
        out.drafts.push(Draft::New(Box::new(New {
            key: self.key(&format!("{}:{}", Role::Standing.name(), line.id)),
            role: Role::Standing,
            agreement: self.agreement,
            product: group.product,
            quantity: group.after,
            before,
            bill: group
                .former
                .and_then(|former| former.bill_customer.as_deref())
                .and_then(BillCustomer::named)
                .unwrap_or(self.settings.bill),
            taxable: line.taxable().or_else(|| group.former?.taxable_flag).unwrap_or(self.settings.taxable),
            first: from,
            last: None,
            description: self.words(group),
            sum: None,
            service: None,
            why: format!("{why}It recurs from {from} on."),
            price: group.price.clone(),
            money,
        })));
        Ok(())
    }

    /// What stands keeps its words; an order's speak of the change.
    fn words(&self, group: &Group<'a>) -> String {
        let chosen = group.lines.iter().find(|line| line.chosen_description().is_some());
        let former = group.former.and_then(|former| former.invoice_description.as_deref());
        let former = former.map(super::marker::unsuffixed).map(str::trim).filter(|text| !text.is_empty());
        match (chosen, former, group.lines.first()) {
            (Some(line), _, _) | (None, None, Some(line)) => self.describe_recurring(line),
            (None, Some(text), _) => text.to_owned(),
            (None, None, None) => String::new(),
        }
    }

    /// Whether only the quantity is changed: no day before `from` may be billed at it.
    fn is_in_place(&self, group: &Group<'a>, former: &Addition, from: Date, out: &mut Placed<'a>) -> bool {
        if self.settings.changes != Changes::Quantity || !former.is_ongoing() {
            return false;
        }
        let open = self.agreement.invoiced_until.or(self.agreement.anchor);
        let fits = open.is_some_and(|open| open >= from) && former.product() == Some(group.product);
        if !fits {
            out.note(format!(
                "The quantity of addition {} is not changed in place, although the connection says so: days before {from} are not invoiced yet and would be billed at the new quantity. The addition is replaced instead.",
                former.reference()
            ));
        }
        fits
    }

    /// The end of an addition.
    pub(crate) fn end(&self, addition: &'a Addition, last: Date, why: String) -> End<'a> {
        // What ended earlier is not made to bill longer.
        let last = addition.last_day(self.settings.cancelled_date).map_or(last, |own| own.min(last));
        let is_unbilled = addition.effective().is_some_and(|first| first > last);
        let ends = addition.last_day(self.settings.cancelled_date) == Some(last);
        End {
            key: self.key(&format!("end:{}", addition.reference())),
            agreement: self.agreement,
            addition,
            last,
            is_unbilled,
            is_done: ends && (!is_unbilled || addition.quantity().is_zero()),
            why,
        }
    }
}

impl<'a> Group<'a> {
    /// The lines that the new addition recurs for. Where its price is another addition's, those that take that price.
    fn named(&self) -> Vec<&'a Line> {
        let takes = |line: &&&Line| line.price_source == "catalogue" && recurs(line);
        let named: Vec<&'a Line> = self.lines.iter().filter(takes).copied().collect();
        if self.price.from.is_none() || named.is_empty() { self.lines.clone() } else { named }
    }

    /// For a comparison: one line, the addition that stands for it, and the price that counts.
    pub(crate) fn compared(product: Id, line: &'a Line, former: &'a Addition, price: Price) -> Self {
        Self {
            product,
            lines: vec![line],
            former: Some(former),
            own: None,
            before: former.quantity(),
            after: line.quantity.abs().normalize(),
            price,
            is_total: true,
        }
    }
}

/// The new addition bills the order's money itself.
fn covering<'a>(group: &Group<'a>, dues: &[(&'a Line, Decimal)]) -> Result<Carried<'a>, Failure> {
    let sums: Vec<&str> = dues.iter().map(|(line, _)| line.arithmetic.as_str()).collect();
    Ok(Carried {
        of: group.named(),
        covers: dues.iter().filter(|(_, due)| !due.is_zero()).map(|(line, _)| *line).collect(),
        bills: dues.iter().map(|(_, due)| *due).sum(),
        arithmetic: sums.join("; "),
        method: dues.first().map_or_else(|| Ok("none".to_owned()), |(line, _)| method(line))?,
    })
}

fn carried_aside<'a>(group: &Group<'a>) -> Result<Carried<'a>, Failure> {
    let first = group.lines.first().copied();
    let mut money =
        first.map(aside).ok_or_else(|| Failure::internal("connectwise-group", "A group has no line."))??;
    money.of = group.named();
    Ok(money)
}

fn told(group: &Group<'_>, former: &Addition) -> String {
    let by_hand = if former.marker().is_none() {
        " It was made by hand, and is the only one of this product that goes on."
    } else {
        ""
    };
    format!("{} → {} of it.{by_hand}", group.before.normalize(), group.after.normalize())
}
