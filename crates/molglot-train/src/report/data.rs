//! The contents of a report.

use serde::{Deserialize, Serialize};

/// Everything that a report shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportData {
    /// The name of the run.
    pub title: String,
    /// One sentence under the title: what was trained on what.
    pub summary: String,
    /// The resolved recipe as TOML.
    pub recipe: String,
    /// What was measured before and after.
    pub metrics: Vec<MetricRow>,
    /// The losses, a stage each.
    pub stages: Vec<StageCurve>,
    /// Molecules with what the model says about them.
    pub examples: Vec<Example>,
    /// How much data there was.
    pub counts: Counts,
    /// What it ran on, in words.
    pub device: String,
    /// How long it ran, in seconds.
    pub seconds: f64,
    /// Programs and libraries with their versions.
    pub versions: Vec<(String, String)>,
}

/// One metric before and after training.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricRow {
    /// Its name with its unit, for example `BLEU-4` or `retrieval R@1 (%)`.
    pub name: String,
    /// Before training.
    pub before: Option<f64>,
    /// After training.
    pub after: Option<f64>,
    /// What guessing would give, if that is known.
    pub chance: Option<f64>,
    /// Which way is up.
    pub better: Better,
}

/// Whether a larger or a smaller value is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Larger is better, as for BLEU.
    #[default]
    Higher,
    /// Smaller is better, as for a loss.
    Lower,
}

impl MetricRow {
    /// Whether the value after training is better than that before; `None` if that cannot be told.
    #[must_use]
    pub fn improved(&self) -> Option<bool> {
        let (before, after) = (self.before?, self.after?);
        if before.is_nan() || after.is_nan() {
            return None;
        }
        Some(match self.better {
            Better::Higher => after > before,
            Better::Lower => after < before,
        })
    }
}

/// The losses of one stage. Values that are not finite are left out of the curves.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StageCurve {
    /// The name of the stage.
    pub name: String,
    /// The training loss as (step, loss), ascending.
    pub train: Vec<(u64, f64)>,
    /// The loss on held-out rows as (step, loss), ascending.
    pub held_out: Vec<(u64, f64)>,
}

/// A molecule, what the data say about it and what the model says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Example {
    /// The id of the row.
    pub id: String,
    /// The SMILES.
    pub smiles: String,
    /// The caption in the data.
    pub reference: String,
    /// The answer before training, if it was asked.
    pub before: Option<String>,
    /// The answer after training.
    pub answer: String,
    /// A drawing of the molecule as an SVG document.
    pub depiction: Option<String>,
}

/// How many rows there were, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Rows read.
    pub rows: u64,
    /// Rows set aside as unusable.
    pub quarantined: u64,
    /// Rows in whose SMILES doubled backslashes were undone.
    pub unescaped: u64,
    /// Rows trained on.
    pub train: u64,
    /// Rows held out.
    pub held_out: u64,
}

#[cfg(test)]
mod tests {
    use super::{Better, MetricRow};

    #[test]
    fn better_knows_its_direction() {
        let row = |before, after, better| MetricRow {
            before,
            after,
            better,
            ..MetricRow::default()
        };
        assert_eq!(
            row(Some(1.0), Some(2.0), Better::Higher).improved(),
            Some(true)
        );
        assert_eq!(
            row(Some(1.0), Some(2.0), Better::Lower).improved(),
            Some(false)
        );
        assert_eq!(row(None, Some(2.0), Better::Lower).improved(), None);
        assert_eq!(
            row(Some(f64::NAN), Some(2.0), Better::Lower).improved(),
            None
        );
    }
}
