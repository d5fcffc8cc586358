//! The pages of catalog sync: the options in three groups, a dry run that asks what the API asks, one run and one reseller
//! of it, and the two commands that follow.

use counterfoil_domain::catalog::{
    CatalogRun, CatalogStep, Cause, Change, ChangeKind, Delta, Edit, HeldBack, Options, Reason, Step, StepState,
    SyncOption, Upstream,
};
use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::ports::{CatalogStore as _, Write};
use counterfoil_domain::run::RunState;
use counterfoil_server::Role;

use crate::pages::Browser;
use crate::pages_plugins::{FORM, submit};
use crate::world::World;

async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    let marketplace = Marketplace {
        id: "plans".into(),
        reseller: "acme".into(),
        kind: MarketplaceKind::CatalogFiles,
        location: "/data/plans".into(),
        settings: Default::default(),
        exceptions: Exceptions::default(),
    };
    world.put(vec![Write::PutMarketplace(marketplace)]).await;
    world
}

async fn ends(world: &World, run: &str, state: RunState) {
    let run = world.store.catalog_run(&run.into()).await.unwrap().unwrap();
    world.put(vec![Write::UpdateCatalogRun(CatalogRun { state, total: Some(1), done: 1, ..run })]).await;
    world.clock.advance(chrono::Duration::seconds(1));
}

fn led_to(location: Option<&str>) -> String {
    location.unwrap().strip_prefix("/catalog/runs/").unwrap().to_owned()
}

#[tokio::test]
async fn the_options_stand_in_their_groups_and_a_dry_run_is_queued_as_it_was_asked_for() {
    let world = world().await;
    let viewer = Browser::signed_in(&world, Role::Viewer).await.send("GET", "/catalog", &[], None).await;
    assert_eq!(viewer.status, 200, "{}", viewer.body);
    assert!(!viewer.body.contains("action=\"/catalog"), "a viewer looks");
    let operator = Browser::signed_in(&world, Role::Operator).await;
    let page = operator.send("GET", "/catalog", &[], None).await;
    let place = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text} is missing:\n{}", page.body));
    let groups = ["Synchronize Plans", "Synchronize Plan Resources", "Synchronize Other Data"].map(place);
    assert!(groups.is_sorted(), "in the order of the marketplace's page");
    for option in SyncOption::ALL {
        place(&format!("name=\"option\" value=\"{}\"", option.name()));
    }
    let body = "act=preview&marketplace=plans&template=&resellers=r-2%0D%0Ar-1&levels=all&display=follow&option=update-plan-fees&option=update-roles-privileges";
    let asked = submit(&operator, "/catalog/previews", body).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    let id = led_to(asked.header("location"));
    let run = world.get(&format!("/v1/catalog/runs/{id}")).await.json();
    assert_eq!(run["scope"], serde_json::json!({ "resellers": ["r-1", "r-2"] }));
    assert_eq!(run["options"], serde_json::json!(["update-plan-fees", "update-roles-privileges"]));
    assert_eq!((run["levels"].as_str(), run["display"].as_str()), (Some("all"), Some("follow")));
    // What was asked stands in the form again.
    let again = operator.send("GET", &format!("/catalog?from={id}"), &[], None).await.body;
    assert!(again.contains("value=\"update-plan-fees\" aria-describedby=\"o-update-plan-fees\" checked"), "{again}");
    assert!(again.contains("r-1\nr-2</textarea>") && again.contains("value=\"all\" selected"), "{again}");
    let nobody = submit(&operator, "/catalog/previews", "act=preview&marketplace=plans").await;
    assert_eq!(nobody.status, 422);
    assert!(nobody.body.contains("exactly one of reseller"), "{}", nobody.body);
}

#[tokio::test]
async fn a_preset_is_kept_stands_in_the_form_and_is_forgotten() {
    let world = world().await;
    let operator = Browser::signed_in(&world, Role::Operator).await;
    let body = "act=save&marketplace=plans&name=fees+%3Cb%3E&display=&option=update-plan-fees";
    let kept = submit(&operator, "/catalog/previews", body).await;
    let location = kept.header("location").unwrap_or_else(|| panic!("{}", kept.body)).to_owned();
    assert!(location.ends_with("said=preset"), "{location}");
    let page = operator.send("GET", &location, &[], None).await.body;
    assert!(page.contains("fees &#60;b&#62;") && !page.contains("fees <b>"), "{page}");
    assert!(page.contains("aria-describedby=\"o-update-plan-fees\" checked"), "{page}");
    let gone = submit(&operator, "/catalog/presets/remove", "reseller=acme&name=fees+%3Cb%3E").await;
    assert_eq!(gone.header("location"), Some("/catalog?said=removed"), "{}", gone.body);
    assert!(world.store.presets(&"acme".into()).await.unwrap().is_empty());
}

async fn previewed(world: &World, operator: &Browser<'_>) -> String {
    let body = "act=preview&marketplace=plans&resellers=r-1&option=update-plan-fees";
    let asked = submit(operator, "/catalog/previews", body).await;
    let id = led_to(asked.header("location"));
    let change = |subject: &str| Change {
        option: SyncOption::UpdateFees,
        reason: Reason::ReplacesOwn,
        subject: subject.to_owned(),
        edit: Edit::SaleAvailability {
            plan: "mail".into(),
            resource: "disk".into(),
            to: Delta { before: true, after: false },
        },
    };
    let at = Step { reseller: "r-1".into(), upstream: Upstream::Provider, template: "gold".into(), level: 1 };
    let mut step = CatalogStep::new(&id.as_str().into(), 0, &at, StepState::Compared);
    step.changes = vec![change("Gold <script>")];
    step.held = vec![HeldBack {
        kind: ChangeKind::ResourcePrice,
        cause: Cause::OptionOff,
        options: Options::NONE.with(SyncOption::UpdatePrices),
        changes: vec![change("Disk")],
    }];
    world.put(vec![Write::PutCatalogStep(step)]).await;
    ends(world, &id, RunState::Done).await;
    id
}

#[tokio::test]
async fn what_a_dry_run_showed_is_written_and_taken_back() {
    let world = world().await;
    let operator = Browser::signed_in(&world, Role::Operator).await;
    let id = previewed(&world, &operator).await;
    let page = operator.send("GET", &format!("/catalog/runs/{id}"), &[], None).await.body;
    for text in ["would change", "r-1", "Update Resource Prices is off", "Write what is shown", "Update Plan Fees"] {
        assert!(page.contains(text), "{text} is missing:\n{page}");
    }
    let one = operator.send("GET", &format!("/catalog/runs/{id}/0"), &[], None).await;
    assert_eq!(one.status, 200, "{}", one.body);
    assert!(one.body.contains("Gold &#60;script&#62;") && !one.body.contains("Gold <script>"), "{}", one.body);
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    let seen = viewer.send("GET", &format!("/catalog/runs/{id}"), &[], None).await;
    assert!(seen.status == 200 && !seen.body.contains("Write what is shown"), "{}", seen.body);

    let path = format!("/catalog/runs/{id}/sync");
    let without = operator.send("POST", &path, &[FORM], Some("csrf=guess")).await;
    assert_eq!(without.status, 403);
    let biller = Browser::signed_in(&world, Role::Biller).await;
    assert_eq!(submit(&biller, &path, "").await.status, 403);
    let written = submit(&operator, &path, "").await;
    let sync = led_to(written.header("location"));
    ends(&world, &sync, RunState::Done).await;
    let page = operator.send("GET", &format!("/catalog/runs/{sync}"), &[], None).await.body;
    assert!(page.contains("Take this sync back") && page.contains(&format!("/catalog/runs/{id}")), "{page}");
    let twice = submit(&operator, &path, "").await;
    assert!(twice.status == 409 && twice.body.contains("Nothing was written a second time"), "{}", twice.body);
    let undone = submit(&operator, &format!("/catalog/runs/{sync}/undo"), "").await;
    let undo = world.store.catalog_run(&led_to(undone.header("location")).as_str().into()).await.unwrap().unwrap();
    assert_eq!((undo.kind.name(), undo.of.unwrap().as_str()), ("undo", sync.as_str()));
    let list = operator.send("GET", "/catalog", &[], None).await.body;
    let place = |kind: &str| list.find(&format!("<td>{kind}</td>")).unwrap_or_else(|| panic!("{kind}: {list}"));
    assert!(place("undo") < place("sync") && place("sync") < place("preview"));
}
