//! One job at its recurring invoice: what is looked up there, and the two ways in which a line gets onto it.
//!
//! Owns which lines are ours. A line is, when it carries our mark or when the former statement's receipt names it; one that
//! Syncro counts by itself never is.

use counterfoil_sdk::{Action, Change, Failure, Line as JobLine, Money, Omission, PlanLine, text};

use super::former::Former;
use super::ground::Ground;
use super::kind;
use super::mark::{self, Mark};
use super::outline::Outline;
use super::payload::{Act, Place, State, Write};
use super::preview::{self, Head, Sides};
use crate::cents;
use crate::settings::Negative;
use crate::wire::{Body, Id, Line, Product, Schedule};

/// A change with the write that it stands for.
pub(crate) type Pair = (Change, Write);

/// What one line of a job comes to.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) left_out: Option<Omission>,
}

impl Step {
    pub(crate) fn omit(line: &JobLine, why: &str) -> Self {
        Self { pairs: Vec::new(), left_out: Some(Omission { line: line.id.clone(), why: why.to_owned() }) }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) outline: &'a Outline<'a>,
    pub(crate) ground: &'a Ground,
    pub(crate) schedule: &'a Schedule,
    pub(crate) formers: &'a [Former],
}

/// A line that is to be billed once.
#[derive(Debug)]
pub(crate) struct Once<'a> {
    pub(crate) key: String,
    pub(crate) state: State,
    pub(crate) name: &'a str,
    pub(crate) text: String,
    pub(crate) title: String,
    pub(crate) why: String,
    /// As the preview has it; its quantity, price and amount are the state's.
    pub(crate) line: PlanLine,
}

impl<'a> Desk<'a> {
    pub(crate) fn money(&self, amount: counterfoil_sdk::Decimal) -> Money {
        Money::new(amount, self.outline.job.order.currency)
    }

    pub(crate) fn place(&self) -> Place {
        let next_run = self.schedule.next_run.map(|day| day.to_string());
        Place::Schedule { id: self.schedule.id, next_run }
    }

    pub(crate) fn marked(&self, text: &str, mark: &Mark) -> String {
        if self.outline.settings.is_marked { mark.on(text) } else { mark::unmarked(text) }
    }

    /// What the former statement left of a key.
    pub(crate) fn former(&self, key: &str) -> Option<&'a Former> {
        self.formers.iter().find(|former| former.key == key)
    }

    /// The line with a mark.
    pub(crate) fn with_mark(&self, mark: &Mark) -> Result<Option<&'a Line>, Failure> {
        let found: Vec<&Line> = self.schedule.lines.iter().filter(|line| mark.is_on(&line.description)).collect();
        match found.as_slice() {
            [] => Ok(None),
            [one] if one.is_counter => Err(Failure::conflict(
                "syncro-line-counter",
                format!(
                    "Line {} of {} carries the mark {mark}, and Syncro counts its quantity by itself: it is not ours to change. Nothing was written. Take the mark out of its description.",
                    one.called(),
                    self.schedule.called()
                ),
            )),
            [one] => Ok(Some(one)),
            several => {
                let all: Vec<String> = several.iter().map(|line| line.called()).collect();
                Err(Failure::conflict(
                    "syncro-line-several",
                    format!(
                        "{} has {} lines with the mark {mark}: {}. Each would be billed. Nothing was written. Remove all but one, or their marks, then plan the task again.",
                        self.schedule.called(),
                        all.len(),
                        all.join(", ")
                    ),
                ))
            }
        }
    }

    /// What an earlier try of this task made under a key: by its mark, else as the host keeps it.
    pub(crate) fn made(&self, key: &str) -> Result<Option<&'a Line>, Failure> {
        let marked = self.with_mark(&self.outline.tag.once(key))?;
        let stored = || self.outline.stored(key).and_then(|id| self.schedule.line(id)).filter(|line| !line.is_counter);
        Ok(marked.or_else(stored))
    }

    /// The line that bills a key: by its mark, else by the former statement's receipt.
    pub(crate) fn standing(&self, key: &str) -> Result<Option<&'a Line>, Failure> {
        let known = self.with_mark(&Mark::recurring(key))?;
        let named = self.former(key).and_then(|former| self.schedule.line(former.line)).filter(|line| !line.is_counter);
        Ok(known.or(named))
    }

    pub(crate) fn product(&self, line: &JobLine) -> Result<&'a Product, Failure> {
        self.ground.product(self.outline.product(line)?)
    }

    /// Whether a new line is taxed: as the task says, else the connection, else the product.
    pub(crate) fn taxable(&self, line: &JobLine, product: &Product) -> bool {
        line.taxable().or(self.outline.settings.taxable).or(product.taxable).unwrap_or(true)
    }

    /// Money that is given back goes onto a line only where the connection says so.
    pub(crate) fn may_be_negative(&self, state: &State, what: &str) -> Result<(), Failure> {
        negative(self.outline, state, what)
    }

    pub(crate) fn newest(&self) -> Option<Id> {
        self.schedule.lines.iter().map(|line| line.id).max()
    }

    /// A line that is billed once, or the one that an earlier try made.
    pub(crate) fn once(&self, once: Once<'_>) -> Result<Pair, Failure> {
        let mark = self.outline.tag.once(&once.key);
        let text = self.marked(&once.text, &mark);
        let there = self.made(&once.key)?;
        if let Some(there) = there
            && let Some(how) = once.state.differs(&State::of(there))
        {
            return Err(differs(there, self.schedule, &how));
        }
        self.may_be_negative(&once.state, &once.title)?;
        let act = match there {
            Some(line) => Act::Keep(line.id),
            None => Act::Create {
                body: body(&once.state, once.name, &text)?.raw()?,
                mark: self.outline.settings.is_marked.then_some(mark),
                newest: self.newest(),
            },
        };
        let before = there.map(State::of);
        let sides = Sides {
            before: before.as_ref().zip(there).map(|(state, line)| (state, line.description.as_str())),
            after: Some((&once.state, &text)),
        };
        let head = Head {
            key: &once.key,
            action: if there.is_some() { Action::None } else { Action::Create },
            document: kind::ONCE,
            target: there.map(|line| line.id.to_string()),
            title: if there.is_some() { format!("{} (is there)", once.title) } else { once.title },
            why: once.why,
        };
        let line = PlanLine { description: text.clone(), ..once.line };
        let change = preview::change(head, preview::fields(sides), vec![line], self.money(0.into()))?;
        let write = Write { key: once.key, place: self.place(), act, after: Some(once.state), recurs: None };
        Ok((change, write))
    }
}

/// What is sent of a new line.
pub(crate) fn body(state: &State, name: &str, text: &str) -> Result<Body, Failure> {
    let mut body = Body::default();
    fill(&mut body, state)?;
    body.set("name", &text::clip(&mark::plain(name), 255))?;
    body.set("description", &text)?;
    Ok(body)
}

/// What decides about money, always all of it: what is not named is reset.
pub(crate) fn fill(body: &mut Body, state: &State) -> Result<(), Failure> {
    if let Some(product) = state.product {
        body.set("product_id", &product)?;
    }
    body.set("quantity", &state.quantity)?;
    body.set("retail_cents", &state.retail)?;
    if let Some(cost) = state.cost {
        body.set("cost_cents", &cost)?;
    }
    body.set("taxable", &state.taxable.unwrap_or(true))?;
    body.set("one_time_charge", &state.once)
}

/// Cents of a cost, rounded: it decides about no bill.
pub(crate) fn cost(line: &JobLine, is_lump: bool) -> Option<i64> {
    let cost = if is_lump { line.cost.or(line.unit_cost) } else { line.unit_cost };
    cost.and_then(|cost| cents::of(counterfoil_sdk::decimal::round(cost, 2)))
}

pub(crate) fn negative(outline: &Outline<'_>, state: &State, what: &str) -> Result<(), Failure> {
    if state.amount().is_sign_negative() && !state.amount().is_zero() && outline.settings.negative == Negative::Hold {
        return Err(Failure::unsupported(
            "syncro-negative",
            format!(
                "\"{what}\" gives back {}, and this connection writes no negative lines. Nothing was written. Give it back by hand in Syncro and ignore the task, or set negative_lines to \"line\".",
                Money::new(state.amount().abs(), outline.job.order.currency)
            ),
        ));
    }
    Ok(())
}

pub(crate) fn differs(there: &Line, schedule: &Schedule, how: &str) -> Failure {
    Failure::conflict(
        "syncro-line-differs",
        format!(
            "Line {} of {} carries this order's mark, but has {how}. Nothing was written. Correct it in Syncro, or ignore the order if it is billed as it should be.",
            there.called(),
            schedule.called()
        ),
    )
    .with("reference", there.id.to_string())
}

/// The text of a line: a person's, else the product's name, else the marketplace's.
pub(crate) fn described(line: &JobLine) -> String {
    if let Some(chosen) = line.chosen_description() {
        return mark::plain(chosen);
    }
    let told = if line.description.trim().is_empty() { &line.product_name } else { &line.description };
    let told = mark::plain(told);
    match line.service_period {
        // A source that names the days itself is left its words.
        Some(period) if !told.contains(&period.start().to_string()) => {
            format!("{told} {} to {}", period.start(), period.last_day()).trim().to_owned()
        }
        _ => told,
    }
}

/// The text of what recurs: it stands on every invoice, so it names no days.
pub(crate) fn lasting(line: &JobLine) -> String {
    if let Some(chosen) = line.chosen_description() {
        return mark::plain(chosen);
    }
    let name = mark::plain(&line.product_name);
    if name.is_empty() { mark::plain(&line.description) } else { name }
}
