//! `callboard completions`

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::failure::Failure;

/// Print a script that completes this command line in a shell
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Failure> {
        // By way of a buffer: the generator panics when it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "callboard", &mut script);
        let mut out = std::io::stdout();
        out.write_all(&script)?;
        Ok(out.flush()?)
    }
}
