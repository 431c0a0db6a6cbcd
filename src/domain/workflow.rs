//! A workflow to be made: jobs that wait for each other by name.

use super::graph::Graph;
use super::{NewJob, ident};

/// The longest name of a workflow or of a node, in characters.
pub const MAX_NAME: usize = 255;

/// A job in a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name, one of its kind in the workflow.
    pub name: String,
    /// The job. Its `depends_on` and `parent_job_id` may name jobs outside the workflow.
    pub job: NewJob,
    /// The nodes that must be final first; one that a running job adds waits for that job besides.
    pub after: Vec<String>,
    /// The workflow that runs in its place; see [`Node::workflow`].
    pub inner: Option<Box<Workflow>>,
}

impl Node {
    /// A node of this name.
    #[must_use]
    pub fn new(name: impl Into<String>, job: NewJob) -> Self {
        Self { name: name.into(), job, after: Vec::new(), inner: None }
    }

    /// A node that is a workflow itself: it runs while that does, and ends as that ends.
    #[must_use]
    pub fn workflow(name: impl Into<String>, inner: Workflow) -> Self {
        let job = NewJob::new(ident::WORKFLOW_NODE).max_retries(0);
        Self { inner: Some(Box::new(inner)), ..Self::new(name, job) }
    }

    /// Lets it wait for other nodes.
    #[must_use]
    pub fn after<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.after.extend(names.into_iter().map(Into::into));
        self
    }
}

/// Jobs that are handed in together and wait for each other by name.
///
/// ```
/// use callboard::{NewJob, Workflow};
///
/// let film = Workflow::new("film")
///     .job("fetch", NewJob::new("download"))
///     .job("encode", NewJob::new("encode").priority(3))
///     .after(["fetch"])
///     .job("index", NewJob::new("index"))
///     .after(["fetch"])
///     .job("publish", NewJob::new("publish"))
///     .after(["encode", "index"])
///     .callback(NewJob::new("tell"));
/// assert_eq!(film.nodes.len(), 4);
/// assert!(film.faults().is_empty());
/// ```
///
/// A batch is one without dependencies:
///
/// ```
/// use callboard::{NewJob, Workflow};
///
/// let batch = (1..=100).fold(Workflow::new("thumbnails"), |batch, page| {
///     batch.job(format!("page {page}"), NewJob::new("thumbnail"))
/// });
/// assert!(batch.callback(NewJob::new("tell")).faults().is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workflow {
    /// For people; several may have the same.
    pub name: Option<String>,
    /// Its jobs.
    pub nodes: Vec<Node>,
    /// A job that is made when all of them are final, whatever became of them.
    pub callback: Option<NewJob>,
}

impl Workflow {
    /// One without jobs yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// Adds a job.
    #[must_use]
    pub fn job(mut self, name: impl Into<String>, job: NewJob) -> Self {
        self.nodes.push(Node::new(name, job));
        self
    }

    /// Adds a workflow as one of its nodes. It begins when what it waits for is final, and is final
    /// when all of its jobs are.
    ///
    /// ```
    /// use callboard::{NewJob, Workflow};
    ///
    /// let season = Workflow::new("season")
    ///     .workflow("pilot", Workflow::new("film").job("fetch", NewJob::new("download")))
    ///     .job("announce", NewJob::new("announce"))
    ///     .after(["pilot"]);
    /// assert!(season.faults().is_empty());
    /// ```
    #[must_use]
    pub fn workflow(mut self, name: impl Into<String>, inner: Workflow) -> Self {
        self.nodes.push(Node::workflow(name, inner));
        self
    }

    /// How many jobs it has, with those of the workflows in it.
    #[must_use]
    pub fn size(&self) -> usize {
        size(&self.nodes)
    }

    /// Lets the job that was added last wait for others, which may be added later.
    #[must_use]
    pub fn after<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        if let Some(last) = self.nodes.pop() {
            self.nodes.push(last.after(names));
        }
        self
    }

    /// Names a job that is made when all others are final, whatever became of them. It is told how
    /// that went: `workflow` in its metadata has the id, the name, the state and the counts.
    #[must_use]
    pub fn callback(mut self, job: NewJob) -> Self {
        self.callback = Some(job);
        self
    }

    /// What is wrong with names and dependencies, as (field, message). What is wrong with the jobs
    /// themselves is found when they are stored.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if let Some(Err(message)) = self.name.as_deref().map(check_name) {
            faults.push(("name".into(), message));
        }
        faults.extend(node_faults(&self.nodes));
        faults.extend(inner_faults(&self.nodes));
        faults.extend(self.callback.iter().flat_map(callback_faults));
        faults.extend(Graph::of(&self.nodes, true).err().unwrap_or_default());
        faults
    }
}

fn size(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| 1 + node.inner.as_ref().map_or(0, |inner| inner.size())).sum()
}

/// What is wrong with the workflows that are nodes.
#[must_use]
pub fn inner_faults(nodes: &[Node]) -> Vec<(String, String)> {
    let inner = nodes.iter().enumerate().filter_map(|(i, node)| Some((i, node.inner.as_ref()?)));
    inner
        .flat_map(|(i, inner)| {
            inner.faults().into_iter().map(move |(field, m)| (format!("jobs[{i}].workflow.{field}"), m))
        })
        .collect()
}

/// What is wrong with the number of nodes and their names.
#[must_use]
pub fn node_faults(nodes: &[Node]) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    if nodes.is_empty() {
        faults.push(("jobs".into(), "must have at least one job".into()));
    }
    if size(nodes) > ident::MAX_BULK {
        let message = format!("must have at most {} jobs, got {}", ident::MAX_BULK, size(nodes));
        faults.push(("jobs".into(), message));
    }
    for (i, node) in nodes.iter().enumerate() {
        if let Err(message) = check_name(&node.name) {
            faults.push((format!("jobs[{i}].name"), message));
        }
    }
    faults
}

/// What jobs cannot say that another job adds: they are its children.
#[must_use]
pub fn addition_faults(nodes: &[Node]) -> Vec<(String, String)> {
    let own = nodes.iter().enumerate().filter(|(_, node)| node.job.parent_job_id.is_some());
    let fault = |(i, _)| {
        let message = "cannot be given: it is the job that adds this one";
        (format!("jobs[{i}].parent_job_id"), message.to_owned())
    };
    own.map(fault).collect()
}

/// A callback is made exactly once for each end, and nobody is there to be told of a refusal.
fn callback_faults(job: &NewJob) -> Vec<(String, String)> {
    let plain = NewJob::new("");
    [
        ("key", job.key != plain.key),
        ("unique", job.unique != plain.unique),
        ("depends_on", job.depends_on != plain.depends_on),
        ("parent_job_id", job.parent_job_id != plain.parent_job_id),
        ("run_at", job.run_at != plain.run_at),
    ]
    .into_iter()
    .filter(|(_, given)| *given)
    .map(|(field, _)| (format!("callback.{field}"), "cannot be given for a callback".into()))
    .collect()
}

fn check_name(name: &str) -> Result<(), String> {
    ident::check_text(name, MAX_NAME)?;
    if name.chars().any(char::is_control) {
        return Err("must not contain control characters".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(workflow: &Workflow) -> Vec<String> {
        workflow.faults().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn names_and_numbers_are_checked() {
        assert_eq!(fields(&Workflow::new("")), ["name", "jobs"]);
        assert_eq!(fields(&Workflow::new("w").job("a\nb", NewJob::new("t"))), ["jobs[0].name"]);
        let many =
            (0..=ident::MAX_BULK).fold(Workflow::new("w"), |w, i| w.job(i.to_string(), NewJob::new("t")));
        assert_eq!(fields(&many), ["jobs"]);
    }

    #[test]
    fn a_callback_cannot_be_refused_later() {
        let callback = NewJob::new("t").key("k").target_id("x").depends_on([1]);
        let workflow = Workflow::new("w").job("a", NewJob::new("t")).callback(callback);
        assert_eq!(fields(&workflow), ["callback.key", "callback.depends_on"]);
    }
}
