//! Ranks of atoms by partition refinement.
//!
//! Atoms are sorted into classes, first by what they are, then by the classes of their neighbours,
//! until nothing changes. The class of an atom is the number of atoms in the classes before it.
//! The string that results depends on the order in which classes are split; this is RDKit's
//! (Schneider, Sahnoun and Landrum, J. Chem. Inf. Model. 2015, 55, 2111): classes wait on a stack
//! that is fed in ascending order.

use std::cmp::Ordering;
use std::ops::Range;

use super::cells::Cells;
use super::compare::{Comparison, Rule};
use super::group_sort::group_sort;
use super::ring_stereo::RingStereo;
use super::symmetry;
use super::touched::Touched;
use crate::molecule::Molecule;

/// What two atoms are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Everything that is written.
    Output {
        /// Isotopes and stereo count.
        isomeric: bool,
        /// Atom maps count.
        maps: bool,
    },
    /// What counts for the Cahn-Ingold-Prelog priorities of RDKit; charges do not.
    Priority {
        /// Atom maps count.
        maps: bool,
    },
}

/// The largest fragment that is ranked as RDKit ranks it. RDKit takes time in proportion to the
/// square of the size, and its walk mixes up the ranks of larger ones.
const MAX_EXACT: usize = 5_000;

/// Partition of the atoms of one fragment at a time.
pub(super) struct Ranker<'m> {
    comparison: Comparison<'m>,
    /// The atoms of the fragment, class by class.
    order: Vec<u32>,
    /// The size of a class, at its first atom; 0 at the others.
    count: Vec<u32>,
    /// First atoms of the classes that wait to be split.
    waiting: Vec<u32>,
    queued: Vec<bool>,
    /// A neighbour's class changed since the atom was last compared.
    changed: Vec<bool>,
    touched: Touched,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    members: Vec<u32>,
    keys: Vec<u32>,
    items: Vec<u32>,
    sizes: Vec<u32>,
    merged: Vec<u32>,
}

impl<'m> Ranker<'m> {
    pub(super) fn new(molecule: &'m Molecule, scheme: Scheme, ring_stereo: &'m RingStereo) -> Self {
        let atoms = molecule.atoms().len();
        Self {
            comparison: Comparison::new(molecule, scheme, ring_stereo),
            order: Vec::with_capacity(atoms),
            count: vec![0; atoms],
            waiting: Vec::new(),
            queued: vec![false; atoms],
            changed: vec![true; atoms],
            touched: Touched::new(atoms),
            scratch: Scratch::default(),
        }
    }

    /// The class of every atom that was refined, by atom.
    pub(super) fn into_classes(self) -> Vec<u32> {
        self.comparison.class
    }

    /// A class of its own for every atom of a fragment.
    pub(super) fn rank(&mut self, atoms: &[u32]) {
        if atoms.len() > MAX_EXACT {
            let mut cells = Cells::new(&mut self.comparison, atoms);
            cells.break_ties();
        } else {
            self.refine(atoms);
            self.break_ties();
        }
    }

    /// One class for the atoms whose surroundings do not differ.
    pub(super) fn partition(&mut self, atoms: &[u32]) {
        if atoms.len() > MAX_EXACT {
            Cells::new(&mut self.comparison, atoms);
        } else {
            self.refine(atoms);
        }
    }

    fn refine(&mut self, atoms: &[u32]) {
        self.order.clear();
        self.order.extend_from_slice(atoms);
        self.sort_by_invariants();
        self.drain(Rule::Neighbors);
        if !self.has_ties() {
            return;
        }
        if self.comparison.uses_dependent_chirality(&self.order) {
            self.wait_for_all();
            self.drain(Rule::DependentChirality);
        }
        if self.comparison.scheme.is_output() && self.is_symmetric_cage() {
            let molecule = self.comparison.molecule;
            let tied = self.tied_atoms();
            self.comparison.shells = symmetry::shells(molecule, &tied);
            self.wait_for_all();
            self.drain(Rule::Shells);
        }
    }

    /// Makes every class a single atom: the last one of the first class leaves it, and what
    /// follows from that is worked out before the next tie.
    fn break_ties(&mut self) {
        let mut at = 0;
        while at < self.order.len() {
            let first = self.order[at] as usize;
            let class = self.comparison.class[first];
            while self.count[first] > 1 {
                let len = self.count[first];
                let last_place = self.comparison.class[first] + len - 1;
                let last = self.order[last_place as usize];
                self.comparison.class[last as usize] = last_place;
                self.count[first] = len - 1;
                self.count[last as usize] = 1;
                self.announce(last);
                self.activate_touched();
                self.drain(Rule::Neighbors);
            }
            // A class that moved away leaves its place to another one.
            if self.comparison.class[first] == class {
                at += 1;
            }
        }
    }

    /// The first split, by everything that does not depend on classes.
    fn sort_by_invariants(&mut self) {
        for &atom in &self.order {
            self.comparison.class[atom as usize] = 0;
        }
        let invariant = |&atom: &u32| (self.comparison.invariant(atom), atom);
        let mut invariants: Vec<_> = self.order.iter().map(invariant).collect();
        invariants.sort_unstable();
        let mut class = 0;
        for (place, &(invariant, atom)) in invariants.iter().enumerate() {
            if place > 0 && invariant != invariants[place - 1].0 {
                class = place;
            }
            self.order[place] = atom;
            self.comparison.class[atom as usize] = class as u32;
            self.count[atom as usize] = 0;
            self.count[self.order[class] as usize] += 1;
            self.changed[atom as usize] = false;
        }
        let stays = invariants
            .iter()
            .take_while(|entry| entry.0 == invariants[0].0)
            .count();
        self.announce_from(stays..self.order.len());
    }

    /// Tells the neighbours of the atoms at these places that classes changed.
    fn announce_from(&mut self, places: Range<usize>) {
        for place in places {
            self.announce(self.order[place]);
        }
        self.activate_touched();
    }

    fn announce(&mut self, atom: u32) {
        for link in self.comparison.links(atom) {
            self.changed[link.atom as usize] = true;
            self.touched
                .insert(self.comparison.class[link.atom as usize]);
        }
    }

    /// Puts the touched classes on the stack, in ascending order.
    fn activate_touched(&mut self) {
        let Self {
            order,
            count,
            queued,
            waiting,
            touched,
            ..
        } = self;
        touched.drain(|class| {
            let first = order[class as usize] as usize;
            if count[first] > 1 && !queued[first] {
                queued[first] = true;
                waiting.push(first as u32);
            }
        });
    }

    /// Puts every class on the stack, in ascending order.
    fn wait_for_all(&mut self) {
        for &atom in &self.order {
            self.changed[atom as usize] = true;
            if self.count[atom as usize] > 1 {
                self.queued[atom as usize] = true;
                self.waiting.push(atom);
            }
        }
    }

    fn drain(&mut self, rule: Rule) {
        while let Some(first) = self.waiting.pop() {
            self.queued[first as usize] = false;
            self.split(first as usize, rule);
        }
    }

    fn split(&mut self, first: usize, rule: Rule) {
        let len = self.count[first] as usize;
        let offset = self.comparison.class[first] as usize;
        let Scratch {
            members,
            keys,
            items,
            sizes,
            merged,
        } = &mut self.scratch;
        members.clear();
        members.extend_from_slice(&self.order[offset..offset + len]);
        if !members.iter().any(|&atom| self.changed[atom as usize]) {
            return;
        }
        keys.clear();
        for &atom in members.iter() {
            self.comparison.push_key(rule, atom, keys);
        }
        let stride = keys.len() / len;
        let key = |item: u32| &keys[item as usize * stride..(item as usize + 1) * stride];
        items.clear();
        items.extend((0u32..).take(len));
        sizes.clear();
        sizes.resize(len, 1);
        merged.resize(len, 0);
        let changed = &self.changed;
        group_sort(items, sizes, merged, &|a, b| {
            // Atoms that nothing happened to are as equal as they were.
            if changed[members[a as usize] as usize] || changed[members[b as usize] as usize] {
                key(a).cmp(key(b))
            } else {
                Ordering::Equal
            }
        });
        let mut class = offset;
        for (at, &item) in items.iter().enumerate() {
            let atom = members[item as usize];
            let size = sizes[item as usize];
            self.order[offset + at] = atom;
            self.count[atom as usize] = size;
            if size > 0 {
                class = offset + at;
            }
            self.comparison.class[atom as usize] = class as u32;
            self.changed[atom as usize] = false;
        }
        let stays = self.count[self.order[offset] as usize] as usize;
        self.announce_from(offset + stays..offset + len);
    }

    fn has_ties(&self) -> bool {
        self.order
            .iter()
            .any(|&atom| self.count[atom as usize] != 1)
    }

    fn tied_atoms(&self) -> Vec<u32> {
        let tied = |&&atom: &&u32| {
            let first = self.order[self.comparison.class[atom as usize] as usize];
            self.count[first as usize] > 1
        };
        self.order.iter().filter(tied).copied().collect()
    }

    /// More than half of the ring atoms in classes of three or more, and a tie between atoms where
    /// rings meet: classes of neighbours may then not tell such atoms apart.
    fn is_symmetric_cage(&self) -> bool {
        let molecule = self.comparison.molecule;
        let size_if_ring = |&atom: &u32| {
            let atom = atom as usize;
            molecule.atoms()[atom].in_ring.then(|| self.count[atom])
        };
        let sizes = || self.order.iter().filter_map(size_if_ring);
        let symmetric: u32 = sizes().filter(|&size| size > 2).sum();
        if 2 * symmetric as usize <= sizes().count() {
            return false;
        }
        let mut rings = vec![0u32; molecule.atoms().len()];
        for &atom in molecule.rings().iter().flatten() {
            rings[atom as usize] += 1;
        }
        self.order
            .iter()
            .any(|&atom| rings[atom as usize] > 1 && self.count[atom as usize] > 1)
    }
}
