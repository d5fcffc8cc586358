//! Who is suggested to be who, what fits a subscription, and what changing a link does: tables with the traps.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::connection::HostRules;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::fitting::{self, Wanted};
use counterfoil_domain::id::{ConnectionId, CustomerId, EntityId};
use counterfoil_domain::judge::{Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::Customer;
use counterfoil_domain::matching::{self, Keys, NoMatch};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::*;
use counterfoil_domain::period::Cycle;
use counterfoil_domain::relink::{Touch, held_by_another, touch};
use counterfoil_domain::snapshot;
use counterfoil_domain::suggest::{self, FLOOR, Holders, MOST, Suggestion};
use counterfoil_domain::task::{IgnoreReason, Ignored, Need, TaskState, Verdict};
use proptest::prelude::*;

fn entity(id: &str, name: &str, attributes: &[(&str, &str)]) -> Entity {
    Entity {
        kind: "party".into(),
        id: EntityId::new(id),
        code: String::new(),
        name: name.into(),
        currency: None,
        cycle: None,
        active: true,
        price: None,
        cost: None,
        attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    }
}

fn customer(name: &str) -> Customer {
    Customer {
        id: CustomerId::new("1000017"),
        name: name.into(),
        external_id: Some("A-17".into()),
        tax_number: Some("51 824 753 556".into()),
        email: Some("it@contoso.example".into()),
        active: true,
    }
}

fn codes(suggestion: &Suggestion) -> Vec<&'static str> {
    suggestion.reasons.iter().map(|reason| reason.code()).collect()
}

/// "id score reasons"
fn shown(suggestions: &[Suggestion]) -> Vec<String> {
    suggestions.iter().map(|s| format!("{} {} {}", s.target.id, s.score, codes(s).join(" "))).collect()
}

#[test]
fn parties_are_suggested_by_keys_names_and_domains() {
    type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], Option<(u8, bool, &'static str)>);
    let rows: &[Row] = &[
        ("own external id", "Other", &[("external-id", "A-17")], Some((100, true, "same-external-id"))),
        ("marketplace id", "Other", &[("external-id", "1000017")], Some((100, true, "same-external-id"))),
        ("id in another case", "Other", &[("external-id", "a-17")], None),
        ("tax number", "Other", &[("tax-number", "51824753556")], Some((97, true, "same-tax-number"))),
        (
            "tax number with a country",
            "Other",
            &[("tax-number", "AU51824753556")],
            Some((90, false, "tax-number-but-for-country")),
        ),
        ("placeholder tax number", "Other", &[("tax-number", "0")], None),
        ("the same name", "Contoso Ltd", &[], Some((90, false, "name"))),
        ("legal form spelled out", "CONTOSO Limited", &[], Some((90, false, "name"))),
        ("without legal form", "contoso", &[], Some((90, false, "name"))),
        ("another legal form", "Contoso GmbH", &[], Some((70, false, "name legal-forms-differ"))),
        (
            "the same name, another tax number",
            "Contoso Ltd",
            &[("tax-number", "99 999 999 999")],
            Some((FLOOR, false, "tax-numbers-differ name")),
        ),
        (
            "the same id, another tax number",
            "Contoso Ltd",
            &[("external-id", "A-17"), ("tax-number", "99 999 999 999")],
            Some((FLOOR, false, "same-external-id tax-numbers-differ name")),
        ),
        ("a typing error", "Contosso Ltd", &[], Some((78, false, "name"))),
        ("figures", "Contoso 2 Ltd", &[], Some((55, false, "name figures-differ"))),
        ("the same address", "Other", &[("email", "IT@Contoso.example")], Some((80, false, "same-email"))),
        ("the same domain", "Other", &[("email", "ap@contoso.example")], Some((55, false, "same-email-domain"))),
        ("a domain inside", "Other", &[("email", "ap@notcontoso.example")], None),
        (
            "name and domain",
            "Contoso Ltd",
            &[("email", "ap@contoso.example")],
            Some((94, false, "name same-email-domain")),
        ),
        ("nothing alike", "Fabrikam", &[("email", "x@gmail.com")], None),
        ("empty", "", &[("email", ""), ("tax-number", ""), ("external-id", "")], None),
        ("wildcards", "%", &[("external-id", "%"), ("email", "%@%")], None),
    ];
    for (what, name, attributes, expected) in rows {
        let found = suggest::parties(&customer("Contoso Ltd"), &[entity("p", name, attributes)], &Holders::new());
        let found = found.first().map(|one| (one.score, one.exact, codes(one).join(" ")));
        assert_eq!(found, expected.map(|(score, exact, codes)| (score, exact, codes.to_owned())), "{what}");
    }
}

#[test]
fn odd_names_neither_break_nor_match() {
    let long = "Contoso ".repeat(40);
    for name in
        ["", " ", "\"", "'; DROP TABLE links;--", "%", "_", "../..", "?a=b&c#d", "\u{0}\u{7}", "日本", "🙂", "—"]
    {
        let customer = Customer { external_id: None, tax_number: None, email: None, ..customer(name) };
        let found = suggest::parties(&customer, &[entity("p", "Contoso Ltd", &[])], &Holders::new());
        assert!(found.is_empty(), "{name:?}: {}", shown(&found).join(", "));
        let same = suggest::parties(&customer, &[entity("p", name, &[])], &Holders::new());
        let says_something = name.chars().any(char::is_alphanumeric);
        assert_eq!(!same.is_empty(), says_something, "{name:?} and itself");
    }
    let bare = Customer { external_id: None, tax_number: None, email: None, ..customer(&long) };
    assert_eq!(suggest::parties(&bare, &[entity("p", &long, &[])], &Holders::new()).len(), 1, "300 characters");
}

#[test]
fn inactive_ones_never_taken_ones_last_and_ties_by_name() {
    let mut gone = entity("gone", "Contoso Ltd", &[("external-id", "A-17")]);
    gone.active = false;
    let entities = vec![
        gone,
        entity("z", "Contoso Ltd", &[]),
        entity("taken", "Contoso", &[("tax-number", "51824753556")]),
        entity("b", "Contoso", &[]),
        entity("a", "Contoso", &[]),
    ];
    let taken = Holders::from([(EntityId::new("taken"), "Green Lane (1000018)".to_owned())]);
    let found = suggest::parties(&customer("Contoso Ltd"), &entities, &taken);
    assert_eq!(shown(&found), ["a 90 name", "b 90 name", "z 90 name", "taken 100 same-tax-number name taken"]);
    let last = found.last().unwrap();
    assert!(!last.is_suggested() && !last.exact);
    assert_eq!(last.reasons.last().unwrap().to_string(), "taken: it is linked to Green Lane (1000018) already");
}

#[test]
fn a_key_that_several_hold_is_no_proof_and_a_providers_domain_says_nothing() {
    let twice =
        [entity("a", "One", &[("tax-number", "51824753556")]), entity("b", "Two", &[("tax-number", "51 824 753 556")])];
    let found = suggest::parties(&customer("Contoso"), &twice, &Holders::new());
    assert!(found.iter().all(|one| !one.exact && one.score < 97), "{:?}", shown(&found));
    let many: Vec<Entity> =
        (0..7).map(|n| entity(&n.to_string(), "Other", &[("email", "ap@contoso.example")])).collect();
    assert!(suggest::parties(&customer("Contoso"), &many, &Holders::new()).is_empty());
    let many: Vec<Entity> = (0..9).map(|n| entity(&n.to_string(), "Contoso", &[])).collect();
    assert_eq!(suggest::parties(&customer("Contoso"), &many, &Holders::new()).len(), MOST);
}

fn item(id: &str, code: &str, name: &str, attributes: &[(&str, &str)]) -> Entity {
    Entity { kind: "item".into(), code: code.into(), ..entity(id, name, attributes) }
}

fn product(code: &str, name: &str) -> ProductRef {
    ProductRef { code: code.into(), name: name.into() }
}

#[test]
fn items_are_suggested_by_codes_and_names() {
    let product = product("CFQ7TTC0LF8R:0001", "Microsoft 365 E3");
    for (what, code, name, attributes, expected) in [
        ("the code", "cfq7ttc0lf8r:0001", "Other", [("", "")], Some((100, true, "same-code"))),
        ("the maker's number", "X", "Other", [("mpn", "CFQ7TTC0LF8R:0001")], Some((100, true, "same-code"))),
        ("the seller's number", "X", "Other", [("sku", "cfq7ttc0lf8r:0001")], Some((100, true, "same-code"))),
        ("other signs", "CFQ7TTC0LF8R-0001", "Other", [("", "")], Some((90, false, "code-but-for-signs"))),
        ("its beginning", "CFQ7TTC0LF8R", "Other", [("", "")], Some((75, false, "code-begins"))),
        ("too short a beginning", "CFQ7", "Other", [("", "")], None),
        ("the name", "X", "Microsoft-365 E3", [("", "")], Some((90, false, "name"))),
        ("another plan", "X", "Microsoft 365 E5", [("", "")], Some((55, false, "name figures-differ"))),
        ("nothing", "X", "Cable", [("", "")], None),
    ] {
        let found = suggest::items(&product, &[item("i", code, name, &attributes)], &Holders::new());
        let found = found.first().map(|one| (one.score, one.exact, codes(one).join(" ")));
        assert_eq!(found, expected.map(|(score, exact, codes)| (score, exact, codes.to_owned())), "{what}");
    }
}

fn container(id: &str, currency: &str, cycle: &str, party: &str) -> Entity {
    Entity {
        kind: "container".into(),
        currency: Currency::parse(currency).ok(),
        cycle: Some(cycle.to_owned()).filter(|cycle| !cycle.is_empty()),
        ..entity(id, &format!("Agreement {id}"), &[("party", party)])
    }
}

#[test]
fn a_container_is_suggested_where_only_one_fits() {
    let party = EntityId::new("p");
    let wanted = Wanted { currency: Currency::parse("AUD").ok(), cycle: Some(Cycle::Months(12)), party: Some(&party) };
    let fit = container("fit", "AUD", "P12M", "p");
    for (what, others, expected) in [
        ("alone", vec![], vec!["fit 90 same-party same-currency same-cycle only-one-fits"]),
        (
            "beside some that do not fit",
            vec![container("usd", "USD", "P1Y", "p"), container("monthly", "AUD", "P1M", "p")],
            vec![
                "fit 90 same-party same-currency same-cycle only-one-fits",
                "monthly 0 same-party same-currency cycles-differ",
                "usd 0 same-party currencies-differ same-cycle",
            ],
        ),
        (
            "beside its equal",
            vec![container("too", "AUD", "P1Y", "p")],
            vec![
                "fit 50 same-party same-currency same-cycle one-of-several",
                "too 50 same-party same-currency same-cycle one-of-several",
            ],
        ),
        (
            "another party's is not shown",
            vec![container("other", "AUD", "P1Y", "q")],
            vec!["fit 90 same-party same-currency same-cycle only-one-fits"],
        ),
    ] {
        let entities: Vec<Entity> = others.into_iter().chain([fit.clone()]).collect();
        assert_eq!(shown(&fitting::containers(wanted, &entities)), expected, "{what}");
    }
    let unknown = container("dark", "", "", "p");
    let found = fitting::containers(wanted, &[unknown]);
    assert_eq!(shown(&found), ["dark 70 same-party currency-unknown cycle-unknown only-one-fits"]);
    let mut closed = fit.clone();
    closed.active = false;
    assert!(fitting::containers(wanted, &[closed]).is_empty());
    assert!(fitting::containers(Wanted { party: None, ..wanted }, &[fit]).is_empty(), "whose, is not known yet");
}

#[test]
fn a_fee_is_suggested_the_one_item_that_is_called_so() {
    let usd = Currency::parse("USD").ok();
    let in_currency = |entity: Entity, currency: &str| Entity { currency: Currency::parse(currency).ok(), ..entity };
    let cancel = item("c", "CANCEL", "Cancellation fee", &[]);
    let seats = item("s", "SEAT", "Seats", &[]);
    let found = fitting::fee_items(Fee::CancellationFee, usd, &[seats.clone(), cancel.clone()]);
    assert_eq!(shown(&found), ["c 90 called-so only-one-fits"]);
    let euro = in_currency(item("e", "", "Cancellation fee", &[]), "EUR");
    let found = fitting::fee_items(Fee::CancellationFee, usd, &[euro, in_currency(cancel.clone(), "USD")]);
    assert_eq!(shown(&found), ["c 90 called-so same-currency only-one-fits", "e 0 called-so currencies-differ"]);
    let both = [cancel, item("d", "", "Early termination", &[])];
    let scores: Vec<u8> = fitting::fee_items(Fee::CancellationFee, usd, &both).iter().map(|one| one.score).collect();
    assert_eq!(scores, [FLOOR, FLOOR]);
    assert!(fitting::fee_items(Fee::CancellationFee, usd, &[seats]).is_empty());
}

fn link(source: &str, name: &str, state: Option<&str>) -> Link {
    let target = |id: &str| LinkTarget {
        id: EntityId::new(id),
        code: String::new(),
        name: "Seats".into(),
        attributes: Vec::new(),
    };
    Link {
        key: LinkKey { connection: ConnectionId::new("x"), kind: LinkKind::Item, source: source.into() },
        source_name: name.into(),
        state: state.map_or(LinkState::Unlinked, |id| LinkState::Linked(target(id))),
        why: String::new(),
    }
}

#[test]
fn only_a_unique_exact_key_links_by_itself() {
    let connection = ConnectionId::new("x");
    let product = product("SEAT-1", "Seat");
    let free = BTreeMap::new();
    let by_itself = |entities: &[Entity], taken: &BTreeMap<String, String>| {
        matching::item(&connection, &product, &Keys::of(entities), taken)
    };
    for one in [
        item("i", "seat-1", "Other", &[]),
        item("i", "X", "Other", &[("mpn", "SEAT-1")]),
        item("i", "X", "Other", &[("mpn", "seat-1"), ("sku", "SEAT-1")]),
        item("i", "X", "Other", &[("external-id", "SEAT-1")]),
    ] {
        assert!(by_itself(std::slice::from_ref(&one), &free).is_ok(), "{one:?}");
    }
    for (one, what) in [
        (item("i", "SEAT1", "Seat", &[]), "nearly the code and the same name"),
        (item("i", "", "Seat", &[]), "the same name"),
    ] {
        assert_eq!(by_itself(&[one], &free), Err(NoMatch::Nothing), "{what}");
    }
    let two = [item("i", "SEAT-1", "A", &[]), item("j", "seat-1", "B", &[])];
    assert!(matches!(by_itself(&two, &free), Err(NoMatch::Several { .. })));
    let held = BTreeMap::from([("i".to_owned(), "SEAT-2".to_owned())]);
    let taken = by_itself(&[item("i", "SEAT-1", "Seats", &[])], &held);
    assert_eq!(taken, Err(NoMatch::Taken { target: "Seats".into(), by: "SEAT-2".into() }));
}

#[test]
fn a_second_product_on_one_item_is_told_whose_it_is() {
    let book = LinkBook::new(vec![link("A", "Seat monthly", Some("i")), link("N", "", None)]);
    let held = held_by_another(&link("B", "Seat yearly", Some("i")), &book).unwrap_err();
    assert_eq!((held.item.as_str(), held.by.as_str()), ("Seats", "Seat monthly (A)"));
    assert!(held.to_string().contains("Seat monthly (A)"), "{held}");
    for fine in [link("A", "", Some("i")), link("B", "", Some("j")), link("B", "", None)] {
        assert_eq!(held_by_another(&fine, &book), Ok(()));
    }
}

#[test]
fn changing_a_link_touches_tasks_by_their_state() {
    let need = |name: &str| Need::Link { kind: LinkKind::Item, source: "S".into(), name: name.into() };
    let waits = Verdict::Pending(vec![need("one")]);
    let waits_less = Verdict::Pending(vec![]);
    let ignored = |reason| Ignored {
        reason,
        text: String::new(),
        by: "rules".into(),
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        until: None,
    };
    let never = Verdict::Ignored(ignored(IgnoreReason::ExcludedProduct));
    let pending = TaskState::Pending(vec![need("one")]);
    let planned = TaskState::Planned("p".into());
    let queued = TaskState::Queued { plan: "p".into(), by: "ann".into() };
    let synced = TaskState::Synced { plan: "p".into() };
    let out = TaskState::Ignored(ignored(IgnoreReason::ExcludedProduct));
    let by_person = TaskState::Ignored(ignored(IgnoreReason::ByPerson));
    use Verdict::Ready;
    for (state, before, after, rests, expected) in [
        (&pending, &waits, &Ready, true, Some(Touch::BecomesReady)),
        (&pending, &waits, &waits_less, true, Some(Touch::StillWaits)),
        (&pending, &waits, &waits, true, None),
        (&pending, &waits, &never, true, Some(Touch::BecomesIgnored)),
        (&TaskState::Ready, &Ready, &waits, true, Some(Touch::WaitsAgain)),
        (&TaskState::Ready, &Ready, &Ready, true, Some(Touch::PlansWithIt)),
        (&TaskState::Ready, &Ready, &Ready, false, None),
        (&TaskState::Ready, &Ready, &never, true, Some(Touch::BecomesIgnored)),
        (&planned, &Ready, &Ready, true, Some(Touch::PlanStale)),
        (&planned, &Ready, &Ready, false, None),
        (&planned, &Ready, &never, true, Some(Touch::PlanStale)),
        (&queued, &Ready, &waits, true, Some(Touch::PlanStale)),
        (&synced, &Ready, &waits, true, None),
        (&out, &never, &Ready, true, Some(Touch::CanReturn)),
        (&by_person, &never, &Ready, true, None),
        (&out, &never, &never, true, None),
    ] {
        assert_eq!(touch(state, before, after, rests), expected, "{} {before:?} → {after:?}", state.name());
    }
}

fn seats() -> Order {
    let line = OrderLine {
        id: "l1".into(),
        kind: LineKind::Fee(Fee::ResourceRecurring),
        product: Some(product("CFQ7", "Microsoft 365 E3")),
        description: "Seats".into(),
        quantity: "2".parse().unwrap(),
        unit_price: "20.9".parse().unwrap(),
        unit_cost: None,
        amount: "41.8".parse().unwrap(),
        service_period: None,
        cycle: None,
    };
    Order {
        key: OrderKey { marketplace: "m".into(), order: "1".into() },
        number: "SO1".into(),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: "1000017".into(),
        subscription: Some("s-1".into()),
        created_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        provisioned_at: None,
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: Currency::parse("USD").unwrap(),
        total: None,
        lines: vec![line],
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

#[test]
fn an_order_waits_for_each_link_and_is_ignored_for_any_that_is_never_synchronized() {
    let order = seats();
    let judged = |links: &[(LinkKind, &str, LinkState)]| {
        let link = |(kind, source, state): &(LinkKind, &str, LinkState)| Link {
            key: LinkKey { connection: ConnectionId::new("x"), kind: *kind, source: (*source).into() },
            source_name: String::new(),
            state: state.clone(),
            why: String::new(),
        };
        let book = LinkBook::new(links.iter().map(link).collect());
        let (rules, metered) = (HostRules::default(), BTreeSet::new());
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let standing = Standing::default();
        let law = Law { scenarios: &[], rules: &rules, links: &book, metered: &metered, standing, now };
        snapshot::judge(&order, law).verdict.naming_customer("Green Lane")
    };
    let Verdict::Pending(needs) = judged(&[]) else { panic!("it waits") };
    let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
    assert_eq!(needs, ["link the customer Green Lane (1000017)", "link the product Microsoft 365 E3 (CFQ7)"]);
    let to = |id: &str| link("", "", Some(id)).state;
    let linked = [(LinkKind::Party, "1000017", to("p")), (LinkKind::Item, "CFQ7", to("i"))];
    assert_eq!(judged(&linked), Verdict::Ready);
    for (kind, source) in [
        (LinkKind::Party, "1000017"),
        (LinkKind::Item, "CFQ7"),
        (LinkKind::Fee, "resource-recurring"),
        (LinkKind::Container, "s-1"),
    ] {
        let never: Vec<_> = linked.iter().cloned().chain([(kind, source, LinkState::NeverSync)]).collect();
        let Verdict::Ignored(ignored) = judged(&never) else { panic!("{kind} {source} is never synchronized") };
        assert!(ignored.text.contains(source), "{}", ignored.text);
        let cleared: Vec<_> = linked.iter().cloned().chain([(kind, source, LinkState::Unlinked)]).collect();
        assert!(!matches!(judged(&cleared), Verdict::Ignored(_)), "cleared, {kind} {source} is unlinked");
    }
}

#[test]
fn a_need_names_what_is_not_linked() {
    for (kind, name, source, text) in [
        (LinkKind::Party, "Green Lane", "1000017", "link the customer Green Lane (1000017)"),
        (LinkKind::Item, "Microsoft 365 E3", "CFQ7", "link the product Microsoft 365 E3 (CFQ7)"),
    ] {
        let need = Need::Link { kind, source: source.into(), name: name.into() };
        assert_eq!(need.to_string(), text);
    }
    let waits =
        Verdict::Pending(vec![Need::Link { kind: LinkKind::Party, source: "1000017".into(), name: "1000017".into() }]);
    let Verdict::Pending(needs) = waits.naming_customer("Green Lane") else { panic!("it waits") };
    assert_eq!(needs.first().expect("one need").to_string(), "link the customer Green Lane (1000017)");
}

proptest! {
    #[test]
    fn any_text_is_compared_and_what_is_equal_is_found(name in "\\PC{0,40}", other in "\\PC{0,40}", tax in "\\PC{0,20}") {
        let bare = Customer { tax_number: Some(tax.clone()), external_id: None, ..customer(&name) };
        let entities = [entity("other", &other, &[("tax-number", &tax), ("email", &name)]), entity("same", &name, &[])];
        let found = suggest::parties(&bare, &entities, &Holders::new());
        prop_assert!(found.iter().all(|one| (FLOOR..=100).contains(&one.score)));
        prop_assert!(found.iter().all(|one| !one.exact || one.reasons.iter().any(|reason| reason.is_key())));
        // What a person sees as the same name scores by it.
        if name.chars().any(|c| c.is_ascii_alphabetic()) {
            prop_assert!(found.iter().any(|one| one.target.id.as_str() == "same"), "{name:?}");
        }
        prop_assert_eq!(suggest::parties(&bare, &entities, &Holders::new()), found);
    }
}
