//! The examples, run. That they compile, every build shows.

#[path = "../served/mod.rs"]
mod served;

use std::fs;
use std::path::Path;

use callboard::Error;
use serde_json::json;

use served::Served;

#[path = "../../examples/custom_retry.rs"]
mod custom_retry;
#[path = "../../examples/minimal.rs"]
mod minimal;
#[path = "../../examples/typed_workflow.rs"]
mod typed_workflow;

/// Runs an example in a folder of its own.
fn told(example: impl AsyncFnOnce(&Path) -> Result<String, Error>) -> String {
    let folder = tempfile::tempdir().unwrap();
    actix_rt::System::new().block_on(example(&folder.path().join("data"))).unwrap()
}

#[test]
fn minimal() {
    assert_eq!(told(minimal::run), "job 1 is completed: \"hello Ada\"");
}

#[test]
fn typed_workflow() {
    let wanted = "first is completed: {\"words\":6}\nsecond is completed: {\"words\":4}\nsum is completed: {\"words\":10}";
    assert_eq!(told(typed_workflow::run), wanted);
}

#[test]
fn custom_retry() {
    let wanted = "everything: completed after 3 attempts (the service is busy, the service is broken)\n\
                  nonsense: failed after 1 attempts (the service knows nothing of that)";
    assert_eq!(told(custom_retry::run), wanted);
}

#[test]
fn commands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/commands");
    // The script is not on the PATH of the tests.
    let config = fs::read_to_string(folder.join("callboard.toml")).unwrap();
    let script = folder.join("count_words.sh");
    let server = Served::start(&config.replace("\"count_words.sh\"", &format!("{script:?}")));
    let text = tempfile::NamedTempFile::new().unwrap();
    fs::write(&text, "to be or\nnot to be\n").unwrap();
    let counted = server.wait(server.enqueue("count_words", &json!({"file": text.path()})));
    assert_eq!(
        (&counted["state"], &counted["result"]),
        (&json!("completed"), &json!({"words": 6})),
        "{counted}"
    );
    assert_eq!(counted["progress"]["processed"], 2);
    let missing = server.wait(server.enqueue("count_words", &json!({"file": "/nowhere/at all"})));
    assert_eq!((&missing["state"], &missing["attempt"]), (&json!("failed"), &json!(1)), "{missing}");
    assert!(missing["error"].as_str().unwrap().contains("cannot read /nowhere/at all"), "{missing}");
}
