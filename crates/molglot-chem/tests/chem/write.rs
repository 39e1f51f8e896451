//! The SMILES writer: one string per molecule, and nothing lost on the way out and in again.

use molglot_chem::{AtomMaps, AtomOrder, BondOrder, BondStereo, Molecule, SmilesStyle};
use proptest::prelude::*;

use crate::fixtures::molecules;
use crate::support::{chebi20, molecule, nci};

const CANONICAL: SmilesStyle = SmilesStyle {
    order: AtomOrder::Canonical,
    isomeric: true,
    kekule: false,
    maps: AtomMaps::Ranked,
};

const FLAT: SmilesStyle = SmilesStyle {
    isomeric: false,
    ..CANONICAL
};

const KEKULE: SmilesStyle = SmilesStyle {
    kekule: true,
    ..CANONICAL
};

fn random(seed: u64) -> SmilesStyle {
    SmilesStyle {
        order: AtomOrder::Random { seed },
        ..CANONICAL
    }
}

/// Every style that is written with a canonical order, of any spelling of the molecule.
fn canonical_forms(molecule: &Molecule) -> [String; 4] {
    let flat_kekule = SmilesStyle {
        isomeric: false,
        ..KEKULE
    };
    [CANONICAL, FLAT, KEKULE, flat_kekule].map(|style| molecule.to_smiles(&style))
}

/// Random spellings read back as the same molecule in every respect that has a string.
#[track_caller]
fn survives_respelling(smiles: &str, seeds: std::ops::Range<u64>) {
    let original = molecule(smiles);
    let expected = canonical_forms(&original);
    for seed in seeds {
        for kekule in [false, true] {
            let style = SmilesStyle {
                kekule,
                ..random(seed)
            };
            let respelled = original.to_smiles(&style);
            assert_eq!(
                canonical_forms(&molecule(&respelled)),
                expected,
                "{smiles} as {respelled}"
            );
        }
    }
    let kekule = &expected[2];
    assert_eq!(molecule(kekule).canonical_smiles(), expected[0], "{kekule}");
    assert_eq!(
        canonical_forms(&molecule(&expected[0])),
        expected,
        "{smiles}"
    );
}

#[test]
fn strings_of_rdkit() {
    const STRINGS: &str = include_str!("../../../../fixtures/writing/strings.tsv");
    let as_is = SmilesStyle {
        order: AtomOrder::AsIs,
        ..CANONICAL
    };
    for row in STRINGS.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let read = molecule(columns[0]);
        let written = [CANONICAL, FLAT, KEKULE, as_is].map(|style| read.to_smiles(&style));
        assert_eq!(written[..], columns[1..], "{}", columns[0]);
    }
}

#[test]
fn styles_combine() {
    let smiles = r"[CH3:1][C@H]([13CH3])c1ccccc1/C=C/F";
    let written = |style: SmilesStyle| molecule(smiles).to_smiles(&style);
    let omitted = SmilesStyle {
        maps: AtomMaps::Omitted,
        ..CANONICAL
    };
    assert_eq!(written(FLAT), "CC(c1ccccc1C=CF)[CH3:1]");
    assert_eq!(written(KEKULE), "[13CH3][C@H](C1=CC=CC=C1/C=C/F)[CH3:1]");
    assert_eq!(
        written(SmilesStyle {
            isomeric: false,
            kekule: true,
            ..omitted
        }),
        "CC(C)C1=CC=CC=C1C=CF"
    );
    assert!(!written(omitted).contains(':'));
    let as_is = SmilesStyle {
        order: AtomOrder::AsIs,
        ..CANONICAL
    };
    assert_eq!(written(as_is), r"[CH3:1][C@H]([13CH3])c1ccccc1/C=C/F");
}

#[test]
fn unranked_maps_do_not_order_atoms() {
    let unranked = SmilesStyle {
        maps: AtomMaps::Unranked,
        ..CANONICAL
    };
    assert_eq!(
        molecule("[OH:1][CH2:2]C").to_smiles(&unranked),
        "C[CH2:2][OH:1]"
    );
    assert_eq!(
        molecule("[OH:1][CH2:2]C").canonical_smiles(),
        "C[CH2:2][OH:1]"
    );
    assert_eq!(
        molecule("[CH3:9][CH2:1]O").to_smiles(&unranked),
        "[CH3:9][CH2:1]O"
    );
    assert_eq!(
        molecule("[CH3:9][CH2:1]O").canonical_smiles(),
        "O[CH2:1][CH3:9]"
    );
}

#[test]
fn the_order_names_every_atom_once() {
    let aspirin = molecule("CC(=O)Oc1ccccc1C(=O)O.[Na+]");
    for style in [CANONICAL, FLAT, KEKULE, random(5)] {
        let (text, order) = aspirin.to_smiles_with_order(&style);
        let read = molecule(&text);
        assert_eq!(order.len(), aspirin.atoms().len());
        for (written, &input) in read.atoms().iter().zip(&order) {
            let original = &aspirin.atoms()[input as usize];
            assert_eq!(written.atomic_number, original.atomic_number, "{text}");
            assert_eq!(written.total_hydrogens, original.total_hydrogens, "{text}");
        }
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..14));
    }
}

#[test]
fn ranks_are_a_permutation_that_follows_the_atoms() {
    let butanol = molecule("CCCCO").canonical_ranks();
    let mut reversed = molecule("OCCCC").canonical_ranks();
    reversed.reverse();
    assert_eq!(butanol, reversed);
    let mut ranks = molecule("c1ccccc1.C1CC1").canonical_ranks();
    ranks.sort_unstable();
    assert!(ranks.into_iter().eq(0..9));
}

#[test]
fn coordination_centres_keep_their_arrangement() {
    for smiles in [
        "F[Pt@SP1](Cl)(Br)I",
        "F[Pt@SP2](Cl)(Br)I",
        "S[As@TB7](F)(Cl)(Br)N",
        "C[Co@OH12](F)(Cl)(Br)(I)S",
        "C[Co@OH25](F)(Cl)(Br)(I)S",
        "Cl[Pt@SP1](Cl)([NH3])[NH3]",
        "C[Co@OH1](C)(F)(F)(Cl)Cl",
        "C[Co@OH20](C)(F)(F)(Cl)Cl",
    ] {
        survives_respelling(smiles, 0..20);
    }
}

#[test]
fn ring_numbers_go_beyond_two_digits() {
    // A chain that is closed upon itself atom by atom.
    let half: String = (1..=120).map(|ring| format!("C%({ring})")).collect();
    let ladder = molecule(&format!("{half}{half}"));
    let as_is = SmilesStyle {
        order: AtomOrder::AsIs,
        ..CANONICAL
    };
    let written = ladder.to_smiles(&as_is);
    assert!(written.contains("C%99C%(100)C"), "{written}");
    assert_eq!(
        molecule(&written).canonical_smiles(),
        ladder.canonical_smiles()
    );
}

#[test]
fn a_chain_of_any_length_is_written() {
    const LENGTH: usize = 1_000_000;
    let chain = molecule(&"C".repeat(LENGTH));
    let as_is = SmilesStyle {
        order: AtomOrder::AsIs,
        ..CANONICAL
    };
    assert_eq!(chain.to_smiles(&as_is).len(), LENGTH);
    assert_eq!(
        chain.to_smiles(&random(1)).replace(['(', ')'], "").len(),
        LENGTH
    );
    assert_eq!(chain.canonical_smiles().len(), LENGTH);
}

#[test]
fn very_large_molecules_have_one_string() {
    let units = [
        r"C(/C=C/F)",
        "[C@H](O)",
        "C1CC(CC1)",
        "c1ccc(cc1)",
        "[C@@H](N)",
        "C(=O)O",
        "CC",
    ];
    let polymer: String = (0u32..2_000)
        .map(|at| units[(at.wrapping_mul(2_654_435_761) >> 16) as usize % units.len()])
        .collect();
    let symmetric = "C1CC(C1)[C@H](F)".repeat(1_500);
    for smiles in [polymer, symmetric, format!("C1{}C1", "CO".repeat(5_000))] {
        let original = molecule(&smiles);
        assert!(original.atoms().len() > 5_000);
        for seed in 0..3 {
            let respelled = molecule(&original.to_smiles(&random(seed)));
            assert_eq!(respelled.canonical_smiles(), original.canonical_smiles());
        }
    }
}

#[test]
fn branches_of_any_depth_are_written() {
    const DEPTH: usize = 200_000;
    let tree = molecule(&format!("{}{}", "C(O".repeat(DEPTH), ")".repeat(DEPTH)));
    let as_is = SmilesStyle {
        order: AtomOrder::AsIs,
        ..CANONICAL
    };
    assert_eq!(molecule(&tree.to_smiles(&as_is)).atoms().len(), 2 * DEPTH);
}

/// Molecules whose ties are hard to break: cages, dependent centres, couples of double bonds.
const SYMMETRIC: [&str; 32] = [
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41",
    "C12C3C4C5C1C6C7C2C8C3C9C4C1C5C6C2C7C8C9C12",
    "C12C3C4C1C5C2C3C45",
    "C1C2CC3CC1CC(C2)C3C1C2CC3CC1CC(C2)C3",
    "CC12C3(C)C4(C)C1(C)C5(C)C2(C)C3(C)C45C",
    "c1cc2ccc3ccc4ccc5ccc6ccc1c1c2c3c4c5c61",
    "CC(C)(C)c1cc2cc(c1)Cc1cc(cc(c1)C(C)(C)C)Cc1cc(cc(c1)C(C)(C)C)C2",
    "O[C@H]1[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O",
    "O[C@H]1[C@H](O)[C@H](O)[C@H](O)[C@H](O)[C@@H]1O",
    "C[C@H]1C[C@@H](C)C[C@H](C)C1",
    "F[C@H]1CC[C@@]2(CC1)CC[C@H](F)CC2",
    "C[C@@H]1CC[C@]2(CC1)C[C@@H](C)C2",
    "C[C@H]1CC[C@H](CC1)[C@H]1CC[C@@H](C)CC1",
    "C[C@@H]1CC[C@@H](C)[C@H]2CC[C@H](C)C[C@@H]12",
    "C[C@H]1CCC[C@@H]2CCC[C@H](C1)N2",
    "C[C@H]1[C@@H](C)[C@H](C)[C@@H]1C",
    "C[C@H]1[C@H](C)[C@H](C)[C@H]1C",
    "C[C@H](O)[C@@H](O)[C@H](C)O",
    "OC[C@@H](O)[C@H](O)[C@@H](O)[C@H](O)CO",
    r"C/C=C/C=C\C=C/C",
    r"F/C=C/C(/C=C/F)=C/C=C/F",
    r"CO/C1=C/C=C\C=C/C=N\1",
    r"C/N=C/C=N/C",
    r"C1CCCCC/C=C/CCCC1",
    r"C/C=C/[C@](C)(O)/C=C\C",
    r"C/C=C1\CC/C(=C/C)CC1",
    r"C/C=C1/C/C(=C\C)C1",
    r"C/C=C(\C=C\C)/C=C/C",
    r"S=P(=N\C)/C",
    "C[S@@+]([O-])c1ccc(C)cc1",
    "C1C[N@]2CC[C@@H]1CC2",
    "[O-][Cl+3]([O-])([O-])[O-].[O-][Cl+3]([O-])([O-])[O-].[Fe+2]",
];

#[test]
fn respelling_symmetric_molecules() {
    for smiles in SYMMETRIC {
        survives_respelling(smiles, 0..30);
    }
}

#[test]
fn respelling_own_molecules() {
    for smiles in molecules() {
        survives_respelling(&smiles, 0..3);
    }
}

#[test]
fn respelling_chebi20() {
    let Some(rows) = chebi20() else { return };
    rows.iter().for_each(|row| survives_respelling(row, 0..1));
}

#[test]
fn respelling_nci() {
    let Some(lines) = nci() else { return };
    let readable = lines
        .iter()
        .filter(|line| Molecule::from_smiles(line).is_ok());
    readable.for_each(|line| survives_respelling(line, 0..1));
}

/// Trees, rings and double bonds of a few elements, with marks and tags at random.
fn spelling() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "C", "C", "C", "N", "O", "F", "[C@H]", "[C@@H]", "[C@]", "[C@@]", "[13CH2]", "[O-]", "S",
        "[NH3+]", "c1ccccc1", "C1CC1", "C1CCCCC1",
    ]);
    let bond = prop::sample::select(vec!["", "", "", "", "/", "\\", "=", "/C=C/", "\\C=C/"]);
    let piece = (bond, atom, any::<bool>());
    prop::collection::vec(piece, 1..14).prop_map(|pieces| {
        let mut text = String::from("C");
        let mut open = 0;
        for (bond, atom, branches) in pieces {
            if branches {
                text.push('(');
                open += 1;
            }
            text.push_str(bond);
            text.push_str(atom);
            if open > 0 && !branches {
                text.push(')');
                open -= 1;
            }
        }
        text.push_str(&")".repeat(open));
        text
    })
}

/// A double bond without geometry whose both ends are one bond away from one with geometry: the
/// marks that these need say something about it too.
fn has_wedged_in_double_bond(molecule: &Molecule) -> bool {
    let bonds = molecule.bonds();
    let is_stereo = |bond: u32| bonds[bond as usize].stereo_atoms.is_some();
    let beside_stereo = |end: u32, other: u32| {
        let around = molecule.neighbors(end as usize).iter();
        around.filter(|link| link.atom != other).any(|link| {
            let beyond = molecule.neighbors(link.atom as usize).iter();
            is_stereo(link.bond) || beyond.into_iter().any(|next| is_stereo(next.bond))
        })
    };
    bonds.iter().any(|bond| {
        bond.order == BondOrder::Double
            && bond.stereo == BondStereo::None
            && beside_stereo(bond.begin, bond.end)
            && beside_stereo(bond.end, bond.begin)
    })
}

#[test]
fn an_unknown_geometry_between_known_ones_cannot_be_written() {
    // The marks beside the middle double bond contradict each other.
    let smiles = r"C/C(\C=C/CC)=C/C=C/N";
    let original = molecule(smiles);
    assert!(has_wedged_in_double_bond(&original));
    let written = original.canonical_smiles();
    assert_eq!(written, r"CC/C=C\C(C)=C/C=C/N");
    assert!(!has_wedged_in_double_bond(&molecule(&written)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn respelling_changes_nothing(smiles in spelling(), seed in any::<u64>()) {
        if let Ok(original) = Molecule::from_smiles(&smiles) {
            prop_assume!(!has_wedged_in_double_bond(&original));
            let respelled = original.to_smiles(&random(seed));
            prop_assert_eq!(
                canonical_forms(&molecule(&respelled)),
                canonical_forms(&original),
                "{} as {}",
                smiles,
                respelled
            );
        }
    }

    #[test]
    fn canonical_strings_are_their_own(smiles in spelling()) {
        if let Ok(original) = Molecule::from_smiles(&smiles) {
            prop_assume!(!has_wedged_in_double_bond(&original));
            let canonical = original.canonical_smiles();
            prop_assert_eq!(molecule(&canonical).canonical_smiles(), canonical);
        }
    }
}
