//! An addition as it is sent, and where its marker goes.
//!
//! Owns the members of a new one, all of them in the oldest model that is spoken, and the places of markers. Nobody's own text
//! is overwritten, and custom fields are sent whole, because what is not named in them is lost.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::serde::Serialize;
use counterfoil_sdk::serde_json::value::{RawValue, to_raw_value};
use counterfoil_sdk::{Failure, text};

use super::desk::Desk;
use super::marker::{Marker, unsuffixed};
use super::settings::Place;
use super::stored::{Addition, CustomField};
use crate::wire::{IdOnly, Op};

/// Most characters of a text on the invoice.
const TEXT_MOST: usize = 6_000;

/// A new addition as it is sent.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Body<'a> {
    pub(crate) product: IdOnly,
    pub(crate) quantity: Exact,
    pub(crate) unit_price: Exact,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit_cost: Option<Exact>,
    pub(crate) bill_customer: &'a str,
    pub(crate) effective_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled_date: Option<String>,
    pub(crate) taxable_flag: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_number: Option<String>,
    pub(crate) invoice_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_fields: Option<Vec<CustomField>>,
}

impl Desk<'_> {
    /// The text on the invoice, with the marker where it stands there.
    pub(crate) fn marked_text(&self, text: &str, marker: &Marker) -> String {
        match self.settings.place {
            Place::Description => marker.suffixed(&text::clip(text, TEXT_MOST - marker.suffix_len())),
            Place::SerialNumber | Place::CustomField(_) => text.to_owned(),
        }
    }

    /// The marker of this change on an addition that stands: where one of ours stood, else where the setting says. Nobody's
    /// own text is overwritten.
    pub(crate) fn remark(&self, addition: &Addition, marker: &Marker) -> Result<Op, Failure> {
        let text = marker.to_string();
        let serial = addition.serial_number.as_deref().map(str::trim).filter(|serial| !serial.is_empty());
        let is_ours = |text: Option<&str>| text.is_some_and(|text| Marker::parse(text).is_some());
        let in_field = addition.custom_texts().any(|text| is_ours(Some(text)));
        match self.settings.place {
            _ if is_ours(serial) => Op::replace("serialNumber", &text),
            Place::CustomField(caption) => Op::replace("customFields", &with_marker(addition, caption, marker)),
            Place::SerialNumber if serial.is_none() && !in_field => Op::replace("serialNumber", &text),
            Place::SerialNumber | Place::Description => {
                let own = addition.invoice_description.as_deref().map(unsuffixed).unwrap_or_default();
                Op::replace("invoiceDescription", &marker.suffixed(&text::clip(own, TEXT_MOST - marker.suffix_len())))
            }
        }
    }
}

/// The custom field with the marker: with the id that the tenant's other additions show, where there are any.
pub(crate) fn marked_field(caption: &str, marker: &Marker, known: &[Addition]) -> CustomField {
    let mut shown = known.iter().flat_map(|addition| addition.custom_fields.iter().flatten());
    let field = shown.find(|field| field.is_called(caption)).cloned();
    let mut field = field.unwrap_or_else(|| CustomField::captioned(caption));
    field.value = marker.to_string().into();
    field
}

/// All custom fields of an addition, with the marker in its own: what is not sent is lost.
fn with_marker(addition: &Addition, caption: &str, marker: &Marker) -> Vec<CustomField> {
    let mut fields = addition.custom_fields.clone().unwrap_or_default();
    match fields.iter_mut().find(|field| field.is_called(caption)) {
        Some(field) => field.value = marker.to_string().into(),
        None => fields.push(marked_field(caption, marker, &[])),
    }
    fields
}

pub(crate) fn raw<T: Serialize>(value: &T) -> Result<Box<RawValue>, Failure> {
    to_raw_value(value).map_err(|error| {
        Failure::internal("connectwise-body", format!("A request could not be written as JSON: {error}."))
    })
}
