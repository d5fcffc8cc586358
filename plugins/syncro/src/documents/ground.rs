//! What the jobs of a call rest on, read once for all of them.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_sdk::{Failure, Remote};

use super::former;
use super::outline::Outline;
use crate::account::Locale;
use crate::wire::{Id, Product, Schedule};
use crate::{containers, products};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Ground {
    pub(crate) locale: Locale,
    /// None: it is gone.
    schedules: BTreeMap<Id, Result<Option<Schedule>, Failure>>,
    products: BTreeMap<Id, Product>,
}

impl Ground {
    pub(crate) fn read(remote: &mut dyn Remote, outlines: &[&Outline<'_>]) -> Result<Self, Failure> {
        let mut ground = Self::default();
        if outlines.is_empty() {
            return Ok(ground);
        }
        ground.locale = Locale::read(remote)?;
        // One that the former statement's lines stand in, where the link was moved since, too.
        let wanted: BTreeSet<Id> = outlines
            .iter()
            .filter(|outline| outline.schedule.is_some())
            .flat_map(|outline| former::schedules(outline.job).chain(outline.schedule))
            .collect();
        for id in wanted {
            ground.schedules.insert(id, containers::read(remote, id));
        }
        let items: BTreeSet<Id> = outlines
            .iter()
            .flat_map(|outline| &outline.job.order.lines)
            .filter_map(|line| line.item.as_deref().and_then(Id::parse))
            .collect();
        let items: Vec<Id> = items.into_iter().collect();
        ground.products = products::read(remote, &items)?.into_iter().map(|product| (product.id, product)).collect();
        Ok(ground)
    }

    /// None: it is gone.
    pub(crate) fn maybe_schedule(&self, id: Id) -> Result<Option<&Schedule>, Failure> {
        match self.schedules.get(&id) {
            Some(Ok(read)) => Ok(read.as_ref()),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(Failure::internal("syncro-schedule", format!("The recurring invoice {id} was not read."))),
        }
    }

    pub(crate) fn schedule(&self, id: Id) -> Result<&Schedule, Failure> {
        self.maybe_schedule(id)?.ok_or_else(|| {
            Failure::not_found(
                "syncro-schedule-gone",
                format!(
                    "The recurring invoice {id} is not in Syncro any more. Nothing was written. Link to another one."
                ),
            )
        })
    }

    pub(crate) fn product(&self, id: Id) -> Result<&Product, Failure> {
        self.products.get(&id).ok_or_else(|| {
            Failure::not_found(
                "syncro-item-gone",
                format!(
                    "Product {id} is not in Syncro any more. Nothing was written. Link the product to another one."
                ),
            )
        })
    }
}
