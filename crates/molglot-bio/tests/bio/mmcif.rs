//! mmCIF as real and hostile files write it.

use molglot_bio::read::{self, Models, ReadOptions, Reason};
use molglot_bio::structure::{BFactor, EntityKind, ResidueKind};

use crate::{atom_site, fault, parse};

const ROW: &str = "ATOM 1 C CA . GLY A 1 1 ? 1.0 2.0 3.0 1.0 20.0 5 A 1";

#[test]
fn case_41_a_loop_without_tags_is_an_error() {
    assert!(matches!(
        fault("data_x\nloop_\n1 2 3\n").0,
        Reason::LoopWithoutTags
    ));
    assert!(matches!(
        fault("data_x\nloop_\n").0,
        Reason::LoopWithoutTags
    ));
}

#[test]
fn case_42_an_unknown_element_is_told_by_the_name() {
    let rows =
        "ATOM 1 ? CA . GLY A 1 1 ? 1 2 3 1 20 5 A 1\nHETATM 2 ? CA . CA B 2 . ? 1 2 3 1 20 6 A 1";
    let read = parse(atom_site(rows)).unwrap();
    assert_eq!(
        read.atoms
            .iter()
            .map(|atom| atom.element.symbol())
            .collect::<Vec<_>>(),
        ["C", "Ca"]
    );
}

#[test]
fn case_43_an_unknown_coordinate_is_an_error_and_an_uncertainty_is_none() {
    for bad in ["?", ".", "nan", "x"] {
        let (reason, line) = fault(atom_site(&ROW.replace("2.0", bad)));
        assert!(
            matches!(reason, Reason::Coordinate { axis: 'y', .. }),
            "{reason}"
        );
        assert_eq!(line, Some(21));
    }
    assert_eq!(
        parse(atom_site(&ROW.replace("2.0", "2.5(3)")))
            .unwrap()
            .atoms[0]
            .position,
        [1.0, 2.5, 3.0]
    );
}

#[test]
fn case_44_negative_ids_are_read() {
    let read = parse(atom_site(
        &ROW.replace("ATOM 1", "ATOM -1").replace(" 5 A", " -5 A"),
    ))
    .unwrap();
    assert_eq!(
        (read.atoms[0].serial, read.residues[0].number),
        (-1, Some(-5))
    );
}

#[test]
fn case_45_without_author_ids_the_label_ids_count() {
    let text = atom_site(ROW)
        .replace("auth_asym_id", "other")
        .replace("auth_seq_id", "another");
    let read = parse(&text).unwrap();
    assert_eq!(
        (read.chains[0].id.as_str(), read.residues[0].number),
        ("A", Some(1))
    );
    let read = parse(text.replace("GLY A 1", "GLY . 1")).unwrap();
    assert_eq!(
        (read.chains[0].id.as_str(), read.label_chains[0].id.as_str()),
        ("", "")
    );
}

#[test]
fn case_46_of_several_blocks_the_first_with_atoms_is_read() {
    let text = format!(
        "data_none\n_entry.id NONE\n{}{}",
        atom_site(ROW),
        atom_site(ROW).replace("TEST", "LAST")
    );
    let read = parse(text).unwrap();
    assert_eq!((read.id.as_str(), read.atoms.len()), ("TEST", 1));
}

#[test]
fn case_47_a_single_atom_needs_no_loop() {
    let items = atom_site("")
        .lines()
        .filter(|line| line.starts_with('_'))
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let pairs: Vec<String> = items
        .iter()
        .zip(ROW.split(' '))
        .map(|(item, value)| format!("{item} {value}\n"))
        .collect();
    let read = parse("data_TEST\n".to_owned() + &pairs.concat()).unwrap();
    assert_eq!(read.atoms, parse(atom_site(ROW)).unwrap().atoms);
    assert_eq!(read.observed_sequence(0), "G");
}

#[test]
fn case_48_what_is_not_closed_is_an_error() {
    let (reason, line) = fault(atom_site(&ROW.replace(" CA ", " 'CA ")));
    assert!(matches!(reason, Reason::UnclosedQuote));
    assert_eq!(line, Some(21));
    assert!(matches!(
        fault(format!("{}\n_struct.title\n;text\n", atom_site(ROW))).0,
        Reason::UnclosedText
    ));
}

#[test]
fn case_49_a_loop_that_ends_in_mid_row_is_an_error() {
    let (reason, _) = fault(atom_site(&format!("{ROW}\nATOM 2")));
    assert!(
        matches!(
            reason,
            Reason::RaggedLoop {
                tags: 18,
                values: 20,
                ..
            }
        ),
        "{reason}"
    );
    let other = format!(
        "data_x\nloop_\n_a.b\n_a.c\n1 2 3\n{}",
        &atom_site(ROW)["data_TEST\n".len()..]
    );
    assert!(matches!(fault(other).0, Reason::RaggedLoop { .. }));
}

#[test]
fn a_category_of_too_many_rows_is_an_error() {
    let text = format!("data_x\nloop_\n_entity.id\n{}", "1\n".repeat(1_100_000));
    assert!(matches!(fault(text).0, Reason::TooManyRows { .. }));
}

#[test]
fn case_50_a_byte_order_mark_is_skipped() {
    assert_eq!(
        parse("\u{feff}".to_owned() + &atom_site(ROW))
            .unwrap()
            .atoms
            .len(),
        1
    );
}

#[test]
fn ids_are_never_numbers() {
    let rows = "HETATM 1 C C1 . 017 01 2 . ? 1 2 3 1 20 1 01 1\nHETATM 2 C C1 . 1E5 02 3 . ? 1 2 3 1 20 1 1 1\n\
                HETATM 3 N \"N'\" . 'NA' 03 4 . ? 1 2 3 1 20 4294967297 1 1";
    let read = parse(atom_site(rows)).unwrap();
    let names: Vec<_> = read
        .residues
        .iter()
        .map(|residue| residue.name.to_string())
        .collect();
    assert_eq!(names, ["017", "1E5", "NA"]);
    assert_eq!(
        read.chains
            .iter()
            .map(|chain| chain.id.as_str())
            .collect::<Vec<_>>(),
        ["01", "1"]
    );
    assert_eq!(
        read.label_chains
            .iter()
            .map(|label| label.id.as_str())
            .collect::<Vec<_>>(),
        ["01", "02", "03"]
    );
    // A number out of range is none, and does not run over.
    assert_eq!(read.residues[2].number, None);
}

#[test]
fn names_longer_than_eight_letters_are_errors() {
    assert!(matches!(
        fault(atom_site(&ROW.replace("GLY", "ABCDEFGHI"))).0,
        Reason::Name { .. }
    ));
    assert_eq!(
        parse(atom_site(&ROW.replace("GLY", "A1ABC")))
            .unwrap()
            .residues[0]
            .name,
        "A1ABC"
    );
}

#[test]
fn columns_that_every_atom_needs_are_asked_for() {
    for column in ["Cartn_x", "Cartn_z", "label_atom_id", "label_comp_id"] {
        let (reason, _) = fault(atom_site(ROW).replace(column, "other"));
        assert!(
            matches!(reason, Reason::MissingColumn { column: missing } if missing == column),
            "{reason}"
        );
    }
    for column in [
        "group_PDB",
        "type_symbol",
        "occupancy",
        "label_seq_id",
        "pdbx_PDB_model_num",
        "label_entity_id",
    ] {
        assert_eq!(
            parse(atom_site(ROW).replace(column, "other"))
                .unwrap()
                .atoms
                .len(),
            1,
            "{column}"
        );
    }
}

#[test]
fn tags_and_keywords_have_no_case_and_categories_no_order() {
    let text = atom_site(ROW)
        .replace("loop_", "LOOP_")
        .replace("Cartn_x", "CARTN_X")
        .replace("data_", "Data_");
    let text = text + "_STRUCT.Title\n;A title\nof two lines\n;\n_entry.id 1ABC\n";
    let read = parse(text).unwrap();
    assert_eq!(
        (read.id.as_str(), read.title.as_str()),
        ("1ABC", "A title of two lines")
    );
}

#[test]
fn entities_and_their_sequences_are_read() {
    let text = "data_1ABC
_struct_keywords.pdbx_keywords HYDROLASE
_struct_keywords.text 'ENZYME, hydrolase, BINDING'
_exptl.method 'X-RAY DIFFRACTION'
_refine.ls_d_res_high 1.74
loop_ _entity.id _entity.type _entity.pdbx_description
1 polymer 'First protein' 2 non-polymer GLYCEROL 3 water water
_entity_poly.entity_id 1
_entity_poly.type 'polypeptide(L)'
loop_ _entity_poly_seq.entity_id _entity_poly_seq.num _entity_poly_seq.mon_id _entity_poly_seq.hetero
1 1 MSE n 1 2 GLY y 1 2 ALA y 1 3 SER n
_entity_src_gen.entity_id 1
_entity_src_gen.pdbx_gene_src_scientific_name 'Homo sapiens'
";
    let rows = "ATOM 1 C CA . GLY A 1 2 ? 1 2 3 1 20 7 A 1\nHETATM 2 O O1 . GOL B 2 . ? 1 2 3 1 20 8 A 1\n\
                HETATM 3 O O . HOH C 3 . ? 1 2 3 1 20 9 A 1";
    let read = parse(text.to_owned() + &atom_site(rows)["data_TEST\n".len()..]).unwrap();
    assert_eq!(read.keywords, ["HYDROLASE", "ENZYME", "BINDING"]);
    assert_eq!(
        (read.method.as_str(), read.resolution),
        ("X-RAY DIFFRACTION", Some(1.74))
    );
    assert_eq!(
        (read.compound[0].as_str(), read.organism[0].as_str()),
        ("First protein", "Homo sapiens")
    );
    let kinds: Vec<_> = read.entities.iter().map(|entity| entity.kind).collect();
    assert_eq!(
        kinds,
        [
            EntityKind::Protein,
            EntityKind::NonPolymer,
            EntityKind::Water
        ]
    );
    assert_eq!(read.entity_sequence(0).unwrap(), "MGS");
    assert_eq!(
        (read.residues[0].label_number, read.residues[0].number),
        (Some(2), Some(7))
    );
    let labels: Vec<_> = read
        .label_chains
        .iter()
        .map(|label| (label.id.as_str(), label.entity))
        .collect();
    assert_eq!(labels, [("A", Some(0)), ("B", Some(1)), ("C", Some(2))]);
    assert_eq!((read.chains.len(), read.chains[0].entity), (1, Some(0)));
    assert_eq!(read.residues[2].kind, ResidueKind::Water);
}

#[test]
fn a_free_amino_acid_is_a_ligand() {
    let rows =
        "ATOM 1 C CA . GLY A 1 2 ? 1 2 3 1 20 7 A 1\nHETATM 2 C CA . GLU B 2 . ? 1 2 3 1 20 8 A 1";
    let read = parse(atom_site(rows)).unwrap();
    assert_eq!(read.observed_sequence(0), "G");
}

#[test]
fn without_places_in_sequences_the_group_tells_polymers() {
    let rows =
        "ATOM 1 C CA . GLY A 1 . ? 1 2 3 1 20 7 A 1\nHETATM 2 C CA . GLU B 2 . ? 1 2 3 1 20 8 A 1";
    assert_eq!(parse(atom_site(rows)).unwrap().observed_sequence(0), "G");
}

#[test]
fn the_first_model_is_read_and_all_are_counted() {
    let rows = ["1", "2", "1", "7"]
        .map(|model| format!("{}{model}", &ROW[..ROW.len() - 1]))
        .join("\n");
    let rows = rows.replacen("CA", "N", 1);
    let first = parse(atom_site(&rows)).unwrap();
    assert_eq!((first.atoms.len(), first.models), (2, 3));
    let all = ReadOptions {
        models: Models::All,
        ..ReadOptions::default()
    };
    let all = read::parse(atom_site(&rows).as_bytes(), "x", &all).unwrap();
    let models: Vec<_> = all
        .chains
        .iter()
        .map(|chain| (chain.model, chain.residues.len()))
        .collect();
    assert_eq!(models, [(0, 1), (1, 1), (2, 1)]);
}

#[test]
fn predictions_of_the_alphafold_database_have_plddt() {
    let text = atom_site(ROW)
        + "loop_ _ma_qa_metric.id _ma_qa_metric.mode _ma_qa_metric.name _ma_qa_metric.type 1 global pLDDT pLDDT 2 local pLDDT pLDDT\n";
    let read = parse(text).unwrap();
    assert_eq!(read.b_factor, BFactor::Plddt);
    assert_eq!(read.plddt(0).unwrap(), [20.0]);
}

#[test]
fn values_and_tags_out_of_place_are_errors() {
    assert!(matches!(
        fault("data_x\nstray\n").0,
        Reason::StrayValue { .. }
    ));
    assert!(matches!(
        fault("data_x\n_a.b\n_c.d 1\n").0,
        Reason::TagWithoutValue { .. }
    ));
    assert!(matches!(fault("data_x\n_a.b 1\n").0, Reason::NoAtoms));
}
