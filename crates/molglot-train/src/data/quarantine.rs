//! Sets unusable rows aside, where a person can see them, and stops a run that has too many.

use std::path::Path;

use super::error::{DataError, RowError};
use super::record::Record;
use crate::run::atomic::write_atomic_with;

/// How many errors the message of a refused table shows.
const SHOWN: usize = 3;

/// The rows of one or more tables, counted, with the unusable ones set aside.
#[derive(Debug, Clone, Default)]
pub struct Quarantine {
    rows: u64,
    errors: Vec<RowError>,
}

impl Quarantine {
    /// An empty quarantine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a row; the record if it is usable, `None` if it was set aside.
    ///
    /// # Errors
    ///
    /// [`DataError::Damaged`] for a row error that says that the rest of the file cannot be read: a table that ends early
    /// must not pass for a shorter one.
    pub fn take(&mut self, row: Result<Record, RowError>) -> Result<Option<Record>, DataError> {
        match row {
            Ok(record) => {
                self.rows += 1;
                Ok(Some(record))
            }
            Err(error) if error.fatal => Err(DataError::Damaged {
                file: error.file,
                line: error.line,
                reason: error.reason,
            }),
            Err(error) => {
                self.rows += 1;
                self.errors.push(error);
                Ok(None)
            }
        }
    }

    /// Counts rows that are not read as records, usable or not.
    pub fn count(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Sets aside a row that was already taken as usable, for example one whose SMILES turned out to be invalid.
    pub fn reject(&mut self, error: RowError) {
        self.errors.push(error);
    }

    /// Rows counted, usable or not.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows set aside.
    #[must_use]
    pub fn bad(&self) -> u64 {
        self.errors.len() as u64
    }

    /// The rows set aside, in the order in which they were.
    #[must_use]
    pub fn errors(&self) -> &[RowError] {
        &self.errors
    }

    /// Refuses a table with too many unusable rows.
    ///
    /// # Errors
    ///
    /// [`DataError::TooManyBad`] if more than `max_bad_fraction` (0 to 1) of the rows were set aside.
    pub fn check(&self, max_bad_fraction: f64) -> Result<(), DataError> {
        // A limit that is not a number allows nothing.
        let allowed = max_bad_fraction.max(0.0) * self.rows as f64;
        if self.errors.is_empty() || self.bad() as f64 <= allowed {
            return Ok(());
        }
        Err(DataError::TooManyBad {
            bad: self.bad(),
            rows: self.rows,
            limit: max_bad_fraction,
            first: self.errors.iter().take(SHOWN).cloned().collect(),
        })
    }

    /// Writes one JSON object (`file`, `line`, `id`, `reason`) per row that was set aside.
    ///
    /// # Errors
    ///
    /// [`DataError::Unwritable`] if the file cannot be written; an older one then stays as it is.
    pub fn write(&self, path: &Path) -> Result<(), DataError> {
        write_atomic_with(path, |file| {
            for error in &self.errors {
                serde_json::to_writer(&mut *file, error)?;
                file.write_all(b"\n")?;
            }
            Ok(())
        })
        .map_err(|error| DataError::Unwritable {
            file: path.to_owned(),
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{DataError, Quarantine, Record, RowError};

    fn filled(good: u64, bad: u64) -> Quarantine {
        let mut quarantine = Quarantine::new();
        for line in 0..good {
            let record = Record {
                id: line.to_string(),
                smiles: "C".to_owned(),
                caption: "x".to_owned(),
                line,
            };
            assert!(quarantine.take(Ok(record)).unwrap().is_some());
        }
        for line in 0..bad {
            let error = RowError::new(
                "a.tsv",
                line + 2,
                Some(format!("b{line}")),
                "the SMILES is empty",
            );
            assert!(quarantine.take(Err(error)).unwrap().is_none());
        }
        quarantine
    }

    #[test]
    fn the_limit_is_a_fraction_of_all_rows() {
        assert!(filled(99, 1).check(0.01).is_ok());
        assert!(filled(98, 2).check(0.01).is_err());
        assert!(filled(10, 0).check(0.0).is_ok());
        assert!(filled(10, 1).check(0.0).is_err());
        assert!(filled(0, 3).check(1.0).is_ok());
        assert!(filled(10, 1).check(f64::NAN).is_err());
        assert!(filled(0, 0).check(0.0).is_ok());
    }

    #[test]
    fn the_message_says_how_many_which_and_what_to_do() {
        let message = filled(90, 10).check(0.01).unwrap_err().to_string();
        assert!(
            message.starts_with("10 of 100 rows are unusable (10.00 %)"),
            "{message}"
        );
        assert_eq!(message.matches("the SMILES is empty").count(), 3);
        assert!(
            message.contains("a.tsv:2: row b0: the SMILES is empty"),
            "{message}"
        );
        assert!(message.contains("raise `max_bad_fraction`"), "{message}");
    }

    #[test]
    fn a_damaged_file_is_never_taken_for_a_short_one() {
        let mut error = RowError::new("a.tsv.gz", 9, None, "cannot read on");
        error.fatal = true;
        assert!(matches!(
            Quarantine::new().take(Err(error)),
            Err(DataError::Damaged { line: 9, .. })
        ));
    }

    #[test]
    fn a_rejected_record_is_one_row_and_not_two() {
        let mut quarantine = filled(2, 0);
        let record = Record {
            id: "1".into(),
            smiles: "Q".into(),
            caption: "x".into(),
            line: 3,
        };
        quarantine.reject(RowError::of("a.tsv", &record, "not a SMILES"));
        assert_eq!((quarantine.rows(), quarantine.bad()), (2, 1));
    }

    #[test]
    fn the_file_has_one_object_per_row() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("quarantine.jsonl");
        filled(1, 2).write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.lines().next().unwrap(),
            "{\"file\":\"a.tsv\",\"line\":2,\"id\":\"b0\",\"reason\":\"the SMILES is empty\"}"
        );
        assert_eq!(text.lines().count(), 2);
    }
}
