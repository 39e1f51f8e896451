//! Molecular formulas.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::element::symbol;
use crate::molecule::Molecule;

/// Carbon, hydrogen, then the rest by symbol. Hill (1900) sorts hydrogen with the rest where there
/// is no carbon; RDKit keeps it first (`H3BO3`), and so does this. The charge follows as a sign,
/// and its amount if it is not one.
pub(crate) fn hill(molecule: &Molecule) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for atom in molecule.atoms() {
        *counts.entry(symbol(atom.atomic_number)).or_default() += 1;
        if atom.total_hydrogens > 0 {
            *counts.entry("H").or_default() += usize::from(atom.total_hydrogens);
        }
    }
    let leading = ["C", "H"].map(|element| counts.remove(element).map(|count| (element, count)));
    let mut formula = String::new();
    for (element, count) in leading.into_iter().flatten().chain(counts) {
        formula.push_str(element);
        push_count(&mut formula, count);
    }
    let charge = molecule.net_charge();
    if charge != 0 {
        formula.push(if charge > 0 { '+' } else { '-' });
        push_count(&mut formula, charge.unsigned_abs() as usize);
    }
    formula
}

fn push_count(formula: &mut String, count: usize) {
    if count > 1 {
        // Writing to a String cannot fail.
        let _ = write!(formula, "{count}");
    }
}

#[cfg(test)]
mod tests {
    use crate::Molecule;

    #[test]
    fn follows_hill_order_and_marks_charges() {
        for (smiles, formula) in [
            ("CC(=O)Oc1ccccc1C(=O)O", "C9H8O4"),
            ("O", "H2O"),
            ("[NH4+]", "H4N+"),
            ("[O-]S(=O)(=O)[O-]", "O4S-2"),
            ("[Na+].[Cl-]", "ClNa"),
            ("C(Br)(Cl)(F)I", "CBrClFI"),
            ("[2H]C", "CH4"),
            ("*C", "CH3*"),
            ("OB(O)O", "H3BO3"),
            ("Cl", "HCl"),
        ] {
            assert_eq!(
                Molecule::from_smiles(smiles).unwrap().formula(),
                formula,
                "{smiles}"
            );
        }
    }
}
