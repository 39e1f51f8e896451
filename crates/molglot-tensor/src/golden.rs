//! Reference cases: inputs, outputs and gradients of a public implementation, with a tolerance for each.
//!
//! A case is a folder with `io.safetensors` (`in.*`, `out.*`, `grad.*`) and `meta.json`, whose
//! `tensors.<name>.atol` is the largest absolute difference that rounding explains. A case about text has JSON files
//! instead of `io.safetensors`.

use std::{
    collections::BTreeMap,
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// The environment variable that names the folder of cases.
pub const VARIABLE: &str = "MOLGLOT_GOLDEN";

/// One case.
#[derive(Debug)]
pub struct Golden {
    dir: PathBuf,
    io: Vec<u8>,
    meta: serde_json::Value,
}

/// Why a case cannot be used, or what is outside its tolerance.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct GoldenError(String);

impl GoldenError {
    /// What is wrong with a case, or with running it.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

fn read_json(file: &Path) -> Result<serde_json::Value, GoldenError> {
    let failed = |error: &dyn fmt::Display| GoldenError(format!("{}: {error}", file.display()));
    let bytes = fs::read(file).map_err(|error| failed(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(&error))
}

impl Golden {
    /// The case of this name under `MOLGLOT_GOLDEN`; `None` when the variable is not set.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when the variable is set and the case is not there.
    pub fn find(case: &str) -> Result<Option<Self>, GoldenError> {
        env::var_os(VARIABLE)
            .map(|root| Self::open(&Path::new(&root).join(case)))
            .transpose()
    }

    /// The case in a folder.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when `meta.json` is missing or a file is not what it should be. A case without `io.safetensors`
    /// has no tensors.
    pub fn open(dir: &Path) -> Result<Self, GoldenError> {
        let meta = read_json(&dir.join("meta.json"))?;
        let file = dir.join("io.safetensors");
        let failed = |error: &dyn fmt::Display| GoldenError(format!("{}: {error}", file.display()));
        let io = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let none: [(&str, TensorView<'_>); 0] = [];
                safetensors::serialize(none, None).map_err(|error| failed(&error))?
            }
            Err(error) => return Err(failed(&error)),
        };
        SafeTensors::deserialize(&io).map_err(|error| failed(&error))?;
        Ok(Self {
            dir: dir.to_owned(),
            io,
            meta,
        })
    }

    /// A JSON file of the case.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when it is missing or no JSON.
    pub fn json(&self, name: &str) -> Result<serde_json::Value, GoldenError> {
        read_json(&self.dir.join(name))
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `meta.json`.
    pub fn meta(&self) -> &serde_json::Value {
        &self.meta
    }

    /// Names of the tensors, sorted.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when the file has become unreadable.
    pub fn names(&self) -> Result<Vec<String>, GoldenError> {
        let mut names: Vec<String> = self
            .tensors()?
            .names()
            .into_iter()
            .map(ToString::to_string)
            .collect();
        names.sort();
        Ok(names)
    }

    fn tensors(&self) -> Result<SafeTensors<'_>, GoldenError> {
        SafeTensors::deserialize(&self.io).map_err(|error| GoldenError(error.to_string()))
    }

    /// Shape and values of a float tensor.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when there is no such f32 tensor.
    pub fn floats(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), GoldenError> {
        let (shape, bytes) = self.raw(name, Dtype::F32)?;
        Ok((
            shape,
            bytes
                .as_chunks::<4>()
                .0
                .iter()
                .copied()
                .map(f32::from_le_bytes)
                .collect(),
        ))
    }

    /// Shape and values of an integer tensor.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when there is no such i64 tensor.
    pub fn ints(&self, name: &str) -> Result<(Vec<usize>, Vec<i64>), GoldenError> {
        let (shape, bytes) = self.raw(name, Dtype::I64)?;
        Ok((
            shape,
            bytes
                .as_chunks::<8>()
                .0
                .iter()
                .copied()
                .map(i64::from_le_bytes)
                .collect(),
        ))
    }

    fn raw(&self, name: &str, dtype: Dtype) -> Result<(Vec<usize>, Vec<u8>), GoldenError> {
        let missing = |why: String| GoldenError(format!("{}: {name}: {why}", self.dir.display()));
        let tensors = self.tensors()?;
        let view = tensors
            .tensor(name)
            .map_err(|error| missing(error.to_string()))?;
        if view.dtype() != dtype {
            return Err(missing(format!("it is {:?}, not {dtype:?}", view.dtype())));
        }
        Ok((view.shape().to_vec(), view.data().to_vec()))
    }

    /// The largest absolute difference of `actual` to the stored tensor, as a part of its tolerance.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when the number of values differs, a value is not finite, the case states no tolerance, or a
    /// difference is above it.
    pub fn check(&self, name: &str, actual: &[f32]) -> Result<f64, GoldenError> {
        let (_, wanted) = self.floats(name)?;
        let kept: Vec<bool> = vec![true; wanted.len()];
        self.check_where(name, actual, &kept)
    }

    /// As [`Golden::check`], at the places where `kept` is true alone.
    ///
    /// # Errors
    ///
    /// As [`Golden::check`].
    pub fn check_where(
        &self,
        name: &str,
        actual: &[f32],
        kept: &[bool],
    ) -> Result<f64, GoldenError> {
        let (_, wanted) = self.floats(name)?;
        if actual.len() != wanted.len() || kept.len() != wanted.len() {
            return Err(GoldenError(format!(
                "{name}: {} values instead of {}",
                actual.len(),
                wanted.len()
            )));
        }
        let atol = self.meta["tensors"][name]["atol"]
            .as_f64()
            .ok_or_else(|| GoldenError(format!("{name}: the case states no tolerance")))?;
        let pairs = actual
            .iter()
            .zip(&wanted)
            .zip(kept)
            .filter(|(_, kept)| **kept);
        let worst =
            pairs
                .map(|((a, b), _)| f64::from((a - b).abs()))
                .fold(0.0, |most: f64, difference| {
                    if difference.is_nan() {
                        f64::INFINITY
                    } else {
                        most.max(difference)
                    }
                });
        if worst > atol {
            return Err(GoldenError(format!(
                "{name}: off by {worst:e}, tolerance {atol:e}"
            )));
        }
        Ok(worst / atol)
    }
}

/// A run over a case: collects every comparison, so that one difference does not hide the others.
#[derive(Debug)]
pub struct Comparison<'a> {
    golden: &'a Golden,
    compared: BTreeMap<String, f64>,
    failures: Vec<String>,
    skipped: BTreeMap<String, String>,
    uncovered: Vec<String>,
}

impl<'a> Comparison<'a> {
    /// Nothing compared yet.
    pub fn new(golden: &'a Golden) -> Self {
        Self {
            golden,
            compared: BTreeMap::new(),
            failures: Vec::new(),
            skipped: BTreeMap::new(),
            uncovered: Vec::new(),
        }
    }

    /// The case.
    pub fn golden(&self) -> &'a Golden {
        self.golden
    }

    /// Compares every value of a tensor.
    pub fn all(&mut self, name: &str, actual: &[f32]) {
        self.at(name, actual, &vec![true; actual.len()]);
    }

    /// Compares the values where `kept` is true.
    pub fn at(&mut self, name: &str, actual: &[f32], kept: &[bool]) {
        match self.golden.check_where(name, actual, kept) {
            Ok(part) => {
                let worst = self.compared.entry(name.to_owned()).or_default();
                *worst = worst.max(part);
            }
            Err(error) => self.fail(name, &error),
        }
    }

    /// Compares integers, which must be equal.
    pub fn ints(&mut self, name: &str, actual: &[i64]) {
        match self.golden.ints(name) {
            Ok((_, wanted)) if wanted == actual => self.exact(name),
            Ok((_, wanted)) => {
                let at = wanted.iter().zip(actual).position(|(a, b)| a != b);
                self.fail(
                    name,
                    &GoldenError::new(match at {
                        Some(at) => {
                            format!("{name}: value {at} is {}, not {}", actual[at], wanted[at])
                        }
                        None => format!(
                            "{name}: {} values instead of {}",
                            actual.len(),
                            wanted.len()
                        ),
                    }),
                );
            }
            Err(error) => self.fail(name, &error),
        }
    }

    /// Records that a tensor was compared by other means and is equal.
    pub fn exact(&mut self, name: &str) {
        self.compared.entry(name.to_owned()).or_default();
    }

    /// Records a difference.
    pub fn fail(&mut self, name: &str, error: &GoldenError) {
        self.compared.insert(name.to_owned(), f64::INFINITY);
        self.failures.push(error.to_string());
    }

    /// Compares something that is no tensor, which must be equal.
    pub fn same<T: PartialEq + fmt::Debug>(&mut self, name: &str, found: &T, wanted: &T) {
        if found == wanted {
            self.exact(name);
        } else {
            let what = format!("{name}: {found:?} and not {wanted:?}");
            self.fail(name, &GoldenError(what));
        }
    }

    /// Names something of the case that is no tensor and that nothing is compared with.
    pub fn uncovered(&mut self, name: &str) {
        self.uncovered.push(name.to_owned());
    }

    /// Says why a tensor is not compared.
    pub fn skip(&mut self, name: &str, reason: &str) {
        self.skipped.insert(name.to_owned(), reason.to_owned());
    }

    /// The outcome, with the outputs and gradients that nothing was compared with.
    ///
    /// # Errors
    ///
    /// [`GoldenError`] when the case has become unreadable.
    pub fn finish(self) -> Result<Verdict, GoldenError> {
        let mut uncovered = self.golden.names()?;
        uncovered.retain(|name| {
            (name.starts_with("out.") || name.starts_with("grad."))
                && !self.compared.contains_key(name)
                && !self.skipped.contains_key(name)
        });
        uncovered.extend(self.uncovered);
        Ok(Verdict {
            uncovered,
            compared: self.compared,
            failures: self.failures,
            skipped: self.skipped,
        })
    }
}

/// How a case went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Everything compared, tensors mostly, with its largest difference as a part of its tolerance; 0 where equality is asked for.
    pub compared: BTreeMap<String, f64>,
    /// What is outside its tolerance or could not be computed.
    pub failures: Vec<String>,
    /// Outputs and gradients that nothing was compared with.
    pub uncovered: Vec<String>,
    /// Tensors that are knowingly not compared, with the reason.
    pub skipped: BTreeMap<String, String>,
}

impl Verdict {
    /// What two runs over one case found together: what one of them compared, the other need not have.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut compared = self.compared;
        for (name, part) in other.compared {
            let worst = compared.entry(name).or_default();
            *worst = worst.max(part);
        }
        let mut skipped = self.skipped;
        skipped.extend(other.skipped);
        skipped.retain(|name, _| !compared.contains_key(name));
        let mut uncovered = self.uncovered;
        uncovered.extend(other.uncovered);
        uncovered.sort();
        uncovered.dedup();
        uncovered.retain(|name| !compared.contains_key(name) && !skipped.contains_key(name));
        Self {
            failures: [self.failures, other.failures].concat(),
            compared,
            uncovered,
            skipped,
        }
    }

    /// Whether everything was compared and is inside its tolerance.
    pub fn passed(&self) -> bool {
        self.failures.is_empty() && self.uncovered.is_empty() && !self.compared.is_empty()
    }

    /// The tensor that came closest to its tolerance, and how close.
    pub fn worst(&self) -> Option<(&str, f64)> {
        self.compared
            .iter()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .map(|(name, &part)| (name.as_str(), part))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values compared", self.compared.len())?;
        if let Some((name, part)) = self.worst() {
            write!(f, ", worst {part:.2} of its tolerance ({name})")?;
        }
        for failure in &self.failures {
            write!(f, "\n  off        {failure}")?;
        }
        for name in &self.uncovered {
            write!(f, "\n  uncovered  {name}")?;
        }
        for (name, reason) in &self.skipped {
            write!(f, "\n  skipped    {name}: {reason}")?;
        }
        Ok(())
    }
}
