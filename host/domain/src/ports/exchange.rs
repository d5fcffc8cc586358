//! What a running guest can do: read, write, log. The engine decides what a write means while planning
//! (refused) and while applying (journaled).

use std::fmt;

use super::Pending;
use crate::failure::Failure;
use crate::id::EffectKey;
use crate::order::named;
use crate::wire::{Request, Response};

named! {
    LogLevel {
        Debug = "debug",
        Info = "info",
        Warn = "warn",
        Error = "error",
    }
}

pub trait Exchange: Send + Sync + fmt::Debug {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>>;

    /// Must finish what it began even when the guest that asked is gone: implementations spawn.
    fn write(&self, key: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>>;

    fn log(&self, level: LogLevel, message: &str, fields: &[(String, String)]);
}
