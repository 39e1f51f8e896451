//! One line per model: the macro that turns a list into a config enum, a module enum and the trait on it.

/// Declares a family of models that a recipe can choose from.
///
/// ```ignore
/// molglot_core::registry! {
///     /// Every encoder.
///     EncoderConfig => AnyEncoder: Encoder;
///     init();
///     { Gin(GinConfig => Gin), Hierarchical(HierarchicalConfig => Hierarchical) }
///     fn width(&self) -> usize;
///     fn encode(&self, graph: &GraphBatch) -> Features;
/// }
/// ```
///
/// makes `EncoderConfig`, an enum that a recipe writes as `kind = "gin"` with the fields of `GinConfig` beside it;
/// `AnyEncoder`, a module that is one of the models; and `Encoder` for it, forwarding each method. Every settings type
/// has `Default` and `init(&self, <the arguments named after init>, &mut Init)`.
#[macro_export]
macro_rules! registry {
    (
        $(#[$doc:meta])*
        $config:ident => $any:ident: $role:ident;
        init($($extra:ident: $extra_type:ty),*);
        $members:tt
        $($(#[$method_doc:meta])* fn $method:ident(&self $(, $arg:ident: $arg_type:ty)*) -> $out:ty;)+
    ) => {
        $crate::registry!(@types [$(#[$doc])*] $config $any ($($extra: $extra_type),*) $members);

        impl $role for $any {
            $(fn $method(&self $(, $arg: $arg_type)*) -> $out {
                $crate::registry!(@forward self $any $role $method ($($arg),*) $members)
            })+
        }
    };
    (@types [$($doc:tt)*] $config:ident $any:ident ($($extra:ident: $extra_type:ty),*)
        { $($name:ident($settings:ident => $model:ident)),+ $(,)? }
    ) => {
        $($doc)*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum $config {
            $(#[doc = concat!("See [`", stringify!($settings), "`].")] $name($settings),)+
        }

        impl $config {
            /// The default settings of every member, in order.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$name($settings::default())),+]
            }

            /// The name that a recipe uses.
            pub fn kind(&self) -> String {
                match self {
                    $(Self::$name(_) => $crate::snake_case(stringify!($name)),)+
                }
            }

            $crate::registry!(@init $any ($($extra: $extra_type),*) ($($extra),*) { $($name)+ });
        }

        $($doc)*
        #[derive(molglot_tensor::burn::module::Module, Debug)]
        pub enum $any {
            $(#[doc = concat!("See [`", stringify!($model), "`].")] $name($model),)+
        }
    };
    (@init $any:ident ($($extra:ident: $extra_type:ty),*) $args:tt { $($name:ident)+ }) => {
        /// Draws the model's parameters.
        pub fn init(&self, $($extra: $extra_type,)* init: &mut molglot_tensor::Init) -> $any {
            match self {
                $(Self::$name(settings) => $any::$name($crate::registry!(@call settings init $args)),)+
            }
        }
    };
    (@call $settings:ident $init:ident ($($extra:ident),*)) => { $settings.init($($extra,)* $init) };
    (@forward $self:ident $any:ident $role:ident $method:ident $args:tt
        { $($name:ident($settings:ident => $model:ident)),+ $(,)? }
    ) => {
        match $self {
            $($any::$name(model) => $crate::registry!(@method model $role $method $args),)+
        }
    };
    (@method $model:ident $role:ident $method:ident ($($arg:ident),*)) => { $role::$method($model $(, $arg)*) };
}

/// `HScale` to `h_scale`.
#[doc(hidden)]
pub fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for (i, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}
