//! Matrix products of the flex backend into memory that exists, with any strides.

/// A matrix inside a slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` rows of `columns` values whose first values lie `row_stride` apart.
    ///
    /// # Panics
    ///
    /// When the slice is too short.
    pub(super) fn new(values: &'a [f32], [rows, columns]: [usize; 2], row_stride: usize) -> Self {
        if rows > 0 && columns > 0 {
            assert!(
                (rows - 1) * row_stride + columns <= values.len(),
                "a matrix beyond its values"
            );
        }
        Self {
            values,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// Rows that follow each other.
    pub(super) fn packed(values: &'a [f32], shape: [usize; 2]) -> Self {
        Self::new(values, shape, shape[1])
    }

    /// The transposed view.
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// Whose threads a product may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// This one: the caller shares out the work.
    One,
    /// All of rayon's, where the product is large enough.
    All,
}

/// `out = scale * a b`, or `out += scale * a b` with `onto`; rows of `out` start `row_stride` apart. The bits do not depend
/// on the number of threads: no sum is split.
///
/// # Panics
///
/// When the shapes do not fit.
// The one call into the library that burn-flex multiplies with; Burn's own product can neither add nor write into a part
// of a tensor.
#[allow(unsafe_code)]
pub(super) fn multiply(
    out: &mut [f32],
    row_stride: usize,
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    onto: bool,
    threads: Threads,
) {
    assert_eq!(a.columns, b.rows, "inner sizes differ");
    let (rows, columns) = (a.rows, b.columns);
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(
        (rows - 1) * row_stride + columns <= out.len() && columns <= row_stride.max(1),
        "a product beyond its output"
    );
    let parallelism = match threads {
        Threads::One => gemm::Parallelism::None,
        Threads::All => gemm::Parallelism::Rayon(0),
    };
    // SAFETY: `Matrix` checks on construction that every element of `a` and `b` lies inside its slice, and a transposed
    // view has the same elements; the assertion above does the same for `out`, whose rows do not overlap. `out` is borrowed
    // mutably, so it shares no memory with `a` and `b`.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            onto,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0f32,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}
