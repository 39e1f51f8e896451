//! Where the text of a recipe comes from: the binary itself or a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::RecipeError;
use crate::suggest::closest;

/// No recipe is longer; a longer file is something else, given by mistake.
const MAX_BYTES: u64 = 1 << 20;

/// A recipe that exists, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A recipe inside the binary.
    Builtin {
        /// Its name, for example `quickstart`.
        name: &'static str,
        /// Its TOML text.
        text: &'static str,
    },
    /// A recipe file.
    File(PathBuf),
}

impl Source {
    /// Finds what `wanted` means: the builtin recipe of that name (with or without `.toml`), else the file at that path.
    ///
    /// `builtin` lists the recipes inside the binary as (name, TOML text).
    ///
    /// # Errors
    ///
    /// [`RecipeError::UnknownRecipe`] with the builtin names and the nearest one if it is neither.
    pub fn find(
        wanted: &str,
        builtin: &'static [(&'static str, &'static str)],
    ) -> Result<Self, RecipeError> {
        // A file beats a builtin recipe only if its path says that it is one: `quickstart` is always the builtin.
        let path = Path::new(wanted);
        if path.is_file() && (wanted.contains(['/', '\\']) || wanted.ends_with(".toml")) {
            return Ok(Self::File(path.to_owned()));
        }
        let name = wanted.strip_suffix(".toml").unwrap_or(wanted);
        if let Some(&(name, text)) = builtin.iter().find(|(known, _)| *known == name) {
            return Ok(Self::Builtin { name, text });
        }
        if path.is_file() {
            return Ok(Self::File(path.to_owned()));
        }
        let names: Vec<&str> = builtin.iter().map(|(name, _)| *name).collect();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or(name);
        Err(RecipeError::UnknownRecipe {
            name: wanted.to_owned(),
            suggestion: closest(stem, &names).map(str::to_owned),
            builtin: names.into_iter().map(str::to_owned).collect(),
        })
    }

    /// The short name: that of the builtin recipe, or of the file without folder and extension.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Builtin { name, .. } => (*name).to_owned(),
            Self::File(path) => path.file_stem().map_or_else(
                || "recipe".to_owned(),
                |stem| stem.to_string_lossy().into_owned(),
            ),
        }
    }

    /// The name for messages: `builtin:NAME.toml`, or the path.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Builtin { name, .. } => format!("builtin:{name}.toml"),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The TOML text.
    ///
    /// # Errors
    ///
    /// [`RecipeError::Unreadable`] if the file cannot be read, is no UTF-8 or is longer than 1 MiB.
    pub fn read(&self) -> Result<String, RecipeError> {
        match self {
            Self::Builtin { text, .. } => Ok((*text).to_owned()),
            Self::File(path) => read(path),
        }
    }
}

fn read(path: &Path) -> Result<String, RecipeError> {
    let fail = |reason: String| RecipeError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fail(
            "it is longer than 1 MiB, so it is no recipe; give the .toml file of a recipe"
                .to_owned(),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        fail(format!(
            "it is not UTF-8 text (byte {}); save it as UTF-8",
            error.utf8_error().valid_up_to()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{RecipeError, Source};

    const BUILTIN: &[(&str, &str)] = &[("quickstart", "seed = 1\n"), ("llamo", "seed = 2\n")];

    #[test]
    fn a_builtin_name_wins() {
        let source = Source::find("quickstart", BUILTIN).unwrap();
        assert_eq!(source.name(), "quickstart");
        assert_eq!(source.label(), "builtin:quickstart.toml");
        assert_eq!(source.read().unwrap(), "seed = 1\n");
    }

    #[test]
    fn a_path_is_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.toml");
        std::fs::write(&path, "seed = 3\n").unwrap();
        let source = Source::find(path.to_str().unwrap(), BUILTIN).unwrap();
        assert_eq!(source.name(), "mine");
        assert_eq!(source.read().unwrap(), "seed = 3\n");
    }

    #[test]
    fn an_unknown_name_is_explained() {
        let error = Source::find("quikstart", BUILTIN).unwrap_err().to_string();
        assert!(error.contains("did you mean `quickstart`?"), "{error}");
        assert!(
            error.contains("builtin recipes: quickstart, llamo"),
            "{error}"
        );
        let error = Source::find("nowhere/llammo.toml", BUILTIN)
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `llamo`?"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_recipe_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big.toml");
        std::fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
        let error = Source::File(path).read().unwrap_err();
        assert!(
            matches!(&error, RecipeError::Unreadable { reason, .. } if reason.contains("1 MiB"))
        );
        let path = dir.path().join("latin.toml");
        std::fs::write(&path, b"a = \"\xff\"").unwrap();
        let error = Source::File(path).read().unwrap_err().to_string();
        assert!(error.contains("byte 5"), "{error}");
    }
}
