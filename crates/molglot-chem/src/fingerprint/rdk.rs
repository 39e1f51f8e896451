//! RDKit's own fingerprint: all connected subgraphs of a few bonds.
//!
//! Each bond of a subgraph is hashed with its order, its atoms (element and aromaticity) and their
//! degrees in the subgraph; the sorted hashes and the number of atoms make the hash of the
//! subgraph. It turns on two bits: its own value and the first output of a small Mersenne Twister
//! (Matsumoto and Nishimura, ACM Trans. Model. Comput. Simul. 8, 3, 1998) that is seeded with it.

mod batch;

use std::ops::RangeInclusive;

use super::Bits;
use super::hash::{bond_code, combine_all};
use crate::molecule::Molecule;
use batch::Batch;

/// Longest subgraphs that can be asked for, in bonds.
pub const MAX_LENGTH: usize = 16;

/// The lengths of RDKit's default, in bonds.
pub const DEFAULT_LENGTHS: RangeInclusive<usize> = 1..=7;

/// The connected subgraphs, branched ones too, of so many bonds, folded to `size` bits:
/// `RDKFingerprint(molecule, minPath, maxPath, fpSize)` with its defaults, two bits for each.
///
/// Time goes with the number of subgraphs: about a thousand for a drug, but it grows with every
/// bond of length and steeply with the degree of atoms.
///
/// # Panics
///
/// If `size` is 0 or more than [`MAX_LENGTH`] bonds are asked for.
pub fn bits(molecule: &Molecule, lengths: RangeInclusive<usize>, size: u32) -> Bits {
    assert!(size > 0, "a fingerprint of no bits");
    assert!(*lengths.end() <= MAX_LENGTH, "more than {MAX_LENGTH} bonds");
    let longest = *lengths.end();
    let bonds = BondTable::new(molecule, longest);
    let mut walk = Walk {
        molecule,
        bonds: &bonds,
        shortest: *lengths.start(),
        longest,
        degrees: vec![0; molecule.atoms().len()],
        atoms: 0,
        seen: vec![false; molecule.bonds().len()],
        path: Vec::with_capacity(longest),
        candidates: Vec::new(),
        batches: (0..=longest).map(Batch::new).collect(),
        bits: Bits::new(size as usize),
        size,
    };
    // A subgraph is found from its first bond; the bonds before it stay seen.
    if longest > 0 {
        for first in 0..molecule.bonds().len() as u32 {
            walk.seen[first as usize] = true;
            walk.add(first, NONE);
        }
    }
    walk.finish()
}

/// The hash of each bond for every pair of degrees that its atoms can have in a subgraph.
struct BondTable {
    rows: Vec<BondRow>,
    hashes: Vec<u32>,
}

#[derive(Clone, Copy)]
struct BondRow {
    begin: u32,
    end: u32,
    /// Of the entry for degrees (1, 1), less than the sum of its own two strides.
    start: u32,
    /// Between degrees of `begin`; that of `end` is 1.
    stride: u32,
}

impl BondTable {
    fn new(molecule: &Molecule, longest: usize) -> Self {
        let code = |atom: u32| {
            let atom = &molecule.atoms()[atom as usize];
            u32::from(atom.atomic_number & 127) << 1 | u32::from(atom.aromatic)
        };
        let degree = |atom: u32| molecule.neighbors(atom as usize).len().min(longest) as u32;
        let mut table = Self {
            rows: Vec::with_capacity(molecule.bonds().len()),
            hashes: Vec::with_capacity(9 * molecule.bonds().len()),
        };
        for bond in molecule.bonds() {
            let (begin, end) = (bond.begin, bond.end);
            table.rows.push(BondRow {
                begin,
                end,
                start: table.hashes.len() as u32,
                stride: degree(end),
            });
            for begin_degree in 1..=degree(begin) {
                for end_degree in 1..=degree(end) {
                    let ends = [(code(begin), begin_degree), (code(end), end_degree)];
                    let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                    let neighbors = begin_degree + end_degree - 2;
                    let parts = [bond_code(bond), high.0, high.1, low.0, low.1];
                    table.hashes.push(combine_all(neighbors, parts));
                }
            }
        }
        table
    }
}

/// The end of a list of candidates.
const NONE: u32 = u32::MAX;

/// A bond that can extend the subgraph, and the candidate behind it.
#[derive(Clone, Copy)]
struct Candidate {
    bond: u32,
    next: u32,
}

/// Depth-first enumeration in which every connected subgraph turns up once (Wernicke, IEEE/ACM
/// Trans. Comput. Biol. Bioinform. 3, 347, 2006, with bonds for vertices): a bond is a candidate
/// from the moment the subgraph touches it, and one that was tried is not tried again further in.
struct Walk<'a> {
    molecule: &'a Molecule,
    bonds: &'a BondTable,
    shortest: usize,
    longest: usize,
    /// Of each atom in the subgraph.
    degrees: Vec<u8>,
    /// How many atoms the subgraph has.
    atoms: u32,
    /// Bonds that are or were candidates on the way here.
    seen: Vec<bool>,
    path: Vec<BondRow>,
    /// Lists that share their tails; a deeper level only appends.
    candidates: Vec<Candidate>,
    /// One for every length.
    batches: Vec<Batch>,
    bits: Bits,
    size: u32,
}

impl Walk<'_> {
    /// Visits all subgraphs of the current one, `bond` and further candidates. Goes no deeper than
    /// the longest subgraph.
    fn add(&mut self, bond: u32, others: u32) {
        let row = self.bonds.rows[bond as usize];
        for atom in [row.begin, row.end] {
            let degree = &mut self.degrees[atom as usize];
            self.atoms += u32::from(*degree == 0);
            *degree += 1;
        }
        self.path.push(row);
        if self.path.len() >= self.shortest {
            self.hash();
        }
        if self.path.len() < self.longest {
            let mark = self.candidates.len();
            let mut head = others;
            for atom in [row.begin, row.end] {
                for link in self.molecule.neighbors(atom as usize) {
                    if !std::mem::replace(&mut self.seen[link.bond as usize], true) {
                        self.candidates.push(Candidate {
                            bond: link.bond,
                            next: head,
                        });
                        head = self.candidates.len() as u32 - 1;
                    }
                }
            }
            while head != NONE {
                let candidate = self.candidates[head as usize];
                head = candidate.next;
                self.add(candidate.bond, head);
            }
            for candidate in self.candidates.drain(mark..) {
                self.seen[candidate.bond as usize] = false;
            }
        }
        self.path.pop();
        for atom in [row.begin, row.end] {
            let degree = &mut self.degrees[atom as usize];
            *degree -= 1;
            self.atoms -= u32::from(*degree == 0);
        }
    }

    fn hash(&mut self) {
        let hashes = self.path.iter().map(|row| {
            let degree = |atom: u32| u32::from(self.degrees[atom as usize]) - 1;
            let at = row.start + degree(row.begin) * row.stride + degree(row.end);
            self.bonds.hashes[at as usize]
        });
        let batch = &mut self.batches[self.path.len()];
        if batch.push(hashes, self.atoms) {
            batch.flush(&mut self.bits, self.size);
        }
    }

    fn finish(mut self) -> Bits {
        for batch in &mut self.batches {
            batch.flush(&mut self.bits, self.size);
        }
        self.bits
    }
}
