//! One file per side of the configuration; the helpers here.

mod access;
mod example;
mod files;
mod job_types;
mod layers;
mod schedules;
mod values;

use super::file::ConfigFile;
use super::*;

/// A configuration from a file's text, variables and flags.
fn load(text: &str, env: &[(&str, &str)], flags: Flags) -> Result<(Config, Origins), ConfigError> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let file = ConfigFile { name: "callboard.toml".into(), text: text.into() };
    read::read(Some(file), &Sources { file: None, env, flags })
}

fn from_file(text: &str) -> Config {
    load(text, &[], Flags::default()).unwrap().0
}

/// The faults as `source: key message`.
fn faults(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    match load(text, env, Flags::default()) {
        Ok((config, _)) => panic!("{text:?} with {env:?} was taken as {config:?}"),
        Err(e) => e.faults.iter().map(ToString::to_string).collect(),
    }
}
