//! A folder of catalogs for the pages of catalog sync: a provider whose prices rose, and a reseller that has the old ones.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Shop;

fn read(name: &str) -> Value {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/catalog/data");
    serde_json::from_slice(&fs::read(data.join(name)).unwrap()).unwrap()
}

/// Puts it beside the shop, and tells the service where it is.
pub(crate) fn connect(shop: &Shop) {
    let root = shop.path("catalogs");
    fs::create_dir_all(root.join("resellers")).unwrap();
    let put =
        |name: &str, value: &Value| fs::write(root.join(name), serde_json::to_vec_pretty(value).unwrap()).unwrap();
    let mut provider = read("provider.json");
    *provider.pointer_mut("/plans/gold/periods/monthly/fees/recurring/amount").unwrap() = json!("12.00");
    *provider.pointer_mut("/plans/gold/rates/disk/prices/recurring/amount").unwrap() = json!("2.40");
    put("provider.json", &provider);
    let mut reseller = read("reseller.json");
    reseller["reseller"] = json!("acme");
    put("resellers/acme.json", &reseller);
    put("resellers.json", &json!([{ "reseller": "acme", "template": "resellers" }]));
    let setup = format!(
        "[marketplace.plans]\nreseller = \"demo\"\nkind = \"catalog-files\"\nlocation = \"{}\"\n",
        root.display()
    );
    shop.write("catalogs.toml", &setup);
    shop.run(&["apply", "-f", "catalogs.toml"]).exits(0);
}

/// A preview with some options on and some off: its run.
pub(crate) fn preview(shop: &Shop) -> String {
    let options = ["--template", "resellers", "--option", "update-plan-fees", "--json"];
    let said = shop.run(&[&["catalog", "preview", "plans"], options.as_slice()].concat()).exits(2).json();
    said["run"]["id"].as_str().unwrap().to_owned()
}
