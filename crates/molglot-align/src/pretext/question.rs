//! Questions, their right answers and what a wrong one costs.

use std::sync::Arc;

use molglot_core::{Encoder, Features, Pairs};
use molglot_graph::GeomGraph;
use molglot_tensor::{
    RowIndex, Tensor, TensorData,
    ops::{cross_entropy, gather_rows},
};

/// A random number below a bound.
pub type Draw<'a> = dyn FnMut(usize) -> usize + 'a;

/// Graphs of which parts are hidden, and what is asked about them.
#[derive(Clone, Debug, Default)]
pub struct Posed {
    /// The graphs that the encoder is to read.
    pub graphs: Vec<GeomGraph>,
    /// What it is asked, in the order of the heads.
    pub questions: Vec<Question>,
}

/// What is asked about rows of features.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What the loss counts for beside others.
    pub weight: f64,
    /// The rows.
    pub about: About,
    /// The right answers.
    pub answers: Answers,
    /// Of numbers that the input shows, and shows wrong: what it shows.
    pub shown: Option<Arc<[f32]>>,
}

impl Question {
    /// A question of which the input shows nothing.
    pub fn new(weight: f64, about: About, answers: Answers) -> Self {
        Self {
            weight,
            about,
            answers,
            shown: None,
        }
    }

    /// The same, with what the input shows for each of the numbers asked for.
    #[must_use]
    pub fn shown(self, numbers: Vec<f32>) -> Self {
        Self {
            shown: Some(numbers.into()),
            ..self
        }
    }
}

/// What an encoder says of a batch.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Features at every level.
    pub features: Features,
    /// Pairs, where the encoder keeps account of them.
    pub pairs: Option<Pairs>,
}

/// Widths of what an encoder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Of units, motifs and graphs.
    pub units: usize,
    /// Of pairs; 0 where the encoder keeps no account of them.
    pub pairs: usize,
}

impl Widths {
    /// Those of an encoder.
    pub fn of(encoder: &impl Encoder) -> Self {
        Self {
            units: encoder.width(),
            pairs: encoder.pair_width(),
        }
    }
}

/// Rows of features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Units: rows of [`Features::node`].
    Units(Vec<u32>),
    /// Ordered pairs of units.
    Pairs(Vec<[u32; 2]>),
    /// Units, each with a token of its graph: [`Pairs`] has what is said of the two.
    Tokens(Vec<[u32; 2]>),
    /// Every graph.
    Graphs,
}

impl About {
    /// What features say of them; of units with tokens, of the units.
    ///
    /// # Shapes
    ///
    /// - output: `[K, D]`, for pairs `[K, 2D]`
    pub fn rows(&self, features: &Features) -> Tensor<2> {
        let units = |rows: Vec<u32>| {
            let [count, _] = features.node.dims();
            gather_rows(features.node.clone(), &RowIndex::new(count, rows))
        };
        match self {
            Self::Units(rows) => units(rows.clone()),
            Self::Tokens(ends) => units(ends.iter().map(|ends| ends[0]).collect()),
            Self::Pairs(pairs) => {
                let end = |end: usize| units(pairs.iter().map(|pair| pair[end]).collect());
                Tensor::cat(vec![end(0), end(1)], 1)
            }
            Self::Graphs => features.graph.clone(),
        }
    }
}

/// What a head says of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The number.
    #[default]
    Raw,
    /// `ln(1 + number)`.
    Log,
    /// `(number - mean) / deviation`; no setting of a recipe.
    #[serde(skip)]
    Standard {
        /// Subtracted.
        mean: f32,
        /// Divided by.
        deviation: f32,
    },
}

/// What a wrong number costs, `d` being the difference: squares near the right one, magnitudes far from it. M3LLM's
/// description leaves room for either reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piecewise {
    /// `d^2 / 2` where `|d| < 1`, else `|d| - 1/2`.
    #[default]
    SmoothL1,
    /// `d^2` where `|d| < 1`, else `|d|`: its slope jumps.
    Literal,
}

/// How numbers are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measure {
    /// What the head says.
    pub scale: Scale,
    /// What it costs to be wrong on that scale.
    pub loss: Piecewise,
}

/// Right answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// Classes; the loss is cross-entropy.
    Classes(Arc<[u32]>),
    /// Numbers; the loss is piecewise.
    Numbers(Arc<[f32]>, Measure),
    /// So many answers, none of which is right: what is given is what it costs.
    Costs(usize),
}

impl Answers {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Numbers(numbers, _) => numbers.len(),
            Self::Costs(count) => *count,
        }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `[K]`: what each answer costs.
    ///
    /// # Shapes
    ///
    /// - `given`: `[K, C]` logits, or `[K, 1]` numbers on their scale, or costs
    pub fn losses(&self, given: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Classes(classes) => cross_entropy(given, classes),
            Self::Numbers(numbers, Measure { scale, loss }) => {
                let right: Vec<f32> = numbers.iter().map(|&number| scale.forth(number)).collect();
                let right = TensorData::new(right, [numbers.len()]);
                let right = Tensor::from_data(right, &given.device());
                loss.of(given.reshape([numbers.len()]), right)
            }
            Self::Costs(count) => given.reshape([*count]),
        }
    }
}

impl Scale {
    /// A number on this scale.
    pub fn forth(self, number: f32) -> f32 {
        match self {
            Self::Raw => number,
            Self::Log => number.ln_1p(),
            Self::Standard { mean, deviation } => (number - mean) / deviation,
        }
    }

    /// The number that has this value on the scale.
    pub fn back(self, value: f32) -> f32 {
        match self {
            Self::Raw => value,
            Self::Log => value.exp_m1(),
            Self::Standard { mean, deviation } => value * deviation + mean,
        }
    }
}

impl Piecewise {
    /// What each number costs.
    ///
    /// # Shapes
    ///
    /// - `given`, `right` and output: `[K]`
    pub fn of(self, given: Tensor<1>, right: Tensor<1>) -> Tensor<1> {
        let size = (given - right).abs();
        let far = size.clone().greater_equal_elem(1.0);
        let square = size.clone().square();
        match self {
            Self::SmoothL1 => square.div_scalar(2.0).mask_where(far, size - 0.5),
            Self::Literal => square.mask_where(far, size),
        }
    }
}

/// `count` different numbers below `bound` in random order; all of them where there are not so many (Fisher and Yates).
pub fn pick(count: usize, bound: usize, draw: &mut Draw<'_>) -> Vec<u32> {
    let mut all: Vec<u32> = (0..bound as u32).collect();
    let count = count.min(bound);
    for place in 0..count {
        let other = place + draw(bound - place);
        all.swap(place, other);
    }
    all.truncate(count);
    all
}

/// How many of so many things are hidden: this part of them, at least one; none where the part is 0.
pub(super) fn hidden_count(part: f64, of: usize) -> usize {
    if part == 0.0 {
        return 0;
    }
    ((part * of as f64).round() as usize).max(1).min(of)
}
