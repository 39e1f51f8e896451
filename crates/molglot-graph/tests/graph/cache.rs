//! Graphs in files and in a cache: exact, and never trusted without a look.

use std::path::PathBuf;
use std::{fs, thread};

use molglot_bio::Structure;
use molglot_bio::geometry::Rbf;
use molglot_bio::read::{ReadOptions, parse};
use molglot_graph::cache::{Answer, Cache, CacheError};
use molglot_graph::store::{StoreError, StoredGraph, decode, encode};
use molglot_graph::{
    ALPHABETICAL, BY_NAME, EdgeRule, EdgeScalar, EdgeSet, EdgeVector, FrameRule, GraphError,
    GraphSpec, NodeKind, NodeScalar, NodeSet, NodeVector, SpecError, TORCHDRUG, Types,
};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/peptide");
    fs::read(folder.join(name)).unwrap()
}

fn structure(bytes: &[u8]) -> Structure {
    parse(bytes, "peptide", &ReadOptions::default()).unwrap()
}

fn build(spec: &GraphSpec, structure: &Structure) -> Result<StoredGraph, GraphError> {
    let graph = spec.build_structure(structure)?;
    Ok(StoredGraph {
        labels: graph.labels(structure),
        spec: spec.clone(),
        graph,
    })
}

fn no_warning(error: &CacheError) {
    panic!("{error}");
}

/// Specs of any kind that builds graphs of structures.
fn specs() -> impl Strategy<Value = GraphSpec> {
    let kind = || prop::sample::select(vec![NodeKind::Residue, NodeKind::Atom]);
    let alphabet = prop::sample::select(vec![ALPHABETICAL, BY_NAME, TORCHDRUG]);
    let scalars = prop::sample::subsequence(
        vec![
            NodeScalar::TypeOneHot { unknown: true },
            NodeScalar::TypeOneHot { unknown: false },
            NodeScalar::Dihedrals,
        ],
        0..=3,
    );
    let vectors = prop::sample::subsequence(
        vec![
            NodeVector::Forward,
            NodeVector::Backward,
            NodeVector::SideChain,
        ],
        0..=3,
    );
    let residues = (alphabet, scalars, vectors).prop_map(|(alphabet, scalars, vectors)| NodeSet {
        types: Types::Residue(alphabet.to_owned()),
        scalars,
        vectors,
        ..NodeSet::new(NodeKind::Residue)
    });
    let rule = prop_oneof![
        (0u8..4).prop_map(|reach| EdgeRule::Sequential { reach }),
        (0f32..15.0, prop::option::of(0u16..40), 0u32..6).prop_map(
            |(cutoff, max, min_separation)| EdgeRule::Radius {
                cutoff,
                max,
                min_separation
            }
        ),
        (0u16..20, any::<bool>(), 0u32..6).prop_map(|(k, itself, min_separation)| {
            EdgeRule::Nearest {
                k,
                itself,
                min_separation,
            }
        }),
        (0u16..20).prop_map(|max| EdgeRule::AtomsOfResidues { max }),
    ];
    let basis = (0f32..5.0, 5f32..30.0, 1u16..20)
        .prop_map(|(min, max, count)| EdgeScalar::Rbf(Rbf { min, max, count }));
    let scalar = prop_oneof![
        Just(EdgeScalar::EndTypes),
        Just(EdgeScalar::RelationOneHot),
        (0u16..12).prop_map(|max| EdgeScalar::SeparationOneHot { max }),
        Just(EdgeScalar::Distance),
        basis,
        (0u16..9).prop_map(|half| EdgeScalar::Offset { width: 2 * half }),
        Just(EdgeScalar::LocalCoordinates),
        (0u16..9).prop_map(|max_separation| EdgeScalar::FramePair { max_separation }),
    ];
    let edges = (
        prop::option::of(kind()),
        prop::collection::vec(rule, 1..4),
        prop::collection::vec(scalar, 0..4),
        prop::collection::vec(Just(EdgeVector::ToSource), 0..2),
    );
    let edges = edges.prop_map(|(kind, rules, scalars, vectors)| EdgeSet {
        kind,
        rules,
        scalars,
        vectors,
    });
    let frames = prop::option::of(Just(FrameRule::ScanNet));
    let atoms = prop::option::of(Just(NodeSet {
        types: Types::ScanNetAtom,
        ..NodeSet::new(NodeKind::Atom)
    }));
    let line_graph = prop::option::of(1u8..9);
    let sets = prop::collection::vec(edges, 0..3);
    (residues, atoms, frames, sets, line_graph).prop_map(
        |(residues, atoms, frames, edges, line_graph)| {
            let nodes = atoms.into_iter().chain([residues]);
            GraphSpec {
                nodes: nodes.map(|set| NodeSet { frames, ..set }).collect(),
                edges,
                line_graph,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_found_is_what_was_built(spec in specs(), is_cif in any::<bool>()) {
        spec.check_structure().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let content = fixture(if is_cif { "peptide.cif" } else { "peptide.pdb" });
        let structure = structure(&content);
        let built = build(&spec, &structure).unwrap();
        let cache = Cache::open(folder.path(), &spec, "all").unwrap();
        let get = || cache.get_or_build(&content, no_warning, || build(&spec, &structure)).unwrap();
        prop_assert_eq!(get(), Answer { stored: built.clone(), hit: false });
        let Answer { stored, hit } = get();
        prop_assert!(hit && stored == built);
        // Bit for bit: minus zero equals zero.
        prop_assert_eq!(encode(&stored, None), encode(&built, None));
    }

    #[test]
    fn a_changed_byte_of_a_file_is_noticed(spec in specs(), place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let built = build(&spec, &structure(&fixture("peptide.pdb"))).unwrap();
        let good = encode(&built, Some("key")).unwrap();
        let mut bytes = good.clone();
        bytes[place.index(good.len())] ^= 1 << bit;
        // Blanks that pad the header may change into other blanks.
        if let Ok((read, key)) = decode(&bytes) {
            prop_assert_eq!((read, key.as_deref()), (built, Some("key")));
        }
        prop_assert!(decode(&good[..place.index(good.len())]).is_err());
    }

    #[test]
    fn other_specs_and_other_contents_have_other_keys(one in specs(), other in specs(), place in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().unwrap();
        let key = |spec: &GraphSpec, selection: &str, content: &[u8]| {
            Cache::open(folder.path(), spec, selection).unwrap().key(content)
        };
        let content = fixture("peptide.pdb");
        let own = key(&one, "first model", &content);
        prop_assert_eq!(&own, &key(&one.clone(), "first model", &content));
        prop_assert_eq!(one == other, own == key(&other, "first model", &content));
        prop_assert_ne!(&own, &key(&one, "first model ", &content));
        let mut changed = content.clone();
        changed[place.index(content.len())] ^= 1;
        prop_assert_ne!(&own, &key(&one, "first model", &changed));
    }
}

/// Every value in the JSON form of a spec, changed a little.
fn changed(value: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::{Value, json};
    match value {
        Value::Null => vec![json!(3)],
        Value::Bool(is) => vec![json!(!is)],
        Value::Number(number) => match number.as_u64() {
            Some(number) => vec![json!(number + 1)],
            None => vec![json!(number.as_f64().unwrap() + 0.5)],
        },
        Value::String(text) => ["residue", "atom", "keep", "drop", "refuse", "central"]
            .iter()
            .map(|other| json!(other))
            .chain([json!(format!("{text}X"))])
            .collect(),
        Value::Array(values) => {
            let inside = values.iter().enumerate().flat_map(|(row, value)| {
                changed(value).into_iter().map(move |value| {
                    let mut values = values.clone();
                    values[row] = value;
                    Value::Array(values)
                })
            });
            let shorter = (0..values.len()).map(|row| {
                let mut values = values.clone();
                values.remove(row);
                Value::Array(values)
            });
            inside.chain(shorter).collect()
        }
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                changed(value).into_iter().map(move |value| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), value);
                    Value::Object(fields)
                })
            })
            .collect(),
    }
}

#[test]
fn every_field_of_a_spec_counts() {
    let folder = tempfile::tempdir().unwrap();
    let key = |spec: &GraphSpec| {
        let cache = Cache::open(folder.path(), spec, "").unwrap();
        cache.key(b"content")
    };
    let mut tried = 0;
    for spec in [
        GraphSpec::gearnet(),
        GraphSpec::gvp(30),
        GraphSpec::scannet(),
        GraphSpec::gat(),
        GraphSpec::unimol(),
    ] {
        let own = key(&spec);
        for value in changed(&serde_json::to_value(&spec).unwrap()) {
            let Ok(other) = serde_json::from_value::<GraphSpec>(value) else {
                continue;
            };
            assert_eq!(own == key(&other), spec == other, "{other:?}");
            tried += usize::from(spec != other);
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn damaged_and_foreign_entries_are_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let spec = GraphSpec::gearnet();
    let content = fixture("peptide.pdb");
    let built = build(&spec, &structure(&content)).unwrap();
    let cache = Cache::open(folder.path(), &spec, "").unwrap();
    let key = cache.key(&content);
    cache.store(&key, &built).unwrap();
    let good = fs::read(cache.path(&key)).unwrap();
    let other = cache.key(b"another content");
    let flipped = |place: usize| {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        bytes
    };
    let layout = |bytes: &[u8]| {
        // The same length, or the header would end elsewhere.
        let name = b"version\\\":";
        let place = bytes.windows(name.len()).position(|part| part == name);
        let place = place.unwrap() + name.len();
        let mut bytes = bytes.to_vec();
        bytes[place] = b'7';
        bytes
    };
    let plain = safetensors::serialize(
        [(
            "x",
            safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![1], &[1]).unwrap(),
        )],
        None,
    );
    let bad = [
        (Vec::new(), "no safetensors"),
        (good[..good.len() / 2].to_vec(), "no safetensors"),
        (b"a text that someone left here".to_vec(), "no safetensors"),
        (flipped(good.len() - 1), "checksum"),
        (flipped(good.len() / 2), "checksum"),
        (layout(&good), "layout 7"),
        (plain.unwrap(), "holds no graph"),
        (
            encode(&built, Some(other.as_str())).unwrap(),
            "something else",
        ),
        (encode(&built, None).unwrap(), "something else"),
        (
            encode(
                &StoredGraph {
                    spec: GraphSpec::gat(),
                    ..built.clone()
                },
                Some(key.as_str()),
            )
            .unwrap(),
            "something else",
        ),
    ];
    for (bytes, expected) in bad {
        fs::write(cache.path(&key), bytes).unwrap();
        let warned = std::cell::RefCell::new(String::new());
        let warn = |error: &CacheError| *warned.borrow_mut() = error.to_string();
        let answer = cache.get_or_build(&content, warn, || Ok::<_, ()>(built.clone()));
        assert_eq!(
            answer,
            Ok(Answer {
                stored: built.clone(),
                hit: false
            })
        );
        let warned = warned.into_inner();
        assert!(
            warned.contains(expected) && warned.contains(key.as_str()),
            "{expected}: {warned}"
        );
        assert_eq!(fs::read(cache.path(&key)).unwrap(), good, "{expected}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_costs_the_entry_and_not_the_graph() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("cache");
    let spec = GraphSpec::gat();
    let content = fixture("peptide.pdb");
    let cache = Cache::open(&inside, &spec, "").unwrap();
    fs::remove_dir(&inside).unwrap();
    let warned = std::cell::Cell::new(0);
    let count = |_: &CacheError| warned.set(warned.get() + 1);
    let answer = cache.get_or_build(&content, count, || build(&spec, &structure(&content)));
    assert!(!answer.unwrap().hit);
    assert_eq!(warned.get(), 1);
    fs::write(&inside, "a file").unwrap();
    assert!(matches!(
        Cache::open(&inside, &spec, ""),
        Err(CacheError::Io { .. })
    ));
}

#[test]
fn many_may_build_the_same_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let spec = GraphSpec::gat();
    let content = fixture("peptide.pdb");
    let structure = structure(&content);
    let built = build(&spec, &structure).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let cache = Cache::open(folder.path(), &spec, "").unwrap();
                    let get = cache.get_or_build(&content, no_warning, || build(&spec, &structure));
                    assert_eq!(get.unwrap().stored, built);
                    cache.store(&cache.key(&content), &built).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn molecules_are_stored_too() {
    let molecule = molglot_chem::Molecule::from_smiles("CC(=O)Oc1ccccc1C(=O)O").unwrap();
    for spec in [GraphSpec::molecular(), GraphSpec::hierarchical(false)] {
        let stored = StoredGraph {
            graph: spec.build(&molecule),
            spec,
            labels: Vec::new(),
        };
        let bytes = encode(&stored, None).unwrap();
        assert_eq!(decode(&bytes), Ok((stored, None)));
    }
}

#[test]
fn parts_that_do_not_fit_are_not_written() {
    let mut stored = build(&GraphSpec::gat(), &structure(&fixture("peptide.pdb"))).unwrap();
    stored.graph.edges[0] = [0, 999];
    let error = encode(&stored, None).unwrap_err();
    assert!(
        matches!(&error, StoreError::Tensor { name, .. } if name == "edges"),
        "{error}"
    );
}

#[test]
fn specs_that_cannot_be_had_are_refused() {
    let infinite = {
        let mut spec = GraphSpec::gat();
        spec.edges[0].rules[0] = EdgeRule::Radius {
            cutoff: f32::INFINITY,
            max: None,
            min_separation: 0,
        };
        spec
    };
    assert_eq!(infinite.canonical(), Err(SpecError::NotFinite));
    assert!(matches!(
        Cache::open(&std::env::temp_dir(), &infinite, ""),
        Err(CacheError::Spec(SpecError::NotFinite))
    ));
    for spec in [
        GraphSpec::molecular(),
        GraphSpec::hierarchical(true),
        GraphSpec::unimol(),
    ] {
        let error = spec.check_structure();
        assert!(
            matches!(error, Err(SpecError::MoleculesOnly(_))),
            "{error:?}"
        );
    }
    let misspelt = r#"{"nodes": [{"kind": "residue", "scalar": []}], "edges": []}"#;
    let error = serde_json::from_str::<GraphSpec>(misspelt).unwrap_err();
    assert!(
        error.to_string().contains("unknown field `scalar`"),
        "{error}"
    );
}

/// Edges of both files of the fixture, counted by brute force in its script, and labels as biologists write them.
#[test]
fn the_graphs_of_the_fixture() {
    let expected: serde_json::Value = serde_json::from_slice(&fixture("expected.json")).unwrap();
    let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
    for file in ["peptide.pdb", "peptide.cif"] {
        let structure = structure(&fixture(file));
        for (chain, sequence) in expected["chains"].as_array().unwrap().iter().enumerate() {
            assert_eq!(
                structure.observed_sequence(chain),
                sequence["sequence"],
                "{file}"
            );
        }
        let graph = GraphSpec::gearnet().build_structure(&structure).unwrap();
        assert_eq!(graph.nodes.len(), number(&expected["nodes"]));
        for (relation, count) in expected["gearnet"].as_array().unwrap().iter().enumerate() {
            let found = graph
                .relations
                .iter()
                .filter(|&&own| usize::from(own) == relation);
            assert_eq!(found.count(), number(count), "{file}, relation {relation}");
        }
        let labels = graph.labels(&structure);
        let some = [0, 9, 10, 11, 21, 28].map(|row| labels[row].as_str());
        let names = [
            "A/GLY1", "A/ASP10", "A/CYS10A", "A/GLN11", "A/MSE21", "B/VAL1",
        ];
        assert_eq!(some, names, "{file}");
        let edges = |spec: GraphSpec| spec.build_structure(&structure).unwrap().edges.len();
        assert_eq!(edges(GraphSpec::gat()), number(&expected["gat"]));
        assert_eq!(edges(GraphSpec::gvp(30)), number(&expected["gvp"]));
        let atoms = GraphSpec::scannet().build_structure(&structure).unwrap();
        assert_eq!(atoms.labels(&structure)[0], "A/GLY1/N");
    }
}
