//! Who goes where: a customer's billing motion is mapped to a party of the target, and to one of its containers where the
//! target has them. Owns the rows and the links that a change comes to; looking things up in the target is the route's.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::CustomerId;
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Customer, Subscription};
use counterfoil_domain::money::Money;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::MoneyRow;
use counterfoil_domain::statement;

use crate::wire::{MappingView, totals_by_currency};

/// A customer's billing motion, as statements showed it.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) customer: CustomerId,
    pub(crate) motion: Motion,
    name: String,
    email: Option<String>,
}

impl Stream {
    pub(crate) fn subscription(&self) -> String {
        statement::subscription_id(&self.customer, self.motion).to_string()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn email_domain(&self) -> Option<&str> {
        self.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain)
    }
}

/// Everything that the table of mappings is made of.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) streams: Vec<Stream>,
    pub(crate) links: Vec<Link>,
    by_key: LinkBook,
    needs_container: bool,
    money: BTreeMap<(CustomerId, Motion), (Period, Vec<Money>)>,
}

impl Book {
    pub(crate) fn new(
        customers: &[Customer],
        subscriptions: &[Subscription],
        links: Vec<Link>,
        needs_container: bool,
        rows: &[MoneyRow],
    ) -> Self {
        let people: BTreeMap<&CustomerId, &Customer> = customers.iter().map(|one| (&one.id, one)).collect();
        let mut seen: BTreeSet<(CustomerId, Motion)> = BTreeSet::new();
        for subscription in subscriptions {
            seen.extend(statement::of_subscription(&subscription.id));
        }
        let stream = |(customer, motion): (CustomerId, Motion)| Stream {
            name: people.get(&customer).map_or_else(|| customer.to_string(), |one| one.name.clone()),
            email: people.get(&customer).and_then(|one| one.email.clone()),
            customer,
            motion,
        };
        let mut streams: Vec<Stream> = seen.into_iter().map(stream).collect();
        streams.sort_by_cached_key(|stream| (stream.name.to_lowercase(), stream.customer.clone(), stream.motion));
        let mut money: BTreeMap<(CustomerId, Motion), (Period, Vec<Money>)> = BTreeMap::new();
        for row in rows {
            let place = money.entry((row.customer.clone(), row.motion)).or_insert((row.period, Vec::new()));
            if row.period > place.0 {
                *place = (row.period, Vec::new());
            }
            if row.period == place.0 {
                place.1.push(row.money);
            }
        }
        Self { streams, by_key: LinkBook::new(links.clone()), links, needs_container, money }
    }

    pub(crate) fn find(&self, customer: &str, motion: Motion) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.customer.as_str() == customer && stream.motion == motion)
    }

    pub(crate) fn link(&self, kind: LinkKind, source: &str) -> Option<&Link> {
        self.by_key.get(kind, source)
    }

    pub(crate) fn needs_container(&self) -> bool {
        self.needs_container
    }

    pub(crate) fn state(&self, stream: &Stream) -> &'static str {
        let party = self.link(LinkKind::Party, stream.customer.as_str()).map(|link| &link.state);
        let container = self.link(LinkKind::Container, &stream.subscription()).map(|link| &link.state);
        match (party, container) {
            (Some(LinkState::NeverSync), _) | (_, Some(LinkState::NeverSync)) => "never-sync",
            (Some(LinkState::Linked(_)), Some(LinkState::Linked(_))) => "mapped",
            (Some(LinkState::Linked(_)), _) if !self.needs_container => "mapped",
            _ => "unmapped",
        }
    }

    pub(crate) fn view(&self, stream: &Stream) -> MappingView {
        let target = |kind, source: &str| self.link(kind, source).and_then(Link::target).map(Into::into);
        let newest = self.money.get(&(stream.customer.clone(), stream.motion));
        MappingView {
            customer: stream.customer.to_string(),
            customer_name: stream.name.clone(),
            motion: stream.motion.name().to_owned(),
            motion_text: stream.motion.text().to_owned(),
            state: self.state(stream).to_owned(),
            party: target(LinkKind::Party, stream.customer.as_str()),
            container: target(LinkKind::Container, &stream.subscription()),
            needs_container: self.needs_container,
            money: newest.map(|(_, money)| totals_by_currency(money.iter().copied())).unwrap_or_default(),
            period: newest.map(|(period, _)| (*period).into()),
            suggestions: Vec::new(),
        }
    }

    /// How many are mapped, and how many are not and could be.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let count = |state: &str| self.streams.iter().filter(|stream| self.state(stream) == state).count() as u64;
        (count("mapped"), count("unmapped"))
    }

    /// The links that a mapping comes to; those that are so already are left out.
    pub(crate) fn mapped(
        &self,
        connection: &Connection,
        stream: &Stream,
        party: LinkTarget,
        container: Option<LinkTarget>,
        why: &str,
    ) -> Vec<Link> {
        let subscription = stream.subscription();
        let name = format!("{} · {}", stream.name, stream.motion.text());
        let wanted = std::iter::once((LinkKind::Party, stream.customer.as_str(), stream.name.clone(), party))
            .chain(container.map(|container| (LinkKind::Container, subscription.as_str(), name, container)));
        let link = |(kind, source, source_name, target): (LinkKind, &str, String, LinkTarget)| {
            let same = self.link(kind, source).and_then(Link::target).is_some_and(|now| now.id == target.id);
            let link = Link {
                key: LinkKey { connection: connection.id.clone(), kind, source: source.to_owned() },
                source_name,
                state: LinkState::Linked(target),
                why: why.to_owned(),
            };
            (!same).then_some(link)
        };
        wanted.filter_map(link).collect()
    }

    /// What taking a mapping back comes to: its container is let go; the party too, unless another motion of the customer
    /// still goes there.
    pub(crate) fn unmapped(&self, stream: &Stream, why: &str) -> Vec<Link> {
        let subscription = stream.subscription();
        let others =
            self.streams.iter().filter(|other| other.customer == stream.customer && other.motion != stream.motion);
        let is_used =
            |other: &Stream| self.link(LinkKind::Container, &other.subscription()).and_then(Link::target).is_some();
        let keeps_party = self.needs_container && others.into_iter().any(is_used);
        let party = self.link(LinkKind::Party, stream.customer.as_str()).filter(|_| !keeps_party);
        let let_go = [self.link(LinkKind::Container, &subscription), party];
        let_go
            .into_iter()
            .flatten()
            .filter(|link| link.target().is_some())
            .map(|link| Link { state: LinkState::Unlinked, why: why.to_owned(), ..link.clone() })
            .collect()
    }

    /// With these links in place of those that are.
    pub(crate) fn with(&self, links: &[Link]) -> LinkBook {
        let mut book = self.by_key.clone();
        links.iter().cloned().for_each(|link| book.insert(link));
        book
    }
}

/// The same name, however it is written.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    let plain =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let one = plain(one);
    !one.is_empty() && one == plain(other)
}
