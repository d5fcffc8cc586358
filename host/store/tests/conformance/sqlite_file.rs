//! What only the file promises: it survives, it refuses what it should, it tells what was altered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil_domain::order::OrderStatus;
use counterfoil_domain::ports::{
    CommitError, OrderStore as _, PageRequest, RunStore as _, SetupStore as _, Store as _, StoreError, TaskFilter,
    TaskStore as _, Write,
};
use counterfoil_domain::run::{RunKind, RunState};
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_store::{BackupError, OpenError, SqliteStore, copy_file};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::samples;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

/// As somebody with the file and another program could.
fn tamper(path: &Path, sql: &str) {
    let raw = Connection::open(path).unwrap();
    assert!(raw.execute(sql, []).unwrap() > 0, "{sql} changed nothing");
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let writes = vec![
        Write::InsertTask(samples::task(1, TaskState::Ready)),
        Write::PutPlan(samples::plan(1)),
        Write::Audit(samples::audit_entry(1)),
        Write::PutOrder {
            order: samples::order(1, OrderStatus::Error),
            fingerprint: "f".to_owned(),
            observed_at: samples::at(0),
        },
    ];
    store.commit(writes).await.unwrap();
    let before = crate::differential::everything(&store).await;
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(crate::differential::everything(&store).await, before);
    store.commit(vec![Write::Audit(samples::audit_entry(2))]).await.unwrap();
    assert!(store.verify_audit().await.unwrap().is_good(), "the chain goes on over a restart");
}

#[tokio::test]
async fn an_answered_commit_does_not_need_a_clean_end() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.commit(vec![Write::PutReseller(samples::reseller(1))]).await.unwrap();
    // What a power cut leaves: the files as they are now, taken while the store is still open.
    let cut = folder.path().join("cut.db");
    std::fs::copy(&path, &cut).unwrap();
    std::fs::copy(path.with_extension("db-wal"), cut.with_extension("db-wal")).unwrap();
    let after = SqliteStore::open(&cut).unwrap();
    assert_eq!(after.resellers().await.unwrap(), vec![samples::reseller(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_come_together_are_flushed_together() {
    let (_folder, path) = folder();
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    store.commit(vec![Write::InsertTask(samples::task(0, TaskState::Ready))]).await.unwrap();
    let before = store.figures();
    let jobs: Vec<_> = (1..=200)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                // Every tenth names a wrong version: it must fail alone.
                let last = if n % 10 == 0 {
                    Write::UpdateTask(Task { version: 9, ..samples::task(0, TaskState::Ready) })
                } else {
                    Write::Audit(samples::audit_entry(n))
                };
                let outcome = store.commit(vec![Write::InsertTask(samples::task(n, TaskState::Ready)), last]).await;
                if outcome.is_ok() {
                    let id = samples::task(n, TaskState::Ready).id;
                    assert!(store.task(&id).await.unwrap().is_some(), "answered before it could be read");
                }
                (n, outcome)
            })
        })
        .collect();
    for job in jobs {
        let (n, outcome) = job.await.unwrap();
        let stored = store.task(&samples::task(n, TaskState::Ready).id).await.unwrap();
        if n % 10 == 0 {
            let task = samples::task(0, TaskState::Ready).id;
            assert_eq!(outcome, Err(CommitError::Conflict { task, expected: 8 }));
            assert_eq!(stored, None, "a commit that failed left task {n}");
        } else {
            assert_eq!(outcome, Ok(()));
            assert!(stored.is_some(), "task {n} is lost");
        }
    }
    let after = store.figures();
    assert_eq!(after.commits - before.commits, 200);
    assert!(after.transactions - before.transactions < 100, "{after:?}");
    assert_eq!(store.totals(None).await.unwrap()[0].count, 181);
    let audit = store.verify_audit().await.unwrap();
    assert_eq!((audit.records, audit.is_good()), (180, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_checks_asked_for_at_once_is_taken() {
    let (_folder, path) = folder();
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let jobs: Vec<_> = (0..50)
        .map(|n| {
            let store = Arc::clone(&store);
            let run = samples::run(n, RunKind::Check, RunState::Queued);
            tokio::spawn(async move { store.commit(vec![Write::InsertRun(run)]).await })
        })
        .collect();
    let mut taken = 0;
    for job in jobs {
        match job.await.unwrap() {
            Ok(()) => taken += 1,
            Err(CommitError::AlreadyRunning(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((taken, store.unfinished_runs().await.unwrap().len()), (1, 1));
}

/// Its name, how it is made, the kind of error and words that must be in it.
type Refused<'a> = (&'a str, &'a dyn Fn(&Path), &'a str, &'a [&'a str]);

#[test]
fn files_that_are_not_ours_to_open_are_refused_and_left_alone() {
    let ours = |path: &Path| drop(SqliteStore::open(path).unwrap());
    let garbage = |path: &Path| std::fs::write(path, "id,name\n1,Contoso\n".repeat(500)).unwrap();
    let foreign = |path: &Path| {
        Connection::open(path)
            .unwrap()
            .execute_batch("CREATE TABLE contacts (id TEXT); PRAGMA user_version = 1")
            .unwrap();
    };
    let newer = |path: &Path| {
        ours(path);
        Connection::open(path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    };
    let torn = |path: &Path| {
        ours(path);
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    let zeroed = |path: &Path| {
        ours(path);
        let mut bytes = std::fs::read(path).unwrap();
        bytes[4096..12_288].fill(0);
        std::fs::write(path, bytes).unwrap();
    };
    let table: [Refused<'_>; 5] = [
        ("garbage", &garbage, "NotADatabase", &["not a Counterfoil database", "nothing will be sent", "restore"]),
        ("foreign", &foreign, "NotADatabase", &["of another program", "Nothing was changed"]),
        ("newer", &newer, "NewerSchema", &["schema 99", "Start the newer version"]),
        ("torn", &torn, "Damaged", &["is damaged", "Nothing was repaired", "counterfoil restore"]),
        ("zeroed", &zeroed, "Damaged", &["is damaged", "nothing will be sent"]),
    ];
    for (name, make, kind, words) in table {
        let (_folder, path) = folder();
        make(&path);
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).expect_err(name);
        assert!(format!("{error:?}").starts_with(kind), "{name}: {error:?}");
        for word in words {
            assert!(error.to_string().contains(word), "{name}: \"{word}\" is missing in: {error}");
        }
        assert!(error.to_string().contains("store.db"), "{name}: which file? {error}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}: the file was changed");
    }
}

#[tokio::test]
async fn a_second_host_is_kept_away() {
    let (_folder, path) = folder();
    let first = SqliteStore::open(&path).unwrap();
    let second = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(second, OpenError::Locked { .. }), "{second}");
    let clone = first.clone();
    drop(first);
    assert!(SqliteStore::open(&path).is_err(), "a clone still has it");
    drop(clone);
    assert!(SqliteStore::open(&path).is_ok());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let (folder, _) = folder();
    let error = SqliteStore::open(folder.path().join("no such folder/store.db")).unwrap_err();
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    assert!(error.to_string().contains("no such folder"), "{error}");
}

#[tokio::test]
async fn a_write_lock_of_another_program_means_busy_not_lost() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = std::time::Instant::now();
    let refused = store.commit(vec![Write::PutReseller(samples::reseller(1))]).await;
    assert_eq!(refused, Err(CommitError::Store(StoreError::Busy)));
    assert!(began.elapsed().as_secs() >= 4, "it waits before it gives up");
    assert_eq!(store.resellers().await.unwrap(), vec![], "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(vec![Write::PutReseller(samples::reseller(1))]).await.unwrap();
    assert_eq!(store.resellers().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_altered_audit_log_is_told_with_its_first_bad_record() {
    let table = [
        ("UPDATE audit SET detail = '9999.00 USD' WHERE place = 3", 3),
        ("UPDATE audit SET happened_at = '2020-01-01T00:00:00.000000Z' WHERE place = 1", 1),
        ("UPDATE audit SET actor = action, action = actor WHERE place = 5", 5),
        ("DELETE FROM audit WHERE place = 2", 2),
        ("DELETE FROM audit WHERE place = 1", 1),
        ("UPDATE audit SET place = CASE place WHEN 3 THEN 40 WHEN 4 THEN 3 ELSE place END", 3),
        ("UPDATE audit SET hash = hash || '0' WHERE place = 4", 4),
        ("DELETE FROM audit WHERE place >= 5", 5),
        ("DELETE FROM audit", 1),
        ("UPDATE audit_head SET place = 2", 3),
        ("DELETE FROM audit_head", 1),
    ];
    for (sql, first_bad) in table {
        let (_folder, path) = folder();
        let store = SqliteStore::open(&path).unwrap();
        for n in 1..=6 {
            store.commit(vec![Write::Audit(samples::audit_entry(n))]).await.unwrap();
        }
        let good = store.verify_audit().await.unwrap();
        assert_eq!((good.records, good.is_good(), good.head.len()), (6, true, 64));
        tamper(&path, sql);
        let check = store.verify_audit().await.unwrap();
        assert_eq!(check.first_bad.map(|bad| bad.place), Some(first_bad), "{sql}");
    }
    // Cut tail and head both: only a head kept elsewhere tells.
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    for n in 1..=3 {
        store.commit(vec![Write::Audit(samples::audit_entry(n))]).await.unwrap();
    }
    let kept_elsewhere = store.verify_audit().await.unwrap().head;
    tamper(&path, "UPDATE audit_head SET place = 2, hash = (SELECT hash FROM audit WHERE place = 2)");
    tamper(&path, "DELETE FROM audit WHERE place = 3");
    let check = store.verify_audit().await.unwrap();
    assert!(check.is_good() && check.head != kept_elsewhere);
    assert!(crate::in_file().store.verify_audit().await.unwrap().is_good(), "an empty log is a good one");
}

#[tokio::test]
async fn an_altered_record_is_never_read_as_money() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    // The plan is one record, and each of its three claims another.
    let writes = vec![
        Write::InsertTask(samples::task(1, TaskState::Ready)),
        Write::InsertTask(samples::task(2, TaskState::Ready)),
        Write::PutPlan(samples::plan(1)),
    ];
    store.commit(writes).await.unwrap();
    assert!(store.integrity().await.unwrap().is_good());
    tamper(&path, "UPDATE tasks SET body = replace(body, '-99.30', '-99.31') WHERE id = 'task_0001'");
    tamper(&path, "UPDATE plans SET body = replace(body, '595.80', '595.81')");
    let task = store.task(&samples::task(1, TaskState::Ready).id).await;
    assert!(matches!(task, Err(StoreError::Corrupt { what: "task", .. })), "{task:?}");
    let plan = store.plan(&samples::plan(1).digest).await;
    assert!(matches!(plan, Err(StoreError::Corrupt { what: "plan", .. })), "{plan:?}");
    let integrity = store.integrity().await.unwrap();
    assert_eq!((integrity.problems.len(), integrity.records), (2, 3 + 3), "{integrity:?}");
    assert!(store.task(&samples::task(2, TaskState::Ready).id).await.unwrap().is_some(), "the others can be read");
}

#[tokio::test]
async fn flipped_bits_are_found_or_harmless() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let tasks: Vec<Task> = (0..60).map(|n| samples::task(n, TaskState::Ready)).collect();
    store.commit(tasks.iter().cloned().map(Write::InsertTask).collect()).await.unwrap();
    let copy = folder.path().join("copy.db");
    store.backup_to(&copy).await.unwrap();
    let whole = std::fs::read(&copy).unwrap();
    let flipped = folder.path().join("flipped.db");
    let mut found = 0;
    for n in 0..150_usize {
        let mut bytes = whole.clone();
        // Spread over the file by a step that shares no factor with its length.
        let place = n * 7_919 % bytes.len();
        bytes[place] ^= 1 << (n % 8);
        std::fs::write(&flipped, &bytes).unwrap();
        match SqliteStore::open(&flipped) {
            Err(_) => found += 1,
            Ok(store) => {
                for task in &tasks {
                    match store.task(&task.id).await {
                        Ok(Some(read)) => assert_eq!(read, *task, "bit {n} at {place} was read as if it were written"),
                        Ok(None) | Err(_) => found += 1,
                    }
                }
            }
        }
        for more in ["-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(folder.path().join(format!("flipped.db{more}")));
        }
    }
    assert!(found > 0, "no flip hit anything: the test proves nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_one_moment() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let writer = store.clone();
    let load = tokio::spawn(async move {
        for n in 0..300 {
            let two = vec![
                Write::InsertTask(samples::task(n, TaskState::Ready)),
                Write::PutOrder {
                    order: samples::order(n, OrderStatus::Error),
                    fingerprint: "f".to_owned(),
                    observed_at: samples::at(0),
                },
                Write::Audit(samples::audit_entry(n)),
            ];
            writer.commit(two).await.unwrap();
        }
    });
    for n in 0..10 {
        let to = folder.path().join(format!("backup-{n}.db"));
        store.backup_to(&to).await.unwrap();
        let restored = SqliteStore::open(&to).unwrap();
        assert!(restored.integrity().await.unwrap().is_good());
        let audit = restored.verify_audit().await.unwrap();
        assert!(audit.is_good(), "{audit:?}");
        let orders = restored.order_count(&samples::marketplace_id()).await.unwrap();
        let tasks = restored.totals(None).await.unwrap().first().map_or(0, |total| total.count);
        assert_eq!((orders, tasks), (audit.records, audit.records), "half a commit in backup {n}");
    }
    load.await.unwrap();
    let last = folder.path().join("last.db");
    copy_file(&path, &last).unwrap();
    assert_eq!(copy_file(&path, &last), Err(BackupError::Exists(last)));
}

#[tokio::test]
async fn a_dropped_wait_does_not_undo_what_was_handed_over() {
    let store = crate::in_file();
    let mut commit = store.store.commit(vec![Write::PutReseller(samples::reseller(1))]);
    // Polled once: handed over, not yet answered.
    std::future::poll_fn(|context| {
        let _ = commit.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    drop(commit);
    store.store.commit(vec![]).await.unwrap();
    assert_eq!(store.store.resellers().await.unwrap().len(), 1);
    let none = store.store.tasks(TaskFilter::default(), PageRequest { after: None, limit: 5 }).await.unwrap();
    assert_eq!(none, vec![]);
}
