"""Writes residues.txt: the linking components of the PDB Chemical Component Dictionary that have a one-letter code.

Needs `pip install biotite` (1.6), which carries the dictionary.
"""
import os

import biotite
import biotite.structure.io.pdbx as pdbx

here = os.path.dirname(os.path.abspath(__file__))
path = os.path.join(os.path.dirname(biotite.__file__), "structure/info/components.bcif")
table = pdbx.BinaryCIFFile.read(path)["components"]["chem_comp"]
names, types, letters, parents = (
    table[key].as_array(str) for key in ("id", "type", "one_letter_code", "mon_nstd_parent_comp_id")
)
standard = dict(zip("ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL".split(),
                    "ARNDCQEGHILKMFPSTWYV"))
# The dictionary gives D-amino acids no letter; they are read as their mirror images.
mirrored = dict(zip("DAL DAR DSG DAS DCY DGN DGL DHI DIL DLE DLY MED DPN DPR DSN DTH DTR DTY DVA".split(),
                    "ARNDCQEHILKMFPSTWYV"))
# Protonation states as force fields name them.
states = dict(zip("HSD HSE HSP HID HIE CYX ASH GLH LYN".split(), "HHHHHCDEK"))
rows = {name: ("P", letter) for name, letter in states.items()}
for name, kind, letter, parent in zip(names, types, letters, parents):
    kind = kind.upper()
    if "PEPTIDE" in kind and "PEPTIDE-LIKE" not in kind:
        letter = mirrored.get(name, letter)
        if letter == "?":
            letter = standard.get(parent, "X")
        # A chromophore made of several residues is none of them.
        rows[name] = ("P", letter if len(letter) == 1 else "X")
    elif "DNA" in kind or "RNA" in kind:
        # A nucleotide is a letter of its own or its parent's, which the dictionary may write with two.
        letter = letter if letter in "ACGTUIN" else "N"
        rows[name] = ("D" if "DNA" in kind else "R", letter)
with open(os.path.join(here, "residues.txt"), "w") as out:
    for name in sorted(rows):
        out.write(" ".join((name, *rows[name])) + "\n")
