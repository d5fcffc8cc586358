//! One product at a time: the intent on disk, the call, what came of it. Owns which key a try goes under.

use counterfoil_domain::directory::Entity;
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::id::{Actor, EntityId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::ports::{AuditEntry, CallError, Write};
use counterfoil_domain::product_sync::{self, ProductRow, ProductState, Step, Wanted};

use super::{Scene, is_away, state_of};
use rust_decimal::Decimal;

use crate::engine::{Engine, EngineError};
use crate::entity;
use crate::patience::{self, Patience};
use crate::progress::Progress;

#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) engine: &'a Engine,
    pub(super) scene: &'a Scene,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Over,
    /// It was left as it was, and so would be the next.
    TargetAway,
}

/// The item that is there now, what it was asked to cost, and what was done for it.
struct Made {
    entity: Entity,
    asked: (Option<Decimal>, Option<Decimal>),
    count: &'static str,
    why: String,
}

impl Desk<'_> {
    pub(super) async fn carry_out(
        self,
        wanted: &Wanted,
        step: Step,
        progress: &mut Progress,
    ) -> Result<Done, EngineError> {
        match step {
            Step::Keep { item, active } => self.keep(wanted, &item, active, progress).await,
            Step::Skip(why) => {
                progress.count("products-skipped", 1);
                self.rest(wanted, ProductState::Skipped, why.text().to_owned()).await
            }
            Step::Conflict { items } => {
                let named: Vec<String> = items.iter().take(5).map(|id| self.called(id)).collect();
                let note = format!("several items carry the SKU: {}. Link one of them.", named.join(", "));
                progress.problem("product-conflict", wanted.code.clone(), note.clone());
                progress.count("products-in-conflict", 1);
                self.rest(wanted, ProductState::Conflict, note).await
            }
            Step::Create { again } => self.create(wanted, again, progress).await,
            Step::Take { item, differs: false } => {
                let Some(entity) = self.scene.items.get(&item).cloned() else { return Ok(Done::Over) };
                let why = "it carries the SKU already".to_owned();
                let asked = (wanted.price, wanted.cost);
                let made = Made { entity, asked, count: "products-linked", why };
                self.made(wanted, self.row(wanted), made, progress).await
            }
            Step::Take { item, differs: true } => self.revise(wanted, item, "products-linked", progress).await,
            Step::Revise { item } => self.revise(wanted, item, "products-updated", progress).await,
        }
    }

    /// What is no longer in the source stays in the target for ever; here it is said.
    pub(super) async fn orphan(self, progress: &mut Progress) -> Result<(), EngineError> {
        let gone = self.scene.rows.values().filter(|row| !self.scene.wanted.contains_key(&row.code));
        let now = self.engine.clock.now();
        let mut writes = Vec::new();
        for row in gone.filter(|row| row.item.is_some()) {
            progress.count("products-orphaned", 1);
            if row.state != ProductState::Orphaned {
                let note = "no longer in the source, or no longer selected; its item stays in the target".to_owned();
                let row = ProductRow { state: ProductState::Orphaned, note, updated_at: now, ..row.clone() };
                writes.push(Write::PutProductRow(row));
            }
        }
        for chunk in writes.chunks(500) {
            self.engine.store.commit(chunk.to_vec()).await?;
        }
        Ok(())
    }

    fn row(self, wanted: &Wanted) -> ProductRow {
        let (connection, program) = (&self.scene.connection.id, self.scene.program.name);
        let fresh = || ProductRow::new(connection.clone(), program, wanted, self.engine.clock.now());
        let known = self.scene.rows.get(&wanted.code).cloned();
        ProductRow { title: wanted.title.clone(), ..known.unwrap_or_else(fresh) }
    }

    fn called(self, id: &EntityId) -> String {
        let name = self.scene.items.get(id).map(|item| item.name.as_str()).unwrap_or_default();
        if name.is_empty() { id.to_string() } else { format!("{name} ({id})") }
    }

    async fn keep(
        self,
        wanted: &Wanted,
        item: &EntityId,
        active: bool,
        progress: &mut Progress,
    ) -> Result<Done, EngineError> {
        progress.count("products-unchanged", 1);
        let state = if active { ProductState::Synced } else { ProductState::Inactive };
        let row = self.row(wanted);
        // Most of a daily run: nothing is written for what stands as it stood.
        if row.state == state && row.item.as_ref() == Some(item) && (row.price, row.cost) == (wanted.price, wanted.cost)
        {
            return Ok(Done::Over);
        }
        let shown = self.scene.items.get(item);
        let row = ProductRow {
            state,
            item: Some(item.clone()),
            price: wanted.price,
            cost: wanted.cost,
            stored_price: shown.and_then(|item| item.price),
            stored_cost: shown.and_then(|item| item.cost),
            note: String::new(),
            updated_at: self.engine.clock.now(),
            ..row
        };
        self.engine.store.commit(vec![Write::PutProductRow(row)]).await?;
        Ok(Done::Over)
    }

    async fn rest(self, wanted: &Wanted, state: ProductState, note: String) -> Result<Done, EngineError> {
        let row = self.row(wanted);
        if row.state != state || row.note != note {
            let row = ProductRow { state, note, updated_at: self.engine.clock.now(), ..row };
            self.engine.store.commit(vec![Write::PutProductRow(row)]).await?;
        }
        Ok(Done::Over)
    }

    /// The intent: from here on a creation may have happened.
    async fn begin(self, wanted: &Wanted) -> Result<(ProductRow, bool), EngineError> {
        let row = self.row(wanted);
        let resumed = row.state == ProductState::Writing && row.item.is_none();
        if resumed {
            // The same key, for the same request: it may be there already.
            return Ok((row, true));
        }
        let turn = row.turn.saturating_add(1);
        let (price, cost) = (wanted.price, wanted.cost);
        let now = self.engine.clock.now();
        let row = ProductRow { state: ProductState::Writing, item: None, price, cost, turn, updated_at: now, ..row };
        self.engine.store.commit(vec![Write::PutProductRow(row.clone())]).await?;
        Ok((row, false))
    }

    async fn create(self, wanted: &Wanted, again: bool, progress: &mut Progress) -> Result<Done, EngineError> {
        let (row, resumed) = self.begin(wanted).await?;
        let asked = Wanted { price: row.price, cost: row.cost, ..wanted.clone() };
        let listed = self.scene.listed && !resumed;
        let draft = product_sync::draft(&self.scene.program, &asked, row.turn, listed);
        let mut patience = Patience::default();
        let (connection, target) = (&self.scene.connection, &self.scene.target);
        let created = loop {
            let over = self.engine.over();
            let created = entity::create(over, connection, target, "item".to_owned(), draft.clone()).await;
            if !patience.again(patience::after(&created)).await {
                break created;
            }
        };
        match created {
            Ok(entity) => {
                let count = if again { "products-created-again" } else { "products-created" };
                let why = if again { "it was deleted in the target and made again" } else { "made by product sync" }
                    .to_owned();
                let asked = (row.price, row.cost);
                self.made(wanted, row, Made { entity, asked, count, why }, progress).await
            }
            Err(error) => self.failed(row, &error, progress).await,
        }
    }

    async fn revise(
        self,
        wanted: &Wanted,
        item: EntityId,
        count: &'static str,
        progress: &mut Progress,
    ) -> Result<Done, EngineError> {
        // However the last try ended: the target is read before it is written, so a new key does nothing twice.
        let row = self.row(wanted);
        let turn = row.turn.saturating_add(1);
        let row = ProductRow { turn, updated_at: self.engine.clock.now(), ..row };
        self.engine.store.commit(vec![Write::PutProductRow(row.clone())]).await?;
        let draft = product_sync::draft(&self.scene.program, wanted, turn, false);
        let mut patience = Patience::default();
        let (connection, target) = (&self.scene.connection, &self.scene.target);
        let revised = loop {
            let what = ("item".to_owned(), item.clone());
            let revised = entity::revise(self.engine.over(), connection, target, what, draft.clone()).await;
            if !patience.again(patience::after(&revised)).await {
                break revised;
            }
        };
        match revised {
            Ok(entity) => {
                let asked = (wanted.price, wanted.cost);
                let why = "it carries the SKU already".to_owned();
                self.made(wanted, row, Made { entity, asked, count, why }, progress).await
            }
            Err(error) => self.failed(ProductRow { item: Some(item), ..row }, &error, progress).await,
        }
    }

    async fn made(
        self,
        wanted: &Wanted,
        row: ProductRow,
        made: Made,
        progress: &mut Progress,
    ) -> Result<Done, EngineError> {
        let now = self.engine.clock.now();
        progress.count(made.count, 1);
        let Made { entity, asked: (price, cost), why, .. } = made;
        let is_new = self.scene.links.get(&wanted.code).and_then(Link::target).is_none_or(|to| to.id != entity.id);
        let row = ProductRow {
            state: state_of(&entity),
            item: Some(entity.id.clone()),
            price,
            cost,
            stored_price: entity.price,
            stored_cost: entity.cost,
            note: String::new(),
            updated_at: now,
            ..row
        };
        let mut writes = vec![Write::PutProductRow(row)];
        if is_new {
            writes.extend(self.link(wanted, &entity, why));
        }
        self.engine.store.commit(writes).await?;
        Ok(Done::Over)
    }

    fn link(self, wanted: &Wanted, entity: &Entity, why: String) -> [Write; 2] {
        let key =
            LinkKey { connection: self.scene.connection.id.clone(), kind: LinkKind::Item, source: wanted.code.clone() };
        let subject = format!("{}/{}", key.kind, key.source);
        // What people keep with the link (account, tax) is theirs, whichever item it is now.
        let kept = self.scene.links.get(&wanted.code).and_then(Link::target).map(|to| to.attributes.clone());
        let to = LinkTarget {
            id: entity.id.clone(),
            code: entity.code.clone(),
            name: entity.name.clone(),
            attributes: kept.unwrap_or_default(),
        };
        let link = Link { key, source_name: wanted.title.clone(), state: LinkState::Linked(to), why: why.clone() };
        let audit = AuditEntry {
            at: self.engine.clock.now(),
            actor: Actor::new("product-sync"),
            action: "link".to_owned(),
            subject,
            detail: format!("{} → {}: {why}", wanted.code, entity.id),
        };
        [Write::PutLink(link), Write::Audit(audit)]
    }

    /// What a call came to nothing by. Nothing is lost: the next run goes on from the row.
    async fn failed(self, row: ProductRow, error: &CallError, progress: &mut Progress) -> Result<Done, EngineError> {
        let unknown = matches!(error, CallError::Failed(failure) if failure.class == FailureClass::UnknownOutcome)
            || !matches!(error, CallError::Failed(_));
        let creating = row.state == ProductState::Writing;
        let away = is_away(error);
        let state = if creating && (unknown || away) { ProductState::Writing } else { ProductState::Failed };
        let note = error.to_string();
        let text = if unknown && creating {
            format!("{}: {note}. It is looked for before anything is sent again.", row.code)
        } else {
            format!("{}: {note}. It was not synchronized; the next run tries again.", row.code)
        };
        progress.shortfall("product-failed", row.code.clone(), text);
        progress.count("products-failed", 1);
        let row = ProductRow { state, note, updated_at: self.engine.clock.now(), ..row };
        self.engine.store.commit(vec![Write::PutProductRow(row)]).await?;
        Ok(if away { Done::TargetAway } else { Done::Over })
    }
}
