//! Stereo perception, against what RDKit leaves of the marks and against laws.

use std::fmt::Write;

use molglot_chem::{BondStereo, Chirality, Molecule};
use proptest::prelude::*;

use crate::support;

/// trap, SMILES, atoms with tags, bonds with a geometry, hydrogens; the expectation is RDKit's.
const EXPECTED: &str = include_str!("../../../../fixtures/stereo/stereo.tsv");

fn rows() -> impl Iterator<Item = [&'static str; 5]> {
    EXPECTED.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        columns
            .try_into()
            .unwrap_or_else(|_| panic!("not five columns: {line}"))
    })
}

/// What a molecule holds, in the notation of the fixture.
fn found(molecule: &Molecule) -> [String; 3] {
    let (mut atoms, mut bonds) = (String::new(), String::new());
    for (index, atom) in molecule.atoms().iter().enumerate() {
        let tag = match atom.chirality {
            Chirality::Unspecified => continue,
            Chirality::Clockwise => "CW".to_owned(),
            Chirality::CounterClockwise => "CCW".to_owned(),
            Chirality::SquarePlanar(permutation) => format!("SP{permutation}"),
            Chirality::TrigonalBipyramidal(permutation) => format!("TB{permutation}"),
            Chirality::Octahedral(permutation) => format!("OH{permutation}"),
        };
        write!(atoms, " {index}:{tag}").unwrap();
    }
    for (index, bond) in molecule.bonds().iter().enumerate() {
        match (bond.stereo, bond.stereo_atoms) {
            (BondStereo::None, None) => {}
            (BondStereo::Z | BondStereo::E, Some([a, b])) => {
                write!(bonds, " {index}:{:?}:{a},{b}", bond.stereo).unwrap();
            }
            other => panic!("bond {index}: {other:?}"),
        }
    }
    let hydrogens: u32 = molecule
        .atoms()
        .iter()
        .map(|atom| u32::from(atom.total_hydrogens))
        .sum();
    [
        atoms.trim_start().to_owned(),
        bonds.trim_start().to_owned(),
        hydrogens.to_string(),
    ]
}

fn check(name: &str) {
    let cases: Vec<_> = rows().filter(|row| row[0] == name).collect();
    assert!(!cases.is_empty(), "the fixture has no {name}");
    let mut wrong = String::new();
    for [_, smiles, atoms, bonds, hydrogens] in cases {
        let found = found(&support::molecule(smiles));
        if found != [atoms, bonds, hydrogens] {
            writeln!(
                wrong,
                "{smiles}: {found:?}, not {:?}",
                [atoms, bonds, hydrogens]
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// One test for every rule of the fixture.
macro_rules! traps {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn every_trap_has_its_test() {
            let mut names: Vec<_> = rows().map(|row| row[0]).collect();
            names.dedup();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

traps!(
    four_different_neighbours,
    equal_neighbours,
    hydrogens,
    isotopes,
    atom_maps,
    no_centre_at_sp2_or_sp,
    nitrogen_inverts,
    bridgehead_nitrogen,
    phosphorus_and_arsenic,
    sulfur_and_selenium,
    donors_do_not_count,
    metal_drops_the_hydrogen_of_its_tag,
    ring_pairs,
    fused_spiro_and_cage,
    dependent_centres,
    something_left_to_label,
    centre_depends_on_double_bond,
    double_bond_depends_on_double_bond,
    double_bond_depends_on_centre,
    double_bonds,
    small_rings,
    imines_and_oximes,
    cumulenes,
    shared_marks,
    contradictory_marks,
    ring_closures_with_marks,
    aromatic_neighbours,
    hydrogens_with_marks,
    marks_that_mean_nothing,
    other_geometries,
    several_fragments
);

/// Which atoms are centres, and the geometry of every bond.
fn outline(molecule: &Molecule) -> (Vec<bool>, Vec<BondStereo>) {
    let tagged = |tag| tag != Chirality::Unspecified;
    let atoms = molecule.atoms().iter();
    let bonds = molecule.bonds().iter();
    (
        atoms.map(|atom| tagged(atom.chirality)).collect(),
        bonds.map(|bond| bond.stereo).collect(),
    )
}

/// How many centres and double bonds of either geometry there are.
fn census(molecule: &Molecule) -> [usize; 3] {
    let (atoms, bonds) = outline(molecule);
    let count = |stereo| bonds.iter().filter(|&&found| found == stereo).count();
    [
        atoms.iter().filter(|&&tagged| tagged).count(),
        count(BondStereo::Z),
        count(BondStereo::E),
    ]
}

/// The same molecule: `/` and `\` say no more than same side or not.
fn turn_marks(smiles: &str) -> String {
    let turn = |mark| match mark {
        '/' => '\\',
        '\\' => '/',
        other => other,
    };
    smiles.chars().map(turn).collect()
}

/// The mirror image.
fn mirror(smiles: &str) -> String {
    let marked = smiles.replace("@@", "\u{1}");
    marked.replace('@', "@@").replace('\u{1}', "@")
}

fn assert_laws(smiles: &str) {
    let molecule = support::molecule(smiles);
    let turned = support::molecule(&turn_marks(smiles));
    assert_eq!(found(&turned), found(&molecule), "{smiles}");
    let (atoms, bonds) = outline(&molecule);
    let image = outline(&support::molecule(&mirror(smiles)));
    assert_eq!(image.0, atoms, "{smiles}");
    let stereo = |bonds: Vec<BondStereo>| -> Vec<bool> {
        let bonds = bonds.into_iter();
        bonds.map(|stereo| stereo != BondStereo::None).collect()
    };
    assert_eq!(stereo(image.1), stereo(bonds), "{smiles}");
}

#[test]
fn turning_all_marks_and_mirroring_keeps_what_is_stereo() {
    for [_, smiles, ..] in rows() {
        // The permutations of other geometries are not mirrored by changing the sign.
        if !["@SP", "@TB", "@OH", "@TH"]
            .iter()
            .any(|tag| smiles.contains(tag))
        {
            assert_laws(smiles);
        }
    }
    for smiles in support::chebi20().unwrap_or_default() {
        assert_laws(&smiles);
    }
}

#[test]
fn no_mark_no_stereo() {
    for [_, smiles, ..] in rows() {
        let plain: String = smiles
            .chars()
            .filter(|mark| !"/\\@".contains(*mark))
            .collect();
        let plain = ["SP1", "SP2", "SP3", "TB1", "TB5", "OH3", "TH2"]
            .iter()
            .fold(plain, |text, tag| text.replace(tag, ""));
        assert_eq!(census(&support::molecule(&plain)), [0; 3], "{plain}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Spelling does not change what is stereo.
    #[test]
    fn respelling_keeps_centres_and_geometries(row in 0..rows().count()) {
        let [trap, smiles, ..] = rows().nth(row).unwrap();
        // Contradictory marks are read by one spelling and resolved by the writer of the next.
        prop_assume!(!["contradictory_marks", "other_geometries"].contains(&trap));
        let molecule = support::molecule(smiles);
        for other in support::respellings(smiles, 4) {
            prop_assert_eq!(census(&support::molecule(&other)), census(&molecule), "{} {}", smiles, other);
        }
    }
}
