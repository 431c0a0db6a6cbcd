//! Bodies and queries are read field by field, so their schemas stand beside that code and not in it.
//! Here the server itself is asked which names it knows: it tells whoever gives it one that it does not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::served::Served;

/// Like no name there is, so that none is proposed for it.
const UNKNOWN: &str = "zzzzzzzz";

type Names = BTreeSet<String>;

fn operations(document: &Value) -> impl Iterator<Item = (&str, String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, call)| (path.as_str(), method.to_uppercase(), call))
    })
}

/// A path with something in each place.
fn filled(path: &str) -> String {
    path.replace("{id}", "1").replace("{number}", "1").replace("{name}", "nightly").replace("{wid}", "w")
}

/// The names in "is not a … here; there are a, b, c"; none in "there are none".
fn told(problem: &Value) -> Option<Names> {
    let faults = problem["errors"].as_array()?;
    let message = faults.iter().find(|fault| fault["field"] == UNKNOWN)?["message"].as_str()?;
    if message.ends_with("there are none") {
        return Some(Names::new());
    }
    let (_, names) = message.split_once("there are ")?;
    Some(names.split(", ").map(str::to_owned).collect())
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    schema["$ref"].as_str().map_or(schema, |place| document.pointer(&place[1..]).unwrap())
}

/// The fields of a body, also of one that may be left out.
fn fields(document: &Value, call: &Value) -> Option<Names> {
    let schema = resolved(document, &call["requestBody"]["content"]["application/json"]["schema"]);
    let choice =
        schema["oneOf"].as_array().and_then(|choices| choices.iter().find(|one| one["type"] != "null"));
    let schema = resolved(document, choice.unwrap_or(schema));
    Some(schema["properties"].as_object()?.keys().cloned().collect())
}

/// Names that a call knows only to say why they are not for it.
fn refused(path: &str) -> Names {
    let names: &[&str] = if path.starts_with("/api/schedules") { &["run_at", "delay_secs"] } else { &[] };
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn parameters(call: &Value) -> Names {
    let parameters = call["parameters"].as_array().into_iter().flatten();
    let of_query = parameters.filter(|parameter| parameter["in"] == "query");
    of_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_call_knows_the_names_that_the_document_gives_it() {
    let server = Served::start("");
    let document = server.get("/api/openapi.json");
    assert_eq!(
        server.call("POST", "/api/jobs", Some(&json!({"job_type": "noop", "delay_secs": 600}))).0,
        201
    );
    let (mut bodies, mut queries) = (0, 0);
    for (path, method, call) in operations(&document) {
        let place = format!("{method} {path}");
        // Probes and scrapers like to add something; WebSockets are asked for in another way.
        if !path.starts_with("/api/") || path.ends_with("/ws") {
            continue;
        }
        let body = fields(&document, call);
        let (status, problem) = server.call(
            &method,
            &format!("{}?{UNKNOWN}=1", filled(path)),
            body.as_ref().map(|_| json!({})).as_ref(),
        );
        if let Some(told) = told(&problem) {
            assert_eq!(told, parameters(call), "{place}: parameters");
            queries += 1;
        } else {
            assert_eq!(status, 404, "{place} takes any parameter: {problem}");
        }
        if let Some(body) = body {
            let (status, problem) = server.call(&method, &filled(path), Some(&json!({UNKNOWN: 1})));
            assert_eq!(status, 422, "{place}: {problem}");
            let told = told(&problem).map(|told| &told - &refused(path));
            assert_eq!(told, Some(body), "{place}: fields");
            bodies += 1;
        }
    }
    assert!(bodies > 10 && queries > 50, "{bodies} bodies and {queries} queries were looked at");
}
