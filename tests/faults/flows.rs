//! A workflow for the faults: `b` waits for `a`, and a callback waits for both.

use callboard::NewJob;
use callboard::domain::callback::Callback;
use callboard::domain::graph::Graph;
use callboard::domain::{Claim, Node, Workflow};
use callboard::store::StoreResult;
use callboard::store::verbs::enqueue::Prepared;
use callboard::store::verbs::workflows::{self, Adder, Addition, PreparedNode, PreparedWorkflow};

use crate::bench::{Bench, at};

/// The id of the only workflow.
pub const FLOW: i64 = 1;

fn nodes(nodes: Vec<Node>) -> Vec<PreparedNode> {
    let node = |node: Node| PreparedNode { name: node.name, job: Prepared::new(node.job, 3), inner: None };
    nodes.into_iter().map(node).collect()
}

impl Bench {
    pub async fn start_flow(&self) -> StoreResult<()> {
        let new = Workflow::new("w").job("a", NewJob::new("t")).job("b", NewJob::new("t")).after(["a"]);
        let new = PreparedWorkflow {
            name: new.name,
            graph: Graph::of(&new.nodes, true).unwrap(),
            nodes: nodes(new.nodes),
            callback: Some(serde_json::to_string(&Callback::of(&NewJob::new("told"), 3)).unwrap()),
        };
        self.store.write(move |tx| workflows::start(tx, &new, at(1))).await.map(drop)
    }

    /// The holder of a claim adds two jobs, for which `b` is to wait too.
    pub async fn fan_out(&self, by: Claim) -> StoreResult<()> {
        let more = vec![Node::new("c", NewJob::new("t")), Node::new("d", NewJob::new("t"))];
        let graph = Graph::of(&more, false).unwrap();
        let new = Addition { nodes: nodes(more), graph, join: true };
        self.store.write(move |tx| workflows::add(tx, &new, &Adder::Claim(by), at(3))).await.map(drop)
    }
}
