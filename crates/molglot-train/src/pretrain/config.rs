//! What a recipe of pre-training says, typed.

use std::path::PathBuf;

use molglot_align::pretext::{Pretext, PretextConfig, Widths};
use molglot_core::Encoder;
use molglot_tensor::{Device, Init};
use serde::{Deserialize, Serialize};

use crate::{
    config::{CheckpointConfig, EncoderStart, StageConfig},
    data::HeldOut,
    error::Error,
    recipe::{Document, RecipeError},
};

/// A run that trains an encoder alone, on graphs without text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainRecipe {
    /// Name of the run and of its folder.
    pub name: String,
    /// What it is, in a sentence.
    #[serde(default)]
    pub description: String,
    /// The one number from which weights, order, dropout and masks follow.
    #[serde(default)]
    pub seed: u64,
    /// Where the graphs come from.
    pub data: PretrainData,
    /// The encoder.
    pub encoder: EncoderStart,
    /// When the run is saved.
    #[serde(default)]
    pub checkpoint: CheckpointConfig,
    /// The stages, in order.
    #[serde(rename = "stage")]
    pub stages: Vec<PretrainStage>,
}

/// A stage of pre-training: the heads of its objective are trained in any case, the encoder where `train` names it.
pub type PretrainStage = StageConfig<GraphInput, PretextConfig>;

/// What a stage of pre-training looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphInput {
    /// Molecules, of SMILES lists, SD files and tables.
    Molecules,
    /// Chains of macromolecules, of structure files.
    Structures,
}

/// Graphs without text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainData {
    /// Molecules: SMILES lists (`.smi`), SD files (`.sdf`), tables as for other recipes, or `builtin:molecules`; for an
    /// encoder that reads conformers SD files alone. Structures: files, folders, patterns and archives.
    pub path: Paths,
    /// How much is held out of training: a fraction of the rows below 1, or a number of rows. Rows of one canonical SMILES,
    /// or of one sequence, are on one side.
    #[serde(default)]
    pub held_out: HeldOut,
    /// Another salt is another split.
    #[serde(default = "default_salt")]
    pub split_salt: String,
    /// The largest fraction of unusable rows, 0 to 1, at which a run still starts.
    #[serde(default = "default_max_bad_fraction")]
    pub max_bad_fraction: f64,
    /// Graphs of fewer atoms or residues are left out.
    #[serde(default = "default_min_units")]
    pub min_units: usize,
}

fn default_salt() -> String {
    "molglot".to_owned()
}

fn default_max_bad_fraction() -> f64 {
    0.01
}

fn default_min_units() -> usize {
    5
}

/// One path or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a path or an array of paths")]
pub enum Paths {
    /// One.
    One(PathBuf),
    /// Several.
    Many(Vec<PathBuf>),
}

impl Paths {
    /// All of them.
    pub fn all(&self) -> &[PathBuf] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }
}

/// As much of any recipe as tells whether it is one of pre-training.
#[derive(Deserialize)]
struct Glance {
    #[serde(default, rename = "stage")]
    stages: Vec<GlanceStage>,
}

#[derive(Deserialize)]
struct GlanceStage {
    #[serde(default)]
    input: String,
}

impl PretrainRecipe {
    /// Whether a recipe is one of pre-training: a stage of it looks at graphs without text.
    pub fn is_meant(document: &Document) -> bool {
        let glance = document.to::<Glance>();
        let is_graphs = |stage: &GlanceStage| ["molecules", "structures"].contains(&&*stage.input);
        glance.is_ok_and(|glance| glance.stages.iter().any(is_graphs))
    }

    /// Reads and checks a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] with the place, what is wrong and the remedy.
    pub fn read(document: &Document) -> Result<Self, RecipeError> {
        let recipe: Self = document.to()?;
        if recipe.data.path.all().is_empty() {
            return Err(document.invalid("data.path", "it names no path"));
        }
        let input = recipe.input();
        for (number, stage) in recipe.stages.iter().enumerate() {
            let fail = |key: &str, message: String| {
                Err(document.invalid(&format!("stage.{number}.{key}"), message))
            };
            if stage.input != input {
                let message = "all stages read the rows of `data`: they have one input".to_owned();
                return fail("input", message);
            }
            if let Some(part) = stage
                .train
                .iter()
                .find(|part| **part != crate::config::Part::Encoder)
            {
                let message = format!(
                    "there is no {part:?} in pre-training; name encoder, or nothing to train the heads alone"
                );
                return fail("train", message.to_lowercase());
            }
            if let Some((key, value)) = stage.senseless(1) {
                return fail(
                    key,
                    format!(
                        "{value} makes no sense here; see `molglot recipe show pretrain-m3llm`"
                    ),
                );
            }
            if let Some((key, problem)) = stage.objective.problem() {
                return fail(&format!("objective.{key}"), problem);
            }
        }
        Ok(recipe)
    }

    /// Whether the encoder can be asked what the stages ask.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] naming the stage and the reason.
    pub fn check_objectives(&self, encoder: &impl Encoder, device: &Device) -> Result<(), Error> {
        let init = &mut Init::unfilled(device);
        for stage in &self.stages {
            let pretext = stage.objective.init(Widths::of(encoder), init);
            if let Some(reason) = pretext.refuses(&encoder.spec()) {
                let (stage, objective) = (&stage.name, stage.objective.kind());
                let kind = self.encoder.config.kind();
                return Err(Error::Usage(format!(
                    "stage `{stage}`: {objective} cannot be asked of an encoder of kind `{kind}`: {reason}"
                )));
            }
        }
        Ok(())
    }

    /// What its stages look at.
    pub fn input(&self) -> GraphInput {
        self.stages
            .first()
            .map_or(GraphInput::Molecules, |stage| stage.input)
    }
}
