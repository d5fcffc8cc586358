//! Owns reading an organisation's settings: accounts, tax rates, currencies, tracking, branding, itself.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::answer::{Answer, Envelope, Refusal};
use super::call::Call;
use super::dates;
use super::filter::Value;
use super::json::Json;
use super::model::{Account, TaxRate, TrackingCategory};
use super::org::{Org, default_sales_tax};

/// What passes the call's `where`, shown.
fn shown<T>(
    call: &Call,
    all: &[T],
    field: impl Fn(&T, &str) -> Option<Value>,
    show: impl Fn(&T) -> Json,
) -> Result<Vec<Json>, Refusal> {
    let filter = call.filter()?;
    let mut list = Vec::new();
    for one in all {
        let passes = match &filter {
            Some(filter) => filter.passes(&|name| field(one, name))?,
            None => true,
        };
        if passes {
            list.push(show(one));
        }
    }
    Ok(list)
}

pub(crate) fn accounts(org: &Org, call: &Call, envelope: &Envelope) -> Result<Answer, Refusal> {
    let field = |account: &Account, name: &str| {
        Some(match name {
            "Code" => account.code.as_str().into(),
            "Name" => account.name.as_str().into(),
            "Type" => account.account_type.as_str().into(),
            "Class" => account.class.as_str().into(),
            "Status" => account_status(account).into(),
            "SystemAccount" => account.system_account.as_ref().into(),
            "TaxType" => account.tax_type.as_str().into(),
            _ => return None,
        })
    };
    Ok(envelope.list("Accounts", shown(call, &org.accounts, field, |one| account(one, call.now))?))
}

fn account_status(account: &Account) -> &'static str {
    if account.archived { "ARCHIVED" } else { "ACTIVE" }
}

fn account(account: &Account, now: DateTime<Utc>) -> Json {
    Json::object([
        ("AccountID", (&account.id).into()),
        ("Code", (&account.code).into()),
        ("Name", (&account.name).into()),
        ("Status", account_status(account).into()),
        ("Type", (&account.account_type).into()),
        ("TaxType", (&account.tax_type).into()),
        ("Class", (&account.class).into()),
        ("SystemAccount", account.system_account.as_ref().into()),
        ("EnablePaymentsToAccount", false.into()),
        ("ShowInExpenseClaims", false.into()),
        ("BankAccountType", (account.account_type == "BANK").then_some("BANK").into()),
        ("HasAttachments", false.into()),
        ("UpdatedDateUTC", dates::instant(now)),
    ])
}

pub(crate) fn account_by_id(org: &Org, call: &Call, envelope: &Envelope, id: &str) -> Result<Answer, Refusal> {
    let found = org.accounts.iter().find(|account| account.id == id || account.code == id).ok_or(Refusal::NotFound)?;
    Ok(envelope.list("Accounts", vec![account(found, call.now)]))
}

pub(crate) fn tax_rates(org: &Org, call: &Call, envelope: &Envelope) -> Result<Answer, Refusal> {
    let field = |rate: &TaxRate, name: &str| {
        Some(match name {
            "TaxType" => rate.tax_type.as_str().into(),
            "Name" => rate.name.as_str().into(),
            "Status" => (if rate.active { "ACTIVE" } else { "ARCHIVED" }).into(),
            "CanApplyToRevenue" => Value::Flag(rate.can_apply_to_revenue),
            _ => return None,
        })
    };
    Ok(envelope.list("TaxRates", shown(call, &org.tax_rates, field, tax_rate)?))
}

fn tax_rate(rate: &TaxRate) -> Json {
    let component = Json::object([
        ("Name", "Tax".into()),
        ("Rate", rate.rate.into()),
        ("IsCompound", false.into()),
        ("IsNonRecoverable", false.into()),
    ]);
    Json::object([
        ("Name", (&rate.name).into()),
        ("TaxType", (&rate.tax_type).into()),
        ("CanApplyToAssets", true.into()),
        ("CanApplyToEquity", true.into()),
        ("CanApplyToExpenses", rate.can_apply_to_expenses.into()),
        ("CanApplyToLiabilities", true.into()),
        ("CanApplyToRevenue", rate.can_apply_to_revenue.into()),
        ("DisplayTaxRate", rate.rate.into()),
        ("EffectiveRate", rate.rate.into()),
        ("Status", (if rate.active { "ACTIVE" } else { "ARCHIVED" }).into()),
        ("TaxComponents", Json::List(vec![component])),
    ])
}

pub(crate) fn currencies(org: &Org, envelope: &Envelope) -> Answer {
    let enabled = std::iter::once(&org.config.base_currency).chain(&org.config.currencies);
    let show = |code: &String| Json::object([("Code", code.into()), ("Description", code.into())]);
    envelope.list("Currencies", enabled.map(show).collect())
}

pub(crate) fn tracking(org: &Org, call: &Call, envelope: &Envelope) -> Result<Answer, Refusal> {
    let field = |category: &TrackingCategory, name: &str| {
        Some(match name {
            "Name" => category.name.as_str().into(),
            "Status" => "ACTIVE".into(),
            _ => return None,
        })
    };
    let show = |category: &TrackingCategory| {
        let option = |(id, name): &(String, String)| {
            Json::object([("TrackingOptionID", id.into()), ("Name", name.into()), ("Status", "ACTIVE".into())])
        };
        Json::object([
            ("TrackingCategoryID", (&category.id).into()),
            ("Name", (&category.name).into()),
            ("Status", "ACTIVE".into()),
            ("Options", Json::List(category.options.iter().map(option).collect())),
        ])
    };
    Ok(envelope.list("TrackingCategories", shown(call, &org.tracking, field, show)?))
}

pub(crate) fn branding_themes(org: &Org, call: &Call, envelope: &Envelope) -> Answer {
    let show = |(at, (id, name)): (usize, &(String, String))| {
        Json::object([
            ("BrandingThemeID", id.into()),
            ("Name", name.into()),
            ("SortOrder", Json::Number(Decimal::from(at))),
            ("CreatedDateUTC", dates::instant(call.now)),
        ])
    };
    envelope.list("BrandingThemes", org.branding.iter().enumerate().map(show).collect())
}

fn version(country: &str) -> &'static str {
    match country {
        "NZ" => "NZ",
        "AU" => "AU",
        "US" => "US",
        "GB" => "UK",
        _ => "GLOBAL",
    }
}

pub(crate) fn organisation(org: &Org, call: &Call, envelope: &Envelope) -> Answer {
    let config = &org.config;
    let shown = Json::object([
        ("OrganisationID", (&config.tenant_id).into()),
        ("Name", (&config.name).into()),
        ("LegalName", (&config.name).into()),
        ("PaysTax", true.into()),
        ("Version", version(&config.country).into()),
        ("OrganisationType", "COMPANY".into()),
        ("OrganisationEntityType", "COMPANY".into()),
        ("BaseCurrency", (&config.base_currency).into()),
        ("CountryCode", (&config.country).into()),
        ("IsDemoCompany", true.into()),
        ("OrganisationStatus", "ACTIVE".into()),
        ("FinancialYearEndDay", Json::whole(31)),
        ("FinancialYearEndMonth", Json::whole(3)),
        ("DefaultSalesTax", default_sales_tax(&config.country).into()),
        ("PeriodLockDate", config.period_lock_date.map(dates::day).into()),
        ("EndOfYearLockDate", config.end_of_year_lock_date.map(dates::day).into()),
        ("CreatedDateUTC", dates::instant(call.now)),
        ("Timezone", (&config.time_zone).into()),
        ("ShortCode", "!sim01".into()),
        ("Class", "DEMO".into()),
        ("Edition", "BUSINESS".into()),
        ("Addresses", Json::List(Vec::new())),
        ("Phones", Json::List(Vec::new())),
        ("ExternalLinks", Json::List(Vec::new())),
    ]);
    envelope.list("Organisations", vec![shown])
}
