//! What each command does with one molecule.

use std::fmt::Write as _;

use molglot_chem::{
    AtomOrder, Molecule, SmilesError, SmilesStyle, brics,
    descriptors::Descriptors,
    fingerprint::{Bits, Fingerprint, morgan},
    groups, llamo, ogb,
    selfies::{self, Constraints},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{CanonArgs, FingerprintArgs, Format, Kind, Preset, lines::Tool};
use crate::error::Error;

fn read(smiles: &str) -> Result<Molecule, String> {
    Molecule::from_smiles(smiles).map_err(|error: SmilesError| error.to_string())
}

/// Writes values with a separator between them.
fn join<T: std::fmt::Display>(
    row: &mut String,
    separator: char,
    values: impl IntoIterator<Item = T>,
) {
    for (place, value) in values.into_iter().enumerate() {
        if place > 0 {
            row.push(separator);
        }
        // Writing to a string cannot fail.
        let _ = write!(row, "{value}");
    }
}

/// Writes rows of numbers: `1,2;3,4`.
fn join_rows<R: AsRef<[T]>, T: std::fmt::Display>(row: &mut String, rows: &[R]) {
    for (place, values) in rows.iter().enumerate() {
        if place > 0 {
            row.push(';');
        }
        join(row, ',', values.as_ref());
    }
}

/// SMILES to SMILES.
pub(super) struct Canon(SmilesStyle);

impl Canon {
    pub(super) fn new(args: &CanonArgs) -> Self {
        Self(SmilesStyle {
            order: args
                .random
                .map_or(AtomOrder::Canonical, |seed| AtomOrder::Random { seed }),
            isomeric: !args.flat,
            kekule: args.kekule,
            ..SmilesStyle::default()
        })
    }
}

#[derive(Serialize)]
pub(super) struct Smiles {
    smiles: String,
}

impl Tool for Canon {
    type Answer = Smiles;

    fn apply(&self, text: &str) -> Result<Smiles, String> {
        let smiles = read(text)?.to_smiles(&self.0);
        Ok(Smiles { smiles })
    }

    fn write(&self, answer: &Smiles, row: &mut String) {
        row.push_str(&answer.smiles);
    }
}

impl From<Preset> for Constraints {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Default => Self::default(),
            Preset::OctetRule => Self::octet_rule(),
            Preset::Hypervalent => Self::hypervalent(),
        }
    }
}

/// SMILES to SELFIES.
pub(super) struct ToSelfies(pub(super) Constraints);

#[derive(Serialize)]
pub(super) struct Selfies {
    selfies: String,
}

impl Tool for ToSelfies {
    type Answer = Selfies;

    fn apply(&self, text: &str) -> Result<Selfies, String> {
        selfies::encode(text, &self.0)
            .map(|selfies| Selfies { selfies })
            .map_err(|error| error.to_string())
    }

    fn write(&self, answer: &Selfies, row: &mut String) {
        row.push_str(&answer.selfies);
    }
}

/// SELFIES to SMILES.
pub(super) struct ToSmiles(pub(super) Constraints);

impl Tool for ToSmiles {
    type Answer = Smiles;

    fn apply(&self, text: &str) -> Result<Smiles, String> {
        selfies::decode(text, &self.0)
            .map(|smiles| Smiles { smiles })
            .map_err(|error| error.to_string())
    }

    fn write(&self, answer: &Smiles, row: &mut String) {
        row.push_str(&answer.smiles);
    }
}

/// SMILES to BRICS bonds and motifs.
pub(super) struct Brics;

#[derive(Serialize)]
pub(super) struct BricsCuts {
    /// Ends of the bonds that are cut.
    bonds: Vec<[u32; 2]>,
    /// BRICS environments of these ends.
    labels: Vec<[u8; 2]>,
    /// Atoms of each motif.
    motifs: Vec<Vec<u32>>,
    /// The motifs as SMILES, with an environment at each loose end.
    fragments: Vec<String>,
}

impl Tool for Brics {
    type Answer = BricsCuts;

    fn apply(&self, text: &str) -> Result<BricsCuts, String> {
        let molecule = read(text)?;
        let cuts = brics::cut_bonds(&molecule);
        let fragments = brics::fragments(&molecule);
        Ok(BricsCuts {
            bonds: cuts
                .iter()
                .map(|cut| &molecule.bonds()[cut.bond as usize])
                .map(|bond| [bond.begin, bond.end])
                .collect(),
            labels: cuts
                .iter()
                .map(|cut| [cut.begin_label, cut.end_label])
                .collect(),
            fragments: fragments
                .iter()
                .map(|fragment| fragment.molecule.canonical_smiles())
                .collect(),
            motifs: fragments
                .into_iter()
                .map(|fragment| fragment.atoms)
                .collect(),
        })
    }

    fn write(&self, answer: &BricsCuts, row: &mut String) {
        join(
            row,
            ';',
            answer.bonds.iter().map(|[from, to]| format!("{from}-{to}")),
        );
        row.push('\t');
        join_rows(row, &answer.motifs);
        row.push('\t');
        row.push_str(&answer.fragments.join("."));
    }
}

/// SMILES to functional groups.
pub(super) struct FunctionalGroups;

#[derive(Serialize)]
pub(super) struct Groups {
    /// Chemists' names and how often each occurs.
    names: Map<String, Value>,
    /// The groups of LLaMo.
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    atoms: Vec<u32>,
    features: Vec<u8>,
}

impl Tool for FunctionalGroups {
    type Answer = Groups;

    fn apply(&self, text: &str) -> Result<Groups, String> {
        let molecule = read(text)?;
        Ok(Groups {
            names: groups::functional_groups(&molecule)
                .into_iter()
                .map(|(group, count)| (group.name().to_owned(), count.into()))
                .collect(),
            groups: llamo::motifs(&molecule)
                .into_iter()
                .map(|motif| Group {
                    atoms: motif.atoms,
                    features: motif.features.to_vec(),
                })
                .collect(),
        })
    }

    fn write(&self, answer: &Groups, row: &mut String) {
        let names = answer.names.iter();
        join(
            row,
            ';',
            names.map(|(name, count)| format!("{name} x{count}")),
        );
        row.push('\t');
        let atoms: Vec<&[u32]> = answer.groups.iter().map(|group| &*group.atoms).collect();
        join_rows(row, &atoms);
    }
}

/// SMILES to a fingerprint.
pub(super) struct FingerprintBits {
    fingerprint: Fingerprint,
    /// Radius, where counts are asked for.
    counts: Option<u32>,
    format: Format,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Print {
    Bits {
        size: usize,
        #[serde(serialize_with = "ones")]
        on: Bits,
    },
    Counts {
        /// Environment and how often it occurs.
        counts: Vec<(u32, u32)>,
    },
}

fn ones<S: serde::Serializer>(bits: &Bits, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(bits.ones())
}

impl FingerprintBits {
    pub(super) fn new(args: &FingerprintArgs) -> Result<Self, Error> {
        if args.counts && args.kind != Kind::Morgan {
            let message = "--counts is of morgan alone; rdk and maccs have bits only";
            return Err(Error::Usage(message.to_owned()));
        }
        let fingerprint = match args.kind {
            Kind::Morgan => Fingerprint::morgan(args.radius, args.bits),
            Kind::Rdk => Fingerprint::rdk(1, 7, args.bits),
            Kind::Maccs => Ok(Fingerprint::maccs()),
        };
        Ok(Self {
            fingerprint: fingerprint.map_err(|error| Error::Usage(error.to_string()))?,
            counts: args.counts.then_some(args.radius),
            format: args.format,
        })
    }
}

impl Tool for FingerprintBits {
    type Answer = Print;

    fn apply(&self, text: &str) -> Result<Print, String> {
        let molecule = read(text)?;
        Ok(match self.counts {
            Some(radius) => Print::Counts {
                counts: morgan::counts(&molecule, radius).pairs().to_vec(),
            },
            None => Print::Bits {
                size: self.fingerprint.size(),
                on: self.fingerprint.bits(&molecule),
            },
        })
    }

    fn write(&self, answer: &Print, row: &mut String) {
        match (answer, self.format) {
            (Print::Counts { counts }, _) => join(
                row,
                ' ',
                counts
                    .iter()
                    .map(|(feature, count)| format!("{feature}:{count}")),
            ),
            (Print::Bits { on, .. }, Format::Hex) => row.push_str(&on.to_hex()),
            (Print::Bits { on, .. }, Format::On) => join(row, ' ', on.ones()),
            (Print::Bits { on, .. }, Format::Binary) => {
                let _ = write!(row, "{on}");
            }
        }
    }
}

/// SMILES to the features of the Open Graph Benchmark.
pub(super) struct FeatureRows;

#[derive(Serialize)]
pub(super) struct Features {
    /// Nine columns.
    atoms: Vec<[u8; 9]>,
    /// Begin and end of each bond.
    edges: Vec<[u32; 2]>,
    /// Three columns.
    bonds: Vec<[u8; 3]>,
}

impl Tool for FeatureRows {
    type Answer = Features;

    fn apply(&self, text: &str) -> Result<Features, String> {
        let molecule = read(text)?;
        Ok(Features {
            atoms: ogb::atom_features(&molecule),
            edges: molecule
                .bonds()
                .iter()
                .map(|bond| [bond.begin, bond.end])
                .collect(),
            bonds: ogb::bond_features(&molecule),
        })
    }

    fn write(&self, answer: &Features, row: &mut String) {
        join_rows(row, &answer.atoms);
        row.push('\t');
        let bonds = answer.edges.iter().zip(&answer.bonds);
        let bonds: Vec<[u32; 5]> = bonds
            .map(|(&[from, to], &[order, stereo, conjugated])| {
                [from, to, order.into(), stereo.into(), conjugated.into()]
            })
            .collect();
        join_rows(row, &bonds);
    }
}

/// SMILES to descriptors.
pub(super) struct DescriptorTable;

impl Tool for DescriptorTable {
    type Answer = Map<String, Value>;

    fn apply(&self, text: &str) -> Result<Self::Answer, String> {
        let molecule = read(text)?;
        let formula = ("formula".to_owned(), molecule.formula().into());
        let named = Descriptors::of(&molecule).named();
        let named = named.map(|(name, value)| (name.to_owned(), value.into()));
        Ok(std::iter::once(formula).chain(named).collect())
    }

    fn write(&self, answer: &Self::Answer, row: &mut String) {
        for (place, (name, value)) in answer.iter().enumerate() {
            if place > 0 {
                row.push('\t');
            }
            let _ = match value.as_f64() {
                Some(number) => write!(row, "{name}={}", (number * 1e4).round() / 1e4),
                None => write!(row, "{name}={}", value.as_str().unwrap_or_default()),
            };
        }
    }
}
