//! What the kernels' tests share.

use super::simd::{Portable, Simd};

/// A test that runs on one instruction set.
pub(super) trait OnPath {
    fn run<S: Simd>(&self, s: S);
}

/// Runs `test` on every instruction set of this CPU; says which it has not.
pub(super) fn on_every_path(test: &impl OnPath) {
    fn on<S: Simd>(test: &impl OnPath) {
        match S::detect() {
            Some(s) => test.run(s),
            None => eprintln!("skipped: this CPU lacks {}", std::any::type_name::<S>()),
        }
    }
    on::<Portable>(test);
    #[cfg(target_arch = "x86_64")]
    {
        on::<super::simd::Avx2>(test);
        on::<super::simd::Avx512>(test);
    }
}
