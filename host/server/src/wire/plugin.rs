//! Plugins on the wire: what their cards promise and ask for, which versions there are, and the commands about them.

use counterfoil_domain::card::{BudgetLimit, Card, DeliveryClass, Setting, SettingType};
use counterfoil_domain::difference::Difference;
use counterfoil_domain::ports::{Activated, Provenance, ShadowReport, Standing, VersionState};
use counterfoil_domain::scenario::{Row, Table};
use counterfoil_domain::version::Widening;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Setting)]
pub struct SettingView {
    pub name: String,
    pub label: String,
    pub help: String,
    /// text · integer · boolean · choice
    pub kind: String,
    pub choices: Vec<String>,
    pub required: bool,
    pub default: Option<String>,
}

impl From<&Setting> for SettingView {
    fn from(setting: &Setting) -> Self {
        let (kind, choices) = match &setting.kind {
            SettingType::Text => ("text", Vec::new()),
            SettingType::Integer => ("integer", Vec::new()),
            SettingType::Boolean => ("boolean", Vec::new()),
            SettingType::Choice(choices) => ("choice", choices.clone()),
        };
        Self {
            name: setting.name.clone(),
            label: setting.label.clone(),
            help: setting.help.clone(),
            kind: kind.to_owned(),
            choices,
            required: setting.required,
            default: setting.default.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthView {
    pub scheme: String,
    /// Names only.
    pub secrets: Vec<String>,
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowedView {
    pub method: String,
    pub path: String,
    /// read · write
    pub effect: String,
}

/// How many calls may go out within a time, and who shares them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetView {
    /// connection · app · egress-ip
    pub scope: String,
    pub calls: u32,
    pub window_seconds: u64,
}

/// What one call of a version may take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PluginLimits)]
pub struct LimitsView {
    pub plan_millis: u64,
    pub apply_millis: u64,
    /// Of one request to the target.
    pub request_millis: u64,
    pub response_bytes: u64,
    /// Most tasks of one call to plan, and of one to apply.
    pub plan_tasks: u64,
    pub apply_tasks: u64,
    /// Requests to the target at one time.
    pub concurrency: u32,
}

impl From<&Card> for LimitsView {
    fn from(card: &Card) -> Self {
        let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            plan_millis: millis(card.limits.plan),
            apply_millis: millis(card.limits.apply),
            request_millis: millis(card.egress.timeout),
            response_bytes: card.egress.max_response_bytes as u64,
            plan_tasks: card.plan_tasks as u64,
            apply_tasks: card.batch_tasks as u64,
            concurrency: card.budgets.concurrency,
        }
    }
}

/// One fee of one scenario: whose price it is billed at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScenarioView {
    pub scenario: String,
    pub order: String,
    pub billing_models: Vec<String>,
    /// True: usage lines only; false: others only.
    pub usage: Option<bool>,
    pub fee: String,
    /// order · catalogue
    pub price_if_marketplace: String,
    /// order · catalogue
    pub price_if_target: String,
    pub notes: Vec<String>,
}

impl From<&Row> for ScenarioView {
    fn from(row: &Row) -> Self {
        Self {
            scenario: row.scenario.clone(),
            order: row.order.name().to_owned(),
            billing_models: row.models.iter().map(|model| model.name().to_owned()).collect(),
            usage: row.usage,
            fee: row.fee.name().to_owned(),
            price_if_marketplace: row.if_marketplace.name().to_owned(),
            price_if_target: row.if_target.name().to_owned(),
            notes: row.notes.clone(),
        }
    }
}

/// One way in which a card asks for more than the active version's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Widening)]
pub struct WideningView {
    /// host · path · read-to-write · secret · …
    pub what: String,
    pub sentence: String,
}

impl From<&Widening> for WideningView {
    fn from(widening: &Widening) -> Self {
        Self { what: widening.what.name().to_owned(), sentence: widening.sentence.clone() }
    }
}

/// One thing that two cards of a plugin have otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CardDifference)]
pub struct DifferenceView {
    /// identity · host · permission · secret · setting · limit · scenario · …
    pub area: String,
    /// added · removed · changed
    pub step: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl From<&Difference> for DifferenceView {
    fn from(difference: &Difference) -> Self {
        Self {
            area: difference.area.name().to_owned(),
            step: difference.step().name().to_owned(),
            name: difference.name.clone(),
            before: difference.before().map(str::to_owned),
            after: difference.after().map(str::to_owned),
        }
    }
}

/// Why a version may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PluginSignature)]
pub struct SignatureView {
    /// signed · bundled (it came with the program) · unsigned (the operator allows it) · untrusted (it may not run)
    pub standing: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The key's id, as minisign prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl From<&Provenance> for SignatureView {
    fn from(provenance: &Provenance) -> Self {
        let bare = Self { standing: provenance.name().to_owned(), publisher: None, key: None, problem: None };
        match provenance {
            Provenance::Signed { publisher, key } => {
                Self { publisher: Some(publisher.clone()), key: Some(key.clone()), ..bare }
            }
            Provenance::Untrusted(why) => Self { problem: Some(why.clone()), ..bare },
            Provenance::Bundled | Provenance::Unsigned => bare,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Plugin)]
pub struct PluginView {
    pub id: String,
    pub name: String,
    pub version: String,
    pub publisher: String,
    pub summary: String,
    pub contract: String,
    pub digest: String,
    /// New work goes to this version.
    pub active: bool,
    /// active · former · waiting (for an operator's yes to its wider card) · installed
    pub standing: String,
    pub installed_at: Time,
    pub installed_by: String,
    /// It failed too often: why, and until when.
    pub paused: Option<String>,
    /// What its card asks for beyond the active version's.
    pub wider: Vec<WideningView>,
    /// All that its card has otherwise than the active version's.
    #[serde(default)]
    pub differs: Vec<DifferenceView>,
    pub signature: SignatureView,
    /// Why it was not activated by itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    pub documents: Vec<String>,
    pub base_url: String,
    /// Where the target tells, without credentials, where its requests go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<DiscoveryView>,
    pub allowed: Vec<AllowedView>,
    /// The first is the default.
    pub auth: Vec<AuthView>,
    /// What can be relied on when an answer is lost: A, B or C.
    pub delivery: String,
    pub settings: Vec<SettingView>,
    /// Names of the scenario rows.
    pub scenarios: Vec<String>,
    /// The scenario table: each fee that is taken, with its price.
    #[serde(default)]
    pub scenario_table: Vec<ScenarioView>,
    #[serde(default)]
    pub budgets: Vec<BudgetView>,
    #[serde(default)]
    pub limits: LimitsView,
    /// It can be reconciled with the marketplace.
    #[serde(default)]
    pub reconciles: bool,
    pub memory_mib: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Discovery)]
pub struct DiscoveryView {
    pub url: String,
    /// Hosts that the answer may lead to, beside the configured one.
    pub site_suffixes: Vec<String>,
}

fn budgets(card: &Card) -> Vec<BudgetView> {
    let budget = |limit: &BudgetLimit| BudgetView {
        scope: limit.scope.name().to_owned(),
        calls: limit.calls,
        window_seconds: limit.window.as_secs(),
    };
    card.budgets.limits.iter().map(budget).collect()
}

impl PluginView {
    pub(crate) fn of(version: &VersionState) -> Self {
        let card = &version.card;
        let delivery = match card.delivery.class() {
            DeliveryClass::A { .. } => "A",
            DeliveryClass::B => "B",
            DeliveryClass::C => "C",
        };
        let auth = card.auth.iter().map(|auth| AuthView {
            scheme: auth.scheme.name().to_owned(),
            secrets: auth.secrets.clone(),
            scopes: auth.scopes.clone(),
        });
        let allowed = card.egress.allow.iter().map(|allowed| AllowedView {
            method: allowed.method.clone(),
            path: allowed.path.clone(),
            effect: allowed.effect.name().to_owned(),
        });
        Self {
            id: card.id.to_string(),
            name: card.name.clone(),
            version: card.version.clone(),
            publisher: card.publisher.clone(),
            summary: card.summary.clone(),
            contract: card.contract.clone(),
            digest: version.digest.to_string(),
            active: version.standing == Standing::Active,
            standing: version.standing.name().to_owned(),
            installed_at: version.installed_at.into(),
            installed_by: version.installed_by.to_string(),
            paused: version.paused.clone(),
            wider: version.wider.iter().map(Into::into).collect(),
            differs: version.differs.iter().map(Into::into).collect(),
            signature: (&version.provenance).into(),
            note: version.note.clone(),
            documents: card.documents.clone(),
            base_url: card.egress.base_url.clone(),
            discovery: card.egress.discovery.as_ref().map(|discovery| DiscoveryView {
                url: discovery.url.clone(),
                site_suffixes: discovery.site_suffixes.clone(),
            }),
            allowed: allowed.collect(),
            auth: auth.collect(),
            delivery: delivery.to_owned(),
            settings: card.settings.iter().map(Into::into).collect(),
            scenarios: card.scenarios.iter().map(|row| row.name.clone()).collect(),
            scenario_table: Table::of(&card.scenarios).rows().iter().map(Into::into).collect(),
            budgets: budgets(card),
            limits: card.into(),
            reconciles: card.reconciles,
            memory_mib: card.limits.memory_mib,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginList {
    pub plugins: Vec<PluginView>,
    /// Files of the plugins folder, and kept versions, that cannot be used.
    pub refused: Vec<RefusedFileView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RefusedFile)]
pub struct RefusedFileView {
    pub file: String,
    pub problem: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Activate)]
pub struct ActivateBody {
    pub digest: String,
    /// Yes to everything that the card asks for beyond the active version's.
    #[serde(default)]
    pub accept_wider: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Activated)]
pub struct ActivatedView {
    pub plugin: String,
    pub digest: String,
    pub version: String,
    pub former: Option<String>,
    /// The connections that answered the new version.
    pub probed: Vec<String>,
}

impl From<Activated> for ActivatedView {
    fn from(activated: Activated) -> Self {
        Self {
            plugin: activated.plugin.to_string(),
            digest: activated.digest.to_string(),
            version: activated.version,
            former: activated.former.map(|former| former.to_string()),
            probed: activated.probed.iter().map(ToString::to_string).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Shadow)]
pub struct ShadowBody {
    pub digest: String,
    /// How many of the last tasks are planned, by both versions.
    pub tasks: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ShadowTask)]
pub struct ShadowTaskView {
    pub task: String,
    pub number: String,
    pub connection: String,
    /// A sentence for each difference.
    pub differences: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ShadowReport)]
pub struct ShadowView {
    pub digest: String,
    /// The version that it was held against.
    pub active: String,
    pub compared: usize,
    /// Neither version can plan them now.
    pub not_planned: usize,
    pub differing: Vec<ShadowTaskView>,
    /// Requests that went out, all of them reads, and how often an answer was used again.
    pub reads: u64,
    pub replayed: u64,
}

impl From<ShadowReport> for ShadowView {
    fn from(report: ShadowReport) -> Self {
        let differing = report.differing.into_iter().map(|one| ShadowTaskView {
            task: one.task.to_string(),
            number: one.number,
            connection: one.connection.to_string(),
            differences: one.differences,
        });
        Self {
            digest: report.digest.to_string(),
            active: report.active.to_string(),
            compared: report.compared,
            not_planned: report.not_planned,
            differing: differing.collect(),
            reads: report.reads,
            replayed: report.replayed,
        }
    }
}
