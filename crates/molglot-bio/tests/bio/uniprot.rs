//! UniProt text: entries, their errors, and the corpus.

use molglot_bio::uniprot::{self, Entry, UniprotReason};
use proptest::prelude::*;

use crate::corpus;

const ENTRY: &str = "\
ID   TEST_HUMAN              Reviewed;           9 AA.
AC   P00001; Q00002;
AC   Q00003;
DE   RecName: Full=Test protein {ECO:0000305};
DE            Short=TP;
DE   AltName: Full=Other name;
OS   Homo sapiens
OS   (Human).
CC   -!- FUNCTION: Binds 4,2',4'-
CC       tetrahydroxychalcone {ECO:0000269|PubMed:1,
CC       ECO:0000269|PubMed:2}. And more.
CC   -!- SUBCELLULAR LOCATION: Cell membrane {ECO:0000250}; Note=Also
CC       outside.
CC   -!- FUNCTION: [Isoform 2]: Nothing.
CC   -----------------------------------------------------------------------
CC   Copyrighted by somebody
CC   -----------------------------------------------------------------------
SQ   SEQUENCE   9 AA;  1000 MW;  0000000000000000 CRC64;
     MKTAYIAKQ
//
";

fn entries(text: &str) -> Vec<Result<Entry, uniprot::UniprotError>> {
    uniprot::read(text.as_bytes()).collect()
}

#[test]
fn an_entry_is_names_texts_and_sequence() {
    let entry = entries(ENTRY).remove(0).unwrap();
    assert_eq!(entry.name, "TEST_HUMAN");
    assert!(entry.reviewed);
    assert_eq!(entry.accessions, ["P00001", "Q00002", "Q00003"]);
    assert_eq!(entry.description, "Test protein");
    assert_eq!(entry.organism, "Homo sapiens (Human)");
    assert_eq!(
        entry.function(),
        "Binds 4,2',4'-tetrahydroxychalcone. And more. [Isoform 2]: Nothing."
    );
    assert_eq!(entry.location(), "Cell membrane; Note=Also outside.");
    assert_eq!(entry.sequence.as_str(), "MKTAYIAKQ");
    assert_eq!(entry.comments.len(), 3);
}

#[test]
fn a_bad_entry_has_its_line_and_the_next_one_is_read() {
    let cases = [
        (
            "AYIAKQ",
            "AYI-KQ",
            "line 18 (TEST_HUMAN): '-' at position 7",
        ),
        (
            "           9 AA",
            "          12 AA",
            "line 1 (TEST_HUMAN): the ID line promises 12 residues, but there are 9",
        ),
        (
            "     MKTAYIAKQ\n",
            "",
            "line 18 (TEST_HUMAN): the sequence is empty",
        ),
        (
            "AC   P00001; Q00002;\nAC   Q00003;\n",
            "",
            "line 1 (TEST_HUMAN): the entry has no AC line",
        ),
    ];
    for (good, bad, message) in cases {
        let text = format!("{}\n{ENTRY}", ENTRY.replace(good, bad));
        let found = entries(&text);
        let error = found[0].as_ref().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("UniProt entry 1 at {message}")),
            "{error}"
        );
        assert_eq!(found[1].as_ref().unwrap().name, "TEST_HUMAN");
    }
}

#[test]
fn what_is_cut_off_or_no_entry_is_an_error() {
    let cut = entries(&ENTRY[..ENTRY.len() - 3]);
    assert!(matches!(
        cut[0].as_ref().unwrap_err().reason,
        UniprotReason::NoEnd
    ));
    let other = entries(">P00001\nMKT\n//\n");
    assert_eq!(other.len(), 1);
    assert!(matches!(
        other[0].as_ref().unwrap_err().reason,
        UniprotReason::NoId
    ));
    assert!(entries(" \n\n").is_empty());
    let windows = entries(&ENTRY.replace('\n', "\r\n"));
    assert_eq!(
        windows[0].as_ref().unwrap(),
        entries(ENTRY)[0].as_ref().unwrap()
    );
    let latin = [
        ENTRY.as_bytes(),
        &ENTRY.replace("Other", "\u{1}").into_bytes(),
    ]
    .concat();
    let latin: Vec<u8> = latin
        .into_iter()
        .map(|byte| if byte == 1 { 0xe9 } else { byte })
        .collect();
    let found: Vec<_> = uniprot::read(&latin[..]).collect();
    assert!(found[0].is_ok());
    assert!(matches!(
        found[1].as_ref().unwrap_err().reason,
        UniprotReason::NotUtf8
    ));
}

#[test]
fn every_entry_of_the_corpus_is_read() {
    let Some(root) = corpus("uniprot") else {
        return;
    };
    let mut count = 0;
    for file in std::fs::read_dir(root).unwrap() {
        let path = file.unwrap().path();
        for entry in uniprot::read(std::fs::File::open(&path).unwrap()) {
            let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(
                !entry.description.is_empty() && !entry.organism.is_empty(),
                "{}",
                entry.name
            );
            assert!(
                entry
                    .comments
                    .iter()
                    .all(|(_, text)| !text.contains("ECO:") && !text.contains("Copyright"))
            );
            count += 1;
        }
    }
    assert_eq!(count, 30);
}

proptest! {
    #[test]
    fn text_near_uniprot_is_read_without_a_panic(
        at in 0..ENTRY.len(), bytes in prop::collection::vec(any::<u8>(), 0..8), cut in 0..ENTRY.len()
    ) {
        let mut text = ENTRY.as_bytes().to_vec();
        text.splice(at..(at + bytes.len() / 2).min(ENTRY.len()), bytes);
        text.extend(&ENTRY.as_bytes()[cut..]);
        prop_assert!(uniprot::read(&text[..]).count() < 50);
    }
}
