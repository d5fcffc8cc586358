//! Owns which members each record type has, in which version, and what they hold. Does not own rules between members.

use super::config::ApiVersion;
use super::tables::Table;

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Number,
    /// With the most characters it takes.
    Text(usize),
    Flag,
    /// A day, shown as UTC midnight.
    Day,
    Enum(&'static [&'static str]),
    /// A record of a table that is kept here.
    Ref(Table),
    /// Of a table that is not: taken as it is.
    Loose,
    /// References in a list.
    Refs(Table),
    Tags,
    Custom,
}

impl Kind {
    /// As the refusal of a value names it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Int => "System.Int32",
            Self::Number => "System.Decimal",
            Self::Text(_) => "System.String",
            Self::Flag => "System.Boolean",
            Self::Day => "System.DateTime",
            Self::Enum(_) => "Enum",
            Self::Ref(_) | Self::Loose => "Reference",
            Self::Refs(_) | Self::Tags | Self::Custom => "List",
        }
    }
}

/// The members of one record type, by what they hold.
#[derive(Debug)]
pub(crate) struct Shape {
    /// As nested errors name it.
    pub(crate) resource: &'static str,
    /// As the refusal of an unknown member names it.
    pub(crate) type_name: &'static str,
    /// Names are separated by spaces.
    pub(crate) members: &'static [(Kind, &'static str)],
    pub(crate) required: &'static str,
    /// Taken in a body and ignored.
    pub(crate) derived: &'static str,
    pub(crate) newer: &'static [(&'static str, ApiVersion)],
}

fn lists(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|known| known == name)
}

impl Shape {
    pub(crate) fn all(&self, version: ApiVersion) -> impl Iterator<Item = (&'static str, Kind)> {
        self.members
            .iter()
            .flat_map(|(kind, names)| names.split_whitespace().map(|name| (name, *kind)))
            .filter(move |(name, _)| self.knows(name, version))
    }

    fn knows(&self, name: &str, version: ApiVersion) -> bool {
        self.newer.iter().all(|(newer, since)| *newer != name || version >= *since)
    }

    /// By its exact name, as a patch has to write it.
    pub(crate) fn exact(&self, name: &str, version: ApiVersion) -> Option<(&'static str, Kind)> {
        self.all(version).find(|(known, _)| *known == name)
    }

    /// By its name in any case, as bodies and conditions may write it.
    pub(crate) fn any_case(&self, name: &str, version: ApiVersion) -> Option<(&'static str, Kind)> {
        self.all(version).find(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    pub(crate) fn is_derived(&self, name: &str) -> bool {
        lists(self.derived, name)
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &'static str> {
        self.required.split_whitespace()
    }
}
