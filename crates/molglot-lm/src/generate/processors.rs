//! What is done to a row of logits before a token is chosen, as transformers 5 does it.

use std::collections::HashSet;

/// A rule over a row of logits; what it forbids becomes minus infinity.
#[derive(Clone, Debug, PartialEq)]
pub enum Processor {
    /// Divides positive logits of tokens that the text has already, and multiplies negative ones (Keskar et al., 2019).
    RepetitionPenalty(f64),
    /// Forbids a token that would complete a run of so many tokens that the text has already.
    NoRepeatNgram(usize),
    /// Forbids stop tokens before the text has this length.
    MinLength {
        /// The length, of the prompt's known tokens and the new ones.
        length: usize,
        /// Stop tokens.
        eos: Vec<u32>,
    },
    /// Divides logits.
    Temperature(f64),
    /// Keeps so many of the highest, and those that equal the last of them (Fan et al., 2018).
    TopK(usize),
    /// Keeps the likeliest tokens that have this probability together (Holtzman et al., 2020).
    TopP(f64),
    /// Keeps tokens with at least this part of the likeliest one's probability (Nguyen et al., 2025).
    MinP(f64),
    /// Keeps the tokens nearest to the entropy that have this probability together (Meister et al., 2023).
    TypicalP(f64),
}

/// The value of a forbidden token.
const FORBIDDEN: f32 = f32::NEG_INFINITY;

impl Processor {
    /// Changes the logits of the token that follows `text`.
    pub fn apply(&self, text: &[u32], row: &mut [f32]) {
        match self {
            Self::RepetitionPenalty(penalty) => repetition(*penalty as f32, text, row),
            Self::NoRepeatNgram(size) => no_repeat(*size, text, row),
            Self::MinLength { length, eos } => {
                if text.len() < *length {
                    for &token in eos {
                        forbid(row, token);
                    }
                }
            }
            Self::Temperature(temperature) => {
                let temperature = *temperature as f32;
                row.iter_mut().for_each(|logit| *logit /= temperature);
            }
            Self::TopK(k) => top_k(*k, row),
            Self::TopP(p) => top_p(*p, row),
            Self::MinP(part) => {
                let probabilities = softmax(row);
                let top = probabilities.iter().copied().fold(0.0, f64::max);
                keep(row, |token| probabilities[token] >= part * top);
            }
            Self::TypicalP(mass) => typical(*mass, row),
        }
    }
}

/// Probabilities of logits, `[V]`; zeros when every token is forbidden.
pub fn softmax(row: &[f32]) -> Vec<f64> {
    let top = row.iter().copied().fold(FORBIDDEN, f32::max);
    if top == FORBIDDEN {
        return vec![0.0; row.len()];
    }
    let mut probabilities: Vec<f64> = row
        .iter()
        .map(|&logit| (f64::from(logit) - f64::from(top)).exp())
        .collect();
    let sum: f64 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|p| *p /= sum);
    probabilities
}

fn forbid(row: &mut [f32], token: u32) {
    if let Some(logit) = row.get_mut(token as usize) {
        *logit = FORBIDDEN;
    }
}

fn keep(row: &mut [f32], kept: impl Fn(usize) -> bool) {
    for (token, logit) in row.iter_mut().enumerate() {
        if !kept(token) {
            *logit = FORBIDDEN;
        }
    }
}

fn repetition(penalty: f32, text: &[u32], row: &mut [f32]) {
    let seen: HashSet<u32> = text.iter().copied().collect();
    for token in seen {
        if let Some(logit) = row.get_mut(token as usize) {
            *logit = if *logit < 0.0 {
                *logit * penalty
            } else {
                *logit / penalty
            };
        }
    }
}

fn no_repeat(size: usize, text: &[u32], row: &mut [f32]) {
    let Some(start) = (text.len() + 1).checked_sub(size).filter(|_| size > 0) else {
        return;
    };
    let beginning = &text[start..];
    for run in text.windows(size) {
        if &run[..size - 1] == beginning {
            forbid(row, run[size - 1]);
        }
    }
}

fn top_k(k: usize, row: &mut [f32]) {
    let Some(last) = k.checked_sub(1).filter(|&last| last < row.len()) else {
        return;
    };
    let mut sorted = row.to_vec();
    let (_, &mut bound, _) = sorted.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
    row.iter_mut()
        .filter(|logit| **logit < bound)
        .for_each(|logit| *logit = FORBIDDEN);
}

/// Tokens by `key`, ascending; equal ones stay in the order of the vocabulary, as `torch.sort` leaves them.
fn ascending(row: &[f32], key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut tokens: Vec<usize> = (0..row.len()).collect();
    tokens.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
    tokens
}

fn top_p(p: f64, row: &mut [f32]) {
    let probabilities = softmax(row);
    let mut tokens = ascending(row, |token| f64::from(row[token]));
    // The likeliest token always stays.
    tokens.pop();
    let mut below = 0.0;
    for token in tokens {
        below += probabilities[token];
        if below > 1.0 - p {
            return;
        }
        row[token] = FORBIDDEN;
    }
}

fn typical(mass: f64, row: &mut [f32]) {
    let probabilities = softmax(row);
    let information = |token: usize| -probabilities[token].ln();
    let entropy: f64 = (0..row.len())
        .filter(|&token| probabilities[token] > 0.0)
        .map(|token| probabilities[token] * information(token))
        .sum();
    let distance = |token: usize| (information(token) - entropy).abs();
    let tokens = ascending(row, distance);
    let mut together = 0.0;
    let last = tokens.iter().copied().find(|&token| {
        together += probabilities[token];
        together >= mass
    });
    let Some(bound) = last.or(tokens.last().copied()).map(distance) else {
        return;
    };
    let first = tokens[0];
    keep(row, |token| token == first || distance(token) <= bound);
}
