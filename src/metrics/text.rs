//! The metrics as text, in the two formats that scrapers ask for.

use std::fmt;

use prometheus_client::encoding::text::{encode_eof, encode_registry};

use super::shelf::{Kind, Shelf};

/// A format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4, which everybody reads.
    #[default]
    Prometheus,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

impl Format {
    /// The one that an `Accept` header likes best.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let open = quality(accept, &["application/openmetrics-text"]);
        let plain = quality(accept, &["text/plain", "text/*", "*/*"]);
        if open > 0.0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// Its media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// How much somebody who sent this header wants any of these media types.
fn quality(accept: &str, types: &[&str]) -> f64 {
    let mut best = 0.0_f64;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if types.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) {
            let q = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse);
            best = best.max(q.unwrap_or(0.0));
        }
    }
    best
}

/// Writes shelves one after the other.
///
/// # Errors
/// When a metric cannot be written.
pub(super) fn write(format: Format, shelves: &[&Shelf]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    for shelf in shelves {
        encode_registry(&mut text, shelf.registry())?;
    }
    match format {
        Format::OpenMetrics => encode_eof(&mut text)?,
        Format::Prometheus => text = plain(&text, shelves),
    }
    Ok(text)
}

/// The older format names a counter as its samples are named.
fn plain(open: &str, shelves: &[&Shelf]) -> String {
    let counters: std::collections::HashMap<&str, &str> = shelves
        .iter()
        .flat_map(|shelf| shelf.listed())
        .filter(|metric| metric.kind == Kind::Counter)
        .filter_map(|metric| Some((metric.name.strip_suffix("_total")?, metric.name)))
        .collect();
    let mut text = String::with_capacity(open.len());
    for line in open.lines() {
        let said = line.strip_prefix("# ").and_then(|rest| rest.split_once(' '));
        let said = said.and_then(|(what, rest)| Some((what, rest.split_once(' ')?)));
        match said {
            Some((what, (name, rest))) => {
                let name = counters.get(name).unwrap_or(&name);
                text.push_str(&format!("# {what} {name} {rest}\n"));
            }
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrapers_get_what_they_ask_for() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        for plain in ["", "*/*", "text/plain", "text/plain,application/openmetrics-text;q=0.2", "text/html"] {
            assert_eq!(Format::accepted(plain), Format::Prometheus, "{plain}");
        }
        assert_eq!(Format::accepted("application/openmetrics-text; q=0"), Format::Prometheus);
    }

    #[test]
    fn the_formats_differ_in_the_names_of_counters() {
        let mut shelf = Shelf::default();
        shelf.counters("a_total", &["of"], "Things").of(&["x\n\"y\""]).inc();
        shelf.gauge("b", "Other things").set(0.5);
        let open = write(Format::OpenMetrics, &[&shelf]).unwrap();
        let sample = "a_total{of=\"x\\n\\\"y\\\"\"} 1\n";
        let rest = "# HELP b Other things.\n# TYPE b gauge\nb 0.5\n";
        assert_eq!(open, format!("# HELP a Things.\n# TYPE a counter\n{sample}{rest}# EOF\n"));
        let plain = write(Format::Prometheus, &[&shelf]).unwrap();
        assert_eq!(plain, format!("# HELP a_total Things.\n# TYPE a_total counter\n{sample}{rest}"));
    }
}
