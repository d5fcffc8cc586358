//! Price and cost of a product, and nothing else of it.

use counterfoil_sdk::serde_json::json;
use counterfoil_sdk::{Attributes, Class, Decimal, Draft, Response, Target};

use super::d;
use super::shop::Shop;
use crate::Syncro;

fn draft(price: Option<Decimal>, cost: Option<Decimal>) -> Draft {
    Draft {
        key: "r1".into(),
        code: String::new(),
        name: "Another name".into(),
        currency: None,
        price,
        cost,
        attributes: Attributes::new(),
    }
}

#[test]
fn an_inactive_and_renamed_product_stays_so() {
    let shop = Shop::open();
    for (name, value) in [
        ("disabled", json!(true)),
        ("taxable", json!(false)),
        ("maintain_stock", json!(true)),
        ("serialized", json!(true)),
        ("name", json!("Ours 😀")),
        ("notes", json!("a \"note\"")),
    ] {
        shop.edit_product(9, name, value);
    }
    let before = shop.products();
    let mut remote = shop.remote();
    let got = Syncro.revise(&mut remote, "item", "9", &draft(Some(d("8.10")), Some(d("6.3333")))).unwrap();
    assert_eq!(
        (got.price, got.cost, got.active, got.name.as_str()),
        (Some(d("8.1")), Some(d("6.3333")), false, "Ours 😀")
    );
    let mut wanted = before[0].clone();
    wanted["price_retail"] = json!(8.1);
    wanted["price_cost"] = json!(6.3333);
    assert_eq!(shop.products()[0], wanted);
    let lines: Vec<String> = remote.calls().iter().map(counterfoil_sdk::testing::Call::line).collect();
    assert_eq!(lines, ["GET /products/9", "PUT /products/9", "GET /products/9"]);
    // The same again: nothing is sent. One that is not told is not touched.
    for again in [draft(Some(d("8.1000")), Some(d("6.3333"))), draft(None, Some(d("6.3333"))), draft(None, None)] {
        let mut remote = shop.remote();
        Syncro.revise(&mut remote, "item", "9", &again).unwrap();
        assert_eq!(remote.writes().count(), 0);
    }
}

#[test]
fn another_body_is_another_write() {
    let keys = |rename: &str| {
        let shop = Shop::open();
        shop.edit_product(9, "name", json!(rename));
        let mut remote = shop.remote();
        Syncro.revise(&mut remote, "item", "9", &draft(Some(d("8.10")), None)).unwrap();
        remote.writes().map(|call| call.key.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(keys("a"), keys("a"));
    assert_ne!(keys("a"), keys("b"));
    assert!(keys("a")[0].starts_with("r1:"));
}

#[test]
fn what_else_changed_or_did_not_change_is_named() {
    for (name, value, code, words) in [
        ("disabled", json!(true), "syncro-item-changed", "disabled from false to true"),
        ("name", json!("Hacked"), "syncro-item-changed", "name from"),
        ("notes", json!("new"), "syncro-item-changed", "notes from nothing to \"new\""),
        ("price_retail", json!(7.8), "syncro-item-not-changed", "price_retail = 7.8 instead of 8.105"),
    ] {
        let shop = Shop::open();
        let other = shop.clone();
        let mut remote = shop.remote_where(move |call, is_before| {
            if !is_before && call.key.is_some() {
                other.edit_product(9, name, value.clone());
            }
            None
        });
        let failure = Syncro.revise(&mut remote, "item", "9", &draft(Some(d("8.105")), None)).unwrap_err();
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
    }
    // Rounded to cents is told, and no error.
    let shop = Shop::open();
    let other = shop.clone();
    let mut remote = shop.remote_where(move |call, is_before| {
        if !is_before && call.key.is_some() {
            other.edit_product(9, "price_retail", json!("8.11"));
        }
        None
    });
    let got = Syncro.revise(&mut remote, "item", "9", &draft(Some(d("8.105")), None)).unwrap();
    assert_eq!((got.price, got.attributes.get("rounded")), (Some(d("8.11")), Some("true")));
}

#[test]
fn a_product_that_is_gone_and_an_answer_that_is_lost() {
    let shop = Shop::open();
    for (kind, id, class) in
        [("item", "8", Class::NotFound), ("item", "../9", Class::NotFound), ("party", "42", Class::Unsupported)]
    {
        assert_eq!(Syncro.revise(&mut shop.remote(), kind, id, &draft(Some(d("1")), None)).unwrap_err().class, class);
    }
    let mut null =
        shop.remote_where(|call, is_before| (is_before && call.key.is_none()).then(|| Ok(Response::new(200, "null"))));
    assert_eq!(Syncro.revise(&mut null, "item", "9", &draft(Some(d("1")), None)).unwrap_err().class, Class::NotFound);
    for status in [500, 502] {
        let mut lost = shop.remote_where(move |call, is_before| {
            (!is_before && call.key.is_some()).then(|| Ok(Response::new(status, "")))
        });
        let failure = Syncro.revise(&mut lost, "item", "9", &draft(Some(d("9.99")), None)).unwrap_err();
        assert_eq!(failure.class, Class::UnknownOutcome);
        let mut again = shop.remote();
        assert_eq!(
            Syncro.revise(&mut again, "item", "9", &draft(Some(d("9.99")), None)).unwrap().price,
            Some(d("9.99"))
        );
        assert_eq!(again.writes().count(), 0, "it was saved, so nothing is sent again");
        shop.edit_product(9, "price_retail", json!(7.8));
    }
}
