//! The themes that come with the binary.

use super::Scheme;

/// The one for dark grounds, and where nothing is known of the ground.
pub const DARK: &str = "ink";
/// The one for light grounds.
pub const LIGHT: &str = "paper";

/// The one without colours.
pub const MONO: &str = "mono";

const SHIPPED: [(&str, &str); 5] = [
    (DARK, include_str!("../../themes/ink.toml")),
    (LIGHT, include_str!("../../themes/paper.toml")),
    ("sixteen", include_str!("../../themes/sixteen.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    (MONO, include_str!("../../themes/mono.toml")),
];

pub fn shipped_theme_names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// A shipped theme by its name.
pub fn shipped_theme(name: &str) -> Option<Scheme> {
    let (name, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    Some(Scheme::parse(name, text).expect("a test reads every shipped theme"))
}
