//! Vectors: one trait, one file an instruction set.
//!
//! Owns: every intrinsic of the program. Must not know: what is computed with them. Invariant: a
//! value of a [`Simd`] type exists only where the CPU has its instructions, so arithmetic is safe;
//! only loads and stores ask the caller for something.

/// Methods of a token that are intrinsics on values: safe because of the token.
#[cfg(target_arch = "x86_64")]
macro_rules! on_values {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $out:ty = $body:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $kind),*) -> $out {
            // SAFETY: `self` exists, so the CPU has the instructions.
            unsafe { $body }
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
pub(super) use portable::Portable;

/// The widest panel of output channels that any tile holds in registers; vectors.
pub(super) const MAX_PANEL: usize = 3;

/// The most output pixels of a tile, on any instruction set.
pub(super) const MAX_PIXELS: usize = 16;

/// Lanes of the widest vector: what buffers are aligned and padded to.
pub(super) const MAX_LANES: usize = 16;

/// An instruction set.
pub(in crate::nn) trait Simd: Copy + Send + Sync + 'static {
    /// f32 values of a vector; divides [`MAX_LANES`].
    const LANES: usize;
    /// Widest panel of a tile; vectors, at most [`MAX_PANEL`].
    const PANEL: usize;
    /// Most output pixels of a tile with 1, 2 and 3 vectors of channels, so that accumulators,
    /// weights and one input fit in the registers; at most [`MAX_PIXELS`].
    const TILE_PIXELS: [usize; MAX_PANEL];
    /// The same for tiles with 0, 1 and 2 vectors and half of one, which pixels share in pairs;
    /// none where vectors are never halved.
    const HALF_TILE_PIXELS: Option<[usize; MAX_PANEL]>;
    /// Output pixels that a depthwise kernel computes together.
    const DEPTHWISE_PIXELS: usize;

    type F32: Copy;
    type U32: Copy;

    /// The token, where the CPU has the instructions.
    fn detect() -> Option<Self>;

    /// Runs `kernel` in code compiled for these instructions. A kernel's own code must be inlined
    /// into its `run`, or it falls back to what the program was compiled for.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;

    #[expect(unsafe_code, reason = "reads through a pointer")]
    /// # Safety
    /// `from` is valid for [`Simd::LANES`] values; no alignment is needed.
    unsafe fn load(self, from: *const f32) -> Self::F32;
    #[expect(unsafe_code, reason = "writes through a pointer")]
    /// # Safety
    /// `to` is valid for [`Simd::LANES`] values; no alignment is needed.
    unsafe fn store(self, to: *mut f32, value: Self::F32);

    /// Asks for the cache line at `at` to be brought near, if the CPU can; any address is fine.
    fn prefetch(self, _at: *const f32) {}

    fn splat(self, value: f32) -> Self::F32;
    /// `a` in the lower half of the lanes, `b` in the upper half.
    fn splat_pair(self, a: f32, b: f32) -> Self::F32;
    #[expect(unsafe_code, reason = "reads through a pointer")]
    /// Half a vector, in both halves.
    ///
    /// # Safety
    /// `from` is valid for half of [`Simd::LANES`] values.
    unsafe fn load_half(self, from: *const f32) -> Self::F32;
    /// The lower and the upper half, each in the lower half of a vector, zeros above.
    fn halves(self, a: Self::F32) -> [Self::F32; 2];
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a · b + c, rounded once where the instructions can.
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// `b` where one of them is not a number.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    fn abs(self, a: Self::F32) -> Self::F32;
    fn sqrt(self, a: Self::F32) -> Self::F32;

    fn splat_u32(self, value: u32) -> Self::U32;
    /// `first`, `first + 1`, … wrapping.
    fn count_from(self, first: u32) -> Self::U32;
    /// 64-bit products of the even lanes with `b`: low words in even lanes, high words in odd ones.
    fn mul_even(self, a: Self::U32, b: u32) -> Self::U32;
    /// Odd lanes moved to the even ones before them; zeros in odd lanes.
    fn odd_to_even(self, a: Self::U32) -> Self::U32;
    /// The even lanes of `a` and, in the odd lanes behind them, those of `b`.
    fn interleave_even(self, a: Self::U32, b: Self::U32) -> Self::U32;
    fn add_u32(self, a: Self::U32, b: Self::U32) -> Self::U32;
    fn sub_u32(self, a: Self::U32, b: Self::U32) -> Self::U32;
    fn xor(self, a: Self::U32, b: Self::U32) -> Self::U32;
    fn and(self, a: Self::U32, b: Self::U32) -> Self::U32;
    fn shift_left<const BITS: u32>(self, a: Self::U32) -> Self::U32;
    /// Zeros come in.
    fn shift_right<const BITS: u32>(self, a: Self::U32) -> Self::U32;
    /// Copies of the sign come in.
    fn shift_right_signed<const BITS: u32>(self, a: Self::U32) -> Self::U32;
    /// From signed integers, to the nearest.
    fn to_f32(self, a: Self::U32) -> Self::F32;
    fn float_of(self, a: Self::U32) -> Self::F32;
    fn bits_of(self, a: Self::F32) -> Self::U32;
    /// Lane by lane `a` where the lowest bit of `odd` is 1, else `b`.
    fn select_odd(self, odd: Self::U32, a: Self::F32, b: Self::F32) -> Self::F32;
}

/// Code that runs on any instruction set.
///
/// What is called inside of an iterator's or an array's adaptor is code of the standard library,
/// compiled for no instruction set in particular: kernels use loops.
pub(in crate::nn) trait Kernel {
    type Output;
    /// Implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation against plain Rust, lane by lane.
    struct Operations {
        a: [f32; MAX_LANES],
        b: [f32; MAX_LANES],
    }

    impl Kernel for Operations {
        type Output = ();
        #[inline(always)]
        #[expect(unsafe_code, reason = "loads and stores of whole vectors")]
        fn run<S: Simd>(self, s: S) {
            // SAFETY: both arrays hold MAX_LANES values, at least a vector.
            let (a, b) = unsafe { (s.load(self.a.as_ptr()), s.load(self.b.as_ptr())) };
            let lanes = |v: S::F32| {
                let mut out = [0.0_f32; MAX_LANES];
                // SAFETY: as above.
                unsafe { s.store(out.as_mut_ptr(), v) };
                out[..S::LANES].to_vec()
            };
            let words = |v: S::U32| lanes(s.float_of(v)).iter().map(|x| x.to_bits()).collect();
            let float = |name: &str, got: S::F32, expected: &dyn Fn(f32, f32) -> f32| {
                for (lane, got) in lanes(got).into_iter().enumerate() {
                    let expected = expected(self.a[lane], self.b[lane]);
                    assert!(got.to_bits() == expected.to_bits(), "{name}: {got} not {expected}");
                }
            };
            let word = |name: &str, got: S::U32, expected: &dyn Fn(u32, u32) -> u32| {
                let got: Vec<u32> = words(got);
                for (lane, got) in got.into_iter().enumerate() {
                    let expected = expected(self.a[lane].to_bits(), self.b[lane].to_bits());
                    assert_eq!(got, expected, "{name}");
                }
            };
            float("splat", s.splat(1.5), &|_, _| 1.5);
            if S::HALF_TILE_PIXELS.is_some() {
                let half = S::LANES / 2;
                let expected = |lane| if lane < half { 1.5 } else { 2.5 };
                assert_eq!(
                    lanes(s.splat_pair(1.5, 2.5)),
                    (0..S::LANES).map(expected).collect::<Vec<_>>()
                );
                // SAFETY: as above.
                let twice = lanes(unsafe { s.load_half(self.a.as_ptr()) });
                assert_eq!(twice, [&self.a[..half], &self.a[..half]].concat());
                let zeros = vec![0.0; half];
                let [lower, upper] = s.halves(a);
                assert_eq!(lanes(lower), [&self.a[..half], &zeros].concat());
                assert_eq!(lanes(upper), [&self.a[half..S::LANES], &zeros].concat());
            }
            float("add", s.add(a, b), &|a, b| a + b);
            float("sub", s.sub(a, b), &|a, b| a - b);
            float("mul", s.mul(a, b), &|a, b| a * b);
            float("max", s.max(a, b), &f32::max);
            assert!(lanes(s.max(a, s.splat(f32::NAN))).iter().all(|x| x.is_nan()));
            float("max", s.max(s.splat(f32::NAN), b), &|_, b| b);
            float("abs", s.abs(a), &|a, _| a.abs());
            float("sqrt", s.sqrt(s.abs(a)), &|a, _| a.abs().sqrt());
            for (lane, got) in lanes(s.mul_add(a, b, b)).into_iter().enumerate() {
                let exact =
                    f64::from(self.a[lane]) * f64::from(self.b[lane]) + f64::from(self.b[lane]);
                assert!(
                    (f64::from(got) - exact).abs() <= exact.abs() * 1e-5,
                    "mul_add: {got} not {exact}"
                );
            }
            let (x, y) = (s.bits_of(a), s.bits_of(b));
            word("splat_u32", s.splat_u32(7), &|_, _| 7);
            let counted: Vec<u32> = words(s.count_from(u32::MAX));
            assert_eq!(
                counted,
                (0..S::LANES as u32).map(|i| i.wrapping_sub(1)).collect::<Vec<_>>()
            );
            word("add_u32", s.add_u32(x, y), &u32::wrapping_add);
            word("sub_u32", s.sub_u32(x, y), &u32::wrapping_sub);
            word("xor", s.xor(x, y), &|x, y| x ^ y);
            word("and", s.and(x, y), &|x, y| x & y);
            word("shift_left", s.shift_left::<5>(x), &|x, _| x << 5);
            word("shift_right", s.shift_right::<9>(x), &|x, _| x >> 9);
            let signed = |x, _| ((x as i32) >> 23) as u32;
            word("shift_right_signed", s.shift_right_signed::<23>(x), &signed);
            let bits = |lane: usize| self.a[lane].to_bits();
            let lane_by_lane = |name: &str, got: S::U32, expected: &dyn Fn(usize) -> u32| {
                let got: Vec<u32> = words(got);
                assert_eq!(got, (0..S::LANES).map(expected).collect::<Vec<_>>(), "{name}");
            };
            let product = |lane: usize| u64::from(bits(lane)) * 0xD251_1F53;
            lane_by_lane("mul_even", s.mul_even(x, 0xD251_1F53), &|lane| match lane % 2 {
                0 => product(lane) as u32,
                _ => (product(lane - 1) >> 32) as u32,
            });
            let odd_to_even = |lane: usize| if lane.is_multiple_of(2) { bits(lane + 1) } else { 0 };
            lane_by_lane("odd_to_even", s.odd_to_even(x), &odd_to_even);
            lane_by_lane("interleave_even", s.interleave_even(x, y), &|lane| match lane % 2 {
                0 => bits(lane),
                _ => self.b[lane - 1].to_bits(),
            });
            float("to_f32", s.to_f32(x), &|a, _| a.to_bits() as i32 as f32);
            let odd = |a: f32, b: f32| if a.to_bits() & 1 == 1 { a } else { b };
            float("select_odd", s.select_odd(x, a, b), &odd);
        }
    }

    fn check<S: Simd>() {
        let Some(simd) = S::detect() else {
            eprintln!("skipped: this CPU lacks {}", std::any::type_name::<S>());
            return;
        };
        let a = std::array::from_fn(|i| (i as f32 - 6.3) * 1.7);
        let b = std::array::from_fn(|i| (3.1 - i as f32) * 0.9);
        simd.run(Operations { a, b });
    }

    #[test]
    fn operations_do_what_they_say() {
        check::<Portable>();
        #[cfg(target_arch = "x86_64")]
        {
            check::<Avx2>();
            check::<Avx512>();
        }
    }
}
