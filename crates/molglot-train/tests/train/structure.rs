//! `molglot structure` as a biologist meets it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use molglot_graph::{GraphSpec, store};
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

fn structure(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_molglot"))
        .arg("structure")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    text(bytes)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn good(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/peptide");
    folder.join(name).to_str().unwrap().to_owned()
}

fn expected() -> Value {
    serde_json::from_slice(&fs::read(fixture("expected.json")).unwrap()).unwrap()
}

fn edges(line: &Value) -> Vec<Value> {
    let relations = line["relations"].as_array().unwrap();
    relations
        .iter()
        .map(|relation| relation["edges"].clone())
        .collect()
}

/// Five structures of which the second and the fourth are none, and their folder.
fn mixed(folder: &Path) -> Vec<String> {
    let names = ["a.pdb", "bad.pdb", "c.cif", "empty.cif", "e.pdb"];
    let paths: Vec<String> = names
        .iter()
        .map(|name| folder.join(name).to_str().unwrap().to_owned())
        .collect();
    for (row, file) in [(0, "peptide.pdb"), (2, "peptide.cif"), (4, "peptide.pdb")] {
        fs::copy(fixture(file), &paths[row]).unwrap();
    }
    fs::write(&paths[1], "ATOM      1  N   GLY A   1       0.000\n").unwrap();
    fs::write(&paths[3], "").unwrap();
    paths
}

#[test]
fn structure_info_tells_chains() {
    for file in ["peptide.pdb", "peptide.cif"] {
        let output = structure(&["info", "--json", &fixture(file)]);
        good(&output);
        let info: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(info["title"], "TWO CHAINS THAT NO ONE MEASURED");
        let chains = info["chains"].as_array().unwrap();
        for (chain, expected) in chains.iter().zip(expected()["chains"].as_array().unwrap()) {
            assert_eq!(chain["id"], expected["id"]);
            assert_eq!(chain["sequence"], expected["sequence"]);
            let residues = expected["sequence"].as_str().unwrap().len();
            assert_eq!(chain["residues"], residues);
        }
        assert_eq!(chains.len(), 2);
    }
}

#[test]
fn structure_graph_counts_as_by_hand() {
    let file = fixture("peptide.pdb");
    let expected = expected();
    let output = structure(&["graph", &file]);
    good(&output);
    let line = &lines(&output.stdout)[0];
    assert_eq!(line["nodes"], expected["nodes"]);
    assert_eq!(json!(edges(line)), expected["gearnet"]);
    assert_eq!(
        line["chains"],
        json!([{"id": "A", "residues": 28}, {"id": "B", "residues": 10}])
    );
    assert_eq!(line["relations"][1]["name"], "-1 in sequence");
    assert_eq!(line["edge_sets"][0]["scalars"], 59);
    assert_eq!(line["node_sets"][0]["kind"], "residue");

    let output = structure(&["graph", &file, "--chain", "A"]);
    let line = &lines(&output.stdout)[0];
    assert_eq!(json!(edges(line)), expected["gearnet_chain_a"]);
    for spec in ["gat", "gvp"] {
        let output = structure(&["graph", &file, "--spec", spec]);
        assert_eq!(lines(&output.stdout)[0]["edges"], expected[spec]);
    }
    let output = structure(&["graph", &file, "--spec", "scannet", "--text"]);
    good(&output);
    let table = text(&output.stdout);
    for part in [
        "chain A",
        "28 residues",
        "residues: 32 nearest",
        "atoms to their residue",
    ] {
        assert!(table.contains(part), "{table}");
    }
}

#[test]
fn structure_graph_writes_tensors() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/graphs");
    let out = out.to_str().unwrap();
    // Two files of one name.
    let (pdb, cif) = (fixture("peptide.pdb"), fixture("peptide.cif"));
    let output = structure(&["graph", &pdb, &cif, "--spec", "gvp", "--out", out]);
    good(&output);
    let lines = lines(&output.stdout);
    let files = ["peptide.safetensors", "peptide-2.safetensors"];
    for (line, file) in lines.iter().zip(files) {
        let path = Path::new(out).join(file);
        assert_eq!(line["out"], path.to_str().unwrap());
        let bytes = fs::read(path).unwrap();
        let (stored, _) = store::decode(&bytes).unwrap();
        assert_eq!(stored.spec, GraphSpec::gvp(30));
        assert_eq!(stored.labels[10], "A/CYS10A");
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let is = |name: &str, dtype: Dtype, shape: &[usize]| {
            let tensor = tensors.tensor(name).unwrap();
            assert_eq!((tensor.dtype(), tensor.shape()), (dtype, shape), "{name}");
        };
        is("edges", Dtype::U32, &[1140, 2]);
        is("relations", Dtype::U16, &[1140]);
        is("positions", Dtype::F32, &[38, 3]);
        is("node_sets.0.scalars", Dtype::F32, &[38, 6]);
        is("node_sets.0.vectors", Dtype::F32, &[38, 3, 3]);
        is("edge_sets.0.scalars", Dtype::F32, &[1140, 32]);
        is("frames", Dtype::F32, &[0, 4, 3]);
    }
    assert_eq!(lines.len(), 2);
    let one = folder.path().join("one.safetensors");
    let one = one.to_str().unwrap();
    good(&structure(&["graph", &pdb, "--out", one]));
    assert!(store::decode(&fs::read(one).unwrap()).is_ok());
    let output = structure(&["graph", &pdb, &cif, "--out", one]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("name a folder"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn structure_bad_files_are_set_aside_and_good_ones_answered_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let paths = mixed(folder.path());
    let bad = folder.path().join("bad.jsonl");
    let bad = bad.to_str().unwrap();
    for command in ["info", "sequence", "graph"] {
        let mut arguments = vec![command, "--quarantine", bad];
        if command != "graph" {
            arguments.push("--json");
        }
        arguments.extend(paths.iter().map(String::as_str));
        let output = structure(&arguments);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let answers = lines(&output.stdout);
        let files: Vec<&str> = answers
            .iter()
            .map(|line| line["file"].as_str().unwrap())
            .collect();
        assert_eq!(files, [&paths[0], &paths[2], &paths[4]], "{command}");
        let message = text(&output.stderr);
        assert!(
            message.contains("bad.pdb, line 1:")
                && message.contains("2 of 5 structures could not be used"),
            "{message}"
        );
        let aside = lines(&fs::read(bad).unwrap());
        assert_eq!(aside.len(), 2);
        assert_eq!(
            (&aside[0]["file"], &aside[0]["line"]),
            (&json!(paths[1]), &json!(1))
        );
        assert!(aside[0]["reason"].as_str().unwrap().contains("column 54"));
        assert_eq!(
            (&aside[1]["file"], &aside[1]["line"]),
            (&json!(paths[3]), &json!(0))
        );
        assert_eq!(aside[1]["reason"], "the file is empty");
    }
    // A pattern without files is bad like a file, and an old list does not outlive a good call.
    let output = structure(&["info", "no-such-*.pdb", &paths[0]]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("chain A"));
    good(&structure(&["info", &paths[0], "--quarantine", bad]));
    assert_eq!(fs::read_to_string(bad).unwrap(), "");
    let output = structure(&[
        "info",
        &paths[0],
        "--quarantine",
        "no/such/folder/bad.jsonl",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn structure_many_files_come_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let content = fs::read(fixture("peptide.pdb")).unwrap();
    for number in 0..300 {
        fs::write(folder.path().join(format!("{number:03}.pdb")), &content).unwrap();
    }
    let output = structure(&["graph", "--spec", "gat", folder.path().to_str().unwrap()]);
    good(&output);
    let lines = lines(&output.stdout);
    assert_eq!(lines.len(), 300);
    for (number, line) in lines.iter().enumerate() {
        let file = line["file"].as_str().unwrap();
        assert!(file.ends_with(&format!("{number:03}.pdb")), "{file}");
    }
}

#[test]
fn structure_graphs_are_found_in_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, cache) = (path("peptide.pdb"), path("cache"));
    let content = fs::read_to_string(fixture("peptide.pdb")).unwrap();
    fs::write(&file, &content).unwrap();
    let graph = |more: &[&str]| {
        let output = structure(&[&["graph", &file, "--cache", &cache], more].concat());
        good(&output);
        let mut line = lines(&output.stdout).remove(0);
        let cached = line.as_object_mut().unwrap().remove("cached").unwrap();
        (cached == json!(true), line, text(&output.stderr))
    };
    let (out, again) = (path("first.safetensors"), path("second.safetensors"));
    let (cached, mut first, _) = graph(&["--out", &out]);
    assert!(!cached);
    let (cached, mut second, _) = graph(&["--out", &again]);
    assert!(cached);
    for line in [&mut first, &mut second] {
        line.as_object_mut().unwrap().remove("out");
    }
    assert_eq!(first, second);
    assert_eq!(fs::read(&out).unwrap(), fs::read(&again).unwrap());
    assert!(!graph(&["--spec", "gat"]).0);
    assert!(!graph(&["--chain", "A"]).0);
    assert!(!graph(&["--reader", "pdbtbx"]).0);
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 4);
    // Every entry is damaged: the answer is the same, and the entry good again.
    for entry in fs::read_dir(&cache).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let (cached, third, warning) = graph(&[]);
    assert_eq!((cached, &third), (false, &first));
    assert!(warning.contains("damaged"), "{warning}");
    assert!(graph(&[]).0);
    // A byte of the file is another file.
    fs::write(&file, content.replace("2.083", "2.084")).unwrap();
    assert!(!graph(&[]).0);
}

#[test]
fn structure_readers_can_be_chosen() {
    let file = fixture("peptide.pdb");
    let read = |reader: &str| {
        let output = structure(&["info", "--json", "--reader", reader, &file]);
        good(&output);
        let info = lines(&output.stdout).remove(0);
        let chains = info["chains"].as_array().unwrap();
        let sequences: Vec<Value> = chains
            .iter()
            .map(|chain| chain["sequence"].clone())
            .collect();
        (sequences, info["title"].clone())
    };
    let (own, title) = read("own");
    let (other, none) = read("pdbtbx");
    assert_eq!(own, other);
    assert_eq!(
        (title, none),
        (json!("TWO CHAINS THAT NO ONE MEASURED"), Value::Null)
    );
    let output = structure(&["info", "--reader", "gemmi", &file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("possible values: own, pdbtbx"));
}

#[test]
fn structure_specs_are_printed_changed_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = fixture("peptide.pdb");
    let graph = |spec: &str| structure(&["graph", &file, "--spec", spec]);
    let listed = structure(&["spec"]);
    good(&listed);
    let names = text(&listed.stdout);
    let names: Vec<&str> = names
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, ["gearnet", "gvp", "scannet", "gat"]);
    let path = folder.path().join("mine.toml");
    let mine = path.to_str().unwrap();
    for name in names {
        let printed = structure(&["spec", name]);
        good(&printed);
        fs::write(&path, &printed.stdout).unwrap();
        assert_eq!(graph(mine).stdout, graph(name).stdout, "{name}");
    }
    let gat = text(&structure(&["spec", "gat"]).stdout);
    fs::write(&path, gat.replace("cutoff = 8.0", "cutoff = 4.0")).unwrap();
    assert_eq!(
        lines(&graph(mine).stdout)[0]["edges"],
        expected()["within_4"]
    );
    for (changed, message) in [
        (gat.replace("scalars", "scalar"), "unknown field `scalar`"),
        (gat.replace("cutoff = 8.0", "cutoff = inf"), "infinite"),
        (
            gat.replace("kind = \"residue\"", "kind = \"motif\""),
            "molecules only",
        ),
    ] {
        fs::write(&path, changed).unwrap();
        let output = graph(mine);
        assert_eq!(output.status.code(), Some(2));
        let error = text(&output.stderr);
        assert!(
            error.contains(message) && error.contains("mine.toml"),
            "{error}"
        );
    }
    let output = graph("gearnte");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `gearnet`?"));
}

#[test]
fn structure_what_has_no_graph_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let water = folder.path().join("water.pdb");
    let line = "HETATM    1  O   HOH A 101       9.000   9.000   9.000  1.00 10.00           O\n";
    fs::write(&water, line).unwrap();
    let output = structure(&["graph", water.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("no amino acid"),
        "{}",
        text(&output.stderr)
    );
    let output = structure(&["graph", &fixture("peptide.pdb"), "--chain", "Z"]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("no chain `Z`; there are: A, B"), "{error}");
}

#[test]
fn structure_commands_show_examples() {
    for command in ["info", "sequence", "graph", "spec"] {
        let help = text(&structure(&[command, "--help"]).stdout);
        assert!(
            help.contains(&format!("molglot structure {command} ")),
            "{help}"
        );
    }
}
