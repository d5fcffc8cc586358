//! A card and a component as JSON, for scripts.

use counterfoil_domain::card::{Card, DeliveryClass};
use counterfoil_domain::difference::Difference;
use counterfoil_domain::scenario::{Row, Table};
use serde_json::{Value, json};

pub(super) fn described(card: &Card, digest: &str, size: usize, imports: &[String]) -> Value {
    let mut object = of_card(card);
    object["digest"] = digest.into();
    object["bytes"] = size.into();
    object["imports"] = imports.into();
    object
}

pub(super) fn of_card(card: &Card) -> Value {
    let delivery = match card.delivery.class() {
        DeliveryClass::A { .. } => "A",
        DeliveryClass::B => "B",
        DeliveryClass::C => "C",
    };
    let allow = card
        .egress
        .allow
        .iter()
        .map(|door| json!({ "method": door.method, "path": door.path, "effect": door.effect.name() }));
    let auth = card
        .auth
        .iter()
        .map(|auth| json!({ "scheme": auth.scheme.name(), "secrets": auth.secrets, "scopes": auth.scopes }));
    json!({
        "id": card.id.as_str(), "name": card.name, "version": card.version, "publisher": card.publisher,
        "summary": card.summary, "contract": card.contract,
        "documents": card.documents, "base_url": card.egress.base_url,
        "discovery": card.egress.discovery.as_ref().map(|discovery| &discovery.url),
        "site_suffixes": card.egress.discovery.as_ref().map(|discovery| &discovery.site_suffixes),
        "in_order": card.in_order.map(|order| order.name()), "reconcile": card.reconciles,
        "adjust": card.adjust.iter().map(|one| &one.name).collect::<Vec<_>>(), "allow": allow.collect::<Vec<_>>(),
        "auth": auth.collect::<Vec<_>>(), "delivery": delivery, "memory_mib": card.limits.memory_mib,
        "limits": limits(card), "budgets": budgets(card),
        "request_headers": card.egress.request_headers, "response_headers": card.egress.response_headers,
        "settings": card.settings.iter().map(|setting| &setting.name).collect::<Vec<_>>(),
        "scenarios": card.scenarios.iter().map(|row| &row.name).collect::<Vec<_>>(),
        "scenario_table": Table::of(&card.scenarios).rows().iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    let models: Vec<&str> = row.models.iter().map(|model| model.name()).collect();
    json!({
        "scenario": row.scenario, "order": row.order.name(), "billing_models": models, "usage": row.usage,
        "fee": row.fee.name(), "price_if_marketplace": row.if_marketplace.name(),
        "price_if_target": row.if_target.name(), "notes": row.notes,
    })
}

fn limits(card: &Card) -> Value {
    json!({
        "memory_mib": card.limits.memory_mib, "plan_ms": millis(card.limits.plan), "apply_ms": millis(card.limits.apply),
        "plan_tasks": card.plan_tasks, "apply_tasks": card.batch_tasks,
        "response_bytes": card.egress.max_response_bytes, "request_ms": millis(card.egress.timeout),
    })
}

fn budgets(card: &Card) -> Value {
    let limits =
        card.budgets.limits.iter().map(
            |limit| json!({ "scope": limit.scope.name(), "calls": limit.calls, "window_ms": millis(limit.window) }),
        );
    json!({ "concurrency": card.budgets.concurrency, "limits": limits.collect::<Vec<_>>() })
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn differs(difference: &Difference) -> Value {
    json!({
        "area": difference.area.name(), "step": difference.step().name(), "name": difference.name,
        "before": difference.before(), "after": difference.after(),
    })
}
