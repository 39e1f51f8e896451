//! Interchange with pdbtbx.

use molglot_bio::Structure;
use molglot_bio::pdbtbx::{ConvertError, Format, write};
use molglot_bio::read::{self, ReadOptions, Reader, Reason};
use molglot_bio::structure::Altlocs;

use crate::{atom, atom_site, corpus, parse};

fn all() -> ReadOptions {
    ReadOptions {
        altlocs: Altlocs::All,
        ..ReadOptions::default()
    }
}

fn fenced() -> ReadOptions {
    ReadOptions {
        reader: Reader::Pdbtbx,
        ..all()
    }
}

fn text() -> String {
    [
        atom("ATOM", " N  ", ' ', "SER", 'A', "-3", 1.0),
        atom("ATOM", " CA ", 'A', "SER", 'A', "-3", 2.0),
        atom("ATOM", " CA ", 'B', "THR", 'A', "-3", 3.0),
        atom("ATOM", " CA ", ' ', "GLY", 'A', "4", 4.0),
        "TER\n".to_owned(),
        atom("HETATM", " O  ", ' ', "HOH", 'B', "5", 5.0),
    ]
    .concat()
}

/// The atoms with what they belong to, in an order of their own.
fn rows(structure: &Structure) -> Vec<String> {
    let mut rows: Vec<String> = structure
        .atoms
        .iter()
        .map(|atom| {
            let residue = &structure.residues[atom.residue as usize];
            let chain = &structure.chains[residue.chain as usize];
            format!(
                "{} {:?} {} {} {} {} {:?} {:.2} {}",
                chain.id,
                residue.number,
                residue.insertion as char,
                residue.name,
                atom.name,
                atom.altloc as char,
                atom.position,
                atom.occupancy,
                atom.hetero
            )
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn a_structure_survives_the_way_there_and_back() {
    let structure = read::parse(text().as_bytes(), "1ABC.pdb", &all()).unwrap();
    let pdb = pdbtbx::PDB::try_from(&structure).unwrap();
    assert_eq!(
        (pdb.atom_count(), pdb.residue_count(), pdb.chain_count()),
        (5, 3, 2)
    );
    let back = Structure::try_from(&pdb).unwrap();
    assert_eq!(rows(&back), rows(&structure));
    assert_eq!(back.id, "1ABC");
}

#[test]
fn what_is_written_reads_back() {
    let structure = read::parse(text().as_bytes(), "1ABC.pdb", &all()).unwrap();
    for format in [Format::Pdb, Format::Mmcif] {
        let written = write(&structure, format).unwrap();
        let back = read::parse(written.as_bytes(), "x", &all()).unwrap();
        assert_eq!(rows(&back), rows(&structure), "{format:?}");
        assert_eq!(back.id, "1ABC");
    }
}

#[test]
fn what_would_be_written_wrongly_is_refused() {
    let row = |chain: &str, residue: &str| {
        atom_site(&format!(
            "HETATM 1 C C1 . {residue} A 1 . ? 1 2 3 1 20 1 {chain} 1"
        ))
    };
    let zeros = parse(row("A", "017")).unwrap();
    assert!(matches!(
        write(&zeros, Format::Pdb),
        Err(ConvertError::Changed { .. })
    ));
    assert!(write(&zeros, Format::Mmcif).is_ok());
    assert!(matches!(
        write(&parse(row("AA", "LIG")).unwrap(), Format::Pdb),
        Err(ConvertError::Changed { .. })
    ));
    assert!(matches!(
        write(
            &parse(row(".", "LIG").replace(" A 1 .", " . 1 .")).unwrap(),
            Format::Pdb
        ),
        Err(ConvertError::NoChainId)
    ));
    assert!(matches!(
        write(&parse(row("A", "lig")).unwrap(), Format::Pdb),
        Err(ConvertError::Name { .. })
    ));
    let stars = parse(atom("ATOM", " CA ", ' ', "GLY", 'A', "****", 0.0)).unwrap();
    assert!(matches!(
        write(&stars, Format::Pdb),
        Err(ConvertError::NoNumber { .. })
    ));
}

#[test]
fn the_fenced_reader_gives_the_same_structure() {
    let own = read::parse(text().as_bytes(), "x", &all()).unwrap();
    let other = read::parse(text().as_bytes(), "x", &fenced()).unwrap();
    assert_eq!(rows(&other), rows(&own));
}

#[test]
fn the_fence_holds_where_pdbtbx_panics() {
    let line = atom("ATOM", " CA ", ' ', "GLY", 'A', "1", 1.0);
    let row = "ATOM 1 C CA . GLY A 1 1 ? 1.0 2.0 3.0 1.0 20.0 5 A 1";
    let bad = [
        line.replace("   1.000", "     nan").into_bytes(),
        line.replace("   1.000", "  1e9999").into_bytes(),
        line.replace(" CA ", " C\u{7}A").into_bytes(),
        line.replace(" CA ", " C\u{e9} ").into_bytes(),
        b"data_x\nloop_\n1 2\n".to_vec(),
        atom_site(&row.replace("ATOM 1 C", "ATOM 1 ?")).into_bytes(),
        atom_site(&row.replace(" 1.0 2.0", " ? 2.0")).into_bytes(),
        atom_site(&row.replace("ATOM 1", "ATOM -1")).into_bytes(),
        atom_site(&row.replace("GLY", "017")).into_bytes(),
    ];
    for text in bad {
        let error = read::parse(&text, "x", &fenced()).unwrap_err();
        assert!(matches!(error.reason, Reason::Pdbtbx(_)), "{error}");
    }
    // Records that it panics on are not shown to it.
    for record in [
        "CRYST1  109.790  109.950  201.440  90.00  90.00  90.00 P 21 2 21    16",
        "SSBOND   1 CYS",
        "HEADER    \u{e9}",
    ] {
        let text = format!("{record}\n{line}");
        assert_eq!(
            read::parse(text.as_bytes(), "x", &fenced())
                .unwrap()
                .atoms
                .len(),
            1,
            "{record}"
        );
    }
}

#[test]
fn the_fenced_reader_agrees_on_the_corpus_or_refuses() {
    let Some(root) = corpus("structures") else {
        return;
    };
    let (mut agreed, mut refused) = (0, 0);
    for source in read::sources(root.to_str().unwrap(), read::Limits::default()).unwrap() {
        let source = source.unwrap();
        if source.bytes.len() > 1 << 20 {
            continue;
        }
        let Ok(own) = read::parse(&source.bytes, &source.name, &all()) else {
            continue;
        };
        match read::parse(&source.bytes, &source.name, &fenced()) {
            Ok(other) => {
                assert_eq!(other.atoms.len(), own.atoms.len(), "{}", source.name);
                agreed += 1;
            }
            Err(error) => {
                assert!(
                    matches!(error.reason, Reason::Pdbtbx(_) | Reason::NoAtoms),
                    "{error}"
                );
                eprintln!("refused: {error}");
                refused += 1;
            }
        }
    }
    eprintln!("pdbtbx: {agreed} files read alike, {refused} refused");
    assert!(agreed > 50);
}
