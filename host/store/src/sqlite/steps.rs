//! The steps from each version of the schema to the next, and what SQL alone cannot fill in.

use counterfoil_domain::task::Task;
use rusqlite::{Connection, Transaction, params};
use rusqlite_migration::M;

use super::query::sealed;
use crate::filter::comes_back;
use crate::record::{Stored as _, decode};

pub(super) fn steps() -> Vec<M<'static>> {
    vec![
        M::up(include_str!("../../migrations/0001_base.sql")),
        M::up_with_hook(include_str!("../../migrations/0002_decisions.sql"), |change: &Transaction<'_>| {
            Ok(fill_comes_back(change)?)
        }),
        M::up(include_str!("../../migrations/0003_plugins.sql")),
        M::up(include_str!("../../migrations/0004_parts.sql")),
        M::up(include_str!("../../migrations/0005_catalog.sql")),
        M::up(include_str!("../../migrations/0006_follow_ups.sql")),
        M::up(include_str!("../../migrations/0007_statements.sql")),
        M::up(include_str!("../../migrations/0008_product_rows.sql")),
        M::up(include_str!("../../migrations/0009_mails.sql")),
        M::up(include_str!("../../migrations/0010_restored.sql")),
    ]
}

/// A task that cannot be read is left as it is: whoever reads it is told, and refusing the whole file would help nobody.
fn fill_comes_back(c: &Connection) -> rusqlite::Result<()> {
    // Inside a JSON text, quotes stand escaped: this finds the field and nothing else.
    let mut ignored =
        c.prepare("SELECT body, seal, id FROM tasks WHERE state = 'ignored' AND body LIKE '%\"until\":\"%'")?;
    let mut rows = ignored.query([])?;
    while let Some(row) = rows.next()? {
        let day = decode::<Task>(&sealed(row)?).ok().as_ref().and_then(comes_back);
        if let Some(day) = day {
            let id: String = row.get(2)?;
            c.execute("UPDATE tasks SET comes_back = $1 WHERE id = $2", params![day.to_row(), id])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite_migration::Migrations;

    use super::steps;

    #[test]
    fn every_step_can_be_taken() {
        assert_eq!(Migrations::new(steps()).validate(), Ok(()));
    }
}
