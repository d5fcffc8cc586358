//! The API's JSON shapes, one file a noun. Domain values are converted here once; clients in Rust read the
//! same types. Enums are open strings: clients must accept words they do not know.

mod adjust;
mod audit_log;
mod authorize;
mod auto_sync;
mod catalog;
mod command;
mod connection;
mod entity;
mod follow_up;
mod ignore;
mod journal;
mod link;
mod money;
mod notice;
mod order;
mod plan;
mod plugin;
mod product;
mod program;
mod resolve;
mod rule;
mod run;
mod statement;
mod summary;
mod task;
mod time;
mod user;

pub(crate) use adjust::pointer;
pub use adjust::{
    AddedLineView, AdjustBody, AdjustedLineView, AdjustmentsView, DecideBody, LineSetView, PeriodSet, ProposalView,
};
pub use audit_log::{AuditCheckView, AuditRecordView, BadRecordView};
pub use authorize::{SignInAnswer, SignInBegun, SignInView, TenantChoice, TenantView};
pub use auto_sync::{GoesView, SwitchBody, SwitchPage, SwitchView};
pub(crate) use catalog::levels_name;
pub use catalog::{
    CatalogChangeView, CatalogHeldView, CatalogNoteView, CatalogOptionList, CatalogOptionView, CatalogPreviewBody,
    CatalogResellerPage, CatalogResellerView, CatalogRunPage, CatalogRunView, CatalogScope, CatalogSyncBody,
    CatalogTurnView, CatalogUndoBody, PresetBody, PresetList, PresetRemoved, PresetView,
};
pub use command::{PlanBody, ReconcileBody, SyncBody};
pub use connection::{AutoSyncView, ConnectionPage, ConnectionView, RulesView, SecretView, StateChange};
pub(crate) use connection::{ROUNDINGS, rounding_name};
pub use entity::{AccountView, DraftBody, EntityList, EntityView};
pub use follow_up::{AwaitedView, FollowUpList, FollowUpView};
pub use ignore::{
    AmountRange, IgnoreAnswer, IgnoreBody, IgnoreManyBody, SkippedView, TaskChoice, UnignoreAnswer, UnignoreBody,
    UntilBody, UntilChoice,
};
pub use journal::{AuditList, AuditView, ExchangeList, ExchangeView};
pub use link::{
    LinkAnswer, LinkBody, LinkImport, LinkImportAnswer, LinkPage, LinkRowView, LinkTargetView, LinkView, ReasonView,
    SuggestedFor, SuggestionList, SuggestionView, TouchedView,
};
pub use money::{MoneyView, totals_by_currency};
pub use notice::{NoticePage, NoticeView};
pub use order::{OrderLineView, OrderView, PeriodView};
pub use plan::{
    ChangeView, FieldView, FindingView, ObservedLineView, ObservedView, OmissionView, PlanLineView, PlanView,
    ReceiptView, StoredReceiptView,
};
pub use plugin::{
    ActivateBody, ActivatedView, AllowedView, AuthView, BudgetView, DifferenceView, DiscoveryView, LimitsView,
    PluginList, PluginView, RefusedFileView, ScenarioView, SettingView, ShadowBody, ShadowTaskView, ShadowView,
    SignatureView, WideningView,
};
pub use product::{ProductPage, ProductSyncBody, ProductView};
pub use program::{
    BucketView, LastRunView, MappingAnswer, MappingBody, MappingImport, MappingImportAnswer, MappingPage,
    MappingRowView, MappingView, MotionList, MotionMoneyView, MotionView, PeriodMoneyView, ProgramAnswer, ProgramBody,
    ProgramList, ProgramMoney, ProgramRow, ProgramView,
};
pub use resolve::{LookView, ResolveBody, SentView, UncertainChangeView, UncertainView};
pub use rule::{RuleAnswer, RuleBody, RuleList, RulePreview, RuleRemoved, RuleView};
pub use run::{CheckBody, DaysView, ProblemView, RunPage, RunView};
pub use statement::{RecordView, StatementDetail, StatementPage, StatementSumView, StatementView};
pub use summary::Summary;
pub use task::{
    DocumentValueView, FailureView, IgnoredView, NeedView, StateTotal, TaskDetail, TaskPage, TaskView, WaitsForView,
    totals_by_state,
};

pub use time::{Day, Time};
pub use user::{TokenBody, TokenMade, UserBody, UserChange, UserList, UserRemoved, UserView};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

fn attributes(pairs: &[(String, String)]) -> BTreeMap<String, String> {
    pairs.iter().cloned().collect()
}

/// Where a page ends: opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PageEnd(pub(crate) String, pub(crate) String);

impl PageEnd {
    pub(crate) fn encode(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{}\n{}", self.0, self.1))
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (first, second) = text.split_once('\n')?;
        Some(Self(first.to_owned(), second.to_owned()))
    }
}
