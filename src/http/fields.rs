//! What a caller gave by name, and all that is wrong with it.

use std::borrow::Cow;
use std::fmt;

use super::given::{Given, shorten};
use super::object::{self, NotAnObject, Object};
use crate::error::FieldFault;

/// The most faults that are listed, so that a bad body is not answered by one many times its size.
const MAX_FAULTS: usize = 10_000;

/// What fields of a query are called.
const PARAMETER: &str = "query parameter";

/// How alike two names must be (1 is equal) for one to be proposed for the other.
const ALIKE: f64 = 0.75;

/// Fields of a JSON object, or parameters of a query, that are taken out one after the other.
/// Faults are gathered on the way; what is left over at the end is a fault too.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    noun: &'static str,
    given: Vec<(Cow<'a, str>, Given<'a>)>,
    known: Vec<&'static str>,
    faults: Vec<FieldFault>,
}

impl<'a> Fields<'a> {
    /// The fields of a JSON object.
    pub(crate) fn of_object(text: &'a str) -> Result<Self, NotAnObject> {
        let Object { given, faults } = object::parse(text)?;
        Ok(Self { noun: "field", given, known: Vec::with_capacity(24), faults })
    }

    /// The parameters of a query, decoded.
    pub(super) fn of_query(given: Vec<(Cow<'a, str>, Given<'a>)>) -> Self {
        Self { noun: PARAMETER, given, known: Vec::with_capacity(24), faults: Vec::new() }
    }

    /// Notes a fault, unless one at this field is known already.
    pub(crate) fn fault(&mut self, field: impl Into<String>, message: impl Into<String>) {
        let field = field.into();
        if !self.is_faulty(&field) {
            self.faults.push(FieldFault { field, message: message.into() });
        }
    }

    /// Notes what the domain finds wrong with a thing made from these fields.
    pub(crate) fn faults(&mut self, found: Vec<(String, String)>) {
        for (field, message) in found {
            self.fault(field, message);
        }
    }

    /// Whether a fault was noted at a field or at a part of it.
    pub(crate) fn is_faulty(&self, field: &str) -> bool {
        self.faults.iter().any(|f| {
            f.field.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// Whether this field was given and not taken yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(n, _)| n == name)
    }

    /// The source text of a field that was not taken yet.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.peek_given(name).map(Given::source)
    }

    fn peek_given(&self, name: &str) -> Option<&Given<'a>> {
        self.given.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// Whether these are the parameters of a query.
    pub(crate) fn is_query(&self) -> bool {
        self.noun == PARAMETER
    }

    /// Takes a field out.
    fn take(&mut self, name: &'static str) -> Option<Given<'a>> {
        self.known.push(name);
        let at = self.given.iter().position(|(n, _)| n == name)?;
        let (_, value) = self.given.remove(at);
        if self.has(name) {
            self.given.retain(|(n, _)| n != name);
            self.fault(name, "is given more than once");
        }
        Some(value)
    }

    fn check<T>(&mut self, field: impl Into<String>, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.fault(field, message)).ok()
    }

    /// Reads a field that may be left out but not be null.
    pub(crate) fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Given<'a>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.check(name, read(&value))
    }

    /// Reads a field that may be left out (`None`) or be null (`Some(None)`).
    pub(crate) fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Given<'a>) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let value = self.take(name)?;
        if value.is_null() { Some(None) } else { self.check(name, read(&value)).map(Some) }
    }

    /// Reads a field that must be there.
    pub(crate) fn needed<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Given<'a>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.has(name) {
            self.fault(name, "is missing");
        }
        self.read(name, read)
    }

    /// Reads a text that may be left out or, in a body, be null. In a query `null` is a text.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Given::Json(raw) if raw.get() == "null" => None,
            value => self.check(name, value.text().map(Cow::into_owned)),
        }
    }

    /// Reads a list: a JSON array, or a parameter that may be repeated.
    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        max: usize,
        read: impl Fn(&Given<'a>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        match self.peek_given(name) {
            Some(Given::Text(_)) => self.repeated(name, max, read),
            Some(Given::Json(_)) => self.array(name, max, read),
            None => {
                self.known.push(name);
                None
            }
        }
    }

    /// Reads the values of a filter, any of which will do: a list, or one value by itself.
    pub(crate) fn any_of<T>(
        &mut self,
        name: &'static str,
        max: usize,
        read: impl Fn(&Given<'a>) -> Result<T, String>,
    ) -> Vec<T> {
        let values = match self.peek_given(name) {
            Some(Given::Json(raw)) if !raw.get().starts_with('[') => {
                self.read(name, read).map(|one| vec![one])
            }
            _ => self.list(name, max, read),
        };
        if values.as_ref().is_some_and(Vec::is_empty) {
            // Further on an empty list means "any value", the opposite of what it says.
            self.fault(name, "must name at least one value; leave it out to allow any");
        }
        values.unwrap_or_default()
    }

    fn array<T>(
        &mut self,
        name: &'static str,
        max: usize,
        read: impl Fn(&Given<'a>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let items = self.read(name, |value| value.items(max))?;
        let mut values = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            match read(item) {
                Ok(value) => values.push(value),
                Err(message) => self.faults.push(FieldFault::new(format!("{name}[{i}]"), message)),
            }
        }
        (values.len() == items.len()).then_some(values)
    }

    fn repeated<T>(
        &mut self,
        name: &'static str,
        max: usize,
        read: impl Fn(&Given<'a>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.known.push(name);
        let items: Vec<_> = self.given.extract_if(.., |(n, _)| n == name).map(|(_, value)| value).collect();
        if items.len() > max {
            self.fault(name, format!("must be given at most {max} times, got {}", items.len()));
            return None;
        }
        let values: Result<Vec<T>, String> = items.iter().map(read).collect();
        self.check(name, values)
    }

    /// Reads an object inside a field with fields of its own.
    pub(crate) fn table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Option<Option<T>> {
        let value = self.take(name)?;
        if value.is_null() {
            return Some(None);
        }
        self.inside(name, value.source(), read).map(Some)
    }

    /// Reads the text of an object that stands at `place`, and takes over its faults.
    pub(crate) fn inside<T>(
        &mut self,
        place: impl fmt::Display,
        text: &str,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Option<T> {
        let mut inner = match Fields::of_object(text) {
            Ok(inner) => inner,
            Err(why) => {
                self.fault(place.to_string(), why.to_string());
                return None;
            }
        };
        let made = read(&mut inner);
        let Err(faults) = inner.finish() else { return Some(made) };
        self.faults
            .extend(faults.into_iter().map(|f| FieldFault::new(format!("{place}.{}", f.field), f.message)));
        None
    }

    /// Whether all is well so far, and nothing is left to be read.
    pub(crate) fn is_done(&self) -> bool {
        self.faults.is_empty() && self.given.is_empty()
    }

    /// Whether there are more faults than will be listed, so that reading on tells nobody anything.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.faults.len() > MAX_FAULTS
    }

    /// Ends the reading: what was not taken is not known here.
    ///
    /// # Errors
    /// Every fault there is.
    pub(crate) fn finish(mut self) -> Result<(), Vec<FieldFault>> {
        for (name, _) in std::mem::take(&mut self.given) {
            let message = unknown(self.noun, &name, &self.known);
            self.fault(shorten(&name), message);
        }
        if self.faults.len() > MAX_FAULTS {
            self.faults.truncate(MAX_FAULTS);
            self.faults.push(FieldFault::new("…", "has more faults than are listed here"));
        }
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }
}

fn unknown(noun: &str, name: &str, known: &[&'static str]) -> String {
    let name = shorten(name);
    let nearest = known
        .iter()
        .map(|k| (strsim::jaro_winkler(&name, k), k))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, k)) => format!("is not a {noun} here; did you mean {k}?"),
        None if known.is_empty() => format!("is not a {noun} here; there are none"),
        None => format!("is not a {noun} here; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(fields: Fields<'_>) -> Vec<(String, String)> {
        fields.finish().err().unwrap_or_default().into_iter().map(|f| (f.field, f.message)).collect()
    }

    #[test]
    fn duplicates_and_left_overs_are_named_with_a_proposal() {
        let mut fields = Fields::of_object(r#"{"priority":1,"priority":2,"prioritty":3,"zzz":4}"#).unwrap();
        assert_eq!(fields.read("priority", |g| g.integer(1..=10)), Some(1));
        let found = faults(fields);
        assert_eq!(found[0], ("priority".into(), "is given more than once".into()));
        assert_eq!(found[1].0, "prioritty");
        assert!(found[1].1.contains("did you mean priority?"), "{found:?}");
        assert_eq!(found[2].0, "zzz");
        assert!(found[2].1.contains("there are priority"), "{found:?}");
    }

    #[test]
    fn lists_that_are_not_given_are_proposed_too() {
        let mut fields = Fields::of_object(r#"{"tagz":["a"],"stat":"b"}"#).unwrap();
        assert_eq!(fields.list("tags", 9, Given::word::<crate::domain::State>), None);
        assert!(fields.any_of("state", 9, Given::word::<crate::domain::State>).is_empty());
        let found = faults(fields);
        assert!(found[0].1.contains("did you mean tags?"), "{found:?}");
        assert!(found[1].1.contains("did you mean state?"), "{found:?}");
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        let fields = Fields::of_object(r#"{"key":1,"\u006bey":2}"#).unwrap();
        assert_eq!(faults(fields)[0], ("key".into(), "is given more than once".into()));
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let many: Vec<String> = (0..200_000).map(|n| format!("\"f{n}\":0")).collect();
        let found = faults(Fields::of_object(&format!("{{{}}}", many.join(","))).unwrap());
        assert_eq!(found.len(), object::MAX_FIELDS + 1);
        assert!(found.iter().any(|(_, m)| m.contains("more than 64")));
    }

    #[test]
    fn faults_inside_carry_the_whole_path() {
        let mut fields = Fields::of_object(r#"{"backoff":{"jitter":"x","base":1},"tags":["a",5]}"#).unwrap();
        let inner = fields.table("backoff", |b| b.read("jitter", Given::number));
        assert_eq!(inner, None);
        assert_eq!(fields.list("tags", 20, |g| g.text().map(Cow::into_owned)), None);
        let names: Vec<_> = faults(fields).into_iter().map(|(f, _)| f).collect();
        assert_eq!(names, ["backoff.jitter", "backoff.base", "tags[1]"]);
    }

    #[test]
    fn null_is_told_from_nothing() {
        let mut fields = Fields::of_object(r#"{"a":null,"b":1,"d":null}"#).unwrap();
        assert_eq!(fields.nullable("a", Given::number), Some(None));
        assert_eq!(fields.nullable("b", Given::number), Some(Some(1.0)));
        assert_eq!(fields.nullable("c", Given::number), None);
        assert_eq!(fields.read("d", Given::number), None);
        assert_eq!(faults(fields)[0].0, "d");
    }

    #[test]
    fn a_fault_of_the_domain_does_not_repeat_one_of_the_reading() {
        let mut fields = Fields::of_object(r#"{"unique":{"by":5}}"#).unwrap();
        fields.table("unique", |u| u.list("by", 9, |g| g.id()));
        fields.faults(vec![("unique".into(), "again".into()), ("key".into(), "too long".into())]);
        let names: Vec<_> = faults(fields).into_iter().map(|(f, _)| f).collect();
        assert_eq!(names, ["unique.by", "key"]);
    }

    #[test]
    fn an_empty_filter_list_is_refused() {
        let mut fields = Fields::of_object(r#"{"state":[],"queue":"a"}"#).unwrap();
        assert!(fields.any_of("state", 9, |g| g.id()).is_empty());
        assert_eq!(fields.any_of("queue", 9, |g| g.text().map(Cow::into_owned)), ["a"]);
        assert_eq!(faults(fields)[0].0, "state");
    }
}
