//! Branch-free f32 functions that the compiler can vectorise.

/// `e^x` with a relative error below 3e-7 on [-87, 88]; saturates outside instead of overflowing.
///
/// Range reduction by powers of two (Cody and Waite) and a degree-6 polynomial (the coefficients of Cephes `expf`).
/// Plain multiplications and additions: the same bits on every CPU, with or without fused multiply-add.
#[cfg(feature = "flex")]
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to the nearest integer and leaves that integer in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * (r * r) + r + 1.0;
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// Sum with sixteen running totals, so that it vectorises and has one fixed order.
#[cfg(feature = "flex")]
#[inline(always)]
pub(super) fn sum_by(n: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut totals = [0f32; 16];
    let whole = n - n % 16;
    for base in (0..whole).step_by(16) {
        for (lane, total) in totals.iter_mut().enumerate() {
            *total += term(base + lane);
        }
    }
    let tail: f32 = (whole..n).map(term).sum();
    totals.iter().sum::<f32>() + tail
}

/// Largest of `n` terms, `f32::MIN` when there are none.
#[cfg(feature = "flex")]
#[inline(always)]
pub(super) fn max_by(n: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut best = [f32::MIN; 16];
    let whole = n - n % 16;
    for base in (0..whole).step_by(16) {
        for (lane, value) in best.iter_mut().enumerate() {
            *value = value.max(term(base + lane));
        }
    }
    (whole..n).map(term).chain(best).fold(f32::MIN, f32::max)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_three_parts_in_ten_million() {
        for step in -87_000..=88_000 {
            let x = step as f32 / 1000.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 3e-7, "exp({x}) is off by {error:e}");
        }
        assert!(exp(-1e9) < 1e-37 && exp(1e9).is_finite());
    }

    #[test]
    fn reductions_cover_every_length() {
        for n in 0..70 {
            assert_eq!(sum_by(n, |i| i as f32), (0..n).sum::<usize>() as f32);
            assert_eq!(
                max_by(n, |i| -(i as f32)),
                if n == 0 { f32::MIN } else { 0.0 }
            );
        }
    }
}
