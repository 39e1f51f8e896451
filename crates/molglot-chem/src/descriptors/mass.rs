//! Molecular weights.

use super::nuclide::NUCLIDES;
use crate::element::HYDROGEN;
use crate::molecule::{Atom, Molecule};

/// Mass of the electron, in daltons.
const ELECTRON: f64 = 0.000_548_579_91;

/// Per element by atomic number: the standard atomic weight, and the mass of the most common
/// nuclide (of a long-lived one where none is stable). Weights are those of RDKit's table, rounded
/// to three decimals as there.
#[rustfmt::skip]
static WEIGHTS: [(f64, f64); 119] = [
    (0.0, 0.0), (1.008, 1.007825032), (4.003, 4.002603254), (6.941, 7.01600455), (9.012, 9.0121822),
    (10.812, 11.0093054), (12.011, 12.0), (14.007, 14.003074), (15.999, 15.99491462),
    (18.998, 18.99840322), (20.18, 19.99244018), (22.99, 22.98976928), (24.305, 23.9850417),
    (26.982, 26.98153863), (28.086, 27.97692653), (30.974, 30.97376163), (32.067, 31.972071),
    (35.453, 34.96885268), (39.948, 39.96238312), (39.098, 38.96370668), (40.078, 39.96259098),
    (44.956, 44.9559119), (47.867, 47.9479463), (50.944, 50.9439595), (51.996, 51.9405075),
    (54.938, 54.9380451), (55.845, 55.9349375), (58.933, 58.933195), (58.693, 57.9353429),
    (63.546, 62.9295975), (65.39, 63.9291422), (69.723, 68.9255736), (72.61, 73.9211778),
    (74.922, 74.9215965), (78.96, 79.9165213), (79.904, 78.9183371), (83.8, 83.911507),
    (85.468, 84.91178974), (87.62, 87.9056121), (88.906, 88.9058483), (91.224, 89.9047044),
    (92.906, 92.9063781), (95.94, 97.9054082), (98.0, 96.906365), (101.07, 101.9043493),
    (102.906, 102.905504), (106.42, 105.903486), (107.868, 106.905097), (112.412, 113.9033585),
    (114.818, 114.903878), (118.711, 119.9021947), (121.76, 120.9038157), (127.6, 129.9062244),
    (126.904, 126.904473), (131.29, 131.9041535), (132.905, 132.9054519), (137.328, 137.9052472),
    (138.906, 138.9063533), (140.116, 139.9054387), (140.908, 140.9076528), (144.24, 141.9077233),
    (145.0, 144.912749), (150.36, 151.9197324), (151.964, 152.9212303), (157.25, 157.9241039),
    (158.925, 158.9253468), (162.5, 163.9291748), (164.93, 164.9303221), (167.26, 165.9302931),
    (168.934, 168.9342133), (173.04, 173.9388621), (174.967, 174.9407718), (178.49, 179.94655),
    (180.948, 180.9479958), (183.84, 183.9509312), (186.207, 186.9557531), (190.23, 191.9614807),
    (192.217, 192.9629264), (195.078, 194.9647911), (196.967, 196.9665687), (200.59, 201.970643),
    (204.383, 204.9744275), (207.2, 207.9766521), (208.98, 208.9803987), (209.0, 208.9824304),
    (210.0, 209.987148), (222.0, 222.0175706), (223.0, 223.0197359), (226.0, 226.0254026),
    (227.0, 227.0277521), (232.038, 232.0380553), (231.036, 231.035884), (238.029, 238.0507882),
    (237.0, 236.04657), (244.0, 238.0495599), (243.0, 241.0568291), (247.0, 243.0613891),
    (247.0, 247.070307), (251.0, 249.0748535), (252.0, 252.08298), (257.0, 257.095105),
    (258.0, 258.098431), (259.0, 259.10103), (262.0, 262.10963), (267.0, 267.12153), (268.0, 268.12545),
    (269.0, 271.13347), (270.0, 270.13362), (269.0, 269.13406), (278.0, 278.15481), (281.0, 281.16206),
    (281.0, 281.16537), (285.0, 285.17411), (284.0, 284.17873), (289.0, 289.19042), (288.0, 288.19274),
    (293.0, 293.20449), (292.0, 292.20746), (294.0, 294.21392),
];

/// The average molecular weight in g/mol, from standard atomic weights. An atom with a mass number
/// weighs what that nuclide weighs, or its mass number if the nuclide is unknown; a wildcard
/// weighs nothing. RDKit's `Descriptors.MolWt`.
pub fn molecular_weight(molecule: &Molecule) -> f64 {
    let hydrogen = weights(HYDROGEN).0;
    molecule
        .atoms()
        .iter()
        .map(|atom| {
            let own = atom
                .isotope
                .map_or(weights(atom.atomic_number).0, |isotope| {
                    nuclide_mass(atom.atomic_number, isotope)
                });
            own + f64::from(atom.total_hydrogens) * hydrogen
        })
        .sum()
}

/// The monoisotopic mass in daltons: every atom as the most common nuclide of its element, or as
/// the nuclide that is written, less the electrons that a positive charge lacks. RDKit's
/// `Descriptors.ExactMolWt`.
pub fn exact_molecular_weight(molecule: &Molecule) -> f64 {
    let hydrogen = weights(HYDROGEN).1;
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
        Some(isotope) => nuclide_mass(atom.atomic_number, isotope),
        None => weights(atom.atomic_number).1,
    }
}

fn weights(atomic_number: u8) -> (f64, f64) {
    WEIGHTS
        .get(usize::from(atomic_number))
        .copied()
        .unwrap_or_default()
}

/// The mass of a nuclide in daltons; its mass number where it is unknown.
fn nuclide_mass(atomic_number: u8, isotope: u16) -> f64 {
    if atomic_number == 0 {
        return 0.0;
    }
    NUCLIDES
        .get(usize::from(atomic_number))
        .and_then(|(lightest, masses)| masses.get(usize::from(isotope.checked_sub(*lightest)?)))
        .copied()
        .unwrap_or(f64::from(isotope))
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

    #[test]
    fn nuclides_weigh_nearly_their_number() {
        for (lightest, masses) in NUCLIDES {
            for (number, mass) in (lightest..).zip(masses) {
                assert!((mass - f64::from(number)).abs() < 0.3, "{number}: {mass}");
            }
        }
    }
}
