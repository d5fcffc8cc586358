//! Pages of both kinds, what a page shows, and what it shows too late.

use counterfoil_sim::connectwise::{LinkHost, PageSizeRule, Unset};
use serde_json::{Value, json};

use crate::support::{Bench, bench};

const LIST: &str = "/company/companies";

/// Thirty-one companies.
async fn many() -> Bench {
    let bench = bench().await;
    for turn in 0..30 {
        bench.cw.state().add_company(&format!("C{turn:02}"), &format!("Company {}", 29 - turn));
    }
    bench
}

/// The addresses of a `Link` header by their relations.
fn links(header: Option<&str>) -> Vec<(String, String)> {
    let one = |link: &str| {
        let (address, rel) = link.split_once(">; rel=\"").unwrap();
        (rel.trim_end_matches('"').to_owned(), address.trim_start_matches('<').to_owned())
    };
    header.map(|text| text.split(", ").map(one).collect()).unwrap_or_default()
}

#[tokio::test]
async fn a_page_is_as_long_as_the_server_likes() {
    let bench = many().await;
    let rows = async |query: &str| bench.client.get(&format!("{LIST}{query}")).await;
    for (query, wanted) in
        [("", 25), ("?pageSize=10", 10), ("?pageSize=1000", 31), ("?pageSize=5000", 31), ("?page=2", 6), ("?page=9", 0)]
    {
        assert_eq!(rows(query).await.ids().len(), wanted, "{query}");
    }
    bench.cw.state().switch(|switches| switches.page_size_max = Some(20));
    assert_eq!(rows("?pageSize=1000").await.ids().len(), 20, "cut without a word");
    bench.cw.state().switch(|switches| switches.page_size = PageSizeRule::OutOfRange);
    for query in ["?pageSize=21", "?pageSize=0", "?pageSize=-1", "?pageSize=x"] {
        let reply = rows(query).await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (400, Some("OutOfRange")), "{query}");
    }
    assert!(rows("?pageSize=21").await.text.contains("The field pageSize must be between 1 and 20."));
}

#[tokio::test]
async fn links_lead_to_the_neighbours_and_not_past_the_ends() {
    let bench = many().await;
    let get = async |page: usize| {
        let query = format!("?pageSize=12&fields=id&conditions=deletedFlag%3DFalse&page={page}");
        bench.client.get(&format!("{LIST}{query}")).await
    };
    for (page, wanted) in [
        (1, vec![("next", 2), ("last", 3)]),
        (2, vec![("first", 1), ("prev", 1), ("next", 3), ("last", 3)]),
        (3, vec![("first", 1), ("prev", 2)]),
    ] {
        let reply = get(page).await;
        let found = links(reply.header("Link"));
        let shown: Vec<(String, bool)> = found
            .iter()
            .zip(&wanted)
            .map(|((rel, address), (_, page))| (rel.clone(), address.ends_with(&format!("&page={page}"))))
            .collect();
        let wanted: Vec<(String, bool)> = wanted.iter().map(|(rel, _)| ((*rel).to_owned(), true)).collect();
        assert_eq!((found.len(), shown), (wanted.len(), wanted), "{page} {:?}", reply.header("Link"));
        for (_, address) in found {
            assert!(address.starts_with("https://na.myconnectwise.example/v4_6_release/apis/3.0/company/companies?"));
            for kept in ["fields=id&", "conditions=deletedFlag%3dFalse&", "pageSize=12&"] {
                assert!(address.contains(kept), "{address}");
            }
        }
    }
    bench.cw.state().switch(|switches| switches.link_host = LinkHost::Served);
    let reply = get(1).await;
    assert!(links(reply.header("Link"))[0].1.starts_with(&bench.cw.base_url()));
}

#[tokio::test]
async fn forward_only_reads_everything_once_while_rows_come() {
    let bench = many().await;
    let client = bench.client.forward();
    let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        // What `page` says does not count.
        let reply = client.get(&format!("{LIST}?pageSize=10&page=7{after}")).await;
        seen.extend(reply.ids());
        pages += 1;
        if pages == 2 {
            bench.cw.state().add_company("LATE", "Late");
            // Pages by number would now show a row twice or not at all.
            bench.cw.state().delete_company(seen[0]);
        }
        let Some((_, next)) = links(reply.header("Link")).into_iter().next() else { break };
        after = format!("&pageId={}", next.split("pageId=").nth(1).unwrap());
        assert_eq!(after, format!("&pageId={}", seen.last().unwrap()));
    }
    assert_eq!((seen.len(), pages), (32, 4));
    assert!(seen.is_sorted(), "by id");
    let reply = client.get(&format!("{LIST}?orderBy=id")).await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (400, Some("ApiFindCondition")));
}

#[tokio::test]
async fn a_full_last_page_has_a_link_to_nothing() {
    let bench = bench().await;
    bench.cw.state().add_company("B", "B");
    let client = bench.client.forward();
    let full = client.get(&format!("{LIST}?pageSize=2")).await;
    let (_, next) = links(full.header("Link")).remove(0);
    let empty = client.get(&format!("{LIST}?pageSize=2&pageId={}", next.split("pageId=").nth(1).unwrap())).await;
    assert_eq!((empty.ids(), empty.header("Link")), (vec![], None));
    let short = client.get(&format!("{LIST}?pageSize=3")).await;
    assert_eq!((short.ids().len(), short.header("Link")), (2, None));
    bench.cw.state().switch(|switches| switches.link_after_short_page = true);
    let short = client.get(&format!("{LIST}?pageSize=3")).await;
    assert_eq!((short.ids().len(), links(short.header("Link")).len()), (2, 1));
}

#[tokio::test]
async fn order_and_no_order() {
    let bench = many().await;
    let asked = async |order: &str| {
        let reply = bench.client.asked(LIST, "orderBy", order).await;
        let rows: Vec<Value> = reply.json().as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(asked("name").await[..3], ["Acme Ltd", "Company 0", "Company 1"]);
    assert_eq!(asked("name desc").await[0], "Company 9");
    assert_eq!(asked("id desc").await[0], "Company 0");
    assert_eq!(asked("status/name asc, id desc").await[0], "Company 0");
    let reply = bench.client.asked(LIST, "orderBy", "nothing asc").await;
    assert_eq!((reply.status, reply.json()["message"].as_str()), (400, Some("nothing is not a recognized name.")));
    bench.cw.state().switch(|switches| switches.unordered = true);
    let ids = bench.client.get(&format!("{LIST}?pageSize=1000")).await.ids();
    assert!(ids.len() == 31 && !ids.is_sorted(), "{ids:?}");
    assert!(bench.client.forward().get(&format!("{LIST}?pageSize=1000")).await.ids().is_sorted());
}

#[tokio::test]
async fn fields_trim_rows_and_references() {
    let bench = bench().await;
    let path = format!("/finance/agreements/{}", bench.agreement);
    for (fields, wanted) in [
        ("id,name", json!({"id": bench.agreement, "name": "Gold"})),
        ("id,company/id", json!({"id": bench.agreement, "company": {"id": bench.company}})),
        ("company/id,company/identifier", json!({"company": {"id": bench.company, "identifier": "ACME"}})),
        ("_info", json!({"_info": {"lastUpdated": "2026-11-15T12:00:00Z", "updatedBy": "apimember"}})),
    ] {
        let listed = bench.client.asked("/finance/agreements", "fields", fields).await.json();
        assert_eq!(listed, json!([wanted]), "{fields}");
        assert_eq!(bench.client.asked(&path, "fields", fields).await.json(), wanted, "{fields}");
    }
    let whole = bench.client.get(&path).await.json();
    assert_eq!(whole["company"]["name"], "Acme Ltd");
    assert_eq!(
        (&whole["billingCycle"]["name"], whole["billingCycle"].get("identifier")),
        (&json!("Our Monthly"), None)
    );
    assert_eq!(
        (&whole["currency"]["currencyCode"], &whole["currency"]["numberOfDecimals"]),
        (&json!("GBP"), &json!(2))
    );
}

#[tokio::test]
async fn what_is_not_set_comes_in_three_forms() {
    let bench = bench().await;
    let id = bench.created(&json!({"serialNumber": null})).await["id"].clone();
    let recap = format!("/finance/agreementrecap/{}", bench.agreement);
    for (unset, date, text) in [
        (Unset::Missing, None, None),
        (Unset::Null, Some(Value::Null), Some(Value::Null)),
        (Unset::Empty, Some(json!("")), None),
    ] {
        bench.cw.state().switch(|switches| switches.unset = unset);
        let one = bench.client.get(&format!("{}/{id}", bench.additions())).await.json();
        assert_eq!((one.get("cancelledDate"), one.get("serialNumber")), (date.as_ref(), text.as_ref()), "{unset:?}");
        assert_eq!(one["effectiveDate"], "2026-11-01T00:00:00Z");
        assert_eq!(bench.client.get(&recap).await.json().get("lastInvoiceDate"), date.as_ref(), "{unset:?}");
        // And taken back in each form.
        let body = [json!({"op": "replace", "path": "cancelledDate", "value": date.unwrap_or(Value::Null)})];
        let reply = bench.client.send("PATCH", &format!("{}/{id}", bench.additions()), &json!(body)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

#[tokio::test]
async fn a_fresh_addition_is_not_listed_at_once() {
    let bench = bench().await;
    let old = bench.created(&json!({})).await["id"].as_i64().unwrap();
    bench.cw.clock().advance(chrono::Duration::seconds(60));
    bench.cw.state().switch(|switches| switches.list_lag_seconds = Some(30));
    let fresh = bench.created(&json!({})).await["id"].as_i64().unwrap();
    let list = bench.additions();
    let one = format!("{list}/{fresh}");
    assert_eq!(bench.client.get(&list).await.ids(), [old]);
    assert_eq!(bench.client.forward().get(&list).await.ids(), [old]);
    assert_eq!(bench.client.get(&format!("{list}/count")).await.json(), json!({"count": 1}));
    assert_eq!(bench.client.get(&one).await.status, 200);
    bench.cw.state().switch(|switches| switches.lag_by_id = true);
    assert_eq!(bench.client.get(&one).await.status, 404);
    bench.cw.clock().advance(chrono::Duration::seconds(30));
    assert_eq!(bench.client.get(&list).await.ids(), [old, fresh]);
    assert_eq!(bench.client.get(&one).await.status, 200);
}
