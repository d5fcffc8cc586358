//! Filters of the templates. Askama looks for them in a module of this name beside the template's struct.

#![expect(unreachable_pub, reason = "the macro makes the parts of a filter public")]

use super::words;
use crate::wire::MoneyView;

/// "1,204.50 USD".
#[askama::filter_fn]
pub(super) fn cash(money: &MoneyView, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(words::money(money))
}
