//! Files of the version before decisions were kept: they open, and every record reads as it was meant.

use std::path::Path;

use counterfoil_domain::connection::HostRules;
use counterfoil_domain::id::{ConnectionId, PlanDigest, SubscriptionId, TaskId};
use counterfoil_domain::money::Rounding;
use counterfoil_domain::ports::{
    Cursor, OrderStore as _, PageRequest, RunStore as _, SetupStore as _, Store as _, TaskFilter, TaskStore as _, Write,
};
use counterfoil_domain::run::RunKind;
use counterfoil_domain::task::{Task, TaskState, Until};
use counterfoil_store::SqliteStore;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use crate::samples;

const CONNECTION: &str = r#"{"id":"xero-1","reseller":"r","name":"Main books","plugin":"xero","marketplace":"ingram-eu","state":"enabled","state_reason":"","base_url":null,"token_url":null,"auth":null,"exceptions":{"plain_http":false,"private_addresses":false},"settings":{"account-code":"200"},"rules":{"price_source":"marketplace","rounding":"half-even","recurring_before_period":true,"most_per_plan":"10000.50","start_on":null}}"#;

const CURSOR: &str = r#"{"connection":"xero-1","initial_done":true,"seen_until":"2026-01-31T23:59:58.000001Z"}"#;

const PLAN_DIGEST: &str = "279eb212b2a597cdef665b4e456e350ca13ef7c20656fea57a536e350926bb9a";

const PLAN: &str = r#"{"digest":"279eb212b2a597cdef665b4e456e350ca13ef7c20656fea57a536e350926bb9a","connection":"xero-1","plan":{"task":"task_1","changes":[],"left_out":[],"notes":["note"],"payload":"AAH/","attributes":[["a","b"]]},"ground":{"revision":"r1","links":"l","settings":"s","rules":"r","adjustments":"a","target_records":"t","plugin":"d"},"findings":[{"severity":"notes","code":"c","message":"m"}],"source_total":["594.00","USD"],"made_at":"2026-01-31T23:59:59.000000Z"}"#;

const RUN: &str = r#"{"id":"run_1","reseller":"r","connection":"xero-1","kind":"check","state":"done","asked_by":"ann","asked_at":"2026-01-31T23:59:58.000000Z","started_at":null,"finished_at":null,"total":null,"done":0,"counts":[],"problems":[]}"#;

/// The tail of a task's record, in the state that is given.
fn task(id: &str, state: &str) -> String {
    let head = r#"","reseller":"r","connection":"xero-1","subject":{"order":{"key":{"marketplace":"ingram-eu","order":"o1"},"revision":"r1"}},"kind":"change","number":"SO000001","customer":"c1","customer_name":"Contoso","subscription":"s1","amount":["594.00","USD"],"scenario":"new sale","state":"#;
    let tail = r#","created_at":"2026-01-31T23:59:58.000000Z","observed_at":"2026-01-31T23:59:58.000000Z","updated_at":"2026-01-31T23:59:58.000000Z","failures":0,"crashes":0,"version":3}"#;
    format!(r#"{{"id":"{id}{head}{state}{tail}"#)
}

/// The day was all that there was to `until`.
fn ignored(text: &str, until: &str) -> String {
    format!(
        r#"{{"ignored":{{"reason":"by-person","text":"{text}","by":"ann","at":"2026-01-31T23:59:58.000000Z","until":{until}}}}}"#
    )
}

fn seal(what: &str, body: &str) -> i64 {
    let hash = Sha256::new().chain_update(what).chain_update([0]).chain_update(body).finalize();
    i64::from_be_bytes(hash[..8].try_into().unwrap())
}

fn put_task(raw: &Connection, id: &str, state: &str, reason: &str, body: &str) {
    let sql =
        "INSERT INTO tasks (id, reseller, connection, marketplace, order_id, snapshot_of, state, reason, customer,
            search, amount, currency, observed_at, version, body, seal)
        VALUES ($1, 'r', 'xero-1', 'ingram-eu', 'o1', NULL, $2, $3, 'c1', 'so000001', '594.00', 'USD',
            '2026-01-31T23:59:58.000000Z', 3, $4, $5)";
    raw.execute(sql, params![id, state, reason, body, seal("task", body)]).unwrap();
}

fn former_file(path: &Path) {
    let raw = Connection::open(path).unwrap();
    raw.execute_batch(include_str!("../../migrations/0001_base.sql")).unwrap();
    raw.execute_batch("PRAGMA application_id = 0x43464C31; PRAGMA user_version = 1").unwrap();
    let rows = [
        ("INSERT INTO connections (id, reseller, body, seal) VALUES ('xero-1', 'r', $1, $2)", "connection", CONNECTION),
        ("INSERT INTO cursors (connection, body, seal) VALUES ('xero-1', $1, $2)", "cursor", CURSOR),
        (
            "INSERT INTO runs (id, reseller, connection, kind, state, asked_at, body, seal)
             VALUES ('run_1', 'r', 'xero-1', 'check', 'done', '2026-01-31T23:59:58.000000Z', $1, $2)",
            "run",
            RUN,
        ),
    ];
    for (sql, what, body) in rows {
        raw.execute(sql, params![body, seal(what, body)]).unwrap();
    }
    let sql = "INSERT INTO plans (digest, connection, task, body, seal) VALUES ($1, 'xero-1', 'task_1', $2, $3)";
    raw.execute(sql, params![PLAN_DIGEST, PLAN, seal("plan", PLAN)]).unwrap();

    let synced = task("task_1", &format!(r#"{{"synced":{{"plan":"{PLAN_DIGEST}"}}}}"#));
    put_task(&raw, "task_1", "synced", "", &synced);
    for (id, text, until) in UNTIL {
        put_task(&raw, id, "ignored", "by-person", &task(id, &ignored(text, until)));
    }
    put_task(&raw, "task_9", "ignored", "by-person", &task("task_9", &ignored("rotten", r#""2026-02-09""#)));
    // Altered on the disk: found when it is read, and no reason to refuse the file.
    assert_eq!(raw.execute("UPDATE tasks SET body = body || ' ' WHERE id = 'task_9'", []).unwrap(), 1);
    raw.execute(
        "INSERT INTO task_totals (connection, state, reason, currency, tasks, amount) VALUES
            ('xero-1', 'synced', '', 'USD', 1, '594.00'), ('xero-1', 'ignored', 'by-person', 'USD', 4, '2376.00')",
        [],
    )
    .unwrap();
}

const UNTIL: [(&str, &str, &str); 3] = [
    ("task_2", "later", r#""2026-02-09""#),
    ("task_3", "much later", r#""2026-11-30""#),
    // Words of a person that look like the field.
    ("task_4", r#"not \"until\":\"2026-02-01\""#, "null"),
];

fn until(task: &Task) -> Option<Until> {
    let TaskState::Ignored(ignored) = &task.state else { panic!("{} is not ignored", task.id) };
    ignored.until.clone()
}

#[tokio::test]
async fn a_file_of_the_former_version_opens_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    former_file(&path);
    let store = SqliteStore::open(&path).unwrap();

    let connections = store.connections().await.unwrap();
    let rules = HostRules {
        rounding: Rounding::HalfEven,
        recurring_before_period: true,
        most_per_plan: Some(samples::amount("10000.50")),
        ..HostRules::default()
    };
    assert_eq!(connections.iter().map(|c| c.rules.clone()).collect::<Vec<_>>(), vec![rules]);
    let here = ConnectionId::from("xero-1");
    let cursor = Cursor { connection: here.clone(), initial_done: true, seen_until: samples::at(0), swept_at: None };
    assert_eq!(store.cursor(&here).await.unwrap(), Some(cursor));
    assert_eq!(store.runs(None, 9).await.unwrap()[0].kind, RunKind::Check);
    let plan = store.plan(&PlanDigest::from(PLAN_DIGEST)).await.unwrap().unwrap();
    assert_eq!((plan.claims.len(), plan.plan.payload.as_slice()), (0, &[0, 1, 255][..]));

    let days = [Some("2026-02-09"), Some("2026-11-30"), None];
    for ((id, _, _), day) in UNTIL.into_iter().zip(days) {
        let task = store.task(&TaskId::from(id)).await.unwrap().unwrap();
        assert_eq!(until(&task), day.map(|day| Until::Day(day.parse().unwrap())));
    }
    assert!(store.task(&TaskId::from("task_9")).await.is_err());
}

#[tokio::test]
async fn what_is_new_works_on_a_file_of_the_former_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    former_file(&path);
    let store = SqliteStore::open(&path).unwrap();
    let here = ConnectionId::from("xero-1");
    let back = |day: &str| TaskFilter { back_by: day.parse().ok(), ..TaskFilter::default() };
    for (day, expected) in
        [("2026-02-08", 0), ("2026-02-09", 1), ("2026-11-29", 1), ("2026-11-30", 2), ("2030-01-01", 2)]
    {
        let page = PageRequest { after: None, limit: 50 };
        let found = store.tasks(back(day), page).await.unwrap();
        assert_eq!(found.len(), expected, "{day}: {found:?}");
    }

    // The plan of a task that was confirmed before claims were kept: sealed again, its claims count.
    let subscriptions = vec![SubscriptionId::from("s1")];
    assert_eq!(store.claims(&here, subscriptions.clone()).await.unwrap(), vec![]);
    let mut plan = store.plan(&PlanDigest::from(PLAN_DIGEST)).await.unwrap().unwrap();
    plan.claims = samples::claims(1)[..1].to_vec();
    store.commit(vec![Write::PutPlan(plan.clone())]).await.unwrap();
    assert_eq!(store.claims(&here, subscriptions).await.unwrap(), plan.claims);

    // An ignored one that is taken up again comes back no more.
    let task = store.task(&TaskId::from("task_2")).await.unwrap().unwrap();
    let task = Task { state: TaskState::Ready, version: task.version + 1, ..task };
    store.commit(vec![Write::UpdateTask(task)]).await.unwrap();
    let found = store.tasks(back("2030-01-01"), PageRequest { after: None, limit: 50 }).await.unwrap();
    assert_eq!(found.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ["task_3"]);
    drop(store);
    assert!(SqliteStore::open(&path).is_ok(), "the steps are taken once");
}
