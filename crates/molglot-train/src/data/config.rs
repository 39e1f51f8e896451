//! The recipe's settings for a table of molecules.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::DataError;
use super::split::HeldOut;

/// A table of molecules and how to use it.
///
/// ```toml
/// path = "chebi20/train.txt"
/// held_out = 401
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The file: `.tsv`, `.txt` (tab-separated), `.csv` or `.jsonl`; gzip is recognised by content.
    pub path: PathBuf,
    /// The format, if the extension does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<TableFormat>,
    /// The column of ids. Unset: `CID`, `id` or `name` in any case, else rows are named `row-N`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The column of SMILES. Unset: `SMILES` or `canonical_smiles` in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smiles: Option<String>,
    /// The column of captions. Unset: `description`, `caption` or `text` in any case. `""`: the table has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// How much is held out of training: a fraction of the rows below 1, or a number of rows.
    #[serde(default)]
    pub held_out: HeldOut,
    /// Another salt is another split.
    #[serde(default = "default_salt")]
    pub split_salt: String,
    /// The largest fraction of unusable rows, 0 to 1, at which a run still starts.
    #[serde(default = "default_max_bad_fraction")]
    pub max_bad_fraction: f64,
    /// The longest row in bytes; a longer one is unusable.
    #[serde(default = "default_max_row_bytes")]
    pub max_row_bytes: usize,
}

fn default_salt() -> String {
    "molglot".to_owned()
}

fn default_max_bad_fraction() -> f64 {
    0.01
}

fn default_max_row_bytes() -> usize {
    1 << 20
}

impl DataConfig {
    /// The settings for the file at `path` with every default.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            format: None,
            id: None,
            smiles: None,
            caption: None,
            held_out: HeldOut::default(),
            split_salt: default_salt(),
            max_bad_fraction: default_max_bad_fraction(),
            max_row_bytes: default_max_row_bytes(),
        }
    }

    /// The format as set, or as the extension says.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownFormat`] if neither says it.
    pub fn format(&self) -> Result<TableFormat, DataError> {
        self.format
            .or_else(|| TableFormat::of(&self.path))
            .ok_or_else(|| DataError::UnknownFormat {
                file: self.path.clone(),
            })
    }
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// A header line, fields between tabs; quotes are text.
    Tsv,
    /// A header line, fields between commas, quoted as RFC 4180 says.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

impl TableFormat {
    /// The format that the extension of `path` stands for, a final `.gz` aside.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "tsv" | "txt" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DataConfig, TableFormat};
    use crate::data::HeldOut;

    #[test]
    fn extensions_name_formats() {
        for (name, format) in [
            ("a.tsv", Some(TableFormat::Tsv)),
            ("a/train.txt", Some(TableFormat::Tsv)),
            ("a.CSV.gz", Some(TableFormat::Csv)),
            ("a.jsonl.gz", Some(TableFormat::Jsonl)),
            ("a.parquet", None),
            ("a.gz", None),
            ("tsv", None),
        ] {
            assert_eq!(TableFormat::of(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn settings_survive_a_round_trip() {
        let mut config = DataConfig::new("a.tsv");
        config.held_out = HeldOut::Count(401);
        config.caption = Some(String::new());
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<DataConfig>(&text).unwrap(), config);
        assert_eq!(
            toml::from_str::<DataConfig>("path = \"a.tsv\"").unwrap(),
            DataConfig::new("a.tsv")
        );
    }
}
