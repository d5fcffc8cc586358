//! What can be relied on and how much may be used: budgets, delivery, batch and limits.

use std::time::Duration;

use counterfoil_domain::card::{
    BudgetLimit, BudgetScope, Budgets, Containers, Delivery, InOrder, Limits, Setting, SettingType,
};

use super::reader::{At, Fields, Report, allowed, one_of};
use super::rules::{MAX_CALL_MS, MAX_MEMORY_MIB, is_header_name};

const MONTH_SECONDS: u64 = 31 * 86_400;
const LOCATE: [&str; 2] = ["reliable", "unreliable"];

fn header(report: &Report<'_>, name: Option<At<String>>) -> Option<String> {
    let name = name?;
    if !is_header_name(&name.value) {
        report.say(&name.spot, format!("\"{}\" cannot be the name of a header", name.value));
    }
    Some(name.value)
}

/// The ranges keep every number of a card inside 32 bits.
fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(super) fn budgets(mut fields: Fields<'_>) -> Budgets {
    let report = fields.report();
    let concurrency = small(fields.number_or("concurrency", 1..=64, 1));
    let mut limits = Vec::new();
    for mut limit in fields.tables("limits") {
        let scope = limit.text("scope");
        let calls = limit.number("calls", 1..=10_000_000);
        let window = limit.number("window_seconds", 1..=MONTH_SECONDS);
        let remaining_header = header(report, limit.maybe_text("remaining_header"));
        limit.finish();
        let scope =
            scope.and_then(|scope| one_of(report, &scope, BudgetScope::ALL, BudgetScope::parse, BudgetScope::name));
        if let (Some(scope), Some(calls), Some(window)) = (scope, calls, window) {
            limits.push(BudgetLimit {
                scope,
                calls: small(calls),
                window: Duration::from_secs(window),
                remaining_header,
            });
        }
    }
    let retry_after_header =
        header(report, fields.maybe_text("retry_after_header")).unwrap_or_else(|| "Retry-After".to_owned());
    let problem_header = header(report, fields.maybe_text("problem_header"));
    fields.finish();
    Budgets { concurrency, limits, retry_after_header, problem_header }
}

pub(super) fn delivery(mut fields: Fields<'_>) -> Delivery {
    let report = fields.report();
    let idempotency_header = header(report, fields.maybe_text("idempotency_header"));
    let seconds = fields.number_or("idempotency_seconds", 0..=MONTH_SECONDS, 0);
    match (&idempotency_header, seconds) {
        (Some(_), 0) => fields.say("idempotency_seconds", "is missing; say how many seconds the target keeps a key"),
        (None, 1..) => fields.say(
            "idempotency_seconds",
            "means nothing without \"idempotency_header\"; name the header or leave this out",
        ),
        _ => {}
    }
    let locate = fields.text("locate");
    if let Some(locate) = locate.as_ref().filter(|locate| !LOCATE.contains(&locate.value.as_str())) {
        report.say(&locate.spot, format!("\"{}\" is not known; {}", locate.value, allowed(&locate.value, &LOCATE)));
    }
    let settle = fields.number_or("settle_seconds", 0..=86_400, 0);
    fields.finish();
    Delivery {
        idempotency_header,
        idempotency_lifetime: Duration::from_secs(seconds),
        locate_is_reliable: locate.is_some_and(|locate| locate.value == "reliable"),
        settle: Duration::from_secs(settle),
    }
}

/// How tasks are given to the plugin.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) tasks: usize,
    pub(super) plan: usize,
    pub(super) in_order: Option<InOrder>,
    pub(super) reconciles: bool,
    pub(super) containers: Containers,
    pub(super) recurring: bool,
}

pub(super) fn batch(mut fields: Fields<'_>, settings: &[Setting]) -> Batch {
    let report = fields.report();
    let tasks = fields.number("tasks", 1..=200).unwrap_or(1);
    let plan = fields.number_or("plan", 1..=1000, tasks);
    let in_order = fields.maybe_text("in_order");
    let in_order = in_order.and_then(|order| one_of(report, &order, InOrder::ALL, InOrder::parse, InOrder::name));
    let reconciles = fields.flag("reconcile").unwrap_or(false);
    let containers = containers(&mut fields, settings);
    let recurring = fields.flag("recurring").unwrap_or(false);
    if recurring && containers == Containers::No {
        fields.say("recurring", "means nothing without \"containers\"; say what lines go into or leave this out");
    }
    fields.finish();
    let count = |number: u64| usize::try_from(number).unwrap_or(1);
    Batch { tasks: count(tasks), plan: count(plan), in_order, reconciles, containers, recurring }
}

/// `true`, or when a setting has one of its values: `{ setting = "mode", is = "schedule" }`.
fn containers(fields: &mut Fields<'_>, settings: &[Setting]) -> Containers {
    let report = fields.report();
    if !fields.is_table("containers") {
        return if fields.flag("containers").unwrap_or(false) { Containers::Yes } else { Containers::No };
    }
    let Some(mut when) = fields.maybe_table("containers") else { return Containers::No };
    let (setting, value) = (when.text("setting"), when.text("is"));
    when.finish();
    let (Some(setting), Some(value)) = (setting, value) else { return Containers::No };
    match settings.iter().find(|known| known.name == setting.value).map(|known| &known.kind) {
        None => {
            let known: Vec<&str> = settings.iter().map(|setting| setting.name.as_str()).collect();
            unknown(report, &setting, &known);
        }
        Some(SettingType::Choice(choices)) => {
            unknown(report, &value, &choices.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Some(SettingType::Boolean) => unknown(report, &value, &["true", "false"]),
        Some(SettingType::Text | SettingType::Integer) => {}
    }
    Containers::When { setting: setting.value, value: value.value }
}

/// Said of a word that is none of these.
fn unknown(report: &Report<'_>, word: &At<String>, known: &[&str]) {
    if !known.contains(&word.value.as_str()) {
        report.say(&word.spot, format!("\"{}\" is not known; {}", word.value, allowed(&word.value, known)));
    }
}

pub(super) fn limits(mut fields: Fields<'_>) -> Limits {
    let memory = fields.number("memory_mib", 4..=u64::from(MAX_MEMORY_MIB)).unwrap_or(4);
    let plan = fields.number("plan_ms", 100..=MAX_CALL_MS).unwrap_or(100);
    let apply = fields.number("apply_ms", 100..=MAX_CALL_MS).unwrap_or(100);
    fields.finish();
    Limits { memory_mib: small(memory), plan: Duration::from_millis(plan), apply: Duration::from_millis(apply) }
}
