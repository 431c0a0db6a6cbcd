//! JSON bodies: their size, type and encoding.

use std::pin::Pin;
use std::time::Duration;

use actix_web::dev;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Payload};
use actix_web::{FromRequest, HttpRequest, mime};

use super::fields::Fields;
use super::object::NotAnObject;
use super::problem::Problem;
use super::query;
use crate::error::FieldFault;

/// The largest body that is about one thing: args of full size, and room for the other fields.
pub(crate) const ONE: usize = 2 * 1024 * 1024;

/// The largest body of a bulk call.
pub(crate) const BULK: usize = 32 * 1024 * 1024;

/// How long a whole body may take to arrive.
pub(crate) const ARRIVAL: Duration = Duration::from_secs(60);

/// The text of a JSON body of at most `LIMIT` bytes. That it is JSON is still to be seen.
#[derive(Debug)]
pub(crate) struct Body<const LIMIT: usize = ONE>(Bytes);

impl<const LIMIT: usize> Body<LIMIT> {
    /// Its size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The text.
    ///
    /// # Errors
    /// 400 when it is not UTF-8.
    pub(crate) fn text(&self) -> Result<&str, Problem> {
        std::str::from_utf8(&self.0)
            .map_err(|e| Problem::new(StatusCode::BAD_REQUEST, format!("the body is not UTF-8: {e}")))
    }

    /// The fields of the JSON object in it.
    ///
    /// # Errors
    /// 400 when it is not JSON, 422 when it is other JSON.
    pub(crate) fn fields(&self) -> Result<Fields<'_>, Problem> {
        Fields::of_object(self.text()?).map_err(|why| match why {
            NotAnObject::NotJson(_) => Problem::new(StatusCode::BAD_REQUEST, format!("the body {why}")),
            NotAnObject::OtherJson(_) => Problem::invalid(vec![FieldFault::new("body", why.to_string())]),
        })
    }
}

impl<const LIMIT: usize> From<String> for Body<LIMIT> {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl<const LIMIT: usize> FromRequest for Body<LIMIT> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let head = check_head(request, LIMIT);
        let payload = Payload::from_request(request, payload);
        Box::pin(async move {
            let typed = head?;
            let payload = payload.await.map_err(|e| Problem::new(StatusCode::BAD_REQUEST, e.to_string()))?;
            let bytes = receive(payload, LIMIT).await?;
            // Without a body there is nothing whose type could be wrong.
            if !typed && !bytes.is_empty() {
                return Err(not_json("the body has no Content-Type"));
            }
            Ok(Self(bytes))
        })
    }
}

/// For calls that take no body: nothing and `{}` are fine, fields are refused by name.
pub(crate) struct NoBody;

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let payload = Payload::from_request(request, payload);
        Box::pin(async move {
            let payload = payload.await.map_err(|e| Problem::new(StatusCode::BAD_REQUEST, e.to_string()))?;
            let bytes = receive(payload, ONE).await?;
            if !bytes.is_empty() {
                let body: Body = Body(bytes);
                query::finish(body.fields()?)?;
            }
            Ok(Self)
        })
    }
}

async fn receive(payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    match tokio::time::timeout(ARRIVAL, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(e))) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body did not arrive whole: {e}")))
        }
        Ok(Err(_)) => Err(too_large(limit)),
        Err(_) => Err(too_late()),
    }
}

/// Looks at the headers; says whether they name JSON.
fn check_head(request: &HttpRequest, limit: usize) -> Result<bool, Problem> {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|n| n > limit as u64) {
        return Err(too_large(limit));
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|v| v != "identity") {
        return Err(not_json("the body is encoded; only plain JSON is taken, so leave Content-Encoding out"));
    }
    match headers.get(header::CONTENT_TYPE) {
        None => Ok(false),
        Some(value) if value == "application/json" => Ok(true),
        Some(value) => match value.to_str().ok().and_then(|v| v.parse::<mime::Mime>().ok()) {
            Some(given) if is_json(&given) => Ok(true),
            _ => Err(not_json(&format!(
                "the body's Content-Type is {}",
                super::given::shorten(&String::from_utf8_lossy(value.as_bytes()))
            ))),
        },
    }
}

fn is_json(given: &mime::Mime) -> bool {
    given.essence_str() == "application/json"
        && given.get_param(mime::CHARSET).is_none_or(|c| c == mime::UTF_8)
}

fn not_json(what: &str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("{what}; it must be application/json in UTF-8"))
}

/// 408.
pub(crate) fn too_late() -> Problem {
    let detail = format!("the body did not arrive within {} s", ARRIVAL.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    async fn read<const LIMIT: usize>(request: TestRequest) -> Result<Body<LIMIT>, u16> {
        let (request, mut payload) = request.to_http_parts();
        Body::from_request(&request, &mut payload).await.map_err(|p| p.status().as_u16())
    }

    fn typed(content_type: &str, body: &'static [u8]) -> TestRequest {
        TestRequest::post().insert_header(("content-type", content_type)).set_payload(body)
    }

    #[actix_web::test]
    async fn only_json_in_utf8_is_taken() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; profile=x",
        ] {
            assert!(read::<ONE>(typed(good, b"{}")).await.is_ok(), "{good}");
        }
        for bad in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "json",
            "",
        ] {
            assert_eq!(read::<ONE>(typed(bad, b"{}")).await.unwrap_err(), 415, "{bad}");
        }
        assert_eq!(read::<ONE>(TestRequest::post().set_payload("{}")).await.unwrap_err(), 415);
        assert!(read::<ONE>(TestRequest::post()).await.is_ok());
        let zipped = typed("application/json", b"{}").insert_header(("content-encoding", "gzip"));
        assert_eq!(read::<ONE>(zipped).await.unwrap_err(), 415);
    }

    #[actix_web::test]
    async fn the_size_is_bounded_with_and_without_a_length() {
        assert!(read::<4>(typed("application/json", b"1234")).await.is_ok());
        assert_eq!(read::<4>(typed("application/json", b"12345")).await.unwrap_err(), 413);
        let announced = typed("application/json", b"1").insert_header(("content-length", "5"));
        assert_eq!(read::<4>(announced).await.unwrap_err(), 413);
    }

    #[actix_web::test]
    async fn a_call_without_fields_names_those_it_gets() {
        let read = |body: &'static str| async move {
            let (request, mut payload) = TestRequest::post().set_payload(body).to_http_parts();
            let read = NoBody::from_request(&request, &mut payload).await;
            read.map(|_| ()).map_err(|p| (p.status().as_u16(), p.errors().len()))
        };
        assert_eq!(read("").await, Ok(()));
        assert_eq!(read("{}").await, Ok(()));
        assert_eq!(read(r#"{"force":true}"#).await, Err((422, 1)));
        assert_eq!(read("force=true").await, Err((400, 0)));
    }

    #[test]
    fn bytes_that_are_no_text_or_no_json_are_400() {
        for (bytes, status) in [
            (&b"\xff"[..], 400),
            (b"{\"a\":\"\xc3\x28\"}", 400),
            (b"", 400),
            (b"{", 400),
            (b"{}}", 400),
            (b"[1,]", 400),
            (b"[]", 422),
            (b"null", 422),
        ] {
            let body: Body = Body(Bytes::from_static(bytes));
            assert_eq!(body.fields().unwrap_err().status().as_u16(), status, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let body: Body = Body(bytes.into());
            if let Err(problem) = body.fields() {
                prop_assert!(matches!(problem.status().as_u16(), 400 | 422));
            }
        }
    }
}
