//! Every combination, and what the rules make of it. Owns no expectation.

use std::path::Path;
use std::sync::OnceLock;

use counterfoil_domain::card::{Card, Scenario};
use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, OrderType};
use counterfoil_domain::scenario::{self, Situation, Taken};
use counterfoil_runtime::manifest;

use crate::oracle::{Outcome, Price};

/// A charge of the future, which no row of any target can name.
pub(crate) const UNSUPPORTED: &str = "meteoriteFee";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Xero,
    ConnectWise,
}

impl Target {
    pub(crate) const ALL: [Self; 2] = [Self::Xero, Self::ConnectWise];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Xero => "xero",
            Self::ConnectWise => "connectwise",
        }
    }

    pub(crate) fn text(self) -> String {
        std::fs::read_to_string(root().join("plugins").join(self.id()).join("plugin.toml")).unwrap()
    }

    /// The card as it is, read once.
    pub(crate) fn card(self) -> &'static Card {
        static XERO: OnceLock<Card> = OnceLock::new();
        static CONNECTWISE: OnceLock<Card> = OnceLock::new();
        let once = match self {
            Self::Xero => &XERO,
            Self::ConnectWise => &CONNECTWISE,
        };
        once.get_or_init(|| manifest::parse(&self.text()).unwrap_or_else(|errors| panic!("{}: {errors}", self.id())))
    }

    /// Its table, and the same with the row that a connection may switch on.
    pub(crate) fn tables(self) -> Tables {
        Tables::of(&self.card().scenarios)
    }
}

#[derive(Debug)]
pub(crate) struct Tables {
    off: Vec<Scenario>,
    on: Vec<Scenario>,
}

impl Tables {
    pub(crate) fn of(card: &[Scenario]) -> Self {
        let mut on = card.to_vec();
        on.push(scenario::recurring_before_period());
        Self { off: card.to_vec(), on }
    }

    pub(crate) fn of_case(&self, case: &Case) -> &[Scenario] {
        if case.switched { &self.on } else { &self.off }
    }
}

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

    pub(crate) fn situation(&self) -> Situation {
        Situation {
            order: self.order,
            model: self.model,
            // Any line under external rating is usage: the judge says so before it asks the table.
            usage: self.metered || self.model == BillingModel::ExternalRating,
            aligned_with_statement_day: self.aligned,
            partial_period: self.partial,
        }
    }

    /// What the running rules say.
    pub(crate) fn taken_by(&self, tables: &Tables) -> Outcome {
        let table = tables.of_case(self);
        match scenario::take(table, self.situation(), &self.line(), self.choice) {
            Taken::Yes { row, price, .. } => self.billed(table, row, price),
            Taken::No { reason, text } => {
                assert!(!text.is_empty());
                Outcome::Ignored(reason.name())
            }
        }
    }

    pub(crate) fn billed(&self, table: &[Scenario], row: String, price: PriceSource) -> Outcome {
        let prorated = self.fee.is_some_and(|fee| scenario::prorates(table, &row, fee, price));
        let price = match price {
            PriceSource::Order => Price::Order,
            PriceSource::Catalogue => Price::Catalogue,
            PriceSource::Person => panic!("{self:?}: no rule takes a person's price"),
        };
        Outcome::Billed { row, price, prorated }
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub(crate) fn fees() -> impl Iterator<Item = Option<Fee>> {
    Fee::ALL.iter().copied().map(Some).chain([None])
}

pub(crate) const BOTH: [bool; 2] = [false, true];

/// Every price choice and circumstance of one line.
pub(crate) fn of_line(
    order: OrderType,
    model: BillingModel,
    metered: bool,
    fee: Option<Fee>,
    switched: bool,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for &choice in PriceChoice::ALL {
        for aligned in BOTH {
            for partial in BOTH {
                cases.push(Case { order, model, metered, fee, choice, aligned, partial, switched });
            }
        }
    }
    cases
}

pub(crate) fn every() -> Vec<Case> {
    let mut cases = Vec::new();
    for &order in OrderType::ALL {
        for &model in BillingModel::ALL {
            for metered in BOTH {
                for fee in fees() {
                    for switched in BOTH {
                        cases.extend(of_line(order, model, metered, fee, switched));
                    }
                }
            }
        }
    }
    cases
}
