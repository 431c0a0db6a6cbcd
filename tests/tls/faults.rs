//! What is wrong with the files is said before anything starts, with the key that names them.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use crate::authority::{Authority, Pair, write_private};
use crate::server::{Server, configure, program};

/// What `check` and `serve` say of a configuration that is wrong.
fn refused(dir: &std::path::Path, config: &str) -> String {
    configure(dir, config);
    let [checked, served] = ["check", "serve"].map(|command| {
        let output = program(dir).arg(command).output().unwrap();
        assert!(!output.status.success(), "{command} takes {config}");
        String::from_utf8(output.stderr).unwrap()
    });
    assert_eq!(checked, served);
    checked
}

#[test]
fn wrong_files_stop_the_start() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let (one, other) = (authority.sign(dir.path(), "one"), authority.sign(dir.path(), "other"));
    let with = |certificate: &std::path::Path, key: &std::path::Path| {
        Pair { certificate: certificate.to_owned(), key: key.to_owned() }.config()
    };
    let said = refused(dir.path(), &with(&one.certificate, &other.key));
    assert!(said.contains("other.key: tls.key does not belong to the certificate in"), "{said}");
    let nowhere = dir.path().join("nowhere");
    let said = refused(dir.path(), &with(&nowhere, &nowhere));
    assert!(
        said.contains("tls.certificate cannot be read") && said.contains("tls.key cannot be read"),
        "{said}"
    );
    let said = refused(dir.path(), &with(&one.key, &one.certificate));
    assert!(said.contains("tls.certificate holds no certificate"), "{said}");
    assert!(said.contains("tls.key holds no private key"), "{said}");
    write_private(&nowhere, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    let said = refused(dir.path(), &with(&nowhere, &one.key));
    assert!(said.contains("tls.certificate is no PEM file"), "{said}");
    let said = refused(dir.path(), "[tls]\ncertificate = 'x.pem'\n");
    assert!(said.contains("tls.key is missing"), "{said}");
}

#[test]
fn a_key_that_everybody_can_read_is_warned_of() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let pair = authority.sign(dir.path(), "one");
    configure(dir.path(), &pair.config());
    let check = || program(dir.path()).arg("check").output().unwrap();
    assert!(check().stderr.is_empty());
    set_permissions(&pair.key, Permissions::from_mode(0o644)).unwrap();
    let output = check();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("everybody on this machine can read"), "{said}");
    let mut server = Server::start("");
    set_permissions(&server.pair.key, Permissions::from_mode(0o644)).unwrap();
    let said = server.reload();
    assert!(said.contains("everybody on this machine can read"), "{said}");
}
