//! Which atoms are hidden, as what they are shown, and where.

use molglot_graph::{GeomGraph, NodeKind, unimol};
use serde::{Deserialize, Serialize};

use super::UnimolConfig;
use crate::pretext::{Draw, pick};

/// Steps of a random number between 0 and 1: as many as single precision tells apart.
const STEPS: usize = 1 << 24;

/// How a place is blurred, `s` being the width that a recipe gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Each coordinate by as much as `-s` to `s`.
    #[default]
    Uniform,
    /// Each coordinate by a normal distribution of deviation `s`.
    Normal,
    /// The same, what is beyond `2 s` being set to that.
    TruncNormal,
}

/// An atom that is asked about, and what the encoder sees in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corruption {
    /// Number of the atom in its molecule.
    pub atom: u32,
    /// The token that is shown.
    pub kind: u16,
    /// How far from its place it is shown, angstrom.
    pub shift: [f32; 3],
}

/// Between 0 and 1, 1 excluded.
fn part(draw: &mut Draw<'_>) -> f64 {
    draw(STEPS) as f64 / STEPS as f64
}

impl Noise {
    fn draw(self, width: f64, draw: &mut Draw<'_>) -> f32 {
        let noise = match self {
            Self::Uniform => 2.0 * part(draw) - 1.0,
            Self::Normal => normal(draw),
            Self::TruncNormal => normal(draw).clamp(-2.0, 2.0),
        };
        (width * noise) as f32
    }
}

/// Standard normal (Box and Muller).
fn normal(draw: &mut Draw<'_>) -> f64 {
    let radius = (-2.0 * (1.0 - part(draw)).ln()).sqrt();
    radius * (std::f64::consts::TAU * part(draw)).cos()
}

/// Draws what is asked about a molecule: so many atoms that on average it is the wanted part, of small molecules
/// therefore often none.
pub(super) fn corruptions(
    config: &UnimolConfig,
    graph: &GeomGraph,
    draw: &mut Draw<'_>,
) -> Vec<Corruption> {
    let count = (config.mask * graph.atoms as f64 + part(draw)).floor() as usize;
    let mut chosen = pick(count, graph.atoms, draw);
    chosen.sort_unstable();
    let chosen = chosen.into_iter().zip(std::iter::repeat(first_atom(graph)));
    chosen
        .map(|(atom, first)| {
            let fate = part(draw);
            if fate < config.keep {
                return Corruption {
                    atom,
                    kind: graph.types[first + atom as usize],
                    shift: [0.0; 3],
                };
            }
            let elements = unimol::ELEMENTS;
            let kind = match fate < config.keep + config.random {
                true => elements.start + draw(elements.len()) as u16,
                false => unimol::MASK,
            };
            let shift = [(); 3].map(|()| config.noise_kind.draw(config.noise, draw));
            Corruption { atom, kind, shift }
        })
        .collect()
}

/// The node of the first atom.
pub(super) fn first_atom(graph: &GeomGraph) -> usize {
    let is_atom = |kind: &NodeKind| *kind == NodeKind::Atom;
    graph.nodes.iter().position(is_atom).unwrap_or(0)
}
