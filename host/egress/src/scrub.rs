//! Takes secrets out of whatever a caller, a log or a record is about to see, in plain and in the encodings
//! in which servers echo them. Owns no knowledge of which secrets there are: `auth` says.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use counterfoil_domain::secret::Secret;

use crate::spelling;

const MARK: &str = "[secret]";
/// Shorter ones are words that occur anywhere.
const SHORTEST: usize = 6;

/// What to look for, in whatever spelling its characters come.
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
        needles.sort();
        needles.dedup();
        Self { needles }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        match self.clean(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Bodies that are no text (PDF, latin-1) as well.
    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.clean(&bytes).unwrap_or(bytes)
    }

    /// None: there is nothing to take out.
    fn clean(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let begins = self.begins();
        let mut out: Option<Vec<u8>> = None;
        let (mut at, mut kept) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            let length = if begins[usize::from(*byte)] { self.longest(bytes.get(at..).unwrap_or_default()) } else { 0 };
            if length == 0 {
                at += 1;
                continue;
            }
            let out = out.get_or_insert_with(|| Vec::with_capacity(bytes.len()));
            out.extend_from_slice(bytes.get(kept..at).unwrap_or_default());
            out.extend_from_slice(MARK.as_bytes());
            at += length;
            kept = at;
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(bytes.get(kept..).unwrap_or_default());
        }
        out
    }

    fn begins(&self) -> [bool; 256] {
        let mut begins = [false; 256];
        for needle in &self.needles {
            let first = needle.bytes().next().into_iter();
            for byte in first.chain(*spelling::BEGINS).chain(needle.starts_with(' ').then_some(b'+')) {
                begins[usize::from(byte.to_ascii_lowercase())] = true;
                begins[usize::from(byte.to_ascii_uppercase())] = true;
            }
        }
        begins
    }

    /// Of the secrets that stand here the longest, so that no tail of it is left.
    fn longest(&self, rest: &[u8]) -> usize {
        self.needles.iter().filter_map(|needle| spelling::length(rest, needle)).max().unwrap_or(0)
    }
}

/// What is not a spelling of single characters.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex(secret),
    ];
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
    use crate::base::percent;

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
            hex(CANARY).to_ascii_uppercase(),
            // Escaped where nothing asks for it, twice, and in a mixture.
            CANARY.bytes().map(|byte| format!("%{byte:02X}")).collect(),
            CANARY.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            percent(&percent(CANARY)),
            percent(&percent(&percent(CANARY))),
            percent(&STANDARD.encode(CANARY)),
            CANARY.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect(),
            serde_json::to_string(&serde_json::to_string(CANARY).unwrap()).unwrap(),
            CANARY.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
            CANARY.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect(),
            CANARY.replace('"', "&quot;"),
            CANARY.replace("a", "%61").replace('/', "\\/").replace('ö', "\\u00f6"),
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
