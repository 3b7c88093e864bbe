//! A draw that knows nothing, as a proxy: what a search finds without a score.

use super::{Evaluation, Failure, Proxy};
use crate::{
    arch::Structure,
    random::{Purpose, Stream},
};

/// Uniform over 0 to 1, 1 excluded. Of the structure it takes nothing but which one it is, so that
/// draws with a common seed are still independent between structures.
pub struct Random;

impl Random {
    pub const NAME: &str = "random";
}

impl Proxy for Random {
    fn name(&self) -> &'static str {
        Random::NAME
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let which = fingerprint(&structure.to_string());
        let mut stream = Stream::new(seed, Purpose::RandomScore, repeat, which);
        // As many bits as an f64 holds.
        let score = (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        Ok(Evaluation { score, zen: None })
    }
}

/// FNV-1a, 32 bits: the same on every machine and in every version, which std's hashes don't promise.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(structure: &Structure, seed: u64, repeat: u32) -> f64 {
        Random.evaluate(structure, seed, repeat).expect("a score").score
    }

    fn conv(channels: u32) -> Structure {
        format!("SuperConvK3BNRELU(3,{channels},1,1)").parse().expect("valid")
    }

    #[test]
    fn draws_are_even_and_follow_from_their_keys() {
        let structure = conv(8);
        let scores: Vec<f64> = (0..4_000).map(|repeat| score(&structure, 7, repeat)).collect();
        assert!(scores.iter().all(|score| (0.0..1.0).contains(score)));
        let mean = scores.iter().sum::<f64>() / 4_000.0;
        // Five standard errors of a mean of 4,000 uniform draws, 1/√(12·4000).
        assert!((mean - 0.5).abs() < 5.0 * 0.00457, "{mean}");
        assert_eq!(score(&structure, 7, 3), scores[3]);
        assert_ne!(score(&structure, 8, 3), scores[3]);
        assert_ne!(score(&conv(16), 7, 3), scores[3], "common seeds still part structures");
    }

    /// Published answers for the empty text, `a` and `foobar` (Fowler, Noll & Vo).
    #[test]
    fn fingerprints_are_fnv_1a() {
        assert_eq!(fingerprint(""), 0x811c_9dc5);
        assert_eq!(fingerprint("a"), 0xe40c_292c);
        assert_eq!(fingerprint("foobar"), 0xbf9c_f968);
    }
}
