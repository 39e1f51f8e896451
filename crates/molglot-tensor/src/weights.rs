//! Reading and writing weights in safetensors, strictly.
//!
//! Names are the dotted paths of parameters (see [`crate::params`]), which models choose to equal those of published
//! checkpoints; a [`Rename`] covers the rest. Loading never guesses: every parameter must be found with its shape and
//! a finite value, and every tensor of the file must be used, or the error lists what is wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Device, Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::params;

/// Turns the path of a parameter into its name in a file.
pub type Rename<'a> = &'a dyn Fn(&str) -> String;

/// Names in the file are the paths of the parameters.
pub fn same_names(path: &str) -> String {
    path.to_owned()
}

/// Why weights could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file could not be opened, mapped or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a safetensors file, or is cut short.
    #[error("{}: not a complete safetensors file ({reason}); copy or download it again", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Names, shapes or values do not fit the model.
    #[error("{}: the weights do not fit this model\n{report}", file.display())]
    Mismatch {
        /// The file.
        file: PathBuf,
        /// What does not fit.
        report: Box<Report>,
    },
}

/// What a strict load found wrong, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Parameters that the file lacks.
    pub missing: Vec<String>,
    /// Tensors of the file that the model does not have.
    pub unexpected: Vec<String>,
    /// Tensors of another shape: name, shape in the model, shape in the file.
    pub shape: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// Tensors of a type that is no float.
    pub dtype: Vec<String>,
    /// Tensors with a value that is not a number or infinite.
    pub not_finite: Vec<String>,
}

impl Report {
    /// Whether everything fitted.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        lines.extend(
            self.missing
                .iter()
                .map(|name| format!("  missing     {name}")),
        );
        lines.extend(
            self.unexpected
                .iter()
                .map(|name| format!("  unexpected  {name}")),
        );
        lines.extend(self.shape.iter().map(|(name, model, file)| {
            format!("  shape       {name}: {model:?} in the model, {file:?} in the file")
        }));
        lines.extend(
            self.dtype
                .iter()
                .map(|name| format!("  type        {name}: not a float tensor")),
        );
        lines.extend(
            self.not_finite
                .iter()
                .map(|name| format!("  not finite  {name}: holds NaN or infinity")),
        );
        f.write_str(&lines.join("\n"))
    }
}

/// Tensors by name, in f32, as read from one or more safetensors files.
#[derive(Debug)]
pub struct Weights {
    file: PathBuf,
    tensors: BTreeMap<String, Stored>,
}

#[derive(Debug)]
struct Stored {
    shape: Vec<usize>,
    /// `None` when the type is not a float.
    values: Option<Vec<f32>>,
}

impl Weights {
    /// Reads a safetensors file; bf16 and f16 become f32.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Io`] and [`WeightsError::Format`].
    pub fn read(file: &Path) -> Result<Self, WeightsError> {
        let bytes = fs::read(file).map_err(|source| WeightsError::Io {
            file: file.to_owned(),
            source,
        })?;
        Self::parse(file, &bytes)
    }

    /// Reads the safetensors files of a Hugging Face directory: `model.safetensors`, or the shards that
    /// `model.safetensors.index.json` names.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Io`] and [`WeightsError::Format`].
    pub fn read_dir(dir: &Path) -> Result<Self, WeightsError> {
        let single = dir.join("model.safetensors");
        if single.exists() {
            return Self::read(&single);
        }
        let file = dir.join("model.safetensors.index.json");
        let text = fs::read_to_string(&file).map_err(|source| WeightsError::Io {
            file: file.clone(),
            source,
        })?;
        let format = |reason: String| WeightsError::Format {
            file: file.clone(),
            reason,
        };
        let index: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| format(error.to_string()))?;
        let map = index["weight_map"]
            .as_object()
            .ok_or_else(|| format("no `weight_map`".into()))?;
        let shards: BTreeSet<&str> = map.values().filter_map(serde_json::Value::as_str).collect();
        let mut all = Self {
            file: dir.to_owned(),
            tensors: BTreeMap::new(),
        };
        for shard in shards {
            all.tensors
                .append(&mut Self::read(&dir.join(shard))?.tensors);
        }
        Ok(all)
    }

    fn parse(file: &Path, bytes: &[u8]) -> Result<Self, WeightsError> {
        let parsed = SafeTensors::deserialize(bytes).map_err(|error| WeightsError::Format {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
        let tensors = parsed
            .iter()
            .map(|(name, view)| {
                (
                    name.to_owned(),
                    Stored {
                        shape: view.shape().to_vec(),
                        values: floats(&view),
                    },
                )
            })
            .collect();
        Ok(Self {
            file: file.to_owned(),
            tensors,
        })
    }

    /// The file or folder that was read.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Shape and values of one tensor, when it is there and is a float tensor.
    pub fn get(&self, name: &str) -> Option<(&[usize], &[f32])> {
        let stored = self.tensors.get(name)?;
        Some((&stored.shape, stored.values.as_deref()?))
    }

    /// One tensor on a device.
    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Option<Tensor<D>> {
        let (shape, values) = self.get(name)?;
        (shape.len() == D)
            .then(|| Tensor::from_data(TensorData::new(values.to_vec(), shape.to_vec()), device))
    }

    /// Drops tensors that the model is known not to read, such as a stored copy of a tied weight.
    #[must_use]
    pub fn without(mut self, unread: impl Fn(&str) -> bool) -> Self {
        self.tensors.retain(|name, _| !unread(name));
        self
    }

    /// Puts the tensors into the float parameters and buffers of `module`.
    ///
    /// Identities, devices and whether a parameter trains stay as they are.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Mismatch`] listing every tensor that is missing, unexpected, of another shape or type, or not
    /// finite.
    pub fn load_into<M: Module>(&self, module: M, rename: Rename<'_>) -> Result<M, WeightsError> {
        self.load_where(module, &|_| true, rename)
    }

    /// As [`Weights::load_into`], into the parameters whose path `keep` accepts; the others stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Weights::load_into`].
    pub fn load_where<M: Module>(
        &self,
        module: M,
        keep: &dyn Fn(&str) -> bool,
        rename: Rename<'_>,
    ) -> Result<M, WeightsError> {
        let mut loader = Loader {
            weights: self,
            keep,
            rename,
            path: params::Path::default(),
            used: BTreeSet::new(),
            report: Report::default(),
        };
        let module = module.map(&mut loader);
        let Loader {
            used, mut report, ..
        } = loader;
        report.unexpected = self
            .tensors
            .keys()
            .filter(|name| !used.contains(*name))
            .cloned()
            .collect();
        report.missing.sort();
        if report.is_clean() {
            Ok(module)
        } else {
            Err(WeightsError::Mismatch {
                file: self.file.clone(),
                report: Box::new(report),
            })
        }
    }
}

struct Loader<'a> {
    weights: &'a Weights,
    keep: &'a dyn Fn(&str) -> bool,
    rename: Rename<'a>,
    path: params::Path,
    used: BTreeSet<String>,
    report: Report,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.dotted();
        if !(self.keep)(&path) {
            return param;
        }
        let name = (self.rename)(&path);
        let Some(stored) = self.weights.tensors.get(&name) else {
            self.report.missing.push(name);
            return param;
        };
        let wanted = param.val().dims().to_vec();
        self.used.insert(name.clone());
        if stored.shape != wanted {
            self.report.shape.push((name, wanted, stored.shape.clone()));
            return param;
        }
        let Some(values) = &stored.values else {
            self.report.dtype.push(name);
            return param;
        };
        if values.iter().any(|value| !value.is_finite()) {
            self.report.not_finite.push(name);
            return param;
        }
        let trains = param.val().is_require_grad();
        let (id, old, mapper) = param.consume();
        let new = Tensor::from_data(TensorData::new(values.clone(), wanted), &old.device())
            .set_require_grad(trains);
        Param::from_mapped_value(id, new, mapper)
    }
}

fn floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    let halves = || data.as_chunks::<2>().0.iter().copied();
    match view.dtype() {
        Dtype::F32 => Some(
            data.as_chunks::<4>()
                .0
                .iter()
                .copied()
                .map(f32::from_le_bytes)
                .collect(),
        ),
        Dtype::BF16 => Some(
            halves()
                .map(|bytes| half::bf16::from_le_bytes(bytes).to_f32())
                .collect(),
        ),
        Dtype::F16 => Some(
            halves()
                .map(|bytes| half::f16::from_le_bytes(bytes).to_f32())
                .collect(),
        ),
        _ => None,
    }
}

/// The float parameters and buffers of `module` as f32 safetensors bytes; `keep` picks paths, `rename` names them.
///
/// # Errors
///
/// [`WeightsError::Format`] when safetensors refuses the tensors.
pub fn to_bytes<M: Module>(
    module: &M,
    keep: &dyn Fn(&str) -> bool,
    rename: Rename<'_>,
) -> Result<Vec<u8>, WeightsError> {
    let mut collector = Collector {
        path: params::Path::default(),
        keep,
        rename,
        found: BTreeMap::new(),
    };
    module.visit(&mut collector);
    let format = |error: safetensors::SafeTensorError| WeightsError::Format {
        file: PathBuf::from("(in memory)"),
        reason: error.to_string(),
    };
    let views = collector
        .found
        .iter()
        .map(|(name, (shape, bytes))| {
            Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(format)?;
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    safetensors::serialize(views, Some(metadata)).map_err(format)
}

struct Collector<'a> {
    path: params::Path,
    keep: &'a dyn Fn(&str) -> bool,
    rename: Rename<'a>,
    found: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.dotted();
        if (self.keep)(&path) {
            let value = param.val();
            let bytes = value
                .to_data()
                .iter::<f32>()
                .flat_map(f32::to_le_bytes)
                .collect();
            self.found
                .insert((self.rename)(&path), (value.dims().to_vec(), bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Backend, Init,
        nn::{Linear, LinearConfig},
    };

    fn layer(seed: u64) -> Linear {
        LinearConfig::new(3, 2).init(&mut Init::new(seed, &Backend::Flex.open().unwrap()))
    }

    fn weights(linear: &Linear, keep: &dyn Fn(&str) -> bool) -> Weights {
        let bytes = to_bytes(linear, keep, &same_names).unwrap();
        Weights::parse(Path::new("w.safetensors"), &bytes).unwrap()
    }

    fn values(linear: &Linear) -> Vec<f32> {
        linear.weight.val().into_data().try_to_vec().unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let written = layer(1);
        let read = weights(&written, &|_| true)
            .load_into(layer(2), &same_names)
            .unwrap();
        assert_eq!(values(&written), values(&read));
        assert_ne!(values(&written), values(&layer(2)));
    }

    #[test]
    fn everything_that_does_not_fit_is_listed() {
        let stored = weights(&layer(1), &|path| path != "bias");
        let error = stored
            .load_into(layer(2), &|path| path.replace("weight", "w"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("missing     bias") && error.contains("missing     w"),
            "{error}"
        );
        assert!(error.contains("unexpected  weight"), "{error}");
        let wide = LinearConfig::new(4, 2).init(&mut Init::new(0, &Backend::Flex.open().unwrap()));
        let error = weights(&layer(1), &|_| true)
            .load_into(wide, &same_names)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("weight: [2, 4] in the model, [2, 3] in the file"),
            "{error}"
        );
    }

    #[test]
    fn a_value_that_is_not_a_number_is_refused() {
        let mut linear = layer(1);
        linear.weight = linear.weight.map(|weight| weight.mul_scalar(f32::NAN));
        let error = weights(&linear, &|_| true)
            .load_into(layer(2), &same_names)
            .unwrap_err();
        assert!(error.to_string().contains("not finite  weight"), "{error}");
    }

    #[test]
    fn a_truncated_file_is_named() {
        let bytes = to_bytes(&layer(1), &|_| true, &same_names).unwrap();
        let error =
            Weights::parse(Path::new("cut.safetensors"), &bytes[..bytes.len() - 4]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cut.safetensors: not a complete safetensors file"),
            "{error}"
        );
    }
}
