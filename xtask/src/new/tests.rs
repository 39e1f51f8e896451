//! Stamping into a copy of the crate.

use std::env;
use std::path::PathBuf;
use std::process;

use super::*;

/// A copy of what stamping reads, removed at the end.
struct Copy(PathBuf);

impl Copy {
    fn new(label: &str) -> Self {
        let root = env::temp_dir().join(format!("molglot-xtask-{}-{label}", process::id()));
        let from = workspace::root().join(CRATE);
        let to = root.join(CRATE);
        fs::create_dir_all(to.join("src/gin")).unwrap();
        for file in ["Cargo.toml", "src/lib.rs", "src/published.rs"] {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
        Self(root)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    fn is_formatted(&self, path: &str) -> bool {
        formatted(&self.text(path)).unwrap() == self.text(path)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_stamped_encoder_is_a_module_and_a_line_of_the_registry() {
    let copy = Copy::new("stamped");
    let before = copy.text("crates/molglot-encoder/src/lib.rs");
    let [module, lib] = stamp(&copy.0, "contact_net").unwrap();
    assert_eq!(module, "crates/molglot-encoder/src/contact_net/mod.rs");
    assert_eq!(lib, "crates/molglot-encoder/src/lib.rs");

    let stamped = copy.text(&module);
    for line in [
        "pub struct ContactNetConfig {",
        "pub struct ContactNet {",
        "impl Encoder for ContactNet {",
        "    /// # Shapes",
    ] {
        assert!(stamped.lines().any(|found| found == line), "{line}");
    }
    assert!(!stamped.contains(STAMPED));

    let after = copy.text(&lib);
    let added: Vec<&str> = after
        .lines()
        .filter(|line| !before.lines().any(|old| old == *line))
        .collect();
    assert_eq!(
        added,
        [
            "pub mod contact_net;",
            "use contact_net::{ContactNet, ContactNetConfig};",
            "        ContactNet(ContactNetConfig => ContactNet),",
        ]
    );
    assert_eq!(after.lines().count(), before.lines().count() + 3);
    // Behind all others: the order of the registry is that of `all()`.
    let members: Vec<&str> = after.lines().filter(|line| is_member(line)).collect();
    assert_eq!(members.last(), Some(&added[2]));
    assert!(copy.is_formatted(&module) && copy.is_formatted(&lib));
}

/// Names of another length break lines elsewhere.
#[test]
fn a_long_name_is_formatted_too() {
    let copy = Copy::new("long");
    let paths = stamp(
        &copy.0,
        "a_network_of_residues_in_contact_with_a_very_long_name",
    )
    .unwrap();
    assert!(paths.iter().all(|path| copy.is_formatted(path)));
}

#[test]
fn two_encoders_can_be_stamped_and_one_not_twice() {
    let copy = Copy::new("twice");
    stamp(&copy.0, "first_net").unwrap();
    stamp(&copy.0, "other_net").unwrap();
    let lib = copy.text("crates/molglot-encoder/src/lib.rs");
    let Err(Failure::Usage(reason)) = stamp(&copy.0, "first_net") else {
        panic!("it was stamped twice")
    };
    assert!(reason.contains("`first_net` is taken"), "{reason}");
    assert_eq!(copy.text("crates/molglot-encoder/src/lib.rs"), lib);
}

#[test]
fn a_taken_name_is_refused_and_nothing_is_written() {
    let copy = Copy::new("taken");
    let before = copy.text("crates/molglot-encoder/src/lib.rs");
    // A model, a file of the crate, an import, a type of the template, a package, a name that every file has.
    for name in [
        "gin",
        "published",
        "tensor",
        "linear",
        "serde",
        "option",
        "burn",
        "std",
    ] {
        let Err(Failure::Usage(reason)) = stamp(&copy.0, name) else {
            panic!("{name} was stamped")
        };
        assert!(
            reason.contains(&format!("such as `{name}_net`")),
            "{reason}"
        );
    }
    assert!(matches!(stamp(&copy.0, "My-Net"), Err(Failure::Usage(_))));
    assert_eq!(copy.text("crates/molglot-encoder/src/lib.rs"), before);
    assert!(!copy.0.join(CRATE).join("src/tensor").exists());
}

#[test]
fn a_crate_without_a_registry_says_so() {
    let copy = Copy::new("without");
    let lib = copy.0.join(CRATE).join("src/lib.rs");
    fs::write(&lib, "//! Nothing here.\n\npub mod gin;\n\nuse gin::Gin;\n").unwrap();
    let Err(Failure::Failed(reason)) = stamp(&copy.0, "contact_net") else {
        panic!("it was stamped")
    };
    assert!(reason.contains("registry!"), "{reason}");
    assert!(!copy.0.join(CRATE).join("src/contact_net").exists());
}
