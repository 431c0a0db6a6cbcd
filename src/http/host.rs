//! A page of another site may not pass for one of this server's by giving its own name this
//! machine's address (DNS rebinding): then the browser takes the two for one site and shows the page
//! all answers. What gives it away is the name in `Host`, which no page can change.

use std::net::Ipv4Addr;

use actix_web::HttpRequest;
use actix_web::http::uri::Authority;
use actix_web::http::{StatusCode, header};
use url::{Host, Url};

use super::given::shorten;
use super::problem::Problem;

/// Refuses a request for a host by a name that is not this machine's own. An address is fine: there
/// is no name that could have been given another meaning.
///
/// # Errors
/// 421.
pub(super) fn check(request: &HttpRequest) -> Result<(), Problem> {
    // Not the host of `connection_info`: a page may send the headers of a proxy. A client that names none
    // is no browser; HTTP/2 has it in the address, and who names two might mean either.
    let header =
        request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or("text that is not ASCII"));
    let address = request.uri().authority().map(Authority::as_str);
    match header.into_iter().chain(address).find(|asked| !is_own(asked)) {
        Some(foreign) => Err(refused(foreign)),
        None => Ok(()),
    }
}

fn is_own(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}")) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address != Ipv4Addr::UNSPECIFIED,
        Some(Host::Ipv6(_)) => true,
        None => false,
    }
}

fn refused(host: &str) -> Problem {
    let detail = format!(
        "the Host header asks for {:?}, but this server listens on this machine alone and is called localhost \
         or by an address; behind a proxy, set up a token or let the proxy send that",
        shorten(host)
    );
    Problem::new(StatusCode::MISDIRECTED_REQUEST, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn status(request: TestRequest) -> u16 {
        check(&request.to_http_request()).map_or_else(|p| p.status().as_u16(), |()| 200)
    }

    #[test]
    fn own_names_and_addresses_are_taken() {
        for host in [
            "localhost",
            "localhost:8080",
            "LOCALHOST:1",
            "jobs.localhost:8080",
            "127.0.0.1:8080",
            "127.1.2.3",
            "[::1]:8080",
            "192.168.1.4:8080",
        ] {
            assert_eq!(status(TestRequest::get().insert_header(("host", host))), 200, "{host}");
        }
        assert_eq!(status(TestRequest::get()), 200);
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "notlocalhost",
            "user@evil.example",
            "",
            "/",
            "[",
            "é",
        ] {
            assert_eq!(status(TestRequest::get().insert_header(("host", host))), 421, "{host}");
        }
        let disguised = TestRequest::get()
            .insert_header(("host", "evil.example"))
            .insert_header(("x-forwarded-host", "localhost"));
        assert_eq!(status(disguised), 421);
    }
}
