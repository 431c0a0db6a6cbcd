//! Proposes changes to the scenes of the media library, for a person to review. Changes nothing.

mod file_name;
mod names;
mod rules;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::names::Names;
use self::rules::Rules;
use super::stash::Scene;
use super::{Context, Failure, RunResult, Worker};
use crate::domain::LibraryKind;

/// Proposes changes to the scenes of the media library.
pub struct AnalyzeScenes;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// A title where there is none, from the name of the file.
    Title,
    /// A date where there is none, from the name of the file.
    Date,
    /// A studio where there is none, from names in the path.
    Studio,
    /// Performers whose names stand in the title or the path.
    Performers,
    /// Tags whose names stand in the title or the name of the file.
    Tags,
}

/// What to look for, and where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnalyzeArgs {
    /// What is looked for.
    rules: BTreeSet<Rule>,
    /// Less certain changes are not proposed, 0 to 1.
    min_confidence: f64,
    /// Leaves out scenes that somebody has put in order by hand.
    skip_organized: bool,
    /// Only these scenes.
    scene_ids: Option<BTreeSet<i64>>,
}

impl Default for AnalyzeArgs {
    fn default() -> Self {
        let rules = [Rule::Title, Rule::Date, Rule::Studio, Rule::Performers, Rule::Tags];
        Self { rules: rules.into(), min_confidence: 0.5, skip_organized: true, scene_ids: None }
    }
}

/// The plan that came of it.
#[derive(Debug, Serialize)]
pub struct Analyzed {
    /// The plan.
    plan_id: i64,
    /// How many changes it proposes.
    total_changes: i64,
}

impl Worker for AnalyzeScenes {
    const JOB_TYPE: &'static str = "analyze_scenes";
    const DESCRIPTION: &'static str =
        "Proposes changes to the scenes of the media library, for a person to review.";
    type Args = AnalyzeArgs;
    type Output = Analyzed;

    fn check(&self, args: &AnalyzeArgs) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if args.rules.is_empty() {
            faults.push(("args.rules".into(), "must name at least one; leave it out for all".into()));
        }
        if !(0.0..=1.0).contains(&args.min_confidence) {
            let message = format!("must be from 0 to 1, got {}", args.min_confidence);
            faults.push(("args.min_confidence".into(), message));
        }
        faults
    }

    async fn run(&self, ctx: Context, args: AnalyzeArgs) -> RunResult<Analyzed> {
        let library = ctx.library()?;
        let total = library.count(LibraryKind::Scene).await?.unsigned_abs();
        if total == 0 {
            return Err(Failure::fatal("there is no snapshot of the media library; run sync_all first"));
        }
        let (plan_id, ready) = library.begin_plan(ctx.job.id).await?;
        if !ready {
            propose(&ctx, &args, plan_id, total).await?;
            library.publish_plan(plan_id).await?;
        }
        let plan = library.plan(plan_id).await?;
        let total_changes = plan.map_or(0, |plan| plan.total_changes);
        ctx.progress(total, Some(total), Some(&format!("{total_changes} changes proposed")));
        Ok(Analyzed { plan_id, total_changes })
    }
}

/// Goes through all scenes, a page at a time.
async fn propose(ctx: &Context, args: &AnalyzeArgs, plan: i64, total: u64) -> RunResult<()> {
    let library = ctx.library()?;
    let rules = Rules {
        wanted: args.rules.clone(),
        min_confidence: args.min_confidence,
        studios: names(ctx, LibraryKind::Studio).await?,
        performers: names(ctx, LibraryKind::Performer).await?,
        tags: names(ctx, LibraryKind::Tag).await?,
    };
    let (mut after, mut done, mut proposed) = (0, 0, 0);
    loop {
        if ctx.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let items = library.items(LibraryKind::Scene, after).await?;
        let Some(last) = items.last() else { return Ok(()) };
        after = last.id;
        let mut changes = Vec::new();
        for item in &items {
            let scene: Scene = item.data.parse().map_err(|e| {
                Failure::fatal(format_args!("scene {} of the snapshot cannot be read: {e}", item.id))
            })?;
            let chosen = args.scene_ids.as_ref().is_none_or(|ids| ids.contains(&item.id));
            if chosen && !(args.skip_organized && scene.organized) {
                changes.extend(rules.changes(item.id, &scene)?);
            }
        }
        done += items.len() as u64;
        proposed += changes.len();
        library.add_changes(plan, changes).await?;
        ctx.progress(done, Some(total), Some(&format!("{proposed} changes proposed")));
    }
}

async fn names(ctx: &Context, kind: LibraryKind) -> RunResult<Names> {
    let library = ctx.library()?;
    let mut names = Names::default();
    let mut after = 0;
    loop {
        let items = library.items(kind, after).await?;
        let Some(last) = items.last() else { return Ok(names) };
        after = last.id;
        for item in &items {
            names.add(&item.data.parse()?);
        }
    }
}
