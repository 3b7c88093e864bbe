//! Blocks: the rows of a structure, and the names they go by (`zen-nas` structure strings).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Side of a square convolution kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kernel {
    K1,
    K3,
    K5,
    K7,
}

impl Kernel {
    pub const ALL: [Kernel; 4] = [Kernel::K1, Kernel::K3, Kernel::K5, Kernel::K7];

    /// Side in pixels.
    pub fn side(self) -> u32 {
        match self {
            Kernel::K1 => 1,
            Kernel::K3 => 3,
            Kernel::K5 => 5,
            Kernel::K7 => 7,
        }
    }

    pub fn from_side(side: u32) -> Option<Kernel> {
        Kernel::ALL.into_iter().find(|k| k.side() == side)
    }
}

/// How many times wider than its ends an inverted-bottleneck block is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Expansion {
    E1,
    E2,
    E4,
    E6,
}

impl Expansion {
    pub const ALL: [Expansion; 4] = [Expansion::E1, Expansion::E2, Expansion::E4, Expansion::E6];

    pub fn factor(self) -> u32 {
        match self {
            Expansion::E1 => 1,
            Expansion::E2 => 2,
            Expansion::E4 => 4,
            Expansion::E6 => 6,
        }
    }

    pub fn from_factor(factor: u32) -> Option<Expansion> {
        Expansion::ALL.into_iter().find(|e| e.factor() == factor)
    }
}

/// How many times wider than its input a [`BlockKind::MbConv`] is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MobileExpansion {
    E3,
    E6,
}

impl MobileExpansion {
    pub const ALL: [MobileExpansion; 2] = [MobileExpansion::E3, MobileExpansion::E6];

    pub fn factor(self) -> u32 {
        match self {
            MobileExpansion::E3 => 3,
            MobileExpansion::E6 => 6,
        }
    }
}

/// What a block is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BlockKind {
    /// `SuperConvK{k}BNRELU`: plain conv, BN, ReLU.
    Conv(Kernel),
    /// `SuperResK{k}K{k}`: two k×k convs around a bottleneck, residual.
    KxKx(Kernel),
    /// `SuperResK1K{k}K1`: 1×1, k×k, 1×1, residual; twice a sub-layer.
    K1KxK1(Kernel),
    /// `SuperResIDWE{e}K{k}`: inverted bottleneck with a depthwise k×k, residual; twice a sub-layer.
    Idw(Expansion, Kernel),
    /// `MaxPoolK3`: the largest of 3×3 values; no conv, no norm.
    MaxPool,
    /// `BasicBlock`: two 3×3 convs, residual as He et al. 2016 have it: its shortcut is projected only
    /// where shapes differ, without a bias.
    Basic,
    /// `Bottleneck`: 1×1, 3×3 (which has the stride), 1×1, residual as [`BlockKind::Basic`].
    Bottleneck,
    /// `MBConvE{e}K{k}`: 1×1 to e times the input, depthwise k×k, 1×1, and no ReLU behind it: the linear
    /// bottleneck of MobileNetV2 (Sandler et al. 2018). Its shortcut is the identity, where shapes agree.
    MbConv(MobileExpansion, Kernel),
    /// `ConvK1BN`: 1×1 conv and norm without a ReLU: what stands for the identity where shapes differ
    /// (NAS-Bench-Macro).
    LinearConv,
}

/// Kinds that a structure is written in, but that no Zen-NAS space has: of the ResNets of the
/// literature. [`BlockKind::MbConv`] and [`BlockKind::LinearConv`] are others.
const OF_RESNETS: [BlockKind; 3] = [BlockKind::MaxPool, BlockKind::Basic, BlockKind::Bottleneck];

impl BlockKind {
    /// Every kind of the grammar, in the order the names are listed in messages.
    pub fn all() -> impl Iterator<Item = BlockKind> {
        let spatial = [Kernel::K3, Kernel::K5, Kernel::K7];
        let conv = Kernel::ALL.into_iter().map(BlockKind::Conv);
        let kxkx = spatial.into_iter().map(BlockKind::KxKx);
        let k1kxk1 = spatial.into_iter().map(BlockKind::K1KxK1);
        let idw = Expansion::ALL
            .into_iter()
            .flat_map(move |e| spatial.into_iter().map(move |k| BlockKind::Idw(e, k)));
        let mobile = MobileExpansion::ALL
            .into_iter()
            .flat_map(move |e| spatial.into_iter().map(move |k| BlockKind::MbConv(e, k)));
        conv.chain(kxkx)
            .chain(k1kxk1)
            .chain(idw)
            .chain(OF_RESNETS)
            .chain(mobile)
            .chain([BlockKind::LinearConv])
    }

    /// Whether a Zen-NAS search knows what to do with it.
    pub fn is_searchable(self) -> bool {
        !OF_RESNETS.contains(&self) && !self.is_linear()
    }

    /// Whether it ends in a norm without a ReLU behind it.
    pub fn is_linear(self) -> bool {
        matches!(self, BlockKind::MbConv(..) | BlockKind::LinearConv)
    }

    pub fn kernel(self) -> Kernel {
        match self {
            BlockKind::Conv(k)
            | BlockKind::KxKx(k)
            | BlockKind::K1KxK1(k)
            | BlockKind::Idw(_, k)
            | BlockKind::MbConv(_, k) => k,
            BlockKind::LinearConv => Kernel::K1,
            BlockKind::MaxPool | BlockKind::Basic | BlockKind::Bottleneck => Kernel::K3,
        }
    }

    /// What a sub-layer adds to the depth that Zen-NAS caps.
    pub fn depth(self) -> u32 {
        u32::from(self != BlockKind::MaxPool)
    }

    /// Whether it has a shortcut around a bottleneck, whose width it is written with. The width inside a
    /// [`BlockKind::MbConv`] follows from its input.
    pub fn is_residual(self) -> bool {
        !matches!(
            self,
            BlockKind::Conv(_) | BlockKind::MaxPool | BlockKind::MbConv(..) | BlockKind::LinearConv
        )
    }

    /// Whether squeeze-and-excitation has a place in it.
    pub fn may_squeeze(self) -> bool {
        self.is_residual() || matches!(self, BlockKind::MbConv(..))
    }

    /// A name for tables, at most 7 long: `conv K3`, `K3K3`, `K1K7K1`, `E6 K7`.
    pub fn short_name(self) -> String {
        match self {
            BlockKind::Conv(k) => format!("conv K{}", k.side()),
            BlockKind::KxKx(k) => format!("K{0}K{0}", k.side()),
            BlockKind::K1KxK1(k) => format!("K1K{}K1", k.side()),
            BlockKind::Idw(e, k) => format!("E{} K{}", e.factor(), k.side()),
            BlockKind::MaxPool => "pool K3".to_owned(),
            BlockKind::Basic => "basic".to_owned(),
            BlockKind::Bottleneck => "bneck".to_owned(),
            BlockKind::MbConv(e, k) => format!("MB{}K{}", e.factor(), k.side()),
            BlockKind::LinearConv => "lin K1".to_owned(),
        }
    }

    /// The kind that a structure string calls `name`.
    pub fn from_name(name: &str) -> Option<BlockKind> {
        BlockKind::all().find(|kind| kind.to_string() == name)
    }
}

impl fmt::Display for BlockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlockKind::Conv(k) => write!(f, "SuperConvK{}BNRELU", k.side()),
            BlockKind::KxKx(k) => write!(f, "SuperResK{0}K{0}", k.side()),
            BlockKind::K1KxK1(k) => write!(f, "SuperResK1K{}K1", k.side()),
            BlockKind::Idw(e, k) => write!(f, "SuperResIDWE{}K{}", e.factor(), k.side()),
            BlockKind::MaxPool => f.write_str("MaxPoolK3"),
            BlockKind::Basic => f.write_str("BasicBlock"),
            BlockKind::Bottleneck => f.write_str("Bottleneck"),
            BlockKind::MbConv(e, k) => write!(f, "MBConvE{}K{}", e.factor(), k.side()),
            BlockKind::LinearConv => f.write_str("ConvK1BN"),
        }
    }
}

/// One block of a structure. Widths are channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Block {
    pub kind: BlockKind,
    pub in_channels: u32,
    pub out_channels: u32,
    /// Of the first sub-layer; the others have stride 1.
    pub stride: u32,
    /// Inner width of a residual block; 0 in the others, which have none.
    pub bottleneck: u32,
    pub sub_layers: u32,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Block { kind, in_channels, out_channels, stride, bottleneck, sub_layers } = self;
        write!(f, "{kind}({in_channels},{out_channels},{stride},")?;
        if kind.is_residual() {
            write!(f, "{bottleneck},")?;
        }
        write!(f, "{sub_layers})")
    }
}

/// `width` rounded to the nearest multiple, ties to the even multiple, at least one multiple: the
/// reference's `smart_round`, which also shapes the inside of inverted bottlenecks.
pub fn round_width(width: f64, multiple: u32) -> u32 {
    let steps = (width / f64::from(multiple)).round_ties_even().max(1.0);
    // A float-to-integer cast saturates, so an absurd width stays absurd instead of wrapping.
    (steps as u32).saturating_mul(multiple)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for kind in BlockKind::all() {
            assert_eq!(BlockKind::from_name(&kind.to_string()), Some(kind));
        }
        assert_eq!(BlockKind::all().count(), 4 + 3 + 3 + 12 + 3 + 6 + 1);
    }

    /// The table of the reference's `smart_round` with base 8 (golden/structures.json).
    #[test]
    fn width_rounding_matches_the_reference() {
        let table = [
            (1.0, 8),
            (4.0, 8),
            (12.0, 16),
            (12.8, 16),
            (20.0, 16),
            (28.0, 32),
            (36.0, 32),
            (44.0, 48),
            (52.0, 48),
            (60.0, 64),
            (68.0, 64),
            (76.0, 80),
        ];
        for (width, rounded) in table {
            assert_eq!(round_width(width, 8), rounded, "{width}");
        }
    }
}
