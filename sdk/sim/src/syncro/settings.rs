//! Owns what the account tells of itself and of the token's owner; does not own what either is used for.

use super::answer::{Answer, Refusal};
use super::json::{Json, object};
use super::listing::Call;
use super::tenant::Tenant;

pub(crate) fn serve(tenant: &Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    match (call.method, call.path) {
        ("GET", ["settings"]) => Ok(Answer::ok(&settings(tenant))),
        ("GET", ["me"]) => Ok(Answer::ok(&me(tenant, call))),
        _ => Err(Refusal::NoRoute.into()),
    }
}

fn settings(tenant: &Tenant) -> Json {
    let config = &tenant.config;
    let none = || Json::List(Vec::new());
    let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let hours = days.map(|day| {
        object([
            ("day", Json::text(day)),
            ("start", Json::text("09:00")),
            ("end", Json::text("17:00")),
            ("closed", Json::Bool(false)),
        ])
    });
    object([
        (
            "customers",
            object([("required_fields", Json::Null), ("customer_fields", none()), ("customer_field_answers", none())]),
        ),
        (
            "assets",
            object([("asset_types", none()), ("asset_type_fields", none()), ("asset_type_field_answers", none())]),
        ),
        (
            "locale",
            object([
                ("iso_code", Json::text("en")),
                ("currency_symbol", Json::from(&config.currency_symbol)),
                ("date_format", Json::text("mm-dd-yy")),
                ("time_format", Json::text("hh:mm tt")),
                ("time_zone", Json::from(&config.time_zone)),
                ("time_offset", Json::Text(config.time_offset())),
            ]),
        ),
        (
            "ticket",
            object([
                ("ticket_types", none()),
                ("ticket_type_fields", none()),
                ("ticket_type_field_answers", none()),
                ("problem_types", none()),
                ("priorities", none()),
            ]),
        ),
        ("business_hours_enabled", Json::Bool(true)),
        ("business_hours", Json::List(hours.into())),
        ("default_holiday_calendar", Json::text("USA")),
        ("msp_addon", Json::Null),
    ])
}

fn me(tenant: &Tenant, call: &Call<'_>) -> Json {
    let may = |more: &[&str]| {
        let flags = more.iter().map(|name| ((*name).to_owned(), Json::Bool(call.caller.only_customers.is_none())));
        Json::Object(flags.collect())
    };
    let all = ["read", "write", "delete"];
    object([
        // The real one shows the token here. Nothing needs it, and logs keep answers.
        ("user_token", Json::text("…")),
        ("user_email", Json::text("api@example.com")),
        ("user_name", Json::from(&tenant.config.user)),
        ("user_id", Json::whole(1)),
        ("admin", Json::Bool(call.caller.only_customers.is_none())),
        ("can_use_app", Json::Bool(true)),
        ("two_factor_required", Json::Bool(false)),
        ("subdomain", Json::from(&tenant.config.subdomain)),
        ("default_location", Json::Null),
        ("enable_multi_locations", Json::Bool(false)),
        ("locations_allowed", Json::List(Vec::new())),
        (
            "permissions",
            object([
                ("asset", may(&all)),
                ("customer", may(&all)),
                ("ticket", may(&all)),
                ("invoice", may(&all)),
                ("payment", may(&all)),
                ("worksheet", may(&["add", "manage", "delete"])),
                ("script", may(&["execute"])),
            ]),
        ),
    ])
}
