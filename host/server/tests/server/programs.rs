//! Programs and statements: settings and their refusals, who is mapped where, tables, money that agrees, and records.

use counterfoil_domain::card::{Card, Containers};
use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::{CustomerId, OrderId, SubscriptionId, TaskId};
use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::market::{Customer, Subscription, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::ports::{
    KeptAs, KeptStatement, SetupStore as _, StatementStore as _, StatementSum, StoredStatement, TaskStore as _, Write,
};
use counterfoil_domain::statement::{Charge, Record, StatementHead, StatementPart};
use counterfoil_domain::task::{IgnoreReason, Ignored, Subject, Task, TaskState};
use counterfoil_server::Role;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::client::send;
use crate::seed::{task, usd};
use crate::world::{World, bearer, card, now};

const AT: &str = "/v1/connections/x/programs/microsoft-csp";

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn october() -> Period {
    Period::new("2026-10-01".parse().unwrap(), "2026-11-01".parse().unwrap()).unwrap()
}

fn entity(kind: &str, id: &str, name: &str, attributes: &[(&str, &str)]) -> Entity {
    Entity {
        kind: kind.into(),
        id: id.into(),
        code: String::new(),
        name: name.into(),
        currency: None,
        cycle: (kind == "container").then(|| "P1M".to_owned()),
        active: true,
        price: None,
        cost: None,
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

/// An order of October's statement, and its task.
fn billed(customer: &str, motion: Motion, money: &str, state: TaskState) -> Vec<Write> {
    let subscription = SubscriptionId::new(format!("{customer}/{motion}"));
    let key = OrderKey { marketplace: "ingram".into(), order: OrderId::new(format!("st-10:{customer}:{motion}")) };
    let line = OrderLine {
        id: "1".into(),
        kind: LineKind::Fee(Fee::ResourceRecurring),
        product: Some(ProductRef { code: "SKU".into(), name: "Office".into() }),
        description: "Office".into(),
        quantity: Decimal::ONE,
        unit_price: amount(money),
        unit_cost: None,
        amount: amount(money),
        service_period: Some(october()),
        cycle: None,
    };
    let part = StatementPart {
        statement: "st-10".into(),
        stream: "seat".into(),
        period: october(),
        motion,
        issue: 1,
        before: Decimal::ZERO,
        lines: Default::default(),
    };
    let order = Order {
        key: key.clone(),
        number: format!("st-10 {motion}"),
        order_type: OrderType::Billing,
        status: OrderStatus::Completed,
        customer: CustomerId::new(customer),
        subscription: Some(subscription.clone()),
        created_at: now(),
        provisioned_at: Some(now()),
        billing_model: BillingModel::AfterBillingPeriod,
        currency: Currency::parse("USD").unwrap(),
        total: None,
        lines: vec![line],
        on_renewal: false,
        vendor_rated: false,
        statement: Some(Box::new(part)),
    };
    let task = Task {
        id: TaskId::new(format!("task_{customer}_{motion}")),
        subject: Subject::Order { key, revision: order.revision() },
        customer: CustomerId::new(customer),
        subscription: Some(subscription.clone()),
        amount: usd(money),
        ..task("x", "o1", state)
    };
    let subscription = Subscription {
        id: subscription,
        name: motion.text().to_owned(),
        customer: CustomerId::new(customer),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::AfterBillingPeriod,
        cycle: motion.recurs().then_some(Cycle::Months(1)),
        currency: Currency::parse("USD").ok(),
        created_at: None,
        renews_on: None,
        lines: vec![],
    };
    vec![
        Write::PutSubscriptions("ingram".into(), vec![subscription]),
        Write::PutOrder { order, fingerprint: String::new(), observed_at: now() },
        Write::InsertTask(task),
    ]
}

fn october_statement(usage: &str) -> Write {
    let sum = |motion, amount: &str| StatementSum {
        motion,
        currency: Currency::parse("USD").unwrap(),
        records: 1,
        cost: self::amount("1"),
        amount: self::amount(amount),
    };
    let record = |n: u32| Record {
        customer: "c1".into(),
        customer_name: "Contoso".into(),
        subscription: String::new(),
        subscription_name: String::new(),
        product: ProductRef { code: format!("SKU{n}"), name: "Office".into() },
        motion: Motion::AnnualMonthly,
        motion_told: String::new(),
        charge: Charge::Recurring,
        charge_name: "cycleFee".into(),
        quantity: Decimal::ONE,
        unit_cost: Decimal::ONE,
        unit_price: Decimal::TWO,
        cost: Decimal::ONE,
        amount: Decimal::TWO,
        currency: Currency::parse("USD").unwrap(),
        charge_period: None,
    };
    let kept = KeptStatement {
        marketplace: "ingram".into(),
        head: StatementHead {
            id: "st-10".into(),
            stream: "seat".into(),
            stream_name: "Acme · Seat".into(),
            period: october(),
            currency: Currency::parse("USD").unwrap(),
            total: Some(amount("2.50")),
            issued_at: now(),
            fingerprint: String::new(),
        },
        issue: 1,
        lineage: "st-10".into(),
        kept_as: KeptAs::First,
        content: String::new(),
        read_at: now(),
        sums: vec![sum(Motion::MonthlyMonthly, "30.00"), sum(Motion::Usage, usage)],
        problems: vec![],
    };
    let records = (0..3).map(record).collect();
    Write::PutStatement(Box::new(StoredStatement { kept, records, unreadable: vec![] }))
}

async fn world_with(card: Card) -> World {
    let world = World::of(false, card).await.with_connection("x").await;
    let marketplace = Marketplace {
        id: "ingram".into(),
        reseller: "acme".into(),
        kind: MarketplaceKind::CloudIq,
        location: "https://cloudiq.test".into(),
        settings: Default::default(),
        exceptions: Exceptions::default(),
    };
    let customer = |id: &str, name: &str| Customer {
        id: id.into(),
        name: name.into(),
        external_id: None,
        tax_number: None,
        email: None,
        active: true,
    };
    let off =
        Ignored { reason: IgnoreReason::AzureOff, text: "off".into(), by: "rules".into(), at: now(), until: None };
    let mut writes = vec![
        Write::PutMarketplace(marketplace),
        Write::PutCustomers("ingram".into(), vec![customer("c1", "Contoso"), customer("c2", "=Fabrikam")]),
        october_statement("3.50"),
    ];
    writes.extend(billed("c1", Motion::MonthlyMonthly, "10.00", TaskState::Ready));
    writes.extend(billed("c2", Motion::MonthlyMonthly, "20.00", TaskState::Pending(vec![])));
    writes.extend(billed("c1", Motion::Usage, "3.50", TaskState::Ignored(off)));
    world.put(writes).await;
    world.has(vec![
        entity("party", "p1", "Contoso", &[]),
        entity("party", "p2", "Fabrikam", &[]),
        entity("container", "s1", "Monthly", &[("party", "p1")]),
        entity("container", "s2", "Monthly", &[("party", "p2")]),
    ]);
    world
}

pub(crate) async fn world() -> World {
    world_with(Card { containers: Containers::Yes, ..card() }).await
}

async fn put(world: &World, body: &Value) -> crate::client::Reply {
    world.call(Role::Operator, "PUT", AT, Some(body)).await
}

#[tokio::test]
async fn a_program_is_off_until_it_is_set_and_keeps_what_is_not_named() {
    let world = world().await;
    let program = world.get(AT).await.json();
    assert_eq!((&program["enabled"], &program["motions"]), (&json!(false), &json!(["monthly-monthly"])));
    let all = json!({ "enabled": true, "billing": true, "azure": true, "emails": ["a@b.example"],
        "motions": ["monthly-monthly", "annual-monthly"], "daily_at": "06:30", "time_zone": "Europe/Vienna" });
    let answer = put(&world, &all).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["changed"], true);
    let next = answer["program"]["next_runs"].as_array().unwrap();
    assert_eq!((next.len(), &next[0]), (5, &json!("2026-11-22T05:30:00Z")));
    let kept = world.store.programs(&"x".into()).await.unwrap();
    assert!(kept[0].azure && kept[0].motions.contains(&Motion::AnnualMonthly));
    // What is switched off says what that means for the money that is open.
    let answer = put(&world, &json!({ "motions": ["annual-monthly"] })).await.json();
    let warning = answer["warnings"][0].as_str().unwrap();
    assert!(warning.contains("2 open tasks with 30.00 USD"), "{warning}");
    assert_eq!(answer["program"]["daily_at"], "06:30");
    assert_eq!(put(&world, &json!({ "motions": ["annual-monthly"] })).await.json()["changed"], false);
    let audit = world.store.audit(10).await.unwrap();
    assert_eq!(audit.iter().filter(|entry| entry.action == "program.set").count(), 2);
    assert!(audit[0].detail.contains("motions: "), "{}", audit[0].detail);
}

#[tokio::test]
async fn every_bad_field_is_named_at_once_and_somebody_elses_change_is_not_overwritten() {
    let world = world().await;
    let bad = json!({ "emails": ["nobody"], "motions": ["yearly"], "daily_at": "25:00", "time_zone": "Mars" });
    let reply = put(&world, &bad).await;
    assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"));
    let pointers: Vec<String> =
        reply.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap().into()).collect();
    assert_eq!(pointers, ["/emails/0", "/motions/0", "/daily_at", "/time_zone"]);
    assert!(world.store.programs(&"x".into()).await.unwrap().is_empty());

    let tag = world.get(AT).await.header("etag").unwrap().to_owned();
    let token = bearer(Role::Operator);
    let set = async |tag: &str, body: Value| {
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json"), ("If-Match", tag)];
        send(world.address, "PUT", AT, &headers, Some(&body.to_string())).await
    };
    let first = set(&tag, json!({ "taxable": true })).await;
    assert_eq!(first.status, 200);
    assert_eq!(set(&tag, json!({ "taxable": false })).await.problem(), "changed-meanwhile");
    assert_eq!(set(first.header("etag").unwrap(), json!({ "taxable": false })).await.status, 200);

    for (path, code) in [
        ("/v1/connections/x/programs/other", 422),
        ("/v1/connections/none/programs/microsoft-csp", 404),
        (&format!("{AT}/customers?state=odd"), 422),
        (&format!("{AT}/money?from=2026-05-01&to=2026-05-01"), 422),
    ] {
        assert_eq!(world.call(Role::Biller, "GET", path, None).await.status, code, "{path}");
    }
}

#[tokio::test]
async fn programs_are_listed_with_who_is_mapped_and_where_the_money_is() {
    let world = world().await;
    let list = world.get("/v1/programs").await.json();
    let row = &list["programs"][0];
    assert_eq!((&row["mapped"], &row["unmapped"]), (&json!(0), &json!(3)));
    let sum = |name: &str| row[name][0]["amount"].as_str().unwrap_or("-").to_owned();
    assert_eq!([sum("open"), sum("unmapped_money"), sum("held_back"), sum("billed")], ["10.00", "20.00", "3.50", "-"]);
    assert_eq!(row["last_run"], Value::Null);
    let motions = world.get(&format!("{AT}/motions")).await.json();
    let of = |motion: &str| motions["motions"].as_array().unwrap().iter().find(|one| one["motion"] == motion).cloned();
    assert_eq!(of("usage").unwrap()["money"][0]["amount"], "3.50");
    assert_eq!(of("annual-upfront").unwrap()["prefix"], "P1Y:A:");
    assert_eq!(of("unknown"), None);
}

#[tokio::test]
async fn bills_and_buckets_are_held_against_the_statements() {
    let world = world().await;
    let money = world.get(&format!("{AT}/money")).await.json();
    assert_eq!(money["agrees"], true, "{money}");
    let motions = &money["periods"][0]["motions"];
    assert_eq!((&motions[0]["motion"], &motions[0]["total"]["amount"]), (&json!("monthly-monthly"), &json!("30.00")));
    assert_eq!(motions[0]["buckets"][0]["bucket"], "open");
    assert_eq!(motions[1]["buckets"][0]["bucket"], "azure-off");
    world.put(vec![october_statement("4.00")]).await;
    let money = world.get(&format!("{AT}/money")).await.json();
    assert_eq!(
        (&money["agrees"], &money["periods"][0]["motions"][1]["difference"]["amount"]),
        (&json!(false), &json!("-0.50"))
    );
}

fn place(customer: &str, motion: &str) -> String {
    format!("{AT}/customers/{customer}/{motion}")
}

async fn map(world: &World, place: &str, body: Value) -> crate::client::Reply {
    world.call(Role::Biller, "PUT", place, Some(&body)).await
}

#[tokio::test]
async fn a_mapping_is_two_links_and_is_held_against_the_target() {
    let world = world().await;
    let here = place("c1", "monthly-monthly");
    for (body, code) in [
        (json!({ "party": "" , "container": "s1" }), "required"),
        (json!({ "party": "p1" }), "required"),
        (json!({ "party": "p9", "container": "s1" }), "not-in-target"),
        (json!({ "party": "p1", "container": "s9" }), "not-in-target"),
        (json!({ "party": "p1", "container": "s2" }), "container-of-another"),
    ] {
        let reply = map(&world, &here, body.clone()).await;
        assert_eq!(
            (reply.status, reply.json()["errors"][0]["code"].as_str()),
            (422, Some(code)),
            "{body} {}",
            reply.body
        );
    }
    assert_eq!(map(&world, &place("c9", "usage"), json!({ "party": "p1", "container": "s1" })).await.status, 404);
    assert_eq!(map(&world, &place("c1", "yearly"), json!({ "party": "p1" })).await.status, 422);
    assert!(world.store.links(&"x".into(), None).await.unwrap().is_empty());

    let good = json!({ "party": "p1", "container": "s1" });
    let dry = map(&world, &here, json!({ "party": "p1", "container": "s1", "dry_run": true })).await.json();
    assert_eq!((&dry["changed"], &dry["customer"]["state"]), (&json!(true), &json!("unmapped")));
    let answer = map(&world, &here, good.clone()).await.json();
    assert_eq!(
        (&answer["customer"]["state"], &answer["customer"]["container"]["name"]),
        (&json!("mapped"), &json!("Monthly"))
    );
    assert_eq!(map(&world, &here, good).await.json()["changed"], false);
    let mapped =
        world.call(Role::Biller, "GET", &format!("{AT}/customers?state=mapped&search=cont"), None).await.json();
    assert_eq!((mapped["customers"].as_array().unwrap().len(), &mapped["mapped"]), (1, &json!(1)));

    // The other motion of the same customer goes to the same party: taking this one back keeps it.
    assert_eq!(map(&world, &place("c1", "usage"), json!({ "party": "p1", "container": "s1" })).await.status, 200);
    let state = async |kind, source: &str| {
        let links = world.store.links(&"x".into(), Some(kind)).await.unwrap();
        links.into_iter().find(|link| link.key.source == source).map(|link| link.state.name())
    };
    assert_eq!(world.call(Role::Biller, "DELETE", &here, None).await.status, 200);
    assert_eq!(state(LinkKind::Party, "c1").await, Some("linked"));
    assert_eq!(state(LinkKind::Container, "c1/monthly-monthly").await, Some("unlinked"));
    assert_eq!(world.call(Role::Biller, "DELETE", &place("c1", "usage"), None).await.status, 200);
    assert_eq!(state(LinkKind::Party, "c1").await, Some("unlinked"));
}

#[tokio::test]
async fn without_containers_a_party_is_enough_and_names_are_suggested() {
    let world = world_with(card()).await;
    let found = world.call(Role::Biller, "GET", &format!("{AT}/customers?suggest=true&search=fabrikam"), None).await;
    assert_eq!(found.json()["customers"][0]["suggestions"][0]["id"], "p2", "{}", found.body);
    let reply = map(&world, &place("c2", "monthly-monthly"), json!({ "party": "p2", "container": "s2" })).await;
    assert_eq!(reply.json()["errors"][0]["code"], "not-here");
    let answer = map(&world, &place("c2", "monthly-monthly"), json!({ "party": "p2" })).await.json();
    assert_eq!(answer["customer"]["state"], "mapped");
}

#[tokio::test]
async fn a_table_goes_out_and_comes_in_whole_or_not_at_all() {
    let world = world().await;
    let out = world.get(&format!("{AT}/customers.csv")).await.body;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "customer_id,customer,motion,party_id,party,container_id,container");
    assert!(lines.contains(&"c2,'=Fabrikam,monthly-monthly,,,,"), "{out}");
    let import = async |csv: &str, dry_run: bool, skip_bad: bool| {
        let body = json!({ "csv": csv, "dry_run": dry_run, "skip_bad": skip_bad });
        world.post(&format!("{AT}/customers/import"), &body).await
    };
    // As it went out, it changes nothing.
    let same = import(&out, false, false).await.json();
    assert_eq!((&same["same"], &same["new"], &same["refused"]), (&json!(3), &json!(0), &json!(0)));
    let csv = "customer_id,motion,party_id,container_id\nc1,monthly-monthly,p1,s1\nc2,monthly-monthly,p2,s1\nc1,usage,p2,s2\nc9,usage,p1,s1\nc1,yearly,p1,s1\nc2,monthly-monthly,p2,s2\n";
    let dry = import(csv, true, false).await.json();
    let rows: Vec<String> = dry["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!("{} {} {}", row["line"], row["what"].as_str().unwrap(), row["column"].as_str().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        rows,
        [
            "2 new -",
            "3 refused container_id",
            "4 refused party_id",
            "5 refused customer_id",
            "6 refused motion",
            "7 refused motion"
        ]
    );
    let refused = import(csv, false, false).await;
    assert_eq!(refused.problem(), "invalid");
    assert!(refused.json()["detail"].as_str().unwrap().contains("line 3"), "{}", refused.body);
    assert!(world.store.links(&"x".into(), None).await.unwrap().is_empty());
    let taken = import(csv, false, true).await.json();
    assert_eq!((&taken["applied"], &taken["new"], &taken["refused"]), (&json!(true), &json!(1), &json!(5)));
    let links = world.store.links(&"x".into(), None).await.unwrap();
    assert!(links.len() == 2 && links.iter().all(|link| matches!(link.state, LinkState::Linked(_))));
}

#[tokio::test]
async fn statements_are_shown_with_control_totals_and_records_in_pages() {
    let world = world().await;
    let list = world.get("/v1/statements").await.json();
    let one = &list["statements"][0];
    assert_eq!(
        (&one["id"], &one["difference"]["amount"], &one["records"]),
        (&json!("st-10"), &json!("-0.50"), &json!(2))
    );
    let detail = world.get("/v1/statements/st-10?limit=2").await.json();
    assert_eq!((detail["records"].as_array().unwrap().len(), &detail["next"]), (2, &json!("2")));
    assert_eq!(detail["records"][0]["product"], "P1Y:M:SKU0");
    let rest = world.get("/v1/statements/st-10?limit=2&after=2").await.json();
    assert_eq!((rest["records"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(world.get("/v1/statements/none").await.status, 404);
    assert_eq!(world.get("/v1/statements?marketplace=none").await.status, 404);
    let tasks = world.get("/v1/tasks?statement=st-10").await.json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 3);
    assert_eq!(world.get("/v1/tasks?statement=none").await.json()["tasks"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_setup_document_sets_programs_once() {
    let world = world().await;
    let document =
        json!({ "programs": [{ "connection": "x", "name": "microsoft-csp", "enabled": true, "billing": true }] });
    let apply = async |document: &Value| world.call(Role::Operator, "POST", "/v1/setup", Some(document)).await;
    let first = apply(&document).await.json();
    assert_eq!((&first["create"], &first["objects"][0]["id"]), (&json!(1), &json!("x/microsoft-csp")));
    assert_eq!(apply(&document).await.json()["unchanged"], 1);
    let faults = apply(&json!({ "programs": [
        { "connection": "none", "name": "microsoft-csp" },
        { "connection": "x", "name": "other" },
        { "connection": "x", "name": "microsoft-csp", "daily_at": "noon" },
        { "connection": "x", "name": "microsoft-csp", "dayly_at": "06:30" },
    ] }))
    .await
    .json();
    assert_eq!(faults["errors"][0]["pointer"], "/programs/3/dayly_at");
    let faults = apply(&json!({ "programs": [
        { "connection": "none", "name": "microsoft-csp" },
        { "connection": "x", "name": "other" },
        { "connection": "x", "name": "microsoft-csp", "daily_at": "noon" },
    ] }))
    .await
    .json();
    let pointers: Vec<&str> =
        faults["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/programs/0/connection", "/programs/1/name", "/programs/2/daily_at"]);
}
