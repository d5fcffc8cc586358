//! A stable short name for a list of texts: write keys and derived codes.
//!
//! Owns one hash, 128-bit FNV-1a, chosen because it is ten lines, needs no dependency and gives the same digits in every
//! version of this crate. It is no defence against someone who looks for collisions and must not be used as one. By
//! accident two of a billion lists meet with a chance below 10^-20; and since the host compares the request as well
//! as the key, even then the answer is a stop, never a lost or doubled document.

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// 32 hexadecimal digits for the texts in this order. `["ab", "c"]` and `["a", "bc"]` differ.
///
/// ```
/// use counterfoil_sdk::digest::hex;
///
/// assert_ne!(hex(["ab", "c"]), hex(["a", "bc"]));
/// assert_eq!(hex(["a"]).len(), 32);
/// ```
#[must_use]
pub fn hex<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = OFFSET;
    let mut feed = |byte: u8| hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    for text in texts {
        text.bytes().for_each(&mut feed);
        // A byte that UTF-8 never has ends each text, so that borders count.
        feed(0xff);
    }
    format!("{hash:032x}")
}

/// The last `digits` of [`hex`] for one text: enough for a code in a list of thousands. The last ones, because FNV mixes
/// its low digits best.
#[must_use]
pub fn short(text: &str, digits: usize) -> String {
    let whole = hex([text]);
    whole[whole.len().saturating_sub(digits)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_never_change() {
        // Keys in journals depend on these: a change here would send a write again under another key.
        assert_eq!(hex([]), "6c62272e07bb014262b821756295c58d");
        assert_eq!(hex(["invoice:SO000123:1"]), hex(vec!["invoice:SO000123:1"]));
        assert_eq!(short("CFQ7TTC0LH18:0001", 10).len(), 10);
    }

    #[test]
    fn near_texts_get_far_digits() {
        let codes: std::collections::BTreeSet<String> =
            (0..20_000).map(|n| short(&format!("CFQ7TTC0LH18:{n:04}"), 10)).collect();
        assert_eq!(codes.len(), 20_000);
    }
}
