//! A statement that comes a second time.

use chrono::{DateTime, Utc};
use counterfoil_sim::statements::oracle;
use counterfoil_sim::statements::{Grouping, NoSuchStatement, Reissue, StatementWorld};
use rust_decimal::Decimal;

use crate::amount;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn each_way_to_issue_it_again_moves_the_money_once() {
    let (before, again, after) = (at("2026-02-10T00:00:00Z"), at("2026-02-20T09:00:00Z"), at("2026-02-21T00:00:00Z"));
    // How, whether the id stays, whether the former is still listed, what it adds.
    let table = [
        (Reissue::SameIdChanged, true, true, "7.25"),
        (Reissue::NewIdSame, false, false, "0"),
        (Reissue::NewIdSameBeside, false, true, "0"),
        (Reissue::NewIdChanged, false, false, "7.25"),
    ];
    for (how, stays, listed, more) in table {
        let mut world = StatementWorld::fixture(Grouping::Provisions);
        let old = world.statements()[0].clone();
        let was = oracle::expected(&world);
        let id = world.reissue(old.id, how, again).unwrap();
        assert_eq!(id == old.id, stays, "{how:?}");
        assert_eq!(world.listed(old.id, after).is_some(), listed, "{how:?}");
        assert_eq!(world.listed(id, after).unwrap().revision, 2, "{how:?}");
        assert_eq!(world.listed(id, before).is_some(), stays, "{how:?}: a new one is not listed before it is made");
        let now = oracle::expected(&world);
        assert_eq!(now.retail("USD") - was.retail("USD"), amount(more), "{how:?}");
        assert_eq!(now.statements.len(), was.statements.len(), "{how:?}");
        assert_eq!(now.closing, was.closing, "{how:?}: an adjustment does not recur");
        let cost = if amount(more) == Decimal::ZERO { Decimal::ZERO } else { amount("5.80") };
        assert_eq!(now.statements[&id] - was.statements[&old.id], cost, "{how:?}");
    }
}

#[test]
fn a_statement_that_is_not_in_force_is_not_issued_again() {
    let mut world = StatementWorld::fixture(Grouping::Provisions);
    let id = world.statements()[0].id;
    let now = at("2026-02-20T09:00:00Z");
    world.reissue(id, Reissue::NewIdSameBeside, now).unwrap();
    assert_eq!(world.reissue(id, Reissue::SameIdChanged, now), Err(NoSuchStatement(id)));
    assert_eq!(world.reissue(1, Reissue::SameIdChanged, now), Err(NoSuchStatement(1)));
}
