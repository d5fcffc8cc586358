//! The host's rules of a connection, as people read them. Owns the words; what the rules do is the domain's.

use crate::wire::ConnectionView;

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// What is set beside the target's own settings, one line each.
pub(super) fn facts(view: &ConnectionView) -> Vec<(&'static str, String)> {
    let rules = &view.rules;
    let or = |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
    let auto = &rules.auto_sync;
    let auto_sync = match (auto.on, auto.kinds.as_slice(), &auto.most) {
        (false, ..) => "off: somebody confirms each plan".to_owned(),
        (true, kinds, most) => {
            let kinds = if kinds.is_empty() { "every kind of order".to_owned() } else { kinds.join(", ") };
            let most = most.as_ref().map(|most| format!(", up to {most} each")).unwrap_or_default();
            format!("on, for {kinds}{most}, of customers that are switched on")
        }
    };
    let check = rules.check_every_minutes.map_or_else(
        || "when somebody asks, or a program's daily run is due".to_owned(),
        |minutes| format!("every {minutes} minutes"),
    );
    let growth = rules.most_change_percent.map(|percent| format!("{percent} %"));
    vec![
        ("Prices come from", format!("the {}, where the scenario leaves the choice", rules.price_source)),
        ("Proration", rules.proration.clone()),
        ("Rounding", rules.rounding.clone()),
        ("Refunds", rules.refunds.clone()),
        ("Several products to one item", rules.many_to_one.clone()),
        ("Descriptions", rules.description_source.clone()),
        ("Recurring before the period", yes(rules.recurring_before_period)),
        ("A person must accept plans above", or(&rules.most_per_plan, "no limit")),
        ("Most lines of a plan", rules.most_lines.to_string()),
        ("Growth of a bill that needs nobody", or(&growth, "any")),
        ("Orders from", rules.start_on.map_or_else(|| "the start window".to_owned(), |day| day.to_string())),
        ("Checked", check),
        ("E-mails", rules.notify.clone()),
        ("Auto-sync", auto_sync),
        ("Plain http allowed", yes(view.plain_http)),
        ("Private addresses allowed", yes(view.private_addresses)),
    ]
}
