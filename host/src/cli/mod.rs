//! The command line: words and verbs. One file a verb; data goes to stdout, progress to stderr.

mod adjust;
mod api;
mod apply;
mod args;
mod audit;
mod authorize;
mod auto_sync;
mod backup;
mod catalog;
mod check;
mod client;
mod connections;
mod demo;
mod doctor;
mod ignore;
mod init;
mod link;
mod notices;
mod plan;
mod plugin;
mod products;
mod programs;
mod reconcile;
mod resolve;
mod rules;
mod runs;
mod serve;
mod show;
mod sim;
mod sync;
mod tasks;
mod user;

pub use args::{Cli, Command};
pub use plugin::compiler;

use anyhow::Result;

use crate::exit::Exit;

/// Runs one verb.
pub async fn run(cli: Cli) -> Result<Exit> {
    match cli.command {
        Command::Init(args) => init::run(&args).await,
        Command::Serve(args) => serve::run(&args).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Backup(args) => backup::backup(&args).await,
        Command::Restore(args) => backup::restore(&args).await,
        Command::Sim(args) => sim::run(&args).await,
        Command::Plugin(verb) => plugin::run(verb).await,
        Command::Apply(args) => apply::run(&args).await,
        Command::Check(args) => check::run(&args).await,
        Command::Tasks(verb) => tasks::run(verb).await,
        Command::Plan(args) => plan::run(&args).await,
        Command::Sync(args) => sync::run(&args).await,
        Command::Adjust(args) => adjust::adjust(&args).await,
        Command::Reconcile(args) => reconcile::run(&args).await,
        Command::Decide(args) => adjust::decide(&args).await,
        Command::Ignore(args) => ignore::ignore(&args).await,
        Command::Unignore(args) => ignore::unignore(&args).await,
        Command::Rules(verb) => rules::run(verb).await,
        Command::Resolve(args) => resolve::run(&args).await,
        Command::Link(verb) => link::run(verb).await,
        Command::Connections(verb) => connections::run(verb).await,
        Command::AutoSync(verb) => auto_sync::run(verb).await,
        Command::Programs(verb) => programs::run(verb).await,
        Command::Products(verb) => products::run(verb).await,
        Command::Catalog(verb) => catalog::run(verb).await,
        Command::Notices(args) => notices::run(&args).await,
        Command::Runs(args) => runs::run(&args).await,
        Command::User(verb) => user::run(verb).await,
        Command::Audit(verb) => audit::run(verb).await,
        Command::Api(args) => api::run(&args).await,
    }
}
