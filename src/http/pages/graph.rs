//! A drawing of who waits for whom, from left to right.

use std::collections::HashMap;

/// Nodes that are drawn at most; more are nothing that an eye can follow.
pub(super) const MAX_NODES: usize = 300;
/// Edges that are drawn at most.
const MAX_EDGES: usize = 2_000;

/// The size of a node, and of the room between two.
const WIDTH: usize = 168;
const HEIGHT: usize = 42;
const GAP_X: usize = 56;
const GAP_Y: usize = 14;
/// The room around it all.
const MARGIN: usize = 8;

/// Where everything is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    pub width: usize,
    pub height: usize,
    /// The upper left corners of the nodes, in the order in which they were given.
    pub places: Vec<(usize, usize)>,
    /// The edges, as paths.
    pub edges: Vec<String>,
}

impl Graph {
    /// Lays nodes out, given as ids with those of their parents; `None` when there are too many to be
    /// of use.
    pub(super) fn of(nodes: &[(i64, &[i64])]) -> Option<Self> {
        let at: HashMap<i64, usize> = nodes.iter().enumerate().map(|(i, (id, _))| (*id, i)).collect();
        let parents: Vec<Vec<usize>> = nodes
            .iter()
            .map(|(_, parents)| parents.iter().filter_map(|id| at.get(id).copied()).collect())
            .collect();
        if nodes.len() > MAX_NODES || parents.iter().map(Vec::len).sum::<usize>() > MAX_EDGES {
            return None;
        }
        let columns = columns(&parents);
        let tallest = columns.iter().map(Vec::len).max().unwrap_or_default();
        let mut graph = Self {
            width: 2 * MARGIN + columns.len() * (WIDTH + GAP_X) - GAP_X.min(columns.len() * GAP_X),
            height: 2 * MARGIN + tallest * (HEIGHT + GAP_Y) - GAP_Y.min(tallest * GAP_Y),
            places: vec![(0, 0); nodes.len()],
            edges: Vec::new(),
        };
        for (x, column) in columns.iter().enumerate() {
            // Each column stands in the middle.
            let above = (tallest - column.len()) * (HEIGHT + GAP_Y) / 2;
            for (y, node) in column.iter().enumerate() {
                let left = MARGIN + x * (WIDTH + GAP_X);
                graph.places[*node] = (left, MARGIN + above + y * (HEIGHT + GAP_Y));
            }
        }
        for (child, parents) in parents.iter().enumerate() {
            let edges: Vec<String> = parents.iter().map(|parent| graph.edge(*parent, child)).collect();
            graph.edges.extend(edges);
        }
        Some(graph)
    }

    fn edge(&self, parent: usize, child: usize) -> String {
        let ((x1, y1), (x2, y2)) = (self.places[parent], self.places[child]);
        let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
        let bend = x1 + GAP_X / 2;
        format!("M{x1} {y1}C{bend} {y1} {} {y2} {x2} {y2}", x2.saturating_sub(GAP_X / 2))
    }
}

/// The nodes column by column: each stands right of all that it waits for, and near to their height.
fn columns(parents: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for (node, depth) in depths(parents).into_iter().enumerate() {
        if columns.len() <= depth {
            columns.resize(depth + 1, Vec::new());
        }
        columns[depth].push(node);
    }
    let mut heights = vec![0.0_f64; parents.len()];
    for column in &mut columns {
        let wish = |node: &usize| {
            let above = &parents[*node];
            #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
            let count = above.len() as f64;
            if above.is_empty() { 0.0 } else { above.iter().map(|p| heights[*p]).sum::<f64>() / count }
        };
        let mut sorted: Vec<(f64, usize)> = column.iter().map(|node| (wish(node), *node)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        *column = sorted.into_iter().map(|(_, node)| node).collect();
        let all = column.len();
        for (place, node) in column.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
            let height = (2 * place + 1) as f64 / (2 * all) as f64;
            heights[*node] = height;
        }
    }
    columns
}

/// How many others stand one after the other before each. A circle, which no workflow has, is cut.
fn depths(parents: &[Vec<usize>]) -> Vec<usize> {
    let mut depths = vec![0; parents.len()];
    for _ in 0..parents.len() {
        let mut changed = false;
        for node in 0..parents.len() {
            let depth = parents[node].iter().map(|parent| depths[*parent] + 1).max().unwrap_or_default();
            if depth > depths[node] && depth < parents.len() {
                depths[node] = depth;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_stand_right_of_their_parents() {
        let graph = Graph::of(&[(9, &[7, 8][..]), (7, &[6]), (6, &[]), (8, &[6, 99])]).unwrap();
        let x = |i: usize| graph.places[i].0;
        assert!(x(2) < x(1) && x(1) == x(3) && x(3) < x(0));
        assert_eq!(graph.edges.len(), 4);
        assert_eq!((graph.width, graph.height), (16 + 3 * 168 + 2 * 56, 16 + 2 * 42 + 14));
        // One alone in its column is in the middle.
        assert_eq!(graph.places[2].1, 8 + 28);
    }

    #[test]
    fn nodes_keep_near_to_what_they_wait_for() {
        let graph = Graph::of(&[(1, &[][..]), (2, &[]), (3, &[2]), (4, &[1])]).unwrap();
        assert!(graph.places[3].1 < graph.places[2].1, "its parent stands above");
    }

    #[test]
    fn too_many_are_not_drawn() {
        let many: Vec<(i64, &[i64])> = (0..=300).map(|id| (id, &[][..])).collect();
        assert_eq!(Graph::of(&many), None);
        let all: Vec<i64> = (0..100).collect();
        let dense: Vec<(i64, &[i64])> =
            (0..100).map(|id| (id, &all[..usize::try_from(id).unwrap()])).collect();
        assert_eq!(Graph::of(&dense), None);
        assert_eq!(Graph::of(&[]).unwrap().width, 16);
    }
}
