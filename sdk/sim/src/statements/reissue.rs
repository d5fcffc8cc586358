//! Owns: how a statement that was listed before is issued anew.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::model::StatementWorld;
use super::motion::Schedule;
use super::record::{Charge, Record, Share};
use super::statement::Statement;

/// What is new about a statement that is issued again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reissue {
    /// The id stays, the content is another.
    SameIdChanged,
    /// The content stays, the id is another, and the former is gone from the list.
    NewIdSame,
    /// As above, with the former still listed.
    NewIdSameBeside,
    /// Id and content are others; the former is gone.
    NewIdChanged,
}

/// Nothing with this id is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchStatement(pub u32);

impl StatementWorld {
    /// Issues a statement again and gives the id it now has. A change is one adjustment more, for the first line that
    /// recurs: 5.80 cost and 7.25 retail.
    ///
    /// # Errors
    /// When no statement with this id is in force.
    pub fn reissue(&mut self, id: u32, how: Reissue, now: DateTime<Utc>) -> Result<u32, NoSuchStatement> {
        let next = self.statements.iter().map(|one| one.id).max().unwrap_or(0) + 1;
        let in_force = |one: &&mut Statement| one.id == id && !one.superseded && !one.withdrawn;
        let old = self.statements.iter_mut().find(in_force).ok_or(NoSuchStatement(id))?;
        if how == Reissue::SameIdChanged {
            change(old);
            old.revision += 1;
            return Ok(id);
        }
        let mut new = old.clone();
        old.superseded = true;
        old.withdrawn = how != Reissue::NewIdSameBeside;
        new.id = next;
        new.revision += 1;
        new.issued = now;
        if how == Reissue::NewIdChanged {
            change(&mut new);
        }
        self.statements.push(new);
        Ok(next)
    }
}

fn change(statement: &mut Statement) {
    let recurs = |record: &&Record| record.motion.schedule() == Schedule::Monthly && record.tenant.is_some();
    let Some(model) = statement.records.iter().find(recurs).or_else(|| statement.records.first()) else { return };
    let added = Record {
        charge: Charge::Adjustment,
        quantity: Decimal::ONE,
        share: Share::WHOLE,
        unit_cost: Decimal::new(580, 2),
        unit_retail: Decimal::new(725, 2),
        ..model.clone()
    };
    statement.records.push(added.priced());
    statement.add_up();
}
