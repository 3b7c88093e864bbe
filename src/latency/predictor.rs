//! What a table says of layers and networks that were not measured.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{
    FusedLayer, Operation, Provenance, Table,
    overhead::{NINE_IN_TEN, Overhead},
    sheet::{Axis, Sheet},
    surface::{Law, Said, Surface},
    walk_fused, walk_fused_head,
};
use crate::arch::{Block, NetSpec, Shape, Structure};

/// Why a table says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unpredictable {
    #[error("the table has no convs")]
    Empty,
    #[error("the table has no convs of batch {asked}; it has batches {}", list(.known))]
    Batch { asked: u32, known: Vec<u32> },
}

fn list(batches: &[u32]) -> String {
    let names: Vec<String> = batches.iter().map(u32::to_string).collect();
    names.join(", ")
}

/// What makes layers comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Make {
    operation: Operation,
    kernel: u32,
    stride: u32,
    sum: bool,
}

impl Make {
    fn of(layer: &FusedLayer) -> Make {
        let FusedLayer { operation, kernel, stride, sum, .. } = *layer;
        Make { operation, kernel, stride, sum }
    }
}

/// The paper's: it times 64 images at once.
const USUAL_BATCH: u32 = 64;

/// The batch that a table is asked for: what is `asked` for, else its own where it has just one, else 64.
///
/// # Errors
/// It has nothing of that batch.
pub fn batch_of(table: &Table, asked: Option<u32>) -> Result<u32, Unpredictable> {
    let known = table.batches();
    let batch = match (asked, known.as_slice()) {
        (_, []) => return Err(Unpredictable::Empty),
        (None, [only]) => *only,
        (asked, _) => asked.unwrap_or(USUAL_BATCH),
    };
    match known.contains(&batch) {
        true => Ok(batch),
        false => Err(Unpredictable::Batch { asked: batch, known }),
    }
}

/// Predicts by one table, for one batch.
///
/// A layer's time is interpolated in ln of widths and side: first onto a grid, once, then between its
/// points, so that asking costs next to nothing. A network's is the sum over its layers, times a factor
/// and plus an overhead where whole networks were measured.
#[derive(Debug)]
pub struct Predictor {
    provenance: Provenance,
    digest: u64,
    batch: u32,
    makes: Vec<(Make, Surface)>,
    /// By operation, where a make was not measured.
    bare: [Surface; 3],
    sides: Vec<u32>,
    /// By make and side.
    sheets: Vec<Sheet>,
    axis: Axis,
    overhead: Overhead,
}

impl Predictor {
    /// For networks that take images of `resolution`; `batch` as [`batch_of`] has it.
    ///
    /// # Errors
    /// The table has nothing of that batch.
    pub fn new(
        table: &Table,
        batch: Option<u32>,
        resolution: u32,
    ) -> Result<Predictor, Unpredictable> {
        let mut predictor = Predictor::of_layers(table, batch, resolution)?;
        predictor.overhead = Overhead::fit(&predictor, &table.nets);
        Ok(predictor)
    }

    /// As if nobody had measured a whole network.
    pub(super) fn of_layers(
        table: &Table,
        batch: Option<u32>,
        resolution: u32,
    ) -> Result<Predictor, Unpredictable> {
        let mut sides = sides_of(resolution);
        table.nets.iter().for_each(|net| sides.extend(sides_of(net.resolution)));
        Predictor::at(table, batch, sides)
    }

    /// For maps of those sides; others are predicted as well, slower.
    pub(super) fn at(
        table: &Table,
        batch: Option<u32>,
        mut sides: Vec<u32>,
    ) -> Result<Predictor, Unpredictable> {
        let batch = batch_of(table, batch)?;
        let mut makes: BTreeMap<Make, Vec<(FusedLayer, f64)>> = BTreeMap::new();
        for row in table.rows.iter().filter(|row| row.batch == batch) {
            makes.entry(Make::of(&row.layer)).or_default().push((row.layer, row.ms));
        }
        let rows_of = |operation| {
            let rows = makes.iter().filter(move |(make, _)| make.operation == operation);
            rows.flat_map(|(_, rows)| rows).map(|(layer, ms)| (layer, *ms))
        };
        let regular = Law::fit(rows_of(Operation::Regular), batch);
        let regular = regular.ok_or(Unpredictable::Empty)?;
        let bare = Operation::ALL.map(|operation| {
            // What a regular conv takes for its maps, another operation takes at least.
            let law = Law::fit(rows_of(operation), batch).unwrap_or(regular);
            Surface::bare(law, batch)
        });
        let makes: Vec<(Make, Surface)> = makes
            .into_iter()
            .filter_map(|(make, rows)| {
                let law = Law::fit(rows.iter().map(|(layer, ms)| (layer, *ms)), batch)?;
                Some((make, Surface::new(&rows, batch, law)))
            })
            .collect();
        sides.sort_unstable();
        sides.dedup();
        let axis = Axis::new();
        let sheets = (0..makes.len() * sides.len()).map(|_| Sheet::new(axis.points())).collect();
        Ok(Predictor {
            provenance: table.provenance.clone(),
            digest: table.digest(),
            batch,
            makes,
            bare,
            sides,
            sheets,
            axis,
            overhead: Overhead::NONE,
        })
    }

    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Of the table's rows.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Images that run at once.
    pub fn batch(&self) -> u32 {
        self.batch
    }

    pub fn overhead(&self) -> &Overhead {
        &self.overhead
    }

    /// Milliseconds an image, of a layer within a network.
    pub fn layer_ms(&self, layer: &FusedLayer) -> f64 {
        self.batch_ms(layer) * self.overhead.factor / f64::from(self.batch)
    }

    /// Milliseconds an image, beside the layers.
    pub fn overhead_ms(&self) -> f64 {
        self.overhead.ms / f64::from(self.batch)
    }

    /// Milliseconds of a batch, of a layer by itself.
    pub(super) fn batch_ms(&self, layer: &FusedLayer) -> f64 {
        let (whole, apart) = self.split(layer);
        let ms = self.interpolated(&whole);
        apart.map_or(ms, |apart| ms + self.interpolated(&apart))
    }

    /// What is looked up for `layer`: itself, or where its kind was measured only without a sum, that and
    /// the sum.
    fn split(&self, layer: &FusedLayer) -> (FusedLayer, Option<FusedLayer>) {
        if !layer.sum || self.make(layer).is_some() {
            return (*layer, None);
        }
        let maps = Shape { channels: layer.out_channels, resolution: layer.side_out() };
        (FusedLayer { sum: false, ..*layer }, Some(FusedLayer::sum_of(maps)))
    }

    fn make(&self, layer: &FusedLayer) -> Option<usize> {
        self.makes.binary_search_by_key(&Make::of(layer), |(make, _)| *make).ok()
    }

    fn surface(&self, layer: &FusedLayer) -> &Surface {
        match self.make(layer) {
            Some(make) => &self.makes[make].1,
            None => &self.bare[layer.operation as usize],
        }
    }

    fn interpolated(&self, layer: &FusedLayer) -> f64 {
        let widths = [layer.in_channels, layer.out_channels];
        let known = self.make(layer).zip(self.sides.binary_search(&layer.side).ok());
        let log_ms = match known.filter(|_| self.axis.holds(widths)) {
            Some((make, side)) => {
                let sheet = &self.sheets[make * self.sides.len() + side];
                let surface = &self.makes[make].1;
                self.axis.between(widths, |at| {
                    let channels = at.map(|i| self.axis.channels(i));
                    let [in_channels, out_channels] = channels;
                    let node = FusedLayer { in_channels, out_channels, ..*layer };
                    sheet.value(at, || surface.log_ms(&node))
                })
            }
            None => self.surface(layer).log_ms(layer),
        };
        libm::exp(log_ms)
    }

    /// What is said of a layer by itself, with its error.
    pub fn layer(&self, layer: &FusedLayer) -> LayerEstimate {
        let (whole, apart) = self.split(layer);
        let said: Vec<Said> =
            [Some(whole), apart].into_iter().flatten().map(|l| self.surface(&l).say(&l)).collect();
        LayerEstimate {
            ms: self.layer_ms(layer),
            within: said.iter().map(|said| said.within).fold(0.0, f64::max),
            extrapolates: said[0].extrapolates,
        }
    }

    /// What a block adds, behind maps of side `side`; milliseconds an image.
    pub fn block_ms(&self, block: &Block, side: u32, spec: &NetSpec) -> f64 {
        let mut first = 0.0;
        let after = walk_fused(block, 0, side, spec, &mut |l| first += self.layer_ms(&l));
        if block.sub_layers < 2 {
            return first;
        }
        let mut further = 0.0;
        walk_fused(block, 1, after, spec, &mut |l| further += self.layer_ms(&l));
        first + f64::from(block.sub_layers - 1) * further
    }

    /// What pool and classifier behind `maps` add, with what a network costs beside its layers;
    /// milliseconds an image.
    pub fn head_ms(&self, maps: Shape, spec: &NetSpec) -> f64 {
        let mut ms = self.overhead_ms();
        walk_fused_head(maps, spec, &mut |l| ms += self.layer_ms(&l));
        ms
    }

    /// Milliseconds an image, of a whole network: the sum over its parts.
    pub fn net_ms(&self, structure: &Structure, spec: &NetSpec) -> f64 {
        let (mut ms, mut side, mut channels) = (0.0, spec.resolution, 0);
        for block in structure.blocks() {
            ms += self.block_ms(block, side, spec);
            // Maps shrink in the first sub-layer only.
            side = walk_fused(block, 0, side, spec, &mut |_| {});
            channels = block.out_channels;
        }
        ms + self.head_ms(Shape { channels, resolution: side }, spec)
    }

    /// What is said of a network.
    pub fn net(&self, structure: &Structure, spec: &NetSpec) -> NetEstimate {
        let mut counts: BTreeMap<FusedLayer, u32> = BTreeMap::new();
        let mut side = spec.resolution;
        let mut count = |layer| *counts.entry(layer).or_default() += 1;
        for block in structure.blocks() {
            for sub_layer in 0..block.sub_layers {
                side = walk_fused(block, sub_layer.min(1), side, spec, &mut count);
            }
        }
        let channels = structure.blocks().last().map_or(0, |block| block.out_channels);
        walk_fused_head(Shape { channels, resolution: side }, spec, &mut count);
        let layers: Vec<(FusedLayer, u32, LayerEstimate)> =
            counts.into_iter().map(|(layer, count)| (layer, count, self.layer(&layer))).collect();
        NetEstimate::of(layers, self.overhead_ms(), self.overhead.scatter)
    }
}

/// Sides of the maps of networks that halve what they take.
fn sides_of(resolution: u32) -> Vec<u32> {
    let halved = |side: &u32| (*side > 1).then(|| side.div_ceil(2));
    std::iter::successors(Some(resolution.max(1)), halved).chain([1]).collect()
}

/// What is said of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerEstimate {
    /// An image, within a network.
    pub ms: f64,
    /// |ln| of prediction over measurement that nine in ten such layers don't exceed.
    pub within: f64,
    /// Whether nothing was measured within a factor of 2 of its widths and side.
    pub extrapolates: bool,
}

/// What is said of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetEstimate {
    /// An image.
    pub ms: f64,
    /// Where nine in ten are.
    pub low_ms: f64,
    pub high_ms: f64,
    /// Share of the time that layers take which extrapolate, 0 to 1.
    pub extrapolated: f64,
    /// Each distinct layer with how often it is there.
    pub layers: Vec<(FusedLayer, u32, LayerEstimate)>,
}

/// A share of extrapolated time that is worth a word.
const WORTH_SAYING: f64 = 0.05;

impl NetEstimate {
    /// Errors of a layer that is there often add up; those of different ones don't know each other.
    fn of(
        layers: Vec<(FusedLayer, u32, LayerEstimate)>,
        overhead_ms: f64,
        scatter: f64,
    ) -> NetEstimate {
        let (mut ms, mut variance, mut extrapolated) = (overhead_ms, 0.0, 0.0);
        for (_, count, estimate) in &layers {
            let whole = f64::from(*count) * estimate.ms;
            ms += whole;
            variance += (whole * estimate.within / NINE_IN_TEN).powi(2);
            extrapolated += if estimate.extrapolates { whole } else { 0.0 };
        }
        let spread = (variance / (ms * ms) + scatter * scatter).sqrt() * NINE_IN_TEN;
        NetEstimate {
            ms,
            low_ms: ms * libm::exp(-spread),
            high_ms: ms * libm::exp(spread),
            extrapolated: extrapolated / ms,
            layers,
        }
    }

    /// Whether so much of it is extrapolated that its error is unknown.
    pub fn extrapolates(&self) -> bool {
        self.extrapolated > WORTH_SAYING
    }
}
