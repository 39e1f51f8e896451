//! The workloads of the field's benchmark, under the names and units that it gives them.
//!
//! A rate is work done per second of wall time on all cores, so larger is better. Machines are noisy: compare medians
//! of runs made side by side, never a figure from another day.

mod chains;
mod chem;
mod edges;
mod encoder;
mod language;
mod structure;

use std::{path::Path, time::Instant};

use molglot_tensor::Device;
use serde::Serialize;

use crate::{error::Error, suggest::closest};

/// Work that is measured.
pub struct Workload {
    /// Its name.
    pub name: &'static str,
    /// What is counted, per second.
    pub unit: &'static str,
    /// Whether it is of the size of published models, for one large GPU: it runs when it is named.
    pub full_size: bool,
    /// Prepares the work outside of the measured time.
    prepare: fn(&Setting<'_>) -> Result<Work, Error>,
}

/// What a workload runs on.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The folder of corpora; `None` for what is builtin.
    pub corpora: Option<&'a Path>,
    /// The device of tensors.
    pub device: Device,
}

#[cfg(test)]
impl Setting<'_> {
    /// What is builtin, on the CPU.
    fn cpu() -> Self {
        Self {
            corpora: None,
            device: molglot_tensor::Backend::Flex.open().unwrap(),
        }
    }
}

/// Work that can be done again and again; says how much was done, in the unit of its workload.
type Work = Box<dyn FnMut() -> f64>;

/// The rates of a workload over its repeats.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// Name of the workload.
    pub workload: &'static str,
    /// What is counted, per second.
    pub unit: &'static str,
    /// The middle rate; of an even number of repeats, the mean of the two in the middle.
    pub median: f64,
    /// The lowest rate.
    pub min: f64,
    /// The highest rate.
    pub max: f64,
}

/// Every workload, in the order in which they run.
pub fn workloads() -> impl Iterator<Item = &'static Workload> + Clone {
    chem::WORKLOADS
        .iter()
        .chain(&structure::WORKLOADS)
        .chain(&language::WORKLOADS)
        .chain(&encoder::WORKLOADS)
        .chain(&edges::WORKLOADS)
}

/// The workloads of the given names, in the order given; if none is given, all that are not of full size.
///
/// # Errors
///
/// There is no workload of that name.
pub fn select(names: &[String]) -> Result<Vec<&'static Workload>, Error> {
    if names.is_empty() {
        return Ok(workloads().filter(|workload| !workload.full_size).collect());
    }
    let known: Vec<&str> = workloads().map(|workload| workload.name).collect();
    names
        .iter()
        .map(|name| {
            workloads()
                .find(|workload| workload.name == name)
                .ok_or_else(|| {
                    let hint = closest(name, &known)
                        .map(|near| format!("; did you mean `{near}`?"))
                        .unwrap_or_default();
                    Error::Usage(format!(
                        "there is no workload `{name}`{hint}\n  there are: {}",
                        known.join(", ")
                    ))
                })
        })
        .collect()
}

impl Workload {
    /// Prepares the work, does it once unmeasured and then `repeat` times.
    ///
    /// # Errors
    ///
    /// The data cannot be read.
    pub fn measure(&self, setting: &Setting<'_>, repeat: usize) -> Result<Rates, Error> {
        let mut work = (self.prepare)(setting)?;
        work();
        let mut rates: Vec<f64> = (0..repeat.max(1))
            .map(|_| {
                let begin = Instant::now();
                let done = work();
                done / begin.elapsed().as_secs_f64()
            })
            .collect();
        rates.sort_unstable_by(f64::total_cmp);
        let (low, high) = (rates[(rates.len() - 1) / 2], rates[rates.len() / 2]);
        Ok(Rates {
            workload: self.name,
            unit: self.unit,
            median: f64::midpoint(low, high),
            min: rates[0],
            max: rates[rates.len() - 1],
        })
    }
}
