//! Built graphs on disk, found again by what they were built from.
//!
//! An entry is a [file of a graph](crate::store) named by its key: the SHA-256 of the content it was built from, the spec,
//! what was chosen of the content, and the versions of the layout and of this program. So an entry is never out of date: what changes
//! is looked for under another name. Entries are written beside and moved into place, so processes may share a folder.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::store::{self, StoreError, StoredGraph, hex};
use crate::{GraphSpec, SpecError};

/// A folder of graphs that one spec builds.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    spec: GraphSpec,
    /// The hash of all that keys have in common.
    common: Sha256,
}

/// The name of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

/// A graph that was found or built.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The graph.
    pub stored: StoredGraph,
    /// Whether it was found.
    pub hit: bool,
}

/// What is wrong with a cache. The graph itself can be built all the same.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The folder or a file in it cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// An entry is damaged or no entry.
    #[error("{}: {error}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: StoreError,
    },
    /// An entry stands under a name that is not its own.
    #[error("{}: this is the entry of something else", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The spec has no canonical form.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

impl Key {
    /// The key in base 16: the name of the entry without its extension.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Cache {
    /// Opens a folder, and makes it where there is none. `selection` says what of a content the graphs are built from:
    /// which chain and model, by which reader.
    ///
    /// # Errors
    ///
    /// [`CacheError`]: the folder cannot be made, or the spec holds a number that is not finite.
    pub fn open(folder: &Path, spec: &GraphSpec, selection: &str) -> Result<Self, CacheError> {
        let canonical = spec.canonical()?;
        fs::create_dir_all(folder).map_err(|error| CacheError::Io {
            path: folder.to_owned(),
            error,
        })?;
        let mut common = Sha256::new();
        let layout = store::VERSION.to_string();
        for part in [&layout, env!("CARGO_PKG_VERSION"), &canonical, selection] {
            // With their lengths, or parts could trade letters.
            common.update((part.len() as u64).to_le_bytes());
            common.update(part);
        }
        Ok(Self {
            folder: folder.to_owned(),
            spec: spec.clone(),
            common,
        })
    }

    /// The key of a content: the bytes of a structure file, unpacked.
    #[must_use]
    pub fn key(&self, content: &[u8]) -> Key {
        let hash = self.common.clone().chain_update(content);
        Key(hex(&hash.finalize()))
    }

    /// The file of an entry, whether or not there is one.
    #[must_use]
    pub fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}.safetensors", key.0))
    }

    /// Finds an entry.
    ///
    /// # Errors
    ///
    /// [`CacheError`]: what stands there cannot be read, or is not the entry.
    pub fn find(&self, key: &Key) -> Result<Option<StoredGraph>, CacheError> {
        let path = self.path(key);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CacheError::Io { path, error }),
        };
        match store::decode(&bytes) {
            Ok((stored, own)) if own.as_ref() == Some(&key.0) && stored.spec == self.spec => {
                Ok(Some(stored))
            }
            Ok(_) => Err(CacheError::Foreign { path }),
            Err(error) => Err(CacheError::Damaged { path, error }),
        }
    }

    /// Writes an entry, in place of one that may be there: a reader sees the old one or the whole new one.
    ///
    /// # Errors
    ///
    /// [`CacheError`]: the entry cannot be written.
    pub fn store(&self, key: &Key, stored: &StoredGraph) -> Result<(), CacheError> {
        let path = self.path(key);
        let bytes = match store::encode(stored, Some(&key.0)) {
            Ok(bytes) => bytes,
            Err(error) => return Err(CacheError::Damaged { path, error }),
        };
        let write = || {
            let mut file = tempfile::Builder::new()
                .prefix(".")
                .suffix(".tmp")
                .tempfile_in(&self.folder)?;
            file.write_all(&bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)
        };
        match write() {
            Ok(_) => Ok(()),
            Err(error) => Err(CacheError::Io { path, error }),
        }
    }

    /// The graph of a content: the entry where there is a good one, else what `build` makes, which then becomes the entry.
    /// What is wrong with the cache is told to `warn` and changes no answer.
    ///
    /// # Errors
    ///
    /// That of `build`.
    pub fn get_or_build<E>(
        &self,
        content: &[u8],
        warn: impl Fn(&CacheError),
        build: impl FnOnce() -> Result<StoredGraph, E>,
    ) -> Result<Answer, E> {
        let key = self.key(content);
        match self.find(&key) {
            Ok(Some(stored)) => return Ok(Answer { stored, hit: true }),
            Ok(None) => {}
            Err(error) => warn(&error),
        }
        let stored = build()?;
        if let Err(error) = self.store(&key, &stored) {
            warn(&error);
        }
        Ok(Answer { stored, hit: false })
    }
}
