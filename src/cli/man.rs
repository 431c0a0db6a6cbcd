//! `callboard man`

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::failure::Failure;
use super::output::Output;

/// Write the manual pages of all commands into a folder
#[derive(Debug, clap::Args)]
pub(super) struct ManPages {
    /// The folder; it is made if it is not there
    dir: PathBuf,
}

impl ManPages {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        fs::create_dir_all(&self.dir).map_err(|e| Failure::file("make", &self.dir, e))?;
        let mut command = super::Cli::command().disable_help_subcommand(true);
        command.build();
        let mut files = Vec::new();
        write(&command, "callboard", &self.dir, &mut files)?;
        let mut out = Output::new(json);
        match json {
            true => out.value(&serde_json::json!({ "files": files }))?,
            false => out.text(&format!("{}: {} pages", self.dir.display(), files.len()))?,
        }
        Ok(out.flush()?)
    }
}

/// The page of a command, and those of what is below it: `callboard-dead-list.1`.
fn write(command: &Command, name: &str, dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let file = dir.join(format!("{name}.1"));
    let mut page = Vec::new();
    let titled = command.clone().display_name(name.to_owned());
    Man::new(titled).manual("callboard").render(&mut page).map_err(|e| Failure::file("write", &file, e))?;
    // Ragged: between the long words of examples, blanks would fill whole lines.
    let page = String::from_utf8_lossy(&page).replacen("\n.SH NAME", "\n.ad l\n.SH NAME", 1);
    fs::write(&file, page).map_err(|e| Failure::file("write", &file, e))?;
    files.push(file);
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below, &format!("{name}-{}", below.get_name()), dir, files)?;
    }
    Ok(())
}
