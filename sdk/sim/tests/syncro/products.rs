//! The catalogue: what a PUT resets, who is found by what, what is gone.

use counterfoil_sim::syncro::{DeletedProduct, NameFilter, Product, Taken, ViolationKind};
use serde_json::{Value, json};

use crate::support::{Bench, bench, dec, patched, product};

fn odd() -> Product {
    Product { disabled: true, taxable: false, maintain_stock: true, serialized: true, ..product("PC_ODD") }
}

#[tokio::test]
async fn a_put_resets_the_flags_it_does_not_name() {
    // What is sent beside the price, and disabled, taxable, maintain_stock, serialized after it.
    let all = json!({"disabled": true, "taxable": false, "maintain_stock": true, "serialized": true});
    let table = [
        (json!({}), [false, true, false, false], true),
        (all.clone(), [true, false, true, true], false),
        (patched(all.clone(), &json!({"disabled": null})), [false, false, true, true], true),
        (patched(all.clone(), &json!({"taxable": null})), [true, true, true, true], true),
        (patched(all.clone(), &json!({"serialized": null})), [true, false, true, false], true),
        (patched(all, &json!({"maintain_stock": "0"})), [true, false, false, true], false),
    ];
    for (sent, flags, by_omission) in table {
        let bench = bench().await;
        let id = bench.state().add_product(odd());
        let body = patched(json!({"price_retail": 9.25, "price_cost": "7.125"}), &sent);
        let shown = bench.client.send("PUT", &format!("/products/{id}"), &body).await.one("product");
        let stored = bench.state().product(id).unwrap();
        assert_eq!([stored.disabled, stored.taxable, stored.maintain_stock, stored.serialized], flags, "{body}");
        assert_eq!((stored.price_retail, stored.price_cost), (dec("9.25"), dec("7.125")));
        assert_eq!((stored.name.as_str(), stored.description.as_str()), ("PC_ODD", "Seats"), "not a flag: kept");
        assert_eq!((&shown["price_retail"], &shown["disabled"]), (&json!(9.25), &json!(flags[0])));
        assert_eq!(bench.kinds().contains(&ViolationKind::FlagByOmission), by_omission, "{body}");
    }
}

#[tokio::test]
async fn the_whole_record_echoed_changes_only_prices() {
    let bench = bench().await;
    let id = bench.state().add_product(Product { upc_code: Some("PC_ODD".to_owned()), ..odd() });
    let path = format!("/products/{id}");
    let before = bench.state().product(id).unwrap();
    let read = bench.client.get(&path).await.one("product");
    let body = patched(read, &json!({"price_retail": 1.5, "price_cost": 1}));
    bench.client.send("PUT", &path, &body).await.one("product");
    let after = bench.state().product(id).unwrap();
    assert_eq!(after, Product { price_retail: dec("1.5"), price_cost: dec("1"), ..before });
    assert_eq!(bench.kinds(), []);
    // Whatever else is changed is somebody else's.
    let patches = [json!({"name": "New"}), json!({"upc_code": "X"}), json!({"disabled": false}), json!({"notes": "n"})];
    for (turn, patch) in patches.iter().enumerate() {
        bench.client.send("PUT", &path, &patched(body.clone(), patch)).await.one("product");
        assert_eq!(bench.state().violations_of(ViolationKind::ProductChanged).len(), turn + 1, "{patch}");
        assert!(bench.state().edit_product(id, |one| *one = after.clone()));
    }
    bench.state().switch(|switches| switches.put_keeps_omitted = true);
    bench.client.send("PUT", &path, &json!({"price_retail": 2})).await.one("product");
    assert!(bench.state().product(id).unwrap().disabled);
}

async fn created(bench: &Bench, patch: &Value) -> (u16, Value) {
    let body = patched(json!({"name": "PC_NEW", "description": "New", "price_retail": 1, "price_cost": 0.5}), patch);
    let reply = bench.client.send("POST", "/products", &body).await;
    (reply.status, reply.json())
}

#[tokio::test]
async fn a_product_needs_a_name_and_a_description() {
    let bench = bench().await;
    let table = [
        (json!({"name": null}), vec!["Name can't be blank"]),
        (json!({"description": " "}), vec!["Description can't be blank"]),
        (json!({"name": "", "description": null}), vec!["Name can't be blank", "Description can't be blank"]),
    ];
    for (patch, message) in table {
        let (status, answer) = created(&bench, &patch).await;
        assert_eq!((status, &answer["success"], &answer["message"]), (422, &json!(false), &json!(message)));
        assert_eq!(answer["params"]["price_retail"], json!(1), "what was sent is sent back");
    }
    let (status, answer) = created(&bench, &json!({"upc_code": "U1", "surprise": 1})).await;
    assert_eq!(
        (status, &answer["product"]["taxable"], &answer["product"]["disabled"]),
        (200, &json!(true), &json!(false))
    );
    assert!(answer["product"].get("product_skus").is_none() && answer["product"].get("surprise").is_none());
    // Nothing keeps the same from being made twice, unless it is told to.
    assert_eq!(created(&bench, &json!({"upc_code": "U1"})).await.0, 200);
    bench.state().switch(|switches| switches.duplicate_upc = Taken::Refused);
    let (status, answer) = created(&bench, &json!({"upc_code": "U1"})).await;
    assert_eq!((status, &answer["message"]), (422, &json!(["Upc code has already been taken"])));
    let blank = bench.client.send("PUT", &format!("/products/{}", bench.product), &json!({"name": ""})).await;
    assert_eq!((blank.status, &blank.json()["message"]), (422, &json!(["Name can't be blank"])));
}

#[tokio::test]
async fn products_are_found_by_what_they_are() {
    let bench = bench().await;
    let state = bench.state();
    let hidden = state.add_product(Product { disabled: true, ..product("PC_SEAT_OLD") });
    let coded = state.add_product(Product { upc_code: Some("PC_1:0001".to_owned()), ..product("Renamed") });
    let sku = json!({"vendor_id": 1, "value": "SKU-9"});
    let skus = format!("/products/{coded}/product_skus");
    assert_eq!(bench.client.send("POST", &skus, &sku).await.one("product_sku")["sku"], json!("SKU-9"));
    let seat = bench.product;
    for (query, found) in [
        ("?name=pc_seat", vec![seat, hidden]),
        ("?query=0001", vec![coded]),
        ("?upc_code=PC_1:0001", vec![coded]),
        ("?upc_code=PC_1", vec![]),
        ("?sku=SKU-9", vec![coded]),
        ("?sku=SKU", vec![]),
        ("?name=nothing", vec![]),
        ("", vec![seat, hidden, coded]),
    ] {
        assert_eq!(bench.client.get(&format!("/products{query}")).await.ids("products"), found, "{query}");
    }
    let barcode = bench.client.get("/products/barcode?barcode=PC_1:0001").await.one("product");
    assert_eq!(barcode["id"], json!(coded));
    state.switch(|switches| {
        switches.name_filter = NameFilter::Exact;
        switches.disabled_products_hidden = true;
    });
    assert_eq!(bench.client.get("/products?name=PC_SEAT").await.ids("products"), [seat]);
    assert_eq!(bench.client.get("/products?name=PC_SEAT_OLD").await.ids("products"), [0; 0]);
    assert_eq!(bench.client.get(&format!("/products/{hidden}")).await.one("product")["disabled"], json!(true));
    let refused = bench.client.send("POST", &skus, &json!({"vendor_id": 7})).await;
    assert_eq!((refused.status, refused.json()), (400, json!({"message": ["Vendor is blank", "Value is blank"]})));
}

#[tokio::test]
async fn what_people_deleted_is_404_or_null() {
    let bench = bench().await;
    let path = format!("/products/{}", bench.product);
    assert!(bench.state().delete_product(bench.product) && !bench.state().delete_product(bench.product));
    let table = [
        (DeletedProduct::NotFound, (404, ""), (404, "")),
        (DeletedProduct::Null, (200, "null"), (200, "{\"product\":null}")),
    ];
    for (how, gone, barcode) in table {
        bench.state().switch(|switches| (switches.deleted_product, switches.missing_barcode) = (how, how));
        let reply = bench.client.get(&path).await;
        assert_eq!((reply.status, reply.text.as_str()), gone);
        let reply = bench.client.get("/products/barcode?barcode=none").await;
        assert_eq!((reply.status, reply.text.as_str()), barcode);
        let never = bench.client.get("/products/1").await;
        assert_eq!((never.status, never.text.as_str()), (404, ""));
        let put = bench.client.send("PUT", &path, &json!({"price_retail": 1})).await;
        assert_eq!((put.status, put.text.as_str()), gone, "an update of it as well");
    }
    assert_eq!(bench.client.send("DELETE", "/products/1", &json!({})).await.status, 404, "there is no such route");
}

#[tokio::test]
async fn prices_are_rounded_where_it_is_told_to() {
    let bench = bench().await;
    bench.state().switch(|switches| switches.price_places = Some(2));
    for (sent, kept) in [("0.005", "0.01"), ("1.2345", "1.23"), ("-0.005", "-0.01"), ("nonsense", "0")] {
        let (_, answer) = created(&bench, &json!({"price_retail": sent})).await;
        let stored = bench.state().product(answer["product"]["id"].as_i64().unwrap()).unwrap();
        assert_eq!(stored.price_retail, dec(kept), "{sent}");
    }
}

#[tokio::test]
async fn a_markup_overrules_the_price_that_is_written() {
    let bench = bench().await;
    bench.state().edit_product(bench.product, |one| one.markup_percent = Some(dec("33.3")));
    let body = json!({"price_retail": 99, "price_cost": 10.01, "taxable": true, "disabled": false});
    let path = format!("/products/{}", bench.product);
    let answer = bench.client.send("PUT", &path, &body).await.one("product");
    assert_eq!((&answer["price_retail"], &answer["price_cost"]), (&json!(13.34), &json!(10.01)), "200 all the same");
}
