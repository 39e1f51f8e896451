//! A part of a model whose inner values are computed again in the backward pass instead of being kept (Chen et al., 2016,
//! arXiv 1604.06174).
//!
//! Burn can compute cheap elementwise operations again, but keeps the output of every multiplication. Here the whole part
//! runs without a graph; its backward pass runs it once more with one, on the same values, and passes the gradients on.
//! Memory is then one input a part, and the graph of one part at a time.

use std::{fmt, sync::Arc};

use burn::{
    backend::{
        Autodiff, Backend, DispatchKindConversion, DispatchTensor,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        tensor::FloatTensor,
    },
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::Tensor,
};

/// The part as a function of its input and of its trained parameters, laid end to end.
#[derive(Clone)]
struct Part(Arc<dyn Fn(Tensor<3>, Tensor<1>) -> Tensor<3> + Send + Sync>);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

/// `forward(module, x)`, with the gradients of `x` and of the parameters of `module` that train, keeping nothing but `x`.
///
/// `forward` must be a pure function: it is called twice. Without autodiff it is called once.
///
/// # Shapes
///
/// - `x` and output: `[B, T, E]`
pub fn recompute<M, F>(module: &M, x: Tensor<3>, forward: F) -> Tensor<3>
where
    M: Module + Sync + 'static,
    F: Fn(&M, Tensor<3>) -> Tensor<3> + Send + Sync + 'static,
{
    if !x.is_autodiff() {
        return forward(module, x);
    }
    let trained = trained(module);
    let plain = module.clone().map(&mut Untracked);
    let shapes: Vec<usize> = trained.iter().map(|flat| flat.dims()[0]).collect();
    let packed = if trained.is_empty() {
        Tensor::zeros([1], &x.device())
    } else {
        Tensor::cat(trained, 0)
    };
    let flags = flags(module);
    let part = Part(Arc::new(move |x, packed| {
        let mut filler = Filler {
            flags: flags.iter(),
            sizes: shapes.iter(),
            start: 0,
            packed,
        };
        forward(&plain.clone().map(&mut filler), x)
    }));
    on_backend(x, packed, part)
}

/// Runs the part on whichever backend `x` is of.
fn on_backend(x: Tensor<3>, packed: Tensor<1>, part: Part) -> Tensor<3> {
    macro_rules! attempt {
        ($backend:ty) => {
            if let (Ok(x), Ok(packed)) = (
                x.clone().try_into_primitive::<Autodiff<$backend>>(),
                packed.clone().try_into_primitive::<Autodiff<$backend>>(),
            ) {
                let out = tracked::<$backend>(x, packed, part);
                return Tensor::from_primitive::<Autodiff<$backend>>(out);
            }
        };
    }
    #[cfg(feature = "flex")]
    attempt!(burn::backend::Flex);
    #[cfg(feature = "ndarray")]
    attempt!(burn::backend::NdArray);
    #[cfg(feature = "cuda")]
    attempt!(burn::backend::Cube);
    part.0(x, packed)
}

fn tracked<B: Backend>(
    x: FloatTensor<Autodiff<B>>,
    packed: FloatTensor<Autodiff<B>>,
    part: Part,
) -> FloatTensor<Autodiff<B>>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    #[derive(Debug)]
    struct Recompute;
    impl<B: Backend> Backward<B, 2> for Recompute
    where
        DispatchTensor: DispatchKindConversion<B>,
    {
        type State = (FloatTensor<B>, FloatTensor<B>, Part);
        fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
            let [x_node, packed_node] = ops.parents;
            let grad = Tensor::<3>::from_primitive::<B>(grads.consume::<B>(&ops.node));
            let (x, packed, part) = ops.state;
            let x = Tensor::<3>::from_primitive::<B>(x)
                .autodiff()
                .require_grad();
            let packed = Tensor::<1>::from_primitive::<B>(packed)
                .autodiff()
                .require_grad();
            let out = part.0(x.clone(), packed.clone());
            // The gradient of this sum by `out` is `grad`.
            let inner = (out * grad.autodiff()).sum().backward();
            if let (Some(node), Some(grad)) = (x_node, x.grad(&inner)) {
                grads.register::<B>(node.id, primitive(grad));
            }
            if let (Some(node), Some(grad)) = (packed_node, packed.grad(&inner)) {
                grads.register::<B>(node.id, primitive(grad));
            }
        }
    }
    let run = |x: FloatTensor<B>, packed: FloatTensor<B>, part: &Part| {
        let x = Tensor::<3>::from_primitive::<B>(x).autodiff();
        let packed = Tensor::<1>::from_primitive::<B>(packed).autodiff();
        primitive(part.0(x, packed).inner())
    };
    match Recompute
        .prepare::<NoCheckpointing>([x.node(), packed.node()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prep) => {
            let (x, packed) = (x.into_primitive(), packed.into_primitive());
            let out = run(x.clone(), packed.clone(), &part);
            prep.finish((x, packed, part), out)
        }
        OpsKind::UnTracked(prep) => {
            prep.finish(run(x.into_primitive(), packed.into_primitive(), &part))
        }
    }
}

/// The tensor of the backend that it is known to be of.
fn primitive<B: Backend, const D: usize>(x: Tensor<D>) -> FloatTensor<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    match x.try_into_primitive::<B>() {
        Ok(primitive) => primitive,
        Err(error) => unreachable!("a part left its backend: {error:?}"),
    }
}

/// The parameters that train, each flat, in the order of the module.
fn trained<M: Module>(module: &M) -> Vec<Tensor<1>> {
    struct Collector(Vec<Tensor<1>>);
    impl ModuleVisitor for Collector {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            if value.is_require_grad() {
                let count: usize = value.dims().iter().product();
                self.0.push(value.reshape([count]));
            }
        }
    }
    let mut collector = Collector(Vec::new());
    module.visit(&mut collector);
    collector.0
}

/// Which parameters train, in the order of the module.
fn flags<M: Module>(module: &M) -> Vec<bool> {
    struct Flags(Vec<bool>);
    impl ModuleVisitor for Flags {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(param.val().is_require_grad());
        }
    }
    let mut found = Flags(Vec::new());
    module.visit(&mut found);
    found.0
}

/// Takes every parameter out of the graph, on the same side of autodiff: flags such as that of dropout stay as they are.
struct Untracked;

impl ModuleMapper for Untracked {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val().inner().autodiff();
        Param::initialized(param.id, value)
    }
}

/// Puts the packed parameters back into their places.
struct Filler<'a> {
    flags: std::slice::Iter<'a, bool>,
    sizes: std::slice::Iter<'a, usize>,
    start: usize,
    packed: Tensor<1>,
}

impl ModuleMapper for Filler<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.flags.next() != Some(&true) {
            return param;
        }
        let Some(&size) = self.sizes.next() else {
            return param;
        };
        let end = self.start + size;
        let flat = self.packed.clone().slice_dim(0, self.start..end);
        self.start = end;
        Param::initialized(param.id, flat.reshape(param.val().dims()))
    }
}
