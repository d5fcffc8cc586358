//! What must not be kept: values that carry a credential by their name. The door has taken every known secret out of answers
//! before; this is for those that it cannot know, such as a session that a target hands out in a body.

use serde_json::Value;

const HIDDEN: &str = "[hidden]";
const NAMES: [&str; 9] =
    ["token", "secret", "password", "passwd", "authorization", "cookie", "apikey", "credential", "session"];

fn tells(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    NAMES.iter().any(|word| plain.contains(word))
}

pub(super) fn headers(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let shown =
        |(name, value): &(String, String)| (name.clone(), if tells(name) { HIDDEN.to_owned() } else { value.clone() });
    pairs.iter().map(shown).collect()
}

/// As it came, digit by digit, where nothing in it has to be hidden.
pub(super) fn body(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else { return bytes.to_vec() };
    if hide(&mut value) { value.to_string().into_bytes() } else { bytes.to_vec() }
}

/// Whether anything was hidden; every member is looked at.
fn hide(value: &mut Value) -> bool {
    let mut hidden = false;
    match value {
        Value::Array(all) => {
            for one in all {
                hidden |= hide(one);
            }
        }
        Value::Object(all) => {
            for (name, one) in all.iter_mut() {
                if tells(name) && matches!(one, Value::String(text) if !text.is_empty()) {
                    *one = Value::String(HIDDEN.to_owned());
                    hidden = true;
                }
                hidden |= hide(one);
            }
        }
        _ => {}
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_credential_by_its_name_is_hidden_and_nothing_else_is_touched() {
        for (given, kept) in [
            (r#"{"total": 1.10}"#, r#"{"total": 1.10}"#),
            (r#"{"access_token":"abc","n":1}"#, r#"{"access_token":"[hidden]","n":1}"#),
            (
                r#"[{"a":{"API-Key":"abc"}},{"Password":"x"}]"#,
                r#"[{"a":{"API-Key":"[hidden]"}},{"Password":"[hidden]"}]"#,
            ),
            (r#"{"session":{"id":"5","secret":"x"}}"#, r#"{"session":{"id":"5","secret":"[hidden]"}}"#),
            (r#"{"token":""}"#, r#"{"token":""}"#),
            ("<html>token=abc", "<html>token=abc"),
        ] {
            assert_eq!(String::from_utf8(body(given.as_bytes())).unwrap(), kept);
        }
        let pairs =
            |value: &str| vec![("Set-Cookie".to_owned(), value.to_owned()), ("Date".to_owned(), "d".to_owned())];
        assert_eq!(headers(&pairs("a=b")), pairs(HIDDEN));
    }
}
