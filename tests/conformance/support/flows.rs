//! Workflows in short form.

use callboard::domain::callback::Callback;
use callboard::domain::graph::Graph;
use callboard::domain::{Claim, Node, Workflow, WorkflowNode, WorkflowView};
use callboard::store::verbs::enqueue::Prepared;
use callboard::store::verbs::workflows::{self, Adder, Addition, From, PreparedNode, PreparedWorkflow};
use callboard::store::{StoreResult, views};

use super::TestStore;

/// A workflow as the runtime prepares it.
pub fn prepared(new: Workflow) -> PreparedWorkflow {
    PreparedWorkflow {
        name: new.name,
        graph: Graph::of(&new.nodes, true).unwrap(),
        nodes: prepared_nodes(new.nodes),
        callback: new.callback.map(|job| serde_json::to_string(&Callback::of(&job, 3)).unwrap()),
    }
}

fn prepared_nodes(nodes: Vec<Node>) -> Vec<PreparedNode> {
    let node = |node: Node| PreparedNode {
        name: node.name,
        job: Prepared::new(node.job, 3),
        inner: node.inner.map(|inner| Box::new(prepared(*inner))),
    };
    nodes.into_iter().map(node).collect()
}

impl TestStore {
    pub async fn try_add(&self, nodes: Vec<Node>, by: Adder, join: bool) -> StoreResult<(Vec<i64>, usize)> {
        let graph = Graph::of(&nodes, false).unwrap();
        let (new, now) = (Addition { nodes: prepared_nodes(nodes), graph, join }, self.now());
        self.write(move |tx| workflows::add(tx, &new, &by, now)).await
    }

    /// A running job adds jobs; how many of them were there.
    pub async fn fan_out(&self, claim: Claim, nodes: Vec<Node>) -> usize {
        self.try_add(nodes, Adder::Claim(claim), true).await.unwrap().1
    }

    pub async fn try_start(&self, new: Workflow) -> StoreResult<i64> {
        let (new, now) = (prepared(new), self.now());
        self.write(move |tx| workflows::start(tx, &new, now)).await
    }

    pub async fn start(&self, new: Workflow) -> i64 {
        self.try_start(new).await.unwrap()
    }

    pub async fn workflow(&self, id: i64) -> Option<WorkflowView> {
        let view = move |conn: &mut _| {
            let Some(info) = views::workflows::workflow(conn, id)? else { return Ok(None) };
            Ok(Some(WorkflowView { info, jobs: views::workflows::nodes(conn, id)? }))
        };
        self.store.read(view).await.unwrap()
    }

    /// A node that must be there.
    pub async fn node(&self, workflow: i64, name: &str) -> WorkflowNode {
        let view = self.workflow(workflow).await.expect("a workflow");
        view.jobs.into_iter().find(|node| node.name == name).expect("a node of that name")
    }

    /// The states of the nodes by name, as in `a:completed b:blocked`.
    pub async fn states(&self, workflow: i64) -> String {
        let view = self.workflow(workflow).await.expect("a workflow");
        let states: Vec<_> = view.jobs.iter().map(|n| format!("{}:{}", n.name, n.state)).collect();
        states.join(" ")
    }

    pub async fn cancel_workflow(&self, id: i64) -> StoreResult<bool> {
        let now = self.now();
        self.write(move |tx| workflows::cancel(tx, id, now)).await
    }

    pub async fn retry_workflow(&self, id: i64, from: Option<&str>) -> StoreResult<usize> {
        let now = self.now();
        let from = from.map_or(From::Failures, |name| From::Node(name.to_owned()));
        self.write(move |tx| workflows::retry(tx, id, &from, now)).await
    }
}
