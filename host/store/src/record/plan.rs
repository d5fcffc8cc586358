//! Stored form of sealed plans, receipts and observations.

use chrono::{DateTime, Utc};
use counterfoil_domain::claim::Claim;
use counterfoil_domain::id::{
    BatchId, ChangeKey, ConnectionId, EntityId, LineId, PlanDigest, PluginDigest, Revision, TaskId,
};
use counterfoil_domain::money::Money;
use counterfoil_domain::plan::{
    Action, Change, ChangeReceipt, Field, Finding, Ground, Observation, ObservedDocument, ObservedLine, Omission, Plan,
    PlanLine, Receipt, SealedPlan, Severity,
};
use counterfoil_domain::ports::StoredReceipt;
use rust_decimal::Decimal;

use super::{Bad, Record, stored_struct};

stored_struct!(Field as FieldRow { name: String, before: Option<String>, after: Option<String>, owner: String });

stored_struct!(PlanLine as PlanLineRow {
    covers: Vec<LineId>,
    description: String,
    quantity: Decimal,
    unit_price: Decimal,
    unit_cost: Option<Decimal>,
    amount: Decimal,
    bills: Decimal,
    why: String,
    attributes: Vec<(String, String)>,
});

stored_struct!(Change as ChangeRow {
    key: ChangeKey,
    action: Action,
    document: String,
    target: Option<EntityId>,
    title: String,
    fields: Vec<Field>,
    lines: Vec<PlanLine>,
    total: Money,
    why: String,
    attributes: Vec<(String, String)>,
});

stored_struct!(Omission as OmissionRow { line: LineId, why: String });

stored_struct!(Plan as PlanRow {
    task: TaskId,
    changes: Vec<Change>,
    left_out: Vec<Omission>,
    notes: Vec<String>,
    payload: Vec<u8>,
    attributes: Vec<(String, String)>,
});

stored_struct!(Ground as GroundRow {
    revision: Revision,
    links: String,
    settings: String,
    rules: String,
    adjustments: String,
    target_records: String,
    plugin: PluginDigest,
});

stored_struct!(Finding as FindingRow { severity: Severity, code: String, message: String });

stored_struct!(SealedPlan as SealedPlanRow {
    digest: PlanDigest,
    connection: ConnectionId,
    plan: Plan,
    ground: Ground,
    findings: Vec<Finding>,
    source_total: Money,
    #[serde(default)]
    claims: Vec<Claim>,
    made_at: DateTime<Utc>,
});

impl Record for SealedPlan {
    const WHAT: &'static str = "plan";

    fn check(&self) -> Result<(), Bad> {
        if self.is_intact() {
            return Ok(());
        }
        Err(Bad::new(format!("plan {} is not what was sealed; nothing of it may be sent", self.digest)))
    }
}

stored_struct!(ChangeReceipt as ChangeReceiptRow {
    key: ChangeKey,
    action: Action,
    document: String,
    reference: EntityId,
    number: String,
    total: Option<Money>,
    attributes: Vec<(String, String)>,
});

stored_struct!(Receipt as ReceiptRow {
    task: TaskId,
    changes: Vec<ChangeReceipt>,
    attributes: Vec<(String, String)>,
});

stored_struct!(ObservedLine as ObservedLineRow {
    description: String,
    quantity: Decimal,
    unit_price: Decimal,
    amount: Decimal,
});

stored_struct!(ObservedDocument as ObservedDocumentRow {
    key: ChangeKey,
    reference: EntityId,
    number: String,
    state: String,
    total: Money,
    lines: Vec<ObservedLine>,
    attributes: Vec<(String, String)>,
});

stored_struct!(Observation as ObservationRow {
    task: TaskId,
    documents: Vec<ObservedDocument>,
    attributes: Vec<(String, String)>,
});

stored_struct!(StoredReceipt as StoredReceiptRow {
    plan: PlanDigest,
    batch: BatchId,
    receipt: Receipt,
    stored_at: DateTime<Utc>,
    observed: Option<(DateTime<Utc>, Observation)>,
});

impl Record for StoredReceipt {
    const WHAT: &'static str = "receipt";
}
