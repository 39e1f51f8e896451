//! The names of weights in gvp-pytorch.

use super::Variant;

/// Turns the path of a parameter of [`super::Gvp`] or [`super::QualityModel`] into its name in the state dict of
/// gvp-pytorch's `CPDModel` (design) or `MQAModel` (quality). The `dummy_param` of those files hold nothing.
///
/// | here | there, design | there, quality |
/// |---|---|---|
/// | `sequence.weight` | `W_s.weight` | `W_s.weight` |
/// | `nodes.perceptron.*`, `nodes.norm.*` | `W_v.0.*`, `W_v.1.scalar_norm.*` | `W_v.1.*`, `W_v.0.scalar_norm.*` |
/// | `edges.*` | `W_e.*` | `W_e.*` |
/// | `layers.L.messages.K.*` | `encoder_layers.L.conv.message_func.K.*` | `layers.L.conv.message_func.K.*` |
/// | `layers.L.feed.K.*` | `encoder_layers.L.ff_func.K.*` | `layers.L.ff_func.K.*` |
/// | `layers.L.norms.K.*` | `encoder_layers.L.norm.K.scalar_norm.*` | `layers.L.norm.K.scalar_norm.*` |
/// | `out.perceptron.*`, `out.norm.*` | | `W_out.1.*`, `W_out.0.scalar_norm.*` |
/// | `expand.*`, `contract.*` | | `dense.0.*`, `dense.3.*` |
pub fn published_name(variant: Variant, path: &str) -> String {
    let path = path.strip_prefix("encoder.").unwrap_or(path);
    let (module, rest) = path.split_once('.').unwrap_or((path, ""));
    match module {
        "sequence" => format!("W_s.{rest}"),
        "nodes" => format!("W_v.{}", stem(variant, rest)),
        "edges" => format!("W_e.{}", stem(variant, rest)),
        "out" => format!("W_out.{}", stem(Variant::Quality, rest)),
        "layers" => {
            let (number, rest) = rest.split_once('.').unwrap_or((rest, ""));
            let layers = match variant {
                Variant::Design => "encoder_layers",
                Variant::Quality => "layers",
            };
            format!("{layers}.{number}.{}", layer_name(rest))
        }
        "expand" => format!("dense.0.{rest}"),
        "contract" => format!("dense.3.{rest}"),
        _ => path.to_owned(),
    }
}

/// Turns the path of a parameter of [`super::GvpLayer`] into its name in `GVPConvLayer`.
pub(super) fn layer_name(path: &str) -> String {
    let (module, rest) = path.split_once('.').unwrap_or((path, ""));
    match module {
        "messages" => format!("conv.message_func.{rest}"),
        "feed" => format!("ff_func.{rest}"),
        "norms" => {
            let (number, field) = rest.split_once('.').unwrap_or((rest, ""));
            format!("norm.{number}.scalar_norm.{field}")
        }
        _ => path.to_owned(),
    }
}

/// The perceptron comes before the norm in one variant and behind it in the other.
fn stem(variant: Variant, path: &str) -> String {
    let (module, field) = path.split_once('.').unwrap_or((path, ""));
    let perceptron_first = variant == Variant::Design;
    match module {
        "perceptron" => format!("{}.{field}", usize::from(!perceptron_first)),
        _ => format!("{}.scalar_norm.{field}", usize::from(perceptron_first)),
    }
}
