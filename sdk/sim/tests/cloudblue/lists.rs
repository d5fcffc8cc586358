//! The lists: paging, filters and what their rows leave out.

use std::collections::HashSet;

use counterfoil_sim::cloudblue::CloudBlueConfig;
use serde_json::Value;

use crate::http::{Session, tenant};

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap()
}

#[tokio::test]
async fn pages_cover_everything_once_newest_first() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    for limit in [7_usize, 100, 240, 500] {
        let mut ids = Vec::new();
        let mut dates = Vec::new();
        for offset in (0..240).step_by(limit) {
            let page = session.get(&format!("/orders?offset={offset}&limit={limit}")).await;
            assert_eq!(page.total(), 240);
            assert_eq!(
                (&page.body["pagination"]["offset"], &page.body["pagination"]["limit"]),
                (&offset.into(), &limit.into())
            );
            ids.extend(page.rows().iter().map(|row| text(row, "id").to_owned()));
            dates.extend(page.rows().iter().map(|row| text(row, "creationDate").to_owned()));
        }
        assert_eq!(ids.len(), 240);
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 240);
        assert!(dates.windows(2).all(|pair| pair[0] >= pair[1]));
    }
}

#[tokio::test]
async fn paging_has_defaults_and_bounds() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let plain = session.get("/orders").await;
    assert_eq!((plain.rows().len(), &plain.body["pagination"]["offset"]), (10, &Value::from(0)));
    assert_eq!(session.get("/orders?limit=9999").await.body["pagination"]["limit"], 500);
    assert_eq!(session.get("/orders?offset=1000").await.rows().len(), 0);
    for wrong in ["limit=0", "limit=-1", "offset=-1", "limit=many"] {
        assert_eq!(session.get(&format!("/orders?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn rows_are_thin_and_one_order_is_full() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let page = session.get("/orders?limit=500").await;
    for row in page.rows() {
        for absent in ["products", "details", "poNumber", "subscriptionId", "billingModel"] {
            assert!(row.get(absent).is_none(), "{absent} in {row}");
        }
        let full = session.get(&format!("/orders/{}", text(row, "id"))).await.body;
        for (name, value) in row.as_object().unwrap() {
            assert_eq!(&full[name], value, "{name} of {}", row["orderNumber"]);
        }
        assert!(full["total"]["amount"].is_string());
        let bare = full.get("details").is_none() && full.get("products").is_none();
        match text(row, "type") {
            "renewal" => assert!(bare, "{full}"),
            "cancellation" => {}
            _ => assert!(full["details"].as_array().is_some_and(|lines| !lines.is_empty()), "{full}"),
        }
    }
    assert_eq!(session.get("/orders/1").await.status, 404);
}

#[tokio::test]
async fn filters_select() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let all = session.get("/orders?limit=500").await;
    let (customer, subscription) = handle.with_world(|world| {
        let order = world.orders().iter().find(|order| order.subscription_id.is_some()).unwrap();
        (order.customer_id.clone(), order.subscription_id.clone().unwrap())
    });
    let of_customer = all.rows().iter().filter(|row| row["customerId"] == customer).count();
    let of_subscription = handle.with_world(|world| {
        world.orders().iter().filter(|order| order.subscription_id.as_ref() == Some(&subscription)).count()
    });
    let completed = all.rows().iter().filter(|row| row["status"] == "completed").count();
    let middle = text(&all.rows()[100], "creationDate").to_owned();
    let number = text(&all.rows()[42], "orderNumber").to_owned();
    for (query, expected) in [
        (format!("customerId={customer}"), of_customer),
        (format!("subscriptionId={subscription}"), of_subscription),
        (format!("orderNumber={number}"), 1),
        ("status=completed".to_owned(), completed),
        ("statusCode=CP".to_owned(), completed),
        (format!("creationTimeFrom={middle}"), 101),
        (format!("creationTimeTo={middle}"), 140),
        (format!("creationTimeFrom={middle}&creationTimeTo={middle}"), 1),
        ("customerId=nobody".to_owned(), 0),
    ] {
        let answer = session.get(&format!("/orders?limit=500&{query}")).await;
        assert_eq!((answer.rows().len(), answer.total()), (expected, expected as u64), "{query}");
    }
    assert!(of_customer > 0 && of_subscription > 0);
    for wrong in ["status=completed,error", "status=done", "creationTimeFrom=yesterday"] {
        assert_eq!(session.get(&format!("/orders?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_other_lists_answer_and_select() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let some = handle.with_world(|world| world.customers()[0].id.clone());
    let active = handle
        .with_world(|world| world.subscriptions().iter().filter(|one| one.status.as_str() == "active").count() as u64);
    for (path, expected) in [
        ("/customers".to_owned(), 25),
        ("/customers?name=green%20lane".to_owned(), 1),
        (format!("/customers?externalId={some}"), 1),
        (format!("/customers?email=billing%2B{some}@customer.example"), 1),
        ("/subscriptions".to_owned(), 60),
        ("/subscriptions?status=active".to_owned(), active),
        ("/products".to_owned(), 18),
        ("/products?mpn=BKP-CLOUD-500".to_owned(), 1),
        ("/products?vendor=Microsoft&serviceName=azure".to_owned(), 2),
        ("/plans".to_owned(), 15),
        ("/reports".to_owned(), 1),
        ("/reports?type=daily".to_owned(), 0),
    ] {
        assert_eq!(session.get(&path).await.total(), expected, "{path}");
    }
    assert_eq!(session.get("/subscriptions?status=active,hold").await.status, 400);
    for unknown in ["/customers/0", "/subscriptions/0", "/plans/0"] {
        assert_eq!(session.get(unknown).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_subscription_shows_products_with_price_and_cost() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let page = session.get("/subscriptions?limit=500").await;
    for row in page.rows() {
        assert!(row.get("products").is_none());
        let full = session.get(&format!("/subscriptions/{}", text(row, "id"))).await.body;
        for product in full["products"].as_array().unwrap() {
            assert!(product["unitPrice"]["amount"].is_string() && product["unitCost"]["amount"].is_string());
        }
        assert!(full["planId"].is_u64());
    }
}

#[tokio::test]
async fn a_metered_product_has_only_overuse_prices() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let kinds = |product: &Value, side: &str| -> Vec<String> {
        product[side].as_array().unwrap().iter().map(|price| text(price, "type").to_owned()).collect()
    };
    let page = session.get("/products?limit=100").await;
    let metered = page.rows().iter().filter(|product| kinds(product, "prices") == ["overuse"]).count();
    assert_eq!(metered, 4);
    for product in page.rows() {
        assert_eq!(kinds(product, "prices"), kinds(product, "costs"));
    }
}
