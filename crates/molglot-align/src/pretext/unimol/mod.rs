//! Uni-Mol's pre-training (Zhou et al., ICLR 2023): some atoms of a conformer lose their elements and are shown in other
//! places. What were they, where, and how far from all others?
//!
//! Elements are asked by cross-entropy, places and distances by a smooth L1 loss. Two more losses keep the norms of the
//! states of tokens and of pairs near the roots of their widths. An atom that is asked about is shown as a mask, or as it
//! is, or as a random element; all but those that are shown as they are stand in a wrong place.

mod corrupt;
mod heads;

pub use corrupt::{Corruption, Noise};
pub use heads::{Heads, published_name};

use molglot_graph::{Disguise, GeomGraph, GraphSpec};
use molglot_tensor::burn;
use molglot_tensor::{Init, RowIndex, Tensor, burn::module::Module};
use serde::{Deserialize, Serialize};

use super::{
    About, Answers, Draw, Measure, Piecewise, Posed, Pretext, Question, Scale, Seen, Widths,
};
use corrupt::{corruptions, first_atom};

/// The scale on which the published model says distances: mean and deviation, angstrom, of its training set.
pub const DISTANCE: Scale = Scale::Standard {
    mean: 6.312_581_6,
    deviation: 3.389_926_4,
};

/// What each loss counts for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossWeights {
    /// Which element?
    pub atom_type: f64,
    /// Where?
    pub coordinates: f64,
    /// How far from other atoms?
    pub distances: f64,
    /// Norms of tokens.
    pub token_norm: f64,
    /// Norms of what the layers did to pairs.
    pub pair_norm: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self {
            atom_type: 1.0,
            coordinates: 5.0,
            distances: 10.0,
            token_norm: 0.01,
            pair_norm: 0.01,
        }
    }
}

/// Settings of the objective; by default the published ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnimolConfig {
    /// The part of the atoms of a molecule that is asked about.
    pub mask: f64,
    /// The part of those that is shown as it is, where it is.
    pub keep: f64,
    /// The part of those that is shown as a random element.
    pub random: f64,
    /// How far places are blurred, angstrom.
    pub noise: f64,
    /// How places are blurred.
    pub noise_kind: Noise,
    /// What each loss counts for.
    pub weights: LossWeights,
}

impl Default for UnimolConfig {
    fn default() -> Self {
        Self {
            mask: 0.15,
            keep: 0.05,
            random: 0.05,
            noise: 1.0,
            noise_kind: Noise::default(),
            weights: LossWeights::default(),
        }
    }
}

impl UnimolConfig {
    /// Draws the heads, for states of these widths.
    pub fn init(&self, widths: Widths, init: &mut Init) -> Unimol {
        Unimol {
            heads: Heads::new(widths, init),
            pair_width: widths.pairs,
            config: self.clone(),
        }
    }

    /// The first setting that makes no sense, and why.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let shown = self.keep + self.random;
        let weights = [
            ("weights.atom_type", self.weights.atom_type),
            ("weights.coordinates", self.weights.coordinates),
            ("weights.distances", self.weights.distances),
            ("weights.token_norm", self.weights.token_norm),
            ("weights.pair_norm", self.weights.pair_norm),
            ("noise", self.noise),
        ];
        let negative = weights
            .into_iter()
            .find(|(_, value)| !value.is_finite() || *value < 0.0);
        if !(self.mask > 0.0 && self.mask <= 1.0) {
            let what = format!(
                "{} asks about no atom: it must be above 0, at most 1",
                self.mask
            );
            Some(("mask", what))
        } else if let Some((key, value)) = negative {
            Some((key, format!("{value} must be a number from 0 upwards")))
        } else if shown.is_nan() || shown > 1.0 || self.keep < 0.0 || self.random < 0.0 {
            let what = format!(
                "{} and `random` {} are no parts of one whole",
                self.keep, self.random
            );
            Some(("keep", what))
        } else {
            None
        }
    }
}

/// See the module.
#[derive(Module, Debug)]
pub struct Unimol {
    /// The heads.
    pub heads: Heads,
    pair_width: usize,
    #[module(skip)]
    config: UnimolConfig,
}

/// What is asked about a batch, as it grows.
#[derive(Default)]
struct Asked {
    units: Vec<u32>,
    tokens: Vec<u32>,
    places: Vec<f32>,
    shown_places: Vec<f32>,
    ends: Vec<[u32; 2]>,
    distances: Vec<f32>,
    shown_distances: Vec<f32>,
    first: u32,
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt() as f32
}

impl Asked {
    /// Asks about one more graph and shows its atoms as something else.
    fn add(
        &mut self,
        spec: &GraphSpec,
        graph: &GeomGraph,
        corruptions: &[Corruption],
    ) -> GeomGraph {
        let first = first_atom(graph);
        let disguises: Vec<Disguise> = corruptions
            .iter()
            .map(|corruption| {
                let node = first + corruption.atom as usize;
                let place = graph.positions[node];
                Disguise {
                    node: node as u32,
                    kind: corruption.kind,
                    position: std::array::from_fn(|axis| place[axis] + corruption.shift[axis]),
                }
            })
            .collect();
        let mut shown = graph.clone();
        spec.disguise(&mut shown, &disguises);
        for (corruption, disguise) in corruptions.iter().zip(&disguises) {
            let (unit, node) = (self.first + corruption.atom, disguise.node as usize);
            self.units.push(unit);
            self.tokens.push(graph.types[node].into());
            self.places.extend(graph.positions[node]);
            self.shown_places.extend(disguise.position);
            for (other, &place) in graph.positions.iter().enumerate() {
                let apart = distance(graph.positions[node], place);
                // The published loss leaves out what is 0: padding, the atom itself, what lies on it.
                if apart > 0.0 {
                    self.ends.push([unit, other as u32]);
                    self.distances.push(apart);
                    let seen = distance(disguise.position, shown.positions[other]);
                    self.shown_distances.push(seen);
                }
            }
        }
        self.first += graph.atoms as u32;
        shown
    }
}

impl Unimol {
    /// Asks about these atoms of graphs and no others.
    pub fn ask(
        &self,
        spec: &GraphSpec,
        graphs: &[&GeomGraph],
        corruptions: &[Vec<Corruption>],
    ) -> Posed {
        let mut asked = Asked::default();
        let shown: Vec<GeomGraph> = graphs
            .iter()
            .zip(corruptions)
            .map(|(graph, corruptions)| asked.add(spec, graph, corruptions))
            .collect();
        let LossWeights {
            atom_type,
            coordinates,
            distances,
            token_norm,
            pair_norm,
        } = self.config.weights;
        let numbers = |right: Vec<f32>, scale: Scale| {
            let loss = Piecewise::SmoothL1;
            Answers::Numbers(right.into(), Measure { scale, loss })
        };
        let units = About::Units(asked.units);
        let costs = || Answers::Costs(shown.len());
        let questions = vec![
            Question::new(
                atom_type,
                units.clone(),
                Answers::Classes(asked.tokens.into()),
            ),
            Question::new(coordinates, units, numbers(asked.places, Scale::Raw))
                .shown(asked.shown_places),
            Question::new(
                distances,
                About::Tokens(asked.ends),
                numbers(asked.distances, DISTANCE),
            )
            .shown(asked.shown_distances),
            Question::new(token_norm, About::Graphs, costs()),
            Question::new(pair_norm, About::Graphs, costs()),
        ];
        Posed {
            graphs: shown,
            questions,
        }
    }
}

impl Pretext for Unimol {
    fn names(&self) -> Vec<&'static str> {
        vec![
            "atom_type",
            "coordinates",
            "distances",
            "token_norm",
            "pair_norm",
        ]
    }

    fn refuses(&self, spec: &GraphSpec) -> Option<String> {
        let reads = *spec == GraphSpec::unimol() && self.pair_width > 0;
        (!reads)
            .then(|| "it does not read conformers as pairs of atoms, as Uni-Mol does".to_owned())
    }

    fn pose(&self, spec: &GraphSpec, graphs: &[&GeomGraph], draw: &mut Draw<'_>) -> Posed {
        let drawn: Vec<Vec<Corruption>> = graphs
            .iter()
            .map(|graph| corruptions(&self.config, graph, draw))
            .collect();
        self.ask(spec, graphs, &drawn)
    }

    fn answer(&self, number: usize, seen: &Seen, question: &Question) -> Tensor<2> {
        let Some(pairs) = &seen.pairs else {
            unreachable!("encoders without pairs are refused")
        };
        let length = pairs.length() as u32;
        let token = |unit: u32| pairs.units.index()[unit as usize];
        match &question.about {
            About::Units(units) if number == 1 => {
                let tokens = units.iter().map(|&unit| token(unit)).collect();
                let tokens = RowIndex::new(pairs.positions.len(), tokens);
                let places = self.heads.coordinates(pairs, &tokens);
                places.reshape([question.answers.len(), 1])
            }
            About::Tokens(ends) => {
                let ends = ends.iter().map(|&[unit, other]| {
                    let from = token(unit);
                    [from, from - from % length + other]
                });
                self.heads.distances(pairs, &ends.collect::<Vec<_>>())
            }
            About::Graphs => {
                let costs = pairs.norm_excess[number - 3].clone();
                costs.reshape([question.answers.len(), 1])
            }
            about => self.heads.types(about.rows(&seen.features)),
        }
    }
}
