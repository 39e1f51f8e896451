//! From a checked SMILES string to a perceived molecule.
//!
//! Chematic 1.2.1 ports RDKit's sanitisation and legacy stereo perception; this module reads the
//! result out into our own graph, so that nothing else in the workspace depends on chematic.

use std::collections::HashSet;

use chematic::core::{AtomIdx, BondOrder as RawOrder};
use chematic::perception::rdkit_symmetrized_sssr;
use chematic::smiles::{
    OgbGraphFeatures, RdkitSmilesError, ogb_graph_features, rdkit_canonical_smiles,
    rdkit_detect_chemistry_problems, rdkit_sanitized_model,
};

use crate::error::{SmilesError, SmilesErrorKind};
use crate::molecule::{Atom, Bond, BondOrder, BondStereo, Chirality, Hybridization, Molecule};
use crate::smiles::Scanned;

type Raw = chematic::core::Molecule;

/// Category indices of chematic's OGB rows that stand for "not in the list"; the value is then
/// read from the sanitised model instead.
const MISC_CHARGE: i64 = 11;
const MISC_HYDROGENS: i64 = 9;
const MISC_BOND: i64 = 4;

pub(crate) fn molecule(scanned: Scanned<'_>) -> Result<Molecule, SmilesError> {
    let raw = parse(&scanned)?;
    let rows = ogb_graph_features(&raw).map_err(|error| refusal(&raw, &scanned, &error))?;
    let sanitized = Sanitized::new(&raw, &rows)
        .map_err(|error| SmilesError::new(0, SmilesErrorKind::Unsupported(error.to_string())))?;
    let mut atoms = atoms(&raw, &rows, &sanitized);
    let mut bonds = bonds(&raw, &rows, &sanitized);
    let rings = rings(atoms.len(), &bonds);
    mark_rings(&rings, &mut atoms, &mut bonds);
    count_degrees(&mut atoms, &bonds);
    Ok(Molecule::assemble(scanned.text.into(), atoms, bonds, rings))
}

/// RDKit's canonical isomeric SMILES of a string that [`molecule`] has accepted.
pub(crate) fn canonical_smiles(source: &str) -> String {
    let Ok(raw) = chematic::smiles::parse(source) else {
        return source.to_owned();
    };
    // The port refuses to write the few traversals that RDKit aborts on; chematic's own canonical
    // form is stable for them.
    rdkit_canonical_smiles(&raw).unwrap_or_else(|_| chematic::smiles::canonical_smiles(&raw))
}

fn parse(scanned: &Scanned<'_>) -> Result<Raw, SmilesError> {
    use chematic::smiles::SmilesError as RawError;
    chematic::smiles::parse(&scanned.text).map_err(|error| match error {
        RawError::InvalidValence { atom, .. } => {
            at_atom(scanned, atom, SmilesErrorKind::Valence { atom })
        }
        other => SmilesError::new(0, SmilesErrorKind::Unsupported(other.to_string())),
    })
}

fn at_atom(scanned: &Scanned<'_>, atom: usize, kind: SmilesErrorKind) -> SmilesError {
    let offset = scanned
        .atom_offsets
        .get(atom)
        .map_or(0, |&offset| offset as usize);
    SmilesError::new(offset, kind)
}

/// Says which atom made sanitisation fail.
fn refusal(raw: &Raw, scanned: &Scanned<'_>, error: &RdkitSmilesError) -> SmilesError {
    let RdkitSmilesError::Sanitization(message) = error else {
        return SmilesError::new(0, SmilesErrorKind::Unsupported(error.to_string()));
    };
    // The problems are numbered like the atoms as read, the message after hydrogens were folded;
    // it is all there is where cleanup brings the problem about.
    let problems = rdkit_detect_chemistry_problems(raw).unwrap_or_default();
    let message = problems.first().map_or(message, |problem| &problem.message);
    let atom = first_number(message).unwrap_or(0);
    let kind = if message.starts_with("non-ring atom") {
        SmilesErrorKind::AromaticOutsideRing
    } else if message.to_lowercase().contains("kekuliz") {
        SmilesErrorKind::Kekulize
    } else {
        SmilesErrorKind::Valence { atom }
    };
    at_atom(scanned, atom, kind)
}

/// The first number in a message of RDKit's is the index of the first atom it is about.
fn first_number(message: &str) -> Option<usize> {
    message
        .split(|byte: char| !byte.is_ascii_digit())
        .find_map(|digits| digits.parse().ok())
}

/// How the rows of the OGB features relate to the parsed atoms. Sanitising a second time is only
/// paid for when hydrogens were folded into their neighbours or a value fell out of its list.
struct Sanitized {
    /// The parsed atom behind each row.
    kept: Vec<u32>,
    model: Option<chematic::smiles::RdkitSanitizedModel>,
}

impl Sanitized {
    fn new(raw: &Raw, rows: &OgbGraphFeatures) -> Result<Self, RdkitSmilesError> {
        let complete = rows.node_feat.len() == raw.atom_count()
            && rows
                .node_feat
                .iter()
                .all(|row| row[3] != MISC_CHARGE && row[4] != MISC_HYDROGENS)
            && rows.edge_feat.iter().all(|row| row[0] != MISC_BOND);
        if complete {
            return Ok(Self {
                kept: (0u32..).take(raw.atom_count()).collect(),
                model: None,
            });
        }
        let model = rdkit_sanitized_model(raw)?;
        let kept = (0u32..)
            .zip(&model.atoms)
            .filter(|(_, atom)| atom.is_some())
            .map(|(at, _)| at);
        Ok(Self {
            kept: kept.collect(),
            model: Some(model),
        })
    }

    /// Formal charge and hydrogens of a row.
    fn counts(&self, row: usize) -> Option<(i8, u8)> {
        let atom = self
            .model
            .as_ref()?
            .atoms
            .get(self.kept[row] as usize)?
            .as_ref()?;
        Some((atom.1, atom.2))
    }

    fn order(&self, raw: &Raw, begin: usize, end: usize) -> Option<RawOrder> {
        let ends = (AtomIdx(self.kept[begin]), AtomIdx(self.kept[end]));
        let (bond, _) = raw.bond_between(ends.0, ends.1)?;
        *self.model.as_ref()?.bonds.get(bond.0 as usize)?
    }
}

fn atoms(raw: &Raw, rows: &OgbGraphFeatures, sanitized: &Sanitized) -> Vec<Atom> {
    let small = |value: i64| u8::try_from(value).unwrap_or(u8::MAX);
    rows.node_feat
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let parsed = raw.atom(AtomIdx(sanitized.kept[index]));
            let counts = sanitized.counts(index);
            Atom {
                atomic_number: if parsed.wildcard {
                    0
                } else {
                    parsed.element.atomic_number()
                },
                isotope: parsed.isotope.filter(|&isotope| isotope > 0),
                charge: counts.map_or(row[3] as i8 - 5, |(charge, _)| charge),
                chirality: match row[1] {
                    0 => Chirality::Unspecified,
                    1 => Chirality::Clockwise,
                    2 => Chirality::CounterClockwise,
                    _ => Chirality::SquarePlanar(1),
                },
                total_degree: 0,
                total_hydrogens: counts.map_or(small(row[4]), |(_, hydrogens)| hydrogens),
                radical_electrons: small(row[5]),
                hybridization: match row[6] {
                    0 => Hybridization::Sp,
                    1 => Hybridization::Sp2,
                    2 => Hybridization::Sp3,
                    3 => Hybridization::Sp3d,
                    4 => Hybridization::Sp3d2,
                    _ => Hybridization::Other,
                },
                aromatic: row[7] == 1,
                in_ring: false,
                map: None,
            }
        })
        .collect()
}

fn bonds(raw: &Raw, rows: &OgbGraphFeatures, sanitized: &Sanitized) -> Vec<Bond> {
    // The rows hold both directions of every bond, the written one first.
    rows.edge_index
        .iter()
        .zip(&rows.edge_feat)
        .step_by(2)
        .map(|(ends, row)| {
            let (begin, end) = (ends[0] as usize, ends[1] as usize);
            let order = match row[0] {
                0 => BondOrder::Single,
                1 => BondOrder::Double,
                2 => BondOrder::Triple,
                3 => BondOrder::Aromatic,
                _ => match sanitized.order(raw, begin, end) {
                    Some(RawOrder::Quadruple) => BondOrder::Quadruple,
                    _ => BondOrder::Dative,
                },
            };
            Bond {
                begin: begin as u32,
                end: end as u32,
                order,
                kekule: order,
                stereo_atoms: None,
                stereo: match row[1] {
                    1 => BondStereo::Z,
                    2 => BondStereo::E,
                    5 => BondStereo::Any,
                    _ => BondStereo::None,
                },
                conjugated: row[2] == 1,
                aromatic: order == BondOrder::Aromatic,
                in_ring: false,
            }
        })
        .collect()
}

/// Symmetrised SSSR (Figueras 1996, as in RDKit). A dative bond closes no ring.
fn rings(atom_count: usize, bonds: &[Bond]) -> Vec<Vec<u32>> {
    let edges: Vec<_> = bonds
        .iter()
        .map(|bond| {
            (
                bond.begin as usize,
                bond.end as usize,
                bond.order != BondOrder::Dative,
            )
        })
        .collect();
    rdkit_symmetrized_sssr(atom_count, &edges)
        .unwrap_or_default()
        .into_iter()
        .map(|ring| ring.into_iter().map(|atom| atom as u32).collect())
        .collect()
}

fn mark_rings(rings: &[Vec<u32>], atoms: &mut [Atom], bonds: &mut [Bond]) {
    let mut closed = HashSet::new();
    for ring in rings {
        let next = ring.iter().cycle().skip(1);
        closed.extend(ring.iter().zip(next).map(|(&a, &b)| (a.min(b), a.max(b))));
        for &atom in ring {
            atoms[atom as usize].in_ring = true;
        }
    }
    for bond in bonds {
        bond.in_ring = closed.contains(&(bond.begin.min(bond.end), bond.begin.max(bond.end)));
    }
}

fn count_degrees(atoms: &mut [Atom], bonds: &[Bond]) {
    for atom in atoms.iter_mut() {
        atom.total_degree = atom.total_hydrogens;
    }
    for end in bonds.iter().flat_map(|bond| [bond.begin, bond.end]) {
        let degree = &mut atoms[end as usize].total_degree;
        *degree = degree.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(smiles: &str) -> Molecule {
        Molecule::from_smiles(smiles).unwrap()
    }

    #[test]
    fn written_hydrogens_are_folded_and_the_rest_keeps_its_data() {
        let molecule = read("[H]C([H])([2H])[13C@@H](F)[N+]([H])(C)C");
        let elements: Vec<_> = molecule
            .atoms()
            .iter()
            .map(|atom| atom.atomic_number)
            .collect();
        assert_eq!(elements, [6, 1, 6, 9, 7, 6, 6]);
        let isotopes: Vec<_> = molecule.atoms().iter().map(|atom| atom.isotope).collect();
        assert_eq!(isotopes, [None, Some(2), Some(13), None, None, None, None]);
        assert_eq!(
            (
                molecule.atoms()[0].total_hydrogens,
                molecule.atoms()[0].total_degree
            ),
            (2, 4)
        );
        assert_eq!(
            (
                molecule.atoms()[4].charge,
                molecule.atoms()[4].total_hydrogens
            ),
            (1, 1)
        );
    }

    #[test]
    fn values_outside_the_feature_lists_are_exact() {
        assert_eq!(read("[Mn+7]").atoms()[0].charge, 7);
        assert_eq!(read("[Fe-6]").atoms()[0].charge, -6);
        assert_eq!(read("[UH9]").atoms()[0].total_hydrogens, 9);
        assert_eq!(read("*").atoms()[0].atomic_number, 0);
        assert_eq!(read("[Re]$[Re]").bonds()[0].order, BondOrder::Quadruple);
        assert_eq!(read("N->[Fe]").bonds()[0].order, BondOrder::Dative);
    }

    #[test]
    fn cleanup_and_aromaticity_are_those_of_rdkit() {
        let nitro = read("CN(=O)=O");
        assert_eq!(
            nitro
                .atoms()
                .iter()
                .map(|atom| atom.charge)
                .collect::<Vec<_>>(),
            [0, 1, -1, 0]
        );
        assert!(read("C1=CC=CN1").atoms().iter().all(|atom| atom.aromatic));
        assert!(
            read("[si]1ccccc1")
                .atoms()
                .iter()
                .all(|atom| !atom.aromatic)
        );
        let biphenyl = read("c1ccccc1c1ccccc1");
        assert_eq!(
            biphenyl
                .bonds()
                .iter()
                .filter(|bond| !bond.aromatic)
                .count(),
            1
        );
    }

    #[test]
    fn chirality_follows_the_neighbour_order() {
        let tag = |smiles| read(smiles).atoms()[1].chirality;
        assert_eq!(tag("F[C@](Cl)(Br)I"), Chirality::CounterClockwise);
        assert_eq!(tag("F[C@@](Cl)(Br)I"), Chirality::Clockwise);
        // Two equal neighbours: no stereo centre, no tag.
        assert_eq!(tag("F[C@](Cl)(Cl)I"), Chirality::Unspecified);
    }
}
