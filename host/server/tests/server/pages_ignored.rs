//! The pages of what is ignored and of the rules: they show the money by reason, take back one, many and all that fit, and
//! make and remove rules as the API does, for those who may.

use counterfoil_domain::ports::{TaskStore as _, Write};
use counterfoil_domain::task::{IgnoreReason, Ignored, TaskState, Until};
use counterfoil_server::Role;

use crate::pages::Browser;
use crate::pages_plugins::{FORM, submit};
use crate::seed::task;
use crate::world::{World, now};

fn ignored(reason: IgnoreReason, text: &str, until: Option<Until>) -> TaskState {
    TaskState::Ignored(Ignored { reason, text: text.into(), by: "ann".into(), at: now(), until })
}

/// Five ignored: two by a person, three of amount zero; and one that is ready.
async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    let soon = Until::Day("2026-11-25".parse().unwrap());
    let mut tasks = vec![
        task("xero-main", "p1", ignored(IgnoreReason::ByPerson, "billed <by> hand", Some(soon))),
        task("xero-main", "p2", ignored(IgnoreReason::ByPerson, "=1+1", None)),
        task("xero-main", "r1", TaskState::Ready),
    ];
    for order in ["z1", "z2", "z3"] {
        tasks.push(task("xero-main", order, ignored(IgnoreReason::ZeroAmount, "nothing to bill", None)));
    }
    world.put(tasks.into_iter().map(Write::InsertTask).collect()).await;
    world
}

async fn is_ignored(world: &World, order: &str) -> bool {
    let id = task("xero-main", order, TaskState::Ready).id;
    matches!(world.state(&id).await, TaskState::Ignored(_))
}

#[tokio::test]
async fn the_list_says_why_by_whom_how_long_and_how_much() {
    let world = world().await;
    let page = Browser::signed_in(&world, Role::Viewer).await.send("GET", "/ignored", &[], None).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for text in [
        "209.00 USD",
        "/ignored?reason=zero-amount",
        "<b>3</b><small>125.40 USD</small>",
        "Green &#60;Lane&#62; &#38; Co",
        "billed &#60;by&#62; hand",
        "by person",
        "until 2026-11-25",
        "for good",
        "while it is so",
        "<td>ann<small",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    for bad in ["<Lane>", "<by>", "Take back chosen", "/ignored/chosen", "/ignored/all", "SO-r1"] {
        assert!(!page.body.contains(bad), "{bad} is there:\n{}", page.body);
    }
    let some = Browser::signed_in(&world, Role::Biller).await;
    let some = some.send("GET", "/ignored?reason=by-person&connection=", &[], None).await;
    assert!(some.body.contains("Take back all 2 that fit") && !some.body.contains("SO-z1"), "{}", some.body);
    let none = Browser::signed_in(&world, Role::Viewer).await;
    let none = none.send("GET", "/ignored?text=%3Cscript%3E", &[], None).await;
    assert!(none.body.contains("Nothing that is ignored fits this filter") && !none.body.contains("<script>"));
    let odd = world.get("/ignored?reason=lost").await;
    assert_eq!(odd.status, 422);
}

#[tokio::test]
async fn the_table_holds_what_fits_and_no_formula() {
    let world = world().await;
    let table = world.get("/ignored.csv?reason=by-person").await;
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"ignored.csv\""));
    let lines: Vec<&str> = table.body.lines().collect();
    assert_eq!(lines.len(), 3, "{}", table.body);
    assert!(table.body.contains(",'=1+1,ann,"), "{}", table.body);
    assert!(table.body.contains(",41.80,USD,by-person,billed <by> hand,ann,until 2026-11-25"), "{}", table.body);
}

#[tokio::test]
async fn one_many_or_all_that_fit_are_taken_back() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Biller).await;
    let id = |order: &str| task("xero-main", order, TaskState::Ready).id.to_string();
    let nothing = submit(&browser, "/ignored/chosen", "back=%2Fignored%3Freason%3Dby-person").await;
    assert_eq!(nothing.header("location"), Some("/ignored?reason=by-person&said=nothing-chosen"));
    // The button of a row is about this row, whatever else is ticked.
    let one = submit(&browser, "/ignored/chosen", &format!("back=/ignored&one={}&task={}", id("z1"), id("z2"))).await;
    assert_eq!((one.status, one.header("location")), (303, Some("/ignored?said=taken-back.1")), "{}", one.body);
    assert!(!is_ignored(&world, "z1").await && is_ignored(&world, "z2").await);
    let elsewhere = format!("back=//evil.test&task={}&task={}", id("z2"), id("z3"));
    let many = submit(&browser, "/ignored/chosen", &elsewhere).await;
    assert_eq!(many.header("location"), Some("/?said=taken-back.2"), "only ever back to a page of ours");
    let all = submit(&browser, "/ignored/all", "reason=by-person&connection=&customer=&text=").await;
    assert_eq!(all.header("location"), Some("/ignored?said=taken-back.2"));
    for order in ["z1", "z2", "z3", "p1", "p2"] {
        assert!(!is_ignored(&world, order).await, "{order}");
    }
    let everything = submit(&browser, "/ignored/all", "reason=&connection=").await;
    assert_eq!(everything.status, 422, "no filter is no way to take back everything");
    let page = browser.send("GET", "/ignored?said=taken-back.2", &[], None).await;
    assert!(page.body.contains("2 taken back.") && page.body.contains("Nothing is ignored"), "{}", page.body);
}

#[tokio::test]
async fn forms_need_the_role_and_the_token() {
    let world = world().await;
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    let biller = Browser::signed_in(&world, Role::Biller).await;
    for path in ["/ignored/chosen", "/ignored/all", "/ignored/rules", "/ignored/rules/x/remove"] {
        assert_eq!(submit(&viewer, path, "reason=by-person").await.status, 403, "{path}");
        let forged = biller.send("POST", path, &[FORM], Some("csrf=guess&reason=by-person")).await;
        assert_eq!(forged.status, 403, "{path}");
        assert!(forged.body.contains("CSRF"), "{}", forged.body);
    }
    assert!(is_ignored(&world, "p1").await);
}

const RULE: &str = "connection=xero-main&customer=1000017&product=&order_type=sales&bound=at-most&amount=50&currency=USD\
                    &text=%3Cb%3Ebills%3C%2Fb%3E&until=2027-01-01";

#[tokio::test]
async fn a_rule_is_seen_before_it_is_made_and_removed_with_or_without_its_tasks() {
    let world = World::new().await.with_connection("xero-main").await;
    let order = crate::links::order("o1");
    let put = Write::PutOrder { order, fingerprint: String::new(), observed_at: now() };
    world.put(vec![put, Write::InsertTask(task("xero-main", "o1", TaskState::Ready))]).await;
    let browser = Browser::signed_in(&world, Role::Biller).await;
    let empty = browser.send("GET", "/ignored/rules?customer=%22%3E%3Cb%3E", &[], None).await;
    assert!(
        empty.body.contains("No rule yet") && empty.body.contains("value=\"&#34;&#62;&#60;b&#62;\""),
        "{}",
        empty.body
    );

    let seen = submit(&browser, "/ignored/rules", &format!("{RULE}&act=preview")).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    for text in [
        "customer 1000017, sales orders, at most 50.00 USD: 1 of the last 90 days",
        "would have ignored 1, 41.80 USD",
        "SO-o1",
        "Make the rule, ignore 1 open now",
        "name=\"text\" value=\"&#60;b&#62;bills&#60;/b&#62;\"",
        "name=\"until\" value=\"2027-01-01\"",
    ] {
        assert!(seen.body.contains(text), "{text} is missing:\n{}", seen.body);
    }
    assert!(world.store.rules(&"xero-main".into()).await.unwrap().is_empty(), "a preview writes nothing");

    let made = submit(&browser, "/ignored/rules", &format!("{RULE}&act=make")).await;
    assert_eq!((made.status, made.header("location")), (303, Some("/ignored/rules?said=rule-made")), "{}", made.body);
    let rules = world.store.rules(&"xero-main".into()).await.unwrap();
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!((rule.text.as_str(), rule.by.as_str()), ("<b>bills</b>", "biller"));
    let viewer = Browser::signed_in(&world, Role::Viewer).await.send("GET", "/ignored/rules", &[], None).await;
    assert!(viewer.body.contains("&#60;b&#62;bills") && viewer.body.contains("until 2027-01-01"), "{}", viewer.body);
    assert!(!viewer.body.contains("/remove") && !viewer.body.contains("Preview the last"), "{}", viewer.body);

    for (act, word) in [("keep", "rule-kept.0"), ("remove", "rule-removed.0")] {
        let rules = world.store.rules(&"xero-main".into()).await.unwrap();
        let gone = submit(&browser, &format!("/ignored/rules/{}/remove", rules[0].id), &format!("act={act}")).await;
        assert_eq!(gone.header("location"), Some(format!("/ignored/rules?said={word}").as_str()), "{}", gone.body);
        assert!(world.store.rules(&"xero-main".into()).await.unwrap().is_empty());
        submit(&browser, "/ignored/rules", &format!("{RULE}&act=make")).await;
    }
    let bad = submit(&browser, "/ignored/rules", "connection=xero-main&text=x&act=preview").await;
    assert_eq!(bad.status, 422);
    assert!(bad.body.contains("give at least one of customer"), "{}", bad.body);
    let day = submit(&browser, "/ignored/rules", "connection=xero-main&customer=1&text=x&until=soon&act=make").await;
    assert!(day.body.contains("&#34;soon&#34; is not a day"), "{}", day.body);
}
