//! One run of the kit over one component: read, load, check, judge. Owns the order of these and what a promise is worth.

use std::sync::Arc;

use chrono::{NaiveTime, Utc};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::ports::ManualClock;
use counterfoil_runtime::component::{self, Package, PackageError};
use counterfoil_runtime::sandbox::{Sandbox, SandboxError};

use crate::bench::{Bench, Miss, Parts, Told};
use crate::checks;
use crate::description::Description;
use crate::report::{Check, Report, Verdict};
use crate::simulator::Remotes;

/// Why there is no report at all. What is wrong with the component is in the report.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
}

const CALLS_AT_ONCE: usize = 2;

/// Drives the component through every check against fresh books each.
///
/// # Errors
/// When this machine cannot run components at all.
pub async fn run(component: &[u8], description: &Description, remote: Remotes) -> Result<Report, KitError> {
    let today = description.today.unwrap_or_else(|| Utc::now().date_naive());
    let noon = today.and_time(NaiveTime::MIN).and_utc() + chrono::Duration::hours(12);
    let clock = Arc::new(ManualClock::at(noon));
    let sandbox = Sandbox::new(CALLS_AT_ONCE, Arc::clone(&clock) as Arc<_>)?;
    let (mut checks, package) = read(component);
    let Some(package) = package else {
        return Ok(Report::new(checks, DeliveryClass::C, DeliveryClass::C));
    };
    let claimed = package.card.delivery.class();
    let named = |report: Report| Report {
        plugin: package.card.id.to_string(),
        version: package.card.version.clone(),
        digest: Some(package.digest.clone()),
        ..report
    };
    let target = match sandbox.load(&package).await {
        Ok(target) => target,
        Err(error) => {
            checks.push(starts(Verdict::Fail(error.to_string())));
            return Ok(named(Report::new(checks, DeliveryClass::C, claimed)));
        }
    };
    checks.push(starts(Verdict::Pass("compiled, and an instance within its limits".to_owned())));
    let bench = Bench::new(Parts {
        target: Arc::new(target),
        card: package.card.clone(),
        component: component.to_vec(),
        sandbox,
        clock,
        description: description.clone(),
        today,
        remotes: remote,
    });
    checks.extend(checks::all(&bench).await);
    let proved = proved(claimed, &checks);
    let after = checks.iter().position(|check| check.group() == "observe").unwrap_or(checks.len());
    if let Some(class) = checks::class(judged(claimed, proved, &checks)) {
        checks.insert(after, class);
    }
    Ok(named(Report::new(checks, proved, claimed)))
}

fn check(id: &str, does: &str, remedy: &str, verdict: Verdict) -> Check {
    Check { id: id.to_owned(), does: does.to_owned(), verdict, evidence: Vec::new(), remedy: remedy.to_owned() }
}

fn starts(verdict: Verdict) -> Check {
    let remedy = "Build it for the contract that the host serves, and do nothing before the first call.";
    check("card.starts", "compile, and make one instance", remedy, verdict)
}

/// The file itself: its card, and what it asks for.
fn read(component: &[u8]) -> (Vec<Check>, Option<Package>) {
    let (sound, imports) = ("read the component and its card", "imports and exports against what a target gets");
    let mend = "Correct plugin.toml as the message says and build again.";
    let less = "Use nothing but the contract's remote and log, and what a standard library needs to start.";
    match component::read(component) {
        Ok(package) => {
            let told = format!("contract {}, {} rows", package.card.contract, package.card.scenarios.len());
            let checks = vec![
                check("card.sound", sound, mend, Verdict::Pass(told)),
                check("card.imports", imports, less, Verdict::Pass(format!("{} imports", package.imports.len()))),
            ];
            (checks, Some(package))
        }
        Err(error @ (PackageError::Imports(_) | PackageError::Exports(_))) => {
            let checks = vec![
                check("card.sound", sound, mend, Verdict::Pass("the card can be read".to_owned())),
                check("card.imports", imports, less, Verdict::Fail(error.to_string())),
            ];
            (checks, None)
        }
        Err(error) => (vec![check("card.sound", sound, mend, Verdict::Fail(error.to_string()))], None),
    }
}

/// What looking must do to be relied on. Taking one for several costs a person's time and bills nothing twice.
const LOOKING: [&str; 3] = ["delivery.lost-before", "delivery.lost-after", "delivery.late"];
const KEYS: &str = "delivery.idempotency";

fn proved(claimed: DeliveryClass, checks: &[Check]) -> DeliveryClass {
    let held = |id: &str| checks.iter().any(|check| check.id == id && matches!(check.verdict, Verdict::Pass(_)));
    match claimed {
        DeliveryClass::A { .. } if held(KEYS) => claimed,
        DeliveryClass::A { .. } | DeliveryClass::B if LOOKING.iter().all(|id| held(id)) => DeliveryClass::B,
        DeliveryClass::A { .. } | DeliveryClass::B | DeliveryClass::C => DeliveryClass::C,
    }
}

fn judged(claimed: DeliveryClass, proved: DeliveryClass, checks: &[Check]) -> Told {
    let rank = |class: DeliveryClass| match class {
        DeliveryClass::A { .. } => "A",
        DeliveryClass::B => "B",
        DeliveryClass::C => "C",
    };
    let (claimed, proved) = (rank(claimed), rank(proved));
    let about = checks.iter().filter(|check| check.group() == "delivery");
    if claimed == proved {
        Ok(format!("class {claimed}, as promised"))
    } else if !about.into_iter().any(|check| check.verdict.is_fail()) {
        Err(Miss::Skipped(format!("class {claimed} is promised; whether it holds could not be seen")))
    } else {
        Err(Miss::Failed(format!("the card promises class {claimed}, and class {proved} is what holds")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_worth_what_was_seen() {
        let a = DeliveryClass::A { lifetime: std::time::Duration::from_secs(300) };
        let all = |keys: bool, looking: bool| -> Vec<Check> {
            let verdict = |held: bool| if held { Verdict::Pass(String::new()) } else { Verdict::Fail(String::new()) };
            let looking = LOOKING.iter().map(|id| check(id, "", "", verdict(looking)));
            looking.chain(std::iter::once(check(KEYS, "", "", verdict(keys)))).collect()
        };
        for (claimed, keys, looking, wanted) in [
            (a, true, true, a),
            (a, true, false, a),
            (a, false, true, DeliveryClass::B),
            (a, false, false, DeliveryClass::C),
            (DeliveryClass::B, true, true, DeliveryClass::B),
            (DeliveryClass::B, true, false, DeliveryClass::C),
            (DeliveryClass::C, true, true, DeliveryClass::C),
        ] {
            assert_eq!(proved(claimed, &all(keys, looking)), wanted, "{claimed:?} {keys} {looking}");
        }
    }

    #[test]
    fn what_is_no_component_has_one_failed_check() {
        let (checks, package) = read(b"nothing");
        assert!(package.is_none());
        assert!(checks.len() == 1 && checks[0].verdict.is_fail(), "{checks:?}");
    }
}
