//! A simulator that is a program of its own, started for each check on a free port and stopped after it. Owns the process; what
//! it answers is its own business.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use counterfoil_domain::ports::Pending;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::{HttpRemote, Needs, Place, Remote, RemoteError, Simulator};

/// "{port}" stands for a free port, in all of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandWords {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// "http://127.0.0.1:{port}/api".
    pub base_url: String,
    #[serde(default)]
    pub token_url: Option<String>,
    /// Where it shows all that it has stored; the simulators of `counterfoil sim` do at "/_sim/state".
    #[serde(default)]
    pub state_url: Option<String>,
    /// How long it may take to start.
    #[serde(default = "start_seconds")]
    pub start_seconds: u64,
    #[serde(skip)]
    folder: PathBuf,
}

fn start_seconds() -> u64 {
    20
}

const LOOK_EVERY: Duration = Duration::from_millis(20);

impl CommandWords {
    pub(super) fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = folder.to_owned();
        self
    }

    async fn start(&self, port: u16) -> Result<Child, RemoteError> {
        let on_port = |text: &String| text.replace("{port}", &port.to_string());
        let mut words = self.command.iter().map(on_port);
        let program = words.next().ok_or_else(|| RemoteError("its command is empty".to_owned()))?;
        let mut command = Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        if !self.folder.as_os_str().is_empty() {
            command.current_dir(&self.folder);
        }
        let mut child = command.spawn().map_err(|error| RemoteError(format!("{program} does not start: {error}")))?;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(self.start_seconds);
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
                return Ok(child);
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(RemoteError(format!("{program} ended before it answered on port {port}: {status}")));
            }
            if tokio::time::Instant::now() > deadline {
                let waited = self.start_seconds;
                return Err(RemoteError(format!("{program} does not answer on port {port} after {waited} s")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Simulator for CommandWords {
    fn open<'a>(&'a self, needs: Needs<'a>) -> Pending<'a, Result<Box<dyn Remote>, RemoteError>> {
        Box::pin(async move {
            let port = free_port().await?;
            let child = self.start(port).await?;
            let at = |url: &String| url.replace("{port}", &port.to_string());
            let place = Place {
                base_url: at(&self.base_url),
                token_url: self.token_url.as_ref().map(at),
                state_url: self.state_url.as_ref().map(at),
            };
            Ok(Box::new(HttpRemote::new(place, needs, Box::new(child))?) as Box<dyn Remote>)
        })
    }
}

/// Free a moment ago: who takes it meanwhile makes the simulator say so.
async fn free_port() -> Result<u16, RemoteError> {
    let taken = |error: std::io::Error| RemoteError(format!("no port is free: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(taken)?;
    Ok(listener.local_addr().map_err(taken)?.port())
}
