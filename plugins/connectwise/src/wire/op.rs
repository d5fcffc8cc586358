//! One operation of a PATCH: not RFC 6902, the path is the bare name of a field.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{Date, Decimal, Failure};

use crate::days;

/// Replaces one field. A path with a slash can answer 200 and change nothing, so it cannot be made here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Op {
    op: String,
    path: String,
    value: Box<RawValue>,
}

impl Op {
    /// Any value, as it is written in JSON.
    pub(crate) fn replace<T: Serialize>(field: &str, value: &T) -> Result<Self, Failure> {
        let bare = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !bare {
            return Err(Failure::internal(
                "connectwise-field",
                format!("\"{field}\" is no field that can be changed. This is a defect of the plugin."),
            ));
        }
        let raw = counterfoil_sdk::serde_json::value::to_raw_value(value).map_err(|error| {
            Failure::internal("connectwise-field", format!("A value for {field} could not be written: {error}."))
        })?;
        Ok(Self { op: "replace".to_owned(), path: field.to_owned(), value: raw })
    }

    /// A number, digit by digit.
    pub(crate) fn number(field: &str, value: Decimal) -> Result<Self, Failure> {
        Self::replace(field, &Exact(value))
    }

    /// A day, at midnight UTC.
    pub(crate) fn day(field: &str, value: Date) -> Result<Self, Failure> {
        Self::replace(field, &days::stamp(value))
    }
}

#[cfg(test)]
mod tests {
    use counterfoil_sdk::json;

    use super::*;

    #[test]
    fn paths_are_bare_and_numbers_exact() {
        let ops = [
            Op::number("unitPrice", "0.1648".parse().unwrap()).unwrap(),
            Op::day("cancelledDate", Date::parse("2026-11-30").unwrap()).unwrap(),
        ];
        assert_eq!(
            String::from_utf8(json::bytes(&ops).unwrap()).unwrap(),
            r#"[{"op":"replace","path":"unitPrice","value":0.1648},{"op":"replace","path":"cancelledDate","value":"2026-11-30T00:00:00Z"}]"#
        );
        for bad in ["", "/quantity", "company/identifier", "custom fields"] {
            assert!(Op::replace(bad, &1).is_err(), "{bad}");
        }
    }
}
