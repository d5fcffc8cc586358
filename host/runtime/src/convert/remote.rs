//! Requests, answers and log levels: what crosses while a guest runs. Whether a request may go out is the
//! exchange's business.

use counterfoil_domain::ports::LogLevel;
use counterfoil_domain::wire::{Request, Response};

use super::raw;

pub(crate) fn request(raw: raw::Request) -> Request {
    Request {
        operation: raw.operation,
        method: raw.method,
        path: raw.path,
        query: raw.query,
        headers: raw.headers,
        body: raw.body,
    }
}

pub(crate) fn raw_response(response: Response) -> raw::Response {
    raw::Response {
        status: response.status,
        headers: response.headers,
        body: response.body,
        replayed: response.replayed,
    }
}

pub(crate) fn level(raw: raw::Level) -> LogLevel {
    match raw {
        raw::Level::Debug => LogLevel::Debug,
        raw::Level::Info => LogLevel::Info,
        raw::Level::Warn => LogLevel::Warn,
        raw::Level::Error => LogLevel::Error,
    }
}
