//! The relevant cycles of one biconnected ring system.
//!
//! A cycle is listed at its highest atom, the root. Two shortest paths from the root that meet
//! again, at an atom or at the two ends of a bond, make a cycle; cycles that differ only in which
//! shortest paths they take form a family, and a family is relevant as a whole or not at all. One
//! breadth-first search per root finds the families.

use super::basis;
use super::blocks::Step;
use super::normalized;

/// Ring atoms of all rings together, beyond which no further family is listed in full.
pub(super) const RING_ATOM_LIMIT: usize = 1 << 22;

/// Ring systems up to this many atoms are searched without a limit of depth at once.
const SMALL_SYSTEM: usize = 128;

/// The depth that larger systems are searched to at first.
const FIRST_DEPTH: u32 = 8;

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, Default)]
struct Link {
    atom: u32,
    edge: u32,
}

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

/// A ring system with its own numbering: atoms by first occurrence in the bonds, bonds by id.
#[derive(Debug, Default)]
pub(super) struct RingSystem {
    /// Atom of the molecule → atom of the system.
    local: Vec<u32>,
    /// And back.
    atoms: Vec<u32>,
    start: Vec<u32>,
    links: Vec<Link>,
    visits: Vec<Visit>,
    queue: Vec<u32>,
    near: Vec<u32>,
    families: Vec<Family>,
    prototypes: Vec<u32>,
}

impl RingSystem {
    /// Takes the bonds of a biconnected component; sorts them.
    pub(super) fn load(&mut self, atom_count: usize, steps: &mut [Step]) {
        self.local.resize(atom_count, NONE);
        for &atom in &self.atoms {
            self.local[atom as usize] = NONE;
        }
        self.atoms.clear();
        steps.sort_unstable_by_key(|step| step.bond);
        for step in &*steps {
            for atom in [step.from.min(step.to), step.from.max(step.to)] {
                if self.local[atom as usize] == NONE {
                    self.local[atom as usize] = self.atoms.len() as u32;
                    self.atoms.push(atom);
                }
            }
        }
        // Counts two places to the right, so that filling a row moves its start into place.
        self.start.clear();
        self.start.resize(self.atoms.len() + 2, 0);
        for atom in steps.iter().flat_map(|step| [step.from, step.to]) {
            self.start[self.local[atom as usize] as usize + 2] += 1;
        }
        for at in 2..self.start.len() {
            self.start[at] += self.start[at - 1];
        }
        self.links.clear();
        self.links.resize(2 * steps.len(), Link::default());
        for (edge, step) in (0u32..).zip(&*steps) {
            let ends = [step.from, step.to].map(|atom| self.local[atom as usize]);
            for (from, atom) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                let next = &mut self.start[from as usize + 1];
                self.links[*next as usize] = Link { atom, edge };
                *next += 1;
            }
        }
        self.queue.clear();
        self.visits.clear();
        self.visits.resize(self.atoms.len(), UNVISITED);
    }

    /// Appends the relevant cycles of the system.
    pub(super) fn relevant_cycles(&mut self, rings: &mut Vec<Vec<u32>>) {
        let size = self.atoms.len();
        let rank = self.links.len() / 2 + 1 - size;
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
        let mut ring_atoms: usize = rings.iter().map(Vec::len).sum();
        for family in order {
            let family = self.families[family as usize];
            let all = family.members as usize * family.length as usize;
            if family.members == 1 || ring_atoms + all > RING_ATOM_LIMIT {
                let prototype = self.prototype(&family).iter();
                rings.push(normalized(
                    prototype.map(|&at| self.atoms[at as usize]).collect(),
                ));
                ring_atoms += family.length as usize;
            } else {
                self.list_members(&family, rings);
                ring_atoms += all;
            }
        }
    }

    pub(super) fn families(&self) -> &[Family] {
        &self.families
    }

    pub(super) fn edge_count(&self) -> usize {
        self.links.len() / 2
    }

    /// The edges of one cycle of a family, in descending order.
    pub(super) fn edges(&self, family: u32, edges: &mut Vec<u32>) {
        let ring = self.prototype(&self.families[family as usize]);
        edges.clear();
        let next = ring.iter().cycle().skip(1);
        edges.extend(ring.iter().zip(next).filter_map(|(&from, &to)| {
            let link = self.links(from).iter().find(|link| link.atom == to)?;
            Some(link.edge)
        }));
        edges.sort_unstable_by_key(|&edge| std::cmp::Reverse(edge));
    }

    fn prototype(&self, family: &Family) -> &[u32] {
        let first = family.prototype as usize;
        &self.prototypes[first..first + family.length as usize]
    }

    fn links(&self, atom: u32) -> &[Link] {
        &self.links[self.start[atom as usize] as usize..self.start[atom as usize + 1] as usize]
    }

    fn degree(&self, atom: u32) -> u32 {
        self.start[atom as usize + 1] - self.start[atom as usize]
    }

    /// Degree counts first, so that few atoms are roots.
    fn precedes(&self, a: u32, b: u32) -> bool {
        (self.degree(a), a) < (self.degree(b), b)
    }

    /// All families of cycles of at most `2·depth + 1` atoms, by length, root and place.
    fn find_families(&mut self, depth: u32) {
        self.families.clear();
        self.prototypes.clear();
        for root in 0..self.atoms.len() as u32 {
            // A cycle whose atoms all have two neighbours would be a system of its own.
            if self.degree(root) > 2 {
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
            for at in self.start[atom as usize]..self.start[atom as usize + 1] {
                let other = self.links[at as usize].atom;
                let there = self.visits[other as usize];
                if there.distance == NONE {
                    if here.distance < depth {
                        let below = here.paths > 0 && self.precedes(other, root);
                        self.visits[other as usize] = Visit {
                            distance: here.distance + 1,
                            parent: atom,
                            branch: if atom == root { other } else { here.branch },
                            paths: if below { here.paths } else { 0 },
                        };
                        self.queue.push(other);
                        open += usize::from(below);
                    }
                } else if here.paths == 0 {
                } else if there.distance == here.distance + 1 {
                    if there.paths > 0 {
                        let paths = there.paths.saturating_add(here.paths);
                        self.visits[other as usize].paths = paths;
                    } else if self.precedes(other, root) {
                        self.visits[other as usize] = Visit {
                            parent: atom,
                            branch: here.branch,
                            paths: here.paths,
                            ..there
                        };
                        open += 1;
                    }
                } else if there.paths > 0 && collect {
                    if there.distance < here.distance {
                        self.near.push(other);
                    } else if there.branch != here.branch && self.precedes(other, atom) {
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
                rings.push(normalized(
                    ring.map(|&at| self.atoms[at as usize]).collect(),
                ));
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
            let link = self.links(atom).get(*next).filter(|_| here.distance > 0);
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
