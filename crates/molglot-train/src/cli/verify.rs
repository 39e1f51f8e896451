//! `molglot verify`: reference cases on a device.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use molglot_tensor::{
    Device,
    golden::{Golden, GoldenError, Verdict},
};

use super::{FAILED, args::VerifyArgs, say};
use crate::{error::Error, verify::verify};

/// Runs every case and prints what came of it; exit code 1 when a tensor is outside its tolerance or was not compared.
pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Error> {
    let device = args.device.open()?;
    let mut good = true;
    for root in &args.golden {
        for dir in cases(root)? {
            let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy();
            let verdict = verdict(&dir, &device);
            let (word, text) = match &verdict {
                Ok(Some(verdict)) if verdict.passed() => ("ok", verdict.to_string()),
                Ok(Some(verdict)) => ("OFF", verdict.to_string()),
                Ok(None) => (
                    "none",
                    "no part of this program runs such a case".to_owned(),
                ),
                Err(error) => ("ERROR", error.to_string()),
            };
            good &= word == "ok";
            if args.json {
                say(json(&name, &verdict))?;
            } else {
                say(format_args!("{word:<5} {name:<18} {text}"))?;
            }
        }
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

fn verdict(dir: &Path, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    verify(&Golden::open(dir)?, device)
}

fn json(name: &str, verdict: &Result<Option<Verdict>, GoldenError>) -> serde_json::Value {
    match verdict {
        Ok(Some(verdict)) => serde_json::json!({
            "case": name,
            "passed": verdict.passed(),
            "compared": verdict.compared,
            "failures": verdict.failures,
            "uncovered": verdict.uncovered,
            "skipped": verdict.skipped,
        }),
        Ok(None) => serde_json::json!({ "case": name, "passed": false, "error": "no runner" }),
        Err(error) => {
            serde_json::json!({ "case": name, "passed": false, "error": error.to_string() })
        }
    }
}

/// The folder itself when it is a case, else the cases in it, by name.
fn cases(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let is_case = |dir: &Path| dir.join("meta.json").is_file();
    if is_case(root) {
        return Ok(vec![root.to_owned()]);
    }
    let entries = fs::read_dir(root).map_err(Error::io(root))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_case(path))
        .collect();
    found.sort();
    if found.is_empty() {
        let reason = "neither a reference case (a folder with meta.json) nor a folder of them";
        return Err(Error::file(root, reason));
    }
    Ok(found)
}
