//! Prefixes: what networks with common draws share is computed once.
//!
//! With one seed for all candidates a child has its parent's activations up to the first block that
//! changed. Those at the borders of blocks are kept, the longest unused leave first.
//!
//! Must not know: kernels. Invariant: what is kept is what would be computed, to the bit; so a hit
//! and a miss differ in time alone.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{geometry::Geometry, plan::Step};
use crate::nn::{
    network::{NormVariance, PASSES},
    source::PhiloxNormals,
};

/// All that decides the activations behind some layers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Prefix {
    pub layers: Arc<[Geometry]>,
    /// Fused convs round differently, and what is fused depends on where blocks end.
    pub steps: Arc<[Step]>,
    pub images: usize,
    pub alpha_bits: u64,
    pub draws: PhiloxNormals,
    /// Kernels of other vector widths lay maps out differently.
    pub lanes: usize,
}

/// A network at the border of two blocks.
pub(super) struct Border {
    /// The raw map, both passes.
    pub map: KeptMap,
    /// Its norm, by pass.
    pub norms: [BorderNorm; PASSES],
    /// Of all norms up to here.
    pub variances: Vec<NormVariance>,
}

/// A few values for each channel: not counted.
pub(super) struct BorderNorm {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

/// Values of a chunk. All chunks are alike, so that what one map leaves another can have: maps of
/// all sizes that come and go would leave the heap in shreds.
const CHUNK: usize = 64 << 10;

const CHUNK_BYTES: u64 = (CHUNK * size_of::<f32>()) as u64;

type Chunk = Box<[f32]>;

/// A map in chunks, the last one filled in part.
pub(super) struct KeptMap {
    chunks: Vec<Chunk>,
    len: usize,
}

impl KeptMap {
    fn copied(mut chunks: Vec<Chunk>, map: &[f32]) -> KeptMap {
        for (at, values) in map.chunks(CHUNK).enumerate() {
            match chunks.get_mut(at) {
                Some(chunk) => chunk[..values.len()].copy_from_slice(values),
                None => {
                    let mut chunk = vec![0.0; CHUNK];
                    chunk[..values.len()].copy_from_slice(values);
                    chunks.push(chunk.into());
                }
            }
        }
        KeptMap { chunks, len: map.len() }
    }

    /// Writes the map to the start of `to`.
    pub(super) fn copy_to(&self, to: &mut [f32]) {
        for (to, chunk) in to[..self.len].chunks_mut(CHUNK).zip(&self.chunks) {
            to.copy_from_slice(&chunk[..to.len()]);
        }
    }
}

/// What reuse has brought so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrefixReuse {
    /// Evaluations.
    pub evaluations: u64,
    /// Those that started behind a known prefix.
    pub hits: u64,
    /// Multiply-adds of all evaluations, had nothing been reused.
    pub macs: u64,
    /// Those of them that were not needed.
    pub macs_saved: u64,
    /// Bytes kept now.
    pub bytes: u64,
    /// Bytes kept at most.
    pub limit: u64,
}

/// The borders that the workers of a device share.
pub(in crate::nn) struct PrefixCache(Mutex<Kept>);

impl fmt::Debug for PrefixCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrefixCache").field(&self.reuse()).finish()
    }
}

#[derive(Default)]
struct Kept {
    /// With the turn of its last use.
    borders: HashMap<Prefix, (u64, Arc<Border>)>,
    /// By last use.
    turns: BTreeMap<u64, Prefix>,
    turn: u64,
    /// Chunks of all borders, and at most.
    used: usize,
    most: usize,
    /// Chunks that borders have left.
    free: Vec<Chunk>,
    reuse: PrefixReuse,
}

impl PrefixCache {
    /// Keeps at most `limit` bytes, in whole chunks.
    pub(in crate::nn) fn new(limit: u64) -> PrefixCache {
        let most = usize::try_from(limit / CHUNK_BYTES).unwrap_or(usize::MAX);
        let reuse = PrefixReuse { limit, ..PrefixReuse::default() };
        PrefixCache(Mutex::new(Kept { most, reuse, ..Kept::default() }))
    }

    pub(in crate::nn) fn reuse(&self) -> PrefixReuse {
        let kept = self.kept();
        PrefixReuse { bytes: kept.used as u64 * CHUNK_BYTES, ..kept.reuse }
    }

    /// The first of `prefixes` that is known, and its place among them.
    pub(super) fn find<'a>(
        &self,
        prefixes: impl Iterator<Item = &'a Prefix>,
    ) -> Option<(usize, Arc<Border>)> {
        let mut kept = self.kept();
        for (place, prefix) in prefixes.enumerate() {
            if let Some(border) = kept.touch(prefix) {
                return Some((place, border));
            }
        }
        None
    }

    /// Keeps the border with this `map`, and lets go of what was unused the longest; a map that is
    /// too large to keep beside others is not kept.
    pub(super) fn keep(
        &self,
        prefix: Prefix,
        map: &[f32],
        norms: [BorderNorm; PASSES],
        variances: Vec<NormVariance>,
    ) {
        let count = map.len().div_ceil(CHUNK);
        let Some(chunks) = self.kept().room(&prefix, count) else { return };
        // Others need not wait for the copy.
        let map = KeptMap::copied(chunks, map);
        let border = Border { map, norms, variances };
        self.kept().insert(prefix, border);
    }

    /// Counts an evaluation.
    pub(super) fn count(&self, macs: u64, macs_saved: u64) {
        let reuse = &mut self.kept().reuse;
        reuse.evaluations += 1;
        reuse.hits += u64::from(macs_saved > 0);
        reuse.macs += macs;
        reuse.macs_saved += macs_saved;
    }

    /// Nothing panics while it holds the lock but for want of memory.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Makes room for `count` chunks and gives those of them that are there; none where `prefix` is
    /// known or the chunks too many.
    fn room(&mut self, prefix: &Prefix, count: usize) -> Option<Vec<Chunk>> {
        if count > self.most / 4 || self.touch(prefix).is_some() {
            return None;
        }
        while self.used + count > self.most {
            let (_, oldest) = self.turns.pop_first()?;
            if let Some((_, border)) = self.borders.remove(&oldest) {
                self.used -= border.map.chunks.len();
                // One that is being read stays with its reader until then.
                if let Ok(border) = Arc::try_unwrap(border) {
                    self.free.extend(border.map.chunks);
                }
            }
        }
        self.used += count;
        let left = self.free.len().saturating_sub(count);
        Some(self.free.split_off(left))
    }

    fn insert(&mut self, prefix: Prefix, border: Border) {
        if self.touch(&prefix).is_some() {
            // Another worker was faster.
            self.used -= border.map.chunks.len();
            self.free.extend(border.map.chunks);
            return;
        }
        let turn = self.next_turn();
        self.turns.insert(turn, prefix.clone());
        self.borders.insert(prefix, (turn, Arc::new(border)));
    }

    fn next_turn(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }

    /// The border behind `prefix`, which now was the last one used.
    fn touch(&mut self, prefix: &Prefix) -> Option<Arc<Border>> {
        let turn = self.next_turn();
        let (last, border) = self.borders.get_mut(prefix)?;
        let prefix = self.turns.remove(last).unwrap_or_else(|| prefix.clone());
        *last = turn;
        self.turns.insert(turn, prefix);
        Some(Arc::clone(border))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::network::Activation;

    fn prefix(layers: usize) -> Prefix {
        let geometry = Geometry {
            in_channels: 3,
            out_channels: 8,
            side: 3,
            stride: 1,
            depthwise: false,
            from: 8,
            to: 8,
            activation: Activation::Relu,
        };
        Prefix {
            layers: vec![geometry; layers].into(),
            steps: (0..layers).map(Step::Conv).collect(),
            images: 2,
            alpha_bits: 0.01_f64.to_bits(),
            draws: PhiloxNormals { seed: 1, repeat: 0 },
            lanes: 16,
        }
    }

    fn keep(cache: &PrefixCache, layers: usize, chunks: usize) {
        let norm = || BorderNorm { scale: Vec::new(), shift: Vec::new() };
        let map: Vec<f32> = (0..chunks * CHUNK - 5).map(|i| (i + layers) as f32).collect();
        cache.keep(prefix(layers), &map, [norm(), norm()], Vec::new());
    }

    #[test]
    fn the_longest_unused_leaves_first() {
        let cache = PrefixCache::new(8 * CHUNK_BYTES + 5);
        let known = |layers| cache.find([&prefix(layers)].into_iter()).is_some();
        for layers in 1..=4 {
            keep(&cache, layers, 2);
        }
        assert_eq!(cache.reuse().bytes, 8 * CHUNK_BYTES);
        assert!(known(1), "used again");
        keep(&cache, 5, 1);
        assert_eq!([1, 2, 3, 4, 5].map(known), [true, false, true, true, true]);
        assert_eq!(cache.reuse().bytes, 7 * CHUNK_BYTES);
        keep(&cache, 6, 3);
        assert!(!known(6), "more than a quarter of the limit");
        keep(&cache, 5, 1);
        assert_eq!(cache.reuse().bytes, 7 * CHUNK_BYTES, "known already");
    }

    #[test]
    fn maps_come_back_as_they_were() {
        let cache = PrefixCache::new(8 * CHUNK_BYTES);
        for layers in 1..20 {
            keep(&cache, layers, 1 + layers % 2);
            let (_, border) = cache.find([&prefix(layers)].into_iter()).expect("just kept");
            let mut map = vec![0.0; border.map.len];
            border.map.copy_to(&mut map);
            assert!(map.iter().enumerate().all(|(i, x)| *x == (i + layers) as f32));
        }
    }

    #[test]
    fn the_first_known_prefix_is_found() {
        let cache = PrefixCache::new(16 * CHUNK_BYTES);
        keep(&cache, 1, 1);
        keep(&cache, 3, 3);
        let wanted = [4, 3, 2, 1].map(prefix);
        let (place, found) = cache.find(wanted.iter()).expect("two are known");
        assert_eq!((place, found.map.chunks.len()), (1, 3));
        let other = Prefix { draws: PhiloxNormals { seed: 2, repeat: 0 }, ..prefix(3) };
        assert!(cache.find([&other].into_iter()).is_none(), "another seed");
    }
}
