//! Where the data is.

use std::fs;
use std::path::{Path, PathBuf};

use molglot_chem::{AtomOrder, Molecule, SmilesStyle, unescape};
use safetensors::SafeTensors;

/// A file under the folder that an environment variable names.
pub(crate) fn data_file(variable: &str, path: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os(variable) else {
        eprintln!("skipped: set {variable} to run this test");
        return None;
    };
    Some(PathBuf::from(root).join(path))
}

/// The SMILES column of the ChEBI-20 validation split, with single backslashes.
pub(crate) fn chebi20() -> Option<Vec<String>> {
    let text = read(&data_file("MOLGLOT_CORPORA", "chebi20/validation.tsv")?);
    let column = |line: &str| unescape(line.split('\t').nth(1).unwrap()).into_owned();
    Some(text.lines().skip(1).map(column).collect())
}

/// The first 5,000 compounds of the NCI open database, as RDKit's test data has them.
pub(crate) fn nci() -> Option<Vec<String>> {
    first_words("smiles/nci_first_5k.smi")
}

fn first_words(path: &str) -> Option<Vec<String>> {
    let text = read(&data_file("MOLGLOT_CORPORA", path)?);
    let word = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    Some(text.lines().map(word).collect())
}

/// The cells of a column of a CSV file, without white space around them.
fn column(path: &str, name: &str) -> Option<Vec<String>> {
    let mut reader = csv::Reader::from_path(data_file("MOLGLOT_CORPORA", path)?).unwrap();
    let place = reader
        .headers()
        .unwrap()
        .iter()
        .position(|column| column == name)
        .unwrap();
    let cell =
        |record: Result<csv::StringRecord, csv::Error>| record.unwrap()[place].trim().to_owned();
    Some(reader.records().map(cell).collect())
}

pub(crate) fn molecule(smiles: &str) -> Molecule {
    Molecule::from_smiles(smiles).unwrap_or_else(|error| panic!("{smiles}: {error}"))
}

/// Other spellings of a molecule.
pub(crate) fn respellings(smiles: &str, count: usize) -> Vec<String> {
    let molecule = molecule(smiles);
    let style = |seed| SmilesStyle {
        order: AtomOrder::Random { seed },
        ..SmilesStyle::default()
    };
    (0..count as u64)
        .map(|seed| molecule.to_smiles(&style(seed)))
        .collect()
}

/// A sequence of pseudo-random numbers, the same in every run (splitmix64, Steele, Lea and Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

/// The 64-bit FNV-1a hash of a text, in hexadecimal: how long expectations are kept.
pub(crate) fn fnv1a(text: &str) -> String {
    let step = |state: u64, byte| (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

/// The digest that `fixtures/parity` keeps of a result.
pub(crate) fn digest(text: &str) -> String {
    fnv1a(text).split_off(10)
}

/// A file of the corpora that holds molecules.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    Chebi20,
    Nci,
    RdkitCanon,
    Uspto,
    Esol,
    Freesolv,
    Lipo,
    Bbbp,
}

impl Table {
    /// What the file is called under `fixtures/parity`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chebi20 => "chebi20_validation",
            Self::Nci => "nci_first_5k",
            Self::RdkitCanon => "rdkit_canon",
            Self::Uspto => "uspto_schneider_a",
            Self::Esol => "esol",
            Self::Freesolv => "freesolv",
            Self::Lipo => "lipo",
            Self::Bbbp => "bbbp",
        }
    }

    /// Every molecule of the file, in its order; of a reaction, each side with all its parts.
    pub(crate) fn molecules(self) -> Option<Vec<String>> {
        let path = match self {
            Self::Chebi20 => return chebi20(),
            Self::Nci => return nci(),
            Self::RdkitCanon => return first_words("smiles/rdkit_canon.smi"),
            Self::Uspto => {
                let rows = column("reactions/uspto_schneider_a.csv", "rxn_Smiles")?;
                let sides = rows.iter().flat_map(|row| {
                    let reaction = row.split_whitespace().next().unwrap();
                    reaction.split('>').filter(|side| !side.is_empty())
                });
                return Some(sides.map(str::to_owned).collect());
            }
            Self::Esol => "properties/esol.csv",
            Self::Freesolv => "properties/freesolv.csv",
            Self::Lipo => "properties/lipo.csv",
            Self::Bbbp => "properties/bbbp.csv",
        };
        column(path, "smiles")
    }
}

/// The rows of a table of the project's fixtures, heading included.
pub(crate) fn fixture(path: &str) -> Vec<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    read(&root.join(path))
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

/// The values of a 64-bit integer tensor.
pub(crate) fn integers(tensors: &SafeTensors<'_>, name: &str) -> Vec<i64> {
    let bytes = tensors.tensor(name).unwrap().data().to_vec();
    bytes
        .chunks_exact(8)
        .map(|chunk| i64::from_le_bytes(chunk.try_into().unwrap()))
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
