//! What Xero has that the plans of one call rest on, read once for all of them.
//!
//! Owns the reads and the checks against them: contact, accounts, tax rates, currency, lock date, and
//! what the settings name: tracking option and branding theme.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_sdk::{Date, Failure, Remote};

use crate::answers::filled;
use crate::lines::DraftLine;
use crate::outline::Outline;
use crate::{accounts, contacts, currencies, organisation, presentation, tax_rates, wire};

/// Xero's side of the plans.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) locked_until: Option<Date>,
    currencies: BTreeSet<String>,
    accounts: BTreeMap<String, wire::Account>,
    tax_rates: BTreeMap<String, wire::TaxRate>,
    /// By id in lower case.
    contacts: BTreeMap<String, wire::Contact>,
    /// Read only where the settings name one.
    tracking: Vec<wire::TrackingCategory>,
    /// Ids in lower case; read only where the settings name one.
    themes: BTreeSet<String>,
}

impl Ground {
    /// Four reads, one for every forty customers or fewer, and one for each of tracking and branding where a setting needs it.
    pub(crate) fn read(remote: &mut dyn Remote, outlines: &[&Outline<'_>]) -> Result<Self, Failure> {
        let organisation = organisation::read(remote)?;
        let accounts = accounts::read(remote)?;
        let tax_rates = tax_rates::read(remote)?;
        let mut offered: BTreeSet<String> =
            currencies::read(remote)?.into_iter().filter_map(|currency| currency.code).collect();
        offered.insert(organisation.base_currency()?.to_string());
        let ids: Vec<&str> = outlines.iter().map(|outline| outline.party.target_id.as_str()).collect();
        let contacts = contacts::by_ids(remote, &ids)?;
        let tracked = outlines.iter().any(|outline| outline.settings.tracking.is_some());
        let themed = outlines.iter().any(|outline| outline.settings.branding_theme.is_some());
        Ok(Self {
            tracking: if tracked { presentation::tracking(remote)? } else { Vec::new() },
            themes: if themed { presentation::themes(remote)? } else { BTreeSet::new() },
            locked_until: organisation.locked_until()?,
            currencies: offered,
            accounts: accounts.into_iter().filter_map(|account| Some((account.code.clone()?, account))).collect(),
            tax_rates: tax_rates.into_iter().filter_map(|rate| Some((rate.tax_type.clone()?, rate))).collect(),
            contacts: contacts
                .into_iter()
                .filter_map(|contact| Some((contact.id.clone()?.to_ascii_lowercase(), contact)))
                .collect(),
        })
    }

    /// Everything that would make Xero refuse the documents, found before anybody confirms them.
    pub(crate) fn check(&self, outline: &Outline<'_>) -> Result<(), Failure> {
        let order = &outline.job.order;
        if !self.currencies.contains(order.currency.code()) {
            return Err(Failure::rejected(
                "xero-currency-disabled",
                format!(
                    "The organisation does not bill in {}. Add the currency in Xero, or ignore the order.",
                    order.currency
                ),
            ));
        }
        if let Some(locked) = self.locked_until.filter(|locked| outline.date <= *locked) {
            return Err(Failure::rejected(
                "xero-period-locked",
                format!(
                    "The order counts from {}, and Xero's books are locked until {locked}. Ask the accountant to move the lock date, or set a later date on the task.",
                    outline.date
                ),
            ));
        }
        self.contact(outline)?;
        presentation::check(&outline.settings, &self.tracking, &self.themes)?;
        outline.lines.iter().try_for_each(|line| self.check_line(line))
    }

    /// The customer's contact, which must be there and active.
    pub(crate) fn contact(&self, outline: &Outline<'_>) -> Result<&wire::Contact, Failure> {
        let customer = &outline.job.order.customer_name;
        let contact = self.contacts.get(&outline.party.target_id.to_ascii_lowercase()).ok_or_else(|| {
            Failure::not_found(
                "xero-contact-missing",
                format!(
                    "The contact that \"{customer}\" is linked to is not in Xero any more. Link the customer again."
                ),
            )
        })?;
        if contacts::is_active(contact) {
            return Ok(contact);
        }
        let name = filled(contact.name.as_ref()).unwrap_or("without a name");
        Err(Failure::rejected(
            "xero-contact-archived",
            format!(
                "The contact \"{name}\" that \"{customer}\" is linked to is archived in Xero. Restore it, or link another."
            ),
        ))
    }

    fn check_line(&self, line: &DraftLine<'_>) -> Result<(), Failure> {
        let code = line.account_code;
        let objection = self.accounts.get(code).map_or(Some("does not exist in Xero".to_owned()), accounts::objection);
        if let Some(objection) = objection {
            return Err(Failure::rejected(
                "xero-account-unmapped",
                format!("The account {code} {objection}. Choose an active revenue account in the product's link or in the connection's settings."),
            )
            .with("line", line.source.id.clone()));
        }
        let rate = line.tax_type;
        let objection =
            self.tax_rates.get(rate).map_or(Some("does not exist in Xero".to_owned()), tax_rates::objection);
        match objection {
            None => Ok(()),
            Some(objection) => Err(Failure::rejected(
                "xero-tax-unmapped",
                format!("The tax rate {rate} {objection}. Choose an active sales rate in the product's link or in the connection's settings."),
            )
            .with("line", line.source.id.clone())),
        }
    }
}
