//! Walking the parameters of a module by path: stable identities, counts, names.

use burn::{
    module::{Flag, Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{Gradients, Tensor},
};

/// The dotted path of the parameter being visited, kept by `enter` and `exit`.
#[derive(Debug, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// Goes one level down.
    pub fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    /// Goes one level up.
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// `a.b.c`, without the names of enum variants, so that wrapping a model in a registry enum does not rename it.
    pub fn dotted(&self) -> String {
        let parts: Vec<&str> = self
            .0
            .iter()
            .map(String::as_str)
            .filter(|part| !part.starts_with(char::is_uppercase))
            .collect();
        parts.join(".")
    }
}

/// Gives every parameter the identity of its path.
///
/// Optimizer state is keyed by parameter identity. Identities drawn at random would tie a checkpoint to the process
/// that wrote it; identities derived from the path let any process resume it.
pub fn with_stable_ids<M: Module>(module: M) -> M {
    struct Stable(Path);
    impl ModuleMapper for Stable {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.exit();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (_, value, mapper) = param.consume();
            Param::from_mapped_value(ParamId::from(fnv1a(&self.0.dotted())), value, mapper)
        }
    }
    module.map(&mut Stable(Path::default()))
}

/// 64-bit FNV-1a hash.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// One parameter as [`list`] reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamInfo {
    /// Dotted path.
    pub path: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Whether a gradient reaches it, that is, whether training changes it.
    pub trainable: bool,
}

impl ParamInfo {
    /// Number of values.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Every float parameter and buffer of `module` in declaration order.
pub fn list<M: Module>(module: &M) -> Vec<ParamInfo> {
    struct Lister {
        path: Path,
        found: Vec<ParamInfo>,
    }
    impl ModuleVisitor for Lister {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            self.found.push(ParamInfo {
                path: self.path.dotted(),
                shape: value.dims().to_vec(),
                trainable: value.is_require_grad(),
            });
        }
    }
    let mut lister = Lister {
        path: Path::default(),
        found: Vec::new(),
    };
    module.visit(&mut lister);
    lister.found
}

/// Lets exactly the parameters whose path `trains` accepts be trained; flags (batch statistics, dropout) of the others
/// are switched off with them.
pub fn set_trainable<M: Module>(module: M, trains: impl Fn(&str) -> bool) -> M {
    struct Plan<F>(Path, F);
    impl<F: Fn(&str) -> bool> ModuleMapper for Plan<F> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.exit();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let trains = (self.1)(&self.0.dotted());
            param.set_require_grad(trains)
        }
        fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
            let trains = (self.1)(&self.0.dotted());
            flag.with_value(trains)
        }
    }
    module.map(&mut Plan(Path::default(), trains))
}

/// The gradient of every parameter that has one, by path, in declaration order.
pub fn gradients<M: Module>(module: &M, grads: &Gradients) -> Vec<(String, Vec<f32>)> {
    struct Collector<'a> {
        path: Path,
        grads: &'a Gradients,
        found: Vec<(String, Vec<f32>)>,
    }
    impl ModuleVisitor for Collector<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = param.val().grad(self.grads) {
                self.found
                    .push((self.path.dotted(), grad.into_data().iter::<f32>().collect()));
            }
        }
    }
    let mut collector = Collector {
        path: Path::default(),
        grads,
        found: Vec::new(),
    };
    module.visit(&mut collector);
    collector.found
}
