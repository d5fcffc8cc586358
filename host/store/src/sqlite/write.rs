//! One commit: its writes in their order, all inside the savepoint that the writer opened. Owns setup,
//! marketplace data and the audit chain; tasks and the journal have files of their own.

use counterfoil_domain::id::MarketplaceId;
use counterfoil_domain::market::{Customer, Product, Subscription};
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{AuditEntry, CommitError, StoreError, Write};
use rusqlite::{Connection, params};

use super::query::{row, run};
use super::{catalog, decisions, follow_ups, mails, plugins, product_rows, statements, write_journal, write_tasks};
use crate::audit::ChainRecord;
use crate::counts::Shares;
use crate::record::{Stored as _, encode, time_text};

pub(super) fn all(c: &Connection, writes: &[Write]) -> Result<(), CommitError> {
    // Totals change once a commit, not once a task.
    let mut shares = Shares::default();
    for write in writes {
        one(c, write, &mut shares)?;
    }
    Ok(write_tasks::add_to_totals(c, shares)?)
}

fn one(c: &Connection, write: &Write, shares: &mut Shares) -> Result<(), CommitError> {
    match write {
        Write::PutReseller(_) | Write::PutMarketplace(_) | Write::PutConnection(_) | Write::PutUser(_) => {
            put_setup(c, write)?;
        }
        Write::RemoveUser(name) => {
            run(c, "DELETE FROM users WHERE name = $1", params![name.as_str()])?;
        }
        Write::PutPluginVersion(version) => plugins::put_version(c, version)?,
        Write::PutActivation(activation) => plugins::put_activation(c, activation)?,
        Write::PutCustomers(marketplace, customers) => put_customers(c, marketplace, customers)?,
        Write::PutSubscriptions(marketplace, subscriptions) => put_subscriptions(c, marketplace, subscriptions)?,
        Write::PutProducts(marketplace, products) => put_products(c, marketplace, products)?,
        Write::PutOrder { order, fingerprint, observed_at } => {
            put_order(c, order, fingerprint, &time_text(*observed_at))?;
        }
        Write::PutCursor(cursor) => {
            let sealed = encode(cursor)?;
            let sql = "INSERT INTO cursors (connection, body, seal) VALUES ($1, $2, $3)
                ON CONFLICT (connection) DO UPDATE SET body = excluded.body, seal = excluded.seal";
            run(c, sql, params![cursor.connection.as_str(), sealed.body, sealed.seal])?;
        }
        Write::InsertTask(task) => write_tasks::insert(c, task, shares)?,
        Write::UpdateTask(task) => write_tasks::update(c, task, shares)?,
        Write::PutLink(link) => write_tasks::put_link(c, link)?,
        Write::PutStatement(stored) => statements::put(c, stored)?,
        Write::PutStatementHead(kept) => statements::put_head(c, kept)?,
        Write::PutProgram(program) => statements::put_program(c, program)?,
        Write::PutMail(mail) => mails::put(c, mail)?,
        Write::PutProductRow(row) => product_rows::put(c, row)?,
        Write::PutRule(rule) => decisions::put_rule(c, rule)?,
        Write::RemoveRule(id) => decisions::remove_rule(c, id)?,
        Write::PutAdjustments(adjustments) => decisions::put_adjustments(c, adjustments)?,
        Write::PutSwitch { connection, customer, on } => decisions::put_switch(c, connection, customer, *on)?,
        Write::PutPlan(plan) => write_tasks::put_plan(c, plan)?,
        Write::PutBatch(batch) => write_journal::put_batch(c, batch)?,
        Write::InsertEffect(effect) => write_journal::insert_effect(c, effect)?,
        Write::UpdateEffect(effect) => write_journal::update_effect(c, effect)?,
        Write::PutReceipt(receipt) => write_journal::put_receipt(c, receipt)?,
        Write::PutFollowUp(one) => follow_ups::put(c, one)?,
        Write::InsertRun(run) => write_journal::insert_run(c, run)?,
        Write::UpdateRun(run) => write_journal::update_run(c, run)?,
        Write::InsertCatalogRun(run) => catalog::insert_run(c, run)?,
        Write::UpdateCatalogRun(run) => catalog::update_run(c, run)?,
        Write::PutCatalogStep(step) => catalog::put_step(c, step)?,
        Write::PutPreset(preset) => catalog::put_preset(c, preset)?,
        Write::RemovePreset(reseller, name) => catalog::remove_preset(c, reseller, name)?,
        Write::Audit(entry) => append_audit(c, entry)?,
        Write::Exchange(record) => write_journal::append_exchange(c, record)?,
    }
    Ok(())
}

fn put_setup(c: &Connection, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::PutReseller(reseller) => {
            let sealed = encode(reseller)?;
            let sql = "INSERT INTO resellers (id, body, seal) VALUES ($1, $2, $3)
                ON CONFLICT (id) DO UPDATE SET body = excluded.body, seal = excluded.seal";
            run(c, sql, params![reseller.id.as_str(), sealed.body, sealed.seal])?;
        }
        Write::PutMarketplace(marketplace) => {
            let sealed = encode(marketplace)?;
            let sql = "INSERT INTO marketplaces (id, reseller, body, seal) VALUES ($1, $2, $3, $4)
                ON CONFLICT (id) DO UPDATE SET reseller = excluded.reseller, body = excluded.body, seal = excluded.seal";
            let (id, reseller) = (marketplace.id.as_str(), marketplace.reseller.as_str());
            run(c, sql, params![id, reseller, sealed.body, sealed.seal])?;
        }
        Write::PutConnection(connection) => {
            let sealed = encode(connection)?;
            let sql = "INSERT INTO connections (id, reseller, body, seal) VALUES ($1, $2, $3, $4)
                ON CONFLICT (id) DO UPDATE SET reseller = excluded.reseller, body = excluded.body, seal = excluded.seal";
            let (id, reseller) = (connection.id.as_str(), connection.reseller.as_str());
            run(c, sql, params![id, reseller, sealed.body, sealed.seal])?;
        }
        Write::PutUser(user) => {
            let sealed = encode(user)?;
            let sql = "INSERT INTO users (name, body, seal) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET body = excluded.body, seal = excluded.seal";
            run(c, sql, params![user.name.as_str(), sealed.body, sealed.seal])?;
        }
        _ => {}
    }
    Ok(())
}

fn put_customers(c: &Connection, marketplace: &MarketplaceId, customers: &[Customer]) -> Result<(), StoreError> {
    let sql = "INSERT INTO customers (marketplace, id, body, seal) VALUES ($1, $2, $3, $4)
        ON CONFLICT (marketplace, id) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    for customer in customers {
        let sealed = encode(customer)?;
        run(c, sql, params![marketplace.as_str(), customer.id.as_str(), sealed.body, sealed.seal])?;
    }
    Ok(())
}

fn put_subscriptions(c: &Connection, marketplace: &MarketplaceId, all: &[Subscription]) -> Result<(), StoreError> {
    let sql = "INSERT INTO subscriptions (marketplace, id, body, seal) VALUES ($1, $2, $3, $4)
        ON CONFLICT (marketplace, id) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    for subscription in all {
        let sealed = encode(subscription)?;
        run(c, sql, params![marketplace.as_str(), subscription.id.as_str(), sealed.body, sealed.seal])?;
    }
    Ok(())
}

fn put_products(c: &Connection, marketplace: &MarketplaceId, products: &[Product]) -> Result<(), StoreError> {
    let sql = "INSERT INTO products (marketplace, code, body, seal) VALUES ($1, $2, $3, $4)
        ON CONFLICT (marketplace, code) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    for product in products {
        let sealed = encode(product)?;
        run(c, sql, params![marketplace.as_str(), product.product.code, sealed.body, sealed.seal])?;
    }
    Ok(())
}

fn put_order(c: &Connection, order: &Order, fingerprint: &str, observed_at: &str) -> Result<(), StoreError> {
    let sealed = encode(order)?;
    let (marketplace, id) = (order.key.marketplace.as_str(), order.key.order.as_str());
    let revision = order.revision();
    let is_final = i64::from(order.status.is_final());
    let update =
        "UPDATE orders SET fingerprint = $1, revision = $2, is_final = $3, observed_at = $4, body = $5, seal = $6,
            statement = $7, statement_starts = $8, statement_ends = $9, motion = $10, subscription = $11
        WHERE marketplace = $12 AND id = $13";
    // Looked up by what they are of are only orders that were made of a statement.
    let part = order.statement.as_deref();
    let head = params![
        fingerprint,
        revision.as_str(),
        is_final,
        observed_at,
        sealed.body,
        sealed.seal,
        part.map(|part| part.statement.as_str()),
        part.map(|part| part.period.start().to_row()),
        part.map(|part| part.period.end().to_row()),
        part.map(|part| part.motion.name()),
        part.and(order.subscription.as_ref()).map(|subscription| subscription.as_str()),
        marketplace,
        id
    ];
    if run(c, update, head)? > 0 {
        return Ok(());
    }
    let insert = "INSERT INTO orders (fingerprint, revision, is_final, observed_at, body, seal, statement,
            statement_starts, statement_ends, motion, subscription, marketplace, id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    run(c, insert, head)?;
    count(c, "orders", marketplace)
}

/// Counts one more. Counting them when asked would read a million rows.
pub(super) fn count(c: &Connection, kind: &str, name: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO counters (kind, name, reading) VALUES ($1, $2, 1)
        ON CONFLICT (kind, name) DO UPDATE SET reading = counters.reading + 1";
    run(c, sql, params![kind, name]).map(|_| ())
}

fn append_audit(c: &Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    let head = row(c, "SELECT place, hash FROM audit_head WHERE one = 1", [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let (last, before): (i64, String) = head.unwrap_or_default();
    let record = ChainRecord::of(u64::try_from(last).unwrap_or_default().saturating_add(1), entry);
    let hash = record.hash(&before);
    let insert = "INSERT INTO audit (place, happened_at, actor, action, subject, detail, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    run(
        c,
        insert,
        params![record.place, record.happened_at, record.actor, record.action, record.subject, record.detail, hash],
    )?;
    let note = "INSERT INTO audit_head (one, place, hash) VALUES (1, $1, $2)
        ON CONFLICT (one) DO UPDATE SET place = excluded.place, hash = excluded.hash";
    run(c, note, params![record.place, hash]).map(|_| ())
}
