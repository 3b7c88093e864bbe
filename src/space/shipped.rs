//! What comes with the binary: the presets, and the published nets by name.

use crate::arch::Structure;

const PRESETS: &[(&str, &str)] = &[
    ("quick", include_str!("../../presets/quick.toml")),
    ("cifar-params-1m", include_str!("../../presets/cifar-params-1m.toml")),
    ("cifar-params-1m-fast", include_str!("../../presets/cifar-params-1m-fast.toml")),
    ("cifar-params-2m", include_str!("../../presets/cifar-params-2m.toml")),
    ("imagenet-flops-400m", include_str!("../../presets/imagenet-flops-400m.toml")),
    ("imagenet-flops-400m-fast", include_str!("../../presets/imagenet-flops-400m-fast.toml")),
    ("imagenet-flops-600m", include_str!("../../presets/imagenet-flops-600m.toml")),
    ("imagenet-flops-800m", include_str!("../../presets/imagenet-flops-800m.toml")),
    ("imagenet-latency-0.1ms", include_str!("../../presets/imagenet-latency-0.1ms.toml")),
    ("imagenet-latency-0.2ms", include_str!("../../presets/imagenet-latency-0.2ms.toml")),
    ("imagenet-latency-0.3ms", include_str!("../../presets/imagenet-latency-0.3ms.toml")),
    ("imagenet-latency-0.5ms", include_str!("../../presets/imagenet-latency-0.5ms.toml")),
    ("imagenet-latency-0.8ms", include_str!("../../presets/imagenet-latency-0.8ms.toml")),
    ("imagenet-latency-1.2ms", include_str!("../../presets/imagenet-latency-1.2ms.toml")),
];

const ZENNETS: &str = include_str!("../../presets/zennets.txt");

/// The text of a shipped preset.
pub fn shipped_preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// In the order a picker shows them.
pub fn shipped_preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// A net from the literature.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedNet {
    pub name: &'static str,
    pub structure: Structure,
    /// Input side it was published for, pixels.
    pub resolution: u32,
    pub classes: u32,
    /// Whether it was trained with squeeze-and-excitation, as the nets by FLOPs were (paper Table 7). The
    /// parameters published there (5.7, 7.1, 13.3 M) are those without it.
    pub se: bool,
}

/// The twelve ZenNets (paper Tables 8–18).
pub fn published_nets() -> impl Iterator<Item = PublishedNet> {
    let lines = ZENNETS.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| {
        let (name, structure) = line.split_once(' ').expect("name and structure in each line");
        let structure = structure.parse().expect("shipped nets parse; a test reads them all");
        let (resolution, classes) = if name.contains("cifar") { (32, 100) } else { (224, 1000) };
        let se = name.contains("_flops");
        PublishedNet { name, structure, resolution, classes, se }
    })
}
