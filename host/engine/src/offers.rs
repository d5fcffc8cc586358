//! What a target can bill in, asked once a check and remembered while the service runs. Nothing is concluded from a target
//! that does not tell: its plan says so then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::money::Currency;
use counterfoil_domain::ports::CallError;

use crate::engine::{Engine, EngineError};
use crate::linking::read_only;

/// The directory kind under which targets list currencies.
const KIND: &str = "currency";
/// There are fewer currencies than this in the world.
const MOST_PAGES: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Offers(Mutex<BTreeMap<ConnectionId, BTreeSet<Currency>>>);

impl Offers {
    pub(crate) fn of(&self, connection: &ConnectionId) -> Option<BTreeSet<Currency>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }

    fn put(&self, connection: &ConnectionId, currencies: BTreeSet<Currency>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.clone(), currencies);
    }

    fn forget(&self, connection: &ConnectionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(connection);
    }
}

/// Asks the target. What cannot be asked now stays as it was told last: an order is not ignored for an outage.
pub(crate) async fn learn(engine: &Engine, connection: &Connection) -> Result<(), EngineError> {
    if connection.state != ConnectionState::Enabled {
        return Ok(());
    }
    match ask(engine, connection).await {
        Ok(Some(currencies)) => engine.offers.put(&connection.id, currencies),
        Ok(None) => engine.offers.forget(&connection.id),
        Err(EngineError::Call(error)) => {
            tracing::debug!(connection = %connection.id, %error, "the target does not tell its currencies");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The books' one currency as the operator says it, where the card asks for it because the target tells only a symbol.
fn as_set(card: &Card, connection: &Connection) -> Option<Currency> {
    let is_asked = card.settings.iter().any(|setting| setting.name == KIND && setting.required);
    connection.settings.get(KIND).filter(|_| is_asked).and_then(|code| Currency::parse(code.trim()).ok())
}

/// None: the target lists none.
async fn ask(engine: &Engine, connection: &Connection) -> Result<Option<BTreeSet<Currency>>, EngineError> {
    let target = engine.target(connection)?;
    if let Some(currency) = as_set(target.card(), connection) {
        return Ok(Some(BTreeSet::from([currency])));
    }
    let exchange = read_only(engine, connection, &target);
    let mut listed = BTreeSet::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let page = target.search(Arc::clone(&exchange), KIND.to_owned(), String::new(), cursor.clone()).await?;
        let active = page.entities.iter().filter(|entity| entity.active && entity.kind == KIND);
        listed.extend(active.filter_map(|entity| Currency::parse(&entity.code).ok()));
        match page.next {
            Some(next) if Some(&next) != cursor.as_ref() => cursor = Some(next),
            Some(_) => break,
            None if listed.is_empty() => return Ok(None),
            None => {
                // The books' own currency can always be billed, listed or not.
                listed.insert(target.probe(Arc::clone(&exchange)).await?.base_currency);
                return Ok(Some(listed));
            }
        }
    }
    Err(CallError::Nonsense("the list of currencies does not end".to_owned()).into())
}
