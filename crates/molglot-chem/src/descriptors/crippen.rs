//! Partition coefficient and molar refractivity from atom types (Wildman & Crippen 1999, J. Chem.
//! Inf. Comput. Sci. 39:868).

mod carbon;
mod hetero;
mod hydrogen;
mod table;

use table::Contribution;

use crate::element::{CARBON, HYDROGEN, NITROGEN, OXYGEN, SULFUR};
use crate::molecule::{Atom, BondOrder, Molecule};
use crate::site::{Site, is_single_or_aromatic};

/// The two properties that Wildman and Crippen sum from atom types.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Crippen {
    /// Decadic logarithm of the octanol-water partition coefficient. RDKit's `Crippen.MolLogP`.
    pub log_p: f64,
    /// Molar refractivity in cm³/mol. RDKit's `Crippen.MolMR`.
    pub molar_refractivity: f64,
}

impl Crippen {
    /// Sums the contributions of all atoms, hydrogens included. Atoms of elements for which the
    /// method has no type contribute nothing.
    pub fn of(molecule: &Molecule) -> Self {
        let mut sum = Self::default();
        for site in Site::all_of(molecule) {
            sum.add(site.crippen_contribution(), 1);
            if site.atom.total_hydrogens > 0 {
                let hydrogen = table::HYDROGENS[hydrogen::type_on(site, None)];
                sum.add(hydrogen, site.atom.total_hydrogens);
            }
        }
        sum
    }

    fn add(&mut self, (log_p, molar_refractivity): Contribution, times: u8) {
        self.log_p += f64::from(times) * log_p;
        self.molar_refractivity += f64::from(times) * molar_refractivity;
    }
}

/// The vocabulary of the types: neighbours by the bond that leads to them.
impl Site<'_> {
    fn crippen_contribution(&self) -> Contribution {
        match self.atom.atomic_number {
            HYDROGEN => table::HYDROGENS[hydrogen::type_of(*self)],
            CARBON => table::CARBONS[carbon::type_of(self)],
            NITROGEN => table::NITROGENS[hetero::nitrogen(self)],
            OXYGEN => table::OXYGENS[hetero::oxygen(self)],
            SULFUR => table::SULFURS[hetero::sulfur(self)],
            element => table::of_element(element, self.atom.charge),
        }
    }

    /// Neighbours that fit over single or aromatic bonds.
    fn near(&self, fits: impl Fn(&Atom) -> bool) -> usize {
        self.count(|bond, atom| is_single_or_aromatic(bond) && fits(atom))
    }

    fn over(&self, order: BondOrder, fits: impl Fn(&Atom) -> bool) -> usize {
        self.count(|bond, atom| bond.order == order && fits(atom))
    }
}

fn is_aromatic(atom: &Atom) -> bool {
    atom.aromatic
}

fn is_heavy(atom: &Atom) -> bool {
    atom.atomic_number != HYDROGEN
}

fn is_aliphatic(atom: &Atom) -> bool {
    !atom.aromatic && is_heavy(atom)
}

fn is_aliphatic_one_of(atom: &Atom, elements: &[u8]) -> bool {
    !atom.aromatic && elements.contains(&atom.atomic_number)
}

fn is_aliphatic_carbon(atom: &Atom) -> bool {
    !atom.aromatic && atom.atomic_number == CARBON
}

fn is_aromatic_carbon(atom: &Atom) -> bool {
    atom.aromatic && atom.atomic_number == CARBON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (smiles, log_p, refractivity) in [
            ("CC(=O)Oc1ccccc1C(=O)O", 1.3101, 44.7103),
            ("Cn1cnc2c1c(=O)n(C)c(=O)n2C", -1.0293, 51.1960),
            ("O", -0.8247, 3.6138),
            ("[2H]O[H]", -0.8247, 3.6138),
            ("[H][H]", 0.2460, 2.1140),
            ("[Na+].[Cl-]", -5.9920, 0.0),
            ("[Gd]", 0.0, 0.0),
        ] {
            let found = Crippen::of(&Molecule::from_smiles(smiles).unwrap());
            assert!((found.log_p - log_p).abs() < 1e-4, "{smiles}: {found:?}");
            let error = (found.molar_refractivity - refractivity).abs();
            assert!(error < 1e-4, "{smiles}: {found:?}");
        }
    }
}
