//! What convolutions hand back: the gradients of [`Patches`](super::patches::Patches) and
//! [`Depthwise`](super::depthwise::Depthwise), on the CPU.
//!
//! Must not know: networks, losses. Invariant: each is the transpose of its forward loop, tap by tap.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, WithDType, bail};

use super::{conv::contiguous, window::Window};

/// Output lines of one map that a tap falls on, with the columns and the first pixel of each line.
fn lines(window: &Window, (ty, tx): (usize, usize)) -> Option<(Range<usize>, Range<usize>, usize)> {
    let (ys, xs) = (window.inside(ty), window.inside(tx));
    (!ys.is_empty() && !xs.is_empty()).then(|| {
        let first = window.input(xs.start, tx);
        (ys, xs, first)
    })
}

/// col2im: (in·k², samples·out²) summed up to (in, samples, side, side), where all lines were taken.
pub(super) struct Unpatch {
    pub window: Window,
    pub channels: usize,
    pub samples: usize,
}

impl Unpatch {
    fn run<T: WithDType>(&self, grad: &[T], layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let grad = contiguous(grad, layout)?;
        let (w, samples) = (&self.window, self.samples);
        let columns = samples * w.out * w.out;
        let mut x = vec![T::zero(); self.channels * samples * w.side * w.side];
        let mut rows = grad.chunks_exact(columns);
        for channel in x.chunks_exact_mut(samples * w.side * w.side) {
            for (ty, tx) in w.taps() {
                let row = rows.next().expect("a row for each tap of each channel");
                let Some((ys, xs, first)) = lines(w, (ty, tx)) else { continue };
                let maps = channel.chunks_exact_mut(w.side * w.side);
                for (map, row) in maps.zip(row.chunks_exact(w.out * w.out)) {
                    for y in ys.clone() {
                        let to = map[w.input(y, ty) * w.side + first..].iter_mut();
                        let from = &row[y * w.out..][xs.clone()];
                        to.step_by(w.stride).zip(from).for_each(|(to, from)| *to += *from);
                    }
                }
            }
        }
        let shape = Shape::from((self.channels, samples, w.side, w.side));
        Ok((T::to_cpu_storage_owned(x), shape))
    }
}

impl CustomOp1 for Unpatch {
    fn name(&self) -> &'static str {
        "unpatch"
    }

    fn cpu_fwd(&self, grad: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        match grad {
            CpuStorage::F32(grad) => self.run(grad, layout),
            CpuStorage::F64(grad) => self.run(grad, layout),
            _ => bail!("{}: expected f32 or f64", self.name()),
        }
    }
}

/// The gradient of a depthwise conv's input: from (channels, samples, out, out) and the weight.
pub(super) struct DepthwiseInput {
    pub window: Window,
}

impl DepthwiseInput {
    fn run<T: WithDType>(
        &self,
        grad: (&[T], &Layout),
        weight: (&[T], &Layout),
    ) -> Result<(CpuStorage, Shape)> {
        let (channels, samples, _, _) = grad.1.shape().dims4()?;
        let (grad, weight) = (contiguous(grad.0, grad.1)?, contiguous(weight.0, weight.1)?);
        let w = &self.window;
        let mut x = vec![T::zero(); channels * samples * w.side * w.side];
        let maps = x.chunks_exact_mut(w.side * w.side);
        for (i, (map, grad)) in maps.zip(grad.chunks_exact(w.out * w.out)).enumerate() {
            let weights = &weight[i / samples * w.kernel * w.kernel..];
            for ((ty, tx), &weight) in w.taps().zip(weights) {
                let Some((ys, xs, first)) = lines(w, (ty, tx)) else { continue };
                for y in ys {
                    let to = map[w.input(y, ty) * w.side + first..].iter_mut();
                    let from = &grad[y * w.out..][xs.clone()];
                    to.step_by(w.stride).zip(from).for_each(|(to, from)| *to += weight * *from);
                }
            }
        }
        let shape = Shape::from((channels, samples, w.side, w.side));
        Ok((T::to_cpu_storage_owned(x), shape))
    }
}

/// The gradient of a depthwise conv's weight: from its input and (channels, samples, out, out).
pub(super) struct DepthwiseWeight {
    pub window: Window,
}

impl DepthwiseWeight {
    fn run<T: WithDType>(
        &self,
        x: (&[T], &Layout),
        grad: (&[T], &Layout),
    ) -> Result<(CpuStorage, Shape)> {
        let (channels, samples, _, _) = x.1.shape().dims4()?;
        let (x, grad) = (contiguous(x.0, x.1)?, contiguous(grad.0, grad.1)?);
        let w = &self.window;
        let taps = w.kernel * w.kernel;
        let mut sums = vec![0.0; channels * taps];
        let maps = x.chunks_exact(w.side * w.side).zip(grad.chunks_exact(w.out * w.out));
        for (i, (map, grad)) in maps.enumerate() {
            let sums = &mut sums[i / samples * taps..][..taps];
            for ((ty, tx), sum) in w.taps().zip(sums) {
                let Some((ys, xs, first)) = lines(w, (ty, tx)) else { continue };
                for y in ys {
                    let from = map[w.input(y, ty) * w.side + first..].iter();
                    let products = from.step_by(w.stride).zip(&grad[y * w.out..][xs.clone()]);
                    let line = products.fold(T::zero(), |sum, (x, g)| sum + *x * *g);
                    *sum += line.to_f64();
                }
            }
        }
        let weight = sums.into_iter().map(T::from_f64).collect();
        Ok((T::to_cpu_storage_owned(weight), Shape::from((channels, 1, w.kernel, w.kernel))))
    }
}

over_two!(DepthwiseInput, "gradient of a depthwise input");
over_two!(DepthwiseWeight, "gradient of a depthwise weight");
