//! Vectors in space.

pub(super) type Vector = [f64; 3];

pub(super) fn from_to(from: Vector, to: Vector) -> Vector {
    [to[0] - from[0], to[1] - from[1], to[2] - from[2]]
}

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(super) fn square(a: Vector) -> f64 {
    dot(a, a)
}

/// Of length one; the null vector stays what it is.
pub(super) fn unit(a: Vector) -> Vector {
    let length = square(a).sqrt();
    if length > 0.0 {
        a.map(|value| value / length)
    } else {
        a
    }
}
