//! Tenants, subscriptions and prices.

use counterfoil_sim::SimClock;
use counterfoil_sim::prism::{PrismSim, Switches};
use counterfoil_sim::statements::{Grouping, StatementWorld};
use serde_json::{Value, json};

use crate::http::{Session, larger, noon, small, with};

#[tokio::test]
async fn every_shape_has_the_same_tenants() {
    let base = Switches::default();
    let table = [
        ("as documented", base.clone()),
        ("arrays", Switches { bare_arrays: true, ..base.clone() }),
        ("camel case", Switches { camel_case: true, unknown_columns: true, ..base.clone() }),
        ("a small cap", Switches { page_size_most: 5, ..base }),
    ];
    for (name, switches) in table {
        let camel = switches.camel_case;
        let handle = with(larger(), switches).await;
        let session = Session::sign_in(&handle).await;
        let mut ids: Vec<String> = Vec::new();
        for page in 1.. {
            let rows = session.get(&format!("/api/v2/microsoftcsp/tenants?page={page}&pageSize=7")).await.rows();
            let id = if camel { "tenantId" } else { "TenantId" };
            ids.extend(rows.iter().map(|row| row[id].as_str().unwrap().to_owned()));
            if rows.is_empty() {
                break;
            }
        }
        let expected: Vec<String> =
            handle.with_world(|world| world.tenants().iter().map(|tenant| tenant.guid.clone()).collect());
        assert_eq!(ids, expected, "{name}");
    }
    let handle = with(larger(), Switches { ignore_page: true, ..Switches::default() }).await;
    let session = Session::sign_in(&handle).await;
    let page =
        async |page: u32| session.get(&format!("/api/v2/microsoftcsp/tenants?pageSize=5&page={page}")).await.rows();
    assert_eq!(page(1).await, page(9).await);
}

#[tokio::test]
async fn tenants_of_an_agreement_come_with_their_subscriptions() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let me = session.get("/api/v1/me").await.json();
    assert_eq!(me["ContractAgreements"][0]["ContractAgreementId"], json!(5001));
    let rows = session.get("/api/v2/contractagreements/5001/tenants").await.rows();
    let shown: Vec<Value> = rows
        .iter()
        .flat_map(|tenant| tenant["Subscriptions"].as_array().unwrap())
        .map(|one| {
            json!([one["ProductSku"], one["TermDuration"], one["BillingFrequency"], one["Quantity"], one["Status"]])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["CFQ7TTC0LCHC:0002", "P1M", "Monthly", 12, "Active"]),
            json!(["DZH318Z0BPS6:0001", null, "None", 1, "Active"]),
            json!(["CFQ7TTC0HD33:0003", "P1M", "Monthly", 2, "Deleted"]),
            json!(["P1Y:M:CFQ7TTC0LDPB:0001", "P1Y", "Monthly", 5, "Active"]),
            json!(["P1Y:A:CFQ7TTC0LH16:0001", "P1Y", "Annual", 4, "Active"]),
        ]
    );
    let guid = rows[0]["TenantId"].as_str().unwrap();
    assert_eq!(session.get(&format!("/api/v2/microsoftcsp/tenants/{guid}")).await.json(), rows[0]);
    let one = &rows[0]["Subscriptions"][0];
    let path = format!("/api/v2/microsoftcsp/subscriptions/{}", one["SubscriptionId"].as_str().unwrap());
    assert_eq!(session.get(&path).await.json(), *one);
}

#[tokio::test]
async fn the_price_list_is_of_a_day() {
    let handle = with(larger(), Switches::default()).await;
    let session = Session::sign_in(&handle).await;
    // Premium costs eight percent more from 16 February 2026 on.
    for (day, cost) in [("2026/2/15", 26.40), ("2026/02/16", 28.51), ("2026/4/1", 28.51)] {
        let path = format!("/api/v2/me/pricing/5001/pricelist/{day}/?excludeTieredProducts=true");
        let rows = session.get(&path).await.rows();
        let premium: Vec<&Value> = rows
            .iter()
            .filter(|row| row["ProductSku"] == json!("CFQ7TTC0LCHC:0002") && row["CurrencyCode"] == json!("USD"))
            .collect();
        assert_eq!(premium.len(), 1, "{day}");
        assert_eq!(premium[0]["UnitPrice"], json!(cost), "{day}");
        assert!(rows.iter().all(|row| row["ProductName"] != json!("Office 365 Midsize Business")), "sold no longer");
    }
}

#[tokio::test]
async fn the_demo_is_served_and_statements_are_regrouped() {
    let handle = PrismSim::demo(noon().date_naive(), SimClock::fixed(noon())).start(None).await.unwrap();
    let session = Session::sign_in(&handle).await;
    let rows = session.get("/api/v2/contractagreements/5001/tenants").await.rows();
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().any(|row| row["Name"] == json!("Tailspin Toys")));
    let handle = with(StatementWorld::fixture(Grouping::Provisions), Switches::default()).await;
    assert_eq!(handle.with_world(|world| world.clone()), StatementWorld::fixture(Grouping::Invoices));
}
