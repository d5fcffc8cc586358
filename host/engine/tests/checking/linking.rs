//! Links that make themselves need a key that is unique on both sides.

use std::sync::atomic::Ordering;

use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::{ConnectionId, CustomerId, EntityId};
use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::order::{Order, OrderType};
use counterfoil_domain::ports::{User, Write};

use super::desk::Desk;
use super::market::{customer, order};

#[tokio::test]
async fn two_customers_with_one_key_are_a_persons_decision() {
    let desk = Desk::open().await;
    desk.paper.parties.lock().unwrap().push(Entity {
        kind: "party".into(),
        id: EntityId::new("p"),
        code: String::new(),
        name: "Green Lane".into(),
        currency: None,
        cycle: None,
        active: true,
        price: None,
        cost: None,
        attributes: vec![("external-id".into(), "A1".into())],
    });
    let customers = vec![customer("c1", Some("A1")), customer("c2", Some("A1"))];
    desk.market.state.lock().unwrap().customers = customers;
    // Only the first has an order by now: the second makes the key no less ambiguous.
    desk.market.add(Order { customer: CustomerId::new("c1"), ..order("1", OrderType::Sales, "", "2026-11-20") });
    let run = desk.check().await;
    let links = desk.store.links(&ConnectionId::new("x"), Some(LinkKind::Party)).await.unwrap();
    let linked = links.iter().any(|link| matches!(&link.state, LinkState::Linked(to) if to.id.as_str() == "p"));
    assert!(!linked, "{links:?}");
    assert!(run.problems.iter().any(|problem| problem.message.contains("Customer c2")), "{:?}", run.problems);
}

#[tokio::test]
async fn what_was_not_there_is_not_looked_for_at_every_check() {
    let desk = Desk::open().await;
    let searches = || desk.paper.searches.load(Ordering::SeqCst);
    let sale =
        |id: &str, who: &str| Order { customer: CustomerId::new(who), ..order(id, OrderType::Sales, "", "2026-11-20") };
    desk.market.state.lock().unwrap().customers = vec![customer("c1", Some("A1")), customer("c2", Some("A2"))];
    desk.market.add(sale("1", "c1"));
    desk.check().await;
    assert_eq!(searches(), 1);
    for _ in 0..11 {
        desk.clock.advance(chrono::Duration::minutes(5));
        let run = desk.check().await;
        assert!(run.counts.contains(&("links-missing".to_owned(), 1)), "it is still told: {:?}", run.counts);
    }
    assert_eq!(searches(), 1, "nothing new waits");
    desk.market.add(sale("2", "c2"));
    desk.check().await;
    assert_eq!(searches(), 2, "somebody new waits");
    // What it can be found by has changed.
    let mut known = customer("c1", Some("A1"));
    known.tax_number = Some("51824753556".into());
    desk.store.commit(vec![Write::PutCustomers("m".into(), vec![known])]).await.unwrap();
    desk.check().await;
    let after_change = searches();
    assert_eq!(after_change, 3, "it can be found by something else now");
    desk.clock.advance(chrono::Duration::minutes(61));
    desk.check().await;
    assert_eq!(searches(), after_change + 1, "an hour has passed");
    // A person who asks has changed something: it is looked for at once.
    let ann = User { name: "ann".into(), role: "biller".into(), password_hash: String::new(), tokens: vec![] };
    desk.store.commit(vec![Write::PutUser(ann)]).await.unwrap();
    desk.check().await;
    desk.check().await;
    assert_eq!(searches(), after_change + 3);
}
