//! A table of vectors looked up by index.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};

use crate::{Init, RowIndex, ops::gather_rows};

/// A table of `rows` vectors.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[rows, width]`.
    pub weight: Param<Tensor<2>>,
}

impl Embedding {
    /// Draws the table from a normal distribution of width `std`.
    pub fn normal(rows: usize, width: usize, std: f64, init: &mut Init) -> Self {
        Self {
            weight: init.normal([rows, width], std),
        }
    }

    /// Draws the table as Xavier does for a matrix of this shape.
    pub fn xavier(rows: usize, width: usize, init: &mut Init) -> Self {
        Self {
            weight: init.xavier([rows, width]),
        }
    }

    /// Looks rows up.
    ///
    /// # Shapes
    ///
    /// - `index`: plan of `N` indices into the table
    /// - output: `[N, width]`
    ///
    /// # Panics
    ///
    /// When the plan was built for a table of another size.
    pub fn forward(&self, index: &RowIndex) -> Tensor<2> {
        gather_rows(self.weight.val(), index)
    }

    /// `(rows, width)`.
    pub fn sizes(&self) -> (usize, usize) {
        let [rows, width] = self.weight.lazy_shape().dims();
        (rows, width)
    }
}
