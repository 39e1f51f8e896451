//! Local coordinate frames.

use super::vector::{Vector, add, between, cross, dot, narrow, scale, sub, unit, wide};

/// An origin with three axes of length 1, right-handed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Origin, angstrom.
    pub origin: [f32; 3],
    /// The x, y and z axis, one row each.
    pub axes: [[f32; 3]; 3],
}

impl Frame {
    /// The frame of a residue's backbone: origin at CA, x towards C, z perpendicular to the plane of N, CA and C.
    ///
    /// Gram-Schmidt as in AlphaFold 2 (*Nature* 596:583, supplement, algorithm 21). `None` where the atoms lie on a line.
    #[must_use]
    pub fn of_backbone(n: [f32; 3], ca: [f32; 3], c: [f32; 3]) -> Option<Self> {
        let x = unit(between(ca, c));
        let z = unit(cross(x, between(ca, n)));
        let is_flat = x == [0.0; 3] || z == [0.0; 3];
        (!is_flat).then(|| Self {
            origin: ca,
            axes: [x, cross(z, x), z].map(narrow),
        })
    }

    /// The frame of ScanNet: z towards `third`, y perpendicular to the plane of the three points, x in that plane on the
    /// side of `second`.
    ///
    /// As in the reference, each axis has `1e-6` of that of the coordinate system mixed in, so that points which coincide
    /// or lie on a line still give finite axes. Source: ScanNet (*Nat. Methods* 19:730), layer `FrameBuilder`.
    #[must_use]
    pub fn of_triplet(centre: [f32; 3], second: [f32; 3], third: [f32; 3]) -> Self {
        const EPSILON: f64 = 1e-6;
        let soft_unit = |vector: Vector, default: [f32; 3]| {
            let length = dot(vector, vector).sqrt() + EPSILON;
            scale(add(vector, scale(wide(default), EPSILON)), 1.0 / length)
        };
        let z = soft_unit(between(centre, third), WORLD[2]);
        let y = soft_unit(cross(z, between(centre, second)), WORLD[1]);
        let x = soft_unit(cross(y, z), WORLD[0]);
        Self {
            origin: centre,
            axes: [x, y, z].map(narrow),
        }
    }

    /// A point in the coordinates of the frame, angstrom.
    #[inline]
    #[must_use]
    pub fn to_local(&self, point: [f32; 3]) -> [f32; 3] {
        let offset = between(self.origin, point);
        self.axes.map(|axis| dot(wide(axis), offset) as f32)
    }

    /// The axes of another frame in the coordinates of this one: the rotation that turns this frame into the other, one
    /// row for each axis of the other.
    #[must_use]
    pub fn rotation_to(&self, other: &Self) -> [[f32; 3]; 3] {
        other
            .axes
            .map(|axis| self.axes.map(|mine| dot(wide(mine), wide(axis)) as f32))
    }
}

/// The axes of the coordinate system.
pub const WORLD: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Where the beta carbon of a residue with ideal geometry is: for glycine, and for models that see the backbone only.
///
/// The coefficients are those of ProteinMPNN and trRosetta (N-CA-C 109.5 to 111 degrees, CA-CB 1.522 angstrom).
#[must_use]
pub fn pseudo_beta(n: [f32; 3], ca: [f32; 3], c: [f32; 3]) -> [f32; 3] {
    let (b, c) = (between(n, ca), between(ca, c));
    let a = cross(b, c);
    let sum = add(
        add(scale(a, -0.582_734_31), scale(b, 0.568_028_27)),
        scale(c, -0.540_674_66),
    );
    narrow(add(sum, wide(ca)))
}

/// The direction in which a side chain leaves the backbone, of length 1: the negative bisector of CA-C and CA-N, raised
/// out of their plane. Null where the atoms coincide.
///
/// Source: gvp-pytorch (arXiv 2009.01411).
#[must_use]
pub fn side_chain_direction(n: [f32; 3], ca: [f32; 3], c: [f32; 3]) -> Vector {
    let (c, n) = (unit(between(ca, c)), unit(between(ca, n)));
    let (bisector, normal) = (unit(add(c, n)), unit(cross(c, n)));
    let plane = scale(bisector, -(1f64 / 3.0).sqrt());
    sub(plane, scale(normal, (2f64 / 3.0).sqrt()))
}

/// The unit vector from one position to another; null where they coincide.
#[must_use]
pub fn direction(from: [f32; 3], to: [f32; 3]) -> [f32; 3] {
    narrow(unit(between(from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: [f32; 3] = [1.458, 0.0, 0.0];
    const CA: [f32; 3] = [0.0; 3];
    const C: [f32; 3] = [-0.551, 1.422, 0.0];

    #[test]
    fn a_backbone_frame_is_right_handed_and_sees_its_own_atoms() {
        let frame = Frame::of_backbone(N, CA, C).unwrap();
        let [x, y, z] = frame.axes.map(wide);
        assert!(dot(cross(x, y), z) > 1.0 - 1e-6);
        let local = frame.to_local(C);
        assert!((local[0] - 1.525).abs() < 1e-3 && local[1].abs() < 1e-6 && local[2].abs() < 1e-6);
        assert_eq!(
            frame.rotation_to(&frame).map(|row| row.map(f32::round)),
            WORLD
        );
        assert_eq!(Frame::of_backbone(CA, CA, C), None);
    }

    #[test]
    fn the_pseudo_beta_carbon_is_where_l_amino_acids_have_it() {
        let beta = pseudo_beta(N, CA, C);
        let length = super::super::vector::distance(beta, CA);
        assert!((length - 1.52).abs() < 0.02, "{length}");
        let out = dot(side_chain_direction(N, CA, C), unit(between(CA, beta)));
        assert!(out > 0.95, "{out}");
        // CORN: seen from H, the groups CO, R and N follow each other clockwise.
        let n_c_beta = dot(cross(between(CA, N), between(CA, C)), between(CA, beta));
        assert!(n_c_beta > 0.0);
    }

    #[test]
    fn degenerate_triplets_fall_back_to_the_default_axes() {
        let frame = Frame::of_triplet(CA, CA, CA);
        assert!(frame.axes.iter().flatten().all(|value| value.is_finite()));
        assert!(frame.axes[2][2] > 0.99 && frame.axes[1][1] > 0.99);
    }
}
