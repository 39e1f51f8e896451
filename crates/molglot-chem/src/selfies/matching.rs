//! Perfect matchings, found in the order of the Python package so that the double bonds are the
//! same.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::NONE;

/// The partner of every node, given as many edges as there are; an edge joins two different nodes.
///
/// A greedy pass takes the node with the fewest free neighbours and its first free neighbour; then
/// breadth first searches look for paths that add one more pair. These searches do not contract odd
/// cycles (Edmonds, 1965), so they miss some matchings, as they do in the Python package.
///
/// # Errors
///
/// A node that is left over, or that a search through an odd cycle has given two partners.
pub(super) fn perfect_matching(nodes: usize, edges: &[(u32, u32)]) -> Result<Vec<u32>, u32> {
    let adjacency = Adjacency::new(nodes, edges);
    let mut mates = greedy(&adjacency);
    let mut search = Search::default();
    let open = (0u32..).zip(&mates).filter(|&(_, &mate)| mate == NONE);
    for root in set_order(open.map(|(node, _)| node)) {
        if mates[root as usize] == NONE {
            search.augment(&adjacency, &mut mates, root)?;
        }
    }
    match (0u32..)
        .zip(&mates)
        .find(|&(node, &mate)| mates[mate as usize] != node)
    {
        Some((node, _)) => Err(node),
        None => Ok(mates),
    }
}

/// Neighbours by node, in the order of the edges.
struct Adjacency {
    starts: Vec<u32>,
    neighbors: Vec<u32>,
}

impl Adjacency {
    fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let mut starts = vec![0; nodes + 1];
        for &(a, b) in edges {
            starts[a as usize] += 1;
            starts[b as usize] += 1;
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut neighbors = vec![0; total as usize];
        let mut place = |node: u32, neighbor: u32| {
            let start = &mut starts[node as usize];
            *start -= 1;
            neighbors[*start as usize] = neighbor;
        };
        for &(a, b) in edges.iter().rev() {
            place(a, b);
            place(b, a);
        }
        Self { starts, neighbors }
    }

    fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.neighbors[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

/// The order in which CPython takes integers, given in ascending order, from a `set`: which of two
/// open nodes is the root of a search decides between Kekulé forms.
fn set_order(nodes: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut table = vec![NONE; 8];
    for (used, node) in (1..).zip(nodes) {
        insert(&mut table, node);
        if 5 * used >= 3 * (table.len() - 1) {
            let wanted = if used > 50_000 { 2 * used } else { 4 * used };
            let larger = vec![NONE; (wanted + 1).next_power_of_two()];
            for node in std::mem::replace(&mut table, larger) {
                if node != NONE {
                    insert(&mut table, node);
                }
            }
        }
    }
    table.retain(|&node| node != NONE);
    table
}

/// Puts an integer, which is its own hash, into an open-addressing table whose size is a power of
/// two.
fn insert(table: &mut [u32], node: u32) {
    const LINEAR_PROBES: usize = 9;
    let mask = table.len() - 1;
    let mut perturb = node as usize;
    let mut at = perturb & mask;
    loop {
        let probes = if at + LINEAR_PROBES <= mask {
            LINEAR_PROBES
        } else {
            0
        };
        if let Some(free) = table[at..=at + probes]
            .iter_mut()
            .find(|slot| **slot == NONE)
        {
            *free = node;
            return;
        }
        perturb >>= 5;
        at = (at * 5 + 1 + perturb) & mask;
    }
}

fn greedy(adjacency: &Adjacency) -> Vec<u32> {
    let nodes = adjacency.starts.len() - 1;
    let mut mates = vec![NONE; nodes];
    let mut free: Vec<u32> = (0..nodes as u32)
        .map(|node| adjacency.of(node).len() as u32)
        .collect();
    let mut queue: BinaryHeap<_> = (0u32..)
        .zip(&free)
        .map(|(node, &free)| Reverse((free, node)))
        .collect();
    while let Some(Reverse((_, node))) = queue.pop() {
        if mates[node as usize] != NONE {
            continue;
        }
        let is_free = |&&neighbor: &&u32| mates[neighbor as usize] == NONE;
        let Some(&mate) = adjacency.of(node).iter().find(is_free) else {
            continue;
        };
        mates[node as usize] = mate;
        mates[mate as usize] = node;
        for &neighbor in adjacency.of(node).iter().chain(adjacency.of(mate)) {
            let free = &mut free[neighbor as usize];
            *free -= 1;
            if mates[neighbor as usize] == NONE && *free > 0 {
                queue.push(Reverse((*free, neighbor)));
            }
        }
    }
    mates
}

/// Scratch of the searches for a path.
#[derive(Default)]
struct Search {
    /// For every node of the tree the one it was reached from, and the one between them.
    parents: Vec<Option<(u32, u32)>>,
    /// The nodes reached, in order.
    queue: Vec<u32>,
}

impl Search {
    /// Matches an unmatched node along a path of alternately unmatched and matched edges.
    fn augment(&mut self, adjacency: &Adjacency, mates: &mut [u32], root: u32) -> Result<(), u32> {
        for node in self.queue.drain(..) {
            self.parents[node as usize] = None;
        }
        self.parents.resize(mates.len(), None);
        self.queue.push(root);
        let mut at = 0;
        while let Some(&node) = self.queue.get(at) {
            for &neighbor in adjacency.of(node) {
                let mate = mates[neighbor as usize];
                if mate == NONE && neighbor != root {
                    self.flip(mates, root, node, neighbor);
                    return Ok(());
                }
                if mate != NONE && self.parents[mate as usize].is_none() {
                    self.parents[mate as usize] = Some((node, neighbor));
                    self.queue.push(mate);
                }
            }
            at += 1;
        }
        Err(root)
    }

    fn flip(&self, mates: &mut [u32], root: u32, mut node: u32, mut other: u32) {
        loop {
            mates[node as usize] = other;
            mates[other as usize] = node;
            match self.parents[node as usize] {
                Some((parent, between)) if node != root => (node, other) = (parent, between),
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_integers_has_the_order_of_cpython() {
        let order = |nodes: &[u32]| set_order(nodes.iter().copied());
        assert_eq!(order(&[7, 11]), [11, 7]);
        assert_eq!(order(&[1, 9, 17]), [1, 9, 17]);
        assert_eq!(order(&[3, 40, 41, 75]), [40, 41, 75, 3]);
        assert_eq!(order(&[8, 16, 24, 32, 64, 96]), [32, 64, 96, 8, 16, 24]);
        assert_eq!(
            order(&[5, 13, 21, 70, 71, 72, 73, 133, 134, 500]),
            [5, 70, 71, 72, 73, 133, 134, 13, 500, 21]
        );
    }
}
