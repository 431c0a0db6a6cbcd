//! What holds for every call, added to the document by rule: errors, the second names of some paths,
//! descriptions for people who know no Rust, examples.

use serde_json::{Map, Value, json};

use super::examples;

/// Paths with a second name.
pub(super) const ALIASES: [(&str, &str); 3] = [
    ("/api/jobs/{id}/logs", "/api/jobs/logs/{id}"),
    ("/api/jobs/queue/status", "/api/queue-status"),
    ("/api/jobs/{id}/ws", "/jobs/{id}/ws"),
];

/// What everybody may ask.
const OPEN: [&str; 1] = ["/healthz"];

/// Calls whose body may be left out.
const WITHOUT_BODY: [&str; 4] = ["enqueueJobOfType", "signalJob", "retryJob", "retryWorkflow"];

/// What does not look at its query.
const LENIENT: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/stats", "/health"];

/// A kind of error: its status, its name among the components, when it comes, an example of what it
/// says, and its headers.
struct Kind {
    status: u16,
    name: &'static str,
    when: &'static str,
    detail: &'static str,
    headers: &'static [(&'static str, &'static str)],
}

const KINDS: [Kind; 14] = [
    kind(
        400,
        "BadRequest",
        "The body is not JSON, or text is not UTF-8.",
        "the body is not JSON: EOF while parsing an object at line 1 column 1",
        &[],
    ),
    kind(
        401,
        "Unauthorized",
        "A token is needed, or this one is not known.",
        "this server wants a token",
        &[("WWW-Authenticate", "How to send a token.")],
    ),
    kind(
        403,
        "Forbidden",
        "The token's role is not enough, or the request comes from a page of another site.",
        "this call needs the role operator; the token \"eyes\" has the role viewer",
        &[],
    ),
    kind(404, "NotFound", "There is no such thing.", "there is no job 42", &[]),
    kind(
        405,
        "MethodNotAllowed",
        "The method is not known here.",
        "PUT is not known here; known are GET, HEAD, OPTIONS",
        &[("Allow", "The methods that are known here.")],
    ),
    kind(409, "Conflict", "The state of things does not allow it.", "job 42 is running", &[]),
    kind(413, "ContentTooLarge", "The body is too large.", "the body is larger than 2097152 bytes", &[]),
    kind(
        414,
        "UriTooLong",
        "Path and query are longer than 32 KiB.",
        "path and query are longer than 32768 bytes; a body has more room",
        &[],
    ),
    kind(
        415,
        "UnsupportedMediaType",
        "The body is not `application/json`.",
        "the body's Content-Type is text/plain; it must be application/json in UTF-8",
        &[],
    ),
    kind(
        422,
        "Invalid",
        "Fields or parameters are wrong; `errors` names them all.",
        "priority must be a whole number from 1 to 10, got 11",
        &[],
    ),
    kind(
        426,
        "UpgradeRequired",
        "This is a WebSocket endpoint.",
        "this is a WebSocket endpoint: ask for an upgrade",
        &[("Upgrade", "What to ask for.")],
    ),
    kind(
        429,
        "TooMany",
        "The token has made as many requests as it may, too many wrong ones came from there, or too many wait already.",
        "the token \"eyes\" may make 600 requests in 60 seconds, and has",
        &[("Retry-After", "Seconds to wait before the next try.")],
    ),
    kind(
        431,
        "HeadersTooLong",
        "The head of the request is too long.",
        "the headers are longer than 32768 bytes",
        &[],
    ),
    kind(
        503,
        "Unavailable",
        "The server is shutting down, or its store is away.",
        "the server is shutting down",
        &[("Retry-After", "Seconds to wait before the next try.")],
    ),
];

const fn kind(
    status: u16,
    name: &'static str,
    when: &'static str,
    detail: &'static str,
    headers: &'static [(&'static str, &'static str)],
) -> Kind {
    Kind { status, name, when, detail, headers }
}

impl Kind {
    fn reference(&self) -> Value {
        json!({ "$ref": format!("#/components/responses/{}", self.name) })
    }

    fn headers(&self) -> Value {
        let headers = self.headers.iter().map(|(name, what)| {
            ((*name).to_owned(), json!({ "description": what, "schema": { "type": "string" } }))
        });
        headers.collect::<Map<_, _>>().into()
    }

    fn content(&self) -> Value {
        if self.status == 431 {
            // The connection itself may have refused it; then nothing more is said.
            return json!({});
        }
        let title = actix_web::http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        let mut example =
            json!({ "type": "about:blank", "title": title, "status": self.status, "detail": self.detail });
        if self.status == 422 {
            let (field, message) = self.detail.split_once(' ').unwrap_or_default();
            example["errors"] = json!([{ "field": field, "message": message }]);
        }
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        json!({ "application/problem+json": { "schema": schema, "example": example } })
    }

    fn response(&self) -> Value {
        json!({ "description": self.when, "headers": self.headers(), "content": self.content() })
    }
}

/// The whole document.
pub(super) fn finish(mut document: Value) -> Value {
    document["info"]["description"] = include_str!("description.md").into();
    document["info"]["contact"] = Value::Null;
    document["components"]["responses"] =
        KINDS.iter().map(|kind| (kind.name.to_owned(), kind.response())).collect::<Map<_, _>>().into();
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "A token of `auth.tokens`. Where none are set, everybody may do everything." }
    });
    document["security"] = json!([{ "bearer": [] }, {}]);
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths.iter_mut() {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                add_errors(path, operation);
            }
        }
        add_aliases(paths);
    }
    examples::add(&mut document);
    for_people(&mut document);
    without_nulls(&mut document);
    document
}

/// The errors that a call can end in by what it takes.
fn errors_of(path: &str, operation: &Value) -> Vec<u16> {
    let takes_body = operation.get("requestBody").is_some();
    let mut statuses = vec![414, 431];
    if !OPEN.contains(&path) {
        statuses.extend([401, 403, 429]);
    }
    if path.contains('{') {
        statuses.push(404);
    }
    if !LENIENT.contains(&path) {
        statuses.extend([400, 422]);
    }
    if takes_body {
        statuses.extend([413, 415]);
    }
    if !["/healthz", "/api/openapi.json"].contains(&path) {
        statuses.push(503);
    }
    statuses
}

fn add_errors(path: &str, operation: &mut Value) {
    if OPEN.contains(&path) {
        operation["security"] = json!([]);
    }
    let may_lack_body = WITHOUT_BODY.iter().any(|id| operation["operationId"] == *id);
    if let Some(body) = operation.get_mut("requestBody") {
        body["required"] = (!may_lack_body).into();
    }
    let statuses = errors_of(path, operation);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for status in statuses {
        if let Some(kind) = KINDS.iter().find(|kind| kind.status == status) {
            responses.entry(status.to_string()).or_insert_with(|| kind.reference());
        }
    }
    // One that is described beside its handler says why; the rest of it is as everywhere.
    for (status, response) in responses.iter_mut() {
        let kind = KINDS.iter().find(|kind| kind.status.to_string() == *status);
        if let (Some(kind), None, None) = (kind, response.get("$ref"), response.get("content")) {
            response["content"] = kind.content();
            response["headers"] = kind.headers();
        }
    }
}

/// Names of operations are unique, so those of second names say that they are.
fn add_aliases(paths: &mut Map<String, Value>) {
    for (path, alias) in ALIASES {
        let Some(mut item) = paths.get(path).cloned() else { continue };
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            operation["operationId"] = format!("{id}Alias").into();
            let summary = operation["summary"].as_str().unwrap_or_default();
            operation["summary"] = format!("{summary} (second name)").into();
            operation["description"] = format!("The same as `{path}`.").into();
        }
        paths.insert(alias.to_owned(), item);
    }
}

/// Descriptions come from the documentation of types, which speaks Rust here and there.
fn for_people(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text
                    .replace("the inner `None`", "null")
                    .replace("`None`", "null")
                    .replace("[`", "`")
                    .replace("`]", "`");
            }
            fields.values_mut().for_each(for_people);
        }
        Value::Array(items) => items.iter_mut().for_each(for_people),
        _ => {}
    }
}

/// What is left empty is left out.
fn without_nulls(document: &mut Value) {
    if let Some(info) = document["info"].as_object_mut() {
        info.retain(|_, value| !value.is_null());
    }
}
