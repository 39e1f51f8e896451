//! `metrics.jsonl`: one JSON object per line, the source of every curve and table.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::atomic::write_atomic_with;
use super::error::RunError;

/// Appends records to a metrics file; each is in the file when [`MetricsWriter::write`] returns.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    file: File,
}

impl MetricsWriter {
    /// Opens the file at `path` to go on at `step`, or makes it.
    ///
    /// Records whose `step` is larger are dropped, and so is a last line that a crash cut short: they come from steps that
    /// will be done again, and every step is to be in the file once. Records without a `step` stay.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if the file cannot be read or written.
    pub fn resume(path: &Path, step: u64) -> Result<Self, RunError> {
        match File::open(path) {
            Ok(old) => write_atomic_with(path, |new| keep_until(BufReader::new(old), new, step))
                .map_err(RunError::io(path, "rewrite"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(RunError::io(path, "read")(error)),
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(RunError::io(path, "open"))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Appends a record. It should have a `step`; see [`MetricsWriter::resume`].
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if the file cannot be written, or the record is no JSON.
    pub fn write<T: Serialize>(&mut self, record: &T) -> Result<(), RunError> {
        let mut write = || -> io::Result<()> {
            let mut line = serde_json::to_vec(record)?;
            line.push(b'\n');
            // In one call, so that a crash leaves at most one line cut short.
            self.file.write_all(&line)
        };
        write().map_err(RunError::io(&self.path, "write"))
    }
}

fn keep_until(mut old: impl BufRead, new: &mut dyn Write, step: u64) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if old.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let Ok(record) = serde_json::from_slice::<Value>(&line) else {
            continue;
        };
        let later = record
            .get("step")
            .and_then(Value::as_u64)
            .is_some_and(|at| at > step);
        if !later && line.ends_with(b"\n") {
            new.write_all(&line)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::MetricsWriter;

    #[test]
    fn a_resumed_file_has_every_step_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        let mut metrics = MetricsWriter::resume(&path, 0).unwrap();
        metrics.write(&json!({"event": "start"})).unwrap();
        for step in 1..=5 {
            metrics.write(&json!({"step": step, "loss": 0.5})).unwrap();
        }
        drop(metrics);
        let whole = std::fs::read_to_string(&path).unwrap();
        assert_eq!(whole.lines().count(), 6);

        // Killed in the middle of step 5, resumed from a checkpoint of step 3.
        std::fs::write(&path, &whole[..whole.len() - 4]).unwrap();
        let mut metrics = MetricsWriter::resume(&path, 3).unwrap();
        for step in 4..=5 {
            metrics.write(&json!({"step": step, "loss": 0.5})).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    }
}
