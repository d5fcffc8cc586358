//! S4.22 to S4.24: where the statements of a customer go: a Syncro customer's recurring invoice, which must be there.

use counterfoil_sim::syncro::{Customer, Frequency, Maker, Schedule};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::house::amount;
use crate::scene::{PROGRAM, SYNCRO, Scene, next_month};

fn program() -> Value {
    json!({
        "enabled": true, "billing": true, "products": true, "product_mode": "in-use",
        "motions": ["monthly-monthly", "annual-monthly"],
    })
}

/// What a recurring invoice will bill of what was written into it, in cents.
fn written(scene: &Scene, schedule: i64) -> i64 {
    let lines = scene.syncro.state().lines(schedule);
    lines.iter().filter(|line| line.maker == Maker::Api).map(counterfoil_sim::syncro::Line::amount_cents).sum()
}

/// A customer that statements show monthly money of.
async fn someone(scene: &Scene) -> crate::scene::Client {
    let rows = scene.customers("&motion=monthly-monthly").await.customers;
    let row = rows.iter().find(|row| !row.money.is_empty()).unwrap_or_else(|| panic!("{rows:#?}"));
    scene.clients.iter().find(|client| client.id == row.customer).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_22_statements_of_a_customer_go_to_a_recurring_invoice_of_a_syncro_customer_which_must_exist() {
    let scene = Scene::with(&program()).await;
    let one = someone(&scene).await;
    let other = scene.clients.iter().find(|client| client.id != one.id).unwrap().clone();
    let wrong = [
        ((one.party, Some(999_999)), "container", "no container with the id 999999"),
        ((999_999, Some(one.schedule)), "party", "no party with the id 999999"),
        ((one.party, Some(other.schedule)), "container", ""),
        ((one.party, None), "container", "which container"),
    ];
    for (to, field, words) in wrong {
        let (status, said) = scene.mapped(&one.id, "monthly-monthly", to).await;
        assert_eq!(status, 422, "{said}");
        let said = said.to_string();
        assert!(said.contains(field) && said.contains(words), "{said}");
    }
    // A quarterly one cannot take what is billed each month, and nothing ever makes one.
    let schedules = scene.syncro.state().schedules().len();
    let quarterly = Schedule::of(one.party, "Quarterly", Frequency::Quarterly, next_month());
    let quarterly = scene.syncro.state().add_schedule(quarterly);
    let (status, said) = scene.mapped(&one.id, "monthly-monthly", (one.party, Some(quarterly))).await;
    assert_eq!(status, 422, "{said}");

    scene.map(std::slice::from_ref(&one)).await;
    scene.sync_products().await;
    let synced = scene.house.bill(SYNCRO, &["grew"]).await;
    assert!(!synced.is_empty() && synced.iter().all(|task| task.customer == one.id), "{synced:#?}");
    let due: Decimal = synced.iter().map(amount).sum();
    assert_eq!(Decimal::new(written(&scene, one.schedule), 2), due, "to the cent");
    for client in scene.clients.iter().filter(|client| client.id != one.id) {
        assert_eq!(scene.syncro.state().lines(client.schedule), [], "{client:?}");
    }
    assert_eq!(scene.syncro.state().schedules().len(), schedules + 1, "a recurring invoice was made");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_23_a_customer_is_searched_and_shown_with_its_billing_motions() {
    let scene = Scene::with(&program()).await;
    let one = someone(&scene).await;
    let needle: String = one.name.chars().take(5).collect::<String>().to_lowercase();
    let found = scene.house.cli(&["programs", "customers", &needle, "--json"]).await.exits(0).json();
    let rows = found["customers"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["customer_name"] == one.name.as_str()), "{found}");
    let mut motions: Vec<&str> = rows.iter().map(|row| row["motion"].as_str().unwrap()).collect();
    motions.sort_unstable();
    let mut expected: Vec<String> = Vec::new();
    for statement in scene.statements().await {
        expected.extend(statement.records.into_iter().filter(|of| of.customer == one.id).map(|of| of.motion));
    }
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(motions, expected, "the motions that its statements show");
    let shown = scene.house.cli(&["programs", "customers", &one.id]).await.exits(0);
    shown.with(&[&one.name, "monthly-monthly", "unmapped", "USD"]);
    let nobody = scene.house.cli(&["programs", "customers", "nobody of this name"]).await.exits(0);
    nobody.with(&["0 shown"]);
    // The target is searched for whoever has the same name.
    let suggested = scene.house.cli(&["programs", "customers", &needle, "--suggest", "--json"]).await.exits(0).json();
    let party = &suggested["customers"][0]["suggestions"][0];
    assert_eq!(
        (party["id"].as_str(), party["name"].as_str()),
        (Some(one.party.to_string().as_str()), Some(&*one.name))
    );
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_24_edit_maps_to_a_syncro_customer_and_an_invoice_template_and_can_be_taken_back() {
    let scene = Scene::with(&program()).await;
    let one = someone(&scene).await;
    let (party, schedule) = (one.party.to_string(), one.schedule.to_string());
    let map = ["programs", "map", &one.id, "monthly-monthly", "--party", &party, "--container", &schedule];
    let mut dry = map.to_vec();
    dry.push("--dry-run");
    scene.house.cli(&dry).await.exits(0).with(&["nothing was written", "mapped"]);
    assert_eq!(scene.customers("&state=mapped").await.customers, []);
    let said = scene.house.cli(&map).await.exits(0).with(&["mapped", "Cloud services"]);
    assert!(said.out.contains(&format!("{party} {}", one.name)), "{said}");
    let mapped = scene.customers("&state=mapped").await.customers;
    let [row] = mapped.as_slice() else { panic!("{mapped:#?}") };
    assert_eq!((row.customer.as_str(), row.motion.as_str()), (one.id.as_str(), "monthly-monthly"));
    scene.house.cli(&map).await.exits(0).with(&["as it was already"]);
    // Another customer of Syncro's, and another template.
    let other = scene.syncro.state().add_customer(Customer::business("The same under a new roof"));
    let template = Schedule::of(other, "Cloud, new", Frequency::Monthly, next_month());
    let template = scene.syncro.state().add_schedule(template);
    let (status, said) = scene.mapped(&one.id, "monthly-monthly", (other, Some(template))).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(said["customer"]["container"]["name"], "Cloud, new");
    scene.house.cli(&["programs", "unmap", &one.id, "monthly-monthly"]).await.exits(0).with(&["unmapped"]);
    assert_eq!(scene.customers("&state=mapped").await.customers, []);
    let not_seen = scene.house.cli(&["programs", "map", "nobody", "monthly-monthly", "--party", "1"]).await;
    assert!(not_seen.err.contains("nobody"), "{not_seen}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_24_mappings_go_out_as_csv_and_come_in_whole_or_not_at_all() {
    let scene = Scene::with(&program()).await;
    let house = &scene.house;
    house.cli(&["programs", "export", "mappings.csv"]).await.exits(0);
    let empty = std::fs::read_to_string(house.path("mappings.csv")).unwrap();
    let header = "customer_id,customer,motion,party_id,party,container_id,container";
    assert_eq!(empty.lines().next(), Some(header));
    let rows: Vec<Vec<String>> = empty
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter(|cells: &Vec<String>| !cells[0].is_empty())
        .collect();
    assert_eq!(rows.len() as u64, scene.customers("").await.unmapped, "{empty}");
    let filled = |wrong: bool| {
        let row = |(place, cells): (usize, &Vec<String>)| {
            let Some(client) = scene.clients.iter().find(|client| client.id == cells[0]) else {
                return cells.join(",");
            };
            let schedule = if wrong && place == 0 { 999_999 } else { client.schedule };
            format!("{},{},{},{},,{schedule},", cells[0], cells[1], cells[2], client.party)
        };
        let all: Vec<String> = rows.iter().enumerate().map(row).collect();
        format!("{header}\n{}\n", all.join("\n"))
    };
    // What names no customer is the reseller's own: nobody is billed for it.
    let strays = rows.iter().filter(|cells| scene.clients.iter().all(|client| client.id != cells[0])).count();
    std::fs::write(house.path("bad.csv"), filled(true)).unwrap();
    let said = house.cli(&["programs", "import", "bad.csv", "--dry-run"]).await.exits(2);
    said.with(&["refused", "999999", "nothing was changed"]);
    let said = house.cli(&["programs", "import", "bad.csv"]).await;
    assert!(said.err.contains("999999"), "{said}");
    assert_eq!(scene.customers("").await.mapped, 0, "one bad row refuses all");

    std::fs::write(house.path("good.csv"), filled(false)).unwrap();
    let said = house.cli(&["programs", "import", "good.csv"]).await.exits(0);
    said.with(&[&format!("{} new, 0 changed, {strays} same", rows.len() - strays)]);
    assert_eq!(scene.customers("").await.unmapped, strays as u64);
    // What comes out now goes in and changes nothing.
    house.cli(&["programs", "export", "again.csv"]).await.exits(0);
    house.cli(&["programs", "import", "again.csv"]).await.exits(0).with(&[&format!("{} same", rows.len())]);
    let money: Value = house.api.get(&format!("{PROGRAM}/money")).await;
    assert_eq!(money["agrees"], true, "{money}");
    scene.close().await;
}
