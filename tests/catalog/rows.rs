//! Every row of the synchronization options by its name, and both worked examples, through `catalog diff`.
//! After a wanted change: `UPDATE_GOLDEN=1 cargo test -p counterfoil --test catalog rows`, and read the difference.

use std::collections::BTreeSet;

use crate::script::{play, rows};

macro_rules! rows {
    ($($test:ident = $row:literal,)+) => {
        $(#[test]
        fn $test() {
            play($row);
        })+

        const PLAYED: &[(&str, &str)] = &[$((stringify!($test), $row)),+];
    };
}

rows! {
    s3_1_new_plans_stay_behind_while_price_changes_go_out = "s3_1",
    s3_2_new_delegated_plans_become_available = "s3_2",
    s3_3_new_subscription_periods_become_available = "s3_3",
    s3_4_a_new_plan_creates_its_sales_category = "s3_4",
    s3_5_example_the_new_category_is_added_with_the_category_option_off = "s3_5",
    s3_6_later_changes_to_the_new_category_do_not_arrive = "s3_6",
    s3_7_unless_the_category_option_is_on = "s3_7",
    s3_8_a_plan_removed_from_the_template_is_disabled_by_provider = "s3_8",
    s3_9_a_plan_added_back_is_published_and_available_for_selling = "s3_9",
    s3_10_the_published_status_is_synchronized_by_no_option = "s3_10",
    s3_11_update_plan_fees_rewrites_prices_in_delegated_plans = "s3_11",
    s3_12_update_plan_fees_delegates_new_expiration_schedules = "s3_12",
    s3_13_all_changes_of_delegated_sales_categories = "s3_13",
    s3_14_all_changes_of_delegated_plan_categories = "s3_14",
    s3_15_the_grouping_of_resources_by_resource_categories = "s3_15",
    s3_16_only_categories_that_include_delegated_plans = "s3_16",
    s3_17_display_category_in_customer_control_panel_is_preserved = "s3_17",
    s3_18_the_operator_can_let_display_category_follow = "s3_18",
    s3_19_delegated_notification_schedules_are_updated = "s3_19",
    s3_20_templates_that_resellers_do_not_see_are_reported = "s3_20",
    s3_21_usage_statistics_are_attached_or_not = "s3_21",
    s3_22_new_resources_are_also_created_in_delegated_plans = "s3_22",
    s3_23_a_rate_whose_sale_availability_is_now_selected_is_created = "s3_23",
    s3_24_removed_resources_are_also_removed_from_delegated_plans = "s3_24",
    s3_25_remove_obsolete_resources_propagates_sale_availability = "s3_25",
    s3_26_update_resource_prices = "s3_26",
    s3_27_update_resource_prices_propagates_sale_availability = "s3_27",
    s3_28_update_resource_limits = "s3_28",
    s3_29_update_resource_limits_propagates_sale_availability = "s3_29",
    s3_30_update_order_flow = "s3_30",
    s3_31_update_resellers_roles_and_privileges = "s3_31",
    s3_32_synchronize_terms_and_conditions = "s3_32",
    s3_33_terms_and_conditions_propagate_sale_availability = "s3_33",
    s3_34_what_is_off_is_held_back_and_listed = "s3_34",
    prices_of_a_reseller_with_price_synchronization_disabled = "prices",
}

#[test]
fn every_row_of_the_script_is_played_and_none_is_missing() {
    let written: BTreeSet<String> =
        rows().iter().map(|row| row.split_whitespace().nth(1).unwrap().to_owned()).collect();
    let played: BTreeSet<String> = PLAYED.iter().map(|(_, row)| (*row).to_owned()).collect();
    assert_eq!(written, played);
    assert!((1..=34).all(|number| played.contains(&format!("s3_{number}"))));
    assert!(PLAYED.iter().all(|(test, row)| test.starts_with(row)));
}
