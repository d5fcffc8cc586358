//! The tiny plugin under four cards: one for each way in which a target lets a lost answer be found out.

use std::time::Duration;

use counterfoil_runtime::component::Package;

use crate::versions;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It honours keys for long.
    A,
    /// It honours keys, and forgets them soon.
    Forgets,
    /// It takes no key, and can be asked.
    B,
    /// Neither.
    C,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::A, Self::Forgets, Self::B, Self::C];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::Forgets => "forgets",
            Self::B => "b",
            Self::C => "c",
        }
    }

    pub(crate) fn connection(self) -> String {
        format!("books-{}", self.name())
    }

    pub(crate) fn plugin(self) -> String {
        format!("tiny-{}", self.name())
    }

    /// How long the target keeps a key; none: it does not look at keys. Longer than the card says, as a target that
    /// counts from its own clock.
    pub(crate) fn keeps_keys(self) -> Option<Duration> {
        match self {
            Self::A => Some(Duration::from_secs(3_600)),
            Self::Forgets => Some(Duration::from_secs(6)),
            Self::B | Self::C => None,
        }
    }

    /// `timeout` is how long an answer is waited for.
    pub(crate) async fn package(self, timeout: Duration) -> Package {
        let delivery = match self {
            Self::A => {
                "locate = \"reliable\"\nsettle_seconds = 2\nidempotency_header = \"Idempotency-Key\"\nidempotency_seconds = 1800"
            }
            Self::Forgets => {
                "locate = \"reliable\"\nsettle_seconds = 2\nidempotency_header = \"Idempotency-Key\"\nidempotency_seconds = 2"
            }
            Self::B => "locate = \"reliable\"\nsettle_seconds = 2",
            Self::C => "locate = \"unreliable\"",
        };
        versions::with(&[
            ("id = \"tiny\"", &format!("id = \"{}\"", self.plugin())),
            (
                "max_response_bytes = 65536",
                &format!("max_response_bytes = 65536\ntimeout_ms = {}", timeout.as_millis()),
            ),
            ("locate = \"reliable\"", delivery),
            ("tasks = 10", "tasks = 5"),
            ("apply_ms = 3000", "apply_ms = 300000"),
        ])
        .await
    }
}
