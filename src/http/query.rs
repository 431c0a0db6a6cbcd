//! Query strings, read as strictly as bodies.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::percent_decode;

use super::fields::Fields;
use super::given::{Given, shorten};
use super::problem::Problem;
use crate::error::FieldFault;

/// The most parameters in one query.
const MAX_PARAMETERS: usize = 1000;

/// The parameters of a query string, still to be taken out.
///
/// # Errors
/// 400 naming each parameter whose percent encoding is broken or not UTF-8; 422 when there are too
/// many.
pub(crate) fn fields(query: &str) -> Result<Fields<'_>, Problem> {
    let mut given = Vec::new();
    let mut faults = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decode(name), decode(value)) {
            (Ok(name), Ok(value)) => given.push((name, Given::Text(value))),
            (Err(why), _) | (_, Err(why)) => faults.push(FieldFault::new(shorten(name), why)),
        }
    }
    if given.len() + faults.len() > MAX_PARAMETERS {
        let message = format!("has more than {MAX_PARAMETERS} parameters");
        return Err(Problem::invalid(vec![FieldFault::new("query", message)]));
    }
    if faults.is_empty() {
        Ok(Fields::of_query(given))
    } else {
        Err(Problem::faulty(StatusCode::BAD_REQUEST, faults))
    }
}

/// Ends the reading of fields with the answer for a caller who gave wrong ones.
pub(crate) fn finish(fields: Fields<'_>) -> Result<(), Problem> {
    fields.finish().map_err(Problem::invalid)
}

fn decode(text: &str) -> Result<Cow<'_, str>, &'static str> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    // The decoder leaves a broken escape as it is, so look for one first.
    let mut parts = text.split('%');
    parts.next();
    if parts.any(|p| !matches!(p.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())) {
        return Err("has a % that is not followed by two hexadecimal digits");
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8().map_err(|_| "is not UTF-8")?;
    Ok(Cow::Owned(decoded.into_owned()))
}

/// For calls that know no query parameters: refuses any, by name.
pub(crate) struct NoQuery;

impl FromRequest for NoQuery {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.query_string() {
            "" => Ok(Self),
            query => fields(query).and_then(finish).map(|()| Self),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decodes_names_and_values() {
        let mut q = fields("t%61g=a+b&tag=%C3%A9&&flag").unwrap();
        let tags = q.list("tag", 9, |g| g.text().map(Cow::into_owned)).unwrap();
        assert_eq!(tags, ["a b", "é"]);
        assert_eq!(q.text("flag").unwrap(), "");
        assert!(finish(q).is_ok());
    }

    #[test]
    fn refuses_what_cannot_be_decoded() {
        for (query, field) in
            [("q=%", "q"), ("q=%4", "q"), ("q=%zz", "q"), ("a=1&q=%ff", "q"), ("%ff=1", "%ff")]
        {
            let problem = fields(query).unwrap_err();
            assert_eq!(problem.status(), StatusCode::BAD_REQUEST, "{query}");
            assert_eq!(problem.errors()[0].field, field, "{query}");
        }
        let many = "a&".repeat(MAX_PARAMETERS + 1);
        assert_eq!(fields(&many).unwrap_err().status(), StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_parameter_that_may_not_be_repeated_is_named() {
        let mut q = fields("limit=1&limit=2").unwrap();
        q.read("limit", Given::id);
        assert_eq!(finish(q).unwrap_err().errors()[0].field, "limit");
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(text in "\\PC*|[%&=+0-9a-f]*") {
            if let Ok(fields) = fields(&text) {
                prop_assert_eq!(finish(fields).is_ok(), text.split('&').all(str::is_empty));
            }
        }
    }
}
