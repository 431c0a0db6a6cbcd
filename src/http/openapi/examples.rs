//! Examples: written down for the things there are (`examples.json`), and put together from those for
//! bodies and answers.

use serde_json::{Map, Value, json};

/// By the name of the schema.
const WRITTEN: &str = include_str!("examples.json");

/// The deepest that schemas may be nested; workflows can hold workflows.
const MAX_DEPTH: usize = 12;

/// Gives every body and every answer in JSON an example, and every parameter in a path.
pub(super) fn add(document: &mut Value) {
    let written: Map<String, Value> = serde_json::from_str(WRITTEN).unwrap_or_default();
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let maker = Maker { written: &written, schemas: &schemas };
    let operations = document["paths"].as_object_mut().into_iter().flat_map(Map::iter_mut);
    for (path, item) in operations {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            maker.illustrate(path, operation);
        }
    }
}

struct Maker<'a> {
    written: &'a Map<String, Value>,
    schemas: &'a Map<String, Value>,
}

impl Maker<'_> {
    fn illustrate(&self, path: &str, operation: &mut Value) {
        if let Some(body) = operation.get_mut("requestBody") {
            self.fill(body);
        }
        for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            self.fill(response);
        }
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
        for parameter in parameters.filter(|parameter| parameter["in"] == "path") {
            let name = parameter["name"].as_str().unwrap_or_default();
            parameter["example"] = example_in(path, name, parameter["schema"]["type"] == "integer");
        }
    }

    /// What has content in JSON gets an example, unless it has one.
    fn fill(&self, holder: &mut Value) {
        let contents = holder.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten();
        for (_, content) in contents.filter(|(kind, _)| kind.contains("json")) {
            if content.get("example").is_none() {
                content["example"] = self.of(&content["schema"], 0);
            }
        }
    }

    /// An example of a schema.
    fn of(&self, schema: &Value, depth: usize) -> Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()) {
            let known = || self.schemas.get(name).filter(|_| depth < MAX_DEPTH);
            return self
                .written
                .get(name)
                .cloned()
                .or_else(|| Some(self.of(known()?, depth + 1)))
                .unwrap_or_default();
        }
        if let Some(value) = ["example", "default", "const"].iter().find_map(|key| schema.get(*key)) {
            return value.clone();
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.together(parts, depth);
        }
        let choices = ["oneOf", "anyOf"].iter().find_map(|key| schema[*key].as_array());
        if let Some(choice) =
            choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null"))
        {
            return self.of(choice, depth + 1);
        }
        self.plain(schema, depth)
    }

    fn together(&self, parts: &[Value], depth: usize) -> Value {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(fields) = self.of(part, depth + 1) {
                whole.extend(fields);
            }
        }
        whole.into()
    }

    fn plain(&self, schema: &Value, depth: usize) -> Value {
        let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
        match kind.as_str().unwrap_or_default() {
            "object" => {
                let fields = schema["properties"].as_object().into_iter().flatten();
                fields
                    .map(|(name, field)| (name.clone(), self.of(field, depth + 1)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            "array" => json!([self.of(&schema["items"], depth + 1)]),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
            "boolean" => json!(true),
            "string" if schema["format"] == "date-time" => json!("2030-01-02T03:04:05.000Z"),
            "string" => json!("text"),
            _ => Value::Null,
        }
    }
}

/// A name that a path may hold.
fn example_in(path: &str, name: &str, is_number: bool) -> Value {
    match name {
        _ if is_number => json!(42),
        "id" => json!("channel_download"),
        "wid" => json!("4qpc2443vpvai"),
        _ if path.starts_with("/api/job-types") => json!("channel_download"),
        _ if path.starts_with("/api/queues") => json!("default"),
        _ if path.starts_with("/api/schedules") => json!("nightly"),
        _ => json!("approval"),
    }
}
