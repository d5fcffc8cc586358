//! What a task waits for before it may be planned or confirmed: looks up who else there is.

use counterfoil_domain::connection::Connection;
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::task::Task;
use counterfoil_domain::turn::{self, Entry, KEEPS_WAITING, Waits};

use super::connection;
use crate::parts::App;
use crate::problem::Problem;

/// More open tasks of one customer than this are not looked through for one of them.
const MOST_OPEN: usize = 5_000;

/// None: nothing stands before it, or it is over.
pub(super) async fn waits_for(app: &App, task: &Task) -> Result<Option<Waits>, Problem> {
    if !["pending", "ready", "planned"].contains(&task.state.name()) {
        return Ok(None);
    }
    let connection = connection(app, task.connection.as_str()).await?;
    waits_on(app, &connection, task).await
}

pub(super) async fn waits_on(app: &App, connection: &Connection, task: &Task) -> Result<Option<Waits>, Problem> {
    let in_order = app.parts.targets.active(&connection.plugin).and_then(|target| target.card().in_order);
    if !turn::may_wait(task, in_order) {
        return Ok(None);
    }
    let filter = TaskFilter {
        connection: Some(connection.id.clone()),
        states: KEEPS_WAITING.iter().map(|state| (*state).to_owned()).collect(),
        customer: Some(task.customer.clone()),
        ..TaskFilter::default()
    };
    let open = app.store().tasks(filter, PageRequest { after: None, limit: MOST_OPEN }).await?;
    let mut entries = Vec::new();
    for other in open.into_iter().filter(|other| other.subscription == task.subscription) {
        let order = app.store().order(&turn::order_key(&other)).await?;
        entries.push(Entry::new(other, order.as_ref()));
    }
    let Some(own) = entries.iter().find(|entry| entry.task.id == task.id) else { return Ok(None) };
    Ok(turn::waits_for(own, &entries, in_order))
}
