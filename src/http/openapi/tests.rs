//! The document against the routes, and against itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::document;
use crate::http::{api_routes, resource};

type Calls = BTreeSet<(String, String)>;

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn documented() -> Calls {
    let document = document();
    operations(&document).map(|(path, method, _)| (method.to_uppercase(), path.to_owned())).collect()
}

/// What the server has. HEAD goes with GET, OPTIONS with everything.
fn mounted() -> Calls {
    let mounted = resource::listed(api_routes).into_iter();
    let calls =
        mounted.flat_map(|(path, methods)| methods.into_iter().map(move |m| (m.to_owned(), path.clone())));
    calls.filter(|(method, _)| !["HEAD", "OPTIONS"].contains(&method.as_str())).collect()
}

#[test]
fn every_call_is_in_the_document_and_every_entry_is_a_call() {
    let (documented, mounted) = (documented(), mounted());
    let missing: Vec<_> = mounted.difference(&documented).collect();
    assert!(
        missing.is_empty(),
        "write #[utoipa::path] at the handlers of these, and add them to Calls: {missing:?}"
    );
    let beyond: Vec<_> = documented.difference(&mounted).collect();
    assert!(beyond.is_empty(), "the server does not know these: {beyond:?}");
    assert!(mounted.len() > 60);
}

#[test]
fn it_is_openapi_3_1() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let known = document["tags"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let place = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{place}: the id is another's too"
        );
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{place} says nothing of itself");
        let tag = &operation["tags"][0];
        assert!(known.iter().any(|k| k["name"] == *tag), "{place} has a tag that is not described: {tag}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} is nowhere");
        }
        match value {
            Value::Object(fields) => open.extend(fields.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

#[test]
fn descriptions_are_for_people_who_know_no_rust() {
    let document = document();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(text)) = fields.get("description") {
                    assert!(!text.contains("None") && !text.contains("::") && !text.contains("[`"), "{text}");
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

/// Whether a value is as a schema of the document says.
fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let whole = json!({ "components": document["components"], "allOf": [schema] });
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
    validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

#[test]
fn every_body_and_every_answer_has_an_example_that_its_schema_allows() {
    let document = document();
    let mut seen = BTreeMap::<&str, usize>::new();
    for (path, method, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap().iter().map(|(status, answer)| {
            let to = answer["$ref"].as_str().map(|to| document.pointer(&to[1..]).unwrap());
            (status.as_str(), to.unwrap_or(answer))
        });
        for (what, holder) in answers.chain(operation.get("requestBody").map(|body| ("body", body))) {
            for (kind, content) in holder["content"].as_object().into_iter().flatten() {
                if !kind.contains("json") {
                    continue;
                }
                let place = format!("{method} {path} {what} {kind}");
                let example = content.get("example").unwrap_or_else(|| panic!("{place} has no example"));
                let faults = faults(&document, &content["schema"], example);
                assert!(faults.is_empty(), "{place}: {faults:?}\n{example:#}");
                *seen.entry("examples").or_default() += 1;
            }
        }
    }
    assert!(seen["examples"] > 300, "{seen:?}");
}

#[test]
fn errors_say_what_comes_with_them() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let answer = answer["$ref"].as_str().map_or(answer, |to| document.pointer(&to[1..]).unwrap());
            let wanted = match status.as_str() {
                "429" | "503" => "Retry-After",
                "401" => "WWW-Authenticate",
                "201"
                    if answer["content"]["application/json"]["schema"]["$ref"]
                        == "#/components/schemas/Job" =>
                {
                    "Location"
                }
                _ => continue,
            };
            assert!(answer["headers"].get(wanted).is_some(), "{method} {path} {status} lacks {wanted}");
        }
    }
    assert!(document["components"]["responses"]["MethodNotAllowed"]["headers"].get("Allow").is_some());
}
