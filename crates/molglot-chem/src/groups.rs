//! Functional groups by their chemical names.
//!
//! Hand-coded predicates on the graph. Larger groups claim their hetero atoms, so that the
//! hydroxyl of a carboxylic acid is not an alcohol too and the nitrogen of an amide is no amine.
//! Every phase looks only at claims of the phases before it and at the graph, never at the order
//! of atoms, so any spelling of a molecule has the same groups. Names follow the IUPAC Gold Book.

mod carbon;
mod hetero;
mod nitrogen;
mod oxygen;

use crate::molecule::Molecule;
use crate::site::Site;

macro_rules! groups {
    ($($variant:ident, $name:literal, $class:literal;)+) => {
        /// A functional group. The order is the seniority by which [`describe`](crate::describe)
        /// names a molecule after its first group.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Group {
            $(#[doc = $name] $variant,)+
        }

        impl Group {
            /// Every group, by seniority.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name of one group; an `s` behind it makes the plural.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What a molecule with this group is called.
            pub fn class(self) -> &'static str {
                match self { $(Self::$variant => $class,)+ }
            }
        }
    };
}

groups! {
    CarboxylicAcid, "carboxylic acid", "carboxylic acid";
    Carboxylate, "carboxylate", "carboxylate";
    SulfonicAcid, "sulfonic acid", "sulfonic acid";
    Sulfonate, "sulfonate", "sulfonate";
    SulfinicAcid, "sulfinic acid", "sulfinic acid";
    Phosphonate, "phosphonate", "phosphonate";
    Phosphinate, "phosphinate", "phosphinate";
    Phosphate, "phosphate", "phosphate";
    Phosphoramidate, "phosphoramidate", "phosphoramidate";
    Thiophosphate, "thiophosphate", "thiophosphate";
    Phosphite, "phosphite", "phosphite";
    Sulfate, "sulfate", "sulfate";
    Sulfamate, "sulfamate", "sulfamate";
    Nitrate, "nitrate", "nitrate";
    AcidAnhydride, "acid anhydride", "acid anhydride";
    AcylHalide, "acyl halide", "acyl halide";
    SulfonylHalide, "sulfonyl halide", "sulfonyl halide";
    Ester, "ester", "ester";
    Lactone, "lactone", "lactone";
    Thioester, "thioester", "thioester";
    SulfonateEster, "sulfonate ester", "sulfonate ester";
    Carbonate, "carbonate", "carbonate";
    Thiocarbonate, "thiocarbonate", "thiocarbonate";
    Carbamate, "carbamate", "carbamate";
    Thiocarbamate, "thiocarbamate", "thiocarbamate";
    Urea, "urea", "urea";
    Thiourea, "thiourea", "thiourea";
    Guanidine, "guanidine", "guanidine";
    HydroxamicAcid, "hydroxamic acid", "hydroxamic acid";
    Hydrazide, "hydrazide", "hydrazide";
    Imide, "imide", "imide";
    Amide, "amide", "amide";
    Lactam, "lactam", "lactam";
    Thioamide, "thioamide", "thioamide";
    Sulfonamide, "sulfonamide", "sulfonamide";
    Amidine, "amidine", "amidine";
    Imidate, "imidate", "imidate";
    Isothiourea, "isothiourea", "isothiourea";
    Isocyanate, "isocyanate", "isocyanate";
    Isothiocyanate, "isothiocyanate", "isothiocyanate";
    Carbodiimide, "carbodiimide", "carbodiimide";
    Nitrile, "nitrile", "nitrile";
    Thiocyanate, "thiocyanate", "thiocyanate";
    Isocyanide, "isocyanide", "isocyanide";
    Aldehyde, "aldehyde", "aldehyde";
    Ketone, "ketone", "ketone";
    Ketene, "ketene", "ketene";
    RingOxo, "oxo group on an aromatic ring", "cyclic oxo compound";
    Thiocarbonyl, "thiocarbonyl group", "thiocarbonyl compound";
    Oxime, "oxime", "oxime";
    Hydrazone, "hydrazone", "hydrazone";
    Imine, "imine", "imine";
    Iminium, "iminium group", "iminium compound";
    Hemiacetal, "hemiacetal", "hemiacetal";
    Acetal, "acetal", "acetal";
    Orthoester, "orthoester", "orthoester";
    Alcohol, "hydroxyl group", "alcohol";
    Phenol, "phenol", "phenol";
    Enol, "enol", "enol";
    Alkoxide, "alkoxide", "alkoxide";
    Phenolate, "phenolate", "phenolate";
    Thiol, "thiol", "thiol";
    Thiolate, "thiolate", "thiolate";
    Hydroperoxide, "hydroperoxide", "hydroperoxide";
    QuaternaryAmmonium, "quaternary ammonium group", "quaternary ammonium compound";
    Ammonium, "ammonium group", "ammonium compound";
    PrimaryAmine, "primary amine", "primary amine";
    SecondaryAmine, "secondary amine", "secondary amine";
    TertiaryAmine, "tertiary amine", "tertiary amine";
    Hydroxylamine, "hydroxylamine", "hydroxylamine";
    Hydrazine, "hydrazine", "hydrazine";
    Azo, "azo group", "azo compound";
    Azide, "azide", "azide";
    Diazo, "diazo group", "diazo compound";
    Diazonium, "diazonium group", "diazonium compound";
    Nitro, "nitro group", "nitro compound";
    Nitroso, "nitroso group", "nitroso compound";
    NOxide, "N-oxide", "N-oxide";
    AromaticCation, "aromatic nitrogen cation", "heteroaromatic cation";
    BoronicAcid, "boronic acid", "boronic acid";
    Boronate, "boronate", "boronate";
    Epoxide, "epoxide", "epoxide";
    Peroxide, "peroxide", "peroxide";
    SilylEther, "silyl ether", "silyl ether";
    Siloxane, "siloxane", "siloxane";
    Silanol, "silanol", "silanol";
    Ether, "ether", "ether";
    Sulfone, "sulfone", "sulfone";
    Sulfoxide, "sulfoxide", "sulfoxide";
    Sulfonium, "sulfonium group", "sulfonium compound";
    Disulfide, "disulfide", "disulfide";
    Thioether, "thioether", "thioether";
    PhosphineOxide, "phosphine oxide", "phosphine oxide";
    Phosphonium, "phosphonium group", "phosphonium compound";
    Phosphine, "phosphine", "phosphine";
    Trifluoromethyl, "trifluoromethyl group", "organofluorine compound";
    Fluoro, "fluoro group", "organofluorine compound";
    Chloro, "chloro group", "organochlorine compound";
    Bromo, "bromo group", "organobromine compound";
    Iodo, "iodo group", "organoiodine compound";
    Alkyne, "carbon-carbon triple bond", "alkyne";
    Alkene, "carbon-carbon double bond", "alkene";
}

/// The functional groups of a molecule with their counts, by seniority. Groups that do not occur
/// are left out.
pub fn functional_groups(molecule: &Molecule) -> Vec<(Group, usize)> {
    let mut survey = Survey::new(molecule);
    carbon::find(&mut survey);
    hetero::find(&mut survey);
    nitrogen::find(&mut survey);
    oxygen::find(&mut survey);
    carbon::find_substituents(&mut survey);
    survey.finish()
}

/// What has been found so far, and which atoms belong to it.
struct Survey<'a> {
    molecule: &'a Molecule,
    counts: Vec<usize>,
    claimed: Vec<bool>,
    /// Claims of the phase that is running; they bind only the next one.
    pending: Vec<usize>,
}

impl<'a> Survey<'a> {
    fn new(molecule: &'a Molecule) -> Self {
        Self {
            molecule,
            counts: vec![0; Group::ALL.len()],
            claimed: vec![false; molecule.atoms().len()],
            pending: Vec::new(),
        }
    }

    fn add(&mut self, group: Group) {
        self.counts[group as usize] += 1;
    }

    fn claim(&mut self, site: Site<'_>) {
        self.pending.push(site.index);
    }

    /// Makes the claims of the phase so far binding.
    fn settle(&mut self) {
        for index in self.pending.drain(..) {
            self.claimed[index] = true;
        }
    }

    fn is_free(&self, site: Site<'_>) -> bool {
        !self.claimed[site.index]
    }

    /// The atoms that no group has claimed.
    fn free_sites(&self) -> Vec<Site<'a>> {
        Site::all_of(self.molecule)
            .filter(|&site| self.is_free(site))
            .collect()
    }

    fn finish(self) -> Vec<(Group, usize)> {
        Group::ALL
            .iter()
            .copied()
            .zip(self.counts)
            .filter(|&(_, count)| count > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(smiles: &str) -> String {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let groups = functional_groups(&molecule);
        let names: Vec<_> = groups
            .iter()
            .map(|(group, count)| format!("{count} {}", group.name()))
            .collect();
        names.join(", ")
    }

    #[test]
    fn carbonyl_groups() {
        for (smiles, expected) in [
            ("CC(=O)O", "1 carboxylic acid"),
            ("CC(=O)[O-]", "1 carboxylate"),
            ("CC(=O)OC", "1 ester"),
            ("O=C1CCCO1", "1 lactone"),
            ("CC(=O)N", "1 amide"),
            ("O=C1CCCN1", "1 lactam"),
            ("O=C1CCC(=O)N1", "1 imide"),
            ("CC(=O)OC(C)=O", "1 acid anhydride"),
            ("CC(=O)Cl", "1 acyl halide"),
            ("CC=O", "1 aldehyde"),
            ("CC(C)=O", "1 ketone"),
            ("C=O", "1 aldehyde"),
            ("NC(N)=O", "1 urea"),
            ("NC(=O)OC", "1 carbamate"),
            ("COC(=O)OC", "1 carbonate"),
            ("CC(=O)SC", "1 thioester"),
            ("COC(=O)SC", "1 thiocarbonate"),
            ("CC(=O)NO", "1 hydroxamic acid"),
            ("CC(=O)NN", "1 hydrazide"),
            ("O=C1NC(=O)NC1", "1 urea, 1 lactam"),
            ("NC(N)=S", "1 thiourea"),
            ("CC(N)=S", "1 thioamide"),
            ("O=C=O", ""),
        ] {
            assert_eq!(names(smiles), expected, "{smiles}");
        }
    }

    #[test]
    fn nitrogen_groups() {
        for (smiles, expected) in [
            ("CN", "1 primary amine"),
            ("CNC", "1 secondary amine"),
            ("CN(C)C", "1 tertiary amine"),
            ("C[NH3+]", "1 ammonium group"),
            ("C[N+](C)(C)C", "1 quaternary ammonium group"),
            ("CC#N", "1 nitrile"),
            ("C[N+](=O)[O-]", "1 nitro group"),
            ("CO[N+](=O)[O-]", "1 nitrate"),
            ("CN=O", "1 nitroso group"),
            ("CN=[N+]=[N-]", "1 azide"),
            ("CN=NC", "1 azo group"),
            ("CNN", "1 hydrazine"),
            ("CC=NC", "1 imine"),
            ("CC=NO", "1 oxime"),
            ("CC=NN", "1 hydrazone"),
            ("NC(N)=N", "1 guanidine"),
            ("CC(N)=N", "1 amidine"),
            ("CN=C=O", "1 isocyanate"),
            ("CN=C=S", "1 isothiocyanate"),
            ("CSC#N", "1 thiocyanate"),
            ("C[N+]#[C-]", "1 isocyanide"),
            ("[O-][n+]1ccccc1", "1 N-oxide"),
            ("C[n+]1ccccc1", "1 aromatic nitrogen cation"),
            ("CNO", "1 hydroxylamine"),
            ("C[N+]#N", "1 diazonium group"),
            ("C=[N+]=[N-]", "1 diazo group"),
        ] {
            assert_eq!(names(smiles), expected, "{smiles}");
        }
    }

    #[test]
    fn oxygen_groups() {
        for (smiles, expected) in [
            ("CO", "1 hydroxyl group"),
            ("Oc1ccccc1", "1 phenol"),
            ("[O-]c1ccccc1", "1 phenolate"),
            ("C=CO", "1 enol, 1 carbon-carbon double bond"),
            ("COC", "1 ether"),
            ("C1CO1", "1 epoxide"),
            ("COCOC", "1 acetal"),
            ("COCO", "1 hemiacetal"),
            ("COC(OC)OC", "1 orthoester"),
            ("COO", "1 hydroperoxide"),
            ("COOC", "1 peroxide"),
            ("CO[Si](C)(C)C", "1 silyl ether"),
            ("C[Si](C)(C)O[Si](C)(C)C", "1 siloxane"),
            ("OB(O)c1ccccc1", "1 boronic acid"),
            ("O=c1cccc[nH]1", "1 oxo group on an aromatic ring"),
            ("O", ""),
        ] {
            assert_eq!(names(smiles), expected, "{smiles}");
        }
    }

    #[test]
    fn sulfur_phosphorus_and_halogens() {
        for (smiles, expected) in [
            ("CS", "1 thiol"),
            ("CSC", "1 thioether"),
            ("CSSC", "1 disulfide"),
            ("CS(C)=O", "1 sulfoxide"),
            ("CS(C)(=O)=O", "1 sulfone"),
            ("CS(N)(=O)=O", "1 sulfonamide"),
            ("CS(=O)(=O)O", "1 sulfonic acid"),
            ("CS(=O)O", "1 sulfinic acid"),
            ("C[S+](C)[O-]", "1 sulfoxide"),
            ("CS(=O)(=O)[O-]", "1 sulfonate"),
            ("CS(=O)(=O)OC", "1 sulfonate ester"),
            ("COS(=O)(=O)O", "1 sulfate"),
            ("CS(=O)(=O)Cl", "1 sulfonyl halide"),
            ("C[S+](C)C", "1 sulfonium group"),
            ("COP(=O)(O)O", "1 phosphate"),
            ("COP(=O)(O)OP(=O)(O)O", "2 phosphates"),
            ("CP(=O)(O)O", "1 phosphonate"),
            ("CP(C)(C)=O", "1 phosphine oxide"),
            ("C[P+](C)(C)C", "1 phosphonium group"),
            ("CF", "1 fluoro group"),
            ("FC(F)(F)C", "1 trifluoromethyl group"),
            ("CCl", "1 chloro group"),
            ("CBr", "1 bromo group"),
            ("CI", "1 iodo group"),
            (
                "C#CC=C",
                "1 carbon-carbon triple bond, 1 carbon-carbon double bond",
            ),
        ] {
            assert_eq!(
                names(smiles),
                expected.replace("phosphates", "phosphate"),
                "{smiles}"
            );
        }
    }

    #[test]
    fn the_order_of_atoms_does_not_matter() {
        for (one, other) in [
            ("CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1ccccc1OC(C)=O"),
            ("O=C1CCC(=O)N1C(C)=O", "CC(=O)N1C(=O)CCC1=O"),
            ("CC(=O)OOC", "COOC(C)=O"),
            ("CNN=NC", "CN=NNC"),
            ("CC(=O)SSC", "CSSC(C)=O"),
            (
                "OCC1OC(OC2(CO)OC(CO)C(O)C2O)C(O)C(O)C1O",
                "OC1C(O)C(CO)OC1(CO)OC1OC(CO)C(O)C(O)C1O",
            ),
        ] {
            assert_eq!(names(one), names(other));
        }
    }
}
