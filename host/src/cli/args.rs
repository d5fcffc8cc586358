//! Verbs and their arguments. Every verb stands in the README's table; a test holds them against it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "counterfoil", version, about = "Marketplace orders into billing systems, each exactly once.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a data folder: configuration, master key, first administrator.
    Init(InitArgs),
    /// Run the service: API, dashboard, engine.
    Serve(ServeArgs),
    /// Everything simulated: a marketplace, a billing system and the service, from orders to invoices.
    Demo(DemoArgs),
    /// Look for what would keep the service from working.
    Doctor(DoctorArgs),
    /// Write everything into one file, while the service runs or not.
    Backup(super::backup::BackupArgs),
    /// Make a data folder of a backup. Nothing is sent until you enable its connections.
    Restore(super::backup::RestoreArgs),
    /// Run a simulated marketplace or billing system on loopback.
    Sim(SimArgs),
    /// Make, build, test, sign, inspect, install and swap targets.
    #[command(subcommand)]
    Plugin(super::plugin::PluginVerb),
    /// Apply a setup file: resellers, marketplaces, connections, settings, links.
    Apply(ApplyArgs),
    /// Check Changes: read the marketplace and update the tasks.
    Check(super::check::CheckArgs),
    /// List, show or watch tasks.
    #[command(subcommand)]
    Tasks(TasksVerb),
    /// Show, field by field, what would be written. Exit code 2 when there are changes.
    Plan(PlanArgs),
    /// Confirm plans and write them.
    Sync(SyncArgs),
    /// Set what a task will bill, line by line, before it is confirmed; or show its lines.
    Adjust(super::adjust::AdjustArgs),
    /// Hold what the marketplace has now against what the target has. Exit code 2 when something differs.
    Reconcile(super::reconcile::ReconcileArgs),
    /// Answer where the rules cannot tell what to bill. Exit code 2 while an answer is waited for.
    Decide(super::adjust::DecideArgs),
    /// Ignore tasks, with a reason.
    Ignore(IgnoreArgs),
    /// Take tasks back from Ignored; the rules are evaluated again.
    Unignore(UnignoreArgs),
    /// Rules to ignore by: customer, product, order type, amount.
    #[command(subcommand)]
    Rules(super::rules::RulesVerb),
    /// What was sent and never answered, and your decision about it. Exit code 4 while it is uncertain.
    Resolve(super::resolve::ResolveArgs),
    /// Links between marketplace and target things.
    #[command(subcommand)]
    Link(LinkVerb),
    /// Connections and whether they work.
    #[command(subcommand)]
    Connections(ConnectionsVerb),
    /// Customers whose tasks go without a person.
    #[command(subcommand)]
    AutoSync(super::auto_sync::AutoSyncVerb),
    /// What of a distributor's statements is billed, who is mapped where, and where the money is.
    #[command(subcommand)]
    Programs(super::programs::ProgramsVerb),
    /// Products of a program as items of a target.
    #[command(subcommand)]
    Products(super::products::ProductsVerb),
    /// A provider's service plans to its resellers, by options.
    #[command(subcommand)]
    Catalog(super::catalog::CatalogVerb),
    /// What happened, what it means for the money, what to do.
    Notices(super::notices::NoticesArgs),
    /// What was done, when and for whom.
    Runs(super::runs::RunsArgs),
    /// Who may sign in, as what, and with which API tokens.
    #[command(subcommand)]
    User(super::user::UserVerb),
    /// Who did what, whether the log is as it was written, and all of it as lines of JSON.
    #[command(subcommand)]
    Audit(super::audit::AuditVerb),
    /// Any call of the API: `counterfoil api GET /v1/tasks`.
    Api(super::api::ApiArgs),
}

/// Where the service is and who asks.
#[derive(Debug, Clone, Args)]
pub struct Remote {
    /// Address of the service.
    #[arg(long, env = "COUNTERFOIL_SERVER", default_value = "http://127.0.0.1:8420")]
    pub server: String,
    /// File that holds the API token. Without it, COUNTERFOIL_TOKEN counts.
    #[arg(long)]
    pub token_file: Option<PathBuf>,
    /// Print what the API answered, as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The folder to make.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Name of the first administrator.
    #[arg(long, default_value = "admin")]
    pub admin: String,
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8420")]
    pub listen: String,
    /// Let plugins run that nobody signed: for those that you build yourself.
    #[arg(long)]
    pub allow_unsigned: bool,
    /// Print the sign-in as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The configuration file.
    #[arg(long, short, default_value = "counterfoil.toml")]
    pub config: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// End when everything agrees, instead of leaving the service running.
    #[arg(long)]
    pub exit: bool,
    /// Print the figures as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Folder for the demo's data; it must be empty or absent. Default: a fresh one.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Address and port of the service. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: String,
    /// Seed of the simulated world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The configuration file.
    #[arg(long, short, default_value = "counterfoil.toml")]
    pub config: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct SimArgs {
    /// Which: cloudblue, cloudiq, prism, xero, connectwise, syncro, several of them, or both (cloudblue and xero).
    #[arg(default_value = "both")]
    pub which: Vec<String>,
    /// Port of the marketplace.
    #[arg(long, default_value_t = 8431)]
    pub cloudblue_port: u16,
    /// Port of the simulated Xero.
    #[arg(long, default_value_t = 8432)]
    pub xero_port: u16,
    /// Port of the simulated ConnectWise.
    #[arg(long, default_value_t = 8433)]
    pub connectwise_port: u16,
    /// Port of the simulated Cloud-iQ.
    #[arg(long, default_value_t = 8434)]
    pub cloudiq_port: u16,
    /// Port of the simulated PRISM.
    #[arg(long, default_value_t = 8435)]
    pub prism_port: u16,
    /// Port of the simulated Syncro.
    #[arg(long, default_value_t = 8436)]
    pub syncro_port: u16,
    /// Seed of the simulated world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write the world as a folder of exported orders, for the `file` marketplace, and end.
    #[arg(long)]
    pub export: Option<PathBuf>,
    /// Print addresses and credentials as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// The setup file. Secrets are { env = "NAME" } or { file = "path" }.
    #[arg(long, short)]
    pub file: PathBuf,
    /// Show what would change and end.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub enum TasksVerb {
    /// Tasks, filtered.
    List {
        #[arg(long)]
        connection: Option<String>,
        /// pending, ready, planned, queued, sending, synced, uncertain, retrying, parked, ignored, superseded.
        #[arg(long)]
        state: Vec<String>,
        /// In number or customer.
        #[arg(long)]
        text: Option<String>,
        /// Code of an ignore reason.
        #[arg(long)]
        reason: Option<String>,
        /// Synchronized tasks of which a step waits until somebody approves something in the target.
        #[arg(long, conflicts_with_all = ["state", "text", "reason"])]
        waiting_for_approval: bool,
        #[arg(long, default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        remote: Remote,
    },
    /// One task with its order, plan and receipt.
    Show {
        task: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// The totals, again and again.
    Watch {
        #[arg(long, default_value_t = 2)]
        seconds: u64,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// Tasks by id; none: every task that is ready.
    pub tasks: Vec<String>,
    /// Every parked task, after a setting or a link was mended.
    #[arg(long, conflicts_with = "tasks")]
    pub parked: bool,
    #[arg(long)]
    pub connection: Option<String>,
    /// Only the summary, not every field.
    #[arg(long)]
    pub brief: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// Plans by digest, or tasks by id; none with --all.
    pub plans: Vec<String>,
    #[arg(long)]
    pub connection: Option<String>,
    /// Every planned task whose plan nothing speaks against.
    #[arg(long)]
    pub all: bool,
    /// Accept findings that need a person, by their code.
    #[arg(long)]
    pub accept: Vec<String>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Clone, Args)]
pub struct IgnoreArgs {
    #[arg(required = true)]
    pub tasks: Vec<String>,
    /// Why, for whoever reads it later.
    #[arg(long)]
    pub reason: String,
    /// Until this day: 2027-01-01.
    #[arg(long, value_name = "DAY", conflicts_with_all = ["until_next_period", "until_change"])]
    pub until: Option<chrono::NaiveDate>,
    /// Until the subscription's next billing period begins.
    #[arg(long, conflicts_with = "until_change")]
    pub until_next_period: bool,
    /// Until the price or quantity changes: later orders that bill the same stay ignored.
    #[arg(long)]
    pub until_change: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Clone, Args)]
pub struct UnignoreArgs {
    pub tasks: Vec<String>,
    /// Instead of tasks: every task ignored for this reason code.
    #[arg(long)]
    pub reason: Option<String>,
    #[arg(long)]
    pub connection: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub enum LinkVerb {
    /// Links of a connection.
    List {
        #[arg(long)]
        connection: Option<String>,
        /// party, item, fee, container.
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// What unlinked things may be in the target, with score and reasons. Links nothing.
    Suggest {
        #[arg(long)]
        connection: Option<String>,
        /// party, item, fee, container; none: every kind that tasks wait for.
        kind: Option<String>,
        /// Customer id, product code, fee name or subscription id; none: what tasks wait for.
        source: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Link a marketplace thing to a target thing, and name the tasks that this touches.
    Set {
        #[arg(long)]
        connection: Option<String>,
        /// party, item, fee, container.
        kind: String,
        /// Customer id, product code, fee name or subscription id.
        source: String,
        /// The target's id.
        target: String,
        #[arg(long, default_value = "")]
        code: String,
        #[arg(long, default_value = "")]
        name: String,
        /// NAME=VALUE, for example account-code=201.
        #[arg(long)]
        attribute: Vec<String>,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Remove a link, or with --never-sync decide that it is never synchronized.
    Clear {
        #[arg(long)]
        connection: Option<String>,
        kind: String,
        source: String,
        #[arg(long)]
        never_sync: bool,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Take over a table of links, whole or not at all.
    Import {
        /// CSV as `link export` writes it.
        file: PathBuf,
        #[arg(long)]
        connection: Option<String>,
        /// Only say, row by row, what would change.
        #[arg(long)]
        dry_run: bool,
        /// Take over the good rows.
        #[arg(long)]
        skip_bad: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// The links as CSV, to stdout or into a file.
    Export {
        file: Option<PathBuf>,
        #[arg(long)]
        connection: Option<String>,
        /// party, item, fee, container.
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConnectionsVerb {
    /// All connections with their state.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// Ask the target who it is.
    Test {
        connection: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Sign in at the target's page, where a person must.
    Authorize(super::authorize::AuthorizeArgs),
    /// Send nothing to a connection until it is enabled again.
    Pause {
        connection: String,
        /// Why, for whoever finds it paused.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Take back a pause: what is confirmed and waits is sent.
    Enable {
        connection: String,
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Search the target: parties, items, accounts, tax rates.
    Search {
        kind: String,
        #[arg(default_value = "")]
        query: String,
        #[arg(long)]
        connection: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
}
