//! The PTX version that LLVM would emit for the installed driver.

use core::convert::Infallible;
use core::fmt;

/// A PTX version. There is no value of it: NVRTC chooses its own version, and nothing here emits PTX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PtxVersion(Infallible);

impl PtxVersion {
    /// The version for a driver, as `cuDriverGetVersion` reports it: none, as nothing here emits PTX.
    #[must_use]
    pub fn for_driver(_driver: i32) -> Option<Self> {
        None
    }
}

impl fmt::Display for PtxVersion {
    fn fmt(&self, _formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}
