//! Graphs of structures: built or found in the cache, told, written.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use molglot_bio::{
    read::{self, ReadOptions, Source},
    structure::Structure,
};
use molglot_graph::{
    GraphSpec,
    cache::{Answer, Cache},
    store::{self, StoredGraph},
};
use tracing::warn;

use super::{
    files::{Bad, Inputs, json},
    spec,
    summary::Summary,
};
use crate::{error::Error, progress::Bars, run::atomic::write_atomic};

/// The extension of files of tensors.
const EXTENSION: &str = "safetensors";
/// How many chains a message names.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GraphArgs {
    #[command(flatten)]
    inputs: Inputs,
    /// Which graph: gearnet, gvp, scannet, gat, or a TOML or JSON file as `molglot structure spec` prints
    #[arg(long, value_name = "NAME|FILE", default_value = "gearnet")]
    spec: String,
    /// Only the chain that the authors call ID
    #[arg(long, value_name = "ID")]
    chain: Option<String>,
    /// Write the tensors: into a folder, or of one structure into a file whose name ends in .safetensors
    #[arg(long, value_name = "DIR|FILE")]
    out: Option<PathBuf>,
    /// Keep built graphs in this folder, and take them from there the next time
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Print a table to read instead of JSON
    #[arg(long)]
    text: bool,
}

pub(super) fn run(args: &GraphArgs, bars: &Bars) -> Result<ExitCode, Error> {
    let builder = Builder {
        spec: spec::find(&args.spec)?,
        options: args.inputs.options(),
        chain: args.chain.as_deref(),
    };
    let selection = format!(
        "first model, highest alternate locations, reader {:?}, chain {:?}",
        args.inputs.reader, args.chain
    );
    let cache = args.cache.as_deref();
    let cache = cache.map(|folder| Cache::open(folder, &builder.spec, &selection));
    let cache = cache
        .transpose()
        .map_err(|error| Error::Usage(error.to_string()))?;
    let mut names = args.out.as_deref().map(|out| Names::new(out, args));
    if let Some(names) = &mut names {
        names.make_folder(args.inputs.is_one())?;
    }
    let prepare = |source: &str| names.as_mut().map(|names| names.next(source)).transpose();
    args.inputs.each(bars, prepare, |source, out| {
        let build = || builder.build(source);
        let (stored, cached) = match &cache {
            None => (build()?, None),
            Some(cache) => {
                let warning = |error: &_| warn!("cache: {error}; the graph is built all the same");
                let Answer { stored, hit } = cache.get_or_build(&source.bytes, warning, build)?;
                (stored, Some(hit))
            }
        };
        if let Some(out) = &out {
            let fail = |error: String| {
                Bad::new(
                    &source.name,
                    format!("{} cannot be written: {error}", out.display()),
                )
            };
            let bytes = store::encode(&stored, None).map_err(|error| fail(error.to_string()))?;
            write_atomic(out, bytes).map_err(|error| fail(error.to_string()))?;
        }
        let out = out.map(|out| out.display().to_string());
        let summary = Summary::of(&source.name, &stored, out, cached);
        Ok(if args.text {
            summary.text()
        } else {
            json(&summary)
        })
    })
}

struct Builder<'a> {
    spec: GraphSpec,
    options: ReadOptions,
    chain: Option<&'a str>,
}

impl Builder<'_> {
    fn build(&self, source: &Source) -> Result<StoredGraph, Bad> {
        let fail = |reason: String| Bad::new(&source.name, reason);
        let mut structure = read::parse(&source.bytes, &source.name, &self.options)?;
        if let Some(id) = self.chain {
            structure = select(&structure, id).map_err(fail)?;
        }
        let graph = self.spec.build_structure(&structure);
        let graph = graph.map_err(|error| fail(error.to_string()))?;
        let labels = graph.labels(&structure);
        if labels.iter().all(String::is_empty) {
            let part = self
                .chain
                .map_or("it".to_owned(), |id| format!("chain {id}"));
            return Err(fail(format!(
                "there is no amino acid with an alpha carbon in {part}, so there is no graph"
            )));
        }
        Ok(StoredGraph {
            labels,
            spec: self.spec.clone(),
            graph,
        })
    }
}

/// The chain of an id in the first model.
fn select(structure: &Structure, id: &str) -> Result<Structure, String> {
    match structure.chains.iter().position(|chain| chain.id == id) {
        Some(row) => Ok(structure.select_chain(row)),
        None => {
            let ids = structure.chains.iter().map(|chain| chain.id.as_str());
            let shown: Vec<&str> = ids.clone().take(SHOWN).collect();
            let more = if ids.count() > SHOWN { ", ..." } else { "" };
            Err(format!(
                "there is no chain `{id}`; there are: {}{more}",
                shown.join(", ")
            ))
        }
    }
}

/// Gives every structure a file of its own.
struct Names<'a> {
    out: &'a Path,
    is_file: bool,
    chain: Option<&'a str>,
    /// Without regard to case, as some systems see names.
    taken: HashSet<String>,
}

impl<'a> Names<'a> {
    fn new(out: &'a Path, args: &'a GraphArgs) -> Self {
        Self {
            out,
            is_file: out
                .extension()
                .is_some_and(|extension| extension == EXTENSION),
            chain: args.chain.as_deref(),
            taken: HashSet::new(),
        }
    }

    fn make_folder(&self, is_one: bool) -> Result<(), Error> {
        if self.is_file && !is_one {
            return Err(Error::Usage(format!(
                "--out {} is one file, and there may be several structures: name a folder",
                self.out.display()
            )));
        }
        let folder = if self.is_file {
            self.out.parent()
        } else {
            Some(self.out)
        };
        match folder.filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => fs::create_dir_all(folder).map_err(Error::io(folder)),
            None => Ok(()),
        }
    }

    /// The file of the next structure: `1ubq.pdb.gz` gives `1ubq.safetensors`, a second one of that name `1ubq-2.safetensors`.
    fn next(&mut self, source: &str) -> Result<PathBuf, String> {
        if self.is_file {
            return match self.taken.insert(String::new()) {
                true => Ok(self.out.to_owned()),
                false => Err(format!(
                    "--out {} holds one structure, and this is another: name a folder",
                    self.out.display()
                )),
            };
        }
        let name = source.rsplit(['/', '\\']).next().unwrap_or(source);
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let mut stem = name
            .rsplit_once('.')
            .map_or(name, |(stem, _)| stem)
            .to_owned();
        if let Some(chain) = self.chain {
            stem = format!("{stem}_{chain}");
        }
        let mut name = stem.clone();
        for number in 2.. {
            if self.taken.insert(name.to_lowercase()) {
                break;
            }
            name = format!("{stem}-{number}");
        }
        Ok(self.out.join(format!("{name}.{EXTENSION}")))
    }
}
