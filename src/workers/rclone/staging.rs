//! Where files wait at the destination until they are whole. An rclone that is stopped in the middle
//! of a file leaves half of it, at many places under its final name. So files go to a folder of
//! callboard's own first, and then to their names, which is one step for each.

use serde::Deserialize;

use super::places::Mode;
use super::stats::Stats;
use super::transfer::{Transfer, exit_trouble};
use crate::workers::tools::{Captured, Class, Trouble};
use crate::workers::{Failure, RunResult};

/// callboard's own at the destination. No copy takes it along.
const OWN: &str = ".callboard";
const NOT_OUR_OWN: &str = "--exclude=.callboard/**";
/// rclone's exit code for a place that is not there.
const NOT_THERE: i32 = 3;

/// A transfer by way of such a folder.
pub(super) struct Staging<'a> {
    transfer: &'a Transfer<'a>,
    folder: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Backend {
    features: Features,
}

/// What a place can do.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Features {
    /// Give a file another name.
    #[serde(default, rename = "Move")]
    rename: bool,
    /// Newer versions of rclone do there what is done here.
    #[serde(default)]
    partial_uploads: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    name: String,
    is_dir: bool,
}

impl Transfer<'_> {
    /// The folder in which files wait, if they need to: places that cannot rename, such as object
    /// stores, show a file only when it is whole.
    pub(super) async fn staging(&self) -> RunResult<Option<Staging<'_>>> {
        if self.dry_run || self.places.is_direct(&self.destination) {
            return Ok(None);
        }
        let captured = self.ask(&["backend", "features"], &[&self.destination]).await?;
        let Backend { features } = serde_json::from_str(succeeded(captured)?.stdout.as_str())?;
        let needed = features.rename && !features.partial_uploads;
        let folder = within(&self.destination, &format!("{OWN}/incoming"));
        Ok(needed.then_some(Staging { transfer: self, folder }))
    }
}

impl Staging<'_> {
    /// Copies what is not at the destination, then puts it there. What is whole is put there also
    /// when something else failed.
    pub(super) async fn run(self) -> RunResult<Stats> {
        let Transfer { destination, mode, .. } = self.transfer;
        // Not `copy`: what waits there from before and is gone from the source must not arrive.
        let options = vec![format!("--compare-dest={destination}")];
        let copied = self.transfer.copy("sync", options, &self.folder).await;
        if copied == Err(Failure::Cancelled) {
            return copied;
        }
        let delivered = self.deliver().await;
        let mut stats = copied?;
        delivered?;
        if *mode == Mode::Mirror {
            stats.deletes = self.transfer.straight().await?.deletes;
        }
        Ok(stats)
    }

    async fn deliver(&self) -> RunResult<()> {
        let Transfer { source, destination, .. } = self.transfer;
        let check = ["check", "--one-way", "--size-only", "--use-json-log"];
        match self.transfer.ask(&check, &[&self.folder, source]).await?.status.code() {
            Some(0) => {}
            Some(NOT_THERE) => return Ok(()),
            code => {
                self.transfer.ask(&["purge"], &[&self.folder]).await?;
                let text = format!("what arrived at the destination is not whole (exit code {code:?})");
                return Err(Trouble::new(Class::Transient, text).into());
            }
        }
        let moved = self.transfer.ask(&["move", NOT_OUR_OWN], &[&self.folder, destination]).await?;
        if moved.stderr.contains("overlapping remotes") {
            self.deliver_one_by_one().await?;
        } else {
            succeeded(moved)?;
        }
        // Only what is empty goes.
        self.transfer.ask(&["rmdirs"], &[&within(destination, OWN)]).await.map(drop)
    }

    /// For older versions, which refuse to move a folder out of another.
    async fn deliver_one_by_one(&self) -> RunResult<()> {
        let listed = succeeded(self.transfer.ask(&["lsjson"], &[&self.folder]).await?)?;
        let entries: Vec<Entry> = serde_json::from_str(&listed.stdout)?;
        for Entry { name, is_dir } in entries {
            let command = if is_dir { "move" } else { "moveto" };
            let places = [within(&self.folder, &name), within(&self.transfer.destination, &name)];
            succeeded(self.transfer.ask(&[command], &[&places[0], &places[1]]).await?)?;
        }
        Ok(())
    }
}

fn succeeded(captured: Captured) -> RunResult<Captured> {
    match captured.status.success() {
        true => Ok(captured),
        false => Err(exit_trouble(captured.status.code(), &captured.stderr).into()),
    }
}

/// A path below a place.
fn within(place: &str, path: &str) -> String {
    let border = if place.ends_with([':', '/']) { "" } else { "/" };
    format!("{place}{border}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_places() {
        for (place, path) in
            [("away:", "away:x"), ("away:in", "away:in/x"), ("/srv/", "/srv/x"), ("/srv", "/srv/x")]
        {
            assert_eq!(within(place, "x"), path);
        }
    }
}
