//! Vectors of three numbers. Positions are stored as `f32`; differences and products are taken in `f64`, so that a
//! feature is exact to the last digit of the position it comes from.

/// A vector in double precision.
pub type Vector = [f64; 3];

/// A stored position as a vector.
#[inline]
#[must_use]
pub fn wide(point: [f32; 3]) -> Vector {
    point.map(f64::from)
}

/// A vector as it is stored.
#[inline]
#[must_use]
pub fn narrow(vector: Vector) -> [f32; 3] {
    vector.map(|value| value as f32)
}

/// The vector from `start` to `end`.
#[inline]
#[must_use]
pub fn between(start: [f32; 3], end: [f32; 3]) -> Vector {
    sub(wide(end), wide(start))
}

/// `a + b`.
#[inline]
#[must_use]
pub fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// `a - b`.
#[inline]
#[must_use]
pub fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// `a` times a number.
#[inline]
#[must_use]
pub fn scale(a: Vector, factor: f64) -> Vector {
    a.map(|value| value * factor)
}

/// The scalar product.
#[inline]
#[must_use]
pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The vector product.
#[inline]
#[must_use]
pub fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// The length.
#[inline]
#[must_use]
pub fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

/// The distance of two stored positions, angstrom.
#[inline]
#[must_use]
pub fn distance(a: [f32; 3], b: [f32; 3]) -> f64 {
    norm(between(a, b))
}

/// The vector of length 1; the null vector stays null.
#[inline]
#[must_use]
pub fn unit(a: Vector) -> Vector {
    let length = norm(a);
    if length > 0.0 {
        scale(a, 1.0 / length)
    } else {
        [0.0; 3]
    }
}

/// The angle between two vectors, radians in `[0, π]`; 0 where one of them is null.
#[inline]
#[must_use]
pub fn angle(a: Vector, b: Vector) -> f64 {
    // The product with a null vector may be -0, whose angle would be π.
    norm(cross(a, b)).atan2(dot(a, b) + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_angle_with_a_null_vector_is_zero() {
        assert_eq!(angle([0.0; 3], [-1.0, -2.0, -3.0]), 0.0);
        assert_eq!(angle([-1.0, -2.0, -3.0], [-1.0, -2.0, -3.0]), 0.0);
        assert_eq!(
            angle([1.0, 0.0, 0.0], [-2.0, 0.0, 0.0]),
            std::f64::consts::PI
        );
    }
}
