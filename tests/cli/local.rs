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
