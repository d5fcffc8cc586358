//! Setup documents: idempotent, all problems at once, nothing half written, no secret told.

use counterfoil_domain::card::{Card, Discovery, Egress};
use counterfoil_domain::connection::ConnectionState;
use counterfoil_domain::ports::{SetupStore as _, TaskStore as _, Vault as _, Write};
use counterfoil_domain::secret::SecretScope;
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::world::{World, card};

pub(crate) fn document() -> Value {
    json!({
        "reseller": { "acme": { "name": "Acme Cloud" } },
        "marketplace": { "ingram": {
            "reseller": "acme", "kind": "cloudblue", "location": "https://market.test/api",
            "settings": { "sign_in": "token", "marketplace": "us" },
            "secrets": { "username": "hush-user", "password": "hush-pass", "subscription_key": "hush-key" },
        } },
        "connection": { "xero-main": {
            "reseller": "acme", "plugin": "xero", "marketplace": "ingram", "name": "Xero, main books",
            "base_url": "https://xero.test/api", "auth": "oauth2-client-credentials", "price_source": "target",
            "rounding": "half-even", "recurring_before_period": true, "most_per_plan": "5000.00", "start_on": "2026-10-01",
            "proration": "day-number", "refunds": "quantity-only", "many_to_one": false, "most_change_percent": "none",
            "description_source": "template", "description_template": "{product}, {period}", "check_every_minutes": 60,
            "notify": "all", "auto_sync": { "on": true, "kinds": ["change"], "most": "250.00" },
            "settings": { "account_code": "200", "due_days": 30, "draft": true, "status": "DRAFT" },
            "secrets": { "client_id": "hush-id", "client_secret": "hush-secret" },
            "link": [
                { "kind": "item", "source": "CFQ7", "target": "i-1", "code": "M365", "name": "M365", "attributes": { "b": "2", "a": "1" } },
                { "kind": "party", "source": "1000099", "never_sync": true },
            ],
        } },
    })
}

async fn apply(world: &World, document: &Value, dry_run: bool) -> Reply {
    world.call(Role::Operator, "POST", &format!("/v1/setup?dry_run={dry_run}"), Some(document)).await
}

fn counts(reply: &Reply) -> (u64, u64, u64) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let json = reply.json();
    let count = |name: &str| json[name].as_u64().unwrap();
    (count("create"), count("update"), count("unchanged"))
}

async fn codes(world: &World, document: &Value) -> Vec<(String, String)> {
    let reply = apply(world, document, false).await;
    assert_eq!((reply.status, reply.problem().as_str()), (422, "setup-invalid"), "{}", reply.body);
    assert!(!reply.body.contains("hush"), "{}", reply.body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.json()["errors"].as_array().unwrap().iter().map(|e| (text(&e["pointer"]), text(&e["code"]))).collect()
}

#[tokio::test]
async fn applying_twice_changes_nothing_the_second_time() {
    let world = World::new().await;
    let dry = apply(&world, &document(), true).await;
    assert_eq!(counts(&dry), (5, 0, 0));
    assert!(world.store.connections().await.unwrap().is_empty(), "a dry run writes nothing");
    let scope = SecretScope::Connection("xero-main".into());
    assert!(world.vault.names(&scope).await.unwrap().is_empty(), "not even secrets");

    assert_eq!(counts(&apply(&world, &document(), false).await), (5, 0, 0));
    let kept = world.store.connections().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(world.vault.get(&scope, "client_id").await.unwrap().unwrap().reveal(), "hush-id");
    assert_eq!(world.store.links(&"xero-main".into(), None).await.unwrap().len(), 2);
    let audits = world.store.audit(100).await.unwrap();
    assert_eq!(audits.len(), 5);
    assert!(!format!("{audits:?}").contains("hush"), "{audits:?}");

    let again = apply(&world, &document(), false).await;
    assert_eq!(counts(&again), (0, 0, 5), "{}", again.body);
    let secrets = &again.json()["objects"][2]["secrets"];
    assert_eq!(secrets[0], json!({ "name": "client_id", "state": "unchanged" }));
    assert_eq!(world.store.audit(100).await.unwrap().len(), 5);
    assert_eq!(world.store.connections().await.unwrap(), kept);
}

#[tokio::test]
async fn a_change_shows_its_fields_and_never_a_secret() {
    let world = World::new().await;
    apply(&world, &document(), false).await;
    let mut changed = document();
    changed["connection"]["xero-main"]["settings"]["due_days"] = json!(14);
    changed["connection"]["xero-main"]["secrets"]["client_secret"] = json!("hush-other");
    changed["connection"]["xero-main"]["link"][0]["target"] = json!("i-2");
    let reply = apply(&world, &changed, false).await;
    assert_eq!(counts(&reply), (0, 2, 3));
    assert!(!reply.body.contains("hush"), "{}", reply.body);
    let json = reply.json();
    let connection = &json["objects"][2];
    assert_eq!(connection["fields"], json!([{ "name": "settings.due_days", "before": "30", "after": "14" }]));
    assert_eq!(
        connection["secrets"],
        json!([
            { "name": "client_id", "state": "unchanged" }, { "name": "client_secret", "state": "changed" },
        ])
    );
    assert_eq!(json["objects"][3]["id"], "xero-main/item/CFQ7");
    assert_eq!(json["objects"][3]["fields"], json!([{ "name": "target", "before": "i-1", "after": "i-2" }]));
}

/// What is written, and what it means; none: it is refused.
#[tokio::test]
async fn how_many_products_an_item_may_have_is_a_word_or_as_before() {
    for (written, meant) in [
        (json!(true), Some("many")),
        (json!(false), Some("one")),
        (json!("one"), Some("one")),
        (json!("separate-containers"), Some("separate-containers")),
        (Value::Null, Some("separate-containers")),
        (json!("several"), None),
        (json!(2), None),
    ] {
        let world = World::new().await;
        let mut document = document();
        document["connection"]["xero-main"]["many_to_one"] = written.clone();
        let reply = apply(&world, &document, false).await;
        let kept = world.store.connections().await.unwrap();
        let found = kept.first().map(|connection| connection.rules.many_to_one.name());
        assert_eq!(found, meant, "{written}: {}", reply.body);
        if meant.is_none() {
            assert_eq!(reply.json()["errors"][0]["pointer"], "/connection/xero-main/many_to_one", "{}", reply.body);
        }
    }
}

fn everything_wrong() -> Value {
    json!({
        "reseller": { "Acme!": { "name": " " } },
        "marketplace": {
            "a": { "reseller": "nobody", "kind": "cloudblu", "location": "https://m.test" },
            "b": { "reseller": "Acme!", "kind": "cloudblue", "location": "http://m.test", "settings": { "calls": "few", "relm": "x" }, "secrets": { "username": "hush" } },
        },
        "connection": {
            "c": { "reseller": "nobody", "plugin": "zero", "marketplace": "z" },
            "d": { "reseller": "Acme!", "plugin": "xero", "marketplace": "a", "auth": "basic",
                "base_url": "https://user:hush@xero.test", "token_url": "nowhere", "price_source": "catalogue",
                "rounding": "up", "most_per_plan": "5e3x", "start_on": "soon",
                "proration": "daily", "refunds": "never", "notify": "some", "most_lines": 0,
                "most_change_percent": "lots", "check_every_minutes": 1, "description_source": "template",
                "description_template": "{prodct}", "auto_sync": { "on": true, "kinds": ["initial", "sale"], "most": "-1" },
                "settings": { "acount_code": "1", "due_days": "x", "draft": "maybe", "status": "DRAFTED" },
                "secrets": { "client_id": "" },
                "link": [
                    { "kind": "itm", "source": "s", "target": "t" },
                    { "kind": "item", "source": "s" },
                    { "kind": "item", "source": "s", "target": "t", "never_sync": true },
                    { "kind": "fee", "source": "cancelation-fee", "target": "t" },
                ] },
        },
    })
}

#[tokio::test]
async fn all_problems_come_at_once_and_nothing_is_written() {
    let world = World::new().await;
    let faults = codes(&world, &everything_wrong()).await;
    let expected = [
        ("/reseller/Acme!", "bad-id"),
        ("/reseller/Acme!/name", "required"),
        ("/marketplace/a/reseller", "unknown-reseller"),
        ("/marketplace/a/kind", "unknown-choice"),
        ("/marketplace/b/location", "not-https"),
        ("/marketplace/b/settings/relm", "unknown-setting"),
        ("/marketplace/b/settings", "bad-setting"),
        ("/marketplace/b/secrets/password", "secret-missing"),
        ("/marketplace/b/secrets/subscription_key", "secret-missing"),
        ("/connection/c/reseller", "unknown-reseller"),
        ("/connection/c/marketplace", "unknown-marketplace"),
        ("/connection/c/plugin", "unknown-plugin"),
        ("/connection/d/marketplace", "other-reseller"),
        ("/connection/d/base_url", "secret-in-url"),
        ("/connection/d/token_url", "bad-url"),
        ("/connection/d/price_source", "unknown-choice"),
        ("/connection/d/rounding", "unknown-choice"),
        ("/connection/d/proration", "unknown-choice"),
        ("/connection/d/refunds", "unknown-choice"),
        ("/connection/d/notify", "unknown-choice"),
        ("/connection/d/most_per_plan", "bad-amount"),
        ("/connection/d/most_lines", "out-of-range"),
        ("/connection/d/most_change_percent", "bad-percent"),
        ("/connection/d/start_on", "bad-date"),
        ("/connection/d/check_every_minutes", "too-often"),
        ("/connection/d/description_template", "bad-template"),
        ("/connection/d/auto_sync/kinds/0", "never-by-itself"),
        ("/connection/d/auto_sync/kinds/1", "unknown-choice"),
        ("/connection/d/auto_sync/most", "bad-amount"),
        ("/connection/d/auth", "unknown-choice"),
        ("/connection/d/settings/acount_code", "unknown-setting"),
        ("/connection/d/settings/draft", "not-boolean"),
        ("/connection/d/settings/due_days", "not-integer"),
        ("/connection/d/settings/status", "unknown-choice"),
        ("/connection/d/settings/account_code", "required"),
        ("/connection/d/secrets/client_id", "required"),
        ("/connection/d/secrets/client_secret", "secret-missing"),
        ("/connection/d/link/0/kind", "unknown-choice"),
        ("/connection/d/link/1/target", "target-or-never"),
        ("/connection/d/link/2/source", "twice"),
        ("/connection/d/link/2/target", "target-or-never"),
        ("/connection/d/link/3/source", "unknown-fee"),
    ];
    let faults: Vec<(&str, &str)> = faults.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
    assert_eq!(faults, expected);
    assert!(world.store.resellers().await.unwrap().is_empty());
    assert!(world.store.audit(10).await.unwrap().is_empty());
    let scope = SecretScope::Marketplace("b".into());
    assert!(world.vault.names(&scope).await.unwrap().is_empty(), "no secret either");
}

#[tokio::test]
async fn near_words_and_installed_plugins_are_told() {
    let world = World::new().await;
    for (path, value, told) in [
        ("/connection/xero-main/plugin", json!("zero"), "installed are: xero; did you mean \"xero\"?"),
        ("/connection/xero-main/settings", json!({ "acount_code": "1" }), "did you mean \"account_code\"?"),
        (
            "/connection/xero-main/settings",
            json!({ "account_code": "1", "status": "DRAFTS" }),
            "did you mean \"DRAFT\"?",
        ),
        ("/connection/xero-main/marketplace", json!("ingrm"), "did you mean \"ingram\"?"),
        (
            "/connection/xero-main/auth",
            json!("oauth2-client-credential"),
            "did you mean \"oauth2-client-credentials\"?",
        ),
    ] {
        let mut document = document();
        *document.pointer_mut(path).unwrap() = value;
        let reply = apply(&world, &document, true).await;
        let told_all =
            reply.json()["errors"].as_array().unwrap().iter().any(|e| e["detail"].as_str().unwrap().contains(told));
        assert!(told_all, "{told}: {}", reply.body);
    }
    let mut unknown = document();
    unknown["connection"]["xero-main"]["base_ulr"] = json!("x");
    let reply = apply(&world, &unknown, true).await;
    assert!(reply.body.contains("did you mean \\\"base_url\\\"?"), "{}", reply.body);
}

#[tokio::test]
async fn what_tasks_rest_on_stays_and_secrets_follow_no_new_address() {
    let world = World::new().await;
    apply(&world, &document(), false).await;
    let mut moved = document();
    moved["connection"]["xero-main"]["base_url"] = json!("https://elsewhere.test");
    moved["connection"]["xero-main"]["secrets"] = json!({});
    assert_eq!(
        codes(&world, &moved).await,
        [
            ("/connection/xero-main/secrets/client_id".into(), "secret-needed-again".into()),
            ("/connection/xero-main/secrets/client_secret".into(), "secret-needed-again".into()),
        ]
    );
    // A setting that is a part of the address moves it too; the default is where it was.
    for (region, faults) in [("us", 2), ("eu", 0)] {
        let mut moved = document();
        moved["connection"]["xero-main"]["settings"]["region"] = json!(region);
        moved["connection"]["xero-main"]["secrets"] = json!({});
        let reply = apply(&world, &moved, true).await;
        assert_eq!(reply.body.matches("secret-needed-again").count(), faults, "{region}: {}", reply.body);
    }
    let mut other = document();
    other["connection"]["xero-main"]["settings"]["region"] = json!("evil.test/x");
    let expected = ("/connection/xero-main/settings/region".into(), "not-part-of-url".into());
    assert_eq!(codes(&world, &other).await, [expected]);

    // Credentials go to the addresses among a marketplace's settings too.
    let mut plain = document();
    plain["marketplace"]["ingram"]["settings"]["token_url"] = json!("http://market.test/token");
    let expected = ("/marketplace/ingram/settings/token_url".into(), "not-https".into());
    assert_eq!(codes(&world, &plain).await, [expected]);

    moved["connection"]["xero-main"]["secrets"] = document()["connection"]["xero-main"]["secrets"].clone();
    for (pointer, value) in [("/location", "https://elsewhere.test"), ("/settings/token_url", "https://elsewhere.test")]
    {
        let mut moved = document();
        moved["marketplace"]["ingram"]["settings"]["token_url"] = json!("https://market.test/token");
        assert_eq!(apply(&world, &moved, false).await.status, 200);
        *moved["marketplace"]["ingram"].pointer_mut(pointer).unwrap() = json!(value);
        moved["marketplace"]["ingram"]["secrets"] = json!({});
        let faults = codes(&world, &moved).await;
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults.iter().all(|(_, code)| code == "secret-needed-again"), "{faults:?}");
    }
    assert_eq!(apply(&world, &document(), false).await.status, 200);
    assert_eq!(counts(&apply(&world, &moved, false).await), (0, 1, 4));

    let mut other = document();
    other["reseller"]["beta"] = json!({ "name": "Beta" });
    other["marketplace"]["two"] = json!({ "reseller": "beta", "kind": "file", "location": "/data" });
    other["connection"]["xero-main"]["reseller"] = json!("beta");
    other["connection"]["xero-main"]["marketplace"] = json!("two");
    let faults = codes(&world, &other).await;
    assert!(faults.iter().all(|(_, code)| code == "fixed"), "{faults:?}");
    assert_eq!(faults.len(), 2);
}

#[tokio::test]
async fn secrets_that_are_there_need_not_be_given_again() {
    let world = World::new().await;
    apply(&world, &document(), false).await;
    let mut without = document();
    without["connection"]["xero-main"]["secrets"] = json!({});
    without["marketplace"]["ingram"]["secrets"] = json!({});
    assert_eq!(counts(&apply(&world, &without, false).await), (0, 0, 5));
}

#[tokio::test]
async fn new_secrets_wake_a_connection_that_needs_to_sign_in_and_leave_a_paused_one() {
    for (state, after) in
        [(ConnectionState::NeedsSignIn, ConnectionState::Enabled), (ConnectionState::Paused, ConnectionState::Paused)]
    {
        let world = World::new().await;
        apply(&world, &document(), false).await;
        let mut connection = world.store.connections().await.unwrap().remove(0);
        connection.state = state;
        world.put(vec![Write::PutConnection(connection)]).await;
        let mut changed = document();
        changed["connection"]["xero-main"]["secrets"]["client_secret"] = json!("hush-new");
        assert_eq!(counts(&apply(&world, &changed, false).await), (0, 1, 4));
        assert_eq!(world.store.connections().await.unwrap()[0].state, after);
    }
}

/// What the command line does before it sends a document: here every source gives the same text.
fn resolve(value: toml::Value) -> Value {
    match value {
        toml::Value::Table(table) if table.len() == 1 && (table.contains_key("env") || table.contains_key("file")) => {
            json!("hush")
        }
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, resolve(value))).collect())
        }
        toml::Value::Array(values) => values.into_iter().map(resolve).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

#[tokio::test]
async fn the_documented_example_works_as_it_stands() {
    let source = include_str!("../../src/setup/mod.rs");
    let (_, rest) = source.split_once("//! ```toml\n").unwrap();
    let (example, _) = rest.split_once("//! ```").unwrap();
    let text: String =
        example.lines().map(|line| line.trim_start_matches("//!").trim_start().to_owned() + "\n").collect();
    let document = resolve(toml::from_str(&text).unwrap());
    let world = World::new().await;
    assert_eq!(counts(&apply(&world, &document, false).await), (5, 0, 0));
    assert_eq!(counts(&apply(&world, &document, false).await), (0, 0, 5));
}

#[tokio::test]
async fn where_a_target_tells_its_place_may_be_overridden_and_secrets_do_not_follow() {
    let mut told = document();
    told["connection"]["xero-main"]["discovery_url"] = json!("https://where.test/{region}");
    let at = |name: &str| format!("/connection/xero-main/{name}");
    let plain = World::new().await;
    assert_eq!(codes(&plain, &told).await, [(at("discovery_url"), "no-discovery".into())]);

    let discovery = Discovery {
        url: "https://where.xero.test/{region}".into(),
        fields: vec![("region".into(), "Region".into())],
        site_suffixes: vec![],
        again_when: vec![],
        writes_again: false,
    };
    let card = card();
    let card = Card { egress: Egress { discovery: Some(discovery), ..card.egress.clone() }, ..card };
    let world = World::of(false, card).await;
    assert_eq!(apply(&world, &told, false).await.status, 200);
    let view = world.get("/v1/connections/xero-main").await.json();
    assert_eq!(view["discovery_url"], "https://where.test/{region}");
    let mut moved = told.clone();
    moved["connection"]["xero-main"]["discovery_url"] = json!("https://evil.test/{region}");
    moved["connection"]["xero-main"]["secrets"] = json!({});
    let again = |name: &str| (at(&format!("secrets/{name}")), "secret-needed-again".to_owned());
    assert_eq!(codes(&world, &moved).await, [again("client_id"), again("client_secret")]);
    moved["connection"]["xero-main"]["discovery_url"] = json!("http://where.test");
    assert!(codes(&world, &moved).await.contains(&(at("discovery_url"), "not-https".into())));
}
