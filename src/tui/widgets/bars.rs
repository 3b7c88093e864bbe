//! Columns of eighths: widths of blocks and short histories in one row.

use crate::arch::Structure;

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A column of `eighths` of 8.
pub fn eighths(eighths: usize) -> &'static str {
    EIGHTHS[eighths.min(8)]
}

/// A column for each block: the logarithm of its output width, from 4 to 2,048.
pub fn widths(structure: &Structure, max: usize) -> String {
    let blocks = structure.blocks();
    let levels = blocks.iter().map(|block| {
        let level = (f64::from(block.out_channels).log2() - 2.0) * 7.0 / 9.0;
        eighths(level.round().clamp(1.0, 8.0) as usize)
    });
    if blocks.len() <= max {
        return levels.collect();
    }
    levels.take(max.saturating_sub(1)).chain(["…"]).collect()
}

/// `values` as columns between the lowest and the highest of them.
pub fn sparkline(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let level = |v: f64| match high - low {
        range if range > 0.0 => 1 + ((v - low) / range * 7.0).round() as usize,
        _ => 1,
    };
    values.iter().map(|&v| eighths(level(v))).collect()
}

/// A bar of up to `cells` cells in halves, `part` of 1 long; what is more than nothing is seen.
pub fn halves(part: f64, cells: u16) -> String {
    let most = f64::from(2 * cells);
    let halves = (part * most).round().clamp(1.0, most.max(1.0)) as usize;
    format!("{}{}", "▄".repeat(halves / 2), if halves % 2 == 1 { "▖" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_logarithmic() {
        let text = "SuperConvK3BNRELU(3,64,1,1)SuperResK1K7K1(64,288,1,16,5)SuperResK1K7K1(288,496,2,16,5)\
                    SuperResK1K3K1(496,48,2,32,2)SuperResK1K3K1(48,112,2,32,4)SuperConvK1BNRELU(112,448,1,1)";
        let structure: Structure = text.parse().expect("valid");
        assert_eq!(widths(&structure, 8), "▃▅▅▃▄▅");
        assert_eq!(widths(&structure, 4), "▃▅▅…");
        assert_eq!(sparkline(&[1.0, 2.0, 3.0]), "▁▅█");
        assert_eq!(sparkline(&[2.0, 2.0]), "▁▁");
        assert_eq!([0.0, 0.5, 0.7, 1.2].map(|part| halves(part, 4)), ["▖", "▄▄", "▄▄▄", "▄▄▄▄"]);
    }
}
