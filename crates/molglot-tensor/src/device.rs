//! Which backend computes, and the only place that names one.

use std::{fmt, str::FromStr};

use burn::tensor::Device;

/// A backend as a user writes it: `auto`, `flex`, `ndarray`, `cuda` or `cuda:1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The first CUDA device when this binary has CUDA and the machine has one, otherwise the CPU.
    #[default]
    Auto,
    /// Burn's CPU backend with SIMD and threads.
    Flex,
    /// The ndarray CPU backend: slower, kept as an independent second opinion.
    NdArray,
    /// A CUDA device by index.
    Cuda(usize),
}

/// A backend that this binary or this machine does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is not a backend.
    #[error("unknown device `{0}`: use `auto`, `flex`, `ndarray`, `cuda` or `cuda:N`")]
    Unknown(String),
    /// The backend is real but was not compiled in.
    #[error(
        "this binary was built without `{0}`: run `cargo xtask build --device {0}` and use the binary it names"
    )]
    NotBuilt(&'static str),
    /// CUDA was compiled in but no such device answers.
    #[error(
        "no CUDA device {wanted}: the driver reports {found} device(s); run on `--device flex` instead"
    )]
    NoCuda {
        /// The index asked for.
        wanted: usize,
        /// How many devices the driver reports.
        found: usize,
    },
}

impl FromStr for Backend {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        match name {
            "auto" => Ok(Self::Auto),
            "flex" | "cpu" => Ok(Self::Flex),
            "ndarray" => Ok(Self::NdArray),
            "cuda" => Ok(Self::Cuda(0)),
            _ => name
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| DeviceError::Unknown(name.to_owned())),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Flex => f.write_str("flex"),
            Self::NdArray => f.write_str("ndarray"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl Backend {
    /// Turns `auto` into the backend that will compute; leaves the others as they are.
    pub fn resolve(self) -> Self {
        match self {
            Self::Auto if cuda_devices() > 0 => Self::Cuda(0),
            Self::Auto if cfg!(feature = "flex") => Self::Flex,
            Self::Auto => Self::NdArray,
            named => named,
        }
    }

    /// Opens the device. It is a plain device: call `.autodiff()` on it to train.
    ///
    /// # Errors
    ///
    /// [`DeviceError::NotBuilt`] when the backend is not compiled in, [`DeviceError::NoCuda`] when the machine lacks
    /// the CUDA device.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self.resolve() {
            Self::Flex | Self::Auto => flex(),
            Self::NdArray => ndarray(),
            Self::Cuda(index) => cuda(index),
        }
    }

    /// Makes this backend Burn's process-wide default, for the few places inside Burn that ask for one.
    ///
    /// Loading an optimizer record places its tensors on Burn's default device, and that default is CUDA whenever CUDA
    /// is compiled in, even on a machine without a driver, where it panics. Call this first thing in `main`, before
    /// any thread starts.
    #[allow(unsafe_code)]
    pub fn pin_as_default(self) {
        let name = match self.resolve() {
            Self::Flex | Self::Auto => "flex",
            Self::NdArray => "ndarray",
            Self::Cuda(_) => "cuda",
        };
        // SAFETY: documented above: called at the start of the process, while it has one thread.
        unsafe { std::env::set_var("BURN_DEVICE", name) };
    }

    /// The backends that this binary has, by name.
    pub fn compiled() -> Vec<&'static str> {
        [
            ("flex", cfg!(feature = "flex")),
            ("ndarray", cfg!(feature = "ndarray")),
            ("cuda", cfg!(feature = "cuda")),
        ]
        .into_iter()
        .filter_map(|(name, built)| built.then_some(name))
        .collect()
    }

    /// The CPU backends that this binary has: what a parity test runs on.
    pub fn cpus() -> Vec<Self> {
        [Self::Flex, Self::NdArray]
            .into_iter()
            .filter(|backend| backend.open().is_ok())
            .collect()
    }
}

/// Whether a device, with or without autodiff, is the host's processor.
pub fn is_cpu(device: &Device) -> bool {
    let mut cpus = Backend::cpus().into_iter();
    cpus.any(|backend| backend.open().is_ok_and(|cpu| cpu == *device))
}

/// Number of CUDA devices that answer; 0 without the `cuda` feature or without a driver.
pub fn cuda_devices() -> usize {
    #[cfg(feature = "cuda")]
    {
        Device::enumerate(burn::tensor::DeviceType::Cuda)
            .into_vec()
            .len()
    }
    #[cfg(not(feature = "cuda"))]
    {
        0
    }
}

fn flex() -> Result<Device, DeviceError> {
    #[cfg(feature = "flex")]
    {
        Ok(Device::flex())
    }
    #[cfg(not(feature = "flex"))]
    {
        Err(DeviceError::NotBuilt("flex"))
    }
}

fn ndarray() -> Result<Device, DeviceError> {
    #[cfg(feature = "ndarray")]
    {
        // Deprecated upstream and still asked for by users; see the crate's feature list.
        #[allow(deprecated)]
        Ok(Device::ndarray())
    }
    #[cfg(not(feature = "ndarray"))]
    {
        Err(DeviceError::NotBuilt("ndarray"))
    }
}

fn cuda(index: usize) -> Result<Device, DeviceError> {
    #[cfg(feature = "cuda")]
    {
        let found = cuda_devices();
        if index < found {
            Ok(Device::cuda(index))
        } else {
            Err(DeviceError::NoCuda {
                wanted: index,
                found,
            })
        }
    }
    #[cfg(not(feature = "cuda"))]
    {
        let _ = index;
        Err(DeviceError::NotBuilt("cuda"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_a_wrong_one_lists_the_right_ones() {
        for name in ["auto", "flex", "ndarray", "cuda:3"] {
            assert_eq!(name.parse::<Backend>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse(), Ok(Backend::Cuda(0)));
        let error = "gpu".parse::<Backend>().unwrap_err();
        assert!(error.to_string().contains("cuda:N"), "{error}");
    }

    #[test]
    fn a_cpu_is_one_with_autodiff_too() {
        for backend in Backend::cpus() {
            let device = backend.open().unwrap();
            assert!(is_cpu(&device) && is_cpu(&device.autodiff()), "{backend}");
        }
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error() {
        assert!(Backend::Cuda(99).open().is_err());
    }
}
