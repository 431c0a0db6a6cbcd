//! What should become of a workflow, from the words of `docs/workflows.md`: nodes, who waits for whom,
//! and what each state means. It shares no code with the store.

use std::collections::BTreeSet;

use super::job::Word;

/// A node of the workflow that is made: those before it that it waits for, and its policy.
#[derive(Clone, Debug)]
pub struct Shape {
    pub after: Vec<usize>,
    pub anyway: bool,
}

#[derive(Clone, Debug)]
pub struct ModelNode {
    pub after: BTreeSet<usize>,
    pub anyway: bool,
    pub state: Word,
    pub added_by: Option<usize>,
    pub asked: bool,
    pub crashes: u32,
    pub failures: u32,
}

/// What should be.
#[derive(Debug, Default)]
pub struct Model {
    pub nodes: Vec<ModelNode>,
    pub state: Word,
    pub called_off: bool,
    pub callbacks: usize,
}

fn is_final(state: Word) -> bool {
    ["completed", "failed", "cancelled"].contains(&state)
}

impl Model {
    pub fn new(shapes: &[Shape]) -> Self {
        let node = |shape: &Shape| ModelNode {
            after: shape.after.iter().copied().collect(),
            anyway: shape.anyway,
            state: if shape.after.is_empty() { "pending" } else { "blocked" },
            added_by: None,
            asked: false,
            crashes: 0,
            failures: 0,
        };
        Self { nodes: shapes.iter().map(node).collect(), state: "running", ..Self::default() }
    }

    fn children(&self, of: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|i| self.nodes[*i].after.contains(&of)).collect()
    }

    fn is_ready(&self, node: usize) -> bool {
        self.nodes[node].after.iter().all(|parent| is_final(self.nodes[*parent].state))
    }

    /// A node ends; what that means for those that wait for it.
    fn end(&mut self, node: usize, state: Word) {
        self.nodes[node].state = state;
        for child in self.children(node) {
            if self.nodes[child].state != "blocked" {
                continue;
            }
            if state != "completed" && !self.nodes[child].anyway {
                self.end(child, "cancelled");
            } else if self.is_ready(child) {
                self.nodes[child].state = "pending";
            }
        }
    }

    pub fn finish(&mut self, node: usize, end: u8) {
        let it = &mut self.nodes[node];
        if end == 7 {
            // Shutdown took it back, unless it was asked to stop.
            if it.asked {
                return self.end(node, "cancelled");
            }
            it.state = "pending";
            return;
        }
        let state = match end {
            _ if it.asked => "cancelled",
            0..=3 => "completed",
            4 => "failed",
            5 => "cancelled",
            _ if it.failures < 1 => {
                it.failures += 1;
                it.state = "retrying";
                return;
            }
            _ => "failed",
        };
        if state == "completed" {
            it.crashes = 0;
        }
        self.end(node, state);
    }

    pub fn lose(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        it.crashes += 1;
        match (it.asked, it.crashes) {
            (true, _) => self.end(node, "cancelled"),
            (_, 3..) => self.end(node, "failed"),
            _ => it.state = "pending",
        }
    }

    /// 0: at once; 1: it was told; nothing: it is over.
    pub fn cancel(&mut self, node: usize) -> Option<bool> {
        match self.nodes[node].state {
            state if is_final(state) => None,
            "running" => {
                self.nodes[node].asked = true;
                Some(false)
            }
            _ => {
                self.end(node, "cancelled");
                Some(true)
            }
        }
    }

    fn again(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        (it.asked, it.crashes, it.failures) = (false, 0, 0);
        it.state = "blocked";
    }

    pub fn retry(&mut self, node: usize) -> bool {
        if !is_final(self.nodes[node].state) && self.nodes[node].state != "retrying" {
            return false;
        }
        self.again(node);
        if self.is_ready(node) {
            self.nodes[node].state = "pending";
        }
        true
    }

    pub fn cancel_all(&mut self) -> Option<bool> {
        if self.state != "running" {
            return None;
        }
        self.called_off = true;
        let mut at_once = true;
        for node in &mut self.nodes {
            if node.state == "running" {
                node.asked = true;
                at_once = false;
            } else if !is_final(node.state) {
                node.state = "cancelled";
            }
        }
        Some(at_once)
    }

    pub fn retry_from(&mut self, beginnings: Vec<usize>) -> Option<usize> {
        if beginnings.is_empty() || (self.called_off && self.state == "running") {
            return None;
        }
        let mut all: BTreeSet<usize> = beginnings.iter().copied().collect();
        let mut open = beginnings;
        while let Some(node) = open.pop() {
            open.extend(self.children(node).into_iter().filter(|child| all.insert(*child)));
        }
        let at_work = |i: &usize| ["pending", "running", "scheduled"].contains(&self.nodes[*i].state);
        let again: Vec<usize> = all.iter().copied().filter(|i| self.nodes[*i].state != "blocked").collect();
        if all.iter().any(at_work) || again.is_empty() {
            return None;
        }
        for node in &again {
            self.again(*node);
        }
        for node in &again {
            if self.is_ready(*node) {
                self.nodes[*node].state = "pending";
            }
        }
        Some(again.len())
    }

    pub fn retry_all(&mut self) -> Option<usize> {
        let is_chosen =
            |node: &ModelNode| self.state == "completed" || ["failed", "cancelled"].contains(&node.state);
        let chosen = (0..self.nodes.len()).filter(|i| is_chosen(&self.nodes[*i])).collect();
        self.retry_from(chosen)
    }

    /// A running node adds others; how many were there, or nothing if it may not.
    pub fn add(&mut self, by: usize, n: u8) -> Option<usize> {
        if self.called_off {
            return None;
        }
        let there = self.nodes.iter().filter(|node| node.added_by == Some(by)).count();
        let waiting: Vec<usize> = self
            .children(by)
            .into_iter()
            .filter(|i| self.nodes[*i].state == "blocked" && self.nodes[*i].added_by != Some(by))
            .collect();
        for _ in there..usize::from(n) {
            let new = self.nodes.len();
            let after = BTreeSet::from([by]);
            let node = ModelNode { after, state: "blocked", added_by: Some(by), ..self.nodes[by].clone() };
            self.nodes.push(ModelNode { anyway: false, asked: false, crashes: 0, failures: 0, ..node });
            for waits in &waiting {
                self.nodes[*waits].after.insert(new);
            }
        }
        Some(there.min(usize::from(n)))
    }

    /// What a commit makes of the whole.
    pub fn commit(&mut self) {
        let any = |state| self.nodes.iter().any(|node| node.state == state);
        let is = if self.nodes.iter().any(|node| !is_final(node.state)) {
            "running"
        } else if self.called_off && any("cancelled") {
            "cancelled"
        } else if any("failed") {
            "failed"
        } else if any("cancelled") {
            "cancelled"
        } else {
            "completed"
        };
        match (self.state == "running", is == "running") {
            (true, false) => self.callbacks += 1,
            (false, true) => self.called_off = false,
            _ => {}
        }
        self.state = is;
    }
}
