//! Pages of other sites may not act through a browser that can reach this server.

use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};
use url::Url;

use super::problem::Problem;

/// Refuses what a page of another site than the `host` that was asked sent, unless it can only read. (What it reads this way, the
/// browser does not show it; but a WebSocket it could read, so an upgrade is refused too.)
///
/// # Errors
/// 403.
pub(super) fn check(request: &HttpRequest, host: &str) -> Result<(), Problem> {
    let headers = request.headers();
    if request.method().is_safe() && !headers.contains_key(header::UPGRADE) {
        return Ok(());
    }
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(refused());
    }
    match headers.get(header::ORIGIN) {
        None => Ok(()),
        Some(origin) => {
            let same = origin.to_str().is_ok_and(|origin| is_same(origin, host));
            if same { Ok(()) } else { Err(refused()) }
        }
    }
}

/// Refuses what comes with a cookie from elsewhere than a page of the `host` that was asked: browsers
/// say where a page is from whenever they open a WebSocket, and whenever it is another site's.
///
/// # Errors
/// 403.
pub(super) fn check_own(request: &HttpRequest, host: &str) -> Result<(), Problem> {
    let headers = request.headers();
    match headers.get(header::ORIGIN) {
        Some(origin) if !origin.to_str().is_ok_and(|origin| is_same(origin, host)) => Err(refused()),
        None if headers.contains_key(header::UPGRADE) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "a WebSocket that comes with the cookie of a session must name the page that opens it (Origin header)",
        )),
        _ => Ok(()),
    }
}

/// Whether an origin is the host that was asked. The scheme may differ: a proxy in front may have
/// taken TLS away.
pub(super) fn is_same(origin: &str, host: &str) -> bool {
    let Ok(origin) = Url::parse(origin) else { return false };
    let Ok(asked) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    origin.host().is_some()
        && origin.host() == asked.host()
        && origin.port_or_known_default() == asked.port_or_known_default()
}

fn refused() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "the request comes from a page of another site (see its Origin header)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn allowed(request: TestRequest) -> bool {
        check(&request.to_http_request(), "jobs.example:8080").is_ok()
    }

    #[test]
    fn only_the_own_pages_may_act() {
        for (origin, same) in [
            ("http://jobs.example:8080", true),
            ("https://jobs.example:8080", true),
            ("http://JOBS.example:8080", true),
            ("http://jobs.example", false),
            ("http://evil.example:8080", false),
            ("http://jobs.example:8080.evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(allowed(TestRequest::post().insert_header(("origin", origin))), same, "{origin}");
        }
        assert!(allowed(TestRequest::post()));
        assert!(allowed(TestRequest::get().insert_header(("origin", "http://evil.example"))));
        assert!(is_same("https://jobs.example", "jobs.example"));
        assert!(is_same("https://jobs.example", "jobs.example:443"));
        assert!(is_same("http://[::1]:8080", "[::1]:8080"));
    }

    #[test]
    fn the_browsers_own_word_counts() {
        assert!(!allowed(TestRequest::delete().insert_header(("sec-fetch-site", "cross-site"))));
        for site in ["same-origin", "none", "same-site"] {
            assert!(allowed(TestRequest::delete().insert_header(("sec-fetch-site", site))), "{site}");
        }
    }

    #[test]
    fn a_websocket_of_another_site_is_refused() {
        let upgrade = || TestRequest::get().insert_header(("upgrade", "websocket"));
        assert!(!allowed(upgrade().insert_header(("origin", "http://evil.example"))));
        assert!(allowed(upgrade().insert_header(("origin", "http://jobs.example:8080"))));
        assert!(allowed(upgrade()));
    }
}
