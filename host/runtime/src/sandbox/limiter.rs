//! How much one instance may hold. Denies growth; the guest may cope with that or stop, and what was denied is
//! remembered, because a trap alone does not say that memory was the cause.

use wasmtime::ResourceLimiter;

/// Core instances, memories and tables of one component; a Python plugin has dozens of instances.
pub(super) const MAX_INSTANCES: usize = 128;
pub(super) const MAX_MEMORIES: usize = 2;
pub(super) const MAX_TABLES: usize = 32;
pub(super) const MAX_TABLE_ELEMENTS: usize = 20_000;

#[derive(Debug)]
pub(super) struct Limiter {
    most: usize,
    used: usize,
    notes: super::report::Notes,
}

impl Limiter {
    pub(super) fn new(memory_mib: u32, notes: super::report::Notes) -> Self {
        let most = usize::try_from(memory_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
        Self { most, used: 0, notes }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.most {
            self.notes.with(|notes| notes.memory_denied = true);
            return Ok(false);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.used = used;
        self.notes.with(|notes| notes.peak_memory = notes.peak_memory.max(used));
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}
