//! Which tokens follow: searches on the host, over anything that can say what comes next.

use super::{GenerateConfig, GenerateError, processors::Processor, sampler::Sampler};

/// Logits of a batch, `[N, V]` row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct LogitRows {
    /// The logits.
    pub values: Vec<f32>,
    /// Number of tokens of the vocabulary, `V`.
    pub width: usize,
}

impl LogitRows {
    fn row(&self, number: usize) -> &[f32] {
        &self.values[number * self.width..][..self.width]
    }
}

/// Says what comes next.
pub trait NextToken {
    /// A row for every prompt.
    fn begin(&mut self) -> LogitRows;

    /// A row for every token: the text of row `parents[i]` of the last call goes on with `tokens[i]`. A row may have
    /// several children or none.
    fn extend(&mut self, parents: &[usize], tokens: &[u32]) -> LogitRows;
}

/// What a search knows about a prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptInfo {
    /// Its tokens where they are known, for rules about what the text has already.
    pub ids: Vec<u32>,
    /// Most tokens that may follow.
    pub room: usize,
    /// Which draws it gets; prompts of the same number get the same.
    pub stream: u64,
}

/// A continuation.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The new tokens, without the stop token.
    pub tokens: Vec<u32>,
    /// The stop token that ended it; `None` when it was cut at its limit.
    pub stop: Option<u32>,
    /// Of a beam search: log-probability over the length to the power of the length penalty.
    pub score: Option<f32>,
}

/// Told of every token as soon as it is certain: the number of the prompt, of its continuation, and the token.
/// Of a beam search nothing is certain before its end.
pub type OnToken<'a> = dyn FnMut(usize, usize, u32) + 'a;

/// A text that grows.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// Known tokens of the prompt and new ones.
    pub(super) ids: Vec<u32>,
    /// How many are of the prompt.
    pub(super) prompt: usize,
    /// Its row in the last batch.
    pub(super) row: usize,
}

impl Text {
    pub(super) fn new(prompt: &PromptInfo, row: usize) -> Self {
        Self {
            ids: prompt.ids.clone(),
            prompt: prompt.ids.len(),
            row,
        }
    }

    pub(super) fn new_tokens(&self) -> &[u32] {
        &self.ids[self.prompt..]
    }

    /// The finished text, whose stop token, if it has one, is not yet among its tokens.
    pub(super) fn end(&self, stop: Option<u32>, score: Option<f32>) -> Generated {
        Generated {
            tokens: self.new_tokens().to_vec(),
            stop,
            score,
        }
    }
}

/// A row of logits, checked and processed.
pub(super) fn processed(
    rows: &LogitRows,
    text: &Text,
    processors: &[Processor],
    prompt: usize,
    transform: impl Fn(&mut [f32]),
) -> Result<Vec<f32>, GenerateError> {
    let mut row = rows.row(text.row).to_vec();
    if row.iter().any(|logit| logit.is_nan()) {
        return Err(GenerateError::NotANumber { prompt });
    }
    transform(&mut row);
    for processor in processors {
        processor.apply(&text.ids, &mut row);
    }
    Ok(row)
}

/// Continues every prompt: [`GenerateConfig::num_return_sequences`] continuations each, best first where they have
/// scores.
///
/// Each prompt is continued as if it were alone. Rows that are finished leave the batch.
///
/// # Errors
///
/// [`GenerateError`] when the configuration is of no use or the logits are no numbers.
pub fn search(
    next: &mut impl NextToken,
    prompts: &[PromptInfo],
    config: &GenerateConfig,
    on_token: &mut OnToken<'_>,
) -> Result<Vec<Vec<Generated>>, GenerateError> {
    config.check()?;
    if prompts.is_empty() {
        return Ok(Vec::new());
    }
    if config.num_beams > 1 {
        let found = super::beam::search(next, prompts, config)?;
        for (prompt, continuations) in found.iter().enumerate() {
            for (number, continuation) in continuations.iter().enumerate() {
                for &token in &continuation.tokens {
                    on_token(prompt, number, token);
                }
            }
        }
        return Ok(found);
    }
    one_by_one(next, prompts, config, on_token)
}

/// A continuation that is not finished.
struct Live {
    prompt: usize,
    number: usize,
    text: Text,
    sampler: Option<Sampler>,
}

/// Greedy search and sampling: the token that is chosen stays.
fn one_by_one(
    next: &mut impl NextToken,
    prompts: &[PromptInfo],
    config: &GenerateConfig,
    on_token: &mut OnToken<'_>,
) -> Result<Vec<Vec<Generated>>, GenerateError> {
    let count = config.num_return_sequences;
    let mut found: Vec<Vec<Option<Generated>>> = vec![vec![None; count]; prompts.len()];
    let mut live = Vec::new();
    for (number, prompt) in prompts.iter().enumerate() {
        for continuation in 0..count {
            live.push(Live {
                prompt: number,
                number: continuation,
                text: Text::new(prompt, number),
                sampler: config
                    .do_sample
                    .then(|| Sampler::new(config.seed, prompt.stream, continuation)),
            });
        }
    }
    let mut rows = next.begin();
    loop {
        let mut going = Vec::with_capacity(live.len());
        for mut one in live {
            let prompt = &prompts[one.prompt];
            let Some(token) = choose(&rows, &mut one, prompt, config)? else {
                found[one.prompt][one.number] = Some(one.text.end(None, None));
                continue;
            };
            if config.eos_token_id.contains(&token) {
                found[one.prompt][one.number] = Some(one.text.end(Some(token), None));
                continue;
            }
            on_token(one.prompt, one.number, token);
            one.text.ids.push(token);
            going.push(one);
        }
        // A text that is full needs no further logits.
        going.retain(|one| {
            let full = one.text.new_tokens().len() >= prompts[one.prompt].room;
            if full {
                found[one.prompt][one.number] = Some(one.text.end(None, None));
            }
            !full
        });
        live = going;
        if live.is_empty() {
            break;
        }
        rows = extend(next, live.iter_mut().map(|one| &mut one.text));
    }
    Ok(found
        .into_iter()
        .map(|continuations| continuations.into_iter().flatten().collect())
        .collect())
}

/// Feeds the last token of every text and notes the rows that they got.
pub(super) fn extend<'a>(
    next: &mut impl NextToken,
    texts: impl Iterator<Item = &'a mut Text>,
) -> LogitRows {
    let (mut parents, mut tokens) = (Vec::new(), Vec::new());
    for (row, text) in texts.enumerate() {
        parents.push(text.row);
        tokens.extend(text.ids.last());
        text.row = row;
    }
    next.extend(&parents, &tokens)
}

/// The next token of a text; `None` when there is no room or every token is forbidden.
fn choose(
    rows: &LogitRows,
    one: &mut Live,
    prompt: &PromptInfo,
    config: &GenerateConfig,
) -> Result<Option<u32>, GenerateError> {
    if one.text.new_tokens().len() >= prompt.room {
        return Ok(None);
    }
    let processors = config.processors(prompt.ids.len());
    let row = processed(rows, &one.text, &processors, one.prompt, |_| {})?;
    Ok(match &mut one.sampler {
        Some(sampler) => sampler.draw(&row),
        None => likeliest(&row),
    })
}

/// The first of the highest; `None` when every token is forbidden.
fn likeliest(row: &[f32]) -> Option<u32> {
    let mut best: Option<(usize, f32)> = None;
    for (token, &logit) in row.iter().enumerate() {
        if logit > best.map_or(f32::NEG_INFINITY, |(_, top)| top) {
            best = Some((token, logit));
        }
    }
    best.map(|(token, _)| token as u32)
}
