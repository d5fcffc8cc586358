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
    let sign_in = make(&args.folder, &args.admin, &args.listen, args.allow_unsigned).await?;
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

/// Makes the folder. Refuses one in which something of it is there already: nothing is overwritten.
pub(super) async fn make(folder: &Path, admin: &str, listen: &str, allow_unsigned: bool) -> Result<SignIn> {
    let config_path = folder.join("counterfoil.toml");
    for part in ["counterfoil.toml", "master.key", "admin.token", "data/counterfoil.db"] {
        let part = folder.join(part);
        if part.exists() {
            bail!(
                "{} is there already; nothing was changed. Serve this folder or name another; what an earlier init left that broke off can be removed",
                part.display()
            );
        }
    }
    let text = config_text(listen, allow_unsigned);
    let config = Config::parse(&text)?.below(folder);
    private_folder(&folder.join("data"))?;
    std::fs::create_dir_all(&config.plugins_dir)
        .with_context(|| format!("cannot make {}", config.plugins_dir.display()))?;
    let key = MasterKey::generate(&mut random()?);
    key.write_new(folder.join("master.key"))?;
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
    // Last: a folder with a configuration is whole.
    std::fs::write(&config_path, text).with_context(|| format!("cannot write {}", config_path.display()))?;
    Ok(sign_in)
}

/// Everybody's orders and the hashes of passwords are in it: only its owner may look.
fn private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let parents = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    parents
        .and_then(|()| match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        })
        .with_context(|| format!("cannot make {}. Nothing was set up", path.display()))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("this machine gives no random numbers: {error}"))?;
    Ok(bytes)
}

fn config_text(listen: &str, allow_unsigned: bool) -> String {
    format!(
        "# Counterfoil. Paths are relative to this file.\ndata_dir = \"data\"\nplugins_dir = \"plugins\"\nlisten = {}\nmaster_key = {{ file = \"master.key\" }}\nhttps = false\nlog = \"info\"\nlog_format = \"text\"\n\n\
         # Plugins run when they came with Counterfoil or a publisher below signed them.\n\
         [plugins]\nallow_unsigned = {allow_unsigned}\n\n[plugins.publishers]\n",
        toml::Value::from(listen)
    )
}

/// Readable by its owner only.
fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn nobody_else_can_read_what_was_made_and_nothing_is_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let shop = folder.path().join("a/shop");
        make(&shop, "admin", "127.0.0.1:\"0", false).await.unwrap();
        for private in ["data", "master.key", "admin.token"] {
            let mode = std::fs::metadata(shop.join(private)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{private} is {mode:o}");
        }
        assert_eq!(Config::load(&shop.join("counterfoil.toml")).unwrap().listen, "127.0.0.1:\"0");
        for part in ["counterfoil.toml", "master.key", "admin.token", "data/counterfoil.db"] {
            let again = make(&shop, "mallory", "127.0.0.1:0", false).await.unwrap_err().to_string();
            assert!(again.contains(part) && again.contains("nothing was changed"), "{again}");
            std::fs::remove_file(shop.join(part)).unwrap();
        }
    }
}
