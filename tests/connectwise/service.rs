//! The wizard's steps through the running service: API outside, the component in its sandbox, simulators beyond. Links of
//! customers, products and agreements, what is skipped once it is linked, and what is refused with its reason.

use counterfoil_sim::world::Kind;
use reqwest::Method;
use serde_json::json;

use crate::bench::SEATS;
use crate::books::{self, Terms};
use crate::office::{CW, Office};
use crate::shelf::amount;

/// The customer's company and the seats' item, linked.
async fn linked(office: &Office) -> i64 {
    let (customer, name) = office.customer();
    let company = books::company(&office.books, &name);
    office.linked("party", &customer, company).await;
    let item = books::item(&office.books, SEATS, "Business Premium", (amount("31.40"), amount("19.00")));
    office.linked("item", SEATS, item).await;
    company
}

/// An agreement whose periods begin when the sale's do, linked to what that began.
async fn on_agreement(office: &Office, company: i64, sale: &str) -> i64 {
    let since = office.task(sale).await.order.unwrap().effective_on;
    let agreement = books::agreement(&office.books, company, "Cloud services", Terms::monthly(&since.to_string()));
    office.linked("container", &office.subscription(sale), agreement).await;
    agreement
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_1_check_changes_updates_the_list_and_a_task_shows_customer_number_and_order_type() {
    let office = Office::open().await;
    assert!(office.tasks("").await.is_empty());
    let sale = office.sell();
    assert!(office.tasks("").await.is_empty(), "only a check tells");
    office.check().await;
    let change = office.order(Kind::Upgrade, &sale, Some(2));
    office.check().await;
    let (id, name) = office.customer();
    for (number, kind) in [(&sale, "sales"), (&change, "change")] {
        let shown = office.tasks(&format!("&text={number}")).await;
        let told: Vec<_> = shown.iter().map(|task| [&task.customer_name, &task.number, &task.kind]).collect();
        assert_eq!(told, [[&name, number, &kind.to_owned()]]);
        assert_eq!(shown[0].customer, id);
        // Sync Changes opens it.
        let opened = office.task(number).await;
        assert!(!opened.order.unwrap().lines.is_empty());
    }
    // The same list at the command line.
    let base = office.base();
    let listed = std::process::Command::new(env!("CARGO_BIN_EXE_counterfoil"))
        .args(["tasks", "list", "--connection", CW, "--server", &base, "--token-file"])
        .arg(office.token_file())
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!([&sale, &change, &name].iter().all(|word| listed.contains(word.as_str())), "{listed}");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_2_each_order_type_says_in_words_what_it_means() {
    let office = Office::open().await;
    let sale = office.sell();
    let change = office.order(Kind::Upgrade, &sale, Some(2));
    office.check().await;
    for (number, words) in
        [(&sale, ["Sales order", "new subscription"]), (&change, ["Change order", "upgraded or downgraded"])]
    {
        let told = office.task(number).await.task.kind_text;
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_13_an_agreement_of_another_cycle_is_refused_at_the_link_with_the_reason() {
    let office = Office::open().await;
    let company = linked(&office).await;
    let sale = office.sell();
    office.check().await;
    for (cycle, theirs) in [("Quarterly", "3 months"), ("Yearly", "year")] {
        let name = format!("{cycle} contract");
        let terms = Terms { cycle, ..Terms::monthly("2026-01-01") };
        let agreement = books::agreement(&office.books, company, &name, terms);
        let (status, answer) = office.link("container", &office.subscription(&sale), agreement).await;
        let said = answer.to_string();
        assert!(status == 422 || status == 400, "{status} {said}");
        assert!(said.contains("cycle-mismatch") && said.contains(&name) && said.contains(theirs), "{said}");
        let seen = office.suggested("container", &office.subscription(&sale)).await;
        let shown = seen.suggestions.iter().find(|one| one.target.name == name).unwrap();
        assert_eq!((shown.score, shown.suggested), (0, false), "shown to say why not: {shown:?}");
    }
    assert!(office.links().await.iter().all(|link| link.kind != "container" || link.state != "linked"));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_14_an_agreement_of_another_currency_is_refused_at_the_link_with_the_reason() {
    let office = Office::open().await;
    let company = linked(&office).await;
    let sale = office.sell();
    office.check().await;
    let terms = Terms { currency: "EUR", ..Terms::monthly("2026-01-01") };
    let agreement = books::agreement(&office.books, company, "Euro contract", terms);
    let (_, answer) = office.link("container", &office.subscription(&sale), agreement).await;
    let said = answer.to_string();
    assert!(["container-currency", "Euro contract", "EUR", "USD"].iter().all(|word| said.contains(word)), "{said}");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_15_sync_confirms_and_nothing_is_written_before() {
    let office = Office::open().await;
    let company = linked(&office).await;
    let sale = office.sell();
    office.check().await;
    let agreement = on_agreement(&office, company, &sale).await;
    let before = office.writes();
    office.plan().await;
    let planned = office.task(&sale).await.task;
    assert_eq!((planned.state.as_str(), office.writes()), ("planned", before), "{planned:#?}");
    let run = office.sync(vec![planned.plan.unwrap()]).await;
    assert_eq!(run.state, "done", "{run:#?}");
    assert_eq!(office.task(&sale).await.task.state, "synced");
    let made = books::additions(&office.books, agreement);
    assert!(!made.is_empty() && office.writes() == before + made.len(), "{made:#?}");
    // A second round has nothing to do.
    office.check().await;
    office.plan().await;
    assert_eq!(books::additions(&office.books, agreement), made);
    office.close().await;
}

/// What a task waits for, by kind of link.
async fn waits_for(office: &Office, number: &str, kind: &str) -> bool {
    let task = office.task(number).await.task;
    serde_json::to_string(&task.needs).unwrap().contains(&format!("\"{kind}\""))
}

/// The second order of what is linked since the first one asks for nothing of that kind.
async fn asked_once(office: &Office, kind: &str, first: &str) {
    assert!(!waits_for(office, first, kind).await);
    let second = office.sell();
    office.check().await;
    assert!(!waits_for(office, &second, kind).await, "linked before, and asked again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_1_the_customer_is_linked() {
    let office = Office::open().await;
    let (customer, name) = office.customer();
    let company = books::company(&office.books, &name);
    books::company(&office.books, "Somebody Else");
    let sale = office.sell();
    office.check().await;
    assert!(waits_for(&office, &sale, "party").await);
    let found = office.suggested("party", &customer).await;
    let first = &found.suggestions[0];
    assert_eq!((first.target.id.clone(), first.suggested), (company.to_string(), true), "{found:#?}");
    office.linked("party", &customer, company).await;
    office.check().await;
    asked_once(&office, "party", &sale).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_2_a_customer_that_was_linked_before_is_not_asked_for() {
    let office = Office::open().await;
    linked(&office).await;
    let sale = office.sell();
    office.check().await;
    asked_once(&office, "party", &sale).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_3_the_product_is_linked() {
    let office = Office::open().await;
    let sale = office.sell();
    office.check().await;
    assert!(waits_for(&office, &sale, "item").await);
    let item = books::item(&office.books, "SOMETHING-ELSE", "Premium seats", (amount("31.40"), amount("19.00")));
    office.linked("item", SEATS, item).await;
    office.check().await;
    asked_once(&office, "item", &sale).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_4_a_product_that_was_linked_before_is_not_asked_for() {
    let office = Office::open().await;
    linked(&office).await;
    let sale = office.sell();
    office.check().await;
    asked_once(&office, "item", &sale).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_5_a_product_is_added_to_connectwise_with_its_parameters_and_linked() {
    let office = Office::open().await;
    let sale = office.sell();
    office.check().await;
    // The tenant has product types and subcategories: those of this one.
    books::item(&office.books, "OTHER", "Something else", (amount("1"), amount("1")));
    let draft = json!({
        "kind": "item", "name": "Microsoft 365 Business Premium", "code": SEATS, "price": "31.4025", "cost": "19.10",
        "attributes": {
            "taxable": "false", "description": "Per user and month", "external-id": "cb-res-100", "mpn": "CFQ7TTC0LCHC",
        },
    });
    let (status, made) = office.api.call(Method::POST, &format!("/v1/connections/{CW}/entities"), Some(&draft)).await;
    assert_eq!(status, 201, "{made}");
    let id: i64 = made["id"].as_str().unwrap().parse().unwrap();
    let (status, again) = office.api.call(Method::POST, &format!("/v1/connections/{CW}/entities"), Some(&draft)).await;
    assert_eq!((status, &again["id"]), (201, &made["id"]), "asked twice it is made once");
    let answers = office.books.log().entries().into_iter().filter(|one| one.method == "POST" && one.status == 201);
    let answers: Vec<serde_json::Value> =
        answers.map(|one| serde_json::from_str(&one.response_body).unwrap()).collect();
    let [item] = answers.as_slice() else { panic!("made once: {answers:#?}") };
    assert_eq!(item["id"], json!(id));
    for (field, want) in [
        ("identifier", json!(SEATS)),
        ("description", json!("Microsoft 365 Business Premium")),
        ("customerDescription", json!("Per user and month")),
        ("productClass", json!("Agreement")),
        ("taxableFlag", json!(false)),
        ("integrationXRef", json!("cb-res-100")),
        ("manufacturerPartNumber", json!("CFQ7TTC0LCHC")),
    ] {
        assert_eq!(item[field], want, "{field}: {item}");
    }
    assert_eq!((item["price"].to_string(), item["cost"].to_string()), ("31.4025".to_owned(), "19.1".to_owned()));
    office.linked("item", SEATS, id).await;
    office.check().await;
    let needs = serde_json::to_string(&office.task(&sale).await.task.needs).unwrap();
    assert!(!needs.contains("item"), "{needs}");
    office.close().await;
}
