//! The resource rates of a plan that both have.

use super::super::change::Reason;
use super::super::delegated::DelegatedRate;
use super::super::edit::{Delta, Edit};
use super::super::id::ResourceId;
use super::super::merge::merge;
use super::super::model::{RateFee, ResourceRate};
use super::super::options::SyncOption;
use super::Walk;
use super::plans::{Pair, price};

impl<'w> Walk<'w> {
    pub(super) fn rates(&mut self, pair: &mut Pair<'w>) {
        for (id, offered, held) in merge(&pair.offered.plan.rates, &pair.held.rates) {
            match (offered, held) {
                // What is not sold is not delegated; it comes once its sale availability is selected.
                (Some(offered), None) if offered.for_sale => self.new_rate(pair, id, offered),
                (None, Some(held)) => {
                    let to = Delta::new(Some(held.clone()), None);
                    let edit = Edit::Rate { plan: pair.id.clone(), resource: id.clone(), to };
                    let subject = self.of_rate(pair, id);
                    self.sink.put(edit, Reason::Gone, subject);
                }
                (Some(offered), Some(held)) => self.both_rates(pair, id, offered, held),
                (_, None) => {}
            }
        }
    }

    fn new_rate(&mut self, pair: &mut Pair<'w>, id: &ResourceId, offered: &ResourceRate) {
        if pair.hold.is_some() && !offered.prices.is_empty() {
            pair.unpriced = pair.unpriced.with(SyncOption::CreateResources);
        }
        let prices = self.arriving(&offered.prices, pair.hold);
        let rate = DelegatedRate { prices, limits: offered.limits, for_sale: offered.for_sale };
        let edit = Edit::Rate { plan: pair.id.clone(), resource: id.clone(), to: Delta::new(None, Some(rate)) };
        let subject = self.of_rate(pair, id);
        self.sink.put(edit, Reason::New, subject);
    }

    fn both_rates(&mut self, pair: &Pair<'w>, id: &ResourceId, offered: &ResourceRate, held: &DelegatedRate) {
        for fee in RateFee::ALL {
            let (theirs, ours) = (offered.prices.get(fee).copied(), held.prices.get(fee).copied());
            if let Some((to, reason)) = price(theirs, ours) {
                let edit = Edit::RatePrice { plan: pair.id.clone(), resource: id.clone(), fee: *fee, to };
                let subject = format!("{} · {fee}", self.of_rate(pair, id));
                self.sink.put_unless(edit, reason, subject, pair.hold);
            }
        }
        if offered.limits != held.limits {
            let to = Delta::new(held.limits, offered.limits);
            let edit = Edit::RateLimits { plan: pair.id.clone(), resource: id.clone(), to };
            let subject = self.of_rate(pair, id);
            self.sink.put(edit, Reason::Differs, subject);
        }
        if offered.for_sale != held.for_sale {
            let to = Delta::new(held.for_sale, offered.for_sale);
            let edit = Edit::SaleAvailability { plan: pair.id.clone(), resource: id.clone(), to };
            let subject = self.of_rate(pair, id);
            self.sink.put(edit, Reason::Differs, subject);
        }
    }

    fn of_rate(&self, pair: &Pair<'w>, id: &ResourceId) -> String {
        let resource = self.provider.catalog.resources.get(id).map_or(id.as_str(), |resource| resource.name.as_str());
        format!("{} · {resource}", pair.offered.plan.name)
    }
}
