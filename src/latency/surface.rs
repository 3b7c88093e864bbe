//! What layers of one make take, by their widths and the side of their maps: a rough law of work, and
//! what the measurements near a layer say beside it.

use super::FusedLayer;

/// A place in the space of layers of one make: ln of channels taken, channels given, side.
pub(super) type Place = [f64; 3];

pub(super) fn place(layer: &FusedLayer) -> Place {
    [layer.in_channels, layer.out_channels, layer.side].map(|size| libm::log(f64::from(size)))
}

/// Milliseconds of a batch as a sum of what a launch, arithmetic, maps and weights cost, none of them
/// negative: where nothing was measured nearby it bends as hardware does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Law([f64; TERMS]);

const TERMS: usize = 4;

fn terms(layer: &FusedLayer, batch: u32) -> [f64; TERMS] {
    let batch = f64::from(batch);
    // In units that keep the terms near each other: 10⁹ multiply-adds, 10⁶ numbers.
    [1.0, batch * layer.flops() / 1e9, batch * layer.elements() / 1e6, layer.weights() / 1e6]
}

impl Law {
    /// The least relative errors over layers and their milliseconds; large ones count less, since some
    /// measurements are far off. None where nothing was measured.
    pub(super) fn fit<'a>(
        rows: impl Iterator<Item = (&'a FusedLayer, f64)> + Clone,
        batch: u32,
    ) -> Option<Law> {
        rows.clone().next()?;
        let mut law = Law([0.0; TERMS]);
        for round in 0..8 {
            let mut normal = [[0.0; TERMS]; TERMS];
            let mut right = [0.0; TERMS];
            for (layer, ms) in rows.clone() {
                let terms = terms(layer, batch).map(|term| term / ms);
                let error = terms.iter().zip(law.0).map(|(t, w)| t * w).sum::<f64>() - 1.0;
                let weight = if round == 0 { 1.0 } else { 1.0 / (0.05 + error.abs()) };
                for i in 0..TERMS {
                    right[i] += weight * terms[i];
                    for j in 0..TERMS {
                        normal[i][j] += weight * terms[i] * terms[j];
                    }
                }
            }
            law.descend(&normal, &right);
        }
        Some(law)
    }

    /// The least squares without negative terms, one term at a time.
    fn descend(&mut self, normal: &[[f64; TERMS]; TERMS], right: &[f64; TERMS]) {
        for _ in 0..2_000 {
            for i in 0..TERMS {
                let others: f64 =
                    (0..TERMS).filter(|&j| j != i).map(|j| normal[i][j] * self.0[j]).sum();
                let least = (right[i] - others) / normal[i][i].max(f64::MIN_POSITIVE);
                self.0[i] = least.max(0.0);
            }
        }
    }

    /// ln of the milliseconds of a batch.
    pub(super) fn log_ms(&self, layer: &FusedLayer, batch: u32) -> f64 {
        let ms: f64 = terms(layer, batch).iter().zip(self.0).map(|(term, w)| term * w).sum();
        // Whatever was measured took some time.
        libm::log(ms.max(1e-9))
    }
}

/// A layer that was measured, and how far from the law.
#[derive(Clone, Copy, Debug)]
struct Point {
    place: Place,
    /// ln of measured over law.
    beside: f64,
}

/// Layers of one make.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    law: Law,
    batch: u32,
    points: Vec<Point>,
    /// Of each point: |ln| of what those of other widths say of it over what was measured. Networks have widths
    /// that nobody measured more often than sides.
    errors: Vec<f64>,
}

/// How sure what is said of a layer is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    /// Of nine in ten such layers |ln| of prediction over measurement is no larger.
    pub within: f64,
    /// Whether what was measured is so far away that the law speaks, more than the measurements.
    pub extrapolates: bool,
}

/// Measurements that a prediction goes by.
const NEIGHBOURS: usize = 8;
/// Measurements whose errors tell the error of a prediction.
const WITNESSES: usize = 32;
/// Farther than this factor in a width or the side nothing was measured.
const FAR: f64 = 2.0;
/// An error that is told where nobody knows one, and for each further factor e away from what was measured.
const UNKNOWN: f64 = 0.5;

impl Surface {
    pub(super) fn new(rows: &[(FusedLayer, f64)], batch: u32, law: Law) -> Surface {
        let points = rows.iter().map(|(layer, ms)| Point {
            place: place(layer),
            beside: libm::log(*ms) - law.log_ms(layer, batch),
        });
        let mut surface = Surface { law, batch, points: points.collect(), errors: Vec::new() };
        let errors = (0..surface.points.len()).map(|at| surface.error_without(at));
        surface.errors = errors.collect();
        surface
    }

    /// Without measurements.
    pub(super) fn bare(law: Law, batch: u32) -> Surface {
        Surface { law, batch, points: Vec::new(), errors: Vec::new() }
    }

    /// ln of the milliseconds of the batch.
    pub(super) fn log_ms(&self, layer: &FusedLayer) -> f64 {
        self.law.log_ms(layer, self.batch) + self.beside(&place(layer), None)
    }

    pub(super) fn say(&self, layer: &FusedLayer) -> Said {
        let here = place(layer);
        let mut near: Vec<(f64, usize)> = self.distances(&here, None).collect();
        let most = WITNESSES.min(near.len());
        if most == 0 {
            let within = 2.0 * UNKNOWN;
            return Said { within, extrapolates: true };
        }
        near.select_nth_unstable_by(most - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (nearest, _) = near
            .iter()
            .fold((f64::INFINITY, 0), |least, &it| if it.0 < least.0 { it } else { least });
        let mut errors: Vec<f64> = near[..most].iter().map(|&(_, at)| self.errors[at]).collect();
        errors.sort_by(f64::total_cmp);
        let told = errors[(errors.len() * 9 / 10).min(errors.len() - 1)];
        let apart = nearest.sqrt();
        let within = told + UNKNOWN * (apart - FAR.ln() / 2.0).max(0.0);
        Said { within, extrapolates: apart > FAR.ln() }
    }

    fn error_without(&self, at: usize) -> f64 {
        let point = &self.points[at];
        (self.beside(&point.place, Some(&point.place)) - point.beside).abs()
    }

    fn distances<'a>(
        &'a self,
        here: &'a Place,
        without: Option<&'a Place>,
    ) -> impl Iterator<Item = (f64, usize)> + 'a {
        let distance = move |point: &Point| -> f64 {
            point.place.iter().zip(here).map(|(x, y)| (x - y) * (x - y)).sum()
        };
        let others = self.points.iter().enumerate();
        let others =
            others.filter(move |(_, it)| without.is_none_or(|apart| it.place[..2] != apart[..2]));
        others.map(move |(at, point)| (distance(point), at))
    }

    /// ln of what is measured over the law: a plane through the nearest measurements, the near ones
    /// counting most; `without` those of its widths.
    fn beside(&self, here: &Place, without: Option<&Place>) -> f64 {
        let mut nearest = [(f64::INFINITY, 0_usize); NEIGHBOURS];
        let mut count = 0;
        for it in self.distances(here, without) {
            if count == NEIGHBOURS && it.0 >= nearest[NEIGHBOURS - 1].0 {
                continue;
            }
            let place = nearest[..count].partition_point(|known| known.0 <= it.0);
            count = (count + 1).min(NEIGHBOURS);
            nearest.copy_within(place..NEIGHBOURS - 1, place + 1);
            nearest[place] = it;
        }
        let nearest = &nearest[..count];
        let Some(&(farthest, _)) = nearest.last() else { return 0.0 };
        let reach = 1.1 * farthest.max(1e-9);
        let mut normal = [[0.0; 4]; 4];
        let mut right = [0.0; 4];
        for &(distance, at) in nearest {
            let point = &self.points[at];
            let weight = (1.0 - distance / reach).powi(2) / (distance + 0.01);
            let [x, y, z]: Place = std::array::from_fn(|i| point.place[i] - here[i]);
            let row = [1.0, x, y, z];
            for i in 0..4 {
                right[i] += weight * row[i] * point.beside;
                for j in 0..4 {
                    normal[i][j] += weight * row[i] * row[j];
                }
            }
        }
        // Slopes that the measurements leave open are level.
        let ridge = 0.01 * normal[0][0];
        (1..4).for_each(|i| normal[i][i] += ridge);
        solve(&mut normal, &mut right)
    }
}

/// The first unknown of a positive definite system, by elimination from the last.
fn solve(normal: &mut [[f64; 4]; 4], right: &mut [f64; 4]) -> f64 {
    for pivot in (1..4).rev() {
        let by = normal[pivot];
        for row in 0..pivot {
            let factor = normal[row][pivot] / by[pivot];
            let columns = normal[row].iter_mut().zip(by).take(pivot);
            columns.for_each(|(value, by)| *value -= factor * by);
            right[row] -= factor * right[pivot];
        }
    }
    right[0] / normal[0][0]
}
