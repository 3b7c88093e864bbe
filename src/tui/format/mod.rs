//! Numbers and spans as every screen writes them. Pure functions from values to text; must not know
//! colours or places. Invariant: the same kind of number looks the same everywhere.

mod delta;

pub use delta::{DeltaUnit, score_delta};

use crate::{
    arch::{Block, BlockKind},
    space::Mutation,
    text::scaled,
};

/// What isn't there.
pub const NONE: &str = "–";

fn with_minus(text: String) -> String {
    text.replace('-', "−")
}

/// A score or a threshold: 2 decimals, fewer of what is large.
pub use crate::text::score;

/// A gain: signed, decimals as a score's; what rounds to nothing has no sign.
pub fn signed(value: f64) -> String {
    match score(value.abs()) {
        text if text == "0.00" || text == NONE => text,
        text => format!("{}{text}", if value < 0.0 { "−" } else { "+" }),
    }
}

/// A score on an axis or a chart's label: 1 decimal, and three figures of what is large.
pub fn short_score(value: f64) -> String {
    match value.abs() {
        v if !v.is_finite() => NONE.to_owned(),
        v if v < 9_999.95 => with_minus(format!("{value:.1}")),
        _ => with_minus(scaled(value, 3)),
    }
}

/// A score beside an axis in at most 5 cells and a sign, with so many decimals where it isn't large.
pub fn axis(value: f64, decimals: usize) -> String {
    match value.abs() {
        v if !v.is_finite() => NONE.to_owned(),
        v if v < 999.5 => with_minus(format!("{value:.decimals$}")),
        v if v < 9_999.5 => with_minus(format!("{value:.0}")),
        _ => {
            let text = scaled(value, 3);
            let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            // A power of ten has no unit to trim before.
            let short = match digits.contains('.') && digits.len() < text.len() {
                true => digits.trim_end_matches('0').trim_end_matches('.'),
                false => digits,
            };
            with_minus(format!("{short}{}", &text[digits.len()..]))
        }
    }
}

/// A spread: one significant step, at most 5 wide.
pub fn noise(value: f64) -> String {
    match value {
        v if !v.is_finite() => NONE.to_owned(),
        v if v >= 999.5 => format!("±{}", compact(v.round() as u64)),
        v if v >= 9.95 => format!("±{v:.0}"),
        v if v >= 0.095 => format!("±{v:.1}"),
        v if v >= 0.005 => format!("±{v:.2}").replace("0.", "."),
        v if v > 0.0 => "<.01".to_owned(),
        _ => "±0".to_owned(),
    }
}

pub use crate::text::grouped as count;

/// A candidate in prose.
pub fn id(value: u64) -> String {
    format!("#{}", count(value))
}

/// A count in at most 4 cells: `863`, `3.8k`, `13k`, `1.2M`.
pub fn compact(value: u64) -> String {
    let v = value as f64;
    for (scale, unit) in [(1e3, 'k'), (1e6, 'M'), (1e9, 'G')] {
        if value < 1_000 {
            break;
        }
        let scaled = v / scale;
        if scaled < 9.95 {
            return format!("{scaled:.1}{unit}");
        }
        if scaled < 999.5 {
            return format!("{scaled:.0}{unit}");
        }
    }
    if value < 1_000 { value.to_string() } else { format!("{:.0}T", v / 1e12) }
}

/// A share of 1, in percent with 1 decimal. Never rounds up to 100 before all is done.
pub fn percent(share: f64) -> String {
    let tenths = (share * 1_000.0).clamp(0.0, 1_000.0).floor();
    format!("{:.1} %", tenths / 10.0)
}

/// A share of 1 in whole percent: `·` below a half, `–` for nothing.
pub fn share(share: f64) -> String {
    match share {
        s if s <= 0.0 => NONE.to_owned(),
        s if s < 0.005 => "·".to_owned(),
        s => format!("{:.0}", s * 100.0),
    }
}

/// Three figures a second; none is not a rate of nothing but one not known yet.
pub fn rate(per_s: f64) -> String {
    match per_s {
        r if r <= 0.0 => NONE.to_owned(),
        r if r < 9.995 => format!("{r:.2}/s"),
        r if r < 99.95 => format!("{r:.1}/s"),
        r if r < 999.5 => format!("{r:.0}/s"),
        r if r < 9_995.0 => format!("{:.2}k/s", r / 1e3),
        r => format!("{:.1}k/s", r / 1e3),
    }
}

/// A span in whole seconds, floored: `38s`, `6m 14s`, `2h 05m`, `3d 4h`.
pub fn span(ms: u64) -> String {
    let s = ms / 1_000;
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m {:02}s", s / 60, s % 60),
        3_600..86_400 => format!("{}h {:02}m", s / 3_600, s / 60 % 60),
        _ => format!("{}d {}h", s / 86_400, s / 3_600 % 24),
    }
}

/// One unit for a column, with the decimals that keep it in 6 cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    scale: f64,
    decimals: usize,
    pub symbol: &'static str,
}

impl Unit {
    /// The unit for values up to `largest`: the budget, or the largest value where none is set.
    pub fn for_up_to(largest: u64) -> Unit {
        let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
        let found = units.into_iter().find(|(scale, _)| largest as f64 >= *scale);
        let Some((scale, symbol)) = found else {
            return Unit { scale: 1.0, decimals: 0, symbol: "" };
        };
        let decimals = match largest as f64 / scale {
            x if x < 10.0 => 3,
            x if x < 100.0 => 2,
            _ => 1,
        };
        Unit { scale, decimals, symbol }
    }

    /// The digits, without the symbol.
    pub fn digits(&self, value: u64) -> String {
        format!("{:.*}", self.decimals, value as f64 / self.scale)
    }

    pub fn text(&self, value: u64) -> String {
        format!("{}{}", self.digits(value), self.symbol)
    }
}

/// A size on its own, in its own unit.
pub fn size(value: u64) -> String {
    Unit::for_up_to(value).text(value)
}

/// A round size as prose says it: `1 M`, `400 M`, `200 k`, `1.5 G`.
pub fn round_size(value: u64) -> String {
    let units = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")];
    let found = units.into_iter().find(|(scale, _)| value as f64 >= *scale);
    let (scale, unit) = found.unwrap_or((1.0, ""));
    let digits = format!("{:.3}", value as f64 / scale);
    format!("{}{unit}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// Bytes in KiB, MiB, GiB.
pub fn bytes(value: u64) -> String {
    let v = value as f64;
    match value {
        0..1_024 => format!("{value} B"),
        1_024..1_048_576 => format!("{:.1} KiB", v / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", v / 1_048_576.0),
        _ => format!("{:.1} GiB", v / 1_073_741_824.0),
    }
}

/// Side of a feature map.
pub fn map(side: u32) -> String {
    format!("{side}²")
}

/// A block's kind in at most 6 cells: `conv K3`'s width goes beside it, so only the family.
pub fn kind(kind: BlockKind) -> String {
    match kind {
        BlockKind::Conv(_) => "conv".to_owned(),
        BlockKind::KxKx(k) | BlockKind::K1KxK1(k) => format!("K{}", k.side()),
        BlockKind::Idw(e, k) => format!("E{}K{}", e.factor(), k.side()),
        BlockKind::MaxPool => "pool".to_owned(),
        BlockKind::Basic | BlockKind::Bottleneck | BlockKind::MbConv(..) => kind.short_name(),
        BlockKind::LinearConv => "lin".to_owned(),
    }
}

/// A block's kind in full.
pub fn long_kind(kind: BlockKind) -> String {
    kind.short_name()
}

/// The fields of one block that a mutation changed, the most telling first.
fn changes(from: &Block, to: &Block) -> Vec<(String, String)> {
    let mut changes = Vec::new();
    if from.kind != to.kind {
        let same_family = matches!(
            (from.kind, to.kind),
            (BlockKind::KxKx(_), BlockKind::KxKx(_)) | (BlockKind::K1KxK1(_), BlockKind::K1KxK1(_))
        );
        let short = match same_family {
            true => format!("{}→{}", kind(from.kind), kind(to.kind)),
            false => long_kind(to.kind).replace(' ', ""),
        };
        let long = format!("{}→{}", long_kind(from.kind), long_kind(to.kind));
        changes.push((short, long));
    }
    for (field, from, to) in [
        ("out ", from.out_channels, to.out_channels),
        ("btl ", from.bottleneck, to.bottleneck),
        ("×", from.sub_layers, to.sub_layers),
    ] {
        if from != to {
            changes.push((format!("{field}{to}"), format!("{field}{from}→{to}")));
        }
    }
    changes
}

/// What changed from one block to another: `out 32→48, btl 24→32`; empty where nothing but the width
/// it takes, or its stride, did.
pub fn block_changes(from: &Block, to: &Block) -> String {
    changes(from, to).into_iter().map(|(_, long)| long).collect::<Vec<_>>().join(", ")
}

/// How a child differs from its parent, in a table: `4 out 48 +1`, `copy`.
pub fn mutation(parent: Option<u64>, mutations: &[Mutation]) -> String {
    if parent.is_none() {
        return "initial".to_owned();
    }
    let all: Vec<_> = mutations
        .iter()
        .flat_map(|m| changes(&m.from, &m.to).into_iter().map(|(short, _)| (m.block, short)))
        .collect();
    match all.as_slice() {
        [] => "copy".to_owned(),
        [(block, change)] => format!("{} {change}", block + 1),
        [(block, change), rest @ ..] => format!("{} {change} +{}", block + 1, rest.len()),
    }
}

/// The same in an event: `block 4: out 32→48, btl 24→32`.
pub fn mutation_in_words(mutations: &[Mutation]) -> String {
    let blocks = mutations
        .iter()
        .map(|m| format!("block {}: {}", m.block + 1, block_changes(&m.from, &m.to)));
    let text = blocks.collect::<Vec<_>>().join("; ");
    if text.is_empty() { "a copy".to_owned() } else { text }
}

/// The same in a table that has room: `4 out 32→48, btl 24→32   6 ×2→×3`.
pub fn mutation_in_brief(parent: Option<u64>, mutations: &[Mutation]) -> String {
    let blocks = mutations.iter().map(|m| match block_changes(&m.from, &m.to).as_str() {
        "" => format!("{} unchanged", m.block + 1),
        changes => format!("{} {changes}", m.block + 1),
    });
    match (parent, blocks.collect::<Vec<_>>().join("   ")) {
        (None, _) => "the initial structure".to_owned(),
        (Some(_), text) if text.is_empty() => "a copy".to_owned(),
        (Some(_), text) => text,
    }
}

#[cfg(test)]
mod tests;
