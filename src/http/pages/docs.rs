//! The HTTP API for people: every call with its parameters and examples, to be tried from the page.

use std::sync::LazyLock;

use actix_web::web::{Data, ServiceConfig};
use askama::Template;
use serde_json::{Map, Value};

use super::super::reply::Reply;
use super::super::{openapi, resource};
use super::page;
use super::ui::{Section, Ui};
use super::visit::Visit;
use crate::runtime::Callboard;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    ui: Ui,
    groups: &'static [Group],
}

/// Calls that belong together.
struct Group {
    name: String,
    about: String,
    calls: Vec<Call>,
}

/// One call.
struct Call {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: Vec<String>,
    parameters: Vec<Parameter>,
    /// An example of its body.
    body: Option<String>,
    answers: Vec<Answer>,
    /// Whether it is over with one answer.
    can_be_tried: bool,
}

struct Parameter {
    name: String,
    place: String,
    kind: String,
    about: String,
    is_needed: bool,
    example: String,
}

struct Answer {
    status: String,
    about: String,
    example: Option<String>,
}

/// Made once: the document does not change while the program runs.
static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| groups(&openapi::document()));

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/docs").get(show).mount(config);
}

async fn show(callboard: Data<Callboard>, visit: Visit) -> Reply {
    page(&DocsPage { ui: visit.ui(&callboard, Section::None).await?, groups: &GROUPS })
}

fn groups(document: &Value) -> Vec<Group> {
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.map(|tag| Group {
        name: text(&tag["name"]),
        about: text(&tag["description"]),
        calls: calls(document)
            .filter(|(call, of)| **of == tag["name"] && !call.id.ends_with("Alias"))
            .map(|(call, _)| call)
            .collect(),
    })
    .collect()
}

/// Every call with its tag.
fn calls(document: &Value) -> impl Iterator<Item = (Call, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(move |(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations
            .map(move |(method, operation)| (call(document, path, method, operation), &operation["tags"][0]))
    })
}

fn call(document: &Value, path: &str, method: &str, operation: &Value) -> Call {
    let content = &operation["requestBody"]["content"]["application/json"];
    let answers = operation["responses"].as_object().into_iter().flatten();
    let answers: Vec<_> = answers.map(|(status, answer)| self::answer(document, status, answer)).collect();
    Call {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        about: words(&operation["description"])
            .split("\n\n")
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect(),
        parameters: operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|given| parameter(document, given))
            .collect(),
        body: content.get("example").map(|example| format!("{example:#}")),
        can_be_tried: operation["tags"][0] != "events",
        answers,
    }
}

fn parameter(document: &Value, parameter: &Value) -> Parameter {
    Parameter {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: kind(document, &parameter["schema"]),
        about: words(&parameter["description"]),
        is_needed: parameter["required"] == true,
        example: parameter.get("example").map(plain).unwrap_or_default(),
    }
}

/// What a parameter is, in a word or two.
fn kind(document: &Value, schema: &Value) -> String {
    if let Some(place) = schema["$ref"].as_str() {
        let there = document.pointer(&place[1..]).unwrap_or(&Value::Null);
        let words = there["enum"].as_array().into_iter().flatten().map(plain).collect::<Vec<_>>();
        return if words.is_empty() { kind(document, there) } else { words.join(", ") };
    }
    if schema["type"] == "array" {
        return format!("{} …", kind(document, &schema["items"]));
    }
    let plain = schema.get("format").or(schema["type"].as_array().map(|kinds| &kinds[0]));
    text(plain.unwrap_or(&schema["type"]))
}

fn answer(document: &Value, status: &str, answer: &Value) -> Answer {
    let place = answer["$ref"].as_str().and_then(|place| document.pointer(&place[1..]));
    let answer = place.unwrap_or(answer);
    // An error looks like any other; the document has an example of each.
    let content = answer["content"]
        .as_object()
        .filter(|_| status.starts_with('2'))
        .and_then(|content: &Map<_, _>| content.values().next());
    Answer {
        status: status.to_owned(),
        about: words(&answer["description"]),
        example: content.and_then(|content| content.get("example")).map(|example| format!("{example:#}")),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A text for people, whose marks for code are left out.
fn words(value: &Value) -> String {
    text(value).replace('`', "")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
