//! `callboard bench shutdown`

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ground::Ground;
use super::report::{Latencies, Report};
use super::{Failure, Workload};

/// How long a server may have its after-effects of the start.
const SETTLE: Duration = Duration::from_millis(300);

/// From SIGTERM to the end of a server whose workers are idle
#[derive(Debug, clap::Args)]
pub(super) struct Shutdown {
    /// How often
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How many clients watch all events meanwhile
    #[arg(long, default_value_t = 10)]
    watchers: u32,
}

impl Workload for Shutdown {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let mut took = Latencies::default();
        for _ in 0..self.rounds {
            let round = self.round(ground);
            took.add(round.map_err(|source| Failure::Local { what: "start and stop a server", source })?);
        }
        let about =
            format!("{} servers, {} clients watch each; from SIGTERM to its end", self.rounds, self.watchers);
        let mut report = Report::new("shutdown", about);
        report.percentiles("shutdown", took.percentiles());
        Ok(report)
    }
}

impl Shutdown {
    fn round(&self, ground: &Ground) -> io::Result<Duration> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--bind", "127.0.0.1:0", "--log", "error", "--data-dir"]);
        let mut child = command.arg(ground.path()).stdout(Stdio::piped()).spawn()?;
        let took = self.stop(&mut child);
        if took.is_err() {
            child.kill()?;
            child.wait()?;
        }
        took
    }

    fn stop(&self, child: &mut Child) -> io::Result<Duration> {
        let mut url = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut url)?;
        }
        let address = url.trim().trim_start_matches("http://");
        let watchers = (0..self.watchers).map(|_| watch(address)).collect::<io::Result<Vec<_>>>()?;
        std::thread::sleep(SETTLE);
        let begin = Instant::now();
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).map_err(io::Error::from)?;
        let status = child.wait()?;
        let took = begin.elapsed();
        drop(watchers);
        match status.success() {
            true => Ok(took),
            false => Err(io::Error::other(format!("the server ended with {status}"))),
        }
    }
}

/// A client that is told of all events.
fn watch(address: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /api/events HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    match head.ends_with(b"200") {
        true => Ok(stream),
        false => Err(io::Error::other("the server lets nobody watch")),
    }
}
