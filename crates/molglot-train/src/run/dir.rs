//! The folder of a run: `runs/NAME-YYYYMMDD-HHMMSS/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::atomic::write_atomic;
use super::checkpoint::CheckpointStore;
use super::error::RunError;

/// The file without which a folder is not a run.
const RECIPE: &str = "recipe.toml";

/// The folder of one run. The methods name what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Makes `ROOT/NAME-YYYYMMDD-HHMMSS` (UTC), with `-2`, `-3`, ... if that exists, and writes the resolved recipe into it.
    ///
    /// Letters of `name` that do not belong into a file name become `_`.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if the folder or the recipe cannot be written.
    pub fn create(root: &Path, name: &str, recipe: &str) -> Result<Self, RunError> {
        Self::create_at(root, name, recipe, SystemTime::now())
    }

    fn create_at(root: &Path, name: &str, recipe: &str, now: SystemTime) -> Result<Self, RunError> {
        fs::create_dir_all(root).map_err(RunError::io(root, "make the folder"))?;
        let base = format!("{}-{}", file_name(name), timestamp(now));
        let mut number = 1_u32;
        let path = loop {
            let path = root.join(match number {
                1 => base.clone(),
                number => format!("{base}-{number}"),
            });
            // Making the folder is the test: two runs that start in the same second cannot both succeed.
            match fs::create_dir(&path) {
                Ok(()) => break path,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(RunError::io(&path, "make the folder")(error)),
            }
        };
        let run = Self { path };
        run.write(RECIPE, recipe)?;
        Ok(run)
    }

    /// Opens the folder of an earlier run.
    ///
    /// # Errors
    ///
    /// [`RunError::NotARun`] if the folder does not exist or has no `recipe.toml`.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let reason = if !path.is_dir() {
            "there is no such folder; give the folder of a run, for example one in `runs/`"
        } else if !path.join(RECIPE).is_file() {
            "there is no recipe.toml in it; give the folder that a training run has made"
        } else {
            return Ok(Self {
                path: path.to_owned(),
            });
        };
        Err(RunError::NotARun {
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// The newest run of that name under `root` that has a checkpoint folder, or `None`; what `--resume auto` takes.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if `root` exists and cannot be read.
    pub fn latest(root: &Path, name: &str) -> Result<Option<Self>, RunError> {
        let prefix = format!("{}-", file_name(name));
        let entries = match fs::read_dir(root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RunError::io(root, "read the folder")(error)),
        };
        let mut newest: Option<((String, u32), Self)> = None;
        for entry in entries {
            let path = entry.map_err(RunError::io(root, "read the folder"))?.path();
            let key = path
                .file_name()
                .and_then(|file| file.to_str())
                .and_then(|file| file.strip_prefix(&prefix))
                .and_then(start_of);
            if let Some(key) = key
                && newest.as_ref().is_none_or(|(newest, _)| *newest < key)
                && let Ok(run) = Self::open(&path)
                && run.checkpoints_path().is_dir()
            {
                newest = Some((key, run));
            }
        }
        Ok(newest.map(|(_, run)| run))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The resolved recipe.
    #[must_use]
    pub fn recipe_path(&self) -> PathBuf {
        self.path.join(RECIPE)
    }

    /// The metrics, one JSON object per line.
    #[must_use]
    pub fn metrics_path(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The log.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.path.join("log.txt")
    }

    /// The rows that were set aside.
    #[must_use]
    pub fn quarantine_path(&self) -> PathBuf {
        self.path.join("quarantine.jsonl")
    }

    /// The loss curves.
    #[must_use]
    pub fn curves_path(&self) -> PathBuf {
        self.path.join("curves.svg")
    }

    /// The report.
    #[must_use]
    pub fn report_path(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// The folder of what the run has made: projector, adapter, tokenizer, settings.
    #[must_use]
    pub fn model_path(&self) -> PathBuf {
        self.path.join("model")
    }

    /// The folder of the checkpoints.
    #[must_use]
    pub fn checkpoints_path(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The checkpoints.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if their folder cannot be made or cleared of what a crash left over.
    pub fn checkpoints(&self) -> Result<CheckpointStore, RunError> {
        CheckpointStore::open(&self.checkpoints_path())
    }

    /// Writes a whole file of the run, atomically.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if it cannot be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), RunError> {
        let path = self.path.join(name);
        write_atomic(&path, bytes).map_err(RunError::io(&path, "write"))
    }
}

/// `name` with only letters, digits, `-`, `_` and `.` in it, and neither hidden nor empty.
fn file_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.') {
                letter
            } else {
                '_'
            }
        })
        .take(100)
        .collect();
    let clean = clean.trim_start_matches('.');
    if clean.is_empty() {
        "run".to_owned()
    } else {
        clean.to_owned()
    }
}

/// The timestamp and the number behind it, as [`RunDir::create`] makes them.
fn start_of(suffix: &str) -> Option<(String, u32)> {
    let (time, rest) = suffix.split_at_checked("YYYYMMDD-HHMMSS".len())?;
    let is_time = time.bytes().enumerate().all(|(at, byte)| {
        if at == 8 {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    });
    if !is_time {
        return None;
    }
    let number = match rest.strip_prefix('-') {
        Some(number) => number.parse().ok()?,
        None if rest.is_empty() => 1,
        None => return None,
    };
    Some((time.to_owned(), number))
}

/// `YYYYMMDD-HHMMSS` in UTC. A clock before 1970 counts as 1970.
#[must_use]
pub fn timestamp(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (year, month, day) = civil(seconds / 86_400);
    let clock = seconds % 86_400;
    format!(
        "{year:04}{month:02}{day:02}-{:02}{:02}{:02}",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    )
}

/// Year, month and day of the Gregorian calendar, `days` after 1970-01-01 (Hinnant, chrono-compatible low-level date
/// algorithms, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::{RunDir, RunError, timestamp};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn timestamps_are_utc() {
        for (seconds, text) in [
            (0, "19700101-000000"),
            (951_827_696, "20000229-123456"),
            (4_107_542_399, "21000228-235959"),
            (4_107_542_400, "21000301-000000"),
            (1_767_225_599, "20251231-235959"),
        ] {
            assert_eq!(timestamp(at(seconds)), text);
        }
        assert_eq!(
            timestamp(UNIX_EPOCH - Duration::from_secs(5)),
            "19700101-000000"
        );
    }

    #[test]
    fn folders_of_the_same_second_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let name = |run: &RunDir| run.path().file_name().unwrap().to_str().unwrap().to_owned();
        let make = || RunDir::create_at(root.path(), "a/b c", "seed = 1\n", at(0)).unwrap();
        let first = make();
        assert_eq!(name(&first), "a_b_c-19700101-000000");
        assert_eq!(name(&make()), "a_b_c-19700101-000000-2");
        assert_eq!(
            std::fs::read_to_string(first.recipe_path()).unwrap(),
            "seed = 1\n"
        );
        assert_eq!(RunDir::open(first.path()).unwrap(), first);
    }

    #[test]
    fn names_cannot_leave_the_root() {
        let root = tempfile::tempdir().unwrap();
        for name in ["../x", "..", "", "/etc", ".hidden"] {
            let run = RunDir::create_at(root.path(), name, "", at(0)).unwrap();
            assert_eq!(run.path().parent().unwrap(), root.path(), "{name:?}");
        }
    }

    #[test]
    fn the_latest_run_is_that_with_checkpoints() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(
            RunDir::latest(&root.path().join("none"), "a").unwrap(),
            None
        );
        let make = |name, seconds| RunDir::create_at(root.path(), name, "", at(seconds)).unwrap();
        let runs: Vec<RunDir> = [("a", 5), ("a", 9), ("a", 9), ("a", 99), ("a-b", 200)]
            .map(|(name, seconds)| make(name, seconds))
            .into();
        for index in [0, 1, 2, 4] {
            runs[index].checkpoints().unwrap();
        }
        assert_eq!(
            RunDir::latest(root.path(), "a").unwrap().as_ref(),
            Some(&runs[2])
        );
        assert_eq!(RunDir::latest(root.path(), "c").unwrap(), None);
    }

    #[test]
    fn other_folders_are_no_runs() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(
            RunDir::open(root.path()),
            Err(RunError::NotARun { reason, .. }) if reason.contains("recipe.toml")
        ));
        assert!(RunDir::open(&root.path().join("none")).is_err());
    }
}
