//! Where traces go: `[telemetry]`.

use ::config::Value;

use super::kinds;
use super::section::Section;

/// What is said in `[telemetry]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetryConfig {
    /// A collector that speaks OTLP over HTTP; `None`: nothing is traced.
    pub otlp_endpoint: Option<url::Url>,
    /// Headers that it wants, such as a key.
    pub otlp_headers: Vec<(String, String)>,
    /// What this server is called in traces.
    pub service_name: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, otlp_headers: Vec::new(), service_name: "callboard".into() }
    }
}

/// Reads `[telemetry]`.
pub(super) fn telemetry(section: &mut Section<'_>) -> TelemetryConfig {
    let mut config = TelemetryConfig::default();
    section.set("otlp_endpoint", &mut config.otlp_endpoint, |value| kinds::web_url(value).map(Some));
    section.set("otlp_headers", &mut config.otlp_headers, headers);
    section.set("service_name", &mut config.service_name, kinds::text);
    config
}

/// `name=value,name=value`, as `OTEL_EXPORTER_OTLP_HEADERS` has it. What was given is not shown: it is
/// mostly a key.
fn headers(value: &Value) -> Result<Vec<(String, String)>, String> {
    let text = kinds::text(value)?;
    let mut headers = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or("must be name=value, and several of them with commas between")?;
        let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.trim().is_empty() || !name.trim().chars().all(is_name) {
            return Err("must have names of headers before each =".into());
        }
        if value.chars().any(char::is_control) {
            return Err("must not have control characters in the value of a header".into());
        }
        headers.push((name.trim().to_owned(), value));
    }
    Ok(headers)
}
