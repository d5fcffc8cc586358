//! What a document says of the host's own rules for a connection: prices, proration, bounds, descriptions, auto-sync.

use counterfoil_domain::connection::{
    AutoSync, DescriptionSource, HostRules, MOST_LINES, ManyToOne, Notify, PriceChoice, Refunds, SHORTEST_CHECK,
};
use counterfoil_domain::description;
use counterfoil_domain::job::JobKind;
use counterfoil_domain::proration::Method;
use rust_decimal::Decimal;

use super::check::Checker;
use super::document::{AutoSyncSetup, ConnectionSetup, SettingText};
use crate::wire::ROUNDINGS;

/// Members of a `named!` enum with their names.
macro_rules! words {
    ($kind:ty) => {
        <$kind>::ALL.iter().map(|member| (member.name(), *member)).collect::<Vec<(&str, $kind)>>()
    };
}

pub(super) fn rules(checker: &mut Checker<'_>, at: &str, setup: &ConnectionSetup) -> HostRules {
    let mut rules = HostRules { recurring_before_period: setup.recurring_before_period, ..HostRules::default() };
    if let Some(choice) = word(checker, at, "price_source", &setup.price_source, &words!(PriceChoice)) {
        rules.price_source = choice;
    }
    if let Some(rounding) = word(checker, at, "rounding", &setup.rounding, &ROUNDINGS) {
        rules.rounding = rounding;
    }
    if let Some(method) = word(checker, at, "proration", &setup.proration, &words!(Method)) {
        rules.proration = method;
    }
    if let Some(refunds) = word(checker, at, "refunds", &setup.refunds, &words!(Refunds)) {
        rules.refunds = refunds;
    }
    if let Some(notify) = word(checker, at, "notify", &setup.notify, &words!(Notify)) {
        rules.notify = notify;
    }
    let many = setup.many_to_one.as_ref().map(|written| match written {
        SettingText::Boolean(false) => ManyToOne::One.name().to_owned(),
        SettingText::Boolean(true) => ManyToOne::Many.name().to_owned(),
        written => written.to_string(),
    });
    if let Some(many) = word(checker, at, "many_to_one", &many, &words!(ManyToOne)) {
        rules.many_to_one = many;
    }
    bounds(checker, at, setup, &mut rules);
    descriptions(checker, at, setup, &mut rules);
    if let Some(written) = &setup.auto_sync {
        rules.auto_sync = auto_sync(checker, &format!("{at}/auto_sync"), written);
    }
    rules
}

fn word<T: Copy>(
    checker: &mut Checker<'_>,
    at: &str,
    field: &str,
    written: &Option<String>,
    known: &[(&str, T)],
) -> Option<T> {
    written.as_ref().and_then(|written| checker.word(at, field, written, known))
}

fn amount(checker: &mut Checker<'_>, at: &str, field: &str, written: &Option<String>) -> Option<Decimal> {
    let written = written.as_ref()?;
    match Decimal::from_str_exact(written) {
        Ok(most) if most.is_sign_positive() => Some(most),
        _ => {
            let text = format!("\"{written}\" is not an amount such as \"5000.00\"");
            checker.fault(at, field, "bad-amount", text);
            None
        }
    }
}

fn bounds(checker: &mut Checker<'_>, at: &str, setup: &ConnectionSetup, rules: &mut HostRules) {
    rules.most_per_plan = amount(checker, at, "most_per_plan", &setup.most_per_plan);
    match setup.most_lines {
        Some(lines) if (1..=MOST_LINES).contains(&lines) => rules.most_lines = lines,
        Some(lines) => {
            let text = format!("{lines} is not between 1 and {MOST_LINES}");
            checker.fault(at, "most_lines", "out-of-range", text);
        }
        None => {}
    }
    match &setup.most_change_percent {
        None => {}
        Some(SettingText::Text(none)) if none == "none" => rules.most_change = None,
        Some(written) => match written.to_string().parse() {
            Ok(percent) => rules.most_change = Some(percent),
            Err(_) => {
                let text = format!("\"{written}\" is neither a whole number of percent nor \"none\"");
                checker.fault(at, "most_change_percent", "bad-percent", text);
            }
        },
    }
    if let Some(written) = &setup.start_on {
        match written.parse() {
            Ok(day) => rules.start_on = Some(day),
            Err(_) => {
                checker.fault(at, "start_on", "bad-date", format!("\"{written}\" is not a day such as \"2026-10-01\""))
            }
        }
    }
    match setup.check_every_minutes {
        Some(minutes) if minutes < SHORTEST_CHECK => {
            let text = format!("every {minutes} minutes is too often; {SHORTEST_CHECK} is the least");
            checker.fault(at, "check_every_minutes", "too-often", text);
        }
        minutes => rules.check_every = minutes,
    }
}

fn descriptions(checker: &mut Checker<'_>, at: &str, setup: &ConnectionSetup, rules: &mut HostRules) {
    let source = word(checker, at, "description_source", &setup.description_source, &words!(DescriptionSource));
    rules.descriptions.trim = setup.trim_description;
    match (source, &setup.description_template) {
        (Some(DescriptionSource::Template), None) => {
            let text = "the description comes from a template, and there is none";
            checker.fault(at, "description_template", "required", text);
        }
        (Some(DescriptionSource::Template), Some(template)) => {
            if let Err(bad) = description::check(template) {
                checker.fault(at, "description_template", "bad-template", bad.to_string());
            }
            rules.descriptions.template.clone_from(template);
        }
        (_, Some(_)) => {
            let text = "a template counts only with description_source = \"template\"";
            checker.fault(at, "description_template", "without-effect", text);
        }
        (_, None) => {}
    }
    if let Some(source) = source {
        rules.descriptions.source = source;
    }
}

fn auto_sync(checker: &mut Checker<'_>, at: &str, setup: &AutoSyncSetup) -> AutoSync {
    let known = words!(JobKind);
    let mut kinds = Vec::new();
    for (index, written) in setup.kinds.iter().enumerate() {
        match checker.word(at, &format!("kinds/{index}"), written, &known) {
            Some(JobKind::Initial) => {
                let text = "a snapshot of a subscription never goes by itself: somebody must look at it once";
                checker.fault(at, &format!("kinds/{index}"), "never-by-itself", text);
            }
            Some(JobKind::Reconcile) => {
                let text = "what reconciling found never goes by itself: somebody must look at each difference";
                checker.fault(at, &format!("kinds/{index}"), "never-by-itself", text);
            }
            Some(kind) => kinds.push(kind),
            None => {}
        }
    }
    AutoSync { on: setup.on, kinds, most: amount(checker, at, "most", &setup.most) }
}
