//! One case per way to be wrong: the kind and the byte offset.

use std::time::{Duration, Instant};

use molglot_chem::{Molecule, SmilesError, SmilesErrorKind as Kind, SyntaxProblem};

fn error(smiles: &str) -> SmilesError {
    match Molecule::from_smiles(smiles) {
        Ok(molecule) => panic!("{smiles} was read as {}", molecule.formula()),
        Err(error) => error,
    }
}

#[track_caller]
fn refuses(smiles: &str, offset: usize, kind: Kind) {
    let error = error(smiles);
    assert_eq!((error.offset, error.kind), (offset, kind), "{smiles}");
}

#[track_caller]
fn refuses_syntax(smiles: &str, offset: usize, problem: SyntaxProblem) {
    refuses(smiles, offset, Kind::Syntax(problem));
}

#[test]
fn empty() {
    refuses("", 0, Kind::Empty);
}

#[test]
fn unclosed_branch() {
    refuses("CC(", 2, Kind::UnclosedBranch);
    refuses("CC(C", 2, Kind::UnclosedBranch);
}

#[test]
fn unexpected_close() {
    refuses("CC)", 2, Kind::UnexpectedClose);
}

#[test]
fn empty_branch() {
    refuses("C()C", 1, Kind::EmptyBranch);
}

#[test]
fn branch_first() {
    refuses("(C)C", 0, Kind::BranchFirst);
    refuses("C((C))C", 2, Kind::BranchFirst);
    refuses("C.(C)", 2, Kind::BranchFirst);
}

#[test]
fn unclosed_ring() {
    refuses("C1CC", 1, Kind::UnclosedRing(1));
    refuses("C1CC%12CC1", 4, Kind::UnclosedRing(12));
}

#[test]
fn ring_to_itself() {
    refuses("C11", 2, Kind::RingSelf);
}

#[test]
fn duplicate_bond() {
    refuses("C12CC12", 6, Kind::DuplicateBond);
    refuses("C1C1", 3, Kind::DuplicateBond);
}

#[test]
fn ring_bond_conflict() {
    refuses("C=1CCCCC-1", 9, Kind::RingBondConflict);
    refuses("C-1CCCCC=1", 9, Kind::RingBondConflict);
}

#[test]
fn ring_number() {
    refuses("C%1CC%1", 1, Kind::RingNumber);
    refuses("C%01CC%01", 1, Kind::RingNumber);
    refuses("C%(123456)CC%(123456)", 1, Kind::RingNumber);
    refuses("C%()CC", 1, Kind::RingNumber);
    refuses("C%", 1, Kind::RingNumber);
}

#[test]
fn hanging_bond() {
    refuses("C=", 1, Kind::HangingBond);
    refuses("CC(=)C", 3, Kind::HangingBond);
    refuses("C=.C", 1, Kind::HangingBond);
}

#[test]
fn syntax() {
    refuses_syntax("=C", 0, SyntaxProblem::LeadingBond);
    refuses_syntax("1CC1", 0, SyntaxProblem::LeadingRing);
    refuses_syntax(".C", 0, SyntaxProblem::LeadingDot);
    refuses_syntax("C.", 1, SyntaxProblem::TrailingDot);
    refuses_syntax("C..C", 2, SyntaxProblem::EmptyFragment);
    refuses_syntax("C==C", 2, SyntaxProblem::TwoBonds);
    refuses_syntax("C-(C)", 2, SyntaxProblem::BondBeforeBranch);
    refuses_syntax("C(.C)C", 2, SyntaxProblem::DotInBranch);
    refuses_syntax("C(C.)C", 3, SyntaxProblem::TrailingDot);
    refuses_syntax("C]", 1, SyntaxProblem::Stray);
    refuses_syntax("C@C", 1, SyntaxProblem::Stray);
    refuses_syntax("[CH4@]", 4, SyntaxProblem::InBracket);
}

#[test]
fn doubled_backslash_is_recognised_as_escaping() {
    let error = error(r"F/C=C\\F");
    assert_eq!(error.offset, 6);
    assert_eq!(error.kind, Kind::Syntax(SyntaxProblem::DoubledBackslash));
    assert_eq!(error.hint(), Some("escaped"));
    assert!(Molecule::from_smiles(&molglot_chem::unescape(r"F/C=C\\F")).is_ok());
}

#[test]
fn unclosed_bracket() {
    refuses("[CH4", 0, Kind::UnclosedBracket);
    refuses("C[CH2C[CH3]", 1, Kind::UnclosedBracket);
}

#[test]
fn element() {
    refuses("[]", 1, Kind::Element);
    refuses("[Xx]", 1, Kind::Element);
    refuses("[D]", 1, Kind::Element);
    refuses("[#119]", 1, Kind::Element);
    refuses("CX", 1, Kind::Element);
    refuses("[cl]", 2, Kind::Syntax(SyntaxProblem::InBracket));
}

#[test]
fn number_range() {
    refuses("[999999999999C]", 1, Kind::NumberRange);
    refuses("[013C]", 1, Kind::NumberRange);
    refuses("[CH3:70000]", 5, Kind::NumberRange);
}

#[test]
fn hydrogen_count() {
    refuses("[CH99]", 2, Kind::HCount);
    refuses("[CH00]", 2, Kind::HCount);
}

#[test]
fn charge() {
    refuses("[C+-]", 2, Kind::Charge);
    refuses("[C+99]", 2, Kind::Charge);
    refuses("[Fe++2]", 3, Kind::Charge);
    refuses("[C+00]", 2, Kind::Charge);
}

#[test]
fn repeated_signs_count_as_opensmiles_counts_them() {
    let iron = Molecule::from_smiles("[Fe+++]").unwrap();
    assert_eq!(iron.atoms()[0].charge, 3);
    assert_eq!(iron.canonical_smiles(), "[Fe+3]");
}

#[test]
fn chiral_class() {
    refuses("[Fe@TB99]", 3, Kind::ChiralClass);
    refuses("[C@OH0](F)(Cl)Br", 2, Kind::ChiralClass);
}

#[test]
fn valence() {
    refuses("C(C)(C)(C)(C)C", 0, Kind::Valence { atom: 0 });
    refuses("CCO(C)C", 2, Kind::Valence { atom: 2 });
    refuses("F[Cl](F)F", 1, Kind::Valence { atom: 1 });
    refuses("C[N](C)(C)C", 1, Kind::Valence { atom: 1 });
}

#[test]
fn kekulize() {
    refuses("c1cccc1", 0, Kind::Kekulize);
    refuses("c1ccnc1", 0, Kind::Kekulize);
}

#[test]
fn aromatic_outside_ring() {
    refuses("cc", 0, Kind::AromaticOutsideRing);
    refuses("CCc", 2, Kind::AromaticOutsideRing);
}

#[test]
fn bad_byte() {
    refuses("CC\0C", 2, Kind::BadByte(0));
    refuses("C\u{200b}C", 1, Kind::BadByte(0xe2));
    refuses("Cé", 1, Kind::BadByte(0xc3));
    refuses("CCO\r", 3, Kind::BadByte(b'\r'));
    refuses("CCO ethanol", 3, Kind::BadByte(b' '));
    refuses("[C\0]", 2, Kind::BadByte(0));
}

#[test]
fn the_query_bond_is_named() {
    assert!(matches!(error("C~C").kind, Kind::Unsupported(_)));
}

#[test]
fn deep_nesting_is_read_at_once() {
    let started = Instant::now();
    let depth = 200_000;
    refuses(&"C(".repeat(depth), 2 * depth - 1, Kind::UnclosedBranch);
    let deep = format!("{}C{}", "C(".repeat(depth), ")".repeat(depth));
    let molecule = Molecule::from_smiles(&deep).unwrap();
    assert_eq!(molecule.atoms().len(), depth + 1);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_chain_of_a_million_atoms_is_read_at_once() {
    let started = Instant::now();
    let limit = molglot_chem::MAX_ATOMS;
    refuses(&"C".repeat(limit + 1), limit, Kind::TooLarge);
    let molecule = Molecule::from_smiles(&"C".repeat(limit)).unwrap();
    assert_eq!(molecule.fragment_count(), 1);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn ninety_open_rings_are_fine() {
    let numbers: String = (10..100).map(|number| format!("C%{number}")).collect();
    let molecule = Molecule::from_smiles(&format!("{numbers}{numbers}")).unwrap();
    assert_eq!(
        (molecule.atoms().len(), molecule.bonds().len()),
        (180, 179 + 90)
    );
}

#[test]
fn messages_have_a_column_and_a_remedy() {
    assert_eq!(
        error("CC(").to_string(),
        "column 3: the branch opened here is never closed; add a ')'"
    );
    assert_eq!(
        error("c1ccnc1").to_string(),
        "column 1: no double bonds fit these lower-case atoms; a hydrogen may be missing, as in [nH]"
    );
}
