//! What a full disk does to commits that share a transaction.

use counterfoil_domain::ports::{CommitError, StoreError};
use rusqlite::Connection;

use super::{Outcome, Work, together, told};

fn small() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("small.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (id BIGINT, body TEXT)").unwrap();
    (folder, connection)
}

fn insert(id: i64, bytes: usize) -> Work {
    Box::new(move |c: &Connection| -> Outcome {
        c.execute("INSERT INTO t (id, body) VALUES ($1, $2)", (id, "x".repeat(bytes))).map_err(told)?;
        Ok(())
    })
}

fn stored(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare("SELECT id FROM t ORDER BY id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_full_disk_leaves_no_half_commit_and_passes() {
    for pages in 3..16 {
        let (_folder, mut connection) = small();
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
        let works = vec![insert(1, 10), insert(2, 30_000), insert(3, 10), insert(4, 9_000)];
        let outcomes = together(&mut connection, works);
        let told = match &outcomes {
            Ok(outcomes) => (1..).zip(outcomes).filter(|(_, o)| o.is_ok()).map(|(id, _)| id).collect(),
            Err(_) => Vec::new(),
        };
        assert_eq!(stored(&connection), told, "{pages} pages: what was acknowledged is what is there");
        if let Ok(outcomes) = &outcomes {
            let full = outcomes.iter().filter_map(|o| o.as_ref().err());
            for error in full {
                assert!(
                    matches!(error, CommitError::Store(StoreError::Unavailable(text)) if text.contains("disk is full"))
                );
            }
        }
        assert!(pages > 6 || !told.contains(&2), "{pages} pages are not full: the test proves nothing");
        connection.pragma_update_and_check(None, "max_page_count", 10_000, |_| Ok(())).unwrap();
        assert_eq!(together(&mut connection, vec![insert(5, 20_000)]), Ok(vec![Ok(())]), "space is back");
    }
}

#[test]
fn a_commit_that_fails_takes_only_itself_back() {
    let (_folder, mut connection) = small();
    let refused: Work = Box::new(|c: &Connection| -> Outcome {
        c.execute("INSERT INTO t (id, body) VALUES (2, 'half')", []).map_err(told)?;
        Err(CommitError::KnownEffect("k".to_owned()))
    });
    let outcomes = together(&mut connection, vec![insert(1, 1), refused, insert(3, 1)]);
    assert_eq!(outcomes, Ok(vec![Ok(()), Err(CommitError::KnownEffect("k".to_owned())), Ok(())]));
    assert_eq!(stored(&connection), vec![1, 3]);
}
