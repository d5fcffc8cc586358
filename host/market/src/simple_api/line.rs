//! One order line: its fee, product, period, and the arithmetic of what it leaves out.

use rust_decimal::Decimal;

use counterfoil_domain::id::LineId;
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{LineKind, OrderLine, ProductRef};
use counterfoil_domain::pricing::is_partial;

use super::currency::OneCurrency;
use super::record::{Problem, Record};
use super::{date, words};

/// A row of the order's `products`, as far as lines need it.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) mpn: Option<String>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subscription: Option<String>,
    pub(super) vendor_rated: bool,
}

impl Ordered {
    pub(super) fn read(record: &Record<'_>) -> Result<Self, Problem> {
        Ok(Self {
            mpn: record.id("mpn")?,
            id: record.id("id")?,
            name: record.text("name")?,
            subscription: record.id("subscriptionId")?,
            vendor_rated: record.text("type")?.is_some_and(|kind| kind.eq_ignore_ascii_case("VENDOR_RATED_DATA")),
        })
    }
}

/// What lines of one order share.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) ordered: Vec<Ordered>,
    pub(super) currency: OneCurrency,
    /// The currency where the order names none.
    pub(super) fallback: Option<Currency>,
    /// How often each kind and product was seen: lines have no ids of their own.
    pub(super) seen: Vec<String>,
}

impl Lines {
    pub(super) fn read(&mut self, detail: &Record<'_>) -> Result<OrderLine, Problem> {
        let word = detail.text("type")?.unwrap_or_else(|| "unknown".to_owned());
        let product = self.product(detail)?;
        let kind = words::line_kind(&word, product.is_some());
        let description = detail.text("description")?.unwrap_or_default();
        let cycle = match detail.record("duration")? {
            Some(duration) => words::cycle(duration.text("type")?.as_deref(), duration.number("duration")?),
            None => None,
        };
        let service_period = date::period_in(&description);
        let partial = is_partial(service_period, cycle);
        let sums = self.sums(detail, &kind, partial)?;
        Ok(OrderLine {
            id: self.name(&word, product.as_ref()),
            service_period,
            kind,
            product,
            description,
            quantity: sums.quantity,
            unit_price: sums.unit_price,
            // The API tells costs of subscriptions and products, not of order lines.
            unit_cost: None,
            amount: sums.amount,
            cycle,
        })
    }

    /// Named by what it is and not by where it stands, so that a line which appears later renames no other.
    fn name(&mut self, word: &str, product: Option<&ProductRef>) -> LineId {
        let what = format!("{word}/{}", product.map_or("plan", |product| product.code.as_str()));
        let before = self.seen.iter().filter(|seen| **seen == what).count();
        let id = LineId::new(format!("{what}/{}", before + 1));
        self.seen.push(what);
        id
    }

    /// By the MPN wherever it can be known: catalogue links are keyed by it.
    fn product(&self, detail: &Record<'_>) -> Result<Option<ProductRef>, Problem> {
        let mpn = detail.id("mpn")?;
        let id = detail.id("productId")?;
        let by_mpn = self.ordered.iter().find(|known| mpn.is_some() && known.mpn == mpn);
        let by_id = self.ordered.iter().find(|known| id.is_some() && known.id == id);
        let Some(code) = mpn.or_else(|| by_id.and_then(|known| known.mpn.clone())).or(id) else { return Ok(None) };
        let name = by_mpn.or(by_id).and_then(|known| known.name.clone());
        Ok(Some(ProductRef { name: name.unwrap_or_else(|| code.clone()), code }))
    }

    fn sums(&mut self, detail: &Record<'_>, kind: &LineKind, partial: bool) -> Result<Sums, Problem> {
        let quantity = detail.number("quantity")?;
        let unit_price = self.currency.price(detail, "unitPrice")?;
        let extended = self.currency.price(detail, "extendedPrice")?;
        let recurs = matches!(kind, LineKind::Fee(fee) if fee.recurs());
        match (quantity, unit_price, extended) {
            (Some(quantity), Some(unit_price), Some(amount)) => Ok(Sums { quantity, unit_price, amount }),
            (Some(_), Some(_), None) if recurs && partial => {
                let what = "missing, and the line is for a part of its billing period only";
                Err(detail.problem("extendedPrice", what))
            }
            (Some(quantity), Some(unit_price), None) => {
                let amount = self.computed(detail, quantity, unit_price)?;
                Ok(Sums { quantity, unit_price, amount })
            }
            // The extended price may be a part of the period's already; the price of a whole one cannot be told.
            (Some(_), None, _) if recurs => Err(detail.problem("unitPrice", "missing")),
            (Some(quantity), None, Some(amount)) => {
                per_unit(amount, quantity).map(|unit_price| Sums { quantity, unit_price, amount }).ok_or_else(|| {
                    detail.problem("unitPrice", "missing, and the extended price cannot be divided exactly")
                })
            }
            (None, Some(unit_price), Some(amount)) if unit_price == amount => {
                Ok(Sums { quantity: Decimal::ONE, unit_price, amount })
            }
            (None, None, Some(amount)) if !recurs => Ok(Sums { quantity: Decimal::ONE, unit_price: amount, amount }),
            (_, _, None) if matches!(kind, LineKind::NotBillable(_)) => Ok(Sums::default()),
            (Some(_), None, None) => Err(detail.problem("unitPrice", "missing, and so is extendedPrice")),
            (None, ..) => Err(detail.problem("quantity", "missing")),
        }
    }

    /// Quantity × unit price less the discount, where that is a whole number of the smallest coin.
    fn computed(&self, detail: &Record<'_>, quantity: Decimal, unit_price: Decimal) -> Result<Decimal, Problem> {
        let refuse = |why: &str| detail.problem("extendedPrice", format!("missing, and {why}"));
        let gross = quantity.checked_mul(unit_price).ok_or_else(|| refuse("quantity × unitPrice is too large"))?;
        // A product that needs more digits than there are was rounded.
        if quantity.scale() + unit_price.scale() > 28 {
            return Err(refuse("quantity × unitPrice cannot be held exactly"));
        }
        let discount = match detail.record("discount")? {
            None => Decimal::ZERO,
            Some(discount) => match (discount.number("amount")?, discount.number("value")?) {
                (Some(amount), _) if amount.is_zero() => amount,
                (Some(amount), _) if amount > Decimal::ZERO && amount <= gross => amount,
                (None, Some(value)) if value.is_zero() => value,
                (None, None) => Decimal::ZERO,
                _ => return Err(refuse("the discount does not tell its amount")),
            },
        };
        let net = gross.checked_sub(discount).ok_or_else(|| refuse("the discount is too large"))?;
        let digits = self.currency.get().or(self.fallback).map_or(2, |currency| currency.minor_units());
        if net.normalize().scale() > digits {
            return Err(refuse(&format!("quantity × unitPrice = {net} is not a whole number of the smallest coin")));
        }
        Ok(net)
    }
}

#[derive(Debug, Default)]
struct Sums {
    quantity: Decimal,
    unit_price: Decimal,
    amount: Decimal,
}

/// Only where it comes out even.
pub(super) fn per_unit(amount: Decimal, quantity: Decimal) -> Option<Decimal> {
    if amount.is_zero() {
        return Some(Decimal::ZERO);
    }
    let each = amount.checked_div(quantity)?;
    (each.checked_mul(quantity)? == amount && each.scale() < 20).then(|| each.normalize())
}
