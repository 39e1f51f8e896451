//! A batch holds what its graphs hold, for every published spec.

use molglot_core::GraphBatch;
use molglot_graph::{EdgeKind, Features, GeomGraph, GraphSpec, NodeKind};
use molglot_tensor::Backend;

use crate::inputs::sources;

/// Where rows go when they are sorted by a key, by graph, and then stay in order.
fn places<K: Ord>(graphs: &[GeomGraph], keys: impl Fn(&GeomGraph) -> Vec<K>) -> Vec<Vec<usize>> {
    let mut all: Vec<(K, usize, usize)> = Vec::new();
    for (number, graph) in graphs.iter().enumerate() {
        let rows = keys(graph).into_iter().enumerate();
        all.extend(rows.map(|(row, key)| (key, number, row)));
    }
    all.sort();
    let mut places: Vec<Vec<usize>> = graphs.iter().map(|g| vec![0; keys(g).len()]).collect();
    for (place, (_, number, row)) in all.into_iter().enumerate() {
        places[number][row] = place;
    }
    places
}

fn set_of(sets: &[Features], row: usize) -> usize {
    sets.iter()
        .position(|set| set.rows.contains(&row))
        .unwrap_or(0)
}

fn node_keys(graph: &GeomGraph) -> Vec<(usize, usize)> {
    let order = [
        NodeKind::Atom,
        NodeKind::Residue,
        NodeKind::Motif,
        NodeKind::Graph,
        NodeKind::Virtual,
    ];
    let rows = graph.nodes.iter().enumerate();
    rows.map(|(row, kind)| {
        let rank = order.iter().position(|known| known == kind).unwrap();
        (rank, set_of(&graph.node_sets, row))
    })
    .collect()
}

fn edge_keys(graph: &GeomGraph) -> Vec<(usize, bool)> {
    let rows = graph.edge_kinds.iter().enumerate();
    rows.map(|(row, &kind)| (set_of(&graph.edge_sets, row), kind != EdgeKind::Bond))
        .collect()
}

fn check_features(what: &str, batch: &[Features], graph: &[Features], places: &[usize]) {
    for (joined, own) in batch.iter().zip(graph) {
        for (number, row) in own.rows.clone().enumerate() {
            let place = places[row] - joined.rows.start;
            assert_eq!(joined.scalars.row(place), own.scalars.row(number), "{what}");
            assert_eq!(joined.vectors.row(place), own.vectors.row(number), "{what}");
        }
    }
}

#[test]
fn every_node_edge_and_arc_is_in_its_place() {
    let device = Backend::Flex.open().unwrap();
    let specs = [
        GraphSpec::molecular(),
        GraphSpec::hierarchical(false),
        GraphSpec::hierarchical(true),
        GraphSpec::gearnet(),
        GraphSpec::gvp(8),
        GraphSpec::scannet(),
        GraphSpec::gat(),
        GraphSpec::unimol(),
        GraphSpec::esm2(false),
        GraphSpec::esm2(true),
    ];
    for (number, spec) in specs.iter().enumerate() {
        let graphs: Vec<GeomGraph> = sources(spec).iter().map(|s| s.graph(spec)).collect();
        let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), &device);
        let (nodes, edges) = (places(&graphs, node_keys), places(&graphs, edge_keys));
        let what = format!("spec {number}");
        let mut arcs = 0;
        for (owner, graph) in graphs.iter().enumerate() {
            let (nodes, edges) = (&nodes[owner], &edges[owner]);
            for (row, &place) in nodes.iter().enumerate() {
                assert!(batch.nodes_of(graph.nodes[row]).contains(&place), "{what}");
                assert_eq!(batch.graph_of_node.index()[place] as usize, owner, "{what}");
                if !batch.types.is_empty() {
                    assert_eq!(batch.types[place], graph.types[row], "{what}");
                }
                if !batch.positions.is_empty() {
                    assert_eq!(batch.positions[place], graph.positions[row], "{what}");
                }
                assert_eq!(batch.chains[place], graph.chains[row], "{what}");
                assert_eq!(batch.sources[place], graph.sources[row], "{what}");
            }
            for (row, &place) in edges.iter().enumerate() {
                let ends = graph.edges[row].map(|node| nodes[node as usize]);
                let (from, to) = (batch.edge_from.index()[place], batch.edge_to.index()[place]);
                assert_eq!([from as usize, to as usize], ends, "{what}");
                assert_eq!(batch.edge_kinds[place], graph.edge_kinds[row], "{what}");
                assert_eq!(batch.relations[place], graph.relations[row], "{what}");
                let is_bond = graph.edge_kinds[row] == EdgeKind::Bond;
                assert_eq!(batch.bonds.contains(&place), is_bond, "{what}");
            }
            check_features(&what, &batch.node_sets, &graph.node_sets, nodes);
            check_features(&what, &batch.edge_sets, &graph.edge_sets, edges);
            for (arc, &bin) in graph.line_graph.arcs.iter().zip(&graph.line_graph.bins) {
                let line = batch.line.as_ref().unwrap();
                let ends = [line.from.index()[arcs], line.to.index()[arcs]];
                assert_eq!(
                    ends.map(|edge| edge as usize),
                    arc.map(|edge| edges[edge as usize]),
                    "{what}"
                );
                assert_eq!(line.bins[arcs], bin, "{what}");
                arcs += 1;
            }
        }
        let units: Vec<usize> = graphs.iter().map(GraphBatch::units_of).collect();
        let counted: Vec<usize> = batch.graph_of_unit.counts().collect();
        assert_eq!(counted, units, "{what}");
        assert_eq!(batch.unit_nodes().len(), batch.units(), "{what}");
        assert_eq!(batch.bond_columns[0].len(), batch.bond_edges(), "{what}");
    }
}
