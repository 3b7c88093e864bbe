//! Memory that kernels work in: aligned, grown but never shrunk, fenced in debug builds.
//!
//! Must not know: what is stored. Invariant: in debug builds whatever a kernel writes past the end
//! of a buffer, or reads before it was written, shows.
#![expect(unsafe_code, reason = "lines are seen as the values that they are")]

use super::simd::MAX_LANES;

/// A vector of the widest kind, on its own cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; MAX_LANES]);

/// Lines before and behind the values.
const FENCE: usize = 1;

/// A value that no kernel computes.
const UNTOUCHED: f32 = f32::from_bits(0x7FC0_DEAD);

/// f32 values on a cache line of their own.
#[derive(Default)]
pub(super) struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// Makes room for `len` values of which nothing is known; what was there is lost.
    ///
    /// # Errors
    /// The system has not that much memory.
    pub(super) fn resize(&mut self, len: usize) -> Result<(), std::collections::TryReserveError> {
        let lines = len.div_ceil(MAX_LANES) + 2 * FENCE;
        if lines > self.lines.len() {
            // Not copied: what was there is lost anyway.
            self.lines = Vec::new();
            self.lines.try_reserve_exact(lines)?;
            self.lines.resize(lines, Line([0.0; MAX_LANES]));
        }
        self.len = len;
        if cfg!(debug_assertions) {
            self.lines[..lines].fill(Line([UNTOUCHED; MAX_LANES]));
        }
        Ok(())
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        (self.lines.len() * size_of::<Line>()) as u64
    }

    pub(super) fn values(&self) -> &[f32] {
        let lines = self.lines.get(FENCE..).unwrap_or_default();
        assert!(lines.len() * MAX_LANES >= self.len, "resize made room");
        // SAFETY: a line is its values, and the assertion says that there are enough.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), self.len) }
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        let lines = self.lines.get_mut(FENCE..).unwrap_or_default();
        assert!(lines.len() * MAX_LANES >= self.len, "resize made room");
        // SAFETY: as for `values`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), self.len) }
    }

    /// In debug builds: panics if something was written right before or behind the values.
    pub(super) fn check_fences(&self) {
        if cfg!(debug_assertions) && !self.lines.is_empty() {
            let behind = FENCE + self.len / MAX_LANES;
            let used = self.len % MAX_LANES;
            let before = self.lines[..FENCE].iter().flat_map(|line| &line.0);
            let end = self.len.div_ceil(MAX_LANES) + 2 * FENCE;
            let behind = self.lines[behind..end].iter().flat_map(|line| &line.0);
            for value in before.chain(behind.skip(used)) {
                assert_eq!(value.to_bits(), UNTOUCHED.to_bits(), "a kernel left its buffer");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_keep_their_memory() {
        let mut buffer = Buffer::default();
        assert!(buffer.values().is_empty());
        buffer.resize(100).expect("memory");
        assert_eq!(buffer.values().len(), 100);
        assert_eq!(buffer.values().as_ptr().addr() % 64, 0);
        let bytes = buffer.bytes();
        buffer.resize(10).expect("memory");
        assert_eq!((buffer.values().len(), buffer.bytes()), (10, bytes));
        buffer.check_fences();
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "left its buffer")]
    fn a_write_past_the_end_shows() {
        let mut buffer = Buffer::default();
        buffer.resize(10).expect("memory");
        // Still inside of the allocation.
        let end = buffer.values_mut().as_mut_ptr().wrapping_add(10);
        // SAFETY: the last line of values and the fence behind it are allocated.
        unsafe { end.write(1.0) };
        buffer.check_fences();
    }
}
