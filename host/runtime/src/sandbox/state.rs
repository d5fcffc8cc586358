//! What belongs to one call: the guest's WASI with fixed clocks and randomness, its limits, and its way out.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::Card;
use counterfoil_domain::id::PluginDigest;
use counterfoil_domain::ports::Exchange;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::Sandbox;
use super::crowd::Crowd;
use super::limiter::Limiter;
use super::report::Notes;
use super::tail::Tail;
use super::ticker::TICK;

/// Bytes that one crossing from guest to host may copy.
const COPIED_BYTES: usize = 8 * 1024 * 1024;
const HANDLES: usize = 1000;
const RANDOM_BYTES: u64 = 64 * 1024;
/// Ticks of computing that nobody minds: what a plan of many orders takes.
const FREE_TICKS: u32 = 10;

pub(super) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    limiter: Limiter,
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) notes: Notes,
    pub(super) max_response_bytes: usize,
    /// How often this call was asked to give way.
    ticks: u32,
    crowd: Crowd,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Stands still at the moment that the call began.
struct Still(DateTime<Utc>);

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.timestamp()).unwrap_or(0))
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// A store that has run nothing yet.
pub(super) fn store(
    sandbox: &Sandbox,
    card: &Card,
    digest: &PluginDigest,
    exchange: Arc<dyn Exchange>,
    notes: &Notes,
    tail: &Tail,
) -> Store<State> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    let state = State {
        wasi: wasi(digest, sandbox.clock.now(), tail.clone()),
        table,
        limiter: Limiter::new(card.limits.memory_mib, notes.clone()),
        exchange,
        notes: notes.clone(),
        max_response_bytes: card.egress.max_response_bytes,
        ticks: 0,
        crowd: sandbox.crowd(),
    };
    let mut store = Store::new(&sandbox.engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(COPIED_BYTES);
    store.set_max_component_handles(HANDLES);
    // A guest that computes gives way at every tick; the timeout around the call then gets its turn.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| Ok(UpdateDeadline::YieldCustom(1, context.data_mut().give_way())));
    store
}

impl State {
    /// Other calls get their turn. Whoever computes for long while others run gives away half of its time: none of them
    /// should take longer because of it.
    fn give_way(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.ticks = self.ticks.saturating_add(1);
        if self.ticks > FREE_TICKS && self.crowd.others() {
            return Box::pin(tokio::time::sleep(TICK));
        }
        Box::pin(tokio::task::yield_now())
    }
}

/// No arguments, no environment, no input. Randomness repeats with the version, so a call that is run again after
/// a crash asks the same things again.
fn wasi(digest: &PluginDigest, now: DateTime<Utc>, tail: Tail) -> WasiCtx {
    let seed = digest.as_str().as_bytes().to_vec();
    WasiCtxBuilder::new()
        .stdout(tail.clone())
        .stderr(tail)
        .wall_clock(Still(now))
        .monotonic_clock(Still(now))
        .secure_random(Deterministic::new(seed.clone()))
        .insecure_random(Deterministic::new(seed))
        .insecure_random_seed(0)
        .max_random_size(RANDOM_BYTES)
        .build()
}
