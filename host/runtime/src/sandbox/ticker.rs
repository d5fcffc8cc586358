//! The thread that makes running guests yield. It lives as long as the engine and not longer.

use std::time::Duration;

use wasmtime::Engine;

/// How long a guest can hold a worker thread at a stretch.
pub(super) const TICK: Duration = Duration::from_millis(10);

pub(super) fn start(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("sandbox-ticker".to_owned()).spawn(tick).map(|_| ())
}
