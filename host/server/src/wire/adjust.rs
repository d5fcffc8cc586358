//! Adjustments and decisions on the wire: what is typed, as it is typed, and what stands on a task.

use std::collections::BTreeMap;

use counterfoil_domain::adjust::{self, AddedLine, Adjustments, LineAdjustment, Raw, RawAdded, RawLine, RawPeriod};
use counterfoil_domain::decide::{Answer, Proposal};
use counterfoil_domain::order::{Order, ProductRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DocumentValueView, MoneyView, OrderLineView, TaskView, Time};

/// Half-open days; one end alone moves that end of the line's own period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PeriodSet)]
pub struct PeriodSet {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-01")]
    pub start: Option<String>,
    /// The first day after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-12-01")]
    pub end: Option<String>,
}

impl PeriodSet {
    fn raw(&self) -> RawPeriod {
        RawPeriod { start: self.start.clone(), end: self.end.clone() }
    }

    fn of(period: counterfoil_domain::period::Period) -> Self {
        Self { start: Some(period.start().to_string()), end: Some(period.end().to_string()) }
    }
}

/// What is set on one line; what is left out stays as the order has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LineSet)]
pub struct LineSetView {
    /// Id of the order's line.
    pub line: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<PeriodSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A decimal in a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// A decimal in a string, in the order's currency. It may be finer than a coin; the amount is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_cost: Option<String>,
    /// billable · no-charge · do-not-bill
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxable: Option<bool>,
    /// order · catalogue · person
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_source: Option<String>,
}

impl LineSetView {
    pub(crate) fn raw(&self) -> RawLine {
        RawLine {
            line: self.line.clone(),
            period: self.period.as_ref().map(PeriodSet::raw),
            description: self.description.clone(),
            quantity: self.quantity.clone(),
            unit_price: self.unit_price.clone(),
            unit_cost: self.unit_cost.clone(),
            billing: self.billing.clone(),
            taxable: self.taxable,
            price_source: self.price_source.clone(),
        }
    }
}

impl From<&LineAdjustment> for LineSetView {
    fn from(adjusted: &LineAdjustment) -> Self {
        let set = &adjusted.set;
        let number = |number: rust_decimal::Decimal| number.normalize().to_string();
        Self {
            line: adjusted.line.to_string(),
            period: set.period.map(PeriodSet::of),
            description: set.description.clone(),
            quantity: set.quantity.map(number),
            unit_price: set.unit_price.map(number),
            unit_cost: set.unit_cost.map(number),
            billing: set.billing.map(|billing| billing.name().to_owned()),
            taxable: set.taxable,
            price_source: set.price_source.map(|source| source.name().to_owned()),
        }
    }
}

/// A line that the order does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddedLine)]
pub struct AddedLineView {
    /// "added-1"; answers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[schema(example = "resource-recurring")]
    pub fee: String,
    /// Needs a link like any other product; left out: a fee of the plan itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    pub description: String,
    pub quantity: String,
    pub unit_price: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_cost: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<PeriodSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxable: Option<bool>,
}

impl AddedLineView {
    fn raw(&self) -> RawAdded {
        let product = self.product_code.as_ref().filter(|code| !code.trim().is_empty()).map(|code| ProductRef {
            code: code.trim().to_owned(),
            name: self.product_name.clone().unwrap_or_else(|| code.trim().to_owned()),
        });
        RawAdded {
            fee: self.fee.clone(),
            product,
            description: self.description.clone(),
            quantity: self.quantity.clone(),
            unit_price: self.unit_price.clone(),
            unit_cost: self.unit_cost.clone(),
            period: self.period.as_ref().map(PeriodSet::raw),
            taxable: self.taxable,
        }
    }
}

impl From<&AddedLine> for AddedLineView {
    fn from(line: &AddedLine) -> Self {
        let number = |number: rust_decimal::Decimal| number.normalize().to_string();
        Self {
            id: Some(line.id.to_string()),
            fee: line.fee.name().to_owned(),
            product_code: line.product.as_ref().map(|product| product.code.clone()),
            product_name: line.product.as_ref().map(|product| product.name.clone()),
            description: line.description.clone(),
            quantity: number(line.quantity),
            unit_price: number(line.unit_price),
            unit_cost: line.unit_cost.map(number),
            period: line.period.map(PeriodSet::of),
            taxable: line.taxable,
        }
    }
}

/// All that is set on a task: what is not named is taken back. On a task that was decided, lines that are not named keep
/// what the decision set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjustBody {
    #[serde(default)]
    pub lines: Vec<LineSetView>,
    /// Values of the task as a whole, by the names that the target offers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub document: BTreeMap<String, String>,
    /// The task's version as it was looked at; another one by now refuses the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl AdjustBody {
    pub(crate) fn raw(&self) -> Raw {
        let lines = self.lines.iter().map(LineSetView::raw).collect();
        Raw { document: self.document.clone(), lines, decision: None }
    }
}

/// An answer to the question that a task waits with: a proposal by its name, or lines of one's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// What to bill instead of the order's own lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<AddedLineView>>,
    /// With `lines`: the order's own lines are billed too.
    #[serde(default)]
    pub beside_order: bool,
    /// For whoever reads it later.
    pub reason: String,
    /// The task's version as it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl DecideBody {
    /// Lines of one's own, as typed.
    pub(crate) fn raw(&self, lines: &[AddedLineView], order: &Order) -> Raw {
        let left_out = if self.beside_order { Vec::new() } else { counterfoil_domain::decide::left_out(order) };
        let lines = (
            left_out.iter().map(|line| LineSetView::from(line).raw()).collect(),
            lines.iter().map(AddedLineView::raw).collect(),
        );
        Raw { document: BTreeMap::new(), lines: lines.0, decision: Some((self.reason.clone(), lines.1)) }
    }
}

/// A line of the order with what is set on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AdjustedLine)]
pub struct AdjustedLineView {
    /// As the marketplace has it.
    pub order: OrderLineView,
    pub set: Option<LineSetView>,
}

/// One way to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Proposal)]
pub struct ProposalView {
    pub name: String,
    pub why: String,
    /// What it would bill, in the order's prices.
    pub total: MoneyView,
    /// Taking it ignores the task.
    pub ignores: bool,
    pub lines: Vec<LineSetView>,
    pub added: Vec<AddedLineView>,
}

impl From<&Proposal> for ProposalView {
    fn from(proposal: &Proposal) -> Self {
        let (lines, added) = match &proposal.answer {
            Answer::Bill { lines, added } => {
                (lines.iter().map(Into::into).collect(), added.iter().map(Into::into).collect())
            }
            Answer::Nothing => (Vec::new(), Vec::new()),
        };
        Self {
            name: proposal.name.to_owned(),
            why: proposal.why.clone(),
            total: proposal.total.into(),
            ignores: proposal.answer == Answer::Nothing,
            lines,
            added,
        }
    }
}

/// A task's order, what people set on it, and what may be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Adjustments)]
pub struct AdjustmentsView {
    pub task: TaskView,
    /// The task may be adjusted as it stands.
    pub adjustable: bool,
    /// Somebody's decision is waited for.
    pub asked: bool,
    pub lines: Vec<AdjustedLineView>,
    pub added: Vec<AddedLineView>,
    /// What may be set on the task as a whole, and what is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document: Vec<DocumentValueView>,
    /// Why, where something was decided.
    pub decided: Option<String>,
    pub by: Option<String>,
    pub at: Option<Time>,
    /// Of an earlier revision, what could not be kept.
    pub dropped: Vec<String>,
    pub proposals: Vec<ProposalView>,
}

impl AdjustmentsView {
    pub(crate) fn of(
        task: TaskView,
        (adjustable, asked): (bool, bool),
        order: &Order,
        set: Option<&Adjustments>,
        proposals: &[Proposal],
    ) -> Self {
        let of_line = |id| set.and_then(|all| all.lines.iter().find(|line| line.line == id)).map(Into::into);
        let lines = order.lines.iter();
        Self {
            task,
            adjustable,
            asked,
            lines: lines
                .map(|line| AdjustedLineView { order: OrderLineView::of(order, line), set: of_line(line.id.clone()) })
                .collect(),
            added: set.map(|all| all.added.iter().map(Into::into).collect()).unwrap_or_default(),
            document: Vec::new(),
            decided: set.and_then(|all| all.decided.clone()),
            by: set.map(|all| all.by.to_string()),
            at: set.map(|all| all.at.into()),
            dropped: set.map(|all| all.dropped.clone()).unwrap_or_default(),
            proposals: proposals.iter().map(Into::into).collect(),
        }
    }
}

/// Where in the request a refused value stands.
pub(crate) fn pointer(refusal: &adjust::Refusal, raw: &Raw) -> String {
    if refusal.line.is_empty() {
        return format!("/document/{}", refusal.field.replace('~', "~0").replace('/', "~1"));
    }
    let member = match refusal.field.as_str() {
        "unit-price" => "unit_price",
        "unit-cost" => "unit_cost",
        "price-source" => "price_source",
        "amount" => "quantity",
        field => field,
    };
    let added = refusal.line.strip_prefix("added-").and_then(|number| number.parse::<usize>().ok());
    let index = match added {
        Some(number) if raw.decision.is_some() => Some(number.saturating_sub(1)),
        _ => raw.lines.iter().position(|line| line.line == refusal.line),
    };
    index.map_or_else(|| format!("/{member}"), |index| format!("/lines/{index}/{member}"))
}
