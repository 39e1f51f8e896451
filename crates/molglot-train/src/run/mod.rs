//! The folder of a run and everything in it that is not a tensor.
//!
//! Whatever is written here is either complete or not there: files are written beside their place and moved, and a
//! checkpoint counts only once its manifest is in it.

pub mod atomic;
pub mod checkpoint;
pub mod dir;
pub mod error;
pub mod log;
pub mod metrics;

pub use checkpoint::{CheckpointStore, Manifest};
pub use dir::RunDir;
pub use error::RunError;
pub use log::LogFile;
pub use metrics::MetricsWriter;
