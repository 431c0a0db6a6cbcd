//! A workflow in a file: JSON, or TOML with the same names.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::values;
use crate::domain::Json;

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Json, Failure> {
    if path.extension().is_none_or(|extension| extension != "toml") {
        return values::json_file(path);
    }
    let wrong = |why: &dyn std::fmt::Display| Failure::Usage(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    from_toml(&text).map_err(|e| wrong(&e))
}

fn from_toml(text: &str) -> Result<Json, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let value = plain(toml::Value::Table(table)).ok_or("it holds a number that JSON has not")?;
    Json::of(&value).map_err(|e| e.to_string())
}

/// TOML as JSON says it; its times are text there.
fn plain(value: toml::Value) -> Option<serde_json::Value> {
    Some(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(n) => n.into(),
        toml::Value::Float(n) => serde_json::Number::from_f64(n)?.into(),
        toml::Value::Boolean(yes) => yes.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(plain).collect::<Option<Vec<_>>>()?.into(),
        toml::Value::Table(table) => {
            let fields = table.into_iter().map(|(name, value)| Some((name, plain(value)?)));
            serde_json::Value::Object(fields.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn toml_says_the_same() {
        let text = r#"
            name = "film"
            callback = { job_type = "tell" }
            [[jobs]]
            name = "fetch"
            job_type = "download"
            args = { url = "x", parts = [1, 2.5], on = true }
            run_at = 2030-01-02T03:04:05Z
            [[jobs]]
            name = "encode"
            job_type = "encode"
            depends_on = ["fetch"]
        "#;
        let expected = json!({"name": "film", "callback": {"job_type": "tell"}, "jobs": [
            {"name": "fetch", "job_type": "download", "args": {"url": "x", "parts": [1, 2.5], "on": true},
                "run_at": "2030-01-02T03:04:05Z"},
            {"name": "encode", "job_type": "encode", "depends_on": ["fetch"]}
        ]});
        assert_eq!(from_toml(text).unwrap().parse::<serde_json::Value>().unwrap(), expected);
        assert!(from_toml("a = nan").unwrap_err().contains("JSON"));
        assert!(from_toml("a = ").is_err());
    }
}
