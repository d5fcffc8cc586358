//! Programs on the wire: their settings, who is mapped, and where the money of statements is.

use counterfoil_domain::daily;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::program::Program;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LinkTargetView, MoneyView, PeriodView, Time, TouchedView};

/// How a program of a connection is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Program)]
pub struct ProgramView {
    pub connection: String,
    /// microsoft-csp
    pub name: String,
    pub text: String,
    /// False: nothing of its statements is billed, and all of their money is shown as held back.
    pub enabled: bool,
    /// Who is told of errors and warnings.
    pub emails: Vec<String>,
    /// Whether statements are billed.
    pub billing: bool,
    /// The billing motions that are billed.
    pub motions: Vec<String>,
    /// Whether products become items of the target.
    pub products: bool,
    /// all · in-use
    pub product_mode: String,
    /// Usage is billed.
    pub azure: bool,
    /// What is paid for a year or more at once is billed.
    pub annual: bool,
    /// New items are taxable.
    pub taxable: bool,
    /// When the daily run is due, on the clocks of the time zone; none: only when somebody asks.
    #[schema(example = "06:30")]
    pub daily_at: Option<String>,
    /// IANA name.
    #[schema(example = "Europe/Vienna")]
    pub time_zone: String,
    /// The next times at which it runs by itself.
    pub next_runs: Vec<Time>,
}

/// How many runs are told ahead.
const NEXT: usize = 5;

impl ProgramView {
    pub fn new(program: &Program, now: chrono::DateTime<chrono::Utc>) -> Self {
        Self {
            connection: program.connection.to_string(),
            name: program.name.name().to_owned(),
            text: program.name.text().to_owned(),
            enabled: program.enabled,
            emails: program.emails.clone(),
            billing: program.billing,
            motions: program.motions.iter().map(|motion| motion.name().to_owned()).collect(),
            products: program.products,
            product_mode: program.mode.name().to_owned(),
            azure: program.azure,
            annual: program.annual,
            taxable: program.taxable,
            daily_at: program.daily_at.map(daily::hour_text),
            time_zone: program.time_zone.clone(),
            next_runs: daily::next_runs(program, now, NEXT).into_iter().map(Into::into).collect(),
        }
    }
}

/// Settings of a program. What is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emails: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motions: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<bool>,
    /// all · in-use
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annual: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxable: Option<bool>,
    /// "06:30", or "none": only when somebody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgramAnswer {
    pub program: ProgramView,
    pub changed: bool,
    /// What the change means for money that is under way.
    pub warnings: Vec<String>,
}

/// A run, as far as lists of programs tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastRunView {
    pub id: String,
    pub at: Time,
    /// no-change · success · warning · error; none: it is not over.
    pub outcome: Option<String>,
}

/// A program with its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgramRow {
    pub program: ProgramView,
    pub connection_name: String,
    pub marketplace: String,
    /// Customers × billing motions that go somewhere.
    pub mapped: u64,
    /// Those that do not yet.
    pub unmapped: u64,
    pub last_run: Option<LastRunView>,
    pub last_success: Option<Time>,
    /// The newest period that statements were read of; the money is of it.
    pub period: Option<PeriodView>,
    pub billed: Vec<MoneyView>,
    /// On its way: ready, planned, confirmed or being sent.
    pub open: Vec<MoneyView>,
    /// Waits for a link or a decision.
    pub unmapped_money: Vec<MoneyView>,
    /// Not let through: program or billing off, motion not selected, currency not offered, or ignored by a person.
    pub held_back: Vec<MoneyView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgramList {
    pub programs: Vec<ProgramRow>,
}

/// A billing motion as a program has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Motion)]
pub struct MotionView {
    pub motion: String,
    pub text: String,
    /// What stands before the SKU of its products.
    pub prefix: String,
    pub selected: bool,
    /// Goes on from month to month until a statement says otherwise.
    pub recurs: bool,
    /// Why it is not billed, and what to switch on; none: it is.
    pub held_back: Option<String>,
    /// Of the newest period that it was seen in.
    pub money: Vec<MoneyView>,
    pub period: Option<PeriodView>,
}

impl MotionView {
    pub fn new(motion: Motion, program: &Program) -> Self {
        Self {
            motion: motion.name().to_owned(),
            text: motion.text().to_owned(),
            prefix: motion.prefix().to_owned(),
            selected: program.motions.contains(&motion),
            recurs: motion.recurs(),
            held_back: counterfoil_domain::program::refusal(Some(program), motion).map(|(_, text)| text),
            money: Vec::new(),
            period: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MotionList {
    pub motions: Vec<MotionView>,
}

/// Where the statements of a customer's billing motion go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingView {
    pub customer: String,
    pub customer_name: String,
    pub motion: String,
    pub motion_text: String,
    /// mapped · unmapped · never-sync
    pub state: String,
    pub party: Option<LinkTargetView>,
    /// The recurring document, agreement or the like that its lines go into.
    pub container: Option<LinkTargetView>,
    /// The target needs a container for it.
    pub needs_container: bool,
    /// What its newest statement comes to.
    pub money: Vec<MoneyView>,
    pub period: Option<PeriodView>,
    /// Parties of exactly this name or e-mail domain, where the target was searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<LinkTargetView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingPage {
    pub customers: Vec<MappingView>,
    pub mapped: u64,
    pub unmapped: u64,
    pub has_more: bool,
    pub next: Option<String>,
}

/// Where a customer's billing motion goes from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingBody {
    /// Id in the target.
    pub party: String,
    /// Id in the target, of a container of that party; needed where the target has containers.
    #[serde(default)]
    pub container: Option<String>,
    /// True: answer what would change, write nothing.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingAnswer {
    pub customer: MappingView,
    pub changed: bool,
    pub dry_run: bool,
    /// The first of the tasks that it touches, and how many there are.
    pub touches: Vec<TouchedView>,
    pub touched: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingImport {
    /// With a header: customer_id, customer, motion, party_id, party, container_id, container. Rows without a party are
    /// left as they are.
    pub csv: String,
    #[serde(default)]
    pub dry_run: bool,
    /// True: take over the good rows only.
    #[serde(default)]
    pub skip_bad: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingRowView {
    /// In the file, as people count.
    pub line: u64,
    pub customer: String,
    pub motion: String,
    /// new · changed · same · refused
    pub what: String,
    pub column: Option<String>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingImportAnswer {
    pub applied: bool,
    pub new: u64,
    pub changed: u64,
    pub same: u64,
    pub refused: u64,
    pub rows: Vec<MappingRowView>,
    pub touched: u64,
}

/// Money of one motion that is in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BucketView {
    /// billed · open · unmapped · parked · uncertain, or the code of the reason why it is ignored.
    pub bucket: String,
    pub tasks: u64,
    pub money: MoneyView,
}

/// Of one period, motion and currency: bills and buckets, and whether they come to the statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MotionMoneyView {
    pub motion: String,
    pub text: String,
    pub buckets: Vec<BucketView>,
    /// Of the buckets.
    pub total: MoneyView,
    /// What the statements come to.
    pub statements: MoneyView,
    /// Zero: no money of the statements is anywhere else.
    pub difference: MoneyView,
    pub agrees: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeriodMoneyView {
    pub period: PeriodView,
    pub motions: Vec<MotionMoneyView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgramMoney {
    pub periods: Vec<PeriodMoneyView>,
    /// Bills and buckets are the statements, everywhere.
    pub agrees: bool,
}
