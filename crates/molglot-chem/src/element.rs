//! The periodic table as SMILES needs it: symbols by atomic number.

pub(crate) const WILDCARD: u8 = 0;
pub(crate) const HYDROGEN: u8 = 1;
pub(crate) const BORON: u8 = 5;
pub(crate) const CARBON: u8 = 6;
pub(crate) const NITROGEN: u8 = 7;
pub(crate) const OXYGEN: u8 = 8;
pub(crate) const FLUORINE: u8 = 9;
pub(crate) const SILICON: u8 = 14;
pub(crate) const PHOSPHORUS: u8 = 15;
pub(crate) const SULFUR: u8 = 16;
pub(crate) const CHLORINE: u8 = 17;
pub(crate) const ARSENIC: u8 = 33;
pub(crate) const SELENIUM: u8 = 34;
pub(crate) const BROMINE: u8 = 35;
pub(crate) const IODINE: u8 = 53;

/// Element symbols; the index is the atomic number and 0 is the wildcard `*`.
pub const SYMBOLS: [&str; 119] = [
    "*", "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S",
    "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge",
    "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd",
    "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd",
    "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg",
    "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm",
    "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn",
    "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
];

/// The symbol of an element; `"*"` for 0 and for numbers beyond 118.
pub fn symbol(atomic_number: u8) -> &'static str {
    SYMBOLS
        .get(usize::from(atomic_number))
        .copied()
        .unwrap_or("*")
}

/// The atomic number behind a symbol in its usual spelling (`Cl`, not `CL`), if there is one.
pub fn atomic_number(symbol: &str) -> Option<u8> {
    SYMBOLS
        .iter()
        .skip(1)
        .position(|&known| known == symbol)
        .and_then(|at| u8::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_numbers_agree() {
        for (number, name) in [(1, "H"), (6, "C"), (17, "Cl"), (79, "Au"), (118, "Og")] {
            assert_eq!(symbol(number), name);
            assert_eq!(atomic_number(name), Some(number));
        }
        assert_eq!(atomic_number("Xx"), None);
        assert_eq!(atomic_number("*"), None);
        assert_eq!(symbol(200), "*");
    }
}
