//! Clipping and optimizer state.

use molglot_tensor::{
    Backend, Init, Tensor, TensorData,
    burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer},
    clip::clip_global_norm,
    nn::{Linear, LinearConfig},
    optim::AdamW,
    params,
};

fn layer() -> (Linear, Tensor<2>) {
    let device = Backend::cpus()[0].open().unwrap().autodiff();
    let linear = params::with_stable_ids(LinearConfig::new(4, 3).init(&mut Init::new(7, &device)));
    let x = Tensor::from_data(
        TensorData::new((0..8).map(|i| i as f32 - 3.5).collect::<Vec<_>>(), [2, 4]),
        &device,
    );
    (linear, x)
}

fn grads(linear: &Linear, x: &Tensor<2>) -> GradientsParams {
    GradientsParams::from_grads(linear.forward(x.clone()).square().sum().backward(), linear)
}

fn norm(linear: &Linear, grads: &GradientsParams) -> f32 {
    let weight = grads.get::<2>(linear.weight.id).unwrap().square().sum();
    let bias = grads
        .get::<1>(linear.bias.as_ref().unwrap().id)
        .unwrap()
        .square()
        .sum();
    (weight + bias).sqrt().into_scalar()
}

#[test]
fn clipping_scales_all_gradients_by_one_factor() {
    let (linear, x) = layer();
    let mut clipped = grads(&linear, &x);
    let before = norm(&linear, &clipped);
    let reported = clip_global_norm(&linear, &mut clipped, 0.5);
    assert!((reported - f64::from(before)).abs() < 1e-3);
    assert!((norm(&linear, &clipped) - 0.5).abs() < 1e-4);
    let mut small = grads(&linear, &x);
    clip_global_norm(&linear, &mut small, 1e6);
    assert_eq!(norm(&linear, &small), before);
}

/// Burn materialises optimizer state on its default device, which in a binary with CUDA is CUDA even where there is no
/// driver. `pin_as_default` is what makes a resume work there; the CUDA build of this test is the real one.
#[test]
fn optimizer_state_loads_in_a_cuda_binary_without_a_driver() {
    Backend::Auto.pin_as_default();
    let (linear, x) = layer();
    let mut optimizer = ModuleOptimizer::from(AdamW::default());
    let stepped = optimizer.step(1e-2, linear.clone(), grads(&linear, &x));
    let bytes = optimizer.into_bytes().unwrap();

    let mut resumed = ModuleOptimizer::from(AdamW::default())
        .from_bytes(bytes)
        .unwrap();
    let mut continued = optimizer.clone();
    let a = continued.step(1e-2, stepped.clone(), grads(&stepped, &x));
    let b = resumed.step(1e-2, stepped.clone(), grads(&stepped, &x));
    assert_eq!(a.weight.val().into_data(), b.weight.val().into_data());
    let fresh =
        ModuleOptimizer::from(AdamW::default()).step(1e-2, stepped.clone(), grads(&stepped, &x));
    assert_ne!(
        a.weight.val().into_data(),
        fresh.weight.val().into_data(),
        "the state made no difference"
    );
}

#[test]
fn identities_come_from_paths() {
    let (a, _) = layer();
    let (b, _) = layer();
    assert_eq!(a.weight.id, b.weight.id);
    assert_ne!(a.weight.id, a.bias.unwrap().id);
}

/// Burn's optimizer is the definition; a weight that somebody else holds is not changed under them.
#[test]
fn one_pass_is_what_burns_optimizer_does() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let config = LinearConfig::new(300, 70);
        let start = params::with_stable_ids(config.init(&mut Init::new(3, &device)));
        let before = start.weight.val().into_data();
        let own = AdamW {
            betas: [0.8, 0.95],
            epsilon: 1e-7,
            weight_decay: 0.1,
        };
        let burns = AdamWConfig::new()
            .with_beta_1(0.8)
            .with_beta_2(0.95)
            .with_epsilon(1e-7)
            .with_weight_decay(0.1)
            .init();
        let run = |mut optimizer: ModuleOptimizer| {
            let mut linear = start.clone();
            for step in 0..4 {
                let x = Tensor::<2>::ones([9, 300], &device).mul_scalar(0.1 + step as f32);
                let grads = grads(&linear, &x);
                linear = optimizer.step(1e-2, linear, grads);
            }
            linear.weight.val().into_data().try_to_vec::<f32>().unwrap()
        };
        let (ours, theirs) = (run(own.into()), run(burns));
        for (a, b) in ours.iter().zip(&theirs) {
            assert!(
                (a - b).abs() <= 1e-6 * b.abs().max(0.1),
                "{backend}: {a} is not {b}"
            );
        }
        assert_eq!(before, start.weight.val().into_data());
    }
}
