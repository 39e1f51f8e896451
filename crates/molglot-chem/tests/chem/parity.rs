//! Every molecule of the corpora against RDKit: `fixtures/parity` has a digest of each of its results.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use molglot_chem::fingerprint::{maccs, morgan, rdk};
use molglot_chem::{
    AtomOrder, BondOrder, BondStereo, Hybridization, Molecule, SmilesStyle, brics, ogb,
};

use crate::support::{Table, digest, fixture};

/// How many random spellings of each molecule are read.
const RESPELLINGS: u64 = 3;

type Column = (&'static str, fn(&Molecule) -> String);

/// Results that do not depend on the order of atoms.
const FREE_OF_ORDER: [Column; 8] = [
    ("canonical", Molecule::canonical_smiles),
    ("flat", flat),
    ("atoms", atoms),
    ("bonds", bonds),
    ("rings", rings),
    ("morgan", environments),
    ("rdk", |molecule| {
        ones(&rdk::bits(molecule, rdk::DEFAULT_LENGTHS, 2048))
    }),
    ("maccs", |molecule| ones(&maccs::bits(molecule))),
];

/// Results in the order of the input.
const IN_ORDER: [Column; 2] = [("ogb", features), ("brics", cuts)];

#[test]
fn chebi20_validation() {
    compare(Table::Chebi20);
}

#[test]
fn nci_first_5k() {
    compare(Table::Nci);
}

#[test]
fn rdkit_canon() {
    compare(Table::RdkitCanon);
}

#[test]
fn uspto_schneider_a() {
    compare(Table::Uspto);
}

#[test]
fn lipo() {
    compare(Table::Lipo);
}

#[test]
fn esol_freesolv_bbbp() {
    for table in [Table::Esol, Table::Freesolv, Table::Bbbp] {
        compare(table);
    }
}

/// A molecule and a column in which it differs from RDKit.
type Difference = (String, usize, String);

fn compare(table: Table) {
    let Some(molecules) = table.molecules() else {
        return;
    };
    let name = table.name();
    let expected = fixture(&format!("parity/{name}.tsv"));
    let (header, expected) = expected.split_first().unwrap();
    assert_eq!(expected.len(), molecules.len(), "{name}");
    let mut found = BTreeSet::new();
    for (number, (smiles, digests)) in molecules.iter().zip(expected).enumerate() {
        let mut differs = |column: &str| {
            found.insert((name.to_owned(), number + 1, column.to_owned()));
        };
        let digest_of = |column: &str| {
            let place = header.iter().position(|name| name == column).unwrap();
            &digests[place]
        };
        let molecule = match Molecule::from_smiles(smiles) {
            Ok(molecule) if digests[0] != "-" => molecule,
            Err(_) if digests[0] == "-" => continue,
            _ => {
                differs("accepted");
                continue;
            }
        };
        for (column, result) in IN_ORDER {
            if &digest(&result(&molecule)) != digest_of(column) {
                differs(column);
            }
        }
        let canonical = molecule.canonical_smiles();
        for respelling in spellings(&molecule, smiles, &canonical) {
            let Ok(molecule) = Molecule::from_smiles(&respelling) else {
                differs("respelled");
                continue;
            };
            for (column, result) in FREE_OF_ORDER {
                if &digest(&result(&molecule)) != digest_of(column) {
                    differs(column);
                }
            }
        }
    }
    let known: BTreeSet<Difference> = fixture("parity/differences.tsv")
        .into_iter()
        .skip(1)
        .map(|row| (row[0].clone(), row[1].parse().unwrap(), row[2].clone()))
        .filter(|difference| difference.0 == name)
        .collect();
    let listed = |set: BTreeSet<&Difference>| {
        set.into_iter()
            .fold(String::new(), |mut text, (_, row, column)| {
                writeln!(text, "{row}\t{column}\t{}", molecules[row - 1]).unwrap();
                text
            })
    };
    assert!(
        found == known,
        "{name}: differs and is not listed:\n{}is listed and does not differ:\n{}",
        listed(found.difference(&known).collect()),
        listed(known.difference(&found).collect()),
    );
}

/// The file's own spelling, the canonical one and random ones.
fn spellings(molecule: &Molecule, own: &str, canonical: &str) -> Vec<String> {
    let random = (0..RESPELLINGS).map(|seed| {
        molecule.to_smiles(&SmilesStyle {
            order: AtomOrder::Random { seed },
            ..SmilesStyle::default()
        })
    });
    [own.to_owned(), canonical.to_owned()]
        .into_iter()
        .chain(random)
        .collect()
}

/// Rows of numbers, one a line.
fn lines<R: AsRef<[i64]>>(rows: impl IntoIterator<Item = R>) -> String {
    rows.into_iter().fold(String::new(), |mut text, row| {
        let values: Vec<String> = row.as_ref().iter().map(i64::to_string).collect();
        writeln!(text, "{}", values.join(",")).unwrap();
        text
    })
}

fn sorted<T: Ord>(rows: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut rows: Vec<T> = rows.into_iter().collect();
    rows.sort_unstable();
    rows
}

fn flat(molecule: &Molecule) -> String {
    molecule.to_smiles(&SmilesStyle {
        isomeric: false,
        ..SmilesStyle::default()
    })
}

fn atoms(molecule: &Molecule) -> String {
    lines(sorted(molecule.atoms().iter().map(|atom| {
        let hybridization = match atom.hybridization {
            Hybridization::Sp => 0,
            Hybridization::Sp2 => 1,
            Hybridization::Sp3 => 2,
            Hybridization::Sp3d => 3,
            Hybridization::Sp3d2 => 4,
            Hybridization::Other => 5,
        };
        [
            i64::from(atom.atomic_number),
            atom.isotope.unwrap_or(0).into(),
            atom.charge.into(),
            atom.total_degree.into(),
            atom.total_hydrogens.into(),
            atom.radical_electrons.into(),
            hybridization,
            atom.aromatic.into(),
            atom.in_ring.into(),
        ]
    })))
}

fn bonds(molecule: &Molecule) -> String {
    lines(sorted(molecule.bonds().iter().map(|bond| {
        let order = match bond.order {
            BondOrder::Single => 0,
            BondOrder::Double => 1,
            BondOrder::Triple => 2,
            BondOrder::Aromatic => 3,
            BondOrder::Quadruple | BondOrder::Dative => 4,
        };
        let stereo = match bond.stereo {
            BondStereo::None => 0,
            BondStereo::Z => 1,
            BondStereo::E => 2,
            BondStereo::Any => 5,
        };
        [
            order,
            stereo,
            bond.conjugated.into(),
            bond.aromatic.into(),
            bond.in_ring.into(),
        ]
    })))
}

fn rings(molecule: &Molecule) -> String {
    let elements = |ring: &Vec<u32>| {
        let atoms = ring.iter().map(|&atom| &molecule.atoms()[atom as usize]);
        sorted(atoms.map(|atom| i64::from(atom.atomic_number)))
    };
    lines(sorted(molecule.rings().iter().map(elements)))
}

fn environments(molecule: &Molecule) -> String {
    let counts = morgan::counts(molecule, 2);
    let pairs = counts.pairs().iter();
    lines(pairs.map(|&(environment, count)| [i64::from(environment), count.into()]))
}

fn ones(bits: &molglot_chem::fingerprint::Bits) -> String {
    lines([bits.ones().map(|bit| bit as i64).collect::<Vec<_>>()])
}

fn features(molecule: &Molecule) -> String {
    let atoms = ogb::atom_features(molecule);
    let bonds = molecule.bonds().iter().zip(ogb::bond_features(molecule));
    lines(atoms.iter().map(|row| row.map(i64::from)))
        + &lines(bonds.map(|(bond, [order, stereo, conjugated])| {
            [
                i64::from(bond.begin),
                bond.end.into(),
                order.into(),
                stereo.into(),
                conjugated.into(),
            ]
        }))
}

fn cuts(molecule: &Molecule) -> String {
    lines(sorted(brics::cut_bonds(molecule).iter().map(|cut| {
        let bond = &molecule.bonds()[cut.bond as usize];
        let (begin, end) = (i64::from(bond.begin), i64::from(bond.end));
        let labels = (i64::from(cut.begin_label), i64::from(cut.end_label));
        if begin < end {
            [begin, end, labels.0, labels.1]
        } else {
            [end, begin, labels.1, labels.0]
        }
    })))
}
