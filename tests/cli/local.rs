use std::process::Stdio;

use crate::run::{Ran, program};

#[test]
fn wrong_use_is_2_and_help_is_0() {
    for args in
        [&[][..], &["frobnicate"], &["list", "--limit", "0"], &["list", "--state", "odd"], &["show", "x"]]
    {
        let ran: Ran = program(args).output().unwrap().into();
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}");
    }
    let ran: Ran = program(&["--help"]).env("CALLBOARD_TOKEN", "secret").output().unwrap().into();
    assert_eq!(ran.code, Some(0));
    assert!(ran.out.contains("Exit codes") && !ran.out.contains("secret"), "{}", ran.out);
    let ran: Ran = program(&["--version"]).output().unwrap().into();
    assert_eq!((ran.code, ran.out), (Some(0), format!("callboard {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran: Ran = program(&["completions", shell]).output().unwrap().into();
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains("enqueue"), "{shell}");
    }
}

#[test]
fn completions_into_a_closed_pipe_are_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran: Ran = program(&["completions", "bash"]).stdout(Stdio::from(writer)).output().unwrap().into();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn bash_completes_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("callboard.bash");
    let ran: Ran = program(&["completions", "bash"]).output().unwrap().into();
    std::fs::write(&script, ran.out).unwrap();
    let complete = |words: &[&str]| {
        let last = words.last().unwrap();
        let before = words[words.len() - 2];
        let ask = format!(
            "source {}; COMP_WORDS=({}); COMP_CWORD={}; _callboard callboard {last:?} {before:?}; echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" "),
            words.len() - 1,
        );
        let ran: Ran = std::process::Command::new("bash").args(["-c", &ask]).output().unwrap().into();
        assert_eq!(ran.err, "");
        ran.out.trim().to_owned()
    };
    assert_eq!(complete(&["callboard", "enq"]), "enqueue");
    assert_eq!(complete(&["callboard", "dead", "re"]), "retry");
    assert!(complete(&["callboard", "backup", "--"]).contains("--force"));
}

#[test]
fn each_command_has_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let ran: Ran = program(&["man", dir.path().to_str().unwrap(), "--json"]).output().unwrap().into();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let page = |name: &str| std::fs::read_to_string(dir.path().join(format!("{name}.1"))).unwrap();
    let top = page("callboard");
    assert!(top.starts_with(".ie") || top.contains(".TH callboard 1"), "{top}");
    for (name, word) in [
        ("callboard-enqueue", "priority"),
        ("callboard-dead-retry", "failed"),
        ("callboard-backup", "logs"),
        ("callboard-schedules-create", "cron"),
    ] {
        let page = page(name);
        assert!(page.contains(&format!(".TH {name} 1")) && page.contains(word), "{name}: {page}");
    }
    let made = crate::run::json(&ran.out)["files"].as_array().unwrap().len();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), made);
}
