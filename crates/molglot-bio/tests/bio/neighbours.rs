//! Neighbour search against looking at every pair.

use molglot_bio::geometry::{nearest, squared_distance, within};
use proptest::prelude::*;

fn all_within(points: &[[f32; 3]], radius: f32) -> Vec<Vec<u32>> {
    let near =
        |i: usize, j: usize| i != j && squared_distance(points[i], points[j]) <= radius * radius;
    (0..points.len())
        .map(|i| {
            (0..points.len())
                .filter(|&j| near(i, j))
                .map(|j| j as u32)
                .collect()
        })
        .collect()
}

fn all_nearest(points: &[[f32; 3]], k: usize) -> Vec<Vec<u32>> {
    (0..points.len())
        .map(|i| {
            let mut others: Vec<usize> = (0..points.len()).filter(|&j| j != i).collect();
            others.sort_by(|&a, &b| {
                let key = |j: usize| squared_distance(points[i], points[j]);
                key(a).total_cmp(&key(b)).then(a.cmp(&b))
            });
            others.into_iter().take(k).map(|j| j as u32).collect()
        })
        .collect()
}

fn check(points: &[[f32; 3]], radius: f32, k: usize) {
    let (inside, near) = (within(points, radius).unwrap(), nearest(points, k).unwrap());
    assert_eq!(
        (inside.points(), near.points()),
        (points.len(), points.len())
    );
    for (i, expected) in all_within(points, radius).iter().enumerate() {
        assert_eq!(
            inside.of(i),
            expected,
            "within {radius} of {i} in {points:?}"
        );
    }
    for (i, expected) in all_nearest(points, k).iter().enumerate() {
        assert_eq!(near.of(i), expected, "{k} nearest to {i} in {points:?}");
    }
}

/// Clouds of every shape: boxes, lines, planes, points on a lattice (many ties and duplicates), far outliers.
fn cloud() -> impl Strategy<Value = Vec<[f32; 3]>> {
    let axis = prop_oneof![
        4 => Just(20.0f32),
        1 => Just(0.0f32),
        1 => Just(300.0f32),
        1 => Just(1e-3f32)
    ];
    let scales = [axis.clone(), axis.clone(), axis];
    let steps = prop_oneof![Just(4.0f32), Just(1000.0f32)];
    let shift = prop_oneof![3 => Just(0.0f32), 1 => Just(-500.0f32), 1 => Just(9e4f32)];
    let point = [0.0f32..1.0, 0.0..1.0, 0.0..1.0];
    let outliers = prop::collection::vec([-1e6f32..1e6, -1e6..1e6, -1e6..1e6], 0..3);
    (
        scales,
        steps,
        shift,
        prop::collection::vec(point, 0..160),
        outliers,
    )
        .prop_map(|(scales, steps, shift, points, outliers)| {
            let place = |point: [f32; 3]| {
                std::array::from_fn(|axis| {
                    (point[axis] * steps).floor() / steps * scales[axis] + shift
                })
            };
            points.into_iter().map(place).chain(outliers).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn searches_equal_looking_at_every_pair(
        points in cloud(),
        radius in prop_oneof![Just(0.0f32), Just(5.0), 0.01f32..40.0, Just(1e7)],
        k in prop_oneof![0usize..4, 10usize..33, Just(1000)],
    ) {
        check(&points, radius, k);
    }
}

#[test]
fn no_point_one_point_and_one_place() {
    for points in [vec![], vec![[1.0, 2.0, 3.0]], vec![[1.0, 2.0, 3.0]; 50]] {
        for k in [0, 1, 7, 100] {
            check(&points, 0.0, k);
            check(&points, 10.0, k);
        }
    }
}

#[test]
fn points_that_are_not_finite_are_nobodys_neighbours() {
    let mut points = vec![[0.0; 3], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]];
    points.extend([[f32::NAN, 0.0, 0.0], [0.0, f32::INFINITY, 0.0]]);
    let (inside, near) = (within(&points, 1.5).unwrap(), nearest(&points, 4).unwrap());
    assert_eq!((inside.of(0), near.of(0)), (&[1][..], &[1, 2][..]));
    assert_eq!(
        (inside.of(3), near.of(3), near.of(4)),
        (&[][..], &[][..], &[][..])
    );
    assert!(
        within(&points, f32::NAN).unwrap().pairs() == 0
            && within(&points, -1.0).unwrap().pairs() == 0
    );
    assert_eq!(within(&points, f32::INFINITY).unwrap().of(0), [1, 2]);
    let extremes = [[f32::MAX; 3], [f32::MIN; 3], [0.0; 3]];
    check(&extremes, 1.0, 2);
}

#[test]
fn a_radius_holds_what_lies_on_its_edge() {
    let points = [[0.0; 3], [3.0, 4.0, 0.0], [0.0, 0.0, 5.000_01]];
    assert_eq!(within(&points, 5.0).unwrap().of(0), [1]);
}

#[test]
fn far_clouds_are_searched_without_walking_the_gap() {
    let cluster = |at: f32| {
        (0..20_000)
            .map(move |i: i32| [at + (i % 27) as f32, (i / 27 % 27) as f32, (i / 729) as f32])
    };
    let points: Vec<[f32; 3]> = cluster(0.0)
        .chain(cluster(1e6))
        .chain([[-1e7; 3]])
        .collect();
    let near = nearest(&points, 10).unwrap();
    assert!((0..points.len()).all(|i| near.of(i).len() == 10));
    assert!(within(&points, 1.0).unwrap().pairs() > points.len());
}

/// Larger than what one thread searches at a time, with duplicates and lattice ties.
fn large_cloud() -> Vec<[f32; 3]> {
    let mut state = 7u32;
    let mut below = |end: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % end
    };
    (0..12_000)
        .map(|_| std::array::from_fn(|_| below(60) as f32 * 0.7))
        .collect()
}

#[test]
fn large_clouds_equal_looking_at_every_pair() {
    let points = large_cloud();
    let (radius, k) = (7.0, 12);
    let (inside, near) = (
        within(&points, radius).unwrap(),
        nearest(&points, k).unwrap(),
    );
    let mut pairs = 0;
    for i in 0..points.len() {
        let squared = |j: u32| squared_distance(points[i], points[j as usize]);
        let mut others: Vec<u32> = (0..points.len() as u32)
            .filter(|&j| j as usize != i && squared(j) <= radius * radius)
            .collect();
        assert_eq!(inside.of(i), others, "within {radius} of {i}");
        pairs += others.len();
        // Enough of them are inside the radius, so the nearest are too.
        others.sort_by(|&a, &b| squared(a).total_cmp(&squared(b)).then(a.cmp(&b)));
        assert_eq!(near.of(i), &others[..k], "{k} nearest to {i}");
    }
    assert_eq!((inside.pairs(), near.pairs()), (pairs, k * points.len()));
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let points = large_cloud();
    let search = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| (within(&points, 4.0).unwrap(), nearest(&points, 20).unwrap()))
    };
    let one = search(1);
    assert_eq!(one, search(2));
    assert_eq!(one, search(5));
}
