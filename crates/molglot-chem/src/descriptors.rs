//! Numbers that describe a molecule as a whole, equal to those of RDKit.

mod crippen;
mod mass;
mod polar;
mod ring_counts;
mod rotatable;
mod tpsa;

pub use crippen::Crippen;
pub use mass::{exact_molecular_weight, molecular_weight};
pub use polar::{hydrogen_bond_acceptors, hydrogen_bond_donors, nhoh_count, no_count};
pub use ring_counts::RingCounts;
pub use rotatable::{rotatable_bonds, rotatable_bonds_with_amides};
pub use tpsa::topological_polar_surface_area;

use crate::element::{CARBON, HYDROGEN};
use crate::molecule::{Chirality, Molecule};

/// All descriptors of a molecule.
///
/// ```
/// use molglot_chem::{Molecule, descriptors::Descriptors};
///
/// let aspirin = Molecule::from_smiles("CC(=O)Oc1ccccc1C(=O)O")?;
/// let descriptors = Descriptors::of(&aspirin);
/// assert_eq!(descriptors.rotatable_bonds, 2);
/// assert_eq!(format!("{:.2}", descriptors.topological_polar_surface_area), "63.60");
/// # Ok::<(), molglot_chem::SmilesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descriptors {
    /// See [`molecular_weight`].
    pub molecular_weight: f64,
    /// See [`exact_molecular_weight`].
    pub exact_molecular_weight: f64,
    /// Atoms other than hydrogen and wildcards.
    pub heavy_atoms: usize,
    /// Atoms other than carbon and hydrogen, wildcards included.
    pub hetero_atoms: usize,
    /// Sum of the formal charges, in elementary charges.
    pub formal_charge: i32,
    /// Atoms with a chirality tag; centres whose configuration is not written are not counted.
    pub specified_stereo_centers: usize,
    /// The share of carbons with four neighbours among all carbons; 0 without carbon.
    pub fraction_sp3: f64,
    /// Rings by kind.
    pub rings: RingCounts,
    /// See [`rotatable_bonds`].
    pub rotatable_bonds: usize,
    /// See [`hydrogen_bond_donors`].
    pub hydrogen_bond_donors: usize,
    /// See [`hydrogen_bond_acceptors`].
    pub hydrogen_bond_acceptors: usize,
    /// See [`nhoh_count`].
    pub nhoh_count: usize,
    /// See [`no_count`].
    pub no_count: usize,
    /// See [`topological_polar_surface_area`].
    pub topological_polar_surface_area: f64,
    /// Octanol-water partition coefficient and molar refractivity.
    pub crippen: Crippen,
}

impl Descriptors {
    /// Computes every descriptor.
    pub fn of(molecule: &Molecule) -> Self {
        let elements = || molecule.atoms().iter().map(|atom| atom.atomic_number);
        Self {
            molecular_weight: molecular_weight(molecule),
            exact_molecular_weight: exact_molecular_weight(molecule),
            heavy_atoms: elements().filter(|&element| element > HYDROGEN).count(),
            hetero_atoms: elements()
                .filter(|element| ![HYDROGEN, CARBON].contains(element))
                .count(),
            formal_charge: molecule.net_charge(),
            specified_stereo_centers: molecule
                .atoms()
                .iter()
                .filter(|atom| atom.chirality != Chirality::Unspecified)
                .count(),
            fraction_sp3: fraction_sp3(molecule),
            rings: RingCounts::of(molecule),
            rotatable_bonds: rotatable_bonds(molecule),
            hydrogen_bond_donors: hydrogen_bond_donors(molecule),
            hydrogen_bond_acceptors: hydrogen_bond_acceptors(molecule),
            nhoh_count: nhoh_count(molecule),
            no_count: no_count(molecule),
            topological_polar_surface_area: topological_polar_surface_area(molecule),
            crippen: Crippen::of(molecule),
        }
    }

    /// Every value with the name that RDKit gives it. Counts are whole numbers.
    #[rustfmt::skip]
    pub fn named(&self) -> [(&'static str, f64); 23] {
        [
            ("MolWt", self.molecular_weight),
            ("ExactMolWt", self.exact_molecular_weight),
            ("HeavyAtomCount", self.heavy_atoms as f64),
            ("NumHeteroatoms", self.hetero_atoms as f64),
            ("FormalCharge", f64::from(self.formal_charge)),
            ("NumSpecifiedAtomStereoCenters", self.specified_stereo_centers as f64),
            ("FractionCSP3", self.fraction_sp3),
            ("RingCount", self.rings.rings as f64),
            ("NumAromaticRings", self.rings.aromatic as f64),
            ("NumAliphaticRings", self.rings.aliphatic as f64),
            ("NumSaturatedRings", self.rings.saturated as f64),
            ("NumHeterocycles", self.rings.hetero as f64),
            ("NumAromaticHeterocycles", self.rings.aromatic_hetero as f64),
            ("NumAliphaticHeterocycles", self.rings.aliphatic_hetero as f64),
            ("NumSaturatedHeterocycles", self.rings.saturated_hetero as f64),
            ("NumRotatableBonds", self.rotatable_bonds as f64),
            ("NumHDonors", self.hydrogen_bond_donors as f64),
            ("NumHAcceptors", self.hydrogen_bond_acceptors as f64),
            ("NHOHCount", self.nhoh_count as f64),
            ("NOCount", self.no_count as f64),
            ("TPSA", self.topological_polar_surface_area),
            ("MolLogP", self.crippen.log_p),
            ("MolMR", self.crippen.molar_refractivity),
        ]
    }
}

fn fraction_sp3(molecule: &Molecule) -> f64 {
    let carbons = || {
        molecule
            .atoms()
            .iter()
            .filter(|atom| atom.atomic_number == CARBON)
    };
    match carbons().count() {
        0 => 0.0,
        all => carbons().filter(|atom| atom.total_degree == 4).count() as f64 / all as f64,
    }
}
