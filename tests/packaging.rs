//! What is handed to others to build and install is what it says it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn metadata() -> Value {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--offline", "--format-version", "1"]);
    let ran = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// `1.89` or `1.89.0` as numbers.
fn version(text: &str) -> (u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap_or(0))
}

/// Everything that is compiled into the program, by id.
fn built(metadata: &Value) -> Vec<String> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().map(|node| (node["id"].as_str().unwrap(), node)).collect();
    let root = metadata["resolve"]["root"].as_str().unwrap().to_owned();
    let (mut found, mut next) = (vec![root.clone()], vec![root]);
    while let Some(id) = next.pop() {
        for dependency in nodes[id.as_str()]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            let id = dependency["pkg"].as_str().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") && !found.iter().any(|seen| seen == id) {
                found.push(id.to_owned());
                next.push(id.to_owned());
            }
        }
    }
    found
}

#[test]
fn nothing_that_is_built_in_wants_a_newer_rust_than_callboard_says() {
    let metadata = metadata();
    let built = built(&metadata);
    assert!(built.len() > 100, "{}", built.len());
    let said = version(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().unwrap();
    let newer: Vec<String> = packages
        .iter()
        .filter(|package| built.iter().any(|id| *id == package["id"]))
        .filter(|package| package["rust_version"].as_str().is_some_and(|wanted| version(wanted) > said))
        .map(|package| {
            format!("{} {} wants Rust {}", package["name"], package["version"], package["rust_version"])
        })
        .collect();
    assert!(newer.is_empty(), "rust-version is {said:?}: {newer:#?}");
}

#[test]
fn the_oldest_rust_is_the_same_wherever_it_is_said() {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    for (file, words) in [
        ("packaging/docker/Dockerfile", format!("FROM rust:{oldest}-")),
        ("README.md", format!("{oldest} or later")),
        ("docs/operations.md", format!("Rust {oldest} or later")),
        (".github/workflows/ci.yml", format!("toolchain install {oldest} ")),
    ] {
        assert!(text(file).contains(&words), "{file} does not say {words:?}");
    }
}

#[test]
fn what_the_debian_package_holds_is_there_or_made() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().find(|package| package["name"] == "callboard").unwrap();
    let assets = ours["metadata"]["deb"]["assets"].as_array().unwrap();
    assert!(assets.len() > 5);
    for asset in assets {
        let source = asset[0].as_str().unwrap();
        // Those are made by packaging/assets and cargo.
        if source.starts_with("target/") {
            continue;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        let there = match path.file_name().unwrap().to_str().unwrap().strip_prefix('*') {
            None => path.exists(),
            Some(ending) => fs::read_dir(path.parent().unwrap())
                .unwrap()
                .any(|entry| entry.unwrap().file_name().to_str().unwrap().ends_with(ending)),
        };
        assert!(there, "{source}");
    }
}

#[test]
fn the_service_waits_longer_than_its_jobs_may_take_to_finish() {
    let unit = text("packaging/systemd/callboard.service");
    let stop = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    let config = callboard::config::Config::default();
    let needed = config.shutdown_grace + config.kill_after;
    assert!(stop.parse::<u64>().unwrap() > needed.as_secs(), "{stop}");
}
