//! Products that stand in the statements of mapped customers. Owns how far back is looked.

use std::collections::BTreeMap;

use chrono::Days;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::SubscriptionId;
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::ports::StatementFilter;
use counterfoil_domain::product_sync::Used;
use counterfoil_domain::statement::{Charge, Record, subscription_id};

use crate::engine::{Engine, EngineError};

/// Of statements whose period began so many days ago. What was billed before that is made when it is billed again.
const BACK: Days = Days::new(400);

/// By code, the newest price and cost.
pub(super) async fn used(engine: &Engine, connection: &Connection) -> Result<BTreeMap<String, Used>, EngineError> {
    let mapped = mapped(engine, connection).await?;
    let from = engine.clock.now().date_naive().checked_sub_days(BACK);
    let filter = StatementFilter { from, ..StatementFilter::default() };
    let mut kept = engine.store.statements(&connection.marketplace, filter).await?;
    kept.retain(|statement| statement.kept_as.counts());
    kept.sort_by_key(|one| (one.head.period.start(), one.issue));
    let mut all = BTreeMap::new();
    for statement in kept {
        let stored = engine.store.statement(&connection.marketplace, &statement.head.id, statement.issue).await?;
        for record in stored.into_iter().flat_map(|stored| stored.records) {
            if !mapped.is_mapped(&record) {
                continue;
            }
            let used = of(&record);
            if bills_by_the_piece(&record) {
                all.insert(used.product.code.clone(), used);
            } else {
                // Its line needs an item all the same: a change in mid-term may be all that is billed of it in these days.
                all.entry(used.product.code.clone()).or_insert(used);
            }
        }
    }
    Ok(all)
}

/// What is given back or corrected tells no price of the product, unless nothing else does.
fn bills_by_the_piece(record: &Record) -> bool {
    matches!(record.charge, Charge::Recurring | Charge::Proration | Charge::OneTime | Charge::Usage)
        && !record.quantity.is_zero()
}

fn of(record: &Record) -> Used {
    let product = ProductRef { code: record.motion.code(&record.product.code), name: record.product.name.clone() };
    Used { product, motion: record.motion, price: record.unit_price, cost: record.unit_cost, currency: record.currency }
}

struct Mapped {
    parties: BTreeMap<String, Link>,
    containers: BTreeMap<String, Link>,
    needs_container: bool,
}

impl Mapped {
    /// Its customer is linked, and where lines go into containers, its motion is too.
    fn is_mapped(&self, record: &Record) -> bool {
        let linked = |links: &BTreeMap<String, Link>, source: &str| links.get(source).and_then(Link::target).is_some();
        let container: SubscriptionId = subscription_id(&record.customer, record.motion);
        linked(&self.parties, record.customer.as_str())
            && (!self.needs_container || linked(&self.containers, container.as_str()))
    }
}

async fn mapped(engine: &Engine, connection: &Connection) -> Result<Mapped, EngineError> {
    let target = engine.target(connection)?;
    let settings = crate::ground::settings(target.card(), connection);
    let by_source = |links: Vec<Link>| links.into_iter().map(|link| (link.key.source.clone(), link)).collect();
    Ok(Mapped {
        parties: by_source(engine.store.links(&connection.id, Some(LinkKind::Party)).await?),
        containers: by_source(engine.store.links(&connection.id, Some(LinkKind::Container)).await?),
        needs_container: target.card().puts_into_containers(&settings),
    })
}
