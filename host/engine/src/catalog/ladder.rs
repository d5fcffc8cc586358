//! Whose catalog a reseller is compared with: the provider's, or what the reseller above it shows. Owns that only the
//! resellers above the one at hand are held, and that the provider's catalog is prepared once for all.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::catalog::cascade::as_provider;
use counterfoil_domain::catalog::id::TemplateId;
use counterfoil_domain::catalog::{
    ChangeSet, DisplayPolicy, Node, Options, Provider, ProviderCatalog, ResellerCatalog, Step, Upstream, apply, diff,
};
use counterfoil_domain::id::ResellerId;
use counterfoil_domain::ports::CatalogSource;

use super::CatalogRunError;

/// The catalog with the changes made; as it is where they cannot be.
pub(super) fn with(mut catalog: ResellerCatalog, set: &ChangeSet) -> ResellerCatalog {
    // All or none; the changes are of this very catalog, so there is no "none".
    let _undo = apply(&mut catalog, set);
    catalog
}

#[derive(Debug)]
struct Rung {
    reseller: ResellerId,
    shown: ProviderCatalog,
}

#[derive(Debug)]
pub(super) struct Ladder<'p> {
    provider: &'p ProviderCatalog,
    nodes: BTreeMap<ResellerId, Node>,
    /// Who has somebody below it: of the others nobody asks what they show.
    serving: BTreeSet<ResellerId>,
    /// Who shows what it would hold; the others show what they hold.
    planned: BTreeSet<ResellerId>,
    options: Options,
    display: DisplayPolicy,
    prepared: BTreeMap<TemplateId, Provider<'p>>,
    rungs: Vec<Rung>,
}

impl<'p> Ladder<'p> {
    pub(super) fn new(
        provider: &'p ProviderCatalog,
        nodes: Vec<Node>,
        options: Options,
        display: DisplayPolicy,
    ) -> Self {
        let above = nodes.iter().filter_map(|node| match &node.upstream {
            Upstream::Provider => None,
            Upstream::Reseller(above) => Some(above.clone()),
        });
        let serving = above.collect();
        let nodes = nodes.into_iter().map(|node| (node.reseller.clone(), node)).collect();
        Self {
            provider,
            nodes,
            serving,
            planned: BTreeSet::new(),
            options,
            display,
            prepared: BTreeMap::new(),
            rungs: Vec::new(),
        }
    }

    /// For a preview: these will have had their turn when those below them have theirs. Who is not reached stays as it is.
    pub(super) fn planning<'s>(mut self, steps: impl IntoIterator<Item = &'s Step>) -> Self {
        self.planned = steps.into_iter().map(|step| step.reseller.clone()).collect();
        self
    }

    /// What would be done to the reseller of this step. Everything above it must stand (`stand`).
    pub(super) fn compare(&mut self, step: &Step, held: &ResellerCatalog) -> Result<ChangeSet, CatalogRunError> {
        match &step.upstream {
            Upstream::Provider => {
                if !self.prepared.contains_key(&step.template) {
                    let prepared = Provider::prepare(self.provider, &step.template, self.display)?;
                    self.prepared.insert(step.template.clone(), prepared);
                }
                let gone = || CatalogRunError::Gone(step.reseller.clone());
                Ok(diff(self.prepared.get(&step.template).ok_or_else(gone)?, held, self.options))
            }
            Upstream::Reseller(above) => {
                let rung = self.rungs.iter().find(|rung| rung.reseller == *above);
                let shown = &rung.ok_or_else(|| CatalogRunError::Gone(above.clone()))?.shown;
                Ok(diff(&Provider::prepare(shown, &step.template, self.display)?, held, self.options))
            }
        }
    }

    pub(super) fn serves_others(&self, step: &Step) -> bool {
        self.serving.contains(&step.reseller)
    }

    /// The reseller at hand is done, and others below it may come.
    pub(super) fn climb(&mut self, step: &Step, holds: &ResellerCatalog) {
        self.rungs.truncate(step.level.saturating_sub(1));
        let above = self.rungs.last().map_or(self.provider, |rung| &rung.shown);
        let shown = as_provider(holds, above);
        self.rungs.push(Rung { reseller: step.reseller.clone(), shown });
    }

    /// Makes everything above a reseller stand: what the run did not come by itself is read.
    pub(super) async fn stand(&mut self, step: &Step, source: &dyn CatalogSource) -> Result<(), CatalogRunError> {
        let way = self.way(step)?;
        let stands = self.rungs.len() >= way.len()
            && way.iter().zip(&self.rungs).all(|(node, rung)| node.reseller == rung.reseller);
        if stands {
            self.rungs.truncate(way.len());
            return Ok(());
        }
        self.rungs.clear();
        for (index, node) in way.into_iter().enumerate() {
            let above =
                Step { reseller: node.reseller, upstream: node.upstream, template: node.template, level: index + 1 };
            let held = source.reseller(&above.reseller).await?.value;
            let holds = if self.planned.contains(&above.reseller) {
                let set = self.compare(&above, &held)?;
                with(held, &set)
            } else {
                held
            };
            self.climb(&above, &holds);
        }
        Ok(())
    }

    /// From the provider down to the one above. The tree has no circles: that was seen when the run was resolved.
    fn way(&self, step: &Step) -> Result<Vec<Node>, CatalogRunError> {
        let mut way = Vec::new();
        let mut upstream = &step.upstream;
        while let Upstream::Reseller(above) = upstream {
            let node = self.nodes.get(above).ok_or_else(|| CatalogRunError::Gone(above.clone()))?;
            way.push(node.clone());
            if way.len() > self.nodes.len() {
                return Err(CatalogRunError::Gone(above.clone()));
            }
            upstream = &node.upstream;
        }
        way.reverse();
        Ok(way)
    }
}
