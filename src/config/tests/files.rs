//! Finding and reading the file.

use std::io::Write;

use super::*;

#[test]
fn broken_toml_is_named_with_its_lines() {
    let found = faults("data_dir = 'a'\nbind = = 1\nlog = \"x\n[retry\n", &[]);
    let places: Vec<_> = found.iter().map(|f| f.split_once(" is not TOML: ").unwrap().0).collect();
    assert_eq!(places, ["callboard.toml:2:", "callboard.toml:3:", "callboard.toml:4:"]);
    assert!(found.iter().all(|f| !f.contains('\n')), "{found:?}");
    let twice = faults("[a]\n[a]", &[]);
    assert!(twice[0].starts_with("callboard.toml:2: is not TOML: duplicate"), "{twice:?}");
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!faults(&deep, &[]).is_empty());
}

#[test]
fn the_file_is_the_named_one_else_the_one_in_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let find = |named: Option<PathBuf>| ConfigFile::find(named, dir.path());
    assert!(find(None).unwrap().is_none());
    let named = dir.path().join("named.toml");
    let error = find(Some(named.clone())).err().unwrap();
    assert!(error.to_string().starts_with(&format!("{}: cannot be read: ", named.display())), "{error}");
    std::fs::write(&named, "log = 'off'").unwrap();
    assert_eq!(find(Some(named)).unwrap().unwrap().text, "log = 'off'");
    std::fs::write(dir.path().join("callboard.toml"), "log = 'warn'").unwrap();
    assert_eq!(find(None).unwrap().unwrap().text, "log = 'warn'");
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("callboard.toml")).unwrap();
    assert!(ConfigFile::find(None, dir.path()).is_err());
    let path = dir.path().join("bytes.toml");
    std::fs::write(&path, b"log = '\xff'").unwrap();
    assert!(ConfigFile::find(Some(path.clone()), dir.path()).is_err());
    std::fs::File::create(&path).unwrap().write_all(&vec![b'\n'; 4 * 1024 * 1024 + 1]).unwrap();
    let error = ConfigFile::find(Some(path), dir.path()).err().unwrap();
    assert!(error.to_string().contains("larger than"), "{error}");
}
