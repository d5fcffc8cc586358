//! The doors by which another process makes things happen.

use counterfoil_sim::SimClock;
use counterfoil_sim::cloudiq::CloudIqSim;
use counterfoil_sim::statements::{Grouping, StatementWorld};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::http::{Answer, Session, client, noon, send, small};

async fn post(url: String, body: Value) -> Answer {
    send(client().post(url).header("Content-Type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn a_statement_is_issued_again_by_another_process() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let door = |name: &str| format!("{}/_sim/{name}", handle.origin());
    let total = async |id: u64| {
        let rows = session.get("/api/v1/billingstatements/?OrganizationId=4001").await.rows();
        rows.iter().find(|row| row["Id"] == json!(id)).map(|row| row["TotalSalesPrice"]["Value"].clone())
    };
    let all = send(client().get(door("statements"))).await.json();
    let id = all[0]["id"].as_u64().unwrap();
    assert_eq!(total(id).await, Some(json!(294.24)));
    let answer = post(door("statements"), json!({ "reissue": id, "how": "same_id_changed" })).await;
    assert_eq!(answer.json(), json!({ "id": id }));
    assert_eq!(total(id).await, Some(json!(300.04)));
    let new =
        post(door("statements"), json!({ "reissue": id, "how": "new_id_same" })).await.json()["id"].as_u64().unwrap();
    assert_eq!((total(id).await, total(new).await), (None, Some(json!(300.04))));
    let gone = post(door("statements"), json!({ "reissue": id, "how": "new_id_same" })).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let wrong = post(door("statements"), json!({ "reissue": new, "how": "somehow" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let oracle = send(client().get(door("oracle"))).await.json();
    let statements = oracle["statements"].as_array().unwrap();
    assert!(statements.contains(&json!({ "id": new, "total": "300.04" })), "{statements:?}");
}

#[tokio::test]
async fn switches_state_and_violations_are_shown() {
    let handle = small().await;
    let door = |name: &str| format!("{}/_sim/{name}", handle.origin());
    let thrown = post(door("switches"), json!({ "bare_arrays": true })).await.json();
    assert_eq!(thrown["bare_arrays"], json!(true));
    let session = Session::sign_in(&handle).await;
    assert!(session.get("/api/v1/Organizations").await.json().is_array());
    assert_eq!(post(door("switches"), json!({ "bare": true })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    session.ask(reqwest::Method::POST, "/api/v1/Subscriptions", "*/*").await;
    let state = send(client().get(door("state"))).await.json();
    assert_eq!((&state["tenants"], &state["statements"]), (&json!(2), &json!(4)));
    let recorded = json!([{ "method": "POST", "path": "api/v1/subscriptions" }]);
    assert_eq!((&state["violations"], &send(client().get(door("violations"))).await.json()), (&recorded, &recorded));
}

#[tokio::test]
async fn the_demo_is_served() {
    let clock = SimClock::fixed(noon());
    let handle = CloudIqSim::demo(noon().date_naive(), clock).start(None).await.unwrap();
    let session = Session::sign_in(&handle).await;
    let names: Vec<Value> =
        session.get("/api/v1/CustomerTenants").await.rows().iter().map(|row| row["Name"].clone()).collect();
    assert_eq!(names.len(), 6);
    assert!(names.contains(&json!("Wide World Importers")));
    assert!(session.get("/api/v1/billingstatements?OrganizationId=4001").await.rows().len() > 8);
}

#[tokio::test]
async fn a_world_of_invoices_is_regrouped() {
    let world = StatementWorld::fixture(Grouping::Invoices);
    let handle = crate::http::with(world, counterfoil_sim::cloudiq::Switches::default()).await;
    assert_eq!(handle.with_world(|world| world.clone()), StatementWorld::fixture(Grouping::Provisions));
}
