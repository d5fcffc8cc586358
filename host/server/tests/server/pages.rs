//! Signing in by browser, the guard against other sites, and the first page.

use counterfoil_domain::ports::{SetupStore as _, Write};
use counterfoil_server::{Access, ROUTES, Role};

use crate::client::{Reply, send};
use crate::world::{PASSWORD, World, user};

pub(crate) struct Browser<'a> {
    world: &'a World,
    session: String,
    pub(crate) csrf: String,
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn sign_in(world: &World, name: &str, password: &str) -> Reply {
    let form = send(world.address, "GET", "/login", &[], None).await;
    let token = form.cookie("counterfoil-form").unwrap();
    assert!(form.body.contains(&token), "the form carries it too");
    let body = format!("name={name}&password={}&csrf={token}", password.replace(' ', "+"));
    let cookie = format!("counterfoil-form={token}");
    send(world.address, "POST", "/login", &[FORM, ("Cookie", &cookie)], Some(&body)).await
}

impl<'a> Browser<'a> {
    pub(crate) async fn signed_in(world: &'a World, role: Role) -> Self {
        let reply = sign_in(world, role.name(), PASSWORD).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/")), "{}", reply.body);
        let session = reply.cookie("counterfoil").unwrap();
        let mut browser = Self { world, session, csrf: String::new() };
        let page = browser.send("GET", "/", &[], None).await;
        let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").unwrap();
        browser.csrf = rest.split('"').next().unwrap().to_owned();
        browser
    }

    pub(crate) async fn send(&self, method: &str, path: &str, more: &[(&str, &str)], body: Option<&str>) -> Reply {
        let cookie = format!("other=1; counterfoil={}", self.session);
        let mut headers = vec![("Cookie", cookie.as_str())];
        headers.extend_from_slice(more);
        send(self.world.address, method, path, &headers, body).await
    }
}

#[tokio::test]
async fn the_page_shows_what_is_there_and_escapes_it() {
    let world = World::new().await.with_connection("xero-main").await;
    let empty = Browser::signed_in(&world, Role::Viewer).await.send("GET", "/", &[], None).await;
    assert!(empty.body.contains("Nothing to sync"), "{}", empty.body);
    world.every_state().await;
    let browser = Browser::signed_in(&world, Role::Viewer).await;
    let page = browser.send("GET", "/?state=all", &[], None).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for text in [
        "Green &#60;Lane&#62; &#38; Co",
        "83.60 USD",
        "41.80 USD",
        "Books &#60;xero-main&#62;",
        "needs you",
        "Not &#60;ours&#62;",
        "no answer in 30 s",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    for bad in ["<Lane>", "<ours>", "<script>", "style=", "onclick", "http://", "https://"] {
        assert!(!page.body.contains(bad), "{bad} is there:\n{}", page.body);
    }
    let some = browser.send("GET", "/?state=ignored&limit=1", &[], None).await;
    assert!(
        some.body.contains("aria-current") && some.body.contains("Next page") && some.body.contains("&#38;after="),
        "{}",
        some.body
    );
    let odd = browser.send("GET", "/?text=%3Cscript%3E", &[], None).await;
    assert_eq!(odd.status, 200);
    assert!(!odd.body.contains("<script>"));
}

#[tokio::test]
async fn cookies_are_as_strict_as_they_can_be() {
    for https in [true, false] {
        let world = World::with(https).await;
        let prefix = if https { "__Host-" } else { "" };
        let form = send(world.address, "GET", "/login", &[], None).await;
        let token = form.cookie(&format!("{prefix}counterfoil-form")).unwrap();
        let cookie = format!("{prefix}counterfoil-form={token}");
        let body = format!("name=viewer&password={}&csrf={token}", PASSWORD.replace(' ', "+"));
        let reply = send(world.address, "POST", "/login", &[FORM, ("Cookie", &cookie)], Some(&body)).await;
        let set = reply.headers.iter().filter(|(n, _)| n == "set-cookie").map(|(_, v)| v.as_str());
        let set: Vec<&str> = set.collect();
        assert_eq!(set.len(), 2, "{reply:?}");
        for cookie in set {
            assert!(cookie.starts_with(&format!("{prefix}counterfoil")), "{cookie}");
            assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
            assert_eq!(cookie.contains("; Secure"), https, "{cookie}");
        }
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let world = World::new().await;
    let wrong = sign_in(&world, "viewer", "wrong password").await;
    let nobody = sign_in(&world, "nobody", "wrong password").await;
    let strip = |reply: &Reply| {
        let token = reply.cookie("counterfoil-form").unwrap();
        (reply.status, reply.body.replace(&token, ""))
    };
    assert_eq!(strip(&wrong), strip(&nobody));
    assert_eq!(wrong.status, 401);
    assert!(wrong.cookie("counterfoil").is_none());
    assert!(sign_in(&world, "viewer", PASSWORD).await.cookie("counterfoil").is_some());
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let world = World::new().await;
    for _ in 0..5 {
        assert_eq!(sign_in(&world, "viewer", "wrong password").await.status, 401);
    }
    let reply = sign_in(&world, "viewer", PASSWORD).await;
    assert_eq!((reply.status, reply.cookie("counterfoil")), (429, None), "the right password does not help");
    let wait: i64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait));
    world.clock.advance(chrono::Duration::seconds(wait));
    assert_eq!(sign_in(&world, "viewer", PASSWORD).await.status, 303);
}

/// A session is worth nothing to another site: whatever it sends, wherever it sends it.
#[tokio::test]
async fn no_route_that_changes_something_takes_a_session_without_its_token() {
    let world = World::new().await.with_connection("xero-main").await;
    let browser = Browser::signed_in(&world, Role::Admin).await;
    let json = ("Content-Type", "application/json");
    let csrf = ("X-CSRF-Token", browser.csrf.as_str());
    let form = format!("csrf={}", browser.csrf);
    type Way<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);
    let ways: [Way<'_>; 8] = [
        ("json without the token", vec![json], "{}"),
        ("a wrong token", vec![json, ("X-CSRF-Token", "guess")], "{}"),
        ("an empty token", vec![json, ("X-CSRF-Token", "")], "{}"),
        ("a form", vec![FORM], "a=b"),
        ("text that is json", vec![("Content-Type", "text/plain")], "{}"),
        ("another site with the token", vec![json, csrf, ("Sec-Fetch-Site", "cross-site")], "{}"),
        ("a sub-domain with the token", vec![json, csrf, ("Sec-Fetch-Site", "same-site")], "{}"),
        ("a method override", vec![json, ("X-HTTP-Method-Override", "GET")], "{}"),
    ];
    for rule in ROUTES.iter().filter(|rule| rule.method != "GET" && rule.access != Access::Open) {
        let path = rule.path.replace("{id}", "xero-main");
        for (way, headers, body) in &ways {
            let reply = browser.send(rule.method, &path, headers, Some(body)).await;
            // A form page's own handler refuses what is no form before it looks for the token.
            let refused =
                reply.status == 403 || (matches!(rule.access, Access::Form(_)) && [400, 415].contains(&reply.status));
            assert!(refused, "{} {path} by {way}: {} {}", rule.method, reply.status, reply.body);
        }
    }
    assert!(world.store.audit(10).await.unwrap().iter().all(|entry| entry.action == "sign-in"));
    let own =
        browser.send("POST", "/v1/connections/xero-main/check", &[csrf, ("Sec-Fetch-Site", "same-origin")], None).await;
    assert_eq!(own.status, 202, "our own page may: {}", own.body);
    let from_elsewhere = browser.send("POST", "/logout", &[FORM, ("Sec-Fetch-Site", "cross-site")], Some(&form)).await;
    assert_eq!(from_elsewhere.status, 403);
    assert!(from_elsewhere.body.contains("came from another site"), "{}", from_elsewhere.body);
}

#[tokio::test]
async fn another_site_cannot_sign_somebody_in() {
    let world = World::new().await;
    let body = format!("name=viewer&password={}&csrf=x", PASSWORD.replace(' ', "+"));
    for headers in [
        vec![FORM],
        vec![FORM, ("Cookie", "counterfoil-form=y")],
        vec![FORM, ("Cookie", "counterfoil-form=")],
        vec![FORM, ("Cookie", "counterfoil-form=x"), ("Sec-Fetch-Site", "cross-site")],
    ] {
        let reply = send(world.address, "POST", "/login", &headers, Some(&body)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (403, "cross-site"), "{headers:?}");
    }
}

#[tokio::test]
async fn a_session_ends_with_sign_out_age_and_a_new_password() {
    let world = World::new().await;
    let out = Browser::signed_in(&world, Role::Viewer).await;
    let form = format!("csrf={}", out.csrf);
    assert_eq!(out.send("POST", "/logout", &[FORM], Some(&form)).await.header("location"), Some("/login"));
    assert_eq!(out.send("GET", "/v1/tasks", &[], None).await.status, 401);

    let old = Browser::signed_in(&world, Role::Viewer).await;
    assert_eq!(old.send("GET", "/v1/tasks", &[], None).await.status, 200);
    let mut changed = user(Role::Viewer);
    changed.password_hash = counterfoil_server::auth::hash_password("another password", [9; 16]).unwrap();
    world.put(vec![Write::PutUser(changed)]).await;
    assert_eq!(old.send("GET", "/v1/tasks", &[], None).await.status, 401, "a new password ends it");
    assert_eq!(sign_in(&world, "viewer", PASSWORD).await.status, 401);

    let idle = Browser::signed_in(&world, Role::Biller).await;
    world.clock.advance(chrono::Duration::minutes(61));
    assert_eq!(idle.send("GET", "/", &[], None).await.header("location"), Some("/login"));
}

#[tokio::test]
async fn signing_in_gives_a_new_session_and_ends_the_one_before() {
    let world = World::new().await;
    let before = Browser::signed_in(&world, Role::Viewer).await;
    let form = send(world.address, "GET", "/login", &[], None).await;
    let token = form.cookie("counterfoil-form").unwrap();
    let cookie = format!("counterfoil-form={token}; counterfoil={}", before.session);
    let body = format!("name=viewer&password={}&csrf={token}", PASSWORD.replace(' ', "+"));
    let reply = send(world.address, "POST", "/login", &[FORM, ("Cookie", &cookie)], Some(&body)).await;
    assert_ne!(reply.cookie("counterfoil").unwrap(), before.session);
    assert_eq!(before.send("GET", "/v1/tasks", &[], None).await.status, 401, "a planted session is worth nothing");
}
