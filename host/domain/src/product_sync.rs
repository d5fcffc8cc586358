//! Product sync: one item of the target for each product of a program, made once, then only its price and cost. Owns what
//! is wanted, what must be done for each product and why; calling the target is the engine's business.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::digest::Digester;
use crate::directory::{Draft, Entity};
use crate::id::{ConnectionId, EntityId};
use crate::link::{Link, LinkState};
use crate::money::Currency;
use crate::motion::Motion;
use crate::order::{ProductRef, named};
use crate::program::{ProductMode, Program, ProgramName};
use crate::statement::ListedProduct;

/// What stands before the SKU in the name of every item that is made here.
pub const PREFIX: &str = "PC_";

/// Attributes of a draft, beside what its fields say.
pub const DESCRIPTION: &str = "description";
pub const TAXABLE: &str = "taxable";
/// A key that a rename does not touch, for a place of the item that people do not look at.
pub const MARK: &str = "mark";
/// The whole catalogue was listed just now and holds nothing with this key, and nothing was ever sent for it.
pub const LISTED: &str = "listed";

/// A product that should stand in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The SKU with the prefix of its motion: what links are keyed by.
    pub code: String,
    pub title: String,
    pub motion: Motion,
    pub price: Option<Decimal>,
    pub cost: Option<Decimal>,
    pub currency: Option<Currency>,
}

impl Wanted {
    /// What the item is called on the first sync.
    pub fn name(&self) -> String {
        format!("{PREFIX}{}", self.code)
    }
}

/// A product as it stands in the statements of mapped customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub product: ProductRef,
    pub motion: Motion,
    pub price: Decimal,
    pub cost: Decimal,
    pub currency: Currency,
}

/// Whether a program's products are sold in this way at all.
fn offers(program: &Program, motion: Motion) -> bool {
    match motion {
        Motion::Unknown => false,
        _ if motion.is_usage() => program.azure,
        _ => program.motions.contains(&motion) && (program.annual || !motion.is_annual()),
    }
}

/// The products of a program, by code. The price list's price counts; what it does not have and a statement bills
/// (a product that can no longer be ordered) takes the statement's. `used` are those of mapped customers.
pub fn wanted(program: &Program, listed: &[ListedProduct], used: &BTreeMap<String, Used>) -> BTreeMap<String, Wanted> {
    let mut all = BTreeMap::new();
    for of in listed.iter().filter(|of| offers(program, of.motion)) {
        let code = &of.product.code;
        if program.mode == ProductMode::InUse && !used.contains_key(code) {
            continue;
        }
        all.entry(code.clone()).or_insert_with(|| Wanted {
            code: code.clone(),
            title: of.product.name.clone(),
            motion: of.motion,
            price: of.price,
            cost: of.cost,
            currency: of.currency,
        });
    }
    for (code, of) in used.iter().filter(|(_, of)| offers(program, of.motion)) {
        all.entry(code.clone()).or_insert_with(|| Wanted {
            code: code.clone(),
            title: of.product.name.clone(),
            motion: of.motion,
            price: Some(of.price),
            cost: Some(of.cost),
            currency: Some(of.currency),
        });
    }
    all
}

named! {
    ProductState {
        /// Not looked at yet.
        Waiting = "waiting",
        /// Something was begun, and its outcome is not known.
        Writing = "writing",
        Synced = "synced",
        /// Synchronized, and switched off in the target: it stays so.
        Inactive = "inactive",
        /// No longer in the source. It is never removed from the target.
        Orphaned = "orphaned",
        /// Several items of the target carry the SKU: a person chooses one.
        Conflict = "conflict",
        Skipped = "skipped",
        Failed = "failed",
    }
}

impl ProductState {
    /// Somebody should look.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Writing | Self::Conflict | Self::Failed)
    }
}

/// Where a product stands with one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRow {
    pub connection: ConnectionId,
    pub program: ProgramName,
    pub code: String,
    pub title: String,
    pub state: ProductState,
    pub item: Option<EntityId>,
    /// What was wanted when it was last synchronized, and what the target showed then: it may keep fewer digits.
    pub price: Option<Decimal>,
    pub cost: Option<Decimal>,
    pub stored_price: Option<Decimal>,
    pub stored_cost: Option<Decimal>,
    /// Grows with each write that is begun: another price is another key, also when it was the price before.
    pub turn: u32,
    /// For people: why it stands so.
    pub note: String,
    pub updated_at: DateTime<Utc>,
}

impl ProductRow {
    pub fn new(connection: ConnectionId, program: ProgramName, wanted: &Wanted, now: DateTime<Utc>) -> Self {
        Self {
            connection,
            program,
            code: wanted.code.clone(),
            title: wanted.title.clone(),
            state: ProductState::Waiting,
            item: None,
            price: None,
            cost: None,
            stored_price: None,
            stored_cost: None,
            turn: 0,
            note: String::new(),
            updated_at: now,
        }
    }

    /// What the target shows is what it made of what is wanted.
    fn stands_as(&self, wanted: &Wanted, entity: &Entity) -> bool {
        let wanted_as_before = (self.price, self.cost) == (wanted.price, wanted.cost);
        wanted_as_before && (self.stored_price, self.stored_cost) == (entity.price, entity.cost)
    }
}

named! {
    SkipWhy {
        NeverSync = "never-sync",
        NoPrice = "no-price",
        OtherCurrency = "other-currency",
    }
}

impl SkipWhy {
    pub fn text(self) -> &'static str {
        match self {
            Self::NeverSync => "somebody chose that this product is never synchronized",
            Self::NoPrice => "the source tells no price and cost for it; it is made when it does",
            Self::OtherCurrency => "its price is in a currency that the target does not bill in",
        }
    }
}

/// What must be done for a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `again`: it was deleted in the target.
    Create {
        again: bool,
    },
    /// An item that stands there already carries the SKU: it is taken, under its own name.
    Take {
        item: EntityId,
        differs: bool,
    },
    Revise {
        item: EntityId,
    },
    Keep {
        item: EntityId,
        active: bool,
    },
    Conflict {
        items: Vec<EntityId>,
    },
    Skip(SkipWhy),
}

/// What the target has for a product.
#[derive(Debug, Clone, Default)]
pub struct Seen<'a> {
    /// What its link leads to; none although it is linked: deleted there.
    pub linked: Option<&'a Entity>,
    /// Items that carry its SKU.
    pub carriers: Vec<&'a Entity>,
}

/// The one thing to do. `offered`: what the target bills in, where it told.
pub fn step(
    wanted: &Wanted,
    row: Option<&ProductRow>,
    link: Option<&Link>,
    seen: &Seen<'_>,
    offered: Option<&BTreeSet<Currency>>,
) -> Step {
    if link.is_some_and(|link| link.state == LinkState::NeverSync) {
        return Step::Skip(SkipWhy::NeverSync);
    }
    if wanted.price.is_none() || wanted.cost.is_none() {
        return Step::Skip(SkipWhy::NoPrice);
    }
    let is_offered = |currency: Currency| offered.is_none_or(|all| all.contains(&currency));
    if wanted.currency.is_some_and(|currency| !is_offered(currency)) {
        return Step::Skip(SkipWhy::OtherCurrency);
    }
    if link.and_then(Link::target).is_some() {
        return match seen.linked {
            None => by_carriers(wanted, row, seen, true),
            Some(entity) if agrees(wanted, row, entity) => {
                Step::Keep { item: entity.id.clone(), active: entity.active }
            }
            Some(entity) => Step::Revise { item: entity.id.clone() },
        };
    }
    by_carriers(wanted, row, seen, false)
}

fn by_carriers(wanted: &Wanted, row: Option<&ProductRow>, seen: &Seen<'_>, again: bool) -> Step {
    match seen.carriers.as_slice() {
        [] => Step::Create { again },
        [one] => Step::Take { item: one.id.clone(), differs: !agrees(wanted, row, one) },
        several => Step::Conflict { items: several.iter().map(|entity| entity.id.clone()).collect() },
    }
}

fn agrees(wanted: &Wanted, row: Option<&ProductRow>, entity: &Entity) -> bool {
    let same = (entity.price, entity.cost) == (wanted.price, wanted.cost);
    same || row.is_some_and(|row| row.item.as_ref() == Some(&entity.id) && row.stands_as(wanted, entity))
}

/// Items by what carries a SKU: the mark, a code or part number, or the name of the first sync.
#[derive(Debug, Default)]
pub struct Carriers<'a>(BTreeMap<String, Vec<&'a Entity>>);

impl<'a> Carriers<'a> {
    pub fn of(items: impl IntoIterator<Item = &'a Entity>) -> Self {
        let mut all: BTreeMap<String, Vec<&'a Entity>> = BTreeMap::new();
        for entity in items {
            let told = [entity.code.as_str(), entity.name.as_str()].into_iter();
            let more = [MARK, "sku", "mpn"].into_iter().filter_map(|name| entity.attribute(name));
            let keys: BTreeSet<String> = told.chain(more).map(key).filter(|key| !key.is_empty()).collect();
            for key in keys {
                all.entry(key).or_default().push(entity);
            }
        }
        Self(all)
    }

    /// Each once. One that carries the mark counts alone: it was made here.
    pub fn of_product(&self, wanted: &Wanted) -> Vec<&'a Entity> {
        let by = |text: &str| self.0.get(&key(text)).cloned().unwrap_or_default();
        let marked = |entity: &&Entity| entity.attribute(MARK).is_some_and(|mark| key(mark) == key(&wanted.name()));
        let mut found: Vec<&Entity> = by(&wanted.name());
        let made_here: Vec<&Entity> = found.iter().copied().filter(marked).collect();
        if !made_here.is_empty() {
            return made_here;
        }
        for entity in by(&wanted.code) {
            if !found.iter().any(|known| known.id == entity.id) {
                found.push(entity);
            }
        }
        found
    }
}

fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// What the target is told to make, or to set.
pub fn draft(program: &Program, wanted: &Wanted, turn: u32, listed: bool) -> Draft {
    let mut digest = Digester::new("product");
    digest.text(program.connection.as_str()).text(program.name.name()).text(&wanted.code).count(turn as usize);
    let mut attributes = vec![
        (DESCRIPTION.to_owned(), if wanted.title.is_empty() { wanted.name() } else { wanted.title.clone() }),
        (TAXABLE.to_owned(), program.taxable.to_string()),
        (MARK.to_owned(), wanted.name()),
    ];
    if listed {
        attributes.push((LISTED.to_owned(), true.to_string()));
    }
    Draft {
        key: format!("product_{}", digest.short()),
        code: wanted.code.clone(),
        name: wanted.name(),
        currency: wanted.currency,
        price: wanted.price,
        cost: wanted.cost,
        attributes,
    }
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forecast {
    pub create: u64,
    pub revise: u64,
    pub keep: u64,
    /// Conflicts and skips.
    pub left: u64,
}

/// A creation is one request; a change reads the item, writes it and reads it again.
const CALLS_TO_CREATE: u64 = 1;
const CALLS_TO_REVISE: u64 = 3;

impl Forecast {
    pub fn add(&mut self, step: &Step) {
        match step {
            Step::Create { .. } => self.create += 1,
            Step::Revise { .. } | Step::Take { differs: true, .. } => self.revise += 1,
            Step::Keep { .. } | Step::Take { differs: false, .. } => self.keep += 1,
            Step::Conflict { .. } | Step::Skip(_) => self.left += 1,
        }
    }

    pub fn calls(&self) -> u64 {
        self.create * CALLS_TO_CREATE + self.revise * CALLS_TO_REVISE
    }

    /// How long the narrowest budget makes it take, if nobody else calls: whole windows.
    pub fn takes(&self, limits: &[(u32, Duration)]) -> Duration {
        let of = |&(calls, window): &(u32, Duration)| {
            let windows = self.calls().saturating_sub(1) / u64::from(calls.max(1));
            window.saturating_mul(u32::try_from(windows).unwrap_or(u32::MAX))
        };
        limits.iter().map(of).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
