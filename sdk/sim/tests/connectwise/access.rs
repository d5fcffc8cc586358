//! Who may call, where, and in which model.

use counterfoil_sim::connectwise::{
    BadCredentials, CwConfig, NoClientId, OldCodebase, Role, SiteUrl, Switches, TooMany,
};
use serde_json::{Value, json};

use crate::support::{Client, basic, bench, bench_with, patched};

#[tokio::test]
async fn sign_in_and_client_id() {
    let right = basic("acme+public", "private");
    for (header, value, switches, status, code) in [
        ("Authorization", Some(right.as_str()), Switches::default(), 200, ""),
        ("Authorization", None, Switches::default(), 401, "UserNotAuthenticated"),
        ("Authorization", Some("Bearer x"), Switches::default(), 401, "UserNotAuthenticated"),
        ("Authorization", Some(&basic("acme+public", "other")), Switches::default(), 401, "UserNotAuthenticated"),
        ("Authorization", Some(&basic("acme public", "private")), Switches::default(), 401, "UserNotAuthenticated"),
        (
            "Authorization",
            Some(&basic("other+public", "private")),
            Switches { bad_credentials: BadCredentials::NotFound, ..Switches::default() },
            404,
            "ConnectWiseApi",
        ),
        ("clientId", None, Switches::default(), 403, "ClientId"),
        ("clientId", Some("x"), Switches::default(), 403, "ClientId"),
        ("clientId", None, Switches { no_client_id: NoClientId::BadRequest, ..Switches::default() }, 400, "ClientId"),
        ("X", None, Switches { ssl_required: true, ..Switches::default() }, 403, "Security"),
    ] {
        let bench = bench_with(CwConfig { switches, ..CwConfig::default() }).await;
        for path in ["/system/info", "/company/companies", "/finance/agreements/1"] {
            let reply = bench.client.with(header, value).get(path).await;
            if code.is_empty() {
                assert!(reply.status == 200 || path.ends_with("/1"), "{}", reply.text);
                continue;
            }
            assert_eq!(
                (reply.status, reply.json()["code"].as_str()),
                (status, Some(code)),
                "{header} {value:?} {path}"
            );
        }
        // Nothing is written for them either.
        let reply = bench.client.with(header, value).send("POST", &bench.additions(), &bench.body()).await;
        assert_eq!(reply.status == 201, code.is_empty());
        assert_eq!(bench.cw.state().all_additions().len(), usize::from(code.is_empty()));
    }
}

#[tokio::test]
async fn the_pin_decides_which_members_there_are() {
    let bench = bench().await;
    // The pin, what a newer member in a body says, and whether answers have it.
    for (accept, status, shown) in [
        (Some("application/vnd.connectwise.com+json; version=2025.1"), 400, false),
        (Some("application/vnd.connectwise.com+json; version=2024.8, text/html"), 400, false),
        (Some("application/vnd.connectwise.com+json; version=2025.16"), 201, true),
        (Some("application/json"), 201, true),
        (None, 201, true),
        (Some("application/vnd.connectwise.com+json; version=2021.1"), 415, false),
        (Some("application/vnd.connectwise.com+json; version=2031.1"), 415, false),
        (Some("application/vnd.connectwise.com+json; version=new"), 415, false),
    ] {
        let client = bench.client.with("Accept", accept);
        let newer = patched(bench.body(), &json!({"additionStatus": "Active"}));
        let reply = client.send("POST", &bench.additions(), &newer).await;
        assert_eq!(reply.status, status, "{accept:?} {}", reply.text);
        if status == 400 {
            let told = json!({"code": "InvalidObject",
                "message": "Could not find member 'additionStatus' on object of type 'Addition'."});
            assert_eq!(reply.json(), told);
        }
        if status != 415 {
            let id = bench.created(&json!({})).await["id"].clone();
            let one = client.get(&format!("{}/{id}", bench.additions())).await.json();
            assert_eq!(one.get("additionStatus").is_some(), shown, "{accept:?}");
            let condition = client.asked(&bench.additions(), "conditions", "additionStatus=\"Active\"").await;
            assert_eq!(condition.status, if shown { 200 } else { 400 }, "{accept:?}");
        }
    }
}

#[tokio::test]
async fn a_missing_role_refuses_what_it_is_for_and_nothing_else() {
    let one =
        |path: &'static str| move |bench: &crate::support::Bench| path.replace("{a}", &bench.agreement.to_string());
    let calls: [(Role, &str, &str); 9] = [
        (Role::CompanyInquire, "GET", "/company/companies"),
        (Role::CompanyAdd, "POST", "/company/companies"),
        (Role::AgreementInquire, "GET", "/finance/agreements/{a}/additions"),
        (Role::AgreementInquire, "GET", "/finance/agreementrecap/{a}"),
        (Role::AgreementAdd, "POST", "/finance/agreements/{a}/additions"),
        (Role::AgreementEdit, "PATCH", "/finance/agreements/{a}"),
        (Role::CatalogInquire, "GET", "/procurement/catalog"),
        (Role::CatalogAdd, "POST", "/procurement/catalog"),
        (Role::TableSetupInquire, "GET", "/finance/billingCycles"),
    ];
    let told =
        json!({"code": "Unauthorized", "message": "You do not have security permission to perform this action."});
    for missing in calls.map(|(role, ..)| role) {
        let bench = bench().await;
        bench.cw.state().switch(|switches| switches.missing_roles = vec![missing]);
        for (role, method, path) in calls {
            let body = (method != "GET").then(|| "[]".to_owned());
            let reply = bench.client.try_call(method, &one(path)(&bench), body).await.unwrap();
            assert_eq!(reply.status == 403, role == missing, "{missing:?} {method} {path}: {}", reply.text);
            if role == missing {
                assert_eq!(reply.json(), told);
            }
        }
        assert_eq!(bench.client.get("/system/info").await.status, 200, "needs no role");
    }
}

#[tokio::test]
async fn the_code_base_moves() {
    let bench = bench().await;
    let at =
        |codebase: &str| Client { base: format!("{}/{codebase}apis/3.0", bench.cw.root_url()), ..bench.client.clone() };
    let info =
        async || crate::support::http().get(bench.cw.company_info_url()).send().await.unwrap().text().await.unwrap();
    let info = async || serde_json::from_str::<Value>(&info().await).unwrap();
    let known = info().await;
    assert_eq!((&known["Codebase"], &known["IsCloud"]), (&json!("v2025_1/"), &json!(true)));
    assert_eq!(known["SiteUrl"].as_str().unwrap(), bench.cw.root_url().trim_start_matches("http://"));
    assert_eq!(at("v2025_1/").get("/system/info").await.status, 200);
    bench.cw.state().set_codebase("v2025_2/");
    let old = at("v2025_1/").get("/system/info").await;
    assert_eq!((old.status, old.json()["message"].as_str()), (404, Some("The endpoint does not exist.")));
    bench.cw.state().switch(|switches| switches.old_codebase = OldCodebase::CannotRoute);
    let old = at("v2025_1/").send("POST", &bench.additions(), &bench.body()).await;
    assert_eq!((old.status, old.text.as_str()), (400, "Cannot route. Codebase/company is invalid"));
    assert!(serde_json::from_str::<Value>(&old.text).is_err() && bench.cw.state().all_additions().is_empty());
    assert_eq!(at("v2025_2/").get("/system/info").await.status, 200);
    assert_eq!(at("v4_6_release/").get("/system/info").await.status, 200, "routed");
    assert_eq!(at("v4_6_release/apis/3.0/").get("/system/info").await.status, 404, "doubled");
    bench.cw.state().switch(|switches| {
        switches.no_router = true;
        switches.is_cloud_as_text = true;
        switches.site_url = SiteUrl::Absent;
    });
    assert_eq!(at("v4_6_release/").get("/system/info").await.status, 400);
    let known = info().await;
    assert_eq!((&known["Codebase"], &known["IsCloud"]), (&json!("v2025_2/"), &json!("True")));
    assert!(known.get("SiteUrl").is_none());
    bench.cw.state().switch(|switches| switches.site_url = SiteUrl::Fixed("api-na.example".to_owned()));
    assert_eq!(info().await["SiteUrl"], "api-na.example");
    let url = bench.cw.company_info_url().replace("acme", "nobody");
    assert_eq!(crate::support::http().get(url).send().await.unwrap().text().await.unwrap(), "null");
}

#[tokio::test]
async fn too_many_calls_in_each_form() {
    for (form, retry_after, readable) in [
        (TooMany::Seconds, Some("30"), true),
        (TooMany::HttpDate, Some("Sun, 15 Nov 2026 12:00:30 GMT"), true),
        (TooMany::Malformed, Some("soon"), true),
        (TooMany::Html, None, false),
    ] {
        let bench = bench().await;
        bench.cw.state().switch(|switches| {
            switches.calls_per_minute = Some(2);
            switches.too_many = form;
        });
        for status in [200, 200, 429, 429] {
            let reply = bench.client.get("/system/info").await;
            assert_eq!(reply.status, status);
            if status == 429 {
                assert_eq!(reply.header("Retry-After"), retry_after, "{form:?}");
                let body = serde_json::from_str::<Value>(&reply.text).ok();
                assert_eq!(body.is_some(), readable);
                assert!(body.is_none_or(|body| body["error"] == "ConnectWiseAPI" && body.get("code").is_none()));
            }
        }
        let refused = bench.client.send("POST", &bench.additions(), &bench.body()).await;
        assert_eq!((refused.status, bench.cw.state().all_additions().len()), (429, 0), "not processed");
        bench.cw.clock().advance(chrono::Duration::seconds(60));
        assert_eq!(bench.client.get("/system/info").await.status, 200);
    }
}

#[tokio::test]
async fn what_cannot_be_asked() {
    let bench = bench().await;
    let (list, unknown) = (bench.additions(), format!("{}/999999", bench.additions()));
    for (method, path, body, status, told) in [
        ("GET", "/finance/agreements/999999".to_owned(), None, 404, "Agreement 999999 not found"),
        ("GET", "/finance/agreements/999999/additions".to_owned(), None, 404, "Agreement 999999 not found"),
        ("GET", unknown.clone(), None, 404, "Addition 999999 not found"),
        ("PATCH", unknown, Some("[]"), 404, "Addition 999999 not found"),
        ("GET", "/finance/agreementrecap/999999".to_owned(), None, 404, "Agreement 999999 not found"),
        ("GET", "/finance/additions".to_owned(), None, 404, "The endpoint does not exist."),
        ("POST", "/company/companies/search".to_owned(), Some("{}"), 405, "does not support"),
        ("POST", "/finance/billingCycles".to_owned(), Some("{}"), 405, "does not support"),
        ("POST", list.clone(), Some("{\"product\""), 400, "not JSON"),
        ("POST", list.clone(), Some("[]"), 400, "not a JSON object"),
        ("GET", format!("{list}?conditions={}", "x".repeat(2_000)), None, 414, "414"),
    ] {
        let reply = bench.client.try_call(method, &path, body.map(str::to_owned)).await.unwrap();
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text);
        assert!(reply.text.contains(told), "{method} {path}: {}", reply.text);
    }
    let plain = bench.client.with("Content-Type", Some("text/plain"));
    assert_eq!(plain.send("POST", &list, &bench.body()).await.status, 415);
    assert!(bench.cw.state().all_additions().is_empty());
    let elsewhere = bench.cw.state().add_agreement(&crate::support::agreement(bench.company, false));
    let id = bench.created(&json!({})).await["id"].clone();
    let path = format!("/finance/agreements/{elsewhere}/additions/{id}");
    assert_eq!(bench.client.get(&path).await.status, 404, "of another agreement");
}
