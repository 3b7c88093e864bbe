//! Plain Rust: 4 lanes, for every CPU. The compiler turns the loops into what the target has: SSE2
//! on any x86-64, NEON with fused multiply-add on aarch64.

use super::{Kernel, Simd};

const LANES: usize = 4;

#[derive(Clone, Copy)]
pub(in crate::nn::cpu) struct Portable;

#[inline(always)]
fn each<T: Copy, U>(a: [T; LANES], f: impl Fn(T) -> U) -> [U; LANES] {
    a.map(f)
}

#[inline(always)]
fn pairs<T: Copy, U>(a: [T; LANES], b: [T; LANES], f: impl Fn(T, T) -> U) -> [U; LANES] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

/// One rounding where that is one instruction; as a library call it would be many times slower.
const FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

impl Simd for Portable {
    const LANES: usize = LANES;
    const PANEL: usize = if cfg!(target_arch = "aarch64") { 3 } else { 2 };
    const TILE_PIXELS: [usize; 3] =
        if cfg!(target_arch = "aarch64") { [16, 12, 8] } else { [12, 6, 0] };
    const HALF_TILE_PIXELS: Option<[usize; 3]> = None;
    const DEPTHWISE_PIXELS: usize = 4;

    type F32 = [f32; LANES];
    type U32 = [u32; LANES];

    fn detect() -> Option<Portable> {
        Some(Portable)
    }

    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "as the trait declares it")]
    unsafe fn load(self, from: *const f32) -> [f32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "as the trait declares it")]
    unsafe fn store(self, to: *mut f32, value: [f32; LANES]) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(value) }
    }

    #[expect(unsafe_code, reason = "as the trait declares it")]
    unsafe fn load_half(self, _: *const f32) -> Self::F32 {
        unreachable!("vectors are not halved")
    }

    fn splat_pair(self, _: f32, _: f32) -> Self::F32 {
        unreachable!("vectors are not halved")
    }

    fn halves(self, _: Self::F32) -> [Self::F32; 2] {
        unreachable!("vectors are not halved")
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F32 {
        [value; LANES]
    }
    #[inline(always)]
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        pairs(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        pairs(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        pairs(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32 {
        std::array::from_fn(|i| if FUSED { a[i].mul_add(b[i], c[i]) } else { a[i] * b[i] + c[i] })
    }
    #[inline(always)]
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        pairs(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn abs(self, a: Self::F32) -> Self::F32 {
        each(a, f32::abs)
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F32) -> Self::F32 {
        each(a, f32::sqrt)
    }

    #[inline(always)]
    fn splat_u32(self, value: u32) -> Self::U32 {
        [value; LANES]
    }
    #[inline(always)]
    fn count_from(self, first: u32) -> Self::U32 {
        std::array::from_fn(|lane| first.wrapping_add(lane as u32))
    }
    #[inline(always)]
    fn add_u32(self, a: Self::U32, b: Self::U32) -> Self::U32 {
        pairs(a, b, u32::wrapping_add)
    }
    #[inline(always)]
    fn sub_u32(self, a: Self::U32, b: Self::U32) -> Self::U32 {
        pairs(a, b, u32::wrapping_sub)
    }
    #[inline(always)]
    fn xor(self, a: Self::U32, b: Self::U32) -> Self::U32 {
        pairs(a, b, |a, b| a ^ b)
    }
    #[inline(always)]
    fn and(self, a: Self::U32, b: Self::U32) -> Self::U32 {
        pairs(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: Self::U32) -> Self::U32 {
        each(a, |a| a << BITS)
    }
    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: Self::U32) -> Self::U32 {
        each(a, |a| a >> BITS)
    }
    #[inline(always)]
    fn shift_right_signed<const BITS: u32>(self, a: Self::U32) -> Self::U32 {
        each(a, |a| ((a as i32) >> BITS) as u32)
    }
    #[inline(always)]
    fn mul_even(self, a: Self::U32, b: u32) -> Self::U32 {
        let [first, second] = [a[0], a[2]].map(|a| u64::from(a) * u64::from(b));
        [first as u32, (first >> 32) as u32, second as u32, (second >> 32) as u32]
    }
    #[inline(always)]
    fn odd_to_even(self, a: Self::U32) -> Self::U32 {
        [a[1], 0, a[3], 0]
    }
    #[inline(always)]
    fn interleave_even(self, a: Self::U32, b: Self::U32) -> Self::U32 {
        [a[0], b[0], a[2], b[2]]
    }
    #[inline(always)]
    fn to_f32(self, a: Self::U32) -> Self::F32 {
        each(a, |a| a as i32 as f32)
    }
    #[inline(always)]
    fn float_of(self, a: Self::U32) -> Self::F32 {
        each(a, f32::from_bits)
    }
    #[inline(always)]
    fn bits_of(self, a: Self::F32) -> Self::U32 {
        each(a, f32::to_bits)
    }
    #[inline(always)]
    fn select_odd(self, odd: Self::U32, a: Self::F32, b: Self::F32) -> Self::F32 {
        std::array::from_fn(|i| if odd[i] & 1 == 1 { a[i] } else { b[i] })
    }
}
