//! Lines for the host's log.
//!
//! Owns the levels and the way out. The host caps number and length and scrubs secrets; a plugin never sees one anyway.
//! Outside the sandbox there is no host to log to, and the lines are dropped.

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Works, but someone should look.
    Warn,
    /// Does not work.
    Error,
}

/// Writes one line with fields.
#[cfg(target_arch = "wasm32")]
pub fn event(level: Level, message: &str, fields: &[(&str, &str)]) {
    use crate::bindings::counterfoil::target::log as host;
    let level = match level {
        Level::Debug => host::Level::Debug,
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    host::event(level, message, &fields);
}

/// Writes one line with fields; outside the sandbox, nowhere.
#[cfg(not(target_arch = "wasm32"))]
pub fn event(_level: Level, _message: &str, _fields: &[(&str, &str)]) {}

/// A line for the plugin's author.
pub fn debug(message: &str, fields: &[(&str, &str)]) {
    event(Level::Debug, message, fields);
}

/// A line worth knowing.
pub fn info(message: &str, fields: &[(&str, &str)]) {
    event(Level::Info, message, fields);
}

/// A line that someone should look at.
pub fn warn(message: &str, fields: &[(&str, &str)]) {
    event(Level::Warn, message, fields);
}
