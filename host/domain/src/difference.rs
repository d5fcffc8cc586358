//! All that differs between two cards of a plugin: what was added, what was taken away, what changed, whether or not it
//! asks for more. Owns the words; what of it needs somebody's yes is decided in `version`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::card::{
    AdjustType, Adjustable, Auth, Budgets, Card, Containers, Delivery, Discovery, Egress, Limits, Scenario, Setting,
    SettingType,
};
use crate::order::named;

named! {
    /// Where on the card it stands.
    Area {
        Identity = "identity",
        Document = "document",
        Host = "host",
        Permission = "permission",
        SignIn = "sign-in",
        Secret = "secret",
        Header = "header",
        Budget = "budget",
        Delivery = "delivery",
        Limit = "limit",
        Setting = "setting",
        Adjustment = "adjustment",
        Scenario = "scenario",
    }
}

named! {
    Step {
        Added = "added",
        Removed = "removed",
        Changed = "changed",
    }
}

/// What became of one thing. Only a thing that is on at least one of the two cards can differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    Added(String),
    Removed(String),
    Changed { before: String, after: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub area: Area,
    pub name: String,
    pub became: Became,
}

impl Difference {
    pub fn step(&self) -> Step {
        match self.became {
            Became::Added(_) => Step::Added,
            Became::Removed(_) => Step::Removed,
            Became::Changed { .. } => Step::Changed,
        }
    }

    pub fn before(&self) -> Option<&str> {
        match &self.became {
            Became::Added(_) => None,
            Became::Removed(before) | Became::Changed { before, .. } => Some(before),
        }
    }

    pub fn after(&self) -> Option<&str> {
        match &self.became {
            Became::Removed(_) => None,
            Became::Added(after) | Became::Changed { after, .. } => Some(after),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (area, name) = (self.area, &self.name);
        match &self.became {
            Became::Added(after) => write!(f, "+ {area} {name}: {after}"),
            Became::Removed(before) => write!(f, "- {area} {name}: {before}"),
            Became::Changed { before, after } => write!(f, "~ {area} {name}: {after}, so far {before}"),
        }
    }
}

/// From the old card to the new one, in the order of the areas.
pub fn difference(old: &Card, new: &Card) -> Vec<Difference> {
    let (mut before, after) = (facts(old), facts(new));
    let mut found = Vec::new();
    for ((area, name), after) in after {
        let became = match before.remove(&(area, name.clone())) {
            None => Became::Added(after),
            Some(before) if before == after => continue,
            Some(before) => Became::Changed { before, after },
        };
        found.push(Difference { area, name, became });
    }
    let gone = before.into_iter().map(|((area, name), value)| {
        let became = Became::Removed(value);
        Difference { area, name, became }
    });
    found.extend(gone);
    found.sort_by(|a, b| (a.area, &a.name).cmp(&(b.area, &b.name)));
    found
}

#[derive(Debug, Default)]
struct Facts(BTreeMap<(Area, String), String>);

impl Facts {
    /// Two things of one name are told together.
    fn put(&mut self, area: Area, name: impl Into<String>, value: impl Into<String>) {
        let value = value.into();
        self.0
            .entry((area, name.into()))
            .and_modify(|known| {
                known.push_str(" and ");
                known.push_str(&value);
            })
            .or_insert(value);
    }

    fn maybe(&mut self, area: Area, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.put(area, name, value);
        }
    }
}

/// Taken apart by name: a card that grows does not compile here until somebody says where its new part is told.
fn facts(card: &Card) -> BTreeMap<(Area, String), String> {
    let Card {
        id,
        name,
        version,
        publisher,
        summary,
        contract,
        documents,
        egress,
        auth,
        static_headers,
        budgets,
        delivery,
        batch_tasks,
        plan_tasks,
        in_order,
        reconciles,
        containers,
        recurring,
        limits,
        settings,
        adjust,
        scenarios,
    } = card;
    let mut facts = Facts::default();
    for (what, value) in [
        ("id", id.as_str()),
        ("name", name),
        ("version", version),
        ("publisher", publisher),
        ("summary", summary),
        ("contract", contract),
    ] {
        facts.put(Area::Identity, what, value);
    }
    for document in documents {
        facts.put(Area::Document, document, "written");
    }
    reach(&mut facts, egress);
    for (order, one) in auth.iter().enumerate() {
        sign_in(&mut facts, one, order == 0);
    }
    for (header, value) in static_headers {
        facts.put(Area::Header, header, format!("every request carries {value}"));
    }
    budget(&mut facts, budgets);
    promises(&mut facts, delivery);
    facts.put(Area::Delivery, "in order", in_order.map_or("none", |order| order.name()));
    facts.put(Area::Delivery, "reconciles", yes(*reconciles));
    let into = match containers {
        Containers::No => "no".to_owned(),
        Containers::Yes => "yes".to_owned(),
        Containers::When { setting, value } => format!("where {setting} is {value}"),
    };
    facts.put(Area::Delivery, "containers", into);
    facts.put(Area::Delivery, "recurring", yes(*recurring));
    let Limits { memory_mib, plan, apply } = limits;
    facts.put(Area::Limit, "memory", format!("{memory_mib} MiB"));
    facts.put(Area::Limit, "time to plan", span(*plan));
    facts.put(Area::Limit, "time to apply", span(*apply));
    facts.put(Area::Limit, "tasks a call to plan", plan_tasks.to_string());
    facts.put(Area::Limit, "tasks a call to apply", batch_tasks.to_string());
    settings.iter().for_each(|one| setting(&mut facts, one));
    adjust.iter().for_each(|one| adjustment(&mut facts, one));
    scenarios.iter().for_each(|one| scenario(&mut facts, one));
    facts.0
}

fn reach(facts: &mut Facts, egress: &Egress) {
    let Egress { base_url, discovery, allow, request_headers, response_headers, max_response_bytes, timeout } = egress;
    facts.put(Area::Host, "base url", base_url);
    if let Some(Discovery { url, fields, site_suffixes, again_when, writes_again }) = discovery {
        facts.put(Area::Host, "told by", url);
        for (placeholder, field) in fields {
            facts.put(Area::Host, format!("{{{placeholder}}}"), format!("from {field}"));
        }
        for suffix in site_suffixes {
            facts.put(Area::Host, format!("hosts of {suffix}"), "may be led to");
        }
        for when in again_when {
            let text = when.text.as_deref().map(|text| format!(" with \"{text}\"")).unwrap_or_default();
            let again = if *writes_again { "reads and writes" } else { "reads" };
            facts.put(Area::Host, format!("answer {}{text}", when.status), format!("{again} go once more"));
        }
    }
    for door in allow {
        facts.put(Area::Permission, format!("{} {}", door.method, door.path), door.effect.name());
    }
    for header in request_headers {
        facts.put(Area::Header, header.to_ascii_lowercase(), "may be sent");
    }
    for header in response_headers {
        facts.put(Area::Header, header.to_ascii_lowercase(), "may be read");
    }
    facts.put(Area::Limit, "bytes of an answer", max_response_bytes.to_string());
    facts.put(Area::Limit, "time of a request", span(*timeout));
}

fn sign_in(facts: &mut Facts, auth: &Auth, is_default: bool) {
    let Auth { scheme, authorize_url, token_url, scopes, secrets, header, refresh_days, tenants } = auth;
    let name = scheme.name();
    facts.put(Area::SignIn, name, if is_default { "the default" } else { "offered" });
    let of = |what: &str| format!("{name} {what}");
    facts.maybe(Area::SignIn, &of("consent at"), authorize_url.as_deref());
    facts.maybe(Area::SignIn, &of("tokens from"), token_url.as_deref());
    facts.maybe(Area::SignIn, &of("header"), header.as_deref());
    for scope in scopes {
        facts.put(Area::SignIn, of(&format!("scope {scope}")), "asked for");
    }
    if let Some(days) = refresh_days {
        facts.put(Area::SignIn, of("ends"), format!("after {days} days without use"));
    }
    if let Some(tenants) = tenants {
        let only = tenants.only.as_ref().map(|(field, value)| format!(" where {field} is {value}")).unwrap_or_default();
        let text =
            format!("GET {} into {}, by {} and {}{only}", tenants.path, tenants.setting, tenants.id, tenants.name);
        facts.put(Area::SignIn, of("accounts"), text);
    }
    for secret in secrets {
        facts.put(Area::Secret, secret, format!("signs by {name}"));
    }
}

fn budget(facts: &mut Facts, budgets: &Budgets) {
    let Budgets { concurrency, limits, retry_after_header, problem_header } = budgets;
    facts.put(Area::Budget, "requests at a time", concurrency.to_string());
    for limit in limits {
        let left = limit.remaining_header.as_deref().map(|name| format!(", left as {name} says")).unwrap_or_default();
        let name = format!("in {} per {}", span(limit.window), limit.scope);
        facts.put(Area::Budget, name, format!("{} calls{left}", limit.calls));
    }
    facts.put(Area::Budget, "wait as", retry_after_header);
    facts.maybe(Area::Budget, "scope as", problem_header.as_deref());
}

fn promises(facts: &mut Facts, delivery: &Delivery) {
    let Delivery { idempotency_header, idempotency_lifetime, locate_is_reliable, settle } = delivery;
    if let Some(header) = idempotency_header {
        facts.put(Area::Delivery, "idempotency key", format!("in {header}, kept for {}", span(*idempotency_lifetime)));
    }
    facts.put(Area::Delivery, "locate is reliable", yes(*locate_is_reliable));
    facts.put(Area::Delivery, "settles after", span(*settle));
}

fn setting(facts: &mut Facts, setting: &Setting) {
    let Setting { name, label, help, kind, required, default } = setting;
    let kind = match kind {
        SettingType::Text => "text".to_owned(),
        SettingType::Integer => "whole number".to_owned(),
        SettingType::Boolean => "yes or no".to_owned(),
        SettingType::Choice(choices) => choices.join(" | "),
    };
    let needed = if *required { ", required" } else { "" };
    let default = default.as_deref().map(|default| format!(", default \"{default}\"")).unwrap_or_default();
    let help = if help.is_empty() { String::new() } else { format!(" ({help})") };
    facts.put(Area::Setting, name, format!("{kind}{needed}{default}: {label}{help}"));
}

fn adjustment(facts: &mut Facts, adjustable: &Adjustable) {
    let Adjustable { name, label, help, kind } = adjustable;
    let kind = match kind {
        AdjustType::Text => "text".to_owned(),
        AdjustType::Date => "day".to_owned(),
        AdjustType::Boolean => "yes or no".to_owned(),
        AdjustType::Choice(choices) => choices.join(" | "),
    };
    let help = if help.is_empty() { String::new() } else { format!(" ({help})") };
    facts.put(Area::Adjustment, name, format!("{kind}: {label}{help}"));
}

/// A fact for each fee: a row that takes one fee more says so, and nothing else.
fn scenario(facts: &mut Facts, row: &Scenario) {
    let Scenario { name, order, models, usage, fees, order_price_when, refused_when, prorate } = row;
    let models: Vec<&str> = models.iter().map(|model| model.name()).collect();
    let usage = match usage {
        Some(true) => ", usage only",
        Some(false) => ", without usage",
        None => "",
    };
    let refused: Vec<&str> = refused_when.iter().map(|when| when.name()).collect();
    let refused = if refused.is_empty() { String::new() } else { format!(", refused when {}", refused.join(", ")) };
    facts.put(Area::Scenario, name, format!("{order} orders billed {}{usage}{refused}", models.join(", ")));
    for (fee, price) in fees {
        let held = order_price_when.iter().filter(|(_, fees)| fees.contains(fee)).map(|(when, _)| when.name());
        let held: Vec<&str> = held.collect();
        let held = if held.is_empty() { String::new() } else { format!(", the order's when {}", held.join(", ")) };
        let part = if prorate.contains(fee) { ", prorated" } else { "" };
        facts.put(Area::Scenario, format!("{name} / {fee}"), format!("{} price{held}{part}", price.name()));
    }
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

fn span(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 1000 != 0 => format!("{millis} ms"),
        millis => format!("{} s", millis / 1000),
    }
}
