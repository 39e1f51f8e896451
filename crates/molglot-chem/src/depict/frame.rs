//! From places to pixels.

use super::Style;
use super::canvas::Point;
use super::label::{EM, Label};
use super::layout::BOND;

/// Pixels that stay free around a picture.
const MARGIN: f32 = 10.0;

/// A scale and a place for the drawing.
pub(super) struct Frame {
    /// Pixels per angstrom.
    scale: f32,
    /// What lies in the middle of the picture, in angstrom.
    center: [f32; 2],
    middle: Point,
}

impl Frame {
    /// As large as the style allows, labels within the margin.
    pub(super) fn fit(places: &[[f32; 2]], labels: &[Option<Label>], style: &Style) -> Self {
        let em = EM * BOND as f32;
        let mut low = [f32::INFINITY; 2];
        let mut high = [f32::NEG_INFINITY; 2];
        for (place, label) in places.iter().zip(labels) {
            // Left, down, right, up.
            let room = label.as_ref().map_or([0.1; 4], Label::room);
            for axis in 0..2 {
                low[axis] = low[axis].min(place[axis] - em * room[axis]);
                high[axis] = high[axis].max(place[axis] + em * room[axis + 2]);
            }
        }
        let picture = [style.width as f32, style.height as f32];
        let mut scale = style.bond_length / BOND as f32;
        let mut center = [0.0; 2];
        for axis in 0..2 {
            let extent = high[axis] - low[axis];
            if extent.is_finite() && extent > 0.0 {
                scale = scale.min((picture[axis] - 2.0 * MARGIN).max(1.0) / extent);
                center[axis] = 0.5 * (low[axis] + high[axis]);
            }
        }
        Self {
            scale,
            center,
            middle: picture.map(|size| 0.5 * size),
        }
    }

    pub(super) fn point(&self, place: [f32; 2]) -> Point {
        [
            self.middle[0] + self.scale * (place[0] - self.center[0]),
            self.middle[1] - self.scale * (place[1] - self.center[1]),
        ]
    }

    /// Pixels per bond.
    pub(super) fn bond_length(&self) -> f32 {
        self.scale * BOND as f32
    }
}
