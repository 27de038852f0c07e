//! Where webhooks may lead: to addresses of the public Internet, and to what the operator allows. An admin of the server need not be
//! one of its network, whose other servers trust this one.

use ipnet::IpNet;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// An address that nothing is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPublic {
    host: String,
    address: Option<IpAddr>,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match self.address {
            Some(address) => write!(
                f,
                "Webhook URL must not resolve to a non-public IP address. '{host}' resolves to {address}. An operator can allow it: --webhook-allow-private."
            ),
            None => write!(f, "Cannot resolve Webhook URL hostname '{host}'"),
        }
    }
}

impl std::error::Error for NotPublic {}

/// What may be reached.
#[derive(Debug)]
pub struct Reach {
    allowed: Vec<IpNet>,
}

impl Reach {
    /// Public addresses, and those in these networks.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    /// Checks all addresses of a host: one that may not be reached is enough to refuse it.
    pub fn check_all(
        &self,
        host: &str,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Result<(), NotPublic> {
        let mut none = true;
        for address in addresses {
            none = false;
            if !self.contains(address) {
                return Err(NotPublic { host: host.to_owned(), address: Some(address) });
            }
        }
        if none { Err(NotPublic { host: host.to_owned(), address: None }) } else { Ok(()) }
    }
}

/// Whether an address is one of the public Internet (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // Shared by a provider's customers, protocol assignments, relays of 6to4, benchmarks.
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xfe == 18)
        // Multicast, reserved, broadcast.
        || a >= 224;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // NAT64 leads to the IPv4 address within.
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] => v4(g, h),
        // Protocol assignments, among them Teredo; documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // 6to4, too.
        (0x2002, _) => v4(b, c),
        // Of the rest nothing but global unicast is given out.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_told_from_others() {
        let check = |text: &str, expected: bool| {
            assert_eq!(Reach::new(Vec::new()).contains(text.parse().unwrap()), expected, "{text}");
        };
        for public in [
            "1.1.1.1",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.0",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "64:ff9b::1.1.1.1",
            "::ffff:1.1.1.1",
        ] {
            check(public, true);
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(other, false);
        }
    }

    #[test]
    fn one_address_is_enough_to_refuse_a_host() {
        let reach = Reach::new(vec!["10.1.0.0/16".parse().unwrap()]);
        let check = |addresses: &[&str]| {
            reach.check_all("h", addresses.iter().map(|address| address.parse().unwrap())).is_ok()
        };
        assert!(check(&["1.1.1.1", "10.1.2.3", "::ffff:10.1.2.3"]));
        assert!(!check(&["1.1.1.1", "10.2.0.1"]));
        assert!(!check(&[]));
    }
}
