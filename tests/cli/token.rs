//! Tokens: made, shown once, and put into the configuration.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::run::{Ran, program};

fn make(folder: &Path, args: &[&str]) -> Ran {
    let mut command = program(&["token", "new"]);
    command.args(args).env_remove("CALLBOARD_CONFIG").current_dir(folder).output().unwrap().into()
}

fn check(folder: &Path) -> Ran {
    program(&["check"]).env_remove("CALLBOARD_CONFIG").current_dir(folder).output().unwrap().into()
}

fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_token_is_shown_once_with_what_lets_it_in() {
    let folder = tempfile::tempdir().unwrap();
    let ran = make(folder.path(), &["ali\"ce", "--role", "operator"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let token = ran.out.trim_end();
    assert!(token.starts_with("cb_") && token.len() == 46 && ran.out.lines().count() == 1, "{ran:?}");
    assert!(!ran.err.contains(token) && ran.err.contains(&hash(token)), "{ran:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written unasked");
    let block = ran.err.split_once("[[auth.tokens]]").unwrap().1.rsplit_once("\n\n").unwrap().0;
    fs::write(folder.path().join("callboard.toml"), format!("[[auth.tokens]]{block}\n")).unwrap();
    let checked = check(folder.path());
    assert!(checked.code == Some(0) && checked.out.contains("'ali\"ce'"), "{checked:?}");
    let other = make(folder.path(), &["bob", "--role", "viewer"]);
    assert_ne!(other.out, ran.out);
}

#[test]
fn written_into_the_file_and_nothing_else_of_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("kept.toml"), folder.path().join("callboard.toml"));
    let text = "# mine\nbind = '0.0.0.0:8080' # wants a token";
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    let ran = make(folder.path(), &["alice", "--role", "admin", "--write", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let token = said["token"].as_str().unwrap();
    assert_eq!(said["token_sha256"], hash(token));
    assert_eq!(said["written_to"], "callboard.toml");
    let now = fs::read_to_string(&file).unwrap();
    assert_eq!(now, format!("{text}\n\n{}", said["toml"].as_str().unwrap()));
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(make(folder.path(), &["bob", "--role", "viewer", "--write"]).code, Some(0));
    let checked = check(folder.path());
    assert!(checked.out.contains("\"alice\"") && checked.out.contains("\"bob\""), "{checked:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left lying about");
}

#[test]
fn a_file_that_would_be_wrong_stays_as_it_is() {
    let token = format!("name = 'alice'\nrole = 'viewer'\ntoken_sha256 = '{}'", "a".repeat(64));
    let inline = format!("auth = {{ tokens = [{{ {} }}] }}\n", token.replace('\n', ", "));
    for (text, said) in [
        (format!("[[auth.tokens]]\n{token}\n"), "auth.tokens[1].name must be different"),
        (inline, "paste it by hand"),
        ("bind = ".to_owned(), "is not TOML"),
        ("bindd = 1\n".to_owned(), "bindd is not a known key"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("callboard.toml");
        fs::write(&file, &text).unwrap();
        let ran = make(folder.path(), &["alice", "--role", "viewer", "--write"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{text}: {ran:?}");
        assert!(ran.err.contains(said), "{text}: {ran:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn without_a_file_one_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(make(folder.path(), &["alice", "--role", "viewer", "--write"]).code, Some(0));
    assert_eq!(check(folder.path()).code, Some(0));
    let named = make(folder.path(), &["bob", "--role", "viewer", "--write", "--config", "nowhere.toml"]);
    assert!(named.code == Some(1) && named.err.contains("nowhere.toml"), "{named:?}");
}

#[test]
fn a_name_or_role_that_does_not_fit_is_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    for args in
        [&["alice"][..], &["alice", "--role", "root"], &["", "--role", "admin"], &["a\nb", "--role", "admin"]]
    {
        assert_eq!(make(folder.path(), args).code, Some(2), "{args:?}");
    }
}
