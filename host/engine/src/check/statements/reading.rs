//! Statements read side by side, in the order asked for.

use std::sync::Arc;

use counterfoil_domain::ports::{DetailError, KeptAs, SourceError, StatementSource};
use counterfoil_domain::run::Problem;
use counterfoil_domain::statement::{Statement, StatementHead};
use tokio::task::JoinSet;

/// What became of one.
#[derive(Debug)]
pub(super) enum Read {
    Statement(Box<Statement>),
    /// It is there, and not to be had now: what it is kept as meanwhile, and why.
    Later(StatementHead, KeptAs, Problem),
    /// The source could not be asked.
    Failed(StatementHead, SourceError),
}

/// A sign-in that does not work, or a source that wants to be left alone, ends it: the next one would fare no better.
pub(super) async fn read_some(
    source: &Arc<dyn StatementSource>,
    heads: &[StatementHead],
) -> Result<Vec<Read>, SourceError> {
    let mut reading = JoinSet::new();
    for (place, head) in heads.iter().enumerate() {
        let (source, head) = (Arc::clone(source), head.clone());
        reading.spawn(async move { (place, read(source.as_ref(), head).await) });
    }
    let mut read = Vec::with_capacity(heads.len());
    while let Some(done) = reading.join_next().await {
        match done {
            Ok(done) => read.push(done),
            Err(_) => {
                let problem = "the client stopped unexpectedly while it read a statement".to_owned();
                return Err(SourceError::Malformed { place: "statement".to_owned(), problem });
            }
        }
    }
    read.sort_by_key(|(place, _)| *place);
    let ends = |read: &Read| match read {
        Read::Failed(_, error @ (SourceError::SignIn(_) | SourceError::Throttled { .. })) => Some(error.clone()),
        _ => None,
    };
    // Only where nothing was read: what is there is taken in first.
    if let Some(error) = read.iter().find_map(|(_, read)| ends(read))
        && read.iter().all(|(_, read)| ends(read).is_some())
    {
        return Err(error);
    }
    Ok(read.into_iter().map(|(_, read)| read).collect())
}

async fn read(source: &dyn StatementSource, head: StatementHead) -> Read {
    let problem = |code: &str, message: String| Problem { code: code.to_owned(), subject: head.id.clone(), message };
    match source.statement(head.clone()).await {
        Ok(statement) => Read::Statement(Box::new(statement)),
        Err(DetailError::Gone) => {
            let text = format!(
                "statement {} ({}) is listed, and its records are not there yet. Nothing of it is billed; it is read again with the next check.",
                head.id, head.stream_name
            );
            let problem = problem("statement-without-file", text);
            Read::Later(head, KeptAs::WithoutFile, problem)
        }
        Err(DetailError::Unreadable(bad)) => {
            let text = format!(
                "statement {} ({}): {} cannot be read: {}. Nothing of it is billed; it is read again with the next check.",
                head.id, head.stream_name, bad.place, bad.problem
            );
            let problem = problem("statement-unreadable", text);
            Read::Later(head, KeptAs::Unreadable, problem)
        }
        Err(DetailError::Source(error)) => Read::Failed(head, error),
    }
}
