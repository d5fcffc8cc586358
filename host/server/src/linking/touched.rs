//! Which tasks a change of links touches. Owns the looking up; what happens to each is `relink`'s decision.

use std::collections::BTreeSet;

use counterfoil_domain::adjust::{self, Adjustments};
use counterfoil_domain::card::Scenario;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{ConnectionId, SubscriptionId};
use counterfoil_domain::judge::{self, Judgement, Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKind, LinkState};
use counterfoil_domain::market::Subscription;
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::program::{Program, ProgramName};
use counterfoil_domain::relink::{self, Touch};
use counterfoil_domain::rule::IgnoreRule;
use counterfoil_domain::snapshot;
use counterfoil_domain::task::{IgnoreReason, Subject, Task, Verdict};

use crate::parts::App;
use crate::problem::Problem;
use crate::wire::TouchedView;

/// Those that are named; all are counted.
const MOST_NAMED: usize = 200;
const PAGE: usize = 500;
const OPEN: [&str; 6] = ["pending", "ready", "planned", "queued", "retrying", "parked"];

#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) named: Vec<TouchedView>,
    pub(crate) count: u64,
}

/// The connection's rules, with the links as they are and as they would be.
#[derive(Debug)]
struct Bench<'a> {
    connection: &'a Connection,
    scenarios: Vec<Scenario>,
    metered: BTreeSet<String>,
    rules: Vec<IgnoreRule>,
    /// A subscription needs a container.
    containers: bool,
    recurring: bool,
    currency: Option<Currency>,
    program: Option<Program>,
    before: LinkBook,
    after: LinkBook,
    keys: BTreeSet<(LinkKind, String)>,
}

/// What the changed links would do to the connection's tasks.
pub(crate) async fn touched(
    app: &App,
    connection: &Connection,
    known: &[Link],
    changed: &[&Link],
) -> Result<Touched, Problem> {
    let mut touched = Touched::default();
    // Without its plugin a connection has no rules: nothing can be said, and nothing is planned either.
    let Some(target) = app.parts.targets.active(&connection.plugin).filter(|_| !changed.is_empty()) else {
        return Ok(touched);
    };
    let products = app.store().products(&connection.marketplace).await?;
    let settings = target.card().filled(&connection.settings);
    let before = LinkBook::new(known.to_vec());
    let mut after = before.clone();
    changed.iter().for_each(|link| after.insert((*link).clone()));
    let bench = Bench {
        connection,
        scenarios: target.card().scenarios.clone(),
        metered: products.iter().filter(|p| p.metered).map(|p| p.product.code.to_lowercase()).collect(),
        containers: target.card().puts_into_containers(&settings),
        recurring: target.card().recurs(&settings),
        rules: app.store().rules(&connection.id).await?,
        program: program(app, &connection.id).await?,
        currency: products.iter().find_map(|product| product.currency),
        keys: relink::keys(changed.iter().map(|link| &link.key)),
        before,
        after,
    };
    for filter in filters(&bench, known, changed) {
        let mut page = PageRequest { after: None, limit: PAGE };
        loop {
            let tasks = app.store().tasks(filter.clone(), page.clone()).await?;
            let Some(last) = tasks.last() else { break };
            page.after = Some((last.observed_at, last.id.clone()));
            bench.weigh(app, tasks, &mut touched).await?;
        }
    }
    Ok(touched)
}

/// Which tasks can be touched at all.
fn filters(bench: &Bench<'_>, known: &[Link], changed: &[&Link]) -> Vec<TaskFilter> {
    let mut parties = changed.iter().map(|link| link.key.source.as_str()).take(2);
    let only_party = match (parties.next(), parties.next()) {
        (Some(one), None) if changed.iter().all(|link| link.key.kind == LinkKind::Party) => Some(one.into()),
        _ => None,
    };
    let of_connection =
        TaskFilter { connection: Some(bench.connection.id.clone()), customer: only_party, ..TaskFilter::default() };
    let states = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut filters = vec![TaskFilter { states: states(&OPEN), ..of_connection.clone() }];
    let was_never = known.iter().any(|link| {
        link.state == LinkState::NeverSync && bench.keys.contains(&(link.key.kind, link.key.source.clone()))
    });
    if was_never {
        filters.extend([IgnoreReason::ExcludedCustomer, IgnoreReason::ExcludedProduct].map(|reason| TaskFilter {
            states: states(&["ignored"]),
            ignore_reason: Some(reason.name().to_owned()),
            ..of_connection.clone()
        }));
    }
    filters
}

impl Bench<'_> {
    async fn weigh(&self, app: &App, tasks: Vec<Task>, touched: &mut Touched) -> Result<(), Problem> {
        let store = app.store();
        let ids: BTreeSet<SubscriptionId> = tasks.iter().filter_map(|task| task.subscription.clone()).collect();
        let subscriptions = if ids.is_empty() {
            Vec::new()
        } else {
            store.subscriptions(&self.connection.marketplace, Some(ids.into_iter().collect())).await?
        };
        let adjusted = store.adjustments(tasks.iter().map(|task| task.id.clone()).collect()).await?;
        for task in &tasks {
            let subscription =
                subscriptions.iter().find(|subscription| Some(&subscription.id) == task.subscription.as_ref());
            let Some(order) = self.order(app, task, subscription).await? else { continue };
            let adjustments = adjusted.iter().find(|adjustments| adjustments.task == task.id);
            let Some((touch, verdict)) = self.judge(task, &order, subscription, adjustments, app.now()) else {
                continue;
            };
            touched.count += 1;
            if touched.named.len() < MOST_NAMED {
                touched.named.push(view(task, touch, verdict));
            }
        }
        Ok(())
    }

    async fn order(
        &self,
        app: &App,
        task: &Task,
        subscription: Option<&Subscription>,
    ) -> Result<Option<Order>, Problem> {
        match &task.subject {
            Subject::Order { key, .. } => Ok(app.store().order(key).await?),
            Subject::Initial { marketplace, subscription: id } => {
                let key = snapshot::key(marketplace, &task.connection, id);
                let kept = app.store().order(&key).await?;
                let currency = self.currency.unwrap_or(task.amount.currency);
                let anew = || subscription.map(|s| snapshot::order(marketplace, s, currency, task.observed_at));
                Ok(kept.or_else(anew))
            }
        }
    }

    fn judge(
        &self,
        task: &Task,
        order: &Order,
        subscription: Option<&Subscription>,
        adjustments: Option<&Adjustments>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Option<(Touch, Verdict)> {
        let adjusted = adjust::applied(order, adjustments);
        let judged = |links| -> Judgement<'_> {
            let law = Law {
                scenarios: &self.scenarios,
                rules: &self.connection.rules,
                links,
                metered: &self.metered,
                // Links change nothing of what the target can bill in.
                standing: Standing {
                    rules: &self.rules,
                    currencies: None,
                    containers: self.containers,
                    recurring: self.recurring,
                    program: self.program.as_ref(),
                },
                now,
            };
            let judgement = match task.subject {
                Subject::Order { .. } => judge::judge(&adjusted.order, subscription, law),
                Subject::Initial { .. } => snapshot::judge(&adjusted.order, law),
            };
            adjust::judged(&adjusted, adjustments, judgement, law)
        };
        let (before, after) = (judged(&self.before), judged(&self.after));
        let rests = relink::rests_on(order, &before, &self.keys) || relink::rests_on(order, &after, &self.keys);
        relink::touch(&task.state, &before.verdict, &after.verdict, rests).map(|touch| (touch, after.verdict))
    }
}

async fn program(app: &App, connection: &ConnectionId) -> Result<Option<Program>, Problem> {
    let all = app.store().programs(connection).await?;
    Ok(all.into_iter().find(|program| program.name == ProgramName::MicrosoftCsp))
}

fn view(task: &Task, touch: Touch, verdict: Verdict) -> TouchedView {
    let waits = match verdict.naming_customer(&task.customer_name) {
        Verdict::Pending(needs) if matches!(touch, Touch::StillWaits | Touch::WaitsAgain) => {
            let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
            format!(": {}", needs.join("; "))
        }
        _ => String::new(),
    };
    TouchedView {
        id: task.id.to_string(),
        number: task.number.clone(),
        customer_name: task.customer_name.clone(),
        state: task.state.name().to_owned(),
        effect: touch.name().to_owned(),
        text: format!("{}{waits}", touch.sentence()),
    }
}
