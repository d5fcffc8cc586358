//! One call from beginning to end: permit, fresh store and instance, deadline, and what an end means.

use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::ports::{CallError, Exchange, LogLevel, Pending};
use tokio::time::Instant;
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use super::LoadError;
use super::bindings::Target as Guest;
use super::report::{CallReport, Notes};
use super::state::{self, State};
use super::tail::Tail;
use super::target::WasmTarget;

/// What a call does once its instance is there.
pub(super) type Run<'a, T> = Pending<'a, wasmtime::Result<T>>;

impl WasmTarget {
    /// Runs one export in an instance of its own. The deadline counts from the moment that the call has its permit.
    pub(super) async fn call<T, F>(
        &self,
        name: &'static str,
        limit: Duration,
        exchange: Arc<dyn Exchange>,
        run: F,
    ) -> Result<T, CallError>
    where
        T: Send,
        F: for<'a> FnOnce(&'a Guest, &'a mut Store<State>) -> Run<'a, T> + Send,
    {
        if let Some(until) = self.breaker.rests_until() {
            tokio::time::sleep_until(until).await;
        }
        let _place = self.sandbox.crowd.enter().await;
        // Asked after the wait: the calls before this one may have paused the version.
        if let Some(paused) = self.breaker.refusal(&self.card.name) {
            return Err(CallError::Failed(paused));
        }
        let (notes, tail) = (Notes::default(), Tail::default());
        let started = Instant::now();
        let log = Arc::clone(&exchange);
        let mut store = state::store(&self.sandbox, &self.card, &self.digest, exchange, &notes, &tail);
        let work = async move {
            let guest = self.pre.instantiate_async(&mut store).await?;
            run(&guest, &mut store).await
        };
        let ended = tokio::time::timeout(limit, Box::pin(work)).await;
        let result = match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.stopped(&error, &notes, &tail)),
            Err(_) => Err(CallError::Timeout { limit, stderr: tail.text() }),
        };
        if let Err(error) = &result {
            self.breaker.note(error);
            if let Some(paused) = self.paused() {
                tracing::error!(plugin = %self.card.id, digest = %self.digest, "{paused}");
            }
        }
        let report = report(name, started.elapsed(), result.as_ref().err(), &notes, &tail);
        if report.dropped_lines > 0 {
            log.log(
                LogLevel::Warn,
                "more log lines than one call may write; the rest was dropped",
                &[("dropped".to_owned(), report.dropped_lines.to_string())],
            );
        }
        self.remember(report);
        result
    }

    /// Makes one instance and calls nothing: proves that it starts within its limits, and its exports by type.
    pub(super) async fn start(&self, exchange: Arc<dyn Exchange>) -> Result<(), LoadError> {
        let limit = self.card.limits.plan;
        let _place = self.sandbox.crowd.enter().await;
        let (notes, tail) = (Notes::default(), Tail::default());
        let mut store = state::store(&self.sandbox, &self.card, &self.digest, exchange, &notes, &tail);
        let started =
            tokio::time::timeout(limit, Box::pin(self.pre.instance_pre().instantiate_async(&mut store))).await;
        let instance = match started {
            Ok(Ok(instance)) => instance,
            Ok(Err(error)) => return Err(LoadError::Start(self.stopped(&error, &notes, &tail))),
            Err(_) => return Err(LoadError::Start(CallError::Timeout { limit, stderr: tail.text() })),
        };
        Guest::new(&mut store, &instance).map(|_| ()).map_err(|error| LoadError::Contract(format!("{error:#}")))
    }

    fn stopped(&self, error: &wasmtime::Error, notes: &Notes, tail: &Tail) -> CallError {
        let stderr = tail.text();
        if notes.with(|notes| notes.memory_denied) {
            return CallError::Memory { limit_mib: self.card.limits.memory_mib, stderr };
        }
        let message = if let Some(exit) = error.downcast_ref::<I32Exit>() {
            format!("it exited with code {}", exit.0)
        } else if let Some(trap) = error.downcast_ref::<Trap>() {
            trap.to_string()
        } else {
            error.root_cause().to_string()
        };
        CallError::Trap { message, stderr }
    }
}

fn report(call: &'static str, elapsed: Duration, error: Option<&CallError>, notes: &Notes, tail: &Tail) -> CallReport {
    notes.with(|notes| CallReport {
        call,
        elapsed,
        error: error.map(ToString::to_string),
        peak_memory: notes.peak_memory,
        reads: notes.reads,
        writes: notes.writes,
        log: std::mem::take(&mut notes.log),
        dropped_lines: notes.dropped_lines,
        printed: tail.text(),
    })
}
