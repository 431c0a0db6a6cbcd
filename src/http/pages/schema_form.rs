//! A form for the args of a job type, made from their JSON Schema.

use serde_json::{Map, Value};

use super::form::Form;
use crate::domain::Json;
use crate::error::FieldFault;

/// Fields of more than this are better written as JSON.
const MAX_FIELDS: usize = 40;

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Input {
    Text,
    Number {
        integer: bool,
    },
    Flag,
    /// One of these, as JSON, with what is shown for it.
    Choice(Vec<(String, String)>),
    /// Anything else, as JSON.
    Json,
}

/// A field of the form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub name: String,
    pub input: Input,
    pub required: bool,
    pub description: String,
    /// What it holds at first.
    pub value: String,
}

/// The fields for a schema; `None` when it does not say which fields there are.
pub(super) fn fields(schema: &Value) -> Option<Vec<Field>> {
    let properties =
        schema.get("properties")?.as_object().filter(|p| !p.is_empty() && p.len() <= MAX_FIELDS)?;
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let field = |(name, about): (&String, &Value)| Field {
        input: input(about),
        required: required.contains(&name.as_str()),
        description: text_of(about, "description"),
        value: about
            .get("default")
            .filter(|d| !d.is_null())
            .map(|d| shown(d, &input(about)))
            .unwrap_or_default(),
        name: name.clone(),
    };
    Some(properties.iter().map(field).collect())
}

/// Fills in what args hold. `None` when they hold something that the fields cannot.
pub(super) fn fill(fields: Vec<Field>, args: &str) -> Option<Vec<Field>> {
    let mut given: Map<String, Value> = serde_json::from_str(args).ok()?;
    let filled = fields.into_iter().map(|field| {
        let value = given.remove(&field.name).map(|value| shown(&value, &field.input)).unwrap_or_default();
        Field { value, ..field }
    });
    let filled = filled.collect();
    given.is_empty().then_some(filled)
}

/// The args that a posted form holds, and the form's fields as they were filled in.
pub(super) fn read(fields: Vec<Field>, form: &Form) -> (Vec<Field>, Result<Json, Vec<FieldFault>>) {
    let mut members = Vec::new();
    let mut faults = Vec::new();
    let mut filled = Vec::new();
    for field in fields {
        let value = form.get(&format!("args.{}", field.name)).unwrap_or_default().to_owned();
        match member(&field, &value) {
            Ok(Some(json)) => members.push(format!("{}:{json}", Value::from(field.name.as_str()))),
            Ok(None) => {}
            Err(message) => faults.push(FieldFault::new(format!("args.{}", field.name), message)),
        }
        filled.push(Field { value, ..field });
    }
    let args = Json::checked(&format!("{{{}}}", members.join(",")));
    let args = match (faults.is_empty(), args) {
        (true, Ok(args)) => Ok(args),
        (true, Err(message)) => Err(vec![FieldFault::new("args", message)]),
        (false, _) => Err(faults),
    };
    (filled, args)
}

/// A field's value as JSON; `None` when it was left out.
fn member(field: &Field, value: &str) -> Result<Option<String>, &'static str> {
    match &field.input {
        Input::Flag => Ok(Some((value == "true").to_string())),
        _ if value.is_empty() && field.required => Err("is missing"),
        _ if value.is_empty() => Ok(None),
        Input::Text => Ok(Some(Value::from(value).to_string())),
        // Kept as it was written, so that no digit is lost.
        Input::Number { integer } => match serde_json::from_str::<serde_json::Number>(value.trim()) {
            Ok(_) if *integer && value.contains(['.', 'e', 'E']) => Err("must be a whole number"),
            Ok(_) => Ok(Some(value.trim().to_owned())),
            Err(_) => Err("must be a number"),
        },
        Input::Choice(known) if known.iter().any(|(json, _)| json == value) => Ok(Some(value.to_owned())),
        Input::Choice(_) => Err("must be one of those that are offered"),
        Input::Json => Json::checked(value).map(|json| Some(json.to_string())).map_err(|_| "must be JSON"),
    }
}

fn input(about: &Value) -> Input {
    if let Some(values) = about.get("enum").and_then(Value::as_array) {
        return Input::Choice(values.iter().map(|v| (v.to_string(), plain(v))).collect());
    }
    match kind(about) {
        Some("string") => Input::Text,
        Some("integer") => Input::Number { integer: true },
        Some("number") => Input::Number { integer: false },
        Some("boolean") => Input::Flag,
        _ => Input::Json,
    }
}

/// The one type of a value; an optional one may be null besides.
fn kind(about: &Value) -> Option<&str> {
    match about.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            kinds.next().filter(|_| kinds.next().is_none())
        }
        _ => None,
    }
}

fn shown(value: &Value, input: &Input) -> String {
    match input {
        Input::Text => plain(value),
        _ => value.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn text_of(about: &Value, name: &str) -> String {
    about.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({"type": "object", "required": ["url"], "properties": {
            "url": {"type": "string", "description": "Where"},
            "depth": {"type": ["integer", "null"], "default": 3},
            "fast": {"type": "boolean"},
            "mode": {"enum": ["a", 1, null]},
            "extra": {"$ref": "#/$defs/Extra"},
        }})
    }

    #[test]
    fn what_is_filled_in_becomes_args() {
        let form = Form::of_query(
            "args.url=a%22b&args.depth=12345678901234567890123&args.fast=true&args.mode=1&args.extra=%5B1%5D",
        );
        let (_, args) = read(fields(&schema()).unwrap(), &form);
        let args = args.unwrap();
        assert_eq!(args.at_path("url").unwrap().as_str(), r#""a\"b""#);
        assert_eq!(args.at_path("depth").unwrap().as_str(), "12345678901234567890123");
        assert_eq!(args.at_path("extra").unwrap().as_str(), "[1]");
        assert_eq!(args.at_path("mode").unwrap().as_str(), "1");
    }

    #[test]
    fn every_wrong_field_is_named() {
        let form = Form::of_query("args.depth=1.5&args.mode=b&args.extra=%7B");
        let (filled, args) = read(fields(&schema()).unwrap(), &form);
        let mut names: Vec<_> = args.unwrap_err().into_iter().map(|f| f.field).collect();
        names.sort();
        assert_eq!(names, ["args.depth", "args.extra", "args.mode", "args.url"]);
        assert!(filled.iter().any(|f| f.value == "1.5"));
    }

    #[test]
    fn args_are_filled_in_or_left_to_json() {
        let all = fill(fields(&schema()).unwrap(), r#"{"url":"x","fast":true}"#).unwrap();
        assert_eq!(all.iter().find(|f| f.name == "url").unwrap().value, "x");
        assert!(fill(fields(&schema()).unwrap(), r#"{"url":"x","unknown":1}"#).is_none());
        assert!(fill(fields(&schema()).unwrap(), "[1]").is_none());
        assert!(fields(&json!({"type": "object"})).is_none());
        assert!(fields(&json!(true)).is_none());
    }
}
