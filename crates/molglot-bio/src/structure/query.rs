//! What is asked of a structure: sequences, coordinates, gaps.

use super::component::{Component, side_chain};
use super::{Atom, BFactor, Chain, Entity, Name, Residue, ResidueKind, Structure};

const N: Name = Name::of("N");
const CA: Name = Name::of("CA");
const C: Name = Name::of("C");
const O: Name = Name::of("O");

/// A peptide bond is 1.33 angstrom; half as long again is none.
const PEPTIDE_BOND: f32 = 2.0;
/// Alpha carbons of neighbours are 3.8 angstrom apart, 2.9 across a cis bond.
const ALPHA_CARBONS: f32 = 5.0;

/// A place where the backbone of a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The residue before the break.
    pub before: u32,
    /// The residue behind it.
    pub after: u32,
    /// How many residues are missing: by place in the entity's sequence where that is known, else by the authors'
    /// numbers; `None` where those do not ascend or lie side by side.
    pub missing: Option<u32>,
}

impl Structure {
    /// The rows of a residue's atoms.
    ///
    /// # Panics
    /// Where `residue` is no row, as with a slice.
    #[must_use]
    pub fn atoms_of(&self, residue: usize) -> &[Atom] {
        &self.atoms[self.residues[residue].atoms.range()]
    }

    /// The residues of a chain.
    ///
    /// # Panics
    /// Where `chain` is no row, as with a slice.
    #[must_use]
    pub fn residues_of(&self, chain: usize) -> &[Residue] {
        &self.residues[self.chains[chain].residues.range()]
    }

    /// The chain of this author id in the first model that has one.
    #[must_use]
    pub fn chain(&self, id: &str) -> Option<usize> {
        self.chains.iter().position(|chain| chain.id == id)
    }

    /// The atom of this name in a residue, the one of highest occupancy where there are several.
    #[must_use]
    pub fn atom(&self, residue: usize, name: Name) -> Option<&Atom> {
        let mut best: Option<&Atom> = None;
        for atom in self.atoms_of(residue) {
            if atom.name == name && best.is_none_or(|best| atom.occupancy > best.occupancy) {
                best = Some(atom);
            }
        }
        best
    }

    /// The backbone of a residue: N, CA, C and O in angstrom, each `None` where it was not observed. At a chain's end O
    /// may be called `OT1`, `O1` or `OXT`.
    #[must_use]
    pub fn backbone(&self, residue: usize) -> [Option<[f32; 3]>; 4] {
        let oxygen = [O, Name::of("OT1"), Name::of("O1"), Name::of("OXT")]
            .into_iter()
            .find_map(|name| self.atom(residue, name));
        [
            self.atom(residue, N),
            self.atom(residue, CA),
            self.atom(residue, C),
            oxygen,
        ]
        .map(|atom| atom.map(|atom| atom.position))
    }

    /// The amino acids of a chain's polymer, in order and each once: where a place in the sequence is shared by several
    /// (microheterogeneity), the one with the highest occupancy.
    pub fn amino_acids(&self, chain: usize) -> impl Iterator<Item = usize> + '_ {
        self.polymer(chain)
            .filter(|&residue| self.residues[residue].kind == ResidueKind::AminoAcid)
    }

    /// The amino acids of a chain that have an alpha carbon, with its coordinates in angstrom: what encoders count as
    /// residues.
    pub fn alpha_carbons(&self, chain: usize) -> impl Iterator<Item = (usize, [f32; 3])> + '_ {
        self.amino_acids(chain)
            .filter_map(|residue| Some((residue, self.atom(residue, CA)?.position)))
    }

    /// The residues of a chain's polymer, each place once.
    fn polymer(&self, chain: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = self.chains[chain].residues.range();
        std::iter::from_fn(move || {
            let first = next.next()?;
            let mut best = first;
            while next.start < next.end && self.same_place(first, next.start) {
                if self.occupancy(next.start) > self.occupancy(best) {
                    best = next.start;
                }
                next.start += 1;
            }
            Some(best)
        })
        .filter(|&residue| self.residues[residue].polymer)
    }

    /// Whether two neighbouring residues are alternatives for one place: same number, other name, alternate locations.
    pub(super) fn same_place(&self, one: usize, other: usize) -> bool {
        let (a, b) = (&self.residues[one], &self.residues[other]);
        a.number.is_some()
            && (a.number, a.insertion, a.chain) == (b.number, b.insertion, b.chain)
            && a.name != b.name
            && [one, other].iter().all(|&residue| {
                let mut atoms = self.atoms_of(residue).iter().take(256);
                atoms.any(|atom| atom.altloc != b' ')
            })
    }

    /// The highest occupancy of a residue's atoms.
    fn occupancy(&self, residue: usize) -> f32 {
        self.atoms_of(residue)
            .iter()
            .map(|atom| atom.occupancy)
            .fold(0.0, f32::max)
    }

    /// The observed sequence of a chain's polymer in one-letter codes. Modified residues are their parents, unknown ones
    /// `X`; gaps are not marked.
    #[must_use]
    pub fn observed_sequence(&self, chain: usize) -> String {
        self.polymer(chain)
            .map(|residue| char::from(self.residues[residue].letter))
            .collect()
    }

    /// The whole sequence of a chain's polymer, observed or not, in one-letter codes; `None` where the file does not
    /// give it (SEQRES, `_entity_poly_seq`).
    #[must_use]
    pub fn entity_sequence(&self, chain: usize) -> Option<String> {
        let entity = self.entity_of(&self.chains[chain])?;
        (!entity.sequence.is_empty()).then(|| entity.one_letter_sequence())
    }

    /// The polymer entity of a chain.
    #[must_use]
    pub fn entity_of(&self, chain: &Chain) -> Option<&Entity> {
        self.entities.get(chain.entity? as usize)
    }

    /// Where the backbone of a chain is broken: neighbours whose C and N are more than 2.0 angstrom apart or, where one
    /// of these was not observed, whose alpha carbons are more than 5.0 angstrom apart. Residues without any of them
    /// break it too.
    #[must_use]
    pub fn gaps(&self, chain: usize) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut residues = self.amino_acids(chain);
        let Some(mut before) = residues.next() else {
            return gaps;
        };
        for after in residues {
            if !self.bonded(before, after) {
                gaps.push(Gap {
                    before: before as u32,
                    after: after as u32,
                    missing: self.missing_between(before, after),
                });
            }
            before = after;
        }
        gaps
    }

    fn bonded(&self, before: usize, after: usize) -> bool {
        let [_, alpha, carbon, _] = self.backbone(before);
        let [nitrogen, next_alpha, _, _] = self.backbone(after);
        match (carbon, nitrogen, alpha, next_alpha) {
            (Some(c), Some(n), _, _) => distance(c, n) <= PEPTIDE_BOND,
            (_, _, Some(a), Some(b)) => distance(a, b) <= ALPHA_CARBONS,
            _ => false,
        }
    }

    fn missing_between(&self, before: usize, after: usize) -> Option<u32> {
        let (a, b) = (&self.residues[before], &self.residues[after]);
        let numbers = match (a.label_number, b.label_number) {
            (Some(a), Some(b)) => (a, b),
            _ => (a.number?, b.number?),
        };
        let missing = i64::from(numbers.1) - i64::from(numbers.0) - 1;
        u32::try_from(missing).ok().filter(|&missing| missing > 0)
    }

    /// The heavy atoms that a standard amino acid has and this residue does not, backbone first; empty for any other
    /// residue. The second oxygen of a chain's end is not asked for.
    #[must_use]
    pub fn missing_atoms(&self, residue: usize) -> Vec<Name> {
        let Some(side_chain) = side_chain(self.residues[residue].name) else {
            return Vec::new();
        };
        let backbone = [N, CA, C, O].into_iter().zip(self.backbone(residue));
        let backbone = backbone.filter_map(|(name, at)| at.is_none().then_some(name));
        let side_chain = side_chain
            .iter()
            .copied()
            .filter(|&name| self.atom(residue, name).is_none());
        backbone.chain(side_chain).collect()
    }

    /// The confidence of a prediction per alpha carbon of a chain, 0 to 100; `None` where the b-factors hold something
    /// else.
    #[must_use]
    pub fn plddt(&self, chain: usize) -> Option<Vec<f32>> {
        (self.b_factor == BFactor::Plddt).then(|| {
            self.amino_acids(chain)
                .filter_map(|residue| Some(self.atom(residue, CA)?.b_factor))
                .collect()
        })
    }
}

impl Entity {
    /// The sequence in one-letter codes; modified residues are their parents, unknown ones `X`.
    #[must_use]
    pub fn one_letter_sequence(&self) -> String {
        self.sequence
            .iter()
            .map(|&name| char::from(Component::of(name).letter))
            .collect()
    }
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    (x * x + y * y + z * z).sqrt()
}
