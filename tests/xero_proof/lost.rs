//! A write whose answer is lost: invoices and credit notes, before and after Xero committed, looked into while Xero still
//! knows the key and long after its six minutes. Each time exactly one document of each kind stands in the books.

use std::collections::BTreeMap;

use chrono::Duration;
use counterfoil_domain::task::Task;
use counterfoil_sim::xero::DocumentKind;
use counterfoil_sim::{Fault, FaultKind};
use rust_decimal::Decimal;

use crate::desk::{Desk, Setup};
use crate::shelf::{Draft, Shelf};
use crate::table::desk;

/// When somebody looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Xero still knows the key.
    AtOnce,
    /// The key is forgotten: the host was down meanwhile.
    Later,
}

/// What goes wrong with a write, and whether Xero has it.
const LOSSES: [(&str, bool); 5] = [
    ("lost on its way", false),
    ("answer lost", true),
    ("answer cut in half", true),
    ("answered 500, saved", true),
    ("answered in gibberish, saved", true),
];

fn fault(loss: &str) -> FaultKind {
    match loss {
        "lost on its way" => FaultKind::LoseBefore,
        "answer lost" => FaultKind::LoseAfter,
        "answer cut in half" => FaultKind::HalfBody,
        "answered 500, saved" => FaultKind::StatusAfterCommit { code: 500, body: "An unhandled error".to_owned() },
        _ => FaultKind::Malformed,
    }
}

type Pairs = &'static [(&'static str, &'static str)];

/// What a connection does, and the writes that it makes by that: method and end of the path.
const MODES: [(Pairs, Pairs); 4] = [
    (&[], &[("PUT", "/Invoices"), ("PUT", "/CreditNotes")]),
    (&[("number_source", "target")], &[("PUT", "/Invoices"), ("PUT", "/CreditNotes")]),
    (&[("status", "AUTHORISED")], &[("PUT", "/Invoices"), ("PUT", "/CreditNotes"), ("PUT", "/Allocations")]),
    (&[("documents", "append")], &[("POST", "/Invoices/"), ("PUT", "/CreditNotes")]),
];

#[derive(Debug)]
struct Scene<'a> {
    mode: Pairs,
    /// Method and path.
    write: (&'a str, &'a str),
    loss: &'a str,
    committed: bool,
    again: Again,
    /// Two orders: one becomes an invoice and a credit note, one an invoice alone.
    numbers: [String; 2],
}

impl Scene<'_> {
    async fn tasks(&self, desk: &Desk) -> Vec<Task> {
        vec![desk.task(&self.numbers[0]).await, desk.task(&self.numbers[1]).await]
    }

    async fn play(&self, shelf: &Shelf, desk: &mut Desk) {
        let at = desk.now() - Duration::minutes(1);
        shelf.put(Draft::cancellation(self.numbers[0].clone(), 0, at));
        shelf.put(Draft::sale(self.numbers[1].clone(), 0, at, "40.40"));
        desk.check().await;
        desk.plan().await;
        let before = (desk.books.state().net_total(), desk.writes(self.write).len());
        let hits = desk.books.faults().hits().len();
        desk.books.faults().inject(Fault::once(self.write.0, self.write.1, fault(self.loss)));
        desk.sync().await;
        assert_eq!(desk.books.faults().hits().len(), hits + 1, "{self:?}: the fault hit nothing");
        // It is known to be unknown, and nothing is sent again before somebody looked.
        let tasks = self.tasks(desk).await;
        let unknown = tasks.iter().any(|task| ["uncertain", "sending"].contains(&task.state.name()));
        assert!(unknown, "{self:?}: {tasks:#?}");

        desk.pass(if self.again == Again::AtOnce { Duration::seconds(3) } else { Duration::minutes(7) });
        for _ in 0..40 {
            desk.engine.round().await.unwrap();
            if self.tasks(desk).await.iter().all(|task| task.state.name() == "synced") {
                break;
            }
            desk.pass(if self.again == Again::AtOnce { Duration::seconds(20) } else { Duration::seconds(70) });
        }
        let tasks = self.tasks(desk).await;
        assert!(tasks.iter().all(|task| task.state.name() == "synced"), "{self:?}: {tasks:#?}");
        // 75.00 − 25.55 + 40.40.
        assert_eq!(desk.books.state().net_total() - before.0, Decimal::new(8_985, 2), "{self:?}");
        self.stands_once(desk);
        self.was_sent_rightly(&desk.writes(self.write)[before.1..]);
    }

    fn stands_once(&self, desk: &Desk) {
        let of = |number: &str, kind: DocumentKind| {
            let documents = desk.documents(number).into_iter().filter(|document| document.kind == kind);
            documents.map(|document| (document.sub_total, document.allocations.len())).collect::<Vec<_>>()
        };
        let given = usize::from(self.mode.contains(&("status", "AUTHORISED")));
        assert_eq!(of(&self.numbers[0], DocumentKind::CreditNote), [(Decimal::new(2_555, 2), given)], "{self:?}");
        if self.mode.contains(&("documents", "append")) {
            // Its lines are on the month's invoice, which is another order's.
            return;
        }
        assert_eq!(of(&self.numbers[0], DocumentKind::Invoice), [(Decimal::new(7_500, 2), 0)], "{self:?}");
        assert_eq!(of(&self.numbers[1], DocumentKind::Invoice), [(Decimal::new(4_040, 2), 0)], "{self:?}");
    }

    /// What Xero has seen: a body again only under its own key and only while Xero knows that key.
    fn was_sent_rightly(&self, writes: &[(String, String)]) {
        let mut seen: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, body) in writes {
            seen.entry(body).or_default().push(key);
        }
        for keys in seen.values() {
            assert!(keys.iter().all(|key| key == &keys[0]), "{self:?}: {writes:#?}");
            let most = if self.committed && self.again == Again::AtOnce { 2 } else { 1 };
            assert!(keys.len() <= most, "{self:?}: {writes:#?}");
        }
    }
}

async fn play_all(mode: usize) {
    let (settings, writes) = MODES[mode];
    let (shelf, mut desk) = desk(Setup { settings: settings.to_vec(), ..Setup::default() }).await;
    // In the mode that adds to an invoice of the month, there must be one.
    shelf.put(Draft::sale("SO900000".to_owned(), 0, desk.now() - Duration::minutes(1), "1.00"));
    desk.bill().await;
    let mut number = 0;
    for write in writes {
        for (loss, committed) in LOSSES {
            for again in [Again::AtOnce, Again::Later] {
                number += 2;
                let numbers = [format!("CL{number:06}"), format!("SO{:06}", number + 1)];
                let scene = Scene { mode: settings, write: *write, loss, committed, again, numbers };
                scene.play(&shelf, &mut desk).await;
                println!("{settings:?} {write:?}, {loss}, {again:?}: once");
            }
        }
    }
    // Days later nobody has sent anything more.
    let before = (desk.books.state().documents().len(), desk.books.state().net_total());
    for _ in 0..5 {
        desk.pass(Duration::days(1));
        desk.check().await;
    }
    assert_eq!((desk.books.state().documents().len(), desk.books.state().net_total()), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_leave_one_document_of_each() {
    play_all(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_are_found_by_reference_where_xero_counts() {
    play_all(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_allocate_a_credit_once() {
    play_all(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_add_lines_to_the_months_invoice_once() {
    play_all(3).await;
}

/// Whatever is lost once may be lost three times: key after key, look after look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_three_times_in_a_row_is_still_one_document() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    for (number, kinds) in [
        [FaultKind::LoseAfter, FaultKind::LoseAfter, FaultKind::LoseAfter],
        [FaultKind::LoseBefore, FaultKind::LoseBefore, FaultKind::LoseAfter],
        [FaultKind::LoseBefore, FaultKind::LoseAfter, FaultKind::LoseBefore],
    ]
    .into_iter()
    .enumerate()
    {
        let number = format!("CL{number:06}");
        let at = desk.now() - Duration::minutes(1);
        shelf.put(Draft::cancellation(number.clone(), 0, at));
        desk.check().await;
        desk.plan().await;
        for kind in &kinds {
            desk.books.faults().inject(Fault::once("PUT", "/Invoices", kind.clone()));
        }
        desk.sync().await;
        let mut rounds = 0;
        while desk.task(&number).await.state.name() != "synced" {
            rounds += 1;
            assert!(rounds < 60, "{kinds:?}: {:#?}", desk.task(&number).await);
            desk.pass(Duration::seconds(45));
            desk.engine.round().await.unwrap();
        }
        desk.books.faults().clear();
        assert_eq!(desk.documents(&number).len(), 2, "{kinds:?}");
    }
}
