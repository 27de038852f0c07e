//! Where a call comes from: the address of whoever called, through proxies that are trusted to say it.

use http::{HeaderMap, Request, request::Parts};
use ipnet::IpNet;
use std::{fmt, net::IpAddr, sync::Arc};

/// The header that says by which scheme a call came.
pub const SCHEME: &str = "x-forwarded-proto";

/// The address that a connection came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Addresses of proxies that are believed when they say for whom they call. By default nobody is.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl From<Vec<IpNet>> for TrustedProxies {
    fn from(nets: Vec<IpNet>) -> Self {
        Self(nets.into())
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nets: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&nets.join(", "))
    }
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Whose call it is: the connection's own address; if that is a trusted proxy, the last address in `X-Forwarded-For` that
    /// isn't one. Addresses before it can be anything that the caller wrote.
    pub fn caller(&self, parts: &Parts) -> Option<IpAddr> {
        let Peer(peer) = *parts.extensions.get::<Peer>()?;
        Some(self.behind(peer, &parts.headers))
    }

    /// Whether a trusted proxy says that the call came to it by TLS.
    pub fn say_https<B>(&self, request: &Request<B>) -> bool {
        let is_trusted = request.extensions().get::<Peer>().is_some_and(|Peer(peer)| self.trusts(*peer));
        let scheme = request.headers().get(SCHEME).map(|value| value.as_bytes());
        is_trusted && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https"))
    }

    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        // Byte by byte: what a caller wrote before must not hide what the proxy added.
        let lines = headers.get_all("x-forwarded-for").iter();
        let named = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let parse = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.trim().parse::<IpAddr>().ok();
        let named: Vec<Option<IpAddr>> = named.map(|bytes| Some(parse(bytes)?.to_canonical())).collect();
        let mut last = peer;
        for address in named.into_iter().rev() {
            let Some(address) = address else { break };
            last = address;
            if !self.trusts(address) {
                break;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&[u8]], expected: &str) {
        let nets: Vec<IpNet> = ["10.0.0.0/8", "::1/128"].iter().map(|net| net.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", http::HeaderValue::from_bytes(line).unwrap());
        }
        let found = TrustedProxies::from(nets).behind(peer.parse().unwrap(), &headers);
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
    }

    #[test]
    fn only_trusted_proxies_say_that_a_call_was_secured() {
        let proxies = TrustedProxies::from(vec!["10.0.0.0/8".parse().unwrap()]);
        let check = |peer: [u8; 4], scheme: &str, expected| {
            let request = Request::builder().header(SCHEME, scheme).extension(Peer(peer.into()));
            assert_eq!(proxies.say_https(&request.body(()).unwrap()), expected, "{peer:?} {scheme}");
        };
        check([10, 0, 0, 1], "https", true);
        check([10, 0, 0, 1], "HTTPS", true);
        check([10, 0, 0, 1], "http", false);
        check([192, 0, 2, 1], "https", false);
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.1", &[b"198.51.100.9"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &[b"198.51.100.9"], "198.51.100.9");
        check("10.0.0.1", &[b"203.0.113.5, 198.51.100.9, 10.0.0.2"], "198.51.100.9");
        check("10.0.0.1", &[b"203.0.113.5", b"198.51.100.9"], "198.51.100.9");
        check("10.0.0.1", &[b"203.0.113.5, unknown"], "10.0.0.1");
        check("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3");
        check("::1", &[b"2001:db8::7"], "2001:db8::7");
        check("10.0.0.1", &[b"\xff, 198.51.100.9"], "198.51.100.9");
        check("10.0.0.1", &[b"198.51.100.9, ::ffff:10.0.0.2"], "198.51.100.9");
    }
}
