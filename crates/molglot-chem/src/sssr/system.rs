//! The relevant cycles of one biconnected ring system.
//!
//! A cycle is listed at its highest atom, the root. Two shortest paths from the root that meet
//! again, at an atom or at the two ends of a bond, make a cycle; cycles that differ only in which
//! shortest paths they take form a family, and a family is relevant as a whole or not at all. One
//! breadth-first search per root finds the families.

use super::basis;
use super::blocks::Step;
use super::graph::RingGraph;
use super::normalized;

/// Atoms of all rings in fused systems together, beyond which no further family is listed in full.
pub(super) const RING_ATOM_LIMIT: usize = 1 << 22;

/// Ring systems up to this many atoms are searched without a limit of depth at once.
const SMALL_SYSTEM: usize = 128;

/// The depth that larger systems are searched to at first.
const FIRST_DEPTH: u32 = 8;

const NONE: u32 = u32::MAX;

/// What a search knows of an atom.
#[derive(Debug, Clone, Copy)]
struct Visit {
    distance: u32,
    /// The previous atom on one shortest path below the root.
    parent: u32,
    /// The first atom of that path after the root.
    branch: u32,
    /// How many shortest paths stay below the root; saturates.
    paths: u32,
}

const UNVISITED: Visit = Visit {
    distance: NONE,
    parent: NONE,
    branch: NONE,
    paths: 0,
};

/// Cycles of a root, two paths from it to `ends`, and the atom beyond both ends (even cycles) or
/// the bond between them (odd cycles).
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    pub(super) length: u32,
    root: u32,
    /// Where the search found it: the atom beyond the ends, or the first end.
    found_at: u32,
    ends: [u32; 2],
    beyond: Option<u32>,
    /// How many cycles; saturates.
    members: u32,
    /// Where the atoms of one of them begin in `prototypes`.
    prototype: u32,
}

/// A ring system and what the search for its cycles needs.
#[derive(Debug, Default)]
pub(super) struct RingSystem {
    graph: RingGraph,
    visits: Vec<Visit>,
    queue: Vec<u32>,
    near: Vec<u32>,
    families: Vec<Family>,
    prototypes: Vec<u32>,
    /// Atoms of all rings listed so far.
    ring_atoms: usize,
}

impl RingSystem {
    /// Takes the bonds of a biconnected component; sorts them.
    pub(super) fn load(&mut self, atom_count: usize, steps: &mut [Step]) {
        self.graph.load(atom_count, steps);
        self.queue.clear();
        self.visits.clear();
        self.visits.resize(self.graph.size(), UNVISITED);
    }

    /// Appends the relevant cycles of the system.
    pub(super) fn relevant_cycles(&mut self, rings: &mut Vec<Vec<u32>>) {
        let size = self.graph.size();
        let rank = self.graph.edge_count() + 1 - size;
        let mut depth = if size <= SMALL_SYSTEM {
            NONE
        } else {
            FIRST_DEPTH
        };
        let order = loop {
            self.find_families(depth);
            let complete = depth as usize >= size / 2;
            if complete && self.families.len() == rank {
                // They contain a basis, so they are one.
                break (0..rank as u32).collect();
            }
            let (order, found) = basis::relevant(self, rank);
            if found == rank || complete {
                break order;
            }
            depth *= 2;
        };
        for family in order {
            let family = self.families[family as usize];
            let all = (family.members as usize).saturating_mul(family.length as usize);
            if family.members == 1 || self.ring_atoms.saturating_add(all) > RING_ATOM_LIMIT {
                let prototype = self.prototype(&family).iter();
                rings.push(normalized(
                    prototype.map(|&at| self.graph.atom(at)).collect(),
                ));
                self.ring_atoms += family.length as usize;
            } else {
                self.list_members(&family, rings);
                self.ring_atoms += all;
            }
        }
    }

    pub(super) fn families(&self) -> &[Family] {
        &self.families
    }

    pub(super) fn edge_count(&self) -> usize {
        self.graph.edge_count()
    }

    /// The edges of one cycle of a family, in descending order.
    pub(super) fn edges(&self, family: u32, edges: &mut Vec<u32>) {
        let ring = self.prototype(&self.families[family as usize]);
        edges.clear();
        let next = ring.iter().cycle().skip(1);
        edges.extend(ring.iter().zip(next).filter_map(|(&from, &to)| {
            let link = self.graph.links(from).iter().find(|link| link.atom == to)?;
            Some(link.edge)
        }));
        edges.sort_unstable_by_key(|&edge| std::cmp::Reverse(edge));
    }

    fn prototype(&self, family: &Family) -> &[u32] {
        let first = family.prototype as usize;
        &self.prototypes[first..first + family.length as usize]
    }

    /// All families of cycles of at most `2·depth + 1` atoms, by length, root and place.
    fn find_families(&mut self, depth: u32) {
        self.families.clear();
        self.prototypes.clear();
        for root in 0..self.graph.size() as u32 {
            // A cycle whose atoms all have two neighbours would be a system of its own.
            if self.graph.degree(root) > 2 {
                self.search(root, depth, true);
            }
        }
        self.families
            .sort_by_key(|family| (family.length, family.root, family.found_at));
    }

    /// Breadth-first search up to `depth` that ends when no shortest path below the root goes on.
    fn search(&mut self, root: u32, depth: u32, collect: bool) {
        for &atom in &self.queue {
            self.visits[atom as usize] = UNVISITED;
        }
        self.queue.clear();
        self.queue.push(root);
        self.visits[root as usize] = Visit {
            distance: 0,
            parent: NONE,
            branch: NONE,
            paths: 1,
        };
        let mut open = 1;
        let mut head = 0;
        while open > 0 {
            let atom = self.queue[head];
            head += 1;
            let here = self.visits[atom as usize];
            open -= usize::from(here.paths > 0);
            self.near.clear();
            for at in 0..self.graph.links(atom).len() {
                let other = self.graph.links(atom)[at].atom;
                let there = self.visits[other as usize];
                if there.distance == NONE && here.distance < depth {
                    self.queue.push(other);
                    open += usize::from(self.arrive(root, atom, other));
                } else if there.distance == here.distance + 1 {
                    open += usize::from(self.arrive(root, atom, other));
                } else if collect && here.paths > 0 && there.paths > 0 {
                    if there.distance < here.distance {
                        self.near.push(other);
                    } else if there.branch != here.branch && self.graph.precedes(other, atom) {
                        self.add_family(root, [atom, other], None);
                    }
                }
            }
            for first in 0..self.near.len() {
                for second in first + 1..self.near.len() {
                    let ends = [self.near[first], self.near[second]];
                    let [a, b] = ends.map(|end| self.visits[end as usize].branch);
                    if a != b {
                        self.add_family(root, ends, Some(atom));
                    }
                }
            }
        }
    }

    /// Takes a step away from the root, and says whether it is the first shortest path below the
    /// root that leads `to` there.
    fn arrive(&mut self, root: u32, from: u32, to: u32) -> bool {
        let here = self.visits[from as usize];
        let below = here.paths > 0 && self.graph.precedes(to, root);
        let there = &mut self.visits[to as usize];
        there.distance = here.distance + 1;
        if !below {
            return false;
        }
        let first = there.paths == 0;
        if first {
            there.parent = from;
            there.branch = if from == root { to } else { here.branch };
        }
        there.paths = there.paths.saturating_add(here.paths);
        first
    }

    fn add_family(&mut self, root: u32, ends: [u32; 2], beyond: Option<u32>) {
        let prototype = self.prototypes.len();
        let mut at = ends[0];
        while at != NONE {
            self.prototypes.push(at);
            at = self.visits[at as usize].parent;
        }
        let down = self.prototypes.len();
        at = ends[1];
        while at != root {
            self.prototypes.push(at);
            at = self.visits[at as usize].parent;
        }
        self.prototypes[down..].reverse();
        self.prototypes.extend(beyond);
        let [first, second] = ends.map(|end| self.visits[end as usize].paths);
        self.families.push(Family {
            length: (self.prototypes.len() - prototype) as u32,
            root,
            found_at: beyond.unwrap_or(ends[0]),
            ends,
            beyond,
            members: first.saturating_mul(second),
            prototype: prototype as u32,
        });
    }

    /// Every cycle of a family.
    fn list_members(&mut self, family: &Family, rings: &mut Vec<Vec<u32>>) {
        self.search(family.root, family.length / 2, false);
        let [first, second] = family.ends.map(|end| self.shortest_paths(end));
        let steps = |end: u32| self.visits[end as usize].distance as usize;
        for up in first.chunks_exact(steps(family.ends[0]) + 1) {
            for down in second.chunks_exact(steps(family.ends[1]) + 1) {
                let down = down[..down.len() - 1].iter().rev();
                let ring = up.iter().chain(down).chain(&family.beyond);
                rings.push(normalized(ring.map(|&at| self.graph.atom(at)).collect()));
            }
        }
    }

    /// All shortest paths from an atom to the root of the last search, one after the other.
    fn shortest_paths(&self, from: u32) -> Vec<u32> {
        let mut paths = Vec::new();
        let mut path = vec![from];
        let mut next_link = vec![0];
        while let (Some(&atom), Some(next)) = (path.last(), next_link.last_mut()) {
            let here = self.visits[atom as usize];
            if here.distance == 0 {
                paths.extend(&path);
            }
            let link = self
                .graph
                .links(atom)
                .get(*next)
                .filter(|_| here.distance > 0);
            *next += 1;
            let Some(link) = link else {
                path.pop();
                next_link.pop();
                continue;
            };
            let there = self.visits[link.atom as usize];
            if there.paths > 0 && there.distance + 1 == here.distance {
                path.push(link.atom);
                next_link.push(0);
            }
        }
        paths
    }
}
