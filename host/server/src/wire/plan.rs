//! Plans, receipts and observations on the wire: what will be written, was stored, and is seen.

use std::collections::BTreeMap;

use counterfoil_domain::assemble::COST;
use counterfoil_domain::money::Money;
use counterfoil_domain::plan::{Change, ChangeReceipt, Finding, ObservedDocument, Plan, PlanLine, SealedPlan};
use counterfoil_domain::ports::StoredReceipt;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MoneyView, Time, attributes, totals_by_currency};

/// One cell of the preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Field)]
pub struct FieldView {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// "marketplace", "target", "host" or "person".
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanLine)]
pub struct PlanLineView {
    /// Ids of the order's lines that this one carries.
    pub covers: Vec<String>,
    pub description: String,
    pub quantity: String,
    pub unit_price: MoneyView,
    pub unit_cost: Option<MoneyView>,
    /// As the document shows it: positive on a credit note.
    pub amount: MoneyView,
    /// What it adds to what the customer owes.
    pub bills: MoneyView,
    /// What it costs, with the order's sign; none where somebody did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<MoneyView>,
    /// What it bills less what it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<MoneyView>,
    /// The arithmetic, spelled out.
    pub arithmetic: String,
    pub attributes: BTreeMap<String, String>,
}

impl PlanLineView {
    fn of(change: &Change, line: &PlanLine) -> Self {
        let money = |amount| MoneyView::from(Money::new(amount, change.total.currency));
        Self {
            covers: line.covers.iter().map(ToString::to_string).collect(),
            description: line.description.clone(),
            quantity: line.quantity.normalize().to_string(),
            unit_price: money(line.unit_price),
            unit_cost: line.unit_cost.map(money),
            amount: money(line.amount),
            bills: money(line.bills),
            cost: cost(line).map(money),
            margin: margin(line).map(money),
            arithmetic: line.why.clone(),
            attributes: attributes(&line.attributes),
        }
    }
}

/// As the host put it there when the plan was sealed.
fn cost(line: &PlanLine) -> Option<Decimal> {
    let (_, cost) = line.attributes.iter().find(|(name, _)| name == COST)?;
    cost.parse().ok()
}

fn margin(line: &PlanLine) -> Option<Decimal> {
    line.bills.checked_sub(cost(line)?)
}

/// A currency each, where every line tells its cost: a sum that leaves lines out would flatter.
fn margins(plan: &Plan) -> Vec<MoneyView> {
    let lines = plan.changes.iter().flat_map(|change| change.lines.iter().map(move |line| (change, line)));
    let each = lines.map(|(change, line)| Some(Money::new(margin(line)?, change.total.currency)));
    each.collect::<Option<Vec<Money>>>().map(totals_by_currency).unwrap_or_default()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeView {
    pub key: String,
    /// create · update · cancel · none
    pub action: String,
    pub document: String,
    pub target: Option<String>,
    pub title: String,
    pub fields: Vec<FieldView>,
    pub lines: Vec<PlanLineView>,
    pub total: MoneyView,
    pub why: String,
    pub attributes: BTreeMap<String, String>,
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let field = |field: &counterfoil_domain::plan::Field| FieldView {
            name: field.name.clone(),
            before: field.before.clone(),
            after: field.after.clone(),
            owner: field.owner.clone(),
        };
        Self {
            key: change.key.to_string(),
            action: change.action.name().to_owned(),
            document: change.document.clone(),
            target: change.target.as_ref().map(ToString::to_string),
            title: change.title.clone(),
            fields: change.fields.iter().map(field).collect(),
            lines: change.lines.iter().map(|line| PlanLineView::of(change, line)).collect(),
            total: change.total.into(),
            why: change.why.clone(),
            attributes: attributes(&change.attributes),
        }
    }
}

/// An order line that no change carries, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Omission)]
pub struct OmissionView {
    pub line: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingView {
    /// blocks · needs-person · notes
    pub severity: String,
    pub code: String,
    pub message: String,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.name().to_owned(),
            code: finding.code.clone(),
            message: finding.message.clone(),
        }
    }
}

/// A sealed plan: what is confirmed by its digest is what is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanView {
    pub digest: String,
    pub connection: String,
    pub task: String,
    /// What is stored still matches the digest.
    pub intact: bool,
    pub changes: Vec<ChangeView>,
    pub left_out: Vec<OmissionView>,
    pub notes: Vec<String>,
    pub findings: Vec<FindingView>,
    /// What it adds to what the customer owes, a currency each.
    pub totals: Vec<MoneyView>,
    /// The totals less what they cost; empty where a line does not tell its cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub margins: Vec<MoneyView>,
    pub source_total: MoneyView,
    /// The version of the plugin that made it.
    pub plugin: String,
    pub made_at: Time,
}

impl From<&SealedPlan> for PlanView {
    fn from(sealed: &SealedPlan) -> Self {
        let plan = &sealed.plan;
        let omission =
            |o: &counterfoil_domain::plan::Omission| OmissionView { line: o.line.to_string(), why: o.why.clone() };
        Self {
            digest: sealed.digest.to_string(),
            connection: sealed.connection.to_string(),
            task: plan.task.to_string(),
            intact: sealed.is_intact(),
            changes: plan.changes.iter().map(Into::into).collect(),
            left_out: plan.left_out.iter().map(omission).collect(),
            notes: plan.notes.clone(),
            findings: sealed.findings.iter().map(Into::into).collect(),
            totals: totals_by_currency(plan.changes.iter().map(|change| change.total)),
            margins: margins(plan),
            source_total: sealed.source_total.into(),
            plugin: sealed.ground.plugin.to_string(),
            made_at: sealed.made_at.into(),
        }
    }
}

/// What the target said it stored for one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ChangeReceipt)]
pub struct ReceiptView {
    pub key: String,
    pub action: String,
    pub document: String,
    pub reference: String,
    pub number: String,
    pub total: Option<MoneyView>,
    pub attributes: BTreeMap<String, String>,
}

impl From<&ChangeReceipt> for ReceiptView {
    fn from(receipt: &ChangeReceipt) -> Self {
        Self {
            key: receipt.key.to_string(),
            action: receipt.action.name().to_owned(),
            document: receipt.document.clone(),
            reference: receipt.reference.to_string(),
            number: receipt.number.clone(),
            total: receipt.total.map(Into::into),
            attributes: attributes(&receipt.attributes),
        }
    }
}

/// A document as the target shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ObservedDocument)]
pub struct ObservedView {
    pub key: String,
    pub reference: String,
    pub number: String,
    pub state: String,
    pub total: MoneyView,
    pub lines: Vec<ObservedLineView>,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ObservedLine)]
pub struct ObservedLineView {
    pub description: String,
    pub quantity: String,
    pub unit_price: MoneyView,
    pub amount: MoneyView,
}

impl From<&ObservedDocument> for ObservedView {
    fn from(document: &ObservedDocument) -> Self {
        let money = |amount| MoneyView::from(Money::new(amount, document.total.currency));
        let line = |line: &counterfoil_domain::plan::ObservedLine| ObservedLineView {
            description: line.description.clone(),
            quantity: line.quantity.normalize().to_string(),
            unit_price: money(line.unit_price),
            amount: money(line.amount),
        };
        Self {
            key: document.key.to_string(),
            reference: document.reference.to_string(),
            number: document.number.clone(),
            state: document.state.clone(),
            total: document.total.into(),
            lines: document.lines.iter().map(line).collect(),
            attributes: attributes(&document.attributes),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Receipt)]
pub struct StoredReceiptView {
    pub plan: String,
    pub batch: String,
    pub stored_at: Time,
    pub changes: Vec<ReceiptView>,
    /// The last time it was read back, and what was seen.
    pub observed_at: Option<Time>,
    pub observed: Vec<ObservedView>,
}

impl From<&StoredReceipt> for StoredReceiptView {
    fn from(stored: &StoredReceipt) -> Self {
        let observed = stored.observed.as_ref();
        Self {
            plan: stored.plan.to_string(),
            batch: stored.batch.to_string(),
            stored_at: stored.stored_at.into(),
            changes: stored.receipt.changes.iter().map(Into::into).collect(),
            observed_at: observed.map(|(at, _)| (*at).into()),
            observed: observed.map(|(_, seen)| seen.documents.iter().map(Into::into).collect()).unwrap_or_default(),
        }
    }
}
