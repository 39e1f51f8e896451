//! By how many whole daltons an isotope differs from the standard weight of its element.
//!
//! Only the sign and the whole part enter the Morgan invariant, so two short tables replace the
//! masses of all nuclides: the standard weights, and where the mass of a known nuclide lies on the
//! other side of a whole number than its mass number.

/// Standard atomic weights in millidaltons, as RDKit's periodic table has them.
const WEIGHT: [i32; 119] = [
    0, 1008, 4003, 6941, 9012, 10_812, 12_011, 14_007, 15_999, 18_998, 20_180, 22_990, 24_305,
    26_982, 28_086, 30_974, 32_067, 35_453, 39_948, 39_098, 40_078, 44_956, 47_867, 50_944, 51_996,
    54_938, 55_845, 58_933, 58_693, 63_546, 65_390, 69_723, 72_610, 74_922, 78_960, 79_904, 83_800,
    85_468, 87_620, 88_906, 91_224, 92_906, 95_940, 98_000, 101_070, 102_906, 106_420, 107_868,
    112_412, 114_818, 118_711, 121_760, 127_600, 126_904, 131_290, 132_905, 137_328, 138_906,
    140_116, 140_908, 144_240, 145_000, 150_360, 151_964, 157_250, 158_925, 162_500, 164_930,
    167_260, 168_934, 173_040, 174_967, 178_490, 180_948, 183_840, 186_207, 190_230, 192_217,
    195_078, 196_967, 200_590, 204_383, 207_200, 208_980, 209_000, 210_000, 222_000, 223_000,
    226_000, 227_000, 232_038, 231_036, 238_029, 237_000, 244_000, 243_000, 247_000, 247_000,
    251_000, 252_000, 257_000, 258_000, 259_000, 262_000, 267_000, 268_000, 269_000, 270_000,
    269_000, 278_000, 281_000, 281_000, 285_000, 284_000, 289_000, 288_000, 293_000, 292_000,
    294_000,
];

/// Element, first and last mass number, and what to add to the difference there.
const CORRECTION: [(u8, u16, u16, i32); 68] = [
    (1, 2, 7, 1),
    (2, 3, 3, 1),
    (2, 5, 10, 1),
    (4, 5, 7, 1),
    (4, 10, 16, 1),
    (6, 8, 11, 1),
    (6, 16, 22, 1),
    (7, 10, 12, 1),
    (7, 17, 25, 1),
    (11, 25, 25, -1),
    (13, 28, 29, -1),
    (15, 32, 35, -1),
    (21, 46, 51, -1),
    (24, 44, 51, -1),
    (24, 53, 67, -1),
    (27, 61, 61, -1),
    (33, 77, 79, -1),
    (34, 66, 78, -1),
    (34, 80, 93, -1),
    (42, 85, 95, -1),
    (42, 97, 112, -1),
    (43, 99, 118, -1),
    (45, 105, 105, -1),
    (61, 146, 163, -1),
    (63, 130, 151, -1),
    (63, 153, 167, -1),
    (65, 147, 157, -1),
    (67, 155, 163, -1),
    (69, 161, 167, -1),
    (71, 152, 174, -1),
    (71, 176, 184, -1),
    (73, 169, 180, -1),
    (79, 185, 196, -1),
    (83, 197, 208, -1),
    (84, 210, 215, -1),
    (85, 211, 215, -1),
    (86, 195, 197, 1),
    (86, 216, 221, 1),
    (87, 199, 204, 1),
    (87, 215, 222, 1),
    (88, 202, 211, 1),
    (88, 213, 225, 1),
    (89, 206, 226, 1),
    (90, 233, 238, 1),
    (91, 232, 240, 1),
    (92, 225, 237, 1),
    (92, 239, 242, 1),
    (93, 225, 236, 1),
    (94, 228, 243, 1),
    (95, 231, 242, 1),
    (96, 233, 246, 1),
    (97, 235, 246, 1),
    (98, 237, 250, 1),
    (99, 240, 251, 1),
    (100, 242, 256, 1),
    (101, 245, 257, 1),
    (102, 248, 258, 1),
    (103, 251, 261, 1),
    (104, 253, 266, 1),
    (110, 267, 280, 1),
    (111, 272, 280, 1),
    (112, 276, 284, 1),
    (113, 278, 283, 1),
    (114, 285, 288, 1),
    (115, 287, 287, 1),
    (116, 289, 292, 1),
    (117, 291, 291, 1),
    (118, 293, 293, 1),
];

/// The mass of the isotope minus the standard weight, in daltons, truncated towards zero.
pub(super) fn mass_difference(atomic_number: u8, mass_number: u16) -> i32 {
    // A wildcard has no mass.
    if atomic_number == 0 {
        return 0;
    }
    let weight = WEIGHT.get(usize::from(atomic_number)).copied().unwrap_or(0);
    let correction = CORRECTION.iter().find(|&&(element, first, last, _)| {
        element == atomic_number && (first..=last).contains(&mass_number)
    });
    (1000 * i32::from(mass_number) - weight) / 1000 + correction.map_or(0, |row| row.3)
}

#[cfg(test)]
mod tests {
    use super::mass_difference;

    #[test]
    fn nuclides_around_their_element() {
        assert_eq!(mass_difference(1, 1), 0);
        assert_eq!(mass_difference(1, 2), 1);
        assert_eq!(mass_difference(1, 3), 2);
        assert_eq!(mass_difference(6, 11), 0);
        assert_eq!(mass_difference(6, 12), 0);
        assert_eq!(mass_difference(6, 14), 1);
        assert_eq!(mass_difference(53, 125), -1);
        assert_eq!(mass_difference(92, 235), -2);
        assert_eq!(mass_difference(0, 7), 0);
    }
}
