//! S3.30–S3.34: Synchronize Other Data, and what is held back. Also that the options are those of the page.

use counterfoil_domain::catalog::{FlowStep, OptionGroup, Options, Role, SyncOption, TermsSetting};
use counterfoil_domain::order::OrderType;

use super::dice::{Dice, changed};
use super::resource_rows::carries_sale_availability;
use super::world::{belongs, compare, held, provider, reseller_of, sync, template_of};

#[test]
fn s3_30_update_order_flow() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let approval = FlowStep { name: "credit check".into(), manual: true };
    template_of(&mut theirs).order_flow.get_mut(&OrderType::Sales).unwrap().insert(0, approval.clone());
    template_of(&mut theirs).order_flow.insert(OrderType::Renewal, vec![approval]);
    belongs(&theirs, &ours, SyncOption::UpdateOrderFlow, &["order-flow/renewal", "order-flow/sales"]);
    let set = sync(&theirs, &mut ours, Options::NONE.with(SyncOption::UpdateOrderFlow));
    assert_eq!(
        set.changes[0].values(),
        ("provisioning".to_owned(), "credit check (by a person) → provisioning".to_owned())
    );
    assert_eq!(ours.order_flow, template_of(&mut theirs).order_flow);
}

#[test]
fn s3_31_update_resellers_roles_and_privileges() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let roles = &mut template_of(&mut theirs).roles;
    roles.insert("auditor".into(), Role { name: "Auditor".into(), privileges: ["read".into()].into() });
    roles.remove(&"staff".into());
    belongs(&theirs, &ours, SyncOption::UpdateRoles, &["role/auditor", "role/staff"]);
    sync(&theirs, &mut ours, Options::NONE.with(SyncOption::UpdateRoles));
    assert_eq!(ours.roles, template_of(&mut theirs).roles);
}

#[test]
fn s3_32_synchronize_terms_and_conditions() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let terms = &mut template_of(&mut theirs).terms;
    terms.get_mut(&"general".into()).unwrap().text = "edition 2".into();
    let privacy = TermsSetting { name: "Privacy".into(), text: "edition 1".into(), required: false };
    terms.insert("privacy".into(), privacy);
    belongs(&theirs, &ours, SyncOption::SyncTerms, &["terms/general", "terms/privacy"]);
    sync(&theirs, &mut ours, Options::NONE.with(SyncOption::SyncTerms));
    assert_eq!(ours.terms, template_of(&mut theirs).terms);
}

#[test]
fn s3_33_terms_and_conditions_propagate_sale_availability() {
    carries_sale_availability(SyncOption::SyncTerms);
}

/// Whatever differs is either sent or held back, never neither; with nothing on, everything is listed.
#[test]
fn s3_34_an_option_that_is_off_holds_its_changes_back_and_says_so() {
    let (theirs, ours) = changed(&mut Dice::new(34));
    let all = compare(&theirs, &ours, Options::all());
    let none = compare(&theirs, &ours, Options::NONE);
    assert!(none.is_empty());
    let count = |set: &counterfoil_domain::catalog::ChangeSet| {
        set.changes.len() + set.held.iter().map(|held| held.count()).sum::<usize>()
    };
    assert_eq!(count(&all), count(&none));
    for option in SyncOption::ALL {
        let set = compare(&theirs, &ours, Options::all().without(*option));
        assert_eq!(count(&set), count(&all), "without {option}");
        let said = held(&set).iter().any(|line| line.contains(option.label()));
        let sends = compare(&theirs, &ours, Options::NONE.with(*option)).changes;
        let alone = sends.iter().any(|change| !all_others_send(&set, change));
        assert_eq!(said, alone, "{option}: {:#?}", held(&set));
    }
}

fn all_others_send(
    without: &counterfoil_domain::catalog::ChangeSet,
    change: &counterfoil_domain::catalog::Change,
) -> bool {
    without.changes.iter().any(|other| other.key() == change.key())
}

/// Several options may send sale availability: all of them are named.
#[test]
fn s3_34_of_several_options_that_would_send_it_all_are_named() {
    let mut theirs = provider();
    let ours = reseller_of(&theirs);
    super::world::gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().for_sale = false;
    assert_eq!(
        held(&compare(&theirs, &ours, Options::NONE)),
        ["1 sale availability change not sent: Remove Obsolete Resources, Update Resource Prices, Update Resource \
          Limits and Synchronize Terms and Conditions are off [plan/gold/rate/disk/sale-availability]"]
    );
}

#[test]
fn the_options_are_those_of_the_page_in_its_groups_and_order() {
    let page: Vec<String> =
        SyncOption::ALL.iter().map(|option| format!("{} / {}", option.group().label(), option.label())).collect();
    assert_eq!(
        page,
        [
            "Synchronize Plans / Create new Plans and Plan periods",
            "Synchronize Plans / Apply Plans enabling/disabling",
            "Synchronize Plans / Update Plan Fees",
            "Synchronize Plans / Update Sales Categories, Plan Categories, and Grouping of Resources by Resource Categories",
            "Synchronize Plans / Update Notification Schedules",
            "Synchronize Plans / Attach Usage Statistics",
            "Synchronize Plan Resources / Create new Resources",
            "Synchronize Plan Resources / Remove Obsolete Resources",
            "Synchronize Plan Resources / Update Resource Prices",
            "Synchronize Plan Resources / Update Resource Limits",
            "Synchronize Other Data / Update Order Flow",
            "Synchronize Other Data / Update Reseller's Roles/Privileges",
            "Synchronize Other Data / Synchronize Terms and Conditions",
        ]
    );
    assert_eq!(OptionGroup::ALL.len(), 3);
    for option in SyncOption::ALL {
        assert_eq!(SyncOption::parse(option.name()), Some(*option));
        assert_eq!(Options::NONE.with(*option).iter().collect::<Vec<_>>(), [*option]);
        assert!(!option.sends().is_empty() && !Options::all().without(*option).has(*option));
    }
}
