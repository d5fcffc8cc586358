//! What `connections test` says where keys, client id or roles are wrong; and what stands in the documents for operators.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::psa::{Psa, plugin, root};
use crate::support::counterfoil;

#[test]
fn wrong_keys_and_missing_roles_are_named_in_plain_words() {
    let Some(plugin) = plugin() else { return };
    let mut psa = Psa::start(plugin);
    psa.shop.run(&["apply", "-f", "setup.toml"]).exits(0);

    psa.switch(&json!({ "missing_roles": ["catalog_inquire", "agreement_inquire", "table_setup_inquire"] }));
    let said = psa.shop.run(&["connections", "test"]);
    said.exits(5).with(&[
        "The keys are good",
        "Procurement > Product Catalog (Inquire)",
        "Finance > Agreements (Inquire)",
        "System > Table Setup (Inquire)",
        "System > Security Roles",
    ]);
    psa.switch(&json!({}));

    let setup = fs::read_to_string(psa.shop.path("setup.toml")).unwrap();
    psa.shop.write("other.toml", &setup.replace("client_id = \"6f1c", "client_id = \"0000"));
    psa.shop.run(&["apply", "-f", "other.toml"]).exits(0);
    psa.shop.run(&["connections", "test"]).exits(1).with(&["does not accept the client id", "setting client_id"]);

    psa.shop.set("CW_PASSWORD", "no-such-key");
    psa.shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    psa.shop.run(&["connections", "test"]).exits(1).with(&["does not accept the keys", "companyId+publicKey"]);
    // The cloud answers bad keys with a 404.
    psa.switch(&json!({ "bad_credentials": "not_found" }));
    let said = psa.shop.run(&["connections", "test"]).exits(1);
    let said = said.with(&["the keys are wrong, or the company's site or code base"]);
    assert!(!said.err.contains("no-such-key"), "{said}");
    assert_eq!(said.err.matches("Nothing was written").count(), 1, "{said}");

    psa.shop.set("CW_PASSWORD", "sim-private-key");
    psa.shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    psa.shop.run(&["connections", "test"]).exits(0);
}

/// Whoever looks a code up finds one that is said.
fn codes_exist(readme: &str) {
    let said = sources(&root().join("plugins/connectwise/src"));
    let rows = readme.lines().filter(|row| row.starts_with("| `connectwise-"));
    let mut checked = 0;
    for code in rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)) {
        let whole = if code.starts_with('-') { format!("connectwise{code}") } else { code.to_owned() };
        assert!(said.contains(&format!("\"{whole}\"")), "README.md names {whole}, which nothing says");
        checked += 1;
    }
    assert!(checked > 30, "{checked} codes");
}

fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() }).collect()
}

/// The card within the component is the folder's, and the operator's document names all that can be set.
#[test]
fn the_card_the_table_and_the_readme_say_the_same() {
    let folder = root().join("plugins/connectwise");
    let markdown = counterfoil(&root(), &["plugin", "inspect", "plugins/connectwise/plugin.toml", "--markdown"]);
    assert_eq!(markdown.exits(0).out, fs::read_to_string(folder.join("SCENARIOS.md")).unwrap());
    let card: toml::Table = fs::read_to_string(folder.join("plugin.toml")).unwrap().parse().unwrap();
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    for section in ["settings", "adjust"] {
        for name in card[section].as_table().unwrap().keys() {
            assert!(readme.contains(&format!("`{name}`")), "README.md does not name the {section} {name}");
        }
    }
    codes_exist(&readme);
    let roles = ["Company Maintenance", "Contacts", "Agreements", "Product Catalog", "Table Setup"];
    assert!(roles.iter().all(|role| readme.contains(role)));
    let Some(plugin) = plugin() else { return };
    let said = counterfoil(&root(), &["plugin", "inspect", plugin.to_str().unwrap()]).exits(0);
    let limits = said.with(&["64 MiB of memory", "10 tasks a call to plan", "class B", "600 calls in 1 min"]);
    assert!(!limits.out.contains("wasi:sockets") && !limits.out.contains("wasi:filesystem"), "{limits}");
}
