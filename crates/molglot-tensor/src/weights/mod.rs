//! Reading weights in safetensors and PyTorch's own format, and writing them in safetensors, strictly.
//!
//! Names are the dotted paths of parameters (see [`crate::params`]), which models choose to equal those of published
//! checkpoints; a [`Rename`] covers the rest. Loading never guesses: every parameter must be found with its shape and
//! a finite value, and every tensor of the file must be used, or the error lists what is wrong.

mod torch;

pub use torch::TorchError;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{DType, Device, FloatDType, Tensor, TensorData},
};
use memmap2::Mmap;
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
    /// The file is PyTorch's, and cannot be read.
    #[error("{}: {source}", file.display())]
    Torch {
        /// The file.
        file: PathBuf,
        /// Why.
        source: TorchError,
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

/// Tensors by name, of one or more files.
///
/// Files are mapped, not read: a tensor is converted when it is asked for, one at a time, so that loading a model takes
/// little more memory than the model.
#[derive(Debug)]
pub struct Weights {
    file: PathBuf,
    tensors: BTreeMap<String, Stored>,
}

#[derive(Clone, Debug)]
struct Stored {
    bytes: Arc<Bytes>,
    range: Range<usize>,
    dtype: Dtype,
    shape: Vec<usize>,
}

#[derive(Debug)]
enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Weights {
    /// Opens a safetensors file, or a state dict that PyTorch saved (`.pt`, `.pth`): the content tells which. Nothing of a
    /// PyTorch file is run; see [`TorchError`] for what is refused.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Io`], [`WeightsError::Format`] and [`WeightsError::Torch`].
    #[allow(unsafe_code)]
    pub fn read(file: &Path) -> Result<Self, WeightsError> {
        let failed = |source| WeightsError::Io {
            file: file.to_owned(),
            source,
        };
        let opened = fs::File::open(file).map_err(failed)?;
        if opened.metadata().map_err(failed)?.len() == 0 {
            return Self::parse(file, Bytes::Owned(Vec::new()));
        }
        // SAFETY: the map is read-only. Another process that shortens the file while it is mapped would stop this one
        // with a signal; checkpoints are written to a new name and renamed, never changed in place.
        let map = unsafe { Mmap::map(&opened) }.map_err(failed)?;
        Self::parse(file, Bytes::Mapped(map))
    }

    /// Opens the safetensors files of a Hugging Face directory: `model.safetensors`, or the shards that
    /// `model.safetensors.index.json` names.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Io`] and [`WeightsError::Format`], also when a tensor lies in another shard than the index says.
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
        let mut shards: BTreeMap<&str, Self> = BTreeMap::new();
        let mut all = Self {
            file: dir.to_owned(),
            tensors: BTreeMap::new(),
        };
        for (name, shard) in map {
            let shard = shard
                .as_str()
                .ok_or_else(|| format(format!("the shard of {name} is no file name")))?;
            if !shards.contains_key(shard) {
                shards.insert(shard, Self::read(&dir.join(shard))?);
            }
            let stored = shards
                .get(shard)
                .and_then(|shard| shard.tensors.get(name))
                .ok_or_else(|| format(format!("{shard} has no tensor {name}")))?;
            all.tensors.insert(name.clone(), stored.clone());
        }
        Ok(all)
    }

    /// As [`Weights::read`], of bytes that are in memory; `file` is what errors call them.
    ///
    /// # Errors
    ///
    /// As [`Weights::read`].
    pub fn from_bytes(file: &Path, bytes: Vec<u8>) -> Result<Self, WeightsError> {
        Self::parse(file, Bytes::Owned(bytes))
    }

    fn parse(file: &Path, bytes: Bytes) -> Result<Self, WeightsError> {
        if torch::is_torch(bytes.as_slice()) {
            let tensors = torch::read(&Arc::new(bytes)).map_err(|source| WeightsError::Torch {
                file: file.to_owned(),
                source,
            })?;
            return Ok(Self {
                file: file.to_owned(),
                tensors,
            });
        }
        let slice = bytes.as_slice();
        let parsed = SafeTensors::deserialize(slice).map_err(|error| WeightsError::Format {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
        let start = slice.as_ptr() as usize;
        let found: Vec<(String, Range<usize>, Dtype, Vec<usize>)> = parsed
            .iter()
            .map(|(name, view)| {
                let at = view.data().as_ptr() as usize - start;
                let range = at..at + view.data().len();
                (name.to_owned(), range, view.dtype(), view.shape().to_vec())
            })
            .collect();
        let bytes = Arc::new(bytes);
        let stored = |(name, range, dtype, shape)| {
            let bytes = bytes.clone();
            let stored = Stored {
                bytes,
                range,
                dtype,
                shape,
            };
            (name, stored)
        };
        Ok(Self {
            file: file.to_owned(),
            tensors: found.into_iter().map(stored).collect(),
        })
    }

    /// The float parameters and buffers of a module as they would be written; see [`to_bytes`].
    ///
    /// # Errors
    ///
    /// As [`to_bytes`].
    pub fn of<M: Module>(
        module: &M,
        keep: &dyn Fn(&str) -> bool,
        rename: Rename<'_>,
    ) -> Result<Self, WeightsError> {
        let bytes = to_bytes(module, keep, rename)?;
        Self::parse(Path::new("(in memory)"), Bytes::Owned(bytes))
    }

    /// The file or directory that was opened.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of one tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.tensors.get(name)?.shape)
    }

    /// Shape and values of one tensor in f32, when it is there and is a float tensor.
    pub fn get(&self, name: &str) -> Option<(&[usize], Vec<f32>)> {
        let stored = self.tensors.get(name)?;
        Some((&stored.shape, stored.floats()?))
    }

    /// One tensor on a device, in f32.
    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Option<Tensor<D>> {
        let (shape, values) = self.get(name)?;
        (shape.len() == D)
            .then(|| Tensor::from_data(TensorData::new(values, shape.to_vec()), device))
    }

    /// Drops tensors that the model is known not to read, such as a stored copy of a tied weight.
    #[must_use]
    pub fn without(mut self, unread: impl Fn(&str) -> bool) -> Self {
        self.tensors.retain(|name, _| !unread(name));
        self
    }

    /// The tensors of a part of a larger model: those whose names begin with a prefix, without it.
    #[must_use]
    pub fn below(self, prefix: &str) -> Self {
        let tensors = self.tensors.into_iter();
        let tensors = tensors
            .filter_map(|(name, stored)| Some((name.strip_prefix(prefix)?.to_owned(), stored)));
        Self {
            tensors: tensors.collect(),
            file: self.file,
        }
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

    /// As [`Weights::load_into`], every parameter in the given float type: half the memory for weights that are not
    /// trained.
    ///
    /// # Errors
    ///
    /// As [`Weights::load_into`].
    pub fn load_as<M: Module>(
        &self,
        module: M,
        dtype: FloatDType,
        rename: Rename<'_>,
    ) -> Result<M, WeightsError> {
        self.load(module, &|_| true, dtype, rename)
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
        self.load(module, keep, FloatDType::F32, rename)
    }

    fn load<M: Module>(
        &self,
        module: M,
        keep: &dyn Fn(&str) -> bool,
        dtype: FloatDType,
        rename: Rename<'_>,
    ) -> Result<M, WeightsError> {
        let mut loader = Loader {
            weights: self,
            keep,
            dtype,
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
    dtype: FloatDType,
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
        // A parameter that was never drawn stays so until its value is here.
        let wanted = param.lazy_shape().as_slice().to_vec();
        self.used.insert(name.clone());
        if stored.shape != wanted {
            self.report.shape.push((name, wanted, stored.shape.clone()));
            return param;
        }
        let found = stored.data(self.dtype);
        stored.release();
        match found {
            Data::NotFloat => self.report.dtype.push(name),
            Data::NotFinite => self.report.not_finite.push(name),
            Data::Good(data) => {
                let dtype = data.dtype();
                let value = Tensor::from_data(data, (&param.lazy_device(), dtype));
                let id = param.id;
                return param.transform_for_load(value, id);
            }
        }
        param
    }
}

enum Data {
    Good(TensorData),
    NotFloat,
    NotFinite,
}

impl Stored {
    fn raw(&self) -> &[u8] {
        &self.bytes.as_slice()[self.range.clone()]
    }

    /// Lets go of the pages of a mapped file once they were copied: a model is then in memory once, not beside its file.
    #[allow(unsafe_code)]
    fn release(&self) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = &*self.bytes {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is shared and read-only, so a page that is read again comes from the file as it did before;
            // nothing that was written could be lost. A refusal by the system costs memory alone.
            let _ =
                unsafe { map.unchecked_advise_range(advice, self.range.start, self.range.len()) };
        }
    }

    /// The values in the given type; bytes that are of it already are copied as they are.
    fn data(&self, dtype: FloatDType) -> Data {
        if self.dtype == Dtype::BF16 && dtype == FloatDType::BF16 {
            // Not finite: all bits of the exponent set.
            let odd = |bytes: &[u8; 2]| u16::from_le_bytes(*bytes) & 0x7f80 == 0x7f80;
            let raw = self.raw();
            if raw.as_chunks::<2>().0.iter().any(odd) {
                return Data::NotFinite;
            }
            let bytes = raw.to_vec();
            return Data::Good(TensorData::from_bytes_vec(
                bytes,
                self.shape.clone(),
                DType::BF16,
            ));
        }
        let Some(values) = self.floats() else {
            return Data::NotFloat;
        };
        if values.iter().any(|value| !value.is_finite()) {
            return Data::NotFinite;
        }
        let data = TensorData::new(values, self.shape.clone());
        Data::Good(data.convert_dtype(dtype.into()))
    }

    /// The values in f32; `None` when they are no floats.
    fn floats(&self) -> Option<Vec<f32>> {
        let data = self.raw();
        let halves = || data.as_chunks::<2>().0.iter().copied();
        match self.dtype {
            Dtype::F32 => Some(
                data.as_chunks::<4>()
                    .0
                    .iter()
                    .copied()
                    .map(f32::from_le_bytes)
                    .collect(),
            ),
            Dtype::F64 => Some(
                data.as_chunks::<8>()
                    .0
                    .iter()
                    .map(|bytes| f64::from_le_bytes(*bytes) as f32)
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
        Weights::parse(Path::new("w.safetensors"), Bytes::Owned(bytes)).unwrap()
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
        let error = Weights::parse(
            Path::new("cut.safetensors"),
            Bytes::Owned(bytes[..bytes.len() - 4].to_vec()),
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cut.safetensors: not a complete safetensors file"),
            "{error}"
        );
    }
}
