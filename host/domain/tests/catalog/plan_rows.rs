//! S3.1–S3.21: Synchronize Plans.

use counterfoil_domain::catalog::id::{SalesCategoryId, ServicePlanId};
use counterfoil_domain::catalog::{
    Cause, ChangeKind, DisplayPolicy, Local, NotificationSchedule, Options, PeriodFee, Provider, RateFee, Reason,
    SyncOption, apply, diff,
};

use super::world::{
    belongs, compare, delegate, empty_reseller, gold, gold_of, held, held_gold, held_kinds, keys, named_category,
    notifications, only, period, plan, provider, reseller_of, sales_category, schedule, sync, template, template_of,
    usd,
};

/// The example at the beginning: a new plan that is not finished, and new prices in one that the resellers have.
#[test]
fn s3_1_new_plans_stay_behind_while_price_changes_go_out() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    delegate(&mut theirs, "platinum", plan("Platinum", "cloud"));
    gold_of(&mut theirs).periods.get_mut(&"monthly".into()).unwrap().fees.insert(PeriodFee::Recurring, usd("12"));
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, usd("2.40"));
    let options = Options::NONE.with(SyncOption::UpdateFees).with(SyncOption::UpdatePrices);
    let set = sync(&theirs, &mut ours, options);
    assert_eq!(keys(&set), ["plan/gold/period/monthly/fee/recurring", "plan/gold/rate/disk/price/recurring"]);
    assert_eq!(held(&set), ["1 new plan not sent: Create new Plans and Plan periods is off [plan/platinum]"]);
    assert!(!ours.plans.contains_key(&ServicePlanId::from("platinum")));
    let monthly = &gold(&ours).periods[&"monthly".into()];
    assert_eq!(monthly.fees[&PeriodFee::Recurring], Local::sent(usd("12")));
    let shown: Vec<_> = set.changes.iter().map(|change| (change.subject.clone(), change.values())).collect();
    assert_eq!(
        shown,
        [
            ("Gold · 1 month · recurring".to_owned(), ("10.00 USD".to_owned(), "12.00 USD".to_owned())),
            ("Gold · Disk · recurring".to_owned(), ("2.00 USD".to_owned(), "2.40 USD".to_owned())),
        ]
    );
}

#[test]
fn s3_2_new_delegated_plans_become_available() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    delegate(&mut theirs, "platinum", plan("Platinum", "cloud"));
    belongs(&theirs, &ours, SyncOption::CreatePlans, &["plan/platinum"]);
    sync(&theirs, &mut ours, only(SyncOption::CreatePlans));
    let arrived = &ours.plans[&ServicePlanId::from("platinum")];
    assert!(arrived.on_sale());
    assert_eq!(arrived.rates.len(), 2);
    assert_eq!(arrived.periods[&"monthly".into()].fees[&PeriodFee::Setup], Local::sent(usd("5")));
}

#[test]
fn s3_3_new_subscription_periods_become_available() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let mut yearly = period("100");
    yearly.expiration_schedule = Some("yearly".into());
    theirs.expiration_schedules.insert("yearly".into(), schedule("Yearly"));
    gold_of(&mut theirs).periods.insert("yearly".into(), yearly);
    belongs(&theirs, &ours, SyncOption::CreatePlans, &["expiration-schedule/yearly", "plan/gold/period/yearly"]);
    sync(&theirs, &mut ours, only(SyncOption::CreatePlans));
    assert_eq!(gold(&ours).periods[&"yearly".into()].fees[&PeriodFee::Recurring], Local::sent(usd("100")));
}

/// A plan in a category the reseller does not have.
fn with_new_plan_in_new_category() -> counterfoil_domain::catalog::ProviderCatalog {
    let mut theirs = provider();
    theirs.sales_categories.insert("backup".into(), sales_category("Backup"));
    delegate(&mut theirs, "vault", plan("Vault", "backup"));
    theirs
}

#[test]
fn s3_4_a_new_plan_creates_its_sales_category() {
    let mut ours = reseller_of(&provider());
    let theirs = with_new_plan_in_new_category();
    let set = sync(&theirs, &mut ours, only(SyncOption::CreatePlans));
    let category = set.changes.iter().find(|change| change.kind() == ChangeKind::NewSalesCategory).unwrap();
    assert_eq!((category.option, category.reason), (SyncOption::CreatePlans, Reason::NeededByNew));
    assert_eq!(set.changes[0].kind(), ChangeKind::NewSalesCategory, "before the plan that is in it");
    assert!(ours.sales_categories[&SalesCategoryId::from("backup")].display.value);
}

#[test]
fn s3_5_example_the_new_category_is_added_with_the_category_option_off() {
    let ours = reseller_of(&provider());
    let set = compare(&with_new_plan_in_new_category(), &ours, Options::all().without(SyncOption::UpdateCategories));
    assert_eq!(keys(&set), ["plan/vault", "sales-category/backup"]);
    assert_eq!(held(&set), [""; 0]);
    // With both off, both wait for the same option.
    let none = compare(&with_new_plan_in_new_category(), &ours, only(SyncOption::UpdateCategories));
    assert_eq!(keys(&none), [""; 0], "a category that only a new plan is in does not come without the plan");
    assert_eq!(
        held(&none),
        [
            "1 new plan not sent: Create new Plans and Plan periods is off [plan/vault]",
            "1 new sales category not sent: Create new Plans and Plan periods is off [sales-category/backup]",
        ]
    );
}

#[test]
fn s3_6_later_changes_to_the_new_category_do_not_arrive() {
    let mut ours = reseller_of(&provider());
    let mut theirs = with_new_plan_in_new_category();
    let options = Options::all().without(SyncOption::UpdateCategories);
    sync(&theirs, &mut ours, options);
    theirs.sales_categories.get_mut(&"backup".into()).unwrap().details.name = "Backup and restore".into();
    let set = sync(&theirs, &mut ours, options);
    assert!(set.is_empty());
    assert_eq!(
        held(&set),
        ["1 sales category change not sent: Update Sales Categories, Plan Categories, and Grouping of Resources by \
          Resource Categories is off [sales-category/backup/details]"]
    );
    assert_eq!(ours.sales_categories[&"backup".into()].details.name, "Backup");
}

#[test]
fn s3_7_unless_the_category_option_is_on() {
    let mut ours = reseller_of(&provider());
    let mut theirs = with_new_plan_in_new_category();
    sync(&theirs, &mut ours, Options::all().without(SyncOption::UpdateCategories));
    theirs.sales_categories.get_mut(&"backup".into()).unwrap().details.name = "Backup and restore".into();
    sync(&theirs, &mut ours, only(SyncOption::UpdateCategories));
    assert_eq!(ours.sales_categories[&"backup".into()].details.name, "Backup and restore");
}

#[test]
fn s3_8_a_plan_removed_from_the_template_is_disabled_by_provider() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    template_of(&mut theirs).delegated_plans.remove(&"gold".into());
    belongs(&theirs, &ours, SyncOption::ApplyEnabling, &["plan/gold/standing"]);
    let set = sync(&theirs, &mut ours, only(SyncOption::ApplyEnabling));
    assert!(gold(&ours).disabled_by_provider && gold(&ours).published && !gold(&ours).on_sale());
    assert_eq!(set.changes[0].values(), ("published".to_owned(), "Disabled by Provider".to_owned()));
    assert_eq!(set.changes[0].reason, Reason::RemovedFromTemplate);
}

#[test]
fn s3_9_a_plan_added_back_is_published_and_available_for_selling() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    template_of(&mut theirs).delegated_plans.remove(&"gold".into());
    sync(&theirs, &mut ours, only(SyncOption::ApplyEnabling));
    held_gold(&mut ours).published = false;
    template_of(&mut theirs).delegated_plans.insert("gold".into());
    belongs(&theirs, &ours, SyncOption::ApplyEnabling, &["plan/gold/standing"]);
    let set = sync(&theirs, &mut ours, only(SyncOption::ApplyEnabling));
    assert!(gold(&ours).published && gold(&ours).on_sale());
    assert_eq!(set.changes[0].reason, Reason::AddedBack);
}

#[test]
fn s3_10_the_published_status_is_synchronized_by_no_option() {
    for (provider_has, reseller_has) in [(true, false), (false, true)] {
        let mut theirs = provider();
        let mut ours = reseller_of(&theirs);
        gold_of(&mut theirs).published = provider_has;
        held_gold(&mut ours).published = reseller_has;
        let set = sync(&theirs, &mut ours, Options::all());
        assert_eq!((keys(&set), held(&set)), (vec![], vec![]));
        assert_eq!(gold(&ours).published, reseller_has);
        let notes: Vec<_> = set.notes.iter().map(|note| note.name()).collect();
        assert_eq!(notes, ["published-differs"], "told, though not sent");
    }
}

#[test]
fn s3_11_update_plan_fees_rewrites_prices_in_delegated_plans() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let fees = &mut gold_of(&mut theirs).periods.get_mut(&"monthly".into()).unwrap().fees;
    *fees = [(PeriodFee::Recurring, usd("12")), (PeriodFee::Renewal, usd("8"))].into();
    held_gold(&mut ours)
        .periods
        .get_mut(&"monthly".into())
        .unwrap()
        .fees
        .insert(PeriodFee::Recurring, Local::own(usd("15")));
    belongs(
        &theirs,
        &ours,
        SyncOption::UpdateFees,
        &[
            "plan/gold/period/monthly/fee/recurring",
            "plan/gold/period/monthly/fee/renewal",
            "plan/gold/period/monthly/fee/setup",
        ],
    );
    let set = sync(&theirs, &mut ours, only(SyncOption::UpdateFees));
    let reasons: Vec<_> = set.changes.iter().map(|change| (change.values(), change.reason)).collect();
    let (text, none) = (|text: &str| text.to_owned(), "none".to_owned());
    assert_eq!(
        reasons,
        [
            ((text("5.00 USD"), none.clone()), Reason::Gone),
            ((text("15.00 USD (the reseller's own)"), text("12.00 USD")), Reason::ReplacesOwn),
            ((none, text("8.00 USD")), Reason::New),
        ]
    );
    assert_eq!(gold(&ours).periods[&"monthly".into()].fees.len(), 2);
}

#[test]
fn s3_12_update_plan_fees_delegates_new_expiration_schedules() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    theirs.expiration_schedules.insert("gentle".into(), schedule("Gentle"));
    theirs.expiration_schedules.insert("short".into(), schedule("Short"));
    gold_of(&mut theirs).expiration_schedule = Some("gentle".into());
    gold_of(&mut theirs).periods.get_mut(&"monthly".into()).unwrap().expiration_schedule = Some("short".into());
    let expected = [
        "expiration-schedule/gentle",
        "expiration-schedule/short",
        "plan/gold/expiration-schedule",
        "plan/gold/period/monthly/expiration-schedule",
    ];
    belongs(&theirs, &ours, SyncOption::UpdateFees, &expected);
    sync(&theirs, &mut ours, only(SyncOption::UpdateFees));
    assert_eq!(gold(&ours).expiration_schedule, Some("gentle".into()));
    assert_eq!(ours.expiration_schedules[&"short".into()], schedule("Short"));
    // Only new ones: a later change of the schedule itself is told and not sent.
    theirs.expiration_schedules.get_mut(&"gentle".into()).unwrap().steps.clear();
    let set = sync(&theirs, &mut ours, Options::all());
    assert_eq!(keys(&set), [""; 0]);
    assert_eq!(set.notes.iter().map(|note| note.name()).collect::<Vec<_>>(), ["expiration-schedule-differs"]);
}

#[test]
fn s3_13_all_changes_of_delegated_sales_categories() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let cloud = &mut theirs.sales_categories.get_mut(&"cloud".into()).unwrap().details;
    (cloud.name, cloud.description, cloud.position) = ("Clouds".into(), "All of them".into(), 9);
    theirs.sales_categories.insert("offers".into(), sales_category("Offers"));
    gold_of(&mut theirs).sales_categories.insert("offers".into());
    let expected = ["plan/gold/sales-categories", "sales-category/cloud/details", "sales-category/offers"];
    belongs(&theirs, &ours, SyncOption::UpdateCategories, &expected);
    sync(&theirs, &mut ours, only(SyncOption::UpdateCategories));
    assert_eq!(ours.sales_categories[&"cloud".into()].details, theirs.sales_categories[&"cloud".into()].details);
    assert_eq!(gold(&ours).sales_categories, ["cloud".into(), "offers".into()].into());
}

#[test]
fn s3_14_all_changes_of_delegated_plan_categories() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    theirs.plan_categories.insert("hosting".into(), named_category("Web hosting"));
    theirs.plan_categories.insert("premium".into(), named_category("Premium"));
    gold_of(&mut theirs).plan_category = Some("premium".into());
    let expected = ["plan-category/hosting", "plan-category/premium", "plan/gold/plan-category"];
    belongs(&theirs, &ours, SyncOption::UpdateCategories, &expected);
    sync(&theirs, &mut ours, only(SyncOption::UpdateCategories));
    assert_eq!(ours.plan_categories, theirs.plan_categories);
}

#[test]
fn s3_15_the_grouping_of_resources_by_resource_categories() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    theirs.resource_categories.insert("storage".into(), named_category("Space"));
    theirs.resource_categories.insert("mail".into(), named_category("Mail"));
    theirs.resources.get_mut(&"mailbox".into()).unwrap().category = Some("mail".into());
    // Of no delegated plan, so not grouped at the reseller either.
    theirs.resources.get_mut(&"domain".into()).unwrap().category = Some("mail".into());
    let expected = ["resource-category/mail", "resource-category/storage", "resource/mailbox/category"];
    belongs(&theirs, &ours, SyncOption::UpdateCategories, &expected);
    sync(&theirs, &mut ours, only(SyncOption::UpdateCategories));
    assert_eq!(ours.grouping, [("disk".into(), "storage".into()), ("mailbox".into(), "mail".into())].into());
}

#[test]
fn s3_16_only_categories_that_include_delegated_plans() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    assert!(!ours.sales_categories.contains_key(&"internal".into()), "an in-house plan's category is not delegated");
    theirs.sales_categories.get_mut(&"internal".into()).unwrap().details.name = "Ours".into();
    theirs.plan_categories.insert("unused".into(), named_category("Unused"));
    template_of(&mut theirs).delegated_plans.clear();
    theirs.sales_categories.get_mut(&"cloud".into()).unwrap().details.name = "No plan in it is delegated now".into();
    let set = sync(&theirs, &mut ours, Options::all());
    assert_eq!(keys(&set), ["plan/gold/standing", "plan/silver/standing"]);
}

#[test]
fn s3_17_display_category_in_customer_control_panel_is_preserved() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let cloud = SalesCategoryId::from("cloud");
    // The reseller hides plans from its customers.
    ours.sales_categories.get_mut(&cloud).unwrap().display = Local::own(false);
    theirs.sales_categories.get_mut(&cloud).unwrap().details.name = "Clouds".into();
    let set = sync(&theirs, &mut ours, Options::all());
    assert_eq!(keys(&set), ["sales-category/cloud/details"]);
    assert_eq!(ours.sales_categories[&cloud].display, Local::own(false));
    assert_eq!(
        held(&set),
        [
            "1 change of Display Category not sent: Display Category in Customer Control Panel stays as the reseller has \
          it [sales-category/cloud/display]"
        ]
    );
}

#[test]
fn s3_18_the_operator_can_let_display_category_follow() {
    let theirs = provider();
    let mut ours = reseller_of(&theirs);
    ours.sales_categories.get_mut(&"cloud".into()).unwrap().display = Local::own(false);
    let follow = Provider::prepare(&theirs, &template(), DisplayPolicy::Follow).unwrap();
    let off = diff(&follow, &ours, Options::all().without(SyncOption::UpdateCategories));
    assert_eq!(held_kinds(&off), [(ChangeKind::DisplayCategory, Cause::OptionOff, 1)]);
    let set = diff(&follow, &ours, only(SyncOption::UpdateCategories));
    assert_eq!(set.changes[0].reason, Reason::ReplacesOwn, "and says that the reseller's own is replaced");
    apply(&mut ours, &set).unwrap();
    assert_eq!(ours.sales_categories[&"cloud".into()].display, Local::sent(true));
}

#[test]
fn s3_19_delegated_notification_schedules_are_updated() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    theirs.notification_schedules.get_mut(&"reminders".into()).unwrap().steps.push((-1, "soon".into()));
    theirs.notification_schedules.insert("loud".into(), notifications("Loud", "soon"));
    gold_of(&mut theirs).notification_schedule = Some("loud".into());
    let expected = ["notification-schedule/loud", "notification-schedule/reminders", "plan/gold/notification-schedule"];
    belongs(&theirs, &ours, SyncOption::UpdateNotifications, &expected);
    sync(&theirs, &mut ours, only(SyncOption::UpdateNotifications));
    assert_eq!(ours.notification_schedules, theirs.notification_schedules);
}

#[test]
fn s3_20_templates_that_resellers_do_not_see_are_reported() {
    let mut theirs = provider();
    let ours = reseller_of(&theirs);
    let hidden =
        NotificationSchedule { name: "Reminders".into(), steps: vec![(-7, "soon".into()), (1, "secret".into())] };
    theirs.notification_schedules.insert("reminders".into(), hidden);
    let set = compare(&theirs, &ours, only(SyncOption::UpdateNotifications));
    assert_eq!(
        set.notes.iter().map(|note| note.sentence()).collect::<Vec<_>>(),
        ["Notification schedule \"Reminders\" uses template \"For us alone\", which resellers do not see: their \
          customers would not be told. Make the template visible to resellers."]
    );
    // Also of a schedule that comes with a new plan.
    let fresh = compare(&theirs, &empty_reseller(), only(SyncOption::CreatePlans));
    assert_eq!(fresh.notes.len(), 1);
}

#[test]
fn s3_21_usage_statistics_are_attached_or_not() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    gold_of(&mut theirs).usage_statistics = Some("traffic".into());
    belongs(&theirs, &ours, SyncOption::AttachStatistics, &["plan/gold/usage-statistics"]);
    sync(&theirs, &mut ours, only(SyncOption::AttachStatistics));
    assert_eq!(gold(&ours).usage_statistics, Some("traffic".into()));
    gold_of(&mut theirs).usage_statistics = None;
    sync(&theirs, &mut ours, only(SyncOption::AttachStatistics));
    assert_eq!(gold(&ours).usage_statistics, None);
}
