//! SELFIES that are refused, with the place, and strings of extreme size.

use std::time::{Duration, Instant};

use molglot_chem::selfies::{
    Constraints, DecodeErrorKind, EncodeErrorKind, MAX_SPAN, decode, encode, encode_lenient,
};
use molglot_chem::{Molecule, SmilesErrorKind, SyntaxProblem};

fn default() -> Constraints {
    Constraints::default()
}

#[track_caller]
fn refuses_smiles(smiles: &str, offset: usize, kind: SmilesErrorKind) {
    let error = encode(smiles, &default()).unwrap_err();
    assert_eq!(
        (error.offset, error.kind),
        (offset, EncodeErrorKind::Smiles(kind)),
        "{smiles}"
    );
}

#[track_caller]
fn refuses_selfies(text: &str, offset: usize, kind: DecodeErrorKind) {
    let error = decode(text, &default()).unwrap_err();
    assert_eq!((error.offset, error.kind), (offset, kind), "{text}");
}

#[track_caller]
fn refuses_symbol(text: &str, offset: usize, symbol: &str) {
    refuses_selfies(text, offset, DecodeErrorKind::BadSymbol(symbol.to_owned()));
}

#[test]
fn smiles_are_refused_at_their_place() {
    use SmilesErrorKind as Kind;
    for (smiles, offset, kind) in [
        ("", 0, Kind::Empty),
        (".C", 0, Kind::Empty),
        ("CC(", 2, Kind::UnclosedBranch),
        ("C(C.C)", 1, Kind::UnclosedBranch),
        ("CC)", 2, Kind::UnexpectedClose),
        ("C()C", 2, Kind::EmptyBranch),
        ("(C)C", 0, Kind::BranchFirst),
        ("C1CC.CC1", 1, Kind::UnclosedRing(1)),
        ("C%12CC", 1, Kind::UnclosedRing(12)),
        ("C11", 2, Kind::RingSelf),
        ("C12CC12", 6, Kind::DuplicateBond),
        ("C=1CCCCC-1", 9, Kind::RingBondConflict),
        ("C%1CC%1", 1, Kind::RingNumber),
        ("C%(12)CC%(12)", 1, Kind::RingNumber),
        ("C=", 1, Kind::HangingBond),
        ("C=.C", 1, Kind::HangingBond),
        ("C(=)C", 2, Kind::HangingBond),
        ("C==C", 2, Kind::Syntax(SyntaxProblem::TwoBonds)),
        ("C=(C)", 2, Kind::Syntax(SyntaxProblem::BondBeforeBranch)),
        ("1CC1", 0, Kind::Syntax(SyntaxProblem::LeadingRing)),
        (
            r"F/C=C\\F",
            6,
            Kind::Syntax(SyntaxProblem::DoubledBackslash),
        ),
        ("C[CH4", 1, Kind::UnclosedBracket),
        ("C[Xx]", 1, Kind::Element),
        ("C[CH10]", 1, Kind::HCount),
        ("C[C+-]", 1, Kind::Charge),
        ("C[C:]", 1, Kind::Syntax(SyntaxProblem::InBracket)),
        ("CX", 1, Kind::Element),
        ("CCO\r", 3, Kind::BadByte(b'\r')),
        ("C\u{200b}", 1, Kind::BadByte(0xe2)),
        ("Cc1ccnc1", 6, Kind::Kekulize),
        ("CF:C", 1, Kind::Kekulize),
    ] {
        refuses_smiles(smiles, offset, kind);
    }
    for smiles in ["*C", "C$C", "[*]", "[C@TH1](F)(Cl)(Br)I", "[99999999999C]"] {
        let error = encode(smiles, &default()).unwrap_err();
        assert!(
            matches!(error.kind, EncodeErrorKind::Smiles(Kind::Unsupported(_))),
            "{smiles}: {error}"
        );
    }
}

#[test]
fn too_many_bonds_are_refused_by_the_constraints() {
    let error = encode("CS(C)(C)C", &Constraints::octet_rule()).unwrap_err();
    let kind = EncodeErrorKind::Capacity {
        bonds: 4,
        capacity: 2,
    };
    assert_eq!((error.offset, error.kind), (1, kind));
    let message = encode("C[CH4]", &default()).unwrap_err().to_string();
    assert!(
        message.starts_with("column 2: the atom has 1 bonds and the constraints allow 0"),
        "{message}"
    );
    assert!(encode("CS(C)(C)C", &default()).is_ok());
}

#[test]
fn selfies_are_refused_at_their_place() {
    refuses_selfies("", 0, DecodeErrorKind::NoSymbol);
    refuses_selfies("CCO", 0, DecodeErrorKind::NoSymbol);
    refuses_selfies("[C][C", 3, DecodeErrorKind::UnclosedSymbol);
    refuses_selfies("[F][F][F][C", 9, DecodeErrorKind::UnclosedSymbol);
    refuses_selfies("[C]x[C]", 3, DecodeErrorKind::Stray);
    refuses_selfies("C[C]", 0, DecodeErrorKind::Stray);
    refuses_selfies("[C]\n", 3, DecodeErrorKind::Stray);
    for symbol in [
        "[Xx]",
        "[Ring9]",
        "[CH9]",
        "[C+10]",
        "[]",
        "[Branch1_2]",
        "[é]",
        "[CH]",
        "[c]",
        "[-C]",
    ] {
        refuses_symbol(&format!("[C]{symbol}[C]"), 3, symbol);
        refuses_symbol(&format!("[nop][C].{symbol}"), 9, symbol);
    }
}

#[test]
fn symbols_without_use_do_nothing() {
    for text in [
        "[Branch1]",
        "[Ring1][Ring1]",
        "[nop]",
        "[epsilon][epsilon]",
        "[Branch3].[Ring2]",
    ] {
        assert_eq!(decode(text, &default()).as_deref(), Ok(""), "{text}");
    }
}

#[test]
fn ring_numbers_beyond_two_digits_are_in_parentheses() {
    let ring = "[C][C][C][Ring1][Ring1]";
    let smiles = decode(&ring.repeat(101), &default()).unwrap();
    assert!(
        smiles.contains("C%99CC%99") && smiles.ends_with("C%(100)CC%(100)C%(101)CC%(101)"),
        "{smiles}"
    );
    assert_eq!(
        Molecule::from_smiles(&smiles).unwrap().bonds().len(),
        303 + 100
    );
    let again = encode(&smiles, &default()).unwrap();
    assert_eq!(again, ring.repeat(101));
    for smiles in [
        "C%(99)CC%(99)",
        "C%(100CC",
        "C%(100000)CC",
        "C%()CC",
        "C%(1000000000000000000000)C",
    ] {
        refuses_smiles(smiles, 1, SmilesErrorKind::RingNumber);
    }
    refuses_smiles("CC%(123)CC", 2, SmilesErrorKind::UnclosedRing(123));
}

#[test]
fn spans_beyond_three_symbols_are_refused_when_they_matter() {
    for (smiles, symbol) in [
        (
            format!("C1{}1", "C".repeat(MAX_SPAN as usize + 1)),
            "[Ring4]",
        ),
        (
            format!("C({})C", "C".repeat(MAX_SPAN as usize + 1)),
            "[Branch4]",
        ),
    ] {
        assert_eq!(
            encode(&smiles, &default()).unwrap_err().kind,
            EncodeErrorKind::Span
        );
        assert!(encode_lenient(&smiles).unwrap().contains(symbol));
        let shorter = smiles.replacen("CC", "C", 1);
        let back = decode(&encode(&shorter, &default()).unwrap(), &default()).unwrap();
        assert_eq!(back, shorter);
    }
}

/// Odd cycles, through which the search of the Python package gives one atom two double bonds.
#[test]
fn two_double_bonds_at_an_aromatic_atom_are_refused() {
    for smiles in ["ccc1cc1c(ccc2)cc3cc2c3", "c(cc1)c2c1cccc2c3cc3"] {
        let error = encode_lenient(smiles).unwrap_err();
        assert_eq!(
            error.kind,
            EncodeErrorKind::Smiles(SmilesErrorKind::Kekulize),
            "{smiles}"
        );
    }
}

#[test]
fn size_and_depth_are_no_problem() {
    let started = Instant::now();
    let constraints = default();
    let nested = "[C][Branch3][P][P][P]".repeat(3000) + "[C]";
    assert_eq!(decode(&nested, &constraints), Ok("C".repeat(3001)));
    let million = 1_000_000;
    assert_eq!(
        decode(&"[C]".repeat(million), &constraints).unwrap().len(),
        million
    );
    assert_eq!(
        encode(&"C".repeat(million), &constraints).unwrap().len(),
        3 * million
    );
    assert_eq!(
        encode(&"C.".repeat(million), &constraints).unwrap().len(),
        4 * million - 1
    );
    let deep = format!("{}C{}", "C(".repeat(200_000), ")C".repeat(200_000));
    assert_eq!(
        encode(&deep, &constraints).unwrap_err().kind,
        EncodeErrorKind::Span
    );
    assert!(encode_lenient(&deep).unwrap().starts_with("[C][Branch6]"));
    let unclosed = encode(&"C(".repeat(200_000), &constraints).unwrap_err();
    assert_eq!(
        unclosed.kind,
        EncodeErrorKind::Smiles(SmilesErrorKind::UnclosedBranch)
    );
    let aromatic = format!("c1{}c1", "cc".repeat(million / 2));
    assert!(encode_lenient(&aromatic).is_ok());
    let star = format!("[C@]{}", "1(CC1)".repeat(100_000));
    assert!(encode_lenient(&star).is_ok());
    let branches = "[S][Branch1][C]".repeat(100_000);
    assert!(decode(&branches, &constraints).is_ok());
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}
