//! Whether a text stands at a place, however its characters are written there: as they are, percent-encoded (twice, and
//! where nothing asks for it), escaped as in JSON or as an entity, and in any mixture. Pure; knows no secrets.

/// How a spelled character can begin, beside with itself.
pub(crate) const BEGINS: &[u8; 3] = b"%\\&";

/// How many bytes the text takes here, by the longest reading. None where it does not stand here.
pub(crate) fn length(rest: &[u8], text: &str) -> Option<usize> {
    // Readings differ: "%25" is three characters or one.
    let mut ends = vec![0];
    for character in text.chars() {
        let mut next = Vec::new();
        for end in &ends {
            step(rest.get(*end..).unwrap_or_default(), character, |length| {
                if !next.contains(&(end + length)) {
                    next.push(end + length);
                }
            });
        }
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.into_iter().max()
}

fn step(rest: &[u8], character: char, mut found: impl FnMut(usize)) {
    let mut buffer = [0; 4];
    let encoded = character.encode_utf8(&mut buffer).as_bytes();
    // In either case: some servers hand back what they were told in small letters.
    if starts(rest, encoded) {
        found(encoded.len());
    }
    match rest.first() {
        Some(b'%') => percent(rest, encoded, found),
        Some(b'\\') => backslash(rest, character, found),
        Some(b'&') => entity(rest, character).into_iter().for_each(found),
        Some(b'+') if character == ' ' => found(1),
        _ => {}
    }
}

/// %2F, %2f, %252F and so on, for every byte of the character.
fn percent(rest: &[u8], encoded: &[u8], mut found: impl FnMut(usize)) {
    let pair = |at: usize| number(rest.get(at..at + 2).unwrap_or_default(), 16);
    let mut at = 0;
    for byte in encoded {
        if rest.get(at) != Some(&b'%') {
            return;
        }
        at += 1;
        // An escaped percent sign is one, or the beginning of more.
        while pair(at) == Some(u32::from(b'%')) {
            at += 2;
            if *byte == b'%' {
                found(at);
            }
        }
        if !is(pair(at), u32::from(*byte)) {
            return;
        }
        at += 2;
    }
    found(at);
}

/// \/ and \" and \u002f, with as many backslashes as something escaped more than once has.
fn backslash(rest: &[u8], character: char, mut found: impl FnMut(usize)) {
    let run = rest.iter().take_while(|byte| **byte == b'\\').count();
    if character == '\\' {
        (2..=run).for_each(&mut found);
    }
    let after = rest.get(run..).unwrap_or_default();
    let mut buffer = [0; 4];
    let encoded = character.encode_utf8(&mut buffer).as_bytes();
    if !character.is_ascii_alphanumeric() && character != '\\' && starts(after, encoded) {
        found(run + encoded.len());
    }
    if after.first() == Some(&b'x') && is(number(after.get(1..3).unwrap_or_default(), 16), u32::from(character)) {
        found(run + 3);
    }
    let mut units = [0; 2];
    let mut at = run;
    for unit in character.encode_utf16(&mut units) {
        // The second of a pair has its own backslashes.
        at += rest.get(at..).unwrap_or_default().iter().take_while(|byte| **byte == b'\\').count();
        let is_unit = rest.get(at) == Some(&b'u')
            && is(number(rest.get(at + 1..at + 5).unwrap_or_default(), 16), u32::from(*unit));
        if !is_unit {
            return;
        }
        at += 5;
    }
    found(at);
}

/// &amp; &#38; &#x26;
fn entity(rest: &[u8], character: char) -> Option<usize> {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = rest.get(1..end)?;
    let code = match name {
        b"amp" => Some(u32::from('&')),
        b"lt" => Some(u32::from('<')),
        b"gt" => Some(u32::from('>')),
        b"quot" => Some(u32::from('"')),
        b"apos" => Some(u32::from('\'')),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    };
    is(code, u32::from(character)).then_some(end + 1)
}

fn starts(rest: &[u8], encoded: &[u8]) -> bool {
    rest.get(..encoded.len()).is_some_and(|head| head.eq_ignore_ascii_case(encoded))
}

/// The same letter, whatever its case.
fn is(found: Option<u32>, wanted: u32) -> bool {
    let small = |code: u32| u8::try_from(code).map_or(code, |byte| u32::from(byte.to_ascii_lowercase()));
    found.is_some_and(|found| small(found) == small(wanted))
}

fn number(digits: &[u8], base: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let digit = |value: u32, byte: &u8| {
        char::from(*byte).to_digit(base).and_then(|digit| value.checked_mul(base)?.checked_add(digit))
    };
    digits.iter().try_fold(0, digit)
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn readings() {
        for (rest, text, expected) in [
            ("abc-", "abc", Some(3)),
            ("aBc-", "Abc", Some(3)),
            ("%41b\\u0043", "abc", Some(10)),
            ("ab", "abc", None),
            ("%61b%63", "abc", Some(7)),
            ("%2561bc", "abc", Some(7)),
            ("%25", "%", Some(3)),
            ("%", "%", Some(1)),
            ("%25a", "%25a", Some(4)),
            ("%2525a", "%25a", Some(6)),
            ("%252525a", "%25a", Some(8)),
            ("%C3%B6", "ö", Some(6)),
            ("%25c3%25b6", "ö", Some(10)),
            ("\\u00f6!", "ö!", Some(7)),
            ("\\\\u00f6!", "ö!", Some(8)),
            ("\\ud83d\\ude00", "😀", Some(12)),
            ("\\/", "/", Some(2)),
            ("\\\\\\/", "/", Some(4)),
            ("\\\\a", "\\a", Some(3)),
            ("\\na", "na", None),
            ("&amp;&#38;&#x26;", "&&&", Some(16)),
            ("&bogus;", "&", Some(1)),
            ("a+b", "a b", Some(3)),
            ("%", "a", None),
            ("\\u00", "a", None),
            ("", "a", None),
        ] {
            assert_eq!(length(rest.as_bytes(), text), expected, "{text} in {rest}");
        }
    }
}
