//! What the optimizer sees: an encoder and the heads of its objective as one module.

use molglot_align::pretext::{AnyPretext, Posed, Pretext, Question, Seen};
use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::AnyEncoder;
use molglot_graph::GeomGraph;
use molglot_tensor::burn;
use molglot_tensor::{
    Device, Tensor,
    burn::{
        module::Module,
        optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer},
    },
    clip::clip_global_norm,
    params,
};

use super::{
    config::PretrainStage,
    score::{Score, Tally},
};
use crate::{config::Part, train::Step};

/// An encoder with what it is trained for.
#[derive(Module, Debug)]
pub struct PretrainLearner {
    /// The encoder.
    pub encoder: AnyEncoder,
    /// The objective with its heads.
    pub pretext: AnyPretext,
}

/// Graphs of which parts are hidden as one batch, and what is asked about them.
#[derive(Debug)]
pub struct AskedBatch {
    /// What the encoder reads.
    pub graph: GraphBatch,
    /// What it is asked.
    pub questions: Vec<Question>,
}

impl AskedBatch {
    /// Joins the graphs.
    pub fn new(posed: &Posed, device: &Device) -> Self {
        let graphs: Vec<&GeomGraph> = posed.graphs.iter().collect();
        Self {
            graph: GraphBatch::new(&graphs, device),
            questions: posed.questions.clone(),
        }
    }
}

impl PretrainLearner {
    /// Freezes the encoder unless the stage trains it.
    #[must_use]
    pub fn planned(self, stage: &PretrainStage) -> Self {
        let trains = stage.trains(Part::Encoder);
        params::set_trainable(self, |path| {
            trains || path.split('.').next() != Some("encoder")
        })
    }

    /// The answers to every question that asks about something.
    pub fn answers(&self, batch: &AskedBatch) -> Vec<Option<Tensor<2>>> {
        let (features, pairs) = self.encoder.encode_pairs(&batch.graph);
        let seen = Seen { features, pairs };
        let questions = batch.questions.iter().enumerate();
        questions
            .map(|(number, question)| {
                let asks = !question.answers.is_empty();
                asks.then(|| self.pretext.answer(number, &seen, question))
            })
            .collect()
    }

    /// One optimizer step over micro-batches that equal one large batch, but for the statistics of batch norms: the mean
    /// loss of each question over all of them, times its weight.
    ///
    /// Nothing changes when the loss or the gradient norm is not finite; the step says so by its values.
    pub fn step(
        self,
        batches: &[AskedBatch],
        optimizer: &mut ModuleOptimizer,
        learning_rate: f64,
        clip: f64,
    ) -> (Self, Step) {
        let questions = batches.first().map_or(0, |batch| batch.questions.len());
        let items: Vec<usize> = (0..questions)
            .map(|number| {
                let of = |batch: &AskedBatch| batch.questions[number].answers.len();
                batches.iter().map(of).sum()
            })
            .collect();
        let mut accumulator = GradientsAccumulator::<Self>::new();
        let mut loss = 0.0;
        for batch in batches {
            let terms = self.answers(batch).into_iter().zip(&batch.questions);
            let terms = terms.zip(&items).filter_map(|((given, question), &items)| {
                let sum = question.answers.losses(given?).sum();
                Some(sum.mul_scalar(question.weight / items as f64))
            });
            let Some(sum) = terms.reduce(|a, b| a + b) else {
                continue;
            };
            loss += f64::from(sum.clone().into_scalar::<f32>());
            accumulator.accumulate(&self, GradientsParams::from_grads(sum.backward(), &self));
        }
        let mut grads = accumulator.grads();
        let grad_norm = clip_global_norm(&self, &mut grads, clip);
        let step = Step {
            loss,
            grad_norm,
            weight: items.iter().sum::<usize>() as f64,
        };
        if !step.loss.is_finite() || !step.grad_norm.is_finite() {
            return (self, step);
        }
        (optimizer.step(learning_rate, self, grads), step)
    }

    /// How good the answers are. The learner must be `valid()`.
    pub fn scores(&self, posed: &[Posed], device: &Device) -> Vec<Score> {
        let names = self.pretext.names();
        let mut tallies = vec![Tally::default(); names.len()];
        for posed in posed {
            let batch = AskedBatch::new(posed, device);
            let answers = self.answers(&batch).into_iter().zip(&batch.questions);
            for (tally, (given, question)) in tallies.iter_mut().zip(answers) {
                if let Some(given) = given {
                    tally.add(&question.answers, given);
                }
            }
        }
        let tallies = tallies.iter().zip(names);
        tallies.map(|(tally, name)| tally.score(name)).collect()
    }

    /// The loss that training lowers, of scores.
    pub fn loss(scores: &[Score], questions: &[Question]) -> f64 {
        let terms = scores.iter().zip(questions);
        let terms = terms.filter_map(|(score, question)| Some(score.loss? * question.weight));
        terms.sum()
    }
}
