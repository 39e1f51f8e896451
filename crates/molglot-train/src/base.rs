//! The published language model of a run, which the run refers to and does not copy.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use molglot_lm::{Precision, Pretrained, PretrainedSettings, load_pretrained};
use molglot_tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    run::checkpoint::{FileEntry, entry_of},
};

/// Where a language model lies and what its files are.
///
/// A base of 16 GB is not copied into every run and checkpoint. It is read from its directory again, and only when every
/// file is, byte for byte, what the run was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// The directory, absolute.
    pub path: PathBuf,
    /// What its weights are held in.
    pub dtype: Precision,
    /// Size and hash of its files by name: `.json`, `.jinja` and `.safetensors`.
    pub files: BTreeMap<String, FileEntry>,
}

impl Base {
    /// The directory as it is now. Every file is read once.
    ///
    /// # Errors
    ///
    /// [`Error`] naming what cannot be read.
    pub fn of(settings: &PretrainedSettings) -> Result<Self, Error> {
        let path = fs::canonicalize(&settings.path).map_err(Error::io(&settings.path))?;
        Ok(Self {
            files: files(&path)?,
            path,
            dtype: settings.dtype,
        })
    }

    /// Whether the directory still is what it was.
    ///
    /// # Errors
    ///
    /// [`Error`] naming the first file that is another, missing or new, and what can be done.
    pub fn check(&self) -> Result<(), Error> {
        let remedy = "put back the files that the run was trained on; where they have moved, set base.path in the run's \
                      model/model.toml";
        let found =
            files(&self.path).map_err(|error| Error::Usage(format!("{error}; {remedy}")))?;
        let names = self.files.keys().chain(found.keys());
        for name in names {
            let what = match (self.files.get(name), found.get(name)) {
                (Some(known), Some(found)) if known == found => continue,
                (Some(_), Some(_)) => "it is not the file that the run was trained on",
                (Some(_), None) => "it is gone",
                (None, _) => "it was not there when the run was trained",
            };
            return Err(Error::file(
                &self.path.join(name),
                format!("{what}; {remedy}"),
            ));
        }
        Ok(())
    }

    /// Loads it, after [`Base::check`].
    ///
    /// # Errors
    ///
    /// [`Error`] naming the file that does not fit.
    pub fn load(&self, device: &Device) -> Result<Pretrained, Error> {
        self.check()?;
        Ok(load_pretrained(&self.path, self.dtype, device)?)
    }
}

fn files(dir: &Path) -> Result<BTreeMap<String, FileEntry>, Error> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).map_err(Error::io(dir))? {
        let path = entry.map_err(Error::io(dir))?.path();
        let kind = path.extension().and_then(|kind| kind.to_str());
        if !matches!(kind, Some("json" | "jinja" | "safetensors")) || !path.is_file() {
            continue;
        }
        let file = File::open(&path).map_err(Error::io(&path))?;
        if let Some(name) = path.file_name() {
            found.insert(name.to_string_lossy().into_owned(), entry_of(&path, file)?);
        }
    }
    Ok(found)
}
