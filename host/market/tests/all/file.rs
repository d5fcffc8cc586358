//! A folder of exported answers: the same orders as over HTTP, strange files named, nothing read outside.

use std::fs;
use std::path::Path;

use crate::support::{client, fixtures, folder_door, marketplace};
use counterfoil_domain::connection::MarketplaceKind;
use counterfoil_domain::id::OrderId;
use counterfoil_domain::market::Page;
use counterfoil_domain::ports::{DetailError, MarketplaceClient, OrderQuery, SourceError};
use counterfoil_market::FileMarketplace;

fn open(folder: &Path) -> FileMarketplace {
    FileMarketplace::new(&marketplace(MarketplaceKind::File, folder.to_str().unwrap(), &[])).unwrap()
}

fn order(id: &str, created: &str) -> String {
    format!(
        r#"{{"id":"{id}","orderNumber":"SO{id}","customerId":"c","creationDate":"{created}","total":{{"currency":"USD","amount":"1"}}}}"#
    )
}

async fn everything(client: &dyn MarketplaceClient) -> String {
    let heads = client.orders(OrderQuery::default()).await.unwrap();
    assert_eq!(heads.unreadable, []);
    let ids: Vec<OrderId> = heads.rows.iter().map(|head| head.id.clone()).collect();
    let shown: Vec<_> = heads.rows.iter().map(|h| (h.id.clone(), h.number.clone(), h.status, h.created_at)).collect();
    let details = client.details(ids).await;
    assert!(details.iter().all(|(_, result)| result.is_ok()), "{details:#?}");
    let customers = client.customers(None).await.unwrap();
    let subscriptions = client.subscriptions(None).await.unwrap();
    let products = client.products(None).await.unwrap();
    format!("{shown:#?}\n{details:#?}\n{customers:#?}\n{subscriptions:#?}\n{products:#?}")
}

#[tokio::test]
async fn both_clients_give_the_same() {
    let folder = fixtures();
    // The change order stands inside "data" in its file; over HTTP the list shows it bare.
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("orders")).unwrap();
    for name in ["customers.json", "subscriptions.json", "products.json"] {
        fs::copy(folder.join(name), copy.path().join(name)).unwrap();
    }
    for entry in fs::read_dir(folder.join("orders")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let bare =
            text.trim().strip_prefix("{ \"data\": ").map_or(text.clone(), |rest| rest[..rest.len() - 1].to_owned());
        fs::write(copy.path().join("orders").join(path.file_name().unwrap()), bare).unwrap();
    }
    let over_http = everything(&client(&folder_door(copy.path()))).await;
    assert_eq!(everything(&open(&folder)).await, over_http);
    assert_eq!(everything(&open(copy.path())).await, over_http);
    // One list instead of one file each.
    let texts = ["BO000125", "CH000124", "RN000126", "SO000123"]
        .map(|name| fs::read_to_string(copy.path().join(format!("orders/{name}.json"))).unwrap());
    fs::remove_dir_all(copy.path().join("orders")).unwrap();
    for list in [format!("[{}]", texts.join(",")), format!("\u{feff}{{ \"data\": [{}] }}", texts.join(",\n"))] {
        fs::write(copy.path().join("orders.json"), list).unwrap();
        assert_eq!(everything(&open(copy.path())).await, over_http);
    }
}

#[tokio::test]
async fn the_fixtures_say_what_they_say() {
    let client = open(&fixtures());
    let ids = ["5000123", "5000124", "5000125", "5000126"].map(OrderId::from).to_vec();
    let orders: Vec<_> = client.details(ids).await.into_iter().map(|(_, order)| order.unwrap()).collect();
    let shown: Vec<_> = orders
        .iter()
        .flat_map(|order| {
            let total = order.total.map(|total| total.to_string()).unwrap_or_default();
            let head = format!(
                "{} {} {} {} {} {total} {}{}{}",
                order.number,
                order.kind(),
                order.status,
                order.effective_on(),
                order.customer,
                order.currency,
                if order.on_renewal { " on-renewal" } else { "" },
                if order.vendor_rated { " rated" } else { "" },
            );
            let lines = order.lines.iter().map(|line| {
                format!(
                    "  {} {} × {} = {} {:?} {:?} {}",
                    line.kind.name(),
                    line.quantity,
                    line.unit_price,
                    line.amount,
                    line.service_period,
                    line.cycle,
                    line.product.as_ref().map_or("-", |p| p.code.as_str()),
                )
            });
            std::iter::once(head).chain(lines).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        shown,
        [
            "SO000123 sales completed 2026-09-18 1000017 801.40 USD",
            "  plan-setup 1.0 × 49 = 49.00 None None -",
            "  resource-recurring 18.0 × 41.80 = 752.40 Some([2026-09-18, 2026-10-18)) Some(Months(1)) CFQ7TTC0LCHC:0002",
            "CH000124 change completed 2026-10-03 1000017 -20.9 USD on-renewal",
            "  resource-downgrade -1 × 41.80 = -20.90 Some([2026-10-03, 2026-10-18)) Some(StatementDay) CFQ7TTC0LCHC:0002",
            "BO000125 billing processing 2026-11-01 1000018 12.3456 USD rated",
            "  resource-overuse 12.3456 × 1 = 12.3456 None None AZURE-PAYG",
            "  payment 1 × -12.35 = -12.35 None None -",
            "RN000126 renewal submitted 2026-11-02 1000017 752.40 USD",
        ]
    );
    let products = client.products(None).await.unwrap();
    assert_eq!(products.rows.iter().map(|p| p.metered).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn strange_files_are_named_and_the_others_kept() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), order("66", "2026-01-01")).unwrap();
    let orders = dir.path().join("orders");
    fs::create_dir(&orders).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(orders.join(name), bytes).unwrap();
    write("a-good.json", order("1", "2026-01-01").as_bytes());
    write("b-broken.json", b"{ \"id\": \"2\", ");
    write("c-latin.json", b"\xe4\xf6");
    write("d-list.json", format!("[{}, {{\"id\":\"4\"}}]", order("3", "2026-01-03")).as_bytes());
    write("e-again.json", order("1", "2026-01-01").as_bytes());
    write("f-note.txt", b"not ours");
    write("i-empty.json", b"");
    fs::create_dir(orders.join("g-folder.json")).unwrap();
    std::os::unix::fs::symlink(outside.path(), orders.join("h-link.json")).unwrap();
    let client = open(dir.path());
    let page = client.orders(OrderQuery::default()).await.unwrap();
    assert_eq!(page.rows.iter().map(|head| head.id.as_str()).collect::<Vec<_>>(), ["3", "1"]);
    let bad: Vec<_> = page.unreadable.iter().map(|bad| (bad.place.as_str(), bad.problem.as_str())).collect();
    let expected = [
        ("orders/b-broken.json", "EOF while parsing"),
        ("orders/c-latin.json", "it is not UTF-8 text"),
        ("orders/d-list.json, row 2", "creationDate: missing"),
        ("orders/e-again.json", "the order is in orders/a-good.json too; leave one of them"),
        ("orders/g-folder.json", "it is no regular file"),
        ("orders/h-link.json", "it leads out of the folder"),
        ("orders/i-empty.json", "an object is expected, found nothing"),
    ];
    assert_eq!(bad.len(), expected.len(), "{bad:#?}");
    for ((place, problem), (expected_place, expected_problem)) in bad.iter().zip(expected) {
        assert_eq!(*place, expected_place);
        assert!(problem.contains(expected_problem), "{place}: {problem}");
    }
    let details = client.details(vec!["1".into(), "66".into(), "3".into()]).await;
    assert!(matches!(&details[0].1, Ok(order) if order.number == "SO1"));
    assert!(matches!(details[1].1, Err(DetailError::Gone)));
    // Changed on disk since it was listed: another order is not passed off as this one.
    write("d-list.json", format!("[{}]", order("9", "2026-01-03")).as_bytes());
    write("a-good.json", b"");
    let details = client.details(vec!["3".into(), "1".into()]).await;
    assert!(
        matches!(&details[0].1, Err(DetailError::Unreadable(bad)) if bad.problem.contains("check again")),
        "{details:?}"
    );
    assert!(matches!(&details[1].1, Err(DetailError::Unreadable(bad)) if bad.place == "orders/a-good.json"));
}

#[tokio::test]
async fn pages_of_500_newest_first_hold_while_orders_arrive() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<_> =
        (0..1100).map(|n| order(&format!("{n:04}"), &format!("2026-01-{:02}T00:00:00Z", n % 28 + 1))).collect();
    fs::write(dir.path().join("orders.json"), format!("[{}]", rows.join(","))).unwrap();
    let client = open(dir.path());
    let mut seen = Vec::new();
    let mut query = OrderQuery::default();
    loop {
        let page = client.orders(query.clone()).await.unwrap();
        assert!(page.rows.len() <= 500);
        seen.extend(page.rows);
        // Another walk begins meanwhile and sees an order that was not there.
        fs::create_dir_all(dir.path().join("orders")).unwrap();
        fs::write(
            dir.path().join(format!("orders/n{}.json", seen.len())),
            order(&format!("n{}", seen.len()), "2026-02-01"),
        )
        .unwrap();
        client.orders(OrderQuery::default()).await.unwrap();
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    let mut ids: Vec<_> = seen.iter().map(|head| head.id.clone()).collect();
    assert!(seen.is_sorted_by(|a, b| a.created_at >= b.created_at));
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), seen.len()), (1100, 1100));
    let from = "2026-01-28T00:00:00Z".parse().unwrap();
    let late = client.orders(OrderQuery { created_from: Some(from), ..OrderQuery::default() }).await.unwrap();
    assert!(late.next.is_none() && late.rows.iter().all(|head| head.created_at >= from));
    assert_eq!(late.rows.len(), 39 + 3);
    let days = OrderQuery {
        created_from: Some(from),
        created_before: late.rows.first().map(|head| head.created_at),
        ..OrderQuery::default()
    };
    let newest = late.rows.iter().filter(|head| Some(head.created_at) == days.created_before).count();
    assert!(newest > 0);
    assert_eq!(client.orders(days).await.unwrap().rows, late.rows[newest..]);
}

#[tokio::test]
async fn records_are_found_by_id() {
    let client = open(&fixtures());
    let (customers, subscriptions) =
        (client.customers(None).await.unwrap().rows, client.subscriptions(None).await.unwrap().rows);
    let found = client
        .records(vec![customers[0].id.clone(), "nobody".into()], vec![subscriptions[0].id.clone(), "nothing".into()])
        .await
        .unwrap();
    assert_eq!((&found.customers[..], &found.subscriptions[..]), (&customers[..1], &subscriptions[..1]));
    assert_eq!(found.unreadable, []);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("subscriptions.json"), r#"[{"id":"s"},{"id":"t"}]"#).unwrap();
    // Only what was asked for is anybody's business.
    let found = open(dir.path()).records(vec!["c".into()], vec!["s".into()]).await.unwrap();
    assert_eq!(found.unreadable.iter().map(|bad| bad.id.as_deref()).collect::<Vec<_>>(), [Some("s")]);
}

#[tokio::test]
async fn folders_that_cannot_be_used_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let gone = open(&dir.path().join("nowhere"));
    let error = gone.orders(OrderQuery::default()).await.unwrap_err();
    assert!(
        matches!(&error, SourceError::Unreachable(why) if why.contains("check the marketplace's location")),
        "{error}"
    );
    assert!(matches!(gone.customers(None).await, Err(SourceError::Unreachable(_))));
    assert!(matches!(gone.details(vec!["1".into()]).await[0].1, Err(DetailError::Source(SourceError::Unreachable(_)))));
    let empty = open(dir.path());
    let error = empty.orders(OrderQuery::default()).await.unwrap_err();
    assert!(error.to_string().contains("neither orders.json nor a folder orders"), "{error}");
    // An export may leave these out.
    assert_eq!(empty.products(None).await.unwrap(), Page { rows: vec![], unreadable: vec![], next: None });
    for (text, problem) in [("{", "no JSON object"), (r#"{"rows":[]}"#, "there is no list"), ("7", "no JSON object")] {
        for name in ["orders.json", "customers.json"] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        for error in [empty.orders(OrderQuery::default()).await.unwrap_err(), empty.customers(None).await.unwrap_err()]
        {
            let SourceError::Malformed { place, problem: told } = &error else { panic!("{error:?}") };
            assert!(place.ends_with(".json") && told.contains(problem), "{error}");
        }
    }
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<_> = (0..1001).map(|n| format!(r#"{{"id":{n}}}"#)).collect();
    fs::write(dir.path().join("customers.json"), format!("[{},{{}}]", rows.join(","))).unwrap();
    let client = open(dir.path());
    let (mut after, mut sizes, mut bad) = (None, Vec::new(), Vec::new());
    loop {
        let page = client.customers(after).await.unwrap();
        sizes.push(page.rows.len());
        bad.extend(page.unreadable);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [500, 500, 1]);
    assert_eq!(bad.iter().map(|bad| bad.place.as_str()).collect::<Vec<_>>(), ["customers.json, row 1002"]);
}
