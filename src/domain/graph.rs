//! Who waits for whom among the nodes of a workflow.

use std::collections::HashMap;

use super::nearest::nearest;
use super::workflow::Node;

/// The most dependencies in one call.
pub const MAX_EDGES: usize = 100_000;

/// The nodes of one call, put in an order in which each comes after those that it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Places of the nodes, parents before children.
    pub order: Vec<usize>,
    /// For each node, the places of those in the same call that it waits for.
    pub parents: Vec<Vec<usize>>,
    /// For each node, the names that it waits for and that are not in the call.
    pub others: Vec<Vec<String>>,
}

impl Graph {
    /// Works it out. `closed`: a name that is not in the call is wrong.
    ///
    /// # Errors
    /// What is wrong, as (field, message): names that are taken twice or unknown, circles.
    pub fn of(nodes: &[Node], closed: bool) -> Result<Self, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let places = places(nodes, &mut faults);
        let mut graph = Self::default();
        for (i, node) in nodes.iter().enumerate() {
            let (mut parents, mut others) = (Vec::new(), Vec::new());
            for (j, name) in node.after.iter().enumerate() {
                match places.get(name.as_str()) {
                    Some(place) => parents.push(*place),
                    None if closed => faults.push(unknown(i, j, name, &places)),
                    None => others.push(name.clone()),
                }
            }
            parents.sort_unstable();
            parents.dedup();
            others.sort_unstable();
            others.dedup();
            graph.parents.push(parents);
            graph.others.push(others);
        }
        if graph.edges() > MAX_EDGES {
            let message = format!("have {} dependencies; at most {MAX_EDGES} are taken", graph.edges());
            faults.push(("jobs".into(), message));
        }
        if faults.is_empty() {
            faults.extend(graph.put_in_order(nodes));
        }
        if faults.is_empty() { Ok(graph) } else { Err(faults) }
    }

    fn edges(&self) -> usize {
        self.parents.iter().map(Vec::len).sum::<usize>() + self.others.iter().map(Vec::len).sum::<usize>()
    }

    /// Fills in `order`; the fault when there is a circle.
    fn put_in_order(&mut self, nodes: &[Node]) -> Option<(String, String)> {
        let mut children = vec![Vec::new(); nodes.len()];
        let mut open: Vec<usize> = self.parents.iter().map(Vec::len).collect();
        for (child, parents) in self.parents.iter().enumerate() {
            for parent in parents {
                children[*parent].push(child);
            }
        }
        self.order = (0..nodes.len()).filter(|i| open[*i] == 0).collect();
        let mut next = 0;
        while let Some(parent) = self.order.get(next).copied() {
            next += 1;
            for child in &children[parent] {
                open[*child] -= 1;
                if open[*child] == 0 {
                    self.order.push(*child);
                }
            }
        }
        let stuck = open.iter().position(|left| *left > 0)?;
        let circle = self.circle(stuck, &open);
        let names: Vec<&str> = circle.iter().map(|i| nodes[*i].name.as_str()).collect();
        let message = format!("go round in a circle: {}", names.join(" waits for "));
        Some((format!("jobs[{}].depends_on", circle[0]), message))
    }

    /// Walks up from a node that never gets its turn until one comes again.
    fn circle(&self, from: usize, open: &[usize]) -> Vec<usize> {
        let mut seen = HashMap::new();
        let mut path = Vec::new();
        let mut here = from;
        loop {
            if let Some(begin) = seen.insert(here, path.len()) {
                path.push(here);
                return path.split_off(begin);
            }
            path.push(here);
            // One that never gets its turn waits for another such one.
            let Some(up) = self.parents[here].iter().find(|parent| open[**parent] > 0) else { return path };
            here = *up;
        }
    }
}

/// Where each name is.
fn places<'a>(nodes: &'a [Node], faults: &mut Vec<(String, String)>) -> HashMap<&'a str, usize> {
    let mut places = HashMap::with_capacity(nodes.len());
    for (i, node) in nodes.iter().enumerate() {
        if let Some(first) = places.get(node.name.as_str()) {
            let message = format!("{:?} is the name of jobs[{first}] already", node.name);
            faults.push((format!("jobs[{i}].name"), message));
        } else {
            places.insert(node.name.as_str(), i);
        }
    }
    places
}

fn unknown(node: usize, at: usize, name: &str, places: &HashMap<&str, usize>) -> (String, String) {
    let near = nearest(name, places.keys().copied());
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
    (format!("jobs[{node}].depends_on[{at}]"), format!("there is no job {name:?} in this workflow{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::NewJob;
    use proptest::prelude::*;

    fn nodes(spec: &[(&str, &[&str])]) -> Vec<Node> {
        spec.iter()
            .map(|(name, after)| Node {
                after: after.iter().map(ToString::to_string).collect(),
                ..Node::new(*name, NewJob::new("t"))
            })
            .collect()
    }

    fn faults(spec: &[(&str, &[&str])]) -> Vec<(String, String)> {
        Graph::of(&nodes(spec), true).unwrap_err()
    }

    #[test]
    fn parents_come_before_children_wherever_they_stand() {
        let graph = Graph::of(&nodes(&[("c", &["a", "b", "a"]), ("b", &["a"]), ("a", &[])]), true).unwrap();
        assert_eq!(graph.order, [2, 1, 0]);
        assert_eq!(graph.parents, [vec![1, 2], vec![2], vec![]]);
    }

    #[test]
    fn circles_are_named() {
        let found = faults(&[("x", &[]), ("a", &["c", "x"]), ("b", &["a"]), ("c", &["b"]), ("d", &["c"])]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "jobs[1].depends_on");
        assert_eq!(found[0].1, "go round in a circle: a waits for c waits for b waits for a");
        assert_eq!(faults(&[("a", &["a"])])[0].1, "go round in a circle: a waits for a");
    }

    #[test]
    fn unknown_and_double_names_are_all_named() {
        let found = faults(&[("encode", &["encod"]), ("encode", &[]), ("b", &["q", "encode"])]);
        let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["jobs[1].name", "jobs[0].depends_on[0]", "jobs[2].depends_on[0]"]);
        assert!(found[1].1.contains("did you mean encode?"), "{found:?}");
    }

    #[test]
    fn names_from_elsewhere_are_kept_where_they_may_be() {
        let graph = Graph::of(&nodes(&[("b", &["old", "a"]), ("a", &[])]), false).unwrap();
        assert_eq!((graph.order, graph.others[0].clone()), (vec![1, 0], vec!["old".to_owned()]));
    }

    #[test]
    fn a_long_chain_is_no_burden() {
        let names: Vec<String> = (0..10_000).map(|i| format!("n{i}")).collect();
        let chain: Vec<Node> = (0..names.len())
            .map(|i| Node {
                after: names.get(i + 1).cloned().into_iter().collect(),
                ..Node::new(&*names[i], NewJob::new("t"))
            })
            .collect();
        let graph = Graph::of(&chain, true).unwrap();
        assert_eq!(graph.order.first(), Some(&9_999));
    }

    proptest! {
        #[test]
        fn an_order_is_found_exactly_when_there_is_no_circle(
            edges in proptest::collection::vec((0usize..8, 0usize..8), 0..14),
        ) {
            let names: Vec<String> = (0..8).map(|i| i.to_string()).collect();
            let nodes: Vec<Node> = (0..8)
                .map(|i| Node {
                    after: edges.iter().filter(|e| e.0 == i).map(|e| names[e.1].clone()).collect(),
                    ..Node::new(&*names[i], NewJob::new("t"))
                })
                .collect();
            // Reachability, the slow and plain way.
            let mut reach = [[false; 8]; 8];
            for (child, parent) in &edges {
                reach[*child][*parent] = true;
            }
            for via in 0..8 {
                for a in 0..8 {
                    for b in 0..8 {
                        reach[a][b] |= reach[a][via] && reach[via][b];
                    }
                }
            }
            let circle = (0..8).any(|i| reach[i][i]);
            match Graph::of(&nodes, true) {
                Err(_) => prop_assert!(circle),
                Ok(graph) => {
                    prop_assert!(!circle);
                    let place = |i: usize| graph.order.iter().position(|n| *n == i).unwrap();
                    for (child, parent) in edges {
                        prop_assert!(place(parent) < place(child));
                    }
                }
            }
        }
    }
}
