//! Lines that recur: one for each key, which stands until a statement says otherwise.
//!
//! Owns what becomes of a key's line: made, changed, kept, ended. It is changed in place, by a PUT of all of it; what it was
//! is told on the plan's line, so that money which is moved beside it can be recomputed.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Action, Attributes, Decimal, Failure, Line as JobLine, PlanLine, text};

use super::desk::{self, Desk, Pair, Step};
use super::kind;
use super::mark::Mark;
use super::once::{self, Kept};
use super::outline::Recurs;
use super::payload::{Act, State, Write};
use super::preview::{self, Head, Sides};
use super::timing::{Runs, Seen, Timing, Warning};
use crate::cents;
use crate::settings::Ended;
use crate::wire::Line;

/// One key's line as it is to be.
#[derive(Debug)]
struct Wanted<'a> {
    line: &'a JobLine,
    recurs: Recurs<'a>,
    standing: Option<&'a Line>,
    kept: Option<Kept>,
}

impl<'a> Desk<'a> {
    /// Everything that a line which recurs needs: the money of former runs first, then the line itself.
    pub(crate) fn recurring(&self, line: &'a JobLine, recurs: Recurs<'a>) -> Result<Step, Failure> {
        let standing = self.standing(recurs.key)?;
        let seen = Seen {
            schedule: self.schedule,
            former: self.former(recurs.key),
            standing,
            was_begun: self.outline.was_begun(),
        };
        let timing = Timing::of(seen, self.outline);
        let (mut pairs, mut kept) = (Vec::new(), None);
        if let Some(standing) = standing {
            match timing.runs {
                Runs::Billed => {}
                Runs::Unbilled if self.is_money_left(line, standing)? => {
                    let (pair, was) = self.moves(line, standing)?;
                    pairs.push(pair);
                    kept = Some(was);
                }
                Runs::Unbilled => {}
                Runs::Extra(runs) => pairs.extend(self.ran(line, standing, runs)?),
            }
        }
        let Some(own) = self.own(&Wanted { line, recurs, standing, kept })? else {
            if pairs.is_empty() {
                return Ok(Step::omit(line, "It has ended, and no line of it stands in the recurring invoice."));
            }
            return Err(Failure::internal("syncro-ended", "Money of a line that is not there cannot be moved."));
        };
        pairs.push(warned(own, &timing.warnings));
        Ok(Step { pairs, left_out: None })
    }

    /// Also where an earlier try moved it, and then overwrote the line with nothing.
    fn is_money_left(&self, line: &JobLine, standing: &Line) -> Result<bool, Failure> {
        let key = format!("moves:{}:{}", self.outline.job.order.id, line.id);
        let made = self.made(&key)?;
        Ok(made.is_some() || !standing.amount().is_zero())
    }

    /// None: it has ended, and there is nothing to end.
    fn own(&self, wanted: &Wanted<'_>) -> Result<Option<Pair>, Failure> {
        match (wanted.recurs.has_ended, wanted.standing) {
            (true, None) => Ok(None),
            (true, Some(standing)) => self.ended(wanted, standing).map(Some),
            (false, None) => self.begun(wanted).map(Some),
            (false, Some(standing)) => self.goes_on(wanted, standing).map(Some),
        }
    }

    fn begun(&self, wanted: &Wanted<'_>) -> Result<Pair, Failure> {
        let line = wanted.line;
        let product = self.product(line)?;
        let state = State {
            product: Some(product.id),
            quantity: Exact(line.quantity),
            retail: cents::of(line.unit_price).ok_or_else(|| once::finer(line))?,
            cost: desk::cost(line, false),
            taxable: Some(self.taxable(line, product)),
            once: false,
        };
        self.may_be_negative(&state, &line.id)?;
        let mark = Mark::recurring(wanted.recurs.key);
        let text = self.marked(&desk::lasting(line), &mark);
        let act = Act::Create {
            body: desk::body(&state, &product.name, &text)?.raw()?,
            mark: self.outline.settings.is_marked.then_some(mark),
            newest: self.newest(),
        };
        let title =
            format!("New line, billed by each run: {} {}", preview::sum(&state), text::clip(&desk::lasting(line), 60));
        let head = Head {
            key: &self.key(line),
            action: Action::Create,
            document: kind::RECURRING,
            target: None,
            title,
            why: "It recurs, and no line of it stands in the recurring invoice.".to_owned(),
        };
        let sides = Sides { before: None, after: Some((&state, &text)) };
        self.pair(wanted, head, sides, (act, state.clone()))
    }

    fn goes_on(&self, wanted: &Wanted<'_>, standing: &Line) -> Result<Pair, Failure> {
        let line = wanted.line;
        let product = self.product(line)?;
        let before = State::of(standing);
        let state = State {
            product: Some(product.id),
            quantity: Exact(line.quantity),
            retail: cents::of(line.unit_price).ok_or_else(|| once::finer(line))?,
            cost: desk::cost(line, false).or(standing.cost),
            taxable: Some(line.taxable().or(standing.taxable).unwrap_or_else(|| self.taxable(line, product))),
            once: false,
        };
        self.may_be_negative(&state, &line.id)?;
        let mark = Mark::recurring(wanted.recurs.key);
        let text = self.lasting_text(line, standing, &mark);
        let differs = state.differs(&before);
        let is_same = differs.is_none() && text == standing.description;
        let act = if is_same {
            Act::Keep(standing.id)
        } else {
            let mut body = standing.echo();
            desk::fill(&mut body, &state)?;
            body.set("description", &text)?;
            if standing.name.trim().is_empty() || standing.product != state.product {
                body.set("name", &text::clip(&super::mark::plain(&product.name), 255))?;
            }
            Act::Change { line: standing.id, before: before.clone(), body: body.raw()? }
        };
        let (action, title) = match is_same {
            true => (Action::None, format!("Line {} stays as it is", standing.called())),
            false => {
                let (was, is) = (preview::sum(&before), preview::sum(&state));
                (Action::Update, format!("Line {}: {was} → {is}", standing.called()))
            }
        };
        let head = Head {
            key: &self.key(line),
            action,
            document: kind::RECURRING,
            target: Some(standing.id.to_string()),
            title,
            why: differs.map_or_else(
                || "It is billed by each run as the statement has it.".to_owned(),
                |how| format!("It has {how}."),
            ),
        };
        let sides = Sides { before: Some((&before, &standing.description)), after: Some((&state, &text)) };
        self.pair(wanted, head, sides, (act, state.clone()))
    }

    fn ended(&self, wanted: &Wanted<'_>, standing: &Line) -> Result<Pair, Failure> {
        let before = State::of(standing);
        let state = State { quantity: Exact(Decimal::ZERO), ..before.clone() };
        let target = Some(standing.id.to_string());
        let (action, act, title) = match (before.quantity.0.is_zero(), self.outline.settings.ended) {
            (_, Ended::Remove) => {
                let act = Act::Remove { line: standing.id, before: before.clone() };
                (Action::Cancel, act, format!("Line {} has ended: it is taken out", standing.called()))
            }
            (true, Ended::Zero) => {
                (Action::None, Act::Keep(standing.id), format!("Line {} has ended already", standing.called()))
            }
            (false, Ended::Zero) => {
                let mut body = standing.echo();
                desk::fill(&mut body, &state)?;
                let act = Act::Change { line: standing.id, before: before.clone(), body: body.raw()? };
                (Action::Update, act, format!("Line {} has ended: its quantity becomes 0", standing.called()))
            }
        };
        let why = "The statement has nothing of it any more.".to_owned();
        let key = self.key(wanted.line);
        let head = Head { key: &key, action, document: kind::RECURRING, target, title, why };
        let after = Some((&state, standing.description.as_str()));
        let sides = Sides { before: Some((&before, &standing.description)), after };
        self.pair(wanted, head, sides, (act, state.clone()))
    }

    fn pair(
        &self,
        wanted: &Wanted<'_>,
        head: Head<'_>,
        sides: Sides<'_>,
        (act, state): (Act, State),
    ) -> Result<Pair, Failure> {
        let line = wanted.line;
        let mut attributes = once::attributes(line).with("recurs", wanted.recurs.key);
        if let Some(standing) = wanted.standing {
            let (quantity, retail) =
                wanted.kept.as_ref().map_or((standing.quantity, standing.retail), |kept| (kept.quantity, kept.retail));
            attributes.set("quantity-before", quantity.normalize().to_string());
            attributes.set("unit-price-before", cents::amount(retail).to_string());
        }
        let text = sides.after.map(|(_, text)| text).unwrap_or_default();
        let why = line.arithmetic.clone();
        // The host has rounded it; how often and at what is the same on both sides.
        let shown = PlanLine {
            covers: vec![line.id.clone()],
            amount: if wanted.recurs.has_ended { Decimal::ZERO } else { line.amount },
            attributes,
            ..preview::line(&state, text, line.amount, why)
        };
        let key = head.key.to_owned();
        let change = preview::change(head, preview::fields(sides), vec![shown], self.money(Decimal::ZERO))?;
        let recurs = Some(wanted.recurs.key.to_owned());
        Ok((change, Write { key, place: self.place(), act, after: Some(state), recurs }))
    }

    fn key(&self, line: &JobLine) -> String {
        format!("recurring:{}:{}", self.outline.job.order.id, line.id)
    }

    /// A text that a person wrote in Syncro stays; a mark that is missing comes back.
    fn lasting_text(&self, line: &JobLine, standing: &Line, mark: &Mark) -> String {
        match line.chosen_description() {
            Some(_) => self.marked(&desk::lasting(line), mark),
            None if self.outline.settings.is_marked && !mark.is_on(&standing.description) => {
                mark.on(&standing.description)
            }
            None => standing.description.clone(),
        }
    }
}

fn warned((mut change, write): Pair, warnings: &[Warning]) -> Pair {
    warn(&mut change.attributes, warnings);
    (change, write)
}

/// `warn.CODE`, several of a code in one text.
pub(crate) fn warn(attributes: &mut Attributes, warnings: &[Warning]) {
    for (code, text) in warnings {
        let name = format!("warn.{code}");
        let text = match attributes.get(&name) {
            Some(known) => format!("{known} {text}"),
            None => text.clone(),
        };
        attributes.set(name, text);
    }
}
