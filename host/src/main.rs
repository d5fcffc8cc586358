//! The binary: reads the command line, runs one verb, answers with a documented exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use counterfoil::cli::{self, Cli};
use counterfoil::exit::Exit;

/// How long threads that block may hold up the end.
const LET_GO: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    // Before anything else: this process may have been started to compile a plugin, and to do nothing more.
    if let Some(ended) = cli::compiler() {
        return ended;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors.
            let usage = error.use_stderr();
            let _ = error.print();
            return if usage { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("counterfoil cannot start its threads: {error}. Nothing was read or written.");
            return Exit::Error.into();
        }
    };
    let ended = runtime.block_on(cli::run(cli));
    // Whoever is told to stop does not wait for threads that do not listen: the journal has what they do.
    runtime.shutdown_timeout(LET_GO);
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("counterfoil: {error:#}");
            Exit::Error.into()
        }
    }
}
