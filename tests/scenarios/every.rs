//! Every combination, and what the rules make of it. Owns no expectation.

use std::path::Path;

use counterfoil_domain::card::Scenario;
use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, OrderType};
use counterfoil_domain::scenario::{self, Situation, Taken};

use crate::oracle::{Outcome, Price};

/// A charge that no row of any target names.
pub(crate) const UNSUPPORTED: &str = "billPenalty";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) order: OrderType,
    pub(crate) model: BillingModel,
    /// The line's product is pay-per-use.
    pub(crate) metered: bool,
    /// None: a charge that is not supported.
    pub(crate) fee: Option<Fee>,
    pub(crate) choice: PriceChoice,
    pub(crate) aligned: bool,
    pub(crate) partial: bool,
    /// The row "recurring before period" is on.
    pub(crate) switched: bool,
}

impl Case {
    pub(crate) fn line(&self) -> LineKind {
        self.fee.map_or_else(|| LineKind::Other(UNSUPPORTED.to_owned()), LineKind::Fee)
    }

    /// What the running rules say, over the card as it is.
    pub(crate) fn taken(&self) -> Outcome {
        self.taken_by(&table(&card_text()))
    }

    pub(crate) fn taken_by(&self, card: &[Scenario]) -> Outcome {
        let mut table = card.to_vec();
        if self.switched {
            table.push(scenario::recurring_before_period());
        }
        let at = Situation {
            order: self.order,
            model: self.model,
            // Any line under external rating is usage: the judge says so before it asks the table.
            usage: self.metered || self.model == BillingModel::ExternalRating,
            aligned_with_statement_day: self.aligned,
            partial_period: self.partial,
        };
        match scenario::take(&table, at, &self.line(), self.choice) {
            Taken::Yes { row, price, .. } => Outcome::Billed { row, price: price.into() },
            Taken::No { reason, text } => {
                assert!(!text.is_empty());
                Outcome::Ignored(reason.name())
            }
        }
    }
}

impl From<PriceSource> for Price {
    fn from(source: PriceSource) -> Self {
        match source {
            PriceSource::Order => Self::Order,
            PriceSource::Catalogue => Self::Catalogue,
        }
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub(crate) fn card_text() -> String {
    use std::sync::OnceLock;
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| std::fs::read_to_string(root().join("plugins/xero/plugin.toml")).unwrap()).clone()
}

pub(crate) fn table(card: &str) -> Vec<Scenario> {
    use std::sync::Mutex;
    // Read once a text: every combination asks for it.
    static LAST: Mutex<Option<(String, Vec<Scenario>)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap();
    if last.as_ref().is_none_or(|(text, _)| text != card) {
        *last = Some((card.to_owned(), counterfoil_runtime::manifest::parse(card).unwrap().scenarios));
    }
    last.as_ref().unwrap().1.clone()
}

pub(crate) fn fees() -> impl Iterator<Item = Option<Fee>> {
    Fee::ALL.iter().copied().map(Some).chain([None])
}

const BOTH: [bool; 2] = [false, true];

pub(crate) fn every() -> Vec<Case> {
    let mut cases = Vec::new();
    for &order in OrderType::ALL {
        for &model in BillingModel::ALL {
            for metered in BOTH {
                for fee in fees() {
                    for &choice in PriceChoice::ALL {
                        for aligned in BOTH {
                            for partial in BOTH {
                                for switched in BOTH {
                                    cases.push(Case { order, model, metered, fee, choice, aligned, partial, switched });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    cases
}
