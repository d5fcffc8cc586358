//! The scenario table: which orders become tasks and whose price counts.

use counterfoil_domain::card::{Circumstance, Scenario};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::{scenario, snapshot};

use super::reader::{At, Fields, Report, one_of};
use super::rules::bad_row_name;

const ORDERS: [OrderType; 5] =
    [OrderType::Sales, OrderType::Change, OrderType::Billing, OrderType::Cancellation, OrderType::Renewal];
const MODELS: [BillingModel; 4] = [
    BillingModel::BeforeBillingPeriod,
    BillingModel::AfterBillingPeriod,
    BillingModel::BeforeSubscriptionPeriod,
    BillingModel::ExternalRating,
];
const PRICES: [PriceSource; 2] = [PriceSource::Order, PriceSource::Catalogue];
/// Rows of the host's own: a task that names one must not mean the card's.
const RESERVED: [&str; 2] = [scenario::RECURRING_BEFORE_PERIOD, snapshot::SCENARIO];

pub(super) fn scenarios(root: &mut Fields<'_>) -> Vec<Scenario> {
    let report = root.report();
    let rows = root.tables("scenario");
    if rows.is_empty() {
        root.say("scenario", "at least one [[scenario]] is needed, else no order becomes a task");
    }
    let mut found: Vec<Scenario> = Vec::new();
    for row in rows {
        let spot = row.spot();
        let Some(row) = scenario(row) else { continue };
        for earlier in &found {
            if earlier.name == row.name {
                report.say(&spot, format!("the name \"{}\" is used twice", row.name));
            }
            if let Some(both) = overlap(earlier, &row) {
                report.say(
                    &spot,
                    format!("{both} in the scenario \"{}\" too; an order must fit one row only", earlier.name),
                );
            }
        }
        found.push(row);
    }
    found
}

fn scenario(mut fields: Fields<'_>) -> Option<Scenario> {
    let report = fields.report();
    let name = fields.text("name");
    if let Some(name) = &name
        && let Some(problem) = bad_row_name(&name.value, &RESERVED)
    {
        report.say(&name.spot, problem);
    }
    let order = fields.text("order");
    let models = fields.some_texts("models");
    let usage = fields.flag("usage");
    let priced = fields.maybe_table("fees").map(|fees| self::fees(report, fees)).unwrap_or_default();
    if priced.is_empty() {
        fields.say("fees", "must take at least one fee, such as { plan-recurring = \"catalogue\" }");
    }
    let refused = circumstances(report, &fields.texts("refused_when"));
    let when = fields
        .maybe_table("order_price_when")
        .map(|when| order_price_when(report, when, &priced, &refused))
        .unwrap_or_default();
    let prorate = prorate(report, &fields.texts("prorate"), &priced);
    fields.finish();
    let order = one_of(report, &order?, &ORDERS, OrderType::parse, OrderType::name)?;
    let models = models
        .iter()
        .filter_map(|model| one_of(report, model, &MODELS, BillingModel::parse, BillingModel::name))
        .collect();
    let name = name?.value;
    Some(Scenario { name, order, models, usage, fees: priced, order_price_when: when, refused_when: refused, prorate })
}

fn fee(report: &Report<'_>, given: &At<String>) -> Option<Fee> {
    one_of(report, given, Fee::ALL, Fee::parse, Fee::name)
}

fn fees(report: &Report<'_>, table: Fields<'_>) -> Vec<(Fee, PriceSource)> {
    let named = table.named_texts().into_iter().filter_map(|(name, price)| {
        let fee = fee(report, &name);
        let price = one_of(report, &price, &PRICES, PriceSource::parse, PriceSource::name);
        fee.zip(price)
    });
    named.collect()
}

fn circumstance(report: &Report<'_>, given: &At<String>) -> Option<Circumstance> {
    one_of(report, given, Circumstance::ALL, Circumstance::parse, Circumstance::name)
}

fn circumstances(report: &Report<'_>, given: &[At<String>]) -> Vec<Circumstance> {
    given.iter().filter_map(|name| circumstance(report, name)).collect()
}

fn order_price_when(
    report: &Report<'_>,
    table: Fields<'_>,
    priced: &[(Fee, PriceSource)],
    refused: &[Circumstance],
) -> Vec<(Circumstance, Vec<Fee>)> {
    let spot = table.spot();
    let lists = table.named_lists();
    if lists.is_empty() {
        report.say(&spot, "names no circumstance; leave it out");
    }
    let mut found = Vec::new();
    for (name, list) in lists {
        let Some(when) = circumstance(report, &name) else { continue };
        if refused.contains(&when) {
            report.say(&name.spot, "is in refused_when too: nothing is taken then, so no price counts; take one out");
        }
        if list.is_empty() {
            report.say(&name.spot, "must name at least one fee");
        }
        let mut fees = Vec::new();
        for given in &list {
            let Some(fee) = fee(report, given) else { continue };
            match priced.iter().find(|(taken, _)| *taken == fee) {
                Some((_, PriceSource::Catalogue)) => fees.push(fee),
                Some(_) => report.say(&given.spot, format!("{fee} takes the order's price anyway; leave it out")),
                None => report.say(&given.spot, format!("{fee} is not among the fees of this scenario")),
            }
        }
        found.push((when, fees));
    }
    found
}

fn prorate(report: &Report<'_>, given: &[At<String>], priced: &[(Fee, PriceSource)]) -> Vec<Fee> {
    let mut fees = Vec::new();
    for name in given {
        let Some(fee) = fee(report, name) else { continue };
        if !priced.iter().any(|(taken, _)| *taken == fee) {
            report.say(&name.spot, format!("{fee} is not among the fees of this scenario"));
        } else if !fee.recurs() {
            let recurring: Vec<&str> = Fee::ALL.iter().filter(|fee| fee.recurs()).map(|fee| fee.name()).collect();
            let only = recurring.join(", ");
            report.say(&name.spot, format!("{fee} is not charged by the period; these can be prorated: {only}"));
        } else {
            fees.push(fee);
        }
    }
    fees
}

/// What two rows would both take: order, model and fee, with usage lines apart where a row says so.
fn overlap(a: &Scenario, b: &Scenario) -> Option<String> {
    let apart = matches!((a.usage, b.usage), (Some(x), Some(y)) if x != y);
    if a.order != b.order || apart {
        return None;
    }
    let model = a.models.iter().find(|model| b.models.contains(model))?;
    let shared = |(fee, price): &(Fee, PriceSource)| {
        let (_, other) = b.fees.iter().find(|(other, _)| fee == other)?;
        Some((*fee, *price, *other))
    };
    let (fee, price, other) = a.fees.iter().find_map(shared)?;
    let prices = if price == other { String::new() } else { format!(", at another price ({price}, not {other}),") };
    Some(format!("{fee} of {} orders under {model} is{prices}", a.order))
}

#[cfg(test)]
mod tests {
    use super::super::reader::{Fields, Report};
    use super::*;

    const ROW: &str = "\
[[scenario]]
name = \"new sale\"
order = \"sales\"
models = [\"before-billing-period\"]
fees = { plan-setup = \"catalogue\", plan-recurring = \"catalogue\", resource-recurring = \"order\" }
order_price_when = { partial-period = [\"plan-recurring\"] }
refused_when = [\"aligned-with-statement-day\"]
prorate = [\"plan-recurring\", \"resource-recurring\"]
";

    /// The rows, or what is told about them.
    fn read(text: &str) -> Result<Vec<Scenario>, Vec<String>> {
        let table = toml::de::DeTable::parse(text).unwrap();
        let report = Report::new(text);
        let mut root = Fields::root(table.get_ref(), &report);
        let rows = scenarios(&mut root);
        root.finish();
        let told: Vec<String> = report.into_problems().iter().map(ToString::to_string).collect();
        if told.is_empty() { Ok(rows) } else { Err(told) }
    }

    #[test]
    fn a_row_says_when_it_takes_nothing_and_what_is_prorated() {
        let rows = read(ROW).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].refused_when, [Circumstance::AlignedWithStatementDay]);
        assert_eq!(rows[0].prorate, [Fee::PlanRecurring, Fee::ResourceRecurring]);
        assert_eq!(rows[0].order_price_when, [(Circumstance::PartialPeriod, vec![Fee::PlanRecurring])]);
        let plain = read(&ROW.lines().take(5).collect::<Vec<_>>().join("\n")).unwrap();
        assert!(plain[0].refused_when.is_empty() && plain[0].prorate.is_empty());
    }

    /// What is replaced in the row, by what, and words of the one thing that is told.
    const MISTAKES: &[(&str, &str, &str)] = &[
        ("refused_when", "refuse_when", "scenario[0].refuse_when (line 7): is not a key of the card"),
        ("refused_when", "refuse_when", "Did you mean \"refused_when\"?"),
        ("[\"aligned-with-statement-day\"]", "[\"aligned\"]", "Did you mean \"aligned-with-statement-day\"?"),
        ("[\"aligned-with-statement-day\"]", "[\"moon\"]", "allowed here: aligned-with-statement-day, partial-period"),
        ("[\"aligned-with-statement-day\"]", "[\"partial-period\"]", "nothing is taken then, so no price counts"),
        (
            "[\"aligned-with-statement-day\"]",
            "[\"aligned-with-statement-day\", \"aligned-with-statement-day\"]",
            "scenario[0].refused_when[1] (line 7): \"aligned-with-statement-day\" is listed twice",
        ),
        ("[\"aligned-with-statement-day\"]", "\"aligned-with-statement-day\"", "must be a list of texts"),
        ("partial-period = [\"plan-recurring\"]", "partial-period = [\"plan-recurring\", \"plan-recurring\"]", "twice"),
        ("prorate = [\"plan-recurring\", ", "prorate = [\"plan-recuring\", ", "Did you mean \"plan-recurring\"?"),
        ("prorate = [\"plan-recurring\", ", "prorate = [\"resource-overuse\", ", "not among the fees of this scenario"),
        ("prorate = [\"plan-recurring\", ", "prorate = [\"plan-setup\", ", "plan-setup is not charged by the period"),
        ("prorate = [\"plan-recurring\", ", "prorate = [\"resource-recurring\", ", "is listed twice"),
        ("plan-setup = \"catalogue\"", "plan-setup = \"person\"", "\"person\" is not known"),
        ("\"new sale\"", "\"Recurring before period\"", "is a scenario of the host's own"),
        ("\"new sale\"", "\"initial snapshot\"", "is a scenario of the host's own"),
        ("\"new sale\"", "\"new | sale\"", "must be one line"),
        ("\"new sale\"", "\"new\\nsale\"", "must be one line"),
        ("\"new sale\"", "\" new sale\"", "without blanks around it"),
    ];

    #[test]
    fn nonsense_is_refused_with_its_place() {
        for (good, bad, words) in MISTAKES {
            assert!(ROW.contains(good), "{good}");
            let told = read(&ROW.replacen(good, bad, 1)).expect_err(bad);
            assert!(told.len() == 1 && told[0].contains(words), "{bad}: {words:?} is not in {told:#?}");
        }
    }

    /// A second row, and what is told about the two together.
    const SECOND: &[(&str, &[&str])] = &[
        (
            "name = \"a\"\norder = \"sales\"\nmodels = [\"before-billing-period\"]\nfees = { plan-setup = \"order\" }",
            &["plan-setup of sales orders under before-billing-period is, at another price (catalogue, not order), in"],
        ),
        (
            "name = \"new sale\"\norder = \"sales\"\nmodels = [\"before-billing-period\"]\nfees = { plan-setup = \"catalogue\" }",
            &["the name \"new sale\" is used twice", "under before-billing-period is in the scenario \"new sale\" too"],
        ),
        ("name = \"a\"\norder = \"sales\"\nmodels = [\"before-billing-period\"]\nfees = { discount = \"order\" }", &[]),
        ("name = \"a\"\norder = \"sales\"\nmodels = [\"external-rating\"]\nfees = { plan-setup = \"order\" }", &[]),
        (
            "name = \"a\"\norder = \"change\"\nmodels = [\"before-billing-period\"]\nfees = { plan-setup = \"order\" }",
            &[],
        ),
    ];

    #[test]
    fn two_rows_never_fit_one_line() {
        for (second, expected) in SECOND {
            let told = read(&format!("{ROW}\n[[scenario]]\n{second}\n")).err().unwrap_or_default();
            assert_eq!(told.len(), expected.len(), "{second}: {told:#?}");
            for (told, words) in told.iter().zip(*expected) {
                assert!(told.contains(words), "{words:?} is not in {told}");
            }
        }
    }
}
