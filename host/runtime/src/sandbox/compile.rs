//! From bytes to machine code, off the asynchronous threads. The one place that compiles: a compiler in a process
//! of its own would go behind this function and nowhere else.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::LoadError;

pub(super) async fn compile(engine: &Engine, bytes: Arc<[u8]>) -> Result<Component, LoadError> {
    let engine = engine.clone();
    let compiled = tokio::task::spawn_blocking(move || Component::from_binary(&engine, &bytes)).await;
    match compiled {
        Ok(Ok(component)) => Ok(component),
        Ok(Err(error)) => Err(LoadError::Compile(format!("{error:#}"))),
        Err(stopped) => Err(LoadError::Compile(format!("the compiler stopped: {stopped}"))),
    }
}
