//! `plugin keygen` and `plugin sign`: a publisher's keys and signatures, in the files that minisign reads and writes. Owns
//! the files; secret keys leave this process only into them.

use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterfoil_runtime::component;
use counterfoil_runtime::component::signature::{PublisherKey, statement};
use counterfoil_runtime::registry::signature_of;
use minisign::{KeyPair, SecretKey, SecretKeyBox};
use serde_json::json;

use crate::cli::show;
use crate::exit::Exit;

const PASSWORD: &str = "COUNTERFOIL_KEY_PASSWORD";

/// Two algorithms, salt, costs, key and checksum.
const SECRET_KEY_BYTES: usize = 158;

/// From the environment, or none where a terminal can be asked.
fn password() -> Result<Option<String>> {
    match std::env::var(PASSWORD) {
        Ok(password) => Ok(Some(password)),
        Err(_) if std::io::stdin().is_terminal() => Ok(None),
        Err(_) => bail!(
            "the key has a password and nobody can be asked for it here. Nothing was written. Set {PASSWORD}, or make the key with --no-password and keep its file safe"
        ),
    }
}

pub(super) fn keygen(publisher: &str, into: &Path, bare: bool, as_json: bool) -> Result<Exit> {
    let stem = file_name(publisher);
    if stem.is_empty() {
        bail!("\"{publisher}\" has no letter or digit to name the files after. Nothing was written");
    }
    let (secret, public) = (into.join(format!("{stem}.key")), into.join(format!("{stem}.pub")));
    for path in [&secret, &public] {
        if path.exists() {
            bail!(
                "{} is there already; nothing was written. A lost secret key cannot be made again, so none is overwritten: name another folder with --into",
                path.display()
            );
        }
    }
    let made =
        if bare { KeyPair::generate_unencrypted_keypair() } else { KeyPair::generate_encrypted_keypair(password()?) };
    let KeyPair { pk, sk } = made.context("the keys cannot be made. Nothing was written")?;
    let text = sk.to_box(Some(&format!("counterfoil plugin secret key of {publisher}")))?.into_string();
    std::fs::create_dir_all(into).with_context(|| format!("cannot make {}", into.display()))?;
    write_new(&secret, 0o600, &text)?;
    write_new(&public, 0o644, &pk.to_box()?.into_string())?;
    let (key, id) = (pk.to_base64(), PublisherKey::parse(publisher, &pk.to_base64())?.id().to_string());
    if as_json {
        let object = json!({
            "publisher": publisher, "key": key, "id": id,
            "secret_file": secret.display().to_string(), "public_file": public.display().to_string(),
        });
        show::json(&object)?;
        return Ok(Exit::Done);
    }
    let name = toml::Value::from(publisher);
    show::print(&format!(
        "{} is the secret key {id}: whoever has it signs as {publisher}. Keep it off this repository and keep a copy.\n\
         {} is the public key. Whoever runs your plugins puts it into counterfoil.toml:\n\n\
         [plugins.publishers]\n{name} = \"{key}\"\n",
        secret.display(),
        public.display()
    ))?;
    Ok(Exit::Done)
}

fn file_name(publisher: &str) -> String {
    let plain: String = publisher
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn write_new(path: &Path, mode: u32, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// Opens the key: with a password only where it has one.
fn secret_key(path: &Path) -> Result<SecretKey> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let is_key = text.lines().nth(1).and_then(|line| STANDARD.decode(line.trim()).ok());
    if is_key.is_none_or(|bytes| bytes.len() != SECRET_KEY_BYTES) {
        bail!("{} is no secret key of minisign; make one with: counterfoil plugin keygen", path.display());
    }
    let sealed = || SecretKeyBox::from_string(&text).with_context(|| format!("{} cannot be read", path.display()));
    if let Ok(open) = SecretKey::from_unencrypted_box(sealed()?) {
        return Ok(open);
    }
    SecretKey::from_box(sealed()?, password()?)
        .with_context(|| format!("{} cannot be opened; is the password right? Nothing was signed", path.display()))
}

/// Signs the component in `file` and writes the signature beside it. Returns where, and by which key.
pub(super) fn sign(file: &Path, key: &Path) -> Result<(PathBuf, String)> {
    let package = component::read(&super::inspect::bytes_of(file)?)
        .with_context(|| format!("{} would be refused by every host; it was not signed", file.display()))?;
    let secret = secret_key(key)?;
    let public = minisign::PublicKey::from_secret_key(&secret)?.to_base64();
    let own = PublisherKey::parse(&package.card.publisher, &public)?;
    let comment = statement(&package);
    let untrusted = format!("signature by the key {}", own.id());
    let signature = minisign::sign(None, &secret, package.bytes.as_ref(), Some(&comment), Some(&untrusted))
        .context("it cannot be signed")?
        .into_string();
    let path = signature_of(file);
    let half = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&half, signature)
        .and_then(|()| std::fs::rename(&half, &path))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok((path, own.id().to_string()))
}

pub(super) fn run(file: &Path, key: &Path, as_json: bool) -> Result<Exit> {
    let (path, id) = sign(file, key)?;
    if as_json {
        show::json(&json!({ "signature": path.display().to_string(), "key": id }))?;
    } else {
        show::print(&format!("{}\n", path.display()))?;
        eprintln!("Signed with the key {id}");
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_the_publisher_and_stay_where_they_belong() {
        for (publisher, stem) in [
            ("Acme Software", "acme-software"),
            ("../../etc/x", "etc-x"),
            ("Müller & Söhne", "m-ller-s-hne"),
            ("…", ""),
        ] {
            assert_eq!(file_name(publisher), stem);
        }
    }
}
