//! What a document says of programs: of which connection, and whether its marketplace shows statements at all.

use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{ConnectionId, MarketplaceId};
use counterfoil_domain::program::Program;

use super::check::Checker;
use super::document::ProgramSetup;
use crate::programs::settings;

pub(super) fn program(checker: &mut Checker<'_>, place: usize, setup: &ProgramSetup) {
    let at = format!("/programs/{place}");
    let name = match settings::name(&setup.name) {
        Ok(name) => name,
        Err(text) => return checker.fault(&at, "name", "unknown-program", text),
    };
    let id = ConnectionId::from(setup.connection.as_str());
    let Some(marketplace) = marketplace_of(checker, &id) else {
        let text = format!("there is no connection \"{id}\", in the document or set up before");
        return checker.fault(&at, "connection", "unknown-connection", text);
    };
    if !holds_statements(checker, &marketplace) {
        let text = format!("connection {id} reads orders from {marketplace}, and programs are of statements");
        return checker.fault(&at, "connection", "no-statements", text);
    }
    let before = settings::of(&checker.current.programs, &id, name);
    let twice = |other: &Program| other.connection == id && other.name == name;
    if checker.desired.programs.iter().any(twice) {
        return checker.fault(&at, "name", "twice", format!("{name} of connection {id} stands above already"));
    }
    match settings::applied(&before, &setup.body()) {
        Ok(after) => checker.desired.programs.push(after),
        Err(wrongs) => {
            for wrong in wrongs {
                checker.fault(&at, &wrong.field, wrong.code, wrong.text);
            }
        }
    }
}

fn marketplace_of(checker: &Checker<'_>, id: &ConnectionId) -> Option<MarketplaceId> {
    let wanted = |connection: &&Connection| connection.id == *id;
    let found = checker.desired.connections.iter().find(wanted).or_else(|| checker.current.connection(id));
    let written = || checker.document.connection.get(id.as_str());
    // One that has problems of its own is there too: they are told at their place.
    found.map(|one| one.marketplace.clone()).or_else(|| written().map(|one| one.marketplace.as_str().into()))
}

fn holds_statements(checker: &Checker<'_>, id: &MarketplaceId) -> bool {
    let desired = checker.desired.marketplaces.iter().find(|one| one.id == *id);
    desired.or_else(|| checker.current.marketplace(id)).is_some_and(|one| one.kind.holds_statements())
}
