//! Verbs of `plugin` and their arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::Remote;

/// What a plugin can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Rust,
    Python,
    Javascript,
}

/// Whose signatures count for this one command.
#[derive(Debug, Clone, Default, Args)]
pub struct TrustArgs {
    /// A publisher's public key: RW…, NAME=RW…, or a .pub file. Without a name it counts for whoever the card names.
    #[arg(long, value_name = "KEY")]
    pub key: Vec<String>,
    /// The keys of this configuration's [plugins.publishers].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Recorded calls, and what they are played back to.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// The run, or the file of one recorded call.
    pub run: String,
    /// Play it back to this component. Default: the version that was recorded, as the service kept it.
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// The configuration of the service that recorded it.
    #[arg(long, default_value = "counterfoil.toml")]
    pub config: PathBuf,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum PluginVerb {
    /// Begin a target: a folder with a working one, its card, tests, and a simulated billing system to try it against.
    New {
        /// The plugin's id, for example acme-books.
        name: String,
        #[arg(long, value_enum, default_value = "rust")]
        lang: Language,
        /// Where the new folder goes.
        #[arg(long, default_value = ".")]
        into: PathBuf,
        /// Folder of the SDK. Default: that of the checkout around the new folder, this one, or this program.
        #[arg(long)]
        sdk: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Build a target from its folder, embed its card, validate it.
    Build {
        folder: PathBuf,
        /// Copy the component into this folder too.
        #[arg(long)]
        into: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Show a component's card, or a plugin.toml: what it may reach, which orders it takes, who signed it.
    Inspect {
        file: PathBuf,
        /// Another version of it: what this one has otherwise, and what of that asks for more.
        #[arg(long, value_name = "FILE", conflicts_with = "markdown")]
        against: Option<PathBuf>,
        #[arg(long)]
        json: bool,
        /// Only the scenario table, as a document.
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// Run the conformance kit against a target. Exit code 2 when a check fails.
    Test {
        /// The target's folder, which is built first, or a component.
        target: PathBuf,
        /// What the kit has to know. Default: conformance.toml in the folder, or beside the component.
        #[arg(long, value_name = "FILE")]
        description: Option<PathBuf>,
        #[arg(long)]
        json: bool,
        /// Write a JUnit report too.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
    /// Play recorded plan calls back to a component, offline: its log, its plans, what it asked that was not recorded. Exit code 2
    /// when something comes out otherwise than then.
    Replay(ReplayArgs),
    /// Serve the scripted billing system of conformance.toml on this machine, for a service to be tried against.
    Simulate {
        /// The target's folder.
        folder: PathBuf,
        /// 0 takes a free one.
        #[arg(long, default_value_t = 8440)]
        port: u16,
    },
    /// Make the file that is given to others: checked, stripped, named NAME-VERSION.wasm, signed with --key.
    Pack {
        /// The target's folder, which is built first, or a component.
        target: PathBuf,
        /// Where it goes.
        #[arg(long, default_value = ".")]
        into: PathBuf,
        /// Sign it with this secret key.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Make a publisher's key pair, in minisign's format.
    Keygen {
        /// The publisher, as the card names it.
        publisher: String,
        /// Where the two files go.
        #[arg(long, default_value = ".")]
        into: PathBuf,
        /// Write the secret key without a password. Otherwise COUNTERFOIL_KEY_PASSWORD counts, or you are asked.
        #[arg(long)]
        no_password: bool,
        #[arg(long)]
        json: bool,
    },
    /// Sign a component: writes FILE.minisig.
    Sign {
        file: PathBuf,
        /// The secret key. COUNTERFOIL_KEY_PASSWORD opens it, or you are asked.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Whether a component is what a trusted publisher signed. Exit code 5 when it is not.
    Verify {
        file: PathBuf,
        /// Default: FILE.minisig.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        #[command(flatten)]
        trust: TrustArgs,
        #[arg(long)]
        json: bool,
    },
    /// Send a component to the service. It is held against the trusted publishers, loaded and kept; nothing is activated.
    Install {
        file: PathBuf,
        /// Default: FILE.minisig, where there is one.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Every version: which is active, which waits, which is paused and why.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// Send new work to a version, after every connection answered it.
    Activate {
        /// The plugin, for example xero.
        id: String,
        /// The version's digest; its first characters do where they name one.
        digest: String,
        /// Yes to everything that its card asks for beyond the active version's.
        #[arg(long)]
        accept_wider: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Go back to the version that was active before.
    Rollback {
        /// The plugin, for example xero.
        id: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Plan the last tasks with another version and list what would differ. Exit code 2 when something does.
    Shadow {
        /// The plugin, for example xero.
        id: String,
        /// The version's digest; its first characters do where they name one.
        digest: String,
        /// How many of the last tasks.
        #[arg(long, default_value_t = 50)]
        tasks: usize,
        #[command(flatten)]
        remote: Remote,
    },
}
