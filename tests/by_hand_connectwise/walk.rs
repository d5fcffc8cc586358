//! From an empty folder to additions, and on: nothing twice, a change of what goes on, and the same after a restart.

use rust_decimal::Decimal;

use crate::printed::{self, Change, Plan};
use crate::psa::{Psa, plugin};
use crate::support::{Shop, text};

#[test]
fn from_an_empty_folder_to_additions_and_nothing_twice() {
    let Some(plugin) = plugin() else { return };
    let mut psa = Psa::start(plugin);
    set_up(&psa.shop);
    check(&psa.shop);
    link(&psa.shop);
    let planned = plan(&psa);
    sync(&psa, &planned);
    nothing_is_left_to_do(&psa);
    change(&psa, &planned);

    let (additions, writes) = (psa.additions(), psa.writes());
    psa.shop.stop();
    psa.shop.serve();
    nothing_is_left_to_do(&psa);
    assert_eq!((psa.additions(), psa.writes()), (additions, writes), "a restart wrote");
    let log = psa.shop.log();
    assert!(!log.contains("sim-private-key") && !log.contains("sim-password"), "the service logged a secret: {log}");
    psa.shop.stop();
}

fn set_up(shop: &Shop) {
    let first = shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    assert!(!first.out.contains("sim-private-key"), "{first}");
    first.with(&["+ create connection psa", "discovery_url", "secret password set", "create link psa/party/"]);
    let again = shop.run(&["apply", "-f", "setup.toml"]).exits(0).with(&["Nothing to do", "unchanged"]);
    assert_eq!(again.out, "", "applied twice: {again}");
    let said = shop.run(&["connections", "test"]).exits(0).with(&["psa works: ConnectWise PSA (NA) · USD · "]);
    assert!(!said.out.contains("·  ·"), "{said}");
}

fn check(shop: &Shop) {
    shop.run(&["check"]).exits(0).with(&["240 orders", "links made", "cursor moved"]);
    let states: Vec<String> = shop.tasks(None).iter().map(|task| text(&task["state"])).collect();
    for state in ["ready", "pending", "ignored"] {
        assert!(states.iter().any(|s| s == state), "no task is {state}: {states:?}");
    }
}

/// What fits alone is suggested with its reasons, and linked by a person.
fn link(shop: &Shop) {
    let said = shop.run(&["link", "suggest"]).exits(0);
    said.with(&[
        "Krauses Factory (billing)",
        "the only one that fits",
        "belongs to ",
        "does not fit: billed every P1Y",
    ]);
    let lists = shop.run(&["link", "suggest", "--json"]).exits(0).json();
    let mut linked = 0;
    for list in lists["suggestions"].as_array().unwrap() {
        for of in list["sources"].as_array().unwrap() {
            let Some(best) = of["suggestions"].as_array().unwrap().iter().find(|one| one["suggested"] == true) else {
                continue;
            };
            let (kind, source) = (text(&list["kind"]), text(&of["source"]));
            shop.run(&["link", "set", &kind, &source, best["target"]["id"].as_str().unwrap()]).exits(0);
            linked += 1;
        }
    }
    assert!(linked > 3, "{lists}");
}

/// The plans as printed, each worked out again.
fn plan(psa: &Psa) -> Vec<Plan> {
    let ready = psa.shop.tasks(Some("ready")).len();
    let said = psa.shop.run(&["plan"]).exits(2);
    let plans = printed::plans(&said.out);
    for plan in &plans {
        plan.agrees();
    }
    assert!(plans.len() > 10 && plans.len() > ready, "what was just linked is planned too: {said}");
    let changes = || plans.iter().flat_map(|plan| &plan.changes);
    assert!(changes().any(|change| change.title.contains(", each month from 20")), "{said}");
    assert!(changes().any(|change| change.title.contains("billed once: ")), "{said}");
    assert!(changes().any(|change| change.field("product").starts_with("PLAN-FEE")), "a plan's own fee: {said}");
    assert!(changes().any(|change| change.why.contains("is invoiced up to 20")), "{said}");
    assert!(changes().all(|change| !change.why.contains(". the ")), "{said}");
    assert_eq!((psa.writes(), psa.additions()), (0, vec![]), "a plan wrote");
    plans
}

/// What was sent is what was shown.
fn sync(psa: &Psa, planned: &[Plan]) {
    psa.shop.run(&["sync", "--all"]).exits(0).with(&["Synced", "0 uncertain"]);
    stands_as_shown(psa, planned);
    assert_eq!(psa.additions().len(), planned.iter().map(|plan| plan.changes.len()).sum::<usize>());
    let synced = psa.shop.tasks(Some("synced"));
    assert_eq!(synced.len(), planned.len());
    let shown = psa.shop.run(&["tasks", "show", synced[0]["id"].as_str().unwrap()]).exits(0);
    shown.with(&["Plan of ", "Stored ", "  create addition ", "Read back ", "each "]);
}

fn stands_as_shown(psa: &Psa, planned: &[Plan]) {
    let additions = psa.additions();
    for change in planned.iter().flat_map(|plan| &plan.changes).filter(|change| change.is_new()) {
        let mut own = additions.iter().filter(|one| one.marker == change.field("marker"));
        let addition = own.next().unwrap_or_else(|| panic!("no addition of {change:?}"));
        assert!(own.next().is_none(), "{} stands twice", addition.marker);
        assert!(change.field("agreement").ends_with(&format!("({})", addition.agreement)), "{addition:?} {change:?}");
        assert_eq!(addition.quantity, change.field("quantity").parse().unwrap());
        assert_eq!(addition.unit_price, change.field("unitPrice").parse().unwrap());
        assert_eq!(addition.effective, change.field("effectiveDate"));
        assert_eq!(addition.cancelled, change.last_day());
        assert_eq!(addition.description, change.field("invoiceDescription"));
    }
}

/// Some wait for something, and say so; nothing is written.
fn nothing_is_left_to_do(psa: &Psa) {
    let (before, writes) = (psa.additions(), psa.writes());
    psa.shop.run(&["check"]).exits(0).with(&["0 new tasks"]);
    assert_eq!(psa.shop.run(&["plan"]).out.trim(), "");
    psa.shop.run(&["sync", "--all"]).exits(0).with(&["Nothing to sync"]);
    assert_eq!((psa.additions(), psa.writes()), (before, writes), "the second round wrote");
}

/// Two more of something that was just sold, in a period that is invoiced: the former addition ends with the period, its
/// successor follows, and the rest of the period is billed once, on the next invoice.
fn change(psa: &Psa, planned: &[Plan]) {
    let (subscription, begun) = a_sale(&psa.shop, planned);
    let additions = psa.additions();
    let former = additions.iter().find(|one| one.marker == begun.field("marker")).unwrap();
    let today = chrono::Utc::now().date_naive();
    psa.invoice(&today.to_string());
    let billed = psa.invoiced(former.agreement);
    assert_eq!(billed, former.quantity * former.unit_price, "the first period");

    let number = psa.upgrade(&subscription);
    psa.shop.run(&["check"]).exits(0).with(&["1 new task"]);
    let said = psa.shop.run(&["plan"]).exits(2);
    let plans = printed::plans(&said.out);
    let [plan] = plans.as_slice() else { panic!("{said}") };
    assert_eq!(plan.number, number);
    plan.agrees();
    let [end, next, rest] = plan.changes.as_slice() else { panic!("{said}") };
    assert!(end.title.contains(&format!("End addition {} (", former.id)), "{said}");
    assert!(next.why.contains("takes the place of addition") && next.last_day().is_empty(), "{said}");
    assert!(rest.why.contains("is invoiced up to") && rest.why.contains("The whole period is"), "{said}");
    assert!(rest.lines[0].arithmetic.contains("elapsed-days"), "{said}");
    assert_eq!(next.field("quantity").parse::<Decimal>().unwrap(), former.quantity + Decimal::TWO);
    psa.shop.run(&["sync", "--all"]).exits(0).with(&["0 uncertain"]);
    stands_as_shown(psa, &plans);

    // The next invoice has the new quantity and the rest of the former period, and nothing else.
    let from: chrono::NaiveDate = next.field("effectiveDate").parse().unwrap();
    psa.invoice(&from.to_string());
    let whole = (former.quantity + Decimal::TWO) * former.unit_price;
    assert_eq!(psa.invoiced(former.agreement), billed + whole + plan.total);
}

/// A monthly sale of one line, after which nothing came; its subscription, and what it began.
fn a_sale<'a>(shop: &Shop, planned: &'a [Plan]) -> (String, &'a Change) {
    let tasks = shop.tasks(None);
    let alone = |plan: &Plan| {
        let of = tasks.iter().find(|task| task["number"] == plan.number.as_str()).unwrap();
        let same = tasks.iter().filter(|task| task["subscription"] == of["subscription"]);
        let is_alone = same.filter(|task| task["state"] != "ignored").count() == 1;
        is_alone.then(|| text(&of["subscription"]))
    };
    let sales = planned.iter().filter(|plan| plan.number.starts_with("SO"));
    let found = sales.filter_map(|plan| match plan.changes.as_slice() {
        [one] if one.title.contains(", each month from ") => Some((alone(plan)?, one)),
        _ => None,
    });
    found.into_iter().next().unwrap_or_else(|| panic!("no sale that could be changed: {planned:#?}"))
}
