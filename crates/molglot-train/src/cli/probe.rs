//! `molglot probe`.

use std::{path::Path, process::ExitCode};

use molglot_tensor::{Init, burn::module::Module};

use super::{args::ProbeArgs, say};
use crate::{
    error::Error,
    pretrain::PretrainedEncoder,
    probe::{Spread, Table, features, fingerprints, probe, spread},
};

pub(super) fn run(args: &ProbeArgs) -> Result<ExitCode, Error> {
    let device = args.device.open()?;
    let (model, trained) = PretrainedEncoder::load(&args.run, &device)?;
    let trained = trained.valid();
    say(format_args!(
        "{:<30} {:>9} {:>7} {:>17} {:>17} {:>17}",
        "table", "molecules", "metric", "encoder", "untrained", "Morgan"
    ))?;
    for wanted in &args.tables {
        let (path, column) = wanted.rsplit_once(':').ok_or_else(|| {
            Error::Usage(format!(
                "`{wanted}` names no column; write FILE:COLUMN, as esol.csv:logS"
            ))
        })?;
        let table = Table::read(Path::new(path), column)?;
        let x = features(&trained, &table.molecules, &device);
        let encoder = spread(args.seeds, |seed| probe(&table, &x, seed));
        let untrained = spread(args.seeds, |seed| {
            let drawn = model.encoder.init(&mut Init::new(seed, &device)).valid();
            probe(&table, &features(&drawn, &table.molecules, &device), seed)
        });
        let bits = fingerprints(&table.molecules);
        let morgan = spread(args.seeds, |seed| probe(&table, &bits, seed));
        let name = Path::new(path).file_name().unwrap_or_default();
        say(format_args!(
            "{:<30} {:>9} {:>7} {:>17} {:>17} {:>17}",
            name.to_string_lossy(),
            table.molecules.len(),
            if table.is_classes() {
                "ROC-AUC"
            } else {
                "RMSE"
            },
            shown(encoder),
            shown(untrained),
            shown(morgan),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(spread: Option<Spread>) -> String {
    match spread {
        Some(Spread { mean, deviation }) => format!("{mean:.3} +- {deviation:.3}"),
        None => "-".to_owned(),
    }
}
