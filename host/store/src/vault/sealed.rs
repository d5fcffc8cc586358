//! Sealing and opening one secret.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use counterfoil_domain::secret::{Secret, SecretScope};

use super::MasterKey;

/// As rows hold it: base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedSecret {
    pub(crate) nonce: String,
    pub(crate) sealed: String,
}

/// Length first, so that no scope and name run together into another pair.
fn bound_to(scope: &SecretScope, name: &str) -> Vec<u8> {
    let scope = scope.text();
    let mut bytes = (scope.len() as u64).to_be_bytes().to_vec();
    bytes.extend_from_slice(scope.as_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes
}

/// None only if the cipher refuses, which it does for texts of many gigabytes.
pub(super) fn seal(
    key: &MasterKey,
    nonce: [u8; 24],
    scope: &SecretScope,
    name: &str,
    secret: &Secret,
) -> Option<SealedSecret> {
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let payload = Payload { msg: secret.reveal().as_bytes(), aad: &bound_to(scope, name) };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
    Some(SealedSecret { nonce: BASE64_STANDARD.encode(nonce), sealed: BASE64_STANDARD.encode(sealed) })
}

/// None: another key, another owner or name, or altered bytes; which of them cannot be told.
pub(super) fn unseal(key: &MasterKey, scope: &SecretScope, name: &str, stored: &SealedSecret) -> Option<Secret> {
    let nonce: [u8; 24] = BASE64_STANDARD.decode(&stored.nonce).ok()?.try_into().ok()?;
    let sealed = BASE64_STANDARD.decode(&stored.sealed).ok()?;
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let payload = Payload { msg: &sealed, aad: &bound_to(scope, name) };
    let plain = cipher.decrypt(&XNonce::from(nonce), payload).ok()?;
    String::from_utf8(plain).ok().map(Secret::new)
}
