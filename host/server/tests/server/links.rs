//! Suggestions, tables in and out, what a change of links touches, and every refusal.

use counterfoil_domain::connection::{HostRules, ManyToOne};
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::{MarketplaceId, SubscriptionId};
use counterfoil_domain::link::LinkState;
use counterfoil_domain::market::{Customer, Product, Subscription, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::*;
use counterfoil_domain::period::Cycle;
use counterfoil_domain::ports::{SetupStore as _, TaskStore as _, Write};
use counterfoil_domain::snapshot;
use counterfoil_domain::task::{Need, Subject, Task, TaskState};
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::seed::{connection, task, usd};
use crate::world::{World, now};

async fn world() -> World {
    World::new().await.with_connection("xero-main").await
}

pub(crate) fn customer(id: &str, name: &str) -> Customer {
    Customer { id: id.into(), name: name.into(), external_id: None, tax_number: None, email: None, active: true }
}

pub(crate) fn product(code: &str, name: &str) -> Product {
    let product = ProductRef { code: code.into(), name: name.into() };
    Product { product, metered: false, price: None, cost: None, currency: Currency::parse("USD").ok() }
}

pub(crate) fn entity(kind: &str, id: &str, name: &str) -> Entity {
    Entity {
        kind: kind.into(),
        id: id.into(),
        code: String::new(),
        name: name.into(),
        currency: None,
        cycle: None,
        active: true,
        price: None,
        cost: None,
        attributes: vec![],
    }
}

/// An order of customer 1000017 with one line of product SEAT.
pub(crate) fn order(id: &str) -> Order {
    let line = OrderLine {
        id: "l1".into(),
        kind: LineKind::Fee(Fee::ResourceRecurring),
        product: Some(ProductRef { code: "SEAT".into(), name: "Microsoft 365 E3".into() }),
        description: "Seats".into(),
        quantity: "2".parse().unwrap(),
        unit_price: "20.9".parse().unwrap(),
        unit_cost: None,
        amount: "41.8".parse().unwrap(),
        service_period: None,
        cycle: None,
    };
    Order {
        key: OrderKey { marketplace: "ingram".into(), order: id.into() },
        number: format!("SO-{id}"),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: "1000017".into(),
        subscription: None,
        created_at: now(),
        provisioned_at: None,
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: usd("1").currency,
        total: None,
        lines: vec![line],
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

/// The snapshot of a subscription, which needs no scenario of the target, and its task.
pub(crate) fn snapshot_of(id: &str, state: TaskState, order: Order) -> Vec<Write> {
    let (marketplace, subscription) = (MarketplaceId::from("ingram"), SubscriptionId::from(id));
    let key = snapshot::key(&marketplace, &"xero-main".into(), &subscription);
    let subject = Subject::Initial { marketplace, subscription };
    let customer = order.customer.clone();
    let task = Task { id: subject.task_id(&"xero-main".into()), subject, customer, ..task("xero-main", id, state) };
    let order = Order { key, ..order };
    vec![Write::PutOrder { order, fingerprint: id.into(), observed_at: now() }, Write::InsertTask(task)]
}

pub(crate) fn needs() -> TaskState {
    let need = |kind, source: &str, name: &str| Need::Link { kind, source: source.to_owned(), name: name.to_owned() };
    TaskState::Pending(vec![
        need(counterfoil_domain::link::LinkKind::Party, "1000017", "Green Lane"),
        need(counterfoil_domain::link::LinkKind::Item, "SEAT", "Microsoft 365 E3"),
    ])
}

async fn set(world: &World, query: &str, kind: &str, source: &str, target: Option<&str>) -> Reply {
    let state = if target.is_some() { "linked" } else { "unlinked" };
    let mut body = json!({ "connection": "xero-main", "kind": kind, "source": source, "state": state });
    if let Some(id) = target {
        body["target"] = json!({ "id": id, "name": format!("Name of {id}") });
    }
    world.call(Role::Biller, "PUT", &format!("/v1/links{query}"), Some(&body)).await
}

fn effects(answer: &Value) -> Vec<String> {
    let touches = answer["touches"].as_array().unwrap().iter();
    touches
        .map(|t| {
            format!(
                "{} {} {}",
                t["number"].as_str().unwrap(),
                t["state"].as_str().unwrap(),
                t["effect"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn setting_a_link_names_the_tasks_that_it_touches() {
    let world = world().await;
    world.put(snapshot_of("o1", needs(), order("o1"))).await;
    // Somebody else's order rests on neither.
    let mut other = order("o5");
    (other.customer, other.lines[0].product) = ("2".into(), None);
    world.put(snapshot_of("o5", TaskState::Ready, other)).await;

    let half = set(&world, "", "party", "1000017", Some("c-1")).await.json();
    assert_eq!((half["changed"].as_bool(), half["dry_run"].as_bool()), (Some(true), Some(false)));
    assert_eq!(effects(&half), ["SO-o1 pending still-waits"]);
    let text = half["touches"][0]["text"].as_str().unwrap();
    assert!(text.contains("link the product Microsoft 365 E3 (SEAT)"), "{text}");

    let dry = set(&world, "?dry_run=true", "item", "SEAT", Some("i-1")).await.json();
    assert_eq!(dry["dry_run"], true);
    assert_eq!(effects(&dry), ["SO-o1 pending becomes-ready"]);
    assert_eq!(world.store.links(&"xero-main".into(), None).await.unwrap().len(), 1, "a dry run writes nothing");
    let done = set(&world, "", "item", "SEAT", Some("i-1")).await.json();
    assert_eq!(done["touches"], dry["touches"]);
    assert_eq!((done["state"].as_str(), done["touched"].as_u64()), (Some("linked"), Some(1)));

    let again = set(&world, "", "item", "SEAT", Some("i-1")).await.json();
    assert_eq!((again["changed"].as_bool(), again["touched"].as_u64()), (Some(false), Some(0)));
    let later = [
        ("o2", TaskState::Ready),
        ("o3", TaskState::Planned("p".into())),
        ("o4", TaskState::Synced { plan: "p".into() }),
    ];
    for (id, state) in later {
        world.put(snapshot_of(id, state, order(id))).await;
    }
    let moved = set(&world, "", "item", "SEAT", Some("i-2")).await.json();
    assert_eq!(effects(&moved), ["SO-o2 ready plans-with-it", "SO-o3 planned plan-stale"]);

    let never = json!({ "connection": "xero-main", "kind": "item", "source": "SEAT", "state": "never-sync" });
    let never = world.call(Role::Biller, "PUT", "/v1/links", Some(&never)).await.json();
    assert_eq!(
        effects(&never),
        ["SO-o1 pending becomes-ignored", "SO-o2 ready becomes-ignored", "SO-o3 planned plan-stale"]
    );
    let cleared = set(&world, "", "item", "SEAT", None).await.json();
    assert_eq!(cleared["state"], "unlinked");
}

#[tokio::test]
async fn links_that_cannot_be_are_refused_with_the_part_that_is_wrong() {
    let world = world().await;
    let long = "x".repeat(501);
    for (kind, source, target, pointer, code) in [
        ("itm", "S", "i", "/kind", "unknown-kind"),
        ("item", " ", "i", "/source", "required"),
        ("item", long.as_str(), "i", "/source", "too-long"),
        ("fee", "cancelation-fee", "i", "/source", "unknown-fee"),
        ("item", "S", " ", "/target", "required"),
        ("item", "S", long.as_str(), "/target/id", "too-long"),
    ] {
        let reply = set(&world, "", kind, source, Some(target)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{kind} {source}");
        let fault = &reply.json()["errors"][0];
        assert_eq!((fault["pointer"].as_str(), fault["code"].as_str()), (Some(pointer), Some(code)), "{fault}");
    }
    assert_eq!(set(&world, "", "item", &"x".repeat(300), Some("i")).await.status, 200);
}

async fn one_to_one() -> World {
    let world = world().await;
    let mut strict = connection("xero-main");
    strict.rules = HostRules { many_to_one: ManyToOne::One, ..HostRules::default() };
    world.put(vec![Write::PutConnection(strict)]).await;
    world
}

#[tokio::test]
async fn a_second_product_on_one_item_is_refused_where_the_rule_is_off() {
    let world = one_to_one().await;
    let body = json!({ "connection": "xero-main", "kind": "item", "source": "A", "source_name": "Seat monthly",
        "state": "linked", "target": { "id": "i-1", "name": "Seats" } });
    assert_eq!(world.call(Role::Biller, "PUT", "/v1/links", Some(&body)).await.status, 200);
    let reply = set(&world, "", "item", "B", Some("i-1")).await;
    assert_eq!(reply.problem(), "invalid");
    let fault = reply.json()["errors"][0].clone();
    assert_eq!(fault["code"], "taken");
    assert!(fault["detail"].as_str().unwrap().contains("Seat monthly (A)"), "{fault}");
    for (kind, source, target) in [("item", "A", "i-1"), ("item", "B", "i-2"), ("party", "B", "i-1")] {
        assert_eq!(set(&world, "", kind, source, Some(target)).await.status, 200, "{kind} {source}");
    }
    let table = "kind,source,target_id\nitem,A,i-9\nitem,C,i-1\nitem,D,i-9\nitem,E,i-2\n";
    let report = import(&world, table, true, false).await.json();
    let what: Vec<&str> = report["rows"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["changed", "new", "refused", "refused"], "what A gives up is free, what B has is not");
    let free = World::new().await.with_connection("xero-main").await;
    for source in ["A", "B"] {
        assert_eq!(set(&free, "", "item", source, Some("i-1")).await.status, 200, "many products to one item");
    }
}

async fn import(world: &World, csv: &str, dry_run: bool, skip_bad: bool) -> Reply {
    let body = json!({ "connection": "xero-main", "csv": csv, "dry_run": dry_run, "skip_bad": skip_bad });
    world.post("/v1/links/import", &body).await
}

async fn export(world: &World) -> String {
    let reply = world.get("/v1/links.csv?connection=xero-main").await;
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"links-xero-main.csv\""));
    reply.body
}

#[tokio::test]
async fn a_table_goes_out_and_comes_back() {
    let world = world().await;
    let name = "=HYPERLINK(\"http://evil\")";
    let body = json!({ "connection": "xero-main", "kind": "party", "source": "1", "source_name": name, "state": "linked",
        "target": { "id": "c-1", "name": "O'Brien, \"Bob\"", "attributes": { "account-code": "201" } } });
    assert_eq!(world.call(Role::Biller, "PUT", "/v1/links", Some(&body)).await.status, 200);
    set(&world, "", "item", "-SEAT", Some("i-1")).await;
    set(&world, "", "item", "NONE", None).await;
    let text = export(&world).await;
    assert!(text.contains("\"'=HYPERLINK(\"\"http://evil\"\")\""), "{text}");
    assert!(text.contains("item,'-SEAT,"), "{text}");
    let same = import(&world, &text, false, false).await.json();
    assert_eq!((same["same"].as_u64(), same["rows"].as_array().unwrap().len()), (Some(3), 3), "{same}");

    let other = World::new().await.with_connection("xero-main").await;
    let dry = import(&other, &text, true, false).await.json();
    assert_eq!((dry["applied"].as_bool(), dry["new"].as_u64()), (Some(false), Some(3)), "{dry}");
    assert!(other.store.links(&"xero-main".into(), None).await.unwrap().is_empty());
    let done = import(&other, &text, false, false).await.json();
    assert_eq!((done["applied"].as_bool(), &done["rows"]), (Some(true), &dry["rows"]));
    let strip = |text: &str| text.replace("set by biller", "").replace("imported by biller", "");
    assert_eq!(strip(&export(&other).await), strip(&text));
    let audits = other.store.audit(10).await.unwrap();
    assert_eq!(audits.iter().filter(|entry| entry.action == "link.import").count(), 3);
}

#[tokio::test]
async fn one_bad_row_refuses_the_table_unless_it_is_skipped() {
    let world = world().await;
    set(&world, "", "item", "OLD", Some("i-0")).await;
    let table = "kind,source,state,target_id,attributes\n\
        item,A,linked,i-1,\n\
        itm,B,linked,i-1,\n\
        item,,linked,i-1,\n\
        fee,cancelation-fee,linked,i-1,\n\
        item,C,linked,,\n\
        item,D,never-sync,i-1,\n\
        item,E,lnked,i-1,\n\
        item,F,,,\n\
        item,A,linked,i-2,\n\
        item,G,linked,i-1,account-code=201\n\
        item,H\n\
        item,OLD,never-sync,,\n\
        item,I,,i-1,\"{\"\"tax-type\"\":\"\"OUT\"\"}\"\n";
    let report = import(&world, table, true, false).await.json();
    let shown: Vec<String> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!("{} {} {}", row["line"], row["what"].as_str().unwrap(), row["column"].as_str().unwrap_or("-"))
        })
        .collect();
    let expected = [
        "2 new -",
        "3 refused kind",
        "4 refused source",
        "5 refused source",
        "6 refused target_id",
        "7 refused target_id",
        "8 refused state",
        "9 refused state",
        "10 refused source",
        "11 refused attributes",
        "12 refused csv",
        "13 changed -",
        "14 new -",
    ];
    assert_eq!(shown, expected, "{report}");

    let refused = import(&world, table, false, false).await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "invalid"));
    let faults = refused.json()["errors"].clone();
    assert_eq!(faults.as_array().unwrap().len(), 10);
    assert_eq!(faults[0]["pointer"], "/csv/3/kind");
    assert_eq!(world.store.links(&"xero-main".into(), None).await.unwrap().len(), 1, "nothing was written");

    let skipped = import(&world, table, false, true).await.json();
    assert_eq!((skipped["applied"].as_bool(), skipped["refused"].as_u64()), (Some(true), Some(10)));
    let links = world.store.links(&"xero-main".into(), None).await.unwrap();
    let old = links.iter().find(|link| link.key.source == "OLD").unwrap();
    assert_eq!((links.len(), &old.state), (3, &LinkState::NeverSync));
}

#[tokio::test]
async fn a_file_that_is_no_table_of_links_is_refused_whole() {
    let world = world().await;
    for (text, code) in [
        ("", "column-missing"),
        ("hello", "unknown-column"),
        ("kind,source,sorce\nitem,A,B\n", "unknown-column"),
        ("kind,kind,source\n", "column-twice"),
    ] {
        for skip_bad in [false, true] {
            let reply = import(&world, text, false, skip_bad).await;
            assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{text:?}");
            assert_eq!(reply.json()["errors"][0]["code"], code, "{text:?}");
        }
    }
    for path in ["/v1/links.csv?connection=nothing", "/v1/links/suggestions?connection=nothing&kind=item"] {
        assert_eq!(world.call(Role::Biller, "GET", path, None).await.status, 404, "{path}");
    }
    for path in ["/v1/links.csv?connection=xero-main&kind=itm", "/v1/links.csv?connection=xero-main&state=lost"] {
        assert_eq!(world.get(path).await.problem(), "invalid", "{path}");
    }
}

async fn suggested(world: &World, query: &str) -> Reply {
    world.call(Role::Biller, "GET", &format!("/v1/links/suggestions?connection=xero-main&{query}"), None).await
}

#[tokio::test]
async fn suggestions_come_with_score_and_reasons_and_link_nothing() {
    let world = world().await;
    let mut taken = entity("party", "c-2", "Green Lane");
    taken.attributes = vec![("external-id".into(), "1000017".into())];
    world.has(vec![
        entity("party", "c-1", "GREEN LANE LIMITED"),
        taken,
        entity("party", "c-3", "Blue Street"),
        entity("item", "i-1", "Microsoft 365 E3"),
        entity("item", "i-2", "Cancellation fee"),
    ]);
    let customers = vec![customer("1000017", "Green Lane Ltd"), customer("1000018", "Blue & Co")];
    world
        .put(vec![
            Write::PutCustomers("ingram".into(), customers),
            Write::PutProducts("ingram".into(), vec![product("SEAT", "Microsoft 365 E3")]),
            Write::InsertTask(task("xero-main", "o1", needs())),
        ])
        .await;
    set(&world, "", "party", "1000018", Some("c-2")).await;

    let list = suggested(&world, "kind=party&source=1000017").await.json();
    let [first, second] = list["sources"][0]["suggestions"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!((first["target"]["id"].as_str(), first["score"].as_u64()), (Some("c-1"), Some(90)));
    assert_eq!((first["suggested"].as_bool(), first["exact"].as_bool()), (Some(true), Some(false)));
    assert_eq!(first["reasons"][0]["code"], "name");
    assert_eq!((second["taken_by"].as_str(), second["suggested"].as_bool()), (Some("1000018"), Some(false)));
    assert_eq!(list["complete"], true);

    let waiting = suggested(&world, "kind=item").await.json();
    assert_eq!(waiting["sources"][0]["source"], "SEAT");
    assert_eq!(waiting["sources"][0]["suggestions"][0]["target"]["id"], "i-1");
    let fee = suggested(&world, "kind=fee&source=cancellation-fee").await.json();
    assert_eq!(fee["sources"][0]["suggestions"][0]["target"]["id"], "i-2");
    assert_eq!(suggested(&world, "kind=container").await.json()["sources"], json!([]));
    assert_eq!(world.store.links(&"xero-main".into(), None).await.unwrap().len(), 1, "nothing links by itself");

    for (query, status) in [
        ("kind=itm", 422),
        ("kind=fee&source=cancelation-fee", 422),
        ("kind=party&source=", 422),
        ("kind=party&source=nobody", 404),
        ("kind=container&source=nothing", 404),
    ] {
        let reply = suggested(&world, query).await;
        assert_eq!(reply.status, status, "{query}");
        reply.problem();
    }
}

#[tokio::test]
async fn a_container_that_does_not_fit_is_told_why() {
    let world = world().await;
    let container = |id: &str, currency: &str, cycle: &str| Entity {
        currency: Currency::parse(currency).ok(),
        cycle: Some(cycle.into()),
        attributes: vec![("party".into(), "c-1".into())],
        ..entity("container", id, id)
    };
    world.has(vec![container("fits", "USD", "P1M"), container("yearly", "USD", "P1Y")]);
    let subscription = Subscription {
        id: "s-1".into(),
        name: "E3".into(),
        customer: "1000017".into(),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::BeforeBillingPeriod,
        cycle: Some(Cycle::Months(1)),
        currency: Currency::parse("USD").ok(),
        created_at: None,
        renews_on: None,
        lines: vec![],
    };
    world.put(vec![Write::PutSubscriptions("ingram".into(), vec![subscription])]).await;
    set(&world, "", "party", "1000017", Some("c-1")).await;
    let list = suggested(&world, "kind=container&source=s-1").await.json();
    let found = list["sources"][0]["suggestions"].as_array().unwrap();
    let shown: Vec<_> =
        found.iter().map(|one| (one["target"]["id"].as_str().unwrap(), one["suggested"].as_bool().unwrap())).collect();
    assert_eq!(shown, [("fits", true), ("yearly", false)]);
    let reasons = found[1]["reasons"].to_string();
    assert!(reasons.contains("billed every P1M, this every P1Y"), "{reasons}");
}

/// What the container tells, and the code of the refusal; none: it is linked.
#[tokio::test]
async fn a_container_that_does_not_fit_is_not_linked() {
    let subscription = Subscription {
        id: "s-1".into(),
        name: "E3".into(),
        customer: "1000017".into(),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::BeforeBillingPeriod,
        cycle: Some(Cycle::Months(12)),
        currency: Currency::parse("USD").ok(),
        created_at: None,
        renews_on: None,
        lines: vec![],
    };
    let container = |currency: &str, cycle: &str, party: &str, active: bool| Entity {
        currency: Currency::parse(currency).ok(),
        cycle: Some(cycle.into()).filter(|cycle: &String| !cycle.is_empty()),
        active,
        attributes: vec![("party".into(), party.into())],
        ..entity("container", "a-1", "Gold")
    };
    let table = [
        (container("USD", "P1Y", "c-1", true), "a-1", None),
        (container("USD", "P12M", "c-1", true), "a-1", None),
        (
            container("USD", "P1M", "c-1", true),
            "a-1",
            Some(("cycle-mismatch", "bills every month and the subscription every year")),
        ),
        (container("USD", "", "c-1", true), "a-1", Some(("container-without-cycle", "no recurring billing cycle"))),
        (
            container("EUR", "P1Y", "c-1", true),
            "a-1",
            Some(("container-currency", "bills in EUR and the subscription in USD")),
        ),
        (container("USD", "P1Y", "c-2", true), "a-1", Some(("container-of-another", "another customer"))),
        (container("USD", "P1Y", "c-1", false), "a-1", Some(("container-inactive", "not active"))),
        (container("USD", "P1Y", "c-1", true), "a-2", Some(("no-such-container", "a-2"))),
        // A target that cannot be asked: the plan will be held against it.
        (entity("item", "i", "no container"), "a-1", None),
    ];
    for (there, id, refusal) in table {
        let world = world().await;
        world.put(vec![Write::PutSubscriptions("ingram".into(), vec![subscription.clone()])]).await;
        set(&world, "", "party", "1000017", Some("c-1")).await;
        world.has(vec![there.clone()]);
        let csv = format!("kind,source,state,target_id\ncontainer,s-1,linked,{id}\n");
        let imported = import(&world, &csv, true, false).await.json();
        let body = json!({ "connection": "xero-main", "kind": "container", "source": "s-1", "state": "linked",
            "target": { "id": id, "name": "Gold" } });
        let reply = world.call(Role::Biller, "PUT", "/v1/links", Some(&body)).await;
        let links = world.store.links(&"xero-main".into(), None).await.unwrap();
        let Some((code, text)) = refusal else {
            assert_eq!((reply.status, links.len()), (200, 2), "{there:?}: {}", reply.json());
            assert_eq!(imported["rows"][0]["what"], "new", "{there:?}");
            continue;
        };
        assert_eq!((reply.status, links.len()), (422, 1), "{there:?}");
        let fault = &reply.json()["errors"][0];
        assert_eq!((fault["pointer"].as_str(), fault["code"].as_str()), (Some("/target/id"), Some(code)), "{there:?}");
        assert!(fault["detail"].as_str().unwrap().contains(text), "{fault}");
        assert_eq!(imported["rows"][0]["what"], "refused", "{there:?}");
        assert!(imported["rows"][0]["text"].as_str().unwrap().contains(text), "{imported}");
    }
}

#[tokio::test]
async fn a_long_list_is_not_read_whole() {
    let world = world().await;
    world.put(vec![Write::PutCustomers("ingram".into(), vec![customer("1", "Greenlane Ltd")])]).await;
    world.endless();
    let list = suggested(&world, "kind=party&source=1").await.json();
    assert_eq!(list["complete"], false);
    let names = list["sources"][0]["suggestions"].to_string();
    assert!(names.contains("\"greenlane\""), "it was searched for by its name: {names}");
    let asked = world.searched();
    assert!((3..20).contains(&asked), "{asked} searches");
}
