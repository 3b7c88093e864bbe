//! Random draws: the counter-based generator that every decision and every weight comes from.
//!
//! Owns: Philox4x32-10 streams and the draws made of them. Must not know: what is drawn for.
//! Invariant: the n-th number of a stream is a pure function of (seed, purpose, a, b, n), the same
//! on every machine, so no draw depends on threads, time or what else was drawn. The streams are a
//! versioned format: changing any number they give is a change of [`VERSION`].

pub mod normal;

pub use normal::Normals;

/// Of the streams. Recorded with every run.
pub const VERSION: u32 = 2;

/// What a stream is for; keeps streams of one seed apart. Part of the format: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Mutating a parent into candidate (a, b).
    Propose = 1,
    /// The scoring seed of candidate (a, b).
    ScoreSeed = 2,
    /// The scoring seed of the confirmation, common to all finalists; a and b are 0.
    ConfirmSeed = 3,
    /// Weights of layer a in repeat b.
    Weights = 4,
    /// The input batch of repeat b.
    Input = 5,
    /// The perturbation of repeat b.
    Noise = 6,
    /// The score that the proxy `random` gives in repeat a to the structure with the fingerprint b.
    RandomScore = 7,
    /// The classifier of repeat b; a is 0.
    Classifier = 8,
    /// The labels of repeat b; a is 0.
    Labels = 9,
    /// The seeds (a, b) of the sample that combinations of proxies rank by.
    Reference = 10,
    /// Resample a of an experiment's networks; b is 0.
    Bootstrap = 11,
}

/// One reproducible sequence. Salmon et al., *Parallel random numbers: as easy as 1, 2, 3* (SC 2011).
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    /// [block number, a, b, purpose]
    counter: [u32; 4],
    block: [u32; 4],
    /// Words of `block` already handed out.
    used: usize,
}

impl Stream {
    pub fn new(seed: u64, purpose: Purpose, a: u32, b: u32) -> Stream {
        let key = [seed as u32, (seed >> 32) as u32];
        Stream { key, counter: [0, a, b, purpose as u32], block: [0; 4], used: 4 }
    }

    /// The stream of one candidate.
    pub fn of_candidate(seed: u64, purpose: Purpose, id: u64) -> Stream {
        Stream::new(seed, purpose, id as u32, (id >> 32) as u32)
    }

    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox4x32_10(self.counter, self.key);
            self.counter[0] = self.counter[0]
                .checked_add(1)
                .expect("a stream holds 2^34 words; no layer within the caps draws as many");
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    pub fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) << 32 | u64::from(self.next_u32())
    }

    /// Uniform over 0..n, without bias (Lemire 2019). `n` must not be 0.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "a draw needs something to choose from");
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        // The bound costs a division, and is below n: most draws are accepted without it.
        if (product as u32) < n {
            let least = n.wrapping_neg() % n;
            while (product as u32) < least {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }
}

fn philox4x32_10(mut c: [u32; 4], mut k: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for _ in 0..10 {
        let p0 = MULTIPLIERS[0] * u64::from(c[0]);
        let p1 = MULTIPLIERS[1] * u64::from(c[2]);
        c = [
            (p1 >> 32) as u32 ^ c[1] ^ k[0],
            p1 as u32,
            (p0 >> 32) as u32 ^ c[3] ^ k[1],
            p0 as u32,
        ];
        k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of the Random123 distribution for philox4x32-10.
    #[test]
    fn philox_matches_the_published_answers() {
        assert_eq!(
            philox4x32_10([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32_10([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32_10(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// The streams are a format: these words are what the version means.
    #[test]
    fn streams_are_pinned() {
        let mut stream = Stream::new(2021, Purpose::Propose, 3, 1);
        assert_eq!(stream.next_u64(), 10_527_059_877_266_571_557);
    }

    #[test]
    fn below_is_even() {
        let mut stream = Stream::new(7, Purpose::Propose, 0, 0);
        let mut counts = [0_i32; 3];
        for _ in 0..30_000 {
            counts[stream.below(3) as usize] += 1;
        }
        // Five standard deviations of a binomial count.
        assert!(counts.iter().all(|c| (c - 10_000).abs() < 5 * 82), "{counts:?}");
    }
}
