//! Backtracking search with an explicit stack.

use std::collections::HashSet;

use super::atom::{ACCEPT, AtomTest, REJECT, RingFacts, holds};
use super::{BondSet, Graph, Pattern};
use crate::molecule::{Bond, BondOrder, Molecule};

impl BondSet {
    pub(super) fn accepts(self, bond: &Bond) -> bool {
        self.0 >> (2 * order_index(bond.order) + u32::from(bond.in_ring)) & 1 == 1
    }
}

/// The place of an order in a [`BondSet`].
pub(super) fn order_index(order: BondOrder) -> u32 {
    match order {
        BondOrder::Single => 0,
        BondOrder::Double => 1,
        BondOrder::Triple => 2,
        BondOrder::Quadruple => 3,
        BondOrder::Aromatic => 4,
        BondOrder::Dative => 5,
    }
}

/// A molecule made ready to be searched with many patterns.
#[derive(Debug)]
pub struct Search<'m> {
    molecule: &'m Molecule,
    /// Atoms of each element; the wildcard and the rest share the ends.
    elements: [u32; 128],
    rings: Option<Vec<RingFacts>>,
    frames: Frames,
    /// What is known of the recursive patterns: two bits for each atom and pattern.
    known: Vec<u64>,
}

/// The stacks of all searches in progress; a search inside `$(...)` uses the end.
#[derive(Debug, Default)]
struct Frames {
    /// The atom of the molecule on each pattern atom.
    atoms: Vec<u32>,
    /// The next candidate to try for each pattern atom.
    cursors: Vec<u32>,
}

impl<'m> Search<'m> {
    /// Counts the elements; everything else waits until a pattern needs it.
    pub fn new(molecule: &'m Molecule) -> Self {
        let mut elements = [0; 128];
        for atom in molecule.atoms() {
            elements[usize::from(atom.atomic_number & 127)] += 1;
        }
        Self {
            molecule,
            elements,
            rings: None,
            frames: Frames::default(),
            known: Vec::new(),
        }
    }

    /// The molecule contains the pattern.
    pub fn is_match(&mut self, pattern: &Pattern) -> bool {
        self.begin(pattern) && self.next(pattern, 0, None, 0)
    }

    /// The atom matches the first atom of the pattern.
    ///
    /// # Panics
    ///
    /// If `atom` is not an index of the molecule.
    pub fn is_match_at(&mut self, pattern: &Pattern, atom: u32) -> bool {
        assert!(
            (atom as usize) < self.molecule.atoms().len(),
            "no atom {atom}"
        );
        self.begin(pattern) && self.next(pattern, 0, Some(atom), 0)
    }

    /// How many different atom sets match, counted up to `limit`.
    pub fn count_unique(&mut self, pattern: &Pattern, limit: usize) -> usize {
        if limit <= 1 {
            return usize::from(limit == 1 && self.is_match(pattern));
        }
        let mut count = 0;
        self.for_each_unique(pattern, |_| {
            count += 1;
            count < limit
        });
        count
    }

    /// One match for every atom set, as [`Pattern::matches`] gives them.
    pub fn matches(&mut self, pattern: &Pattern) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        self.for_each_unique(pattern, |atoms| {
            all.push(atoms.to_vec());
            true
        });
        all
    }

    /// Visits one match of every atom set until the visitor says `false`.
    fn for_each_unique(&mut self, pattern: &Pattern, mut visit: impl FnMut(&[u32]) -> bool) {
        if !self.begin(pattern) {
            return;
        }
        let mut seen: HashSet<Box<[u32]>> = HashSet::new();
        while self.next(pattern, 0, None, 0) {
            // A single atom is its own set.
            let new = self.frames.atoms.len() == 1 || {
                let mut set: Box<[u32]> = self.frames.atoms.as_slice().into();
                set.sort_unstable();
                seen.insert(set)
            };
            if new && !visit(&self.frames.atoms) {
                break;
            }
        }
    }

    /// Prepares for the first mapping; `false` if the molecule lacks atoms for any.
    fn begin(&mut self, pattern: &Pattern) -> bool {
        self.frames.atoms.clear();
        self.frames.cursors.clear();
        let enough = pattern
            .needs
            .iter()
            .all(|&(element, count)| self.elements[usize::from(element)] >= count)
            && pattern.atom_count() <= self.molecule.atoms().len();
        if enough && pattern.graphs.len() > 1 {
            let bits = 2 * self.molecule.atoms().len() * (pattern.graphs.len() - 1);
            self.known.clear();
            self.known.resize(bits.div_ceil(64), 0);
        }
        enough
    }

    /// Finds the next mapping of a graph whose frames start at `base`. On success the frames hold
    /// it, and another call goes on from there; on failure they are empty down to `base`.
    /// `anchor` fixes the first atom.
    fn next(&mut self, pattern: &Pattern, graph: usize, anchor: Option<u32>, base: usize) -> bool {
        let molecule = self.molecule;
        let plan = &pattern.graphs[graph];
        if self.frames.cursors.len() == base {
            self.frames.cursors.push(0);
        } else {
            self.frames.atoms.pop();
        }
        loop {
            let depth = self.frames.cursors.len() - 1 - base;
            let step = &plan.steps[depth];
            let cursor = self.frames.cursors[base + depth];
            let (candidate, bond_fits) = match step.parent {
                Some((parent, bond)) => {
                    let from = self.frames.atoms[base + parent as usize];
                    let link = molecule.neighbors(from as usize).get(cursor as usize);
                    let fits = link
                        .is_some_and(|link| bond.accepts(&molecule.bonds()[link.bond as usize]));
                    (link.map(|link| link.atom), fits)
                }
                None => match anchor.filter(|_| depth == 0) {
                    Some(atom) => ((cursor == 0).then_some(atom), true),
                    None => (
                        ((cursor as usize) < molecule.atoms().len()).then_some(cursor),
                        true,
                    ),
                },
            };
            let Some(candidate) = candidate else {
                self.frames.cursors.pop();
                if depth == 0 {
                    return false;
                }
                self.frames.atoms.pop();
                continue;
            };
            self.frames.cursors[base + depth] += 1;
            if !bond_fits
                || self.frames.atoms[base..].contains(&candidate)
                || !self.atom_fits(pattern, step.atom, candidate)
                || !self.closures_fit(plan, depth, base, candidate)
            {
                continue;
            }
            self.frames.atoms.push(candidate);
            if depth + 1 == plan.steps.len() {
                return true;
            }
            self.frames.cursors.push(0);
        }
    }

    fn closures_fit(&self, plan: &Graph, depth: usize, base: usize, candidate: u32) -> bool {
        let start = match depth {
            0 => 0,
            _ => plan.steps[depth - 1].closures_end,
        };
        plan.closures[start as usize..plan.steps[depth].closures_end as usize]
            .iter()
            .all(|closure| {
                let other = self.frames.atoms[base + closure.to as usize];
                self.molecule
                    .bond_between(candidate, other)
                    .is_some_and(|bond| closure.bond.accepts(bond))
            })
    }

    fn atom_fits(&mut self, pattern: &Pattern, entry: u32, index: u32) -> bool {
        let mut at = entry;
        loop {
            let node = pattern.atoms[at as usize];
            let hit = match node.test {
                AtomTest::Recursive(graph) => self.recursive_fits(pattern, graph, index),
                test => holds(test, self.molecule, &mut self.rings, index),
            };
            at = if hit { node.hit } else { node.miss };
            match at {
                ACCEPT => return true,
                REJECT => return false,
                _ => {}
            }
        }
    }

    /// Whether an atom matches the first atom of a recursive pattern; asked once, then remembered.
    fn recursive_fits(&mut self, pattern: &Pattern, graph: u32, index: u32) -> bool {
        let atoms = self.molecule.atoms().len();
        let bit = 2 * ((graph as usize - 1) * atoms + index as usize);
        match self.known[bit / 64] >> (bit % 64) & 0b11 {
            0 => {
                let base = self.frames.cursors.len();
                // The outer search has one cursor more than atoms; a placeholder levels them.
                self.frames.atoms.push(u32::MAX);
                let fits = self.next(pattern, graph as usize, Some(index), base);
                self.frames.atoms.truncate(base - 1);
                self.frames.cursors.truncate(base);
                self.known[bit / 64] |= if fits { 0b11 } else { 0b01 } << (bit % 64);
                fits
            }
            known => known == 0b11,
        }
    }
}

/// All mappings of a pattern onto a molecule: the atoms in the order of the pattern. By the first
/// atom, then in the order of bonds.
#[derive(Debug)]
pub struct Mappings<'a> {
    pattern: &'a Pattern,
    search: Search<'a>,
    done: bool,
}

impl<'a> Mappings<'a> {
    pub(super) fn new(pattern: &'a Pattern, mut search: Search<'a>) -> Self {
        let done = !search.begin(pattern);
        Self {
            pattern,
            search,
            done,
        }
    }
}

impl Iterator for Mappings<'_> {
    type Item = Vec<u32>;

    fn next(&mut self) -> Option<Self::Item> {
        self.done = self.done || !self.search.next(self.pattern, 0, None, 0);
        (!self.done).then(|| self.search.frames.atoms.clone())
    }
}
