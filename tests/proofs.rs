//! The documentation says by which tests each worker is proved. This keeps it true.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The table's columns behind the job type.
const PROPERTIES: usize = 5;

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The rows of the first table behind a heading, each as its cells.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, section) = page.split_once(heading).unwrap_or_else(|| panic!("there is no {heading:?}"));
    let rows =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.skip(2).map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Whether there is such a test: program, module, name.
fn is_test(path: &str) -> bool {
    let [program, module, name] = path.split("::").collect::<Vec<_>>()[..] else { return false };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{program}/{module}.rs"));
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let begins = [format!("fn {name}("), format!("async fn {name}(")];
    lines.windows(2).any(|pair| {
        let is_marked = pair[0].starts_with("#[") && pair[0].contains("test");
        is_marked && begins.iter().any(|begin| pair[1].starts_with(begin.as_str()))
    })
}

#[test]
fn every_worker_has_tests_for_everything_and_they_exist() {
    let page = include_str!("../docs/workers.md");
    let programs = table(page, "## Programs");
    let all: BTreeSet<&str> = programs.iter().flat_map(|row| quoted(row[0])).collect();
    let proofs = table(page, "## How each is proved");
    let proved: BTreeSet<&str> = proofs.iter().flat_map(|row| quoted(row[0])).collect();
    assert_eq!(proved, all);
    for row in &proofs {
        assert_eq!(row.len(), 1 + PROPERTIES, "{row:?}");
        for cell in &row[1..] {
            let tests = quoted(cell);
            assert!(!tests.is_empty() || *cell == "needs none", "{}: an empty cell", row[0]);
            for test in tests {
                assert!(is_test(test), "{}: there is no test {test}", row[0]);
            }
        }
    }
}

#[test]
fn what_is_no_test_is_not_taken_for_one() {
    assert!(is_test("media::missing::rclone"));
    for other in
        ["media::missing::fails_for_good", "media::missing::nothing", "media::nowhere::rclone", "rclone"]
    {
        assert!(!is_test(other), "{other}");
    }
}
