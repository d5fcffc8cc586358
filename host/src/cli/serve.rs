//! `serve`: the service until it is told to stop.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::args::ServeArgs;
use crate::compose;
use crate::config::{Config, LogFormat};
use crate::exit::Exit;

pub(super) async fn run(args: &ServeArgs) -> Result<Exit> {
    let mut config = Config::load(&args.config)?;
    config.compiler = std::env::current_exe().ok();
    log_to_stderr(&config)?;
    let service = compose::start(&config).await?;
    eprintln!("counterfoil serves on http://{} (stop with Ctrl-C)", service.address);
    told_to_stop().await?;
    eprintln!("stopping: what is in hand is finished or stays in the journal; a second signal ends it at once");
    tokio::select! {
        stopped = service.stop() => stopped?,
        again = told_to_stop() => {
            again?;
            eprintln!("ended at once: what was under way is in the journal and is looked for at the next start");
            // Nothing is closed in order: the journal is on disk, and whoever says it twice does not want to wait.
            std::process::exit(i32::from(Exit::NotAll.code()));
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn told_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended?,
        _ = terminate.recv() => {}
    }
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
