//! Tests of the marketplace clients from outside, in one binary.
//! `cfg(test)` marks the helpers as test code for the lints.

#[cfg(test)]
mod cloudblue;
#[cfg(test)]
mod decode;
#[cfg(test)]
mod file;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod route;
#[cfg(test)]
mod support;
