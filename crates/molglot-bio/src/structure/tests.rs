//! What structures are made of and asked, on small ones.

use super::*;

/// Atoms from lines of `model chain residue number name altloc occupancy x`.
fn build(lines: &str) -> Structure {
    let mut builder = Builder::default();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields[0] == "TER" {
            builder.end_chain();
            continue;
        }
        let altloc = fields[5].as_bytes()[0];
        builder.push(&AtomRecord {
            atom: Atom {
                name: Name::of(fields[4]),
                position: [fields[7].parse().unwrap(), 0.0, 0.0],
                occupancy: fields[6].parse().unwrap(),
                b_factor: 0.0,
                serial: 0,
                residue: 0,
                element: Element::C,
                charge: 0,
                altloc: if altloc == b'.' { b' ' } else { altloc },
                hetero: fields[2].starts_with('h'),
            },
            model: fields[0].parse().unwrap(),
            chain: fields[1],
            label: None,
            residue: Name::of(fields[2].trim_start_matches('h')),
            number: fields[3].parse().ok(),
            insertion: b' ',
            label_number: None,
            polymer: None,
        });
    }
    builder.finish(Structure::default())
}

fn names(structure: &Structure) -> String {
    let names: Vec<String> = structure
        .atoms
        .iter()
        .map(|atom| {
            let residue = &structure.residues[atom.residue as usize];
            let chain = &structure.chains[residue.chain as usize];
            format!(
                "{}{}{}.{}",
                chain.id,
                residue.name,
                residue.number.unwrap_or(-1),
                atom.name
            )
        })
        .collect();
    names.join(" ")
}

#[test]
fn scattered_atoms_are_gathered() {
    let structure = build(
        "0 A GLY 1 N . 1 0
         0 A GLY 1 CA . 1 1
         0 B ALA 1 N . 1 2
         0 A hHOH 9 O . 1 3
         0 A GLY 1 C . 1 4
         1 A GLY 1 N . 1 5",
    );
    assert_eq!(
        names(&structure),
        "AGLY1.N AGLY1.CA AGLY1.C AHOH9.O BALA1.N AGLY1.N"
    );
    let chains: Vec<_> = structure
        .chains
        .iter()
        .map(|c| (c.id.as_str(), c.model, c.residues.len()))
        .collect();
    assert_eq!(chains, [("A", 0, 2), ("B", 0, 1), ("A", 1, 1)]);
    for (row, residue) in structure.residues.iter().enumerate() {
        assert!(
            structure
                .atoms_of(row)
                .iter()
                .all(|atom| atom.residue as usize == row)
        );
        assert!(
            structure.chains[residue.chain as usize]
                .residues
                .range()
                .contains(&row)
        );
        assert_eq!(
            structure.label_chains[residue.label_chain as usize].chain,
            residue.chain
        );
    }
}

#[test]
fn numbers_that_run_over_or_are_missing_begin_new_residues() {
    let structure = build(
        "0 A hHOH 1 O . 1 0
         0 A hHOH 2 O . 1 0
         0 A hHOH 1 O . 1 0
         0 A hHOH ? O . 1 0
         0 A hHOH ? H1 . 1 0
         0 A hHOH ? O . 1 0",
    );
    assert_eq!(structure.residues.len(), 5);
    assert!(
        structure
            .residues
            .iter()
            .all(|residue| residue.kind == ResidueKind::Water && !residue.polymer)
    );
}

#[test]
fn a_free_amino_acid_behind_the_end_of_its_chain_is_a_ligand() {
    let structure = build(
        "0 A GLY 1 CA . 1 0
         0 A hMSE 2 CA . 1 3.8
         TER
         0 A hGLU 9 CA . 1 9",
    );
    assert_eq!(structure.observed_sequence(0), "GM");
    assert_eq!(structure.alpha_carbons(0).count(), 2);
    assert_eq!(structure.label_chains.len(), 2);
}

#[test]
fn alternatives_for_one_place_count_once_and_the_fuller_one_stays() {
    let mut structure = build(
        "0 A SER 1 N . 1 0
         0 A SER 1 CA A 0.4 1
         0 A SER 1 CA B 0.6 2
         0 A SER 1 OG A 0.9 3
         0 A THR 2 CA A 0.5 4
         0 A VAL 2 CA B 0.5 5
         0 A LEU 3 CA A 0.3 6
         0 A ILE 3 CA B 0.7 7",
    );
    assert_eq!(structure.observed_sequence(0), "STI");
    let alpha: Vec<f32> = structure.alpha_carbons(0).map(|(_, at)| at[0]).collect();
    assert_eq!(alpha, [2.0, 4.0, 7.0]);
    structure.keep_highest_altlocs();
    // The mean of A is 0.65, so A is kept as a whole.
    assert_eq!(
        names(&structure),
        "ASER1.N ASER1.CA ASER1.OG ATHR2.CA AILE3.CA"
    );
    assert_eq!(structure.atoms[1].position[0], 1.0);
    assert_eq!(Altlocs::default(), Altlocs::Highest);
}

#[test]
fn gaps_are_where_the_backbone_breaks() {
    let structure = build(
        "0 A GLY 1 CA . 1 0
         0 A GLY 1 C . 1 1.5
         0 A GLY 2 N . 1 2.8
         0 A GLY 2 CA . 1 3.8
         0 A GLY 6 CA . 1 13
         0 A GLY 7 CA . 1 16.8",
    );
    let gap = Gap {
        before: 1,
        after: 2,
        missing: Some(3),
    };
    assert_eq!(structure.gaps(0), [gap]);
    assert_eq!(structure.missing_atoms(0), [Name::of("N"), Name::of("O")]);
}

#[test]
fn one_chain_alone_is_a_whole_structure() {
    let structure = build(
        "0 A GLY 1 CA . 1 0
         0 B ALA 1 CA . 1 1
         0 B ALA 2 CA . 1 2",
    );
    let chain = structure.select_chain(1);
    assert_eq!(names(&chain), "BALA1.CA BALA2.CA");
    assert_eq!((chain.chains.len(), chain.label_chains.len()), (1, 1));
    assert_eq!(chain.chains[0].residues, Span { start: 0, end: 2 });
}
