//! How states and money read on pages. Owns the words, so that every page says the same of the same thing.

use crate::wire::MoneyView;

/// What a task's state is to people, and how it is marked.
pub(crate) fn state(name: &str) -> (&'static str, &'static str) {
    match name {
        "pending" => ("needs you", "warn"),
        "ready" => ("ready to preview", "act"),
        "planned" => ("ready to sync", "act"),
        "queued" => ("confirmed", "wait"),
        "sending" => ("sending", "wait"),
        "synced" => ("synced", "good"),
        "uncertain" => ("uncertain", "bad"),
        "retrying" => ("will be tried again", "wait"),
        "parked" => ("parked", "bad"),
        "ignored" => ("ignored", "wait"),
        "superseded" => ("superseded", "wait"),
        "enabled" | "done" | "success" | "active" => ("", "good"),
        "paused" | "incomplete" | "warning" => ("", "warn"),
        "needs-sign-in" | "failed" | "error" => ("", "bad"),
        _ => ("", "wait"),
    }
}

/// The words of a state; its own name where it needs none.
pub(crate) fn words(name: &str) -> String {
    match state(name).0 {
        "" => name.replace('-', " "),
        words => words.to_owned(),
    }
}

pub(crate) fn class(name: &str) -> &'static str {
    state(name).1
}

/// "1,204.50 USD": grouped, the currency beside it.
pub(crate) fn money(money: &MoneyView) -> String {
    format!("{} {}", grouped(&money.amount), money.currency)
}

pub(crate) fn moneys(all: &[MoneyView]) -> String {
    let all: Vec<String> = all.iter().map(money).collect();
    if all.is_empty() { "–".to_owned() } else { all.join(" · ") }
}

/// Thousands apart; what is no plain decimal stays as it is.
pub(crate) fn grouped(amount: &str) -> String {
    let (sign, rest) = amount.strip_prefix('-').map_or(("", amount), |rest| ("\u{2212}", rest));
    let (whole, cents) = rest.split_once('.').unwrap_or((rest, ""));
    if whole.is_empty() || !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return amount.to_owned();
    }
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    let cents = if cents.is_empty() { String::new() } else { format!(".{cents}") };
    format!("{sign}{text}{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_and_never_computed() {
        for (amount, text) in [
            ("0.00", "0.00"),
            ("41.80", "41.80"),
            ("1204.50", "1,204.50"),
            ("-1234567.001", "\u{2212}1,234,567.001"),
            ("999", "999"),
            ("1e5", "1e5"),
        ] {
            assert_eq!(grouped(amount), text);
        }
    }

    #[test]
    fn every_state_of_a_task_has_words() {
        for name in counterfoil_domain::task::TaskState::NAMES {
            assert!(!state(name).0.is_empty(), "{name}");
        }
    }
}
