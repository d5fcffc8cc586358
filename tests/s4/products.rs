//! S4.9, S4.10, S4.12 and S4.14 to S4.21: products of the program as products in Syncro.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_sim::statements::{Motion, Parts, StatementWorld};
use counterfoil_sim::syncro::Product;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::scene::{ALL_MOTIONS, Scene, today};

fn program(mode: &str) -> Value {
    json!({
        "enabled": true, "billing": true, "products": true, "product_mode": mode, "motions": ALL_MOTIONS,
        "azure": true, "annual": true,
    })
}

/// Everyone is mapped and the products in use are in Syncro.
async fn in_use() -> Scene {
    let scene = Scene::with(&program("in-use")).await;
    scene.map(&scene.clients).await;
    scene.sync_products().await;
    assert!(scene.items().len() > 4, "{:#?}", scene.items());
    scene
}

/// What stands before a SKU, by the seed's table; as the distributor has it on its price list.
fn prefix(motion: Motion) -> &'static str {
    match motion {
        Motion::AnnualMonthly => "P1Y:M:",
        Motion::AnnualUpfront => "P1Y:A:",
        Motion::TriennialMonthly => "P3Y:M:",
        Motion::TriennialUpfront => "P3Y:U:",
        _ => "",
    }
}

/// Codes on the price list.
fn listed(scene: &Scene) -> BTreeSet<String> {
    scene.market.with_world(|world| {
        let currency = world.tenants()[0].currency;
        let offers = world.price_list(currency, today());
        offers.iter().map(|offer| format!("{}{}", prefix(offer.motion), offer.part_number)).collect()
    })
}

/// Codes that stand in statements of some customers, as the records say.
async fn billed(scene: &Scene, to: &[String]) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for statement in scene.statements().await {
        let of = statement.records.into_iter().filter(|one| to.contains(&one.customer) && one.motion != "unknown");
        codes.extend(of.map(|one| one.product));
    }
    codes
}

/// By what people call it.
fn named(scene: &Scene) -> BTreeMap<String, Product> {
    scene.items().into_iter().map(|item| (item.name.clone(), item)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_09_all_products_makes_an_item_of_each_of_the_programs_products() {
    let scene = Scene::with(&program("all")).await;
    let run = scene.sync_products().await;
    let wanted = listed(&scene);
    let rows = scene.products().await;
    let codes: BTreeSet<String> = rows.iter().map(|row| row.code.clone()).collect();
    assert_eq!(codes, wanted, "nobody is mapped: what is on the price list, and nothing else");
    let items = named(&scene);
    for row in &rows {
        let is_made = items.contains_key(&format!("PC_{}", row.code));
        assert_eq!(is_made, row.state == "synced", "{row:?}");
        assert!(is_made || row.state == "skipped", "{row:?}");
    }
    assert!(items.len() > 20, "{items:#?}");
    assert_eq!(run.counts["products-created"], items.len() as u64);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_10_in_use_makes_only_those_found_in_statements_of_mapped_customers() {
    let scene = Scene::with(&program("in-use")).await;
    scene.sync_products().await;
    assert_eq!(scene.items(), [], "nobody is mapped");
    let (some, rest) = scene.clients.split_at(2);
    scene.map(some).await;
    scene.sync_products().await;
    let ids = |clients: &[crate::scene::Client]| clients.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let codes = async |clients: &[crate::scene::Client]| -> BTreeSet<String> {
        billed(&scene, &ids(clients)).await.into_iter().map(|code| format!("PC_{code}")).collect()
    };
    let names = || named(&scene).into_keys().collect::<BTreeSet<String>>();
    let first = codes(some).await;
    assert!(!first.is_empty());
    assert_eq!(names(), first);
    scene.map(rest).await;
    scene.sync_products().await;
    let all = codes(&scene.clients).await;
    assert!(all.len() > first.len(), "{all:?}");
    assert_eq!(names(), all);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_12_new_products_are_taxable_where_the_program_says_so_and_old_ones_stay_as_they_are() {
    let scene = Scene::with(&program("in-use")).await;
    let (some, rest) = scene.clients.split_at(2);
    scene.map(some).await;
    scene.sync_products().await;
    let before = named(&scene);
    assert!(before.values().all(|item| !item.taxable), "taxable is off: {before:#?}");
    scene.house.cli(&["programs", "set", "--taxable", "true"]).await.exits(0).with(&["taxable       on"]);
    scene.map(rest).await;
    scene.sync_products().await;
    let after = named(&scene);
    assert!(after.len() > before.len());
    for (name, item) in after {
        assert_eq!(item.taxable, !before.contains_key(&name), "{item:?}");
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_14_there_is_one_product_for_each_product_however_often_it_is_synced() {
    let scene = in_use().await;
    let before = scene.items();
    let writes = writes(&scene);
    let run = scene.sync_products().await;
    assert_eq!(run.counts["products-unchanged"], before.len() as u64, "{run:?}");
    assert_eq!((scene.items(), self::writes(&scene)), (before.clone(), writes), "the second time wrote");
    let names: BTreeSet<&str> = before.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names.len(), before.len());
    // Of several people who carry it on, everyone gets the same one.
    let said = scene.house.cli(&["products", "list"]).await.exits(0);
    said.with(&[&format!("{} synced", before.len())]);
    scene.close().await;
}

fn writes(scene: &Scene) -> usize {
    scene.syncro.log().entries().iter().filter(|one| one.method != "GET").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_15_names_are_the_sku_with_its_prefix_after_pc() {
    let scene = in_use().await;
    for item in scene.items() {
        let sku = item.name.strip_prefix("PC_").unwrap_or_else(|| panic!("{item:?}"));
        let part = ["P1Y:M:", "P1Y:A:", "P3Y:M:", "P3Y:U:"].iter().find_map(|prefix| sku.strip_prefix(prefix));
        let part = part.unwrap_or(sku);
        let title = scene.market.with_world(|world| {
            world.products().iter().find(|one| one.part_number.eq_ignore_ascii_case(part)).map(|one| one.name.clone())
        });
        assert_eq!(title.as_deref(), Some(item.description.as_str()), "{item:?}");
    }
    assert!(scene.items().iter().any(|item| item.name.starts_with("PC_P1Y:M:")), "{:#?}", scene.items());
    scene.close().await;
}

/// Somebody works on a product in Syncro and the next sync comes: before, and after.
async fn worked_on(scene: &Scene, work: impl FnOnce(&mut Product)) -> (Product, Product) {
    let item = scene.items().remove(0);
    assert!(scene.syncro.state().edit_product(item.id, work));
    let run = scene.sync_products().await;
    assert_eq!(run.counts.get("products-failed"), None, "{run:?}");
    (item.clone(), scene.syncro.state().product(item.id).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_16_a_name_that_somebody_changed_is_kept_and_its_price_is_still_synced() {
    let scene = in_use().await;
    let (before, after) = worked_on(&scene, |item| {
        item.name = "Our own name for it".to_owned();
        item.price_retail = Decimal::new(1, 2);
    })
    .await;
    assert_eq!(after.name, "Our own name for it");
    assert_eq!(after.price_retail, before.price_retail);
    assert_eq!(scene.items().iter().filter(|item| item.upc_code == before.upc_code).count(), 1, "it was made twice");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_17_after_the_first_sync_only_unit_price_and_unit_cost_are_updated() {
    let scene = in_use().await;
    let (before, after) = worked_on(&scene, |item| {
        item.description = "What the customer knows it as".to_owned();
        item.taxable = !item.taxable;
        item.notes = Some("ask Pat".to_owned());
        item.maintain_stock = true;
        item.quantity = 7;
        item.price_wholesale = Decimal::new(777, 2);
        item.price_retail = Decimal::new(1, 2);
        item.price_cost = Decimal::new(2, 2);
    })
    .await;
    let expected = Product {
        description: "What the customer knows it as".to_owned(),
        taxable: !before.taxable,
        notes: Some("ask Pat".to_owned()),
        maintain_stock: true,
        quantity: 7,
        price_wholesale: Decimal::new(777, 2),
        ..before
    };
    assert_eq!(after, expected);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_18_what_was_deleted_in_syncro_is_made_again_by_the_next_sync() {
    let scene = in_use().await;
    let before = scene.items().remove(0);
    let count = scene.items().len();
    assert!(scene.syncro.state().delete_product(before.id));
    let run = scene.sync_products().await;
    assert_eq!(run.counts["products-created-again"], 1, "{run:?}");
    let after = named(&scene).remove(&before.name).unwrap();
    assert_ne!(after.id, before.id);
    assert_eq!(Product { id: before.id, created_at: before.created_at, ..after }, before, "it is an equivalent one");
    assert_eq!(scene.items().len(), count);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_19_what_is_gone_from_the_source_stays_in_syncro() {
    let scene = Scene::with(&program("all")).await;
    scene.sync_products().await;
    let before = scene.items();
    let part = scene.market.with_world(|world| {
        let mut products = world.products().to_vec();
        products[0].listed = false;
        let part = products[0].part_number.clone();
        *world = StatementWorld::assemble(Parts {
            first: world.first(),
            months: world.months(),
            grouping: world.grouping(),
            organizations: world.organizations().to_vec(),
            profiles: world.profiles().to_vec(),
            tenants: world.tenants().to_vec(),
            products,
            subscriptions: world.subscriptions().to_vec(),
        });
        part
    });
    let run = scene.sync_products().await;
    let gone = before.iter().filter(|item| item.name.ends_with(&part)).count();
    assert!(gone > 0);
    assert_eq!(run.counts["products-orphaned"], gone as u64, "{run:?}");
    assert_eq!(scene.items(), before);
    let rows = scene.products().await;
    let orphans = rows.iter().filter(|row| row.state == "orphaned");
    assert!(orphans.clone().all(|row| row.code.ends_with(&part)) && orphans.count() == gone, "{rows:#?}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_20_new_products_are_active() {
    let scene = in_use().await;
    assert!(scene.items().iter().all(|item| !item.disabled), "{:#?}", scene.items());
    assert!(scene.products().await.iter().all(|row| row.state == "synced"));
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_21_what_somebody_set_inactive_is_still_synced_and_remains_inactive() {
    let scene = in_use().await;
    let (before, after) = worked_on(&scene, |item| {
        item.disabled = true;
        item.price_retail = Decimal::new(1, 2);
    })
    .await;
    assert_eq!((after.disabled, after.price_retail), (true, before.price_retail));
    let code = before.name.strip_prefix("PC_").unwrap();
    let row = scene.products().await.into_iter().find(|row| row.code == code).unwrap();
    assert_eq!((row.state.as_str(), row.item), ("inactive", Some(before.id.to_string())));
    scene.close().await;
}
