//! `plugin`: everything about targets, from the first folder to a version in the running service. One file a verb; making,
//! reading and compiling are the runtime's, conformance is the kit's, swapping is the service's.

mod args;
mod build;
mod describe;
mod inspect;
mod keys;
mod new;
mod pack;
mod replay;
mod simulate;
mod swap;
mod templates;
mod test;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use counterfoil_runtime::sandbox::{COMPILE, compile_file};

pub(super) use args::PluginVerb;

use super::client::conclude;
use crate::exit::Exit;

pub(super) async fn run(verb: PluginVerb) -> Result<Exit> {
    match verb {
        PluginVerb::New { name, lang, into, sdk, json } => new::run(&name, lang, &into, sdk.as_deref(), json),
        PluginVerb::Build { folder, into, json } => build::run(&folder, into.as_deref(), json).await,
        PluginVerb::Inspect { file, against, json, markdown, trust } => {
            inspect::run(&file, against.as_deref(), (json, markdown), &trust)
        }
        PluginVerb::Test { target, description, json, junit } => {
            test::run(&target, description.as_deref(), json, junit.as_deref()).await
        }
        PluginVerb::Replay(args) => replay::run(&args).await,
        PluginVerb::Simulate { folder, port } => simulate::run(&folder, port).await,
        PluginVerb::Pack { target, into, key, json } => pack::run(&target, &into, key.as_deref(), json).await,
        PluginVerb::Keygen { publisher, into, no_password, json } => keys::keygen(&publisher, &into, no_password, json),
        PluginVerb::Sign { file, key, json } => keys::run(&file, &key, json),
        PluginVerb::Verify { file, signature, trust, json } => verify::run(&file, signature.as_deref(), &trust, json),
        PluginVerb::Install { file, signature, remote } => {
            conclude(swap::install(&file, signature.as_deref(), &remote).await)
        }
        PluginVerb::List { remote } => conclude(swap::list(&remote).await),
        PluginVerb::Activate { id, digest, accept_wider, remote } => {
            conclude(swap::activate(&id, &digest, accept_wider, &remote).await)
        }
        PluginVerb::Rollback { id, remote } => conclude(swap::rollback(&id, &remote).await),
        PluginVerb::Shadow { id, digest, tasks, remote } => conclude(swap::shadow(&id, &digest, tasks, &remote).await),
    }
}

/// What this process is when the service started it to compile one plugin: two files on its command line, and limits
/// around it. None: it was started by somebody else.
pub fn compiler() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != COMPILE {
        return None;
    }
    let (input, output) = (PathBuf::from(arguments.next()?), PathBuf::from(arguments.next()?));
    Some(match compile_file(&input, &output) {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            eprintln!("{error}");
            Exit::Error.into()
        }
    })
}
