//! Where the URLs of jobs may lead. Whoever may enqueue a job must not reach through the server what
//! they cannot reach themselves, so addresses that are not public are refused unless the
//! configuration names them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use url::{Host, Url};

use super::lookup::{Lookup, System};
use super::{Failure, RunResult};

/// What a refusal says, in whatever a program makes of it.
pub(super) const NOT_PUBLIC: &str = "is not a public address";
/// The longest URL.
const MAX_URL: usize = 8192;

/// Addresses that mean something on this machine or in its network only, or nothing at all.
static PRIVATE_NETS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    const NETS: [&str; 25] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        // Wraps an IPv4 address, and nobody public is there any more.
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ];
    NETS.iter().filter_map(|net| net.parse().ok()).collect()
});

/// What the URLs of jobs may lead to. Cloning is cheap.
#[derive(Clone)]
pub struct AddressRules {
    allowed: Arc<[IpNet]>,
    lookup: Arc<dyn Lookup>,
}

impl Default for AddressRules {
    fn default() -> Self {
        Self::allowing(&[])
    }
}

impl AddressRules {
    /// Public addresses, and these.
    #[must_use]
    pub fn allowing(private: &[IpNet]) -> Self {
        Self { allowed: private.into(), lookup: Arc::new(System) }
    }

    /// Asks somebody else for the addresses of names.
    #[must_use]
    pub fn asking(self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, ..self }
    }

    /// Looks at the URL of a job as far as that goes without asking anybody: for the time of the
    /// enqueue.
    ///
    /// # Errors
    /// A sentence about the field that holds it.
    pub fn check(&self, text: &str) -> Result<Url, String> {
        if text.len() > MAX_URL {
            return Err(format!("is longer than {MAX_URL} bytes"));
        }
        let url: Url = text.parse().map_err(|e| format!("is not a URL: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("must begin with http:// or https://, not {}:", url.scheme()));
        }
        match url.host() {
            None => Err("names no host".into()),
            Some(Host::Ipv4(ip)) => self.check_address(ip.into()).map(|()| url),
            Some(Host::Ipv6(ip)) => self.check_address(ip.into()).map(|()| url),
            Some(Host::Domain(name)) if is_this_machine(name) => {
                self.check_address(Ipv4Addr::LOCALHOST.into()).map(|()| url)
            }
            Some(Host::Domain(_)) => Ok(url),
        }
    }

    /// Looks up the host of a URL, and all its addresses: for the moment before it is asked for.
    ///
    /// # Errors
    /// Fatal when one of them is refused, to be retried when the name is not found.
    pub async fn resolve(&self, url: &Url) -> RunResult<Vec<SocketAddr>> {
        self.check(url.as_str()).map_err(|why| Failure::fatal(format_args!("the URL {why}")))?;
        let port = url.port_or_known_default().unwrap_or(80);
        let found: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(ip)) => vec![(ip, port).into()],
            Some(Host::Ipv6(ip)) => vec![(ip, port).into()],
            Some(Host::Domain(name)) => self
                .lookup
                .look_up(name, port)
                .await
                .map_err(|e| Failure::retry(format_args!("cannot look up {name}: {e}")))?,
            None => Vec::new(),
        };
        for address in &found {
            self.check_address(address.ip()).map_err(|why| {
                Failure::fatal(format_args!("{} {why}", url.host_str().unwrap_or_default()))
            })?;
        }
        Ok(found)
    }

    /// Whether an address may be reached.
    ///
    /// # Errors
    /// A sentence that says why not and what to do about it.
    pub fn check_address(&self, ip: IpAddr) -> Result<(), String> {
        let real = unwrapped(ip);
        let is_in = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&real));
        if is_in(&self.allowed) || !is_in(&PRIVATE_NETS) {
            return Ok(());
        }
        Err(format!(
            "leads to {real}, which {NOT_PUBLIC}; if jobs may reach it, add it to net.allow_private in \
             the configuration"
        ))
    }
}

fn is_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// The IPv4 address that an IPv6 one stands for (mapped, or behind NAT64), else itself.
fn unwrapped(ip: IpAddr) -> IpAddr {
    const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
    let embedded = |ip: Ipv6Addr| {
        let [.., a, b, c, d] = ip.octets();
        ip.segments().starts_with(&NAT64).then(|| Ipv4Addr::new(a, b, c, d))
    };
    match ip.to_canonical() {
        IpAddr::V6(ip) => embedded(ip).map_or(IpAddr::V6(ip), IpAddr::V4),
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_net_is_one() {
        assert_eq!(PRIVATE_NETS.len(), 25);
    }

    #[test]
    fn public_hosts_are_fine() {
        let rules = AddressRules::default();
        for url in [
            "https://example.com/x?y#z",
            "http://93.184.216.34:8080/",
            "http://[2606:2800:220:1::1]/",
            "http://[64:ff9b::5db8:d822]/",
            "http://localhost.example.com/",
        ] {
            assert_eq!(rules.check(url).map(|_| ()), Ok(()), "{url}");
        }
    }

    #[test]
    fn what_is_not_public_is_refused_in_every_disguise() {
        let rules = AddressRules::default();
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://0/",
            "http://10.1.2.3/",
            "http://172.31.0.1/",
            "http://192.168.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[::7f00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[ff02::1]/",
            "http://１２７.０.０.１/",
        ] {
            let why = rules.check(url).expect_err(url);
            assert!(why.contains("not a public address") && why.contains("net.allow_private"), "{why}");
        }
    }

    #[test]
    fn only_urls_of_the_web() {
        let rules = AddressRules::default();
        let long = format!("http://example.com/{}", "x".repeat(MAX_URL));
        for url in ["file:///etc/passwd", "ftp://example.com/", "-o x", "example.com", "", "http://", &long] {
            assert!(rules.check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_configuration_may_open_a_net() {
        let rules = AddressRules::allowing(&["127.0.0.1/32".parse().unwrap()]);
        assert!(rules.check("http://127.0.0.1:8080/").is_ok());
        assert!(rules.check("http://localhost/").is_ok());
        assert!(rules.check("http://127.0.0.2/").is_err());
    }

    #[tokio::test]
    async fn names_are_looked_up_and_their_addresses_checked() {
        let url: Url = "http://localhost:81/".parse().unwrap();
        assert!(matches!(AddressRules::default().resolve(&url).await, Err(Failure::Fatal(_))));
        let rules = AddressRules::allowing(&["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let found = rules.resolve(&url).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|a| a.ip().is_loopback() && a.port() == 81));
        let nobody: Url = "http://no-such-host.invalid/".parse().unwrap();
        assert!(matches!(rules.resolve(&nobody).await, Err(Failure::Retry { .. })));
    }
}
