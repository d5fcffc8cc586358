//! Customers, products and recurring invoices: searched, read by id, made.

use counterfoil_sdk::serde_json::{self, Value, json};
use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Attributes, Class, Draft, Entity, Response, Target};

use super::d;
use super::shop::Shop;
use crate::Syncro;

fn all(shop: &Shop, kind: &str, query: &str) -> Vec<Entity> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = Syncro.search(&mut shop.remote(), kind, query, cursor.as_deref()).unwrap();
        found.extend(page.entities);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return found,
        }
    }
}

fn ids(found: &[Entity]) -> Vec<&str> {
    found.iter().map(|entity| entity.id.as_str()).collect()
}

#[test]
fn lists_are_read_until_a_page_is_empty() {
    let shop = Shop::open();
    for id in 20..25 {
        shop.schedule(id, 42, "2026-12-01");
    }
    shop.schedule(30, 43, "2026-12-01");
    assert_eq!(ids(&all(&shop, "container", "")), ["5", "20", "21", "22", "23", "24", "30"]);
    assert_eq!(ids(&all(&shop, "container", "party:43")), ["30"]);
    assert_eq!(ids(&all(&shop, "container", "43")), ["30"]);
    assert_eq!(ids(&all(&shop, "container", "cloud 2")), ["20", "21", "22", "23", "24"]);
    assert_eq!(Syncro.search(&mut shop.remote(), "container", "party:x", None).unwrap_err().class, Class::Rejected);
    for cursor in ["0", "-1", "x", "1&page=2", "2.x", "2.1&page=3"] {
        let failure = Syncro.search(&mut shop.remote(), "party", "", Some(cursor)).unwrap_err();
        assert_eq!(failure.class, Class::Internal, "{cursor}");
    }
}

/// A page that is not full and comes again is the last one; a full one may hide the rest.
#[test]
fn a_page_that_comes_again_ends_the_list_or_fails_it() {
    for (rows, ends) in [(1, true), (3, true), (24, true), (25, false), (30, false)] {
        let body: Vec<Value> = (1..=rows).map(|id| json!({"id": id, "business_name": format!("C{id}")})).collect();
        let body = json!({ "customers": body }).to_string();
        let mut remote = Scripted::new(|_| Ok(Response::new(200, body.as_str())));
        let first = Syncro.search(&mut remote, "party", "", None).unwrap();
        let second = Syncro.search(&mut remote, "party", "", first.next.as_deref());
        match second {
            Ok(page) => assert!(ends && page.next.is_none(), "{rows}: {page:?}"),
            Err(failure) => assert_eq!((ends, failure.code.as_str()), (false, "syncro-paging"), "{rows}"),
        }
    }
}

#[test]
fn a_recurring_invoice_tells_what_decides_about_runs_and_not_its_sum() {
    let shop = Shop::open();
    shop.set(5, "paused", json!(true));
    let got = Syncro.get(&mut shop.remote(), "container", &["5".into(), "77".into(), "../5".into()]).unwrap();
    let [one] = got.as_slice() else { panic!("{got:?}") };
    assert_eq!((one.name.as_str(), one.cycle.as_deref(), one.active), ("Cloud 5", Some("P1M"), true));
    for (name, want) in [
        ("party", "42"),
        ("next-run", "2026-12-01"),
        ("frequency", "Monthly"),
        ("paused", "true"),
        ("email-customer", "false"),
        ("charge-mop", "false"),
    ] {
        assert_eq!(one.attributes.get(name), Some(want), "{name}");
    }
    assert!(one.attributes.get("subtotal").is_none());
    // A line that cannot be read hides nothing.
    shop.edit(101, "quantity", json!("many"));
    assert_eq!(ids(&all(&shop, "container", "")), ["5"]);
    shop.set(5, "frequency", json!("Fortnightly"));
    assert_eq!(all(&shop, "container", "")[0].cycle, None);
}

#[test]
fn customers_are_shown_with_their_state() {
    let shop = Shop::open();
    let found = all(&shop, "party", "");
    let rows: Vec<_> = found.iter().map(|one| (one.id.as_str(), one.name.as_str(), one.active)).collect();
    assert_eq!(rows, [("42", "Acme", true), ("43", "Bob Dobbs", false)]);
    assert_eq!(ids(&Syncro.get(&mut shop.remote(), "party", &["42".into()]).unwrap()), ["42"]);
    let many = ["42".to_owned(), "43".to_owned()];
    assert_eq!(ids(&Syncro.get(&mut shop.remote(), "party", &many).unwrap()), ["42", "43"]);
    assert_eq!(Syncro.search(&mut shop.remote(), "tax-rate", "", None).unwrap_err().class, Class::Unsupported);
}

fn product(id: i64, upc: &str, disabled: bool) -> Value {
    json!({"id": id, "name": format!("Product {id}"), "description": "x", "price_cost": "1.00", "price_retail": 2.5, "disabled": disabled, "taxable": false, "upc_code": upc})
}

#[test]
fn a_product_is_found_by_its_mark_first() {
    let shop = Shop::open();
    for id in 10..16 {
        shop.product(product(id, &format!("P-X:{id}"), id == 15));
    }
    let found = all(&shop, "item", "P-X:15");
    assert_eq!((found[0].id.as_str(), found[0].active, found[0].code.as_str()), ("15", false, "P-X:15"));
    assert_eq!(ids(&found), ["15"]);
    assert_eq!(ids(&all(&shop, "item", "P-X")), ["10", "11", "12", "13", "14", "15"]);
    let asked: Vec<String> = (9..18).map(|id| id.to_string()).collect();
    let got = Syncro.get(&mut shop.remote(), "item", &asked).unwrap();
    assert_eq!(ids(&got), ["9", "10", "11", "12", "13", "14", "15"]);
    assert_eq!(
        (got[1].price, got[1].cost, got[1].attributes.get("taxable")),
        (Some(d("2.5")), Some(d("1")), Some("false"))
    );
}

fn draft(code: &str, name: &str) -> Draft {
    Draft {
        key: "d1".into(),
        code: code.into(),
        name: name.into(),
        currency: None,
        price: Some(d("7.8125")),
        cost: Some(d("6")),
        attributes: Attributes::new(),
    }
}

#[test]
fn a_product_is_made_once_and_says_everything() {
    let shop = Shop::open();
    let mut wanted = draft("P1Y:A:CFQ7:0002", "PC_P1Y:A:CFQ7:0002");
    for (name, value) in [("description", "Business \u{0} Premium\n😀"), ("taxable", "false"), ("mark", "P-CFQ7:0002")]
    {
        wanted.attributes.set(name, value);
    }
    let mut remote = shop.remote();
    let made = Syncro.create(&mut remote, "item", &wanted).unwrap();
    let write = remote.writes().next().unwrap();
    assert_eq!((write.key.as_deref(), write.line().as_str()), (Some("d1"), "POST /products"));
    let text = String::from_utf8(write.request.body.clone()).unwrap();
    assert!(text.contains("\"price_retail\":7.8125"), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    for (name, want) in [
        ("name", json!("PC_P1Y:A:CFQ7:0002")),
        ("description", json!("Business Premium 😀")),
        ("upc_code", json!("P-CFQ7:0002")),
        ("taxable", json!(false)),
        ("disabled", json!(false)),
        ("maintain_stock", json!(false)),
    ] {
        assert_eq!(body[name], want, "{name}");
    }
    // A second try finds what the first one made, whatever it is called by now.
    shop.edit_product(made.id.parse().unwrap(), "name", json!("Renamed"));
    let mut remote = shop.remote();
    let again = Syncro.create(&mut remote, "item", &wanted).unwrap();
    assert_eq!((again.id == made.id, again.name.as_str(), remote.writes().count()), (true, "Renamed", 0));
    // Who has just listed everything does not ask.
    wanted.attributes.set("mark", "P-CFQ7:0003");
    wanted.attributes.set("listed", "true");
    let mut remote = shop.remote();
    Syncro.create(&mut remote, "item", &wanted).unwrap();
    assert_eq!(remote.calls().len(), 1);
}

#[test]
fn what_cannot_be_made_is_said_before_anything_is_sent() {
    let shop = Shop::open();
    let mut odd = draft("X", "X");
    odd.attributes.set("taxable", "maybe");
    for (kind, wanted, code) in [
        ("item", draft(" ", "\n"), "syncro-item-name"),
        ("item", draft(&"x".repeat(200), "X"), "syncro-item-mark"),
        ("item", odd, "syncro-item-taxable"),
        ("party", draft("X", "X"), "syncro-create"),
        ("container", draft("X", "X"), "syncro-create"),
        ("account", draft("X", "X"), "syncro-kind"),
    ] {
        let mut remote = shop.remote();
        assert_eq!(Syncro.create(&mut remote, kind, &wanted).unwrap_err().code, code);
        assert_eq!(remote.writes().count(), 0);
    }
}
