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
const RESNETS: &str = include_str!("../../presets/resnets.txt");

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
    /// The Zen-Score that was published of it: Zen-NAS, Table 5, in the definition `table`, of 16 images of
    /// 224².
    pub zen_score: Option<f64>,
    /// The latency that was published of it: Zen-NAS, Table 7, milliseconds an image on a V100 in FP16, 64
    /// images at once.
    pub v100_ms: Option<f64>,
}

/// Zen-NAS, Table 7.
const PUBLISHED_V100_MS: [(&str, f64); 9] = [
    ("ZenNet-0.1ms", 0.10),
    ("ZenNet-0.2ms", 0.20),
    ("ZenNet-0.3ms", 0.30),
    ("ZenNet-0.5ms", 0.50),
    ("ZenNet-0.8ms", 0.80),
    ("ZenNet-1.2ms", 1.20),
    ("ZenNet-400M", 0.248),
    ("ZenNet-600M", 0.358),
    ("ZenNet-900M", 0.55),
];

/// Zen-NAS, Table 5.
const PUBLISHED_SCORES: [(&str, f64); 5] = [
    ("resnet-18", 59.53),
    ("resnet-34", 112.32),
    ("resnet-50", 140.3),
    ("resnet-101", 287.87),
    ("resnet-152", 433.57),
];

/// The twelve ZenNets (Zen-NAS, Tables 8–18), then the five ResNets (He et al. 2016).
pub fn published_nets() -> impl Iterator<Item = PublishedNet> {
    let lines = ZENNETS.lines().chain(RESNETS.lines());
    let lines = lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| {
        let (name, structure) = line.split_once(' ').expect("name and structure in each line");
        let structure = structure.parse().expect("shipped nets parse; a test reads them all");
        let (resolution, classes) = if name.contains("cifar") { (32, 100) } else { (224, 1000) };
        let se = name.contains("_flops");
        let zen_score = PUBLISHED_SCORES.into_iter().find(|(of, _)| *of == name);
        let zen_score = zen_score.map(|(_, score)| score);
        let called = published_name(name);
        let v100_ms = PUBLISHED_V100_MS.into_iter().find(|(of, _)| *of == called);
        let v100_ms = v100_ms.map(|(_, ms)| ms);
        PublishedNet { name, structure, resolution, classes, se, zen_score, v100_ms }
    })
}

/// `zennet_cifar_model_size1M_res32` as the paper calls it, `ZenNet-1M`; `resnet-18` as `ResNet-18`.
pub fn published_name(name: &str) -> String {
    if let Some(depth) = name.strip_prefix("resnet-") {
        return format!("ResNet-{depth}");
    }
    let sized = name.split('_').find_map(|part| {
        let size = ["size", "flops", "latency"].iter().find_map(|p| part.strip_prefix(p))?;
        let tenths = size.strip_prefix('0').map(|rest| format!("0.{rest}"));
        let decimal = || match size.strip_suffix("ms") {
            Some(digits) if digits.len() == 2 => format!("{}.{}ms", &digits[..1], &digits[1..]),
            _ => size.to_owned(),
        };
        Some(tenths.unwrap_or_else(decimal))
    });
    match sized {
        Some(size) if name.starts_with("zennet") => format!("ZenNet-{size}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_nets_go_by_their_names_in_the_paper() {
        let names: Vec<String> = published_nets().map(|net| published_name(net.name)).collect();
        assert_eq!(names[..3], ["ZenNet-0.5M", "ZenNet-1M", "ZenNet-2M"]);
        assert_eq!(names[3], "ZenNet-400M");
        assert_eq!((names[6].as_str(), names[11].as_str()), ("ZenNet-0.1ms", "ZenNet-1.2ms"));
        assert_eq!(names[12..], ["18", "34", "50", "101", "152"].map(|n| format!("ResNet-{n}")));
        assert_eq!(published_name("mine"), "mine");
    }
}
