//! Takes secrets out of whatever a caller, a log or a record is about to see, in plain and in the encodings
//! in which servers echo them. Owns no knowledge of which secrets there are: `auth` says.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use counterfoil_domain::secret::Secret;

use crate::base::percent;

const MARK: &str = "[secret]";
/// Shorter ones are words that occur anywhere.
const SHORTEST: usize = 6;

/// What to look for, longest first so that no part of one is left standing.
#[derive(Clone, Default)]
pub(crate) struct Scrubber {
    needles: Vec<String>,
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scrubber({} forms)", self.needles.len())
    }
}

impl Scrubber {
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles: Vec<String> = secrets
            .into_iter()
            .map(Secret::reveal)
            .filter(|text| text.chars().count() >= SHORTEST)
            .flat_map(forms)
            .collect();
        needles.retain(|needle| needle.len() >= SHORTEST);
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for needle in &self.needles {
            if out.contains(needle.as_str()) {
                out = out.replace(needle.as_str(), MARK);
            }
        }
        out
    }

    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        match String::from_utf8(bytes) {
            Ok(text) if self.needles.iter().any(|needle| text.contains(needle.as_str())) => {
                self.text(&text).into_bytes()
            }
            Ok(text) => text.into_bytes(),
            Err(raw) => self.raw(raw.as_bytes()),
        }
    }

    /// For bodies that are no text (PDF, latin-1): byte by byte.
    fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut begins = [false; 256];
        for byte in self.needles.iter().filter_map(|needle| needle.bytes().next()) {
            begins[usize::from(byte)] = true;
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let rest = bytes.get(at..).unwrap_or_default();
            let found = if begins[usize::from(*byte)] {
                self.needles.iter().find(|needle| rest.starts_with(needle.as_bytes()))
            } else {
                None
            };
            match found {
                Some(needle) => {
                    out.extend_from_slice(MARK.as_bytes());
                    at += needle.len();
                }
                None => {
                    out.push(*byte);
                    at += 1;
                }
            }
        }
        out
    }
}

fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        percent(secret),
        percent(secret).replace("%20", "+"),
        lower_escapes(&percent(secret)),
        hex(secret),
    ];
    if let Ok(quoted) = serde_json::to_string(secret) {
        let inner = quoted.trim_matches('"').to_owned();
        forms.push(inner.replace('/', "\\/"));
        forms.push(inner);
    }
    // Inside something longer that was encoded as a whole ("user:secret"): the middle of the three alignments.
    if secret.len() >= 9 {
        for shift in 0..3_usize {
            let mut shifted = vec![0_u8; shift];
            shifted.extend_from_slice(secret.as_bytes());
            let skip = (shift * 8).div_ceil(6);
            let whole = shifted.len() * 8 / 6;
            for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
                forms.extend(encoded.get(skip..whole).map(str::to_owned));
            }
        }
    }
    forms
}

/// Some servers write %2b where others write %2B.
fn lower_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lower = 0;
    for c in text.chars() {
        if c == '%' {
            lower = 3;
        }
        out.push(if lower > 0 { c.to_ascii_lowercase() } else { c });
        lower = if lower > 0 { lower - 1 } else { 0 };
    }
    out
}

fn hex(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "cAnary/+p4ss \"wörd\"-77";

    #[test]
    fn every_form_in_which_servers_echo_is_found() {
        let secret = Secret::new(CANARY);
        let scrubber = Scrubber::of([&secret]);
        for form in [
            CANARY.to_owned(),
            STANDARD.encode(CANARY),
            URL_SAFE_NO_PAD.encode(CANARY),
            percent(CANARY),
            percent(CANARY).to_ascii_lowercase().replace("canary", "cAnary"),
            percent(CANARY).replace("%20", "+"),
            serde_json::to_string(CANARY).unwrap(),
            serde_json::to_string(CANARY).unwrap().replace('/', "\\/"),
            hex(CANARY),
        ] {
            let body = format!("{{\"echo\":\"{form}\"}}").into_bytes();
            let clean = String::from_utf8(scrubber.bytes(body)).unwrap();
            assert!(clean.contains(MARK) && !clean.contains(&form[4..]), "{form} → {clean}");
        }
        for user in ["u", "us", "usr", "user"] {
            let echoed = STANDARD.encode(format!("{user}:{CANARY}"));
            let clean = scrubber.text(&echoed);
            assert!(clean.contains(MARK) && clean.len() < MARK.len() + 12, "{user}: {clean}");
        }
    }

    #[test]
    fn bodies_that_are_no_text_are_scrubbed_too() {
        let secret = Secret::new("abcdef-secret");
        let mut body = vec![0xff, 0xfe];
        body.extend_from_slice(b"abcdef-secretabcdef-secre");
        body.push(0x80);
        let clean = Scrubber::of([&secret]).bytes(body);
        assert_eq!(clean, [&[0xff, 0xfe][..], b"[secret]abcdef-secre", &[0x80]].concat());
    }

    #[test]
    fn a_longer_secret_leaves_no_tail_of_a_shorter_one() {
        let (short, long) = (Secret::new("abcdefgh"), Secret::new("abcdefgh-and-more"));
        assert_eq!(Scrubber::of([&short, &long]).text("x abcdefgh-and-more y"), "x [secret] y");
    }

    #[test]
    fn short_words_and_clean_bodies_stay() {
        let secret = Secret::new("admin");
        let body = "the admin said Łódź".as_bytes().to_vec();
        assert_eq!(Scrubber::of([&secret]).bytes(body.clone()), body);
    }
}
