//! The same over HTTP, against a simulated owner of catalogs: lost answers, a service that is killed, a bad token.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use counterfoil_sim::catalog::{CatalogHandle, CatalogShop, CatalogSim, Served};
use counterfoil_sim::{Fault, FaultKind, SimClock};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::folder::dearer;
use crate::house::House;
use crate::script::{base, set};

const RESELLERS: usize = 60;
const TOKEN: &str = "cat-3f9c-token";
const PREVIEW: &str = "preview api --template resellers --option all";

fn serving(runtime: &Runtime) -> CatalogHandle {
    let mut provider = base("provider");
    dearer().into_iter().for_each(|(path, value)| set(&mut provider, path, value));
    let mut shop = CatalogShop::new(TOKEN, provider);
    for number in 0..RESELLERS {
        let reseller = format!("r-{number:03}");
        let mut catalog = base("reseller");
        catalog["reseller"] = json!(reseller);
        shop = shop.with(Served { reseller, upstream: None, template: "resellers".into() }, catalog);
    }
    runtime.block_on(CatalogSim::new(shop, SimClock::wall()).start(None)).unwrap()
}

fn setup(handle: &CatalogHandle) -> String {
    format!(
        "[marketplace.api]\nreseller = \"demo\"\nkind = \"catalog\"\nlocation = \"{}\"\nplain_http = true\nprivate_addresses = true\nsecrets = {{ token = {{ file = \"api.token\" }} }}\n",
        handle.base_url()
    )
}

/// How often each reseller's catalog was replaced.
fn commits(handle: &CatalogHandle) -> BTreeMap<String, usize> {
    handle.with_shop(|shop| {
        let mut count = BTreeMap::new();
        shop.commits().iter().for_each(|commit| *count.entry(commit.reseller.clone()).or_default() += 1);
        count
    })
}

#[test]
fn over_http_lost_answers_and_a_kill_write_nothing_twice() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let handle = serving(&runtime);
    let mut house = House::open();
    house.apply(&setup(&handle), &[("api.token", TOKEN)]).exits(0);
    let preview = house.catalog(&format!("{PREVIEW} --json")).exits(2).json();
    assert_eq!(preview["resellers"].as_array().unwrap().len(), RESELLERS);
    assert_eq!(commits(&handle), BTreeMap::new());
    let preview = preview["run"]["id"].as_str().unwrap().to_owned();

    for (reseller, kind) in
        [("r-004", FaultKind::LoseAfter), ("r-006", FaultKind::LoseBefore), ("r-030", FaultKind::LoseAfter)]
    {
        handle.faults().inject(Fault::once("PUT", reseller, kind));
    }
    let follower = house.start(&["catalog", "sync", &preview]);
    let begun = Instant::now();
    while commits(&handle).len() < 20 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", commits(&handle));
        std::thread::sleep(Duration::from_millis(1));
    }
    house.kill();
    assert!(commits(&handle).len() < RESELLERS, "nobody was killed in the middle");
    house.serve();
    follower.said().exits(0).with(&[&format!("Wrote {RESELLERS} resellers")]);
    assert_eq!(commits(&handle).len(), RESELLERS);
    assert!(commits(&handle).values().all(|count| *count == 1), "{:?}", commits(&handle));
    let held: Value = handle.with_shop(|shop| shop.catalog("r-030").unwrap().clone());
    assert_eq!(held["plans"]["gold"]["rates"]["disk"]["prices"]["recurring"]["amount"], "2.40");
    house.catalog(PREVIEW).exits(0);
}

#[test]
fn a_token_that_is_not_taken_is_told_and_never_shown() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let handle = serving(&runtime);
    let house = House::open();
    let missing = setup(&handle).lines().filter(|line| !line.starts_with("secrets")).collect::<Vec<_>>().join("\n");
    house.apply(&missing, &[]).exits(1).with(&["the secret token is needed"]);
    house.apply(&setup(&handle), &[("api.token", "cat-bad-7d1e")]).exits(0);
    let said = house.catalog(PREVIEW).exits(1).with(&["did not accept the sign-in", "Nothing was written"]);
    let shown = format!("{}{}{}", said.out, said.err, house.log());
    assert!(!shown.contains("cat-bad-7d1e"), "{shown}");
}
