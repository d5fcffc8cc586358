//! Applying a document: read what is there, check, compare, and write it in one commit. Secrets go to the
//! vault first: without their connection they are inert, and applying again repairs an interrupted one.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::id::{Actor, ConnectionId, MarketplaceId};
use counterfoil_domain::ports::{AuditEntry, Write};
use counterfoil_domain::secret::SecretScope;

use super::answer::SetupAnswer;
use super::check::{Current, check};
use super::diff::{Changes, diff};
use super::document::{Plain, SetupDocument};
use crate::parts::App;
use crate::problem::{Code, Fault, OutcomeWord, Problem};

pub(crate) fn refused(faults: Vec<Fault>) -> Problem {
    let many = faults.len();
    Problem::new(
        Code::SetupInvalid,
        format!("The setup document has {many} problem{}.", if many == 1 { "" } else { "s" }),
        "Nothing was written, neither settings nor secrets.",
        "Correct each entry of errors and apply it again.",
    )
    .with(faults)
}

pub(crate) async fn run(
    app: &App,
    document: &SetupDocument,
    dry_run: bool,
    actor: &Actor,
) -> Result<SetupAnswer, Problem> {
    let current = read(app, document).await?;
    let desired = check(document, &current).map_err(refused)?;
    let changes = diff(desired, &current, actor);
    let count = |action: &str| changes.objects.iter().map(|o| u64::from(o.action == action)).sum();
    let answer = SetupAnswer {
        dry_run,
        create: count("create"),
        update: count("update"),
        unchanged: count("unchanged"),
        objects: changes.objects.clone(),
    };
    if !dry_run && answer.changes_something() {
        write(app, changes, actor).await?;
        app.wake();
    }
    Ok(answer)
}

async fn write(app: &App, changes: Changes, actor: &Actor) -> Result<(), Problem> {
    let mut wrote_secret = false;
    for (scope, name, secret) in changes.secrets {
        let put = app.parts.vault.put(&scope, &name, secret).await;
        put.map_err(|error| half_done(error.into(), wrote_secret))?;
        wrote_secret = true;
    }
    let at = app.now();
    let mut writes = changes.writes;
    for object in changes.objects.iter().filter(|object| object.action != "unchanged") {
        let fields = object.fields.iter().map(|field| {
            let before = field.before.as_deref().unwrap_or("(none)");
            format!("{}: {before} → {}", field.name, field.after.as_deref().unwrap_or("(none)"))
        });
        let secrets =
            object.secrets.iter().filter(|s| s.state != "unchanged").map(|s| format!("secret {} {}", s.name, s.state));
        writes.push(Write::Audit(AuditEntry {
            at,
            actor: actor.clone(),
            action: format!("setup.{}", object.action),
            subject: format!("{}/{}", object.kind, object.id),
            detail: fields.chain(secrets).collect::<Vec<_>>().join("; "),
        }));
    }
    app.store().commit(writes).await.map_err(|error| half_done(error.into(), wrote_secret))
}

/// Secrets go first: what breaks off after one of them has changed something.
fn half_done(problem: Problem, wrote_secret: bool) -> Problem {
    if wrote_secret { problem.outcome(OutcomeWord::Committed) } else { problem }
}

async fn read(app: &App, document: &SetupDocument) -> Result<Current, Problem> {
    let store = app.store();
    let mut current = Current {
        resellers: store.resellers().await?,
        marketplaces: store.marketplaces().await?,
        connections: store.connections().await?,
        links: BTreeMap::new(),
        names: BTreeMap::new(),
        secrets: BTreeMap::new(),
        programs: Vec::new(),
        cards: Vec::new(),
        inspect: app.parts.inspect.clone(),
    };
    let targets = &app.parts.targets;
    for (_, card) in targets.cards() {
        let is_listed = current.cards.iter().any(|known| known.id == card.id);
        if let Some(active) = targets.active(&card.id).filter(|_| !is_listed) {
            current.cards.push(active.card().clone());
        }
    }
    for (id, setup) in &document.marketplace {
        let scope = SecretScope::Marketplace(MarketplaceId::from(id.as_str()));
        read_secrets(app, &mut current, scope, setup.secrets.iter()).await?;
    }
    let named: BTreeSet<&str> = document.programs.iter().map(|program| program.connection.as_str()).collect();
    for id in named {
        current.programs.extend(store.programs(&ConnectionId::from(id)).await?);
    }
    for (id, setup) in &document.connection {
        let id = ConnectionId::from(id.as_str());
        read_secrets(app, &mut current, SecretScope::Connection(id.clone()), setup.secrets.iter()).await?;
        if !setup.link.is_empty() {
            let links = store.links(&id, None).await?;
            current.links.insert(id, links);
        }
    }
    Ok(current)
}

async fn read_secrets(
    app: &App,
    current: &mut Current,
    scope: SecretScope,
    given: impl Iterator<Item = (&String, &Plain)> + Send,
) -> Result<(), Problem> {
    for (name, _) in given {
        if let Some(secret) = app.parts.vault.get(&scope, name).await? {
            current.secrets.insert((scope.clone(), name.clone()), secret);
        }
    }
    let names = app.parts.vault.names(&scope).await?;
    current.names.insert(scope, names.into_iter().collect());
    Ok(())
}
