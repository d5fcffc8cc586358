//! Names are resolved once, every address is checked, and connections go to the checked addresses only:
//! the HTTP client's own resolver is replaced by one that knows nothing but what was checked here.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use counterfoil_domain::ports::{Pending, SendError};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::Instant;
use url::{Host, Url};

use crate::address::{Reach, reach};
use crate::base::shown;
use crate::policy::refuse;

/// How long a checked answer stands before the name is asked for again.
const PIN_FOR: Duration = Duration::from_secs(60);

type Lookup = dyn Fn(String, u16) -> Pending<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Who turns names into addresses: the system, or a table in tests.
#[derive(Clone)]
pub struct Resolver(Arc<Lookup>);

impl Resolver {
    pub fn system() -> Self {
        Self::with(|host, port| async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }

    pub fn with<F, R>(lookup: F) -> Self
    where
        F: Fn(String, u16) -> R + Send + Sync + 'static,
        R: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        Self(Arc::new(move |host, port| Box::pin(lookup(host, port))))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

#[derive(Debug)]
struct Pin {
    addresses: Vec<SocketAddr>,
    until: Instant,
}

/// Checked addresses by host name, shared with the HTTP client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pins(Arc<Mutex<HashMap<String, Pin>>>);

impl Pins {
    fn is_fresh(&self, host: &str) -> bool {
        let pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.get(host).is_some_and(|pin| Instant::now() < pin.until)
    }

    fn put(&self, host: &str, addresses: Vec<SocketAddr>) {
        let mut pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.insert(host.to_owned(), Pin { addresses, until: Instant::now() + PIN_FOR });
    }

    fn forget(&self, host: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
    }
}

impl Resolve for Pins {
    fn resolve(&self, name: Name) -> Resolving {
        let pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = pins.get(name.as_str()).map(|pin| pin.addresses.clone());
        Box::pin(async move {
            match found {
                Some(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                None => Err("the name was not checked".into()),
            }
        })
    }
}

/// The address check of one route.
#[derive(Debug)]
pub(crate) struct Guard {
    resolver: Resolver,
    private_addresses: bool,
    pins: Pins,
}

impl Guard {
    pub(crate) fn new(resolver: Resolver, private_addresses: bool) -> Self {
        Self { resolver, private_addresses, pins: Pins::default() }
    }

    pub(crate) fn pins(&self) -> Pins {
        self.pins.clone()
    }

    /// After this the client can connect to `url`'s host, and to checked addresses only.
    pub(crate) async fn check(&self, url: &Url) -> Result<(), SendError> {
        let port = url.port_or_known_default().unwrap_or(443);
        let name = match url.host() {
            // The client connects to literals without asking its resolver.
            Some(Host::Ipv4(ip)) => return self.judge(url, IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => return self.judge(url, IpAddr::V6(ip)),
            Some(Host::Domain(name)) => name,
            None => return Err(no_connection(url, "names no host")),
        };
        if self.pins.is_fresh(name) {
            return Ok(());
        }
        let addresses = (self.resolver.0)(name.to_owned(), port)
            .await
            .map_err(|error| no_connection(url, &format!("cannot be found by name ({error})")))?;
        if addresses.is_empty() {
            return Err(no_connection(url, "has no address"));
        }
        // One bad address among good ones is how rebinding looks: all must pass.
        for address in &addresses {
            self.judge(url, address.ip())?;
        }
        // Port 0: the client puts the URL's own.
        self.pins.put(name, addresses.into_iter().map(|address| SocketAddr::new(address.ip(), 0)).collect());
        Ok(())
    }

    /// A checked address that cannot be reached any more is asked for anew next time.
    pub(crate) fn forget(&self, url: &Url) {
        if let Some(Host::Domain(name)) = url.host() {
            self.pins.forget(name);
        }
    }

    fn judge(&self, url: &Url, ip: IpAddr) -> Result<(), SendError> {
        let (rule, why, remedy) = match reach(ip) {
            Reach::Public => return Ok(()),
            Reach::Local(_) if self.private_addresses => return Ok(()),
            Reach::Local(why) => ("private-address", why, Some("exceptions = { private_addresses = true }".to_owned())),
            Reach::Never(why) => ("forbidden-address", why, None),
        };
        let advice = if remedy.is_some() {
            "If that is meant, an operator can allow private addresses for it."
        } else {
            "Such an address is never called: correct the URL or the name's DNS entry."
        };
        Err(SendError::Refused(refuse(
            rule,
            format!("{} leads to {ip} ({why}), so nothing was sent. {advice}", shown(url)),
            remedy,
        )))
    }
}

fn no_connection(url: &Url, why: &str) -> SendError {
    SendError::NoConnection { message: format!("{} {why}; nothing was sent", shown(url)) }
}
