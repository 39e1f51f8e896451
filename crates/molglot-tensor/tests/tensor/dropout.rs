//! Dropout.

use molglot_tensor::{Backend, Tensor, nn::Dropout, params};

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

#[test]
fn what_is_kept_is_scaled_and_channels_share_their_fate() {
    let device = Backend::Flex.open().unwrap().autodiff();
    let dropout = Dropout::new(0.25);
    let x = Tensor::<3>::ones([200, 3, 16], &device);
    let dropped = values(dropout.forward(x.clone()));
    let scaled = 1.0 / 0.75;
    assert!(
        dropped
            .iter()
            .all(|&value| value == 0.0 || (value - scaled).abs() < 1e-6)
    );
    let mean = dropped.iter().sum::<f32>() / dropped.len() as f32;
    assert!((mean - 1.0).abs() < 0.05, "{mean}");

    let together = values(dropout.along(x.clone(), [200, 1, 16]));
    assert!(together.contains(&0.0) && together.iter().any(|&value| value > 1.0));
    for vectors in together.chunks(3 * 16) {
        let (first, others) = vectors.split_at(16);
        assert!(others.chunks(16).all(|axis| axis == first));
    }
}

#[test]
fn nothing_is_dropped_when_frozen_or_without_gradients() {
    let plain = Backend::Flex.open().unwrap();
    let frozen = params::set_trainable(Dropout::new(0.5), |_| false);
    for (dropout, device) in [
        (Dropout::new(0.5), plain.clone()),
        (frozen, plain.clone().autodiff()),
        (Dropout::new(0.0), plain.autodiff()),
    ] {
        let x = Tensor::<2>::ones([20, 20], &device);
        assert_eq!(values(dropout.forward(x)), [1.0; 400]);
    }
}
