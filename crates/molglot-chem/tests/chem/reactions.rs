//! Reaction SMILES.

use std::collections::BTreeSet;

use molglot_chem::{Molecule, Reaction, SmilesErrorKind as Kind, SyntaxProblem};

use crate::support::data_file;

#[track_caller]
fn refuses(smiles: &str, offset: usize, kind: Kind) {
    let error = Reaction::from_smiles(smiles).unwrap_err();
    assert_eq!((error.offset, error.kind), (offset, kind), "{smiles}");
}

fn counts(smiles: &str) -> [usize; 3] {
    let reaction = Reaction::from_smiles(smiles).unwrap();
    [reaction.reactants(), reaction.agents(), reaction.products()].map(<[_]>::len)
}

#[test]
fn every_part_between_dots_is_a_molecule() {
    assert_eq!(counts("CC.O>[Pd].N>CCO"), [2, 2, 1]);
    assert_eq!(counts("CC>>CC"), [1, 0, 1]);
    assert_eq!(counts(">>C"), [0, 0, 1]);
    assert_eq!(counts("C>>"), [1, 0, 0]);
    // The dot in the branch divides no molecule.
    assert_eq!(counts("C(C.O)C>>C"), [1, 0, 1]);
}

#[test]
fn the_arrow_of_a_dative_bond_is_none() {
    assert_eq!(counts("N->[Fe]>>N.[Fe]"), [1, 0, 2]);
}

#[test]
fn errors_point_into_the_whole_string() {
    refuses("CC.CC(>>C", 5, Kind::UnclosedBranch);
    refuses("CC.O>>C(C)(C)(C)(C)C", 6, Kind::Valence { atom: 0 });
    refuses("C>N.cc>C", 4, Kind::AromaticOutsideRing);
    refuses("C1.C1>>C", 1, Kind::UnclosedRing(1));
    refuses("C>>C C", 4, Kind::BadByte(b' '));
    refuses("CC", 2, Kind::ReactionArrow);
    refuses("C>C", 3, Kind::ReactionArrow);
    refuses("C>>C>C", 4, Kind::ReactionArrow);
    refuses(">>", 0, Kind::Empty);
    refuses(".C>>C", 0, Kind::Syntax(SyntaxProblem::LeadingDot));
    refuses("C>>C.", 4, Kind::Syntax(SyntaxProblem::TrailingDot));
    refuses("C..C>>C", 2, Kind::Syntax(SyntaxProblem::EmptyFragment));
    refuses("C>.>C", 2, Kind::Syntax(SyntaxProblem::LeadingDot));
}

fn maps(molecules: &[Molecule]) -> BTreeSet<u16> {
    let atoms = molecules.iter().flat_map(Molecule::atoms);
    atoms.filter_map(|atom| atom.map).collect()
}

#[test]
fn maps_of_the_products_are_maps_of_the_reactants() {
    let Some(path) = data_file("MOLGLOT_CORPORA", "reactions/uspto_schneider_a.csv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<_> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap().trim())
        .collect();
    assert_eq!(rows.len(), 683);
    let (mut mapped, mut refused) = (0, 0);
    for row in rows {
        match Reaction::from_smiles(row) {
            Ok(reaction) => {
                let products = maps(reaction.products());
                assert!(products.is_subset(&maps(reaction.reactants())), "{row}");
                mapped += products.len();
            }
            Err(error) => {
                let expected = matches!(error.kind, Kind::Valence { .. } | Kind::Kekulize);
                assert!(expected, "{row}: {error}");
                refused += 1;
            }
        }
    }
    // As RDKit reads them: it refuses a molecule of five reactions.
    assert_eq!((refused, mapped), (5, 15863));
}
