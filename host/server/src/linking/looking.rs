//! Where suggestions look: in the whole list of the target while that is short, else by what a source is known by. Owns
//! how often a target is asked; what is alike is decided in the domain.

use std::collections::BTreeSet;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::likeness::Name;
use counterfoil_domain::link::LinkTarget;
use counterfoil_domain::market::Customer;
use counterfoil_domain::order::ProductRef;

use crate::parts::App;
use crate::problem::{Problem, of_read};

/// Pages of the whole list that are read before terms are searched for. A day's calls are few.
const WHOLE: usize = 3;
const PAGES_OF_A_TERM: usize = 2;
const MOST_TERMS: usize = 20;
/// A shorter term finds everything.
const LEAST_TERM: usize = 2;

#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) entities: Vec<Entity>,
    /// It is all that the target has.
    pub(crate) complete: bool,
}

pub(crate) async fn look(app: &App, connection: &Connection, kind: &str, terms: Vec<String>) -> Result<Seen, Problem> {
    let mut known = BTreeSet::new();
    let mut seen = Seen { entities: Vec::new(), complete: true };
    if read(app, connection, (kind, ""), WHOLE, (&mut known, &mut seen)).await? {
        return Ok(seen);
    }
    let mut asked = BTreeSet::new();
    for term in terms {
        let is_new = term.chars().count() >= LEAST_TERM && asked.insert(term.to_lowercase());
        if is_new && asked.len() <= MOST_TERMS {
            read(app, connection, (kind, &term), PAGES_OF_A_TERM, (&mut known, &mut seen)).await?;
        }
    }
    seen.complete = false;
    Ok(seen)
}

/// True: that was all of it.
async fn read(
    app: &App,
    connection: &Connection,
    (kind, term): (&str, &str),
    pages: usize,
    (known, seen): (&mut BTreeSet<String>, &mut Seen),
) -> Result<bool, Problem> {
    let mut cursor = None;
    for _ in 0..pages {
        let asked = (app.parts.live.search)(connection.id.clone(), kind.to_owned(), term.to_owned(), cursor);
        let page = asked.await.map_err(of_read)?;
        seen.entities.extend(page.entities.into_iter().filter(|entity| known.insert(entity.id.to_string())));
        match page.next {
            None => return Ok(true),
            next => cursor = next,
        }
    }
    Ok(false)
}

/// What a target may find a customer by, best first.
pub(crate) fn terms_of_customer(customer: &Customer) -> Vec<String> {
    let name = Name::company(&customer.name).longest_word().map(str::to_owned);
    let domain =
        customer.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
    let ids = [customer.external_id.clone(), Some(customer.id.to_string()), customer.tax_number.clone()];
    name.into_iter().chain(ids.into_iter().flatten()).chain(domain).collect()
}

pub(crate) fn terms_of_product(product: &ProductRef) -> Vec<String> {
    let name = Name::thing(&product.name).longest_word().map(str::to_owned);
    [Some(product.code.clone()), name].into_iter().flatten().collect()
}

pub(crate) fn terms_of_party(party: &LinkTarget) -> Vec<String> {
    vec![party.id.to_string(), party.name.clone()]
}
