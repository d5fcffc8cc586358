//! Statements and runs that miss each other, and people who put their hands to what stands in Syncro. Each time the invoices
//! come to what the statements say in the end, or somebody is told which money is open.

use counterfoil_domain::link::LinkKind;
use counterfoil_domain::plan::Severity;
use counterfoil_domain::run::{RunKind, Selection};
use counterfoil_sim::statements::{Ending, Grouping, InvoiceProfile, Month, Parts, Reissue, StatementWorld};
use counterfoil_sim::syncro::Schedule;
use rust_decimal::Decimal;

use crate::account::Setup;
use crate::market::Kind;
use crate::office::{CHECKED_ON, Office, RUNS_ON, USUAL, spec};

/// Six customers in dollars, one for each shape twice, all mapped.
async fn small(seed: u64, setup: Setup) -> Office {
    let spec = counterfoil_sim::statements::StatementSpec { second_currency: false, ..spec(seed, 6, 6) };
    Office::open(Kind::CloudIq, &spec, setup).await
}

fn months(office: &Office) -> [Month; 5] {
    [0, 1, 2, 3, 4].map(|index| office.first.plus(index))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_without_a_statement_is_given_back_when_the_statement_comes() {
    for runs in [1, 2] {
        let mut office = small(11, Setup::default()).await;
        let all = months(&office);
        office.month(all[0]).await;
        let standing: i64 = office.standing().iter().map(counterfoil_sim::syncro::Line::amount_cents).sum();
        let before: i64 = office.ledger.billed.values().sum();
        for month in &all[1..=runs] {
            office.run(*month).await;
        }
        let after: i64 = office.ledger.billed.values().sum();
        let times = i64::try_from(runs).unwrap();
        assert_eq!(after - before, times * standing, "what stands was billed again");
        // Now the late ones come, together with the next.
        office.accepts.push("ran-without-statement");
        office.month(all[runs + 1]).await;
        assert!(office.needed.contains_key("ran-without-statement"), "{:?}", office.needed);
        office.accepts = USUAL.to_vec();
        office.month(all[runs + 2]).await;
        office.is_clean(i64::try_from(runs).unwrap() + 3).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_statements_before_one_run_are_both_on_its_invoice() {
    let mut office = small(12, Setup::default()).await;
    let all = months(&office);
    // After the day of the run.
    office.desk.until(all[0].plus(1).day(RUNS_ON));
    office.desk.books().run_schedules(all[0].plus(1).day(RUNS_ON));
    office.desk.until(all[0].plus(1).day(RUNS_ON + 1));
    office.bill_now(all[0]).await;
    office.month(all[1]).await;
    office.month(all[2]).await;
    office.is_clean(3).await;
    office.nothing_is_lost(all[2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedule_that_was_paused_makes_up_for_its_runs_and_bills_each_statement_once() {
    let mut office = small(13, Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    let schedules = office.desk.books().schedules();
    for schedule in &schedules {
        office.desk.books().edit_schedule(schedule.id, |one| one.paused = true);
    }
    office.bill(all[1]).await;
    let told = office.findings("schedule-paused").await;
    assert!(told > 0, "nobody is told that it is paused");
    office.run(all[1]).await;
    office.bill(all[2]).await;
    for schedule in &schedules {
        office.desk.books().edit_schedule(schedule.id, |one| one.paused = false);
    }
    office.run(all[2]).await;
    // Two runs: the second had no statement of its own.
    office.accepts.push("ran-without-statement");
    office.month(all[3]).await;
    office.accepts = USUAL.to_vec();
    office.month(all[4]).await;
    office.is_clean(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_change_of_our_lines_after_a_run_is_set_right_by_the_next_statement() {
    let mut office = small(14, Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    for (place, line) in office.standing().into_iter().enumerate() {
        let books = office.desk.books();
        match place % 4 {
            0 => assert!(books.edit_line(line.id, |line| line.quantity += Decimal::TWO)),
            1 => assert!(books.delete_line(line.id)),
            2 => assert!(books.edit_line(line.id, |line| line.description = "Somebody's words".to_owned())),
            _ => assert!(books.edit_line(line.id, |line| line.taxable = !line.taxable)),
        }
    }
    office.month(all[1]).await;
    assert!(office.findings("line-changed").await > 0, "nobody is told that a line was changed");
    office.month(all[2]).await;
    office.is_clean(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_that_is_deleted_before_its_run_is_a_matter_for_a_person() {
    let mut office = small(15, Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    office.bill(all[1]).await;
    let before = office.due(all[1]);
    // A correction more before the run.
    office.desk.until(all[1].plus(1).day(CHECKED_ON + 1));
    let now = office.desk.now();
    office.desk.market.world(|world| {
        let ids: Vec<u32> = world.statements().iter().filter(|one| one.month == all[1]).map(|one| one.id).collect();
        for id in ids {
            world.reissue(id, Reissue::SameIdChanged, now).unwrap();
        }
    });
    let after = office.due(all[1]);
    let corrected = |owner: &str| before.get(owner) != after.get(owner);
    let mut ours = office.standing();
    ours.retain(|line| office.ledger.owner(line.id).is_some_and(corrected));
    let lost = ours.into_iter().find(|line| line.amount_cents() > 0).unwrap();
    assert!(office.desk.books().delete_line(lost.id));
    office.accepts.push("run-unclear");
    office.bill_now(all[1]).await;
    assert_eq!(office.needed.get("run-unclear"), Some(&1), "{:?}", office.needed);
    office.run(all[1]).await;
    let missing: i64 = office.due(all[1]).values().sum::<i64>() - office.ledger.billed.values().sum::<i64>();
    assert_eq!(missing, lost.amount_cents(), "what somebody was told of is what no run bills");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn product_that_is_deleted_is_made_again_and_its_line_goes_on() {
    let mut office = small(16, Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    let products: std::collections::BTreeSet<i64> = office.standing().iter().filter_map(|line| line.product).collect();
    assert!(products.len() > 2);
    for product in &products {
        assert!(office.desk.books().delete_product(*product));
    }
    office.month(all[1]).await;
    for line in office.standing().iter().filter(|line| !line.quantity.is_zero()) {
        assert!(line.product.is_some_and(|id| !products.contains(&id)), "{line:?}");
    }
    office.month(all[2]).await;
    office.is_clean(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_between_the_plan_and_its_sending_makes_the_plan_anew() {
    let mut office = small(18, Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    office.desk.until(all[1].plus(1).day(CHECKED_ON));
    office.desk.check().await;
    office.desk.sync_products().await;
    office.desk.plan().await;
    let plans = office.desk.confirm(&USUAL, &mut office.needed).await;
    assert!(plans.len() > 5);
    let writes = office.desk.accounts[0].writes().len();
    office.run(all[1]).await;
    office.desk.run(RunKind::Sync(plans)).await;
    // What rests on no run goes out; what would be written over a line that was billed meanwhile does not.
    for task in office.desk.tasks(&["synced"]).await.iter().filter(|task| task.created_at > office_end(all[0])) {
        let sealed = office.desk.sealed(task).await;
        let recurring = sealed.plan.changes.iter().any(|change| change.document == "recurring-line");
        assert!(!recurring, "{}: it was sent after a run that it did not know of", task.number);
    }
    println!("{} writes", office.desk.accounts[0].writes().len() - writes);
    office.accepts.push("ran-without-statement");
    office.month(all[2]).await;
    office.accepts = USUAL.to_vec();
    office.month(all[3]).await;
    office.is_clean(4).await;
}

/// Just before statements of the month are issued.
fn office_end(month: Month) -> chrono::DateTime<chrono::Utc> {
    month.end().and_hms_opt(0, 0, 0).unwrap().and_utc() + chrono::Duration::days(20)
}

/// Somebody links a motion to another recurring invoice: what stands in the former one would be billed there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_in_the_former_schedule_is_never_billed_beside_the_new_one() {
    let mut office = small(19, Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    let line = office.standing().into_iter().max_by_key(counterfoil_sim::syncro::Line::amount_cents).unwrap();
    let owner = office.ledger.owner(line.id).unwrap().to_owned();
    let former = office.desk.books().schedule(line.schedule).unwrap();
    let new = office.desk.books().add_schedule(Schedule { name: "Cloud, new".to_owned(), ..former.clone() });
    office.desk.commit(vec![office.desk.link(LinkKind::Container, &owner, (new, "Cloud, new"))]).await;
    office.desk.until(all[1].plus(1).day(CHECKED_ON));
    office.desk.check().await;
    office.desk.sync_products().await;
    let run = office.desk.plan().await;
    assert!(run.problems.iter().any(|problem| problem.message.contains("billed twice")), "{:#?}", run.problems);
    // As it is told: what stands there is set to zero, which was billed by the run before.
    for line in office.standing().into_iter().filter(|line| office.ledger.owner(line.id) == Some(owner.as_str())) {
        office.desk.books().edit_line(line.id, |line| line.quantity = Decimal::ZERO);
    }
    office.replan_parked().await;
    office.month(all[1]).await;
    let moved = office.standing().into_iter().filter(|line| line.schedule == new && !line.quantity.is_zero()).count();
    assert!(moved > 0);
    office.month(all[2]).await;
    office.is_clean(3).await;
}

/// The world that was worked out by hand, with one subscription ending as February ends.
fn ending() -> StatementWorld {
    let base = StatementWorld::fixture(Grouping::Provisions);
    let mut subscriptions = base.subscriptions().to_vec();
    let one = subscriptions.iter_mut().find(|one| one.id == 30_002).unwrap();
    one.ending = Some(Ending { on: base.first().plus(2).first(), in_window: false });
    StatementWorld::assemble(Parts {
        first: base.first(),
        months: 5,
        grouping: base.grouping(),
        organizations: base.organizations().to_vec(),
        profiles: base.profiles().to_vec(),
        tenants: base.tenants().to_vec(),
        products: base.products().to_vec(),
        subscriptions,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_stands_at_zero_or_is_taken_out() {
    for (setting, left) in [("zero", 1), ("remove", 0)] {
        let setup = Setup { settings: vec![("ended_lines", setting)], ..Setup::default() };
        let mut office = Office::of(Kind::CloudIq, ending(), setup).await;
        let all = months(&office);
        office.month(all[0]).await;
        office.month(all[1]).await;
        let mut before: Vec<i64> = office.standing().iter().map(|line| line.amount_cents()).collect();
        before.sort_unstable();
        assert_eq!(before, [7_815, 38_016], "5 × 15.63 and 12 × 31.68");
        office.month(all[2]).await;
        let ended = office.standing().into_iter().filter(|line| line.quantity.is_zero()).count();
        assert_eq!(ended, left, "{setting}: {:#?}", office.standing());
        assert!(office.standing().iter().all(|line| line.amount_cents() != 7_815), "{setting}: it goes on");
        office.month(all[3]).await;
        office.month(all[4]).await;
        office.is_clean(5).await;
    }
}

/// Nothing of a stream is left, so no statement comes that could say so: people are told what goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_that_falls_silent_is_told_before_its_lines_are_billed_again() {
    let base = ending();
    let mut tenants = base.tenants().to_vec();
    tenants[1].profile = 6_002;
    let mut profiles = base.profiles().to_vec();
    profiles.push(InvoiceProfile { id: 6_002, name: "Public sector".to_owned(), ..profiles[0].clone() });
    let mut subscriptions = base.subscriptions().to_vec();
    subscriptions.retain(|one| one.id != 30_003);
    let world = StatementWorld::assemble(Parts {
        first: base.first(),
        months: 5,
        grouping: base.grouping(),
        organizations: base.organizations().to_vec(),
        profiles,
        tenants,
        products: base.products().to_vec(),
        subscriptions,
    });
    let mut office = Office::of(Kind::CloudIq, world, Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    office.month(all[1]).await;
    office.desk.until(all[2].plus(1).day(CHECKED_ON));
    let run = office.desk.check().await;
    let told: Vec<_> = run.problems.iter().filter(|problem| problem.code == "statement-missing").collect();
    assert_eq!(told.len(), 1, "{:#?}", run.problems);
    assert!(told[0].message.contains("Public sector") && told[0].message.contains("78.15"), "{told:#?}");
    let line = office.standing().into_iter().find(|line| line.amount_cents() == 7_815).unwrap();
    office.desk.books().edit_line(line.id, |line| line.quantity = Decimal::ZERO);
    office.month(all[2]).await;
    office.month(all[3]).await;
    office.is_clean(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mode_invoice_makes_an_invoice_of_each_and_no_line_recurs() {
    let setup = Setup { settings: vec![("mode", "invoice")], ..Setup::default() };
    let mut office = small(17, setup).await;
    for month in months(&office) {
        office.bill(month).await;
        office.ledger.count(&office.desk).await;
        office.agrees(&month.to_string()).await;
    }
    assert_eq!(office.standing(), []);
    assert!(office.ledger.lines > 50);
    office.nothing_is_lost(months(&office)[4]).await;
}

impl Office {
    async fn replan_parked(&mut self) {
        let parked: Vec<_> = self.desk.tasks(&["parked"]).await.into_iter().map(|task| task.id).collect();
        if !parked.is_empty() {
            self.desk.run(RunKind::Plan(Selection::Tasks(parked))).await;
        }
    }

    /// How many findings of a code the confirmed plans have, whatever their weight.
    async fn findings(&self, code: &str) -> usize {
        let mut count = 0;
        for task in self.desk.tasks(&["synced"]).await {
            let sealed = self.desk.sealed(&task).await;
            assert_ne!(sealed.worst(), Some(Severity::Blocks));
            count += sealed.findings.iter().filter(|finding| finding.code == code).count();
        }
        count
    }
}
