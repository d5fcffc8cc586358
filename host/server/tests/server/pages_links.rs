//! The pages of links: what tasks wait for comes first, the target is asked only for those who may, a change shows what it
//! touches before it is made, and tables go in as the API takes them.

use counterfoil_domain::link::LinkState;
use counterfoil_domain::ports::{TaskStore as _, Write};
use counterfoil_server::Role;

use crate::client::Reply;
use crate::links::{customer, entity, needs, order, product, snapshot_of};
use crate::pages::Browser;
use crate::pages_plugins::{FORM, submit};
use crate::seed::task;
use crate::world::World;

async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    let mut seats = entity("item", "i-1", "Microsoft 365 E3");
    seats.attributes = vec![("account-code".into(), "201".into()), ("type".into(), "service".into())];
    world.has(vec![entity("party", "c-1", "GREEN <LANE> LIMITED"), seats, entity("party", "c-2", "Blue Street")]);
    world
        .put(vec![
            Write::PutCustomers("ingram".into(), vec![customer("1000017", "Green <Lane> Ltd")]),
            Write::PutProducts("ingram".into(), vec![product("SEAT", "Microsoft 365 E3")]),
            Write::InsertTask(task("xero-main", "o1", needs())),
        ])
        .await;
    world.put(snapshot_of("o2", needs(), order("o2"))).await;
    world
}

async fn link(world: &World, source: &str) -> Option<LinkState> {
    let links = world.store.links(&"xero-main".into(), None).await.unwrap();
    links.into_iter().find(|link| link.key.source == source).map(|link| link.state)
}

fn has(page: &Reply, texts: &[&str]) {
    assert_eq!(page.status, 200, "{}", page.body);
    for text in texts {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    for bad in ["<LANE>", "<Lane>", "<script>"] {
        assert!(!page.body.contains(bad), "{bad} is there:\n{}", page.body);
    }
}

#[tokio::test]
async fn what_tasks_wait_for_comes_first_and_asks_no_target() {
    let nowhere = World::new().await;
    has(&nowhere.get("/links").await, &["There is nothing to link yet"]);
    let world = world().await;
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    let page = viewer.send("GET", "/links", &[], None).await;
    has(
        &page,
        &[
            "Customers <span class=\"count\">1</span>",
            "Products <span class=\"count\">1</span>",
            "<code>1000017</code>",
            "<td class=\"num\">2</td><td class=\"num\">83.60 USD</td>",
            "/links?connection=xero-main&#38;kind=party&#38;source=1000017",
        ],
    );
    assert!(!page.body.contains("Link to this") && !page.body.contains("Ask the target"), "{}", page.body);
    let products = viewer.send("GET", "/links?kind=item&text=365&suggest=1", &[], None).await;
    has(&products, &["Microsoft 365 E3", "<code>SEAT</code>"]);
    has(&viewer.send("GET", "/links?kind=item&text=nothing", &[], None).await, &["No product fits this filter"]);
    has(&viewer.send("GET", "/links?kind=item&source=SEAT&q=365", &[], None).await, &["Your role may look, not link"]);
    assert_eq!(world.searched(), 0, "a viewer's page asks the target nothing");
    assert_eq!(viewer.send("GET", "/links?kind=itm", &[], None).await.status, 422);
    assert_eq!(viewer.send("GET", "/links?connection=none", &[], None).await.status, 404);

    let biller = Browser::signed_in(&world, Role::Biller).await;
    has(&biller.send("GET", "/links", &[], None).await, &["Ask the target what they may be"]);
    assert_eq!(world.searched(), 0, "nor a biller's, until it is asked for");
    let asked = biller.send("GET", "/links?suggest=1", &[], None).await;
    has(&asked, &["GREEN &#60;LANE&#62; LIMITED", "90 %", "Link to this"]);
}

#[tokio::test]
async fn a_link_is_chosen_by_suggestion_or_search_seen_and_made() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Biller).await;
    let one = browser.send("GET", "/links?connection=xero-main&kind=item&source=SEAT&q=365", &[], None).await;
    has(
        &one,
        &[
            "<h1>Microsoft 365 E3</h1>",
            "Found for &#34;365&#34;",
            "Suggested",
            "name=\"target_id\" value=\"i-1\"",
            "name=\"details\" value=\"account-code=201\"",
            "Never synchronize this product",
        ],
    );
    let choice = "connection=xero-main&kind=item&source=SEAT&source_name=Seats&state=linked&target_id=i-1&target_name=M365\
                  &details=account-code%3D201";
    let seen = submit(&browser, "/links/preview", choice).await;
    has(&seen, &["<h1>Link Seats to M365</h1>", "1 task touched", "SO-o2", "account-code=201"]);
    assert_eq!(link(&world, "SEAT").await, None, "it is only shown");

    let made = submit(&browser, "/links/set", choice).await;
    let list = "/links?connection=xero-main&kind=item&said=linked";
    assert_eq!((made.status, made.header("location")), (303, Some(list)), "{}", made.body);
    let Some(LinkState::Linked(target)) = link(&world, "SEAT").await else { panic!("it is not linked") };
    assert_eq!(target.attributes, [("account-code".to_owned(), "201".to_owned())]);
    has(&browser.send("GET", list, &[], None).await, &["Linked. Tasks that waited for it are evaluated again."]);
    let linked = browser.send("GET", "/links?kind=item&state=linked&text=m365", &[], None).await;
    has(&linked, &["M365 · i-1", "set by biller"]);
    let known = browser.send("GET", "/links?kind=item&source=SEAT&q=m", &[], None).await;
    has(
        &known,
        &["linked already: Seats (SEAT)", "type service", "Change its details", "<dt>account-code</dt><dd>201</dd>"],
    );
    let again = submit(&browser, "/links/set", choice).await;
    assert_eq!(again.header("location"), Some("/links?connection=xero-main&kind=item&said=link-same"));

    for (state, word, after) in
        [("never-sync", "never", LinkState::NeverSync), ("unlinked", "unlinked", LinkState::Unlinked)]
    {
        let body = format!("connection=xero-main&kind=item&source=SEAT&source_name=Seats&state={state}&target_id=i-1");
        has(&submit(&browser, "/links/preview", &body).await, &["Seats</h1>"]);
        let made = submit(&browser, "/links/set", &body).await;
        assert!(made.header("location").unwrap().ends_with(&format!("&said={word}")), "{:?}", made.headers);
        assert_eq!(link(&world, "SEAT").await, Some(after));
    }
    let bad = submit(&browser, "/links/preview", &choice.replace("%3D201", "")).await;
    assert_eq!(bad.status, 422);
    assert!(bad.body.contains("&#34;account-code&#34; is not a detail"), "{}", bad.body);
}

#[tokio::test]
async fn a_target_that_cannot_be_asked_leaves_the_page_standing() {
    let world = world().await;
    world.has(vec![]);
    let browser = Browser::signed_in(&world, Role::Biller).await;
    let page = browser.send("GET", "/links?kind=item&source=SEAT&q=transient", &[], None).await;
    has(
        &page,
        &["The target could not be asked for all of this.", "Something is so.", "Never synchronize this product"],
    );
    let nobody = browser.send("GET", "/links?source=nobody", &[], None).await;
    has(&nobody, &["<h1>nobody</h1>", "The target could not be asked"]);
}

#[tokio::test]
async fn a_table_is_seen_before_it_is_taken_over() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Biller).await;
    has(
        &browser.send("GET", "/links/import?connection=xero-main", &[], None).await,
        &["Table, as the export gives it"],
    );
    let csv = "kind%2Csource%2Cstate%2Ctarget_id%0Aitem%2CSEAT%2Clinked%2Ci-1%0Aitm%2CX%2Clinked%2Ci-1%0A";
    let report = submit(&browser, "/links/import", &format!("connection=xero-main&act=check&csv={csv}")).await;
    has(
        &report,
        &["1 new, 0 changed, 0 as they are, 1 refused", "Correct the refused rows below", "<code>kind</code>"],
    );
    assert!(!report.body.contains("Import 1 links"), "{}", report.body);
    let refused = submit(&browser, "/links/import", &format!("connection=xero-main&act=import&csv={csv}")).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let skipping = format!("connection=xero-main&skip_bad=on&csv={csv}");
    let report = submit(&browser, "/links/import", &format!("{skipping}&act=check")).await;
    has(&report, &["Import 1 links", "name=\"skip_bad\" value=\"on\""]);
    assert_eq!(link(&world, "SEAT").await, None);
    let done = submit(&browser, "/links/import", &format!("{skipping}&act=import")).await;
    assert_eq!(done.header("location"), Some("/links?connection=xero-main&state=all&said=imported.1"), "{}", done.body);
    assert!(matches!(link(&world, "SEAT").await, Some(LinkState::Linked(_))));
}

#[tokio::test]
async fn forms_need_the_role_and_the_token() {
    let world = world().await;
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    let biller = Browser::signed_in(&world, Role::Biller).await;
    let body = "connection=xero-main&kind=item&source=SEAT&state=never-sync&act=import&csv=";
    for path in ["/links/preview", "/links/set", "/links/import"] {
        assert_eq!(submit(&viewer, path, body).await.status, 403, "{path}");
        assert_eq!(biller.send("POST", path, &[FORM], Some(body)).await.status, 403, "{path}");
    }
    assert_eq!(link(&world, "SEAT").await, None);
}
