//! What every request has to pass before its handler sees it.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest};

use super::access::Access;
use super::base::Base;
use super::problem::Problem;
use super::{forwarded, pages};

/// The longest path and query together, in bytes.
const MAX_URI: usize = 32 * 1024;

/// The most bytes in all headers.
const MAX_HEADERS: usize = 32 * 1024;

/// Lets a request through, or answers it with what is wrong.
pub(super) async fn guard<B: MessageBody>(
    access: Data<Access>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let base = Base::note(&request);
    if let Some(answer) = base.entrance(request.request()) {
        return Ok(request.into_response(answer).map_into_right_body());
    }
    match admit(&access, request.request()).await {
        Ok(()) => {
            let mut answer = next.call(request).await?;
            let is_secure = forwarded::is_secure(answer.request());
            base.put_before(answer.headers_mut(), is_secure);
            Ok(answer.map_into_left_body())
        }
        Err(problem) => {
            let mut answer = pages::refusal(request.request(), &problem);
            base.put_before(answer.headers_mut(), forwarded::is_secure(request.request()));
            Ok(request.into_response(answer).map_into_right_body())
        }
    }
}

async fn admit(access: &Access, request: &HttpRequest) -> Result<(), Problem> {
    check_size(request)?;
    access.check(request).await
}

fn check_size(request: &HttpRequest) -> Result<(), Problem> {
    let uri = request.path().len() + request.query_string().len();
    if uri > MAX_URI {
        let detail = format!("path and query are longer than {MAX_URI} bytes; a body has more room");
        return Err(Problem::new(StatusCode::URI_TOO_LONG, detail));
    }
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > MAX_HEADERS {
        let detail = format!("the headers are longer than {MAX_HEADERS} bytes");
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn long_addresses_and_headers_are_refused() {
        let status =
            |request: TestRequest| check_size(&request.to_http_request()).map_err(|p| p.status().as_u16());
        assert_eq!(status(TestRequest::with_uri("/api/jobs?q=a")), Ok(()));
        assert_eq!(status(TestRequest::with_uri(&format!("/?q={}", "a".repeat(MAX_URI)))), Err(414));
        let long = TestRequest::get().insert_header(("x-long", "a".repeat(MAX_HEADERS)));
        assert_eq!(status(long), Err(431));
    }
}
