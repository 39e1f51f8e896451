//! The text of a chain, word for word as the study of alignment between language models and structures has it.

use molglot_bio::summary::{Fields, SENTENCES, chain_summary, stated_length};
use molglot_bio::{Structure, fasta};
use proptest::prelude::*;

use crate::{atom, atom_site, parse};

const WHOLE: &str = "The protein structure 1ABC has a sequence length of: 3 amino acids. Here is more information: \
The protein structure 1ABC involves the following chains: Chain A. The protein is named UBIQUITIN. It was derived from the \
organism Homo sapiens (9606).";

fn of_header(header: &str) -> String {
    let file = format!(">{header}\nMQI\n");
    let record = fasta::read(file.as_bytes()).next().unwrap().unwrap();
    Fields::of_rcsb_record(&record).text()
}

#[test]
fn one_record_gives_the_text_of_the_study() {
    let header = "1ABC_1|Chain A|UBIQUITIN|Homo sapiens (9606)";
    assert_eq!(of_header(header), WHOLE);
    let copies =
        of_header("4HHB_1|Chains A, C[auth X]|Hemoglobin subunit alpha|Homo sapiens (9606)");
    assert!(copies.contains(
        "following chains: Chains A, C[auth X]. The protein is named Hemoglobin subunit alpha."
    ));
}

#[test]
fn parts_that_a_header_lacks_drop_their_sentences() {
    assert_eq!(
        of_header("1ABC_1|Chain A||"),
        "The protein structure 1ABC has a sequence length of: 3 amino acids. Here is more information: The protein \
         structure 1ABC involves the following chains: Chain A."
    );
    let bare = "The protein structure P1 has a sequence length of: 3 amino acids.";
    assert_eq!(of_header("P1"), bare);
    assert_eq!(of_header("P1|||"), bare);
}

fn pdb(header: &str) -> Structure {
    let chain = |id| atom("ATOM", " CA ", ' ', "GLY", id, "1", 1.0);
    parse(header.to_owned() + &chain('A') + "TER\n" + &chain('B') + "TER\n" + &chain('C')).unwrap()
}

const MOLECULES: &str = "\
HEADER    HYDROLASE                               01-JAN-00   1ABC
TITLE     A TITLE THAT IS NOT ASKED FOR
COMPND    MOL_ID: 1; MOLECULE: FIRST PROTEIN; CHAIN: A, C;
COMPND   2 MOL_ID: 2; MOLECULE: SECOND PROTEIN; CHAIN: B
SOURCE    MOL_ID: 1; ORGANISM_SCIENTIFIC: HOMO SAPIENS;
SOURCE   2 MOL_ID: 2; ORGANISM_SCIENTIFIC: MUS MUSCULUS
SEQRES   1 A    4  MET GLY SER ALA
SEQRES   1 B    2  GLY SER
SEQRES   1 C    4  MET GLY SER ALA
";

#[test]
fn a_chain_is_told_with_its_copies_and_its_whole_sequence() {
    let structure = pdb(MOLECULES);
    let first = "The protein structure 1ABC has a sequence length of: 4 amino acids. Here is more information: The \
                 protein structure 1ABC involves the following chains: Chains A, C. The protein is named FIRST PROTEIN. \
                 It was derived from the organism HOMO SAPIENS.";
    assert_eq!(chain_summary(&structure, 0), first);
    assert_eq!(chain_summary(&structure, 2), first);
    let second = chain_summary(&structure, 1);
    assert!(
        second.contains("of: 2 amino acids.")
            && second.contains("Chain B. The protein is named SECOND")
    );
}

#[test]
fn a_file_without_a_header_has_a_length_and_chains_only() {
    let structure = pdb("");
    assert_eq!(
        chain_summary(&structure, 1),
        "The protein structure test has a sequence length of: 1 amino acids. Here is more information: The protein \
         structure test involves the following chains: Chain B."
    );
    let nameless = Structure {
        id: String::new(),
        ..structure
    };
    assert!(
        chain_summary(&nameless, 0)
            .starts_with("The protein structure has a sequence length of: 1 amino")
    );
}

#[test]
fn chains_that_mmcif_names_otherwise_have_both_names() {
    let text = atom_site("ATOM 1 C CA . GLY A 1 1 ? 1.0 2.0 3.0 1.0 20.0 5 H 1")
        + "_entry.id 2XYZ\nloop_ _entity.id _entity.type _entity.pdbx_description 1 polymer 'Some {id} protein'\n\
           _entity_poly.entity_id 1 _entity_poly.type polypeptide(L)\n\
           _entity_src_gen.entity_id 1 _entity_src_gen.pdbx_gene_src_scientific_name 'Mus musculus'\n";
    assert_eq!(
        chain_summary(&parse(text).unwrap(), 0),
        "The protein structure 2XYZ has a sequence length of: 1 amino acids. Here is more information: The protein \
         structure 2XYZ involves the following chains: Chain A[auth H]. The protein is named Some {id} protein. It was \
         derived from the organism Mus musculus."
    );
}

#[test]
fn the_length_is_read_back_from_any_text() {
    assert_eq!(stated_length(WHOLE), Some(3));
    assert_eq!(
        stated_length("A length of: many, a length of: 12 amino acids and more"),
        Some(12)
    );
    for none in [
        "",
        "length of: 12 residues",
        "length of:  amino acids",
        "length of: 12",
    ] {
        assert_eq!(stated_length(none), None, "{none}");
    }
    assert_eq!(
        stated_length(&format!("length of: {}0 amino acids", u64::MAX)),
        None
    );
}

proptest! {
    #[test]
    fn any_fields_make_clean_text_that_states_its_length(
        id in "[0-9A-Z]{0,4}",
        length in any::<usize>(),
        texts in prop::array::uniform3("|[A-Za-z(]([ -~]{0,20}[a-z)])?"),
    ) {
        let [chains, name, organism] = texts;
        let fields = Fields { id, length, chains, name, organism };
        let text = fields.text();
        prop_assert_eq!(stated_length(&text), Some(length));
        prop_assert!(text.starts_with("The protein structure") && text.ends_with('.') && text.trim() == text);
        let known = [&fields.chains, &fields.name, &fields.organism].iter().filter(|field| !field.is_empty()).count();
        let sentences = SENTENCES.iter().filter(|sentence| text.contains(sentence.split(" {").next().unwrap()));
        // The first and the third begin alike.
        prop_assert!(sentences.count() >= known + usize::from(known > 0) && text.contains("Here is") == (known > 0));
    }
}
