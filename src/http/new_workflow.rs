//! A new workflow, from the fields of a body.

use super::fields::Fields;
use super::given::Given;
use super::new_job::{self, Usual, text};
use crate::domain::ident::{MAX_BULK, MAX_DEPENDS_ON};
use crate::domain::{Json, NewJob, Node, Workflow};

/// Reads a whole workflow. Faults stay in `fields`; it is worth something only without any.
pub(super) fn whole(fields: &mut Fields<'_>, usual: &impl Usual) -> Workflow {
    Workflow {
        name: fields.text("name"),
        nodes: nodes(fields, usual),
        callback: fields.table("callback", |inner| callback(inner, usual)).flatten(),
    }
}

/// Jobs for a workflow that is there already.
pub(super) struct More {
    pub(super) nodes: Vec<Node>,
    pub(super) added_by: Option<String>,
    pub(super) join: bool,
}

/// Reads jobs that are to be added.
pub(super) fn more(fields: &mut Fields<'_>, usual: &impl Usual) -> More {
    let added_by = fields.text("added_by");
    let join = fields.read("join", Given::flag);
    if join.is_some() && added_by.is_none() {
        fields.fault("join", "means nothing without added_by, the job whose dependents are to wait");
    }
    More { nodes: nodes(fields, usual), added_by, join: join.unwrap_or(true) }
}

/// Reads the jobs of a workflow.
pub(super) fn nodes(fields: &mut Fields<'_>, usual: &impl Usual) -> Vec<Node> {
    let items = fields.needed("jobs", |given| given.items(MAX_BULK)).unwrap_or_default();
    let mut nodes = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        let place = format_args!("jobs[{i}]");
        nodes.extend(fields.inside(place, item.source(), |inner| node(inner, usual)));
        if fields.is_hopeless() {
            break;
        }
    }
    nodes
}

/// Its dependencies are names here, where those of a job by itself are ids.
fn node(fields: &mut Fields<'_>, usual: &impl Usual) -> Node {
    let name = fields.needed("name", text).unwrap_or_default();
    let after = fields.list("depends_on", MAX_DEPENDS_ON, text).unwrap_or_default();
    if !fields.has("workflow") {
        return Node { after, ..Node::new(name, new_job::whole(fields, usual)) };
    }
    let inner = fields.table("workflow", |inner| whole(inner, usual));
    if inner == Some(None) {
        fields.fault("workflow", "must be an object");
    }
    let mut node = Node::workflow(name, inner.flatten().unwrap_or_default());
    let policy = fields.nullable("on_parent_failure", Given::word).flatten();
    node.job.on_parent_failure = policy.unwrap_or_default();
    Node { after, ..node }
}

/// A callback begins when the workflow is over and is like no other job, so it takes fewer fields.
fn callback(fields: &mut Fields<'_>, usual: &impl Usual) -> NewJob {
    for name in ["key", "unique", "depends_on", "parent_job_id", "on_parent_failure", "run_at", "delay_secs"]
    {
        if fields.read(name, |_| Ok(())).is_some() {
            fields.fault(name, "cannot be given for a callback");
        }
    }
    let job_type = fields.needed("job_type", text);
    let args = fields.read("args", Given::json);
    new_job::around(fields, job_type.unwrap_or_default(), args.unwrap_or_else(Json::empty_object), usual)
}
