//! Tables of molecules with a measured property.

use std::path::Path;

use molglot_chem::Molecule;

use crate::{error::Error, suggest::closest};

/// Molecules and their property.
#[derive(Clone, Debug)]
pub struct Table {
    /// The molecules that could be read.
    pub molecules: Vec<Molecule>,
    /// Their property.
    pub targets: Vec<f64>,
    /// Rows without a readable molecule or number.
    pub skipped: usize,
}

impl Table {
    /// Reads a CSV file with a column of SMILES (`smiles` in any case) and this column of numbers.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when the file cannot be read, lacks a column or has no usable row.
    pub fn read(path: &Path, column: &str) -> Result<Self, Error> {
        let fail = |reason: String| Error::file(path, reason);
        let mut reader = csv::Reader::from_path(path).map_err(|error| fail(error.to_string()))?;
        let header = reader.headers().map_err(|error| fail(error.to_string()))?;
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let smiles = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case("smiles"));
        let smiles = smiles.ok_or_else(|| fail("there is no column `smiles`".to_owned()))?;
        let target = names
            .iter()
            .position(|name| name == column)
            .ok_or_else(|| {
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                let nearest =
                    closest(column, &known).map(|name| format!("; did you mean `{name}`?"));
                fail(format!(
                    "there is no column `{column}`{}",
                    nearest.unwrap_or_default()
                ))
            })?;
        let mut table = Self {
            molecules: Vec::new(),
            targets: Vec::new(),
            skipped: 0,
        };
        for record in reader.records() {
            let record = record.map_err(|error| fail(error.to_string()))?;
            let field = |place: usize| record.get(place).unwrap_or_default().trim();
            let molecule = Molecule::from_smiles(field(smiles));
            match (molecule, field(target).parse::<f64>()) {
                (Ok(molecule), Ok(value)) if value.is_finite() => {
                    table.molecules.push(molecule);
                    table.targets.push(value);
                }
                _ => table.skipped += 1,
            }
        }
        match table.molecules.is_empty() {
            true => Err(fail("no row has a molecule and a number".to_owned())),
            false => Ok(table),
        }
    }

    /// Whether all targets are 0 or 1.
    pub fn is_classes(&self) -> bool {
        self.targets
            .iter()
            .all(|&target| target == 0.0 || target == 1.0)
    }
}
