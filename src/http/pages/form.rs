//! Forms as browsers post them, and queries as they make them.

use std::borrow::Cow;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use url::form_urlencoded;

use super::super::body;
use super::super::fields::Fields;
use super::super::given::Given;
use super::super::problem::Problem;
use super::csrf::{self, Csrf};

/// The fields of a form, in order. Those that were left empty count as not given.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The parameters of a query.
    pub(super) fn of_query(query: &str) -> Self {
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// A field that was filled in.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All fields.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Without some of the fields.
    pub(super) fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(n, _)| !names.contains(&n.as_str())).cloned().collect())
    }

    /// With one more field.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// With the items of a field, which are parted by commas or blanks, as fields of their own.
    pub(super) fn split(&self, name: &str, into: &str) -> Self {
        let parts = self.all(name).flat_map(|text| text.split([',', ' ', '\n'])).map(str::trim);
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).map(str::to_owned).collect();
        parts.into_iter().fold(self.without(&[name]), |form, part| form.with(into, part))
    }

    /// Whether nothing was filled in.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the API reads them.
    pub(super) fn fields(&self) -> Fields<'_> {
        let given = |(name, value): (&'_ String, &'_ String)| {
            (Cow::Owned(name.clone()), Given::Text(Cow::Owned(value.clone())))
        };
        Fields::of_query(self.0.iter().map(|(n, v)| given((n, v))).collect())
    }

    /// As a query string.
    pub(super) fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

impl FromIterator<(String, String)> for Form {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }
}

/// A form that was posted from one of our own pages.
#[derive(Debug)]
pub(super) struct Posted(pub(super) Form);

impl FromRequest for Posted {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Csrf::of(request);
        let pairs = web::Form::<Vec<(String, String)>>::from_request(request, payload);
        Box::pin(async move {
            // Before the proof is looked at there may be anybody.
            let pairs = tokio::time::timeout(body::ARRIVAL, pairs).await.map_err(|_| body::too_late())?;
            let pairs =
                pairs.map_err(|e| Problem::new(e.as_response_error().status_code(), e.to_string()))?;
            let form: Form = pairs.into_inner().into_iter().collect();
            if !visitor.is_proven_by(form.get(csrf::NAME)) {
                let detail =
                    "the form is out of date or not from here; go back, reload the page and try again";
                return Err(Problem::new(StatusCode::FORBIDDEN, detail));
            }
            Ok(Self(form.without(&[csrf::NAME])))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_not_given() {
        let form = Form::of_query("q=&state=failed&tag=a+b,c&tag=d&q=x");
        assert_eq!(form.get("q"), Some("x"));
        assert_eq!(form.split("tag", "tag").all("tag").collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(form.without(&["tag", "q"]).with("q", "й").to_query(), "state=failed&q=%D0%B9");
    }
}
