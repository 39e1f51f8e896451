//! The names of weights in the files of the reference.

/// The beginning of a path and the Keras layer that it is, the more special first.
const LAYERS: &str = include_str!("names.tsv");

/// Turns the path of a parameter of [`super::SiteModel`] or [`super::Scannet`] into its place in the HDF5 files of the
/// reference, `/{layer}/{layer}/{name}:0` without the first stroke.
///
/// `names.tsv` beside this file has the layers, for the script that converts those files too (`fixtures/encoder/scannet`).
/// Fields keep their names but those of batch norms (`bias` is `beta`, `running_mean` is `moving_mean`, `running_var` is
/// `moving_variance`) and the table of atoms (`weight` is `embeddings`).
pub fn published_name(path: &str) -> String {
    let path = path.strip_prefix("encoder.").unwrap_or(path);
    let layers = LAYERS.lines().filter_map(|line| line.split_once('\t'));
    for (start, layer) in layers {
        if let Some(field) = path.strip_prefix(start) {
            let field = match field {
                "running_mean" => "moving_mean",
                "running_var" => "moving_variance",
                "bias" if layer.ends_with("_normalization") => "beta",
                "weight" => "embeddings",
                other => other,
            };
            return format!("{layer}/{layer}/{field}:0");
        }
    }
    path.to_owned()
}

/// Whether a tensor of published files belongs to the head for binding sites.
pub(crate) fn is_head(name: &str) -> bool {
    let layers = LAYERS.lines().filter_map(|line| line.split_once('\t'));
    let mut heads = layers.filter(|(start, _)| start.starts_with("head."));
    name.split_once('/')
        .is_some_and(|(layer, _)| heads.any(|(_, head)| head == layer))
}
