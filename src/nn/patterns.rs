//! Activation patterns: which ReLUs let an image through.
//!
//! Must not know: networks, tensors. Invariant: counts are exact, whatever the number of units.

use std::collections::BTreeSet;

/// A bit for each unit and image, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patterns {
    /// Of each image.
    images: Vec<Vec<u64>>,
    units: u64,
}

impl Patterns {
    /// Of no units yet.
    pub fn new(images: usize) -> Patterns {
        Patterns { images: vec![Vec::new(); images], units: 0 }
    }

    /// More units: a row for each image of what goes into its ReLUs.
    pub fn add(&mut self, rows: &[Vec<f32>]) {
        for (image, row) in self.images.iter_mut().zip(rows) {
            let word = |units: &[f32]| {
                let bit = |(at, x): (usize, &f32)| u64::from(*x > 0.0) << at;
                units.iter().enumerate().map(bit).sum::<u64>()
            };
            image.extend(row.chunks(64).map(word));
        }
        self.units += rows.first().map_or(0, |row| row.len() as u64);
    }

    /// Units of one image.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// How many images go through the network differently: linear regions that the batch falls into.
    pub fn distinct(&self) -> usize {
        self.images.iter().collect::<BTreeSet<_>>().len()
    }

    /// For each two images the units that they have in common, active or not; row by row. This is
    /// Σ A·Aᵀ + (1 − A)·(1 − A)ᵀ over the layers (Mellor et al., ICML 2021).
    pub fn agreements(&self) -> Vec<Vec<f64>> {
        let apart = |a: &[u64], b: &[u64]| -> u64 {
            a.iter().zip(b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum()
        };
        let row = |a: &Vec<u64>| {
            let common = |b: &Vec<u64>| (self.units - apart(a, b)) as f64;
            self.images.iter().map(common).collect()
        };
        self.images.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreements_are_the_sum_of_both_products() {
        let layers = [
            vec![vec![1.0, -1.0, 0.0, 2.0], vec![-1.0, -1.0, 3.0, 2.0]],
            // Over the border of a word, and a NaN that is not active.
            vec![vec![1.0; 70], [vec![1.0; 68], vec![f32::NAN, -1.0]].concat()],
        ];
        let mut patterns = Patterns::new(2);
        layers.iter().for_each(|rows| patterns.add(rows));
        assert_eq!((patterns.units(), patterns.distinct()), (74, 2));
        let active = |x: &f32| f64::from(u8::from(*x > 0.0));
        for (i, row) in patterns.agreements().iter().enumerate() {
            for (j, found) in row.iter().enumerate() {
                let expected = layers
                    .iter()
                    .flat_map(|rows| rows[i].iter().zip(&rows[j]))
                    .map(|(a, b)| active(a) * active(b) + (1.0 - active(a)) * (1.0 - active(b)));
                assert_eq!(*found, expected.sum::<f64>(), "{i} {j}");
            }
        }
        let mut same = Patterns::new(3);
        same.add(&[vec![1.0, 2.0], vec![3.0, 1.0], vec![1.0, -2.0]]);
        assert_eq!(same.distinct(), 2);
    }
}
