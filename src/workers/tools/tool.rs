//! A program of somebody else's: where it is, and which version.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::workers::subprocess::{Output, Subprocess, WorkDir, find_program};
use crate::workers::{Availability, Failure, ProgramHost, RunResult, ToolInfo};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest version.
const MAX_VERSION: usize = 100;

/// What is known of a program before it is looked for.
#[derive(Clone, Copy, Debug)]
pub struct ToolSpec {
    /// Its name.
    pub name: &'static str,
    /// The key of the configuration that says where it is.
    pub key: &'static str,
    /// The option that makes it say its version.
    pub version_option: &'static str,
    /// How to get it.
    pub install: &'static str,
}

/// A program as it is configured.
pub struct Tool {
    spec: ToolSpec,
    command: String,
    host: Arc<ProgramHost>,
    known: Mutex<Option<Known>>,
}

/// A version, and the file that said it.
struct Known {
    file: PathBuf,
    changed: Option<SystemTime>,
    version: Option<String>,
}

impl Tool {
    /// Puts one together.
    #[must_use]
    pub fn new(spec: ToolSpec, command: impl Into<String>, host: Arc<ProgramHost>) -> Self {
        Self { spec, command: command.into(), host, known: Mutex::default() }
    }

    /// Where it is.
    ///
    /// # Errors
    /// A sentence that says what to install or to set.
    pub fn find(&self) -> Result<PathBuf, String> {
        find_program(&self.command).map_err(|_| {
            let ToolSpec { name, key, install, .. } = self.spec;
            format!("{name} was not found as {:?}: {install}, or set {key}", self.command)
        })
    }

    /// Where it is, for a job, which fails for good without it.
    ///
    /// # Errors
    /// Fatal when it is not there.
    pub fn needed(&self) -> RunResult<PathBuf> {
        self.find().map_err(Failure::Fatal)
    }

    /// Whether a path was configured, rather than a name that others find too.
    #[must_use]
    pub fn is_path(&self) -> bool {
        self.command.contains('/')
    }

    /// Its name and version. It is asked once, and again when its file has changed.
    pub async fn info(&self) -> ToolInfo {
        let name = self.spec.name.to_owned();
        let file = match self.find() {
            Ok(file) => file,
            Err(missing) => return ToolInfo { name, version: None, missing: Some(missing) },
        };
        let changed = file.metadata().and_then(|meta| meta.modified()).ok();
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|k| k.file == file && k.changed == changed) {
            return ToolInfo { name, version: known.version.clone(), missing: None };
        }
        let version = self.ask(&file).await;
        *known = Some(Known { file, changed, version: version.clone() });
        ToolInfo { name, version, missing: None }
    }

    async fn ask(&self, file: &Path) -> Option<String> {
        /// So that each question has a folder of its own. No job has the number 0.
        static QUESTION: AtomicU32 = AtomicU32::new(0);
        let number = QUESTION.fetch_add(1, Ordering::Relaxed);
        let folder = WorkDir::create(&self.host.work_root, 0, number).ok()?;
        let question = Subprocess {
            program: file.to_owned(),
            args: vec![self.spec.version_option.to_owned()],
            cwd: folder.path().to_owned(),
            env: super::toolbox::environment(&[]),
            stdin: Vec::new(),
            folder: folder.path().to_owned(),
            claim: (self.host.instance.clone(), 0, number),
            kill_after: self.host.kill_after,
        };
        let mut said = Said::default();
        let cancel = CancellationToken::new();
        tokio::time::timeout(PATIENCE, question.run(&cancel, &mut said)).await.ok()?.ok()?;
        version_in(&String::from_utf8_lossy(&said.0))
    }
}

/// What stands between a worker and its work, if a tool is missing.
#[must_use]
pub fn unavailable(tools: &[&Tool]) -> Availability {
    let missing: Vec<_> = tools.iter().filter_map(|tool| tool.find().err()).collect();
    if missing.is_empty() { Availability::Available } else { Availability::Unavailable(missing.join("; ")) }
}

#[derive(Default)]
struct Said(Vec<u8>);

impl Output for Said {
    fn stdout(&mut self, bytes: &[u8]) {
        let room = 4096 - self.0.len();
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn stderr(&mut self, _: &[u8]) {}
}

/// The first word with a digit in the first line: `yt-dlp` prints it alone, others with their name.
fn version_in(text: &str) -> Option<String> {
    let line = text.lines().next()?;
    let word = line.split_whitespace().find(|word| word.contains(|c: char| c.is_ascii_digit()))?;
    Some(word.chars().take(MAX_VERSION).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found() {
        let version = |text| version_in(text).unwrap();
        assert_eq!(version("2026.10.26\n"), "2026.10.26");
        assert_eq!(version("ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000"), "5.1.9-0+deb12u1");
        assert_eq!(version("rclone v1.60.1-DEV\n- os"), "v1.60.1-DEV");
        assert_eq!(version_in("usage"), None);
    }
}
