//! What is in `examples/` for Prometheus and Grafana, as Prometheus itself understands it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(home().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Prometheus' own tool: that of this machine, or the one that `scripts/setup` has taken out of Debian's package.
fn promtool() -> Option<PathBuf> {
    let all = [home().join(".tools/bin/promtool"), "promtool".into()];
    let found = all.into_iter().find(|tool| Command::new(tool).arg("--version").output().is_ok());
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "there is no promtool: run scripts/setup");
    if found.is_none() {
        eprintln!("NOT RUN: there is no promtool; scripts/setup installs it");
    }
    found
}

/// Has it look at a file, and wants it to be pleased.
fn pleases(args: &[&str]) {
    let Some(tool) = promtool() else { return };
    let said = Command::new(tool).args(args).current_dir(home()).output().unwrap();
    let text = [said.stdout, said.stderr].concat();
    assert!(said.status.success(), "{args:?}: {}", String::from_utf8_lossy(&text));
}

#[test]
fn the_configuration_and_its_rules_are_taken() {
    pleases(&["check", "config", "examples/prometheus/prometheus.yml"]);
    pleases(&["check", "rules", "--lint-fatal", "examples/prometheus/alerts.yml"]);
}

#[test]
fn every_alert_fires_when_it_should() {
    let (rules, cases) = (text("examples/prometheus/alerts.yml"), text("tests/monitoring/alerts.yml"));
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let tried: BTreeSet<&str> =
        cases.lines().filter_map(|line| line.trim().strip_prefix("- alertname: ")).collect();
    assert_eq!(alerts.collect::<BTreeSet<_>>(), tried, "alerts, and those that are seen to fire");
    pleases(&["test", "rules", "tests/monitoring/alerts.yml"]);
}

/// A panel's query with what Grafana would put in place of its variables.
fn filled(query: &str) -> String {
    query.replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$job_type", ".*")
}

#[test]
fn every_panel_asks_what_can_be_answered() {
    let dashboard: Value = serde_json::from_str(&text("examples/grafana/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries: Vec<String> = targets.map(|target| filled(target["expr"].as_str().unwrap())).collect();
    assert!(queries.len() > 40 && !queries.iter().any(|query| query.contains('$')), "{queries:#?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("panels.yml");
    let rule =
        |(n, query): (usize, &String)| serde_json::json!({"record": format!("panel:{n}"), "expr": query});
    let rules: Vec<Value> = queries.iter().enumerate().map(rule).collect();
    // JSON is YAML.
    let groups = serde_json::json!({"groups": [{"name": "panels", "rules": rules}]});
    std::fs::write(&file, groups.to_string()).unwrap();
    pleases(&["check", "rules", file.to_str().unwrap()]);
}
