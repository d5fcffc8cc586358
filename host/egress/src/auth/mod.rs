//! Signing in and signing requests. `method` reads what a route wants, `grant` builds token requests and reads
//! their answers (both pure), `tokens` keeps one access token per route and fetches it once for everybody,
//! `sign` puts credentials into a request. Secrets come from the vault each time and are cached nowhere
//! but for the access token.

mod grant;
mod method;
mod sign;
mod tokens;

pub(crate) use method::{Method, Signing};
pub(crate) use sign::{Credentials, sign};
pub(crate) use tokens::{Flight, Token, TokenCell};
