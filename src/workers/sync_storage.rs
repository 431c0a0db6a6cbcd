//! `sync_storage`: files go to another place with rclone.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::media::Media;
use super::outputs::check_relative;
use super::rclone::{Mode, Places, Synced, Transfer};
use super::tools::{Class, Trouble, unavailable};
use super::{Availability, Context, Failure, RunResult, ToolInfo, Worker};
use crate::workers::outputs::SourceState;

/// Copies files elsewhere.
pub struct SyncStorage {
    media: Arc<Media>,
    places: Places,
}

/// What goes where.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncArgs {
    /// A folder below the folder of downloads (all of that without it), or a place that the
    /// configuration allows.
    source: Option<String>,
    /// A place that the configuration allows.
    destination: String,
    /// Whether what is not at the source is deleted at the destination.
    #[serde(default)]
    mode: Mode,
    /// Only tell what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Whether both places are compared afterwards.
    #[serde(default = "yes")]
    verify: bool,
}

const fn yes() -> bool {
    true
}

impl SyncStorage {
    /// Puts one together.
    #[must_use]
    pub fn new(media: Arc<Media>, places: Places) -> Self {
        Self { media, places }
    }

    /// The source as rclone takes it. A path of a job's own stays below the folder of downloads.
    fn source(&self, source: Option<&str>) -> RunResult<String> {
        let inner = match source {
            None => self.media.root.path()?,
            Some(text) if self.places.is_source(text) => return Ok(text.to_owned()),
            Some(text) => {
                let root = self.media.root.path()?;
                let wrong = |class, why| Failure::from(Trouble::new(class, format_args!("{text:?} {why}")));
                let path =
                    root.join(text).canonicalize().map_err(|_| wrong(Class::NotFound, "is not there"))?;
                if !path.starts_with(&root) {
                    return Err(wrong(Class::BadInput, "leads out of the folder of downloads"));
                }
                path
            }
        };
        Ok(inner.to_string_lossy().into_owned())
    }
}

impl Worker for SyncStorage {
    const JOB_TYPE: &'static str = "sync_storage";
    const DESCRIPTION: &'static str = "Copies files to another place, or mirrors them there (rclone).";
    const ONE_PER_TARGET: bool = true;
    type Args = SyncArgs;
    type Output = Synced;

    async fn run(&self, ctx: Context, args: SyncArgs) -> RunResult<Synced> {
        let source = self.source(args.source.as_deref())?;
        let _state = SourceState::lock(&self.media.root.path()?, &format!("to {}", args.destination))?;
        let toolbox = self.media.toolbox(&ctx)?;
        Transfer {
            places: &self.places,
            rclone: &self.media.rclone,
            toolbox: &toolbox,
            source,
            destination: args.destination,
            mode: args.mode,
            dry_run: args.dry_run,
            verify: args.verify,
        }
        .run()
        .await
    }

    fn check(&self, args: &SyncArgs) -> Vec<(String, String)> {
        let source = match args.source.as_deref() {
            Some(text) if !self.places.is_source(text) => check_relative(text)
                .err()
                .map(|why| format!("{why}, or begin with one of rclone.allowed_sources")),
            _ => None,
        };
        let checks = [
            ("args.source", source),
            ("args.destination", self.places.check_destination(&args.destination).err()),
            ("args.mode", self.places.check_mode(args.mode).err()),
        ];
        checks.into_iter().filter_map(|(field, why)| Some((field.to_owned(), why?))).collect()
    }

    fn target(&self, args: &SyncArgs) -> Option<String> {
        super::media::target(&args.destination)
    }

    fn availability(&self) -> Availability {
        match self.places.any_destination() {
            true => unavailable(&[&self.media.rclone]),
            false => Availability::Unavailable(
                "nothing may be copied anywhere: name places under rclone.allowed_destinations in the configuration"
                    .into(),
            ),
        }
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        Box::pin(async move { vec![self.media.rclone.info().await] })
    }
}
