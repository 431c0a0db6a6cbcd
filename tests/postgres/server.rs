//! A server: shared by all tests that run at a time, or one's own to be ill-treated.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use super::install::Install;

/// Losing the data of tests that prove nothing about that is allowed.
const FAST: &str = "fsync = off\nfull_page_writes = off\n";
const SETTINGS: &str = "listen_addresses = ''\nmax_connections = 200\nshared_buffers = 64MB\n\
    unix_socket_permissions = 0777\nlog_min_messages = warning\n";

/// A server on a socket in a folder.
pub struct Server {
    install: Install,
    home: PathBuf,
    /// What its messages are in, if not in English.
    language: Option<&'static str>,
    /// Held as long as this process uses the shared server.
    _user: Option<File>,
}

impl Server {
    /// The one that all tests of this build and this version share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            let install = Install::find().expect("PostgreSQL");
            let ours = format!("{} {}", env!("CARGO_TARGET_TMPDIR"), install.name());
            let home = PathBuf::from(format!("/tmp/callboard-postgres-{:08x}", hash(&ours)));
            std::fs::create_dir_all(&home).unwrap();
            let starting = lock_file(&home.join("start.lock"));
            starting.lock().unwrap();
            let user = lock_file(&home.join("users.lock"));
            user.lock_shared().unwrap();
            let server = Self { install, home, language: None, _user: Some(user) };
            if !server.is_up() {
                server.make(FAST);
                server.start();
                server.end_when_idle();
            }
            server
        })
    }

    /// One of its own, which keeps what it has acknowledged.
    pub fn durable(home: &Path) -> Self {
        Self::with(home, "")
    }

    /// As [`Self::durable`], on a port of this machine too, for what is to be cut.
    pub fn on_a_port(home: &Path) -> (Self, u16) {
        let port = free_port();
        (Self::with(home, &format!("listen_addresses = '127.0.0.1'\nport = {port}\n")), port)
    }

    /// As [`Self::durable`], with messages in a language, if it has them.
    pub fn that_speaks(home: &Path, language: &'static str) -> Self {
        // In the plain locale nothing is translated, whatever the language.
        Self::made(home, "lc_messages = 'C.UTF-8'\n", Some(language))
    }

    /// As [`Self::on_a_port`], with a certificate and its key, in PEM.
    pub fn with_certificate(home: &Path, certificate: &str, key: &str) -> (Self, u16) {
        let install = Install::find().expect("PostgreSQL");
        install.make_folder(home);
        let [certificate, key] = [("server.crt", certificate), ("server.key", key)].map(|(name, pem)| {
            install.make_private_file(&home.join(name), pem);
            home.join(name).display().to_string()
        });
        let port = free_port();
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\n\
             ssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n"
        );
        (Self::with(home, &settings), port)
    }

    /// One that follows another, which is on a port, and takes no writes before it is [promoted](Self::promote).
    /// The other one acknowledges nothing from now on that this one has not.
    pub fn standby(home: &Path, of: &Self, its_port: u16) -> (Self, u16) {
        let port = free_port();
        let server = Self { install: of.install.clone(), home: home.to_owned(), language: None, _user: None };
        server.install.make_folder(home);
        server.install.make_folder(&server.socket());
        // As it is on disk: not every install has the programs that copy one that runs.
        of.stop("fast");
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(of.home.join("data")).arg(home);
        assert!(copy.status().unwrap().success(), "the data is not copied");
        of.start();
        let data = home.join("data");
        server.install.make_private_file(&data.join("standby.signal"), "");
        let own = format!(
            "unix_socket_directories = '{}'\nport = {port}\n\
             primary_conninfo = 'host=127.0.0.1 port={its_port} user=postgres'\n",
            server.socket().display()
        );
        let mut config = OpenOptions::new().append(true).open(data.join("postgresql.auto.conf")).unwrap();
        config.write_all(own.as_bytes()).unwrap();
        server.start();
        of.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
        of.run("SELECT pg_reload_conf()");
        (server, port)
    }

    /// From now on it takes writes.
    pub fn promote(&self) {
        assert!(self.control(&["-w", "-t", "60", "promote"]), "the standby is not promoted");
    }

    fn run(&self, sql: &str) {
        let (socket, port) = (self.socket(), self.port().unwrap_or_else(|| "5432".into()));
        let at = format!("host='{}' port={port} user=postgres dbname=postgres", socket.display());
        let ran = PgConnection::establish(&at).unwrap().batch_execute(sql);
        ran.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// The port that it was given.
    fn port(&self) -> Option<String> {
        let config = std::fs::read_to_string(self.home.join("data/postgresql.auto.conf")).unwrap();
        config
            .lines()
            .filter_map(|line| line.strip_prefix("port = "))
            .next_back()
            .map(|port| port.trim_matches('\'').to_owned())
    }

    fn with(home: &Path, settings: &str) -> Self {
        Self::made(home, settings, None)
    }

    fn made(home: &Path, settings: &str, language: Option<&'static str>) -> Self {
        let install = Install::find().expect("PostgreSQL");
        let server = Self { install, home: home.to_owned(), language, _user: None };
        // A temporary folder is for its owner alone.
        server.install.make_folder(home);
        server.make(settings);
        server.start();
        server
    }

    /// Stops it in a mode, and starts it again.
    pub fn restart(&self, mode: &str) {
        self.stop(mode);
        self.start();
    }

    /// Its one database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@/postgres?host={}", self.socket().display())
    }

    pub fn start(&self) {
        let log = self.home.join("data/server.log");
        let started = self.control(&["-w", "-t", "60", "-l", &log.to_string_lossy(), "start"]);
        assert!(started, "PostgreSQL does not start; see {}", log.display());
    }

    /// `fast` ends transactions and connections, `immediate` is a crash.
    pub fn stop(&self, mode: &str) {
        self.control(&["-w", "-t", "60", "-m", mode, "stop"]);
    }

    fn is_up(&self) -> bool {
        self.control(&["status"])
    }

    fn control(&self, args: &[&str]) -> bool {
        let mut command = self.install.command("pg_ctl");
        command.arg("-D").arg(self.home.join("data")).args(args);
        // A server that inherits a pipe would hold up whoever reads it.
        if let Some(language) = self.language {
            command.env("LANGUAGE", language);
        }
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.current_dir("/").status().unwrap().success()
    }

    fn make(&self, settings: &str) {
        let data = self.home.join("data");
        let _ = std::fs::remove_dir_all(&data);
        self.install.make_folder(&data);
        self.install.make_folder(&self.socket());
        let mut command = self.install.command("initdb");
        command
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(&data);
        let made = command.current_dir("/").output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let socket = format!("unix_socket_directories = '{}'\n", self.socket().display());
        let config = data.join("postgresql.auto.conf");
        std::fs::write(config, format!("{SETTINGS}{socket}{settings}")).unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.home.join("socket")
    }

    /// Leaves somebody behind who stops it once no test has used it for half a minute.
    fn end_when_idle(&self) {
        let script = format!(
            "exec 8>start.lock 9>users.lock; while sleep 30; do flock 8; \
             if flock -n 9; then {} -D data -m immediate stop; rm -rf data socket; exit; fi; flock -u 8; done",
            self.install.shell("pg_ctl")
        );
        let mut command = Command::new("setsid");
        command.args(["bash", "-c", &script]).current_dir(&self.home);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        #[expect(clippy::zombie_processes, reason = "it outlives this process")]
        quiet.spawn().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The shared one is never dropped.
        self.stop("immediate");
    }
}

/// A port that nobody else gets so soon.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn lock_file(path: &Path) -> File {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap()
}

fn hash(text: &str) -> u32 {
    text.bytes().fold(2_166_136_261, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
}
