//! `molglot probe`.

use std::{path::Path, process::ExitCode};

use molglot_tensor::{Init, burn::module::Module};

use super::{args::ProbeArgs, say};
use crate::{
    embed::inputs::Kind,
    error::Error,
    pretrain::PretrainedEncoder,
    probe::{Levels, Spread, Table, constant, fingerprints, probe, spread},
};

pub(super) fn run(args: &ProbeArgs) -> Result<ExitCode, Error> {
    let device = args.device.open()?;
    let (model, trained) = PretrainedEncoder::load(&args.run, &device)?;
    if let Some(reason) = Kind::Smiles.refused_by(&trained) {
        let (run, kind) = (args.run.display(), model.encoder.kind());
        return Err(Error::Usage(format!(
            "{run}: tables have SMILES, and an encoder of kind `{kind}` {reason}"
        )));
    }
    let trained = trained.valid();
    say(format_args!(
        "{:<24} {:>9} {:>7} {:<12} {:>17} {:>17} {:>17} {:>17}",
        "table", "molecules", "metric", "read", "encoder", "untrained", "Morgan", "mean"
    ))?;
    for wanted in &args.tables {
        let (path, column) = wanted.rsplit_once(':').ok_or_else(|| {
            Error::Usage(format!(
                "`{wanted}` names no column; write FILE:COLUMN, as esol.csv:logS"
            ))
        })?;
        let table = Table::read(Path::new(path), column)?;
        let levels = Levels::of(&trained, &table.molecules, &device);
        let drawn: Vec<Levels> = (0..args.seeds)
            .map(|seed| {
                let drawn = model.encoder.init(&mut Init::new(seed, &device)).valid();
                Levels::of(&drawn, &table.molecules, &device)
            })
            .collect();
        let bits = fingerprints(&table.molecules);
        let morgan = shown(spread(args.seeds, |seed| probe(&table, &bits, seed)));
        let mean = shown(spread(args.seeds, |seed| constant(&table, seed)));
        let name = Path::new(path).file_name().unwrap_or_default();
        let metric = match table.is_classes() {
            true => "ROC-AUC",
            false => "RMSE",
        };
        for &reading in &args.read {
            let x = levels.read(reading);
            let encoder = spread(args.seeds, |seed| probe(&table, &x, seed));
            let untrained = spread(args.seeds, |seed| {
                probe(&table, &drawn[seed as usize].read(reading), seed)
            });
            say(format_args!(
                "{:<24} {:>9} {metric:>7} {:<12} {:>17} {:>17} {morgan:>17} {mean:>17}",
                name.to_string_lossy(),
                table.molecules.len(),
                reading.name(),
                shown(encoder),
                shown(untrained),
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(spread: Option<Spread>) -> String {
    match spread {
        Some(Spread { mean, deviation }) => format!("{mean:.3} +- {deviation:.3}"),
        None => "-".to_owned(),
    }
}
