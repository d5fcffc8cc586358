//! What a synchronization would do to one reseller: every difference, by the option that sends it, and what stays behind.
//! Pure and linear: both catalogs are walked once, side by side. Owns the collecting; the walks are the files below.

mod other;
mod plans;
mod rates;
mod shared;

use std::collections::BTreeMap;

use super::change::{Change, ChangeKind, ChangeSet, Reason};
use super::delegated::{Local, PriceSync, ResellerCatalog};
use super::edit::Edit;
use super::held::{Cause, HeldBack, Note};
use super::id::{ExpirationScheduleId, NotificationScheduleId, PlanCategoryId, SalesCategoryId};
use super::interaction::carriers;
use super::options::{Options, SyncOption};
use super::provider::Provider;
use crate::money::{Currency, Money};

/// Compares what a service template delegates with what one reseller holds.
pub fn diff(provider: &Provider<'_>, reseller: &ResellerCatalog, options: Options) -> ChangeSet {
    let mut walk = Walk { provider, reseller, sink: Sink::new(options), needs: Needs::default() };
    walk.plans();
    walk.sales_categories();
    walk.plan_categories();
    walk.resource_categories();
    walk.expiration_schedules();
    walk.notification_schedules();
    walk.order_flow();
    walk.roles();
    walk.terms();
    let Sink { mut changes, held, notes, .. } = walk.sink;
    changes.sort_by_key(|change| refers(change.kind()));
    ChangeSet {
        reseller: reseller.reseller.clone(),
        template: provider.template().clone(),
        options,
        changes,
        held: held.into_values().collect(),
        notes,
    }
}

struct Walk<'w> {
    provider: &'w Provider<'w>,
    reseller: &'w ResellerCatalog,
    sink: Sink,
    needs: Needs<'w>,
}

impl Walk<'_> {
    /// Why the prices of a plan in this currency do not reach the reseller, if they do not.
    fn price_hold(&self, currency: Option<Currency>) -> Option<Cause> {
        if self.reseller.price_sync == PriceSync::Disabled {
            return Some(Cause::PriceSyncDisabled);
        }
        currency.is_some_and(|currency| currency != self.reseller.currency).then_some(Cause::OtherCurrency)
    }

    /// Prices of something new. Where they may not come, each is there as zero: the reseller sees what it has to set.
    fn arriving<F: Ord + Copy>(&self, prices: &BTreeMap<F, Money>, hold: Option<Cause>) -> BTreeMap<F, Local<Money>> {
        let arriving = |money: &Money| if hold.is_some() { Money::zero(self.reseller.currency) } else { *money };
        prices.iter().map(|(fee, money)| (*fee, Local::sent(arriving(money)))).collect()
    }
}

/// What plans refer to, and by which options each of them comes along if the reseller lacks it.
#[derive(Default)]
struct Needs<'w> {
    sales_categories: BTreeMap<&'w SalesCategoryId, Options>,
    plan_categories: BTreeMap<&'w PlanCategoryId, Options>,
    expiration_schedules: BTreeMap<&'w ExpirationScheduleId, Options>,
    notification_schedules: BTreeMap<&'w NotificationScheduleId, Options>,
}

fn need<'w, K: Ord>(needs: &mut BTreeMap<&'w K, Options>, keys: impl IntoIterator<Item = &'w K>, by: SyncOption) {
    for key in keys {
        let options = needs.entry(key).or_default();
        *options = options.with(by);
    }
}

/// Its own reason to come, or that of what refers to it.
fn reason_to_create(by: Options, owner: SyncOption) -> Reason {
    if by.has(owner) { Reason::New } else { Reason::NeededByNew }
}

/// Whether a change refers to something that another change may have to make first.
fn refers(kind: ChangeKind) -> bool {
    !matches!(
        kind,
        ChangeKind::NewSalesCategory
            | ChangeKind::NewPlanCategory
            | ChangeKind::ResourceCategory
            | ChangeKind::NewExpirationSchedule
            | ChangeKind::NewNotificationSchedule
    )
}

struct Sink {
    options: Options,
    changes: Vec<Change>,
    held: BTreeMap<(ChangeKind, Cause, Options), HeldBack>,
    notes: Vec<Note>,
}

impl Sink {
    fn new(options: Options) -> Self {
        Self { options, changes: Vec::new(), held: BTreeMap::new(), notes: Vec::new() }
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// A difference that any option its kind may travel with sends.
    fn put(&mut self, edit: Edit, reason: Reason, subject: String) {
        self.put_unless(edit, reason, subject, None);
    }

    /// Likewise, unless something else than the options holds it.
    fn put_unless(&mut self, edit: Edit, reason: Reason, subject: String, hold: Option<Cause>) {
        let by = carriers(edit.kind());
        self.put_by(edit, reason, subject, by, hold);
    }

    /// `by`: which of the options that may send this kind send this one.
    fn put_by(&mut self, edit: Edit, reason: Reason, subject: String, by: Options, hold: Option<Cause>) {
        let kind = edit.kind();
        let sent = by.iter().find(|option| self.options.has(*option));
        let option = sent.or_else(|| by.iter().next()).unwrap_or_else(|| kind.option());
        let change = Change { edit, option, reason, subject };
        // What the reseller or the operator decided holds whatever the options are: switching one on would not help.
        let cause = hold.or_else(|| sent.is_none().then_some(Cause::OptionOff));
        match cause {
            None => self.changes.push(change),
            Some(cause) => self
                .held
                .entry((kind, cause, by))
                .or_insert_with(|| HeldBack { kind, cause, options: by, changes: Vec::new() })
                .changes
                .push(change),
        }
    }
}
