//! Gaussian draws, as vectors are drawn: independent of each other and of the vectors' width.
//!
//! This is the definition, plain and slow. Faster code must give the same bits, which every CPU
//! and GPU can: integers, and f32 additions, products and roots, each rounded on its own.

use super::{Purpose, philox4x32_10};

/// Draws that are laid out together: four of each of 16 consecutive Philox blocks, the first draws
/// of all blocks before the second ones.
pub const GROUP: usize = 64;

const BLOCKS: usize = GROUP / 4;

/// A sequence of independent N(0, 1) values, any part of which can be had without the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normals {
    /// Of Philox.
    pub key: [u32; 2],
    /// Last three words of the counter; the first counts blocks.
    pub counter: [u32; 3],
}

impl Normals {
    pub fn new(seed: u64, purpose: Purpose, a: u32, b: u32) -> Normals {
        let key = [seed as u32, (seed >> 32) as u32];
        Normals { key, counter: [a, b, purpose as u32] }
    }

    /// A sequence for each `shape` too, by deriving a key from it.
    pub fn of_shape(seed: u64, purpose: Purpose, a: u32, b: u32, shape: [u32; 3]) -> Normals {
        let plain = Normals::new(seed, purpose, a, b);
        let [out, fan, side] = shape;
        let [low, high, ..] = philox4x32_10([out, fan, side, purpose as u32], plain.key);
        Normals { key: [low, high], ..plain }
    }

    /// Group number `group`: draws 64·`group` and on.
    ///
    /// Box–Muller in f32 over pairs of words. Uniforms are centres of 2³¹ cells, rounded: from 2⁻³²
    /// to 1, so the logarithm is finite and |z| at most 6.7.
    pub fn group(&self, group: u32) -> [f32; GROUP] {
        let mut out = [0.0; GROUP];
        for block in 0..BLOCKS {
            let [a, b, c] = self.counter;
            let first = group.wrapping_mul(BLOCKS as u32);
            let words = philox4x32_10([first.wrapping_add(block as u32), a, b, c], self.key);
            for (pair, uniforms) in words.as_chunks::<2>().0.iter().enumerate() {
                let radius = radius(uniforms[0]);
                let (sin, cos) = sin_cos(uniforms[1]);
                out[2 * pair * BLOCKS + block] = radius * cos;
                out[(2 * pair + 1) * BLOCKS + block] = radius * sin;
            }
        }
        out
    }

    /// The first `out.len()` draws.
    pub fn fill(&self, out: &mut [f32]) {
        for (group, out) in (0..).zip(out.chunks_mut(GROUP)) {
            out.copy_from_slice(&self.group(group)[..out.len()]);
        }
    }
}

/// √(−2 ln u) for the u of `word`; the logarithm after Cephes' `logf` (Moshier 1992).
fn radius(word: u32) -> f32 {
    let u = ((word >> 1) as i32 as f32 + 0.5) * CELL;
    // u = m · 2^e with m from √½ to √2.
    let above = u.to_bits().wrapping_sub(0x3F35_04F3);
    let e = ((above as i32) >> 23) as u32;
    let m = f32::from_bits(u.to_bits().wrapping_sub(e << 23));
    let (e, x) = (e as i32 as f32, m - 1.0);
    let square = x * x;
    let series = LOGARITHM[1..].iter().fold(LOGARITHM[0], |sum, c| sum * x + c);
    let tail = series * x * square + e * LN_2[1] + square * -0.5;
    let ln = x + tail + e * LN_2[0];
    (ln * -2.0).sqrt()
}

/// Sine and cosine of the angle whose fraction of a turn `word` is; series after Cephes' `sinf`.
fn sin_cos(word: u32) -> (f32, f32) {
    // The nearest quarter turn, and the angle from there.
    let quarter = word.wrapping_add(1 << 29) >> 30;
    let angle = word.wrapping_sub(quarter << 30) as i32 as f32 * TURN;
    let square = angle * angle;
    let series = |c: [f32; 3]| (square * c[0] + c[1]) * square + c[2];
    let sin = series(SINE) * square * angle + angle;
    let cos = series(COSINE) * square * square + square * -0.5 + 1.0;
    let (sin, cos) = if quarter & 1 == 1 { (cos, sin) } else { (sin, cos) };
    let signed = |x: f32, negative: u32| f32::from_bits(x.to_bits() ^ (negative & 2) << 30);
    (signed(sin, quarter), signed(cos, quarter + 1))
}

/// 2⁻³¹: the width of a uniform's cell.
pub const CELL: f32 = 1.0 / (1_u32 << 31) as f32;

/// 2π / 2³²: the angle that a word counts.
pub const TURN: f32 = std::f32::consts::TAU / 4_294_967_296.0;

/// ln 2 in two parts, the first of so few digits that its products with exponents are exact.
pub const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// Of ln(1 + x) / x³, highest power first.
pub const LOGARITHM: [f32; 9] = [
    7.037_683_6e-2,
    -1.151_461e-1,
    1.167_699_8e-1,
    -1.242_014_1e-1,
    1.424_932_3e-1,
    -1.666_805_8e-1,
    2.000_071_5e-1,
    -2.499_999_4e-1,
    3.333_333e-1,
];

/// Of sin and cos around 0, highest power first.
pub const SINE: [f32; 3] = [-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1];
pub const COSINE: [f32; 3] = [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2];

#[cfg(test)]
mod tests {
    use super::*;

    /// The streams are a format: these bits are what the version means.
    #[test]
    fn normals_are_pinned() {
        let mut draws = [0.0; 70];
        Normals::new(2021, Purpose::Weights, 3, 1).fill(&mut draws);
        assert_eq!(
            [draws[0], draws[1], draws[16], draws[69]].map(f32::to_bits),
            [1056633847, 1065777592, 3193016871, 1050087016]
        );
    }

    #[test]
    fn draws_are_box_muller_to_the_last_digits() {
        for word in (0..=u32::MAX).step_by(65_537).chain([0, 1, u32::MAX]) {
            let u = (f64::from(word >> 1) + 0.5) / f64::from(1_u32 << 31);
            let exact = (-2.0 * u.ln()).sqrt();
            let error = (f64::from(radius(word)) - exact).abs();
            // Where u is near 1 its last digit moves the radius by more than the radius' own.
            let digit = (6e-8 / exact).min(4e-4);
            assert!(error <= digit + 3e-7 * exact, "radius of {word}: {error:e}");
            let turn = f64::from(word) / 4_294_967_296.0 * std::f64::consts::TAU;
            let (sin, cos) = sin_cos(word);
            assert!((f64::from(sin) - turn.sin()).abs() < 2e-7, "sine of {word}");
            assert!((f64::from(cos) - turn.cos()).abs() < 2e-7, "cosine of {word}");
        }
    }

    #[test]
    fn draws_have_the_moments_of_a_normal() {
        let mut draws = vec![0.0; 400_000];
        Normals::new(1, Purpose::Input, 0, 0).fill(&mut draws);
        let n = draws.len() as f64;
        let moment = |p: i32| draws.iter().map(|x| f64::from(*x).powi(p)).sum::<f64>() / n;
        // Five standard errors of each moment.
        assert!(moment(1).abs() < 5.0 / n.sqrt());
        assert!((moment(2) - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        assert!(moment(3).abs() < 5.0 * (15.0 / n).sqrt());
        assert!((moment(4) - 3.0).abs() < 5.0 * (96.0 / n).sqrt());
        // Neighbours, and the two of a pair, are not correlated.
        for lag in [1, BLOCKS] {
            let products = draws.windows(lag + 1).map(|w| f64::from(w[0]) * f64::from(w[lag]));
            assert!((products.sum::<f64>() / n).abs() < 5.0 / n.sqrt(), "lag {lag}");
        }
    }

    #[test]
    fn shapes_and_seeds_have_sequences_of_their_own() {
        let of = |seed, a, b, shape| {
            Normals::of_shape(seed, Purpose::Weights, a, b, shape).group(0).map(f32::to_bits)
        };
        let all = [
            of(1, 0, 0, [8, 8, 3]),
            of(1, 0, 0, [8, 8, 5]),
            of(1, 0, 0, [16, 8, 3]),
            of(1, 1, 0, [8, 8, 3]),
            of(1, 0, 1, [8, 8, 3]),
            of(2, 0, 0, [8, 8, 3]),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b), "sequence {i} repeats");
        }
    }
}
