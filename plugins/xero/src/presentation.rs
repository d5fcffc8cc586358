//! How documents look and are sorted in Xero: the tracking option on their lines and their branding theme.
//!
//! Owns the two lists and the check that they have what the settings name.

use std::collections::BTreeSet;

use counterfoil_sdk::{Failure, Remote, Request};

use crate::settings::{Settings, Tracking};
use crate::{answers, wire};

/// The tracking categories with their options, in one call.
pub(crate) fn tracking(remote: &mut dyn Remote) -> Result<Vec<wire::TrackingCategory>, Failure> {
    let request = Request::get("tracking-categories", "/TrackingCategories");
    answers::read::<wire::TrackingCategories>(remote, request, "the tracking categories")
        .map(|list| list.tracking_categories)
}

/// Ids of the branding themes, in lower case, in one call.
pub(crate) fn themes(remote: &mut dyn Remote) -> Result<BTreeSet<String>, Failure> {
    let request = Request::get("branding-themes", "/BrandingThemes");
    let list: wire::BrandingThemes = answers::read(remote, request, "the branding themes")?;
    Ok(list.branding_themes.into_iter().filter_map(|theme| Some(theme.id?.to_ascii_lowercase())).collect())
}

/// Whether Xero has what the settings name.
pub(crate) fn check(
    settings: &Settings<'_>,
    categories: &[wire::TrackingCategory],
    themes: &BTreeSet<String>,
) -> Result<(), Failure> {
    if let Some(wanted) = settings.tracking {
        option(wanted, categories)?;
    }
    match settings.branding_theme {
        Some(theme) if !themes.contains(&theme.to_ascii_lowercase()) => Err(Failure::rejected(
            "xero-branding-unknown",
            format!("Xero has no branding theme with the id {theme}. Correct it in the connection's settings."),
        )),
        _ => Ok(()),
    }
}

fn option(wanted: Tracking<'_>, categories: &[wire::TrackingCategory]) -> Result<(), Failure> {
    let Tracking { name, option } = wanted;
    let is = |text: &Option<String>, word: &str| text.as_deref().map(str::trim) == Some(word);
    let active = |status: &Option<String>| status.as_deref().is_none_or(|status| status == "ACTIVE");
    let refused = |what: String| {
        let text = format!("{what}. Choose an active one in the connection's settings, or leave both fields empty.");
        Err(Failure::rejected("xero-tracking-unknown", text))
    };
    let Some(category) = categories.iter().find(|category| is(&category.name, name) && active(&category.status)) else {
        return refused(format!("Xero has no active tracking category \"{name}\""));
    };
    let known = category.options.iter().flatten().any(|known| is(&known.name, option) && active(&known.status));
    if known { Ok(()) } else { refused(format!("The tracking category \"{name}\" has no active option \"{option}\"")) }
}
