//! Owns how a simulated ConnectWise is set up: the tenant, its key, what it assumes about billing, and how it misbehaves.
//!
//! Does not own the records that grow in it. Switches and rules are read as they stand from the control endpoints:
//! what is not said there has its default.

use serde::Deserialize;

/// A version of the model, as in `version=2025.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    pub year: u16,
    pub minor: u16,
}

impl ApiVersion {
    #[must_use]
    pub const fn new(year: u16, minor: u16) -> Self {
        Self { year, minor }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, minor) = text.trim().split_once('.')?;
        Some(Self { year: year.parse().ok()?, minor: minor.parse().ok()? })
    }
}

/// One tenant and the one API key that may call.
#[derive(Debug, Clone)]
pub struct CwConfig {
    /// The login company; the user name of a call is `company_id+public_key`.
    pub company_id: String,
    pub public_key: String,
    pub private_key: String,
    pub client_id: String,
    /// The member behind the key, as `_info.updatedBy` names it.
    pub member: String,
    /// With its slash, as `companyinfo` tells it: `v2025_1/`.
    pub codebase: String,
    pub is_cloud: bool,
    /// What answers without a pin.
    pub newest: ApiVersion,
    pub oldest: ApiVersion,
    /// Fields the tenant made for the additions' screen.
    pub custom_fields: Vec<CustomField>,
    /// 30; older systems take 25.
    pub company_identifier_max: usize,
    pub rules: BillingRules,
    pub switches: Switches,
}

impl Default for CwConfig {
    fn default() -> Self {
        Self {
            company_id: "acme".to_owned(),
            public_key: "public".to_owned(),
            private_key: "private".to_owned(),
            client_id: "6f1c2a34-0d5e-4a7b-9c8d-112233445566".to_owned(),
            member: "apimember".to_owned(),
            codebase: "v2025_1/".to_owned(),
            is_cloud: true,
            newest: ApiVersion::new(2025, 16),
            oldest: ApiVersion::new(2024, 1),
            custom_fields: Vec::new(),
            company_identifier_max: 30,
            rules: BillingRules::default(),
            switches: Switches::default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    pub id: i64,
    pub caption: String,
}

/// What public material leaves open about billing; the defaults are what it suggests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BillingRules {
    /// Default: inclusive.
    pub cancelled_date: CancelledDate,
    /// Default: per line.
    pub prorate_rounding: ProrateRounding,
    /// Default: the first day of the period.
    pub invoice_date: InvoiceDate,
}

/// The date that an invoice bears, and with it `lastInvoiceDate`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceDate {
    #[default]
    PeriodStart,
    /// The day on which somebody made it, however late or early.
    DayOfRun,
}

/// Whether an addition bills on the day of its `cancelledDate`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledDate {
    #[default]
    Inclusive,
    Exclusive,
}

/// Where a prorated amount is rounded half up to the currency's places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProrateRounding {
    #[default]
    PerLine,
    /// The unit price first, then times the quantity.
    PerUnit,
}

/// Misbehaviour and differences between installations, switched while it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    pub is_cloud_as_text: bool,
    pub site_url: SiteUrl,
    /// `v4_6_release/` is not routed to the current code base.
    pub no_router: bool,
    pub old_codebase: OldCodebase,
    pub bad_credentials: BadCredentials,
    pub no_client_id: NoClientId,
    /// Answers everything with "SSL is required.", as a cloud host without `api-` does.
    pub ssl_required: bool,
    pub missing_roles: Vec<Role>,
    /// 1,000 unless told.
    pub page_size_max: Option<usize>,
    pub page_size: PageSizeRule,
    pub link_host: LinkHost,
    pub slash_paths: SlashPaths,
    pub stray_quote: StrayQuote,
    pub unset: Unset,
    /// An addition younger than this is not listed; reading it by id shows it.
    pub list_lag_seconds: Option<i64>,
    /// Also hides such an addition from a read by its id.
    pub lag_by_id: bool,
    pub calls_per_minute: Option<usize>,
    pub too_many: TooMany,
    /// Fields that exist and cannot stand in a condition here.
    pub unfilterable: Vec<String>,
    /// `>=` and `<=` on dates miss the day itself.
    pub day_edges_missed: bool,
    pub serial_number: SerialNumber,
    pub bundles: Bundles,
    /// The recap has no `unbilledPeriods`.
    pub recap_without_unbilled: bool,
    /// `nextInvoiceDate` of an agreement stays what it was when the agreement was made.
    pub stale_next_invoice: bool,
    /// Lists without `orderBy` come in an order of their own; forward-only ones are always by id.
    pub unordered: bool,
    /// The link of a forward-only list is there even behind a short page.
    pub link_after_short_page: bool,
    pub caption_only: CaptionOnly,
    /// A `cancelledDate` before the `effectiveDate` is refused.
    pub ends_before_start_refused: bool,
}

/// A custom field that a body names by its caption, without its id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptionOnly {
    #[default]
    Refused,
    Accepted,
    /// Taken and dropped.
    Dropped,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteUrl {
    /// The address the question came to.
    #[default]
    Served,
    Absent,
    Fixed(String),
}

/// What a code base that is not the current one answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldCodebase {
    #[default]
    NotFound,
    CannotRoute,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadCredentials {
    #[default]
    Unauthorized,
    /// As the cloud's router does.
    NotFound,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoClientId {
    #[default]
    Forbidden,
    BadRequest,
}

/// A right that the key's security role may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    CompanyInquire,
    CompanyAdd,
    CompanyEdit,
    AgreementInquire,
    AgreementAdd,
    AgreementEdit,
    AgreementDelete,
    CatalogInquire,
    CatalogAdd,
    CatalogEdit,
    TableSetupInquire,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageSizeRule {
    /// Larger pages are cut without a word.
    #[default]
    Capped,
    OutOfRange,
}

/// The host that `Link` headers name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkHost {
    /// Another origin than the one that was called.
    #[default]
    WithoutApi,
    Served,
}

/// `/quantity` as the path of a patch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlashPaths {
    #[default]
    Refused,
    Accepted,
}

/// A condition whose quotes do not pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrayQuote {
    #[default]
    Refused,
    /// What cannot be read is skipped, and the rest counts as condition.
    Injects,
}

/// How a field without a value is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unset {
    #[default]
    Missing,
    Null,
    /// Dates are `""`, the others are missing.
    Empty,
}

/// The form of a 429.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TooMany {
    #[default]
    Seconds,
    HttpDate,
    Malformed,
    /// From the proxy in front.
    Html,
}

/// Whether an addition of a product without serial numbers keeps one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SerialNumber {
    #[default]
    Writable,
    /// Taken and dropped.
    OnlySerialized,
}

/// Whether an item of class Bundle may be an addition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bundles {
    #[default]
    Refused,
    Accepted,
}
