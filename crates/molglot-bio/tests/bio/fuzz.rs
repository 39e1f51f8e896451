//! Damaged structures and sequences: any bytes are read or refused, never a panic. `MOLGLOT_FUZZ` sets how many are tried.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use molglot_bio::read::{self, Limits, Models, ReadOptions, Reader};
use molglot_bio::structure::Altlocs;
use molglot_bio::{ALPHABET, Sequence, Structure, fasta, uniprot};

use crate::{atom, atom_site};

/// xorshift64*; the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}

fn pdb() -> Vec<u8> {
    let mut text = "HEADER    HYDROLASE                               01-JAN-00   1ABC\nTITLE     TEXT\n\
COMPND    MOL_ID: 1; MOLECULE: X; CHAIN: A, B\nSEQRES   1 A    3  MET GLY SER\nMODRES 1ABC MSE A    1  MET\nMODEL        1\n"
        .to_owned();
    for (number, residue) in [
        ("1", "MSE"),
        ("2", "GLY"),
        ("2", "SER"),
        ("****", "LIG"),
        ("A000", "HOH"),
    ] {
        for (name, altloc) in [(" N  ", ' '), (" CA ", 'A'), (" CA ", 'B'), (" C  ", ' ')] {
            text += &atom("ATOM", name, altloc, residue, 'A', number, 1.0);
        }
    }
    (text + "TER\nENDMDL\nMODEL        2\nATOM\nEND\n").into_bytes()
}

fn cif() -> Vec<u8> {
    let rows = ["1", "2"].map(|model| {
        format!(
            "ATOM 1 C CA A GLY A 1 1 ? 1.0 2.0(3) 3.0 0.5 20.0 5 A {model}\nATOM 2 C CA B SER A 1 1 ? 1 2 3 .5 20 5 A {model}\n\
             HETATM 3 O \"O5'\" . 017 B 2 . A -1 -2 -3 1 ? -4 'A' {model}"
        )
    });
    let text = atom_site(&rows.join("\n"))
        + "loop_ _entity.id _entity.type 1 polymer 2 water\n_struct.title\n;two\nlines\n;\n\
           loop_ _entity_poly_seq.entity_id _entity_poly_seq.num _entity_poly_seq.mon_id 1 1 MET 1 2 GLY\nsave_x save_ # end\n";
    text.into_bytes()
}

fn damage(seed: &[u8], random: &mut Random) -> Vec<u8> {
    const PIECES: [&[u8]; 27] = [
        b"\n",
        b"\r",
        b"\n;",
        b"'",
        b"\"",
        b"loop_\n",
        b"data_",
        b"_atom_site.id",
        b"ATOM  ",
        b"END\n",
        b"MODEL",
        b"****",
        b"nan",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b" . ",
        b" ? ",
        b"-",
        b"9999999999999999999999",
        b">",
        b"*",
        b"ID   X Reviewed; 3 AA.\n",
        b"SQ   \n",
        b"//\n",
        b"CC   -!- ",
        b"{ECO:",
    ];
    let mut bytes = seed.to_vec();
    for _ in 0..1 + random.below(8) {
        let at = random.below(bytes.len().max(1));
        match random.below(6) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.below(256) as u8;
                }
            }
            1 => drop(bytes.drain(at..(at + random.below(40)).min(bytes.len()))),
            2 => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            3 => {
                let copied =
                    bytes[at.min(bytes.len())..(at + random.below(200)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len().max(1));
                bytes.splice(to..to, copied);
            }
            4 => bytes.truncate(at),
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                for (byte, new) in bytes[at.min(seed.len())..].iter_mut().zip(piece) {
                    *byte = *new;
                }
            }
        }
        if bytes.is_empty() {
            bytes.push(b'A');
        }
    }
    bytes
}

/// Everything that is asked of a structure, and that its tables fit together.
fn use_up(structure: &mut Structure) {
    for (row, atom) in structure.atoms.iter().enumerate() {
        assert!(atom.position.iter().all(|x| x.is_finite()));
        assert!(
            structure.residues[atom.residue as usize]
                .atoms
                .range()
                .contains(&row)
        );
    }
    for (row, residue) in structure.residues.iter().enumerate() {
        assert!(!residue.atoms.is_empty());
        assert!(
            structure.chains[residue.chain as usize]
                .residues
                .range()
                .contains(&row)
        );
        assert_eq!(
            structure.label_chains[residue.label_chain as usize].chain,
            residue.chain
        );
        let _ = structure.missing_atoms(row);
    }
    for chain in 0..structure.chains.len() {
        let _ = structure.gaps(chain);
        let _ = structure.plddt(chain);
        let _ = structure.entity_sequence(chain);
        assert!(structure.alpha_carbons(chain).count() <= structure.observed_sequence(chain).len());
    }
    structure.keep_highest_altlocs();
    if !structure.chains.is_empty() {
        let _ = structure.select_chain(0);
    }
}

fn tries(default: usize) -> usize {
    std::env::var("MOLGLOT_FUZZ")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(default)
}

#[test]
fn damaged_text_is_read_or_refused() {
    let seeds = [pdb(), cif()];
    let mut random = Random(0x5eed);
    let mut read_well = 0;
    let count = tries(20_000);
    for turn in 0..count {
        let bytes = damage(&seeds[turn % 2], &mut random);
        let options = ReadOptions {
            models: if turn % 3 == 0 {
                Models::All
            } else {
                Models::First
            },
            altlocs: if turn % 5 == 0 {
                Altlocs::Highest
            } else {
                Altlocs::All
            },
            ..ReadOptions::default()
        };
        if let Ok(mut structure) = read::parse(&bytes, "fuzz", &options) {
            read_well += 1;
            use_up(&mut structure);
        }
        if turn % 40 < 2 {
            let reader = Reader::Pdbtbx;
            let fenced = ReadOptions { reader, ..options };
            if let Ok(mut structure) = read::parse(&bytes, "fuzz", &fenced) {
                use_up(&mut structure);
            }
        }
    }
    eprintln!("{count} damaged texts, {read_well} of them read");
    assert!(read_well > count / 20 && read_well < count);
}

#[test]
fn damaged_archives_are_read_or_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&pdb()).unwrap();
    let packed = encoder.finish().unwrap();
    let mut archive = vec![0; 512];
    archive[..5].copy_from_slice(b"a.pdb");
    archive[124..135].copy_from_slice(format!("{:011o}", packed.len()).as_bytes());
    archive[156] = b'0';
    archive[257..263].copy_from_slice(b"ustar\0");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fuzz");
    let mut random = Random(0xa5c1);
    let count = tries(20_000) / 10;
    for turn in 0..count {
        let bytes = if turn % 2 == 0 {
            damage(&packed, &mut random)
        } else {
            // Damage behind the checksum's back, so that more than the checksum is tried.
            let mut header = archive.clone();
            for _ in 0..random.below(4) {
                header[random.below(345)] = random.below(256) as u8;
            }
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            let mut bytes = [header, packed.clone()].concat();
            bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
            bytes.repeat(2)
        };
        std::fs::write(&path, bytes).unwrap();
        let found = read::sources(path.to_str().unwrap(), Limits::default()).unwrap();
        assert!(found.take(100).count() < 100);
    }
    eprintln!("{count} damaged archives");
}

const FASTA: &str = "\u{feff}\n>sp|P68871|HBB_HUMAN Hemoglobin subunit beta OS=Homo sapiens\nMVHLTPEEKSAV\nTALWGKVNVDEV*\n>empty\n\
>1ABC_1|Chains A, B[auth X]|NAME|Homo sapiens (9606)\r\nmkuox bzj\r\n\r\n>broken\nAC-DE\n>\nAAA\n>last no line end\nGGG";

const UNIPROT: &str = "\
ID   ONE_HUMAN               Reviewed;           9 AA.
AC   P00001; Q00002;
DE   RecName: Full=Test protein {ECO:0000305};
OS   Homo sapiens
OS   (Human).
CC   -!- FUNCTION: Binds 4,2',4'-
CC       chalcone {ECO:0000269|PubMed:1,
CC       ECO:0000269|PubMed:2}. And more.
CC   -----------------------------------------------------------------------
CC   Copyrighted by somebody
CC   -----------------------------------------------------------------------
SQ   SEQUENCE   9 AA;  1000 MW;  0000000000000000 CRC64;
     MKTAYIAKQ
//
ID   TWO_YEAST               Unreviewed;         3 AA.
AC   A0A000;
DE   SubName: Full=Another;
SQ   SEQUENCE   3 AA;  300 MW;  0000000000000000 CRC64;
     GGG
//
";

/// What a reader of sequences gave: all that was read is residues, all that was refused says where.
struct Tally {
    read: usize,
    refused: usize,
}

impl Tally {
    fn add(&mut self, item: Result<&Sequence, (usize, String)>, bytes: &[u8]) {
        match item {
            Ok(sequence) => {
                self.read += 1;
                let text = sequence.as_str();
                assert!(!text.is_empty() && text.chars().all(|letter| ALPHABET.contains(letter)));
            }
            Err((line, message)) => {
                self.refused += 1;
                let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() + 1;
                assert!(
                    (1..=lines).contains(&line),
                    "line {line} of {lines}: {message}"
                );
                assert!(message.contains(&format!("line {line}")), "{message}");
            }
        }
    }

    fn check(&self, format: &str, count: usize, turns: usize) {
        let Self { read, refused } = *self;
        eprintln!("{count} damaged {format} texts, {read} records read, {refused} refused");
        assert_eq!(turns, count);
        assert!(read > count / 4 && refused > count / 4);
    }
}

#[test]
fn damaged_fasta_is_read_or_refused() {
    let mut random = Random(0xfa57);
    let mut tally = Tally {
        read: 0,
        refused: 0,
    };
    let (count, mut turns) = (tries(20_000), 0);
    while turns < count {
        turns += 1;
        let bytes = damage(FASTA.as_bytes(), &mut random);
        // Each record begins at a byte of its own, so a reader that does not end is caught.
        for record in fasta::read(bytes.as_slice()).zip(0..=bytes.len()) {
            let item = record.0.as_ref().map(|record| &record.sequence);
            tally.add(
                item.map_err(|error| (error.line, error.to_string())),
                &bytes,
            );
            assert!(record.1 < bytes.len());
        }
    }
    tally.check("FASTA", count, turns);
}

#[test]
fn damaged_uniprot_is_read_or_refused() {
    let mut random = Random(0x1d1d);
    let mut tally = Tally {
        read: 0,
        refused: 0,
    };
    let (count, mut turns) = (tries(20_000), 0);
    while turns < count {
        turns += 1;
        let bytes = damage(UNIPROT.as_bytes(), &mut random);
        for entry in uniprot::read(bytes.as_slice()).zip(0..=bytes.len()) {
            if let Ok(entry) = &entry.0 {
                let texts = [entry.function(), entry.location(), entry.comment("")];
                assert!(texts.iter().all(|text| !text.contains("{ECO:")));
                assert!(!entry.accessions.is_empty());
            }
            let item = entry.0.as_ref().map(|entry| &entry.sequence);
            tally.add(
                item.map_err(|error| (error.line, error.to_string())),
                &bytes,
            );
            assert!(entry.1 < bytes.len());
        }
    }
    tally.check("UniProt", count, turns);
}
