//! Owns how a simulated Syncro is set up: the account, its tokens, what it assumes about billing, and how it misbehaves.
//!
//! Does not own the records that grow in it. Switches and rules are read as they stand from the control endpoints: what is
//! not said there has its default.

use serde::Deserialize;

use super::budget::RateWindow;

/// One account with the tokens that may call.
#[derive(Debug, Clone)]
pub struct SyncroConfig {
    pub subdomain: String,
    pub user: String,
    pub tokens: Vec<Token>,
    /// As `GET /settings` tells it: a symbol, never a code.
    pub currency_symbol: String,
    pub time_zone: String,
    /// East of Greenwich; recurring invoices run at 06:00 there.
    pub utc_offset_minutes: i32,
    /// Whom product SKUs may be of.
    pub vendors: Vec<(i64, String)>,
    /// Of the first invoice that a recurring one makes.
    pub first_number: i64,
    pub page_size: usize,
    /// None: calls are not counted.
    pub budget: Option<RateWindow>,
    pub rules: BillingRules,
    pub switches: Switches,
}

impl Default for SyncroConfig {
    fn default() -> Self {
        Self {
            subdomain: "acme".to_owned(),
            user: "Joe Doe".to_owned(),
            tokens: vec![Token::full("token")],
            currency_symbol: "$".to_owned(),
            time_zone: "America/Los_Angeles".to_owned(),
            utc_offset_minutes: -8 * 60,
            vendors: vec![(1, "Crayon".to_owned())],
            first_number: 10_001,
            page_size: 25,
            budget: None,
            rules: BillingRules::default(),
            switches: Switches::default(),
        }
    }
}

impl SyncroConfig {
    /// "-08:00".
    pub(crate) fn time_offset(&self) -> String {
        let minutes = self.utc_offset_minutes;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

/// A technician's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub secret: String,
    pub permissions: Vec<Permission>,
    /// A restricted technician sees nothing of the others, and is not told so.
    pub only_customers: Option<Vec<i64>>,
}

impl Token {
    /// May do everything.
    #[must_use]
    pub fn full(secret: &str) -> Self {
        Self::with(secret, &Permission::ALL)
    }

    #[must_use]
    pub fn with(secret: &str, permissions: &[Permission]) -> Self {
        Self { secret: secret.to_owned(), permissions: permissions.to_vec(), only_customers: None }
    }
}

/// A tick of the token's custom permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    CustomersList,
    CustomersView,
    CustomersCreate,
    CustomersDelete,
    ProductsList,
    ProductsCreate,
    ProductsEdit,
    RecurringList,
    RecurringNew,
    RecurringEdit,
    RecurringDelete,
    InvoicesList,
    InvoicesView,
    InvoicesCreate,
    InvoicesEdit,
    InvoicesDelete,
    GlobalAdmin,
}

impl Permission {
    pub const ALL: [Self; 17] = [
        Self::CustomersList,
        Self::CustomersView,
        Self::CustomersCreate,
        Self::CustomersDelete,
        Self::ProductsList,
        Self::ProductsCreate,
        Self::ProductsEdit,
        Self::RecurringList,
        Self::RecurringNew,
        Self::RecurringEdit,
        Self::RecurringDelete,
        Self::InvoicesList,
        Self::InvoicesView,
        Self::InvoicesCreate,
        Self::InvoicesEdit,
        Self::InvoicesDelete,
        Self::GlobalAdmin,
    ];

    /// What tools that write recurring invoices and products ask for.
    pub const LEAST: [Self; 11] = [
        Self::CustomersList,
        Self::CustomersView,
        Self::ProductsList,
        Self::ProductsCreate,
        Self::ProductsEdit,
        Self::RecurringList,
        Self::RecurringEdit,
        Self::InvoicesList,
        Self::InvoicesView,
        Self::InvoicesCreate,
        Self::InvoicesEdit,
    ];
}

/// What public material leaves open about the engine that makes invoices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BillingRules {
    pub one_time: OneTime,
    pub month_end: MonthEnd,
    pub dead_products: DeadProducts,
    /// A recurring invoice without lines makes an empty invoice.
    pub blank_invoices: bool,
}

/// What becomes of a one-time line that was billed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneTime {
    #[default]
    Removed,
    KeptAtZero,
    /// It stays as it is, and is never billed again whatever is written to it.
    KeptBilled,
}

/// The month after the one that a day does not exist in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonthEnd {
    /// 31 January, 28 February, 28 March.
    #[default]
    Drifts,
    /// 31 January, 28 February, 31 March.
    Anchored,
}

/// Lines whose product was disabled or deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadProducts {
    #[default]
    Billed,
    Skipped,
}

/// Misbehaviour and what public material leaves open about the API, switched while it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    pub lacking: Lacking,
    pub meta: Meta,
    pub numbers: Numbers,
    /// Lists begin with the newest: what is added meanwhile moves the pages.
    pub newest_first: bool,
    /// Products, customers and invoices younger than this are in no list; reading one by its id shows it.
    pub list_lag_seconds: i64,
    /// A line younger than this is not among its recurring invoice's `lines`.
    pub line_lag_seconds: i64,
    pub schedules_listed_without_lines: bool,
    pub next_run: NextRun,
    /// What a PUT does not say stays, which public material says it does not.
    pub put_keeps_omitted: bool,
    pub disabled_products_hidden: bool,
    pub deleted_product: DeletedProduct,
    pub missing_barcode: DeletedProduct,
    pub name_filter: NameFilter,
    pub duplicate_upc: Taken,
    /// Prices of products are rounded to so many places.
    pub price_places: Option<u32>,
    pub quantity_places: Option<u32>,
    pub cents: Cents,
    pub negative_prices: Taken,
    /// A line that names a product that is not there.
    pub dead_product: Dead,
    pub line_price: LinePrice,
    /// `PUT` of a recurring line answers as if it had been done.
    pub line_updates_ignored: bool,
    pub remove_body: RemoveBody,
    pub remove_answer: RemoveAnswer,
    pub remove_failure: RemoveFailure,
    pub duplicate_number: Taken,
    /// `GET /invoices/{id}` tries the number before the id.
    pub number_before_id: bool,
    pub schedule_id_hidden: bool,
    /// Recurring invoices run when the clock says so, before the next call is answered.
    pub runs_by_itself: bool,
}

/// What a token without the permission for a list is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    #[default]
    Forbidden,
    /// 200 and an empty list; everything else is forbidden all the same.
    Silent,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meta {
    /// Customers all of it (with a page size that is not theirs), invoices part of it, products and schedules none.
    #[default]
    AsSampled,
    Missing,
    /// `total_pages` and `page`.
    Partly,
    Full,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// Quantities and totals are strings, prices and cents numbers.
    #[default]
    AsSampled,
    Strings,
    Plain,
}

/// How the day of the next run is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextRun {
    /// `2026-12-01T00:00:00.000Z`
    #[default]
    Midnight,
    /// `2026-12-01T00:00:00.000+10:00`, which is another day in Greenwich.
    LocalMidnight,
    /// `2026-12-01`
    Day,
}

/// What is not there any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletedProduct {
    /// 404 without a body.
    #[default]
    NotFound,
    /// 200 and `null`.
    Null,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameFilter {
    #[default]
    Contains,
    Exact,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    #[default]
    Accepted,
    Refused,
}

/// Cents that are not whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cents {
    #[default]
    Truncated,
    Refused,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dead {
    #[default]
    Refused,
    Kept,
}

/// The price of a line that names a product and no cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinePrice {
    #[default]
    Zero,
    FromProduct,
}

/// What `remove_line_item` understands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoveBody {
    /// `{"line_item_id": N}`, as a working client sends it.
    #[default]
    Object,
    /// `N`, as the vendor's description types it.
    Bare,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoveAnswer {
    #[default]
    Empty,
    /// `{"success":true}`
    Success,
}

/// A line that is not there to be removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoveFailure {
    #[default]
    NotFound,
    /// As if it had been removed.
    SaysDone,
}
