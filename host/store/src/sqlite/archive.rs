//! A backup as one file: a copy of the database in which the files beside it travel along, each with its digest. Owns
//! putting them in and taking them out; which files those are is the caller's business.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};
use sha2::{Digest as _, Sha256};

use super::backup::{BackupError, copy_file};
use super::sqlite_only;

/// A file that travels in a backup.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed {
    /// As the caller names it: "versions/ab12.wasm".
    pub name: String,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packed({}, {} bytes)", self.name, self.body.len())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    #[error(
        "{} is no backup: {problem}. Nothing was restored. Name a file that `counterfoil backup` made", .path.display()
    )]
    NoBackup { path: PathBuf, problem: String },
    #[error(
        "{} is damaged: {problem}. Nothing was restored. Take another backup", .path.display()
    )]
    Damaged { path: PathBuf, problem: String },
    #[error("{} cannot be written: {problem}. Nothing was restored. Make room, or name another folder", .path.display())]
    NotWritable { path: PathBuf, problem: String },
}

const TABLE: &str =
    "CREATE TABLE backup_files (name TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL, digest TEXT NOT NULL)";

fn digest(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Copies one moment of a store's file to `to`, whether a host has it open or not, and puts files into the copy.
pub fn pack(from: &Path, to: &Path, files: &[Packed]) -> Result<(), BackupError> {
    let failed = |problem: String| BackupError::Failed { path: to.to_path_buf(), problem };
    copy_file(from, to)?;
    let put = || -> rusqlite::Result<()> {
        let mut copy = Connection::open(to)?;
        let change = copy.transaction()?;
        change.execute(TABLE, [])?;
        for file in files {
            let sql = "INSERT INTO backup_files (name, body, digest) VALUES ($1, $2, $3)";
            change.execute(sql, params![file.name, file.body, digest(&file.body)])?;
        }
        change.commit()
    };
    put().map_err(|error| failed(error.to_string()))?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|error| failed(error.to_string()))
}

/// Makes a store's file at `to` of a backup, and gives back what travelled in it. `to` must not exist.
pub fn unpack(from: &Path, to: &Path) -> Result<Vec<Packed>, UnpackError> {
    let not_writable = |error: std::io::Error| UnpackError::NotWritable { path: to.into(), problem: error.to_string() };
    let damaged = |error: rusqlite::Error| UnpackError::Damaged { path: from.into(), problem: error.to_string() };
    let files = read(from)?;
    if to.exists() {
        let problem = "there is a file already".to_owned();
        return Err(UnpackError::NotWritable { path: to.into(), problem });
    }
    std::fs::copy(from, to).map_err(not_writable)?;
    let strip = || -> rusqlite::Result<()> {
        let copy = Connection::open(to)?;
        copy.execute("DROP TABLE backup_files", [])?;
        // What travelled along may be secret: it is not left in free pages.
        copy.execute("VACUUM", []).map(|_| ())
    };
    strip().map_err(damaged)?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(not_writable)?;
    Ok(files)
}

fn read(from: &Path) -> Result<Vec<Packed>, UnpackError> {
    let no_backup = |problem: String| UnpackError::NoBackup { path: from.into(), problem };
    let damaged = |problem: String| UnpackError::Damaged { path: from.into(), problem };
    match sqlite_only::header(from) {
        Ok(sqlite_only::Header::Sqlite) => {}
        Ok(sqlite_only::Header::Absent) => return Err(no_backup("it is not there, or empty".to_owned())),
        Ok(sqlite_only::Header::Other) => return Err(no_backup("it does not begin like one".to_owned())),
        Err(error) => return Err(no_backup(error.to_string())),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let told = |error: rusqlite::Error| damaged(error.to_string());
    let file = Connection::open_with_flags(from, flags).map_err(told)?;
    if !sqlite_only::nature(&file).map_err(told)?.is_ours {
        return Err(no_backup("it is a SQLite file, but of another program".to_owned()));
    }
    let Ok(mut all) = file.prepare("SELECT name, body, digest FROM backup_files ORDER BY name") else {
        return Err(no_backup("it is a database without what stands beside it".to_owned()));
    };
    let rows = all
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, String>(2)?)))
        .map_err(told)?;
    let mut files = Vec::new();
    for row in rows {
        let (name, body, noted) = row.map_err(told)?;
        if digest(&body) != noted {
            return Err(damaged(format!("{name} in it is not what was put in")));
        }
        files.push(Packed { name, body });
    }
    let problems = sqlite_only::all_problems(&file).map_err(told)?;
    if problems.is_empty() { Ok(files) } else { Err(damaged(problems.join("; "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStore;

    fn packed() -> (tempfile::TempDir, PathBuf, Vec<Packed>) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
        let files = vec![
            Packed { name: "counterfoil.toml".into(), body: b"https = true".to_vec() },
            Packed { name: "versions/ab.wasm".into(), body: vec![7; 100_000] },
        ];
        let to = folder.path().join("backup");
        pack(store.path(), &to, &files).unwrap();
        (folder, to, files)
    }

    #[test]
    fn what_went_in_comes_out_and_leaves_a_store() {
        let (folder, backup, files) = packed();
        let to = folder.path().join("b.db");
        assert_eq!(unpack(&backup, &to).unwrap(), files);
        SqliteStore::open(&to).unwrap();
        assert!(std::fs::read(&to).unwrap().windows(12).all(|bytes| bytes != b"https = true"), "nothing is left of it");
        assert!(matches!(unpack(&backup, &to), Err(UnpackError::NotWritable { .. })), "nothing is overwritten");
        assert_eq!(pack(&to, &backup, &[]), Err(BackupError::Exists(backup)));
    }

    #[test]
    fn what_is_no_backup_or_damaged_is_told_and_makes_nothing() {
        let (folder, backup, _) = packed();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("text"), "hello").unwrap();
        Connection::open(at("other")).unwrap().execute("CREATE TABLE t (a)", []).unwrap();
        copy_file(&at("a.db"), &at("plain")).unwrap();
        for name in ["text", "other", "plain", "absent"] {
            let error = unpack(&at(name), &at("out")).unwrap_err();
            assert!(matches!(error, UnpackError::NoBackup { .. }), "{name}: {error}");
        }
        let change = "UPDATE backup_files SET body = zeroblob(100000) WHERE name LIKE 'versions%'";
        Connection::open(&backup).unwrap().execute(change, []).unwrap();
        let error = unpack(&backup, &at("out")).unwrap_err();
        assert!(error.to_string().contains("versions/ab.wasm"), "{error}");
        assert!(!at("out").exists());
    }
}
