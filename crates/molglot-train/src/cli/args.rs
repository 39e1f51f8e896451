//! The command line.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Parser, Subcommand};
use molglot_lm::GenerateConfig;
use molglot_tensor::Backend;

use super::{chem::ChemCommand, structure::StructureCommand};
use crate::{embed::Level, export::Layout, probe::Reading};

/// Teaches language models to read molecules and proteins.
#[derive(Debug, Parser)]
#[command(name = "molglot", version, max_term_width = 100)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Train a model by a recipe
    Train(TrainArgs),
    /// Measure a trained model
    Eval(EvalArgs),
    /// Ask a trained model about molecules
    Predict(PredictArgs),
    /// Write an encoder's features of molecules, structures or sequences
    Embed(EmbedArgs),
    /// Write the language model of a run as transformers and PEFT read it
    Export(ExportArgs),
    /// Measure how much of a property linear models read off an encoder's features
    Probe(ProbeArgs),
    /// Work on molecules, line by line: canonical SMILES, SELFIES, motifs, groups, fingerprints, features
    #[command(subcommand)]
    Chem(ChemCommand),
    /// Look into files of proteins and other macromolecules
    #[command(subcommand)]
    Structure(StructureCommand),
    /// Compare models with reference cases: outputs, gradients, generated tokens
    Verify(VerifyArgs),
    /// List, show or check recipes
    #[command(subcommand)]
    Recipe(RecipeCommand),
    /// Measure the speed of this machine at the workloads of the field
    Bench(BenchArgs),
    /// Say what this binary and this machine can do
    Doctor,
}

impl Command {
    /// The device that the command asks for.
    pub(super) fn backend(&self) -> Backend {
        match self {
            Self::Train(args) => args.device,
            Self::Eval(args) => args.device,
            Self::Predict(args) => args.device,
            Self::Embed(args) => args.device,
            Self::Export(args) => args.device,
            Self::Probe(args) => args.device,
            Self::Verify(args) => args.device,
            Self::Bench(args) => args.device,
            Self::Chem(_) | Self::Structure(_) | Self::Recipe(_) | Self::Doctor => Backend::Auto,
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  molglot probe --run runs/pretrain-m3llm-20261120-083000 'freesolv.csv:expt' 'bbbp.csv:p_np'

Ridge regression of numbers (RMSE, smaller is better), logistic regression of 0 and 1 (ROC-AUC, larger is better), on
balanced scaffold splits: columns standardised on the training rows, the penalty chosen on the validation rows. Mean and
deviation over the seeds, which also draw the untrained encoders. `mean` is the score of the mean of the training rows.")]
pub(super) struct ProbeArgs {
    /// CSV files with a column `smiles` and a column of the property
    #[arg(required = true, value_name = "FILE:COLUMN")]
    pub(super) tables: Vec<String>,
    /// A run folder; its encoder is probed
    #[arg(long, value_name = "DIR")]
    pub(super) run: PathBuf,
    /// Which features are a molecule's row: several, separated by commas, give a line each
    #[arg(long, value_enum, value_delimiter = ',', default_value = "all")]
    pub(super) read: Vec<Reading>,
    /// How many splits
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) seeds: u64,
    /// What computes: auto, flex, ndarray, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  molglot train
  molglot train m3llm-mini --set data.path=mine.tsv --set stage.align.epochs=10
  molglot train my-recipe.toml --dry-run
  molglot train --resume runs/quickstart-20261120-083000")]
pub(super) struct TrainArgs {
    /// A recipe of this program (see `molglot recipe list`) or a file
    #[arg(default_value = "quickstart")]
    pub(super) recipe: String,
    /// Change a setting of the recipe: `a.b=c`
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// What computes: auto, flex, ndarray, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
    /// Go on with a run: its folder, or the newest of the recipe's name
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "auto")]
    pub(super) resume: Option<String>,
    /// Print the resolved recipe, the plan of every stage and the number of parameters, and stop
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Folder for run folders
    #[arg(long, default_value = "runs")]
    pub(super) runs: PathBuf,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  molglot eval --run runs/quickstart-20261120-083000
  molglot eval --run runs/quickstart-20261120-083000 --data mine.tsv --json")]
pub(super) struct EvalArgs {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub(super) run: PathBuf,
    /// A table to measure on, all of it; without it, the held-out rows of the run's own data
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
    /// What computes: auto, flex, ndarray, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  molglot predict --run runs/quickstart-20261120-083000 --smiles 'CC(=O)Oc1ccccc1C(=O)O'
  molglot predict --run runs/quickstart-20261120-083000 --input molecules.smi --beams 4
  cut -f2 table.tsv | molglot predict --run runs/quickstart-20261120-083000 --input -

One molecule gives its answer as text. More give one line of JSON each, in order, those that could not be read too;
the reasons are also on stderr, and the exit code is then 2.")]
pub(super) struct PredictArgs {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub(super) run: PathBuf,
    #[command(flatten)]
    pub(super) molecules: Molecules,
    /// What to ask instead of what the model was trained on
    #[arg(long, value_name = "TEXT")]
    pub(super) prompt: Option<String>,
    #[command(flatten)]
    pub(super) search: Search,
    /// How many molecules are answered at a time
    #[arg(long, value_name = "N", default_value = "16")]
    pub(super) batch: NonZeroUsize,
    /// What computes: auto, flex, ndarray, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
}

/// How an answer is searched for; what is not given is as in the recipe of the run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Answers")]
pub(super) struct Search {
    /// Most tokens of an answer
    #[arg(long, value_name = "N")]
    pub(super) max_new_tokens: Option<usize>,
    /// Search with so many beams; 1 takes the likeliest token each time
    #[arg(long, value_name = "N", conflicts_with_all = ["temperature", "top_p", "seed"])]
    pub(super) beams: Option<usize>,
    /// Draw tokens, from flatter (above 1) or steeper (below 1) probabilities
    #[arg(long, value_name = "T")]
    pub(super) temperature: Option<f64>,
    /// Draw tokens, from the likeliest that have this probability together
    #[arg(long, value_name = "P")]
    pub(super) top_p: Option<f64>,
    /// Seed of the draws
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

impl Search {
    /// What the recipe says, changed where the user said otherwise.
    pub(super) fn over(&self, recipe: &GenerateConfig) -> GenerateConfig {
        let mut config = recipe.clone();
        if let Some(tokens) = self.max_new_tokens {
            config.max_new_tokens = tokens;
            config.min_new_tokens = config.min_new_tokens.min(tokens);
        }
        if let Some(beams) = self.beams {
            config.num_beams = beams;
            config.do_sample = false;
        }
        if self.temperature.is_some() || self.top_p.is_some() {
            config.num_beams = 1;
            config.do_sample = true;
        }
        config.temperature = self.temperature.unwrap_or(config.temperature);
        config.top_p = self.top_p.unwrap_or(config.top_p);
        config.seed = self.seed.unwrap_or(config.seed);
        config
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  molglot embed --run runs/quickstart-20261120-083000 --input molecules.smi --out features.safetensors
  molglot embed --run runs/quickstart-20261120-083000 --smiles CCO --level node --out atoms.safetensors
  molglot embed --encoder unimol --weights mol_pre_no_h.safetensors conformers.sdf --out conformers.safetensors
  molglot embed --encoder esm2 --weights esm2_t6_8M_UR50D/ proteins.fasta structures/ --level node --out residues.safetensors
  molglot embed --encoder gearnet --set edge_messages=false pdb/ --level graph,node --out proteins.parquet

With --encoder, FILES are PDB and mmCIF files, folders or archives, SD files (.sdf, .mol), SMILES (.smi, .txt) or FASTA
(.fasta, .fa), plain or gzip, by their names. The same call goes on where an earlier one was stopped; more FILES behind
those of before are added. FILE.manifest.jsonl beside the output has a line for every record.")]
pub(super) struct EmbedArgs {
    /// Folder of the run whose encoder it is
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "encoder",
        conflicts_with = "encoder"
    )]
    pub(super) run: Option<PathBuf>,
    /// An encoder by its name in recipes, or a TOML file with its `kind` and settings
    #[arg(long, value_name = "NAME|FILE", requires = "files")]
    pub(super) encoder: Option<String>,
    /// Weights of the encoder: a safetensors file, or a Hugging Face folder; without them, random ones
    #[arg(long, value_name = "FILE|DIR", requires = "encoder")]
    pub(super) weights: Option<PathBuf>,
    /// Change a setting of the encoder: `key=value`
    #[arg(long, value_name = "KEY=VALUE", requires = "encoder")]
    pub(super) set: Vec<String>,
    /// Structures, molecules or sequences
    #[arg(value_name = "FILES", requires = "encoder")]
    pub(super) files: Vec<String>,
    /// Write a JSON line for every bad record: file, line (its number in the file), id, reason
    #[arg(long, value_name = "FILE", requires = "encoder")]
    pub(super) quarantine: Option<PathBuf>,
    /// A molecule; may be given several times
    #[arg(long, value_name = "SMILES", num_args = 1.., conflicts_with = "encoder",
        required_unless_present_any = ["input", "encoder"])]
    pub(super) smiles: Vec<String>,
    /// A file of SMILES, one a line, anything after white space ignored; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "encoder")]
    pub(super) input: Option<PathBuf>,
    /// Which features; of a Parquet table several, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "graph")]
    pub(super) level: Vec<Level>,
    /// File to write, .safetensors or .parquet
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// What computes: auto, flex, ndarray, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  molglot export --run runs/quickstart-20261120-083000 --to merged --out merged
  molglot export --run runs/quickstart-20261120-083000 --to peft --out adapter --probe probe.safetensors

Weights are written in f32. What was written is read back, and the largest difference of a logit is printed.")]
pub(super) struct ExportArgs {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub(super) run: PathBuf,
    /// What to write
    #[arg(long, value_enum)]
    pub(super) to: Layout,
    /// Directory to write, new or empty
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Also write the tokens that were compared and their logits, as safetensors
    #[arg(long, value_name = "FILE")]
    pub(super) probe: Option<PathBuf>,
    /// What computes: auto, flex, ndarray, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
}

/// Molecules on the command line or in a file.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Molecules {
    /// A molecule; may be given several times
    #[arg(long, value_name = "SMILES", num_args = 1..)]
    pub(super) smiles: Vec<String>,
    /// A file of SMILES, one a line, anything after white space ignored; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub(super) input: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum RecipeCommand {
    /// List the recipes of this program
    List,
    /// Print a recipe, to copy and change
    Show {
        /// Name or file
        recipe: String,
    },
    /// Check a recipe without running it
    Check {
        /// Name or file
        recipe: String,
        /// Change a setting: `a.b=c`
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  molglot verify --golden fixtures/lm/bert
  molglot verify --golden fixtures/lm fixtures/encoder --device cuda:0

A case is a folder with meta.json (its kind, a tolerance for each tensor) and a model with io.safetensors (in.*, out.*, \
grad.*), or a tokenizer with cases.json. Exit code 1 \
when a tensor is outside its tolerance or was not compared.")]
pub(super) struct VerifyArgs {
    /// Reference cases, or folders of them
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    pub(super) golden: Vec<PathBuf>,
    /// Where to compute: auto, flex, ndarray, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
    /// Print one JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  molglot bench
  molglot bench smiles_parse morgan --json --corpora ../corpora

A rate is work done per second of wall time on all cores. Compare medians of runs made side by side on one machine.")]
pub(super) struct BenchArgs {
    /// Workloads to run; if none is named, all but those of full-size models
    pub(super) names: Vec<String>,
    /// What computes: auto, flex, ndarray, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    pub(super) device: Backend,
    /// Folder with `chebi20/validation.tsv` and `structures/`; without it, what is builtin
    #[arg(long, value_name = "DIR", env = "MOLGLOT_CORPORA")]
    pub(super) corpora: Option<PathBuf>,
    /// How often each workload is measured
    #[arg(long, default_value_t = 5)]
    pub(super) repeat: usize,
    /// Print one JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}
