//! Keeps a snapshot of the media library.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::in_use::InUse;
use super::stash::{Found, Seek, Stash};
use super::{Availability, Context, RunResult, Worker};
use crate::domain::{LibraryKind, LibraryPage, LibraryPass, Timestamp};

/// How far back an incremental pass looks beyond the last change that is known, for clocks that are
/// set and writes that were under way.
const OVERLAP: Duration = Duration::from_secs(300);

/// Keeps a snapshot of the media library.
pub struct SyncAll {
    stash: Arc<Stash>,
    in_use: InUse<()>,
}

/// How much to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// What changed; everything now and then (`stash.full_every_days`), or when there is no whole
    /// snapshot yet.
    #[default]
    Auto,
    /// Everything. Notices what was deleted.
    Full,
    /// What changed.
    Incremental,
}

/// How to read the library.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyncArgs {
    /// How much to read.
    mode: Mode,
}

/// What was read.
#[derive(Debug, Default, Serialize)]
pub struct Synced {
    /// The version of the server.
    version: String,
    /// Of each kind.
    kinds: Vec<SyncedKind>,
}

/// What was read of one kind.
#[derive(Debug, Serialize)]
pub struct SyncedKind {
    kind: &'static str,
    /// Whether everything was read, or only what changed.
    full: bool,
    /// Whether an earlier run had begun it.
    resumed: bool,
    /// How many things were read.
    read: i64,
    /// How many were deleted here, for they are gone there.
    deleted: i64,
    /// How many there are now.
    total: i64,
}

impl SyncAll {
    /// Puts one together.
    #[must_use]
    pub fn new(stash: Arc<Stash>) -> Self {
        Self { stash, in_use: InUse::default() }
    }

    async fn sync(&self, ctx: &Context, stage: usize, mode: Mode) -> RunResult<SyncedKind> {
        let kind = LibraryKind::ALL[stage];
        let library = ctx.library()?;
        let (mut pass, resumed) = self.begin(ctx, kind, mode).await?;
        let whole = loop {
            let seek = Seek { kind, position: pass.position, since: pass.since };
            let found = self.stash.find(ctx, seek).await?;
            let total = total(&pass, &found);
            if found.items.is_empty() {
                break pass.seen == total;
            }
            pass = after(pass, &found);
            library.save_page(LibraryPage { items: found.items, pass: pass.clone() }).await?;
            step(ctx, stage, &pass, total);
            if pass.seen >= total {
                break pass.seen == total;
            }
        };
        let forget = pass.full && whole;
        if pass.full && !whole {
            ctx.log.warn(format_args!(
                "the {kind}s changed while they were read, so none is deleted before the next full run"
            ));
        }
        let deleted = library.finish_pass(kind, pass.number, forget).await?;
        let total = library.count(kind).await?;
        ctx.log.info(format_args!("{kind}s: {} read, {deleted} deleted, {total} now", pass.seen));
        Ok(SyncedKind { kind: kind.as_str(), full: pass.full, resumed, read: pass.seen, deleted, total })
    }

    /// Goes on with a pass that was left open, or begins one; tells which.
    async fn begin(&self, ctx: &Context, kind: LibraryKind, mode: Mode) -> RunResult<(LibraryPass, bool)> {
        let library = ctx.library()?;
        let source = self.stash.source();
        let last = library.pass(kind).await?;
        // A snapshot of another library is of no use.
        let known = last.as_ref().filter(|pass| pass.source == source);
        let full = self.is_full(known, mode);
        if let Some(open) = known.filter(|pass| pass.running && pass.full == full && resumes(kind)) {
            ctx.log.info(format_args!("{kind}s: goes on after {} that were read", open.seen));
            return Ok((open.clone(), true));
        }
        let finished_newest = known.and_then(|pass| pass.finished_newest);
        let pass = LibraryPass {
            kind,
            source,
            number: last.as_ref().map_or(1, |pass| pass.number + 1),
            full,
            running: true,
            since: finished_newest.filter(|_| !full).map(|newest| newest.minus(OVERLAP)),
            position: 0,
            seen: 0,
            newest: None,
            finished_newest,
            full_at: known.and_then(|pass| pass.full_at),
        };
        library.begin_pass(pass.clone()).await?;
        Ok((pass, false))
    }

    fn is_full(&self, last: Option<&LibraryPass>, mode: Mode) -> bool {
        let Some(full_at) = last.and_then(|pass| pass.full_at) else { return true };
        match mode {
            Mode::Full => true,
            Mode::Incremental => false,
            // What a full run has begun, the next one ends.
            Mode::Auto => {
                let open = last.is_some_and(|pass| pass.running && pass.full);
                open || self.stash.clock().now().since(full_at) >= self.stash.config().full_every
            }
        }
    }
}

impl Worker for SyncAll {
    const JOB_TYPE: &'static str = "sync_all";
    const DESCRIPTION: &'static str = "Keeps a snapshot of the media library (Stash).";
    type Args = SyncArgs;
    type Output = Synced;

    fn availability(&self) -> Availability {
        self.stash.availability()
    }

    async fn run(&self, ctx: Context, args: SyncArgs) -> RunResult<Synced> {
        let _held = self.in_use.take(&ctx, ())?;
        let version = self.stash.hello(&ctx).await?;
        ctx.log.info(format_args!("reading {} (version {version})", self.stash.source()));
        let mut kinds = Vec::new();
        for stage in 0..LibraryKind::ALL.len() {
            kinds.push(self.sync(&ctx, stage, args.mode).await?);
        }
        ctx.progress_at(100.0, kinds.iter().map(|k| k.read.unsigned_abs()).sum(), None, None);
        Ok(Synced { version, kinds })
    }
}

/// Whether a pass can go on where it was left: what comes in one piece is read anew.
const fn resumes(kind: LibraryKind) -> bool {
    matches!(kind, LibraryKind::Scene)
}

/// How many things the pass reads altogether, as the server sees it now.
fn total(pass: &LibraryPass, found: &Found) -> i64 {
    if resumes(pass.kind) { pass.seen + found.count } else { found.count }
}

fn after(pass: LibraryPass, found: &Found) -> LibraryPass {
    let times = found.items.iter().filter_map(|item| item.updated_at.parse::<Timestamp>().ok());
    let newest = times.chain(pass.newest).max();
    let read = i64::try_from(found.items.len()).unwrap_or(i64::MAX);
    LibraryPass { position: found.position, seen: pass.seen + read, newest, ..pass }
}

fn step(ctx: &Context, stage: usize, pass: &LibraryPass, total: i64) {
    #[expect(clippy::cast_precision_loss, reason = "a percentage need not be exact")]
    let percent = {
        let share = pass.seen as f64 / total.max(1) as f64;
        (stage as f64 + share.min(1.0)) / LibraryKind::ALL.len() as f64 * 100.0
    };
    let message = format!("{}s: {} of {total}", pass.kind, pass.seen);
    let (seen, total) = (pass.seen.unsigned_abs(), total.max(0).unsigned_abs());
    ctx.progress_at(percent, seen, Some(total), Some(&message));
}
