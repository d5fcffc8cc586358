//! Paths that mean the same to everybody on the way: no second host, no climbing, nothing hidden by encoding.

use counterfoil_domain::ports::Refusal;

use super::refuse;

const LONGEST: usize = 2048;

pub(super) fn check(path: &str) -> Result<(), Refusal> {
    let bad = |rule: &str, why: &str| {
        Err(refuse(
            rule,
            format!(
                "The path {why}, so nothing was sent. It is a defect of the plugin: paths begin with \"/\" below the base URL, with values percent-encoded."
            ),
            None,
        ))
    };
    if path.len() > LONGEST {
        return bad("path-too-long", "is longer than 2048 characters");
    }
    if !path.starts_with('/') {
        return bad("path-not-rooted", "does not begin with \"/\"");
    }
    if path.contains("//") || path.contains(['\\', '@']) {
        return bad("path-names-host", "holds \"//\", a backslash or \"@\" and could name another host");
    }
    if path.contains(['?', '#']) {
        return bad("path-has-query", "holds \"?\" or \"#\"; queries are given apart");
    }
    if path.bytes().any(|byte| byte.is_ascii_control()) {
        return bad("path-control-character", "holds a control character");
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return bad("path-not-plain", "holds a blank or a character that must be percent-encoded");
    }
    match hidden(path) {
        Some(Hidden::Malformed) => bad("path-bad-encoding", "holds a \"%\" without two hex digits"),
        Some(Hidden::Separator) => bad("path-encoded-separator", "holds an encoded slash or backslash"),
        Some(Hidden::Control) => bad("path-control-character", "holds an encoded control character"),
        Some(Hidden::Climb) => bad("path-climbs", "holds a \".\" or \"..\" segment"),
        None => Ok(()),
    }
}

enum Hidden {
    Malformed,
    Separator,
    Control,
    Climb,
}

/// Looks at the path as servers that decode once, twice or three times would see it.
fn hidden(path: &str) -> Option<Hidden> {
    let mut segments: Vec<Vec<u8>> = path.split('/').map(|segment| segment.as_bytes().to_vec()).collect();
    for round in 0..4 {
        if segments.iter().any(|segment| climbs(segment)) {
            return Some(Hidden::Climb);
        }
        let mut decoded = Vec::with_capacity(segments.len());
        for segment in &segments {
            match decode(segment) {
                Some(bytes) => decoded.push(bytes),
                // After the first round a lone "%" is a value, not structure.
                None if round == 0 => return Some(Hidden::Malformed),
                None => decoded.push(segment.clone()),
            }
        }
        if decoded.iter().flatten().any(|byte| b"/\\".contains(byte)) {
            return Some(Hidden::Separator);
        }
        if decoded.iter().flatten().any(|byte| byte.is_ascii_control()) {
            return Some(Hidden::Control);
        }
        if decoded == segments {
            return None;
        }
        segments = decoded;
    }
    None
}

/// ".", "..", and the "..;" that some servers read as "..".
fn climbs(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    name == b"." || name == b".."
}

fn decode(segment: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment.iter();
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            let high = char::from(*rest.next()?).to_digit(16)?;
            let low = char::from(*rest.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(*byte);
        }
    }
    Some(out)
}

/// The path with what looks like an id left open, for the line that a publisher could add.
pub(super) fn pattern(path: &str) -> String {
    let open = |segment: &str| {
        if segment.bytes().any(|b| b.is_ascii_digit()) || segment.contains('%') {
            "{id}".to_owned()
        } else {
            segment.to_owned()
        }
    };
    path.split('/').map(open).collect::<Vec<_>>().join("/")
}
