//! Plans in mode "invoice": a new invoice for each order.
//!
//! Owns its number and its lines. Syncro ignores lines that come with a new invoice, so it is made first and then its
//! lines, one by one. The number is made from the order and the task: by it the invoice is found again.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Action, Failure, Field, Line as JobLine, Money, Plan, PlanLine, Remote, text};

use super::desk::{self, Pair, Step};
use super::ground::Ground;
use super::kind;
use super::mark;
use super::once;
use super::outline::Outline;
use super::payload::{Act, Place, State, Write};
use super::plan::Drawn;
use super::preview::{self, Head, Sides};
use crate::wire::{Body, Invoice, InvoiceLine};
use crate::{cents, invoices};

/// Characters of the order's number in the invoice's.
const NUMBER_MOST: usize = 24;

/// One order as one invoice.
pub(crate) fn plan(remote: &mut dyn Remote, ground: &Ground, outline: &Outline<'_>) -> Result<Plan, Failure> {
    let number = number(outline);
    let there = invoices::by_number(remote, &number)?;
    if let Some(there) = &there {
        invoices::is_of(there, outline.party)?;
    }
    let bench = Bench { outline, ground, number: &number, there: there.as_ref() };
    let mut drawn = Drawn::default();
    let mut lines = Vec::new();
    for line in &outline.job.order.lines {
        lines.push(bench.line(line)?);
    }
    let is_empty = lines.iter().all(|step| step.pairs.is_empty());
    if !is_empty {
        drawn.pairs.push(bench.head()?);
    }
    lines.into_iter().for_each(|step| drawn.add(step));
    drawn.into_plan(outline.job)
}

#[derive(Debug)]
struct Bench<'a> {
    outline: &'a Outline<'a>,
    ground: &'a Ground,
    number: &'a str,
    there: Option<&'a Invoice>,
}

/// "CF-SO000123-abcdef12": it begins with a letter, because a number of digits alone is read as an id.
fn number(outline: &Outline<'_>) -> String {
    let slug: String = outline
        .job
        .order
        .number
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect::<String>()
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let slug: String = slug.chars().take(NUMBER_MOST).collect();
    let prefix: String = outline
        .settings
        .prefix
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(16)
        .collect();
    let number = format!("{prefix}{}-{}", slug.trim_matches('-'), outline.tag.word());
    if number.starts_with(|c: char| c.is_ascii_alphabetic()) { number } else { format!("CF-{number}") }
}

impl Bench<'_> {
    fn place(&self) -> Place {
        Place::Invoice { number: self.number.to_owned(), customer: self.outline.party }
    }

    fn currency(&self) -> Money {
        Money::zero(self.outline.job.order.currency)
    }

    fn head(&self) -> Result<Pair, Failure> {
        let job = self.outline.job;
        let key = format!("invoice:{}", job.order.id);
        let mut body = Body::default();
        body.set("customer_id", &self.outline.party)?;
        body.set("number", &self.number)?;
        body.set("date", &format!("{}T00:00:00Z", job.today))?;
        let act = match self.there {
            Some(invoice) => Act::Keep(invoice.id),
            None => Act::Create { body: body.raw()?, mark: None, newest: None },
        };
        let field = |name: &str, after: String| Field {
            name: name.to_owned(),
            before: self.there.map(|_| after.clone()),
            after: Some(after),
            owner: "host".to_owned(),
        };
        let fields = vec![
            field("customer_id", self.outline.party.to_string()),
            field("number", self.number.to_owned()),
            field("date", job.today.to_string()),
        ];
        let title = match self.there {
            Some(_) => format!("Invoice {} is there", self.number),
            None => {
                format!("New invoice {} for {}", self.number, text::clip(&mark::plain(&job.order.customer_name), 60))
            }
        };
        let head = Head {
            key: &key,
            action: if self.there.is_some() { Action::None } else { Action::Create },
            document: kind::INVOICE,
            target: self.there.map(|invoice| invoice.id.to_string()),
            title,
            why: "Each order is billed on an invoice of its own; its lines follow.".to_owned(),
        };
        let change = preview::change(head, fields, Vec::new(), self.currency())?;
        Ok((change, Write { key, place: self.place(), act, after: None, recurs: None }))
    }

    fn line(&self, line: &JobLine) -> Result<Step, Failure> {
        if line.amount.is_zero() {
            return Ok(Step::omit(line, "It bills nothing."));
        }
        let product = self.ground.product(self.outline.product(line)?)?;
        let taxable = line.taxable().or(self.outline.settings.taxable).or(product.taxable).unwrap_or(true);
        let (state, text, why) = once::placed(line, product.id, taxable)?;
        let key = format!("line:{}:{}", self.outline.job.order.id, line.id);
        let mark = self.outline.tag.once(&key);
        let shown = if self.outline.settings.is_marked { mark.on(&text) } else { mark::unmarked(&text) };
        let there = self.there.and_then(|invoice| invoice.lines.iter().find(|line| mark.is_on(&line.text)));
        let title = format!("{} {}", preview::sum(&state), text::clip(&text, 60));
        desk::negative(self.outline, &state, &title)?;
        if let Some(there) = there {
            same(there, &state, self.number)?;
        }
        let act = match there {
            Some(known) => Act::Keep(known.id),
            None => Act::Create {
                body: body(&state, &product.name, &shown)?.raw()?,
                mark: self.outline.settings.is_marked.then_some(mark),
                newest: self.there.and_then(|invoice| invoice.lines.iter().map(|line| line.id).max()),
            },
        };
        let head = Head {
            key: &key,
            action: if there.is_some() { Action::None } else { Action::Create },
            document: kind::ITEM,
            target: there.map(|line| line.id.to_string()),
            title: format!("Invoice {}: {title}", self.number),
            why: why.clone(),
        };
        let own = PlanLine {
            covers: vec![line.id.clone()],
            attributes: once::attributes(line),
            ..preview::line(&state, &shown, line.amount, why)
        };
        let sides = Sides { before: None, after: Some((&state, &shown)) };
        let change = preview::change(head, preview::fields(sides), vec![own], self.currency())?;
        let write = Write { key, place: self.place(), act, after: Some(state), recurs: None };
        Ok(Step { pairs: vec![(change, write)], left_out: None })
    }
}

/// An invoice's line has its price in the account's currency, not in cents.
fn body(state: &State, name: &str, text: &str) -> Result<Body, Failure> {
    let mut body = Body::default();
    if let Some(product) = state.product {
        body.set("product_id", &product)?;
    }
    body.set("item", &text::clip(&mark::plain(name), 255))?;
    body.set("name", &text)?;
    body.set("quantity", &state.quantity)?;
    body.set("price", &Exact(cents::amount(state.retail)))?;
    if let Some(cost) = state.cost {
        body.set("cost", &Exact(cents::amount(cost)))?;
    }
    body.set("taxable", &state.taxable.unwrap_or(true))?;
    Ok(body)
}

fn same(there: &InvoiceLine, wanted: &State, number: &str) -> Result<(), Failure> {
    let how = match State::of_item(there) {
        Some(state) => wanted.differs(&state),
        None => Some(format!("price {}", there.price)),
    };
    match how {
        None => Ok(()),
        Some(how) => Err(Failure::conflict(
            "syncro-line-differs",
            format!("Line {} of invoice {number} carries this order's mark, but has {how}. Nothing was written. Correct it in Syncro, or ignore the order if it is billed as it should be.", there.id),
        )
        .with("reference", there.id.to_string())),
    }
}
