//! Programs: what of a distributor's statements and products goes to a connection. Owns the settings and what they let
//! through; which customer goes where is a matter of links.

use std::collections::BTreeSet;
use std::fmt;

use crate::digest::Digester;
use crate::id::ConnectionId;
use crate::motion::Motion;
use crate::order::named;
use crate::task::IgnoreReason;

named! {
    /// What a distributor sells under one set of rules. Others may follow.
    ProgramName {
        MicrosoftCsp = "microsoft-csp",
    }
}

impl ProgramName {
    pub fn text(self) -> &'static str {
        match self {
            Self::MicrosoftCsp => "Microsoft CSP",
        }
    }
}

named! {
    ProductMode {
        /// Every product of the program's price list becomes an item.
        All = "all",
        /// Only those that stand in statements of mapped customers.
        InUse = "in-use",
    }
}

/// One program of one connection, as people set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub connection: ConnectionId,
    pub name: ProgramName,
    pub enabled: bool,
    /// Who is told of errors and warnings.
    pub emails: Vec<String>,
    /// Whether statements are billed.
    pub billing: bool,
    pub motions: BTreeSet<Motion>,
    /// Whether products become items.
    pub products: bool,
    pub mode: ProductMode,
    pub azure: bool,
    pub annual: bool,
    /// New items are taxable.
    pub taxable: bool,
    /// When the daily run is due, as minutes after midnight in `time_zone`; none: only when somebody asks.
    pub daily_at: Option<u16>,
    /// IANA name.
    pub time_zone: String,
}

impl Program {
    /// As it is before anybody set anything: nothing goes anywhere.
    pub fn off(connection: ConnectionId, name: ProgramName) -> Self {
        Self {
            connection,
            name,
            enabled: false,
            emails: Vec::new(),
            billing: false,
            motions: BTreeSet::from([Motion::MonthlyMonthly]),
            products: false,
            mode: ProductMode::InUse,
            azure: false,
            annual: false,
            taxable: false,
            daily_at: None,
            time_zone: "UTC".to_owned(),
        }
    }

    /// Of what decides whether something is billed: as long as it is the same, nobody has to be asked again.
    pub fn digest(&self) -> String {
        let mut digest = Digester::new("program");
        digest.text(self.name.name()).count(self.motions.len());
        for motion in &self.motions {
            digest.text(motion.name());
        }
        for (name, on) in
            [("enabled", self.enabled), ("billing", self.billing), ("azure", self.azure), ("annual", self.annual)]
        {
            digest.text(if on { name } else { "" });
        }
        digest.short()
    }
}

named! {
    /// Why a part of a statement is not billed. Each is a bucket whose money is shown.
    HeldBack {
        ProgramOff = "program-off",
        BillingOff = "billing-off",
        MotionOff = "motion-off",
        AzureOff = "azure-off",
        AnnualOff = "annual-off",
        UnknownMotion = "unknown-motion",
    }
}

/// Why this motion's money is not billed; none: it is. The first that holds, from the widest to the narrowest.
pub fn held_back(program: Option<&Program>, motion: Motion) -> Option<HeldBack> {
    let Some(program) = program.filter(|program| program.enabled) else { return Some(HeldBack::ProgramOff) };
    if !program.billing {
        return Some(HeldBack::BillingOff);
    }
    if motion == Motion::Unknown {
        return Some(HeldBack::UnknownMotion);
    }
    if motion.is_usage() {
        return (!program.azure).then_some(HeldBack::AzureOff);
    }
    if motion.is_annual() && !program.annual {
        return Some(HeldBack::AnnualOff);
    }
    (!program.motions.contains(&motion)).then_some(HeldBack::MotionOff)
}

/// What is ignored for one of these comes back by itself when the program is set otherwise.
pub const HELD_BACK: [IgnoreReason; 6] = [
    IgnoreReason::ProgramOff,
    IgnoreReason::BillingOff,
    IgnoreReason::MotionOff,
    IgnoreReason::AzureOff,
    IgnoreReason::AnnualOff,
    IgnoreReason::UnknownMotion,
];

impl HeldBack {
    pub fn reason(self) -> IgnoreReason {
        match self {
            Self::ProgramOff => IgnoreReason::ProgramOff,
            Self::BillingOff => IgnoreReason::BillingOff,
            Self::MotionOff => IgnoreReason::MotionOff,
            Self::AzureOff => IgnoreReason::AzureOff,
            Self::AnnualOff => IgnoreReason::AnnualOff,
            Self::UnknownMotion => IgnoreReason::UnknownMotion,
        }
    }

    /// What to switch on, and what becomes of the money until then.
    fn text(self, motion: Motion) -> String {
        let switch = match self {
            Self::ProgramOff => "the program is off for this connection; switch it on".to_owned(),
            Self::BillingOff => "the program bills no statements for this connection; switch its billing on".to_owned(),
            Self::MotionOff => {
                format!("the billing motion \"{}\" is not selected; select it in the program", motion.text())
            }
            Self::AzureOff => "usage is not billed; switch \"Sync Azure\" on in the program".to_owned(),
            Self::AnnualOff => {
                "what is paid for a year or more at once is not billed; switch \"Sync Annual Subscriptions\" on in the program"
                    .to_owned()
            }
            Self::UnknownMotion => {
                "the source names a billing motion that is not known, so nobody can say how it is to be billed; bill it by hand"
                    .to_owned()
            }
        };
        match self {
            Self::UnknownMotion => switch,
            _ => format!("{switch}: its money is kept, and it comes back by itself"),
        }
    }
}

/// Why this motion's money is not billed, as it is said of a task; none: it is.
pub fn refusal(program: Option<&Program>, motion: Motion) -> Option<(IgnoreReason, String)> {
    held_back(program, motion).map(|held| (held.reason(), held.text(motion)))
}

/// Why a task that was ignored for this reason is to be judged anew; none: it stays where it is.
pub fn comes_back(reason: IgnoreReason, program: Option<&Program>, motion: Motion) -> Option<String> {
    let held = held_back(program, motion);
    if !HELD_BACK.contains(&reason) || held.map(HeldBack::reason) == Some(reason) {
        return None;
    }
    let name = program.map_or(ProgramName::MicrosoftCsp, |program| program.name).text();
    Some(match held {
        None => format!("{name} bills \"{}\" now", motion.text()),
        Some(held) => format!("{name} keeps \"{}\" back for another reason now: {held}", motion.text()),
    })
}
