//! Where among the paths of a program callboard is: at its root, or beneath a path such as
//! `/callboard`.
//!
//! Handlers know nothing of that. What comes in is looked at as [`inner`] has it; what goes out, a
//! `Location` or the path of a cookie, is put beneath the base in one place, the guard. Templates and
//! scripts put it before each link.

use std::fmt;
use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

/// The path that comes before all others: nothing, or something like `/callboard`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Base(Arc<str>);

impl Base {
    /// Finds out where a request met callboard, and notes it. Whatever scopes have taken of its path
    /// so far is the base: nobody has to say it twice.
    pub(super) fn note(request: &ServiceRequest) -> Self {
        let matched = request.match_info();
        let taken = matched.as_str().len().saturating_sub(matched.unprocessed().len());
        let slashes = matched.as_str().get(..taken).unwrap_or_default().matches('/').count();
        let base = Self(first_segments(request.path(), slashes).into());
        request.request().extensions_mut().insert(base.clone());
        base
    }

    /// The base of a request that was noted.
    pub(super) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// A path of the outside as it is called within; `None` for one that is elsewhere.
    pub(super) fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let inner = path.strip_prefix(&*self.0)?;
        inner.starts_with('/').then_some(inner)
    }

    /// Where a request for the base itself, without a slash at its end, finds what it wants.
    pub(super) fn entrance(&self, request: &HttpRequest) -> Option<HttpResponse> {
        // Without a base only a request that has no path at all is for it, as CONNECT is.
        if self.0.is_empty() || request.path() != &*self.0 {
            return None;
        }
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut answer = HttpResponse::PermanentRedirect();
        Some(answer.insert_header((header::LOCATION, format!("{self}/{query}"))).finish())
    }

    /// Puts what an answer says of own paths beneath the base; its cookies come back over TLS alone if it
    /// goes there by TLS.
    pub(super) fn put_before(&self, headers: &mut HeaderMap, is_secure: bool) {
        if self.0.is_empty() && !is_secure {
            return;
        }
        let place = headers.get(header::LOCATION).and_then(|place| place.to_str().ok());
        if let Some(place) = place.filter(|place| place.starts_with('/') && !place.starts_with("//"))
            && let Ok(place) = HeaderValue::from_str(&format!("{self}{place}"))
        {
            headers.insert(header::LOCATION, place);
        }
        let cookies: Vec<_> =
            headers.remove(header::SET_COOKIE).map(|cookie| self.keep_in(cookie, is_secure)).collect();
        for cookie in cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
    }

    /// A cookie, for requests beneath the base alone.
    fn keep_in(&self, cookie: HeaderValue, is_secure: bool) -> HeaderValue {
        let parsed = cookie.to_str().ok().and_then(|text| Cookie::parse(text).ok());
        let Some(mut parsed) = parsed.filter(|cookie| cookie.path() == Some("/")) else { return cookie };
        if !self.0.is_empty() {
            parsed.set_path(&*self.0);
        }
        if is_secure {
            parsed.set_secure(true);
        }
        HeaderValue::from_str(&parsed.to_string()).unwrap_or(cookie)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of a request as it is called within.
pub(super) fn inner(request: &HttpRequest) -> &str {
    let path = request.path();
    let taken = request.extensions().get::<Base>().map_or(0, |base| base.0.len());
    path.get(taken..).filter(|inner| !inner.is_empty()).unwrap_or("/")
}

/// So many segments of a path, each with its slash. Counted, and not cut by length: what was matched
/// may have been decoded.
fn first_segments(path: &str, count: usize) -> &str {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    slashes.nth(count).map_or(path, |at| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn at(path: &str) -> Base {
        Base(path.into())
    }

    #[test]
    fn own_paths_go_beneath_it() {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_static("/jobs/1?x=/"));
        for cookie in ["a=1; Path=/; HttpOnly", "b=2; Path=/elsewhere"] {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
        }
        at("/board").put_before(&mut headers, false);
        assert_eq!(headers.get(header::LOCATION).unwrap(), "/board/jobs/1?x=/");
        let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).map(|c| c.to_str().unwrap()).collect();
        assert_eq!(cookies, ["a=1; HttpOnly; Path=/board", "b=2; Path=/elsewhere"]);
        for elsewhere in ["https://other.example/", "//other.example/"] {
            headers.insert(header::LOCATION, HeaderValue::from_static(elsewhere));
            at("/board").put_before(&mut headers, true);
            assert_eq!(headers.get(header::LOCATION).unwrap(), elsewhere);
        }
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=1; Path=/"));
        at("").put_before(&mut headers, true);
        assert_eq!(headers.get(header::SET_COOKIE).unwrap(), "a=1; Secure; Path=/");
    }

    #[test]
    fn paths_are_called_otherwise_within() {
        assert_eq!(at("/board").strip("/board/jobs?q=1"), Some("/jobs?q=1"));
        assert_eq!(at("").strip("/jobs"), Some("/jobs"));
        for elsewhere in ["/boards", "/board", "/", "/jobs"] {
            assert_eq!(at("/board").strip(elsewhere), None, "{elsewhere}");
        }
        let request = TestRequest::with_uri("/board/api/jobs").to_http_request();
        assert_eq!(inner(&request), "/board/api/jobs");
        request.extensions_mut().insert(at("/board"));
        assert_eq!(inner(&request), "/api/jobs");
    }

    #[test]
    fn segments_are_counted() {
        assert_eq!(first_segments("/a/b%2Fc/d", 2), "/a/b%2Fc");
        assert_eq!(first_segments("/a/b", 2), "/a/b");
        assert_eq!(first_segments("/a", 0), "");
    }
}
