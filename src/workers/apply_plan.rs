//! Makes the approved changes of a plan in the media library.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::in_use::InUse;
use super::stash::{Named, Scene, SceneUpdate, Stash};
use super::{Availability, Context, Failure, RunResult, Worker};
use crate::domain::{Json, PlanRow, RowFilter, RowState};

/// The most rows that the result names one by one. All of them are in the plan.
const MAX_NAMED: usize = 1000;

/// Makes the approved changes of a plan in the media library.
pub struct ApplyPlan {
    stash: Arc<Stash>,
    in_use: InUse<i64>,
}

/// Which plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyArgs {
    /// The plan.
    plan_id: i64,
    /// Tells what would be done, and does nothing.
    #[serde(default = "yes")]
    dry_run: bool,
}

const fn yes() -> bool {
    true
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
pub struct Applied {
    plan_id: i64,
    dry_run: bool,
    /// How many changes were made by this job, or would be.
    applied: u64,
    /// Changes whose scene was changed by somebody else.
    conflicts: Vec<Skipped>,
    /// Changes that the library refused.
    failed: Vec<Skipped>,
    /// How many of either there are, if not all are named.
    skipped: u64,
}

/// A change that was not made.
#[derive(Clone, Debug, Serialize)]
pub struct Skipped {
    row: i64,
    scene_id: i64,
    field: String,
    why: String,
}

impl ApplyPlan {
    /// Puts one together.
    #[must_use]
    pub fn new(stash: Arc<Stash>) -> Self {
        Self { stash, in_use: InUse::default() }
    }

    /// The changes of one scene together, for the first of them would make the others conflicts.
    async fn apply(&self, ctx: &Context, rows: &[PlanRow], dry_run: bool) -> RunResult<Outcome> {
        let first = &rows[0];
        let Some(scene) = self.stash.scene(ctx, first.scene_id).await? else {
            return Ok(Outcome::Conflict("the scene is gone".into()));
        };
        if scene.updated_at != first.base_updated_at {
            // An earlier run may have been ended between the change and the note of it.
            let made = rows.iter().all(|row| is_made(row, &scene));
            let why = format!("the scene was changed at {}", scene.updated_at);
            return Ok(if made { Outcome::Applied } else { Outcome::Conflict(why) });
        }
        let update = update(rows)?;
        if dry_run {
            return Ok(Outcome::Applied);
        }
        match self.stash.update_scene(ctx, &update).await {
            Ok(()) => Ok(Outcome::Applied),
            Err(Failure::Fatal(why)) => Ok(Outcome::Failed(why)),
            Err(failure) => Err(failure),
        }
    }

    async fn approved(&self, ctx: &Context, plan_id: i64) -> RunResult<Vec<Vec<PlanRow>>> {
        let library = ctx.library()?;
        let filter = RowFilter { state: Some(RowState::Approved), ..RowFilter::default() };
        let mut rows = Vec::new();
        let mut after = 0;
        loop {
            let page = library.rows(plan_id, filter.clone(), after).await?;
            let Some(last) = page.last() else { break };
            after = last.number;
            rows.extend(page);
        }
        rows.sort_by_key(|row| row.scene_id);
        Ok(rows.chunk_by(|a, b| a.scene_id == b.scene_id).map(<[PlanRow]>::to_vec).collect())
    }
}

impl Worker for ApplyPlan {
    const JOB_TYPE: &'static str = "apply_plan";
    const DESCRIPTION: &'static str = "Makes the approved changes of a plan in the media library.";
    type Args = ApplyArgs;
    type Output = Applied;

    fn availability(&self) -> Availability {
        self.stash.availability()
    }

    async fn run(&self, ctx: Context, args: ApplyArgs) -> RunResult<Applied> {
        let _held = self.in_use.take(&ctx, args.plan_id)?;
        let library = ctx.library()?;
        let plan = library.plan(args.plan_id).await?;
        let plan = plan.ok_or_else(|| Failure::fatal(format_args!("there is no plan {}", args.plan_id)))?;
        if !plan.ready {
            return Err(Failure::fatal(format_args!("plan {} is still being made", plan.id)));
        }
        let scenes = self.approved(&ctx, plan.id).await?;
        let total = scenes.len() as u64;
        let mut applied = Applied::nothing(&args);
        for (done, rows) in (0..).zip(&scenes) {
            ctx.progress(done, Some(total), Some(&format!("{} changes", applied.applied)));
            let outcome = self.apply(&ctx, rows, args.dry_run).await?;
            if !args.dry_run {
                let numbers = rows.iter().map(|row| row.number).collect();
                library.mark(plan.id, numbers, outcome.state(), outcome.note()).await?;
            }
            applied.add(&ctx, rows, &outcome);
        }
        ctx.progress(total, Some(total), Some(&format!("{} changes", applied.applied)));
        Ok(applied)
    }
}

/// What became of the changes of one scene.
enum Outcome {
    Applied,
    Conflict(String),
    Failed(String),
}

impl Outcome {
    const fn state(&self) -> RowState {
        match self {
            Self::Applied => RowState::Applied,
            Self::Conflict(_) => RowState::Conflict,
            Self::Failed(_) => RowState::Failed,
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Applied => None,
            Self::Conflict(why) | Self::Failed(why) => Some(why.clone()),
        }
    }
}

impl Applied {
    const fn nothing(args: &ApplyArgs) -> Self {
        Self {
            plan_id: args.plan_id,
            dry_run: args.dry_run,
            applied: 0,
            conflicts: Vec::new(),
            failed: Vec::new(),
            skipped: 0,
        }
    }

    fn add(&mut self, ctx: &Context, rows: &[PlanRow], outcome: &Outcome) {
        let list = match outcome {
            Outcome::Applied => {
                self.applied += rows.len() as u64;
                return;
            }
            Outcome::Conflict(_) => &mut self.conflicts,
            Outcome::Failed(_) => &mut self.failed,
        };
        let why = outcome.note().unwrap_or_default();
        for row in rows {
            self.skipped += 1;
            ctx.log.warn(format_args!("row {} (scene {}, {}): {why}", row.number, row.scene_id, row.field));
            if list.len() < MAX_NAMED {
                let (scene_id, field) = (row.scene_id, row.field.clone());
                list.push(Skipped { row: row.number, scene_id, field, why: why.clone() });
            }
        }
    }
}

/// Whether a scene is as a change would make it.
fn is_made(row: &PlanRow, scene: &Scene) -> bool {
    let ids = |named: &[Named]| {
        let mut ids: Vec<_> = named.iter().map(|n| n.id.clone()).collect();
        ids.sort_unstable();
        ids
    };
    match row.field.as_str() {
        "title" => row.new.parse().ok() == scene.title,
        "date" => row.new.parse().ok() == scene.date,
        "studio" => {
            row.new.parse::<Named>().ok().map(|n| n.id) == scene.studio.as_ref().map(|n| n.id.clone())
        }
        "performers" => row.new.parse::<Vec<Named>>().is_ok_and(|new| ids(&new) == ids(&scene.performers)),
        "tags" => row.new.parse::<Vec<Named>>().is_ok_and(|new| ids(&new) == ids(&scene.tags)),
        _ => false,
    }
}

/// The changes of one scene as the library takes them.
fn update(rows: &[PlanRow]) -> RunResult<SceneUpdate> {
    let mut update = SceneUpdate { id: rows[0].scene_id.to_string(), ..SceneUpdate::default() };
    let ids = |new: &Json| -> RunResult<Vec<String>> {
        Ok(new.parse::<Vec<Named>>()?.into_iter().map(|named| named.id).collect())
    };
    for row in rows {
        match row.field.as_str() {
            "title" => update.title = Some(row.new.parse()?),
            "date" => update.date = Some(row.new.parse()?),
            "studio" => update.studio_id = Some(row.new.parse::<Named>()?.id),
            "performers" => update.performer_ids = Some(ids(&row.new)?),
            "tags" => update.tag_ids = Some(ids(&row.new)?),
            other => {
                return Err(Failure::fatal(format_args!(
                    "row {} is about {other:?}, which is unknown",
                    row.number
                )));
            }
        }
    }
    Ok(update)
}
