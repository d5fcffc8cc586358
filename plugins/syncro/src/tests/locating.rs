//! Looking for lost writes, and reading back what was written.

use counterfoil_sdk::serde_json::json;
use counterfoil_sdk::{Class, Located, Target};

use super::shop::Shop;
use super::{after, apply, bill, job, once, plan, recurs, set};
use crate::Syncro;

#[test]
fn after_a_run_a_missing_one_time_line_proves_nothing() {
    let shop = Shop::open();
    let plan =
        plan(&shop, &job("st1", vec![recurs("1", "k1", "10", "7.80"), once("2", "resource-overuse", "5.00")])).unwrap();
    shop.run(5);
    assert_eq!(Syncro.locate(&mut shop.remote(), &plan, &plan.changes[0].key).unwrap(), Located::Absent);
    let failure = Syncro.locate(&mut shop.remote(), &plan, &plan.changes[1].key).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("syncro-ran", Class::Conflict));
    assert!(failure.message.contains("Look at the invoice"), "{failure}");
    assert_eq!(Syncro.locate(&mut shop.remote(), &plan, "x").unwrap_err().class, Class::Internal);
}

#[test]
fn without_a_mark_what_is_alike_is_a_persons() {
    let shop = Shop::open();
    let job = set(job("st1", vec![once("2", "resource-overuse", "5.00")]), "mark", "none");
    let plan = plan(&shop, &job).unwrap();
    let locate = |shop: &Shop| Syncro.locate(&mut shop.remote(), &plan, &plan.changes[0].key);
    assert_eq!(locate(&shop).unwrap(), Located::Absent);
    let alike = json!({"name": "x", "description": "x", "product_id": 9, "quantity": "1", "retail_cents": 500, "one_time_charge": true, "taxable": true});
    shop.line(5, alike.clone());
    assert_eq!(locate(&shop).unwrap_err().code, "syncro-mark-missing");
    shop.line(5, alike);
    assert!(matches!(locate(&shop).unwrap(), Located::Several(all) if all.len() == 2));
}

#[test]
fn a_change_is_found_by_what_the_line_is_now() {
    for (setting, quantity) in [("zero", "12"), ("zero", "0"), ("remove", "0")] {
        let shop = Shop::open();
        let receipt = bill(&shop, &job("st1", vec![recurs("1", "k1", "10", "7.80")])).1;
        shop.run(5);
        let next =
            set(after(job("st2", vec![recurs("1", "k1", quantity, "7.80")]), &[receipt]), "ended_lines", setting);
        let plan = plan(&shop, &next).unwrap();
        let locate = |shop: &Shop| Syncro.locate(&mut shop.remote(), &plan, &plan.changes[0].key);
        assert_eq!(locate(&shop).unwrap(), Located::Absent);
        apply(&shop, &plan).unwrap();
        assert!(matches!(locate(&shop).unwrap(), Located::Found(receipt) if receipt.reference == "103"));
        if setting == "zero" {
            shop.edit(103, "quantity", json!("99"));
            assert_eq!(locate(&shop).unwrap_err().code, "syncro-line-changed");
        }
    }
}

#[test]
fn what_stands_is_read_back_to_the_cent() {
    let shop = Shop::open();
    let (_, receipt) =
        bill(&shop, &job("st1", vec![recurs("1", "k1", "10", "7.80"), once("2", "resource-overuse", "5.00")]));
    let see = |shop: &Shop| {
        let seen = Syncro.observe(&mut shop.remote(), std::slice::from_ref(&receipt)).remove(0).unwrap();
        seen.documents.iter().map(|one| format!("{} {}", one.state, one.total)).collect::<Vec<_>>()
    };
    assert_eq!(see(&shop), ["standing 78.00 USD", "waiting 5.00 USD"]);
    shop.edit(103, "quantity", json!("11"));
    shop.edit(104, "retail_cents", json!(600));
    assert_eq!(see(&shop), ["changed 85.80 USD", "changed 6.00 USD"]);
    shop.edit(103, "quantity", json!("10"));
    shop.edit(104, "retail_cents", json!(500));
    shop.edit(103, "product_id", json!(77));
    assert_eq!(see(&shop)[0], "changed 78.00 USD");
    shop.edit(103, "product_id", json!(9));
    shop.run(5);
    assert_eq!(see(&shop), ["standing 78.00 USD", "billed 5.00 USD"]);
    shop.delete_schedule(5);
    assert_eq!(see(&shop), ["missing 0.00 USD", "missing 0.00 USD"]);
    let mut foreign = receipt.clone();
    foreign.changes[0].attributes = counterfoil_sdk::Attributes::new();
    let failure = Syncro.observe(&mut shop.remote(), &[foreign]).remove(0).unwrap_err();
    assert_eq!(failure.class, Class::Unsupported);
}
