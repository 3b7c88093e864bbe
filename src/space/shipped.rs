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

/// `zennet_cifar_model_size1M_res32` as the paper calls it: `ZenNet-1M`.
pub fn published_name(name: &str) -> String {
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
        assert_eq!(published_name("mine"), "mine");
    }
}
