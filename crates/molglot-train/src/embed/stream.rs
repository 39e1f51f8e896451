//! From files to features, a batch at a time.

use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::AnyEncoder;
use molglot_graph::GeomGraph;
use molglot_tensor::Device;

use super::{
    Level,
    inputs::{Key, Kind, records},
    level_rows,
    manifest::{Counts, Entry},
    output::Output,
};
use crate::{
    data::{Quarantine, RowError},
    error::Error,
    progress::FileProgress,
};

/// Graphs of a batch at most.
const GRAPHS: usize = 64;
/// Work of a batch at most, but for a single graph.
const WORK: usize = 200_000;

/// An encoder at work on files.
pub struct Stream<'a> {
    /// What encodes.
    pub encoder: &'a AnyEncoder,
    /// Which features.
    pub levels: &'a [Level],
    /// Where.
    pub device: &'a Device,
    /// What shows how far it is.
    pub progress: FileProgress,
}

/// Records on their way.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    graphs: Vec<GeomGraph>,
    work: usize,
}

/// What became of the records.
#[derive(Debug, Default)]
pub struct Tally {
    /// All.
    pub records: u64,
    /// Those that were in the output before.
    pub skipped: u64,
    /// The bad ones, also those of before.
    pub quarantine: Quarantine,
}

impl Stream<'_> {
    /// Encodes every record of the files in order, behind those that the output has already. Each bad one is told to
    /// `complain` as it is met.
    ///
    /// # Errors
    ///
    /// [`Error`] where the output cannot be written or is that of other inputs.
    pub fn run(
        &self,
        files: &[(String, Kind)],
        output: &mut Output,
        complain: impl Fn(&Key, &str),
    ) -> Result<Tally, Error> {
        let (spec, symmetry) = (self.encoder.spec(), self.encoder.symmetry());
        let (mut tally, mut batch) = (Tally::default(), Batch::default());
        for ((file, kind), input) in files.iter().zip(1..) {
            for record in records(file, *kind) {
                tally.records += 1;
                let key = record.key.clone();
                let entry = match output.skip(&key)? {
                    Some(entry) => {
                        tally.skipped += 1;
                        entry
                    }
                    None => {
                        let graph = record.graph(&spec, symmetry);
                        let error = graph.as_ref().err().cloned();
                        let rows = graph.map(|graph| batch.push(graph, self.levels));
                        let rows = rows.unwrap_or_else(|_| Counts(vec![0; self.levels.len()]));
                        let entry = Entry { key, rows, error };
                        batch.entries.push(entry.clone());
                        entry
                    }
                };
                if let Some(reason) = entry.error {
                    let key = entry.key;
                    self.progress.suspend(|| complain(&key, &reason));
                    let error = RowError::new(key.file, key.number, key.id, reason);
                    tally.quarantine.reject(error);
                }
                if batch.is_full() {
                    self.flush(&mut batch, output)?;
                }
                self.progress
                    .set(input, tally.records, tally.quarantine.bad());
            }
        }
        self.flush(&mut batch, output)?;
        Ok(tally)
    }

    fn flush(&self, batch: &mut Batch, output: &mut Output) -> Result<(), Error> {
        let Batch {
            entries, graphs, ..
        } = std::mem::take(batch);
        let mut rows = Vec::new();
        if !graphs.is_empty() {
            let joined = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), self.device);
            let features = self.encoder.encode(&joined);
            let of_level = |&level: &Level| {
                let values = level_rows(features.clone(), level).into_data();
                values.iter::<f32>().collect()
            };
            let levels: Vec<Vec<f32>> = self.levels.iter().map(of_level).collect();
            rows = by_record(levels, &entries, self.encoder.width());
        }
        if entries.is_empty() {
            return Ok(());
        }
        output.append(&entries, &rows)
    }
}

/// The rows of each record together, level by level, from those of each level.
fn by_record(mut levels: Vec<Vec<f32>>, entries: &[Entry], width: usize) -> Vec<f32> {
    if levels.len() == 1 {
        return levels.swap_remove(0);
    }
    let mut rest: Vec<&[f32]> = levels.iter().map(Vec::as_slice).collect();
    let mut rows = Vec::new();
    for entry in entries {
        for (rest, count) in rest.iter_mut().zip(&entry.rows.0) {
            let (own, others) = rest.split_at(*count as usize * width);
            rows.extend_from_slice(own);
            *rest = others;
        }
    }
    rows
}

impl Batch {
    /// Takes a graph and says how many rows it will have.
    fn push(&mut self, graph: GeomGraph, levels: &[Level]) -> Counts {
        let units = GraphBatch::units_of(&graph);
        // Sequences have no edges, but every residue looks at every other.
        let pairs = if graph.edges.is_empty() {
            units * units / 8
        } else {
            0
        };
        self.work += graph.nodes.len() + graph.edges.len() + pairs;
        let rows = levels.iter().map(|level| level.count(&graph) as u64);
        let rows = Counts(rows.collect());
        self.graphs.push(graph);
        rows
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= GRAPHS || self.work >= WORK
    }
}
