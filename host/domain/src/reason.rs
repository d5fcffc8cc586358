//! Why a target thing is suggested, or why it does not fit: one value a reason, which prints itself as the person who
//! decides reads it.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    SameExternalId(String),
    SameTaxNumber(String),
    TaxNumberButForCountry {
        ours: String,
        theirs: String,
    },
    SameEmail(String),
    SameEmailDomain(String),
    SameCode(String),
    /// The same letters and figures, with other signs between them.
    CodeButForSigns {
        ours: String,
        theirs: String,
    },
    /// One begins with the other.
    CodeBegins {
        ours: String,
        theirs: String,
    },
    Name {
        percent: u8,
        ours: String,
        theirs: String,
    },
    /// Of a fee's item: what it is called.
    CalledSo(String),
    SameCurrency(String),
    SameCycle(String),
    SameParty(String),
    OnlyOneFits,

    TaxNumbersDiffer {
        ours: String,
        theirs: String,
    },
    LegalFormsDiffer,
    FiguresDiffer,
    /// So many of the target's hold the key.
    KeyIsShared(usize),
    OneOfSeveral(usize),
    CurrencyUnknown,
    CycleUnknown,
    CurrenciesDiffer {
        ours: String,
        theirs: String,
    },
    CyclesDiffer {
        ours: String,
        theirs: String,
    },
    Taken(String),
}

impl Reason {
    /// Its stable name in the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SameExternalId(_) => "same-external-id",
            Self::SameTaxNumber(_) => "same-tax-number",
            Self::TaxNumberButForCountry { .. } => "tax-number-but-for-country",
            Self::SameEmail(_) => "same-email",
            Self::SameEmailDomain(_) => "same-email-domain",
            Self::SameCode(_) => "same-code",
            Self::CodeButForSigns { .. } => "code-but-for-signs",
            Self::CodeBegins { .. } => "code-begins",
            Self::Name { .. } => "name",
            Self::CalledSo(_) => "called-so",
            Self::SameCurrency(_) => "same-currency",
            Self::SameCycle(_) => "same-cycle",
            Self::SameParty(_) => "same-party",
            Self::OnlyOneFits => "only-one-fits",
            Self::TaxNumbersDiffer { .. } => "tax-numbers-differ",
            Self::LegalFormsDiffer => "legal-forms-differ",
            Self::FiguresDiffer => "figures-differ",
            Self::KeyIsShared(_) => "key-is-shared",
            Self::OneOfSeveral(_) => "one-of-several",
            Self::CurrencyUnknown => "currency-unknown",
            Self::CycleUnknown => "cycle-unknown",
            Self::CurrenciesDiffer { .. } => "currencies-differ",
            Self::CyclesDiffer { .. } => "cycles-differ",
            Self::Taken(_) => "taken",
        }
    }

    /// An exact key, the kind that may link by itself.
    pub fn is_key(&self) -> bool {
        matches!(self, Self::SameExternalId(_) | Self::SameTaxNumber(_) | Self::SameCode(_))
    }

    /// It speaks against the link.
    pub fn is_against(&self) -> bool {
        matches!(
            self,
            Self::TaxNumbersDiffer { .. }
                | Self::LegalFormsDiffer
                | Self::FiguresDiffer
                | Self::KeyIsShared(_)
                | Self::OneOfSeveral(_)
                | Self::CurrencyUnknown
                | Self::CycleUnknown
                | Self::CurrenciesDiffer { .. }
                | Self::CyclesDiffer { .. }
                | Self::Taken(_)
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameExternalId(id) => write!(f, "same external id {id}"),
            Self::SameTaxNumber(tax) => write!(f, "same tax number {tax}"),
            Self::TaxNumberButForCountry { ours, theirs } => {
                write!(f, "same tax number but for the country sign: {ours}, {theirs}")
            }
            Self::SameEmail(email) => write!(f, "same e-mail address {email}"),
            Self::SameEmailDomain(domain) => write!(f, "same e-mail domain {domain}"),
            Self::SameCode(code) => write!(f, "same code {code}"),
            Self::CodeButForSigns { ours, theirs } => write!(f, "same code but for its signs: {ours}, {theirs}"),
            Self::CodeBegins { ours, theirs } => write!(f, "one code begins with the other: {ours}, {theirs}"),
            Self::Name { percent: 100, ours, theirs } if ours == theirs => write!(f, "same name \"{ours}\""),
            Self::Name { percent, ours, theirs } => write!(f, "name {percent} % alike: \"{ours}\", \"{theirs}\""),
            Self::CalledSo(name) => write!(f, "called \"{name}\""),
            Self::SameCurrency(currency) => write!(f, "same currency {currency}"),
            Self::SameCycle(cycle) => write!(f, "same billing cycle {cycle}"),
            Self::SameParty(name) => write!(f, "belongs to {name}"),
            Self::OnlyOneFits => f.write_str("the only one that fits"),
            Self::TaxNumbersDiffer { ours, theirs } => write!(f, "but the tax numbers differ: {ours}, {theirs}"),
            Self::LegalFormsDiffer => f.write_str("but the legal forms differ"),
            Self::FiguresDiffer => f.write_str("but the figures in the names differ"),
            Self::KeyIsShared(count) => write!(f, "but {count} of the target's hold such a key"),
            Self::OneOfSeveral(count) => write!(f, "but {count} fit as well as each other"),
            Self::CurrencyUnknown => f.write_str("but its currency is not known on both sides"),
            Self::CycleUnknown => f.write_str("but its billing cycle is not known on both sides"),
            Self::CurrenciesDiffer { ours, theirs } => write!(f, "does not fit: billed in {ours}, this is in {theirs}"),
            Self::CyclesDiffer { ours, theirs } => write!(f, "does not fit: billed every {ours}, this every {theirs}"),
            Self::Taken(by) => write!(f, "taken: it is linked to {by} already"),
        }
    }
}
