//! What a proxy in front of the server says of a request. Only a proxy that the configuration names
//! is believed: anybody else can write these headers too.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{StatusCode, uri};
use actix_web::{HttpMessage, HttpRequest};
use ipnet::IpNet;

use super::problem::Problem;

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Arc<[IpNet]>);

/// Where a request comes from, and what it asked for, as far as that can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Who asks; `None` only where there is no network between.
    pub address: Option<IpAddr>,
    /// The host that was asked for, and its port if one was named.
    pub host: String,
    /// Whether it came by TLS.
    pub is_secure: bool,
}

impl From<Vec<IpNet>> for Proxies {
    fn from(nets: Vec<IpNet>) -> Self {
        Self(nets.into())
    }
}

impl Route {
    /// The way of a request that the guard has looked at.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }
}

/// Whether a client came by TLS; what the proxy says goes before what is seen here.
pub(super) fn is_secure(request: &HttpRequest) -> bool {
    Route::of(request).map_or_else(|| request.app_config().secure(), |route| route.is_secure)
}

impl Proxies {
    fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The way of a request.
    ///
    /// # Errors
    /// 400 when a proxy names two different clients: one of the headers came through it from somebody
    /// who wants to be somebody else.
    pub fn route(&self, request: &HttpRequest) -> Result<Route, Problem> {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let direct = Route { address: peer, host: asked(request), is_secure: request.app_config().secure() };
        let Some(peer) = peer.filter(|peer| self.trust(*peer)) else { return Ok(direct) };
        let said = Said::of(request.headers());
        let chains = [&said.x_forwarded_for, &said.forwarded_for];
        let mut clients = chains.into_iter().flatten().map(|chain| self.client(peer, chain));
        let address = clients.next().unwrap_or(peer);
        if clients.any(|other| other != address) {
            let detail = "X-Forwarded-For and Forwarded name different clients; the proxy must set one of them and \
                          take the other one away";
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
        Ok(Route {
            address: Some(address),
            host: said.host.unwrap_or(direct.host),
            is_secure: said.proto.map_or(direct.is_secure, |proto| proto.eq_ignore_ascii_case("https")),
        })
    }

    /// The last address in a chain that is none of the proxies: what stands before it, it wrote itself.
    fn client(&self, peer: IpAddr, chain: &[Option<IpAddr>]) -> IpAddr {
        let mut client = peer;
        for address in chain.iter().rev() {
            let Some(address) = address else { break };
            client = *address;
            if !self.trust(client) {
                break;
            }
        }
        client
    }
}

/// The host that a request asks for without anybody's help.
fn asked(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(uri::Authority::as_str));
    host.unwrap_or_default().to_owned()
}

/// What the headers say. An address that cannot be read is `None`.
#[derive(Default)]
struct Said {
    x_forwarded_for: Option<Vec<Option<IpAddr>>>,
    forwarded_for: Option<Vec<Option<IpAddr>>>,
    host: Option<String>,
    proto: Option<String>,
}

impl Said {
    fn of(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        let elements = list(headers, "forwarded");
        if !elements.is_empty() {
            said.forwarded_for = Some(elements.iter().map(|e| address(parameter(e, "for")?)).collect());
            // The last element is from the proxy that we know.
            let last = elements.last().copied().unwrap_or_default();
            said.host = parameter(last, "host").map(str::to_owned);
            said.proto = parameter(last, "proto").map(str::to_owned);
        }
        let addresses = list(headers, "x-forwarded-for");
        if !addresses.is_empty() {
            said.x_forwarded_for = Some(addresses.into_iter().map(address).collect());
        }
        let last = |name| list(headers, name).last().map(|&text| text.to_owned());
        said.host = last("x-forwarded-host").or(said.host);
        said.proto = last("x-forwarded-proto").or(said.proto);
        said
    }
}

/// The items of a header that may come more than once.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).map(|value| value.to_str().unwrap_or("unreadable"));
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// A parameter of an element of `Forwarded`.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn route(peer: &str, headers: &[(&'static str, &str)]) -> Result<Route, u16> {
        let nets = ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"];
        let proxies = Proxies::from(nets.map(|net| net.parse().unwrap()).to_vec());
        let mut request = TestRequest::get().insert_header(("host", "inner:8080"));
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        let request = request.peer_addr(SocketAddr::new(peer.parse().unwrap(), 1)).to_http_request();
        proxies.route(&request).map_err(|problem| problem.status().as_u16())
    }

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        route(peer, headers).unwrap().address.unwrap().to_string()
    }

    #[test]
    fn nobody_else_is_believed() {
        let headers = [
            ("x-forwarded-for", "1.2.3.4"),
            ("forwarded", "for=1.2.3.4;proto=https;host=evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
        ];
        let direct = Route {
            address: Some("192.0.2.7".parse().unwrap()),
            host: "inner:8080".into(),
            is_secure: false,
        };
        assert_eq!(route("192.0.2.7", &headers), Ok(direct));
        let believed = route("127.0.0.1", &headers).unwrap();
        assert!(believed.is_secure && believed.host == "evil.example");
        assert_eq!(client("::ffff:127.0.0.1", &headers), "1.2.3.4");
    }

    #[test]
    fn the_last_address_that_is_no_proxy_wins() {
        for (chain, wanted) in [
            ("1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4, 10.1.1.1", "1.2.3.4"),
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("1.2.3.4:567", "1.2.3.4"),
            ("6.6.6.6, unknown, 10.1.1.1", "10.1.1.1"),
            ("6.6.6.6, \u{fffd}", "127.0.0.1"),
            ("[2600::1]:80, 2001:db8::1", "2600::1"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", &[("x-forwarded-for", chain)]), wanted, "{chain}");
        }
        let twice = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4, 10.1.1.1")];
        assert_eq!(client("127.0.0.1", &twice), "1.2.3.4");
        for (element, wanted) in [
            ("for=1.2.3.4", "1.2.3.4"),
            ("for=6.6.6.6, For=\"[2600::1]:47011\";by=10.1.1.1", "2600::1"),
            ("for=_hidden", "127.0.0.1"),
            ("proto=https", "127.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", &[("forwarded", element)]), wanted, "{element}");
        }
    }

    #[test]
    fn two_clients_are_none() {
        let forged = [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=6.6.6.6")];
        assert_eq!(route("127.0.0.1", &forged), Err(400));
        let same = [("x-forwarded-for", "6.6.6.6, 1.2.3.4"), ("forwarded", "for=1.2.3.4")];
        assert_eq!(client("127.0.0.1", &same), "1.2.3.4");
        assert!(route("192.0.2.7", &forged).is_ok());
    }

    #[test]
    fn the_scheme_and_the_host_are_what_the_nearest_proxy_says() {
        let said = route("10.9.9.9", &[("x-forwarded-proto", "https, http"), ("x-forwarded-host", "a, b:9")]);
        let said = said.unwrap();
        assert!(!said.is_secure && said.host == "b:9");
        let said = route("10.9.9.9", &[("forwarded", "for=1.2.3.4;proto=HTTPS;host=\"jobs.example\"")]);
        let said = said.unwrap();
        assert!(said.is_secure && said.host == "jobs.example");
    }
}
