//! A change as people see it before they confirm it, and the write that it stands for.
//!
//! Owns titles, fields and lines, and what is sent. The two are made from one draft, so that what is shown is what is sent.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Action, Attributes, Change, Decimal, Failure, Field, Money, PlanLine, text};

use super::agreement::Agreement;
use super::amounts;
use super::body::{Body, marked_field, raw};
use super::desk::Desk;
use super::draft::{self, Carried, End, New, Set, too_large};
use super::marker::Marker;
use super::payload::{Act, Role, State, Write};
use super::settings::Place;
use super::stored::Addition;
use crate::days;
use crate::wire::{Day, Id, IdOnly, Op};

/// The card's word.
pub(crate) const ADDITION: &str = "addition";

fn field(name: &str, before: Option<String>, after: Option<String>, owner: &str) -> Field {
    Field { name: name.to_owned(), before, after, owner: owner.to_owned() }
}

fn number(value: Decimal) -> String {
    value.normalize().to_string()
}

/// As prices are written: with cents, and more places where it has them.
fn price(value: Decimal) -> String {
    let mut value = value.normalize();
    if value.scale() < 2 {
        value.rescale(2);
    }
    value.to_string()
}

impl Desk<'_> {
    /// A new addition. `there`: the one that an earlier try made already.
    pub(crate) fn create(
        &self,
        draft: &New<'_>,
        marker: &Marker,
        known: &[Addition],
        there: Option<&Addition>,
    ) -> Result<(Change, Write), Failure> {
        let description = self.marked_text(&draft.description, marker);
        let cancelled = draft.last.map(|last| self.settings.cancelled_date.written(last));
        let body = Body {
            product: IdOnly { id: draft.product },
            quantity: Exact(draft.quantity),
            unit_price: Exact(draft.price.unit),
            unit_cost: draft.price.cost.map(Exact),
            bill_customer: draft.bill.name(),
            effective_date: days::stamp(draft.first),
            cancelled_date: cancelled.map(days::stamp),
            taxable_flag: draft.taxable,
            serial_number: (self.settings.place == Place::SerialNumber).then(|| marker.to_string()),
            invoice_description: &description,
            custom_fields: match self.settings.place {
                Place::CustomField(caption) => Some(vec![marked_field(caption, marker, known)]),
                Place::SerialNumber | Place::Description => None,
            },
        };
        let role = if draft.role == draft::Role::Standing { Role::Standing } else { Role::Once };
        let after = State {
            product: Some(draft.product),
            quantity: Exact(draft.quantity),
            unit_price: Exact(draft.price.unit),
            bill: Some(draft.bill.name().to_owned()),
            effective: Day(Some(draft.first)),
            cancelled: Day(cancelled),
            marker: Some(marker.to_string()),
        };
        let act = match there {
            Some(addition) => Act::Keep(addition.id),
            None => Act::Create(raw(&body)?),
        };
        let change = self.created(draft, &body, marker, there)?;
        Ok((change, Write { key: draft.key.clone(), agreement: draft.agreement.id, role, act, after, newest: None }))
    }

    fn created(
        &self,
        draft: &New<'_>,
        body: &Body<'_>,
        marker: &Marker,
        there: Option<&Addition>,
    ) -> Result<Change, Failure> {
        let line = self.plan_line(draft)?;
        let name = text::clip(&draft.description, 60);
        let many = format!("{} × {name}", number(draft.quantity));
        let title = match (there, draft.last) {
            (Some(addition), _) => format!("Addition {} is there: {many}", addition.reference()),
            (None, None) => {
                format!("New addition: {many}, {} from {}", self.recurs_words(draft.agreement), draft.first)
            }
            (None, Some(last)) => format!("New addition, billed once: {many}, {} to {last}", draft.first),
        };
        let by_person = draft.money.of.iter().any(|line| line.period_source() == "person");
        let dates = if by_person { "person" } else { "host" };
        let paid_by = draft.money.of.iter().any(|line| self.job.adjusted(&line.id, "billing").is_some());
        let day = |stamped: &str| stamped.split('T').next().unwrap_or_default().to_owned();
        let mut fields = vec![
            ("agreement", Some(format!("{} ({})", draft.agreement.name, draft.agreement.id)), "host"),
            ("product", Some(self.product_name(draft.product)), "host"),
            ("quantity", Some(number(draft.quantity)), "marketplace"),
            ("unitPrice", Some(price(draft.price.unit)), draft.price.owner),
            ("unitCost", draft.price.cost.map(price), "marketplace"),
            ("billCustomer", Some(body.bill_customer.to_owned()), if paid_by { "person" } else { "host" }),
            ("taxableFlag", Some(draft.taxable.to_string()), "host"),
            ("effectiveDate", Some(day(&body.effective_date)), dates),
            ("cancelledDate", body.cancelled_date.as_deref().map(day), dates),
            ("invoiceDescription", Some(body.invoice_description.to_owned()), "marketplace"),
            ("marker", Some(marker.to_string()), "host"),
        ];
        fields.retain(|(_, value, _)| value.is_some());
        let fields = fields.into_iter().map(|(name, after, owner)| {
            let before = there.and(after.clone());
            field(name, before, after, owner)
        });
        let mut attributes = self.placed_in(draft.agreement);
        let into = draft.agreement.invoiced_at(draft.first);
        attributes.set_some("writes-into-invoiced", into.map(|until| until.to_string()));
        let mut why = draft.why.clone();
        if there.is_some() {
            why = format!("It is already there, as this plan would write it. {why}");
        }
        let total = Money::new(line.bills, self.job.order.currency);
        Ok(Change {
            key: draft.key.clone(),
            action: if there.is_some() { Action::None } else { Action::Create },
            document: ADDITION.to_owned(),
            target: there.map(Addition::reference),
            title,
            fields: fields.collect(),
            lines: vec![line],
            total,
            why,
            attributes,
        })
    }

    fn plan_line(&self, draft: &New<'_>) -> Result<PlanLine, Failure> {
        let mut attributes = Attributes::new().with("method", &draft.money.method);
        if draft.role == draft::Role::Standing {
            attributes.set("standing", draft.first.to_string());
            attributes.set("standing-of", of(&draft.money));
            attributes.set_some("quantity-before", draft.before.map(number));
        }
        attributes.set_some("price-from", draft.price.from.as_deref());
        attributes.set_some("service", draft.service.map(|days| format!("{}/{}", days.start(), days.end())));
        self.line(&draft.money, draft.description.clone(), draft.quantity, &draft.price, attributes)
    }

    fn line(
        &self,
        money: &Carried<'_>,
        description: String,
        quantity: Decimal,
        price: &draft::Price,
        attributes: Attributes,
    ) -> Result<PlanLine, Failure> {
        let currency = self.job.order.currency;
        let amount = amounts::extended(quantity, price.unit, currency);
        let amount = match (amount, money.of.first()) {
            (Some(amount), _) => amount,
            (None, Some(line)) => return Err(too_large(line)),
            (None, None) => return Err(Failure::internal("connectwise-line", "A line carries nothing.")),
        };
        let mut attributes = attributes;
        attributes.set_some("fee", money.of.first().map(|line| line.fee.clone()));
        let taken = price.from.as_ref().map(|from| format!(". Price from {from}")).unwrap_or_default();
        let recurs = attributes.get("standing").map(|_| {
            if money.bills == amount && !amount.is_zero() {
                return ". The same in each period".to_owned();
            }
            let each = self::price(price.unit);
            format!(". {} × {each} = {} in each period", number(quantity), Money::new(amount, currency))
        });
        Ok(PlanLine {
            covers: money.covers.iter().map(|line| line.id.clone()).collect(),
            description,
            quantity,
            unit_price: price.unit,
            unit_cost: price.cost,
            amount,
            bills: money.bills,
            why: format!("{}{taken}{}", money.arithmetic.trim_end_matches('.'), recurs.unwrap_or_default())
                .trim()
                .to_owned(),
            attributes,
        })
    }

    /// An addition whose quantity changes in place, or that is as it should be.
    pub(crate) fn set(&self, draft: &Set<'_>) -> Result<(Change, Write), Failure> {
        let addition = draft.addition;
        let before = State::of(addition);
        let marker = self.tag.change(&draft.key);
        let mut after =
            State { quantity: Exact(draft.quantity), unit_price: Exact(draft.price.unit), ..before.clone() };
        let mut ops = Vec::new();
        if !draft.is_done {
            ops.push(Op::number("quantity", draft.quantity)?);
            if before.unit_price.0 != draft.price.unit {
                ops.push(Op::number("unitPrice", draft.price.unit)?);
            }
            if draft.is_marked {
                ops.push(self.remark(addition, &marker)?);
                after.marker = Some(marker.to_string());
            }
        }
        let mut fields =
            vec![field("quantity", Some(number(draft.before)), Some(number(draft.quantity)), "marketplace")];
        let prices = (price(addition.unit_price()), price(draft.price.unit));
        fields.push(field("unitPrice", Some(prices.0), Some(prices.1), draft.price.owner));
        if !ops.is_empty() && draft.is_marked {
            fields.push(field("marker", before.marker.clone(), after.marker.clone(), "host"));
        }
        let attributes = Attributes::new()
            .with("method", &draft.money.method)
            .with("standing", draft.from.to_string())
            .with("standing-of", of(&draft.money))
            .with("quantity-before", number(draft.before));
        let mut attributes = attributes;
        attributes.set_some("price-from", draft.price.from.as_deref());
        let line = self.line(&draft.money, addition.name(), draft.quantity, &draft.price, attributes)?;
        let (action, title) = if draft.is_done {
            (Action::None, format!("Addition {} stays as it is", addition.called()))
        } else {
            let quantities = format!("{} → {}", number(draft.before), number(draft.quantity));
            (Action::Update, format!("Addition {}: quantity {quantities} from {}", addition.called(), draft.from))
        };
        let total = Money::new(line.bills, self.job.order.currency);
        let act =
            if draft.is_done { Act::Keep(addition.id) } else { Act::Change { addition: addition.id, before, ops } };
        let change = Change {
            key: draft.key.clone(),
            action,
            document: ADDITION.to_owned(),
            target: Some(addition.reference()),
            title,
            fields,
            lines: vec![line],
            total,
            why: draft.why.clone(),
            attributes: self.placed_in(draft.agreement),
        };
        Ok((
            change,
            Write {
                key: draft.key.clone(),
                agreement: draft.agreement.id,
                role: Role::Standing,
                act,
                after,
                newest: None,
            },
        ))
    }

    /// The end of an addition.
    pub(crate) fn ended(&self, draft: &End<'_>) -> Result<(Change, Write), Failure> {
        let addition = draft.addition;
        let before = State::of(addition);
        let written = self.settings.cancelled_date.written(draft.last);
        let mut after = State { cancelled: Day(Some(written)), ..before.clone() };
        let mut ops = Vec::new();
        let was = addition.cancelled().map(|day| day.to_string());
        let mut fields = vec![field("cancelledDate", was, Some(written.to_string()), "host")];
        let mut why = draft.why.clone();
        if draft.is_unbilled {
            after.quantity = Exact(Decimal::ZERO);
            ops.push(Op::number("quantity", Decimal::ZERO)?);
            fields.push(field("quantity", Some(number(addition.quantity())), Some("0".to_owned()), "host"));
            let first = addition.effective().map(|first| first.to_string()).unwrap_or_default();
            why = format!("{why} It would have begun on {first} only, so it bills nothing at all.");
        }
        ops.push(Op::day("cancelledDate", written)?);
        let (action, act, title) = if draft.is_done {
            let title = format!("Addition {} ends on {} already", addition.called(), draft.last);
            (Action::None, Act::Keep(addition.id), title)
        } else {
            let title = format!("End addition {} on {}", addition.called(), draft.last);
            (Action::Update, Act::Change { addition: addition.id, before, ops }, title)
        };
        let change = Change {
            key: draft.key.clone(),
            action,
            document: ADDITION.to_owned(),
            target: Some(addition.reference()),
            title,
            fields,
            lines: Vec::new(),
            total: Money::zero(self.job.order.currency),
            why,
            attributes: self.placed_in(draft.agreement),
        };
        Ok((
            change,
            Write { key: draft.key.clone(), agreement: draft.agreement.id, role: Role::End, act, after, newest: None },
        ))
    }

    fn recurs_words(&self, agreement: &Agreement) -> String {
        agreement.cycle.map_or_else(|| "each period".to_owned(), crate::calendar::Cycle::words)
    }

    fn product_name(&self, product: Id) -> String {
        let id = product.to_string();
        let link =
            self.job.links.iter().find(|link| matches!(link.kind.as_str(), "item" | "fee") && link.target_id == id);
        let words = link.map(|link| [link.target_code.trim(), link.target_name.trim()]);
        let name = words.into_iter().flatten().find(|word| !word.is_empty());
        name.map_or_else(|| id.clone(), |name| format!("{name} ({id})"))
    }

    /// Names the container where it is not the linked one.
    fn placed_in(&self, agreement: &Agreement) -> Attributes {
        let mut attributes = Attributes::new();
        if agreement.id != self.agreement.id {
            attributes.set("container", agreement.id.to_string());
        }
        attributes
    }
}

fn of(money: &Carried<'_>) -> String {
    money.of.iter().map(|line| line.id.as_str()).collect::<Vec<_>>().join(",")
}
