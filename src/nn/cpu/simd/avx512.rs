//! AVX-512F: 16 lanes, 32 registers.
#![expect(unsafe_code, reason = "intrinsics of one instruction set, all behind a detected token")]

use std::arch::x86_64::*;

use super::{Kernel, Simd};

/// Exists only where the CPU has AVX-512F and FMA.
#[derive(Clone, Copy)]
pub(in crate::nn::cpu) struct Avx512(());

impl Simd for Avx512 {
    const LANES: usize = 16;
    const PANEL: usize = 3;
    const TILE_PIXELS: [usize; 3] = [16, 14, 9];
    const HALF_TILE_PIXELS: Option<[usize; 3]> = Some([14, 10, 7]);
    const DEPTHWISE_PIXELS: usize = 8;

    type F32 = __m512;
    type U32 = __m512i;

    fn detect() -> Option<Avx512> {
        let both = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma");
        both.then_some(Avx512(()))
    }

    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,fma")]
        fn compiled<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
            kernel.run(simd)
        }
        // SAFETY: `self` exists, so the CPU has AVX-512F and FMA.
        unsafe { compiled(self, kernel) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: __m512) {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm512_storeu_ps(to, value) }
    }

    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: a hint, which no address can make fault.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) };
    }

    #[inline(always)]
    unsafe fn load_half(self, from: *const f32) -> __m512 {
        // SAFETY: the caller's promise, and the token's.
        unsafe {
            let half = _mm256_castps_pd(_mm256_loadu_ps(from));
            _mm512_castpd_ps(_mm512_broadcast_f64x4(half))
        }
    }

    on_values! {
        splat(value: f32) -> __m512 = _mm512_set1_ps(value);
        splat_pair(a: f32, b: f32) -> __m512 =
            _mm512_mask_blend_ps(0xFF00, _mm512_set1_ps(a), _mm512_set1_ps(b));
        halves(a: __m512) -> [__m512; 2] = {
            let upper = _mm512_shuffle_f32x4::<0b11_10_11_10>(a, a);
            [_mm512_maskz_mov_ps(0x00FF, a), _mm512_maskz_mov_ps(0x00FF, upper)]
        };
        add(a: __m512, b: __m512) -> __m512 = _mm512_add_ps(a, b);
        sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
        mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
        mul_add(a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fmadd_ps(a, b, c);
        max(a: __m512, b: __m512) -> __m512 = _mm512_max_ps(a, b);
        abs(a: __m512) -> __m512 = _mm512_abs_ps(a);
        sqrt(a: __m512) -> __m512 = _mm512_sqrt_ps(a);
        splat_u32(value: u32) -> __m512i = _mm512_set1_epi32(value as i32);
        count_from(first: u32) -> __m512i = _mm512_add_epi32(
            _mm512_set1_epi32(first as i32),
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        );
        add_u32(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi32(a, b);
        sub_u32(a: __m512i, b: __m512i) -> __m512i = _mm512_sub_epi32(a, b);
        xor(a: __m512i, b: __m512i) -> __m512i = _mm512_xor_si512(a, b);
        and(a: __m512i, b: __m512i) -> __m512i = _mm512_and_si512(a, b);
        to_f32(a: __m512i) -> __m512 = _mm512_cvtepi32_ps(a);
        float_of(a: __m512i) -> __m512 = _mm512_castsi512_ps(a);
        bits_of(a: __m512) -> __m512i = _mm512_castps_si512(a);
        select_odd(odd: __m512i, a: __m512, b: __m512) -> __m512 =
            _mm512_mask_blend_ps(_mm512_test_epi32_mask(odd, _mm512_set1_epi32(1)), b, a);
        mul_even(a: __m512i, b: u32) -> __m512i =
            _mm512_mul_epu32(a, _mm512_set1_epi64(i64::from(b)));
        odd_to_even(a: __m512i) -> __m512i = _mm512_srli_epi64::<32>(a);
        interleave_even(a: __m512i, b: __m512i) -> __m512i =
            _mm512_mask_shuffle_epi32::<0b10_10_00_00>(a, 0xAAAA, b);
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: `self` exists, so the CPU has AVX-512F.
        unsafe { _mm512_slli_epi32::<BITS>(a) }
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_srli_epi32::<BITS>(a) }
    }

    #[inline(always)]
    fn shift_right_signed<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_srai_epi32::<BITS>(a) }
    }
}
