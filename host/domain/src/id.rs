//! Identifiers, one type each, so that none can stand in for another. Owns no way to mint random ones.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )+};
}
pub(crate) use ids;

ids! {
    /// Whose data it is: the tenant key of every row.
    ResellerId,
    /// One configured source of one reseller ("ingram-eu").
    MarketplaceId,
    /// One reseller's configured access to one target.
    ConnectionId,
    /// What a catalog was when it was read: an ETag, or a digest of a file.
    CatalogVersion,
    /// One reseller's turn in one run of catalog sync.
    StepKey,
    /// The marketplace's own id of a customer.
    CustomerId,
    /// The marketplace's own id of a subscription.
    SubscriptionId,
    /// The marketplace's own id of an order.
    OrderId,
    /// Stable within its order.
    LineId,
    /// Digest of everything an order said that could matter: a new one is a new revision.
    Revision,
    /// Derived from connection, order and revision: seeing an order twice makes one task.
    TaskId,
    /// The plugin's id on its card ("xero").
    PluginId,
    /// SHA-256 of a component's bytes, in hex.
    PluginDigest,
    /// Seals a plan and all it rests on, in hex.
    PlanDigest,
    /// One `apply` call's worth of plans, in their order.
    BatchId,
    /// Names one write inside its batch.
    EffectKey,
    /// Names one change inside its connection, for ever.
    ChangeKey,
    /// One standing decision of a person to ignore what fits it.
    RuleId,
    /// One piece of work asked for by a person, the API or a schedule.
    RunId,
    /// A thing in the target: party, item, container, account.
    EntityId,
    /// Somebody who signed in, or the system.
    Actor,
}
