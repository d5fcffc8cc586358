//! `catalog`: a provider's service plans to its resellers, by options. Owns the words of the command line; what differs
//! and what is sent is the domain's.

mod chosen;
mod diff;
mod follow;
mod options;
mod presets;
mod preview;
mod report;
mod runs;
mod sync;
mod undo;

use anyhow::Result;
use clap::Subcommand;

use super::client::conclude;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum CatalogVerb {
    /// What a synchronization would do to one reseller, and what it would hold back. Exit code 2 when there are changes.
    Diff(diff::DiffArgs),
    /// The reseller synchronization options, with what each of them sends.
    Options(options::OptionsArgs),
    /// Compare for many resellers at once and keep what is shown. Writes nothing; exit code 2 when there are changes.
    Preview(preview::PreviewArgs),
    /// Write what a preview showed.
    Sync(sync::SyncArgs),
    /// What was compared, written and taken back; one run; one reseller of it.
    Runs(runs::RunsArgs),
    /// Take the last sync back, where nothing was changed since.
    Undo(undo::UndoArgs),
    /// Options under a name.
    #[command(subcommand)]
    Presets(presets::PresetsVerb),
}

pub(super) async fn run(verb: CatalogVerb) -> Result<Exit> {
    match verb {
        CatalogVerb::Diff(args) => diff::run(&args),
        CatalogVerb::Options(args) => options::run(&args),
        CatalogVerb::Preview(args) => conclude(preview::run(&args).await),
        CatalogVerb::Sync(args) => conclude(sync::run(&args).await),
        CatalogVerb::Runs(args) => conclude(runs::run(&args).await),
        CatalogVerb::Undo(args) => conclude(undo::run(&args).await),
        CatalogVerb::Presets(verb) => conclude(presets::run(verb).await),
    }
}
