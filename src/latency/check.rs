//! How far a table can be believed: what it says of layers that it was not told.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
};

use super::{
    FusedLayer, Operation, Overhead, Predictor, Table, Unpredictable, batch_of,
    overhead::NINE_IN_TEN,
};
use crate::arch::NetSpec;

/// What is held out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// A layer at random, whose neighbours stay.
    Layer,
    /// All sides of a pair of widths: what lies between the columns of the grid.
    Widths,
}

/// Parts of which one is held out at a time.
const FOLDS: u64 = 10;

/// Relative errors of what was held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    pub count: usize,
    /// |prediction / measurement − 1|.
    pub median: f64,
    pub nine_in_ten: f64,
    /// Of prediction / measurement: 1 where it is too much as often as too little.
    pub median_ratio: f64,
    /// Share that was within the interval that was told, 0 to 1; it means to be 0.9.
    pub covered: f64,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub batch: u32,
    pub all: Errors,
    /// By operation, kernel, stride and sum.
    pub makes: Vec<((Operation, u32, u32, bool), Errors)>,
    /// Whole networks, each predicted by an overhead fitted to the others; none where there are too few.
    pub nets: Option<Errors>,
}

/// Networks from which on a fit to the others says something.
const FEWEST_NETS: usize = 3;

/// Predicts every row of one batch by the others.
///
/// # Errors
/// The table has nothing of that batch.
pub fn cross_validate(table: &Table, batch: u32, fold: Fold) -> Result<Checked, Unpredictable> {
    let batch = batch_of(table, Some(batch))?;
    let mut makes: BTreeMap<(Operation, u32, u32, bool), Vec<Miss>> = BTreeMap::new();
    let mut all = Vec::new();
    let mut sides: Vec<u32> = table.rows.iter().map(|row| row.layer.side).collect();
    sides.sort_unstable();
    sides.dedup();
    for part in 0..FOLDS {
        let is_out = |layer: &FusedLayer| fold.part(layer) == part;
        let mut rest = Table::new(table.provenance.clone());
        let of_batch = || table.rows.iter().filter(|row| row.batch == batch);
        rest.rows = of_batch().filter(|row| !is_out(&row.layer)).copied().collect();
        let predictor = Predictor::at(&rest, Some(batch), sides.clone())?;
        for row in of_batch().filter(|row| is_out(&row.layer)) {
            let layer = &row.layer;
            let ratio = predictor.batch_ms(layer) / row.ms;
            let miss = Miss { ratio, within: predictor.layer(layer).within };
            let make = (layer.operation, layer.kernel, layer.stride, layer.sum);
            makes.entry(make).or_default().push(miss);
            all.push(miss);
        }
    }
    let all = Errors::of(all).ok_or(Unpredictable::Empty)?;
    let makes = makes.into_iter().filter_map(|(make, misses)| Some((make, Errors::of(misses)?)));
    Ok(Checked { batch, all, makes: makes.collect(), nets: nets(table, batch)? })
}

fn nets(table: &Table, batch: u32) -> Result<Option<Errors>, Unpredictable> {
    let rows: Vec<_> = table.nets.iter().filter(|net| net.batch == batch).collect();
    if rows.len() < FEWEST_NETS {
        return Ok(None);
    }
    let predictor = Predictor::of_layers(table, Some(batch), rows[0].resolution)?;
    let pairs = rows.iter().map(|row| {
        let spec = NetSpec::residual(row.resolution, row.classes);
        let estimate = predictor.net(&row.net, &spec);
        let within = libm::log(estimate.high_ms / estimate.ms);
        (estimate.ms * f64::from(batch), row.ms, within)
    });
    let pairs: Vec<(f64, f64, f64)> = pairs.collect();
    let miss = |at: usize| {
        let others = pairs.iter().enumerate().filter(|(other, _)| *other != at);
        let others: Vec<(f64, f64)> = others.map(|(_, (sum, ms, _))| (*sum, *ms)).collect();
        let overhead = Overhead::of(&others);
        let (sum, ms, within) = pairs[at];
        let scatter = NINE_IN_TEN * overhead.scatter;
        let ratio = (overhead.factor * sum + overhead.ms) / ms;
        Miss { ratio, within: within.hypot(scatter) }
    };
    Ok(Errors::of((0..pairs.len()).map(miss).collect()))
}

/// A prediction over what was measured, and the |ln| of that which was told.
#[derive(Clone, Copy)]
struct Miss {
    ratio: f64,
    within: f64,
}

impl Fold {
    fn part(self, layer: &FusedLayer) -> u64 {
        let mut hash = rustc_hash::FxHasher::default();
        let FusedLayer { operation, in_channels, side, out_channels, kernel, stride, .. } = *layer;
        (operation, in_channels, out_channels).hash(&mut hash);
        if self == Fold::Layer {
            (side, kernel, stride).hash(&mut hash);
        }
        // The low bits of this hash follow from those of its input.
        (hash.finish() >> 20) % FOLDS
    }
}

impl Errors {
    fn of(misses: Vec<Miss>) -> Option<Errors> {
        let count = misses.len();
        let covered = misses.iter().filter(|miss| libm::log(miss.ratio).abs() <= miss.within);
        let covered = covered.count() as f64 / count as f64;
        let sorted = |of: fn(&Miss) -> f64| {
            let mut values: Vec<f64> = misses.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let ratios = sorted(|miss| miss.ratio);
        let errors = sorted(|miss| (miss.ratio - 1.0).abs());
        let (median, median_ratio) = (*errors.get(count / 2)?, *ratios.get(count / 2)?);
        let nine_in_ten = *errors.get((count * 9 / 10).min(count - 1))?;
        Some(Errors { count, median, nine_in_ten, median_ratio, covered })
    }
}
