//! One law for every operation of encoders of graphs: value and gradients equal the composition of Burn's own operations,
//! on every CPU backend, and are the same bits for any number of threads.

use molglot_tensor::{
    Backend, Device, RowIndex, Tensor, TensorData,
    burn::tensor::activation::{relu, sigmoid},
    ops::{
        MessageIndex, Normalisation, RelationIndex, RowCounts, column_moments, edge_sum,
        gather_rows, gaussians, head_mix, message_sums, normalise_columns, pair_scores, propagate,
        relational_linear, segment_sum, vector_linear, vector_perceptron,
    },
};
use proptest::prelude::*;

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Values spread over [-2, 2], none of which is 0.
fn tensor([rows, width]: [usize; 2], salt: usize, device: &Device) -> Tensor<2> {
    let value = |i: usize| ((i * 7919 + salt * 104_729) % 1000) as f32 / 250.0 - 1.9985;
    let values: Vec<f32> = (0..rows * width).map(value).collect();
    Tensor::from_data(TensorData::new(values, [rows, width]), device)
}

/// Scattered rows.
fn scattered(count: usize, rows: usize, salt: usize) -> RowIndex {
    let row = |i: usize| ((i * 2_654_435 + salt * 40_503) / 7 % rows) as u32;
    RowIndex::new(rows, (0..count).map(row).collect())
}

type Operation<'a> = &'a dyn Fn(&[Tensor<2>]) -> Tensor<2>;

/// The output of an operation and the gradients of its inputs, of these shapes.
fn run(shapes: &[[usize; 2]], device: &Device, operation: Operation<'_>) -> Vec<Vec<f32>> {
    let inputs = shapes.iter().enumerate();
    let inputs: Vec<Tensor<2>> = inputs
        .map(|(salt, &shape)| tensor(shape, salt, device).require_grad())
        .collect();
    let out = operation(&inputs);
    let cotangent = tensor(out.dims(), 77, device);
    let grads = (out.clone() * cotangent).sum().backward();
    let grad = |input: &Tensor<2>| values(input.grad(&grads).unwrap());
    std::iter::once(values(out))
        .chain(inputs.iter().map(grad))
        .collect()
}

fn same(name: &str, shapes: &[[usize; 2]], fused: Operation<'_>, composed: Operation<'_>) {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let found = run(shapes, &device, fused);
        let wanted = run(shapes, &device, composed);
        for (which, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_eq!(found.len(), wanted.len(), "{name}, {which}");
            // A sum over rows of terms of either sign may cancel: it is as exact as what was added up, not as what is left.
            let terms = (shapes[0][0] as f32).sqrt();
            let scale = wanted
                .iter()
                .fold(terms, |most, value| most.max(value.abs()));
            for (at, (a, b)) in found.iter().zip(wanted).enumerate() {
                let what = format!("{name} on {backend}, {which}[{at}]: {a} is not {b}");
                assert!((a - b).abs() <= 5e-6 * scale, "{what}");
            }
        }
    }
}

/// The mean and the variance of columns, with rows counted.
fn moments(x: &Tensor<2>, counts: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let total = counts.clone().sum().unsqueeze::<2>();
    let mean = (x.clone() * counts.clone()).sum_dim(0) / total.clone();
    let off = x.clone() - mean.clone();
    (mean, (off.square() * counts.clone()).sum_dim(0) / total)
}

/// `[N, 3 V] -> [N, V]`: lengths as the perceptron measures them.
fn lengths(vectors: Tensor<2>) -> Tensor<2> {
    let [rows, width] = vectors.dims();
    let squares = vectors.reshape([rows, 3, width / 3]).square().sum_dim(1);
    squares.clamp_min(1e-8).sqrt().squeeze_dim(1)
}

/// Every axis of vectors times a matrix.
fn mapped(vectors: Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    let [rows, width] = vectors.dims();
    let [outputs, inputs] = weight.dims();
    assert_eq!(width, 3 * inputs);
    let vectors = vectors.reshape([rows * 3, inputs]);
    let mapped = vectors.matmul(weight.clone().transpose());
    mapped.reshape([rows, 3 * outputs])
}

fn columns(x: &Tensor<2>, range: std::ops::Range<usize>) -> Tensor<2> {
    x.clone().slice_dim(1, range)
}

fn perceptron(inputs: &[Tensor<2>], active: bool) -> Tensor<2> {
    let [x, of_lengths, bias, weight] = inputs else {
        panic!("four inputs")
    };
    let [rows, width] = x.dims();
    let [scalars, _] = of_lengths.dims();
    let hidden = columns(x, scalars..width);
    let measured = lengths(hidden.clone()).matmul(of_lengths.clone().transpose());
    let out = columns(x, 0..scalars) + measured + bias.clone();
    let vectors = mapped(hidden, weight);
    if !active {
        return Tensor::cat(vec![out, vectors], 1);
    }
    let [_, width] = vectors.dims();
    let gate = sigmoid(lengths(vectors.clone())).unsqueeze_dim::<3>(1);
    let vectors = vectors.reshape([rows, 3, width / 3]) * gate;
    Tensor::cat(vec![relu(out), vectors.reshape([rows, width])], 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Targets come in pairs that receive the same, so that rows are shared.
    #[test]
    fn a_relational_layer_is_a_product(rows in 1usize..9, edges in 0usize..60, targets in 1usize..9, relations in 1usize..5, width in 1usize..70, output in 1usize..7, one_row: bool, twice: bool) {
        let from = scattered(edges, rows, 1);
        let to = scattered(edges, targets * relations, 2);
        let (mut sources, mut ends) = (from.index().to_vec(), to.index().to_vec());
        let mut count = targets;
        if twice {
            sources.extend(from.index());
            ends.extend(to.index().iter().map(|end| end + (targets * relations) as u32));
            count *= 2;
        }
        let (from, to) = (RowIndex::new(rows, sources), RowIndex::new(count * relations, ends));
        let index = RelationIndex::new(&from, &to, relations);
        let onto = if one_row { 1 } else { count };
        same(
            "relational_linear",
            &[[rows, width], [output, relations * width], [onto, output]],
            &|inputs| relational_linear(inputs[0].clone(), inputs[1].clone(), inputs[2].clone(), &index),
            &|inputs| {
                let sums = propagate(inputs[0].clone(), &from, &to);
                let sums = sums.reshape([count, relations * width]);
                inputs[2].clone() + sums.matmul(inputs[1].clone().transpose())
            },
        );
    }

    #[test]
    fn messages_are_a_gather_a_relu_and_a_sum(rows in 1usize..9, targets in 1usize..9, kinds in 1usize..4, edges in 0usize..400, width in 1usize..70) {
        let (own, from) = (scattered(targets, rows, 1), scattered(edges, rows, 2));
        let (to, kind) = (scattered(edges, targets, 3), scattered(edges, kinds, 4));
        let index = MessageIndex::new(own.clone(), from.clone(), to.clone(), kind.clone());
        same(
            "message_sums",
            &[[rows, width], [1, 1], [kinds, width]],
            &|inputs| message_sums(inputs[0].clone(), inputs[1].clone().squeeze_dim(0), inputs[2].clone(), &index),
            &|inputs| {
                let messages = gather_rows(inputs[0].clone(), &from) + gather_rows(inputs[2].clone(), &kind);
                gather_rows(inputs[0].clone(), &own) * inputs[1].clone() + segment_sum(relu(messages), &to)
            },
        );
    }

    #[test]
    fn edges_add_what_their_ends_bring(rows in 1usize..9, targets in 1usize..9, edges in 1usize..60, width in 1usize..70) {
        let (from, to) = (scattered(edges, rows, 1), scattered(edges, targets, 2));
        same(
            "edge_sum",
            &[[edges, width], [rows, width], [targets, width]],
            &|inputs| edge_sum(inputs[0].clone(), inputs[1].clone(), inputs[2].clone(), &from, &to),
            &|inputs| inputs[0].clone() + gather_rows(inputs[1].clone(), &from) + gather_rows(inputs[2].clone(), &to),
        );
    }

    /// Counted rows are as many equal ones: moments and gradients are those of the rows written out.
    #[test]
    fn columns_are_normalised_as_the_formula_says(rows in 2usize..200, width in 1usize..40, relu_behind: bool, of_batch: bool, counted: bool) {
        let counts: Vec<u32> = (0..rows).map(|row| if counted { 1 + (row % 3) as u32 } else { 1 }).collect();
        let column = |device: &Device| {
            let counts: Vec<f32> = counts.iter().map(|&count| count as f32).collect();
            Tensor::<2>::from_data(TensorData::new(counts, [rows, 1]), device)
        };
        let row_counts = counted.then(|| RowCounts::new(counts.iter().copied()));
        let fixed = |device: &Device| tensor([2, width], 9, device).abs();
        same(
            "normalise_columns",
            &[[rows, width], [1, width], [1, width]],
            &|inputs| {
                let x = inputs[0].clone();
                let moments = match of_batch {
                    true => column_moments(x.clone(), row_counts.as_ref()),
                    false => fixed(&x.device()),
                };
                let how = Normalisation { epsilon: 1e-5, relu: relu_behind, of_batch, counts: row_counts.clone() };
                normalise_columns(x, moments, inputs[1].clone().squeeze_dim(0), inputs[2].clone().squeeze_dim(0), how)
            },
            &|inputs| {
                let x = inputs[0].clone();
                let (mean, variance) = match of_batch {
                    true => moments(&x, &column(&x.device())),
                    false => {
                        let fixed = fixed(&x.device());
                        (fixed.clone().slice_dim(0, 0..1), fixed.slice_dim(0, 1..2))
                    }
                };
                let unit = (x - mean) / (variance + 1e-5).sqrt();
                let out = unit * inputs[1].clone() + inputs[2].clone();
                if relu_behind { relu(out) } else { out }
            },
        );
    }

    #[test]
    fn heads_read_a_joint_projection_where_it_lies(batch in 1usize..3, heads in 1usize..4, length in 1usize..20, size in 1usize..10) {
        let width = heads * size;
        let joint = |x: &Tensor<2>| x.clone().reshape([batch, length, 3 * width]);
        let pairs = |x: &Tensor<2>| x.clone().reshape([batch, heads, length, length]);
        let part = |x: &Tensor<2>, number: usize| {
            let part = joint(x).slice_dim(2, number * width..(number + 1) * width);
            part.reshape([batch, length, heads, size]).swap_dims(1, 2)
        };
        let shapes = [[batch * length, 3 * width], [batch * heads * length, length]];
        same(
            "pair_scores",
            &shapes,
            &|inputs| pair_scores(joint(&inputs[0]), pairs(&inputs[1]), 0.3).reshape([batch * heads * length, length]),
            &|inputs| {
                let scores = part(&inputs[0], 0).mul_scalar(0.3).matmul(part(&inputs[0], 1).swap_dims(2, 3));
                (scores + pairs(&inputs[1])).reshape([batch * heads * length, length])
            },
        );
        same(
            "head_mix",
            &shapes,
            &|inputs| head_mix(pairs(&inputs[1]), joint(&inputs[0])).reshape([batch * length, width]),
            &|inputs| {
                let mixed = pairs(&inputs[1]).matmul(part(&inputs[0], 2));
                mixed.swap_dims(1, 2).reshape([batch * length, width])
            },
        );
    }

    #[test]
    fn gaussians_are_their_formula(rows in 1usize..600, kernels in 1usize..40) {
        let widths = |x: &Tensor<2>| x.clone().abs() + 0.3;
        same(
            "gaussians",
            &[[rows, 1], [1, kernels], [1, kernels]],
            &|inputs| gaussians(inputs[0].clone(), inputs[1].clone(), widths(&inputs[2]), 2.5),
            &|inputs| {
                let widths = widths(&inputs[2]);
                let off = (inputs[0].clone() - inputs[1].clone()) / widths.clone();
                off.square().mul_scalar(-0.5).exp() / widths.mul_scalar(2.5)
            },
        );
    }

    #[test]
    fn scalars_and_vectors_are_mapped_by_a_matrix_each(rows in 1usize..600, scalars in 1usize..7, vectors in 1usize..5, outputs in 1usize..7, hidden in 1usize..5) {
        same(
            "vector_linear",
            &[[rows, scalars + 3 * vectors], [outputs, scalars], [hidden, vectors]],
            &|inputs| vector_linear(inputs[0].clone(), inputs[1].clone(), inputs[2].clone()),
            &|inputs| {
                let [_, width] = inputs[0].dims();
                let mixed = columns(&inputs[0], 0..scalars).matmul(inputs[1].clone().transpose());
                let turned = mapped(columns(&inputs[0], scalars..width), &inputs[2]);
                Tensor::cat(vec![mixed, turned], 1)
            },
        );
    }

    #[test]
    fn a_vector_perceptron_is_its_formula(rows in 1usize..600, scalars in 1usize..7, hidden in 1usize..5, vectors in 1usize..5, active: bool) {
        same(
            "vector_perceptron",
            &[[rows, scalars + 3 * hidden], [scalars, hidden], [1, scalars], [vectors, hidden]],
            &|inputs| {
                let bias = inputs[2].clone().squeeze_dim(0);
                vector_perceptron(inputs[0].clone(), inputs[1].clone(), bias, inputs[3].clone(), active)
            },
            &|inputs| perceptron(inputs, active),
        );
    }
}

#[test]
fn a_null_vector_has_a_gradient() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let x = Tensor::<2>::zeros([2, 4], &device).require_grad();
        let ones = Tensor::<2>::ones([1, 1], &device);
        let out = vector_perceptron(
            x.clone(),
            ones.clone(),
            Tensor::ones([1], &device),
            ones,
            true,
        );
        let grads = out.sum().backward();
        let grad = values(x.grad(&grads).unwrap());
        assert!(
            grad.iter().all(|value| value.is_finite()),
            "{backend}: {grad:?}"
        );
        // Scalars pass; a vector of no length is scaled by the sigmoid of no length.
        assert!(
            (grad[0] - 1.0).abs() < 1e-6 && (grad[1] - 0.5).abs() < 1e-3,
            "{backend}: {grad:?}"
        );
    }
}

#[test]
fn what_is_no_number_is_not_hidden_by_a_relu() {
    let device = Backend::Flex.open().unwrap();
    let x = Tensor::<2>::from_data(TensorData::new(vec![f32::NAN, 1.0], [2, 1]), &device);
    let moments = column_moments(x.clone(), None);
    let how = Normalisation {
        epsilon: 1e-5,
        relu: true,
        of_batch: true,
        counts: None,
    };
    let one = || Tensor::ones([1], &device);
    let out = normalise_columns(x.clone(), moments, one(), one(), how);
    assert!(values(out).iter().all(|value| value.is_nan()));
    let index = |rows: usize, index: Vec<u32>| RowIndex::new(rows, index);
    let messages = MessageIndex::new(
        index(2, vec![1]),
        index(2, vec![0]),
        index(1, vec![0]),
        index(1, vec![0]),
    );
    let kinds = Tensor::zeros([1, 1], &device);
    assert!(values(message_sums(x, one(), kinds, &messages))[0].is_nan());
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let device = Backend::Flex.open().unwrap().autodiff();
    let (rows, edges, width) = (900, 20_000, 40);
    let (from, to) = (scattered(edges, rows, 1), scattered(edges, 3 * rows, 2));
    let relations = RelationIndex::new(&from, &to, 3);
    let ends = scattered(edges, rows, 4);
    let messages = MessageIndex::new(
        scattered(rows, rows, 3),
        from.clone(),
        ends.clone(),
        scattered(edges, 5, 5),
    );
    let bits = |threads: usize| -> Vec<u32> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let run =
                |shapes: &[[usize; 2]], operation: Operation<'_>| run(shapes, &device, operation);
            let relational = run(&[[rows, width], [30, 3 * width], [1, 30]], &|inputs| {
                relational_linear(
                    inputs[0].clone(),
                    inputs[1].clone(),
                    inputs[2].clone(),
                    &relations,
                )
            });
            let messages = run(&[[rows, width], [1, 1], [5, width]], &|inputs| {
                message_sums(
                    inputs[0].clone(),
                    inputs[1].clone().squeeze_dim(0),
                    inputs[2].clone(),
                    &messages,
                )
            });
            let normalised = run(&[[edges, width], [1, width], [1, width]], &|inputs| {
                let how = Normalisation {
                    epsilon: 1e-5,
                    relu: true,
                    of_batch: true,
                    counts: None,
                };
                let moments = column_moments(inputs[0].clone(), None);
                normalise_columns(
                    inputs[0].clone(),
                    moments,
                    inputs[1].clone().squeeze_dim(0),
                    inputs[2].clone().squeeze_dim(0),
                    how,
                )
            });
            let gaussian = run(&[[edges, 1], [1, width], [1, width]], &|inputs| {
                gaussians(
                    inputs[0].clone(),
                    inputs[1].clone(),
                    inputs[2].clone().abs() + 0.3,
                    2.5,
                )
            });
            let vectors = run(
                &[
                    [edges, 20 + 3 * 5],
                    [20, 20],
                    [4, 5],
                    [20, 4],
                    [1, 20],
                    [6, 4],
                ],
                &|inputs| {
                    let x = vector_linear(inputs[0].clone(), inputs[1].clone(), inputs[2].clone());
                    vector_perceptron(
                        x,
                        inputs[3].clone(),
                        inputs[4].clone().squeeze_dim(0),
                        inputs[5].clone(),
                        true,
                    )
                },
            );
            let ends = run(&[[edges, width], [rows, width], [rows, width]], &|inputs| {
                edge_sum(
                    inputs[0].clone(),
                    inputs[1].clone(),
                    inputs[2].clone(),
                    &from,
                    &ends,
                )
            });
            let all = [relational, messages, normalised, gaussian, vectors, ends].concat();
            all.concat().into_iter().map(f32::to_bits).collect()
        })
    };
    let one = bits(1);
    assert_eq!(one, bits(2));
    assert_eq!(one, bits(7));
}
