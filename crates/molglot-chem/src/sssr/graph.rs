//! A ring system with its own numbering: atoms by first occurrence in the bonds, bonds by id.

use super::blocks::Step;

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) atom: u32,
    pub(super) edge: u32,
}

/// Compressed rows, as in the topology of the molecule.
#[derive(Debug, Default)]
pub(super) struct RingGraph {
    /// Atom of the molecule → atom of the system.
    local: Vec<u32>,
    /// And back.
    atoms: Vec<u32>,
    start: Vec<u32>,
    links: Vec<Link>,
}

impl RingGraph {
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
    }

    pub(super) fn size(&self) -> usize {
        self.atoms.len()
    }

    pub(super) fn edge_count(&self) -> usize {
        self.links.len() / 2
    }

    /// The atom of the molecule behind an atom of the system.
    pub(super) fn atom(&self, local: u32) -> u32 {
        self.atoms[local as usize]
    }

    pub(super) fn links(&self, atom: u32) -> &[Link] {
        &self.links[self.start[atom as usize] as usize..self.start[atom as usize + 1] as usize]
    }

    pub(super) fn degree(&self, atom: u32) -> u32 {
        self.start[atom as usize + 1] - self.start[atom as usize]
    }

    /// Degree counts first, so that few atoms are roots.
    pub(super) fn precedes(&self, a: u32, b: u32) -> bool {
        (self.degree(a), a) < (self.degree(b), b)
    }
}
