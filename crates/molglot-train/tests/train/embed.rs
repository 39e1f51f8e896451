//! `molglot embed --encoder` as a user meets it.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use safetensors::SafeTensors;
use serde_json::Value;

/// A small GearNet.
const GEARNET: [&str; 4] = ["--encoder", "gearnet", "--set", "hidden=[6, 5]"];
/// A small GIN.
const GIN: [&str; 6] = ["--encoder", "gin", "--set", "layers=1", "--set", "width=7"];
/// The sizes of the toy Uni-Mol.
const UNIMOL: [&str; 12] = [
    "--encoder",
    "unimol",
    "--set",
    "layers=2",
    "--set",
    "heads=3",
    "--set",
    "head_width=4",
    "--set",
    "feed_forward=10",
    "--set",
    "kernels=6",
];

fn embed(encoder: &[&str], files: &[&str], out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_molglot"))
        .args(["embed", "--device", "flex", "--out"])
        .arg(out)
        .args(encoder)
        .args(more)
        .args(files)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn good(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn refused(output: &Output, parts: &[&str]) {
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    for part in parts {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
}

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    folder.join(name).to_str().unwrap().to_owned()
}

fn manifest(out: &Path) -> PathBuf {
    PathBuf::from(format!("{}.manifest.jsonl", out.display()))
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

struct Stored {
    shape: Vec<usize>,
    features: Vec<f32>,
    offsets: Vec<i64>,
}

fn stored(out: &Path) -> Stored {
    let bytes = fs::read(out).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (features, offsets) = (
        tensors.tensor("features").unwrap(),
        tensors.tensor("offsets").unwrap(),
    );
    let at = offsets.data().as_ptr() as usize - bytes.as_ptr() as usize;
    assert_eq!(at % 8, 0, "offsets are not aligned");
    let floats = features.data().as_chunks::<4>().0.iter().copied();
    let whole = offsets.data().as_chunks::<8>().0.iter().copied();
    Stored {
        shape: features.shape().to_vec(),
        features: floats.map(f32::from_le_bytes).collect(),
        offsets: whole.map(i64::from_le_bytes).collect(),
    }
}

/// A row of a table, as the record reader of the Parquet crate sees it.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) number: i64,
    /// By column: how many rows where that is said, and the numbers.
    pub(crate) levels: BTreeMap<String, (Option<i64>, Vec<f32>)>,
}

pub(crate) fn table(path: &Path) -> (HashMap<String, String>, Vec<Row>) {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    let entries = metadata.key_value_metadata().unwrap().iter();
    let about = entries.map(|entry| (entry.key.clone(), entry.value.clone().unwrap()));
    let about = about.collect();
    let row = |found: Result<parquet::record::Row, _>| {
        let fields: BTreeMap<String, Field> = found.unwrap().into_columns().into_iter().collect();
        let text = |name: &str| match &fields[name] {
            Field::Str(text) => text.clone(),
            other => panic!("{name}: {other}"),
        };
        let whole = |name: &str| match &fields[name] {
            Field::Long(value) => *value,
            other => panic!("{name}: {other}"),
        };
        let levels = fields.iter().filter_map(|(name, field)| {
            let Field::ListInternal(list) = field else {
                return None;
            };
            let floats = list.elements().iter().map(|element| match element {
                Field::Float(value) => *value,
                other => panic!("{name}: {other}"),
            });
            let count = format!("{name}s");
            let count = fields.contains_key(&count).then(|| whole(&count));
            Some((name.clone(), (count, floats.collect())))
        });
        Row {
            name: text("name"),
            file: text("file"),
            number: whole("number"),
            levels: levels.collect(),
        }
    };
    let rows = reader.get_row_iter(None).unwrap().map(row).collect();
    (about, rows)
}

/// SMILES with names, one of them broken; more than a batch.
fn many_molecules(folder: &Path) -> String {
    let mut smiles: Vec<String> = (1..150)
        .map(|length| format!("{} m{length}", "C".repeat(length % 9 + 1)))
        .collect();
    smiles[70] = "C1CC broken".to_owned();
    smiles[3] = "CC(=O)Oc1ccccc1C(=O)O".to_owned();
    write(folder, "all.smi", &(smiles.join("\n") + "\n"))
}

/// The three levels in one table are, bit for bit, what a safetensors file has of each.
#[test]
fn embed_tables_hold_what_safetensors_hold() {
    let folder = tempfile::tempdir().unwrap();
    let file = many_molecules(folder.path());
    let (out, aside) = (
        folder.path().join("all.parquet"),
        folder.path().join("bad.jsonl"),
    );
    let more = [
        "--level",
        "node,graph,motif",
        "--quarantine",
        aside.to_str().unwrap(),
    ];
    let encoder = [
        "--encoder",
        "hierarchical",
        "--set",
        "layers=1",
        "--set",
        "width=6",
    ];
    refused(
        &embed(&encoder, &[&file], &out, &more),
        &["record 71", "1 of 149"],
    );
    let (about, rows) = table(&out);
    assert_eq!(about["level"], "graph,motif,node");
    assert_eq!(about["width"], "6");
    assert_eq!(about["weights"], "seed 0");
    assert!(about["encoder"].contains("hierarchical"));
    assert_eq!(rows.len(), 148);
    assert_eq!((rows[0].name.as_str(), rows[0].number), ("m1", 1));
    assert_eq!((rows[3].name.as_str(), rows[3].number), ("all.smi:4", 4));
    assert_eq!((rows[70].name.as_str(), rows[70].number), ("m72", 72));
    assert!(rows.iter().all(|row| row.file == file));
    let listed = lines(&manifest(&out));
    assert_eq!(listed[70]["rows"], serde_json::json!([0, 0, 0]));
    assert_eq!(lines(&aside).len(), 1);
    assert!(!rows_of(&out).exists());
    for level in ["graph", "motif", "node"] {
        let single = folder.path().join(format!("{level}.safetensors"));
        refused(
            &embed(&encoder, &[&file], &single, &["--level", level]),
            &["record 71"],
        );
        let single = stored(&single);
        for (number, row) in rows.iter().enumerate() {
            let (count, values) = &row.levels[level];
            let ends = &single.offsets[number..=number + 1];
            assert_eq!(count.unwrap_or(1), ends[1] - ends[0]);
            assert_eq!(count.is_none(), level == "graph");
            let (from, to) = (ends[0] as usize * 6, ends[1] as usize * 6);
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                bits(values),
                bits(&single.features[from..to]),
                "{level} {number}"
            );
        }
    }
    // An encoder without motifs gives empty lists.
    let (out, pdb) = (
        folder.path().join("none.parquet"),
        fixture("peptide/peptide.pdb"),
    );
    good(&embed(&GEARNET, &[&pdb], &out, &["--level", "motif"]));
    let (_, rows) = table(&out);
    assert_eq!(rows[0].name, "peptide.pdb");
    assert_eq!(rows[0].levels["motif"], (Some(0), Vec::new()));
}

/// A table that was stopped while it was made, or after, is byte for byte that of an undisturbed call; more inputs are added.
#[test]
fn embed_tables_go_on_where_they_were_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = many_molecules(folder.path());
    let (single, whole) = (
        folder.path().join("whole.safetensors"),
        folder.path().join("whole.parquet"),
    );
    for out in [&single, &whole] {
        refused(&embed(&GIN, &[&file], out, &[]), &["record 71"]);
    }
    let (rows, bytes) = (fs::read(&single).unwrap(), fs::read(&whole).unwrap());
    let listed = fs::read(manifest(&whole)).unwrap();
    assert!(listed == fs::read(manifest(&single)).unwrap());
    let ends: Vec<usize> = (0..listed.len())
        .filter(|&at| listed[at] == b'\n')
        .map(|at| at + 1)
        .collect();
    // Stopped before anything was written.
    let out = folder.path().join("stopped.parquet");
    fs::write(manifest(&out), "").unwrap();
    refused(&embed(&GIN, &[&file], &out, &[]), &["record 71"]);
    assert!(fs::read(&out).unwrap() == bytes);
    for (records, torn) in [(0usize, 0), (64, 0), (128, 17), (149, 0)] {
        let kept = records.checked_sub(1).map_or(0, |last| ends[last]) + torn;
        fs::write(manifest(&out), &listed[..kept]).unwrap();
        // What is appended to is laid out as a safetensors file.
        fs::write(rows_of(&out), &rows[..rows.len() - 40]).unwrap();
        let _ = fs::remove_file(&out);
        let output = embed(&GIN, &[&file], &out, &[]);
        refused(&output, &["record 71"]);
        if records > 0 {
            let done = format!("({records} were there before)");
            assert!(text(&output.stdout).contains(&done));
        }
        assert!(fs::read(&out).unwrap() == bytes, "{records} records");
        assert!(fs::read(manifest(&out)).unwrap() == listed);
        assert!(!rows_of(&out).exists());
    }
    // Stopped between the table and the end of the call: both are there.
    fs::write(rows_of(&out), &rows).unwrap();
    refused(&embed(&GIN, &[&file], &out, &[]), &["record 71"]);
    assert!(fs::read(&out).unwrap() == bytes);
    assert!(!rows_of(&out).exists());
    // Another file behind: what was packed is unpacked first.
    let more = write(folder.path(), "more.smi", "c1ccccc1 benzene\n");
    for out in [&out, &single] {
        refused(&embed(&GIN, &[&file, &more], out, &[]), &["record 71"]);
    }
    assert!(!rows_of(&out).exists());
    let (found, wanted) = (table(&out).1, stored(&single).features);
    let found = found.iter().flat_map(|row| &row.levels["graph"].1);
    assert!(found.eq(&wanted));
    assert_eq!(table(&out).1.last().unwrap().name, "benzene");
    // Other settings or inputs, or another table: said so, and nothing is touched.
    let kept = fs::read(&out).unwrap();
    refused(
        &embed(&GIN, &[&file], &out, &[]),
        &["more records than the inputs"],
    );
    refused(&embed(&GIN, &[&more], &out, &[]), &["more.smi record 1"]);
    refused(
        &embed(&["--encoder", "gin"], &[&file], &out, &[]),
        &["its encoder is"],
    );
    let levels = ["--level", "graph,node"];
    refused(
        &embed(&GIN, &[&file], &out, &levels),
        &["its level is `graph`, not `graph,node`"],
    );
    assert!(fs::read(&out).unwrap() == kept);
    fs::write(&out, &bytes).unwrap();
    refused(
        &embed(&GIN, &[&file, &more], &out, &[]),
        &["other records than its manifest says", "manifest.jsonl"],
    );
    fs::write(&out, b"mine").unwrap();
    refused(
        &embed(&GIN, &[&file, &more], &out, &[]),
        &["not a file of this command"],
    );
    assert_eq!(fs::read(&out).unwrap(), b"mine");
}

fn rows_of(out: &Path) -> PathBuf {
    PathBuf::from(format!("{}.rows", out.display()))
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Structures in order, a bad one among them set aside; rows of residues.
#[test]
fn embed_structures_sets_bad_ones_aside() {
    let folder = tempfile::tempdir().unwrap();
    let bad = write(
        folder.path(),
        "bad.pdb",
        "ATOM      1  N   GLY A   1       0.000\n",
    );
    let (pdb, cif) = (
        fixture("peptide/peptide.pdb"),
        fixture("peptide/peptide.cif"),
    );
    let (out, aside) = (
        folder.path().join("a.safetensors"),
        folder.path().join("bad.jsonl"),
    );
    let more = ["--level", "node", "--quarantine", aside.to_str().unwrap()];
    let output = embed(&GEARNET, &[&pdb, &bad, &cif], &out, &more);
    refused(&output, &["bad.pdb", "1 of 3 records"]);
    let found = stored(&out);
    assert_eq!(found.shape, [76, 11]);
    assert_eq!(found.offsets, [0, 38, 76]);
    let (first, second) = found.features.split_at(38 * 11);
    let off = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-4;
    assert!(!first.iter().zip(second).any(off), "PDB and mmCIF differ");
    let listed = lines(&manifest(&out));
    let rows: Vec<&Value> = listed.iter().map(|line| &line["rows"]).collect();
    assert_eq!(rows, [38, 0, 38]);
    assert!(listed[1]["error"].as_str().unwrap().contains("line 1"));
    let aside = lines(&aside);
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0]["file"], bad);
}

/// Stopped anywhere, the same call makes the file that an undisturbed one makes, byte for byte.
#[test]
fn embed_goes_on_where_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    // An odd number of values, so that offsets need padding.
    let file = many_molecules(folder.path());
    let whole = folder.path().join("whole.safetensors");
    refused(
        &embed(&GIN, &[&file], &whole, &[]),
        &["record 71", "1 of 149"],
    );
    let (bytes, listed) = (
        fs::read(&whole).unwrap(),
        fs::read(manifest(&whole)).unwrap(),
    );
    assert_eq!(stored(&whole).offsets.len(), 149);
    let ends: Vec<usize> = (0..listed.len())
        .filter(|&at| listed[at] == b'\n')
        .map(|at| at + 1)
        .collect();
    // Nothing done; a whole batch; a torn line; everything but the end.
    for (records, torn) in [(0usize, 0), (64, 0), (128, 17), (149, 0)] {
        let out = folder.path().join("stopped.safetensors");
        let kept = records.checked_sub(1).map_or(0, |last| ends[last]) + torn;
        fs::write(manifest(&out), &listed[..kept]).unwrap();
        // Rows that no line tells of are left over.
        fs::write(&out, &bytes[..bytes.len() - 40]).unwrap();
        let output = embed(&GIN, &[&file], &out, &[]);
        refused(&output, &["record 71"]);
        let done = if records > 0 {
            format!("({records} were there before)")
        } else {
            "148 records".to_owned()
        };
        assert!(text(&output.stdout).contains(&done));
        assert_eq!(fs::read(&out).unwrap(), bytes, "{records} records");
        assert_eq!(fs::read(manifest(&out)).unwrap(), listed);
    }
}

#[test]
fn embed_adds_files_and_refuses_others() {
    let folder = tempfile::tempdir().unwrap();
    let a = write(folder.path(), "a.smi", "CCO ethanol\nCC\n");
    let b = write(folder.path(), "b.smi", "c1ccccc1\n");
    let out = folder.path().join("a.safetensors");
    good(&embed(&GIN, &[&a], &out, &[]));
    assert_eq!(stored(&out).shape, [2, 7]);
    assert_eq!(lines(&manifest(&out))[0]["id"], "ethanol");
    good(&embed(&GIN, &[&a, &b], &out, &[]));
    let three = fs::read(&out).unwrap();
    assert_eq!(stored(&out).shape, [3, 7]);
    // Fewer files, another order, another level, other sizes: said so, and the file stays whole.
    refused(
        &embed(&GIN, &[&a], &out, &[]),
        &["more records than the inputs"],
    );
    refused(
        &embed(&GIN, &[&b, &a], &out, &[]),
        &["a.smi record 1", "b.smi"],
    );
    refused(
        &embed(&GIN, &[&a], &out, &["--level", "node"]),
        &["its level is `graph`, not `node`"],
    );
    refused(
        &embed(&["--encoder", "gin"], &[&a], &out, &[]),
        &["its encoder is", "\"width\":7"],
    );
    assert_eq!(fs::read(&out).unwrap(), three);
    let foreign = folder.path().join("foreign.safetensors");
    fs::write(&foreign, "mine").unwrap();
    refused(
        &embed(&GIN, &[&a], &foreign, &[]),
        &["there is no", "manifest"],
    );
    assert_eq!(fs::read(&foreign).unwrap(), b"mine");
}

/// Published weights of ESM-2; a structure and its sequence have the same rows.
#[test]
fn embed_sequences_by_published_weights() {
    let folder = tempfile::tempdir().unwrap();
    let expected = fs::read(fixture("peptide/expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let sequence = |chain: usize| expected["chains"][chain]["sequence"].as_str().unwrap();
    let fasta = format!(
        ">a first\n{}\n>bad\nMK1\n>b\n{}\n",
        sequence(0),
        sequence(1)
    );
    let fasta = write(folder.path(), "p.fasta", &fasta);
    let weights = fixture("lm/esm2/model");
    let out = folder.path().join("p.safetensors");
    let pdb = fixture("peptide/peptide.pdb");
    let esm2 = ["--encoder", "esm2", "--weights", &weights];
    let output = embed(&esm2, &[&fasta, &pdb], &out, &["--level", "node"]);
    refused(&output, &["record 2", "1 of 4 records"]);
    let found = stored(&out);
    assert_eq!(found.offsets, [0, 28, 38, 76]);
    let (sequences, structure) = found.features.split_at(38 * found.shape[1]);
    let off = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-5;
    assert!(!sequences.iter().zip(structure).any(off));
    let ids: Vec<Value> = lines(&manifest(&out))
        .iter()
        .map(|l| l["id"].clone())
        .collect();
    assert_eq!(ids, ["a".into(), "bad".into(), "b".into(), Value::Null]);
    let out = folder.path().join("ends.safetensors");
    let ends = ["--level", "node", "--set", "ends=true"];
    refused(&embed(&esm2, &[&fasta], &out, &ends), &["record 2"]);
    assert_eq!(stored(&out).offsets, [0, 30, 42]);
}

/// A molfile of atoms without bonds.
fn molfile(name: &str, places: &[[f32; 3]]) -> String {
    let mut text = format!(
        "{name}\n\n\n{:3}  0  0  0  0  0            999 V2000\n",
        places.len()
    );
    for [x, y, z] in places {
        text.push_str(&format!("{x:10.4}{y:10.4}{z:10.4} O   0  0\n"));
    }
    text + "M  END\n$$$$\n"
}

/// Conformers by the weights of the toy case, whose heads are left out; drawings are set aside.
#[test]
fn embed_conformers_and_not_drawings() {
    let folder = tempfile::tempdir().unwrap();
    let solid = [[0.0, 0.0, 0.0], [2.5, 0.0, 1.0], [0.0, 3.0, -1.0]];
    let flat = [[0.0, 0.0, 0.0], [2.5, 0.0, 0.0]];
    let sdf = molfile("solid", &solid) + &molfile("flat", &flat);
    let sdf = write(folder.path(), "m.sdf", &sdf);
    let weights = fixture("encoder/unimol/model.safetensors");
    for (level, rows) in [("graph", 1), ("node", 3), ("motif", 3)] {
        let out = folder.path().join(format!("{level}.safetensors"));
        let more = ["--weights", &weights, "--level", level];
        let output = embed(&UNIMOL, &[&sdf], &out, &more);
        refused(&output, &["record 2", "drawing"]);
        assert_eq!(stored(&out).shape, [rows, 12]);
    }
    let smiles = write(folder.path(), "m.smi", "CCO\n");
    let out = folder.path().join("no.safetensors");
    refused(
        &embed(&UNIMOL, &[&smiles], &out, &[]),
        &["m.smi", "SD files"],
    );
    let wrong = ["--weights", &weights];
    refused(
        &embed(&["--encoder", "unimol"], &[&sdf], &out, &wrong),
        &[
            "model.safetensors",
            "[31, 512] in the model, [31, 12] in the file",
        ],
    );
    assert!(!out.exists());
}

#[test]
fn embed_says_what_it_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = write(folder.path(), "p.fasta", ">a\nMKV\n");
    let out = folder.path().join("p.safetensors");
    let at = |encoder: &[&str], files: &[&str]| embed(encoder, files, &out, &[]);
    refused(
        &at(&GEARNET, &[&fasta]),
        &["gearnet reads coordinates", "mmCIF"],
    );
    refused(&at(&GIN, &[&fasta]), &["gin reads molecules", "SMILES"]);
    refused(
        &at(&["--encoder", "gearnt"], &[&fasta]),
        &["did you mean `gearnet`"],
    );
    refused(&at(&GIN, &["molecules.xyz"]), &["molecules.xyz", ".sdf"]);
    refused(&at(&["--encoder", "gin"], &[]), &["FILES"]);
    refused(
        &at(&["--encoder", "gin", "--set", "widht=3"], &["a.smi"]),
        &["widht", "`width`"],
    );
    for name in ["a.csv", "a"] {
        let out = folder.path().join(name);
        refused(
            &embed(&GIN, &["a.smi"], &out, &[]),
            &[name, ".safetensors or .parquet"],
        );
    }
    refused(
        &embed(&GIN, &["a.smi"], &out, &["--level", "graph,node"]),
        &["one --level", ".parquet"],
    );
    assert!(!out.exists());
    refused(
        &at(&GIN, &["missing.smi"]),
        &["missing.smi", "1 of 1 records"],
    );
}
