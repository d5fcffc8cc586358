//! Notices on the wire: what happened, what it means for the money, what to do.

use counterfoil_domain::connection::Connection;
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::notice::Notice;
use counterfoil_domain::task::Task;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MoneyView, Time};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Notice)]
pub struct NoticeView {
    /// needs-link · needs-decision · plan-blocked · plan-needs-person · parked · uncertain · needs-sign-in ·
    /// connection-paused · waits-for-approval · follow-up-stopped · ready · planned · on-its-way · retrying · synced · ignored · superseded
    pub kind: String,
    /// It waits for somebody.
    pub is_problem: bool,
    pub connection: String,
    /// None: it is about the connection itself.
    pub task: Option<String>,
    pub number: Option<String>,
    pub customer_name: Option<String>,
    pub amount: Option<MoneyView>,
    /// None: it is so now, since when is not kept.
    pub at: Option<Time>,
    pub happened: String,
    /// What it means for the money.
    pub money: String,
    /// What to do.
    pub act: String,
}

impl NoticeView {
    fn new(connection: &str, notice: Notice) -> Self {
        Self {
            kind: notice.kind.name().to_owned(),
            is_problem: notice.kind.is_problem(),
            connection: connection.to_owned(),
            task: None,
            number: None,
            customer_name: None,
            amount: None,
            at: None,
            happened: notice.happened,
            money: notice.money,
            act: notice.act,
        }
    }

    pub(crate) fn of_connection(connection: &Connection, notice: Notice) -> Self {
        Self::new(connection.id.as_str(), notice)
    }

    pub(crate) fn of_task(task: &Task, notice: Notice) -> Self {
        Self {
            task: Some(task.id.to_string()),
            number: Some(task.number.clone()),
            customer_name: Some(task.customer_name.clone()),
            amount: Some(task.amount.into()),
            at: Some(task.updated_at.into()),
            ..Self::new(task.connection.as_str(), notice)
        }
    }
}

impl NoticeView {
    /// Since it waits.
    pub(crate) fn of_follow_up(one: &FollowUp, task: &Task, notice: Notice) -> Self {
        Self { at: Some(one.begun_at.into()), ..Self::of_task(task, notice) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticePage {
    /// What is so of connections, and steps that have waited too long, stand first, on the first page; tasks follow, newest first.
    pub notices: Vec<NoticeView>,
    pub has_more: bool,
    pub next: Option<String>,
}
