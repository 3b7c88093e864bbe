//! The networks of NAS-Bench-Macro (Su et al., CVPR 2021): a digit a slot, eight slots in three stages.
//!
//! Must not know: files. Invariant: keys of the same network give the same structure.

use crate::arch::{Block, BlockKind, Kernel, MobileExpansion, Structure};

/// Slots of each stage. The first has stride 2 and doubles the channels.
const STAGES: [usize; 3] = [2, 3, 3];

/// Channels of the images, behind the stem, and in front of the classifier.
const IMAGES: u32 = 3;
const STEM: u32 = 32;
const LAST: u32 = 1_280;

/// Of the images that its networks were trained on.
pub const RESOLUTION: u32 = 32;
pub const CLASSES: u32 = 10;

/// The network of a key: 0 is the identity, which needs a conv where shapes differ and is nothing elsewhere, 1 a
/// linear bottleneck with expansion 3 and 3×3, 2 one with 6 and 5×5.
///
/// # Errors
/// Another key.
pub fn structure(key: &str) -> Result<Structure, String> {
    let digits = key.as_bytes();
    if digits.len() != STAGES.iter().sum::<usize>()
        || !digits.iter().all(|d| (b'0'..=b'2').contains(d))
    {
        return Err(format!(
            "'{key:.20}' is no net of NAS-Bench-Macro: expected 8 digits from 0 to 2"
        ));
    }
    let plain = |kind, in_channels, out_channels, stride| Block {
        kind,
        in_channels,
        out_channels,
        stride,
        bottleneck: 0,
        sub_layers: 1,
    };
    let mut blocks = vec![plain(BlockKind::Conv(Kernel::K3), IMAGES, STEM, 1)];
    let (mut channels, mut slots) = (STEM, digits);
    for stage in STAGES {
        let (of_stage, rest) = slots.split_at(stage);
        slots = rest;
        for (slot, digit) in of_stage.iter().enumerate() {
            let kind = match digit {
                b'1' => BlockKind::MbConv(MobileExpansion::E3, Kernel::K3),
                b'2' => BlockKind::MbConv(MobileExpansion::E6, Kernel::K5),
                _ if slot == 0 => BlockKind::LinearConv,
                _ => continue,
            };
            if slot == 0 {
                blocks.push(plain(kind, channels, 2 * channels, 2));
                channels *= 2;
            } else if let Some(same) = blocks.last_mut().filter(|last| last.kind == kind) {
                same.sub_layers += 1;
            } else {
                blocks.push(plain(kind, channels, channels, 1));
            }
        }
    }
    blocks.push(plain(BlockKind::Conv(Kernel::K1), channels, LAST, 1));
    Ok(Structure::new(blocks).expect("channels chain, and all sizes are small"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_networks() {
        assert_eq!(
            structure("02111220").expect("a key").to_string(),
            "SuperConvK3BNRELU(3,32,1,1)ConvK1BN(32,64,2,1)MBConvE6K5(64,64,1,1)MBConvE3K3(64,128,2,3)\
             MBConvE6K5(128,256,2,2)SuperConvK1BNRELU(256,1280,1,1)"
        );
        for faulty in ["", "0000000", "000000000", "0000000x", "00000003"] {
            assert!(structure(faulty).is_err(), "{faulty}");
        }
    }

    /// Identities in other slots of a stage are the same network: 9 · 21 · 21 are distinct.
    #[test]
    fn identical_networks_are_one() {
        let key = |n: u32| -> String {
            (0..8).map(|slot| char::from(b'0' + (n / 3_u32.pow(slot) % 3) as u8)).collect()
        };
        let all: HashSet<Structure> =
            (0..3_u32.pow(8)).map(|n| structure(&key(n)).expect("a key")).collect();
        assert_eq!(all.len(), 9 * 21 * 21);
    }
}
