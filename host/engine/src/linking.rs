//! Links that make themselves: a unique exact key on both sides. Everything else waits for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use counterfoil_domain::adjust;
use counterfoil_domain::connection::{Connection, ManyToOne};
use counterfoil_domain::digest::Digester;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::{Actor, CustomerId};
use counterfoil_domain::link::{Link, LinkKind, LinkState};
use counterfoil_domain::matching::{self, Keys, NoMatch};
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::ports::{AuditEntry, CallError, Exchange, PageRequest, Target, TaskFilter, Write};
use counterfoil_domain::task::{Event, Need, Task, TaskState, next};

use crate::comeback;
use crate::engine::{Engine, EngineError};
use crate::exchange::ReadOnly;
use crate::ground::{self, LawBook};
use crate::in_vain::Sought;
use crate::patience::{self, Patience};
use crate::progress::Progress;

/// More pages than any catalogue has: a target that never ends its list is broken.
const MOST_PAGES: usize = 2_000;

/// Links what can be linked, and judges again what waited for it.
pub(crate) async fn link_by_keys(
    engine: &Engine,
    connection: &Connection,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let pending = pending(engine, connection).await?;
    let (parties, items) = wanted(&pending);
    if parties.is_empty() && items.is_empty() {
        return Ok(());
    }
    let target = engine.target(connection)?;
    let links = match find(engine, connection, &target, &parties, &items, progress).await {
        Ok(links) => links,
        Err(EngineError::Call(error)) => {
            let text = format!(
                "links could not be looked up in {}: {error}. Tasks wait for their links; nothing is lost.",
                connection.name
            );
            progress.shortfall("linking-failed", connection.id.to_string(), text);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    progress.count("links-made", links.len() as u64);
    let now = engine.clock.now();
    for chunk in links.chunks(500) {
        let mut writes: Vec<Write> = chunk.iter().cloned().map(Write::PutLink).collect();
        writes.extend(chunk.iter().map(|link| {
            Write::Audit(AuditEntry {
                at: now,
                actor: Actor::new("rules"),
                action: "link".to_owned(),
                subject: format!("{}/{}", link.key.kind, link.key.source),
                detail: link.why.clone(),
            })
        }));
        engine.store.commit(writes).await?;
    }
    judge_again(engine, connection, pending, progress).await
}

/// Every task of the connection that waits for something.
pub(crate) async fn pending(engine: &Engine, connection: &Connection) -> Result<Vec<Task>, EngineError> {
    in_state(engine, connection, &["pending"]).await
}

pub(crate) async fn in_state(
    engine: &Engine,
    connection: &Connection,
    states: &[&str],
) -> Result<Vec<Task>, EngineError> {
    let filter = TaskFilter {
        connection: Some(connection.id.clone()),
        states: states.iter().map(|state| (*state).to_owned()).collect(),
        ..TaskFilter::default()
    };
    let mut page = PageRequest { after: None, limit: 1_000 };
    let mut all = Vec::new();
    loop {
        let tasks = engine.store.tasks(filter.clone(), page.clone()).await?;
        let Some(last) = tasks.last() else { return Ok(all) };
        page.after = Some((last.observed_at, last.id.clone()));
        all.extend(tasks);
    }
}

fn wanted(tasks: &[Task]) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let mut parties = BTreeSet::new();
    let mut items = BTreeMap::new();
    for task in tasks {
        let TaskState::Pending(needs) = &task.state else { continue };
        for need in needs {
            match need {
                Need::Link { kind: LinkKind::Party, source, .. } => {
                    parties.insert(source.clone());
                }
                Need::Link { kind: LinkKind::Item, source, name } => {
                    items.insert(source.clone(), name.clone());
                }
                Need::Link { .. } | Need::Decision { .. } => {}
            }
        }
    }
    (parties, items)
}

/// The customers and products that wait, and who asks for them.
struct Wanted<'a> {
    engine: &'a Engine,
    connection: &'a Connection,
    target: &'a Arc<dyn Target>,
    /// Nobody waits for the answer: what was not there a while ago need not be listed again.
    by_itself: bool,
}

async fn find(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    parties: &BTreeSet<String>,
    items: &BTreeMap<String, String>,
    progress: &mut Progress,
) -> Result<Vec<Link>, EngineError> {
    let users = engine.store.users().await?;
    let by_itself = !users.iter().any(|user| user.name == progress.run.asked_by);
    let wanted = Wanted { engine, connection, target, by_itself };
    let mut links = Vec::new();
    if !parties.is_empty() {
        links.extend(wanted.parties(parties, progress).await?);
    }
    if !items.is_empty() {
        links.extend(wanted.items(items, progress).await?);
    }
    Ok(links)
}

impl Wanted<'_> {
    async fn parties(&self, ids: &BTreeSet<String>, progress: &mut Progress) -> Result<Vec<Link>, EngineError> {
        let (engine, connection) = (self.engine, self.connection);
        let ids = ids.iter().map(|id| CustomerId::new(id.clone())).collect();
        let customers = engine.store.customers(&connection.marketplace, Some(ids)).await?;
        let sought: Vec<Sought> = customers.iter().map(|customer| self.sought(&matching::known_by(customer))).collect();
        if let Some(missed) = self.recall(LinkKind::Party, &sought) {
            for (customer, no) in customers.iter().zip(missed) {
                not_linked(&no, "customer", &customer.name, progress);
            }
            return Ok(Vec::new());
        }
        let entities = list(engine, connection, self.target, "party").await?;
        let keys = Keys::of(&entities);
        let mut taken = taken(engine, connection, LinkKind::Party).await?;
        let everybody = engine.store.customers(&connection.marketplace, None).await?;
        let shared = matching::shared_keys(&everybody);
        let (mut links, mut missed) = (Vec::new(), BTreeMap::new());
        for (customer, sought) in customers.iter().zip(sought) {
            match matching::party(&connection.id, customer, &keys, &shared, &taken) {
                Ok(link) => {
                    if let LinkState::Linked(target) = &link.state {
                        taken.insert(target.id.to_string(), customer.id.to_string());
                    }
                    links.push(link);
                }
                Err(no) => {
                    not_linked(&no, "customer", &customer.name, progress);
                    missed.insert(sought, no);
                }
            }
        }
        self.remember(LinkKind::Party, missed);
        Ok(links)
    }

    async fn items(&self, items: &BTreeMap<String, String>, progress: &mut Progress) -> Result<Vec<Link>, EngineError> {
        let (engine, connection) = (self.engine, self.connection);
        let sought: Vec<Sought> = items.keys().map(|code| self.sought(std::slice::from_ref(code))).collect();
        if let Some(missed) = self.recall(LinkKind::Item, &sought) {
            for (name, no) in items.values().zip(missed) {
                not_linked(&no, "product", name, progress);
            }
            return Ok(Vec::new());
        }
        let entities = list(engine, connection, self.target, "item").await?;
        let keys = Keys::of(&entities);
        let many_to_one = connection.rules.many_to_one != ManyToOne::One;
        let mut taken = if many_to_one { BTreeMap::new() } else { taken(engine, connection, LinkKind::Item).await? };
        let (mut links, mut missed) = (Vec::new(), BTreeMap::new());
        for ((code, name), sought) in items.iter().zip(sought) {
            let product = ProductRef { code: code.clone(), name: name.clone() };
            match matching::item(&connection.id, &product, &keys, &taken) {
                Ok(link) => {
                    if let LinkState::Linked(target) = &link.state
                        && !many_to_one
                    {
                        taken.insert(target.id.to_string(), code.clone());
                    }
                    links.push(link);
                }
                Err(no) => {
                    not_linked(&no, "product", name, progress);
                    missed.insert(sought, no);
                }
            }
        }
        self.remember(LinkKind::Item, missed);
        Ok(links)
    }

    /// Another version of the plugin may find what this one does not.
    fn sought(&self, known_by: &[String]) -> Sought {
        let mut digest = Digester::new("sought");
        digest.text(self.target.digest().as_str());
        known_by.iter().for_each(|key| {
            digest.text(key);
        });
        Sought(digest.short())
    }

    fn recall(&self, kind: LinkKind, sought: &[Sought]) -> Option<Vec<NoMatch>> {
        let now = self.engine.clock.now();
        self.by_itself.then(|| self.engine.in_vain.recall((&self.connection.id, kind), sought, now)).flatten()
    }

    fn remember(&self, kind: LinkKind, missed: BTreeMap<Sought, NoMatch>) {
        self.engine.in_vain.remember((&self.connection.id, kind), missed, self.engine.clock.now());
    }
}

/// Target things that have a source already: two customers on one party is a person's decision.
async fn taken(
    engine: &Engine,
    connection: &Connection,
    kind: LinkKind,
) -> Result<BTreeMap<String, String>, EngineError> {
    let links = engine.store.links(&connection.id, Some(kind)).await?;
    Ok(links
        .into_iter()
        .filter_map(|link| match link.state {
            LinkState::Linked(target) => Some((target.id.to_string(), link.key.source)),
            LinkState::Unlinked | LinkState::NeverSync => None,
        })
        .collect())
}

fn not_linked(no: &NoMatch, what: &str, name: &str, progress: &mut Progress) {
    match no {
        NoMatch::Nothing => progress.count("links-missing", 1),
        NoMatch::Several { key, targets } => {
            progress.count("links-missing", 1);
            let text =
                format!("{what} {name} was not linked by itself: {key} is held by {}. Choose one.", targets.join(", "));
            progress.problem("link-ambiguous", name, text);
        }
        NoMatch::Shared { key, customers } => {
            progress.count("links-missing", 1);
            let text = format!(
                "{what} {name} was not linked by itself: {key} belongs to {} in the marketplace. Choose who is who.",
                customers.join(", ")
            );
            progress.problem("link-ambiguous", name, text);
        }
        NoMatch::Taken { target, by } => {
            progress.count("links-missing", 1);
            let text = format!("{what} {name} was not linked by itself: {target} is linked to {what} {by} already.");
            progress.problem("link-taken", name, text);
        }
    }
}

pub(crate) fn read_only(engine: &Engine, connection: &Connection, target: &Arc<dyn Target>) -> Arc<dyn Exchange> {
    Arc::new(ReadOnly::new(engine.over(), connection.id.clone(), target.card()))
}

pub(crate) async fn list(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    kind: &str,
) -> Result<Vec<Entity>, EngineError> {
    let exchange = read_only(engine, connection, target);
    let mut all = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let mut patience = Patience::default();
        let page = loop {
            let page = target.search(Arc::clone(&exchange), kind.to_owned(), String::new(), cursor.clone()).await;
            if !patience.again(patience::after(&page)).await {
                break page?;
            }
        };
        all.extend(page.entities);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
    Err(EngineError::Call(CallError::Nonsense(format!("the list of kind \"{kind}\" has more than {MOST_PAGES} pages"))))
}

/// Evaluates the rules again for tasks that waited.
pub(crate) async fn judge_again(
    engine: &Engine,
    connection: &Connection,
    tasks: Vec<Task>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let book = LawBook::load(engine, connection).await?;
    let now = engine.clock.now();
    let mut writes = Vec::new();
    let adjustments = ground::adjustments(engine, &tasks).await?;
    for task in tasks {
        let set = adjustments.get(&task.id);
        // A decision belongs to a person; links cannot take it.
        let decides = matches!(&task.state, TaskState::Pending(needs) if needs.iter().any(|n| matches!(n, Need::Decision { .. })));
        let Some(order) = ground::order_of(engine, &task, &book).await? else { continue };
        if decides && !was_unignored(&task) {
            continue;
        }
        let subscription = match &order.subscription {
            Some(id) => engine.store.subscriptions(&connection.marketplace, Some(vec![id.clone()])).await?.pop(),
            None => None,
        };
        let adjusted = adjust::applied(&order, set);
        let law = book.law(connection, now);
        let asked = match was_unignored(&task) && set.is_none_or(|set| set.decided.is_none()) {
            true => comeback::question(engine, connection, law, &task, &order, subscription.as_ref()).await?,
            false => None,
        };
        let judged = || ground::judge_task(&task, &adjusted, set, subscription.as_ref(), law).verdict;
        let verdict = asked.unwrap_or_else(judged).naming_customer(&task.customer_name);
        let state = next(task.state.clone(), Event::Judged(verdict)).ok().filter(|state| *state != task.state);
        if let Some(state) = state {
            progress.count("tasks-judged-again", 1);
            writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
        }
    }
    for chunk in writes.chunks(500) {
        engine.store.commit(chunk.to_vec()).await?;
    }
    Ok(())
}

fn was_unignored(task: &Task) -> bool {
    matches!(&task.state, TaskState::Pending(needs) if needs.contains(&Need::rules()))
}
