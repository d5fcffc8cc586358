//! S4.1 to S4.4: Syncro among the targets, switched on by the operator, its token, its status.

use counterfoil_sim::syncro::{Permission, Token};
use serde_json::{Value, json};

use crate::scene::{SYNCRO, Scene, TOKEN};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_01_syncro_stands_among_the_targets_and_then_among_the_connections() {
    let scene = Scene::open().await;
    let house = &scene.house;
    house.cli(&["plugin", "list"]).await.exits(0).with(&["syncro"]);
    let plugins: Value = house.api.get("/v1/plugins").await;
    let syncro = plugins["plugins"].as_array().unwrap().iter().find(|one| one["id"] == "syncro");
    let syncro = syncro.unwrap_or_else(|| panic!("{plugins}"));
    assert_eq!(syncro["name"], "Syncro");
    assert_eq!(house.cli(&["connections", "list", "--json"]).await.exits(0).json()["connections"], json!([]));
    scene.connect().await;
    house.cli(&["connections", "list"]).await.exits(0).with(&[SYNCRO, "syncro", "enabled"]);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_02_the_operator_switches_a_connection_on_and_until_then_nothing_is_sent() {
    let scene = Scene::open().await;
    scene.connect().await;
    let house = &scene.house;
    let state = async || {
        let listed = house.cli(&["connections", "list", "--json"]).await.exits(0).json();
        listed["connections"][0]["state"].as_str().unwrap().to_owned()
    };
    house.cli(&["connections", "pause", SYNCRO, "--reason", "not bought yet"]).await.exits(0);
    assert_eq!(state().await, "paused");
    let refused = house.cli(&["check"]).await;
    assert!(!refused.err.is_empty() && refused.err.contains("not bought yet"), "{refused}");
    let asked = scene.syncro.log().entries().len();
    house.cli(&["programs", "set", "--enabled", "true", "--products", "true"]).await.exits(0);
    let refused = house.cli(&["products", "sync"]).await;
    assert!(refused.err.contains("paused"), "{refused}");
    assert_eq!(scene.syncro.log().entries().len(), asked, "a paused connection was asked something");

    house.cli(&["connections", "enable", SYNCRO, "--reason", "bought"]).await.exits(0);
    assert_eq!(state().await, "enabled");
    house.cli(&["check"]).await.exits(0).with(&["cursor moved"]);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_03_the_token_is_given_by_the_setup_and_never_shown_again() {
    let scene = Scene::open().await;
    let house = &scene.house;
    house
        .setup(&json!({
            "reseller": { "demo": { "name": "Demo reseller" } },
            "marketplace": { "cloudiq": crate::scene::cloudiq_setup(&scene.market) },
        }))
        .await;
    let setup = format!(
        r#"[connection.{SYNCRO}]
reseller = "demo"
plugin = "syncro"
marketplace = "cloudiq"
base_url = "{}"
plain_http = true
private_addresses = true
settings = {{ subdomain = "acme", currency = "USD" }}
secrets = {{ token = {{ env = "SYNCRO_TOKEN" }} }}
"#,
        scene.syncro.base_url()
    );
    std::fs::write(house.path("setup.toml"), &setup).unwrap();
    let apply = ["apply", "-f", "setup.toml"];
    house.cli(&apply).await.exits(1).with(&["SYNCRO_TOKEN"]);
    let token = [("SYNCRO_TOKEN", TOKEN)];
    let said = house.run(&apply, &token).await.exits(0).with(&["+ create connection syncro-main", "secret token set"]);
    assert!(!said.out.contains(TOKEN) && !said.err.contains(TOKEN), "{said}");
    house.run(&apply, &token).await.exits(0).with(&["Nothing to do"]);
    for path in ["/v1/connections", "/v1/connections/syncro-main", "/v1/audit"] {
        let (_, shown) = house.api.call(reqwest::Method::GET, path, None).await;
        assert!(!shown.to_string().contains(TOKEN), "{path} shows the token");
    }
    // Without what a card requires there is no connection.
    std::fs::write(house.path("bad.toml"), setup.replace("subdomain = \"acme\", ", "")).unwrap();
    let said = house.run(&["apply", "-f", "bad.toml"], &token).await;
    assert!(said.err.contains("subdomain"), "{said}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_04_the_status_is_confirmed_by_asking_syncro_and_what_is_wrong_is_named() {
    let scene = Scene::open().await;
    scene.connect().await;
    let house = &scene.house;
    house.cli(&["connections", "test"]).await.exits(0).with(&["syncro-main works: Syncro · America/Los_Angeles"]);
    let mut other = scene.connection();
    other["secrets"]["token"] = json!("revoked");
    house.setup(&json!({ "connection": { SYNCRO: other } })).await;
    house.cli(&["connections", "test"]).await.exits(1).with(&["token"]);
    house.setup(&json!({ "connection": { SYNCRO: scene.connection() } })).await;
    house.cli(&["connections", "test"]).await.exits(0).with(&["syncro-main works"]);
    // A token that may not do all that is needed is told what it lacks.
    let least = Permission::LEAST.into_iter().filter(|one| *one != Permission::RecurringList).collect::<Vec<_>>();
    scene.syncro.state().set_tokens(vec![Token::with(TOKEN, &least)]);
    let said = house.cli(&["connections", "test"]).await;
    assert!(said.err.contains("Recurring Invoices - List") && !said.out.contains("works"), "{said}");
    scene.close().await;
}
