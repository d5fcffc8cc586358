//! The pages of plugins: what a card asks for stands there in words, commands need an operator, and the shelf is asked
//! what the API asks it.

use counterfoil_domain::card::{Allowed, BudgetLimit, BudgetScope, Card, EffectKind, Scenario};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::ports::{Standing, VersionState};
use counterfoil_server::Role;

use crate::client::Reply;
use crate::pages::Browser;
use crate::shelf::{state, wider};
use crate::world::{World, card};

pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// A form as the browser sends it.
pub(crate) async fn submit(browser: &Browser<'_>, path: &str, body: &str) -> Reply {
    let body = format!("csrf={}&{body}", browser.csrf);
    browser.send("POST", path, &[FORM], Some(&body)).await
}

fn wide_card() -> Card {
    let mut card = Card { version: "0.2.0".into(), summary: "<script>alert(1)</script> & more".into(), ..card() };
    card.egress.allow.push(Allowed { method: "POST".into(), path: "/Files".into(), effect: EffectKind::Write });
    card.budgets.limits.push(BudgetLimit {
        scope: BudgetScope::App,
        calls: 5_000,
        window: std::time::Duration::from_secs(86_400),
        remaining_header: None,
    });
    card.scenarios = vec![Scenario {
        name: "new sale".into(),
        order: OrderType::Sales,
        models: vec![BillingModel::BeforeBillingPeriod],
        usage: None,
        fees: vec![(Fee::PlanSetup, PriceSource::Catalogue)],
        order_price_when: vec![],
        refused_when: vec![],
        prorate: vec![],
    }];
    card
}

async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    let waiting = VersionState {
        digest: "d2d2".into(),
        card: wide_card(),
        wider: wider(),
        note: "it asks for more <b>".into(),
        ..state(Standing::Waiting)
    };
    let former = VersionState { digest: "d0d0".into(), ..state(Standing::Former) };
    *world.shelf.more.lock().unwrap() = vec![waiting, former];
    world
}

#[tokio::test]
async fn every_version_stands_in_the_list_and_what_was_refused_below_it() {
    let world = world().await;
    let page = Browser::signed_in(&world, Role::Viewer).await.send("GET", "/plugins", &[], None).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in [
        "waits for your yes",
        "former",
        "Asks for more: requests are signed with the secret &#34;x&#34;; it may write POST /x",
        "1 newer version asks for more",
        "plugins/bad.wasm",
        "the file is damaged",
        "/plugins/xero?version=d2d2",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
}

#[tokio::test]
async fn the_card_says_what_it_may_reach_and_at_whose_price_it_bills() {
    let world = world().await;
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    let page = viewer.send("GET", "/plugins/xero?version=d2d2", &[], None).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in [
        "Xero 0.2.0",
        "&#60;script&#62;alert(1)&#60;/script&#62; &#38; more",
        "it asks for more &#60;b&#62;",
        "What it asks for beyond the active version",
        "it may write POST /x",
        "https://api.xero.test",
        "<b>write</b>",
        "/Invoices/{id}",
        "client_secret",
        "5,000 calls in 1 d for all connections together",
        "64 MiB",
        "new sale",
        "plan setup",
        "catalogue",
        "ACCOUNT_CODE",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    for bad in ["<script>", "action=\"/plugins"] {
        assert!(!page.body.contains(bad), "a viewer has no form, and nothing of the card is markup: {bad}");
    }
    let active = viewer.send("GET", "/plugins/xero", &[], None).await;
    assert!(active.body.contains("Xero 0.1.0") && !active.body.contains("asks for beyond"), "{}", active.body);
    for path in ["/plugins/nothing", "/plugins/xero?version=dddd"] {
        assert_eq!(viewer.send("GET", path, &[], None).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn commands_need_an_operator_and_its_yes() {
    let world = world().await;
    let operator = Browser::signed_in(&world, Role::Operator).await;
    let page = operator.send("GET", "/plugins/xero?version=d2d2", &[], None).await;
    assert!(page.body.contains("name=\"accept_wider\" required"), "{}", page.body);
    let done = submit(&operator, "/plugins/xero/activate", "digest=d2d2&accept_wider=on").await;
    assert_eq!((done.status, done.header("location")), (303, Some("/plugins/xero?said=activated")), "{}", done.body);
    let refused = submit(&operator, "/plugins/xero/activate", "digest=wider").await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("it may write POST /x") && refused.body.contains("<h1>"), "{}", refused.body);
    let shadow = submit(&operator, "/plugins/xero/shadow", "digest=d2d2&tasks=7").await;
    assert_eq!(shadow.status, 200, "{}", shadow.body);
    for text in ["7 tasks were planned", "k: total &#34;2.00 USD&#34;, so far &#34;1.00 USD&#34;", "/tasks/t", "SO1"] {
        assert!(shadow.body.contains(text), "{text} is missing:\n{}", shadow.body);
    }
    assert_eq!(submit(&operator, "/plugins/xero/shadow", "digest=d2d2&tasks=many").await.status, 422);
    assert_eq!(submit(&operator, "/plugins/xero/rollback", "").await.status, 409);
    let asked = world.shelf.asked.lock().unwrap().clone();
    let expected = [
        "activate xero accepted by operator",
        "activate xero wider by operator",
        "shadow xero d2d2 by operator",
        "rollback xero by operator",
    ];
    assert_eq!(asked, expected);

    for (role, body, status) in [(Role::Approver, "digest=d2d2", 403), (Role::Operator, "digest=d2d2&csrf=x", 403)] {
        let browser = Browser::signed_in(&world, role).await;
        let body = if status == 403 && role == Role::Operator {
            body.to_owned()
        } else {
            format!("csrf={}&{body}", browser.csrf)
        };
        let reply = browser.send("POST", "/plugins/xero/activate", &[FORM], Some(&body)).await;
        assert_eq!(reply.status, status, "{role:?}");
    }
    assert_eq!(world.shelf.asked.lock().unwrap().len(), 4, "nothing more was asked");
}
