//! Files, folders, patterns and archives; and those that are made to exhaust a reader.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use molglot_bio::read::{self, Limits, ReadOptions, Reason, sources};

use crate::{atom, atom_site};

fn pdb(x: f32) -> Vec<u8> {
    atom("ATOM", " CA ", ' ', "GLY", 'A', "1", x).into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A ustar archive of regular files; with `kind`, of another type.
fn tar(members: &[(&str, &[u8], u8)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content, kind) in members {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = *kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(header);
        archive.extend(*content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.extend([0; 1024]);
    archive
}

/// The id or the error of everything below an input.
fn ids(input: &Path) -> Vec<Result<String, Reason>> {
    read::read_all(input.to_str().unwrap(), &ReadOptions::default())
        .unwrap()
        .map(|structure| {
            structure
                .map(|structure| structure.id)
                .map_err(|error| error.reason)
        })
        .collect()
}

fn ok(input: &Path) -> Vec<String> {
    ids(input).into_iter().map(Result::unwrap).collect()
}

#[test]
fn the_content_tells_what_a_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let archive = tar(&[
        ("in/a.pdb", &pdb(1.0), b'0'),
        ("readme.txt", b"no", b'0'),
        (
            "b.cif.gz",
            &gzip(atom_site("ATOM 1 C CA . GLY A 1 1 ? 1 2 3 1 20 1 A 1").as_bytes()),
            0,
        ),
    ]);
    let cases = [
        ("one.txt", pdb(1.0), vec!["one"]),
        ("two.pdb", gzip(&pdb(1.0)), vec!["two"]),
        ("three.gz", gzip(&gzip(b"")), vec![]),
        ("four", archive.clone(), vec!["a", "TEST"]),
        ("five.pdb", gzip(&archive), vec!["a", "TEST"]),
        (
            "six.ent.gz",
            [gzip(b"REMARK\n"), gzip(&pdb(1.0))].concat(),
            vec!["six"],
        ),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        if expected.is_empty() {
            assert!(ids(&path)[0].is_err());
        } else {
            assert_eq!(ok(&path), expected, "{name}");
        }
    }
}

#[test]
fn folders_and_patterns_give_their_files_by_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("b/c")).unwrap();
    for name in [
        "z.pdb",
        "a.ent",
        "notes.txt",
        "b/y.cif",
        "b/c/x.PDB.gz",
        "b/c/t.tar",
    ] {
        let bytes = match name {
            "b/c/x.PDB.gz" => gzip(&pdb(1.0)),
            "b/c/t.tar" => tar(&[("m.pdb", &pdb(1.0), b'0')]),
            "b/y.cif" => atom_site("ATOM 1 C CA . GLY A 1 1 ? 1 2 3 1 20 1 A 1").into_bytes(),
            _ => pdb(1.0),
        };
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    assert_eq!(
        ok(folder.path()),
        ["a", "z", "TEST", "m", "x.PDB"].map(|id| id.trim_end_matches(".PDB"))
    );
    assert_eq!(ok(&folder.path().join("*.pdb")), ["z"]);
    assert_eq!(ok(&folder.path().join("?.*")), ["a", "z"]);
    assert_eq!(ok(&folder.path().join("b/*.cif")), ["TEST"]);
    assert_eq!(ok(&folder.path().join("**/*.PDB.gz")), ["x"]);
    let error = sources(
        folder.path().join("*.none").to_str().unwrap(),
        Limits::default(),
    )
    .err()
    .unwrap();
    assert!(matches!(error.reason, Reason::NoFiles));
    assert!(matches!(
        ids(&folder.path().join("missing.pdb"))[0],
        Err(Reason::Io(_))
    ));
}

#[test]
fn long_names_of_archives_are_read() {
    let long = format!("{}/x.pdb", "d".repeat(200));
    let pax = format!("path={long}\n");
    let record = format!("{} {pax}", pax.len() + 4);
    let archive = tar(&[
        ("././@LongLink", format!("{long}\0").as_bytes(), b'L'),
        ("short", &pdb(1.0), b'0'),
        ("pax", record.as_bytes(), b'x'),
        ("other", &pdb(1.0), b'0'),
        ("folder.pdb", b"", b'5'),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    fs::write(&path, archive).unwrap();
    let names: Vec<String> = sources(path.to_str().unwrap(), Limits::default())
        .unwrap()
        .map(|source| source.unwrap().name)
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| name.ends_with(&long)));
}

#[test]
fn a_decompression_bomb_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let line = pdb(1.0);
    let lines = gzip(&line.repeat((16 << 20) / line.len()));
    for (name, member) in [
        ("lines.pdb.gz", lines),
        ("zeros.gz", gzip(&vec![0; 16 << 20])),
    ] {
        let path = folder.path().join(name);
        // Ten gigabytes.
        fs::write(&path, member.repeat(640)).unwrap();
        let reason = ids(&path).remove(0).unwrap_err();
        assert!(
            matches!(
                reason,
                Reason::Bomb { ratio: 32 } | Reason::LineTooLong { .. }
            ),
            "{reason}"
        );
    }
    let huge = tar(&[("huge.pdb", &[b' '; 512].repeat(3), b'0')]);
    let path = folder.path().join("huge.tar");
    fs::write(&path, huge).unwrap();
    let limits = Limits {
        bytes: 1000,
        ..Limits::default()
    };
    let error = sources(path.to_str().unwrap(), limits)
        .unwrap()
        .next()
        .unwrap()
        .unwrap_err();
    assert!(matches!(error.reason, Reason::TooLarge { limit: 1000 }));
}

#[test]
fn a_line_of_a_gigabyte_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (size, name) in [(1 << 30, "large.pdb"), (400 << 20, "less.cif")] {
        let path = folder.path().join(name);
        // A sparse file: zeros that take no room.
        fs::File::create(&path).unwrap().set_len(size).unwrap();
        let reason = ids(&path).remove(0).unwrap_err();
        assert!(
            matches!(reason, Reason::TooLarge { .. } | Reason::LineTooLong { .. }),
            "{reason}"
        );
    }
}

#[test]
fn truncated_and_damaged_archives_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let reason = |bytes: &[u8]| {
        let path = folder.path().join("x");
        fs::write(&path, bytes).unwrap();
        ids(&path).into_iter().find_map(Result::err).unwrap()
    };
    let text: Vec<u8> = (0..2000).flat_map(|number| pdb(number as f32)).collect();
    let packed = gzip(&text);
    assert!(matches!(
        reason(&packed[..packed.len() / 2]),
        Reason::Truncated { what: "gzip data" }
    ));
    assert!(matches!(
        reason(&packed[..5]),
        Reason::Truncated { what: "gzip data" }
    ));
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    assert!(matches!(
        reason(&damaged),
        Reason::Damaged { .. } | Reason::Truncated { .. }
    ));
    let archive = tar(&[("a.pdb", &text, b'0'), ("b.pdb", &text, b'0')]);
    assert!(matches!(
        reason(&archive[..archive.len() / 2 - 3000]),
        Reason::Truncated {
            what: "tar archive"
        }
    ));
    assert!(matches!(
        reason(&archive[..600]),
        Reason::Truncated {
            what: "tar archive"
        }
    ));
    let mut damaged = archive.clone();
    damaged[0] ^= 1;
    assert!(matches!(
        reason(&damaged),
        Reason::Damaged {
            what: "tar archive",
            ..
        }
    ));
    // What was read before the damage stays read.
    let path = folder.path().join("cut.tar");
    fs::write(&path, &archive[..archive.len() - 4096]).unwrap();
    let found = ids(&path);
    assert!(found[0].is_ok() && found[1].is_err() && found.len() == 2);
}
