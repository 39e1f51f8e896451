//! Nodes of macromolecules.

use molglot_bio::geometry::vector::narrow;
use molglot_bio::geometry::{
    Backbone, Residues, backbone_torsions, direction, scannet, side_chain_direction,
};

use crate::build::Nodes;
use crate::{
    Features, FrameRule, GeomGraph, GraphSpec, NodeKind, NodeScalar, NodeSet, NodeVector, Table,
    Types,
};

pub(crate) fn add_nodes(spec: &GraphSpec, residues: &Residues, graph: &mut GeomGraph) -> Nodes {
    let mut nodes = Nodes::default();
    let chains = number_chains(residues);
    let has_frames = spec
        .nodes
        .iter()
        .any(|set| set.frames == Some(FrameRule::ScanNet));
    let cloud = match has_frames {
        true => scannet::residue_cloud(residues),
        false => scannet::Cloud::default(),
    };
    let is_sequence = spec.is_of_sequences();
    let centres: Vec<[f32; 3]> = match has_frames {
        true => cloud.frames.iter().map(|frame| frame.origin).collect(),
        false if is_sequence => Vec::new(),
        false => (0..residues.len())
            .filter_map(|residue| residues.position(residue, "CA"))
            .collect(),
    };
    for set in &spec.nodes {
        let first = graph.nodes.len();
        match set.kind {
            NodeKind::Residue if set.ends && is_sequence => {
                add_sequences(set, residues, &chains, graph, &mut nodes);
            }
            NodeKind::Residue => {
                for (place, residue) in (0..).zip(residues.residues()) {
                    graph.types.push(residue_type(&set.types, residue.letter));
                    graph.chains.push(chains[place as usize]);
                    graph.sources.push(residue.source);
                    nodes.places.push(place);
                }
                graph.positions.extend(&centres);
                graph.frames.extend(&cloud.frames);
            }
            NodeKind::Atom => {
                for atom in residues.atoms() {
                    let residue = residues.residues()[atom.residue as usize];
                    graph.types.push(match &set.types {
                        Types::ScanNetAtom => {
                            u16::from(scannet::atom_kind(residue.letter, atom.name))
                        }
                        types => residue_type(types, residue.letter),
                    });
                    graph.positions.push(atom.position);
                    graph.chains.push(chains[atom.residue as usize]);
                    graph.sources.push(atom.source);
                    nodes.places.push(atom.residue);
                }
                graph.atoms = residues.atoms().len();
                if has_frames {
                    graph
                        .frames
                        .extend(scannet::atom_cloud(residues, &cloud).frames);
                }
            }
            NodeKind::Virtual | NodeKind::Graph => {
                graph.types.push(residue_type(&set.types, 0));
                graph.positions.push([0.0; 3]);
                graph.chains.push(0);
                graph.sources.push(0);
                nodes.places.push(0);
            }
            NodeKind::Motif => {}
        }
        graph.nodes.resize(graph.sources.len(), set.kind);
        let rows = first..graph.nodes.len();
        let types = &graph.types[rows.clone()];
        let (scalars, vectors) = match set.kind {
            NodeKind::Residue => (
                scalars(set, types, residues),
                vectors(set, residues, &centres),
            ),
            _ => Default::default(),
        };
        graph.node_sets.push(Features {
            rows,
            scalars,
            vectors,
        });
    }
    nodes
}

/// The residues of every chain between a node that begins it and one that ends it, which have the sources of the residues
/// next to them.
fn add_sequences(
    set: &NodeSet,
    residues: &Residues,
    chains: &[u32],
    graph: &mut GeomGraph,
    nodes: &mut Nodes,
) {
    let unknown = set.vocabulary() as u16;
    let (begin, end) = (unknown + 1, unknown + 2);
    for row in 0..residues.len() {
        let residue = residues.residues()[row];
        let mut add = |kind| {
            graph.types.push(kind);
            graph.chains.push(chains[row]);
            graph.sources.push(residue.source);
            nodes.places.push(row as u32);
        };
        if row == 0 || chains[row - 1] != chains[row] {
            add(begin);
        }
        add(residue_type(&set.types, residue.letter));
        if chains.get(row + 1) != Some(&chains[row]) {
            add(end);
        }
    }
}

/// Per residue, the number of its chain among those that are left.
fn number_chains(residues: &Residues) -> Vec<u32> {
    let mut number = 0;
    let mut before = None;
    let next = residues.residues().iter().map(|residue| {
        number += u32::from(before.is_some_and(|before| before != residue.chain));
        before = Some(residue.chain);
        number
    });
    next.collect()
}

fn residue_type(types: &Types, letter: u8) -> u16 {
    match types {
        Types::Residue(alphabet) => {
            let place = alphabet.bytes().position(|known| known == letter);
            place.unwrap_or(alphabet.len()) as u16
        }
        Types::Fixed(number) => *number,
        _ => 0,
    }
}

fn scalars(set: &NodeSet, types: &[u16], residues: &Residues) -> Table {
    let width = set.width();
    let mut values = vec![0.0; width * types.len()];
    let mut column = 0;
    for scalar in &set.scalars {
        match scalar {
            NodeScalar::TypeOneHot { unknown } => {
                let columns = set.vocabulary() + usize::from(*unknown);
                for (row, &kind) in types
                    .iter()
                    .enumerate()
                    .filter(|&(_, &kind)| usize::from(kind) < columns)
                {
                    values[row * width + column + usize::from(kind)] = 1.0;
                }
                column += columns;
            }
            NodeScalar::Dihedrals => {
                for (row, angles) in dihedrals(residues).iter().enumerate() {
                    let start = row * width + column;
                    values[start..start + 6].copy_from_slice(angles);
                }
                column += 6;
            }
        }
    }
    Table { width, values }
}

/// Per residue, cosines and sines of φ, ψ and ω.
fn dihedrals(residues: &Residues) -> Vec<[f32; 6]> {
    let mut rows = Vec::with_capacity(residues.len());
    for chain in residues.residues().chunk_by(|a, b| a.chain == b.chain) {
        let first = rows.len();
        let backbone: Vec<Backbone> = (first..first + chain.len())
            .map(|residue| Backbone {
                n: residues.position(residue, "N"),
                ca: residues.position(residue, "CA"),
                c: residues.position(residue, "C"),
            })
            .collect();
        let last = chain.len() - 1;
        rows.extend(
            backbone_torsions(&backbone)
                .iter()
                .enumerate()
                .map(|(place, angles)| {
                    let mut row = [0.0; 6];
                    for (number, angle) in angles.iter().enumerate() {
                        let is_end = if number == 0 {
                            place == 0
                        } else {
                            place == last
                        };
                        if let Some(angle) = angle.or(is_end.then_some(0.0)) {
                            row[number] = angle.cos() as f32;
                            row[number + 3] = angle.sin() as f32;
                        }
                    }
                    row
                }),
        );
    }
    rows
}

fn vectors(set: &NodeSet, residues: &Residues, centres: &[[f32; 3]]) -> Table {
    let chain = |residue: usize| {
        residues
            .residues()
            .get(residue)
            .map(|residue| residue.chain)
    };
    let towards = |residue: usize, other: usize| match chain(other) == chain(residue) {
        true => direction(centres[residue], centres[other]),
        false => [0.0; 3],
    };
    let side_chain = |residue: usize| {
        let at = |name| residues.position(residue, name);
        Some(narrow(side_chain_direction(at("N")?, at("CA")?, at("C")?)))
    };
    let mut values = Vec::with_capacity(centres.len() * set.vectors.len() * 3);
    for residue in 0..centres.len() {
        for vector in &set.vectors {
            values.extend(match vector {
                NodeVector::Forward => towards(residue, residue + 1),
                NodeVector::Backward => towards(residue, residue.wrapping_sub(1)),
                NodeVector::SideChain => side_chain(residue).unwrap_or_default(),
            });
        }
    }
    Table {
        width: set.vectors.len() * 3,
        values,
    }
}
