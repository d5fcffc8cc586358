//! Digests over values in a canonical form: every part is length-prefixed, so no two different
//! sequences of parts can run together into the same bytes.

use sha2::{Digest as _, Sha256};

#[derive(Clone)]
pub struct Digester(Sha256);

impl std::fmt::Debug for Digester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digester")
    }
}

impl Digester {
    /// The domain separates uses: a plan's digest can never equal a request's.
    pub fn new(domain: &str) -> Self {
        let mut digester = Self(Sha256::new());
        digester.bytes(domain.as_bytes());
        digester
    }

    pub fn bytes(&mut self, part: &[u8]) -> &mut Self {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    pub fn text(&mut self, part: &str) -> &mut Self {
        self.bytes(part.as_bytes())
    }

    pub fn maybe(&mut self, part: Option<&str>) -> &mut Self {
        match part {
            Some(text) => self.text("some").text(text),
            None => self.text("none"),
        }
    }

    /// Numbers are equal when their values are: 1.50 digests as 1.5.
    pub fn number(&mut self, part: rust_decimal::Decimal) -> &mut Self {
        self.text(&part.normalize().to_string())
    }

    /// How many parts follow: keeps neighbouring lists apart.
    pub fn count(&mut self, count: usize) -> &mut Self {
        self.text(&count.to_string())
    }

    pub fn pairs(&mut self, pairs: &[(String, String)]) -> &mut Self {
        self.count(pairs.len());
        for (name, value) in pairs {
            self.text(name).text(value);
        }
        self
    }

    /// 64 hex digits.
    pub fn hex(self) -> String {
        use std::fmt::Write as _;
        let mut out = String::with_capacity(64);
        for byte in self.0.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
        out
    }

    /// The first 26 hex digits (104 bits): enough for ids that people copy.
    pub fn short(self) -> String {
        let mut hex = self.hex();
        hex.truncate(26);
        hex
    }
}
