//! The host's side of [`Remote`](crate::Remote), inside the sandbox.
//!
//! Owns the calls of the imports. They exist only in a component; natively there is nothing to import, so this module
//! is not built there.

use crate::bindings::counterfoil::target::remote as host;
use crate::convert::remote;
use crate::{Failure, Remote, Request, Response};

/// Sends through the host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guest;

impl Remote for Guest {
    fn read(&mut self, request: Request) -> Result<Response, Failure> {
        host::read(&remote::request(request)).map(remote::response).map_err(Failure::from)
    }

    fn write(&mut self, key: &str, request: Request) -> Result<Response, Failure> {
        host::write(key, &remote::request(request)).map(remote::response).map_err(Failure::from)
    }
}
