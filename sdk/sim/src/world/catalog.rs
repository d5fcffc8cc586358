//! Owns: what the reseller sells: products with prices and costs, and the plans they are sold under.

use rust_decimal::Decimal;

use super::dates::{Span, Unit};
use super::money::Currency;
use super::prng::Prng;
use super::wire::BillingModel;

/// What the customer pays and what the reseller pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub price: Decimal,
    pub cost: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub id: String,
    pub mpn: String,
    pub name: String,
    pub vendor: String,
    pub service: String,
    pub setup: Option<Price>,
    pub recurring: Option<Price>,
    pub overuse: Option<Price>,
    pub billing_model: BillingModel,
    pub billing_period: Span,
    pub subscription_period: Span,
}

impl Product {
    /// Pay per use: the catalogue has no price for it but overuse.
    #[must_use]
    pub fn metered(&self) -> bool {
        self.setup.is_none() && self.recurring.is_none() && self.overuse.is_some()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub id: u32,
    pub name: String,
    /// Indices into `World::products`.
    pub products: Vec<usize>,
    pub setup: Option<Decimal>,
    pub recurring: Option<Decimal>,
    pub cancellation_fee: Decimal,
    pub billing_model: BillingModel,
    pub billing_period: Span,
    pub subscription_period: Span,
}

/// Hundredths for setup and recurring, ten-thousandths for overuse; zero is no such price.
struct Offer(&'static str, &'static str, &'static str, &'static str, i64, i64, i64);

const OFFERS: [Offer; 18] = [
    Offer("CFQ7TTC0LCHC:0002-P1M", "Microsoft 365 Business Premium", "Microsoft", "M365", 0, 2_200, 0),
    Offer("CFQ7TTC0LDPB:0001-P1Y-M", "Microsoft 365 E3 (annual, billed monthly)", "Microsoft", "M365", 0, 3_600, 0),
    Offer("CFQ7TTC0LFLZ:0002-P1Y-A", "Microsoft 365 E5 (annual, upfront)", "Microsoft", "M365", 0, 68_400, 0),
    Offer("d903a2db-bf6f-4434-83f1-21ba44017813_ANNUAL", "Office 365 E1", "Microsoft", "M365", 0, 9_600, 0),
    Offer("BKP-CLOUD-500", "Managed Backup 500 GB", "Nordwall", "Backup", 1_500, 4_990, 0),
    Offer("VOIP-SEAT-STD", "Cloud Voice Seat – Standard", "Telaro", "Voice", 2_500, 1_750, 0),
    Offer("EDR-ENDPOINT-12", "Endpoint Detection & Response", "Halberd", "Security", 0, 385, 0),
    Offer("MAIL-ARCH-50", "Mail Archive 50 GB", "Nordwall", "Backup", 0, 240, 0),
    Offer("DOM-COM-1Y", "Domain name .com", "Rootlane", "Domains", 0, 1_499, 0),
    Offer("HELPDESK-24X7", "24×7 Helpdesk", "Own service", "Support", 50_000, 31_000, 0),
    Offer("CFQ7TTC0HDB1:0002-P1M", "Teams Rooms Pro", "Microsoft", "M365", 0, 4_000, 0),
    Offer("VPS-M-4C8G", "Virtual Server M (4 cores, 8 GB)", "Stratum", "Servers", 0, 4_500, 0),
    Offer("S3-EGRESS-GB", "Object storage egress, per GB", "Stratum", "Servers", 0, 0, 873),
    Offer("DBAAS-HOURS", "Database as a Service, per hour", "Stratum", "Servers", 0, 0, 1_420),
    Offer("AZURE-PLAN-USAGE", "Azure plan usage", "Microsoft", "Azure", 0, 0, 10_000),
    Offer("AZR-STOR-HOT-GB", "Azure Blob storage hot, per GB", "Microsoft", "Azure", 0, 0, 208),
    Offer("FW-MGD-3Y", "Managed Firewall", "Halberd", "Security", 12_000, 8_900, 3_500),
    Offer("SSL-WILDCARD-1Y", "Wildcard certificate", "Rootlane", "Domains", 0, 12_900, 0),
];

/// Setup, recurring and cancellation fee of the plan itself, in hundredths.
struct Bundle(&'static str, &'static [usize], [i64; 3], BillingModel, Span, Span);

const THREE_YEARS: Span = Span::of(Unit::Year, 3);
use BillingModel::{AfterBillingPeriod, BeforeBillingPeriod, BeforeSubscriptionPeriod, ExternalRating};

const BUNDLES: [Bundle; 15] = [
    Bundle("Microsoft 365 Business Premium", &[0], [0, 0, 2_500], BeforeBillingPeriod, Span::MONTH, Span::MONTH),
    Bundle("Microsoft 365 E3 annual", &[1], [0, 0, 15_000], BeforeBillingPeriod, Span::MONTH, Span::YEAR),
    Bundle("Microsoft 365 E5 upfront", &[2], [0, 0, 30_000], BeforeBillingPeriod, Span::YEAR, Span::YEAR),
    Bundle("Office 365 E1 annual", &[3], [0, 0, 5_000], BeforeBillingPeriod, Span::YEAR, Span::YEAR),
    Bundle("Managed Backup", &[4, 7], [9_900, 1_200, 7_500], BeforeBillingPeriod, Span::MONTH, Span::YEAR),
    Bundle("Cloud Voice", &[5], [0, 900, 4_000], BeforeBillingPeriod, Span::STATEMENT, Span::MONTH),
    Bundle("Workplace Security", &[6, 7], [4_500, 0, 2_000], BeforeBillingPeriod, Span::MONTH, Span::MONTH),
    Bundle("Domains", &[8], [0, 0, 1_000], BeforeBillingPeriod, Span::YEAR, Span::YEAR),
    Bundle("Helpdesk around the clock", &[9], [0, 2_500, 31_000], BeforeBillingPeriod, Span::MONTH, Span::YEAR),
    Bundle("Teams Rooms", &[10], [0, 0, 1_500], BeforeBillingPeriod, Span::MONTH, Span::MONTH),
    Bundle("Virtual Servers", &[11, 12], [2_000, 500, 5_000], AfterBillingPeriod, Span::MONTH, Span::MONTH),
    Bundle("Database hours", &[13], [0, 0, 2_000], AfterBillingPeriod, Span::MONTH, Span::MONTH),
    Bundle("Azure plan", &[14, 15], [0, 0, 1_000], ExternalRating, Span::MONTH, Span::YEAR),
    Bundle("Managed Firewall", &[16], [0, 0, 20_000], BeforeSubscriptionPeriod, Span::MONTH, THREE_YEARS),
    Bundle("Certificates", &[17], [0, 0, 1_000], BeforeSubscriptionPeriod, Span::YEAR, Span::YEAR),
];

/// The shelf with this seed's prices: the same things everywhere, each a little dearer than listed above.
pub(crate) fn build(rng: &mut Prng, currency: Currency) -> (Vec<Product>, Vec<Plan>) {
    let plans: Vec<Plan> = BUNDLES.iter().zip(10_001..).map(|(bundle, id)| plan(bundle, id, currency)).collect();
    let products = OFFERS
        .iter()
        .enumerate()
        .map(|(index, offer)| {
            let sold_under = plans.iter().find(|plan| plan.products.contains(&index));
            product(offer, index, sold_under, rng, currency)
        })
        .collect();
    (products, plans)
}

fn plan(bundle: &Bundle, id: u32, currency: Currency) -> Plan {
    let Bundle(name, products, [setup, recurring, cancellation], model, billing, subscription) = bundle;
    let fee = |hundredths: i64| (hundredths > 0).then(|| currency.listed(hundredths));
    Plan {
        id,
        name: (*name).to_owned(),
        products: products.to_vec(),
        setup: fee(*setup),
        recurring: fee(*recurring),
        cancellation_fee: currency.listed(*cancellation),
        billing_model: *model,
        billing_period: *billing,
        subscription_period: *subscription,
    }
}

fn product(offer: &Offer, index: usize, plan: Option<&Plan>, rng: &mut Prng, currency: Currency) -> Product {
    let Offer(mpn, name, vendor, service, setup, recurring, overuse) = offer;
    let listed = |hundredths: i64, dearer: i64| {
        (hundredths > 0).then(|| {
            let price = currency.listed(hundredths + dearer);
            Price { price, cost: currency.round(price * Decimal::new(82, 2)) }
        })
    };
    let dearer = rng.between(0, 19) * 5;
    let per_use = |ten_thousandths: i64| {
        let price = Decimal::new(ten_thousandths, 4);
        Price { price, cost: (price * Decimal::new(82, 2)).round_dp(4) }
    };
    Product {
        id: format!("PRD-{:03}-{:03}", 326 + index, 576 + index * 7),
        mpn: (*mpn).to_owned(),
        name: (*name).to_owned(),
        vendor: (*vendor).to_owned(),
        service: (*service).to_owned(),
        setup: listed(*setup, 0),
        recurring: listed(*recurring, dearer),
        overuse: (*overuse > 0).then(|| per_use(*overuse)),
        billing_model: plan.map_or(BeforeBillingPeriod, |plan| plan.billing_model),
        billing_period: plan.map_or(Span::MONTH, |plan| plan.billing_period),
        subscription_period: plan.map_or(Span::MONTH, |plan| plan.subscription_period),
    }
}
