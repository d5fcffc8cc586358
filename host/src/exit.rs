//! Exit codes, documented in the README: scripts can tell what happened without reading.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    Error,
    /// `plan`: there are changes. Elsewhere: not everything is done.
    NotAll,
    /// Something may or may not have been written.
    Uncertain,
    /// Refused: a stale plan, a bound, a missing permission.
    Refused,
    Usage,
}

/// Every code with its meaning.
pub const MEANINGS: &[(u8, &str)] = &[
    (0, "done"),
    (1, "error"),
    (2, "the plan has changes, or not everything is done"),
    (4, "uncertain outcomes exist"),
    (5, "refused"),
    (64, "wrong usage"),
];

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::NotAll => 2,
            Self::Uncertain => 4,
            Self::Refused => 5,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
