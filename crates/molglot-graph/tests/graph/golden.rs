//! Edge lists and features of published implementations.

use molglot_bio::geometry::Residues;
use molglot_bio::geometry::scannet;
use molglot_bio::structure::Name;
use molglot_graph::{ALPHABETICAL, BY_NAME, GeomGraph, GraphSpec, NodeKind, TORCHDRUG};

use crate::support::{Golden, difference, letter, push, relational};

/// One graph per protein of a packed batch, and the first residue of each.
fn graphs(
    spec: &GraphSpec,
    graph_of: &[i64],
    residue: impl Fn(usize, &mut Residues),
) -> Vec<(i64, GeomGraph)> {
    let mut built = Vec::new();
    for run in graph_of.chunk_by(|a, b| a == b) {
        let first = built
            .iter()
            .map(|(_, graph): &(i64, GeomGraph)| graph.nodes.len())
            .sum::<usize>();
        let mut residues = Residues::default();
        (first..first + run.len()).for_each(|number| residue(number, &mut residues));
        built.push((first as i64, spec.build_residues(&residues).unwrap()));
    }
    built
}

fn gearnet(case: &str) -> Option<(Golden, Vec<(i64, GeomGraph)>)> {
    let golden = Golden::find(case)?;
    let (places, chains) = (
        golden.points("in.ca_position"),
        golden.integers("in.chain_id"),
    );
    let one_hot = golden.floats("in.node_feature");
    let graphs = graphs(
        &GraphSpec::gearnet(),
        &golden.integers("in.graph_id"),
        |number, residues| {
            let kind = one_hot[number * 21..][..21]
                .iter()
                .position(|&value| value == 1.0)
                .unwrap();
            push(
                residues,
                letter(TORCHDRUG, kind as i64),
                chains[number] as u32,
                &[places[number]],
            );
        },
    );
    for (first, graph) in &graphs {
        let expected = one_hot
            .chunks(21)
            .skip(*first as usize)
            .take(graph.nodes.len());
        assert_eq!(difference(&graph.node_sets[0].scalars, expected), 0.0);
    }
    Some((golden, graphs))
}

fn rows3(values: &[i64]) -> Vec<[i64; 3]> {
    values
        .chunks(3)
        .map(|row| row.try_into().unwrap())
        .collect()
}

#[test]
fn gearnet_edges_and_relations() {
    for case in ["gearnet", "gearnet_edge"] {
        let Some((golden, graphs)) = gearnet(case) else {
            return;
        };
        let mut edges: Vec<[i64; 3]> = graphs
            .iter()
            .flat_map(|(first, graph)| {
                relational(graph)
                    .into_iter()
                    .map(move |[from, to, relation]| [from + first, to + first, relation])
            })
            .collect();
        edges.sort_unstable();
        assert_eq!(edges, rows3(&golden.integers("out.edge_list")), "{case}");
        println!("{case}: {} edges equal", edges.len());
    }
}

#[test]
fn gearnet_edge_features_and_line_graph() {
    let Some((golden, graphs)) = gearnet("gearnet_edge") else {
        return;
    };
    let graph = &graphs[0].1;
    let reference = rows3(&golden.integers("out.edge_list"));
    let row_of = |edge: &[i64; 3]| reference.binary_search(edge).unwrap();
    let rows: Vec<usize> = relational(graph).iter().map(row_of).collect();

    let features = golden.floats("out.edge_feature");
    let expected = rows.iter().map(|&row| &features[row * 59..][..59]);
    let worst = difference(&graph.edge_sets[0].scalars, expected);
    println!("gearnet_edge: features differ by {worst:e}");
    assert!(worst < 1e-5, "{worst}");
    assert_eq!(GraphSpec::gearnet().edge_width(0), 59);

    let arcs = graph.line_graph.arcs.iter().zip(&graph.line_graph.bins);
    let mut arcs: Vec<[i64; 3]> = arcs
        .map(|(&[first, second], &bin)| {
            [
                rows[first as usize] as i64,
                rows[second as usize] as i64,
                i64::from(bin),
            ]
        })
        .collect();
    arcs.sort_unstable();
    assert_eq!(arcs, rows3(&golden.integers("out.line_graph")));
    println!("gearnet_edge: {} arcs with bins equal", arcs.len());
}

/// Compares a GVP graph with a reference in one order of edges, and gives the largest difference of each feature.
fn compare_gvp(golden: &Golden, graphs: &[(i64, GeomGraph)], prefix: &str) -> [f32; 4] {
    let index = golden.integers("out.edge_index");
    let (sources, targets) = index.split_at(index.len() / 2);
    let mine: Vec<[i64; 2]> = graphs
        .iter()
        .flat_map(|(first, graph)| {
            graph
                .edges
                .iter()
                .map(move |edge| edge.map(|node| i64::from(node) + first))
        })
        .collect();
    let reference: Vec<[i64; 2]> = sources
        .iter()
        .zip(targets)
        .map(|(&from, &to)| [from, to])
        .collect();
    assert_eq!(mine, reference);
    let mut worst = [0.0f32; 4];
    let (mut node, mut edge) = (0, 0);
    for (_, graph) in graphs {
        let tables = [
            (&graph.node_sets[0].scalars, "node_s", 6, node),
            (&graph.node_sets[0].vectors, "node_v", 9, node),
            (&graph.edge_sets[0].scalars, "edge_s", 32, edge),
            (&graph.edge_sets[0].vectors, "edge_v", 3, edge),
        ];
        for (worst, (table, name, width, first)) in worst.iter_mut().zip(tables) {
            let name = format!("out.{prefix}{name}");
            if prefix.is_empty() || name.ends_with("_v") || name.ends_with("node_s") {
                let expected = golden.floats(&name);
                let rows = expected
                    .chunks(width)
                    .skip(first)
                    .take(table.values.len() / width);
                *worst = worst.max(difference(table, rows));
            }
        }
        node += graph.nodes.len();
        edge += graph.edges.len();
    }
    worst
}

#[test]
fn gvp_from_backbone_coordinates() {
    let Some(golden) = Golden::find("gvp") else {
        return;
    };
    for (input, prefix) in [("in.coords", ""), ("in.rotated_coords", "rotated.")] {
        let atoms = golden.points(input);
        let spec = GraphSpec::gvp(20);
        let graphs = graphs(&spec, &vec![0; atoms.len() / 4], |number, residues| {
            push(residues, b'A', 0, &atoms[number * 4..][..4]);
        });
        let worst = compare_gvp(&golden, &graphs, prefix);
        println!("gvp {prefix} differs by {worst:?}");
        // The reference takes arc cosines in single precision: its own error is up to 9e-4 near 180 degrees.
        assert!(
            worst[0] < 9e-4 && worst[1..].iter().all(|&worst| worst < 1e-5),
            "{worst:?}"
        );
    }
}

#[test]
fn gvp_of_two_chains_with_sequences() {
    let Some(golden) = Golden::find("gvp_mqa") else {
        return;
    };
    let (atoms, letters) = (
        golden.points("in.coords"),
        golden.integers("in.sequence_ids"),
    );
    let graphs = graphs(
        &GraphSpec::gvp(30),
        &golden.integers("in.graph_id"),
        |number, residues| {
            push(
                residues,
                letter(BY_NAME, letters[number]),
                0,
                &atoms[number * 4..][..4],
            );
        },
    );
    let worst = compare_gvp(&golden, &graphs, "");
    println!("gvp_mqa differs by {worst:?}");
    assert!(
        worst[0] < 2e-3 && worst[1..].iter().all(|&worst| worst < 1e-5),
        "{worst:?}"
    );
    let types: Vec<i64> = graphs
        .iter()
        .flat_map(|(_, graph)| graph.types.iter().map(|&kind| i64::from(kind)))
        .collect();
    assert_eq!(types, letters);
}

#[test]
fn gat_contacts() {
    let Some(golden) = Golden::find("gat") else {
        return;
    };
    let (places, one_hot) = (
        golden.points("in.ca_position"),
        golden.floats("in.node_feature"),
    );
    let graphs = graphs(
        &GraphSpec::gat(),
        &golden.integers("in.graph_id"),
        |number, residues| {
            let kind = one_hot[number * 21..][..21]
                .iter()
                .position(|&value| value == 1.0)
                .unwrap();
            push(
                residues,
                letter(ALPHABETICAL, kind as i64),
                0,
                &[places[number]],
            );
        },
    );
    let index = golden.integers("in.edge_index");
    let (sources, targets) = index.split_at(index.len() / 2);
    let reference: Vec<[i64; 2]> = sources
        .iter()
        .zip(targets)
        .map(|(&from, &to)| [from, to])
        .collect();
    let mut mine = Vec::new();
    for (first, graph) in &graphs {
        mine.extend(
            graph
                .edges
                .iter()
                .map(|edge| edge.map(|node| i64::from(node) + first)),
        );
        let expected = one_hot
            .chunks(21)
            .skip(*first as usize)
            .take(graph.nodes.len());
        assert_eq!(difference(&graph.node_sets[0].scalars, expected), 0.0);
    }
    assert_eq!(mine, reference);
    println!("gat: {} edges equal", mine.len());
}

/// Edges by relation and arcs by bin of ubiquitin, counted with the reference implementation.
#[test]
fn gearnet_counts_of_ubiquitin() {
    let Some(golden) = Golden::find("gat") else {
        return;
    };
    let places = golden.points("in.ca_position");
    let mut residues = Residues::default();
    places[..76]
        .iter()
        .for_each(|&place| push(&mut residues, b'A', 0, &[place]));
    let graph = GraphSpec::gearnet().build_residues(&residues).unwrap();
    let mut relations = [0; 7];
    graph
        .relations
        .iter()
        .for_each(|&relation| relations[usize::from(relation)] += 1);
    assert_eq!(relations, [74, 75, 76, 75, 74, 612, 339]);
    let mut bins = [0; 8];
    graph
        .line_graph
        .bins
        .iter()
        .for_each(|&bin| bins[usize::from(bin)] += 1);
    assert_eq!(bins, [5052, 4097, 3177, 3540, 3860, 3247, 1780, 601]);
}

const ATOM_NAMES: [&str; 38] = [
    "C", "CA", "CB", "CD", "CD1", "CD2", "CE", "CE1", "CE2", "CE3", "CG", "CG1", "CG2", "CH2",
    "CZ", "CZ2", "CZ3", "N", "ND1", "ND2", "NE", "NE1", "NE2", "NH1", "NH2", "NZ", "O", "OD1",
    "OD2", "OE1", "OE2", "OG", "OG1", "OH", "OXT", "SD", "SE", "SG",
];

fn scannet_residues(golden: &Golden, chain: &str) -> Residues {
    let get = |name: &str| golden.integers(&format!("in.{chain}.{name}"));
    let (names, residue_of, types) = (get("atom_name"), get("atom_residue"), get("residue_type"));
    let places = golden.points(&format!("in.{chain}.atom_position"));
    let mut residues = Residues::default();
    let mut atom = 0;
    for (number, &kind) in types.iter().enumerate() {
        let first = atom;
        atom += residue_of[first..]
            .iter()
            .take_while(|&&residue| residue == number as i64)
            .count();
        let atoms = (first..atom).map(|row| {
            (
                Name::of(ATOM_NAMES[names[row] as usize]),
                places[row],
                row as u32,
            )
        });
        residues.push(letter(ALPHABETICAL, kind), 0, number as u32, atoms);
    }
    assert_eq!(residues.atoms().len(), places.len());
    // The order of atoms in these files is the one that residues give them.
    assert!(
        residues
            .atoms()
            .iter()
            .zip(0..)
            .all(|(atom, row)| atom.source == row)
    );
    residues
}

#[test]
fn scannet_clouds_frames_neighbours_and_types() {
    let Some(golden) = Golden::find("scannet") else {
        return;
    };
    for chain in ["1crn", "3R2X_C"] {
        let residues = scannet_residues(&golden, chain);
        let name = |tensor: &str| format!("out.{chain}.{tensor}");
        let cloud = scannet::residue_cloud(&residues);
        let atoms = scannet::atom_cloud(&residues, &cloud);
        // Side-chain points of glycine are 3 CA - N - C, in the reference in single precision far from the origin.
        let tolerance = if chain == "1crn" { 1e-5 } else { 2e-5 };
        for (cloud, level) in [(&cloud, "aa"), (&atoms, "atom")] {
            let triplets: Vec<i64> = cloud
                .triplets
                .iter()
                .flatten()
                .map(|&row| i64::from(row))
                .collect();
            assert_eq!(
                triplets,
                golden.integers(&name(&format!("frame_indices_{level}"))),
                "{chain} {level}"
            );
            let points = golden.points(&name(&format!("point_cloud_{level}")));
            let worst = worst_point(cloud.points.iter().zip(&points));
            assert_eq!(cloud.points.len(), points.len());
            let frames = golden.points(&name(&format!("frames_{level}")));
            let mine = cloud
                .frames
                .iter()
                .flat_map(|frame| [frame.origin, frame.axes[0], frame.axes[1], frame.axes[2]]);
            let mine: Vec<[f32; 3]> = mine.collect();
            let worst_frame = worst_point(mine.iter().zip(&frames));
            println!(
                "scannet {chain} {level}: points differ by {worst:e}, frames by {worst_frame:e}"
            );
            assert!(
                worst < tolerance && worst_frame < tolerance,
                "{chain} {level}: {worst} {worst_frame}"
            );
        }

        let graph = GraphSpec::scannet().build_residues(&residues).unwrap();
        let atom_count = residues.atoms().len();
        let kinds: Vec<i64> = graph.types[..atom_count]
            .iter()
            .map(|&kind| i64::from(kind))
            .collect();
        assert_eq!(kinds, golden.integers(&name("attributes_atom")), "{chain}");
        assert_eq!(
            graph.nodes[atom_count..],
            vec![NodeKind::Residue; residues.len()]
        );
        // Tolerances are those of the case: single precision in the reference's frames, which far sources enlarge.
        let of_residues = if chain == "1crn" { 2e-4 } else { 2e-3 };
        let tables = [
            (0, 0, "neighbors_atom", "local_coords_atom", 3, 5e-5),
            (
                1,
                atom_count,
                "neighbors_aa",
                "local_coords_aa",
                3,
                of_residues,
            ),
            (2, atom_count, "neighbors_graph", "graph_coords", 5, 5e-5),
        ];
        for (set, first, neighbours, tensor, width, tolerance) in tables {
            if chain == "3R2X_C" && set == 0 {
                continue; // Not stored for this chain.
            }
            let expected = golden.integers(&name(neighbours));
            let values = golden.floats(&name(tensor));
            let features = &graph.edge_sets[set];
            let k = expected.len() / (graph.node_sets[usize::from(set > 0)].rows.len());
            let mut worst = 0.0f32;
            assert_eq!(features.rows.len(), expected.len());
            // Edges of a target ascend by source, lists of the reference by distance.
            let mut order: Vec<usize> = (0..expected.len()).collect();
            order.sort_by_key(|&place| (place / k, expected[place]));
            for (row, &place) in order.iter().enumerate() {
                let edge = graph.edges[features.rows.start + row].map(|node| node as usize - first);
                assert_eq!(edge, [expected[place] as usize, place / k], "{chain} {set}");
                let mine = features.scalars.row(row);
                for (mine, theirs) in mine.iter().zip(&values[place * width..][..width]) {
                    worst = worst.max((mine - theirs).abs());
                }
            }
            println!(
                "scannet {chain} {tensor}: {} edges equal, features differ by {worst:e}",
                order.len()
            );
            assert!(worst < tolerance, "{chain} {tensor}: {worst}");
        }
    }
}

fn worst_point<'a>(pairs: impl Iterator<Item = (&'a [f32; 3], &'a [f32; 3])>) -> f32 {
    let differences = pairs.flat_map(|(a, b)| (0..3).map(|axis| (a[axis] - b[axis]).abs()));
    differences.fold(0.0, f32::max)
}
