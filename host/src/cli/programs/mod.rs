//! `programs`: what of a distributor's statements goes to a connection, who is mapped where, and where the money is. Owns the
//! words of the command line; what settings mean is the service's.

mod customers;
mod money;
mod settings;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::args::Remote;
use super::client::conclude;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum ProgramsVerb {
    /// Programs of all connections: who is mapped, how the last run ended, where the money of the newest period is.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// How a program is set, and when it runs next.
    Show {
        #[command(flatten)]
        of: Of,
    },
    /// Set a program. What is left out stays as it is.
    Set(Box<settings::SetArgs>),
    /// Customers by billing motion, and where each goes.
    Customers(customers::CustomersArgs),
    /// Map a customer's billing motion to a party of the target, and to one of its containers.
    Map(customers::MapArgs),
    /// Take a mapping back.
    Unmap(customers::UnmapArgs),
    /// The mappings as CSV, to stdout or into a file.
    Export(customers::ExportArgs),
    /// Take over a table of mappings, whole or not at all.
    Import(customers::ImportArgs),
    /// Billing motions, which of them are selected, and their money.
    Motions {
        #[command(flatten)]
        of: Of,
    },
    /// Bills and buckets by period and motion, held against the statements. Exit code 2 where they do not agree.
    Money(money::MoneyArgs),
    /// Statements that were read; one of them with its records.
    Statements(money::StatementsArgs),
}

/// Which program.
#[derive(Debug, Clone, Args)]
pub struct Of {
    /// The connection; needed when there is more than one.
    #[arg(long)]
    pub connection: Option<String>,
    #[arg(long, default_value = "microsoft-csp")]
    pub program: String,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(verb: ProgramsVerb) -> Result<Exit> {
    conclude(match verb {
        ProgramsVerb::List { remote } => settings::list(&remote).await,
        ProgramsVerb::Show { of } => settings::show(&of).await,
        ProgramsVerb::Set(args) => settings::set(&args).await,
        ProgramsVerb::Customers(args) => customers::list(&args).await,
        ProgramsVerb::Map(args) => customers::map(&args).await,
        ProgramsVerb::Unmap(args) => customers::unmap(&args).await,
        ProgramsVerb::Export(args) => customers::export(&args).await,
        ProgramsVerb::Import(args) => customers::import(&args).await,
        ProgramsVerb::Motions { of } => settings::motions(&of).await,
        ProgramsVerb::Money(args) => money::money(&args).await,
        ProgramsVerb::Statements(args) => money::statements(&args).await,
    })
}
