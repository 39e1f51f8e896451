//! What can be wrong with the folder of a run.

use std::io;
use std::path::{Path, PathBuf};

/// A run folder, or a file in it, that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The file system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The folder is not one of a run.
    #[error("{}: not a run folder: {reason}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What is missing, and what to do.
        reason: String,
    },
    /// A checkpoint without a readable manifest: it was never finished, or is damaged.
    #[error("{}: {reason}; this checkpoint was not finished or is damaged, use an older one", path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of a checkpoint is not what its manifest says.
    #[error("{}: {reason}; this checkpoint is damaged, use an older one", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl RunError {
    /// Turns an I/O error into one that says what was tried on which path.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }
}
