//! Which agreement takes a subscription, and what may share one: suggested where only one fits, one agreement for a
//! subscription, several subscriptions on one agreement, and products that share an item kept apart.

use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_domain::plan::Severity;
use counterfoil_sim::world::Kind;

use crate::books::{self, Terms};
use crate::office::Office;
use crate::scene::{SEATS, SUB, Scene, monthly, rest_of_november, seats, setup};
use crate::shelf::{Draft, day, line};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agreement_is_suggested_when_only_one_fits_and_of_several_a_person_chooses() {
    let office = Office::open().await;
    let (customer, name) = office.customer();
    let (company, other) = (books::company(&office.books, &name), books::company(&office.books, "Somebody Else"));
    office.linked("party", &customer, company).await;
    let subscription = office.subscription(&office.sell());
    office.check().await;
    let monthly = || Terms::monthly("2026-01-01");
    let fits = books::agreement(&office.books, company, "Monthly", monthly());
    books::agreement(&office.books, company, "Yearly", Terms { cycle: "Yearly", ..monthly() });
    books::agreement(&office.books, company, "In euros", Terms { currency: "EUR", ..monthly() });
    books::agreement(&office.books, other, "Somebody else's", monthly());

    let seen = office.suggested("container", &subscription).await.suggestions;
    let told: Vec<_> = seen.iter().map(|one| (one.target.name.as_str(), one.suggested)).collect();
    assert_eq!(told[0], ("Monthly", true), "{seen:#?}");
    assert!(told[1..].iter().all(|(name, suggested)| *name != "Somebody else's" && !suggested), "{seen:#?}");

    let second = books::agreement(&office.books, company, "Monthly as well", monthly());
    let seen = office.suggested("container", &subscription).await.suggestions;
    let equals = seen.iter().filter(|one| [fits, second].map(|id| id.to_string()).contains(&one.target.id));
    let scores: Vec<u8> = equals.map(|one| one.score).collect();
    assert!(scores.len() == 2 && scores[0] == scores[1] && scores[0] > 0, "{seen:#?}");
    assert!(seen.iter().all(|one| !one.exact), "no agreement links by itself");

    // Somebody else's is refused even when it is named.
    let theirs = books::agreement(&office.books, other, "Theirs", monthly());
    let (status, answer) = office.link("container", &subscription, theirs).await;
    assert!(status >= 400 && answer.to_string().contains("container-of-another"), "{answer}");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_has_one_agreement_and_an_agreement_several_subscriptions() {
    let office = Office::open().await;
    let (customer, name) = office.customer();
    let company = books::company(&office.books, &name);
    office.linked("party", &customer, company).await;
    let (first, second) = (office.sell(), office.sell());
    let change = office.order(Kind::Upgrade, &first, Some(1));
    office.check().await;
    assert_eq!(office.subscription(&first), office.subscription(&change));
    let agreements =
        ["One", "Two"].map(|name| books::agreement(&office.books, company, name, Terms::monthly("2026-01-01")));
    let subscriptions = [office.subscription(&first), office.subscription(&second)];
    for subscription in &subscriptions {
        office.linked("container", subscription, agreements[0]).await;
    }
    let of = |subscription: &str, links: &[counterfoil_server::wire::LinkView]| -> Vec<String> {
        let own = links.iter().filter(|link| link.kind == "container" && link.source == subscription);
        own.filter_map(|link| Some(link.target.as_ref()?.id.clone())).collect()
    };
    let links = office.links().await;
    for subscription in &subscriptions {
        assert_eq!(of(subscription, &links), [agreements[0].to_string()], "several may share one");
    }
    office.linked("container", &subscriptions[0], agreements[1]).await;
    let links = office.links().await;
    assert_eq!(of(&subscriptions[0], &links), [agreements[1].to_string()], "another one takes its place");
    office.close().await;
}

/// Two subscriptions on one agreement: each keeps to its own additions, although they are of the same item.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_that_share_an_agreement_keep_to_their_own_additions() {
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    scene.shelf.put_subscription(monthly("sub-2"));
    scene.desk.link(LinkKind::Container, "sub-2", (scene.agreement, "Cloud services")).await;
    let five = vec![seats(Fee::ResourceRecurring, "5", "110.00")];
    let on = day("2026-11-01");
    let sale = Draft::new("SO000150", OrderType::Sales, "sub-2", on, five);
    scene.order(Draft { period: Some(rest_of_november(on)), ..sale }).await;
    scene.sync().await;
    let more = vec![seats(Fee::ResourceRecurring, "3", "33.00")];
    scene.november("CH000200", OrderType::Change, 16, more).await;
    scene.sync().await;
    assert_eq!(
        scene.told(),
        [
            "10 × 22.00 from 2026-10-01 to 2026-11-30",
            "5 × 22.00 from 2026-11-01",
            "13 × 22.00 from 2026-12-01",
            "3 × 11.00 from 2026-11-16 to 2026-11-30",
        ]
    );
    assert_eq!(scene.invoiced(&["2026-11-01", "2026-12-01"]), ["363.00", "396.00"]);
}

/// "Several products on one item only with separate agreements": told apart by nothing but the agreement.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_products_on_one_item_need_separate_agreements() {
    const OTHER: (&str, &str) = ("SEAT-PRO", "Professional seats");
    let mut scene = Scene::of(setup(), Terms::monthly("2026-10-01")).await;
    scene.shelf.has(SUB, SEATS, "10", "22.00");
    let ten = vec![seats(Fee::ResourceRecurring, "10", "220.00")];
    scene.order(Draft::new("SO000100", OrderType::Sales, SUB, day("2026-10-01"), ten)).await;
    scene.sync().await;
    scene.shelf.put_product(OTHER, false);
    let item = scene.desk.linked_to(LinkKind::Item, SEATS.0).await;
    scene.desk.link(LinkKind::Item, OTHER.0, (item, SEATS.1)).await;
    scene.shelf.put_subscription(monthly("sub-2"));
    scene.shelf.has("sub-2", OTHER, "2", "35.00");
    scene.desk.link(LinkKind::Container, "sub-2", (scene.agreement, "Cloud services")).await;
    let on = day("2026-11-01");
    let two = vec![line(Fee::ResourceRecurring, Some(OTHER), "2", "35.00", "70.00")];
    let sale = Draft::new("SO000150", OrderType::Sales, "sub-2", on, two);
    scene.order(Draft { period: Some(rest_of_november(on)), ..sale }).await;
    let plan = scene.plan("SO000150").await;
    let blocks: Vec<_> = plan.findings.iter().filter(|one| one.severity == Severity::Blocks).collect();
    let said = blocks.iter().find(|one| one.message.contains(OTHER.0) || one.message.contains(SEATS.0));
    assert!(said.is_some(), "{:#?}", plan.findings);

    let own = scene.desk.agreement(scene.company, "Its own", Terms::monthly("2026-10-01"));
    scene.desk.link(LinkKind::Container, "sub-2", (own, "Its own")).await;
    scene.desk.replan("SO000150").await;
    let plan = scene.plan("SO000150").await;
    assert_ne!(plan.worst(), Some(Severity::Blocks), "{:#?}", plan.findings);
    scene.sync().await;
    let told: Vec<String> = scene.desk.additions(own).iter().map(books::Addition::told).collect();
    assert_eq!(told, ["2 × 35.00 from 2026-11-01"]);
}
