//! Lists: filters, pages and the shapes that were seen.

use counterfoil_sim::cloudiq::Switches;
use counterfoil_sim::statements::{Grouping, Month, StatementSpec, StatementWorld};
use serde_json::{Value, json};

use crate::http::{Session, larger, small, with};

/// Reads pages until one is empty or the same as before, as a careful client does.
async fn walk(session: &Session, path: &str, size: usize) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for page in 1..200 {
        let rows = session.get(&format!("{path}Page={page}&PageSize={size}")).await.rows();
        if rows.is_empty() || all.ends_with(&rows) {
            return all;
        }
        all.extend(rows);
    }
    panic!("{path} does not end");
}

#[tokio::test]
async fn every_shape_has_the_same_tenants() {
    let base = Switches::default();
    let table = [
        ("as documented", base.clone()),
        ("arrays", Switches { bare_arrays: true, ..base.clone() }),
        ("camel case", Switches { camel_case: true, ..base.clone() }),
        ("arrays in camel case", Switches { bare_arrays: true, camel_case: true, ..base.clone() }),
        ("a small cap", Switches { page_size_most: 3, ..base.clone() }),
        ("totals of the page", Switches { total_hits_of_page: true, ..base.clone() }),
        ("unknown fields and nulls", Switches { unknown_columns: true, nulls: true, ..base }),
    ];
    for (name, switches) in table {
        let (bare, camel, lie) = (switches.bare_arrays, switches.camel_case, switches.total_hits_of_page);
        let handle = with(larger(), switches).await;
        let session = Session::sign_in(&handle).await;
        let field = |row: &Value, name: &str| {
            let camel_name = name[..1].to_lowercase() + &name[1..];
            row[if camel { camel_name.as_str() } else { name }].clone()
        };
        let rows = walk(&session, "/api/v1/CustomerTenants?", 5).await;
        let ids: Vec<Value> = rows.iter().map(|row| field(row, "Id")).collect();
        assert_eq!(ids, (21_001..21_013).map(|id| json!(id)).collect::<Vec<_>>(), "{name}");
        assert!(rows.iter().all(|row| field(row, "PublisherCustomerId").as_str().unwrap().len() == 36), "{name}");
        let first = session.get("/api/v1/CustomerTenants?PageSize=2").await.json();
        assert_eq!(first.is_array(), bare, "{name}");
        if !bare {
            assert_eq!(field(&first, "TotalHits"), json!(if lie { 2 } else { 12 }), "{name}");
        }
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_page_gives_the_first_for_ever() {
    let handle = with(larger(), Switches { ignore_page: true, ..Switches::default() }).await;
    let session = Session::sign_in(&handle).await;
    let page = async |page: u32| session.get(&format!("/api/v1/CustomerTenants?PageSize=5&Page={page}")).await.rows();
    assert_eq!(page(1).await, page(7).await);
    assert_eq!(page(1).await.len(), 5);
}

#[tokio::test]
async fn pages_and_filters_of_statements() {
    let handle = with(larger(), Switches::default()).await;
    let session = Session::sign_in(&handle).await;
    let ids = async |query: &str| -> Vec<u64> {
        let rows = walk(&session, &format!("/api/v1/billingstatements/?{query}&"), 4).await;
        rows.iter().map(|row| row["Id"].as_u64().unwrap()).collect()
    };
    let expected = |organization: u32, profile: Option<u32>, month: Option<&str>| -> Vec<u64> {
        handle.with_world(|world| {
            let fits = |one: &&counterfoil_sim::statements::Statement| {
                one.organization == organization
                    && profile.is_none_or(|profile| one.profile == Some(profile))
                    && month.is_none_or(|month| one.month.to_string() == month)
            };
            world.statements().iter().filter(fits).map(|one| u64::from(one.id)).collect()
        })
    };
    let sorted = |mut ids: Vec<u64>| {
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(ids("OrganizationId=4001").await), expected(4_001, None, None));
    assert_eq!(sorted(ids("OrganizationId=4002").await), expected(4_002, None, None));
    assert_eq!(sorted(ids("organizationid=4001&invoiceprofileid=6002").await), expected(4_001, Some(6_002), None));
    let january = "OrganizationId=4001&From=2026-01-01&To=2026-01-31T23:59:59Z";
    assert_eq!(sorted(ids(january).await), expected(4_001, None, Some("2026-01")));
    let months: Vec<u64> = ids("OrganizationId=4001").await;
    assert!(months.first() > months.last(), "the newest first");
    let by_name = ids("OrganizationId=4001&ProvisionType=Usage").await;
    assert_eq!(by_name, ids("OrganizationId=4001&ProvisionType=2").await);
    assert!(!by_name.is_empty());
    let grouped = session.get("/api/v1/billingstatements/grouped?OrganizationId=4001").await.rows();
    let usage = grouped.iter().find(|row| row["ProvisionType"] == json!(2)).unwrap();
    assert!(usage["GroupId"].as_u64().is_some_and(|group| group % 100 == 2));
}

#[tokio::test]
async fn a_statement_is_listed_from_the_day_it_appears() {
    let handle = small().await;
    let table = [
        ("2026-02-08T05:59:00Z", 0),
        ("2026-02-08T06:00:00Z", 1),
        ("2026-03-08T07:00:00Z", 2),
        ("2026-03-09T07:00:00Z", 3),
    ];
    for (at, listed) in table {
        let step = at.parse::<chrono::DateTime<chrono::Utc>>().unwrap() - handle.clock().now();
        handle.clock().advance(step);
        let session = Session::sign_in(&handle).await;
        let rows = session.get("/api/v1/BillingStatements?OrganizationId=4001").await.rows();
        assert_eq!(rows.len(), listed, "{at}");
    }
}

#[tokio::test]
async fn subscriptions_tell_the_motion_and_what_became_of_them() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let rows = session.get("/api/v1/Subscriptions?OrganizationId=4001").await.rows();
    let shown: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!([
                row["Id"],
                row["TermDuration"],
                row["BillingCycle"],
                row["ProvisionType"],
                row["Quantity"],
                row["Status"]
            ])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!([30001, "P1M", 1, 1, 12, 1]),
            json!([30002, "P1Y", 1, 1, 5, 1]),
            json!([30003, "P1Y", 2, 1, 4, 1]),
            json!([30004, null, 3, 2, 1, 1]),
            json!([30005, "P1M", 1, 1, 2, 8]),
        ]
    );
    assert_eq!(rows[0]["Product"]["PartNumber"], json!("CFQ7TTC0LCHC:0002"));
    assert_eq!(session.get("/api/v1/Subscriptions?Statuses=8").await.rows().len(), 1);
    assert_eq!(session.get("/api/v1/Subscriptions?Statuses=9").await.rows().len(), 5);
    assert_eq!(session.get("/api/v1/Subscriptions?CustomerTenantId=21002").await.rows().len(), 2);
    handle.switch(|switches| switches.forget_ended_subscriptions = true);
    assert_eq!(session.get("/api/v1/Subscriptions").await.rows().len(), 4);
}

#[tokio::test]
async fn five_thousand_products_have_both_prices() {
    let spec = StatementSpec {
        months: 1,
        tenants: 2,
        second_currency: false,
        unused_products: 3_000,
        ..StatementSpec::new(3, Month::new(2026, 3).unwrap())
    };
    let world = StatementWorld::generate(&spec, Grouping::Provisions);
    let handle = with(world, Switches::default()).await;
    let session = Session::sign_in(&handle).await;
    let rows = walk(&session, "/api/v1/AgreementProducts?OrganizationId=4001&", 5_000).await;
    assert!(rows.len() > 5_000, "{}", rows.len());
    let mut ids: Vec<&str> = rows.iter().map(|row| row["UniqueId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rows.len());
    let basic =
        session.get("/api/v1/AgreementProducts?OrganizationId=4001&Include.PartNumbers=CFQ7TTC0LH18%3A0001").await;
    let shown: Vec<Value> = basic
        .rows()
        .iter()
        .map(|row| {
            let variant = &row["ProductVariant"];
            json!([
                variant["PurchasePeriod"],
                variant["DefaultBillingCycleId"],
                row["SalesPrice"]["Value"],
                row["RecommendedRetailPrice"]["Value"],
                row["MonthMultiplier"]
            ])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["P1M", 1, 7.20, 9.00, 1]),
            json!(["P1Y", 1, 6.00, 7.50, 1]),
            json!(["P1Y", 2, 72.00, 90.00, 12]),
            json!(["P3Y", 1, 5.70, 7.13, 1]),
            json!(["P3Y", 8, 205.20, 256.50, 36]),
        ]
    );
    assert!(basic.rows().iter().all(|row| row["SalesPrice"]["CurrencyCode"] == json!("USD")));
    assert_eq!(session.get("/api/v1/AgreementProducts").await.status.as_u16(), 400);
}
