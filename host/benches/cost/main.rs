//! What the host costs beside the network, against the numbers of the design: ratios and medians, printed.
//!
//! `cargo bench -p counterfoil --bench cost`; `-- --quick` runs a tenth, and the letters a, b and c choose parts.
#![expect(clippy::unwrap_used, reason = "a benchmark that went wrong has no numbers")]
#![expect(clippy::float_arithmetic, reason = "times, no money")]

mod checking;
mod instant;
mod measure;
mod planning;
mod shop;
mod syncing;
mod tally;
mod world;
mod xero;

use std::path::Path;
use std::sync::Arc;

use counterfoil_domain::ports::{Clock, Target, WallClock};
use counterfoil_runtime::build::{self, Options};
use counterfoil_runtime::component;
use counterfoil_runtime::sandbox::{DEFAULT_CONCURRENCY, Sandbox};

use instant::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let parts: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|p| *p == part);
    let part_of = |count: usize| if quick { count / 10 } else { count };
    let rounds = if quick { 1 } else { 3 };

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandboxed = runtime.block_on(sandboxed());
    let native: Arc<dyn Target> = Arc::new(Instant::new(sandboxed.card().clone()));
    println!(
        "counterfoil cost{}",
        if cfg!(debug_assertions) { ", unoptimized: our own code is several times slower than released" } else { "" }
    );
    if wanted("a") {
        planning::run(&runtime, &sandboxed, part_of(500));
    }
    if wanted("b") {
        runtime.block_on(checking::run(&native, part_of(10_000), rounds));
    }
    if wanted("c") {
        runtime.block_on(syncing::run("native", &native, part_of(5_000), rounds));
        runtime.block_on(syncing::run("component", &sandboxed, part_of(5_000), rounds));
    }
}

/// The real target, built and loaded as the host would.
async fn sandboxed() -> Arc<dyn Target> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/xero");
    let built = build::build(&folder, &Options::default()).await.unwrap();
    let package = component::read(&std::fs::read(built.path).unwrap()).unwrap();
    let sandbox = Sandbox::new(DEFAULT_CONCURRENCY, Arc::new(WallClock) as Arc<dyn Clock>).unwrap();
    Arc::new(sandbox.load(&package).await.unwrap())
}
