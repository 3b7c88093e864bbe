//! Depthwise convolutions as an operation of our own.
//!
//! Must not know: networks. Invariant: the CPU's loops and the GPU's kernel compute the same function.
//!
//! A padded map is split by stride into *phases*: phase (a, b) holds the padded pixels with row ≡ a,
//! column ≡ b. In it every tap is a plain shift.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType, bail};

#[cfg(feature = "cuda")]
use super::kernels::{self, cuda};
use super::{
    backward::{DepthwiseInput, DepthwiseWeight},
    conv::contiguous,
    window::Window,
};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;

/// `x` (channels, samples, side, side) by a weight (channels, 1, k, k).
pub(super) struct Depthwise {
    pub window: Window,
}

impl Depthwise {
    fn run<T: WithDType>(
        &self,
        x: (&[T], &Layout),
        weight: (&[T], &Layout),
    ) -> Result<(CpuStorage, Shape)> {
        let (channels, samples, _, _) = x.1.shape().dims4()?;
        let (x, weight) = (contiguous(x.0, x.1)?, contiguous(weight.0, weight.1)?);
        let w = &self.window;
        let (plane, out_plane, taps) = (w.side * w.side, w.out * w.out, w.kernel * w.kernel);
        let mut y = vec![T::zero(); channels * samples * out_plane];
        let mut phases = Phases::new(w);
        // Outputs at the pitch of a phase, so that a tap is one long shifted multiply; the columns
        // past each row's end hold products across rows and are dropped.
        let pitch = w.phase_side();
        let mut sums = vec![T::zero(); w.out * pitch];
        let reach = (w.out - 1) * pitch + w.out;
        for (i, (map, out)) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out_plane)).enumerate()
        {
            let weights = &weight[i / samples * taps..][..taps];
            phases.load(map);
            sums.fill(T::zero());
            for ((ty, tx), &weight) in w.taps().zip(weights) {
                for (sum, &value) in sums[..reach].iter_mut().zip(phases.under(ty, tx)) {
                    *sum += weight * value;
                }
            }
            for (out, sums) in out.chunks_exact_mut(w.out).zip(sums.chunks_exact(pitch)) {
                out.copy_from_slice(&sums[..w.out]);
            }
        }
        let shape = Shape::from((channels, samples, w.out, w.out));
        Ok((T::to_cpu_storage_owned(y), shape))
    }
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match (x, weight) {
            (CpuStorage::F32(x), CpuStorage::F32(weight)) => {
                self.run((x, x_layout), (weight, weight_layout))
            }
            (CpuStorage::F64(x), CpuStorage::F64(weight)) => {
                self.run((x, x_layout), (weight, weight_layout))
            }
            _ => bail!("{}: expected two tensors of f32 or of f64", self.name()),
        }
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (window, grad) = (self.window, grad.contiguous()?);
        let of_input = grad.apply_op2_no_bwd(weight, &DepthwiseInput { window })?;
        let of_weight = x.apply_op2_no_bwd(&grad, &DepthwiseWeight { window })?;
        Ok((Some(of_input), Some(of_weight)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        weight: &CudaStorage,
        weight_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (channels, samples, _, _) = x_layout.shape().dims4()?;
        let shape = Shape::from((channels, samples, self.window.out, self.window.out));
        let launch = kernels::depthwise(channels, samples, self.window);
        let buffers = [(x, x_layout), (weight, weight_layout)];
        Ok((cuda::produce(&launch, &buffers, shape.elem_count())?, shape))
    }
}

/// One padded map, split into its stride² phases. Padding is written once: every map covers the
/// same pixels.
struct Phases<'w, T> {
    window: &'w Window,
    values: Vec<T>,
}

impl<'w, T: WithDType> Phases<'w, T> {
    fn new(window: &'w Window) -> Phases<'w, T> {
        let phases = window.stride * window.stride;
        Phases { window, values: vec![T::zero(); phases * window.phase_side().pow(2)] }
    }

    fn load(&mut self, map: &[T]) {
        let (w, pitch) = (self.window, self.window.phase_side());
        for (y, row) in map.chunks_exact(w.side).enumerate() {
            let y = y + w.pad();
            if y / w.stride >= pitch {
                break;
            }
            for x in 0..w.stride {
                let phase = y % w.stride * w.stride + x;
                let line = &mut self.values[(phase * pitch + y / w.stride) * pitch..][..pitch];
                // The first pixel of this phase on the map, and where in the line it goes.
                let first = (x + w.stride - w.pad() % w.stride) % w.stride;
                let to = line.iter_mut().skip((first + w.pad()) / w.stride);
                for (to, from) in to.zip(row.iter().skip(first).step_by(w.stride)) {
                    *to = *from;
                }
            }
        }
    }

    /// The values under tap (ty, tx) from output (0, 0) on, rows at the pitch of a phase.
    fn under(&self, ty: usize, tx: usize) -> &[T] {
        let (w, pitch) = (self.window, self.window.phase_side());
        let phase = ty % w.stride * w.stride + tx % w.stride;
        &self.values[(phase * pitch + ty / w.stride) * pitch + tx / w.stride..]
    }
}
