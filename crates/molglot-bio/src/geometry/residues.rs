//! Amino acids and their heavy atoms, as geometry reads them.

use crate::structure::{Name, Structure};

/// A heavy atom of a residue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeavyAtom {
    /// Its name, as in `CA`.
    pub name: Name,
    /// Where it is, angstrom.
    pub position: [f32; 3],
    /// The residue it belongs to.
    pub residue: u32,
    /// Its row in what the residues were taken from.
    pub source: u32,
}

/// An amino acid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AminoAcid {
    /// One-letter code; `X` where there is none.
    pub letter: u8,
    /// Number of its chain. Residues of a chain follow each other.
    pub chain: u32,
    /// Its row in what the residues were taken from.
    pub source: u32,
    first_atom: u32,
}

impl AminoAcid {
    /// The row of its first atom among the atoms of all residues.
    #[must_use]
    pub fn first_atom(&self) -> u32 {
        self.first_atom
    }
}

/// Amino acids chain by chain with their heavy atoms, in the order of the PDB: N, CA, C, O, then by distance from CA and
/// branch, OXT last. The order does not depend on that of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Residues {
    residues: Vec<AminoAcid>,
    atoms: Vec<HeavyAtom>,
}

impl Residues {
    /// The amino acids of the polymers of a structure's first model. Of several alternate locations of an atom, the one
    /// with the highest occupancy.
    #[must_use]
    pub fn of_structure(structure: &Structure) -> Self {
        let mut residues = Self::default();
        let mut atoms = Vec::new();
        let chains = structure.chains.iter().zip(0u32..);
        for (_, chain) in chains.filter(|(chain, _)| chain.model == structure.chains[0].model) {
            for residue in structure.amino_acids(chain as usize) {
                let rows = structure.residues[residue]
                    .atoms
                    .range()
                    .zip(structure.atoms_of(residue));
                atoms.clear();
                atoms.extend(rows.filter(|(_, atom)| !atom.element.is_hydrogen()));
                atoms.sort_by(|(_, a), (_, b)| b.occupancy.total_cmp(&a.occupancy));
                residues.push(
                    structure.residues[residue].letter,
                    chain,
                    residue as u32,
                    atoms
                        .iter()
                        .map(|&(row, atom)| (atom.name, atom.position, row as u32)),
                );
            }
        }
        residues
    }

    /// Adds a residue behind the others: its one-letter code, the number of its chain, its row in the source and its
    /// heavy atoms with theirs. Of atoms of one name the first counts. Selenium of selenomethionine (`SE` of `M`) is
    /// taken as the sulfur `SD` it replaces, and the ends `OT1` and `OT2` as `O` and `OXT`.
    pub fn push(
        &mut self,
        letter: u8,
        chain: u32,
        source: u32,
        atoms: impl IntoIterator<Item = (Name, [f32; 3], u32)>,
    ) {
        let residue = self.residues.len() as u32;
        let first = self.atoms.len();
        self.residues.push(AminoAcid {
            letter,
            chain,
            source,
            first_atom: first as u32,
        });
        self.atoms
            .extend(atoms.into_iter().map(|(name, position, source)| HeavyAtom {
                name: match name.as_bytes() {
                    b"SE" if letter == b'M' => Name::of("SD"),
                    b"OT1" => Name::of("O"),
                    b"OT2" => Name::of("OXT"),
                    _ => name,
                },
                position,
                residue,
                source,
            }));
        self.atoms[first..].sort_by_key(|atom| rank(atom.name));
        let mut kept = first;
        for at in first..self.atoms.len() {
            if kept == first || self.atoms[kept - 1].name != self.atoms[at].name {
                self.atoms[kept] = self.atoms[at];
                kept += 1;
            }
        }
        self.atoms.truncate(kept);
    }

    /// Number of residues.
    #[must_use]
    pub fn len(&self) -> usize {
        self.residues.len()
    }

    /// Whether there is no residue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.residues.is_empty()
    }

    /// The residues.
    #[must_use]
    pub fn residues(&self) -> &[AminoAcid] {
        &self.residues
    }

    /// The atoms of all residues.
    #[must_use]
    pub fn atoms(&self) -> &[HeavyAtom] {
        &self.atoms
    }

    /// The atoms of a residue; none where there is no such residue.
    #[must_use]
    pub fn atoms_of(&self, residue: usize) -> &[HeavyAtom] {
        let start = |residue: usize| {
            self.residues
                .get(residue)
                .map_or(self.atoms.len(), |r| r.first_atom as usize)
        };
        &self.atoms[start(residue)..start(residue.saturating_add(1))]
    }

    /// Where an atom of a residue is.
    #[must_use]
    pub fn position(&self, residue: usize, name: &str) -> Option<[f32; 3]> {
        let named = |atom: &&HeavyAtom| atom.name == name;
        self.atoms_of(residue)
            .iter()
            .find(named)
            .map(|atom| atom.position)
    }

    /// The residues that are left of those the rule keeps.
    #[must_use]
    pub fn retain(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut kept = Self::default();
        for (number, residue) in self
            .residues
            .iter()
            .enumerate()
            .filter(|&(number, _)| keep(number))
        {
            let atoms = self.atoms_of(number).iter();
            let atoms = atoms.map(|atom| (atom.name, atom.position, atom.source));
            kept.push(residue.letter, residue.chain, residue.source, atoms);
        }
        kept
    }
}

/// The place of an atom in its residue.
fn rank(name: Name) -> (u8, u8, Name) {
    let bytes = name.as_bytes();
    let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
    let distance = match bytes {
        b"N" => 0,
        b"CA" => 1,
        b"C" => 2,
        b"O" => 3,
        b"OXT" => u8::MAX,
        _ => match at(1) {
            b'B' => 4,
            b'G' => 5,
            b'D' => 6,
            b'E' => 7,
            b'Z' => 8,
            b'H' => 9,
            _ => 10,
        },
    };
    (distance, at(2), name)
}
