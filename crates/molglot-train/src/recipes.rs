//! The recipes inside the binary.

/// Name and text of each, the default one first.
pub const BUILTIN: &[(&str, &str)] = &[
    (
        "quickstart",
        include_str!("../../../recipes/quickstart.toml"),
    ),
    (
        "m3llm-mini",
        include_str!("../../../recipes/m3llm-mini.toml"),
    ),
    (
        "pretrain-m3llm",
        include_str!("../../../recipes/pretrain-m3llm.toml"),
    ),
    (
        "pretrain-gearnet",
        include_str!("../../../recipes/pretrain-gearnet.toml"),
    ),
    (
        "pretrain-unimol",
        include_str!("../../../recipes/pretrain-unimol.toml"),
    ),
];
