//! A route's budgets as the ledger keeps them: which account each limit is counted in.

use counterfoil_domain::card::{BudgetScope, Budgets};

/// One limit of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) scope: BudgetScope,
    /// Shared by all routes with the same.
    pub(crate) account: String,
    pub(crate) calls: u32,
    pub(crate) span_ms: i64,
    pub(crate) remaining_header: Option<String>,
}

impl Line {
    /// Other callers may count in it too.
    pub(crate) fn is_shared(&self) -> bool {
        self.scope != BudgetScope::Connection
    }

    /// The limit's number is left out: when a card changes it, what was counted still counts.
    pub(crate) fn window_key(&self) -> String {
        format!("{}/{}", self.account, self.span_ms)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes {
    pub(crate) lines: Vec<Line>,
    pub(crate) caller: String,
    app: String,
    pub(crate) retry_after_header: String,
    pub(crate) problem_header: Option<String>,
}

impl Scopes {
    pub(crate) fn of(caller: &str, app: &str, budgets: &Budgets) -> Self {
        let mut scopes = Self {
            lines: Vec::new(),
            caller: caller.to_owned(),
            app: app.to_owned(),
            retry_after_header: budgets.retry_after_header.clone(),
            problem_header: budgets.problem_header.clone(),
        };
        for limit in &budgets.limits {
            let line = Line {
                scope: limit.scope,
                account: scopes.account(limit.scope),
                calls: limit.calls,
                span_ms: i64::try_from(limit.window.as_millis()).unwrap_or(i64::MAX / 4).clamp(1, i64::MAX / 4),
                remaining_header: limit.remaining_header.clone(),
            };
            // The same span twice would count each call twice: the stricter limit stands.
            match scopes.lines.iter_mut().find(|known| known.window_key() == line.window_key()) {
                Some(known) => known.calls = known.calls.min(line.calls),
                None => scopes.lines.push(line),
            }
        }
        scopes
    }

    pub(crate) fn account(&self, scope: BudgetScope) -> String {
        match scope {
            BudgetScope::Connection => self.caller.clone(),
            BudgetScope::App => format!("app/{}", self.app),
            BudgetScope::EgressIp => format!("egress-ip/{}", self.app),
        }
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = (BudgetScope, String)> {
        BudgetScope::ALL.iter().map(|scope| (*scope, self.account(*scope)))
    }

    /// Which account a 429 closes: what it says it is about, else the narrowest that has a limit.
    pub(crate) fn blamed(&self, problem: Option<&str>) -> BudgetScope {
        let told = problem.unwrap_or_default().to_ascii_lowercase();
        if told.contains("app") {
            return BudgetScope::App;
        }
        if told.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ip") {
            return BudgetScope::EgressIp;
        }
        let limited = |scope: BudgetScope| self.lines.iter().any(|line| line.scope == scope);
        if problem.is_none() && !limited(BudgetScope::Connection) && limited(BudgetScope::EgressIp) {
            return BudgetScope::EgressIp;
        }
        BudgetScope::Connection
    }
}
