//! Random workflows with random ends: the same is done to the store and to the model. After each step the
//! states of all nodes, the state of the whole and the number of callbacks are compared; the audit
//! compares the kept counters with a recount.

use std::collections::BTreeMap;

use callboard::domain::{Claim, Job, NewJob, Node, OnParentFailure, Verdict, Workflow};
use callboard::store::verbs::workflows::Adder;
use callboard::store::{StoreError, StoreResult};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::flow::{Model, ModelNode, Shape};
use super::job::Word;
use crate::support::{NODE, TestStore, block_on, error, for_all, property_on_every_database};

#[derive(Clone, Debug)]
enum Step {
    Claim(usize),
    Finish(Index, u8),
    Cancel(Index),
    Retry(Index),
    CancelAll,
    RetryAll,
    RetryFrom(Index),
    Lose(Index),
    Add(Index, u8),
    Promote,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    vec((vec(any::<Index>(), 0..3), any::<bool>()), 1..9).prop_map(|drawn| {
        let shape = |(i, (after, anyway)): (usize, (Vec<Index>, bool))| Shape {
            after: if i == 0 { Vec::new() } else { after.iter().map(|at| at.index(i)).collect() },
            anyway,
        };
        drawn.into_iter().enumerate().map(shape).collect()
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_usize..4).prop_map(Step::Claim),
        8 => (any::<Index>(), 0_u8..8).prop_map(|(which, end)| Step::Finish(which, end)),
        1 => any::<Index>().prop_map(Step::Cancel),
        2 => any::<Index>().prop_map(Step::Retry),
        1 => Just(Step::CancelAll),
        2 => Just(Step::RetryAll),
        2 => any::<Index>().prop_map(Step::RetryFrom),
        1 => any::<Index>().prop_map(Step::Lose),
        2 => (any::<Index>(), 1_u8..3).prop_map(|(which, n)| Step::Add(which, n)),
        2 => Just(Step::Promote),
    ];
    vec(step, 1..50)
}

/// The two, side by side. Node `i` is called `n{i}` in both.
struct Twin {
    store: TestStore,
    model: Model,
    workflow: i64,
    ids: Vec<i64>,
    running: BTreeMap<usize, Claim>,
}

fn answered<T>(answer: StoreResult<T>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(StoreError::Refused(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

fn job(anyway: bool) -> NewJob {
    let policy = if anyway { OnParentFailure::Run } else { OnParentFailure::Cancel };
    NewJob { on_parent_failure: policy, ..NewJob::new("t").max_retries(1) }
}

impl Twin {
    async fn new(store: TestStore, shapes: &[Shape]) -> Self {
        let mut flow = Workflow::new("w").callback(NewJob::new("callback"));
        for (i, shape) in shapes.iter().enumerate() {
            let after: Vec<String> = shape.after.iter().map(|parent| format!("n{parent}")).collect();
            flow = flow.job(format!("n{i}"), job(shape.anyway)).after(after);
        }
        let workflow = store.start(flow).await;
        let mut twin =
            Self { store, model: Model::new(shapes), workflow, ids: Vec::new(), running: BTreeMap::new() };
        twin.learn_ids().await;
        twin
    }

    async fn learn_ids(&mut self) {
        let view = self.store.workflow(self.workflow).await.unwrap();
        self.ids = view.jobs.iter().map(|node| node.id).collect();
    }

    fn node(&self, which: &Index) -> usize {
        which.index(self.ids.len())
    }

    fn picked(&self, which: &Index) -> Option<(usize, Claim)> {
        (!self.running.is_empty())
            .then(|| which.index(self.running.len()))
            .and_then(|at| self.running.iter().nth(at).map(|(node, claim)| (*node, *claim)))
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Claim(n) => self.claim(*n).await,
            Step::Finish(which, end) => self.finish(which, *end).await,
            Step::Lose(which) => {
                let Some((node, claim)) = self.picked(which) else { return };
                assert!(self.store.lose(claim).await.is_some());
                self.running.remove(&node);
                self.model.lose(node);
            }
            Step::Cancel(which) => {
                let node = self.node(which);
                assert_eq!(answered(self.store.cancel(self.ids[node]).await), self.model.cancel(node));
            }
            Step::Retry(which) => {
                let node = self.node(which);
                assert_eq!(
                    answered(self.store.retry(self.ids[node]).await).is_some(),
                    self.model.retry(node)
                );
            }
            Step::CancelAll => {
                let told = answered(self.store.cancel_workflow(self.workflow).await);
                assert_eq!(told, self.model.cancel_all());
            }
            Step::RetryAll => {
                let told = answered(self.store.retry_workflow(self.workflow, None).await);
                assert_eq!(told, self.model.retry_all());
            }
            Step::RetryFrom(which) => {
                let (node, name) = (self.node(which), format!("n{}", self.node(which)));
                let told = answered(self.store.retry_workflow(self.workflow, Some(&name)).await);
                assert_eq!(told, self.model.retry_from(vec![node]));
            }
            Step::Add(which, n) => self.add(which, *n).await,
            Step::Promote => {
                self.store.pass(3600);
                self.store.promote(99).await;
                let due = |node: &mut ModelNode| {
                    if node.state == "retrying" {
                        node.state = "pending";
                    }
                };
                self.model.nodes.iter_mut().for_each(due);
            }
        }
        self.model.commit();
    }

    async fn claim(&mut self, n: usize) {
        for Job { id, attempt, .. } in self.store.claim("t", n).await {
            let node = self.ids.iter().position(|known| *known == id).unwrap();
            assert_eq!(self.model.nodes[node].state, "pending");
            self.model.nodes[node].state = "running";
            self.running.insert(node, Claim { job_id: id, attempt, node: NODE });
        }
    }

    async fn finish(&mut self, which: &Index, end: u8) {
        let Some((node, claim)) = self.picked(which) else { return };
        let verdict = match end {
            0..=3 => Verdict::Success(None),
            4 => Verdict::Fatal("no".into()),
            5 => Verdict::Cancelled,
            6 => error("again"),
            _ => Verdict::Released,
        };
        assert!(self.store.finish(claim, verdict).await.is_some());
        self.running.remove(&node);
        self.model.finish(node, end);
    }

    /// The same names each time that a node adds jobs, as a worker that is tried again would.
    async fn add(&mut self, which: &Index, n: u8) {
        let Some((by, claim)) = self.picked(which) else { return };
        let of_old: Vec<usize> =
            (0..self.ids.len()).filter(|i| self.model.nodes[*i].added_by == Some(by)).collect();
        let fresh = self.ids.len()..;
        let names = of_old.into_iter().chain(fresh).take(usize::from(n));
        let nodes: Vec<Node> = names.map(|i| Node::new(format!("n{i}"), job(false))).collect();
        let told = answered(self.store.try_add(nodes, Adder::Claim(claim), true).await);
        assert_eq!(told.map(|(_, there)| there), self.model.add(by, n));
        self.learn_ids().await;
    }

    async fn compare(&self) {
        let view = self.store.workflow(self.workflow).await.unwrap();
        let got: Vec<Word> = view.jobs.iter().map(|node| node.state.as_str()).collect();
        let want: Vec<Word> = self.model.nodes.iter().map(|node| node.state).collect();
        assert_eq!(got, want);
        assert_eq!(view.info.state.as_str(), self.model.state);
        let made = self.store.picture().await.jobs.iter().filter(|job| job.job_type == "callback").count();
        assert_eq!(made, self.model.callbacks, "callbacks");
    }
}

fn a_random_workflow_is_as_it_is_written(open: fn() -> TestStore) {
    for_all(60, (shapes(), steps()), |(shapes, steps)| {
        block_on(async {
            let mut twin = Twin::new(open(), &shapes).await;
            twin.compare().await;
            for step in &steps {
                twin.step(step).await;
                twin.compare().await;
            }
            twin.store.audit().await;
        });
        Ok(())
    });
}

property_on_every_database!(a_random_workflow_is_as_it_is_written);
