//! What a page says of what was just done: carried over a redirect as a word and figures, never as text, so that an address
//! cannot put words into the page.

use axum::response::{IntoResponse, Redirect, Response};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) class: &'static str,
    pub(crate) text: String,
}

/// Words that redirects carry, each with its class and sentence; `#` is the figure.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("ignored", "good", "# ignored. The money stays in view under Ignored, and each can be taken back."),
    ("taken-back", "good", "# taken back. The rules are evaluated again."),
    ("user-added", "good", "Added. The person may sign in with this password."),
    ("user-removed", "good", "Removed: sessions and tokens of that name end now. The audit log keeps what was done."),
    ("token-removed", "good", "The token opens nothing any more."),
    ("saved", "good", "Saved."),
    ("linked", "good", "Linked. Tasks that waited for it are evaluated again."),
    ("unlinked", "good", "The link is gone. Tasks that need it wait."),
    ("never", "good", "It is never synchronized from now on."),
    ("removed", "good", "Removed."),
    ("resolved", "good", "Your decision is kept, and carried out now."),
    ("adjusted", "good", "Kept. Preview the task again: a plan from before does not count any more."),
    ("rule-made", "good", "The rule is kept. Open tasks that fit it are ignored now, and their money stays in view."),
    ("rule-removed", "good", "The rule is gone. Tasks that it ignored and that are judged anew: #."),
    ("rule-kept", "good", "The rule is gone. Tasks that it ignored and that stay ignored: #."),
    ("link-same", "warn", "It was so already, so nothing was changed."),
    ("nothing-chosen", "warn", "Nothing was chosen, so nothing was done. Choose rows first."),
    ("imported", "good", "# links were imported."),
    ("paused", "good", "The connection is paused: nothing is sent until it is enabled again."),
    ("enabled", "good", "The connection is enabled."),
    (
        "connected",
        "good",
        "The connection is made. Test it: the target says who it is. Nothing is read or sent before a check.",
    ),
    ("program-on", "good", "The program is enabled. What it lets through comes back by itself."),
    (
        "program-off",
        "good",
        "The program is off. Nothing of its statements is billed, and their money is shown as held back.",
    ),
    ("works", "good", "The connection works: the target answered."),
    ("activated", "good", "New work goes to this version now; work under way ends on its own."),
    ("rolled-back", "good", "New work goes to the former version again; work under way ends on its own."),
    ("preset", "good", "The options are kept under that name."),
    ("mapped", "good", "Mapped. Statements of this customer go there from now on."),
    ("unmapped", "good", "The mapping is gone: the customer's statements wait, and their money is shown."),
];

impl Said {
    /// From the query of a page: "ignored" or "ignored.3".
    pub(crate) fn read(code: Option<&str>) -> Option<Self> {
        let (word, figure) = code?.split_once('.').unwrap_or((code?, ""));
        let (_, class, sentence) = SENTENCES.iter().find(|(known, ..)| *known == word)?;
        let figure: u64 = figure.parse().unwrap_or(1);
        Some(Self { class, text: sentence.replace('#', &figure.to_string()) })
    }
}

/// Back to a page, saying what was done. `to` is one of ours.
pub(crate) fn back(to: &str, word: &str, figure: Option<u64>) -> Response {
    let separator = if to.contains('?') { '&' } else { '?' };
    let figure = figure.map(|figure| format!(".{figure}")).unwrap_or_default();
    Redirect::to(&format!("{to}{separator}said={word}{figure}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_nothing_of_its_own() {
        assert_eq!(Said::read(Some("ignored.3")).unwrap().text.split(' ').next(), Some("3"));
        assert_eq!(Said::read(Some("saved")).unwrap().text, "Saved.");
        for code in ["", "hello", "ignored<script>", "x.3"] {
            assert_eq!(Said::read(Some(code)), None, "{code}");
        }
        assert_eq!(Said::read(Some("ignored.<b>")).unwrap().text.split(' ').next(), Some("1"));
        assert_eq!(Said::read(None), None);
    }
}
