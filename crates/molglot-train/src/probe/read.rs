//! What is probed of a molecule.

use clap::ValueEnum;
use molglot_chem::{Molecule, fingerprint::morgan};
use molglot_core::{Encoder, GraphBatch};
use molglot_graph::GeomGraph;
use molglot_tensor::{Device, Tensor, ops::segment_mean};

use super::solve::Matrix;

/// Molecules per forward pass.
const BATCH: usize = 64;
/// Morgan fingerprints: radius and bits.
const MORGAN: (u32, u32) = (2, 1024);

/// Which features of a molecule are its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reading {
    /// The graph feature, or whatever an encoder puts in its place.
    Graph,
    /// The mean of its atoms.
    MeanAtoms,
    /// The mean of its BRICS motifs.
    MeanMotifs,
    /// All three side by side: what a projector with `reduction = "hierarchical"` is given.
    All,
}

impl Reading {
    /// The name that the command line knows.
    pub fn name(self) -> String {
        let known = self.to_possible_value();
        known.map_or_else(String::new, |known| known.get_name().to_owned())
    }

    /// Whether the graph, the atoms and the motifs are read.
    fn levels(self) -> [bool; 3] {
        match self {
            Self::Graph => [true, false, false],
            Self::MeanAtoms => [false, true, false],
            Self::MeanMotifs => [false, false, true],
            Self::All => [true; 3],
        }
    }
}

/// A row for each molecule at each level.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Graphs, means of atoms, means of motifs.
    levels: [Matrix; 3],
}

impl Levels {
    /// What an encoder in evaluation says of molecules without coordinates.
    pub fn of(encoder: &impl Encoder, molecules: &[Molecule], device: &Device) -> Self {
        let (spec, width) = (encoder.spec(), encoder.width());
        let mut levels = [(); 3].map(|()| Matrix {
            width,
            values: Vec::with_capacity(molecules.len() * width),
        });
        for molecules in molecules.chunks(BATCH) {
            let built = molecules.iter().map(|molecule| spec.build(molecule));
            let graphs: Vec<GeomGraph> = built.collect();
            let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device);
            let features = encoder.encode(&batch);
            let rows: [Tensor<2>; 3] = [
                features.graph,
                segment_mean(features.node, &batch.graph_of_unit),
                segment_mean(features.motif, &batch.graph_of_motif),
            ];
            for (level, rows) in levels.iter_mut().zip(rows) {
                let values = rows.into_data();
                level.values.extend(values.iter::<f32>().map(f64::from));
            }
        }
        Self { levels }
    }

    /// The rows as a reading has them.
    pub fn read(&self, reading: Reading) -> Matrix {
        let levels = self.levels.iter().zip(reading.levels());
        let read: Vec<&Matrix> = levels
            .filter_map(|(level, is_read)| is_read.then_some(level))
            .collect();
        let rows = self.levels[0].rows();
        let row = |row: usize| read.iter().flat_map(move |level| level.row(row));
        Matrix {
            width: read.iter().map(|level| level.width).sum(),
            values: (0..rows).flat_map(row).copied().collect(),
        }
    }
}

/// Morgan fingerprints (Rogers and Hahn, 2010) as rows of 0 and 1.
pub fn fingerprints(molecules: &[Molecule]) -> Matrix {
    let (radius, size) = MORGAN;
    let width = size as usize;
    let mut values = vec![0.0; molecules.len() * width];
    for (row, molecule) in values.chunks_mut(width).zip(molecules) {
        for bit in morgan::bits(molecule, radius, size).ones() {
            row[bit] = 1.0;
        }
    }
    Matrix { width, values }
}
