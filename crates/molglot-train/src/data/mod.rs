//! From files to batches of row numbers: reading, setting bad rows aside, holding rows out, ordering an epoch.
//!
//! Nothing here knows tensors, and only [`dataset`] knows chemistry. Every order and every choice is a pure function of the recipe and the rows,
//! so a resumed run sees what an uninterrupted one would have seen.

pub(crate) mod bytes;
pub mod config;
mod csv_record;
pub mod dataset;
pub mod error;
pub mod quarantine;
pub mod record;
pub mod sampler;
pub mod source;
pub mod split;
pub mod stream;

pub use config::{DataConfig, TableFormat};
pub use dataset::{Dataset, Sample};
pub use error::{DataError, RowError};
pub use quarantine::Quarantine;
pub use record::Record;
pub use sampler::{Position, Sampler};
pub use source::TableReader;
pub use split::{HeldOut, Split};
pub use stream::RandomStream;
