use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use molglot_bio::fasta::{FastaError, Reason, Record, read};
use molglot_bio::{ALPHABET, Sequence, SequenceError};
use proptest::prelude::*;

fn read_all(input: impl AsRef<[u8]>) -> Vec<Result<Record, FastaError>> {
    read(input.as_ref()).collect()
}

fn record(id: &str, description: Option<&str>, sequence: &str) -> Record {
    Record {
        id: id.to_owned(),
        description: description.map(str::to_owned),
        sequence: Sequence::parse(sequence).unwrap(),
    }
}

/// What the records are, or, where one is bad, what its error says.
fn outline(input: impl AsRef<[u8]>) -> Vec<String> {
    read_all(input)
        .into_iter()
        .map(|item| match item {
            Ok(record) => format!("{} {}", record.id, record.sequence),
            Err(error) => error.to_string(),
        })
        .collect()
}

/// Gives one byte per read and is interrupted before each, as a slow pipe may.
struct Trickle<'a> {
    bytes: &'a [u8],
    interrupt: bool,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let amount = buffer.len().min(1);
        self.bytes.read(&mut buffer[..amount])
    }
}

#[test]
fn header_and_wrapped_sequence() {
    let records = read_all(">sp|P1|A_B first protein OS=X\nMKV\nLAA\n>two\nGGC*\n");
    let records: Vec<_> = records.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        records,
        [
            record("sp|P1|A_B", Some("first protein OS=X"), "MKVLAA"),
            record("two", None, "GGC")
        ]
    );
}

#[test]
fn windows_newlines_lower_case_blank_lines_and_no_last_newline() {
    let input = "\u{feff}\r\n>a  x y \r\nmk\r\n\r\nv l\r\n>b\r\naa*";
    let records: Vec<_> = read_all(input).into_iter().map(Result::unwrap).collect();
    assert_eq!(
        records,
        [record("a", Some("x y"), "MKVL"), record("b", None, "AA")]
    );
}

#[test]
fn a_bad_record_is_named_and_the_next_one_read() {
    let input = ">a\nMK\n>empty of it\n>b\nM1\n>\nMK\n>stop\nM*K\n> spaced\nMK\n>z\nMV\n";
    assert_eq!(
        outline(input),
        [
            "a MK",
            "FASTA record 2 at line 3 (empty): the sequence is empty",
            "FASTA record 3 at line 4 (b): '1' at position 2 is no amino-acid letter (one of ACDEFGHIKLMNPQRSTVWYUOBZJX)",
            "FASTA record 4 at line 6: the header has no id after '>'",
            "FASTA record 5 at line 8 (stop): stop '*' at position 2 is not at the end of the sequence",
            "FASTA record 6 at line 10: the header has no id after '>'",
            "z MV",
        ]
    );
}

/// `bio`'s own iterator ends here without a word, and the records behind are lost.
#[test]
fn a_bare_header_does_not_end_the_file() {
    assert_eq!(
        outline(">\n>b\nMK\n"),
        [
            "FASTA record 1 at line 1: the header has no id after '>'",
            "b MK"
        ]
    );
}

#[test]
fn a_record_that_is_not_utf8_does_not_hide_the_next_one() {
    let items = read_all(b">a\nMK\n\xff\nMK\n>b \xff\nMK\n>c\nMV\n");
    let summary: Vec<_> = items
        .iter()
        .map(|item| match item {
            Ok(record) => (None, Some(record.id.as_str()), true),
            Err(error) => (
                Some(error.line),
                error.id.as_deref(),
                matches!(error.reason, Reason::NotUtf8),
            ),
        })
        .collect();
    assert_eq!(
        summary,
        [
            (Some(1), Some("a"), true),
            (Some(5), None, true),
            (None, Some("c"), true)
        ]
    );
}

#[test]
fn text_that_is_not_fasta_is_one_error() {
    let items = read_all("\n\nMKV\n>a\nMK\n");
    assert_eq!(items.len(), 1);
    let error = items[0].as_ref().unwrap_err();
    assert!(matches!(error.reason, Reason::NoHeader));
    assert_eq!((error.record, error.line), (1, 3));
}

#[test]
fn an_empty_input_has_no_records() {
    for input in ["", "\n \r\n", "\u{feff}"] {
        assert!(read_all(input).is_empty(), "{input:?}");
    }
}

#[test]
fn a_failing_reader_ends_after_its_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let items: Vec<_> = read(b">a\nMK\n>b\nM".chain(Broken)).collect();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0].as_ref().unwrap().id, "a");
    assert_eq!(
        items[1].as_ref().unwrap_err().to_string(),
        "FASTA record 2 at line 3 (b): the disk is gone"
    );
}

/// Eight Swiss-Prot records; the lengths were counted with awk.
#[test]
fn swiss_prot_records() {
    let Some(root) = std::env::var_os("MOLGLOT_CORPORA") else {
        eprintln!("skipped: MOLGLOT_CORPORA is not set");
        return;
    };
    let file = File::open(Path::new(&root).join("sequences/multi_ex.fasta")).unwrap();
    let records: Vec<_> = read(file).map(Result::unwrap).collect();
    let lengths: Vec<_> = records
        .iter()
        .map(|r| (r.id.as_str(), r.sequence.as_str().len()))
        .collect();
    assert_eq!(
        lengths,
        [
            ("sp|P00750|TPA_HUMAN", 562),
            ("sp|P56540|CBBQ_CHRVI", 74),
            ("sp|Q51858|CBBQ_PSEHY", 267),
            ("sp|Q51481|NIRQ_PSEAE", 260),
            ("sp|Q8NE62|CHDH_HUMAN", 594),
            ("sp|P00981|IVBKI_DENPO", 79),
            ("sp|P28799|GRN_HUMAN", 593),
            ("sp|Q01436|CEF_BPT4", 71),
        ]
    );
    assert!(
        records[0]
            .description
            .as_deref()
            .unwrap()
            .starts_with("Tissue-type plasminogen activator OS=Homo sapiens")
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        // Each record starts with its own '>', so there can be no more items than bytes.
        prop_assert!(read_all(&bytes).len() <= bytes.len());
    }

    #[test]
    fn text_near_fasta_is_read_without_a_panic(text in "[>\\r\\n aMK*1\u{feff}\u{e9}]{0,120}") {
        // Every header yields one item, good or bad; none is lost.
        let items = read_all(&text);
        let body = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{feff}');
        let headers = body.split('\n').filter(|line| line.starts_with('>')).count();
        let expected = if body.starts_with('>') { headers } else { usize::from(!body.is_empty()) };
        prop_assert_eq!(items.len(), expected);
    }

    #[test]
    fn how_the_bytes_arrive_makes_no_difference(text in "[>\\r\\n aMK*1\u{feff}\u{e9}]{0,120}") {
        let trickled: Vec<_> = read(Trickle { bytes: text.as_bytes(), interrupt: false }).collect();
        prop_assert_eq!(format!("{trickled:?}"), format!("{:?}", read_all(&text)));
    }

    #[test]
    fn written_records_are_read_back(
        proteins in prop::collection::vec(("[!-~&&[^>]][!-~]{0,10}", "[ACDEFGHIKLMNPQRSTVWYUOBZJX]{1,80}"), 0..6),
        width in 1_usize..20,
        newline in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let mut text = String::new();
        for (id, letters) in &proteins {
            text.push_str(&format!(">{id} of {id}{newline}"));
            for chunk in letters.as_bytes().chunks(width) {
                text.push_str(std::str::from_utf8(chunk).unwrap());
                text.push_str(newline);
            }
        }
        let records: Vec<_> = read_all(&text).into_iter().map(Result::unwrap).collect();
        let expected: Vec<_> = proteins.iter().map(|(id, s)| record(id, Some(&format!("of {id}")), s)).collect();
        prop_assert_eq!(records, expected);
    }

    #[test]
    fn a_sequence_is_stable_and_an_error_points_at_its_letter(text in "\\PC{0,40}") {
        match Sequence::parse(&text) {
            Ok(sequence) => {
                prop_assert!(sequence.as_str().chars().all(|c| ALPHABET.contains(c)));
                prop_assert_eq!(Sequence::parse(sequence.as_str()), Ok(sequence));
            }
            Err(SequenceError::Letter { position, letter }) => {
                prop_assert_eq!(text.chars().filter(|c| !c.is_whitespace()).nth(position - 1), Some(letter));
            }
            Err(_) => {}
        }
    }
}
