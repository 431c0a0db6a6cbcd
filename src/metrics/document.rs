//! The table of the metrics in `docs/observability.md`.

use std::fmt::Write;

use super::Listed;

/// The table, a row for each metric.
#[must_use]
pub fn document(metrics: &[Listed]) -> String {
    let mut table = String::from("| metric | kind | labels | what it says |\n|---|---|---|---|\n");
    for Listed { name, kind, labels, help } in metrics {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(table, "| `{name}` | {} | {} | {help} |", kind.as_str(), labels.join(", "));
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metrics::{Kind, listed};

    const BEGIN: &str = "<!-- made from the code: begin -->\n";
    const END: &str = "<!-- made from the code: end -->\n";

    #[test]
    fn the_page_names_what_there_is_and_nothing_else() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/observability.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (before, rest) = page.split_once(BEGIN).unwrap();
        let (table, after) = rest.split_once(END).unwrap();
        let made = document(&listed());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
        } else {
            assert_eq!(table, made, "UPDATE_DOCS=1 cargo test --lib metrics writes it anew");
        }
    }

    #[test]
    fn names_follow_the_conventions() {
        let all = listed();
        let names: BTreeSet<&str> = all.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), all.len(), "a name is there twice");
        for Listed { name, kind, labels, help } in &all {
            let good = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
            assert!(name.chars().all(good), "{name}");
            assert!(name.starts_with("callboard_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            for unit in ["_ms", "_millis", "_minutes", "_kib", "_mib"] {
                assert!(!name.contains(unit), "{name}: base units");
            }
            // The encoder ends the sentence.
            assert!(!help.is_empty() && !help.ends_with('.') && !help.contains('|'), "{name}: {help}");
            for id in ["id", "job", "job_id", "worker_id", "path"] {
                assert!(
                    !labels.contains(&id),
                    "{name}: a label must not have as many values as there are jobs"
                );
            }
        }
    }

    fn read(path: &str) -> String {
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    }

    /// The metrics that a text names.
    fn named(text: &str) -> BTreeSet<&str> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        words.filter(|word| word.starts_with("callboard_") || word.starts_with("process_")).collect()
    }

    #[test]
    fn dashboard_and_alerts_use_what_there_is() {
        let mut known = BTreeSet::new();
        for Listed { name, kind, .. } in listed() {
            match kind {
                Kind::Histogram => {
                    known.extend(["bucket", "sum", "count"].map(|end| format!("{name}_{end}")));
                }
                _ => known.extend([name.to_owned()]),
            }
        }
        let prose = read("docs/observability.md");
        let (queries, _) = prose.split_once("### All of them").unwrap();
        for text in [
            read("examples/grafana/dashboard.json").as_str(),
            &read("examples/prometheus/alerts.yml"),
            queries,
        ] {
            let used = named(text);
            assert!(used.len() > 5);
            let unknown: Vec<_> = used.iter().filter(|name| !known.contains(**name)).collect();
            assert!(unknown.is_empty(), "no such metrics: {unknown:?}");
        }
    }

    #[test]
    fn every_alert_has_its_words() {
        let (rules, page) = (read("examples/prometheus/alerts.yml"), read("docs/observability.md"));
        let alerts: Vec<&str> =
            rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
        assert!(alerts.len() > 10);
        for alert in alerts {
            assert!(page.contains(&format!("\n### {alert}\n")), "{alert} is not in docs/observability.md");
            let runbook = format!("runbook: \"docs/observability.md#{}\"", alert.to_lowercase());
            assert!(rules.contains(&runbook), "{alert} does not lead there");
        }
        let heads = page.lines().filter_map(|line| line.strip_prefix("### Callboard"));
        for head in heads {
            assert!(
                rules.contains(&format!("alert: Callboard{head}\n")),
                "there is no alert Callboard{head}"
            );
        }
    }
}
