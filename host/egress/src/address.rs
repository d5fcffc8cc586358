//! What an IP address is good for: public, reachable only by an operator's exception, or never a target.
//! Pure; resolving names is `guard`'s business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Public,
    /// Inside some network: refused unless the operator allows private addresses.
    Local(&'static str),
    /// No target lives there, whatever the operator allows.
    Never(&'static str),
}

pub fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach_v4(ip: Ipv4Addr) -> Reach {
    match ip.octets() {
        [0, ..] => Reach::Never("unspecified"),
        // Instance credentials of cloud providers: a private exception must not open them.
        [169, 254, 169, 254] | [169, 254, 170, 2 | 23] | [100, 100, 100, 200] | [168, 63, 129, 16] => {
            Reach::Never("cloud metadata")
        }
        [127, ..] => Reach::Local("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Local("private"),
        [169, 254, ..] => Reach::Local("link-local"),
        [100, 64..=127, ..] => Reach::Local("shared (carrier-grade NAT)"),
        [198, 18 | 19, ..] => Reach::Local("benchmarking"),
        [192, 0, 0, _] => Reach::Never("protocol assignment"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Reach::Never("documentation"),
        [192, 88, 99, _] => Reach::Never("6to4 relay"),
        [224..=239, ..] => Reach::Never("multicast"),
        [240..=255, ..] => Reach::Never("reserved or broadcast"),
        _ => Reach::Public,
    }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    let embedded = || {
        let [.., a, b, c, d] = ip.octets();
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Reach::Never("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Local("loopback"),
        // Another spelling of an IPv4 address is never needed: no honest name resolves to it.
        [0, 0, 0, 0, 0, 0xffff, ..] => match reach_v4(embedded()) {
            Reach::Never(why) => Reach::Never(why),
            Reach::Public | Reach::Local(_) => Reach::Local("IPv4-mapped"),
        },
        [0, 0, 0, 0, 0 | 0xffff, 0, ..] => Reach::Never("IPv4-compatible or translated"),
        // On networks with DNS64 every IPv4-only host looks like this: it is as good as what it embeds.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => reach_v4(embedded()),
        [0x64, 0xff9b, 1, ..] => Reach::Local("NAT64 inside the network"),
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] => Reach::Never("cloud metadata"),
        [0xfc00..=0xfdff, ..] => Reach::Local("unique local"),
        [0xfe80..=0xfebf, ..] => Reach::Local("link-local"),
        [0xfec0..=0xfeff, ..] => Reach::Local("site-local"),
        [0xff00..=0xffff, ..] => Reach::Never("multicast"),
        [0x2001, 0..=0x1ff, ..] => Reach::Never("Teredo or protocol assignment"),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Never("documentation"),
        [0x2002, ..] => Reach::Never("6to4"),
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never("not global unicast"),
    }
}
