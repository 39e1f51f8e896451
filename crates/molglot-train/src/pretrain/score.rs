//! How good answers are, and how good those are that look at nothing.

use std::collections::BTreeMap;

use molglot_align::pretext::{Answers, Question};
use molglot_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::report::{Better, MetricRow};

/// The answers to one question on held-out rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The question.
    pub task: String,
    /// How many answers were given.
    pub items: u64,
    /// Mean loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Of classes, the part that is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Of numbers, the mean of the magnitudes by which they are wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
}

/// Sums over answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    items: u64,
    loss: f64,
    right: u64,
    wrong_by: f64,
    has_classes: bool,
    has_numbers: bool,
}

impl Tally {
    /// Adds the answers to a question.
    ///
    /// # Shapes
    ///
    /// - `given`: `[K, C]` logits, or `[K, 1]` numbers or costs
    pub(super) fn add(&mut self, answers: &Answers, given: Tensor<2>) {
        let [_, width] = given.dims();
        let losses = answers.losses(given.clone());
        self.loss += f64::from(losses.sum().into_scalar::<f32>());
        self.items += answers.len() as u64;
        let given: Vec<f32> = given.into_data().iter::<f32>().collect();
        match answers {
            Answers::Classes(classes) => {
                self.has_classes = true;
                let rows = given.chunks(width.max(1)).zip(classes.iter());
                self.right += rows
                    .filter(|(logits, class)| largest(logits) == **class as usize)
                    .count() as u64;
            }
            Answers::Costs(_) => {}
            Answers::Numbers(numbers, measure) => {
                self.has_numbers = true;
                let wrong = given.iter().zip(numbers.iter());
                self.wrong_by += wrong
                    .map(|(&given, &right)| f64::from((measure.scale.back(given) - right).abs()))
                    .sum::<f64>();
            }
        }
    }

    pub(super) fn score(&self, task: &str) -> Score {
        let items = self.items.max(1) as f64;
        Score {
            task: task.to_owned(),
            items: self.items,
            loss: Some(self.loss / items),
            accuracy: self.has_classes.then(|| self.right as f64 / items),
            error: self.has_numbers.then(|| self.wrong_by / items),
        }
    }
}

/// The first of the largest values.
fn largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

/// Counts right answers, to find the one that is right most often.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    classes: BTreeMap<u32, u64>,
    numbers: Vec<f32>,
}

impl Census {
    /// One for each question.
    pub(super) fn count(censuses: &mut Vec<Self>, questions: &[Question]) {
        censuses.resize(questions.len(), Self::default());
        for (census, question) in censuses.iter_mut().zip(questions) {
            match &question.answers {
                Answers::Classes(classes) => {
                    for &class in classes.iter() {
                        *census.classes.entry(class).or_default() += 1;
                    }
                }
                Answers::Numbers(numbers, _) => census.numbers.extend(numbers.iter()),
                Answers::Costs(_) => {}
            }
        }
    }

    /// How good the most frequent class, or the median, would be on other questions of the kind; of numbers that the input
    /// shows, how good it is to repeat them.
    pub(super) fn score<'a>(
        &mut self,
        task: &str,
        others: impl Iterator<Item = &'a Question>,
    ) -> Score {
        let most = self.classes.iter().max_by_key(|(class, count)| {
            // Of equally frequent ones the first.
            (**count, std::cmp::Reverse(**class))
        });
        let class = most.map(|(class, _)| *class);
        self.numbers.sort_by(f32::total_cmp);
        let median = self.numbers.get(self.numbers.len() / 2).copied();
        let (mut items, mut right, mut wrong_by) = (0, 0, 0.0);
        for question in others {
            items += question.answers.len() as u64;
            match &question.answers {
                Answers::Classes(classes) => {
                    right += classes
                        .iter()
                        .filter(|other| class == Some(**other))
                        .count();
                }
                Answers::Numbers(numbers, _) => {
                    let median = [median.unwrap_or_default()];
                    let told = question.shown.as_deref().unwrap_or(&median);
                    let wrong = numbers.iter().zip(told.iter().cycle());
                    let wrong = wrong.map(|(other, told)| f64::from((other - told).abs()));
                    wrong_by += wrong.sum::<f64>();
                }
                Answers::Costs(_) => {}
            }
        }
        let parts = items.max(1) as f64;
        Score {
            task: task.to_owned(),
            items,
            loss: None,
            accuracy: class.map(|_| right as f64 / parts),
            error: median.map(|_| wrong_by / parts),
        }
    }
}

/// What a stage was measured to be on held-out rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageScores {
    /// Its name.
    pub stage: String,
    /// The encoder as the stage found it, with heads as drawn.
    pub before: Vec<Score>,
    /// The encoder as the stage left it.
    pub after: Vec<Score>,
    /// The answer that is right most often among the training rows: the most frequent class, the median number. Where the
    /// input shows the number that is asked for, what it shows.
    pub majority: Vec<Score>,
}

impl StageScores {
    /// A table; its column of chance is the majority answer.
    pub fn rows(&self) -> Vec<MetricRow> {
        let of = |scores: &[Score], number: usize, get: fn(&Score) -> Option<f64>| {
            scores.get(number).and_then(get)
        };
        let mut rows = Vec::new();
        for (number, after) in self.after.iter().enumerate() {
            let task = after.task.replace('_', " ");
            let mut row = |what: &str, better: Better, get: fn(&Score) -> Option<f64>| {
                rows.push(MetricRow {
                    name: format!("{}: {task} {what}", self.stage),
                    before: of(&self.before, number, get),
                    after: get(after),
                    chance: of(&self.majority, number, get),
                    better,
                });
            };
            match after.accuracy {
                Some(_) => row("accuracy (%)", Better::Higher, |score| {
                    score.accuracy.map(|part| 100.0 * part)
                }),
                None if after.error.is_some() => {
                    row("mean error", Better::Lower, |score| score.error);
                }
                None => {}
            }
            row("loss", Better::Lower, |score| score.loss);
        }
        rows
    }
}
