//! Molfiles and SD files: read as RDKit reads them, written so that the same molecule is read back.

use std::fmt::Write;
use std::fs;
use std::io::Cursor;

use molglot_chem::molfile::{
    Dimension, Format, MolfileErrorKind, Options, QueryFeature, Record, SdfError, SdfErrorKind,
    SdfReader, WriteError, read, read_with, write, write_as,
};
use molglot_chem::{BondStereo, Chirality, Molecule, sdf};

use crate::support::{Random, data_file, molecule};

const RECORDS: &str = include_str!("../../../../fixtures/molfile/records.sdf");
const EXPECTED: &str = include_str!("../../../../fixtures/molfile/expected.tsv");
const MOLECULES: &str = include_str!("../../../../fixtures/molecules/molecules.tsv");

/// An ethanol whose oxygen is at a place of its own.
const ETHANOL: &str = "ethanol\n  program\ncomment\n  3  2  0  0  0  0            999 V2000
   -1.3000    0.7500    0.0000 C   0  0
    0.0000    0.0000    0.0000 C   0  0
    1.3000    0.7500    0.0000 O   0  0
  1  2  1  0
  2  3  1  0
M  END
> <boiling point>
78.2

$$$$
";

fn atoms(molecule: &Molecule) -> String {
    let atom = |atom: &molglot_chem::Atom| {
        let tag = match atom.chirality {
            Chirality::Unspecified => "-".to_owned(),
            Chirality::Clockwise => "@@".to_owned(),
            Chirality::CounterClockwise => "@".to_owned(),
            Chirality::SquarePlanar(number) => format!("SP{number}"),
            Chirality::TrigonalBipyramidal(number) => format!("TB{number}"),
            Chirality::Octahedral(number) => format!("OH{number}"),
        };
        format!(
            "{}:{}:{}:{}:{}:{tag}:{}",
            atom.atomic_number,
            atom.isotope.unwrap_or(0),
            atom.charge,
            atom.total_hydrogens,
            atom.radical_electrons,
            atom.map.unwrap_or(0)
        )
    };
    molecule
        .atoms()
        .iter()
        .map(atom)
        .collect::<Vec<_>>()
        .join(" ")
}

fn bonds(molecule: &Molecule) -> String {
    let bond = |bond: &molglot_chem::Bond| {
        format!(
            "{}-{}:{:?}:{:?}",
            bond.begin, bond.end, bond.order, bond.stereo
        )
    };
    molecule
        .bonds()
        .iter()
        .map(bond)
        .collect::<Vec<_>>()
        .join(" ")
}

/// What two readings of a molecule have in common, whichever end of a bond is written first. An
/// unknown geometry may come back as none where none is possible.
fn essence(molecule: &Molecule) -> (String, Vec<String>) {
    let bond = |bond: &molglot_chem::Bond| {
        let stereo = match bond.stereo {
            BondStereo::Any => BondStereo::None,
            known => known,
        };
        let ends = if bond.order == molglot_chem::BondOrder::Dative {
            (bond.begin, bond.end)
        } else {
            (bond.begin.min(bond.end), bond.begin.max(bond.end))
        };
        format!("{ends:?} {:?} {stereo:?}", bond.order)
    };
    (atoms(molecule), molecule.bonds().iter().map(bond).collect())
}

fn records(text: &[u8]) -> Vec<Result<Record, SdfError>> {
    SdfReader::new(text).collect()
}

#[test]
fn every_record_is_read_as_rdkit_reads_it() {
    let mut compared = 0;
    for (record, row) in records(RECORDS.as_bytes()).iter().zip(EXPECTED.lines()) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [number, name, kind, expected_atoms, expected_bonds] = columns[..] else {
            panic!("{row}");
        };
        match (kind, record) {
            ("query", Err(error)) => assert!(
                matches!(
                    &error.kind,
                    SdfErrorKind::Molfile(MolfileErrorKind::Query(_))
                ),
                "{row}: {error}"
            ),
            ("refused", Err(_)) => {}
            (_, Ok(record)) => {
                assert_eq!(record.name, name);
                assert_eq!(record.data, [("number".to_owned(), number.to_owned())]);
                let dimension = format!("{:?}", record.dimension).to_lowercase();
                assert_eq!(dimension, kind, "{name}");
                assert_eq!(atoms(&record.molecule), expected_atoms, "{name}");
                assert_eq!(bonds(&record.molecule), expected_bonds, "{name}");
            }
            (_, Err(error)) => panic!("{row}: {error}"),
        }
        compared += 1;
    }
    assert_eq!(compared, EXPECTED.lines().count());
    assert!(compared >= 100, "only {compared} records");
}

#[test]
fn what_is_written_is_read_as_the_same_molecule() {
    for record in records(RECORDS.as_bytes()).into_iter().flatten() {
        for format in [Format::V2000, Format::V3000] {
            let text = match write_as(&record, format) {
                Ok(text) => text,
                Err(error) => panic!("{}: {error}", record.name),
            };
            let options = Options {
                keep_hydrogens: true,
            };
            let again = read_with(&text, options).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(
                essence(&again.molecule),
                essence(&record.molecule),
                "{text}"
            );
            assert_eq!(again.name, record.name);
            let Some(places) = &record.coordinates else {
                continue;
            };
            assert_eq!(again.dimension, record.dimension, "{text}");
            let precision = if format == Format::V2000 { 5.1e-5 } else { 0.0 };
            for (written, read) in places.iter().zip(again.coordinates.as_ref().unwrap()) {
                for (a, b) in written.iter().zip(read) {
                    assert!((a - b).abs() <= precision, "{}: {a} {b}", record.name);
                }
            }
        }
    }
}

#[test]
fn every_molecule_is_drawn_as_itself() {
    let (mut drawn, mut stereo) = (0, 0);
    for row in MOLECULES.lines().skip(1) {
        let smiles = row.split('\t').nth(2).unwrap();
        let record = Record::new(molecule(smiles));
        let text = match write(&record) {
            Ok(text) => text,
            // A flat drawing cannot show the arrangement around a metal.
            Err(WriteError::Atom { atom })
                if !matches!(
                    record.molecule.atoms()[atom].chirality,
                    Chirality::Unspecified | Chirality::Clockwise | Chirality::CounterClockwise
                ) =>
            {
                continue;
            }
            Err(error) => panic!("{smiles}: {error}"),
        };
        let options = Options {
            keep_hydrogens: true,
        };
        let again = read_with(&text, options).unwrap_or_else(|error| panic!("{smiles}: {error}"));
        assert_eq!(
            essence(&again.molecule),
            essence(&record.molecule),
            "{smiles}\n{text}"
        );
        drawn += 1;
        stereo += usize::from(smiles.contains(['@', '/', '\\']));
    }
    assert!(
        drawn >= 1200 && stereo >= 250,
        "{drawn} drawn, {stereo} with stereo"
    );
}

#[test]
fn conformers_of_the_corpora_are_read_and_written() {
    let mut counts = Vec::new();
    for file in [
        "chebi20_validation_3d.sdf.gz",
        "pubchem_bulk.sdf",
        "egfr.sdf",
    ] {
        let Some(path) = data_file("MOLGLOT_CORPORA", &format!("conformers/{file}")) else {
            return;
        };
        let mut count = 0;
        for record in sdf::open(path).unwrap() {
            let record = record.unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(
                record.dimension,
                Dimension::Solid,
                "{file}: {}",
                record.name
            );
            let text = write(&record).unwrap_or_else(|error| panic!("{file}: {error}"));
            let again = read(&text).unwrap();
            assert_eq!(
                essence(&again.molecule),
                essence(&record.molecule),
                "{file}: {}",
                record.name
            );
            count += 1;
        }
        counts.push(count);
    }
    assert_eq!(counts, [1000, 101, 365]);
}

#[test]
fn a_conformer_keeps_its_hydrogens_on_request() {
    let Some(path) = data_file("MOLGLOT_CORPORA", "conformers/chebi20_validation_3d.sdf.gz") else {
        return;
    };
    let folded = sdf::open(&path).unwrap().map(Result::unwrap);
    let kept = sdf::open(&path)
        .unwrap()
        .options(Options {
            keep_hydrogens: true,
        })
        .map(Result::unwrap);
    for (folded, kept) in folded.zip(kept).take(200) {
        assert_eq!(folded.molecule.formula(), kept.molecule.formula());
        let heavy: Vec<[f32; 3]> = kept
            .molecule
            .atoms()
            .iter()
            .zip(kept.coordinates.unwrap())
            .filter(|(atom, _)| atom.atomic_number != 1 || atom.isotope.is_some())
            .map(|(_, place)| place)
            .collect();
        let places = folded.coordinates.unwrap();
        assert!(heavy.iter().all(|place| places.contains(place)));
        assert!(
            kept.molecule
                .atoms()
                .iter()
                .all(|atom| atom.total_hydrogens == 0)
        );
    }
}

#[test]
fn line_ends_and_ends_of_files_do_not_matter() {
    let expected = read(ETHANOL).unwrap();
    assert_eq!(expected.comment, "comment");
    assert_eq!(
        expected.data,
        [("boiling point".to_owned(), "78.2".to_owned())]
    );
    let variants = [
        ETHANOL.replace('\n', "\r\n"),
        ETHANOL.replace("$$$$\n", ""),
        ETHANOL.trim_end().to_owned(),
        format!("{ETHANOL}\n  \n"),
    ];
    for text in variants {
        let found = records(text.as_bytes());
        assert_eq!(found.len(), 1, "{text:?}");
        assert_eq!(found[0].as_ref().unwrap(), &expected, "{text:?}");
    }
}

#[test]
fn titles_and_data_may_be_latin_1() {
    let mut text = ETHANOL.replace("ethanol", "\u{c4}thanol").into_bytes();
    assert_eq!(read(&text).unwrap().name, "Äthanol");
    text = ETHANOL.replace("ethanol", "Xthanol").into_bytes();
    text[0] = 0xc4;
    assert_eq!(read(&text).unwrap().name, "Äthanol");
}

#[test]
fn a_broken_record_is_an_error_and_the_next_one_is_read() {
    let broken = ETHANOL.replace("O   0  0", "Xx  0  0");
    let text = format!("{ETHANOL}{broken}{ETHANOL}\n$$$$\n{ETHANOL}");
    let found = records(text.as_bytes());
    assert_eq!(found.len(), 5);
    let error = found[1].as_ref().unwrap_err();
    assert_eq!((error.record, error.line), (2, 14 + 7));
    assert_eq!(
        error.to_string(),
        "record 2, line 21: no element has the symbol 'Xx'"
    );
    let blank = found[3].as_ref().unwrap_err();
    assert!(matches!(
        blank.kind,
        SdfErrorKind::Molfile(MolfileErrorKind::Empty)
    ));
    assert!([0, 2, 4].iter().all(|&at| found[at].is_ok()));
}

#[test]
fn data_values_keep_their_lines() {
    let text = ETHANOL.replace("78.2\n", "78.2\n \n> <no item>\n");
    let record = read(&text).unwrap();
    assert_eq!(
        record.data,
        [(
            "boiling point".to_owned(),
            "78.2\n \n> <no item>".to_owned()
        )]
    );
    let mut out = Vec::new();
    sdf::write(&mut out, &record).unwrap();
    assert_eq!(records(&out)[0].as_ref().unwrap().data, record.data);
    let stray = ETHANOL.replace("78.2\n", "78.2\n\nstray\n");
    let error = read(&stray).unwrap_err();
    assert_eq!((error.line, error.kind), (14, MolfileErrorKind::StrayData));
}

#[test]
fn data_that_cannot_be_written_is_refused() {
    let mut record = read(ETHANOL).unwrap();
    for (name, value) in [
        ("a>", "b"),
        ("a", "b\n\nc"),
        ("a", "b\n$$$$"),
        ("a\n", "b"),
        ("a", "b\r"),
    ] {
        record.data = vec![(name.to_owned(), value.to_owned())];
        assert!(
            sdf::write(&mut Vec::new(), &record).is_err(),
            "{name:?} {value:?}"
        );
    }
    record.name = "two\nlines".to_owned();
    assert_eq!(write(&record), Err(WriteError::Title));
}

#[test]
fn compressed_files_are_known_by_their_content() {
    let folder = std::env::temp_dir().join(format!("molglot-sdf-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("records.sdf");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, ETHANOL.as_bytes()).unwrap();
    let mut members = gzip.finish().unwrap();
    members.extend_from_within(..);
    for (content, count) in [(ETHANOL.as_bytes().to_vec(), 1), (members.clone(), 2)] {
        fs::write(&path, content).unwrap();
        assert_eq!(
            sdf::open(&path).unwrap().filter(Result::is_ok).count(),
            count
        );
    }
    members.truncate(members.len() - 20);
    fs::write(&path, members).unwrap();
    let found: Vec<_> = sdf::open(&path).unwrap().collect();
    assert!(matches!(
        found.last().unwrap().as_ref().unwrap_err().kind,
        SdfErrorKind::Io(_)
    ));
    fs::remove_dir_all(&folder).unwrap();
    assert!(sdf::open(folder.join("none")).is_err());
}

#[test]
fn memory_is_bounded() {
    let long = format!("{}\n{ETHANOL}", "x".repeat(sdf::MAX_LINE + 1));
    let found = records(format!("{long}{ETHANOL}").as_bytes());
    assert_eq!(found.len(), 2);
    let error = found[0].as_ref().unwrap_err();
    assert!(matches!(error.kind, SdfErrorKind::LineTooLong));
    assert_eq!((error.record, error.line), (1, 1));
    assert!(found[1].is_ok());

    let line = "y".repeat(1 << 16) + "\n";
    let large = line.repeat(sdf::MAX_RECORD / line.len() + 1) + "$$$$\n" + ETHANOL;
    let found = records(large.as_bytes());
    assert!(matches!(
        found[0].as_ref().unwrap_err().kind,
        SdfErrorKind::RecordTooLong
    ));
    assert!(found[1].is_ok());
}

#[test]
fn an_announced_count_takes_no_memory() {
    let text = "\n\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\nM  V30 COUNTS 999999 999999999 0 0 0\n";
    assert_eq!(read(text).unwrap_err().kind, MolfileErrorKind::Truncated);
    let text = text.replace("COUNTS 999999 ", "COUNTS 99999999 ");
    assert_eq!(read(text).unwrap_err().kind, MolfileErrorKind::TooManyAtoms);
}

#[test]
fn queries_are_named() {
    let query = |text: &str, feature| {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind, MolfileErrorKind::Query(feature), "{text}");
    };
    query(&ETHANOL.replace(" O  ", " Q  "), QueryFeature::AtomClass);
    query(&ETHANOL.replace(" O  ", " ARY"), QueryFeature::GenericGroup);
    query(
        &ETHANOL.replace("2  3  1", "2  3  6"),
        QueryFeature::BondType,
    );
    for (line, feature) in [
        ("M  RBC  1   1   2", QueryFeature::RingBondCount),
        ("M  UNS  1   1   1", QueryFeature::Unsaturation),
        ("M  LIN  1   1   4   2   3", QueryFeature::LinkNode),
        ("M  MRV SMA   1 [#6]", QueryFeature::Smarts),
        ("  1 F    2   7   8", QueryFeature::AtomList),
    ] {
        query(
            &ETHANOL.replace("M  END", &format!("{line}\nM  END")),
            feature,
        );
    }
}

#[test]
fn large_molecules_are_written_as_v3000() {
    let chain = Record::new(molecule(&"C".repeat(1000)));
    let text = write(&chain).unwrap();
    assert!(text.lines().nth(3).unwrap().ends_with("V3000"));
    assert_eq!(read(&text).unwrap().molecule.atoms().len(), 1000);
    assert_eq!(write_as(&chain, Format::V2000), Err(WriteError::TooLarge));
}

#[test]
fn coordinates_have_to_fit_the_molecule() {
    let mut record = read(ETHANOL).unwrap();
    record.coordinates = Some(vec![[0.0; 3]; 2]);
    assert_eq!(
        write(&record),
        Err(WriteError::Places {
            places: 2,
            atoms: 3
        })
    );
    record.coordinates = Some(vec![[0.0, f32::NAN, 0.0]; 3]);
    assert_eq!(write(&record), Err(WriteError::Coordinate { atom: 0 }));
    let mut chiral = Record::new(molecule("F[C@H](Cl)Br"));
    chiral.coordinates = Some(vec![[0.0; 3]; 4]);
    assert_eq!(write(&chiral), Err(WriteError::Atom { atom: 1 }));
    let mut ene = Record::new(molecule("F/C=C/F"));
    let cis = [[-0.7, 1.0, 0.0], [0.0; 3], [1.4, 0.0, 0.0], [2.1, 1.0, 0.0]];
    ene.coordinates = Some(cis.to_vec());
    assert_eq!(write(&ene), Err(WriteError::DoubleBond { bond: 1 }));
}

#[test]
fn what_is_unknown_stays_unknown() {
    let solid = "\n  x                 3D\n\n  5  4  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 C   0  0
    0.0000    0.0000    1.4000 F   0  0
    1.6000    0.0000   -0.6000 Cl  0  0
   -0.9000    1.5000   -0.6000 Br  0  0
   -0.9000   -0.9000   -0.4000 H   0  0
  1  2  1  0
  1  3  1  0
  1  4  1  0
  1  5  1  0
M  END
";
    let known = read(solid).unwrap();
    assert_ne!(known.molecule.atoms()[0].chirality, Chirality::Unspecified);
    let unknown = Record {
        molecule: molecule("C(F)(Cl)Br"),
        ..known
    };
    let text = write(&unknown).unwrap();
    assert_eq!(
        read(&text).unwrap().molecule.atoms()[0].chirality,
        Chirality::Unspecified,
        "{text}"
    );
    let text = write(&Record::new(molecule("FC=CF"))).unwrap();
    assert_eq!(
        read(&text).unwrap().molecule.bonds()[1].stereo,
        BondStereo::Any
    );
}

/// Changes bytes, doubles and drops lines, and puts words of the format where they do not belong.
fn mutate(text: &mut Vec<u8>, random: &mut Random) {
    const WORDS: [&str; 18] = [
        "999",
        "-1",
        "0",
        "  4",
        "M  CHG  8",
        "M  ISO  1   1-999",
        "M  RAD  1   1   9",
        "M  END\n",
        "$$$$\n",
        "> <x>\n",
        "CFG=1",
        "VAL=-1",
        "M  V30 ",
        "(3 1 2 3)",
        " NaN ",
        "1e308",
        "\r\n",
        "\u{e4}",
    ];
    for _ in 0..1 + random.below(2) {
        let at = random
            .below(text.len() + 1)
            .min(text.len().saturating_sub(1));
        match random.below(9) {
            0..4 if matches!(text[at], b' ' | b'0'..=b'9') => {
                text[at] = b" 0123456789"[random.below(11)];
            }
            0..4 => text[at] = b"-CNOHRM\n"[random.below(8)],
            4 => text[at] = random.below(256) as u8,
            5 => {
                text.remove(at);
            }
            6 => {
                let word = WORDS[random.below(WORDS.len())];
                text.splice(at..at, word.bytes());
            }
            7 => {
                let end = (at + random.below(120)).min(text.len());
                let copy = text[at..end].to_vec();
                let to = random.below(text.len());
                text.splice(to..to, copy);
            }
            _ => {
                let end = (at + random.below(120)).min(text.len() - 1);
                text.drain(at..end);
            }
        }
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    const ROUNDS: usize = 20_000;
    let sources: Vec<&str> = RECORDS.split_inclusive("$$$$\n").collect();
    let mut random = Random(2026);
    let (mut read_well, mut refused, mut written) = (0, 0, 0);
    for round in 0..ROUNDS {
        let mut text = sources[random.below(sources.len())].as_bytes().to_vec();
        mutate(&mut text, &mut random);
        let options = Options {
            keep_hydrogens: round % 2 == 0,
        };
        for record in SdfReader::with_options(Cursor::new(&text), options) {
            match record {
                Ok(record) => {
                    read_well += 1;
                    if let Some(places) = &record.coordinates {
                        assert_eq!(places.len(), record.molecule.atoms().len());
                    }
                    if round % 8 == 0 {
                        written += usize::from(write(&record).is_ok());
                    }
                }
                Err(error) => {
                    refused += 1;
                    let mut message = String::new();
                    write!(message, "{error}").unwrap();
                    assert!(error.line <= text.len() + 1 && !message.is_empty());
                }
            }
        }
    }
    eprintln!("{ROUNDS} texts: {read_well} records read, {written} written, {refused} refused");
    assert!(read_well > ROUNDS / 5 && refused > ROUNDS / 5);
}
