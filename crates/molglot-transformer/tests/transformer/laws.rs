//! What holds for every encoder, on every CPU backend.

use molglot_tensor::{Backend, Init, Tensor, TensorData, burn::module::Module, params};
use molglot_transformer::SequenceBatch;
use proptest::{collection::vec, prelude::*};

use crate::support::{
    assert_close, bert, bert_config, encoders, esm2, esm2_config, states, values,
};

/// Ids that are neither padding nor a hidden residue.
fn sequences() -> impl Strategy<Value = Vec<Vec<u32>>> {
    vec(vec(4u32..31, 1..20), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_sequence_alone_is_what_it_is_among_others(sequences in sequences()) {
        for backend in Backend::cpus() {
            for (name, encoder) in encoders(&backend.open().unwrap()) {
                let together = states(&encoder, &SequenceBatch::new(&sequences, 1));
                for (sequence, together) in sequences.iter().zip(together) {
                    let alone = states(&encoder, &SequenceBatch::new(&[sequence], 1));
                    assert_close(name, &alone[0], &together);
                }
            }
        }
    }

    #[test]
    fn permuted_sequences_give_permuted_states(sequences in sequences(), by in 0usize..5) {
        let turn = by % sequences.len();
        let mut turned = sequences.clone();
        turned.rotate_left(turn);
        for backend in Backend::cpus() {
            for (name, encoder) in encoders(&backend.open().unwrap()) {
                let mut wanted = states(&encoder, &SequenceBatch::new(&sequences, 1));
                wanted.rotate_left(turn);
                let found = states(&encoder, &SequenceBatch::new(&turned, 1));
                assert_close(name, &found.concat(), &wanted.concat());
            }
        }
    }

    /// To the bit, whatever token pads, `<mask>` included.
    #[test]
    fn what_pads_is_never_seen(sequences in sequences(), pad in 0u32..33) {
        for backend in Backend::cpus() {
            for (name, encoder) in encoders(&backend.open().unwrap()) {
                let [usual, other] = [1, pad].map(|pad| {
                    let batch = SequenceBatch::new(&sequences, pad);
                    (states(&encoder, &batch), values(batch.mean(encoder(&batch))))
                });
                prop_assert_eq!(usual, other, "{}", name);
            }
        }
    }

    #[test]
    fn the_mean_is_that_of_the_tokens(sequences in sequences()) {
        for backend in Backend::cpus() {
            for (name, encoder) in encoders(&backend.open().unwrap()) {
                let batch = SequenceBatch::new(&sequences, 1);
                let mean = values(batch.mean(encoder(&batch)));
                let wanted = states(&encoder, &batch).into_iter().flat_map(|row| {
                    let tokens = row.len() / 12;
                    (0..12).map(move |column| {
                        (0..tokens).map(|at| row[at * 12 + column]).sum::<f32>() / tokens as f32
                    })
                });
                assert_close(name, &mean, &wanted.collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let batch = SequenceBatch::new(&[vec![4u32, 5, 6], vec![7, 8]], 1);
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for ((name, one), (_, other)) in encoders(&device).into_iter().zip(encoders(&device)) {
            assert_eq!(values(one(&batch)), values(other(&batch)), "{name}");
        }
    }
    let drawn: Vec<Vec<u8>> = Backend::cpus()
        .iter()
        .map(|backend| {
            let model = esm2(&backend.open().unwrap());
            molglot_tensor::weights::to_bytes(&model, &|_| true, &str::to_owned).unwrap()
        })
        .collect();
    assert!(drawn.windows(2).all(|pair| pair[0] == pair[1]));
}

/// A weighted sum, so that nothing cancels.
fn weighed<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let count: usize = x.dims().iter().product();
    let weights = (0..count).map(|at| ((at * 37) % 19) as f32 / 7.0 - 1.0);
    let weights = TensorData::new(weights.collect::<Vec<_>>(), x.dims());
    let weights = Tensor::<D>::from_data(weights, &x.device());
    (x * weights).sum()
}

fn assert_all_reached<M: Module>(model: &M, loss: &Tensor<1>) {
    let found = params::gradients(model, &loss.backward());
    for parameter in params::list(model) {
        let path = &parameter.path;
        let (_, grad) = found
            .iter()
            .find(|(found, _)| found == path)
            .unwrap_or_else(|| panic!("no gradient at {path}"));
        // A key's bias moves all scores of a query alike: without rotation its gradient is 0 but for rounding.
        let moves = !path.ends_with("key.bias");
        assert!(
            !moves || grad.iter().any(|value| *value != 0.0),
            "only 0 at {path}"
        );
    }
}

#[test]
fn a_gradient_reaches_every_parameter() {
    let batch = SequenceBatch::new(&[vec![4u32, 5, 6, 9], vec![7, 8]], 1);
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let model = esm2_config()
            .init_masked_lm(&mut Init::new(3, &device))
            .unwrap();
        let logits = model.logits(batch.packed(model.esm.forward(&batch)));
        assert_all_reached(&model, &weighed(logits));

        let model = bert_config().init(&mut Init::new(3, &device)).unwrap();
        let last = model.forward(&batch);
        let loss = weighed(batch.packed(last.clone())) + weighed(model.pool(last).unwrap());
        assert_all_reached(&model, &loss);
    }
}

#[test]
fn padding_gets_no_gradient() {
    let batch = SequenceBatch::new(&[vec![4u32, 5, 6, 9], vec![7, 8]], 1);
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let row = |found: Vec<(String, Vec<f32>)>, path: &str| {
            let (_, grad) = found.into_iter().find(|(found, _)| found == path).unwrap();
            grad[12..24].to_vec()
        };
        let model = esm2(&device);
        let loss = weighed(batch.packed(model.forward(&batch)));
        let found = params::gradients(&model, &loss.backward());
        assert_eq!(row(found, "embeddings.weight"), [0.0; 12]);
        let model = bert(&device);
        let loss = weighed(batch.packed(model.forward(&batch)));
        let found = params::gradients(&model, &loss.backward());
        assert_eq!(row(found, "embeddings.word.weight"), [0.0; 12]);
    }
}
