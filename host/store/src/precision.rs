//! Times are kept to the microsecond. The memory store cuts them as the text form does, so that what is read
//! back is the same whichever store it went through.

use chrono::{DateTime, SubsecRound as _, Utc};
use counterfoil_domain::follow_up::{FollowUp, FollowUpState};
use counterfoil_domain::journal::Effect;
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{KeptStatement, StoredReceipt, Write};
use counterfoil_domain::run::Run;
use counterfoil_domain::task::{Task, TaskState};

pub(crate) fn cut(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

fn cut_in_place(time: &mut DateTime<Utc>) {
    *time = cut(*time);
}

pub(crate) fn cut_all(write: &mut Write) {
    match write {
        Write::PutSubscriptions(_, subscriptions) => {
            subscriptions.iter_mut().filter_map(|s| s.created_at.as_mut()).for_each(cut_in_place);
        }
        Write::PutOrder { order, observed_at, .. } => {
            cut_in_place(observed_at);
            cut_order(order);
        }
        Write::PutStatement(stored) => cut_statement(&mut stored.kept),
        Write::PutStatementHead(kept) => cut_statement(kept),
        Write::PutMail(mail) => {
            cut_in_place(&mut mail.made_at);
            cut_in_place(&mut mail.at);
        }
        Write::PutProductRow(row) => cut_in_place(&mut row.updated_at),
        Write::PutCursor(cursor) => {
            cut_in_place(&mut cursor.seen_until);
            cursor.swept_at.iter_mut().for_each(cut_in_place);
        }
        Write::PutRule(rule) => cut_in_place(&mut rule.at),
        Write::PutAdjustments(adjustments) => cut_in_place(&mut adjustments.at),
        Write::InsertTask(task) | Write::UpdateTask(task) => cut_task(task),
        Write::PutPlan(plan) => cut_in_place(&mut plan.made_at),
        Write::PutBatch(batch) => {
            cut_in_place(&mut batch.opened_at);
            batch.probe_at.iter_mut().for_each(cut_in_place);
            batch.trail.looks.iter_mut().for_each(|look| cut_in_place(&mut look.at));
        }
        Write::InsertEffect(effect) | Write::UpdateEffect(effect) => cut_effect(effect),
        Write::PutReceipt(receipt) => cut_receipt(receipt),
        Write::PutFollowUp(one) => cut_follow_up(one),
        Write::InsertRun(run) | Write::UpdateRun(run) => cut_run(run),
        Write::InsertCatalogRun(run) | Write::UpdateCatalogRun(run) => {
            cut_in_place(&mut run.asked_at);
            run.started_at.iter_mut().for_each(cut_in_place);
            run.finished_at.iter_mut().for_each(cut_in_place);
        }
        Write::PutPreset(preset) => cut_in_place(&mut preset.at),
        Write::PutPluginVersion(version) => cut_in_place(&mut version.installed_at),
        Write::PutActivation(activation) => cut_in_place(&mut activation.at),
        Write::Audit(entry) => cut_in_place(&mut entry.at),
        Write::Exchange(record) => cut_in_place(&mut record.at),
        Write::PutReseller(_)
        | Write::PutMarketplace(_)
        | Write::PutConnection(_)
        | Write::PutUser(_)
        | Write::RemoveUser(_)
        | Write::PutCustomers(..)
        | Write::PutProducts(..)
        | Write::PutLink(_)
        | Write::PutProgram(_)
        | Write::RemoveRule(_)
        | Write::PutCatalogStep(_)
        | Write::RemovePreset(..)
        | Write::PutSwitch { .. } => {}
    }
}

fn cut_order(order: &mut Order) {
    cut_in_place(&mut order.created_at);
    order.provisioned_at.iter_mut().for_each(cut_in_place);
}

fn cut_statement(kept: &mut KeptStatement) {
    cut_in_place(&mut kept.read_at);
    cut_in_place(&mut kept.head.issued_at);
}

fn cut_task(task: &mut Task) {
    cut_in_place(&mut task.created_at);
    cut_in_place(&mut task.observed_at);
    cut_in_place(&mut task.updated_at);
    match &mut task.state {
        TaskState::Retrying { at, .. } => cut_in_place(at),
        TaskState::Ignored(ignored) => cut_in_place(&mut ignored.at),
        TaskState::Pending(_)
        | TaskState::Ready
        | TaskState::Planned(_)
        | TaskState::Queued { .. }
        | TaskState::Sending { .. }
        | TaskState::Synced { .. }
        | TaskState::Uncertain { .. }
        | TaskState::Parked { .. }
        | TaskState::Superseded { .. } => {}
    }
}

fn cut_effect(effect: &mut Effect) {
    cut_in_place(&mut effect.first_sent_at);
    cut_in_place(&mut effect.deadline);
    effect.answered_at.iter_mut().for_each(cut_in_place);
}

fn cut_receipt(receipt: &mut StoredReceipt) {
    cut_in_place(&mut receipt.stored_at);
    receipt.observed.iter_mut().for_each(|(at, _)| cut_in_place(at));
}

fn cut_follow_up(one: &mut FollowUp) {
    cut_in_place(&mut one.begun_at);
    one.looked_at.iter_mut().for_each(cut_in_place);
    match &mut one.state {
        FollowUpState::Waiting { at }
        | FollowUpState::Sending { at, .. }
        | FollowUpState::Done { at }
        | FollowUpState::Left { at, .. }
        | FollowUpState::Person { at, .. } => cut_in_place(at),
    }
}

fn cut_run(run: &mut Run) {
    cut_in_place(&mut run.asked_at);
    run.started_at.iter_mut().chain(&mut run.finished_at).for_each(cut_in_place);
}
