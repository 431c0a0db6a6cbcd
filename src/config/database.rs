//! Where the queue is kept.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where the queue is kept: a file, or a PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A schema of a PostgreSQL database, which several nodes may share.
    Postgres(Postgres),
}

impl From<&Path> for Database {
    fn from(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }
}
impl From<&PathBuf> for Database {
    fn from(path: &PathBuf) -> Self {
        Self::Sqlite(path.clone())
    }
}
impl From<&Self> for Database {
    fn from(database: &Self) -> Self {
        database.clone()
    }
}

/// A schema of a PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    /// `postgres://…`
    pub url: DatabaseUrl,
    /// Where the tables are.
    pub schema: String,
}

/// A path or a URL, with a password maybe, which is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Reads what somebody has written. What was given is not in the fault: a password may be in it.
    ///
    /// # Errors
    /// When it names neither a file nor a PostgreSQL database.
    pub fn parse(text: String) -> Result<Self, String> {
        if is_postgres(&text) {
            refuse_tls_without(&text)?;
            return conninfo(&text).map(|_| Self(text));
        }
        let path = sqlite_path(&text);
        if path.is_empty() || path == ":memory:" {
            Err("must name a file: callboard keeps every job on disk".into())
        } else if path.contains("://") || path.starts_with("file:") {
            Err("must be postgres://…, sqlite://PATH or a plain path".into())
        } else if path.contains('?') {
            Err("must be a path without parameters (what follows the ?)".into())
        } else {
            Ok(Self(text))
        }
    }

    /// The SQLite file that it names, if it names one.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        (!is_postgres(&self.0)).then(|| sqlite_path(&self.0).into())
    }

    /// As it was given, password included.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// As PostgreSQL's client library takes it, password included; empty for a file.
    #[must_use]
    pub fn conninfo(&self) -> String {
        conninfo(&self.0).unwrap_or_default()
    }
}

impl From<&str> for DatabaseUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Without its password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Parts::of(&self.0) {
            _ if !is_postgres(&self.0) => f.write_str(&self.0),
            Some(parts) => write!(f, "{parts}"),
            None => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn sqlite_path(text: &str) -> &str {
    text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text)
}

fn is_postgres(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// What holds unless the URL says otherwise: a server that does not answer is given up in seconds.
const DEFAULTS: [(&str, &str); 6] = [
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "8000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "2"),
    ("application_name", "callboard"),
];

/// `postgres://USER:PASSWORD@HOST:PORT,…/DATABASE?KEY=VALUE&…`, all but the scheme optional, cut up
/// and not decoded.
struct Parts<'a> {
    user: &'a str,
    password: Option<&'a str>,
    hosts: Vec<(&'a str, &'a str)>,
    database: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (_, rest) = text.split_once("://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (who, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = who.split_once(':').map_or((who, None), |(user, p)| (user, Some(p)));
        let host = |host: &'a str| match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port),
            _ => (host, ""),
        };
        let hosts: Vec<_> = hosts.split(',').map(host).collect();
        let ports_are_numbers = hosts.iter().all(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let parameters: Option<Vec<_>> =
            query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=')).collect();
        let parts = Self { user, password, hosts, database, parameters: parameters? };
        (ports_are_numbers && !who.contains('@') && !database.contains(['/', '@'])).then_some(parts)
    }
}

/// Without the password.
impl fmt::Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}", self.user)?;
        f.write_str(if self.password.is_some() { ":***" } else { "" })?;
        f.write_str(if self.user.is_empty() { "" } else { "@" })?;
        let colon = |port: &str| if port.is_empty() { "" } else { ":" };
        let hosts: Vec<String> =
            self.hosts.iter().map(|(host, port)| format!("{host}{}{port}", colon(port))).collect();
        write!(f, "{}/{}", hosts.join(","), self.database)?;
        for (i, (key, value)) in self.parameters.iter().enumerate() {
            let value = if key.contains("password") { "***" } else { value };
            write!(f, "{}{key}={value}", if i == 0 { "?" } else { "&" })?;
        }
        Ok(())
    }
}

/// The client library would say it too, but at each try to connect, and not what to do.
fn refuse_tls_without(text: &str) -> Result<(), String> {
    let wanted = Parts::of(text).and_then(|parts| {
        let mode = parts.parameters.iter().rev().find(|(key, _)| *key == "sslmode")?.1;
        ["require", "verify-ca", "verify-full"].into_iter().find(|strict| *strict == mode)
    });
    match wanted {
        Some(mode) if !cfg!(feature = "postgres-tls") => Err(format!(
            "asks for TLS (sslmode={mode}), which this build of callboard does not have; build it with --features \
             postgres-tls, or leave sslmode out and use a tunnel, a socket, or a network that you trust"
        )),
        _ => Ok(()),
    }
}

/// `key='value'` pairs, which the client library reads without guessing and never shows.
fn conninfo(text: &str) -> Result<String, String> {
    let wrong = || {
        "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters such as @ and / written as \
         %40 and %2F"
            .to_owned()
    };
    let parts = Parts::of(text).ok_or_else(wrong)?;
    let list =
        |which: fn(&(&str, &str)) -> String| parts.hosts.iter().map(which).collect::<Vec<_>>().join(",");
    let hosts = list(|(host, _)| host.trim_matches(['[', ']']).to_owned());
    let ports = list(|(_, port)| (*port).to_owned());
    let mut pairs = vec![
        ("host", hosts.trim_matches(',')),
        ("port", ports.trim_matches(',')),
        ("user", parts.user),
        ("password", parts.password.unwrap_or_default()),
        ("dbname", parts.database),
    ];
    for (key, value) in parts.parameters {
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err("has a parameter (after the ?) that PostgreSQL does not know".into());
        }
        pairs.push((key, value));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    for (key, value) in DEFAULTS {
        if !pairs.iter().any(|(given, _)| *given == key) {
            pairs.push((key, value));
        }
    }
    let mut written = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let value = percent_encoding::percent_decode_str(value).decode_utf8().map_err(|_| wrong())?;
        if value.contains('\0') {
            return Err(wrong());
        }
        written.push(format!("{key}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'")));
    }
    Ok(written.join(" "))
}

impl Postgres {
    /// Whether a schema can have this name, which is used as it is.
    ///
    /// # Errors
    /// What a name may be.
    pub fn check_schema(name: &str) -> Result<(), &'static str> {
        let mut bytes = name.bytes();
        let fits = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.len() <= 63
            && !name.starts_with("pg_");
        fits.then_some(()).ok_or("letters, digits and _, at most 63, not a digit or pg_ first")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_used_and_never_shown() {
        let text = "postgres://me:p%40s's@db.example:5433/jobs?sslmode=disable&password=x";
        let url = DatabaseUrl::parse(text.into()).unwrap();
        assert!(url.conninfo().contains(r"password='p@s\'s'"), "{}", url.conninfo());
        assert!(url.conninfo().starts_with("host='db.example' port='5433' user='me'"), "{}", url.conninfo());
        assert!(url.conninfo().contains("connect_timeout='3'"), "{}", url.conninfo());
        let shown = format!("{url} {url:?}");
        assert!(shown.contains("me:***@db.example:5433/jobs?sslmode=disable&password=***"), "{shown}");
        assert!(!shown.contains("p%40s") && !shown.contains("=x"), "{shown}");
    }

    #[test]
    fn tls_is_refused_where_it_is_not_built_in() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let parsed = DatabaseUrl::parse(format!("postgres://me:secret@h/db?sslmode={mode}"));
            assert_eq!(parsed.is_ok(), cfg!(feature = "postgres-tls"));
            if let Err(why) = parsed {
                assert!(why.contains(mode) && why.contains("--features postgres-tls"), "{why}");
                assert!(!why.contains("secret"), "{why}");
            }
        }
        assert!(DatabaseUrl::parse("postgres://h/db?sslmode=prefer".into()).is_ok());
    }

    #[test]
    fn sockets_are_hosts_too() {
        let url =
            DatabaseUrl::parse("postgres:///jobs?host=/run/postgresql&connect_timeout=9".into()).unwrap();
        assert!(url.conninfo().starts_with("dbname='jobs' host='/run/postgresql' connect_timeout='9'"));
        assert_eq!(url.path(), None);
    }

    #[test]
    fn what_is_wrong_is_said_without_what_was_given() {
        for wrong in [
            "postgres://u:hunter2@h:port/db",
            "postgres://u:hunter2/x@h/db",
            "postgres://h/db?hunter%202=1",
            "mysql://u:hunter2@h",
        ] {
            let fault = DatabaseUrl::parse(wrong.into()).unwrap_err();
            assert!(!fault.contains("hunter2") && !fault.contains("hunter 2"), "{fault}");
        }
    }
}
