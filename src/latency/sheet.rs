//! A surface on a grid of widths, for maps of one side: asked often, computed once.

use std::sync::atomic::{AtomicU64, Ordering};

/// Grid points a doubling of channels.
const POINTS_A_DOUBLING: u32 = 4;
/// Channels up to which the grid goes, as a power of two.
const DOUBLINGS: u32 = 14;

/// The widths of a grid, evenly apart in their logarithm but where whole numbers are farther apart.
#[derive(Debug)]
pub(super) struct Axis {
    channels: Vec<u32>,
    logs: Vec<f64>,
    /// By channels: the point at or below, and how far to the next.
    cells: Vec<(u16, f32)>,
}

impl Axis {
    pub(super) fn new() -> Axis {
        let at = |i: u32| libm::exp2(f64::from(i) / f64::from(POINTS_A_DOUBLING)).round() as u32;
        let mut channels: Vec<u32> = (0..=POINTS_A_DOUBLING * DOUBLINGS).map(at).collect();
        channels.dedup();
        let logs: Vec<f64> = channels.iter().map(|&c| libm::log(f64::from(c))).collect();
        let mut axis = Axis { channels, logs, cells: Vec::new() };
        axis.cells = (0..=1 << DOUBLINGS).map(|c| axis.find(c)).collect();
        axis
    }

    pub(super) fn channels(&self, point: usize) -> u32 {
        self.channels[point]
    }

    pub(super) fn points(&self) -> usize {
        self.channels.len()
    }

    /// Whether both widths are on the grid.
    pub(super) fn holds(&self, widths: [u32; 2]) -> bool {
        widths.iter().all(|&width| (1..=1 << DOUBLINGS).contains(&width))
    }

    fn find(&self, channels: u32) -> (u16, f32) {
        let channels = channels.max(1);
        let behind = self.channels.partition_point(|&point| point <= channels);
        let cell = (behind - 1).min(self.points() - 2);
        let (low, high) = (self.logs[cell], self.logs[cell + 1]);
        let part = (libm::log(f64::from(channels)) - low) / (high - low);
        (cell as u16, part as f32)
    }

    fn cell(&self, channels: u32) -> (usize, f64) {
        let (cell, part) = self.cells[channels as usize];
        (usize::from(cell), f64::from(part))
    }

    /// Between the four points around widths that are on the grid, linear in the logarithms. Beyond it, the noise of
    /// its last points would be multiplied.
    pub(super) fn between(&self, [x, y]: [u32; 2], value: impl Fn([usize; 2]) -> f64) -> f64 {
        let ((i, u), (j, v)) = (self.cell(x), self.cell(y));
        let row = |i: usize| {
            let left = if v < 1.0 { (1.0 - v) * value([i, j]) } else { 0.0 };
            let right = if v > 0.0 { v * value([i, j + 1]) } else { 0.0 };
            left + right
        };
        let low = if u < 1.0 { (1.0 - u) * row(i) } else { 0.0 };
        let high = if u > 0.0 { u * row(i + 1) } else { 0.0 };
        low + high
    }
}

/// ln of milliseconds by the points of a grid, each computed when it is first asked for. Whoever is first,
/// it is the same number.
#[derive(Debug)]
pub(super) struct Sheet {
    points: usize,
    values: Vec<AtomicU64>,
}

impl Sheet {
    pub(super) fn new(points: usize) -> Sheet {
        let values = (0..points * points).map(|_| AtomicU64::new(f64::NAN.to_bits())).collect();
        Sheet { points, values }
    }

    pub(super) fn value(&self, [i, j]: [usize; 2], compute: impl Fn() -> f64) -> f64 {
        let cell = &self.values[i * self.points + j];
        let known = f64::from_bits(cell.load(Ordering::Relaxed));
        if !known.is_nan() {
            return known;
        }
        let value = compute();
        cell.store(value.to_bits(), Ordering::Relaxed);
        value
    }
}
