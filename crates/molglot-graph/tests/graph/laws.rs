//! What turning, moving and reordering may change: nothing but the order of nodes.

use molglot_bio::geometry::vector::{angle, between};
use molglot_bio::geometry::{Residues, squared_distance};
use molglot_bio::structure::Name;
use molglot_graph::{GeomGraph, GraphSpec, NodeKind};
use proptest::prelude::*;

fn protein_specs() -> [GraphSpec; 4] {
    [
        GraphSpec::gearnet(),
        GraphSpec::gvp(30),
        GraphSpec::scannet(),
        GraphSpec::gat(),
    ]
}

/// Atoms of a residue: name and position.
type Atoms = Vec<(&'static str, [f32; 3])>;

/// The point at a distance from `c`, an angle from `b` and a torsion from `a`, degrees.
fn next([a, b, c]: [[f32; 3]; 3], length: f32, angle: f32, torsion: f32) -> [f32; 3] {
    let sub = |p: [f32; 3], q: [f32; 3]| [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
    let unit = |p: [f32; 3]| p.map(|x| x / p.iter().map(|x| x * x).sum::<f32>().sqrt());
    let cross = |p: [f32; 3], q: [f32; 3]| {
        [
            p[1] * q[2] - p[2] * q[1],
            p[2] * q[0] - p[0] * q[2],
            p[0] * q[1] - p[1] * q[0],
        ]
    };
    let x = unit(sub(c, b));
    let z = unit(cross(sub(b, a), x));
    let y = cross(z, x);
    let ((sine, cosine), (up, along)) =
        (angle.to_radians().sin_cos(), torsion.to_radians().sin_cos());
    std::array::from_fn(|axis| {
        c[axis] + length * (-cosine * x[axis] + sine * along * y[axis] + sine * up * z[axis])
    })
}

/// A chain with the bond lengths and angles of peptides, a little off so that no two neighbours tie, and torsions of any fold.
fn chain(letters: &[u8], length: usize) -> impl Strategy<Value = Vec<(u8, Atoms)>> + use<> {
    let letters = prop::sample::select(letters.to_vec());
    let torsions = [-150f32..-50.0, -60.0..160.0, 165.0..195.0, -180.0..180.0];
    let rows = prop::collection::vec((letters, torsions, 0.95f32..1.05), 1..length);
    rows.prop_map(|rows| {
        let mut last = [[0.0, 1.4, 0.0], [0.0; 3], [1.5, 0.0, 0.0]];
        let mut chain = Vec::new();
        for (letter, [phi, psi, omega, chi], stretch) in rows {
            let n = next(last, 1.33 * stretch, 116.0, psi);
            let ca = next([last[1], last[2], n], 1.46 / stretch, 122.0, omega);
            let c = next([last[2], n, ca], 1.52 * stretch, 111.0, phi);
            let o = next([n, ca, c], 1.23 / stretch, 120.0, psi + 180.0);
            last = [n, ca, c];
            let mut atoms = vec![("N", n), ("CA", ca), ("C", c), ("O", o)];
            let gammas: &[&str] = match letter {
                b'G' => &[],
                b'A' => &["CB"],
                b'S' => &["CB", "OG"],
                b'C' => &["CB", "SG"],
                b'T' => &["CB", "OG1", "CG2"],
                _ => &["CB", "CG1", "CG2"],
            };
            let beta = next([o, c, ca], 1.53 * stretch, 110.0, psi + 60.0);
            let gamma = |chi: f32, length: f32| next([n, ca, beta], length, 110.0, chi);
            let places = [
                beta,
                gamma(chi, 1.5 * stretch),
                gamma(chi + 120.0, 1.43 * stretch),
            ];
            atoms.extend(gammas.iter().copied().zip(places));
            chain.push((letter, atoms));
        }
        chain
    })
}

fn residues(chains: &[(u32, &Vec<(u8, Atoms)>)], place: impl Fn([f32; 3]) -> [f32; 3]) -> Residues {
    let mut residues = Residues::default();
    for (number, chain) in chains {
        for ((letter, atoms), row) in chain.iter().zip(0u32..) {
            let source = number * 1000 + row;
            // Chains start apart from each other and touch.
            let apart =
                |[x, y, z]: [f32; 3]| [x, y + 4.7 * *number as f32, z + 1.3 * *number as f32];
            let atoms = atoms
                .iter()
                .zip(0u32..)
                .map(|((name, at), atom)| (Name::of(name), place(apart(*at)), source * 100 + atom));
            residues.push(*letter, *number, source, atoms);
        }
    }
    residues
}

/// A rotation from three Euler angles.
fn rotation([a, b, c]: [f32; 3]) -> [[f32; 3]; 3] {
    let [(sa, ca), (sb, cb), (sc, cc)] = [a, b, c].map(|angle| f64::from(angle).sin_cos());
    let rows = [
        [ca * cc - sa * cb * sc, -ca * sc - sa * cb * cc, sa * sb],
        [sa * cc + ca * cb * sc, -sa * sc + ca * cb * cc, -ca * sb],
        [sb * sc, sb * cc, cb],
    ];
    rows.map(|row| row.map(|value| value as f32))
}

fn turn(by: [[f32; 3]; 3], point: [f32; 3]) -> [f32; 3] {
    by.map(|row| {
        (0..3)
            .map(|axis| f64::from(row[axis]) * f64::from(point[axis]))
            .sum::<f64>() as f32
    })
}

/// Whether the edge set of a graph hangs on the rounding of a distance: one on a radius, or the last of the nearest and
/// the first that is left out, within 1e-4 angstrom.
fn has_tie(graph: &GeomGraph) -> bool {
    let kinds = [NodeKind::Atom, NodeKind::Residue];
    kinds.iter().any(|&kind| {
        let all = graph
            .nodes
            .iter()
            .zip(&graph.positions)
            .filter(|&(&node, _)| node == kind);
        let places: Vec<[f32; 3]> = all.map(|(_, &place)| place).collect();
        places.iter().any(|&here| {
            let mut far: Vec<f32> = places
                .iter()
                .map(|&there| squared_distance(here, there).sqrt())
                .collect();
            far.sort_by(f32::total_cmp);
            let ties = [10, 15, 30, 31]
                .iter()
                .any(|&k| far.get(k + 1).is_some_and(|next| next - far[k] < 1e-4));
            ties || far
                .iter()
                .any(|far| (far - 8.0).abs() < 1e-4 || (far - 10.0).abs() < 1e-4)
        })
    })
}

fn close(a: &[f32], b: &[f32], tolerance: f32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

/// Nodes by their source, with types and features, sorted; `order` numbers nodes the same in any order of chains.
fn sorted(graph: &GeomGraph) -> (Vec<String>, Vec<String>) {
    let key = |node: u32| (graph.nodes[node as usize], graph.sources[node as usize]);
    let mut nodes = Vec::new();
    for set in &graph.node_sets {
        for (row, node) in set.rows.clone().enumerate() {
            let features = (
                set.scalars.row(row),
                set.vectors.row(row),
                graph.frames.get(node),
            );
            nodes.push(format!(
                "{:?} {} {features:?}",
                key(node as u32),
                graph.types[node]
            ));
        }
    }
    let mut edges = Vec::new();
    for set in &graph.edge_sets {
        for (row, edge) in set.rows.clone().enumerate() {
            let ends = graph.edges[edge].map(key);
            let features = (set.scalars.row(row), set.vectors.row(row));
            edges.push(format!("{ends:?} {} {features:?}", graph.relations[edge]));
        }
    }
    for (arc, bin) in graph.line_graph.arcs.iter().zip(&graph.line_graph.bins) {
        let ends = arc.map(|edge| {
            (
                graph.edges[edge as usize].map(key),
                graph.relations[edge as usize],
            )
        });
        edges.push(format!("{ends:?} {bin}"));
    }
    nodes.sort();
    edges.sort();
    (nodes, edges)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn turning_and_moving_changes_vectors_only(
        // Not glycine: the point that ScanNet gives it can line up with the residue before, and no frame is stable then.
        first in chain(b"ASCTV", 40),
        second in chain(b"ASCTV", 20),
        angles in [-3.0f32..3.0, -3.0..3.0, -3.0..3.0],
        shift in [-30.0f32..30.0, -30.0..30.0, -30.0..30.0],
    ) {
        let by = rotation(angles);
        let moved = |point| { let [x, y, z] = turn(by, point); [x + shift[0], y + shift[1], z + shift[2]] };
        let chains = [(0, &first), (1, &second)];
        for spec in protein_specs() {
            let here = spec.build_residues(&residues(&chains, |point| point)).unwrap();
            let there = spec.build_residues(&residues(&chains, moved)).unwrap();
            prop_assert_eq!(&here.types, &there.types);
            if here.edges != there.edges {
                // A distance on the radius, or two that tie for the last place, may be rounded to either side.
                prop_assert!(has_tie(&here));
                continue;
            }
            prop_assert_eq!(&here.relations, &there.relations);
            for (a, b) in here.node_sets.iter().chain(&here.edge_sets).zip(there.node_sets.iter().chain(&there.edge_sets)) {
                for row in 0..a.rows.len() {
                    let (a, b) = (a.scalars.row(row), b.scalars.row(row));
                    // The moved positions are rounded, and a source far from a frame feels its tilt the more.
                    let size = a.iter().fold(1.0f32, |most, value| most.max(value.abs()));
                    prop_assert!(close(a, b, 1e-4 * size), "row {row}: {a:?} {b:?}");
                }
                for (a, b) in a.vectors.values.chunks(3).zip(b.vectors.values.chunks(3)) {
                    prop_assert!(close(&turn(by, a.try_into().unwrap()), b, 1e-4));
                }
            }
            prop_assert_eq!(&here.line_graph.arcs, &there.line_graph.arcs);
            // An angle on the edge of two bins may be rounded into either.
            let bins = here.line_graph.bins.iter().zip(&there.line_graph.bins);
            for (arc, _) in here.line_graph.arcs.iter().zip(bins).filter(|(_, (a, b))| a != b) {
                let [[k, j], [_, i]] = arc.map(|edge| here.edges[edge as usize].map(|node| here.positions[node as usize]));
                let steps = 8.0 * angle(between(j, i), between(j, k)) / std::f64::consts::PI;
                prop_assert!((steps - steps.round()).abs() < 1e-4, "{steps}");
            }
        }
    }

    #[test]
    fn the_order_of_chains_and_of_atoms_in_residues_changes_nothing(
        first in chain(b"GASCTV", 30),
        second in chain(b"GASCTV", 30),
        third in chain(b"GASCTV", 8),
        turns in 0usize..7,
    ) {
        let shuffled = |chain: &Vec<(u8, Atoms)>| {
            let mut chain = chain.clone();
            for (_, atoms) in &mut chain {
                let middle = turns % atoms.len();
                atoms.rotate_left(middle);
            }
            chain
        };
        let others = [shuffled(&first), shuffled(&second), shuffled(&third)];
        for spec in protein_specs() {
            let chains = [(0, &first), (1, &second), (2, &third)];
            let here = spec.build_residues(&residues(&chains, |point| point)).unwrap();
            let reordered = residues(&[(2, &third), (0, &first), (1, &second)], |point| point);
            prop_assert_eq!(sorted(&here), sorted(&spec.build_residues(&reordered).unwrap()));
            let chains = [(0, &others[0]), (1, &others[1]), (2, &others[2])];
            let mut there = spec.build_residues(&residues(&chains, |point| point)).unwrap();
            there.sources.clone_from(&here.sources);
            prop_assert_eq!(here, there);
        }
    }

    #[test]
    fn edges_ascend_and_features_have_the_width_of_the_spec(first in chain(b"GASCTV", 40)) {
        for spec in protein_specs() {
            let graph = spec.build_residues(&residues(&[(0, &first)], |point| point)).unwrap();
            prop_assert_eq!(graph.edge_sets.iter().map(|set| set.rows.len()).sum::<usize>(), graph.edges.len());
            for (number, set) in graph.edge_sets.iter().enumerate() {
                let rows = set.rows.clone();
                let key = |row: usize| (graph.edges[row][1], graph.edges[row][0], graph.relations[row]);
                prop_assert!(rows.clone().skip(1).all(|row| key(row - 1) < key(row)));
                prop_assert_eq!(set.scalars.values.len(), rows.len() * spec.edge_width(number));
            }
            for (nodes, set) in graph.node_sets.iter().zip(&spec.nodes) {
                prop_assert_eq!(nodes.scalars.values.len(), nodes.rows.len() * set.width());
            }
        }
    }
}

/// A residue as its letter and some of its atoms.
type Partial<'a> = (u8, &'a [(&'a str, [f32; 3])]);

#[test]
fn residues_that_miss_atoms_or_coincide_give_finite_graphs() {
    let at = |x: f32| [x, 0.5 * x, 0.0];
    let cases: [&[Partial<'_>]; 6] = [
        &[],
        &[(b'G', &[("CA", [1.0; 3])])],
        &[(b'G', &[("N", [1.0; 3])]), (b'A', &[("CA", [2.0; 3])])],
        &[
            (b'X', &[("CA", at(0.0))]),
            (b'K', &[("CA", at(1.0)), ("NZ", at(2.0))]),
        ],
        &[
            (b'A', &[("CA", at(1.0))]),
            (b'A', &[("CA", at(1.0))]),
            (b'A', &[("CA", at(1.0))]),
        ],
        &[(
            b'W',
            &[
                ("N", at(0.0)),
                ("CA", at(1.0)),
                ("C", at(2.0)),
                ("CZ3", at(3.0)),
                ("XX", at(9.0)),
            ],
        )],
    ];
    for case in cases {
        let mut residues = Residues::default();
        for (place, (letter, atoms)) in (0u32..).zip(case) {
            residues.push(
                *letter,
                0,
                place,
                atoms.iter().map(|&(name, at)| (Name::of(name), at, 0)),
            );
        }
        for spec in protein_specs() {
            let graph = spec.build_residues(&residues).unwrap();
            let sets = graph.node_sets.iter().chain(&graph.edge_sets);
            assert!(
                sets.flat_map(|set| set.scalars.values.iter().chain(&set.vectors.values))
                    .all(|x| x.is_finite())
                    && graph
                        .frames
                        .iter()
                        .flat_map(|frame| frame.axes)
                        .flatten()
                        .all(f32::is_finite)
            );
        }
    }
}

#[test]
fn residues_without_an_alpha_carbon_are_left_out() {
    let mut residues = Residues::default();
    residues.push(b'M', 7, 0, [(Name::of("CA"), [0.0; 3], 0)]);
    residues.push(b'K', 7, 1, [(Name::of("N"), [1.0; 3], 1)]);
    residues.push(b'V', 9, 2, [(Name::of("CA"), [3.0; 3], 2)]);
    let graph = GraphSpec::gat().build_residues(&residues).unwrap();
    assert_eq!(
        (graph.sources, graph.chains, graph.types),
        (vec![0, 2], vec![0, 1], vec![10, 17])
    );
}

#[test]
fn specs_are_data() {
    let specs = protein_specs().into_iter().chain([
        GraphSpec::unimol(),
        GraphSpec::molecular(),
        GraphSpec::hierarchical(true),
    ]);
    for spec in specs {
        let text = serde_json::to_string_pretty(&spec).unwrap();
        assert_eq!(serde_json::from_str::<GraphSpec>(&text).unwrap(), spec);
    }
    let own =
        r#"{"nodes": [{"kind": "residue"}], "edges": [{"rules": [{"sequential": {"reach": 1}}]}]}"#;
    let spec: GraphSpec = serde_json::from_str(own).unwrap();
    assert_eq!((spec.relations(), spec.line_graph), (3, None));
}
