//! A year of statements: upgrades, cancellations inside the window, renewals, usage, price changes inside a month, credits
//! for earlier ones, statements that are issued again. Each month each customer and motion is invoiced what its statements
//! say, to the cent.

use counterfoil_sim::statements::{Grouping, Month, Reissue, StatementWorld};
use counterfoil_sim::syncro::{
    BillingRules, DeletedProduct, Meta, MonthEnd, NextRun, Numbers, OneTime, RemoveAnswer, Switches, SyncroConfig,
};

use crate::account::Setup;
use crate::dice::Dice;
use crate::market::Kind;
use crate::office::{CHECKED_ON, Office, RUNS_ON, spec};

/// How a year is lived.
#[derive(Debug, Clone)]
struct Way {
    kind: Kind,
    /// The day of the month on which recurring invoices run.
    runs_on: u32,
    syncro: SyncroConfig,
    months: u32,
    tenants: usize,
    /// So many times in a thousand a statement is issued again.
    again: i64,
    settings: Vec<(&'static str, &'static str)>,
}

async fn live(seed: u64, way: Way) {
    println!(
        "SEED={seed} {:?} {} × {}, {:?} {:?}",
        way.kind, way.tenants, way.months, way.settings, way.syncro.switches
    );
    let begun = std::time::Instant::now();
    let spec = spec(seed, way.months, way.tenants);
    let setup = Setup { settings: way.settings.clone(), syncro: way.syncro.clone(), ..Setup::default() };
    let grouping = if way.kind == Kind::Prism { Grouping::Invoices } else { Grouping::Provisions };
    let world = StatementWorld::generate(&spec, grouping);
    let mut office = Office::running_on(way.runs_on, way.kind, world, setup).await;
    let mut dice = Dice::new(seed);
    let mut reissued = 0;
    let last = office.first.plus(way.months - 1);
    for month in (0..way.months).map(|index| spec.first.plus(index)) {
        office.bill(month).await;
        if dice.chance(way.again) && reissue(&office, month, &mut dice) {
            reissued += 1;
            // Half of the time it is seen before the run, else by the next month's check.
            if month == last || dice.chance(500) {
                office.desk.until(month.plus(1).day(CHECKED_ON + 1));
                office.bill_now(month).await;
            }
        }
        office.run(month).await;
        office.agrees(&format!("seed {seed}, {month}")).await;
    }
    office.nothing_is_lost(last).await;
    office.is_clean(i64::from(way.months)).await;
    let account = &office.desk.accounts[0];
    println!(
        "seed {seed}: {} lines on {} invoices, {reissued} issued again, persons looked at {:?}, {} writes, {} calls, {:?}",
        office.ledger.lines,
        account.state().invoices().len(),
        office.needed,
        account.writes().len(),
        account.books.log().entries().len(),
        begun.elapsed(),
    );
    let billed: i64 = office.ledger.billed.values().sum();
    assert!(billed > 1_000_000, "{billed}: a year that bills nothing proves nothing");
}

/// One of the month's statements, or of the month before, that somebody in dollars is billed by, in one of the ways known.
fn reissue(office: &Office, month: Month, dice: &mut Dice) -> bool {
    let ways = [Reissue::SameIdChanged, Reissue::NewIdSame, Reissue::NewIdSameBeside, Reissue::NewIdChanged];
    let how = ways[usize::try_from(dice.below(4)).unwrap()];
    let now = office.desk.now();
    office.desk.market.world(|world| {
        let in_force = world.statements().iter().filter(|one| {
            (one.month == month || one.month == month.minus(1))
                && one.currency.code() == "USD"
                && !one.superseded
                && !one.withdrawn
                && !one.records.is_empty()
        });
        let ids: Vec<u32> = in_force.map(|one| one.id).collect();
        if ids.is_empty() {
            return false;
        }
        let id = ids[usize::try_from(dice.below(i64::try_from(ids.len()).unwrap())).unwrap()];
        println!("{month}: statement {id} is issued again, {how:?}");
        world.reissue(id, how, now).unwrap();
        true
    })
}

/// The seeds that are played, or the one that is asked for.
fn seeds(all: &[u64]) -> Vec<u64> {
    std::env::var("SEED").map_or_else(|_| all.to_vec(), |seed| vec![seed.parse().unwrap()])
}

fn way(tenants: usize, months: u32) -> Way {
    Way {
        kind: Kind::CloudIq,
        runs_on: RUNS_ON,
        syncro: SyncroConfig::default(),
        months,
        tenants,
        again: 600,
        settings: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn year_of_forty_customers_is_invoiced_to_the_cent() {
    for seed in seeds(&[1]) {
        live(seed, way(40, 12)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn year_of_others_is_invoiced_to_the_cent() {
    for seed in seeds(&[2, 3, 4]) {
        live(seed, way(12, 12)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn year_of_invoices_of_the_other_marketplace_is_invoiced_to_the_cent() {
    for seed in seeds(&[5]) {
        live(seed, Way { kind: Kind::Prism, settings: vec![("ended_lines", "remove")], ..way(12, 8) }).await;
    }
}

/// What public material leaves open about Syncro, each way; and days that a month may not have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn year_with_every_oddity_is_invoiced_to_the_cent() {
    let strings = Switches {
        numbers: Numbers::Strings,
        meta: Meta::Full,
        next_run: NextRun::LocalMidnight,
        schedules_listed_without_lines: true,
        disabled_products_hidden: true,
        newest_first: true,
        ..Switches::default()
    };
    let plain = Switches {
        numbers: Numbers::Plain,
        meta: Meta::Missing,
        next_run: NextRun::Day,
        put_keeps_omitted: true,
        deleted_product: DeletedProduct::Null,
        missing_barcode: DeletedProduct::Null,
        remove_answer: RemoveAnswer::Success,
        price_places: Some(2),
        ..Switches::default()
    };
    let rules = |one_time, month_end| BillingRules { one_time, month_end, ..BillingRules::default() };
    let table = [
        (6, 31, strings.clone(), rules(OneTime::KeptAtZero, MonthEnd::Drifts), 10 * 60, vec![]),
        (
            7,
            31,
            plain.clone(),
            rules(OneTime::KeptBilled, MonthEnd::Anchored),
            -8 * 60,
            vec![("ended_lines", "remove")],
        ),
        (8, 30, strings, rules(OneTime::Removed, MonthEnd::Anchored), -8 * 60, vec![("mark", "none")]),
        (9, 13, plain, rules(OneTime::KeptAtZero, MonthEnd::Drifts), 13 * 60, vec![("taxable", "false")]),
    ];
    let only = std::env::var("SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    for (seed, runs_on, switches, rules, utc_offset_minutes, settings) in table {
        if only.is_some_and(|only| only != seed) {
            continue;
        }
        let syncro = SyncroConfig { switches, rules, utc_offset_minutes, ..SyncroConfig::default() };
        live(seed, Way { runs_on, syncro, settings, ..way(6, 7) }).await;
    }
}
