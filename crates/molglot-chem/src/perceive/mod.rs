//! From a graph as written to a perceived molecule, in the order of RDKit's sanitisation.
//!
//! Hydrogens are folded, groups cleaned up, valences checked, aromatic input kekulised, rings found,
//! and then radicals, aromaticity, conjugation, hybridisation and stereo perceived anew: what the
//! input calls aromatic is only a way to write double bonds.

mod aromaticity;
mod cleanup;
mod draft;
mod electrons;
mod hydrogens;
mod kekulize;
mod rings;
mod valence;

use crate::graph::RawGraph;
use crate::molecule::{Atom, Hybridization, Molecule};
use crate::stereo;
use draft::Draft;
use rings::Rings;

/// How to perceive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// Written hydrogens stay atoms of the graph.
    pub(crate) keep_hydrogens: bool,
}

/// A molecule and where its atoms come from.
#[derive(Debug)]
pub(crate) struct Perceived {
    pub(crate) molecule: Molecule,
    /// The index in the raw graph of each atom.
    pub(crate) kept: Vec<u32>,
}

/// Why a graph is no molecule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The first atom that is wrong, by its index in the raw graph.
    pub(crate) atom: usize,
    pub(crate) kind: ProblemKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// More bonds than the element and charge allow.
    Valence,
    /// No assignment of double bonds fits the aromatic atoms.
    Kekulize,
    /// An aromatic atom that is in no ring.
    AromaticOutsideRing,
}

/// Perceives everything that a [`Molecule`] knows.
///
/// # Errors
///
/// The first problem of the first step that finds one.
pub(crate) fn perceive(mut raw: RawGraph, options: Options) -> Result<Perceived, Problem> {
    let kept = if options.keep_hydrogens {
        (0..raw.atoms.len() as u32).collect()
    } else {
        hydrogens::fold(&mut raw)
    };
    match sanitize(Draft::new(raw)) {
        Ok(molecule) => Ok(Perceived { molecule, kept }),
        Err(Problem { atom, kind }) => Err(Problem {
            atom: kept[atom] as usize,
            kind,
        }),
    }
}

fn sanitize(mut draft: Draft) -> Result<Molecule, Problem> {
    let count = draft.atoms.len();
    cleanup::clean_up(&mut draft);
    (0..count).try_for_each(|atom| valence::require(&mut draft, atom))?;
    let rings = Rings::new(&mut draft);
    let mut aromatic: Vec<bool> = (0..count).map(|atom| draft.is_aromatic(atom)).collect();
    kekulize::kekulize(&mut draft, &rings)?;
    valence::assign_radicals(&mut draft);
    aromaticity::aromatize(&mut draft, &rings);
    electrons::conjugate(&mut draft);
    let hybridizations: Vec<_> = (0..count)
        .map(|atom| electrons::hybridization(&draft, atom))
        .collect();
    for (atom, written) in aromatic.iter_mut().enumerate() {
        *written |= draft.is_aromatic(atom);
    }
    for atom in (0..count).filter(|&atom| aromatic[atom]) {
        keep_hydrogens(&mut draft, atom)?;
    }
    let mut atoms: Vec<Atom> = (0..count)
        .map(|atom| finished(&draft, &rings, hybridizations[atom], atom))
        .collect();
    let Draft {
        mut bonds,
        directions,
        topology,
        ..
    } = draft;
    stereo::assign(&mut atoms, &mut bonds, &directions, &topology, &rings.atoms);
    Ok(Molecule::assemble(atoms, bonds, topology, rings.atoms))
}

/// A hydrogen that the aromatic form does not imply, as in pyrrole, becomes a written one.
fn keep_hydrogens(draft: &mut Draft, atom: usize) -> Result<(), Problem> {
    let before = draft.valences[atom].implicit;
    valence::determine(draft, atom);
    let lost = before - draft.valences[atom].implicit;
    if lost > 0 {
        let raw = &mut draft.atoms[atom];
        raw.explicit_hydrogens = raw.explicit_hydrogens.saturating_add(lost as u8);
    }
    valence::require(draft, atom)
}

fn finished(draft: &Draft, rings: &Rings, hybridization: Hybridization, atom: usize) -> Atom {
    let raw = &draft.atoms[atom];
    let small = |count: i32| u8::try_from(count).unwrap_or(u8::MAX);
    Atom {
        atomic_number: raw.atomic_number,
        isotope: raw.isotope,
        charge: raw.charge,
        chirality: raw.chirality,
        total_degree: small(draft.total_degree(atom)),
        total_hydrogens: small(draft.hydrogens(atom)),
        radical_electrons: raw.radical_electrons,
        hybridization,
        aromatic: raw.aromatic,
        in_ring: rings.atom_counts[atom] > 0,
        map: raw.map,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::molecule::{BondOrder, Chirality};

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
