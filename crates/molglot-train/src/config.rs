//! What a recipe says, typed.

use std::path::PathBuf;

use molglot_align::{ObjectiveConfig, hscale::HScaleConfig};
use molglot_encoder::{AnyEncoder, EncoderConfig};
use molglot_lm::{
    GenerateConfig, LmSettings, LoraConfig, Precision, PromptTemplate, generate::GenerateError,
};
use molglot_projector::ProjectorConfig;
use molglot_tensor::{
    Init,
    weights::{Weights, WeightsError, same_names},
};
use serde::{Deserialize, Serialize};

use crate::{
    data::DataConfig,
    recipe::{Document, RecipeError},
};

/// A run, from data to report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the run and of its folder.
    pub name: String,
    /// What it is, in a sentence.
    #[serde(default)]
    pub description: String,
    /// The one number from which weights, order and dropout follow.
    #[serde(default)]
    pub seed: u64,
    /// Where the molecules are.
    pub data: DataConfig,
    /// The tokenizer, trained on the captions.
    #[serde(default)]
    pub tokenizer: TokenizerConfig,
    /// The encoder.
    pub encoder: EncoderStart,
    /// The projector.
    pub projector: ProjectorConfig,
    /// The language model.
    pub lm: LmSettings,
    /// The adapter that a stage with `lora` trains.
    #[serde(default)]
    pub lora: LoraConfig,
    /// How a molecule and an instruction become a prompt.
    #[serde(default)]
    pub prompt: PromptTemplate,
    /// When an answer ends.
    #[serde(default)]
    pub generate: GenerateConfig,
    /// How the run is judged.
    #[serde(default)]
    pub evaluate: EvaluateConfig,
    /// When the run is saved.
    #[serde(default)]
    pub checkpoint: CheckpointConfig,
    /// The stages, in order.
    #[serde(rename = "stage")]
    pub stages: Vec<StageConfig>,
}

/// An encoder and where its weights come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderStart {
    /// A safetensors file of an encoder of the same settings, as pre-training leaves it in `model/`; else weights are
    /// drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// What it is.
    #[serde(flatten)]
    pub config: EncoderConfig,
}

impl EncoderStart {
    /// The encoder with which a run starts.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] when the file cannot be read or is of another encoder.
    pub fn init(&self, init: &mut Init) -> Result<AnyEncoder, WeightsError> {
        let drawn = self.config.init(init);
        match &self.weights {
            Some(path) => Weights::read(path)?.load_into(drawn, &same_names),
            None => Ok(drawn),
        }
    }
}

/// The tokenizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenizerConfig {
    /// Most tokens it may have.
    pub vocab_size: usize,
}

impl Default for TokenizerConfig {
    fn default() -> Self {
        Self { vocab_size: 2048 }
    }
}

/// Evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateConfig {
    /// Molecules and captions among which the right one is to be found.
    pub retrieval_batch: usize,
    /// How many random ways of forming such batches are averaged.
    pub retrieval_permutations: usize,
    /// Prompts per forward pass.
    pub batch_size: usize,
    /// How many held-out molecules the report shows with an answer.
    pub examples: usize,
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            retrieval_batch: 64,
            retrieval_permutations: 20,
            batch_size: 16,
            examples: 5,
        }
    }
}

/// Checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between checkpoints; one is also saved after every stage.
    pub every: u64,
    /// How many are kept.
    pub keep: usize,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self {
            every: 500,
            keep: 2,
        }
    }
}

/// A part of the model that a stage can train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The encoder.
    Encoder,
    /// The projector.
    Projector,
    /// The language model itself.
    Lm,
    /// Its adapter.
    Lora,
}

/// What a stage looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Captions alone.
    Captions,
    /// Molecules beside their captions.
    Pairs,
    /// Molecules inside prompts that ask for their captions.
    Prompts,
}

/// A stage: what it looks at, what it asks for, what it trains, how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig<I = Input, O = ObjectiveConfig> {
    /// Its name.
    pub name: String,
    /// What it looks at.
    pub input: I,
    /// What it asks for.
    pub objective: O,
    /// What it trains; the rest is frozen.
    pub train: Vec<Part>,
    /// Passes over the training rows.
    pub epochs: u64,
    /// Rows per micro-batch; for a contrastive objective also the number of candidates.
    pub batch_size: usize,
    /// Micro-batches per optimizer step, weighted by what they contain, not averaged.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Learning rate at the end as a part of the peak.
    #[serde(default)]
    pub final_learning_rate: f64,
    /// Part of the steps over which the learning rate rises from 0.
    #[serde(default = "default_warmup")]
    pub warmup: f64,
    /// AdamW's weight decay, for matrices alone: not for norms, biases and other vectors.
    #[serde(default)]
    pub weight_decay: f64,
    /// Largest norm of all gradients together.
    #[serde(default = "default_clip")]
    pub clip: f64,
    /// AdamW's decay of the first and second moment.
    #[serde(default = "default_betas")]
    pub betas: [f64; 2],
    /// Added to AdamW's denominator.
    #[serde(default = "default_epsilon")]
    pub epsilon: f64,
    /// Lets short texts share a row: the same losses with less padding.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pack: bool,
    /// Computes the blocks of the language model again in the backward pass: less memory, about a third more time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recompute: bool,
    /// Stop after so many steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
}

fn one() -> usize {
    1
}

fn default_warmup() -> f64 {
    0.05
}

fn default_clip() -> f64 {
    1.0
}

fn default_betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn default_epsilon() -> f64 {
    1e-8
}

impl<I, O> StageConfig<I, O> {
    /// Whether it trains this part.
    pub fn trains(&self, part: Part) -> bool {
        self.train.contains(&part)
    }

    /// The first number that makes no sense, by its key; a batch must have `least` rows.
    pub(crate) fn senseless(&self, least: usize) -> Option<(&'static str, f64)> {
        let part = 0.0..=1.0;
        let numbers = [
            ("epochs", self.epochs as f64, self.epochs > 0),
            (
                "batch_size",
                self.batch_size as f64,
                self.batch_size >= least,
            ),
            ("accumulate", self.accumulate as f64, self.accumulate > 0),
            (
                "learning_rate",
                self.learning_rate,
                self.learning_rate > 0.0 && self.learning_rate <= 1.0,
            ),
            (
                "final_learning_rate",
                self.final_learning_rate,
                part.contains(&self.final_learning_rate),
            ),
            ("warmup", self.warmup, part.contains(&self.warmup)),
            ("weight_decay", self.weight_decay, self.weight_decay >= 0.0),
            ("clip", self.clip, self.clip > 0.0),
            ("epsilon", self.epsilon, self.epsilon > 0.0),
        ];
        let wrong = numbers.into_iter().find(|(_, _, good)| !good);
        wrong.map(|(key, value, _)| (key, value))
    }
}

impl Recipe {
    /// The last stage before `end` that aligns molecules to captions: its number and its settings.
    pub fn last_alignment(&self, end: usize) -> Option<(usize, &HScaleConfig)> {
        let stages = self.stages.iter().enumerate().take(end).rev();
        stages
            .filter_map(|(number, stage)| match &stage.objective {
                ObjectiveConfig::HScale(settings) => Some((number, settings)),
                ObjectiveConfig::NextToken(_) => None,
            })
            .next()
    }

    /// Whether a stage after this one trains the language model itself.
    pub fn trains_lm_after(&self, stage: usize) -> bool {
        self.stages[stage + 1..]
            .iter()
            .any(|later| later.trains(Part::Lm))
    }

    /// Reads and checks a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] with the place, what is wrong and the remedy.
    pub fn read(document: &Document) -> Result<Self, RecipeError> {
        let mut recipe: Self = document.to()?;
        let layers = match recipe.lm.layers() {
            Ok(layers) => layers,
            Err(error) => return Err(document.invalid("lm.path", error.to_string())),
        };
        recipe.check(document, layers)?;
        let middle = layers / 2;
        for stage in &mut recipe.stages {
            if let ObjectiveConfig::HScale(settings) = &mut stage.objective {
                settings.text_layer.get_or_insert(middle);
            }
        }
        Ok(recipe)
    }

    fn check_lm(&self, document: &Document) -> Result<(), RecipeError> {
        let fail = |path: &str, message: String| Err(document.invalid(path, message));
        match &self.lm {
            LmSettings::Llama(lm) => {
                if let Err(error) = lm.config(self.tokenizer.vocab_size).check() {
                    return fail("lm", error.to_string());
                }
                if self.tokenizer.vocab_size < 260 {
                    let message = format!(
                        "{} is too small: 256 bytes and 4 special tokens need at least 260",
                        self.tokenizer.vocab_size
                    );
                    return fail("tokenizer.vocab_size", message);
                }
            }
            LmSettings::Pretrained(lm) => {
                let trained = self.stages.iter().position(|stage| stage.trains(Part::Lm));
                if let (Precision::Bf16, Some(stage)) = (lm.dtype, trained) {
                    let message = "what is trained is held in f32: train lora instead of lm, or set lm.dtype = \"f32\"";
                    return fail(&format!("stage.{stage}.train"), message.to_owned());
                }
            }
        }
        Ok(())
    }

    /// `layers`: those of the language model.
    fn check(&self, document: &Document, layers: usize) -> Result<(), RecipeError> {
        let fail = |path: &str, message: String| Err(document.invalid(path, message));
        self.check_lm(document)?;
        if self.prompt.template.matches("{graph}").count() != 1 {
            return fail(
                "prompt.template",
                "it must contain `{graph}` exactly once, where the molecule goes".to_owned(),
            );
        }
        if let Err(error) = self.generate.check() {
            return match error {
                GenerateError::Key { key, reason, .. } => fail(&format!("generate.{key}"), reason),
                other => fail("generate", other.to_string()),
            };
        }
        if self.stages.is_empty() {
            return fail(
                "stage",
                "there are no stages; write at least one `[[stage]]`".to_owned(),
            );
        }
        for (number, stage) in self.stages.iter().enumerate() {
            let at = |key: &str| format!("stage.{number}.{key}");
            let contrastive = matches!(stage.objective, ObjectiveConfig::HScale(_));
            if contrastive != (stage.input == Input::Pairs) {
                let message =
                    "h_scale looks at `pairs`; next_token at `captions` or `prompts`".to_owned();
                return fail(&at("input"), message);
            }
            if stage.train.is_empty() {
                return fail(
                    &at("train"),
                    "the stage trains nothing; name encoder, projector, lm or lora".to_owned(),
                );
            }
            if stage.input == Input::Captions
                && !stage
                    .train
                    .iter()
                    .all(|part| matches!(part, Part::Lm | Part::Lora))
            {
                return fail(
                    &at("train"),
                    "no molecule is seen in a stage of captions: it can train lm or lora alone"
                        .to_owned(),
                );
            }
            if contrastive
                && stage
                    .train
                    .iter()
                    .any(|part| matches!(part, Part::Lm | Part::Lora))
            {
                let message = "h_scale aligns molecules to a frozen language model: it can train encoder and projector";
                return fail(&at("train"), message.to_owned());
            }
            if let Some((key, value)) = stage.senseless(1 + usize::from(contrastive)) {
                return fail(
                    &at(key),
                    format!("{value} makes no sense here; see `molglot recipe show quickstart`"),
                );
            }
            if let ObjectiveConfig::HScale(settings) = &stage.objective {
                if settings.temperature <= 0.0 {
                    return fail(
                        &at("objective.temperature"),
                        "it must be above 0".to_owned(),
                    );
                }
                if settings.text_layer.is_some_and(|layer| layer > layers) {
                    let message = format!("the language model has {layers} layers");
                    return fail(&at("objective.text_layer"), message);
                }
            }
        }
        Ok(())
    }
}
