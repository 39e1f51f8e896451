//! Reference cases and residues for tests.

use std::path::Path;

use molglot_bio::geometry::Residues;
use molglot_bio::structure::Name;
use molglot_graph::{GeomGraph, Table};
use safetensors::{Dtype, SafeTensors};

/// A reference case: what went into a published implementation and what came out.
pub(crate) struct Golden(Vec<u8>);

impl Golden {
    /// `None`, with a message, where `MOLGLOT_GOLDEN` is not set.
    pub(crate) fn find(case: &str) -> Option<Self> {
        let Some(root) = std::env::var_os("MOLGLOT_GOLDEN") else {
            eprintln!("{case}: MOLGLOT_GOLDEN is not set, nothing is compared");
            return None;
        };
        Some(Self(
            std::fs::read(Path::new(&root).join(case).join("io.safetensors")).unwrap(),
        ))
    }

    fn bytes<const N: usize>(&self, name: &str, dtype: Dtype) -> Vec<[u8; N]> {
        let tensors = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), dtype, "{name}");
        tensor
            .data()
            .chunks_exact(N)
            .map(|bytes| bytes.try_into().unwrap())
            .collect()
    }

    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        self.bytes(name, Dtype::F32)
            .into_iter()
            .map(f32::from_le_bytes)
            .collect()
    }

    pub(crate) fn integers(&self, name: &str) -> Vec<i64> {
        self.bytes(name, Dtype::I64)
            .into_iter()
            .map(i64::from_le_bytes)
            .collect()
    }

    pub(crate) fn points(&self, name: &str) -> Vec<[f32; 3]> {
        self.floats(name)
            .chunks_exact(3)
            .map(|point| point.try_into().unwrap())
            .collect()
    }
}

/// The letter of an alphabet, `X` outside it.
pub(crate) fn letter(alphabet: &str, place: i64) -> u8 {
    usize::try_from(place)
        .ok()
        .and_then(|place| alphabet.as_bytes().get(place).copied())
        .unwrap_or(b'X')
}

/// Adds a residue with these atoms in N, CA, C, O order, or CA alone.
pub(crate) fn push(residues: &mut Residues, letter: u8, chain: u32, atoms: &[[f32; 3]]) {
    let names: &[&str] = if atoms.len() == 1 {
        &["CA"]
    } else {
        &["N", "CA", "C", "O"]
    };
    let atoms = names
        .iter()
        .zip(atoms)
        .map(|(name, &place)| (Name::of(name), place, 0));
    let source = residues.len() as u32;
    residues.push(letter, chain, source, atoms);
}

/// The largest difference to expected rows, given in the order of the graph's rows.
pub(crate) fn difference<'a>(table: &Table, expected: impl Iterator<Item = &'a [f32]>) -> f32 {
    let mut worst = 0.0f32;
    let mut rows = 0;
    for (row, expected) in expected.enumerate() {
        assert_eq!(table.row(row).len(), expected.len());
        for (mine, theirs) in table.row(row).iter().zip(expected) {
            worst = worst.max((mine - theirs).abs());
        }
        rows += 1;
    }
    assert_eq!(rows * table.width, table.values.len());
    worst
}

/// Edges of a graph with relations.
pub(crate) fn relational(graph: &GeomGraph) -> Vec<[i64; 3]> {
    let relations = graph.relations.iter();
    let all = graph.edges.iter().zip(relations);
    all.map(|(&[from, to], &relation)| [i64::from(from), i64::from(to), i64::from(relation)])
        .collect()
}
