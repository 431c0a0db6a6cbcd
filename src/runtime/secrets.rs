//! Secrets in args on their way: sealed before anything of a job is stored, opened for its worker.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::domain::secret::{self, Keyring, Scrub};
use crate::domain::{Job, Json, NewJob};
use crate::error::{Error, FieldFault};

/// Which args are secret, and the keys.
pub struct Secrets {
    ring: Keyring,
    everywhere: Vec<String>,
    of_types: BTreeMap<String, Vec<String>>,
}

impl Secrets {
    /// As the configuration has it.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let everywhere = config.secrets.fields.clone();
        let named = config.job_types.iter().filter(|(_, job_type)| !job_type.secrets.is_empty());
        let all = |more: &[String]| everywhere.iter().chain(more).cloned().collect();
        Self {
            of_types: named.map(|(name, job_type)| (name.clone(), all(&job_type.secrets))).collect(),
            ring: Keyring::new(config.secrets.keys.clone()),
            everywhere,
        }
    }

    /// Whether what is named can be sealed.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it cannot.
    pub fn check(&self) -> Result<(), Error> {
        if self.ring.is_empty() && !(self.everywhere.is_empty() && self.of_types.is_empty()) {
            return Err(Error::invalid(
                "secrets",
                "are named, and there is no key to seal them: set CALLBOARD_SECRET_KEY",
            ));
        }
        Ok(())
    }

    /// The paths that are secret in args of a job type.
    #[must_use]
    pub fn paths(&self, job_type: &str) -> &[String] {
        self.of_types.get(job_type).unwrap_or(&self.everywhere)
    }

    /// The args of a new job as its worker would get them: they may come sealed, from a schedule.
    ///
    /// # Errors
    /// The field and what is wrong with it: a value that was redacted is none, and one that was sealed
    /// with another key cannot be opened.
    pub fn uncover(&self, job: &NewJob) -> Result<Json, (String, String)> {
        if let Some(path) = secret::redacted_at(&job.args, self.paths(&job.job_type)) {
            let what = format!("is {:?}, which is how it is shown: give the value itself", secret::REDACTED);
            return Err((format!("args.{path}"), what));
        }
        let opened = self.ring.open(&job.args, &job.job_type);
        opened.map(|(args, _)| args).map_err(|why| ("args".to_owned(), format!("hold a secret that {why}")))
    }

    /// Args as they are stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a key.
    pub fn seal(&self, job_type: &str, args: &Json) -> Result<Json, Error> {
        let sealed = self.ring.seal(args, self.paths(job_type), job_type);
        sealed
            .map_err(|why| Error::Invalid(vec![FieldFault::new("args", format!("hold a secret that {why}"))]))
    }

    /// Args that were edited where secrets are shown as redacted: those that nobody touched are what
    /// they are in `old`, which is sealed.
    #[must_use]
    pub fn keep(&self, job_type: &str, edited: &Json, old: &Json) -> Json {
        let paths = self.paths(job_type);
        // What cannot be opened stays redacted, and is refused as that.
        match self.ring.open(old, job_type) {
            Ok((old, _)) => secret::with_kept(edited, paths, &old),
            Err(_) => edited.clone(),
        }
    }

    /// A job for its worker, and what of it must not be seen.
    ///
    /// # Errors
    /// Why not.
    pub fn open(&self, job: &Job) -> Result<(Json, Scrub), String> {
        let opened = self.ring.open(&job.args, &job.job_type);
        opened.map_err(|why| format!("a secret in its args {why}"))
    }
}
