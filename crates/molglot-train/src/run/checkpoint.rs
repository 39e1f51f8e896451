//! Checkpoints: folders `step-N` that are whole or not there, each with a manifest of what belongs in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::atomic::{sync_folder, write_atomic};
use super::error::RunError;

/// The name of the manifest in a checkpoint.
pub const MANIFEST: &str = "manifest.json";

/// The version of the manifest.
const FORMAT: u32 = 1;

/// How folders that are not (or no longer) checkpoints begin; they are removed when the store is opened.
const SCRATCH: &str = ".scratch-";

/// What a checkpoint consists of. Written last: a folder without it was never finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format, 1.
    pub format: u32,
    /// The step after which the checkpoint was made.
    pub step: u64,
    /// Every file by its path inside the checkpoint, with `/` between folders.
    pub files: BTreeMap<String, FileEntry>,
}

/// One file of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// The folder of the checkpoints of one run. Only one process at a time may have it open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointStore {
    folder: PathBuf,
}

/// The newest good checkpoint, and the newer ones that are not good.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LatestValid {
    /// Step and folder of the newest checkpoint that is whole, if any is.
    pub found: Option<(u64, PathBuf)>,
    /// What is wrong with each newer one, newest first. A caller should say so.
    pub rejected: Vec<RunError>,
}

impl CheckpointStore {
    /// Opens the folder, makes it if needed, and removes what a crash left half written.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if the folder cannot be made, read or cleared.
    pub fn open(folder: &Path) -> Result<Self, RunError> {
        fs::create_dir_all(folder).map_err(RunError::io(folder, "make the folder"))?;
        let store = Self {
            folder: folder.to_owned(),
        };
        for (name, path) in store.entries()? {
            if name.starts_with(SCRATCH) {
                fs::remove_dir_all(&path).map_err(RunError::io(&path, "remove"))?;
            }
        }
        Ok(store)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Saves a checkpoint: `fill` writes the files into the folder it is given, which then becomes `step-N`.
    ///
    /// Everything is synced to the disk, the manifest is written last, and the folder is moved into place; a crash at any
    /// time leaves the older checkpoints as they were. A checkpoint of the same step is replaced.
    ///
    /// # Errors
    ///
    /// The error of `fill`, or [`RunError::Io`] as `E`; nothing is then left behind.
    pub fn save<E: From<RunError>>(
        &self,
        step: u64,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let scratch = self.scratch(&format!("step-{step}"));
        let saved = self.fill_and_place(step, &scratch, fill);
        if saved.is_err() {
            // The reason for the failure is what the caller needs; what cannot be removed now is removed by `open`.
            let _ = fs::remove_dir_all(&scratch);
        }
        saved
    }

    fn fill_and_place<E: From<RunError>>(
        &self,
        step: u64,
        scratch: &Path,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        if scratch.exists() {
            fs::remove_dir_all(scratch).map_err(RunError::io(scratch, "remove"))?;
        }
        fs::create_dir(scratch).map_err(RunError::io(scratch, "make the folder"))?;
        fill(scratch)?;
        write_manifest(scratch, step)?;

        let place = self.path_of(step);
        if place.exists() {
            // A folder cannot be replaced in one move; the old one is the same step, and training can redo it.
            let old = self.scratch("old");
            if old.exists() {
                fs::remove_dir_all(&old).map_err(RunError::io(&old, "remove"))?;
            }
            fs::rename(&place, &old).map_err(RunError::io(&place, "move"))?;
            fs::rename(scratch, &place).map_err(RunError::io(scratch, "move"))?;
            fs::remove_dir_all(&old).map_err(RunError::io(&old, "remove"))?;
        } else {
            fs::rename(scratch, &place).map_err(RunError::io(scratch, "move"))?;
        }
        sync_folder(&self.folder).map_err(RunError::io(&self.folder, "sync"))?;
        Ok(place)
    }

    /// The steps of which there is a checkpoint folder, ascending; whether they are whole is another question.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if the folder cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>, RunError> {
        let mut steps: Vec<u64> = self
            .entries()?
            .iter()
            .filter_map(|(name, path)| {
                let step = step_of(name)?;
                path.is_dir().then_some(step)
            })
            .collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The newest checkpoint that is whole, and what is wrong with the newer ones.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if the folder cannot be read. A damaged checkpoint is not an error.
    pub fn latest_valid(&self) -> Result<LatestValid, RunError> {
        let mut latest = LatestValid::default();
        for step in self.steps()?.into_iter().rev() {
            let path = self.path_of(step);
            match verify_manifest(&path) {
                Ok(_) => {
                    latest.found = Some((step, path));
                    break;
                }
                Err(error) => latest.rejected.push(error),
            }
        }
        Ok(latest)
    }

    /// Removes all but the `keep` newest checkpoints. Those in `protect` (steps, for example the best one) stay as well,
    /// and so does the newest whole one, whatever `keep` is.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if one cannot be removed.
    pub fn rotate(&self, keep: usize, protect: &[u64]) -> Result<(), RunError> {
        let steps = self.steps()?;
        let surplus: Vec<u64> = steps[..steps.len().saturating_sub(keep)]
            .iter()
            .copied()
            .filter(|step| !protect.contains(step))
            .collect();
        if surplus.is_empty() {
            return Ok(());
        }
        // Read and hash only if something is to go: newer folders may be damaged, and then an old one is all there is.
        let newest = self.latest_valid()?.found.map(|(step, _)| step);
        for step in surplus {
            if Some(step) == newest {
                continue;
            }
            // Out of the way first, so that a crash while removing leaves no folder that looks like a checkpoint.
            let (path, gone) = (self.path_of(step), self.scratch(&format!("gone-{step}")));
            fs::rename(&path, &gone).map_err(RunError::io(&path, "move"))?;
            fs::remove_dir_all(&gone).map_err(RunError::io(&gone, "remove"))?;
        }
        sync_folder(&self.folder).map_err(RunError::io(&self.folder, "sync"))
    }

    /// The folder of the checkpoint of `step`, whether it exists or not.
    #[must_use]
    pub fn path_of(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step}"))
    }

    fn scratch(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{SCRATCH}{name}"))
    }

    fn entries(&self) -> Result<Vec<(String, PathBuf)>, RunError> {
        let read = || -> io::Result<Vec<(String, PathBuf)>> {
            fs::read_dir(&self.folder)?
                .map(|entry| {
                    let entry = entry?;
                    Ok((
                        entry.file_name().to_string_lossy().into_owned(),
                        entry.path(),
                    ))
                })
                .collect()
        };
        read().map_err(RunError::io(&self.folder, "read the folder"))
    }
}

/// The step in the name of a checkpoint folder, written as [`CheckpointStore::path_of`] writes it.
fn step_of(name: &str) -> Option<u64> {
    let step = name.strip_prefix("step-")?.parse().ok()?;
    (name == format!("step-{step}")).then_some(step)
}

/// Syncs every file under `folder`, then writes the manifest that lists them.
///
/// # Errors
///
/// [`RunError::Io`] if something cannot be read or written, [`RunError::Damaged`] for anything that is neither file nor
/// folder.
pub fn write_manifest(folder: &Path, step: u64) -> Result<Manifest, RunError> {
    let mut files = BTreeMap::new();
    for (name, path) in list(folder)? {
        let file = File::open(&path).map_err(RunError::io(&path, "read"))?;
        file.sync_all().map_err(RunError::io(&path, "sync"))?;
        files.insert(name, entry_of(&path, file)?);
    }
    let manifest = Manifest {
        format: FORMAT,
        step,
        files,
    };
    let path = folder.join(MANIFEST);
    let write = || -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        write_atomic(&path, text)
    };
    write().map_err(RunError::io(&path, "write"))?;
    Ok(manifest)
}

/// Checks that `folder` has a manifest and is exactly what that says: every file with its size and hash, and no other.
///
/// A folder named `step-N` must also be of step N.
///
/// # Errors
///
/// [`RunError::BadManifest`] or [`RunError::Damaged`], naming the file that is wrong; [`RunError::Io`] if one cannot be read.
pub fn verify_manifest(folder: &Path) -> Result<Manifest, RunError> {
    let path = folder.join(MANIFEST);
    let bad = |reason: String| RunError::BadManifest {
        path: path.clone(),
        reason,
    };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(bad("there is no manifest".to_owned()));
        }
        Err(error) => return Err(RunError::io(&path, "read")(error)),
    };
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| bad(format!("the manifest cannot be read ({error})")))?;
    if manifest.format != FORMAT {
        return Err(bad(format!(
            "the manifest has format {}, this program knows {FORMAT}",
            manifest.format
        )));
    }
    let named = folder
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(step_of);
    if named.is_some_and(|named| named != manifest.step) {
        return Err(bad(format!("the manifest is of step {}", manifest.step)));
    }
    let mut present = list(folder)?;
    for (name, expected) in &manifest.files {
        let damaged = |reason: String| RunError::Damaged {
            file: folder.join(name),
            reason,
        };
        let Some(path) = present.remove(name) else {
            return Err(damaged("the file is missing".to_owned()));
        };
        // The size first: it is free, and a cut-off file is the most frequent damage.
        let size = fs::metadata(&path)
            .map_err(RunError::io(&path, "read"))?
            .len();
        if size != expected.bytes {
            return Err(damaged(format!(
                "the file has {size} bytes instead of {}",
                expected.bytes
            )));
        }
        let file = File::open(&path).map_err(RunError::io(&path, "read"))?;
        let found = entry_of(&path, file)?;
        if found != *expected {
            return Err(damaged("the content is not what was saved".to_owned()));
        }
    }
    match present.into_values().next() {
        Some(file) => Err(RunError::Damaged {
            file,
            reason: "the manifest does not know this file".to_owned(),
        }),
        None => Ok(manifest),
    }
}

/// Size and hash of an open file.
pub(crate) fn entry_of(path: &Path, mut file: File) -> Result<FileEntry, RunError> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(RunError::io(path, "read")(error)),
        }
    }
    let sha256 = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(FileEntry { bytes, sha256 })
}

/// Every file under `folder` but the manifest, by its path with `/` between folders.
fn list(folder: &Path) -> Result<BTreeMap<String, PathBuf>, RunError> {
    let mut found = BTreeMap::new();
    let mut open = vec![(String::new(), folder.to_owned())];
    while let Some((prefix, folder)) = open.pop() {
        let entries = fs::read_dir(&folder).map_err(RunError::io(&folder, "read the folder"))?;
        for entry in entries {
            let entry = entry.map_err(RunError::io(&folder, "read the folder"))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(RunError::io(&path, "read"))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                open.push((format!("{name}/"), path));
            } else if !kind.is_file() {
                return Err(RunError::Damaged {
                    file: path,
                    reason: "a checkpoint has only files and folders, and this is neither"
                        .to_owned(),
                });
            } else if name != MANIFEST {
                found.insert(name, path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{CheckpointStore, MANIFEST, RunError, verify_manifest};

    fn store() -> (tempfile::TempDir, CheckpointStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = CheckpointStore::open(&dir.path().join("checkpoints")).unwrap();
        (dir, store)
    }

    fn save(store: &CheckpointStore, step: u64) -> PathBuf {
        store
            .save::<RunError>(step, |folder| {
                fs::write(folder.join("model.safetensors"), format!("weights {step}")).unwrap();
                fs::create_dir(folder.join("tokenizer")).unwrap();
                fs::write(folder.join("tokenizer/vocab.json"), "{}").unwrap();
                Ok(())
            })
            .unwrap()
    }

    fn wrong(folder: &Path) -> String {
        verify_manifest(folder).unwrap_err().to_string()
    }

    #[test]
    fn a_saved_checkpoint_verifies() {
        let (_dir, store) = store();
        let folder = save(&store, 7);
        let manifest = verify_manifest(&folder).unwrap();
        assert_eq!(manifest.step, 7);
        let entry = &manifest.files["tokenizer/vocab.json"];
        assert_eq!(entry.bytes, 2);
        assert_eq!(
            entry.sha256,
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        assert_eq!(manifest.files.len(), 2);
    }

    #[test]
    fn flipped_bits_and_cuts_are_found() {
        let (_dir, store) = store();
        let folder = save(&store, 10);
        for name in ["model.safetensors", "tokenizer/vocab.json", MANIFEST] {
            let path = folder.join(name);
            let good = fs::read(&path).unwrap();
            // Every seventh bit: every byte, and every place in a byte, at an eighth of the time.
            for bit in (0..good.len() * 8).step_by(7) {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                fs::write(&path, &bad).unwrap();
                assert!(
                    verify_manifest(&folder).is_err(),
                    "bit {bit} of {name}: {}",
                    String::from_utf8_lossy(&bad)
                );
            }
            // The last byte of the manifest is a line end, and without it the manifest is still whole.
            for length in (0..good.len() - usize::from(name == MANIFEST)).step_by(3) {
                fs::write(&path, &good[..length]).unwrap();
                assert!(
                    verify_manifest(&folder).is_err(),
                    "{name} cut to {length} bytes"
                );
            }
            fs::write(&path, &good).unwrap();
        }
        verify_manifest(&folder).unwrap();
    }

    #[test]
    fn the_error_names_the_file() {
        let (_dir, store) = store();
        let (one, two) = (save(&store, 1), save(&store, 2));
        // Files of the same size from two steps, swapped.
        let path = |folder: &Path| folder.join("model.safetensors");
        fs::copy(path(&two), path(&one)).unwrap();
        assert!(wrong(&one).contains("model.safetensors: the content is not"));
        fs::write(path(&one), "short").unwrap();
        assert!(wrong(&one).contains("5 bytes instead of 9"));
        fs::remove_file(path(&one)).unwrap();
        assert!(wrong(&one).contains("model.safetensors: the file is missing"));
        fs::write(two.join("extra"), "").unwrap();
        assert!(wrong(&two).contains("extra: the manifest does not know"));
        fs::remove_file(two.join("extra")).unwrap();
        let other = store.path_of(3);
        fs::rename(&two, &other).unwrap();
        assert!(wrong(&other).contains("the manifest is of step 2"));
        fs::remove_file(other.join(MANIFEST)).unwrap();
        assert!(wrong(&other).contains("there is no manifest"));
    }

    #[test]
    fn the_latest_whole_one_is_found_and_the_others_are_named() {
        let (_dir, store) = store();
        assert!(store.latest_valid().unwrap().found.is_none());
        for step in [5, 10, 15] {
            save(&store, step);
        }
        fs::write(store.path_of(15).join("model.safetensors"), "xxxxxxxxxx").unwrap();
        fs::create_dir(store.path_of(20)).unwrap();
        fs::create_dir(store.folder().join("step-x")).unwrap();
        let latest = store.latest_valid().unwrap();
        assert_eq!(latest.found, Some((10, store.path_of(10))));
        assert_eq!(latest.rejected.len(), 2);
        assert!(matches!(latest.rejected[0], RunError::BadManifest { .. }));
        assert!(matches!(latest.rejected[1], RunError::Damaged { .. }));
    }

    #[test]
    fn a_failed_save_leaves_what_was_there() {
        let (_dir, store) = store();
        save(&store, 5);
        let failed = store.save(5, |folder| {
            fs::write(folder.join("model.safetensors"), "half").unwrap();
            Err(RunError::NotARun {
                path: folder.to_owned(),
                reason: "test".to_owned(),
            })
        });
        assert!(failed.is_err());
        verify_manifest(&store.path_of(5)).unwrap();
        assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 1);
    }

    #[test]
    fn a_crash_while_saving_is_cleared_away() {
        let (_dir, store) = store();
        save(&store, 5);
        fs::create_dir(store.folder().join(".scratch-step-6")).unwrap();
        fs::write(store.folder().join(".scratch-step-6/model"), "half").unwrap();
        let store = CheckpointStore::open(store.folder()).unwrap();
        assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 1);
        assert_eq!(store.latest_valid().unwrap().found.unwrap().0, 5);
    }

    #[test]
    fn the_same_step_can_be_saved_again() {
        let (_dir, store) = store();
        save(&store, 5);
        save(&store, 5);
        assert_eq!(store.steps().unwrap(), [5]);
        verify_manifest(&store.path_of(5)).unwrap();
    }

    #[test]
    fn rotation_keeps_the_newest_the_protected_and_the_last_whole_one() {
        let (_dir, store) = store();
        for step in [1, 2, 3, 9, 10] {
            save(&store, step);
        }
        store.rotate(2, &[1]).unwrap();
        assert_eq!(store.steps().unwrap(), [1, 9, 10]);
        for step in [9, 10] {
            fs::remove_file(store.path_of(step).join(MANIFEST)).unwrap();
        }
        store.rotate(2, &[]).unwrap();
        assert_eq!(store.steps().unwrap(), [1, 9, 10]);
        save(&store, 11);
        store.rotate(0, &[]).unwrap();
        assert_eq!(store.steps().unwrap(), [11]);
    }
}
