//! Owns the ids and tokens a simulator hands out: the same in every run, different for every use.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

#[derive(Debug, Clone)]
pub(crate) struct Ids {
    seed: String,
    used: u64,
}

impl Ids {
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), used: 0 }
    }

    fn hex(&mut self) -> String {
        self.used += 1;
        let digest = Sha256::digest(format!("{}:{}", self.seed, self.used).as_bytes());
        digest.iter().fold(String::new(), |mut hex, byte| {
            let written = write!(hex, "{byte:02x}");
            debug_assert!(written.is_ok(), "writing to a string cannot fail");
            hex
        })
    }

    pub(crate) fn guid(&mut self) -> String {
        let hex = self.hex();
        format!("{}-{}-4{}-a{}-{}", &hex[0..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    pub(crate) fn token(&mut self, prefix: &str) -> String {
        format!("{prefix}-{}", self.hex())
    }
}
