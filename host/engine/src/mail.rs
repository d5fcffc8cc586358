//! Mail of programs: what is told after a run that nobody stood beside, and sending what waits. Owns the order of these;
//! what is told is `domain::tell`'s, when it is tried again `domain::mail`'s.

use std::sync::Arc;

use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::mail::{Mail, MailError};
use counterfoil_domain::ports::{Mailer, Pending, Write};
use counterfoil_domain::run::{Run, RunKind};
use counterfoil_domain::tell;

use crate::engine::{Engine, EngineError};

/// Sent in one round; the rest goes with the next.
const TOGETHER: usize = 20;

/// Whoever configured no mail server. What is to be told waits for one, a day long.
#[derive(Debug, Clone, Copy)]
pub struct NoMailer;

impl Mailer for NoMailer {
    fn send(&self, _: Mail) -> Pending<'_, Result<(), MailError>> {
        Box::pin(async { Err(MailError::NotConfigured) })
    }
}

/// Puts what there is to tell of a run that just ended into the post.
pub(crate) async fn after(engine: &Engine, run: &Run) -> Result<(), EngineError> {
    if !matches!(run.kind, RunKind::Check | RunKind::Products { .. }) {
        return Ok(());
    }
    let users = engine.store.users().await?;
    if users.iter().any(|user| user.name == run.asked_by) {
        return Ok(());
    }
    let connection = engine.connection(&run.connection).await?;
    let programs = engine.store.programs(&connection.id).await?;
    let now = engine.clock.now();
    for program in programs.into_iter().filter(|program| program.enabled && !program.emails.is_empty()) {
        let of_program = match &run.kind {
            RunKind::Products { program: name, .. } => *name == program.name,
            _ => true,
        };
        let Some(words) = tell::of_run(&connection, &program, run).filter(|_| of_program) else { continue };
        let of = format!("{}/{}", run.id, program.name);
        let mail = Mail::new(&connection.id, &of, program.emails.clone(), words, now);
        engine.store.commit(vec![Write::PutMail(mail)]).await?;
    }
    Ok(())
}

/// Sends what is due. One that cannot be sent holds up no other.
pub(crate) async fn keep(engine: &Engine, connection: &ConnectionId) -> Result<(), EngineError> {
    let mailer: Arc<dyn Mailer> = Arc::clone(&engine.mailer);
    let due = engine.store.mails_due(engine.clock.now(), TOGETHER).await?;
    for mail in due.into_iter().filter(|mail| mail.connection == *connection) {
        let outcome = mailer.send(mail.clone()).await;
        if let Err(error) = &outcome {
            tracing::warn!(mail = %mail.id, %error, "a mail could not be sent");
        }
        let tried = mail.tried(outcome, engine.clock.now());
        engine.store.commit(vec![Write::PutMail(tried)]).await?;
    }
    Ok(())
}
