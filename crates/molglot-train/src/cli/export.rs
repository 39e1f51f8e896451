//! `molglot export`.

use std::{fs, process::ExitCode};

use super::{args::ExportArgs, say};
use crate::{
    error::Error,
    export::export,
    model::Model,
    run::{RunDir, atomic::write_atomic},
};

/// Writes the language model of a run for other programs and says how far what was written is from what was trained.
pub(super) fn run(args: &ExportArgs) -> Result<ExitCode, Error> {
    let device = args.device.open()?;
    let dir = RunDir::open(&args.run)?.model_path();
    let model = Model::load(&dir, &device)?;
    let lm = match &model.config.base {
        Some(base) => base.path.clone(),
        None => {
            let own = dir.join("lm");
            fs::canonicalize(&own).map_err(Error::io(&own))?
        }
    };
    let exported = export(&model, args.to, &args.out, &lm, &device)?;
    if let Some(file) = &args.probe {
        write_atomic(file, exported.probe.to_safetensors()?).map_err(Error::io(file))?;
    }
    say(format_args!(
        "{}: {}",
        args.out.display(),
        exported.files.join(", ")
    ))?;
    let largest = exported
        .probe
        .logits
        .iter()
        .fold(0f32, |most, value| most.max(value.abs()));
    say(format_args!(
        "read back: logits of {} tokens differ by {:e} at most, of {largest:.3}",
        exported.probe.ids.len(),
        exported.difference
    ))?;
    Ok(ExitCode::SUCCESS)
}
