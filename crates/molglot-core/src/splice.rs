//! Soft tokens put into a prompt: the one place where molecules enter text, for training and for generation.

use molglot_tensor::{RowIndex, Tensor, ops::gather_rows};

use crate::{SoftTokens, TextBatch};

/// Slots and soft tokens that do not fit each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sequence {sequence} has {slots} slots for {tokens} soft tokens")]
pub struct SpliceError {
    /// Which sequence.
    pub sequence: usize,
    /// How many slots its text has.
    pub slots: usize,
    /// How many soft tokens its molecule has.
    pub tokens: usize,
}

/// Replaces the embeddings at the slots of `text` by soft tokens, molecule `i` going into sequence `i`, in order.
///
/// Soft tokens take the float type of the embeddings.
///
/// One gather over `[text; soft]` with an index built on the host: differentiable on both sides, no write and no
/// synchronisation. Counts are checked per sequence, so that an error in one row can never shift another.
///
/// # Shapes
///
/// - `embeddings`: `[B, T, E]`
/// - `soft.tokens`: `[S, E]`
/// - output: `[B, T, E]`
///
/// # Errors
///
/// [`SpliceError`] for the first sequence whose number of slots is not its number of soft tokens.
pub fn splice(
    embeddings: Tensor<3>,
    text: &TextBatch,
    soft: Option<&SoftTokens>,
) -> Result<Tensor<3>, SpliceError> {
    let [batch, length, width] = embeddings.dims();
    let rows = batch * length;
    let counts: Vec<usize> =
        soft.map_or_else(|| vec![0; batch], |soft| soft.owner.counts().collect());
    for (sequence, slots) in text.slots.iter().enumerate() {
        let tokens = counts.get(sequence).copied().unwrap_or(0);
        if slots.len() != tokens {
            return Err(SpliceError {
                sequence,
                slots: slots.len(),
                tokens,
            });
        }
    }
    let Some(soft) = soft else {
        return Ok(embeddings);
    };
    let mut index: Vec<u32> = (0..rows as u32).collect();
    for (sequence, slots) in text.slots.iter().enumerate() {
        for (&slot, &token) in slots.iter().zip(soft.owner.positions(sequence)) {
            index[slot as usize] = rows as u32 + token;
        }
    }
    let dtype = embeddings.dtype();
    let tokens = soft.tokens.clone().cast(dtype);
    let both = Tensor::cat(vec![embeddings.reshape([rows, width]), tokens], 0);
    let plan = RowIndex::new(rows + soft.owner.len(), index);
    Ok(gather_rows(both, &plan).reshape([batch, length, width]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sequence, TextRead};
    use molglot_tensor::{Backend, TensorData};

    fn text(slots: [Vec<u32>; 2], backend: Backend) -> TextBatch {
        let device = backend.open().unwrap().autodiff();
        let [a, b] = slots.map(|slots| Sequence {
            ids: vec![5; 3],
            slots,
            labels: vec![],
        });
        TextBatch::new(&[&a, &b], 0, TextRead::Labels, &device)
    }

    fn rows(values: &[f32], device: &molglot_tensor::Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1]), device)
    }

    #[test]
    fn each_molecule_goes_into_its_own_sequence_and_gradients_come_back() {
        for backend in Backend::cpus() {
            let text = text([vec![1], vec![0, 2]], backend);
            let embeddings = rows(&[1., 2., 3., 4., 5., 6.], &text.device)
                .reshape([2, 3, 1])
                .require_grad();
            let tokens = rows(&[10., 20., 30.], &text.device).require_grad();
            let soft = SoftTokens {
                tokens: tokens.clone(),
                owner: RowIndex::new(2, vec![0, 1, 1]),
            };
            let out = splice(embeddings.clone(), &text, Some(&soft)).unwrap();
            let values: Vec<f32> = out.clone().into_data().try_to_vec().unwrap();
            assert_eq!(values, [1., 10., 3., 20., 5., 30.]);
            let grads = out.powi_scalar(2).sum().backward();
            let of = |t: &Tensor<2>| {
                t.grad(&grads)
                    .unwrap()
                    .into_data()
                    .try_to_vec::<f32>()
                    .unwrap()
            };
            assert_eq!(of(&tokens), [20., 40., 60.]);
            let text_grad: Vec<f32> = embeddings
                .grad(&grads)
                .unwrap()
                .into_data()
                .try_to_vec()
                .unwrap();
            assert_eq!(text_grad, [2., 0., 6., 0., 10., 0.]);
        }
    }

    #[test]
    fn errors_that_cancel_over_the_batch_are_still_errors() {
        let text = text([vec![1, 2], vec![0]], Backend::Flex);
        let soft = SoftTokens {
            tokens: rows(&[1., 2., 3.], &text.device),
            owner: RowIndex::new(2, vec![0, 1, 1]),
        };
        let embeddings = rows(&[0.; 6], &text.device).reshape([2, 3, 1]);
        let error = splice(embeddings.clone(), &text, Some(&soft)).unwrap_err();
        assert_eq!(
            error,
            SpliceError {
                sequence: 0,
                slots: 2,
                tokens: 1
            }
        );
        assert!(
            splice(embeddings, &text, None).is_err(),
            "slots without molecules"
        );
    }
}
