//! The engine: what code may do at all. Owns the numbers of the pool; limits of one call are in `state`.

use std::num::NonZeroUsize;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::limiter::{MAX_INSTANCES, MAX_MEMORIES, MAX_TABLE_ELEMENTS, MAX_TABLES};
use crate::manifest::MAX_MEMORY_MIB;

const BACKTRACE_FRAMES: usize = 16;
const ONE_INSTANCE_BYTES: usize = 1024 * 1024;

/// A pool where the machine has the address space for one, else instances on demand: slower, not weaker.
pub(super) fn engine(concurrency: usize) -> wasmtime::Result<Engine> {
    let mut pooled = config();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(concurrency)));
    Engine::new(&pooled).or_else(|error| {
        tracing::warn!(error = %format_args!("{error:#}"), "no pool for plugin instances; they are made on demand");
        Engine::new(&config())
    })
}

/// Compiles what the other one runs, and takes no room for instances: for a process that only compiles.
pub(super) fn plain() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // Component-model async costs on every call and the contract has none.
        .concurrency_support(false)
        // The same input gives the same bits on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES));
    config
}

/// Sized to our own concurrency: permits are taken before an instance is, so the pool cannot run dry.
fn pool(concurrency: usize) -> PoolingAllocationConfig {
    let count = |each: usize| u32::try_from(concurrency * each).unwrap_or(u32::MAX);
    let each = |most: usize| u32::try_from(most).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(count(1))
        .total_core_instances(count(MAX_INSTANCES))
        .total_memories(count(MAX_MEMORIES))
        .total_tables(count(MAX_TABLES))
        .total_stacks(count(1))
        .max_component_instance_size(ONE_INSTANCE_BYTES)
        .max_core_instance_size(ONE_INSTANCE_BYTES)
        .max_core_instances_per_component(each(MAX_INSTANCES))
        .max_memories_per_component(each(MAX_MEMORIES))
        .max_tables_per_component(each(MAX_TABLES))
        .max_memory_size(usize::try_from(MAX_MEMORY_MIB).unwrap_or(usize::MAX).saturating_mul(1024 * 1024))
        .table_elements(MAX_TABLE_ELEMENTS);
    pool
}
