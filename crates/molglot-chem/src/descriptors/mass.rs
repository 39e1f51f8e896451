//! Molecular weights.

use crate::element::HYDROGEN;
use crate::molecule::{Atom, Molecule};
use crate::nuclide::{self, most_common_mass, standard_weight};

/// Mass of the electron, in daltons.
const ELECTRON: f64 = 0.000_548_579_91;

/// The average molecular weight in g/mol, from standard atomic weights. An atom with a mass number
/// weighs what that nuclide weighs, or its mass number if the nuclide is unknown; a wildcard
/// weighs nothing. RDKit's `Descriptors.MolWt`.
pub fn molecular_weight(molecule: &Molecule) -> f64 {
    let hydrogen = standard_weight(HYDROGEN);
    molecule
        .atoms()
        .iter()
        .map(|atom| {
            let own = atom
                .isotope
                .map_or(standard_weight(atom.atomic_number), |isotope| {
                    nuclide::mass(atom.atomic_number, isotope)
                });
            own + f64::from(atom.total_hydrogens) * hydrogen
        })
        .sum()
}

/// The monoisotopic mass in daltons: every atom as the most common nuclide of its element, or as
/// the nuclide that is written, less the electrons that a positive charge lacks. RDKit's
/// `Descriptors.ExactMolWt`.
pub fn exact_molecular_weight(molecule: &Molecule) -> f64 {
    let hydrogen = most_common_mass(HYDROGEN);
    molecule
        .atoms()
        .iter()
        .map(|atom| {
            exact_mass(atom) - ELECTRON * f64::from(atom.charge)
                + f64::from(atom.total_hydrogens) * hydrogen
        })
        .sum()
}

fn exact_mass(atom: &Atom) -> f64 {
    match atom.isotope {
        Some(isotope) => nuclide::mass(atom.atomic_number, isotope),
        None => most_common_mass(atom.atomic_number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(smiles: &str) -> (f64, f64) {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        (
            molecular_weight(&molecule),
            exact_molecular_weight(&molecule),
        )
    }

    #[track_caller]
    fn weighs(smiles: &str, average: f64, exact: f64) {
        let found = both(smiles);
        assert!((found.0 - average).abs() < 1e-6, "{smiles}: {found:?}");
        assert!((found.1 - exact).abs() < 1e-6, "{smiles}: {found:?}");
    }

    #[test]
    fn charges_are_electrons() {
        weighs("[Na+]", 22.99, 22.989_220_700_09);
        weighs("[Cl-]", 35.453, 34.969_401_259_91);
    }

    #[test]
    fn isotopes_weigh_as_nuclides_and_unknown_ones_as_their_number() {
        weighs("[2H]C", 17.049_101_778, 17.037_576_874);
        weighs("[300C]", 300.0, 300.0);
        weighs("[99Tc]", 98.906_254_7, 98.906_254_7);
    }

    #[test]
    fn wildcards_weigh_nothing() {
        weighs("*", 0.0, 0.0);
        weighs("[13*]C", 15.035, 15.023_475_096);
    }
}
