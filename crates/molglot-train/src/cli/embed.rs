//! `molglot embed`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use molglot_core::Encoder;
use molglot_encoder::{AnyEncoder, EncoderConfig};
use molglot_tensor::{Device, Init};
use sha2::{Digest, Sha256};
use tracing::warn;

use super::{USAGE, args::EmbedArgs, infer, say};
use crate::{
    embed::{
        Level,
        inputs::{Key, Kind},
        names,
        output::{Format, Output},
        stream::{Stream, Tally},
    },
    error::Error,
    progress::Bars,
    recipe::{Document, Source},
    suggest::closest,
};

/// The seed of weights that no file gives.
const SEED: u64 = 0;

pub(super) fn embed(args: &EmbedArgs, bars: &Bars) -> Result<ExitCode, Error> {
    let levels = levels(&args.level);
    // What is wrong with the name is said before anything is loaded.
    let format = Format::of(&args.out, &levels)?;
    match (&args.run, &args.encoder) {
        (Some(run), _) => infer::embed(args, run, &levels, format),
        (None, Some(encoder)) => files(args, encoder, &levels, bars),
        (None, None) => Err(Error::Usage("name a --run or an --encoder".to_owned())),
    }
}

/// Each level once, in one order.
fn levels(asked: &[Level]) -> Vec<Level> {
    let mut levels = asked.to_vec();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// The features of files by an encoder.
fn files(args: &EmbedArgs, name: &str, levels: &[Level], bars: &Bars) -> Result<ExitCode, Error> {
    let config = config(name, &args.set)?;
    let device = args.device.open()?;
    let (encoder, weights) = load(&config, args.weights.as_deref(), &device)?;
    let files = kinds(&args.files, &config, &encoder)?;
    let about = BTreeMap::from([
        (
            "encoder".to_owned(),
            serde_json::to_string(&config).map_err(Error::internal)?,
        ),
        ("weights".to_owned(), weights),
        ("level".to_owned(), names(levels)),
    ]);
    let mut output = Output::open(&args.out, levels, about, encoder.width())?;
    let stream = Stream {
        encoder: &encoder,
        levels,
        device: &device,
        progress: bars.files(files.len() as u64),
    };
    let tally = stream.run(&files, &mut output, complain)?;
    drop(stream);
    let (records, rows) = output.finish()?;
    if let Some(path) = &args.quarantine {
        tally.quarantine.write(path)?;
    }
    say(format_args!(
        "{records} records, {rows} rows of {} in {}{}",
        encoder.width(),
        args.out.display(),
        match tally.skipped {
            0 => String::new(),
            skipped => format!(" ({skipped} were there before)"),
        }
    ))?;
    Ok(exit(&tally))
}

/// The manifest says the same; nothing is lost when stderr is closed.
fn complain(key: &Key, reason: &str) {
    let mut place = key.file.clone();
    if key.number > 0 {
        place.push_str(&format!(", record {}", key.number));
    }
    if let Some(id) = &key.id {
        place.push_str(&format!(" ({id})"));
    }
    let _ = writeln!(io::stderr(), "error: {place}: {reason}");
}

fn exit(tally: &Tally) -> ExitCode {
    let bad = tally.quarantine.bad();
    if bad == 0 {
        return ExitCode::SUCCESS;
    }
    let all = tally.records;
    let _ = writeln!(io::stderr(), "{bad} of {all} records could not be used");
    ExitCode::from(USAGE)
}

/// The settings of an encoder by its name or from a file.
fn config(name: &str, sets: &[String]) -> Result<EncoderConfig, Error> {
    let path = Path::new(name);
    if path.is_file() {
        let text = Source::File(path.to_owned()).read()?;
        return Ok(Document::read(name, &text, sets)?.to()?);
    }
    let names: Vec<String> = EncoderConfig::all()
        .iter()
        .map(EncoderConfig::kind)
        .collect();
    if names.iter().any(|known| known == name) {
        let text = format!("kind = \"{name}\"\n");
        return Ok(Document::read("--encoder", &text, sets)?.to()?);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let meant = closest(name, &names).map(|name| format!("; did you mean `{name}`?"));
    Err(Error::Usage(format!(
        "--encoder {name}: there is no such encoder or file{}\n  encoders: {}",
        meant.unwrap_or_default(),
        names.join(", ")
    )))
}

/// The encoder, and what its weights are.
fn load(
    config: &EncoderConfig,
    path: Option<&Path>,
    device: &Device,
) -> Result<(AnyEncoder, String), Error> {
    let Some(path) = path else {
        warn!("no --weights: these are the features of an untrained encoder");
        let encoder = config.init(&mut Init::new(SEED, device));
        return Ok((encoder, format!("seed {SEED}")));
    };
    let encoder = config.load(path, device);
    let encoder = encoder.map_err(|error| Error::Usage(error.to_string()))?;
    Ok((encoder, format!("sha256 {}", digest(path)?)))
}

/// The hash of a file of weights, or of those in a folder and its configuration.
fn digest(path: &Path) -> Result<String, Error> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let found = fs::read_dir(path).map_err(Error::io(path))?;
        let found = found.map(|entry| entry.map(|entry| entry.path()));
        let found: Vec<PathBuf> = found.collect::<io::Result<_>>().map_err(Error::io(path))?;
        let counts = |file: &PathBuf| {
            file.extension()
                .is_some_and(|extension| extension == "safetensors")
                || file.ends_with("config.json")
        };
        files = found.into_iter().filter(counts).collect();
        files.sort();
    }
    let mut hash = Sha256::new();
    for file in &files {
        let mut opened = File::open(file).map_err(Error::io(file))?;
        io::copy(&mut opened, &mut HashWriter(&mut hash)).map_err(Error::io(file))?;
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Hashes what is written.
struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the files hold, if the encoder reads such.
fn kinds(
    files: &[String],
    config: &EncoderConfig,
    encoder: &AnyEncoder,
) -> Result<Vec<(String, Kind)>, Error> {
    let kind = |file: &String| {
        let Some(kind) = Kind::of(file) else {
            return Err(Error::Usage(format!(
                "{file}: its name does not tell what it holds; known are .pdb .ent .cif .mmcif .tar .tgz and folders, \
                 .sdf .sd .mol, .smi .smiles .txt, .fasta .fa .faa .fas, also with .gz behind"
            )));
        };
        match kind.refused_by(encoder) {
            None => Ok((file.clone(), kind)),
            Some(reason) => Err(Error::Usage(format!("{file}: {} {reason}", config.kind()))),
        }
    };
    files.iter().map(kind).collect()
}
