//! Graphs of structures as they come from files.

use std::path::PathBuf;

use molglot_bio::Structure;
use molglot_bio::read::{ReadOptions, read};
use molglot_graph::{GeomGraph, GraphSpec};

fn structure(file: &str) -> Option<Structure> {
    let Some(root) = std::env::var_os("MOLGLOT_CORPORA") else {
        eprintln!("{file}: MOLGLOT_CORPORA is not set, nothing is built");
        return None;
    };
    let path = PathBuf::from(root).join("structures").join(file);
    Some(read(path, &ReadOptions::default()).unwrap())
}

fn counts(numbers: impl Iterator<Item = usize>, of: usize) -> Vec<usize> {
    let mut counts = vec![0; of];
    numbers.for_each(|number| counts[number] += 1);
    counts
}

fn relations(graph: &GeomGraph) -> Vec<usize> {
    counts(
        graph
            .relations
            .iter()
            .map(|&relation| usize::from(relation)),
        7,
    )
}

/// Edges by relation and arcs by bin, counted with the reference implementation of GearNet.
#[test]
fn gearnet_counts_of_files() {
    let cases = [
        (
            "pdb/1crn.pdb",
            46,
            [44, 45, 46, 45, 44, 360, 166],
            [2758, 2405, 1970, 2265, 2092, 1515, 895, 298],
        ),
        (
            "pdb/1ubq.pdb",
            76,
            [74, 75, 76, 75, 74, 612, 339],
            [5052, 4097, 3177, 3540, 3860, 3247, 1780, 601],
        ),
    ];
    for (file, nodes, edges, bins) in cases {
        let Some(structure) = structure(file) else {
            return;
        };
        let graph = GraphSpec::gearnet().build_structure(&structure).unwrap();
        assert_eq!(
            (graph.nodes.len(), relations(&graph)),
            (nodes, edges.to_vec()),
            "{file}"
        );
        let mine = counts(graph.line_graph.bins.iter().map(|&bin| usize::from(bin)), 8);
        assert_eq!(mine, bins, "{file}");
    }
}

/// Several chains, several models, DNA, calcium named CA, water, hydrogens: every spec builds, nothing is undefined.
#[test]
fn odd_structures_build_with_every_spec() {
    let files = [
        "1igy", "1l2y", "5ugo", "2d0f", "1f2n", "1gya", "3o5r", "5zng",
    ];
    for file in files {
        let Some(structure) = structure(&format!("mmcif/{file}.cif")) else {
            return;
        };
        for spec in [
            GraphSpec::gearnet(),
            GraphSpec::gvp(30),
            GraphSpec::scannet(),
            GraphSpec::gat(),
        ] {
            let graph = spec.build_structure(&structure).unwrap();
            let sets = graph.node_sets.iter().chain(&graph.edge_sets);
            let mut values =
                sets.flat_map(|set| set.scalars.values.iter().chain(&set.vectors.values));
            assert!(values.all(|value| value.is_finite()), "{file}");
            let first = structure.residues[graph.sources[graph.nodes.len() - 1] as usize].chain;
            assert_eq!(
                structure.chains[first as usize].model,
                structure.chains[0].model
            );
        }
    }
}
