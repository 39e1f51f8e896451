//! The picture.

use super::canvas::{Canvas, Point};
use super::frame::Frame;
use super::label::Label;
use super::{Style, Theme, coordinates};
use crate::element::{BROMINE, CHLORINE, FLUORINE, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SULFUR};
use crate::molecule::{BondOrder, Molecule};
use crate::molfile::{Mark, WedgedBond, wedged};

/// Draws a molecule as an SVG that needs nothing else.
///
/// Bonds are drawn in a Kekulé form, stereo centres with wedges, double bonds of unknown geometry
/// crossed.
pub fn svg(molecule: &Molecule, style: &Style) -> String {
    let places = coordinates(molecule);
    let labels: Vec<Option<Label>> = (0..molecule.atoms().len())
        .map(|atom| Label::of(molecule, &places, atom))
        .collect();
    let frame = Frame::fit(&places, &labels, style);
    let picture = Picture {
        molecule,
        style,
        bonds: wedged(molecule, &places),
        points: places.iter().map(|&place| frame.point(place)).collect(),
        labels,
        unit: frame.bond_length(),
    };
    picture.draw()
}

struct Picture<'a> {
    molecule: &'a Molecule,
    style: &'a Style,
    bonds: Vec<WedgedBond>,
    points: Vec<Point>,
    labels: Vec<Option<Label>>,
    /// The length of a bond, in pixels; everything is drawn in proportion to it.
    unit: f32,
}

impl Picture<'_> {
    fn draw(&self) -> String {
        let mut canvas = Canvas::new(self.style.width, self.style.height);
        if self.style.background {
            canvas.ground(match self.style.theme {
                Theme::Light => "#ffffff",
                Theme::Dark => "#0d1117",
            });
        }
        self.draw_highlights(&mut canvas);
        canvas.open_group(&format!(
            "stroke-width=\"{:.2}\" stroke-linecap=\"round\" stroke-linejoin=\"round\" fill=\"none\"",
            (0.05 * self.unit).max(0.6)
        ));
        let inner_sides = self.inner_sides();
        for (bond, inner) in self.bonds.iter().zip(&inner_sides) {
            self.draw_bond(&mut canvas, bond, *inner);
        }
        canvas.close_group();
        canvas.open_group("font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\"");
        for atom in 0..self.points.len() {
            self.draw_label(&mut canvas, atom);
        }
        canvas.close_group();
        canvas.finish()
    }

    fn ink(&self) -> &'static str {
        match self.style.theme {
            Theme::Light => "#1b1f24",
            Theme::Dark => "#e6edf3",
        }
    }

    fn draw_highlights(&self, canvas: &mut Canvas) {
        for highlight in &self.style.highlights {
            let mut is_lit = vec![false; self.points.len()];
            for &atom in &highlight.atoms {
                if let Some(lit) = is_lit.get_mut(atom as usize) {
                    *lit = true;
                }
            }
            let color = &css_color(&highlight.color);
            // One group, so that the parts of a ground do not darken each other.
            canvas.open_group(&format!(
                "opacity=\"0.45\" stroke-width=\"{:.1}\" stroke-linecap=\"round\"",
                0.5 * self.unit
            ));
            for bond in &self.bonds {
                if is_lit[bond.begin as usize] && is_lit[bond.end as usize] {
                    canvas.line(self.ends(bond), color);
                }
            }
            for (point, _) in self.points.iter().zip(&is_lit).filter(|(_, lit)| **lit) {
                canvas.disc(*point, 0.34 * self.unit, color);
            }
            canvas.close_group();
        }
    }

    fn ends(&self, bond: &WedgedBond) -> [Point; 2] {
        [bond.begin, bond.end].map(|atom| self.points[atom as usize])
    }

    /// For each bond the place of the middle of its smallest ring.
    fn inner_sides(&self) -> Vec<Option<Point>> {
        let mut sides: Vec<Option<(usize, Point)>> = vec![None; self.bonds.len()];
        for ring in self.molecule.rings() {
            let share = 1.0 / ring.len() as f32;
            let middle = ring.iter().fold([0.0, 0.0], |sum: Point, &atom| {
                let point = self.points[atom as usize];
                [sum[0] + share * point[0], sum[1] + share * point[1]]
            });
            for (&a, &b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                let links = self.molecule.neighbors(a as usize);
                if let Some(link) = links.iter().find(|link| link.atom == b) {
                    let side = &mut sides[link.bond as usize];
                    if side.is_none_or(|(size, _)| ring.len() < size) {
                        *side = Some((ring.len(), middle));
                    }
                }
            }
        }
        sides
            .into_iter()
            .map(|side| side.map(|(_, middle)| middle))
            .collect()
    }

    fn draw_bond(&self, canvas: &mut Canvas, bond: &WedgedBond, inner: Option<Point>) {
        let [a, b] = self.ends(bond);
        let axis = Axis::between(a, b);
        let start = self.clearance(bond.begin, axis.direction);
        let end = axis.length - self.clearance(bond.end, axis.direction.map(|value| -value));
        if end <= start {
            return;
        }
        let ink = self.ink();
        let gap = 0.16 * self.unit;
        match (bond.mark, bond.order) {
            (Mark::Wedge, _) => {
                let wide = 0.1 * self.unit;
                let corners = [axis.at(start, 0.0), axis.at(end, wide), axis.at(end, -wide)];
                canvas.polygon(&corners, ink);
            }
            (Mark::Hash, _) => {
                let steps = ((end - start) / (0.1 * self.unit)).round().max(3.0);
                for step in 0..=steps as u32 {
                    let share = step as f32 / steps;
                    let along = start + share * (end - start);
                    let wide = (0.015 + 0.085 * share) * self.unit;
                    canvas.line([axis.at(along, wide), axis.at(along, -wide)], ink);
                }
            }
            (Mark::Crossed, _) => {
                let half = 0.5 * gap;
                canvas.line([axis.at(start, half), axis.at(end, -half)], ink);
                canvas.line([axis.at(start, -half), axis.at(end, half)], ink);
            }
            (_, BondOrder::Single) => canvas.line([axis.at(start, 0.0), axis.at(end, 0.0)], ink),
            (_, BondOrder::Dative) => {
                canvas.line([axis.at(start, 0.0), axis.at(end, 0.0)], ink);
                let back = end - 0.22 * self.unit;
                let wide = 0.09 * self.unit;
                let head = [axis.at(end, 0.0), axis.at(back, wide), axis.at(back, -wide)];
                canvas.polygon(&head, ink);
            }
            (_, BondOrder::Double | BondOrder::Aromatic) => {
                match self.second_line(bond, &axis, inner) {
                    None => {
                        for offset in [-0.5 * gap, 0.5 * gap] {
                            canvas.line([axis.at(start, offset), axis.at(end, offset)], ink);
                        }
                    }
                    Some(side) => {
                        let short = |atom: u32| match self.labels[atom as usize] {
                            None => 0.14 * self.unit,
                            Some(_) => 0.0,
                        };
                        let line = [
                            axis.at(start + short(bond.begin), side * gap),
                            axis.at(end - short(bond.end), side * gap),
                        ];
                        canvas.line([axis.at(start, 0.0), axis.at(end, 0.0)], ink);
                        canvas.line(line, ink);
                    }
                }
            }
            (_, BondOrder::Triple | BondOrder::Quadruple) => {
                let offsets: &[f32] = match bond.order {
                    BondOrder::Triple => &[-0.85, 0.0, 0.85],
                    _ => &[-1.2, -0.4, 0.4, 1.2],
                };
                for offset in offsets {
                    canvas.line(
                        [axis.at(start, offset * gap), axis.at(end, offset * gap)],
                        ink,
                    );
                }
            }
        }
    }

    /// On which side the second line of a double bond runs: inside its ring, or where more
    /// neighbours are; `None` if the lines run on both sides.
    fn second_line(&self, bond: &WedgedBond, axis: &Axis, inner: Option<Point>) -> Option<f32> {
        if let Some(middle) = inner {
            return Some(axis.side(middle).signum());
        }
        let mut sides = [0u32; 2];
        for (atom, other) in [(bond.begin, bond.end), (bond.end, bond.begin)] {
            let links = self.molecule.neighbors(atom as usize);
            if links.len() == 1 && self.labels[atom as usize].is_some() {
                return None;
            }
            for link in links.iter().filter(|link| link.atom != other) {
                let side = axis.side(self.points[link.atom as usize]);
                sides[usize::from(side > 0.0)] += u32::from(side.abs() > 0.1 * self.unit);
            }
        }
        match sides {
            [left, right] if right > left => Some(1.0),
            [left, right] if left > right => Some(-1.0),
            [0, 0] => None,
            _ => Some(1.0),
        }
    }

    /// How far a bond in a direction stays away from the middle of its atom.
    fn clearance(&self, atom: u32, direction: Point) -> f32 {
        let Some(label) = &self.labels[atom as usize] else {
            return 0.0;
        };
        let size = label.font_size(self.unit);
        let [half_width, half_height] = [
            0.5 * label.symbol_width() * size + 0.1 * self.unit,
            0.36 * size + 0.1 * self.unit,
        ];
        let reach = |half: f32, part: f32| {
            if part.abs() < 1e-3 {
                f32::MAX
            } else {
                half / part.abs()
            }
        };
        reach(half_width, direction[0]).min(reach(half_height, direction[1]))
    }

    fn draw_label(&self, canvas: &mut Canvas, atom: usize) {
        let Some(label) = &self.labels[atom] else {
            return;
        };
        let color = self.color(self.molecule.atoms()[atom].atomic_number);
        let size = label.font_size(self.unit);
        let [x, y] = self.points[atom];
        let baseline = y + 0.36 * size;
        for piece in label.pieces() {
            canvas.text(
                [x + piece.x * size, baseline + piece.y * size],
                piece.size * size,
                color,
                &piece.text,
            );
        }
    }

    fn color(&self, element: u8) -> &'static str {
        if !self.style.colors {
            return self.ink();
        }
        let [light, dark] = match element {
            NITROGEN => ["#1f4fd8", "#8ab4ff"],
            OXYGEN => ["#cf222e", "#ff8a80"],
            SULFUR => ["#9a6700", "#e3b341"],
            PHOSPHORUS => ["#bc4c00", "#ffa657"],
            FLUORINE | CHLORINE => ["#1a7f37", "#6fdd8b"],
            BROMINE => ["#8a3324", "#d2a08f"],
            IODINE => ["#6639ba", "#c8a6ff"],
            _ => return self.ink(),
        };
        match self.style.theme {
            Theme::Light => light,
            Theme::Dark => dark,
        }
    }
}

/// A colour without characters that would end its attribute.
fn css_color(written: &str) -> String {
    written
        .chars()
        .filter(|character| !matches!(character, '"' | '\'' | '<' | '>' | '&'))
        .collect()
}

/// The line of a bond.
struct Axis {
    origin: Point,
    direction: Point,
    length: f32,
}

impl Axis {
    fn between(a: Point, b: Point) -> Self {
        let reach = [b[0] - a[0], b[1] - a[1]];
        let length = reach[0].hypot(reach[1]);
        let direction = if length > 0.0 {
            reach.map(|value| value / length)
        } else {
            [1.0, 0.0]
        };
        Self {
            origin: a,
            direction,
            length,
        }
    }

    /// The point some way along the line and some way beside it.
    fn at(&self, along: f32, beside: f32) -> Point {
        let [x, y] = self.direction;
        [
            self.origin[0] + along * x - beside * y,
            self.origin[1] + along * y + beside * x,
        ]
    }

    /// How far beside the line a point lies.
    fn side(&self, point: Point) -> f32 {
        let [x, y] = self.direction;
        (point[1] - self.origin[1]) * x - (point[0] - self.origin[0]) * y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brics::motifs;
    use crate::depict::{Highlight, highlight_motifs};

    fn draw(smiles: &str, style: &Style) -> String {
        svg(&Molecule::from_smiles(smiles).unwrap(), style)
    }

    #[test]
    fn labels_carry_hydrogens_and_charges() {
        let picture = draw("C[NH3+].[13CH3]O", &Style::default());
        for text in [">N<", ">H<", ">3<", ">+<", ">13<", ">O<"] {
            assert!(picture.contains(text), "{text} in {picture}");
        }
        assert!(!draw("CCC", &Style::default()).contains("<text"));
    }

    #[test]
    fn stereo_centres_are_wedged() {
        let wedges = |smiles| draw(smiles, &Style::default()).matches("Z\" fill").count();
        assert_eq!(wedges("CC(N)C(=O)O"), 0);
        let left = draw("C[C@H](N)C(=O)O", &Style::default());
        let right = draw("C[C@@H](N)C(=O)O", &Style::default());
        assert_ne!(left, right);
    }

    #[test]
    fn highlights_lie_below_the_bonds_and_hold_only_colours() {
        let molecule = Molecule::from_smiles("CCOC(=O)c1ccccc1").unwrap();
        let mut style = Style {
            highlights: highlight_motifs(&motifs(&molecule)),
            theme: Theme::Dark,
            ..Style::default()
        };
        let picture = svg(&molecule, &style);
        assert!(picture.find("<circle") < picture.find("<text"));
        assert!(picture.contains("#0d1117") && picture.contains("#56b4e9"));
        style.highlights = vec![Highlight {
            atoms: vec![0, 99],
            color: "red\"/><script>".to_owned(),
        }];
        assert!(!svg(&molecule, &style).contains("<script"));
    }

    #[test]
    fn a_picture_without_room_is_still_a_picture() {
        for (smiles, width, height) in [("*", 0, 0), ("C", 1, 1), ("CCCCCCCC", 5, 400)] {
            let style = Style {
                width,
                height,
                ..Style::default()
            };
            let picture = draw(smiles, &style);
            assert!(
                picture.ends_with("</svg>\n") && !picture.contains("NaN"),
                "{picture}"
            );
            assert_eq!(
                picture.matches("<g ").count(),
                picture.matches("</g>").count()
            );
        }
    }
}
