//! Captions written from what is computed, as machine-made instruction data needs them.
//!
//! A caption says what can be read off the structure and nothing else: class, formula, functional
//! groups, rings, stereo, counts. The wording is deterministic and does not depend on how the
//! SMILES string is spelled.

mod headline;
mod words;

use crate::descriptors::{nhoh_count, no_count, rotatable_bonds_with_amides};
use crate::element::symbol;
use crate::groups::functional_groups;
use crate::molecule::{BondStereo, Chirality, Molecule};
use crate::rings::{RingSystem, ring_systems};
use words::{counted, joined, number, with_article};

/// Several sentences in plain English that describe the molecule.
///
/// ```
/// let ethanol = molglot_chem::Molecule::from_smiles("CCO")?;
/// assert_eq!(
///     molglot_chem::describe::describe(&ethanol),
///     "The molecule is an alcohol with formula C2H6O. It contains a hydroxyl group. It has no \
///      rings. It has 1 hydrogen-bond donor, 1 acceptor and 0 rotatable bonds."
/// );
/// # Ok::<(), molglot_chem::SmilesError>(())
/// ```
pub fn describe(molecule: &Molecule) -> String {
    let groups = functional_groups(molecule);
    let systems = ring_systems(molecule);
    let class = headline::class(molecule, &groups, &systems);
    let mut sentences = vec![format!(
        "The molecule is {} with formula {}.",
        with_article(&class),
        molecule.formula()
    )];
    sentences.extend(composition(molecule));
    if !groups.is_empty() {
        let items = groups
            .iter()
            .map(|&(group, count)| counted(count, group.name()));
        sentences.push(format!("It contains {}.", joined(items)));
    }
    sentences.push(rings(molecule, &systems));
    sentences.extend(stereo(molecule));
    let (donors, acceptors, rotatable) = (
        nhoh_count(molecule),
        no_count(molecule),
        rotatable_bonds_with_amides(molecule),
    );
    sentences.push(format!(
        "It has {donors} hydrogen-bond donor{}, {acceptors} acceptor{} and {rotatable} rotatable bond{}.",
        plural(donors),
        plural(acceptors),
        plural(rotatable)
    ));
    sentences.join(" ")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Fragments, net charge, unpaired electrons and isotopes, where there is something to say.
fn composition(molecule: &Molecule) -> Vec<String> {
    let mut sentences = Vec::new();
    if molecule.fragment_count() > 1 {
        let count = molecule.fragment_count();
        sentences.push(format!(
            "It consists of {} separate fragments.",
            number(count)
        ));
    }
    let charge = molecule.net_charge();
    if charge != 0 {
        sentences.push(format!("It has a net charge of {charge:+}."));
    }
    let unpaired = molecule
        .atoms()
        .iter()
        .map(|atom| usize::from(atom.radical_electrons))
        .sum();
    if unpaired > 0 {
        sentences.push(format!(
            "It has {}.",
            counted(unpaired, "unpaired electron")
        ));
    }
    if molecule.atoms().iter().any(|atom| atom.isotope.is_some()) {
        sentences.push("It is isotopically labelled.".to_owned());
    }
    sentences
}

fn rings(molecule: &Molecule, systems: &[RingSystem]) -> String {
    let total: usize = systems.iter().map(|system| system.ring_count).sum();
    if total == 0 {
        return "It has no rings.".to_owned();
    }
    // Equal systems are named once; the order is by phrase, so that it follows no spelling.
    let mut kinds = std::collections::BTreeMap::new();
    for system in systems {
        *kinds.entry(ring_phrase(molecule, system)).or_insert(0) += 1;
    }
    let items = kinds.into_iter().map(|((noun, name), count)| {
        let name = name.map_or(String::new(), |name| format!(" ({name})"));
        format!("{}{name}", counted(count, &noun))
    });
    format!("It has {}: {}.", counted_rings(total), joined(items))
}

/// "one ring", not "a ring": the kinds follow behind a colon.
fn counted_rings(count: usize) -> String {
    format!("{} ring{}", number(count), plural(count))
}

/// The noun phrase for a ring system without its article, and its name.
fn ring_phrase(molecule: &Molecule, system: &RingSystem) -> (String, Option<&'static str>) {
    let nature = if system.is_aromatic() {
        "aromatic"
    } else if system.aromatic_bonds > 0 {
        "partly aromatic"
    } else if system.saturated {
        "saturated"
    } else {
        "unsaturated"
    };
    let hetero: Vec<_> = system
        .hetero_atoms(molecule)
        .into_iter()
        .map(|(element, count)| words::hetero_atom(count, element, symbol(element)))
        .collect();
    let noun = match (system.ring_count, hetero.as_slice()) {
        (1, []) => format!(
            "{nature} {}-membered carbon ring",
            number(system.atoms.len())
        ),
        (1, hetero) => format!(
            "{nature} {}-membered ring with {}",
            number(system.atoms.len()),
            joined(hetero.iter().cloned())
        ),
        (count, _) => {
            let kind = if system.bridged { "bridged" } else { "fused" };
            format!("{nature} {kind} system of {} rings", number(count))
        }
    };
    (noun, system.name)
}

/// Stereo centres and double bonds whose geometry is given.
fn stereo(molecule: &Molecule) -> Option<String> {
    let centers = molecule
        .atoms()
        .iter()
        .filter(|atom| atom.chirality != Chirality::Unspecified)
        .count();
    let bonds = |stereo| {
        molecule
            .bonds()
            .iter()
            .filter(|bond| bond.stereo == stereo)
            .count()
    };
    let items: Vec<_> = [
        (centers, "defined stereo centre"),
        (bonds(BondStereo::E), "E double bond"),
        (bonds(BondStereo::Z), "Z double bond"),
    ]
    .into_iter()
    .filter(|&(count, _)| count > 0)
    .map(|(count, noun)| counted(count, noun))
    .collect();
    (!items.is_empty()).then(|| format!("It has {}.", joined(items.into_iter())))
}
