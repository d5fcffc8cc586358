//! What tasks wait for before they can be planned: things without a link, each with how many tasks and how much money
//! stand behind it. Read from the tasks alone; no target is asked.

use std::collections::HashMap;

use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::money::Money;
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::task::{Need, TaskState};

use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{MoneyView, totals_by_currency};

/// More tasks than these are not looked at for one page.
const MOST_LOOKED_AT: usize = 20_000;
const AT_ONCE: usize = 1_000;

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) kind: LinkKind,
    pub(super) source: String,
    pub(super) name: String,
    pub(super) tasks: u64,
    pub(super) money: Vec<MoneyView>,
}

#[derive(Debug)]
pub(super) struct Awaited {
    /// What most tasks wait for comes first.
    pub(super) all: Vec<Waiting>,
    /// False: there are more tasks than were looked at.
    pub(super) complete: bool,
}

pub(super) async fn waiting(app: &App, connection: &ConnectionId) -> Result<Awaited, Problem> {
    let filter = TaskFilter {
        connection: Some(connection.clone()),
        states: ["pending".to_owned()].into(),
        ..TaskFilter::default()
    };
    let mut page = PageRequest { after: None, limit: AT_ONCE };
    let mut found: HashMap<(LinkKind, String), (String, Vec<Money>)> = HashMap::new();
    let (mut looked_at, mut complete) = (0, true);
    loop {
        let tasks = app.store().tasks(filter.clone(), page.clone()).await?;
        let Some(last) = tasks.last() else { break };
        if looked_at >= MOST_LOOKED_AT {
            complete = false;
            break;
        }
        looked_at += tasks.len();
        page.after = Some((last.observed_at, last.id.clone()));
        for task in &tasks {
            let TaskState::Pending(needs) = &task.state else { continue };
            for need in needs {
                if let Need::Link { kind, source, name } = need {
                    let (known, money) = found.entry((*kind, source.clone())).or_default();
                    name.clone_into(known);
                    money.push(task.amount);
                }
            }
        }
    }
    let each = found.into_iter().map(|((kind, source), (name, money))| Waiting {
        kind,
        source,
        name,
        tasks: money.len() as u64,
        money: totals_by_currency(money),
    });
    let mut all: Vec<Waiting> = each.collect();
    all.sort_by(|a, b| b.tasks.cmp(&a.tasks).then_with(|| (&a.name, &a.source).cmp(&(&b.name, &b.source))));
    Ok(Awaited { all, complete })
}
