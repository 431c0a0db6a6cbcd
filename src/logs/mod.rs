//! Log files per job and attempt: `logs/jobs/{id}/{attempt}/`.

/// The log files of one attempt, open for writing.
#[derive(Clone)]
pub struct AttemptLog;

/// The log files of all jobs, for reading.
#[derive(Clone, Debug)]
pub struct JobLogs;

/// One of the files of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// For people.
    Log,
    /// What a program wrote.
    Stdout,
    /// What it wrote about errors.
    Stderr,
    /// Its steps.
    Progress,
    /// What happened to it.
    Events,
}

impl std::str::FromStr for Stream {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "log" => Ok(Self::Log),
            "stdout" => Ok(Self::Stdout),
            "stderr" => Ok(Self::Stderr),
            "progress" => Ok(Self::Progress),
            "events" => Ok(Self::Events),
            _ => Err(format!("no stream {s:?}")),
        }
    }
}

/// A part of a file.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// The bytes.
    pub content: Vec<u8>,
    /// Where they begin.
    pub offset: u64,
    /// Where to read on.
    pub next_offset: u64,
    /// How large the file is.
    pub size: u64,
}

impl JobLogs {
    /// Reads a part.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self, _: i64, _: u32, _: Stream, _: u64, _: u64) -> std::io::Result<Chunk> {
        Ok(Chunk::default())
    }

    /// Reads the last lines.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tail(&self, _: i64, _: u32, _: Stream, _: usize) -> std::io::Result<Chunk> {
        Ok(Chunk::default())
    }
}
