//! `init`: a folder with configuration, master key, database and the first administrator.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use counterfoil_domain::id::Actor;
use counterfoil_domain::ports::{AuditEntry, Store as _, User, Write};
use counterfoil_server::auth;
use counterfoil_store::MasterKey;

use super::args::InitArgs;
use crate::compose;
use crate::config::Config;
use crate::exit::Exit;

/// What somebody needs to sign in, shown once.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    pub(super) name: String,
    pub(super) password: String,
}

pub(super) async fn run(args: &InitArgs) -> Result<Exit> {
    let sign_in = make(&args.folder, &args.admin, &args.listen).await?;
    let folder = args.folder.display();
    if args.json {
        let object = serde_json::json!({
            "config": args.folder.join("counterfoil.toml"),
            "admin": sign_in.name,
            "password": sign_in.password,
            "token_file": args.folder.join("admin.token"),
        });
        println!("{object}");
        return Ok(Exit::Done);
    }
    println!(
        "made {folder}/counterfoil.toml, {folder}/master.key (keep a copy elsewhere), {folder}/data and {folder}/plugins"
    );
    println!("administrator {} with password {}", sign_in.name, sign_in.password);
    println!("API token in {folder}/admin.token: use --token-file {folder}/admin.token, or COUNTERFOIL_TOKEN");
    println!("next: put plugins into {folder}/plugins, then counterfoil serve --config {folder}/counterfoil.toml");
    Ok(Exit::Done)
}

/// Makes the folder. Refuses one that has a configuration already: nothing is overwritten.
pub(super) async fn make(folder: &Path, admin: &str, listen: &str) -> Result<SignIn> {
    let config_path = folder.join("counterfoil.toml");
    if config_path.exists() {
        bail!("{} is there already; nothing was changed", config_path.display());
    }
    for sub in ["data", "plugins"] {
        std::fs::create_dir_all(folder.join(sub))
            .with_context(|| format!("cannot make {}", folder.join(sub).display()))?;
    }
    let key = MasterKey::generate(&mut random()?);
    key.write_new(folder.join("master.key"))?;
    std::fs::write(&config_path, config_text(listen))?;
    let config = Config::load(&config_path)?;
    let store = compose::open_store(&config)?;
    let sign_in = SignIn { name: admin.to_owned(), password: URL_SAFE_NO_PAD.encode(random::<15>()?) };
    let (token, token_hash) = auth::new_token(random()?);
    let user = User {
        name: Actor::new(admin),
        role: "admin".to_owned(),
        password_hash: auth::hash_password(&sign_in.password, random()?)?,
        tokens: vec![(token_hash, "made by init".to_owned())],
    };
    let entry = AuditEntry {
        at: Utc::now(),
        actor: Actor::new("init"),
        action: "add-user".to_owned(),
        subject: admin.to_owned(),
        detail: "first administrator".to_owned(),
    };
    store.commit(vec![Write::PutUser(user), Write::Audit(entry)]).await?;
    write_private(&folder.join("admin.token"), &token)?;
    Ok(sign_in)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("this machine gives no random numbers: {error}"))?;
    Ok(bytes)
}

fn config_text(listen: &str) -> String {
    format!(
        "# Counterfoil. Paths are relative to this file.\ndata_dir = \"data\"\nplugins_dir = \"plugins\"\nlisten = \"{listen}\"\nmaster_key = {{ file = \"master.key\" }}\nhttps = false\nlog = \"info\"\nlog_format = \"text\"\n"
    )
}

/// Readable by its owner only.
fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
