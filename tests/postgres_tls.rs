//! PostgreSQL over TLS, with a server that has a certificate. `scripts/postgres-tls` builds and runs it.

use std::path::{Path, PathBuf};

use callboard::config::{Database, DatabaseUrl, Postgres};
use callboard::store::{Store, StoreError, StoreResult};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

mod postgres;

/// What a server has to show, and who vouches for it.
struct Papers {
    authority: String,
    certificate: String,
    key: String,
}

impl Papers {
    fn of(host: &str, vouched_for_by: &str) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Each has the same name otherwise, and what has the name of its issuer counts as its own issuer.
        authority.distinguished_name.push(DnType::CommonName, vouched_for_by);
        let key = KeyPair::generate().unwrap();
        let pem = authority.self_signed(&key).unwrap().pem();
        let (issuer, own) = (Issuer::new(authority, key), KeyPair::generate().unwrap());
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        let certificate = params.signed_by(&own, &issuer).unwrap();
        Self { authority: pem, certificate: certificate.pem(), key: own.serialize_pem() }
    }
}

/// A server whose certificate is for `localhost`.
struct Guarded {
    port: u16,
    root: PathBuf,
    _server: postgres::Server,
    home: tempfile::TempDir,
}

impl Guarded {
    fn start() -> Self {
        let (home, papers) = (tempfile::tempdir_in("/tmp").unwrap(), Papers::of("localhost", "an authority"));
        let (server, port) =
            postgres::Server::with_certificate(home.path(), &papers.certificate, &papers.key);
        let root = home.path().join("root.pem");
        std::fs::write(&root, &papers.authority).unwrap();
        Self { port, root, _server: server, home }
    }

    fn url(&self, host: &str, root: &Path) -> DatabaseUrl {
        let (port, root) = (self.port, root.display());
        let url =
            format!("postgres://postgres@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={root}");
        DatabaseUrl::parse(url).expect("a build with TLS takes it")
    }
}

fn open(url: &DatabaseUrl) -> StoreResult<Store> {
    let at = Postgres { url: url.clone(), schema: "jobs".into() };
    Store::open(Database::Postgres(at), 2, Box::new(|_| {}))
}

#[test]
fn a_queue_is_kept_over_a_verified_connection() {
    let guarded = Guarded::start();
    let url = guarded.url("localhost", &guarded.root);
    let _store = open(&url).expect("the queue over TLS");
    let mut conn = PgConnection::establish(&url.conninfo()).unwrap();
    let (its, version) = (
        "(SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
          WHERE application_name = 'callboard')",
        "(SELECT min(version) FROM pg_stat_ssl WHERE ssl)",
    );
    let (ssl, version): (bool, String) =
        diesel::select((diesel::dsl::sql::<Bool>(its), diesel::dsl::sql::<Text>(version)))
            .get_result(&mut conn)
            .unwrap();
    assert!(ssl && version.starts_with("TLSv1."), "{ssl} {version}");
}

#[test]
fn neither_another_name_nor_another_authority_will_do() {
    let guarded = Guarded::start();
    let [other, namesake, nowhere] =
        ["other.pem", "namesake.pem", "nowhere.pem"].map(|name| guarded.home.path().join(name));
    std::fs::write(&other, Papers::of("localhost", "another authority").authority).unwrap();
    std::fs::write(&namesake, Papers::of("localhost", "an authority").authority).unwrap();
    for (host, root, said) in [
        ("127.0.0.1", &guarded.root, "does not match host name"),
        ("localhost", &other, "certificate verify failed"),
        ("localhost", &namesake, "SSL error"),
        ("localhost", &nowhere, "nowhere.pem"),
    ] {
        // Not as one that is away: the next time it would be the same.
        match open(&guarded.url(host, root)) {
            Err(StoreError::Database(why)) => assert!(why.contains(said), "{why}"),
            Err(other) => panic!("{host}: {other:?}"),
            Ok(_) => panic!("{host} is trusted with {}", root.display()),
        }
    }
}
