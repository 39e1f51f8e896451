//! The names of MoleculeSTM's published weights.

/// Turns the path of a parameter of [`super::Gin`] into its name in `molecule_model.pth`.
///
/// | here | there |
/// |---|---|
/// | `stack.atoms.C.weight` | `molecule_node_model.atom_encoder.atom_embedding_list.C.weight` |
/// | `stack.layers.L.bonds.columns.C.weight` | `molecule_node_model.gnns.L.bond_encoder.bond_embedding_list.C.weight` |
/// | `stack.layers.L.eps` | `molecule_node_model.gnns.L.eps` |
/// | `stack.layers.L.{expand, inner_norm, contract}.*` | `molecule_node_model.gnns.L.mlp.{0, 1, 3}.*` |
/// | `stack.layers.L.linear.*` | `molecule_node_model.gnns.L.linear.*` |
/// | `stack.layers.L.root` | `molecule_node_model.gnns.L.root_emb.weight` |
/// | `stack.layers.L.norm.*` | `molecule_node_model.batch_norms.L.*` |
pub fn published_name(path: &str) -> String {
    const ROOT: &str = "molecule_node_model";
    let path = path.strip_prefix("stack.").unwrap_or(path);
    if let Some(rest) = path.strip_prefix("atoms.") {
        return format!("{ROOT}.atom_encoder.atom_embedding_list.{rest}");
    }
    let mut parts = path.splitn(3, '.');
    let (_, layer, rest) = (
        parts.next(),
        parts.next().unwrap_or(""),
        parts.next().unwrap_or(""),
    );
    let (module, field) = rest.split_once('.').unwrap_or((rest, ""));
    match module {
        "eps" => format!("{ROOT}.gnns.{layer}.eps"),
        "linear" => format!("{ROOT}.gnns.{layer}.linear.{field}"),
        "root" => format!("{ROOT}.gnns.{layer}.root_emb.weight"),
        "bonds" => {
            let column = field.strip_prefix("columns.").unwrap_or(field);
            format!("{ROOT}.gnns.{layer}.bond_encoder.bond_embedding_list.{column}")
        }
        "expand" => format!("{ROOT}.gnns.{layer}.mlp.0.{field}"),
        "inner_norm" => format!("{ROOT}.gnns.{layer}.mlp.1.{field}"),
        "contract" => format!("{ROOT}.gnns.{layer}.mlp.3.{field}"),
        _ => format!("{ROOT}.batch_norms.{layer}.{field}"),
    }
}
