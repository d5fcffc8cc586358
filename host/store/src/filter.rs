//! What a task filter means, for both stores.

use chrono::NaiveDate;
use counterfoil_domain::ports::TaskFilter;
use counterfoil_domain::task::{Task, TaskState, Until};

use crate::counts::reason_of;

/// What the text of a filter is looked for in: lower case, parts kept apart by a character nobody types.
pub(crate) fn haystack(task: &Task) -> String {
    format!("{}\u{1f}{}\u{1f}{}", task.number, task.customer_name, task.customer).to_lowercase()
}

/// None: the filter asks for no text.
pub(crate) fn needle(filter: &TaskFilter) -> Option<String> {
    filter.text.as_ref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty())
}

/// The day on which it comes back by itself, of an ignored task.
pub(crate) fn comes_back(task: &Task) -> Option<NaiveDate> {
    match &task.state {
        TaskState::Ignored(ignored) => ignored.until.as_ref().and_then(Until::day),
        _ => None,
    }
}

/// Everything of it but connection, states and statement, which are looked up.
pub(crate) fn fits(filter: &TaskFilter, needle: Option<&str>, task: &Task) -> bool {
    filter.customer.as_ref().is_none_or(|customer| *customer == task.customer)
        && filter.ignore_reason.as_ref().is_none_or(|reason| reason_of(task) == reason.as_str())
        && filter.back_by.is_none_or(|latest| comes_back(task).is_some_and(|day| day <= latest))
        && needle.is_none_or(|needle| haystack(task).contains(needle))
}
