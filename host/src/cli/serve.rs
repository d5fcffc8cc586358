//! `serve`: the service until it is told to stop.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::args::ServeArgs;
use crate::compose::{self, Stopped};
use crate::config::{Config, LogFormat, bundled_with};
use crate::exit::Exit;

pub(super) async fn run(args: &ServeArgs) -> Result<Exit> {
    let mut config = Config::load(&args.config)?;
    config.compiler = std::env::current_exe().ok();
    config.bundled = config.compiler.as_deref().map(bundled_with).unwrap_or_default();
    log_to_stderr(&config)?;
    // From the first moment on: between two listeners a signal would get lost.
    let mut signals = Signals::listen()?;
    let service = tokio::select! {
        started = compose::start(&config) => started?,
        () = signals.next() => {
            eprintln!("ended while it started: what was under way before is in the journal and is looked for at the next start");
            return Ok(Exit::NotAll);
        }
    };
    eprintln!("counterfoil serves on http://{} (stop with Ctrl-C)", service.address);
    signals.next().await;
    eprintln!("stopping: what is in hand is finished or stays in the journal; a second signal ends it at once");
    let stopped = tokio::select! {
        stopped = service.stop() => stopped?,
        () = signals.next() => {
            eprintln!("ended at once: what was under way is in the journal and is looked for at the next start");
            // Nothing is closed in order: the journal is on disk, and whoever says it twice does not want to wait.
            std::process::exit(i32::from(Exit::NotAll.code()));
        }
    };
    Ok(match stopped {
        Stopped::Whole => Exit::Done,
        Stopped::CutOff => Exit::NotAll,
    })
}

/// SIGTERM and Ctrl-C, both the same. While one listens, neither ends the process by itself.
#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

pub(super) async fn told_to_stop() -> Result<()> {
    Signals::listen()?.next().await;
    Ok(())
}

fn log_to_stderr(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log).with_context(|| {
        format!(
            "the configuration's log = \"{}\" is no filter. Nothing was started. Write for example log = \"info\"",
            config.log
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
