//! Beam search with the semantics of transformers 5.23 (`GenerationMixin._beam_search`), each prompt by itself.

use super::{
    EarlyStopping, GenerateConfig, GenerateError,
    processors::Processor,
    search::{Generated, LogitRows, NextToken, PromptInfo, Text, extend, processed},
};

/// A text that may still grow.
struct Beam {
    text: Text,
    /// Log-probability of its new tokens, in f32 as in the reference.
    score: f32,
}

/// A token that a beam may go on with.
struct Candidate {
    beam: usize,
    token: u32,
    score: f32,
}

/// The search after one prompt.
struct Search<'a> {
    config: &'a GenerateConfig,
    processors: Vec<Processor>,
    prompt: usize,
    room: usize,
    /// Best first.
    running: Vec<Beam>,
    /// Best first, at most as many as beams.
    finished: Vec<Generated>,
    done: bool,
}

pub(super) fn search(
    next: &mut impl NextToken,
    prompts: &[PromptInfo],
    config: &GenerateConfig,
) -> Result<Vec<Vec<Generated>>, GenerateError> {
    let mut searches: Vec<Search<'_>> = prompts
        .iter()
        .enumerate()
        .map(|(number, prompt)| Search::new(config, number, prompt))
        .collect();
    let mut rows = next.begin();
    loop {
        for search in searches.iter_mut().filter(|search| !search.done) {
            search.step(&rows)?;
        }
        let mut running = searches
            .iter_mut()
            .filter(|search| !search.done)
            .flat_map(|search| search.running.iter_mut().map(|beam| &mut beam.text))
            .peekable();
        if running.peek().is_none() {
            break;
        }
        rows = extend(next, running);
    }
    Ok(searches
        .into_iter()
        .map(|mut search| {
            search.finished.truncate(config.num_return_sequences);
            search.finished
        })
        .collect())
}

impl<'a> Search<'a> {
    fn new(config: &'a GenerateConfig, number: usize, prompt: &PromptInfo) -> Self {
        Self {
            config,
            processors: config.processors(prompt.ids.len()),
            prompt: number,
            room: prompt.room,
            // The reference starts with copies that have a score of -1e9; none of them ever matters.
            running: vec![Beam {
                text: Text::new(prompt, number),
                score: 0.0,
            }],
            finished: Vec::new(),
            done: false,
        }
    }

    /// Extends every running beam by one token.
    fn step(&mut self, rows: &LogitRows) -> Result<(), GenerateError> {
        let beams = self.config.num_beams;
        let candidates = if self.room == 0 {
            Vec::new()
        } else {
            self.candidates(rows)?
        };
        if candidates.is_empty() {
            self.give_up();
            return Ok(());
        }
        let length = self.running[0].text.new_tokens().len() + 1;
        let (mut running, mut ended) = (Vec::new(), Vec::new());
        for (rank, candidate) in candidates.into_iter().enumerate() {
            let Candidate { beam, token, score } = candidate;
            let stops = self.config.eos_token_id.contains(&token);
            if stops || length == self.room {
                // A worse candidate would be followed by better ones if the search went on.
                if rank < beams {
                    let text = &self.running[beam].text;
                    let score = Some(self.rated(score, length));
                    let mut end = text.end(stops.then_some(token), score);
                    if !stops {
                        end.tokens.push(token);
                    }
                    ended.push(end);
                }
            } else if running.len() < beams {
                let mut text = self.running[beam].text.clone();
                text.ids.push(token);
                running.push(Beam { text, score });
            }
        }
        self.finish(ended);
        self.running = running;
        self.done = !self.can_improve(length);
        Ok(())
    }

    /// Enough of the best continuations that as many as there are beams can go on, best first.
    fn candidates(&self, rows: &LogitRows) -> Result<Vec<Candidate>, GenerateError> {
        let mut all = Vec::new();
        for (beam, running) in self.running.iter().enumerate() {
            let row = processed(
                rows,
                &running.text,
                &self.processors,
                self.prompt,
                log_softmax,
            )?;
            let scores = row.into_iter().enumerate();
            all.extend(scores.filter(|(_, score)| *score > f32::NEG_INFINITY).map(
                |(token, score)| Candidate {
                    beam,
                    token: token as u32,
                    score: score + running.score,
                },
            ));
        }
        let count = self.config.num_beams * (1 + self.config.eos_token_id.len()).max(2);
        let order = |a: &Candidate, b: &Candidate| {
            let place = |c: &Candidate| (c.beam, c.token);
            b.score
                .total_cmp(&a.score)
                .then_with(|| place(a).cmp(&place(b)))
        };
        if all.len() > count {
            all.select_nth_unstable_by(count - 1, order);
            all.truncate(count);
        }
        all.sort_by(order);
        Ok(all)
    }

    /// What a log-probability is worth at a length.
    fn rated(&self, score: f32, length: usize) -> f32 {
        score / (length as f64).powf(self.config.length_penalty) as f32
    }

    fn finish(&mut self, ended: Vec<Generated>) {
        self.finished.extend(ended);
        let score = |end: &Generated| end.score.unwrap_or(f32::NEG_INFINITY);
        self.finished.sort_by(|a, b| score(b).total_cmp(&score(a)));
        self.finished.truncate(self.config.num_beams);
    }

    /// Nothing may follow: what is running is all there is.
    fn give_up(&mut self) {
        let ended = self
            .running
            .iter()
            .map(|beam| {
                let length = beam.text.new_tokens().len().max(1);
                beam.text.end(None, Some(self.rated(beam.score, length)))
            })
            .collect();
        self.finish(ended);
        self.done = true;
    }

    /// Whether the running beams, of this length, can change what is finished.
    fn can_improve(&self, length: usize) -> bool {
        let Some(best) = self.running.first() else {
            return false;
        };
        if self.finished.len() < self.config.num_beams {
            return true;
        }
        let length = match self.config.early_stopping {
            EarlyStopping::WhenFull => return false,
            EarlyStopping::Never if self.config.length_penalty > 0.0 => self.room,
            _ => length,
        };
        let worst = self.finished.last().and_then(|end| end.score);
        worst.is_none_or(|worst| self.rated(best.score, length) > worst)
    }
}

/// Logits to log-probabilities, `[V]`.
fn log_softmax(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&logit| f64::from(logit - top).exp()).sum();
    let normaliser = sum.ln() as f32;
    row.iter_mut()
        .for_each(|logit| *logit = *logit - top - normaliser);
}
