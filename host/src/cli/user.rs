//! `user`: who may sign in, as what, and with which API tokens. A password is read from a file or made, never an argument:
//! arguments stand in the list of processes and in the shell's history.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use counterfoil_server::wire::{TokenMade, UserList, UserRemoved, UserView};
use serde_json::json;

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Everybody who may sign in, with role and tokens.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// Let somebody sign in. Without a file a password is made and shown once.
    Add {
        name: String,
        /// viewer, biller, approver, operator, admin.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// File that holds the password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Give somebody another role.
    Role {
        name: String,
        /// viewer, biller, approver, operator, admin.
        role: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Set a password; the own one needs the old one. Sessions of the person end.
    Password {
        name: String,
        /// File that holds the new password. Without it one is made and shown once.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// File that holds the old password, for the own one.
        #[arg(long, value_name = "FILE")]
        old_password_file: Option<PathBuf>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Nobody of that name signs in any more; sessions and tokens end at once.
    Remove {
        name: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// API tokens: what programs sign in with.
    #[command(subcommand)]
    Token(TokenVerb),
}

#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make one; it may what its person may, and is shown once.
    Add {
        name: String,
        /// What it is for: "nightly check".
        #[arg(long)]
        label: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// From now on it opens nothing.
    Remove {
        name: String,
        #[arg(long)]
        label: String,
        #[command(flatten)]
        remote: Remote,
    },
}

pub(super) async fn run(verb: UserVerb) -> Result<Exit> {
    conclude(match verb {
        UserVerb::List { remote } => list(&remote).await,
        UserVerb::Add { name, role, password_file, remote } => {
            add(&name, &role, password_file.as_deref(), &remote).await
        }
        UserVerb::Role { name, role, remote } => {
            let user: UserView = Client::new(&remote)?.put(&["users", &name], &json!({ "role": role })).await?;
            told(&remote, &user, &format!("{} is {} now\n", show::clean(&user.name), user.role))
        }
        UserVerb::Password { name, password_file, old_password_file, remote } => {
            password(&name, password_file.as_deref(), old_password_file.as_deref(), &remote).await
        }
        UserVerb::Remove { name, remote } => {
            let gone: UserRemoved = Client::new(&remote)?.delete(&["users", &name]).await?;
            told(&remote, &gone, &format!("{} cannot sign in any more\n", show::clean(&gone.removed.name)))
        }
        UserVerb::Token(TokenVerb::Add { name, label, remote }) => {
            let client = Client::new(&remote)?;
            let made: TokenMade = client.post(&["users", &name, "tokens"], &[], &json!({ "label": label })).await?;
            eprintln!("{} of {}: it is shown this once", show::clean(&made.label), show::clean(&made.user));
            told(&remote, &made, &format!("{}\n", made.token))
        }
        UserVerb::Token(TokenVerb::Remove { name, label, remote }) => {
            let client = Client::new(&remote)?;
            let user: UserView = client.delete(&["users", &name, "tokens", &label]).await?;
            told(&remote, &user, &format!("the token {} opens nothing any more\n", show::clean(&label)))
        }
    })
}

fn told(remote: &Remote, answer: &impl serde::Serialize, text: &str) -> Result<Exit> {
    if remote.json {
        show::json(answer)?;
    } else {
        show::print(text)?;
    }
    Ok(Exit::Done)
}

async fn list(remote: &Remote) -> Result<Exit> {
    let list: UserList = Client::new(remote)?.get(&["users"], &[]).await?;
    if remote.json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Name", "Role", "Tokens"]);
    for user in &list.users {
        table.row([user.name.clone(), user.role.clone(), user.tokens.join(", ")]);
    }
    table.print(&show::count(show::number(list.users.len()), "user"))?;
    Ok(Exit::Done)
}

/// From the file, or a new one; true: nobody knows it yet.
fn new_password(file: Option<&Path>) -> Result<(String, bool)> {
    if let Some(file) = file {
        return Ok((read(file)?, false));
    }
    let mut random = [0_u8; 15];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow!("this machine gives no random numbers: {error}. Nothing was changed"))?;
    Ok((URL_SAFE_NO_PAD.encode(random), true))
}

/// Editors end a file with a new line; no password does.
fn read(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read. Nothing was changed", file.display()))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

async fn add(name: &str, role: &str, file: Option<&Path>, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let (password, made) = new_password(file)?;
    let body = json!({ "name": name, "role": role, "password": password });
    let user: UserView = client.post(&["users"], &[], &body).await?;
    say(remote, &user, &format!("{} may sign in as {}", show::clean(&user.name), user.role), made.then_some(&password))
}

async fn password(name: &str, file: Option<&Path>, old: Option<&Path>, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let old = old.map(read).transpose()?;
    let (password, made) = new_password(file)?;
    let body = json!({ "password": password, "old_password": old });
    let user: UserView = client.put(&["users", name], &body).await?;
    say(remote, &user, &format!("{} has a new password", show::clean(&user.name)), made.then_some(&password))
}

/// With the password where it was made here.
fn say(remote: &Remote, user: &UserView, text: &str, made: Option<&String>) -> Result<Exit> {
    let mut answer = serde_json::to_value(user)?;
    let mut text = format!("{text}\n");
    if let Some(password) = made {
        answer["password"] = json!(password);
        text.push_str(&format!("password {password}\n"));
    }
    told(remote, &answer, &text)
}
