//! Passwords and API tokens: how they are hashed and compared. Owns no session, no store and no randomness.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use counterfoil_domain::ports::User;
use sha2::{Digest as _, Sha256};

/// What every API token begins with, so that a leaked one is found by scanners.
pub const TOKEN_PREFIX: &str = "cf_";
pub const SHORTEST_PASSWORD: usize = 10;
/// A longer one would let anybody spend the server's time.
const LONGEST_PASSWORD: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("the password is too short; nobody can sign in with it; use at least {SHORTEST_PASSWORD} characters")]
    TooShort,
    #[error("the password is too long; use at most {LONGEST_PASSWORD} bytes")]
    TooLong,
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// Argon2id in its usual text form. The salt comes from the caller's random source.
pub fn hash_password(password: &str, salt: [u8; 16]) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(PasswordError::TooShort);
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(PasswordError::TooLong);
    }
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether the password is the one. Takes tens of milliseconds: not for an async thread.
pub fn verify_password(password: &str, hash: &str) -> bool {
    if password.len() > LONGEST_PASSWORD {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

/// A new API token: the plain text, shown once, and the hash that is kept in `User::tokens`.
pub fn new_token(random: [u8; 32]) -> (String, String) {
    let plain = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let hash = sha256_hex(plain.as_bytes());
    (plain, hash)
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Equal, in a time that does not tell where they differ.
pub(crate) fn same(a: &str, b: &str) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let differing = a.bytes().zip(b.bytes()).fold(0_u8, |sum, (x, y)| sum | (x ^ y));
    std::hint::black_box(differing) == 0
}

/// Whose token it is. Every stored hash is compared, so that the time tells nothing.
pub(crate) fn user_of_token<'a>(users: &'a [User], token: &str) -> Option<&'a User> {
    if !token.starts_with(TOKEN_PREFIX) {
        return None;
    }
    let hash = sha256_hex(token.as_bytes());
    let mut found = None;
    for user in users {
        for (stored, _label) in &user.tokens {
            if same(stored, &hash) {
                found = Some(user);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_only_its_own_hash() {
        let hash = hash_password("correct horse", [7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password("correct horse", &hash));
        assert!(!verify_password("correct horsf", &hash));
        assert!(!verify_password("correct horse", "not a hash"));
        assert_ne!(hash, hash_password("correct horse", [8; 16]).unwrap());
        assert_eq!(hash_password("short", [7; 16]), Err(PasswordError::TooShort));
        assert_eq!(hash_password(&"x".repeat(2000), [7; 16]), Err(PasswordError::TooLong));
    }

    #[test]
    fn a_token_names_its_user_and_nobody_else() {
        let (plain, hash) = new_token([1; 32]);
        let (other, _) = new_token([2; 32]);
        let users = [
            User { name: "a".into(), role: "viewer".into(), password_hash: String::new(), tokens: vec![] },
            User {
                name: "b".into(),
                role: "viewer".into(),
                password_hash: String::new(),
                tokens: vec![(hash.clone(), "ci".into())],
            },
        ];
        assert_eq!(user_of_token(&users, &plain).map(|u| u.name.as_str()), Some("b"));
        assert!(user_of_token(&users, &other).is_none());
        assert!(user_of_token(&users, &hash).is_none(), "the hash is not the token");
        assert!(user_of_token(&users, "").is_none());
    }
}
