//! Rows of sealed secrets. Nothing here can open one.

use counterfoil_domain::ports::StoreError;
use rusqlite::params;

use super::SqliteStore;
use super::query::{row, rows, run};
use super::writer::Outcome;
use crate::vault::SealedSecret;

impl SqliteStore {
    pub(crate) async fn sealed_secret(&self, scope: String, name: String) -> Result<Option<SealedSecret>, StoreError> {
        let sql = "SELECT nonce, sealed FROM secrets WHERE scope = $1 AND name = $2";
        let read = move |c: &rusqlite::Connection| {
            row(c, sql, params![scope, name], |r| Ok(SealedSecret { nonce: r.get(0)?, sealed: r.get(1)? }))
        };
        self.file.readers.read(read).await
    }

    pub(crate) async fn put_sealed_secret(&self, scope: String, name: String, secret: SealedSecret) -> Outcome {
        let sql = "INSERT INTO secrets (scope, name, nonce, sealed) VALUES ($1, $2, $3, $4)
            ON CONFLICT (scope, name) DO UPDATE SET nonce = excluded.nonce, sealed = excluded.sealed";
        self.write(move |c| Ok(run(c, sql, params![scope, name, secret.nonce, secret.sealed]).map(|_| ())?)).await
    }

    pub(crate) async fn secret_names(&self, scope: String) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM secrets WHERE scope = $1 ORDER BY name";
        self.file.readers.read(move |c| rows(c, sql, params![scope], |r| r.get(0))).await
    }
}
