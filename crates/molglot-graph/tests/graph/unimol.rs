//! Inputs of Uni-Mol.

use molglot_chem::Molecule;
use molglot_chem::molfile::{self, Options};
use molglot_graph::{Disguise, GraphError, GraphSpec, Hydrogens, Oversize, unimol};

use crate::support::Golden;

/// A molfile of atoms alone: what the reference reads of a molecule is elements and positions.
fn molfile_of(elements: &[i64], places: &[[f32; 3]]) -> String {
    let mut text = format!(
        "\n\n\n{:3}  0  0  0  0  0            999 V2000\n",
        elements.len()
    );
    for (&element, [x, y, z]) in elements.iter().zip(places) {
        let symbol = molglot_chem::element::symbol(element as u8);
        text.push_str(&format!("{x:10.4}{y:10.4}{z:10.4} {symbol:<3} 0  0\n"));
    }
    text + "M  END\n"
}

#[test]
fn tokens_positions_distances_and_pair_types() {
    let Some(golden) = Golden::find("unimol") else {
        return;
    };
    let (elements, places) = (
        golden.integers("in.atomic_number"),
        golden.points("in.atom_coordinates"),
    );
    let tokens = golden.integers("out.src_tokens");
    let (coordinates, distances) = (
        golden.points("out.src_coord"),
        golden.floats("out.src_distance"),
    );
    let pair_types = golden.integers("out.src_edge_type");
    let padded = tokens.len() / 4;
    let mut first = 0;
    for (number, &atoms) in golden.integers("in.num_atoms").iter().enumerate() {
        let rows = first..first + atoms as usize;
        first = rows.end;
        let options = Options {
            keep_hydrogens: true,
        };
        let record = molfile::read_with(
            molfile_of(&elements[rows.clone()], &places[rows.clone()]),
            options,
        )
        .unwrap();
        let graph = GraphSpec::unimol()
            .build_conformer(&record.molecule, &places[rows])
            .unwrap();

        let nodes = graph.nodes.len();
        let row = number * padded;
        let mine: Vec<i64> = graph.types.iter().map(|&token| i64::from(token)).collect();
        assert_eq!(mine, tokens[row..row + nodes]);
        assert!(
            tokens[row + nodes..row + padded]
                .iter()
                .all(|&token| token == i64::from(unimol::PAD))
        );
        let mut worst = [0.0f32; 2];
        for (mine, theirs) in graph.positions.iter().zip(&coordinates[row..]) {
            (0..3).for_each(|axis| worst[0] = worst[0].max((mine[axis] - theirs[axis]).abs()));
        }
        assert_eq!(graph.edges.len(), nodes * nodes);
        for i in 0..nodes {
            for j in 0..nodes {
                let (edge, cell) = (i * nodes + j, (row + i) * padded + j);
                assert_eq!(graph.edges[edge], [j as u32, i as u32]);
                assert_eq!(i64::from(graph.relations[edge]), pair_types[cell]);
                worst[1] =
                    worst[1].max((graph.edge_sets[0].scalars.values[edge] - distances[cell]).abs());
            }
        }
        println!(
            "unimol {number}: {nodes} tokens, positions differ by {:e}, distances by {:e}",
            worst[0], worst[1]
        );
        assert!(worst.iter().all(|&worst| worst < 1e-5), "{worst:?}");
    }
}

#[test]
fn the_dictionary_and_what_is_outside_it() {
    assert_eq!(
        (unimol::token(6), unimol::token(1), unimol::token(3)),
        (4, 8, 29)
    );
    assert_eq!(
        (unimol::token(92), unimol::token(0)),
        (unimol::UNK, unimol::UNK)
    );
    assert_eq!(unimol::DICTIONARY[usize::from(unimol::CLS)], "[CLS]");
    assert_eq!(unimol::DICTIONARY[usize::from(unimol::SEP)], "[SEP]");
}

fn chain(atoms: usize) -> (Molecule, Vec<[f32; 3]>) {
    let molecule = Molecule::from_smiles(&"C".repeat(atoms)).unwrap();
    (
        molecule,
        (0..atoms).map(|atom| [atom as f32, 0.0, 0.0]).collect(),
    )
}

#[test]
fn too_many_atoms_are_refused_and_never_drawn_by_lot() {
    let (molecule, places) = chain(256);
    assert_eq!(
        GraphSpec::unimol()
            .build_conformer(&molecule, &places)
            .unwrap()
            .atoms,
        256
    );
    let (molecule, places) = chain(259);
    let error = GraphSpec::unimol()
        .build_conformer(&molecule, &places)
        .unwrap_err();
    assert_eq!(
        error,
        GraphError::TooManyAtoms {
            atoms: 259,
            max: 256
        }
    );
    let mut spec = GraphSpec::unimol();
    spec.nodes[1].atoms.oversize = Oversize::Central;
    let graph = spec.build_conformer(&molecule, &places).unwrap();
    assert_eq!(graph.sources[1..257], (1..257).collect::<Vec<u32>>());
}

#[test]
fn hydrogens_are_dropped_or_kept() {
    let water = "\n\n\n  3  2  0  0  0  0            999 V2000\n\
        \x20   0.0000    0.0000    0.1000 O   0  0\n\
        \x20   0.8000    0.0000   -0.5000 H   0  0\n\
        \x20  -0.8000    0.0000   -0.5000 H   0  0\n  1  2  1  0\n  1  3  1  0\nM  END\n";
    let record = molfile::read_with(
        water,
        Options {
            keep_hydrogens: true,
        },
    )
    .unwrap();
    let places = record.coordinates.unwrap();
    let mut spec = GraphSpec::unimol();
    assert_eq!(
        spec.build_conformer(&record.molecule, &places)
            .unwrap()
            .types,
        [1, 6, 2]
    );
    spec.nodes[1].atoms.hydrogens = Hydrogens::Keep;
    assert_eq!(
        spec.build_conformer(&record.molecule, &places)
            .unwrap()
            .types,
        [1, 6, 8, 8, 2]
    );
    let error = spec
        .build_conformer(&record.molecule, &places[..2])
        .unwrap_err();
    assert_eq!(
        error,
        GraphError::Positions {
            atoms: 3,
            coordinates: 2
        }
    );
    let bad = [places[0], [f32::NAN; 3], places[2]];
    assert_eq!(
        spec.build_conformer(&record.molecule, &bad).unwrap_err(),
        GraphError::NotFinite(1)
    );
}

#[test]
fn a_conformer_keeps_bonds_motifs_and_features() {
    let molecule = Molecule::from_smiles("CC(=O)OC1=CC=CC=C1C(=O)O").unwrap();
    let places: Vec<[f32; 3]> = (0..13).map(|atom| [atom as f32, 1.0, 2.0]).collect();
    let spec = GraphSpec::hierarchical(false);
    let (flat, solid) = (
        spec.build(&molecule),
        spec.build_conformer(&molecule, &places).unwrap(),
    );
    assert_eq!(solid.positions.len(), 18);
    assert_eq!(solid.positions[17], [6.0, 1.0, 2.0]);
    assert_eq!(
        (flat.edges, flat.atom_features, flat.members),
        (solid.edges, solid.atom_features, solid.members)
    );
}

/// Atoms that are passed off as others give the graph that those others have.
#[test]
fn a_disguise_is_complete() {
    let mut spec = GraphSpec::unimol();
    spec.nodes[1].atoms.centred = false;
    let place = |atom: usize, turn: f32| {
        let angle = turn + 1.3 * atom as f32;
        [angle.cos(), angle.sin(), 0.8 * atom as f32]
    };
    let build = |smiles: &str, turn: [f32; 5]| {
        let places: Vec<[f32; 3]> = (0..5).map(|atom| place(atom, turn[atom])).collect();
        let molecule = Molecule::from_smiles(smiles).unwrap();
        spec.build_conformer(&molecule, &places).unwrap()
    };
    let mut graph = build("C.C.O.N.C", [0.0; 5]);
    let other = build("C.F.O.S.C", [0.0, 0.0, 0.5, 0.7, 0.0]);
    let disguise = |atom: usize, kind: u8, turn: f32| Disguise {
        node: atom as u32 + 1,
        kind: unimol::token(kind),
        position: place(atom, turn),
    };
    let atoms = [
        disguise(1, 9, 0.0),
        disguise(2, 8, 0.5),
        disguise(3, 16, 0.7),
    ];
    spec.disguise(&mut graph, &atoms);
    assert_eq!(graph, other);
}
