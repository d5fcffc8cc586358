//! Stored form of catalog sync: runs, each reseller's turn with its changes, presets.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::catalog::id::{
    ExpirationScheduleId, NotificationScheduleId, NotificationTemplateId, PlanCategoryId, PlanPeriodId,
    ResourceCategoryId, ResourceId, RoleId, SalesCategoryId, ServicePlanId, TemplateId, TermsId, UsageStatisticsId,
};
use counterfoil_domain::catalog::{
    CatalogRun, CatalogRunKind, CatalogStep, Cause, Change, ChangeKind, DelegatedPeriod, DelegatedPlan, DelegatedRate,
    DelegatedSalesCategory, Delta, Depth, DisplayPolicy, Edit, FlowStep, HeldBack, Limits, Local, NamedCategory, Note,
    NotificationSchedule, Options, PeriodFee, Preset, RateFee, Reason, Role, SalesCategoryDetails, Schedule, Scope,
    Standing, StepState, SyncOption, SyncOrder, TermsSetting, Upstream,
};
use counterfoil_domain::id::{Actor, CatalogVersion, MarketplaceId, ResellerId, RunId};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::OrderType;
use counterfoil_domain::period::Cycle;
use counterfoil_domain::run::RunState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::basic::{stored_as_is, stored_ids, stored_names};
use super::{Bad, Record, Stored, stored_struct};

stored_as_is!(i32);

stored_ids!(
    CatalogVersion,
    ExpirationScheduleId,
    NotificationScheduleId,
    NotificationTemplateId,
    PlanCategoryId,
    PlanPeriodId,
    ResourceCategoryId,
    ResourceId,
    RoleId,
    SalesCategoryId,
    ServicePlanId,
    TemplateId,
    TermsId,
    UsageStatisticsId,
);

stored_names!(CatalogRunKind, Cause, ChangeKind, Depth, DisplayPolicy, PeriodFee, RateFee, Reason, SyncOption,);

/// Maps and sets as lists, in their order.
macro_rules! stored_lists {
    ($($ty:ty as [$item:ty]),+ $(,)?) => {$(
        impl Stored for $ty {
            type Row = Vec<<$item as Stored>::Row>;

            fn to_row(&self) -> Self::Row {
                self.clone().into_iter().map(|item: $item| item.to_row()).collect()
            }

            fn from_row(row: Self::Row) -> Result<Self, Bad> {
                row.into_iter().map(<$item>::from_row).collect()
            }
        }
    )+};
}

stored_lists!(
    BTreeMap<PeriodFee, Local<Money>> as [(PeriodFee, Local<Money>)],
    BTreeMap<RateFee, Local<Money>> as [(RateFee, Local<Money>)],
    BTreeMap<PlanPeriodId, DelegatedPeriod> as [(PlanPeriodId, DelegatedPeriod)],
    BTreeMap<ResourceId, DelegatedRate> as [(ResourceId, DelegatedRate)],
    BTreeSet<SalesCategoryId> as [SalesCategoryId],
    BTreeSet<ResellerId> as [ResellerId],
    BTreeSet<String> as [String],
);

impl<T: Stored> Stored for Box<T> {
    type Row = T::Row;

    fn to_row(&self) -> T::Row {
        T::to_row(self)
    }

    fn from_row(row: T::Row) -> Result<Self, Bad> {
        T::from_row(row).map(Box::new)
    }
}

impl<T: Stored> Stored for Local<T> {
    type Row = (T::Row, bool);

    fn to_row(&self) -> Self::Row {
        (self.value.to_row(), self.own)
    }

    fn from_row((value, own): Self::Row) -> Result<Self, Bad> {
        Ok(Self { value: T::from_row(value)?, own })
    }
}

impl<T: Stored> Stored for Delta<T> {
    type Row = (T::Row, T::Row);

    fn to_row(&self) -> Self::Row {
        (self.before.to_row(), self.after.to_row())
    }

    fn from_row((before, after): Self::Row) -> Result<Self, Bad> {
        Ok(Self { before: T::from_row(before)?, after: T::from_row(after)? })
    }
}

impl Stored for Options {
    type Row = Vec<String>;

    fn to_row(&self) -> Self::Row {
        self.iter().map(|option| option.name().to_owned()).collect()
    }

    fn from_row(row: Self::Row) -> Result<Self, Bad> {
        Ok(Vec::<SyncOption>::from_row(row)?.into_iter().collect())
    }
}

impl Stored for Upstream {
    /// Nobody: the provider itself.
    type Row = Option<String>;

    fn to_row(&self) -> Self::Row {
        match self {
            Self::Provider => None,
            Self::Reseller(above) => Some(above.to_row()),
        }
    }

    fn from_row(row: Self::Row) -> Result<Self, Bad> {
        Ok(row.map_or(Self::Provider, |above| Self::Reseller(ResellerId::new(above))))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScopeRow {
    One(String),
    Selection(Vec<String>),
    Template(String),
}

impl Stored for Scope {
    type Row = ScopeRow;

    fn to_row(&self) -> ScopeRow {
        match self {
            Self::One(id) => ScopeRow::One(id.to_row()),
            Self::Selection(ids) => ScopeRow::Selection(ids.to_row()),
            Self::Template(id) => ScopeRow::Template(id.to_row()),
        }
    }

    fn from_row(row: ScopeRow) -> Result<Self, Bad> {
        Ok(match row {
            ScopeRow::One(id) => Self::One(ResellerId::from_row(id)?),
            ScopeRow::Selection(ids) => Self::Selection(BTreeSet::from_row(ids)?),
            ScopeRow::Template(id) => Self::Template(TemplateId::from_row(id)?),
        })
    }
}

stored_struct!(Limits as LimitsRow { included: Decimal, minimum: Decimal, maximum: Option<Decimal> });
stored_struct!(DelegatedRate as DelegatedRateRow {
    prices: BTreeMap<RateFee, Local<Money>>,
    limits: Limits,
    for_sale: bool,
});
stored_struct!(DelegatedPeriod as DelegatedPeriodRow {
    length: Cycle,
    fees: BTreeMap<PeriodFee, Local<Money>>,
    expiration_schedule: Option<ExpirationScheduleId>,
});
stored_struct!(DelegatedPlan as DelegatedPlanRow {
    name: String,
    published: bool,
    disabled_by_provider: bool,
    confirmation_needed: bool,
    plan_category: Option<PlanCategoryId>,
    sales_categories: BTreeSet<SalesCategoryId>,
    expiration_schedule: Option<ExpirationScheduleId>,
    notification_schedule: Option<NotificationScheduleId>,
    usage_statistics: Option<UsageStatisticsId>,
    periods: BTreeMap<PlanPeriodId, DelegatedPeriod>,
    rates: BTreeMap<ResourceId, DelegatedRate>,
});
stored_struct!(Standing as StandingRow { published: bool, disabled_by_provider: bool });
stored_struct!(Schedule as ScheduleRow { name: String, steps: Vec<(i32, String)> });
stored_struct!(NotificationSchedule as NotificationScheduleRow {
    name: String,
    steps: Vec<(i32, NotificationTemplateId)>,
});
stored_struct!(SalesCategoryDetails as SalesCategoryDetailsRow { name: String, description: String, position: u32 });
stored_struct!(DelegatedSalesCategory as DelegatedSalesCategoryRow {
    details: SalesCategoryDetails,
    display: Local<bool>,
});
stored_struct!(NamedCategory as NamedCategoryRow { name: String, description: String });
stored_struct!(FlowStep as FlowStepRow { name: String, manual: bool });
stored_struct!(Role as RoleRow { name: String, privileges: BTreeSet<String> });
stored_struct!(TermsSetting as TermsSettingRow { name: String, text: String, required: bool });

/// A domain enum whose members have named fields, under the members' names.
macro_rules! stored_enum {
    ($ty:ident as $row:ident { $($member:ident { $($field:ident : $fty:ty),+ $(,)? }),+ $(,)? }) => {
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub(crate) enum $row { $($member { $($field: <$fty as Stored>::Row),+ }),+ }

        impl Stored for $ty {
            type Row = $row;

            fn to_row(&self) -> $row {
                match self { $(Self::$member { $($field),+ } => $row::$member { $($field: $field.to_row()),+ }),+ }
            }

            fn from_row(row: $row) -> Result<Self, Bad> {
                Ok(match row {
                    $($row::$member { $($field),+ } => Self::$member {
                        $($field: Stored::from_row($field).map_err(|bad| bad.inside(stringify!($field)))?),+
                    }),+
                })
            }
        }
    };
}

stored_enum!(Edit as EditRow {
    Plan { plan: ServicePlanId, to: Delta<Option<Box<DelegatedPlan>>> },
    Standing { plan: ServicePlanId, to: Delta<Standing> },
    Confirmation { plan: ServicePlanId, to: Delta<bool> },
    Period { plan: ServicePlanId, period: PlanPeriodId, to: Delta<Option<DelegatedPeriod>> },
    PlanFee { plan: ServicePlanId, period: PlanPeriodId, fee: PeriodFee, to: Delta<Option<Local<Money>>> },
    ExpirationSchedule { schedule: ExpirationScheduleId, to: Delta<Option<Schedule>> },
    PlanExpiration { plan: ServicePlanId, to: Delta<Option<ExpirationScheduleId>> },
    PeriodExpiration { plan: ServicePlanId, period: PlanPeriodId, to: Delta<Option<ExpirationScheduleId>> },
    SalesCategory { category: SalesCategoryId, to: Delta<Option<DelegatedSalesCategory>> },
    SalesCategoryDetails { category: SalesCategoryId, to: Delta<SalesCategoryDetails> },
    DisplayCategory { category: SalesCategoryId, to: Delta<Local<bool>> },
    PlanSalesCategories { plan: ServicePlanId, to: Delta<BTreeSet<SalesCategoryId>> },
    PlanCategory { category: PlanCategoryId, to: Delta<Option<NamedCategory>> },
    PlanInCategory { plan: ServicePlanId, to: Delta<Option<PlanCategoryId>> },
    ResourceCategory { category: ResourceCategoryId, to: Delta<Option<NamedCategory>> },
    Grouping { resource: ResourceId, to: Delta<Option<ResourceCategoryId>> },
    NotificationSchedule { schedule: NotificationScheduleId, to: Delta<Option<NotificationSchedule>> },
    PlanNotification { plan: ServicePlanId, to: Delta<Option<NotificationScheduleId>> },
    UsageStatistics { plan: ServicePlanId, to: Delta<Option<UsageStatisticsId>> },
    Rate { plan: ServicePlanId, resource: ResourceId, to: Delta<Option<DelegatedRate>> },
    RatePrice { plan: ServicePlanId, resource: ResourceId, fee: RateFee, to: Delta<Option<Local<Money>>> },
    RateLimits { plan: ServicePlanId, resource: ResourceId, to: Delta<Limits> },
    SaleAvailability { plan: ServicePlanId, resource: ResourceId, to: Delta<bool> },
    OrderFlow { order_type: OrderType, to: Delta<Option<Vec<FlowStep>>> },
    Role { role: RoleId, to: Delta<Option<Role>> },
    Terms { terms: TermsId, to: Delta<Option<TermsSetting>> },
});

stored_enum!(Note as NoteRow {
    HiddenTemplate {
        schedule: NotificationScheduleId,
        schedule_name: String,
        template: NotificationTemplateId,
        name: String,
    },
    PublishedDiffers { plan: ServicePlanId, name: String, provider: bool },
    PlanNameDiffers { plan: ServicePlanId, provider: String, reseller: String },
    PeriodGone { plan: ServicePlanId, name: String, period: PlanPeriodId },
    PeriodLengthDiffers { plan: ServicePlanId, name: String, period: PlanPeriodId },
    ExpirationScheduleDiffers { name: String },
    AwaitsConfirmation { plan: ServicePlanId, name: String },
});

stored_struct!(Change as ChangeRow { edit: Edit, option: SyncOption, reason: Reason, subject: String });
stored_struct!(HeldBack as HeldBackRow { kind: ChangeKind, cause: Cause, options: Options, changes: Vec<Change> });

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StepStateRow {
    Compared,
    Sending { read: String, wanted: String },
    Written { read: String, written: String },
    Nothing,
    Refused { why: String },
    Failed { why: String },
    TakenBack { left: Vec<String> },
}

impl Stored for StepState {
    type Row = StepStateRow;

    fn to_row(&self) -> StepStateRow {
        match self {
            Self::Compared => StepStateRow::Compared,
            Self::Sending { read, wanted } => StepStateRow::Sending { read: read.to_row(), wanted: wanted.to_row() },
            Self::Written { read, written } => StepStateRow::Written { read: read.to_row(), written: written.to_row() },
            Self::Nothing => StepStateRow::Nothing,
            Self::Refused { why } => StepStateRow::Refused { why: why.to_row() },
            Self::Failed { why } => StepStateRow::Failed { why: why.to_row() },
            Self::TakenBack { left } => StepStateRow::TakenBack { left: left.to_row() },
        }
    }

    fn from_row(row: StepStateRow) -> Result<Self, Bad> {
        let version = CatalogVersion::new;
        Ok(match row {
            StepStateRow::Compared => Self::Compared,
            StepStateRow::Sending { read, wanted } => Self::Sending { read: version(read), wanted },
            StepStateRow::Written { read, written } => Self::Written { read: version(read), written: version(written) },
            StepStateRow::Nothing => Self::Nothing,
            StepStateRow::Refused { why } => Self::Refused { why },
            StepStateRow::Failed { why } => Self::Failed { why },
            StepStateRow::TakenBack { left } => Self::TakenBack { left },
        })
    }
}

stored_struct!(SyncOrder as SyncOrderRow { scope: Scope, depth: Depth, options: Options, display: DisplayPolicy });
stored_struct!(CatalogRun as CatalogRunRow {
    id: RunId,
    reseller: ResellerId,
    marketplace: MarketplaceId,
    kind: CatalogRunKind,
    of: Option<RunId>,
    order: SyncOrder,
    state: RunState,
    asked_by: Actor,
    asked_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    total: Option<u64>,
    done: u64,
    notes: Vec<String>,
    problem: Option<String>,
});
stored_struct!(CatalogStep as CatalogStepRow {
    run: RunId,
    place: u64,
    reseller: ResellerId,
    upstream: Upstream,
    template: TemplateId,
    level: u64,
    state: StepState,
    digest: String,
    changes: Vec<Change>,
    held: Vec<HeldBack>,
    notes: Vec<Note>,
});
stored_struct!(Preset as PresetRow {
    reseller: ResellerId,
    name: String,
    options: Options,
    display: DisplayPolicy,
    by: Actor,
    at: DateTime<Utc>,
});

impl Record for CatalogRun {
    const WHAT: &'static str = "catalog run";
}

impl Record for CatalogStep {
    const WHAT: &'static str = "catalog step";
}

impl Record for Preset {
    const WHAT: &'static str = "preset";
}
