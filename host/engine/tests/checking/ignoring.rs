//! Ignored and back: days that come, rules that are made and removed, what changes and what does not, currencies.

use chrono::Duration;
use counterfoil_domain::id::{ConnectionId, CustomerId, RuleId, TaskId};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{Order, OrderStatus, OrderType};
use counterfoil_domain::ports::{Clock as _, Write};
use counterfoil_domain::print::print;
use counterfoil_domain::rule::{Criteria, IgnoreRule, Said};
use counterfoil_domain::run::{RunKind, Selection};
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Need, Task, TaskState, Until, Verdict, next};

use super::desk::Desk;
use super::market::{order, subscription, usd};

impl Desk {
    async fn task(&self, number: &str) -> Task {
        let all = self.tasks().await.into_iter();
        let mut of: Vec<Task> =
            all.filter(|task| task.number == number && !matches!(task.state, TaskState::Superseded { .. })).collect();
        assert_eq!(of.len(), 1, "{number}");
        of.remove(0)
    }

    /// As the API does it for a person.
    async fn ignore(&self, number: &str, until: Option<Until>, rule: Option<IgnoreRule>) {
        let task = self.task(number).await;
        let (reason, text, by) = (IgnoreReason::ByPerson, "by hand".into(), "ann".into());
        let ignored = Ignored { reason, text, by, at: self.clock.now(), until };
        let state = next(task.state.clone(), Event::IgnoredBy(ignored)).unwrap();
        let mut writes = vec![Write::UpdateTask(Task { state, version: task.version + 1, ..task })];
        writes.extend(rule.map(Write::PutRule));
        self.store.commit(writes).await.unwrap();
    }

    async fn rule(&self, id: &str, criteria: Criteria, until: Option<&str>) {
        let rule = IgnoreRule {
            id: RuleId::new(id),
            connection: ConnectionId::new("x"),
            criteria,
            text: "bills itself".into(),
            by: "ann".into(),
            at: self.clock.now(),
            until: until.map(|day| day.parse().unwrap()),
        };
        self.store.commit(vec![Write::PutRule(rule)]).await.unwrap();
    }

    /// So that whatever is looked at now and then is looked at.
    async fn later(&self) {
        self.clock.advance(Duration::minutes(6));
        self.round().await;
    }

    async fn said(&self, action: &str) -> Vec<(String, String)> {
        let entries = self.store.audit(100).await.unwrap().into_iter();
        entries.filter(|entry| entry.action == action).map(|entry| (entry.actor.to_string(), entry.detail)).collect()
    }
}

fn of_customer() -> Criteria {
    Criteria { customer: Some(CustomerId::new("c")), ..Criteria::default() }
}

#[tokio::test]
async fn a_task_comes_back_on_its_day_and_not_before() {
    for starts in
        [Until::Day("2026-11-24".parse().unwrap()), Until::NextPeriod { starts: "2026-11-24".parse().unwrap() }]
    {
        let desk = Desk::open().await;
        desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
        desk.market.add(order("2", OrderType::Sales, "", "2026-11-20"));
        desk.check().await;
        desk.ignore("N-1", Some(starts), None).await;
        desk.ignore("N-2", None, None).await;
        desk.clock.advance(Duration::days(2));
        desk.later().await;
        assert_eq!(desk.shown().await, ["N-1 by-person", "N-2 by-person"], "the 23rd");
        desk.clock.advance(Duration::days(1));
        desk.later().await;
        assert_eq!(desk.shown().await, ["N-1 ready", "N-2 by-person"], "the 24th");
        let audit = desk.said("task.unignore").await;
        assert_eq!(audit.len(), 1, "{audit:?}");
        assert_eq!(audit[0].0, "calendar");
        assert!(audit[0].1.contains("2026-11-24") && audit[0].1.contains("10.00 USD"), "{audit:?}");
        desk.later().await;
        assert_eq!(desk.said("task.unignore").await.len(), 1, "once");
    }
}

#[tokio::test]
async fn a_rule_takes_open_tasks_and_new_orders_and_gives_them_back() {
    let desk = Desk::open().await;
    for id in ["1", "2", "3"] {
        desk.market.add(order(id, OrderType::Sales, "", "2026-11-20"));
    }
    desk.check().await;
    desk.sent("N-2").await;
    desk.ignore("N-3", None, None).await;
    desk.rule("rule_1", of_customer(), None).await;
    desk.round().await;
    let with_rule = ["N-1 excluded-customer", "N-2 synced", "N-3 by-person"];
    assert_eq!(desk.shown().await, with_rule, "what was sent stays, and so does what a person ignored");
    let (by, detail) = desk.said("task.ignore").await.remove(0);
    assert_eq!(by, "rule:rule_1");
    assert!(detail.contains("bills itself") && detail.contains("10.00 USD"), "{detail}");
    desk.market.add(order("4", OrderType::Change, "", "2026-11-21"));
    desk.check().await;
    assert_eq!(desk.shown().await[3], "N-4 excluded-customer");

    desk.store.commit(vec![Write::RemoveRule(RuleId::new("rule_1"))]).await.unwrap();
    desk.round().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "N-2 synced", "N-3 by-person", "N-4 ready"]);
}

#[tokio::test]
async fn a_rule_that_is_over_gives_back_what_it_ignored() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    desk.rule("rule_1", of_customer(), Some("2026-11-23")).await;
    desk.round().await;
    assert_eq!(desk.shown().await, ["N-1 excluded-customer"]);
    desk.clock.advance(Duration::days(2));
    desk.later().await;
    assert_eq!(desk.shown().await, ["N-1 ready"]);
}

/// Orders that a snapshot stands for must not come back beside it.
#[tokio::test]
async fn what_comes_back_is_not_billed_beside_its_snapshot() {
    let desk = Desk::open().await;
    desk.rule("rule_1", of_customer(), None).await;
    desk.market.state.lock().unwrap().subscriptions.push(subscription("s", 2));
    desk.market.add(order("1", OrderType::Change, "s", "2026-11-20"));
    desk.check().await;
    let shown = desk.shown().await;
    assert_eq!(shown, ["N-1 covered-by-initial-task", "SUB-s excluded-customer"]);
    desk.market.add(order("2", OrderType::Sales, "", "2026-11-21"));
    desk.check().await;
    desk.ignore_anew("N-1").await;
    desk.store.commit(vec![Write::RemoveRule(RuleId::new("rule_1"))]).await.unwrap();
    desk.later().await;
    assert_eq!(desk.shown().await, ["N-1 covered-by-initial-task", "N-2 ready", "SUB-s ready"]);
}

impl Desk {
    /// As if it had been ignored in the name of the rule from the beginning.
    async fn ignore_anew(&self, number: &str) {
        let task = self.task(number).await;
        let TaskState::Ignored(ignored) = task.state.clone() else { panic!("{task:?}") };
        let ignored = Ignored { reason: IgnoreReason::ExcludedCustomer, by: "rule:rule_1".into(), ..ignored };
        let task = Task { state: TaskState::Ignored(ignored), version: task.version + 1, ..task };
        self.store.commit(vec![Write::UpdateTask(task)]).await.unwrap();
    }
}

/// A question about money that was sent is a person's: a rule does not answer it, and a day does not either.
#[tokio::test]
async fn a_revision_of_what_was_sent_asks_again_when_it_comes_back() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-20");
    desk.market.add(first.clone());
    desk.check().await;
    desk.sent("N-1").await;
    let mut revised = Order { total: Some(12.into()), ..first };
    (revised.lines[0].unit_price, revised.lines[0].amount) = (12.into(), 12.into());
    desk.market.put(revised);
    desk.check().await;
    desk.rule("rule_1", of_customer(), None).await;
    desk.round().await;
    let waiting = ["N-1 pending", "N-1 synced"];
    assert_eq!(desk.shown().await, waiting, "the rule leaves it");
    desk.store.commit(vec![Write::RemoveRule(RuleId::new("rule_1"))]).await.unwrap();
    let of = desk.tasks().await.into_iter().find(|task| task.state.name() == "pending").unwrap();
    let ignored = Ignored {
        reason: IgnoreReason::ByPerson,
        text: "later".into(),
        by: "ann".into(),
        at: desk.clock.now(),
        until: Some(Until::Day("2026-11-23".parse().unwrap())),
    };
    let state = next(of.state.clone(), Event::IgnoredBy(ignored)).unwrap();
    desk.store.commit(vec![Write::UpdateTask(Task { state, version: of.version + 1, ..of })]).await.unwrap();
    desk.clock.advance(Duration::days(3));
    desk.later().await;
    assert_eq!(desk.shown().await, waiting);
    let task = desk.tasks().await.into_iter().find(|task| task.state.name() == "pending").unwrap();
    let TaskState::Pending(needs) = &task.state else { panic!("{task:?}") };
    assert!(matches!(&needs[..], [Need::Decision { why }] if why.contains("10.00 USD")), "{needs:?}");
}

#[tokio::test]
async fn until_it_changes_the_next_month_stays_ignored_and_a_seat_more_does_not() {
    let desk = Desk::open().await;
    desk.check().await;
    desk.market.state.lock().unwrap().subscriptions.push(subscription("s", 1));
    let month = |id: &str, day: &str| order(id, OrderType::Sales, "s", day);
    desk.market.add(month("1", "2026-11-21"));
    desk.check().await;
    let task = desk.task("N-1").await;
    let sold = month("1", "2026-11-21");
    let said = Said { text: "paid in advance".into(), by: "ann".into(), at: desk.clock.now() };
    let rule = IgnoreRule::until_change(&task.id, &task.connection, &sold, said);
    desk.ignore("N-1", Some(Until::Change { print: print(&sold) }), rule.clone()).await;

    desk.clock.advance(Duration::days(30));
    desk.market.add(month("2", "2026-12-21"));
    let mut dearer = month("3", "2026-12-21");
    (dearer.lines[0].quantity, dearer.lines[0].amount, dearer.total) = (2.into(), 20.into(), Some(20.into()));
    desk.market.add(dearer);
    // A later revision of the same order that bills the same: another status of the source is none of ours.
    desk.market.put(Order { status: OrderStatus::Processing, ..sold.clone() });
    desk.check().await;
    desk.market.put(sold);
    desk.check().await;
    let shown: Vec<String> = desk.shown().await.into_iter().filter(|line| !line.ends_with("superseded")).collect();
    assert_eq!(shown, ["N-1 by-person", "N-2 by-person", "N-3 ready"]);
    let TaskState::Ignored(second) = desk.task("N-2").await.state else { panic!("not ignored") };
    assert!(second.text.contains("paid in advance") && second.text.contains("ann"), "{}", second.text);

    desk.store.commit(vec![Write::RemoveRule(rule.unwrap().id)]).await.unwrap();
    desk.later().await;
    assert_eq!(desk.task("N-2").await.state, TaskState::Ready, "what was ignored in its name comes back with it");
}

#[tokio::test]
async fn a_currency_that_the_target_lacks_is_told_until_it_has_it() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready"], "a target that lists none says nothing");
    desk.paper.currencies.lock().unwrap().push("EUR".into());
    desk.market.add(order("2", OrderType::Sales, "", "2026-11-21"));
    desk.market
        .add(Order { currency: Currency::parse("NZD").unwrap(), ..order("3", OrderType::Sales, "", "2026-11-21") });
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "N-2 currency-not-offered", "N-3 ready"], "its own it always has");
    let TaskState::Ignored(ignored) = desk.task("N-2").await.state else { panic!("not ignored") };
    assert!(ignored.text.contains("USD") && ignored.text.contains("EUR, NZD"), "{}", ignored.text);
    desk.paper.currencies.lock().unwrap().push(usd().code().into());
    let run = desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "N-2 ready", "N-3 ready"]);
    assert!(run.counts.contains(&("tasks-came-back".to_owned(), 1)), "{:?}", run.counts);
}

/// A clock that is set back, a service that is started again: nothing is lost by either.
#[tokio::test]
async fn days_are_looked_at_again_after_the_clock_was_set_back() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    desk.clock.advance(Duration::days(10));
    desk.later().await;
    desk.clock.advance(Duration::days(-9));
    desk.ignore("N-1", Some(Until::Day("2026-11-22".parse().unwrap())), None).await;
    desk.round().await;
    assert_eq!(desk.shown().await, ["N-1 ready"]);
}

impl Desk {
    /// As the API does it for a person.
    async fn take_back(&self, task: &Task) {
        let state = next(task.state.clone(), Event::Unignored(Verdict::Pending(vec![Need::rules()]))).unwrap();
        let task = Task { state, version: task.version + 1, ..task.clone() };
        self.store.commit(vec![Write::UpdateTask(task)]).await.unwrap();
    }

    async fn question(&self, id: &TaskId) -> String {
        let task = self.store.task(id).await.unwrap().unwrap();
        match task.state {
            TaskState::Pending(needs) => needs.iter().map(ToString::to_string).collect(),
            other => other.name().to_owned(),
        }
    }
}

/// Somebody ignored what waited for a decision, or what a snapshot stands for, and takes it back: it is not billed beside
/// what stands in the target already, but asks.
#[tokio::test]
async fn what_is_taken_back_asks_again_before_anything_is_billed_twice() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-20");
    desk.market.add(first.clone());
    desk.market.state.lock().unwrap().subscriptions.push(subscription("s", 10));
    desk.market.add(order("2", OrderType::Change, "s", "2026-11-20"));
    desk.check().await;
    desk.sent("N-1").await;
    let mut revised = first;
    revised.total = Some(12.into());
    revised.lines[0].amount = 12.into();
    revised.lines[0].unit_price = 12.into();
    desk.market.put(revised);
    desk.check().await;
    let waiting: Vec<Task> =
        desk.tasks().await.into_iter().filter(|task| matches!(task.state, TaskState::Pending(_))).collect();
    let [waiting] = waiting.as_slice() else { panic!("{waiting:?}") };
    let covered = desk.task("N-2").await;
    for (task, asks) in [(waiting, "revised after"), (&covered, "stands for this order")] {
        if let TaskState::Pending(_) = task.state {
            let (reason, text, by) = (IgnoreReason::ByPerson, "later".into(), "ann".into());
            let ignored = Ignored { reason, text, by, at: desk.clock.now(), until: None };
            let state = next(task.state.clone(), Event::IgnoredBy(ignored)).unwrap();
            let task = Task { state, version: task.version + 1, ..task.clone() };
            desk.store.commit(vec![Write::UpdateTask(task)]).await.unwrap();
        }
        desk.take_back(&desk.store.task(&task.id).await.unwrap().unwrap()).await;
        desk.run("x", RunKind::Plan(Selection::AllReady)).await;
        let question = desk.question(&task.id).await;
        assert!(question.contains("needs a decision") && question.contains(asks), "{question}");
    }
}
