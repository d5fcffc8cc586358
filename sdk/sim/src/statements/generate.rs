//! Owns: the random world: who is there, what they buy and what happens to it. The same spec gives the same world.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::azure;
use super::catalog;
use super::fixture::{self, DEMO_NAMES};
use super::life::{Ending, Extra, Step, Subscription};
use super::model::{InvoiceProfile, Organization, Parts, Product, StatementWorld, Tenant};
use super::month::{Month, after, before};
use super::motion::{Motion, Schedule};
use super::prices;
use super::record::Charge;
use super::statement::Grouping;
use crate::world::{Currency, Prng};

/// What a world is asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSpec {
    pub seed: u64,
    pub first: Month,
    pub months: u32,
    pub tenants: usize,
    /// A second organization with euros, and some euro tenants in the first.
    pub second_currency: bool,
    /// Products on the price list that nobody buys.
    pub unused_products: usize,
}

impl StatementSpec {
    /// Twelve months of forty tenants.
    #[must_use]
    pub fn new(seed: u64, first: Month) -> Self {
        Self { seed, first, months: 12, tenants: 40, second_currency: true, unused_products: 0 }
    }

    /// The demo's: six tenants in dollars, four months up to the one before today's.
    #[must_use]
    pub fn demo(today: NaiveDate) -> Self {
        let first = Month::of(today).minus(4);
        let spec = Self::new(17, first);
        Self { months: 4, tenants: DEMO_NAMES.len(), second_currency: false, ..spec }
    }
}

/// Awkward to print, match, quote or tell apart; two are the same.
const NAMES: [&str; 10] = [
    "O'Brien & Sons Plumbing",
    "Müller Feinmechanik GmbH",
    "Smith, Jones and Partners \"Legal\"",
    "北京云海科技有限公司",
    "Quay Nine Brewing",
    "Quay Nine Brewing",
    "=SUM(A1:A9) Consulting",
    "<b>Bold</b> Moves Marketing",
    "Société Générale de Pâtisserie S.à r.l.",
    "Ærø Færgefart A/S",
];

impl StatementWorld {
    #[must_use]
    pub fn generate(spec: &StatementSpec, grouping: Grouping) -> Self {
        let mut prng = Prng::new(spec.seed);
        let products = catalog::products(spec.first, spec.months, spec.unused_products);
        let tenants: Vec<Tenant> = (0..spec.tenants).map(|index| tenant(spec, index, &mut prng)).collect();
        let last = spec.first.plus(spec.months.saturating_sub(1));
        let mut grower = Grower { spec, last, products: &products, prng, next: 30_001, lives: Vec::new() };
        for (index, tenant) in tenants.iter().enumerate() {
            grower.buy(index, tenant);
        }
        grower.support();
        let subscriptions = grower.lives;
        let (organizations, profiles) = sellers(spec.second_currency);
        let (first, months) = (spec.first, spec.months);
        Self::assemble(Parts { first, months, grouping, organizations, profiles, tenants, products, subscriptions })
    }

    /// The demo's world.
    #[must_use]
    pub fn demo(today: NaiveDate, grouping: Grouping) -> Self {
        Self::generate(&StatementSpec::demo(today), grouping)
    }
}

fn sellers(second: bool) -> (Vec<Organization>, Vec<InvoiceProfile>) {
    let mut organizations = vec![fixture::organization()];
    let mut profiles = vec![fixture::profile()];
    if second {
        organizations.push(Organization {
            id: 4_002,
            name: "Harbour Cloud Services Europe".to_owned(),
            parent: Some(4_001),
            account: "AC-4002".to_owned(),
            agreement: 5_002,
        });
        let profile = |id, organization, name: &str| InvoiceProfile { id, organization, name: name.to_owned() };
        profiles.extend([profile(6_002, 4_001, "Public sector"), profile(6_003, 4_002, "Europe")]);
    }
    (organizations, profiles)
}

fn tenant(spec: &StatementSpec, index: usize, prng: &mut Prng) -> Tenant {
    let more = index.checked_sub(DEMO_NAMES.len());
    let name = match (DEMO_NAMES.get(index), more.and_then(|more| NAMES.get(more))) {
        (Some(name), _) | (None, Some(name)) => (*name).to_owned(),
        (None, None) => format!("Customer {index} Trading"),
    };
    let europe = spec.second_currency && index % 5 == 4;
    let euros = europe || spec.second_currency && index % 7 == 3;
    let profile = match index % 3 {
        _ if europe => 6_003,
        2 if spec.second_currency => 6_002,
        _ => 6_001,
    };
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let word = if plain.is_empty() { format!("tenant{index}") } else { plain };
    Tenant {
        id: 21_001 + u32::try_from(index).unwrap_or(0),
        guid: guid(prng),
        domain: if more.is_some() { format!("{word}{index}.example") } else { format!("{word}.example") },
        reference: if index % 4 == 1 { format!("PSA-{}", 100 + index) } else { String::new() },
        name,
        organization: if europe { 4_002 } else { 4_001 },
        profile,
        currency: if euros { Currency::of("EUR").unwrap_or(Currency::USD) } else { Currency::USD },
        markup: u32::try_from(prng.between(10, 30)).unwrap_or(20),
    }
}

fn guid(prng: &mut Prng) -> String {
    let (a, b) = (prng.next_u64(), prng.next_u64());
    let (head, mid, low) = (a >> 32, (a >> 16) & 0xFFFF, a & 0xFFF);
    format!("{head:08x}-{mid:04x}-4{low:03x}-8{:03x}-{:012x}", (b >> 48) & 0xFFF, b & 0xFFFF_FFFF_FFFF)
}

struct Grower<'a> {
    spec: &'a StatementSpec,
    last: Month,
    products: &'a [Product],
    prng: Prng,
    next: u32,
    lives: Vec<Subscription>,
}

/// When a tenant is there.
#[derive(Debug, Clone, Copy)]
struct Stay {
    from: Month,
    /// The first day without it.
    leaves: Option<NaiveDate>,
}

impl Grower<'_> {
    fn some_month(&mut self) -> Month {
        let months = i64::from(self.spec.months.saturating_sub(1));
        self.spec.first.plus(u32::try_from(self.prng.between(0, months)).unwrap_or(0))
    }

    fn buy(&mut self, index: usize, tenant: &Tenant) {
        let comes = index % 6 == 5;
        let stay = Stay {
            from: if comes { self.some_month() } else { self.spec.first.minus(11) },
            leaves: (index % 9 == 8).then(|| self.some_month().end()),
        };
        for _ in 0..self.prng.between(3, 6) {
            let motion = self.some_motion();
            self.licence(tenant, stay, motion);
        }
        if index % 5 < 2 {
            self.azure(tenant, stay);
        }
        if index % 10 == 6 {
            self.savings(tenant, stay);
        }
        if index % 7 == 2 {
            self.once(tenant, catalog::PERPETUAL, Motion::SoftwarePerpetual, None);
        }
        if index % 6 == 3 {
            self.once(
                tenant,
                catalog::WORKSHOP,
                Motion::OtherOneTime,
                Some("Onboarding, two days\nsee case 4711, approved"),
            );
        }
    }

    fn some_motion(&mut self) -> Motion {
        match self.prng.below(100) {
            0..35 => Motion::MonthlyMonthly,
            35..68 => Motion::AnnualMonthly,
            68..82 => Motion::AnnualUpfront,
            82..86 => Motion::TriennialMonthly,
            86..89 => Motion::TriennialUpfront,
            89..93 => Motion::Reservation,
            93..97 => Motion::MarketplaceSaas,
            _ => Motion::Unknown,
        }
    }

    fn new_life(&mut self, tenant: Option<u32>, product: usize, motion: Motion, start: NaiveDate) -> Subscription {
        let id = self.next;
        self.next += 1;
        let guid = guid(&mut self.prng);
        Subscription { id, guid, tenant, product, motion, start, steps: Vec::new(), ending: None, extras: Vec::new() }
    }

    fn price(&self, tenant: &Tenant, product: usize, motion: Motion, on: NaiveDate) -> (Decimal, Decimal) {
        let cost = prices::cost(&self.products[product], motion, tenant.currency, on);
        (cost, prices::marked_up(cost, tenant.markup, tenant.currency))
    }

    fn licence(&mut self, tenant: &Tenant, stay: Stay, motion: Motion) {
        let product = match motion {
            Motion::Reservation => catalog::RESERVATION,
            Motion::MarketplaceSaas => catalog::SAAS,
            _ => self.prng.index(catalog::LICENCES),
        };
        let old = stay.from < self.spec.first && self.prng.chance(3, 5);
        let month = match old {
            true => stay.from.plus(u32::try_from(self.prng.between(0, 10)).unwrap_or(0)),
            false => self.some_month().max(stay.from),
        };
        let start = month.day(u32::try_from(self.prng.between(1, 28)).unwrap_or(1));
        if stay.leaves.is_some_and(|leaves| start >= leaves) {
            return;
        }
        let mut life = self.new_life(Some(tenant.id), product, motion, start);
        let quantity = if motion == Motion::Reservation { 1 } else { self.prng.between(1, 40) };
        let (unit_cost, unit_retail) = self.price(tenant, product, motion, start);
        life.steps.push(Step { on: start, quantity, unit_cost, unit_retail });
        if self.prng.chance(1, 9) && month >= self.spec.first {
            self.regret(&mut life, month);
        } else {
            self.live(&mut life, tenant, stay);
            self.follow_list(&mut life, tenant);
            self.late_corrections(&mut life);
        }
        self.lives.push(life);
    }

    /// Bought and cancelled inside the window, half of the time across the month's end.
    fn regret(&mut self, life: &mut Subscription, month: Month) {
        if self.prng.chance(1, 2) && life.motion.schedule() == Schedule::Monthly {
            life.start = before(month.last(), 2);
            life.steps[0].on = life.start;
        }
        let days = u64::try_from(self.prng.between(1, 6)).unwrap_or(1);
        life.ending = Some(Ending { on: after(life.start, days), in_window: true });
    }

    /// Upgrades, reductions inside the window, renewals and the end.
    fn live(&mut self, life: &mut Subscription, tenant: &Tenant, stay: Stay) {
        let mut month = Month::of(life.start).plus(1);
        let stays = |on: NaiveDate| stay.leaves.is_none_or(|leaves| on < leaves);
        while month <= self.last {
            let Some(held) = life.steps.last().copied() else { return };
            let (term, _) = life.term_on(month.last());
            let renews = month.holds(term) && term > life.start && stays(term);
            if renews && self.prng.chance(if life.motion.term_months() == 1 { 2 } else { 20 }, 100) {
                life.ending = Some(Ending { on: term, in_window: false });
                return;
            }
            if renews && life.motion.term_months() > 1 {
                let (unit_cost, unit_retail) = self.price(tenant, life.product, life.motion, term);
                life.steps.push(Step { on: term.max(held.on), unit_cost, unit_retail, ..held });
            }
            let on = month.day(u32::try_from(self.prng.between(2, 21)).unwrap_or(2));
            let free = !renews || on > term;
            if free && stays(on) && on > held.on && self.prng.chance(12, 100) {
                self.upgrade(life, on);
            }
            month = month.plus(1);
        }
        life.ending = stay.leaves.map(|on| Ending { on, in_window: false });
    }

    fn upgrade(&mut self, life: &mut Subscription, on: NaiveDate) {
        let Some(held) = life.steps.last().copied() else { return };
        let more = self.prng.between(1, 6);
        life.steps.push(Step { on, quantity: held.quantity + more, ..held });
        if self.prng.chance(1, 3) {
            let back = self.prng.between(1, more);
            let days = u64::try_from(self.prng.between(1, 6)).unwrap_or(1);
            life.steps.push(Step { on: after(on, days), quantity: held.quantity + more - back, ..held });
        }
    }

    /// Without a commitment the list price counts from the day it changes.
    fn follow_list(&self, life: &mut Subscription, tenant: &Tenant) {
        if life.motion.term_months() > 1 {
            return;
        }
        let changes: Vec<NaiveDate> = self.products[life.product].changes.iter().map(|(on, _)| *on).collect();
        for on in changes {
            let missing = on > life.start && life.steps.iter().all(|step| step.on != on);
            if let (true, Some(held)) = (missing, life.step_on(on).copied()) {
                life.steps.push(Step { on, ..held });
                life.steps.sort_by_key(|step| step.on);
            }
        }
        let (product, motion) = (life.product, life.motion);
        for step in &mut life.steps {
            (step.unit_cost, step.unit_retail) = self.price(tenant, product, motion, step.on);
        }
    }

    /// Credits and adjustments on a later statement than the period they are for.
    fn late_corrections(&mut self, life: &mut Subscription) {
        if life.motion.schedule() != Schedule::Monthly || !self.prng.chance(1, 6) {
            return;
        }
        let wrong = self.some_month();
        let billed = wrong.plus(u32::try_from(self.prng.between(1, 2)).unwrap_or(1));
        let whole = life.active_on(wrong.first()) && life.active_on(wrong.last()) && billed <= self.last;
        let Some(held) = life.step_on(wrong.last()).copied().filter(|_| whole) else { return };
        let credit = self.prng.chance(1, 2);
        let cents = self.prng.between(-900, 900);
        life.extras.push(Extra {
            billed,
            charge: if credit { Charge::CustomerCredit } else { Charge::Adjustment },
            title: None,
            start: wrong.first(),
            end: wrong.last(),
            quantity: if credit { Decimal::from(-self.prng.between(1, held.quantity)) } else { Decimal::ONE },
            unit_cost: if credit { held.unit_cost } else { Decimal::new(cents, 2) },
            unit_retail: if credit { held.unit_retail } else { Decimal::new(cents * 6 / 5, 2) },
            meter: None,
        });
    }

    fn azure(&mut self, tenant: &Tenant, stay: Stay) {
        let mut life = self.new_life(Some(tenant.id), catalog::AZURE, Motion::Usage, stay.from.first());
        let mut month = stay.from.max(self.spec.first);
        while month <= self.last && stay.leaves.is_none_or(|leaves| month.first() < leaves) {
            life.extras.extend(azure::used_in(month, tenant.markup, &mut self.prng));
            month = month.plus(1);
        }
        self.finish(life, stay);
    }

    /// An hourly commitment, billed for all hours of a month.
    fn savings(&mut self, tenant: &Tenant, stay: Stay) {
        let (unit_cost, unit_retail) =
            self.price(tenant, catalog::SAVINGS, Motion::SavingsPlan, self.spec.first.first());
        let mut life = self.new_life(Some(tenant.id), catalog::SAVINGS, Motion::SavingsPlan, stay.from.first());
        let mut month = stay.from.max(self.spec.first);
        while month <= self.last && stay.leaves.is_none_or(|leaves| month.first() < leaves) {
            let quantity = Decimal::from(month.days() * 24);
            life.extras.push(extra(month, Charge::CycleFee, quantity, unit_cost, unit_retail));
            month = month.plus(1);
        }
        self.finish(life, stay);
    }

    fn finish(&mut self, mut life: Subscription, stay: Stay) {
        life.steps.push(Step { on: life.start, quantity: 1, unit_cost: Decimal::ZERO, unit_retail: Decimal::ZERO });
        life.ending = stay.leaves.map(|on| Ending { on, in_window: false });
        self.lives.push(life);
    }

    fn once(&mut self, tenant: &Tenant, product: usize, motion: Motion, title: Option<&str>) {
        let month = self.some_month();
        let quantity = self.prng.between(1, 3);
        let (unit_cost, unit_retail) = self.price(tenant, product, motion, month.first());
        let mut life = self.new_life(Some(tenant.id), product, motion, month.day(14));
        life.steps.push(Step { on: life.start, quantity, unit_cost, unit_retail });
        let mut sold = extra(month, Charge::OneTime, Decimal::from(quantity), unit_cost, unit_retail);
        (sold.start, sold.end) = (life.start, life.start);
        sold.title = title.map(str::to_owned);
        life.extras.push(sold);
        self.lives.push(life);
    }

    /// What the distributor charges the reseller itself: no customer is named.
    fn support(&mut self) {
        let mut life = self.new_life(None, catalog::SUPPORT, Motion::OtherOneTime, self.spec.first.first());
        let price = Decimal::new(self.products[catalog::SUPPORT].base, 2);
        for index in 0..self.spec.months {
            life.extras.push(extra(self.spec.first.plus(index), Charge::OneTime, Decimal::ONE, price, price));
        }
        self.lives.push(life);
    }
}

fn extra(month: Month, charge: Charge, quantity: Decimal, unit_cost: Decimal, unit_retail: Decimal) -> Extra {
    let (start, end) = (month.first(), month.last());
    Extra { billed: month, charge, title: None, start, end, quantity, unit_cost, unit_retail, meter: None }
}
