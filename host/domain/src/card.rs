//! A plugin's card: what it is, what it may reach, what it promises, which orders it takes. Data, read
//! before anything is instantiated. Parsing it from `plugin.toml` is the runtime's business.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::id::PluginId;
use crate::order::{BillingModel, Fee, OrderType, named};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub id: PluginId,
    pub name: String,
    pub version: String,
    pub publisher: String,
    pub summary: String,
    /// "0.1": which contract it was built for.
    pub contract: String,
    pub documents: Vec<String>,
    pub egress: Egress,
    /// The first is the default; a connection may choose another.
    pub auth: Vec<Auth>,
    pub static_headers: Vec<(String, String)>,
    pub budgets: Budgets,
    pub delivery: Delivery,
    /// Most tasks per `apply` call.
    pub batch_tasks: usize,
    /// Most tasks per `plan` call: what its plans rest on is read once for all of them.
    pub plan_tasks: usize,
    /// Which tasks must wait for each other.
    pub in_order: Option<InOrder>,
    /// It can say what of a subscription is missing in the target, what is too much and what differs.
    pub reconciles: bool,
    /// Lines go into containers: an order's subscription must be linked to one.
    pub containers: Containers,
    /// What recurs stands in its container until something else is said: what was billed last is billed again.
    pub recurring: bool,
    pub limits: Limits,
    pub settings: Vec<Setting>,
    /// What people may set on a task as a whole.
    pub adjust: Vec<Adjustable>,
    pub scenarios: Vec<Scenario>,
}

impl Card {
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// A connection's settings, with the defaults for what is not set.
    pub fn filled(&self, set: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let defaults = self.settings.iter().filter_map(|setting| Some((&setting.name, setting.default.as_ref()?)));
        let all: BTreeMap<&String, &String> = defaults.chain(set).collect();
        all.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Under these settings, with the defaults filled in.
    pub fn puts_into_containers(&self, settings: &[(String, String)]) -> bool {
        match &self.containers {
            Containers::No => false,
            Containers::Yes => true,
            Containers::When { setting, value } => {
                settings.iter().any(|(name, set)| name == setting && set.trim() == value)
            }
        }
    }

    /// Nothing recurs without something that it stands in.
    pub fn recurs(&self, settings: &[(String, String)]) -> bool {
        self.recurring && self.puts_into_containers(settings)
    }
}

/// Whether lines go into containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containers {
    No,
    Yes,
    /// As a connection is set.
    When {
        setting: String,
        value: String,
    },
}

named! {
    /// Tasks that build on each other's outcome: a later one is planned only when nothing stands before it.
    InOrder {
        Subscription = "subscription",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// May hold {setting} placeholders.
    pub base_url: String,
    pub discovery: Option<Discovery>,
    pub allow: Vec<Allowed>,
    pub request_headers: Vec<String>,
    pub response_headers: Vec<String>,
    pub max_response_bytes: usize,
    pub timeout: Duration,
}

/// A read without credentials, by which the target tells where its requests go. What it tells fills placeholders of the
/// base URL; the settings of the same names stand in where it tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// May hold {setting} placeholders.
    pub url: String,
    /// (placeholder, field of the answer)
    pub fields: Vec<(String, String)>,
    /// Hosts that the answer may lead to are these and those below them, beside the configured one.
    pub site_suffixes: Vec<String>,
    /// Answers to a request which say that the target is somewhere else by now.
    pub again_when: Vec<AgainWhen>,
    /// Such an answer means that nothing was done, so that a write may be sent once more to the new place.
    pub writes_again: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgainWhen {
    pub status: u16,
    /// The body must hold it; none: whatever the body.
    pub text: Option<String>,
}

named! {
    EffectKind {
        Read = "read",
        Write = "write",
    }
}

/// One door: a method and a path pattern. `{name}` stands for exactly one path segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub method: String,
    pub path: String,
    pub effect: EffectKind,
}

impl Allowed {
    pub fn matches(&self, method: &str, path: &str) -> bool {
        if !self.method.eq_ignore_ascii_case(method) {
            return false;
        }
        let mut pattern = self.path.split('/');
        let mut actual = path.split('/');
        loop {
            match (pattern.next(), actual.next()) {
                (None, None) => return true,
                (Some(p), Some(a)) => {
                    let open = p.starts_with('{') && p.ends_with('}');
                    let fits = if open { is_plain_segment(a) } else { p == a };
                    if !fits {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }
}

/// A segment that cannot climb, nest or smuggle: not empty, no dots alone, no encoded separators.
fn is_plain_segment(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && !["%2f", "%5c", "%2e", "%00"].iter().any(|bad| lower.contains(bad))
        && !segment.contains(['\\', '?', '#'])
        && !segment.chars().any(char::is_control)
}

named! {
    AuthScheme {
        AuthorizationCode = "oauth2-authorization-code",
        ClientCredentials = "oauth2-client-credentials",
        Basic = "basic",
        Bearer = "bearer",
        Header = "header",
    }
}

/// How the host signs requests. Secrets are names; the values never leave the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    pub scheme: AuthScheme,
    pub authorize_url: Option<String>,
    pub token_url: Option<String>,
    pub scopes: Vec<String>,
    pub secrets: Vec<String>,
    /// For `header`: which header takes the secret.
    pub header: Option<String>,
    /// For a sign-in by a person: a refresh token that is not used for so long is worth nothing.
    pub refresh_days: Option<u32>,
    /// Where the target lists the accounts that one sign-in opens.
    pub tenants: Option<TenantList>,
}

/// A read, with the fresh token, of what a sign-in opens. It answers an array of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantList {
    /// From the root of the base URL's host, which may lie above the base URL.
    pub path: String,
    /// Fields of each object.
    pub id: String,
    pub name: String,
    /// Only objects whose field has this value.
    pub only: Option<(String, String)>,
    /// The connection's setting that holds the chosen one.
    pub setting: String,
}

named! {
    BudgetScope {
        Connection = "connection",
        App = "app",
        EgressIp = "egress-ip",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLimit {
    pub scope: BudgetScope,
    pub calls: u32,
    pub window: Duration,
    /// The answer header that tells what is left.
    pub remaining_header: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budgets {
    pub concurrency: u32,
    pub limits: Vec<BudgetLimit>,
    pub retry_after_header: String,
    pub problem_header: Option<String>,
}

/// What can be relied on when an answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryClass {
    /// The target honours an idempotency key for this long.
    A { lifetime: Duration },
    /// A lost document can be found again for sure.
    B,
    /// Neither: a person decides.
    C,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub idempotency_header: Option<String>,
    pub idempotency_lifetime: Duration,
    pub locate_is_reliable: bool,
    /// How long after a write `locate` is sure to see it.
    pub settle: Duration,
}

impl Delivery {
    pub fn class(&self) -> DeliveryClass {
        match (&self.idempotency_header, self.locate_is_reliable) {
            (Some(_), _) => DeliveryClass::A { lifetime: self.idempotency_lifetime },
            (None, true) => DeliveryClass::B,
            (None, false) => DeliveryClass::C,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub memory_mib: u32,
    pub plan: Duration,
    pub apply: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingType {
    Text,
    Integer,
    Boolean,
    Choice(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub label: String,
    pub help: String,
    pub kind: SettingType,
    pub required: bool,
    pub default: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdjustType {
    Text,
    /// A day: 2026-11-30.
    Date,
    Boolean,
    Choice(Vec<String>),
}

/// A value of a task as a whole that a person may set before confirming. The plugin gets it among the job's adjustments,
/// of no line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustable {
    pub name: String,
    pub label: String,
    pub help: String,
    pub kind: AdjustType,
}

named! {
    /// What may be true of a line beside its fee, and what a row may ask about.
    Circumstance {
        AlignedWithStatementDay = "aligned-with-statement-day",
        PartialPeriod = "partial-period",
    }
}

/// One row of the scenario table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    pub name: String,
    pub order: OrderType,
    pub models: Vec<BillingModel>,
    /// Some(true): only usage lines; Some(false): only others; None: either.
    pub usage: Option<bool>,
    /// Each fee it takes, with the price when the target's catalogue is the source.
    pub fees: Vec<(Fee, crate::job::PriceSource)>,
    /// When a fee takes the order's price even though the catalogue is the source.
    pub order_price_when: Vec<(Circumstance, Vec<Fee>)>,
    /// When it takes nothing: the target has no way to bill it.
    pub refused_when: Vec<Circumstance>,
    /// Fees of which the host charges a part of the price when only a part of the period is left.
    pub prorate: Vec<Fee>,
}
