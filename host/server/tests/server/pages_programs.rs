//! The pages of programs: settings, who goes where, products, money and statements, as the API has them, for those who may.

use counterfoil_domain::link::LinkState;
use counterfoil_domain::market::Customer;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::ports::{StatementStore as _, TaskStore as _, Write};
use counterfoil_domain::program::ProductMode;
use counterfoil_server::Role;

use crate::pages::Browser;
use crate::pages_plugins::{FORM, submit};
use crate::programs::world;
use crate::world::World;

const HERE: &str = "/programs/x/microsoft-csp";

fn holds(body: &str, texts: &[&str]) {
    for text in texts {
        assert!(body.contains(text), "{text} is missing:\n{body}");
    }
}

async fn page(world: &World, role: Role, path: &str) -> String {
    let reply = Browser::signed_in(world, role).await.send("GET", path, &[], None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    for bad in ["<script>", "style=", "onclick", "Books <x>"] {
        assert!(!reply.body.contains(bad), "{bad} is there:\n{}", reply.body);
    }
    reply.body
}

/// The value of a hidden field.
fn hidden(body: &str, name: &str) -> String {
    let (_, rest) = body.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().replace("&#34;", "%22")
}

async fn set(world: &World) -> counterfoil_domain::program::Program {
    world.store.programs(&"x".into()).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_program_is_listed_with_its_money_and_enabled_by_an_operator() {
    let world = world().await;
    let body = page(&world, Role::Viewer, "/programs").await;
    holds(&body, &["Microsoft CSP", "Books &#60;x&#62;", "10.00 USD", "20.00 USD", "3.50 USD", "3 not mapped"]);
    assert!(!body.contains("/enabled\""), "{body}");
    let at = format!("{HERE}/enabled");
    let approver = Browser::signed_in(&world, Role::Approver).await;
    assert_eq!(submit(&approver, &at, "enabled=true").await.status, 403);
    let browser = Browser::signed_in(&world, Role::Operator).await;
    assert_eq!(browser.send("POST", &at, &[FORM], Some("enabled=true")).await.status, 403);
    assert!(world.store.programs(&"x".into()).await.unwrap().is_empty());
    assert_eq!(submit(&browser, &at, "enabled=true").await.header("location"), Some("/programs?said=program-on"));
    assert!(set(&world).await.enabled);
    // Now it is an item of the menu.
    let menu = page(&world, Role::Viewer, "/runs").await;
    holds(&menu, &["href=\"/programs/x/microsoft-csp\""]);
    assert_eq!(submit(&browser, &at, "enabled=false").await.status, 303);
    assert!(!set(&world).await.enabled);
}

#[tokio::test]
async fn the_form_sets_everything_and_keeps_what_was_typed_wrongly() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Operator).await;
    let body = browser.send("GET", HERE, &[], None).await.body;
    holds(
        &body,
        &[
            "Monthly billing with annual commitment (P1Y:M)",
            "30.00 USD",
            "2026-10-01 to 2026-10-31",
            "by Sync Azure",
            "3 are not",
        ],
    );
    let seen = hidden(&body, "seen");
    let typed = format!(
        "seen={seen}&enabled=on&billing=on&azure=on&annual=on&taxable=on&products=on&product_mode=all&motion=monthly-monthly&motion=annual-upfront&emails=a%40b.example%0D%0Aops%40b.example&daily_at=06%3A30&time_zone=Europe%2FVienna"
    );
    let bad = submit(&browser, HERE, &typed.replace("ops%40b.example", "<nobody>").replace("Vienna", "Mars")).await;
    assert_eq!(bad.status, 422);
    holds(
        &bad.body,
        &["Nothing was saved.", "&#60;nobody&#62;", "value=\"Europe/Mars\"", "value=\"annual-upfront\" checked"],
    );
    assert!(world.store.programs(&"x".into()).await.unwrap().is_empty());

    let good = submit(&browser, HERE, &typed).await;
    assert_eq!(good.header("location"), Some("/programs/x/microsoft-csp?said=saved"), "{}", good.body);
    let now = set(&world).await;
    assert!(now.enabled && now.billing && now.azure && now.annual && now.taxable && now.products);
    assert_eq!((now.mode, now.daily_at, now.time_zone.as_str()), (ProductMode::All, Some(390), "Europe/Vienna"));
    assert_eq!(now.emails, ["a@b.example", "ops@b.example"]);
    assert_eq!(now.motions, [Motion::MonthlyMonthly, Motion::AnnualUpfront].into());
    let body = page(&world, Role::Viewer, HERE).await;
    holds(&body, &["Sun 2026-11-22 06:30 CET", "2026-11-22 05:30 UTC", "fieldset disabled"]);

    // Somebody set it meanwhile: what was seen is not what is.
    assert_eq!(submit(&browser, HERE, &typed).await.status, 409);
    // What is switched off says what that means for open money.
    let seen = hidden(&body, "seen");
    let off =
        submit(&browser, HERE, &format!("seen={seen}&enabled=on&billing=on&motion=annual-upfront&daily_at=")).await;
    assert_eq!(off.status, 200, "{}", off.body);
    holds(&off.body, &["2 open tasks with 30.00 USD"]);
    assert_eq!(set(&world).await.daily_at, None);
    let seen = hidden(&off.body, "seen");
    assert_eq!(
        submit(&Browser::signed_in(&world, Role::Biller).await, HERE, &format!("seen={seen}")).await.status,
        403
    );
}

#[tokio::test]
async fn a_customer_is_found_and_mapped_step_by_step() {
    let world = world().await;
    let name = "<script>alert(1)</script> Contoso".to_owned();
    let odd = Customer { id: "c1".into(), name, external_id: None, tax_number: None, email: None, active: true };
    world.put(vec![Write::PutCustomers("ingram".into(), vec![odd])]).await;
    let at = format!("{HERE}/billing");
    let all = page(&world, Role::Viewer, &at).await;
    holds(
        &all,
        &[
            "&#60;script&#62;alert(1)&#60;/script&#62; Contoso",
            "=Fabrikam",
            "Usage (Azure)",
            "customers.csv",
            "not mapped",
        ],
    );
    let some = page(&world, Role::Viewer, &format!("{at}?search=fabr&motion=&state=unmapped")).await;
    assert!(some.contains("=Fabrikam") && !some.contains("Contoso"), "{some}");
    let none = page(&world, Role::Viewer, &format!("{at}?search=nobody")).await;
    holds(&none, &["No customer fits"]);

    let one = format!("{at}/c1/monthly-monthly");
    let viewer = page(&world, Role::Viewer, &one).await;
    assert!(
        viewer.contains("Your role may look, not map") && world.searched() == 0,
        "a viewer does not ask the target"
    );
    let found = page(&world, Role::Biller, &one).await;
    holds(&found, &["Contoso (p1)", "Fabrikam (p2)", "Choose"]);
    let step = page(&world, Role::Biller, &format!("{one}?party=p1")).await;
    holds(&step, &["2. Recurring document", "Monthly (s1)"]);
    assert!(!step.contains("Monthly (s2)") && !step.contains("What this changes"), "{step}");
    let look = page(&world, Role::Biller, &format!("{one}?party=p1&container=s1")).await;
    holds(&look, &["What this changes", "name=\"container\" value=\"s1\""]);
    let wrong = page(&world, Role::Biller, &format!("{one}?party=p1&container=s2")).await;
    holds(&wrong, &["It cannot be mapped so"]);
    assert!(world.store.links(&"x".into(), None).await.unwrap().is_empty(), "looking writes nothing");

    let browser = Browser::signed_in(&world, Role::Biller).await;
    let form = "act=map&party=p1&container=s1";
    assert_eq!(browser.send("POST", &one, &[FORM], Some(form)).await.status, 403);
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    assert_eq!(submit(&viewer, &one, form).await.status, 403);
    let mapped = submit(&browser, &one, form).await;
    assert_eq!(mapped.status, 303, "{}", mapped.body);
    let links = world.store.links(&"x".into(), None).await.unwrap();
    assert!(links.len() == 2 && links.iter().all(|link| matches!(link.state, LinkState::Linked(_))));
    let now = page(&world, Role::Biller, &format!("{one}?said=mapped")).await;
    holds(&now, &["Contoso (p1)", "Monthly (s1)", "Take the mapping back", "Mapped."]);
    assert_eq!(submit(&browser, &one, "act=unmap").await.status, 303);
    let links = world.store.links(&"x".into(), None).await.unwrap();
    assert!(links.iter().all(|link| link.state == LinkState::Unlinked));
    for gone in ["c9/usage", "c1/annual-upfront"] {
        assert_eq!(browser.send("GET", &format!("{at}/{gone}"), &[], None).await.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn products_are_synced_when_the_program_says_so() {
    let world = world().await;
    let at = format!("{HERE}/products");
    holds(&page(&world, Role::Viewer, &at).await, &["Product sync is off", "No product was looked at yet"]);
    let browser = Browser::signed_in(&world, Role::Biller).await;
    assert_eq!(submit(&browser, &at, "act=all").await.status, 409, "it is off");
    let operator = Browser::signed_in(&world, Role::Operator).await;
    let seen = hidden(&operator.send("GET", HERE, &[], None).await.body, "seen");
    let on = format!("seen={seen}&enabled=on&products=on&product_mode=in-use&motion=monthly-monthly");
    assert_eq!(submit(&operator, HERE, &on).await.status, 303);
    holds(&page(&world, Role::Biller, &at).await, &["Product sync is on: In-use only", "Sync all products"]);
    assert!(!page(&world, Role::Viewer, &at).await.contains("Sync all products"));
    assert_eq!(
        submit(&browser, &at, "act=chosen").await.header("location"),
        Some("/programs/x/microsoft-csp/products?said=nothing-chosen")
    );
    let run = submit(&browser, &at, "act=all").await;
    let run = run.header("location").unwrap();
    assert!(run.starts_with("/runs/"), "{run}");
    holds(&page(&world, Role::Viewer, run).await, &["products"]);
    let odd = page(&world, Role::Viewer, &format!("{at}?search=%3Cscript%3E&state=synced")).await;
    holds(&odd, &["No product fits"]);
}

#[tokio::test]
async fn money_and_statements_are_shown_to_the_cent() {
    let world = world().await;
    let money = page(&world, Role::Viewer, &format!("{HERE}/money?from=&to=")).await;
    holds(
        &money,
        &[
            "Bills and buckets come to the statements",
            "2026-10-01 to 2026-10-31",
            "waits for a mapping",
            "Sync Azure is off",
            "<b>30.00 USD</b>",
        ],
    );
    holds(
        &page(&world, Role::Viewer, &format!("{HERE}/money?from=2030-01-01&to=2031-01-01")).await,
        &["Show the last half year"],
    );
    let browser = Browser::signed_in(&world, Role::Viewer).await;
    assert_eq!(browser.send("GET", &format!("{HERE}/money?from=soon"), &[], None).await.status, 422);

    let list = page(&world, Role::Viewer, &format!("{HERE}/statements")).await;
    holds(&list, &["Acme · Seat", "2.50 USD", "0.50 USD apart", "33.50 USD", "/statements/st-10"]);
    let one = page(&world, Role::Viewer, &format!("{HERE}/statements/st-10")).await;
    holds(&one, &["P1Y:M:SKU0", "Contoso", "cycleFee"]);
    assert_eq!(browser.send("GET", &format!("{HERE}/statements/none"), &[], None).await.status, 404);
    assert_eq!(browser.send("GET", "/programs/x/other/money", &[], None).await.status, 422);
}
