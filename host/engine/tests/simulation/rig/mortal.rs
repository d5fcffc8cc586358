//! A process that dies: at its n-th step, which is a commit or a call on the wire, before or after it took effect.
//! Everything that it had in memory is gone with it.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use counterfoil_domain::wire::Response;
use counterfoil_store::MemoryStore;
use tokio::sync::Notify;

use super::ledger::Ledger;
use super::points::{Point, batch_in};
use super::shop::World;

#[macro_use]
#[path = "../../../../../tests/store_reads.rs"]
mod reads;

use reads::*;

/// When it dies, and where it did.
#[derive(Debug)]
struct Fate {
    left: AtomicI64,
    /// Whether the fatal step took effect.
    after: bool,
    /// Calls are steps too, and each step has a name.
    named: bool,
    died: Notify,
    at: Mutex<Option<Point>>,
    passed: Mutex<BTreeMap<Point, u64>>,
}

/// What to do with a step.
enum Step {
    Goes,
    DiesAfter,
    Dies,
}

impl Fate {
    fn step(&self, point: Option<Point>) -> Step {
        if let Some(point) = point {
            *self.passed.lock().unwrap().entry(point).or_default() += 1;
        }
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            n if n > 1 => Step::Goes,
            n => {
                if n == 1 {
                    *self.at.lock().unwrap() = point;
                }
                if n == 1 && self.after { Step::DiesAfter } else { Step::Dies }
            }
        }
    }

    async fn dies<T>(&self) -> T {
        self.died.notify_one();
        pending().await
    }
}

/// A store whose process dies.
#[derive(Debug)]
struct Mortal {
    inner: Arc<MemoryStore>,
    fate: Arc<Fate>,
}

macro_rules! pass {
    ($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)* }) => {
        impl $port for Mortal {
            $(fn $name(&self, $($arg: $kind),*) -> Pending<'_, Result<$out, StoreError>> { self.inner.$name($($arg),*) })*
        }
    };
}

every_read!(pass);

impl Store for Mortal {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let point = if self.fate.named {
                let before = match batch_in(&writes) {
                    Some(batch) => self.inner.batch(&batch.id).await.unwrap(),
                    None => None,
                };
                Some(Point::of_commit(&writes, before.as_ref()))
            } else {
                None
            };
            match self.fate.step(point) {
                Step::Goes => return self.inner.commit(writes).await,
                Step::DiesAfter => {
                    let _ = self.inner.commit(writes).await;
                }
                Step::Dies => {}
            }
            self.fate.dies().await
        })
    }
}

/// A wire whose process dies.
#[derive(Debug)]
struct MortalDoor {
    inner: Ledger,
    fate: Arc<Fate>,
}

impl Door for MortalDoor {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(async move {
            match self.fate.step(Some(Point::of_call(&call))) {
                Step::Goes => return self.inner.send(call).await,
                Step::DiesAfter => {
                    let _ = self.inner.send(call).await;
                }
                Step::Dies => {}
            }
            self.fate.dies().await
        })
    }
}

/// What became of a process: where it died, if it did, and the steps that it made.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) died_at: Option<Point>,
    pub(crate) died: bool,
    pub(crate) passed: BTreeMap<Point, u64>,
}

/// When a process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Death {
    pub(crate) step: i64,
    pub(crate) after: bool,
}

/// One process over a store and a world that outlive it. `work` is what it does until it is done.
pub(crate) fn live<F, Work>(world: &World, inner: &Arc<MemoryStore>, death: Death, named: bool, work: F) -> Life
where
    F: FnOnce(World) -> Work,
    Work: Future<Output = ()>,
{
    let fate = Arc::new(Fate {
        left: AtomicI64::new(death.step),
        after: death.after,
        named,
        died: Notify::new(),
        at: Mutex::default(),
        passed: Mutex::default(),
    });
    let mut process = world.with_store(Arc::new(Mortal { inner: Arc::clone(inner), fate: Arc::clone(&fate) }));
    if named {
        process.door = Some(Arc::new(MortalDoor { inner: Ledger(Arc::clone(&world.books)), fate: Arc::clone(&fate) }));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let died = runtime.block_on(async {
        tokio::select! {
            () = fate.died.notified() => true,
            () = work(process) => false,
        }
    });
    drop(runtime);
    let died_at = fate.at.lock().unwrap().take();
    let passed = std::mem::take(&mut *fate.passed.lock().unwrap());
    Life { died_at, died, passed }
}
