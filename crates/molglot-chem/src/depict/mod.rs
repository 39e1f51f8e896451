//! Drawings of molecules, flat coordinates and pictures for reports.
//!
//! ```
//! use molglot_chem::{Molecule, depict};
//!
//! let caffeine = Molecule::from_smiles("Cn1c(=O)c2c(ncn2C)n(C)c1=O")?;
//! let picture = depict::svg(&caffeine, &depict::Style::default());
//! assert!(picture.starts_with("<svg"));
//! # Ok::<(), molglot_chem::SmilesError>(())
//! ```

mod canvas;
mod chains;
mod clashes;
mod frame;
mod geometry;
mod label;
mod layout;
mod packing;
mod svg;

pub use layout::coordinates;
pub use svg::svg;

/// How a picture looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// The longest that a bond is drawn, in pixels; large molecules are scaled down to fit.
    pub bond_length: f32,
    /// The ground to draw on.
    pub theme: Theme,
    /// Whether the picture has a background of its own.
    pub background: bool,
    /// Heteroatoms in the colour of their element.
    pub colors: bool,
    /// Groups of atoms with a coloured ground, later ones above earlier ones.
    pub highlights: Vec<Highlight>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            width: 360,
            height: 270,
            bond_length: 34.0,
            theme: Theme::Light,
            background: true,
            colors: true,
            highlights: Vec::new(),
        }
    }
}

/// The ground that a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// Dark ink on a light ground.
    #[default]
    Light,
    /// Light ink on a dark ground.
    Dark,
}

/// Atoms with a coloured ground; the bonds between them are coloured too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// Indices of atoms; those that do not exist are passed over.
    pub atoms: Vec<u32>,
    /// A CSS colour.
    pub color: String,
}

/// One colour per motif, in turn, as [`brics::motifs`](crate::brics::motifs) numbers them.
///
/// The colours are told apart with any colour vision (Okabe and Ito 2008).
pub fn highlight_motifs(motifs: &[u32]) -> Vec<Highlight> {
    const COLORS: [&str; 7] = [
        "#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#0072b2", "#d55e00",
    ];
    let count = motifs.iter().max().map_or(0, |&last| last as usize + 1);
    let mut highlights: Vec<Highlight> = (0..count)
        .map(|motif| Highlight {
            atoms: Vec::new(),
            color: COLORS[motif % COLORS.len()].to_owned(),
        })
        .collect();
    for (atom, &motif) in (0u32..).zip(motifs) {
        highlights[motif as usize].atoms.push(atom);
    }
    highlights
}
