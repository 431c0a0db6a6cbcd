//! The job as JSON, as programs and URLs get it: with the results of its parents.

use serde::Serialize;

use super::{Context, ParentResult};
use crate::domain::Job;

#[derive(Serialize)]
struct JobDocument<'a> {
    #[serde(flatten)]
    job: &'a Job,
    parents: &'a [ParentResult],
}

/// Writes the job of an attempt as it may lie in a file: without what is secret in its args.
pub(super) fn job_document_for_file(ctx: &Context) -> serde_json::Result<String> {
    let Some(args) = &ctx.shown_args else { return job_document(ctx) };
    let job = Job { args: args.clone(), ..(*ctx.job).clone() };
    serde_json::to_string(&JobDocument { job: &job, parents: ctx.parents() })
}

/// Writes the job of an attempt.
pub(super) fn job_document(ctx: &Context) -> serde_json::Result<String> {
    serde_json::to_string(&JobDocument { job: &ctx.job, parents: ctx.parents() })
}
