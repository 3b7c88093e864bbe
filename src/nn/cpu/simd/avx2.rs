//! AVX2 with FMA: 8 lanes, 16 registers.
#![expect(unsafe_code, reason = "intrinsics of one instruction set, all behind a detected token")]

use std::arch::x86_64::*;

use super::{Kernel, Simd};

/// Exists only where the CPU has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(in crate::nn::cpu) struct Avx2(());

impl Simd for Avx2 {
    const LANES: usize = 8;
    const PANEL: usize = 2;
    const TILE_PIXELS: [usize; 3] = [12, 6, 0];
    // Widths are multiples of 8 in every search space.
    const HALF_TILE_PIXELS: Option<[usize; 3]> = None;
    const DEPTHWISE_PIXELS: usize = 8;

    type F32 = __m256;
    type U32 = __m256i;

    fn detect() -> Option<Avx2> {
        let both = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        both.then_some(Avx2(()))
    }

    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
            kernel.run(simd)
        }
        // SAFETY: `self` exists, so the CPU has AVX2 and FMA.
        unsafe { compiled(self, kernel) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: __m256) {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm256_storeu_ps(to, value) }
    }

    unsafe fn load_half(self, _: *const f32) -> __m256 {
        unreachable!("vectors are not halved")
    }

    fn splat_pair(self, _: f32, _: f32) -> __m256 {
        unreachable!("vectors are not halved")
    }

    fn halves(self, _: __m256) -> [__m256; 2] {
        unreachable!("vectors are not halved")
    }

    on_values! {
        splat(value: f32) -> __m256 = _mm256_set1_ps(value);
        add(a: __m256, b: __m256) -> __m256 = _mm256_add_ps(a, b);
        sub(a: __m256, b: __m256) -> __m256 = _mm256_sub_ps(a, b);
        mul(a: __m256, b: __m256) -> __m256 = _mm256_mul_ps(a, b);
        mul_add(a: __m256, b: __m256, c: __m256) -> __m256 = _mm256_fmadd_ps(a, b, c);
        max(a: __m256, b: __m256) -> __m256 = _mm256_max_ps(a, b);
        abs(a: __m256) -> __m256 =
            _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(i32::MAX)));
        sqrt(a: __m256) -> __m256 = _mm256_sqrt_ps(a);
        splat_u32(value: u32) -> __m256i = _mm256_set1_epi32(value as i32);
        count_from(first: u32) -> __m256i = _mm256_add_epi32(
            _mm256_set1_epi32(first as i32),
            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
        );
        add_u32(a: __m256i, b: __m256i) -> __m256i = _mm256_add_epi32(a, b);
        sub_u32(a: __m256i, b: __m256i) -> __m256i = _mm256_sub_epi32(a, b);
        xor(a: __m256i, b: __m256i) -> __m256i = _mm256_xor_si256(a, b);
        and(a: __m256i, b: __m256i) -> __m256i = _mm256_and_si256(a, b);
        to_f32(a: __m256i) -> __m256 = _mm256_cvtepi32_ps(a);
        float_of(a: __m256i) -> __m256 = _mm256_castsi256_ps(a);
        bits_of(a: __m256) -> __m256i = _mm256_castps_si256(a);
        // The blend looks at the sign bit.
        select_odd(odd: __m256i, a: __m256, b: __m256) -> __m256 =
            _mm256_blendv_ps(b, a, _mm256_castsi256_ps(_mm256_slli_epi32::<31>(odd)));
        mul_even(a: __m256i, b: u32) -> __m256i =
            _mm256_mul_epu32(a, _mm256_set1_epi64x(i64::from(b)));
        odd_to_even(a: __m256i) -> __m256i = _mm256_srli_epi64::<32>(a);
        interleave_even(a: __m256i, b: __m256i) -> __m256i =
            _mm256_blend_epi32::<0b1010_1010>(a, _mm256_shuffle_epi32::<0b10_10_00_00>(b));
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: __m256i) -> __m256i {
        // SAFETY: `self` exists, so the CPU has AVX2.
        unsafe { _mm256_sll_epi32(a, _mm_cvtsi32_si128(BITS as i32)) }
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_srl_epi32(a, _mm_cvtsi32_si128(BITS as i32)) }
    }

    #[inline(always)]
    fn shift_right_signed<const BITS: u32>(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_sra_epi32(a, _mm_cvtsi32_si128(BITS as i32)) }
    }
}
