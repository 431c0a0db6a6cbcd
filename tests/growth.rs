//! What it costs to enqueue, to claim, to count and to list does not grow with what is kept. Counted
//! in steps of the database, which take the same on any machine.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

// Enough for every kind of job to be there, and for every page to be full.
const FEW: &str = "5000";
const MANY: &str = "25000";
/// Counters and trees are a little deeper with more jobs in them.
const SLACK: f64 = 1.2;

#[test]
fn five_times_the_history_costs_the_same() {
    let dir = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut bench = Command::new(env!("CARGO_BIN_EXE_callboard"));
    bench.args(["bench", "growth", "--few", FEW, "--many", MANY, "--json", "--dir"]).arg(dir.path());
    let output = bench.current_dir(dir.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut steps = BTreeMap::new();
    for figure in report["figures"].as_array().unwrap().iter().filter(|f| f["unit"] == "steps") {
        steps.insert(figure["name"].as_str().unwrap().to_owned(), figure["value"].as_f64().unwrap());
    }
    for name in ["enqueue", "claim", "counts", "all jobs, newest", "failed, newest", "pending, priority"] {
        assert!(steps[&format!("{name}, few")] > 10.0, "{name} was not measured: {steps:#?}");
    }
    let grown = steps.iter().filter_map(|(name, many)| {
        let few = steps[&format!("{}, few", name.strip_suffix(", many")?)];
        (*many > few * SLACK + 50.0).then(|| format!("{name}: {many} steps, against {few}"))
    });
    let grown: Vec<String> = grown.collect();
    assert!(grown.is_empty(), "grows with the history:\n{}", grown.join("\n"));
}
