//! An addition as ConnectWise shows it.
//!
//! Owns its shape and what is read from it. What is missing, null or empty is not set; members that we do not know are
//! not looked at, and never sent back.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::serde_json::Value;
use counterfoil_sdk::{Date, Decimal};

use super::marker::{self, Marker};
use super::settings::CancelledDate;
use crate::paging::Row;
use crate::wire::{Day, Id, Reference};

/// One addition.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Addition {
    pub(crate) id: Id,
    #[serde(default)]
    product: Option<Reference>,
    #[serde(default)]
    quantity: Option<Exact>,
    #[serde(default)]
    unit_price: Option<Exact>,
    #[serde(default)]
    unit_cost: Option<Exact>,
    #[serde(default)]
    pub(crate) bill_customer: Option<String>,
    #[serde(default)]
    effective_date: Day,
    #[serde(default)]
    cancelled_date: Day,
    #[serde(default)]
    pub(crate) taxable_flag: Option<bool>,
    #[serde(default)]
    pub(crate) serial_number: Option<String>,
    #[serde(default)]
    pub(crate) invoice_description: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    pub(crate) custom_fields: Option<Vec<CustomField>>,
}

/// A custom field with its value. All of them are sent, or those that are not named are lost.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct CustomField {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<i64>,
    #[serde(default)]
    pub(crate) caption: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number_of_decimals: Option<i64>,
    #[serde(default)]
    pub(crate) value: Value,
}

impl CustomField {
    /// A field of which only the caption is known.
    pub(crate) fn captioned(caption: &str) -> Self {
        let caption = Some(caption.to_owned());
        Self { id: None, caption, kind: None, entry_method: None, number_of_decimals: None, value: Value::Null }
    }

    /// Whether this is the field that people call so.
    pub(crate) fn is_called(&self, caption: &str) -> bool {
        self.caption.as_deref().is_some_and(|own| own.trim().eq_ignore_ascii_case(caption.trim()))
    }
}

impl Row for Addition {
    fn id(&self) -> Id {
        self.id
    }
}

impl Addition {
    pub(crate) fn product(&self) -> Option<Id> {
        self.product.as_ref().and_then(Reference::id)
    }

    /// The short name of its product.
    pub(crate) fn product_code(&self) -> Option<&str> {
        self.product.as_ref()?.identifier.as_deref().filter(|code| !code.trim().is_empty())
    }

    pub(crate) fn quantity(&self) -> Decimal {
        self.quantity.map_or(Decimal::ZERO, |exact| exact.0.normalize())
    }

    pub(crate) fn unit_price(&self) -> Decimal {
        self.unit_price.map_or(Decimal::ZERO, |exact| exact.0.normalize())
    }

    pub(crate) fn unit_cost(&self) -> Option<Decimal> {
        self.unit_cost.map(|exact| exact.0.normalize())
    }

    pub(crate) fn effective(&self) -> Option<Date> {
        self.effective_date.0
    }

    /// As it is written there.
    pub(crate) fn cancelled(&self) -> Option<Date> {
        self.cancelled_date.0
    }

    /// The last day that it bills; none: it goes on.
    pub(crate) fn last_day(&self, reading: CancelledDate) -> Option<Date> {
        self.cancelled_date.0.map(|written| reading.last(written))
    }

    /// Whether it goes on for ever.
    pub(crate) fn is_ongoing(&self) -> bool {
        self.cancelled_date.0.is_none()
    }

    pub(crate) fn marker(&self) -> Option<Marker> {
        Marker::on(self)
    }

    /// Texts in its custom fields.
    pub(crate) fn custom_texts(&self) -> impl Iterator<Item = &str> {
        self.custom_fields.iter().flatten().filter_map(|field| field.value.as_str())
    }

    /// What people call it: its text on the invoice, else its product's.
    pub(crate) fn name(&self) -> String {
        let own =
            self.invoice_description.as_deref().map(marker::unsuffixed).map(str::trim).filter(|text| !text.is_empty());
        let name = own.or(self.description.as_deref()).or_else(|| self.product_code()).unwrap_or("without a text");
        counterfoil_sdk::text::clip(&counterfoil_sdk::text::single_spaced(name), 80)
    }

    /// "345 (10 × Business Basic)", for people.
    pub(crate) fn called(&self) -> String {
        format!("{} ({} × {})", self.reference(), self.quantity(), self.name())
    }

    /// Its id as a text.
    pub(crate) fn reference(&self) -> String {
        self.id.to_string()
    }
}

#[cfg(test)]
mod samples {
    use super::*;

    impl Addition {
        /// Ten seats at 33.00 of product 1021, from November on, unmarked.
        pub(crate) fn ten(id: &str) -> Self {
            counterfoil_sdk::json::parse(
            "addition",
            format!(
                r#"{{"id":{id},"product":{{"id":1021,"identifier":"M365-BB"}},"quantity":10.0,"unitPrice":33.00,"unitCost":20.0,"billCustomer":"Billable","effectiveDate":"2026-09-01T00:00:00Z","cancelledDate":"","taxableFlag":true,"invoiceDescription":"Business Basic"}}"#
            )
            .as_bytes(),
        )
        .unwrap()
        }

        /// With a member as JSON says it.
        pub(crate) fn having(mut self, name: &str, value: &str) -> Self {
            match name {
                "quantity" => self.quantity = Some(Exact(value.parse().unwrap())),
                "unitPrice" => self.unit_price = Some(Exact(value.parse().unwrap())),
                "effectiveDate" => self.effective_date = Day(Some(Date::parse(value).unwrap())),
                "cancelledDate" => self.cancelled_date = Day(Some(Date::parse(value).unwrap())),
                "invoiceDescription" => self.invoice_description = Some(value.to_owned()),
                "serialNumber" => self.serial_number = Some(value.to_owned()),
                "product" => {
                    self.product = counterfoil_sdk::json::parse("p", format!("{{\"id\":{value}}}").as_bytes()).unwrap()
                }
                other => panic!("{other}"),
            }
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_sdk::json;

    #[test]
    fn unset_dates_come_in_three_forms() {
        for text in [r#"{"id":7,"cancelledDate":""}"#, r#"{"id":7,"cancelledDate":null}"#, r#"{"id":7}"#] {
            let addition: Addition = json::parse("addition", text.as_bytes()).unwrap();
            assert!(addition.is_ongoing() && addition.effective().is_none(), "{text}");
        }
        let ended: Addition =
            json::parse("addition", br#"{"id":7,"quantity":"2.50","cancelledDate":"2026-11-30T00:00:00Z"}"#).unwrap();
        assert_eq!(ended.last_day(CancelledDate::Inclusive).unwrap().to_string(), "2026-11-30");
        assert_eq!(ended.last_day(CancelledDate::Exclusive).unwrap().to_string(), "2026-11-29");
        assert_eq!((ended.quantity().to_string().as_str(), ended.reference().as_str()), ("2.5", "7"));
    }
}
