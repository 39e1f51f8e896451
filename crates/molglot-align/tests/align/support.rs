//! What several tests need.

use molglot_core::{Sequence, SoftTokens, TextBatch, TextRead};
use molglot_tensor::{Device, RowIndex, Tensor, TensorData};

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

pub(crate) fn matrix(values: Vec<f32>, width: usize, device: &Device) -> Tensor<2> {
    let rows = values.len() / width;
    Tensor::from_data(TensorData::new(values, [rows, width]), device)
}

/// Values in [-1, 1).
pub(crate) fn noise(rows: usize, width: usize, salt: usize) -> Vec<f32> {
    (0..rows * width)
        .map(|i| ((i * 7919 + salt * 104_729) % 1009) as f32 / 504.5 - 1.0)
        .collect()
}

/// Soft tokens of molecules with so many each.
pub(crate) fn soft(tokens: Tensor<2>, counts: &[usize]) -> SoftTokens {
    let owner = counts
        .iter()
        .enumerate()
        .flat_map(|(row, &count)| std::iter::repeat_n(row as u32, count));
    SoftTokens {
        tokens,
        owner: RowIndex::new(counts.len(), owner.collect()),
    }
}

/// Captions of so many tokens each.
pub(crate) fn captions(counts: &[usize], device: &Device) -> TextBatch {
    let sequences: Vec<Sequence> = counts
        .iter()
        .map(|&count| Sequence {
            ids: vec![1; count],
            ..Sequence::default()
        })
        .collect();
    TextBatch::new(
        &sequences.iter().collect::<Vec<_>>(),
        0,
        TextRead::Layer(1),
        device,
    )
}
