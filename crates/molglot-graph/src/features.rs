//! Numbers and vectors of edges.

use std::ops::Range;

use molglot_bio::geometry::vector::{between, distance, dot, scale, wide};
use molglot_bio::geometry::{direction, extend_offset};

use crate::build::Nodes;
use crate::edges::offset;
use crate::{EdgeScalar, EdgeSet, EdgeVector, Features, GeomGraph, GraphSpec, Table};

/// The features of the edges in some rows of the graph.
pub(crate) fn of_edges(
    spec: &GraphSpec,
    set: &EdgeSet,
    rows: Range<usize>,
    nodes: &Nodes,
    graph: &GeomGraph,
) -> Features {
    if graph.positions.is_empty() {
        return Features {
            rows,
            ..Features::default()
        };
    }
    let edge = Context {
        relations: spec.relations(),
        vocabulary: spec.vocabulary(set.kind),
        nodes,
        graph,
    };
    let mut scalars = Vec::new();
    let mut vectors = Vec::with_capacity(rows.len() * set.vectors.len() * 3);
    for row in rows.clone() {
        let [from, to] = graph.edges[row];
        for &scalar in &set.scalars {
            edge.extend(scalar, row, &mut scalars);
        }
        for vector in &set.vectors {
            let place = |node: u32| graph.positions[node as usize];
            vectors.extend(match vector {
                EdgeVector::ToSource => direction(place(to), place(from)),
            });
        }
    }
    Features {
        scalars: Table {
            width: scalars.len().checked_div(rows.len()).unwrap_or(0),
            values: scalars,
        },
        vectors: Table {
            width: set.vectors.len() * 3,
            values: vectors,
        },
        rows,
    }
}

struct Context<'a> {
    relations: usize,
    vocabulary: usize,
    nodes: &'a Nodes,
    graph: &'a GeomGraph,
}

impl Context<'_> {
    fn extend(&self, scalar: EdgeScalar, row: usize, values: &mut Vec<f32>) {
        let graph = self.graph;
        let [from, to] = graph.edges[row];
        let (source, target) = (from as usize, to as usize);
        let apart = offset(graph, self.nodes, from, to);
        let separation = |max: u16| {
            let max = usize::from(max);
            apart.map_or(max, |apart| (apart.unsigned_abs() as usize).min(max))
        };
        let length = || distance(graph.positions[source], graph.positions[target]);
        match scalar {
            EdgeScalar::EndTypes => {
                for node in [source, target] {
                    let known = usize::from(graph.types[node]);
                    one_hot(
                        if known < self.vocabulary { known } else { 0 },
                        self.vocabulary,
                        values,
                    );
                }
            }
            EdgeScalar::RelationOneHot => {
                one_hot(usize::from(graph.relations[row]), self.relations, values);
            }
            EdgeScalar::SeparationOneHot { max } => {
                one_hot(separation(max), usize::from(max) + 1, values);
            }
            EdgeScalar::Distance => values.push(length() as f32),
            EdgeScalar::Rbf(basis) => basis.extend(length(), values),
            EdgeScalar::Offset { width } => match apart {
                Some(apart) => extend_offset(apart as f64, width, values),
                None => values.extend(std::iter::repeat_n(0.0, usize::from(width / 2) * 2)),
            },
            EdgeScalar::LocalCoordinates => {
                values.extend(match graph.frames.get(target) {
                    Some(frame) => frame.to_local(graph.positions[source]),
                    None => [0.0; 3],
                });
            }
            EdgeScalar::FramePair { max_separation } => {
                let z = |node: usize| {
                    graph
                        .frames
                        .get(node)
                        .map_or([0.0; 3], |frame| wide(frame.axes[2]))
                };
                let length = length();
                let step = between(graph.positions[target], graph.positions[source]);
                let step = scale(step, 1.0 / (length + 1e-10));
                values.extend([
                    length as f32,
                    dot(z(target), z(source)) as f32,
                    dot(step, z(source)) as f32,
                    dot(step, z(target)) as f32,
                    separation(max_separation) as f32,
                ]);
            }
        }
    }
}

/// Appends columns that are 0 but one.
fn one_hot(column: usize, columns: usize, values: &mut Vec<f32>) {
    values.extend((0..columns).map(|at| if at == column { 1.0 } else { 0.0 }));
}
