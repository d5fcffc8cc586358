//! Every case of a product against the target, as a table; and what is wanted of a price list.

use super::*;
use crate::link::{LinkKey, LinkKind, LinkTarget};

fn wanted_at(price: &str, cost: &str) -> Wanted {
    Wanted {
        code: "P1Y:M:CFQ7TTC0LH18:0001".to_owned(),
        title: "Microsoft 365 Business Basic".to_owned(),
        motion: Motion::AnnualMonthly,
        price: price.parse().ok(),
        cost: cost.parse().ok(),
        currency: Some(Currency::parse("USD").unwrap()),
    }
}

fn item(id: &str, name: &str, mark: &str, price: &str, cost: &str, active: bool) -> Entity {
    Entity {
        kind: "item".to_owned(),
        id: EntityId::new(id),
        code: String::new(),
        name: name.to_owned(),
        currency: None,
        cycle: None,
        active,
        price: price.parse().ok(),
        cost: cost.parse().ok(),
        attributes: if mark.is_empty() { Vec::new() } else { vec![(MARK.to_owned(), mark.to_owned())] },
    }
}

fn link(state: &str) -> Option<Link> {
    let state = match state {
        "none" => return None,
        "never" => LinkState::NeverSync,
        id => LinkState::Linked(LinkTarget {
            id: EntityId::new(id),
            code: String::new(),
            name: String::new(),
            attributes: Vec::new(),
        }),
    };
    let key = LinkKey { connection: "c".into(), kind: LinkKind::Item, source: "P1Y:M:CFQ7TTC0LH18:0001".to_owned() };
    Some(Link { key, source_name: String::new(), state, why: String::new() })
}

const NAME: &str = "PC_P1Y:M:CFQ7TTC0LH18:0001";

#[test]
fn each_product_has_one_thing_to_do() {
    let usd: BTreeSet<Currency> = BTreeSet::from([Currency::parse("USD").unwrap()]);
    let aud: BTreeSet<Currency> = BTreeSet::from([Currency::parse("AUD").unwrap()]);
    let mine = |price, cost| item("1", NAME, NAME, price, cost, true);
    let create = Step::Create { again: false };
    let revise = Step::Revise { item: "1".into() };
    let keep = Step::Keep { item: "1".into(), active: true };
    // (what, wanted price and cost, link, items, offered, step)
    let cases = [
        ("first sync", ("7.80", "6.10"), "none", vec![], &usd, create.clone()),
        ("nothing changed", ("7.80", "6.10"), "1", vec![mine("7.80", "6.10")], &usd, keep.clone()),
        ("as many digits as it likes", ("7.8", "6.1"), "1", vec![mine("7.80", "6.100")], &usd, keep),
        ("another price", ("7.90", "6.10"), "1", vec![mine("7.80", "6.10")], &usd, revise.clone()),
        ("another cost", ("7.80", "6.20"), "1", vec![mine("7.80", "6.10")], &usd, revise.clone()),
        ("renamed", ("7.90", "6.10"), "1", vec![item("1", "M365 Basic", NAME, "7.80", "6.10", true)], &usd, revise),
        ("deleted there", ("7.80", "6.10"), "1", vec![], &usd, Step::Create { again: true }),
        (
            "inactive there",
            ("7.80", "6.10"),
            "1",
            vec![item("1", NAME, NAME, "7.80", "6.10", false)],
            &usd,
            Step::Keep { item: "1".into(), active: false },
        ),
        (
            "the links were lost, it was renamed",
            ("7.80", "6.10"),
            "none",
            vec![item("7", "M365 Basic", NAME, "7.80", "6.10", true)],
            &usd,
            Step::Take { item: "7".into(), differs: false },
        ),
        (
            "somebody has the SKU already",
            ("7.80", "6.10"),
            "none",
            vec![item("8", "P1Y:M:CFQ7TTC0LH18:0001", "", "9.00", "6.10", true)],
            &usd,
            Step::Take { item: "8".into(), differs: true },
        ),
        (
            "twice",
            ("7.80", "6.10"),
            "none",
            vec![item("8", NAME, "", "9", "6", true), item("9", NAME, "", "9", "6", true)],
            &usd,
            Step::Conflict { items: vec!["8".into(), "9".into()] },
        ),
        ("never", ("7.80", "6.10"), "never", vec![], &usd, Step::Skip(SkipWhy::NeverSync)),
        ("no price", ("", "6.10"), "none", vec![], &usd, Step::Skip(SkipWhy::NoPrice)),
        ("no cost", ("7.80", ""), "none", vec![], &usd, Step::Skip(SkipWhy::NoPrice)),
        ("another currency", ("7.80", "6.10"), "none", vec![], &aud, Step::Skip(SkipWhy::OtherCurrency)),
    ];
    for (what, (price, cost), state, items, offered, expected) in cases {
        let wanted = wanted_at(price, cost);
        let link = link(state);
        let carriers = Carriers::of(&items).of_product(&wanted);
        let linked = link.as_ref().and_then(Link::target).and_then(|to| items.iter().find(|item| item.id == to.id));
        let seen = Seen { linked, carriers };
        assert_eq!(step(&wanted, None, link.as_ref(), &seen, Some(offered)), expected, "{what}");
    }
}

/// A target that keeps two digits is not written anew every day.
#[test]
fn what_the_target_made_of_a_price_is_no_difference() {
    let wanted = wanted_at("7.805", "6.10");
    let now = DateTime::from_timestamp(0, 0).unwrap();
    let mut row = ProductRow::new("c".into(), ProgramName::MicrosoftCsp, &wanted, now);
    row.item = Some("1".into());
    (row.price, row.cost) = (wanted.price, wanted.cost);
    (row.stored_price, row.stored_cost) = ("7.81".parse().ok(), "6.10".parse().ok());
    let link = link("1");
    for (shown, expected) in [("7.81", true), ("7.82", false)] {
        let entity = item("1", NAME, NAME, shown, "6.10", true);
        let seen = Seen { linked: Some(&entity), carriers: Vec::new() };
        let step = step(&wanted, Some(&row), link.as_ref(), &seen, None);
        assert_eq!(matches!(step, Step::Keep { .. }), expected, "{shown}: {step:?}");
    }
}

#[test]
fn the_mode_the_motions_and_the_switches_say_which_products() {
    let listed = |sku: &str, motion: Motion| ListedProduct {
        product: ProductRef { code: motion.code(sku), name: format!("Product {sku}") },
        motion,
        price: "2".parse().ok(),
        cost: "1".parse().ok(),
        currency: None,
    };
    let list = [
        listed("A", Motion::MonthlyMonthly),
        listed("A", Motion::AnnualMonthly),
        listed("A", Motion::AnnualUpfront),
        listed("AZ", Motion::Usage),
        listed("B", Motion::MonthlyMonthly),
        listed("X", Motion::Unknown),
    ];
    let used = |code: &str, motion: Motion| {
        let product = ProductRef { code: code.to_owned(), name: code.to_owned() };
        let currency = Currency::parse("USD").unwrap();
        (code.to_owned(), Used { product, motion, price: Decimal::TEN, cost: Decimal::ONE, currency })
    };
    let in_use = BTreeMap::from([used("A", Motion::MonthlyMonthly), used("OLD", Motion::MonthlyMonthly)]);
    let motions = [Motion::MonthlyMonthly, Motion::AnnualMonthly, Motion::AnnualUpfront];
    for (mode, annual, azure, expected) in [
        (ProductMode::All, false, false, "A B OLD P1Y:M:A"),
        (ProductMode::All, true, false, "A B OLD P1Y:A:A P1Y:M:A"),
        (ProductMode::All, true, true, "A AZ B OLD P1Y:A:A P1Y:M:A"),
        (ProductMode::InUse, true, true, "A OLD"),
    ] {
        let off = Program::off("c".into(), ProgramName::MicrosoftCsp);
        let program = Program { mode, annual, azure, motions: motions.into_iter().collect(), ..off };
        let codes: Vec<String> = wanted(&program, &list, &in_use).into_keys().collect();
        assert_eq!(codes.join(" "), expected, "{mode} annual {annual} azure {azure}");
    }
}

#[test]
fn each_write_has_a_key_of_its_own() {
    let program = Program::off("c".into(), ProgramName::MicrosoftCsp);
    let wanted = wanted_at("7.80", "6.10");
    let keys: BTreeSet<String> = (0..3).map(|turn| draft(&program, &wanted, turn, true).key).collect();
    assert_eq!(keys.len(), 3);
    assert_eq!(draft(&program, &wanted, 1, true).key, draft(&program, &wanted_at("9", "8"), 1, false).key);
    assert_eq!(draft(&program, &wanted, 0, false).name, NAME);
}

#[test]
fn five_thousand_products_take_as_long_as_the_budget_makes_them() {
    let minute = Duration::from_secs(60);
    for (create, revise, limits, minutes) in [
        (0, 0, vec![(180, minute)], 0),
        (180, 0, vec![(180, minute)], 0),
        (181, 0, vec![(180, minute)], 1),
        (5_000, 0, vec![(180, minute)], 27),
        (0, 5_000, vec![(180, minute)], 83),
        (5_000, 0, vec![(180, minute), (60, minute)], 83),
        (5_000, 0, vec![], 0),
    ] {
        let forecast = Forecast { create, revise, ..Forecast::default() };
        assert_eq!(forecast.takes(&limits).as_secs() / 60, minutes, "{create} {revise} {limits:?}");
    }
}
