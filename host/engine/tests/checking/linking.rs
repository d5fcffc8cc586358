//! Links that make themselves need a key that is unique on both sides.

use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::{ConnectionId, CustomerId, EntityId};
use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::order::{Order, OrderType};

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
