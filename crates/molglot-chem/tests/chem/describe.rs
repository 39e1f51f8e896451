//! Captions of known molecules, word for word.

use molglot_chem::describe::describe;

use crate::support::molecule;

#[track_caller]
fn reads(smiles: &str, expected: &str) {
    assert_eq!(describe(&molecule(smiles)), expected, "{smiles}");
}

#[test]
fn aspirin() {
    reads(
        "CC(=O)Oc1ccccc1C(=O)O",
        "The molecule is a benzoic acid derivative with formula C9H8O4. \
         It contains a carboxylic acid and an ester. \
         It has one ring: an aromatic six-membered carbon ring (benzene). \
         It has 1 hydrogen-bond donor, 4 acceptors and 3 rotatable bonds.",
    );
}

#[test]
fn caffeine() {
    reads(
        "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
        "The molecule is a purinedione derivative with formula C8H10N4O2. \
         It contains two oxo groups on an aromatic ring. \
         It has two rings: an aromatic fused system of two rings (purinedione). \
         It has 0 hydrogen-bond donors, 6 acceptors and 0 rotatable bonds.",
    );
}

#[test]
fn alanine() {
    reads(
        "C[C@H](N)C(=O)O",
        "The molecule is an alpha-amino acid with formula C3H7NO2. \
         It contains a carboxylic acid and a primary amine. \
         It has no rings. \
         It has a defined stereo centre. \
         It has 3 hydrogen-bond donors, 3 acceptors and 1 rotatable bond.",
    );
}

#[test]
fn glucose() {
    reads(
        "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O",
        "The molecule is a hemiacetal with formula C6H12O6. \
         It contains a hemiacetal and four hydroxyl groups. \
         It has one ring: a saturated six-membered ring with one oxygen (oxane). \
         It has four defined stereo centres. \
         It has 5 hydrogen-bond donors, 6 acceptors and 1 rotatable bond.",
    );
}

#[test]
fn estradiol() {
    reads(
        "C[C@]12CC[C@H]3[C@H]([C@@H]1CC[C@@H]2O)CCC4=C3C=CC(=C4)O",
        "The molecule is a steroid with formula C18H24O2. \
         It contains a hydroxyl group and a phenol. \
         It has four rings: a partly aromatic fused system of four rings (steroid). \
         It has five defined stereo centres. \
         It has 2 hydrogen-bond donors, 2 acceptors and 0 rotatable bonds.",
    );
}

#[test]
fn sodium_acetate() {
    reads(
        "[Na+].CC(=O)[O-]",
        "The molecule is a salt with formula C2H3NaO2. \
         It consists of two separate fragments. \
         It contains a carboxylate. \
         It has no rings. \
         It has 0 hydrogen-bond donors, 2 acceptors and 0 rotatable bonds.",
    );
}

#[test]
fn penicillin_g() {
    reads(
        "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O",
        "The molecule is a carboxylic acid with formula C16H18N2O4S. \
         It contains a carboxylic acid, an amide, a lactam and a thioether. \
         It has three rings: an aromatic six-membered carbon ring (benzene) and a saturated fused system of two rings (penam). \
         It has three defined stereo centres. \
         It has 2 hydrogen-bond donors, 6 acceptors and 5 rotatable bonds.",
    );
}

#[test]
fn linoleic_acid() {
    reads(
        r"CCCCC/C=C\C/C=C\CCCCCCCC(=O)O",
        "The molecule is a carboxylic acid with formula C18H32O2. \
         It contains a carboxylic acid and two carbon-carbon double bonds. \
         It has no rings. \
         It has two Z double bonds. \
         It has 1 hydrogen-bond donor, 2 acceptors and 14 rotatable bonds.",
    );
}

#[test]
fn choline() {
    reads(
        "C[N+](C)(C)CCO",
        "The molecule is an alcohol with formula C5H14NO+. \
         It has a net charge of +1. \
         It contains a hydroxyl group and a quaternary ammonium group. \
         It has no rings. \
         It has 1 hydrogen-bond donor, 2 acceptors and 2 rotatable bonds.",
    );
}

#[test]
fn benzenesulfonamide() {
    reads(
        "NS(=O)(=O)c1ccccc1",
        "The molecule is a sulfonamide with formula C6H7NO2S. \
         It contains a sulfonamide. \
         It has one ring: an aromatic six-membered carbon ring (benzene). \
         It has 2 hydrogen-bond donors, 3 acceptors and 1 rotatable bond.",
    );
}

#[test]
fn naphthalene() {
    reads(
        "c1ccc2ccccc2c1",
        "The molecule is an aromatic hydrocarbon with formula C10H8. \
         It has two rings: an aromatic fused system of two rings (naphthalene). \
         It has 0 hydrogen-bond donors, 0 acceptors and 0 rotatable bonds.",
    );
}

#[test]
fn water() {
    reads(
        "O",
        "The molecule is an inorganic compound with formula H2O. \
         It has no rings. \
         It has 2 hydrogen-bond donors, 1 acceptor and 0 rotatable bonds.",
    );
}

#[test]
fn ethyl_radical() {
    reads(
        "C[CH2]",
        "The molecule is an organic radical with formula C2H5. \
         It has an unpaired electron. \
         It has no rings. \
         It has 0 hydrogen-bond donors, 0 acceptors and 0 rotatable bonds.",
    );
}

#[test]
fn ciprofloxacin() {
    reads(
        "C1CC1N2C=C(C(=O)C3=CC(=C(C=C32)N4CCNCC4)F)C(=O)O",
        "The molecule is a carboxylic acid with formula C17H18FN3O3. \
         It contains a carboxylic acid, an oxo group on an aromatic ring, a secondary amine, a tertiary amine and a fluoro group. \
         It has four rings: an aromatic fused system of two rings (4-quinolone), a saturated six-membered ring with two nitrogen atoms (piperazine) and a saturated three-membered carbon ring (cyclopropane). \
         It has 2 hydrogen-bond donors, 6 acceptors and 3 rotatable bonds.",
    );
}

#[test]
fn heavy_methanol() {
    reads(
        "[2H]OC",
        "The molecule is an alcohol with formula CH4O. \
         It is isotopically labelled. \
         It contains a hydroxyl group. \
         It has no rings. \
         It has 1 hydrogen-bond donor, 1 acceptor and 0 rotatable bonds.",
    );
}
