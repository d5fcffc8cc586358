//! One commit to memory, with the meaning that the ports give each write.

use counterfoil_domain::claim::Claim;
use counterfoil_domain::id::PlanDigest;
use counterfoil_domain::journal::{Batch, BatchState, Effect};
use counterfoil_domain::order::Order;
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{CommitError, ExchangeRecord, Write};
use counterfoil_domain::run::Run;
use counterfoil_domain::task::{Subject, Task};

use super::shelves::{Change, ClaimPlace, KeptOrder, Shelves, TaskPlace};
use super::{catalog, follow_ups, statements};
use crate::counts::{Bucket, Share, Shares, on_the_wire};
use crate::precision;
use crate::refusal::{is_check, known_run, unknown_effect, unknown_run, version_number};

pub(super) fn all(shelves: &mut Shelves, writes: Vec<Write>) -> Result<(), CommitError> {
    let mut change = Change::new(shelves);
    let outcome = every(&mut change, writes);
    if outcome.is_err() {
        change.take_back();
    }
    outcome
}

fn every(change: &mut Change<'_>, writes: Vec<Write>) -> Result<(), CommitError> {
    let mut shares = Shares::default();
    for mut write in writes {
        precision::cut_all(&mut write);
        one(change, write, &mut shares)?;
    }
    for (bucket, by) in shares.take() {
        if by == Share::default() {
            continue;
        }
        let now = change.now().totals.get(&bucket).copied().unwrap_or_default().plus(by)?;
        change.put(|s| &mut s.totals, bucket, now);
    }
    Ok(())
}

fn one(change: &mut Change<'_>, write: Write, shares: &mut Shares) -> Result<(), CommitError> {
    match write {
        Write::PutReseller(reseller) => change.put(|s| &mut s.resellers, reseller.id.clone(), reseller),
        Write::PutMarketplace(marketplace) => change.put(|s| &mut s.marketplaces, marketplace.id.clone(), marketplace),
        Write::PutConnection(connection) => change.put(|s| &mut s.connections, connection.id.clone(), connection),
        Write::RemoveUser(name) => change.remove(|s| &mut s.users, name),
        Write::PutUser(user) => change.put(|s| &mut s.users, user.name.clone(), user),
        Write::PutPluginVersion(version) => change.put(|s| &mut s.plugin_versions, version.digest.clone(), version),
        Write::PutActivation(activation) => change.put(|s| &mut s.activations, activation.plugin.clone(), activation),
        Write::PutCustomers(marketplace, customers) => {
            for customer in customers {
                change.put(|s| &mut s.customers, (marketplace.clone(), customer.id.clone()), customer);
            }
        }
        Write::PutSubscriptions(marketplace, subscriptions) => {
            for subscription in subscriptions {
                change.put(|s| &mut s.subscriptions, (marketplace.clone(), subscription.id.clone()), subscription);
            }
        }
        Write::PutProducts(marketplace, products) => {
            for product in products {
                change.put(|s| &mut s.products, (marketplace.clone(), product.product.code.clone()), product);
            }
        }
        Write::PutOrder { order, fingerprint, .. } => put_order(change, order, fingerprint),
        Write::PutCursor(cursor) => change.put(|s| &mut s.cursors, cursor.connection.clone(), cursor),
        Write::InsertTask(task) => insert_task(change, task, shares)?,
        Write::UpdateTask(task) => update_task(change, task, shares)?,
        Write::PutLink(link) => change.put(|s| &mut s.links, link.key.clone(), link),
        Write::PutStatement(stored) => statements::put(change, *stored),
        Write::PutStatementHead(kept) => statements::put_head(change, kept),
        Write::PutProgram(program) => statements::put_program(change, program),
        Write::PutMail(mail) => change.put(|s| &mut s.mails, mail.id.clone(), mail),
        Write::PutProductRow(row) => statements::put_product_row(change, row),
        Write::PutRule(rule) => change.put(|s| &mut s.rules, rule.id.clone(), rule),
        Write::RemoveRule(id) => change.remove(|s| &mut s.rules, id),
        Write::InsertCatalogRun(run) => catalog::insert_run(change, run)?,
        Write::UpdateCatalogRun(run) => catalog::update_run(change, run)?,
        Write::PutCatalogStep(step) => {
            change.put(|s| &mut s.catalog_steps, (step.run.clone(), step.place), step);
        }
        Write::PutPreset(preset) => {
            change.put(|s| &mut s.presets, (preset.reseller.clone(), preset.name.clone()), preset);
        }
        Write::RemovePreset(reseller, name) => change.remove(|s| &mut s.presets, (reseller, name)),
        Write::PutAdjustments(adjustments) => {
            change.put(|s| &mut s.adjustments, adjustments.task.clone(), adjustments);
        }
        Write::PutSwitch { connection, customer, on: true } => {
            change.put(|s| &mut s.switches, (connection, customer), ());
        }
        Write::PutSwitch { connection, customer, on: false } => {
            change.remove(|s| &mut s.switches, (connection, customer));
        }
        Write::PutPlan(plan) => put_plan(change, plan),
        Write::PutBatch(batch) => put_batch(change, batch),
        Write::InsertEffect(effect) => insert_effect(change, effect)?,
        Write::UpdateEffect(effect) => update_effect(change, effect)?,
        Write::PutReceipt(receipt) => change.put(|s| &mut s.receipts, receipt.plan.clone(), receipt),
        Write::PutFollowUp(one) => follow_ups::put(change, one),
        Write::InsertRun(run) => insert_run(change, run)?,
        Write::UpdateRun(run) => update_run(change, run)?,
        Write::Audit(entry) => {
            let place = change.now().audit.last_key_value().map_or(1, |(last, _)| last + 1);
            change.put(|s| &mut s.audit, place, entry);
        }
        Write::Exchange(record) => append_exchange(change, record),
    }
    Ok(())
}

fn put_order(change: &mut Change<'_>, order: Order, fingerprint: String) {
    let key = order.key.clone();
    if !change.now().orders.contains_key(&key) {
        let count = change.now().order_counts.get(&key.marketplace).copied().unwrap_or(0);
        change.put(|s| &mut s.order_counts, key.marketplace.clone(), count + 1);
    }
    if order.status.is_final() {
        change.remove(|s| &mut s.open_orders, key.clone());
    } else {
        change.put(|s| &mut s.open_orders, key.clone(), ());
    }
    let revision = order.revision();
    change.put(|s| &mut s.orders, key, KeptOrder { order, fingerprint, revision });
}

fn place_of(task: &Task) -> TaskPlace {
    (task.connection.clone(), task.state.name(), task.observed_at, task.id.clone())
}

fn enter(change: &mut Change<'_>, task: Task) {
    change.put(|s| &mut s.task_places, place_of(&task), ());
    match &task.subject {
        Subject::Order { key, .. } => {
            change.put(|s| &mut s.tasks_of_order, (task.connection.clone(), key.clone(), task.id.clone()), ());
        }
        Subject::Initial { subscription, .. } => {
            let key = (task.connection.clone(), subscription.clone(), task.id.clone());
            change.put(|s| &mut s.tasks_of_snapshot, key, ());
        }
    }
    change.put(|s| &mut s.tasks, task.id.clone(), task);
}

fn leave(change: &mut Change<'_>, task: &Task) {
    change.remove(|s| &mut s.task_places, place_of(task));
    match &task.subject {
        Subject::Order { key, .. } => {
            change.remove(|s| &mut s.tasks_of_order, (task.connection.clone(), key.clone(), task.id.clone()));
        }
        Subject::Initial { subscription, .. } => {
            let key = (task.connection.clone(), subscription.clone(), task.id.clone());
            change.remove(|s| &mut s.tasks_of_snapshot, key);
        }
    }
}

fn insert_task(change: &mut Change<'_>, task: Task, shares: &mut Shares) -> Result<(), CommitError> {
    version_number(&task)?;
    if change.now().tasks.contains_key(&task.id) {
        return Ok(());
    }
    shares.enter(Bucket::of(&task), task.amount.amount)?;
    enter(change, task);
    Ok(())
}

fn update_task(change: &mut Change<'_>, task: Task, shares: &mut Shares) -> Result<(), CommitError> {
    let expected = task.version.saturating_sub(1);
    let Some(former) = change.now().tasks.get(&task.id).cloned() else {
        return Err(CommitError::Conflict { task: task.id, expected });
    };
    version_number(&task)?;
    if former.version.checked_add(1) != Some(task.version) {
        return Err(CommitError::Conflict { task: task.id, expected });
    }
    shares.leave(Bucket::of(&former), former.amount.amount)?;
    shares.enter(Bucket::of(&task), task.amount.amount)?;
    leave(change, &former);
    enter(change, task);
    Ok(())
}

fn put_plan(change: &mut Change<'_>, plan: SealedPlan) {
    if let Some(former) = change.now().plans.get(&plan.digest).cloned() {
        for place in claim_places(&former) {
            change.remove(|s| &mut s.claims, place);
        }
    }
    for place in claim_places(&plan) {
        change.put(|s| &mut s.claims, place, ());
    }
    change.put(|s| &mut s.plans_of_task, (plan.plan.task.clone(), plan.digest.clone()), ());
    change.put(|s| &mut s.plans, plan.digest.clone(), plan);
}

fn claim_places(plan: &SealedPlan) -> Vec<ClaimPlace> {
    let place = |(place, claim): (usize, &Claim)| {
        (plan.connection.clone(), claim.subscription.clone(), plan.digest.clone(), place)
    };
    plan.claims.iter().enumerate().map(place).collect()
}

fn put_batch(change: &mut Change<'_>, batch: Batch) {
    if let Some(former) = change.now().batches.get(&batch.id).cloned() {
        change.remove(|s| &mut s.open_batches, (former.connection, former.opened_at, former.id));
        for plan in former.plans {
            change.remove(|s| &mut s.batches_of_plan, (plan, batch.id.clone()));
        }
    }
    if batch.state == BatchState::Open {
        let key = (batch.connection.clone(), batch.opened_at, batch.id.clone());
        change.put(|s| &mut s.open_batches, key, ());
    }
    let plans: Vec<PlanDigest> = batch.plans.clone();
    for plan in plans {
        change.put(|s| &mut s.batches_of_plan, (plan, batch.id.clone()), ());
    }
    change.put(|s| &mut s.batches, batch.id.clone(), batch);
}

fn insert_effect(change: &mut Change<'_>, effect: Effect) -> Result<(), CommitError> {
    let key = (effect.batch.clone(), effect.key.clone());
    if change.now().effects.contains_key(&key) {
        return Err(CommitError::KnownEffect(effect.key.as_str().to_owned()));
    }
    let of_batch = (effect.batch.clone(), 0)..=(effect.batch.clone(), u64::MAX);
    let place = change.now().effect_order.range(of_batch).next_back().map_or(1, |((_, last), _)| last + 1);
    change.put(|s| &mut s.effect_order, (effect.batch.clone(), place), effect.key.clone());
    change.put(|s| &mut s.effects, key, effect);
    Ok(())
}

fn update_effect(change: &mut Change<'_>, effect: Effect) -> Result<(), CommitError> {
    let key = (effect.batch.clone(), effect.key.clone());
    if !change.now().effects.contains_key(&key) {
        return Err(unknown_effect(&effect).into());
    }
    change.put(|s| &mut s.effects, key, effect);
    Ok(())
}

fn insert_run(change: &mut Change<'_>, run: Run) -> Result<(), CommitError> {
    if is_check(&run.kind) && !run.state.is_over() {
        let shelves = change.now();
        let same = |other: &&Run| other.connection == run.connection && is_check(&other.kind);
        let running = shelves.unfinished_runs.keys().filter_map(|(_, id)| shelves.runs.get(id)).find(same);
        if let Some(running) = running {
            return Err(CommitError::AlreadyRunning(running.id.clone()));
        }
    }
    if change.now().runs.contains_key(&run.id) {
        return Err(known_run(&run).into());
    }
    enter_run(change, run);
    Ok(())
}

fn update_run(change: &mut Change<'_>, run: Run) -> Result<(), CommitError> {
    let Some(former) = change.now().runs.get(&run.id) else {
        return Err(unknown_run(&run).into());
    };
    let place = (former.asked_at, former.id.clone());
    change.remove(|s| &mut s.runs_by_time, place.clone());
    change.remove(|s| &mut s.unfinished_runs, place);
    enter_run(change, run);
    Ok(())
}

fn enter_run(change: &mut Change<'_>, run: Run) {
    let place = (run.asked_at, run.id.clone());
    if !run.state.is_over() {
        change.put(|s| &mut s.unfinished_runs, place.clone(), ());
    }
    change.put(|s| &mut s.runs_by_time, place, ());
    change.put(|s| &mut s.runs, run.id.clone(), run);
}

fn append_exchange(change: &mut Change<'_>, record: ExchangeRecord) {
    if on_the_wire(&record.outcome) {
        let count = change.now().exchange_counts.get(&record.caller).copied().unwrap_or(0);
        change.put(|s| &mut s.exchange_counts, record.caller.clone(), count + 1);
    }
    let place = change.now().exchanges.last_key_value().map_or(1, |(last, _)| last + 1);
    change.put(|s| &mut s.exchanges, place, record);
}
