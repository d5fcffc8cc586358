//! Resellers of resellers: one level with the warning, then all levels, each at the prices of the one above it.

use counterfoil_domain::catalog::{
    DisplayPolicy, Options, Provider, RateFee, ResellerCatalog, ServiceTemplate, apply, as_provider, diff,
};
use serde_json::json;

use crate::folder::{DISK, Folder, dearer};
use crate::house::House;

/// Acme serves two agents with Gold; Solo stands beside it.
fn house() -> House {
    let house = House::open();
    house.catalogs.put("acme", &[]);
    house.catalogs.put("solo", &[]);
    let mut acme = house.catalogs.held("acme");
    let agents = ServiceTemplate {
        name: "Agents".into(),
        delegated_plans: ["gold".into()].into(),
        ..ServiceTemplate::default()
    };
    acme.own.templates.insert("agents".into(), agents);
    house.catalogs.put_catalog(&acme);
    for id in ["agent-1", "agent-2"] {
        let shown = as_provider(&acme, &house.catalogs.provider());
        let prepared = Provider::prepare(&shown, &"agents".into(), DisplayPolicy::Preserve).unwrap();
        let mut agent = ResellerCatalog::empty(id.into(), acme.currency);
        let set = diff(&prepared, &agent, Options::all());
        apply(&mut agent, &set).unwrap();
        house.catalogs.put_catalog(&agent);
    }
    house.catalogs.served(&[
        ("solo", None, "resellers"),
        ("agent-2", Some("acme"), "agents"),
        ("acme", None, "resellers"),
        ("agent-1", Some("acme"), "agents"),
    ]);
    house
}

fn disk(folder: &Folder, reseller: &str) -> String {
    folder.held(reseller).plans[&"gold".into()].rates[&"disk".into()].prices[&RateFee::Recurring].value.to_string()
}

fn disks(house: &House) -> [String; 4] {
    ["acme", "agent-1", "agent-2", "solo"].map(|reseller| disk(&house.catalogs, reseller))
}

#[test]
fn one_level_warns_of_those_below_and_all_levels_reach_them() {
    let house = house();
    let nothing = house.catalog("preview plans --template resellers --option all --all-levels").exits(0);
    nothing.with(&["Compared 4 resellers"]);
    house.catalogs.provider_with(&dearer());
    let warned = house.catalog("preview plans --reseller acme --option all").exits(2);
    warned.with(&["the changes are not propagated to 2 sub-resellers. Synchronize all levels to reach them"]);
    house.sync("--reseller acme --option all");
    assert_eq!(disks(&house), ["2.40 USD", "2.00 USD", "2.00 USD", "2.00 USD"]);

    // Acme has it already; what is below it is compared with what Acme shows.
    let run = house.preview("--template resellers --option all --all-levels");
    let states = house.states(&run);
    let states: Vec<(&str, &str)> =
        states.iter().map(|(reseller, state)| (reseller.as_str(), state.as_str())).collect();
    let expected = [("acme", "nothing"), ("agent-1", "compared"), ("agent-2", "compared"), ("solo", "compared")];
    assert_eq!(states, expected);
    house.catalog(&format!("sync {run}")).exits(0).with(&["Wrote 3 resellers"]);
    assert_eq!(disks(&house), ["2.40 USD"; 4]);
    house.catalog("preview plans --template resellers --option all --all-levels").exits(0);
}

#[test]
fn two_levels_go_in_one_run_and_are_taken_back_in_one() {
    let house = house();
    let before = house.catalogs.texts();
    house.catalogs.provider_with(&dearer());
    // The agents are compared with what Acme will show, though it does not yet.
    let run = house.preview("--reseller acme --option all --all-levels");
    assert_eq!(house.states(&run).iter().filter(|(_, state)| state == "compared").count(), 3);
    house.catalog(&format!("runs {run} agent-1")).exits(0).with(&["Gold · Disk · recurring: 2.00 USD → 2.40 USD"]);
    let sync = house.catalog(&format!("sync {run} --json")).exits(0).json()["run"]["id"].as_str().unwrap().to_owned();
    assert_eq!(disks(&house), ["2.40 USD", "2.40 USD", "2.40 USD", "2.00 USD"]);
    house.catalog("preview plans --reseller acme --option all --all-levels").exits(0);
    house.catalog(&format!("undo {sync}")).exits(0).with(&["Took back 3 resellers"]);
    assert_eq!(house.catalogs.texts(), before);
}

/// A reseller that was not written shows what it holds: those below it do not get prices that it does not have.
#[test]
fn below_a_reseller_that_was_refused_nothing_is_written_that_rests_on_it() {
    let house = house();
    house.catalogs.provider_with(&dearer());
    let run = house.preview("--reseller acme --option all --all-levels");
    house.catalogs.change("acme", &[(DISK, json!({ "amount": "2.10", "currency": "USD", "own": true }))]);
    let before = house.catalogs.texts();
    house.catalog(&format!("sync {run}")).exits(2).with(&["3 resellers refused"]);
    assert_eq!(house.catalogs.texts(), before);
}
