//! Plans, receipts and observations: what will be written, what the target said it stored, what it shows.
//! Sealing binds a plan to the ground it rests on. Whether a plan is right is the checker's business.

use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::claim::Claim;
use crate::container::told;
use crate::digest::Digester;
use crate::id::{ChangeKey, ConnectionId, EntityId, LineId, PlanDigest, PluginDigest, Revision, TaskId};
use crate::money::{Currency, Money};
use crate::order::named;

named! {
    Action {
        Create = "create",
        Update = "update",
        Cancel = "cancel",
        /// Already as it should be: nothing will be sent.
        Keep = "none",
    }
}

/// One cell of the preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// "marketplace", "target", "host" or "person".
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLine {
    /// The job lines that this one carries.
    pub covers: Vec<LineId>,
    pub description: String,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub unit_cost: Option<Decimal>,
    /// As the document shows it: positive on a credit note.
    pub amount: Decimal,
    /// What it adds to what the customer owes: the order's sign.
    pub bills: Decimal,
    pub why: String,
    pub attributes: Vec<(String, String)>,
}

/// On a line that recurs: the first day that it bills.
pub const STANDING: &str = "standing";
/// The job lines whose recurring part it is, by id, with commas between them.
pub const STANDING_OF: &str = "standing-of";
/// How much of it recurred before, in what it takes the place of.
pub const QUANTITY_BEFORE: &str = "quantity-before";
/// What in the target its price was taken from.
pub const PRICE_FROM: &str = "price-from";
/// On a line that goes on in its container: what recurs, as the job's line calls it.
pub const RECURS: &str = "recurs";
/// At which price it recurred before.
pub const UNIT_PRICE_BEFORE: &str = "unit-price-before";
/// On a line that is billed once and carries no line of the order: it keeps the money of something that recurs and is not
/// invoiced yet, by the target's id of that.
pub const MOVES: &str = "moves";
/// On such a line: it gives back what was invoiced while no statement said so, "runs × amount".
pub const RAN_WITHOUT: &str = "ran-without-statement";
/// On a plan or a change: what the target noticed, under its own code ("warn.run-unclear").
pub const WARN: &str = "warn.";
/// On a change: its days begin before this one, up to which the container is invoiced.
pub const WRITES_INTO_INVOICED: &str = "writes-into-invoiced";
/// On a change: it goes into this container, which is not the one that the subscription is linked to.
pub const IN_CONTAINER: &str = "container";

impl PlanLine {
    /// The value of an attribute that says something.
    pub fn told(&self, name: &str) -> Option<&str> {
        told(&self.attributes, name)
    }

    /// The job lines that it recurs for, as it names them.
    pub fn standing_of(&self) -> impl Iterator<Item = &str> {
        self.told(STANDING_OF).into_iter().flat_map(|all| all.split(',')).map(str::trim).filter(|id| !id.is_empty())
    }

    /// Its money or its recurring part is of this line.
    pub fn carries(&self, id: &LineId) -> bool {
        self.covers.contains(id) || self.standing_of().any(|of| of == id.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: ChangeKey,
    pub action: Action,
    /// One of the card's document kinds.
    pub document: String,
    pub target: Option<EntityId>,
    pub title: String,
    pub fields: Vec<Field>,
    pub lines: Vec<PlanLine>,
    /// Sum of the lines' `bills`.
    pub total: Money,
    pub why: String,
    pub attributes: Vec<(String, String)>,
}

impl Change {
    /// The value of an attribute that says something.
    pub fn told(&self, name: &str) -> Option<&str> {
        told(&self.attributes, name)
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A job line that no change carries, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    pub line: LineId,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub task: TaskId,
    pub changes: Vec<Change>,
    pub left_out: Vec<Omission>,
    pub notes: Vec<String>,
    /// Whatever `apply` needs; opaque, and part of the digest.
    pub payload: Vec<u8>,
    pub attributes: Vec<(String, String)>,
}

impl Plan {
    /// Nothing of it needs a write.
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| change.action == Action::Keep)
    }

    /// What it adds to what the customer owes.
    pub fn total(&self, currency: Currency) -> Option<Money> {
        let mut sum = Money::zero(currency);
        for change in &self.changes {
            sum = sum.plus(change.total).ok()?;
        }
        Some(sum)
    }
}

/// Everything a plan rests on. If any of it moves, the plan is stale and says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    pub revision: Revision,
    /// Digests of the links, settings, scenario rules and adjustments that were used.
    pub links: String,
    pub settings: String,
    pub rules: String,
    pub adjustments: String,
    /// Digest of the target's records that were read for prices and checks.
    pub target_records: String,
    pub plugin: PluginDigest,
}

named! {
    /// A part of the ground that moved.
    Moved {
        Order = "the order has a new revision",
        Links = "a link was changed",
        Settings = "the connection's settings were changed",
        Rules = "the scenario rules were changed",
        Adjustments = "somebody adjusted the task",
        TargetRecords = "a record in the target was changed",
        Plugin = "another version of the plugin is active",
    }
}

impl Ground {
    /// What is different now. Empty: the plan still stands.
    pub fn moved(&self, now: &Self) -> Vec<Moved> {
        let pairs = [
            (self.revision != now.revision, Moved::Order),
            (self.links != now.links, Moved::Links),
            (self.settings != now.settings, Moved::Settings),
            (self.rules != now.rules, Moved::Rules),
            (self.adjustments != now.adjustments, Moved::Adjustments),
            (self.target_records != now.target_records, Moved::TargetRecords),
            (self.plugin != now.plugin, Moved::Plugin),
        ];
        pairs.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect()
    }
}

named! {
    Severity {
        /// The plan cannot be confirmed.
        Blocks = "blocks",
        /// A person must accept it first.
        NeedsPerson = "needs-person",
        /// Shown, nothing more.
        Notes = "notes",
    }
}

/// What the checker found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// Stable ("currency-mismatch").
    pub code: String,
    pub message: String,
}

/// A plan that was checked and sealed: what is confirmed by its digest is what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPlan {
    pub digest: PlanDigest,
    pub connection: ConnectionId,
    pub plan: Plan,
    pub ground: Ground,
    pub findings: Vec<Finding>,
    /// What the marketplace says the order comes to.
    pub source_total: Money,
    /// What it bills, for whom and for when: later plans are held against it.
    pub claims: Vec<Claim>,
    pub made_at: DateTime<Utc>,
}

/// What is known about a plan beside itself when it is sealed.
#[derive(Debug, Clone)]
pub struct Judged {
    pub ground: Ground,
    pub findings: Vec<Finding>,
    pub source_total: Money,
    pub claims: Vec<Claim>,
}

impl SealedPlan {
    pub fn seal(connection: ConnectionId, plan: Plan, judged: Judged, made_at: DateTime<Utc>) -> Self {
        let Judged { ground, findings, source_total, claims } = judged;
        let digest = digest(&connection, &plan, &ground);
        Self { digest, connection, plan, ground, findings, source_total, claims, made_at }
    }

    /// Re-derives the digest from what is stored: false means that somebody or something altered it.
    pub fn is_intact(&self) -> bool {
        digest(&self.connection, &self.plan, &self.ground) == self.digest
    }

    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).min()
    }
}

fn digest(connection: &ConnectionId, plan: &Plan, ground: &Ground) -> PlanDigest {
    let mut d = Digester::new("plan");
    d.text(connection.as_str()).text(plan.task.as_str()).count(plan.changes.len());
    for change in &plan.changes {
        d.text(change.key.as_str())
            .text(change.action.name())
            .text(&change.document)
            .maybe(change.target.as_ref().map(EntityId::as_str))
            .text(&change.title)
            .text(&change.why)
            .number(change.total.amount)
            .text(change.total.currency.code())
            .pairs(&change.attributes)
            .count(change.fields.len());
        for field in &change.fields {
            d.text(&field.name).maybe(field.before.as_deref()).maybe(field.after.as_deref()).text(&field.owner);
        }
        d.count(change.lines.len());
        for line in &change.lines {
            d.count(line.covers.len());
            for id in &line.covers {
                d.text(id.as_str());
            }
            d.text(&line.description)
                .number(line.quantity)
                .number(line.unit_price)
                .maybe(line.unit_cost.map(|c| c.normalize().to_string()).as_deref())
                .number(line.amount)
                .number(line.bills)
                .text(&line.why)
                .pairs(&line.attributes);
        }
    }
    d.count(plan.left_out.len());
    for omission in &plan.left_out {
        d.text(omission.line.as_str()).text(&omission.why);
    }
    d.count(plan.notes.len());
    for note in &plan.notes {
        d.text(note);
    }
    d.bytes(&plan.payload).pairs(&plan.attributes);
    d.text(ground.revision.as_str())
        .text(&ground.links)
        .text(&ground.settings)
        .text(&ground.rules)
        .text(&ground.adjustments)
        .text(&ground.target_records)
        .text(ground.plugin.as_str());
    PlanDigest::new(d.hex())
}

/// What the target stored for one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeReceipt {
    pub key: ChangeKey,
    pub action: Action,
    pub document: String,
    /// The target's id of the document.
    pub reference: EntityId,
    /// What people see ("INV-0042"); may be empty.
    pub number: String,
    /// Net, with the order's sign.
    pub total: Option<Money>,
    pub attributes: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub task: TaskId,
    pub changes: Vec<ChangeReceipt>,
    pub attributes: Vec<(String, String)>,
}

impl Receipt {
    /// Of a plan of which only these changes are known to be stored: a later batch adopts them and sends the rest.
    pub fn part(plan: &Plan, changes: Vec<ChangeReceipt>) -> Self {
        Self { task: plan.task.clone(), changes, attributes: vec![("part".to_owned(), "true".to_owned())] }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    Found(ChangeReceipt),
    Absent,
    Several(Vec<ChangeReceipt>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedLine {
    pub description: String,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub amount: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedDocument {
    pub key: ChangeKey,
    pub reference: EntityId,
    pub number: String,
    pub state: String,
    /// Net, with the order's sign.
    pub total: Money,
    pub lines: Vec<ObservedLine>,
    pub attributes: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    pub task: TaskId,
    pub documents: Vec<ObservedDocument>,
    pub attributes: Vec<(String, String)>,
}
