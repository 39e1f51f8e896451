//! The specs of published encoders.

use molglot_bio::geometry::Rbf;

use crate::{
    AtomRule, EdgeRule, EdgeScalar, EdgeSet, EdgeVector, FrameRule, GraphSpec, Hydrogens, NodeKind,
    NodeScalar, NodeSet, NodeVector, Types, unimol,
};

/// The amino acids in alphabetical order of their letters.
pub const ALPHABETICAL: &str = "ACDEFGHIKLMNPQRSTVWY";
/// The amino acids in alphabetical order of their three-letter codes, as the GVP models number them.
pub const BY_NAME: &str = "ARNDCQEGHILKMFPSTWYV";
/// The amino acids as TorchDrug, and so GearNet, numbers them.
pub const TORCHDRUG: &str = "GASPVTCILNDQKEMHFRYW";
/// The residues, gaps included, as ESM numbers them behind its first four tokens.
pub const ESM: &str = "LAGVSERTIDPKQNFYMHWCXBUZO.-";

impl EdgeSet {
    fn of(kind: NodeKind, rules: Vec<EdgeRule>, scalars: Vec<EdgeScalar>) -> Self {
        Self {
            kind: Some(kind),
            rules,
            scalars,
            vectors: Vec::new(),
        }
    }
}

impl GraphSpec {
    /// Atoms and bonds with the features of the Open Graph Benchmark (MoleculeSTM and others).
    pub fn molecular() -> Self {
        Self {
            nodes: vec![NodeSet {
                types: Types::Ogb,
                ..NodeSet::new(NodeKind::Atom)
            }],
            edges: vec![EdgeSet::of(NodeKind::Atom, vec![EdgeRule::Bonds], vec![])],
            line_graph: None,
        }
    }

    /// Atoms, BRICS motifs and one graph node, as M3LLM has them (arXiv 2411.04708). With `directed`, information flows
    /// upward only and the atoms are encoded exactly as in the plain molecular graph.
    pub fn hierarchical(directed: bool) -> Self {
        let mut spec = Self::molecular();
        spec.nodes
            .extend([NodeSet::new(NodeKind::Motif), NodeSet::new(NodeKind::Graph)]);
        spec.edges[0].kind = None;
        spec.edges[0]
            .rules
            .extend([EdgeRule::Motifs { directed }, EdgeRule::Graph { directed }]);
        spec
    }

    /// GearNet-Edge (arXiv 2203.06125) with the relations of its published weights: sequence offsets -2 to 2 are 0 to 4,
    /// 10 angstrom is 5 and the 10 nearest are 6, both at least 5 places apart; 59 numbers per edge and a line graph of 8
    /// angle bins. GearNet without edge messages reads the same graph and leaves those out.
    pub fn gearnet() -> Self {
        Self {
            nodes: vec![NodeSet {
                types: Types::Residue(TORCHDRUG.to_owned()),
                scalars: vec![NodeScalar::TypeOneHot { unknown: true }],
                ..NodeSet::new(NodeKind::Residue)
            }],
            edges: vec![EdgeSet::of(
                NodeKind::Residue,
                vec![
                    EdgeRule::Sequential { reach: 2 },
                    EdgeRule::Radius {
                        cutoff: 10.0,
                        max: Some(32),
                        min_separation: 5,
                    },
                    EdgeRule::Nearest {
                        k: 10,
                        itself: false,
                        min_separation: 5,
                    },
                ],
                vec![
                    EdgeScalar::EndTypes,
                    EdgeScalar::RelationOneHot,
                    EdgeScalar::SeparationOneHot { max: 10 },
                    EdgeScalar::Distance,
                ],
            )],
            line_graph: Some(8),
        }
    }

    /// GVP-GNN (arXiv 2009.01411) as gvp-pytorch builds it, from the `k` nearest residues; 30 in the published models.
    pub fn gvp(k: u16) -> Self {
        let nearest = EdgeRule::Nearest {
            k,
            itself: false,
            min_separation: 0,
        };
        let basis = Rbf {
            min: 0.0,
            max: 20.0,
            count: 16,
        };
        Self {
            nodes: vec![NodeSet {
                types: Types::Residue(BY_NAME.to_owned()),
                scalars: vec![NodeScalar::Dihedrals],
                vectors: vec![
                    NodeVector::Forward,
                    NodeVector::Backward,
                    NodeVector::SideChain,
                ],
                ..NodeSet::new(NodeKind::Residue)
            }],
            edges: vec![EdgeSet {
                vectors: vec![EdgeVector::ToSource],
                ..EdgeSet::of(
                    NodeKind::Residue,
                    vec![nearest],
                    vec![EdgeScalar::Rbf(basis), EdgeScalar::Offset { width: 16 }],
                )
            }],
            line_graph: None,
        }
    }

    /// ScanNet (*Nat. Methods* 19:730): atoms and residues with frames, 16 neighbours of each in local coordinates
    /// (relations 0 and 1), 32 neighbours of residues for the attention at the end (2), and the atoms of each residue (3).
    pub fn scannet() -> Self {
        let nearest = |k| EdgeRule::Nearest {
            k,
            itself: true,
            min_separation: 0,
        };
        let local = vec![EdgeScalar::LocalCoordinates];
        Self {
            nodes: vec![
                NodeSet {
                    types: Types::ScanNetAtom,
                    frames: Some(FrameRule::ScanNet),
                    ..NodeSet::new(NodeKind::Atom)
                },
                NodeSet {
                    types: Types::Residue(ALPHABETICAL.to_owned()),
                    frames: Some(FrameRule::ScanNet),
                    scalars: vec![NodeScalar::TypeOneHot { unknown: false }],
                    ..NodeSet::new(NodeKind::Residue)
                },
            ],
            edges: vec![
                EdgeSet::of(NodeKind::Atom, vec![nearest(16)], local.clone()),
                EdgeSet::of(NodeKind::Residue, vec![nearest(16)], local),
                EdgeSet::of(
                    NodeKind::Residue,
                    vec![nearest(32)],
                    vec![EdgeScalar::FramePair { max_separation: 8 }],
                ),
                EdgeSet {
                    kind: None,
                    ..EdgeSet::of(
                        NodeKind::Atom,
                        vec![EdgeRule::AtomsOfResidues { max: 14 }],
                        vec![],
                    )
                },
            ],
            line_graph: None,
        }
    }

    /// Graph attention on residue contacts (arXiv 1710.10903 for the layer): alpha carbons within 8 angstrom. Loops are
    /// added by the layer.
    pub fn gat() -> Self {
        let contact = EdgeRule::Radius {
            cutoff: 8.0,
            max: None,
            min_separation: 0,
        };
        Self {
            nodes: vec![NodeSet {
                types: Types::Residue(ALPHABETICAL.to_owned()),
                scalars: vec![NodeScalar::TypeOneHot { unknown: true }],
                ..NodeSet::new(NodeKind::Residue)
            }],
            edges: vec![EdgeSet::of(NodeKind::Residue, vec![contact], vec![])],
            line_graph: None,
        }
    }

    /// ESM-2 (*Science* 379:1123): residues in the order of their chains, without coordinates. With `ends`, the tokens
    /// that begin and end a chain are nodes too, as Prot2Text-V2 keeps them.
    pub fn esm2(ends: bool) -> Self {
        Self {
            nodes: vec![NodeSet {
                types: Types::Residue(ESM.to_owned()),
                ends,
                ..NodeSet::new(NodeKind::Residue)
            }],
            edges: Vec::new(),
            line_graph: None,
        }
    }

    /// Uni-Mol (ICLR 2023) as 3D-MoLM uses it: heavy atoms around their centroid between `[CLS]` and `[SEP]` at the
    /// origin, and all pairs with distance and ordered pair of types, row by row: the edge of row `i`, column `j` is
    /// number `i * nodes + j`. At most 256 atoms; a larger molecule is an error.
    pub fn unimol() -> Self {
        let token = |token| NodeSet {
            types: Types::Fixed(token),
            ..NodeSet::new(NodeKind::Virtual)
        };
        Self {
            nodes: vec![
                token(unimol::CLS),
                NodeSet {
                    types: Types::UniMol,
                    atoms: AtomRule {
                        hydrogens: Hydrogens::Drop,
                        max: Some(256),
                        centred: true,
                        ..AtomRule::default()
                    },
                    ..NodeSet::new(NodeKind::Atom)
                },
                token(unimol::SEP),
            ],
            edges: vec![EdgeSet {
                kind: None,
                rules: vec![EdgeRule::AllPairs {
                    vocabulary: unimol::DICTIONARY.len() as u16,
                }],
                scalars: vec![EdgeScalar::Distance],
                vectors: vec![],
            }],
            line_graph: None,
        }
    }
}
