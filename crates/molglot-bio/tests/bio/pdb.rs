//! PDB columns as real and hostile files fill them.

use molglot_bio::read::{self, Models, ReadOptions, Reason};
use molglot_bio::structure::{Altlocs, BFactor, EntityKind, Name, ResidueKind};

use crate::{atom, fault, parse};

fn ca(number: &str, x: f32) -> String {
    atom("ATOM", " CA ", ' ', "GLY", 'A', number, x)
}

#[test]
fn case_31_a_coordinate_that_is_no_finite_number_is_an_error() {
    for bad in [
        "     nan", "  1e9999", "     inf", "     abc", "        ", "  12x.00",
    ] {
        let line = ca("1", 1.0).replace("   1.000", bad);
        let (reason, line) = fault(format!("{}{line}", ca("1", 0.0)));
        assert!(
            matches!(reason, Reason::Coordinate { axis: 'x', .. }),
            "{reason}"
        );
        assert_eq!(line, Some(2));
    }
}

#[test]
fn case_32_a_name_with_control_or_other_bytes_is_an_error() {
    for byte in [0x07, 0x00, 0x7f, 0xe9, 0xff] {
        for column in [13, 18, 21] {
            let mut line = ca("1", 1.0).into_bytes();
            line[column] = byte;
            // A chain id of one NUL is text, if odd.
            if column == 21 && byte < 0x80 {
                continue;
            }
            assert!(
                matches!(fault(line).0, Reason::Name { .. }),
                "{byte} in column {column}"
            );
        }
    }
}

#[test]
fn case_33_a_space_group_is_not_read() {
    for group in ["P1", "P 21 2 21", "nonsense"] {
        let text = format!(
            "CRYST1  109.790  109.950  201.440  90.00  90.00  90.00 {group}    16\n{}",
            ca("1", 0.0)
        );
        assert_eq!(parse(text).unwrap().atoms.len(), 1);
    }
}

#[test]
fn case_34_short_lines_of_other_records_are_skipped() {
    for record in [
        "SSBOND",
        "SSBOND   1 CYS C",
        "SEQRES",
        "MODRES",
        "HEADER",
        "REMARK   2 RESOLUTION.",
        "COMPND",
        "TER",
        "ANISOU",
    ] {
        assert_eq!(
            parse(format!("{record}\n{}", ca("1", 0.0)))
                .unwrap()
                .atoms
                .len(),
            1,
            "{record}"
        );
    }
}

#[test]
fn case_35_a_header_of_66_bytes_but_fewer_letters_is_read() {
    let header = format!("HEADER    PROT\u{e9}INE{}1ABC", " ".repeat(43));
    assert_eq!(header.len(), 66);
    assert_eq!(
        parse(format!("{header}\n{}", ca("1", 0.0)))
            .unwrap()
            .atoms
            .len(),
        1
    );
}

#[test]
fn case_36_an_atom_line_cut_in_its_coordinates_is_an_error() {
    let line = ca("1", 0.0);
    let (reason, place) = fault(&line[..38]);
    assert!(matches!(reason, Reason::ShortLine { length: 38 }));
    assert_eq!(place, Some(1));
    let read = parse(&line[..54]).unwrap();
    assert_eq!(
        (read.atoms[0].occupancy, read.atoms[0].b_factor),
        (1.0, 0.0)
    );
    assert_eq!(read.atoms[0].element.symbol(), "C");
}

#[test]
fn case_37_numbers_go_on_in_hybrid_36_and_stars_are_no_number() {
    let text = [
        ca("9999", 0.0),
        ca("A000", 3.8),
        ca("****", 7.6),
        ca("****", 11.4),
        ca("  -5", 15.2),
    ]
    .concat();
    let numbers: Vec<_> = parse(text)
        .unwrap()
        .residues
        .iter()
        .map(|residue| residue.number)
        .collect();
    assert_eq!(numbers, [Some(9999), Some(10_000), None, None, Some(-5)]);
}

#[test]
fn case_38_without_element_columns_the_name_tells() {
    let line = |name: &str, residue: &str| {
        atom("HETATM", name, ' ', residue, 'A', "1", 0.0)[..66].to_owned() + "\n"
    };
    let text = [
        line("CA  ", "CA"),
        line(" CA ", "ALA"),
        line("FE  ", "HEM"),
        line("HG11", "VAL"),
    ]
    .concat();
    let symbols: Vec<_> = parse(text)
        .unwrap()
        .atoms
        .iter()
        .map(|atom| atom.element.symbol())
        .collect();
    assert_eq!(symbols, ["Ca", "C", "Fe", "H"]);
}

#[test]
fn case_39_text_in_latin_1_is_read() {
    let text = [
        &b"TITLE     PROT\xc9INE\nREMARK   1 \xff\xfe\n"[..],
        ca("1", 0.0).as_bytes(),
    ]
    .concat();
    assert_eq!(parse(text).unwrap().title, "PROTÉINE");
}

#[test]
fn case_40_an_orphan_anisou_is_skipped() {
    let text = format!(
        "ANISOU    1  CA  GLY A   1      100    100    100      0      0      0       C\n{}",
        ca("1", 0.0)
    );
    assert_eq!(parse(text).unwrap().atoms.len(), 1);
}

#[test]
fn an_end_in_mid_file_ends_the_model() {
    let text = format!("{}END\n{}{}", ca("1", 0.0), ca("1", 1.0), ca("2", 4.8));
    let first = parse(&text).unwrap();
    assert_eq!((first.atoms.len(), first.models), (1, 2));
    let all = ReadOptions {
        models: Models::All,
        ..ReadOptions::default()
    };
    let all = read::parse(text.as_bytes(), "x", &all).unwrap();
    assert_eq!((all.atoms.len(), all.chains.len(), all.models), (3, 2, 2));
}

#[test]
fn models_are_counted_and_may_differ() {
    let model = |number: u8, atoms: &str| format!("MODEL     {number:>4}\n{atoms}ENDMDL\n");
    let text = [
        model(1, &ca("1", 0.0)),
        model(2, &(ca("1", 0.0) + &ca("2", 3.8))),
        model(2, &ca("1", 0.0)),
    ]
    .concat();
    let first = parse(&text).unwrap();
    assert_eq!((first.atoms.len(), first.models), (1, 3));
    let all = ReadOptions {
        models: Models::All,
        ..ReadOptions::default()
    };
    let all = read::parse(text.as_bytes(), "x", &all).unwrap();
    let models: Vec<_> = all
        .chains
        .iter()
        .map(|chain| (chain.model, chain.residues.len()))
        .collect();
    assert_eq!(models, [(0, 1), (1, 2), (2, 1)]);
}

#[test]
fn insertion_codes_make_residues_of_their_own() {
    let insert = |code: char| ca("52", 0.0).replace("  52 ", &format!("  52{code}"));
    let text = [ca("52", 0.0), insert('A'), insert('B'), ca("53", 0.0)].concat();
    let read = parse(text).unwrap();
    assert_eq!(read.observed_sequence(0), "GGGG");
    assert_eq!(
        read.residues
            .iter()
            .map(|residue| residue.insertion)
            .collect::<Vec<_>>(),
        *b" AB "
    );
}

#[test]
fn modified_residues_are_their_parents() {
    let text = [
        "MODRES 1ABC ZZZ A    3  SER  MADE UP\n".to_owned(),
        atom("HETATM", " CA ", ' ', "MSE", 'A', "1", 0.0),
        atom("HETATM", " CA ", ' ', "SEP", 'A', "2", 0.0),
        atom("HETATM", " N  ", ' ', "ZZZ", 'A', "3", 0.0),
        atom("HETATM", " CA ", ' ', "ZZZ", 'A', "3", 0.0),
        atom("HETATM", " C  ", ' ', "ZZZ", 'A', "3", 0.0),
        atom("HETATM", " CA ", ' ', "CRO", 'A', "4", 0.0),
        "TER\n".to_owned(),
        atom("HETATM", "CA  ", ' ', "CA", 'A', "5", 0.0),
        atom("HETATM", " O  ", ' ', "HOH", 'A', "6", 0.0),
        atom("HETATM", " CA ", ' ', "GLU", 'A', "7", 0.0),
    ]
    .concat();
    let read = parse(text).unwrap();
    assert_eq!(read.observed_sequence(0), "MSSX");
    assert_eq!(read.alpha_carbons(0).count(), 4);
    let kinds: Vec<_> = read.residues[4..]
        .iter()
        .map(|residue| (residue.kind, residue.polymer))
        .collect();
    assert_eq!(
        kinds,
        [
            (ResidueKind::Ligand, false),
            (ResidueKind::Water, false),
            (ResidueKind::AminoAcid, false)
        ]
    );
}

#[test]
fn four_letter_residues_and_two_letter_chains_fit_their_columns() {
    let line =
        |residue: &str, chain: &str| ca("1", 0.0).replace("GLY A", &format!("{residue}{chain}"));
    let read = |residue, chain| {
        let read = parse(line(residue, chain)).unwrap();
        (read.residues[0].name.to_string(), read.chains[0].id.clone())
    };
    assert_eq!(read("TIP", "3W"), ("TIP3".to_owned(), "W".to_owned()));
    assert_eq!(read("POP", "C "), ("POPC".to_owned(), String::new()));
    assert_eq!(read("GLY", "AB"), ("GLY".to_owned(), "AB".to_owned()));
    assert_eq!(read("GLY", "  "), ("GLY".to_owned(), String::new()));
}

#[test]
fn the_header_gives_texts_entities_and_sequences() {
    let text = "\
HEADER    HYDROLASE                               01-JAN-00   1ABC              
TITLE     A STRUCTURE OF SOMETHING THAT NEEDS                                   
TITLE    2 TWO LINES                                                            
COMPND    MOL_ID: 1;                                                            
COMPND   2 MOLECULE: FIRST PROTEIN;                                             
COMPND   3 CHAIN: A, C;                                                         
COMPND   4 MOL_ID: 2;                                                           
COMPND   5 MOLECULE: DNA (5'-D(*AP*C)-3');                                      
COMPND   6 CHAIN: B;                                                            
SOURCE    MOL_ID: 1;                                                            
SOURCE   2 ORGANISM_SCIENTIFIC: HOMO SAPIENS;                                   
KEYWDS    ENZYME, HYDROLASE, BINDING                                            
EXPDTA    X-RAY DIFFRACTION                                                     
REMARK   2 RESOLUTION.    1.74 ANGSTROMS.                                       
SEQRES   1 A    3  MET GLY SER                                                  
SEQRES   1 B    2   DA  DC                                                      
SEQRES   1 C    3  MET GLY SER                                                  
";
    let read = parse(text.to_owned() + &ca("2", 0.0)).unwrap();
    assert_eq!(read.id, "1ABC");
    assert_eq!(read.title, "A STRUCTURE OF SOMETHING THAT NEEDS TWO LINES");
    assert_eq!(read.compound, ["FIRST PROTEIN", "DNA (5'-D(*AP*C)-3')"]);
    assert_eq!(read.organism, ["HOMO SAPIENS"]);
    assert_eq!(read.keywords, ["HYDROLASE", "ENZYME", "BINDING"]);
    assert_eq!(
        (read.method.as_str(), read.resolution),
        ("X-RAY DIFFRACTION", Some(1.74))
    );
    assert_eq!(read.entities.len(), 2);
    assert_eq!(
        (read.entities[0].kind, read.entities[1].kind),
        (EntityKind::Protein, EntityKind::Dna)
    );
    assert_eq!(read.entity_sequence(0).unwrap(), "MGS");
    assert_eq!(read.observed_sequence(0), "G");
    assert_eq!(read.missing_atoms(0), ["N", "C", "O"].map(Name::of));
}

#[test]
fn predictions_of_the_alphafold_database_have_plddt() {
    let title = "TITLE     ALPHAFOLD MONOMER V2.0 PREDICTION FOR PROTEIN X (P00001)\n";
    let read = parse(title.to_owned() + &ca("1", 0.0)).unwrap();
    assert_eq!(read.b_factor, BFactor::Plddt);
    assert_eq!(read.plddt(0).unwrap(), [20.0]);
    assert_eq!(parse(ca("1", 0.0)).unwrap().plddt(0), None);
}

#[test]
fn the_fuller_alternate_location_is_kept() {
    let half = |altloc, occupancy: &str, x| {
        atom("ATOM", " CA ", altloc, "GLY", 'A', "1", x)
            .replace("  1.00 20.00", &format!("{occupancy} 20.00"))
    };
    let text = half('A', "  0.40", 1.0) + &half('B', "  0.60", 2.0) + &ca("2", 3.0);
    let read = parse(&text).unwrap();
    let atoms: Vec<_> = read
        .atoms
        .iter()
        .map(|atom| (atom.altloc, atom.position[0]))
        .collect();
    assert_eq!(atoms, [(b'B', 2.0), (b' ', 3.0)]);
    let all = ReadOptions {
        altlocs: Altlocs::All,
        ..ReadOptions::default()
    };
    let all = read::parse(text.as_bytes(), "x", &all).unwrap();
    assert_eq!((all.atoms.len(), all.alpha_carbons(0).count()), (3, 2));
}

#[test]
fn line_ends_of_windows_and_a_missing_last_one_make_no_difference() {
    let text = ca("1", 0.0) + "TER\n" + &ca("2", 3.8) + "END\n";
    let plain = parse(&text).unwrap();
    assert_eq!(parse(text.replace('\n', "\r\n")).unwrap(), plain);
    assert_eq!(parse(text.trim_end()).unwrap(), plain);
    assert_eq!(parse("\u{feff}".to_owned() + &text).unwrap(), plain);
}

#[test]
fn what_has_no_atoms_says_so() {
    assert!(matches!(fault("").0, Reason::Empty));
    assert!(matches!(fault(" \r\n\n").0, Reason::Empty));
    assert!(matches!(fault("HEADER    X\nEND\n").0, Reason::NoAtoms));
    assert!(matches!(fault("<html>\n").0, Reason::UnknownFormat));
    assert!(matches!(fault(b"\x83\xa7encoder").0, Reason::BinaryCif));
}
