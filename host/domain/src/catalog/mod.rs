//! Catalog sync: a provider's service plans to its resellers, by options. Owns what a catalog is, what differs between
//! two of them, which option sends which difference, and how a set of changes is made and taken back. Owns no file, no
//! store and no list of resellers: those come in as arguments.

pub mod apply;
pub mod cascade;
pub mod change;
pub mod delegated;
pub mod diff;
pub mod edit;
pub mod held;
pub mod id;
pub mod interaction;
mod merge;
pub mod model;
pub mod options;
pub mod provider;
pub mod run;
mod say;
pub mod scope;

pub use apply::{Moved, MovedWhy, Stale, Undo, Undone, apply};
pub use cascade::as_provider;
pub use change::{Change, ChangeKind, ChangeSet, Reason};
pub use delegated::{
    DelegatedPeriod, DelegatedPlan, DelegatedRate, DelegatedSalesCategory, Local, PriceSync, ResellerCatalog,
};
pub use diff::diff;
pub use edit::{Delta, Edit, Standing};
pub use held::{Cause, HeldBack, Note};
pub use interaction::{INTERACTIONS, Interaction};
pub use model::{
    Fees, FlowStep, Limits, NamedCategory, NotificationSchedule, NotificationTemplate, OrderFlow, PeriodFee,
    PlanPeriod, Prices, ProviderCatalog, RateFee, Resource, ResourceRate, Role, SalesCategory, SalesCategoryDetails,
    Schedule, ServicePlan, ServiceTemplate, TermsSetting,
};
pub use options::{OptionGroup, Options, SyncOption};
pub use provider::{Broken, DisplayPolicy, Provider};
pub use run::{CatalogRun, CatalogRunKind, CatalogStep, Landed, Preset, StepState, SyncOrder, Wanted};
pub use scope::{Depth, Node, Scope, ScopeError, Step, Steps, Upstream, resolve};
