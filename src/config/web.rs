//! How the HTTP side is to be reached.

use ::config::{Value, ValueKind};

use super::kinds;

/// What a path may hold beside letters and digits without being escaped.
const PLAIN: &[u8] = b"-._~";

/// The path beneath which everything is: without a slash at its end, and empty for none.
pub(super) fn base_path(value: &Value) -> Result<String, String> {
    if matches!(&value.kind, ValueKind::String(text) if text.is_empty()) {
        return Ok(String::new());
    }
    let given = kinds::text(value)?;
    let path = given.strip_suffix('/').unwrap_or(&given);
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || PLAIN.contains(&b);
    let is_segment = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(is_plain);
    let is_right = |path: &str| path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment));
    if path.is_empty() || is_right(path) {
        Ok(path.to_owned())
    } else {
        Err(kinds::wrong("a path such as /callboard, of letters, digits, -, ., _ and ~", value))
    }
}
