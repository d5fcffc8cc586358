//! S4.5 to S4.8, S4.11 and S4.13: Microsoft CSP for Syncro, as an operator sets it, and what that lets through.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use counterfoil_server::wire::TaskView;
use counterfoil_sim::statements::{Motion, oracle};
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::scene::{ALL_MOTIONS, PROGRAM, SYNCRO, Scene, TOKEN};

fn everything() -> Value {
    json!({ "enabled": true, "billing": true, "motions": ALL_MOTIONS, "azure": true, "annual": true })
}

fn reason(task: &TaskView) -> &str {
    task.ignored.as_ref().map_or("", |ignored| ignored.reason.as_str())
}

fn of<'a>(tasks: &'a [TaskView], motion: &str) -> Vec<&'a TaskView> {
    tasks
        .iter()
        .filter(|task| task.subscription.as_ref().is_some_and(|id| id.ends_with(&format!("/{motion}"))))
        .collect()
}

/// The motions of the tasks that are kept back for a reason.
fn kept_back(tasks: &[TaskView], because: &str) -> BTreeSet<String> {
    let kept = tasks.iter().filter(|task| reason(task) == because);
    kept.map(|task| task.subscription.as_ref().unwrap().rsplit_once('/').unwrap().1.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_05_a_program_that_is_off_bills_nothing_and_switched_on_takes_what_it_kept() {
    let scene = Scene::with(&json!({})).await;
    let house = &scene.house;
    let tasks = house.tasks(SYNCRO, "").await;
    assert!(!tasks.is_empty() && tasks.iter().all(|task| reason(task) == "program-off"), "{tasks:#?}");
    let shown = house.cli(&["programs", "show"]).await.exits(0).with(&["Microsoft CSP of syncro-main"]);
    assert!(shown.out.contains("enabled       off"), "{shown}");
    // The money is kept, and adds up, although nothing is billed.
    house.cli(&["programs", "money"]).await.exits(0).with(&["program-off", "bills and buckets are the statements"]);

    house
        .cli(&["programs", "set", "--enabled", "true", "--billing", "true"])
        .await
        .exits(0)
        .with(&["enabled       on"]);
    house.until("what was kept back", SYNCRO, |tasks| tasks.iter().all(|task| reason(task) != "program-off")).await;
    let tasks = house.tasks(SYNCRO, "").await;
    let monthly = of(&tasks, "monthly-monthly");
    assert!(!monthly.is_empty() && monthly.iter().all(|task| task.state == "pending"), "{monthly:#?}");
    house.cli(&["programs", "money"]).await.exits(0).with(&["unmapped", "motion-off"]);
    house.cli(&["programs", "set", "--enabled", "false"]).await.exits(0);
    house.until("switched off", SYNCRO, |tasks| tasks.iter().all(|task| reason(task) == "program-off")).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_06_the_group_address_is_kept_and_one_that_is_none_is_refused() {
    let scene = Scene::open().await;
    scene.connect().await;
    let house = &scene.house;
    house.cli(&["programs", "set", "--emails", "billing@acme.example,ops@acme.example"]).await.exits(0);
    house.cli(&["programs", "show"]).await.exits(0).with(&["billing@acme.example, ops@acme.example"]);
    let refused = house.cli(&["programs", "set", "--emails", "nobody"]).await;
    assert!(refused.err.contains("nobody"), "{refused}");
    let kept = house.cli(&["programs", "show", "--json"]).await.exits(0).json();
    assert_eq!(kept["emails"], json!(["billing@acme.example", "ops@acme.example"]), "a refusal changed it");
    let again = house.cli(&["programs", "set", "--emails", "billing@acme.example,ops@acme.example"]).await.exits(0);
    again.with(&["It was set so already."]);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_07_billing_motions_are_shown_with_their_money_and_only_selected_ones_are_billed() {
    let scene = Scene::with(&json!({ "enabled": true })).await;
    let house = &scene.house;
    let tasks = house.tasks(SYNCRO, "").await;
    assert!(tasks.iter().all(|task| reason(task) == "billing-off"), "{tasks:#?}");
    let shown = house.cli(&["programs", "motions"]).await.exits(0);
    let words = ["monthly-monthly", "annual-monthly", "P1Y:M:", "P1Y:A:", "Monthly billing with annual commitment"];
    shown.with(&words);
    let set = ["programs", "set", "--billing", "true", "--motions", "annual-monthly"];
    house.cli(&set).await.exits(0).with(&["motions       annual-monthly"]);
    house.until("billing on", SYNCRO, |tasks| tasks.iter().all(|task| reason(task) != "billing-off")).await;
    let tasks = house.tasks(SYNCRO, "").await;
    assert!(
        of(&tasks, "annual-monthly").iter().all(|task| task.state == "pending")
            && !of(&tasks, "annual-monthly").is_empty()
    );
    assert!(kept_back(&tasks, "motion-off").contains("monthly-monthly"), "{tasks:#?}");
    // What a motion comes to is what the tasks of its newest period come to.
    let motions: Value = house.api.get(&format!("{PROGRAM}/motions")).await;
    let monthly = motions["motions"].as_array().unwrap().iter().find(|one| one["motion"] == "monthly-monthly").unwrap();
    assert_eq!((&monthly["selected"], monthly["money"].as_array().unwrap().len()), (&json!(false), 1), "{monthly}");
    assert!(monthly["held_back"].as_str().unwrap().contains("not selected"), "{monthly}");
    house.cli(&["programs", "set", "--motions", "annual-monthly,montly"]).await.with(&["montly"]);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_08_products_are_switched_on_for_all_or_for_those_in_use() {
    let scene = Scene::open().await;
    scene.connect().await;
    let house = &scene.house;
    let refused = house.cli(&["products", "sync"]).await;
    assert!(refused.err.contains("programs set"), "it says what to switch on: {refused}");
    for mode in ["all", "in-use"] {
        house
            .cli(&["programs", "set", "--enabled", "true", "--products", "true", "--product-mode", mode])
            .await
            .exits(0);
        house.cli(&["programs", "show"]).await.exits(0).with(&[&format!("products      on, {mode}")]);
    }
    house.cli(&["programs", "set", "--product-mode", "some"]).await.with(&["in-use"]);
    scene.close().await;
}

/// Somebody had Azure and somebody paid a year at once: otherwise the row below proves nothing.
fn has(scene: &Scene, motion: Motion) -> bool {
    scene.market.with_world(|world| {
        let newest = world.first().plus(world.months() - 1);
        oracle::expected(world).cells.keys().any(|cell| cell.motion == motion && cell.month == newest)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_11_azure_and_annual_subscriptions_are_synced_and_each_can_be_turned_off_later() {
    let scene = Scene::with(&everything()).await;
    let house = &scene.house;
    assert!(has(&scene, Motion::Usage), "the world has no Azure");
    let tasks = house.tasks(SYNCRO, "").await;
    let is_kept = |tasks: &[TaskView], because: &str| tasks.iter().any(|task| reason(task) == because);
    assert!(!is_kept(&tasks, "azure-off") && !is_kept(&tasks, "annual-off"), "{tasks:#?}");
    let annual: Vec<String> = ["annual-upfront", "triennial-upfront"]
        .into_iter()
        .filter(|motion| !of(&tasks, motion).is_empty())
        .map(str::to_owned)
        .collect();

    house.cli(&["programs", "set", "--azure", "false"]).await.exits(0).with(&["azure         off"]);
    house.until("Azure off", SYNCRO, |tasks| of(tasks, "usage").iter().all(|task| reason(task) == "azure-off")).await;
    house.cli(&["programs", "set", "--annual", "false"]).await.exits(0).with(&["annual        off"]);
    let kept: BTreeSet<String> = annual.into_iter().collect();
    house.until("annual off", SYNCRO, |tasks| kept_back(tasks, "annual-off") == kept).await;
    // What is committed for a year and billed by the month goes on.
    let tasks = house.tasks(SYNCRO, "").await;
    assert!(of(&tasks, "annual-monthly").iter().all(|task| task.state == "pending"), "{tasks:#?}");
    house.cli(&["programs", "money"]).await.exits(0).with(&["azure-off", "bills and buckets are the statements"]);
    house.cli(&["programs", "set", "--azure", "true", "--annual", "true"]).await.exits(0);
    house.until("both on", SYNCRO, |tasks| !is_kept(tasks, "azure-off") && !is_kept(tasks, "annual-off")).await;
    scene.close().await;
}

/// The first page as a person's browser gets it.
async fn front_page(scene: &Scene) -> String {
    let policy = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap();
    let address = |path: &str| format!("{}{path}", scene.house.address);
    let cookie = |answer: &reqwest::Response, name: &str| {
        let all = answer.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned());
        let mut found =
            all.filter_map(|text| Some(text.split_once(';')?.0.strip_prefix(name)?.strip_prefix('=')?.to_owned()));
        found.next_back().unwrap_or_else(|| panic!("no cookie {name}: {answer:?}"))
    };
    let form = http.get(address("/login")).send().await.unwrap();
    let token = cookie(&form, "counterfoil-form");
    let signs_in = [("name", "admin"), ("password", scene.house.password.as_str()), ("csrf", token.as_str())];
    let body = serde_urlencode(&signs_in);
    let signed_in = http
        .post(address("/login"))
        .header(COOKIE, format!("counterfoil-form={token}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    let session = cookie(&signed_in, "counterfoil");
    let page = http.get(address("/")).header(COOKIE, format!("counterfoil={session}")).send().await.unwrap();
    page.text().await.unwrap()
}

/// As a form is sent: all but letters and digits by their codes.
fn serde_urlencode(fields: &[(&str, &str)]) -> String {
    let one = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    fields.iter().map(|(name, value)| format!("{name}={}", one(value))).collect::<Vec<_>>().join("&")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_13_a_configured_program_is_a_menu_item() {
    let scene = Scene::open().await;
    scene.connect().await;
    let item = "/programs/syncro-main/microsoft-csp";
    assert!(!front_page(&scene).await.contains(item), "it is not configured yet");
    scene.set(&json!({ "enabled": true })).await;
    let page = front_page(&scene).await;
    assert!(page.contains(item) && page.contains("Microsoft CSP · Syncro"), "{page}");
    let listed = scene.house.cli(&["programs", "list"]).await.exits(0).with(&["Microsoft CSP", "syncro-main", "on"]);
    assert!(listed.out.contains("1 program") || listed.err.contains("1 program"), "{listed}");
    scene.close().await;
}

fn mails(scene: &Scene) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(scene.house.path("mails")) else { return Vec::new() };
    let files = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    // Encoded words and soft line ends are the mail's business.
    files.map(|path| std::fs::read_to_string(path).unwrap().replace("=\r\n", "")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_06_whoever_stands_in_the_group_is_told_of_a_run_that_nobody_watched() {
    let scene = Scene::open().await;
    // A statement whose records are not what it says it comes to.
    scene.market.switch(|switches| switches.total_off_by = 100);
    let mut connection = scene.connection();
    connection["check_every_minutes"] = json!(60);
    scene
        .house
        .setup(&json!({
            "reseller": { "demo": { "name": "Demo reseller" } },
            "marketplace": { "cloudiq": crate::scene::cloudiq_setup(&scene.market) },
            "connection": { SYNCRO: connection },
            "programs": [{
                "connection": SYNCRO, "name": "microsoft-csp", "enabled": true, "emails": ["billing@acme.example"],
            }],
        }))
        .await;
    let begun = Instant::now();
    let mail = loop {
        let mails = mails(&scene);
        if let [mail] = mails.as_slice() {
            break mail.clone();
        }
        assert!(mails.is_empty() && begun.elapsed() < Duration::from_secs(30), "{mails:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    for words in ["billing@acme.example", "Microsoft CSP", "warning", "1.00"] {
        assert!(mail.contains(words), "\"{words}\" is missing: {mail}");
    }
    assert!(!mail.contains(TOKEN), "{mail}");
    // Whoever asks for a run stands beside it.
    scene.house.check(SYNCRO).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(mails(&scene).len(), 1);
    scene.close().await;
}
