//! A plugin with one thing wrong, by the name of the thing, and the checks that must fail by it: those, and no others.

use counterfoil_domain::card::DeliveryClass;
use counterfoil_kit::{Description, Remotes, Report, run};
use counterfoil_runtime::build::Options;
use tokio::sync::OnceCell;

use crate::table::{built, root};

/// Defect, and every check that is about it.
pub(crate) const DEFECTS: &[(&str, &[&str])] = &[
    ("nobody", &["connection.probe"]),
    ("expired-is-rejected", &["connection.expired"]),
    ("forbidden-is-auth", &["connection.forbidden"]),
    ("throttled-is-transient", &["connection.throttled"]),
    ("gibberish-is-absent", &["connection.malformed"]),
    ("panics", &["connection.malformed"]),
    ("lost-is-absent", &["connection.cut"]),
    ("never-ends", &["directory.endless"]),
    ("missing-fails", &["directory.get"]),
    ("creates-twice", &["directory.create"]),
    ("renames", &["directory.revise"]),
    ("prices-again", &["directory.revise"]),
    ("widens", &["directory.hostile"]),
    ("drops-a-line", &["row.new-sale", "plan.currencies"]),
    ("loses-the-sign", &["row.cancellation"]),
    ("clock", &["plan.clock"]),
    ("dated-keys", &["plan.keys"]),
    ("writes-in-plan", &["plan.reads-only"]),
    ("read-writes", &["plan.changes-nothing"]),
    ("off-card", &["plan.on-card"]),
    ("first-of-a-list", &["plan.order-of-answers"]),
    ("all-or-nothing", &["plan.alone"]),
    ("rounds", &["plan.currencies"]),
    ("truncates", &["plan.decimals"]),
    ("glues-json", &["plan.hostile"]),
    ("writes-more", &["apply.exact", "apply.partial"]),
    ("writes-on-replay", &["apply.replay"]),
    ("ignores-adopted", &["apply.adopted"]),
    ("one-refused-is-all", &["apply.partial"]),
    ("broken-is-transient", &["apply.unknown"]),
    ("believes-anything", &["apply.unknown"]),
    ("looks-elsewhere", &["delivery.lost-after", "delivery.late", "delivery.lag", "delivery.repeats"]),
    ("always-found", &["apply.partial", "delivery.lost-before", "delivery.late", "delivery.lag"]),
    ("counts-repeats", &["delivery.repeats"]),
    ("echoes", &["observe.drift"]),
    ("other-order", &["observe.shows"]),
    ("eats-memory", &["limits.time-memory"]),
    ("flood", &["limits.log"]),
    // The target's: it takes the key that the card names, and forgets it.
    (FORGETS, &["delivery.idempotency", "delivery.class"]),
];

pub(crate) const FORGETS: &str = "target-forgets-keys";

async fn component() -> &'static [u8] {
    static BUILT: OnceCell<Vec<u8>> = OnceCell::const_new();
    let build = || async {
        // A target folder beside the host's: the guests are no members of its workspace.
        let target_dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests");
        built("tests/plugins/bad", &Options { target_dir: Some(target_dir), offline: false }).await
    };
    BUILT.get_or_init(build).await
}

pub(crate) async fn report(defect: &str) -> Report {
    let text = std::fs::read_to_string(root().join("tests/kit/ledger.toml")).unwrap();
    let text = if defect == FORGETS {
        text.replacen("idempotency_header", "# idempotency_header", 1)
    } else {
        text.replace("defect = \"none\"", &format!("defect = \"{defect}\""))
    };
    let description = Description::parse(&text).unwrap();
    let remote = Remotes::described(&description).unwrap();
    run(component().await, &description, remote).await.unwrap()
}

/// What the card promises is worth what was proved: looking is left, so nobody has to decide each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promise_that_does_not_hold_is_taken_down() {
    let report = report(FORGETS).await;
    assert!(
        matches!(report.claimed, DeliveryClass::A { .. }) && report.proved == DeliveryClass::B,
        "{}",
        report.to_text()
    );
    assert!(!report.passed());
    // The same for programs and for build servers.
    let json = report.to_json();
    assert_eq!((json["delivery"]["claimed"].as_str(), json["delivery"]["proved"].as_str()), (Some("A"), Some("B")));
    assert!(report.to_junit().contains("failures=\"2\""), "{}", report.to_junit());
    let evidence = report.failures()[0].evidence.join("\n");
    assert!(evidence.contains("under the same idempotency key") && evidence.contains("POST /charges"), "{evidence}");
}

/// Each defect with the checks that failed.
pub(crate) async fn all() -> Vec<(&'static str, Vec<String>)> {
    let mut found = Vec::with_capacity(DEFECTS.len());
    for (defect, expected) in DEFECTS {
        let report = report(defect).await;
        let failed: Vec<String> = report.failures().iter().map(|check| check.id.clone()).collect();
        if failed != *expected {
            println!("{defect}: {failed:?}, and not {expected:?}\n{}", report.to_text());
        }
        found.push((*defect, failed));
    }
    let wrong: Vec<_> = found
        .iter()
        .zip(DEFECTS)
        .filter(|((_, failed), (_, expected))| failed != expected)
        .map(|(one, _)| one)
        .collect();
    assert!(wrong.is_empty(), "defects that fail other checks than those about them: {wrong:#?}");
    found
}
