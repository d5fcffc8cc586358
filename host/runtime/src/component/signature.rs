//! Signatures of components, in the format of minisign: who signed, and whether it is this file. Owns reading keys and
//! signatures; whose keys are trusted is the operator's to say, making signatures is the command line's.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{PublicKey, Signature};

use super::Package;

/// Beside `xero.wasm` stands `xero.wasm.minisig`.
pub const SIGNATURE_ENDING: &str = "minisig";
/// A signature has four short lines.
pub const MAX_SIGNATURE_BYTES: usize = 4 * 1024;

/// "Ed" or "ED", then the id of the key.
const KEY_ID: std::ops::Range<usize> = 2..10;

/// What a key is called by people: the last bytes of it that minisign prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    fn of(bytes: &[u8]) -> Option<Self> {
        let id: [u8; 8] = bytes.get(KEY_ID)?.try_into().ok()?;
        Some(Self(format!("{:016X}", u64::from_le_bytes(id))))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a public key of minisign: one word that begins with RW, the second line of a .pub file that `counterfoil plugin keygen` writes"
)]
pub struct KeyError(String);

/// A key that somebody trusts, and under which name.
#[derive(Debug, Clone)]
pub struct PublisherKey {
    publisher: String,
    id: KeyId,
    key: PublicKey,
}

impl PublisherKey {
    /// `text` is the key itself, or a whole .pub file.
    pub fn parse(publisher: &str, text: &str) -> Result<Self, KeyError> {
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        let wrong = || KeyError(line.chars().take(80).collect());
        let key = PublicKey::from_base64(line).map_err(|_| wrong())?;
        let id = STANDARD.decode(line).ok().and_then(|bytes| KeyId::of(&bytes)).ok_or_else(wrong)?;
        Ok(Self { publisher: publisher.to_owned(), id, key })
    }

    pub fn publisher(&self) -> &str {
        &self.publisher
    }

    pub fn id(&self) -> &KeyId {
        &self.id
    }
}

/// A signature that is good, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub publisher: String,
    pub key: KeyId,
    /// What the signer said beside it; covered by the signature.
    pub comment: String,
}

/// None of them goes away by trying again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error(
        "the signature cannot be read: {0}. Fetch the .minisig file again, or sign the component again with: counterfoil plugin sign"
    )]
    Unreadable(&'static str),
    #[error(
        "it is signed by the key {key}, which is not trusted here; trusted are {}. If you know whose key that is and took it from its publisher, add it to [plugins.publishers] in counterfoil.toml and restart the service. A key that was taken out again counts as unknown: then get a version that is signed by the publisher's new key",
        list(.trusted)
    )]
    UnknownKey { key: KeyId, trusted: Vec<String> },
    #[error(
        "the signature of {publisher} is for another file: it was made for {made_for}, and this is {this}. Put the signature that came with this version beside it"
    )]
    OtherFile { publisher: String, made_for: String, this: String },
    #[error(
        "the file is not what {publisher} signed: it was altered, damaged or built again after it was signed. Do not use it; fetch component and signature again from the publisher"
    )]
    Altered { publisher: String },
    #[error(
        "it is signed by {signed_by}, but its card says that it is published by {card}. Nobody may publish under another's name: ask {signed_by} for a plugin with their own name on its card, or trust the key under the name {card} in [plugins.publishers]"
    )]
    OtherPublisher { signed_by: String, card: String },
}

fn list(trusted: &[String]) -> String {
    if trusted.is_empty() { "no keys at all".to_owned() } else { trusted.join(", ") }
}

/// What a signature of this package says, so that one of another file can be told from one of an altered file.
pub fn statement(package: &Package) -> String {
    format!("counterfoil plugin:{} version:{} sha256:{}", package.card.id, package.card.version, package.digest)
}

/// By which key a signature says that it was made. It proves nothing.
pub fn signing_key(signature: &str) -> Result<KeyId, SignatureError> {
    decoded(signature).map(|(_, key)| key)
}

fn decoded(signature: &str) -> Result<(Signature, KeyId), SignatureError> {
    if signature.len() > MAX_SIGNATURE_BYTES {
        return Err(SignatureError::Unreadable("it is larger than any signature"));
    }
    let unreadable = || SignatureError::Unreadable("it is not what minisign writes");
    let decoded = Signature::decode(signature).map_err(|_| unreadable())?;
    let line = signature.lines().nth(1).unwrap_or_default();
    let id = STANDARD.decode(line.trim()).ok().and_then(|bytes| KeyId::of(&bytes)).ok_or_else(unreadable)?;
    Ok((decoded, id))
}

/// Whether one of these keys signed exactly this package, under its own publisher's name.
pub fn verify(package: &Package, signature: &str, keys: &[PublisherKey]) -> Result<Signed, SignatureError> {
    let (signature, id) = decoded(signature)?;
    let Some(key) = keys.iter().find(|key| key.id == id) else {
        let trusted = keys.iter().map(|key| format!("{} ({})", key.id, key.publisher)).collect();
        return Err(SignatureError::UnknownKey { key: id, trusted });
    };
    let publisher = key.publisher.clone();
    let comment = signature.trusted_comment().to_owned();
    match key.key.verify(&package.bytes, &signature, false) {
        Ok(()) => {}
        Err(minisign_verify::Error::UnexpectedAlgorithm) => {
            return Err(SignatureError::Unreadable("it is of minisign's old kind, which is not accepted"));
        }
        Err(_) => return Err(not_this(package, publisher, &comment)),
    }
    if publisher != package.card.publisher {
        return Err(SignatureError::OtherPublisher { signed_by: publisher, card: package.card.publisher.clone() });
    }
    Ok(Signed { publisher, key: id, comment })
}

/// The comment is not proven here; it only chooses the words.
fn not_this(package: &Package, publisher: String, comment: &str) -> SignatureError {
    let said = |what: &str| comment.split(' ').find_map(|word| word.strip_prefix(what));
    let named = said("plugin:").zip(said("version:"));
    let own = (package.card.id.as_str(), package.card.version.as_str());
    match named {
        Some((plugin, version)) if (plugin, version) != own => SignatureError::OtherFile {
            publisher,
            made_for: clipped(&format!("{plugin} {version}")),
            this: format!("{} {}", own.0, own.1),
        },
        _ => SignatureError::Altered { publisher },
    }
}

fn clipped(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(80).collect()
}
