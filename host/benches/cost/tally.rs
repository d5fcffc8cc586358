//! A store that notes how often it was asked for what, and how long callers waited for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[macro_use]
#[path = "../../../tests/store_reads.rs"]
mod reads;

use reads::*;

#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, (u64, Duration)>>);

impl Tally {
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn add(&self, name: &'static str, took: Duration) {
        let mut all = self.0.lock().unwrap();
        let one = all.entry(name).or_default();
        one.0 += 1;
        one.1 += took;
    }

    /// The costliest first.
    pub(crate) fn print(&self) {
        let all = self.0.lock().unwrap();
        let mut rows: Vec<_> = all.iter().collect();
        rows.sort_by_key(|(_, (_, took))| std::cmp::Reverse(*took));
        let total: Duration = rows.iter().map(|(_, (_, took))| *took).sum();
        println!("      waited for the store {:.3} s:", total.as_secs_f64());
        for (name, (calls, took)) in rows.into_iter().take(8) {
            println!("        {name:<18} {calls:>7} calls {:>8.3} s", took.as_secs_f64());
        }
    }
}

#[derive(Debug)]
pub(crate) struct Tallied<S> {
    inner: S,
    tally: Arc<Tally>,
}

impl<S> Tallied<S> {
    pub(crate) fn new(inner: S, tally: &Arc<Tally>) -> Self {
        Self { inner, tally: Arc::clone(tally) }
    }
}

macro_rules! pass {
    ($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)* }) => {
        impl<S: Store> $port for Tallied<S> {
            $(fn $name(&self, $($arg: $kind),*) -> Pending<'_, Result<$out, StoreError>> {
                let start = Instant::now();
                let asked = self.inner.$name($($arg),*);
                Box::pin(async move {
                    let answer = asked.await;
                    self.tally.add(stringify!($name), start.elapsed());
                    answer
                })
            })*
        }
    };
}

every_read!(pass);

impl<S: Store> Store for Tallied<S> {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let start = Instant::now();
            let done = self.inner.commit(writes).await;
            self.tally.add("commit", start.elapsed());
            done
        })
    }
}
