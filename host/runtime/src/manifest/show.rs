//! A card for people: what `plugin inspect` prints and what documentation takes over. The scenario table prints itself
//! (`counterfoil_domain::scenario::Table`).

use std::fmt::Write as _;
use std::time::Duration;

use counterfoil_domain::card::{AdjustType, Auth, Card, Containers, DeliveryClass, Discovery, InOrder, SettingType};
use counterfoil_domain::scenario::Table;

/// The scenario table as Markdown.
pub fn scenario_table_markdown(card: &Card) -> String {
    Table::of(&card.scenarios).to_string()
}

/// The table with what a reader must know beside it: a document of its own.
pub fn scenario_document(card: &Card) -> String {
    let mut out = format!("# Which orders become documents in {}\n\n", card.name);
    let _ = writeln!(
        out,
        "Made from `plugin.toml` by `counterfoil plugin inspect plugin.toml --markdown`. Change the rows there.\n\n\
         **order** is the price in the marketplace's order, **catalogue** the price of the item in {}. Whose prices count\n\
         is chosen for each connection; the two price columns show both choices. A line is usage when its product is\n\
         pay-per-use, or when the order is billed by external rating.\n\n\
         An order with one line that no row takes is ignored whole, with that line and its fee named; it is never billed\n\
         in part. Lines of zero, payments and deposits bill nothing and keep no order back.\n",
        card.name
    );
    out.push_str(&scenario_table_markdown(card));
    out
}

fn dash(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { text.to_owned() }
}

/// Everything that a plugin may do and promises, as text.
pub fn card_text(card: &Card) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {} ({}) by {}", card.name, card.version, card.id, card.publisher);
    let _ = writeln!(out, "{}", card.summary);
    let _ = writeln!(out, "Contract {} · writes: {}", card.contract, card.documents.join(", "));
    reach(&mut out, card);
    let _ = writeln!(out, "\nSigns with (the host adds it; the sandbox never sees it)");
    for auth in &card.auth {
        let _ = writeln!(out, "  {}", auth_line(auth));
    }
    for (name, value) in &card.static_headers {
        let _ = writeln!(out, "  header {name}: {value}");
    }
    promises(&mut out, card);
    if !card.settings.is_empty() {
        let _ = writeln!(out, "\nSettings");
    }
    for setting in &card.settings {
        let kind = match &setting.kind {
            SettingType::Text => "text".to_owned(),
            SettingType::Integer => "whole number".to_owned(),
            SettingType::Boolean => "yes or no".to_owned(),
            SettingType::Choice(choices) => choices.join(" | "),
        };
        let needed = if setting.required { ", required" } else { "" };
        let default = setting
            .default
            .as_deref()
            .filter(|default| !default.is_empty())
            .map(|default| format!(", default {default}"))
            .unwrap_or_default();
        let _ = writeln!(out, "  {:<18} {} ({kind}{needed}{default})", setting.name, setting.label);
    }
    if !card.adjust.is_empty() {
        let _ = writeln!(out, "\nMay be set on a task");
    }
    for one in &card.adjust {
        let kind = match &one.kind {
            AdjustType::Text => "text".to_owned(),
            AdjustType::Date => "day".to_owned(),
            AdjustType::Boolean => "yes or no".to_owned(),
            AdjustType::Choice(choices) => choices.join(" | "),
        };
        let _ = writeln!(out, "  {:<18} {} ({kind})", one.name, one.label);
    }
    let _ = write!(out, "\nScenarios\n\n{}", scenario_table_markdown(card));
    out
}

fn reach(out: &mut String, card: &Card) {
    let _ = writeln!(out, "\nMay reach {}", card.egress.base_url);
    if let Some(discovery) = &card.egress.discovery {
        discovered(out, discovery);
    }
    for door in &card.egress.allow {
        let _ = writeln!(out, "  {:<5} {:<6} {}", door.effect.name(), door.method, door.path);
    }
    let _ = writeln!(out, "  request headers:  {}", dash(&card.egress.request_headers.join(", ")));
    let _ = writeln!(out, "  response headers: {}", dash(&card.egress.response_headers.join(", ")));
    let _ = writeln!(
        out,
        "  answers up to {} KiB, {} a request",
        card.egress.max_response_bytes / 1024,
        span(card.egress.timeout)
    );
}

/// Where it is told, and how far that may lead.
fn discovered(out: &mut String, discovery: &Discovery) {
    let fields: Vec<String> = discovery.fields.iter().map(|(name, field)| format!("{{{name}}} from {field}")).collect();
    let _ = writeln!(out, "  as told, without credentials, by {}: {}", discovery.url, fields.join(", "));
    if !discovery.site_suffixes.is_empty() {
        let _ = writeln!(out, "  which may lead to hosts of: {}", discovery.site_suffixes.join(", "));
    }
    for when in &discovery.again_when {
        let text = when.text.as_deref().map(|text| format!(" with \"{text}\"")).unwrap_or_default();
        let again = if discovery.writes_again { "reads and writes" } else { "reads" };
        let _ = writeln!(out, "  asked again after {}{text}; {again} go once more where it moved", when.status);
    }
}

fn auth_line(auth: &Auth) -> String {
    let mut line = format!("{} · secrets: {}", auth.scheme, auth.secrets.join(", "));
    for (what, value) in [("header", &auth.header), ("authorize", &auth.authorize_url), ("token", &auth.token_url)] {
        if let Some(value) = value {
            let _ = write!(line, " · {what}: {value}");
        }
    }
    if !auth.scopes.is_empty() {
        let _ = write!(line, " · scopes: {}", auth.scopes.join(" "));
    }
    if let Some(days) = auth.refresh_days {
        let _ = write!(line, " · ends after {days} days without use");
    }
    if let Some(tenants) = &auth.tenants {
        let _ = write!(line, " · accounts: GET {} into {}", tenants.path, tenants.setting);
    }
    line
}

fn promises(out: &mut String, card: &Card) {
    let _ = writeln!(out, "\nBudgets");
    let _ = writeln!(out, "  {} requests at a time", card.budgets.concurrency);
    for limit in &card.budgets.limits {
        let left = limit.remaining_header.as_deref().map(|name| format!(" (left: {name})")).unwrap_or_default();
        let _ = writeln!(out, "  {} calls in {} per {}{left}", limit.calls, span(limit.window), limit.scope);
    }
    let class = match card.delivery.class() {
        DeliveryClass::A { lifetime } => format!(
            "A: the target keeps the idempotency key {} for {}",
            card.delivery.idempotency_header.as_deref().unwrap_or_default(),
            span(lifetime)
        ),
        DeliveryClass::B => "B: a lost document is found again".to_owned(),
        DeliveryClass::C => "C: after a lost answer a person decides".to_owned(),
    };
    let _ = writeln!(out, "\nDelivery\n  class {class}");
    let locate = if card.delivery.locate_is_reliable { "reliable" } else { "not reliable" };
    let _ = writeln!(out, "  looking for a document is {locate}, {} after the write", span(card.delivery.settle));
    if card.in_order == Some(InOrder::Subscription) {
        let _ = writeln!(out, "  tasks of one subscription are planned one after the other");
    }
    match &card.containers {
        Containers::No => {}
        Containers::Yes => {
            let _ = writeln!(out, "  lines go into containers: each subscription is linked to one");
        }
        Containers::When { setting, value } => {
            let _ = writeln!(
                out,
                "  lines go into containers where {setting} is {value}: each subscription is linked to one"
            );
        }
    }
    if card.recurring {
        let _ = writeln!(out, "  what recurs stands in its container until something else is said");
    }
    if card.reconciles {
        let _ = writeln!(out, "  it can be reconciled with the marketplace");
    }
    let limits = &card.limits;
    let _ = writeln!(out, "\nLimits");
    let _ = writeln!(
        out,
        "  {} MiB of memory, {} to plan, {} to apply; {} tasks a call to plan, {} to apply",
        limits.memory_mib,
        span(limits.plan),
        span(limits.apply),
        card.plan_tasks,
        card.batch_tasks
    );
}

fn span(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        ms if ms % 1000 != 0 => format!("{ms} ms"),
        ms if ms >= 86_400_000 && ms % 86_400_000 == 0 => format!("{} d", ms / 86_400_000),
        ms if ms >= 3_600_000 && ms % 3_600_000 == 0 => format!("{} h", ms / 3_600_000),
        ms if ms >= 60_000 && ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms => format!("{} s", ms / 1000),
    }
}
