//! What the names of residues stand for.

use std::sync::LazyLock;

use super::Name;

/// What a residue is, chemically.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ResidueKind {
    /// An amino acid, standard or modified.
    AminoAcid,
    /// A deoxyribonucleotide.
    Dna,
    /// A ribonucleotide.
    Rna,
    /// Water, heavy water included.
    Water,
    /// Anything else: ligand, ion, sugar, cap, lipid.
    Ligand,
}

/// What a residue name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// What it is.
    pub kind: ResidueKind,
    /// The one-letter code of the residue or of its parent (`M` for `MSE`); `X`, or `N` for nucleotides, where there is
    /// no single one.
    pub letter: u8,
}

const WATERS: [Name; 10] = [
    Name::of("HOH"),
    Name::of("DOD"),
    Name::of("WAT"),
    Name::of("H2O"),
    Name::of("SOL"),
    Name::of("TIP"),
    Name::of("TIP3"),
    Name::of("TIP4"),
    Name::of("TP3"),
    Name::of("SPC"),
];

/// Linking components of the PDB Chemical Component Dictionary by name; `data/residues` says how the list is made.
static LINKING: LazyLock<Vec<(Name, Component)>> = LazyLock::new(|| {
    include_str!("../../data/residues/residues.txt")
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let name = Name::new(fields.next()?.as_bytes())?;
            let kind = match fields.next()? {
                "P" => ResidueKind::AminoAcid,
                "D" => ResidueKind::Dna,
                _ => ResidueKind::Rna,
            };
            let letter = *fields.next()?.as_bytes().first()?;
            Some((name, Component { kind, letter }))
        })
        .collect()
});

impl Component {
    /// Looks a residue name up. A name that is no known amino acid, nucleotide or water is a ligand with letter `X`.
    #[must_use]
    pub fn of(name: Name) -> Self {
        let table = &*LINKING;
        match table.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => table[at].1,
            Err(_) => Self {
                kind: if WATERS.contains(&name) {
                    ResidueKind::Water
                } else {
                    ResidueKind::Ligand
                },
                letter: b'X',
            },
        }
    }
}

/// The heavy atoms of the 20 standard amino acids behind N, CA, C and O, in the order of the PDB.
const SIDE_CHAINS: [(Name, &[Name]); 20] = {
    const fn name(text: &str) -> Name {
        Name::of(text)
    }
    const CB: Name = name("CB");
    const CG: Name = name("CG");
    const CG1: Name = name("CG1");
    const CG2: Name = name("CG2");
    const CD: Name = name("CD");
    const CD1: Name = name("CD1");
    const CD2: Name = name("CD2");
    const CE1: Name = name("CE1");
    const CE2: Name = name("CE2");
    const CZ: Name = name("CZ");
    [
        (name("ALA"), &[CB]),
        (
            name("ARG"),
            &[CB, CG, CD, name("NE"), CZ, name("NH1"), name("NH2")],
        ),
        (name("ASN"), &[CB, CG, name("OD1"), name("ND2")]),
        (name("ASP"), &[CB, CG, name("OD1"), name("OD2")]),
        (name("CYS"), &[CB, name("SG")]),
        (name("GLN"), &[CB, CG, CD, name("OE1"), name("NE2")]),
        (name("GLU"), &[CB, CG, CD, name("OE1"), name("OE2")]),
        (name("GLY"), &[]),
        (name("HIS"), &[CB, CG, name("ND1"), CD2, CE1, name("NE2")]),
        (name("ILE"), &[CB, CG1, CG2, CD1]),
        (name("LEU"), &[CB, CG, CD1, CD2]),
        (name("LYS"), &[CB, CG, CD, name("CE"), name("NZ")]),
        (name("MET"), &[CB, CG, name("SD"), name("CE")]),
        (name("PHE"), &[CB, CG, CD1, CD2, CE1, CE2, CZ]),
        (name("PRO"), &[CB, CG, CD]),
        (name("SER"), &[CB, name("OG")]),
        (name("THR"), &[CB, name("OG1"), CG2]),
        (
            name("TRP"),
            &[
                CB,
                CG,
                CD1,
                CD2,
                name("NE1"),
                CE2,
                name("CE3"),
                name("CZ2"),
                name("CZ3"),
                name("CH2"),
            ],
        ),
        (name("TYR"), &[CB, CG, CD1, CD2, CE1, CE2, CZ, name("OH")]),
        (name("VAL"), &[CB, CG1, CG2]),
    ]
};

/// The side-chain heavy atoms of a standard amino acid; `None` for any other name.
pub(crate) fn side_chain(residue: Name) -> Option<&'static [Name]> {
    SIDE_CHAINS
        .iter()
        .find(|(name, _)| *name == residue)
        .map(|(_, atoms)| *atoms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_whole() {
        let rows = include_str!("../../data/residues/residues.txt")
            .lines()
            .count();
        assert_eq!(LINKING.len(), rows);
        assert!(LINKING.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn names_stand_for_kinds_and_parents() {
        let cases = [
            ("ALA", ResidueKind::AminoAcid, b'A'),
            ("MSE", ResidueKind::AminoAcid, b'M'),
            ("SEP", ResidueKind::AminoAcid, b'S'),
            ("SEC", ResidueKind::AminoAcid, b'U'),
            ("DAL", ResidueKind::AminoAcid, b'A'),
            ("HSD", ResidueKind::AminoAcid, b'H'),
            ("UNK", ResidueKind::AminoAcid, b'X'),
            ("CRO", ResidueKind::AminoAcid, b'X'),
            ("DA", ResidueKind::Dna, b'A'),
            ("PSU", ResidueKind::Rna, b'U'),
            ("HOH", ResidueKind::Water, b'X'),
            ("CA", ResidueKind::Ligand, b'X'),
            ("017", ResidueKind::Ligand, b'X'),
            ("", ResidueKind::Ligand, b'X'),
        ];
        for (name, kind, letter) in cases {
            assert_eq!(
                Component::of(Name::of(name)),
                Component { kind, letter },
                "{name}"
            );
        }
    }

    #[test]
    fn side_chains_belong_to_the_standard_amino_acids() {
        assert!(
            SIDE_CHAINS
                .iter()
                .all(|(name, _)| Component::of(*name).kind == ResidueKind::AminoAcid)
        );
        assert_eq!(side_chain(Name::of("TRP")).unwrap().len(), 10);
        assert_eq!(side_chain(Name::of("MSE")), None);
    }
}
