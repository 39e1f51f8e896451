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
];
