//! Signing in and signing requests. `method` reads what a route wants, `grant` builds token requests and reads
//! their answers (both pure), `tokens` keeps one access token per sign-in and fetches it once for everybody,
//! `share` says which routes have one in common, `code` begins a sign-in with what a person brought back,
//! `sign` puts credentials into a request. Secrets come from the vault each time and are cached nowhere
//! but for the access token.

mod code;
mod grant;
mod method;
mod share;
mod sign;
mod tokens;

pub use code::CodeSignIn;
pub(crate) use method::{Method, Signing};
pub(crate) use sign::{Credentials, sign};
pub(crate) use tokens::{Flight, Token, TokenCell};
