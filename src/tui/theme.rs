//! Colours by role. Owns: the roles, the theme file's format, the mapping to what a terminal can
//! show. Must not know: what is drawn where. Invariant: a [`Theme`] gives every role a colour.

use std::{collections::BTreeMap, fmt};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::text::nearest;

const INK: &str = include_str!("../../themes/ink.toml");

/// What a colour is for. Gold is [`Role::Best`] and nothing else; orange says that someone did
/// something or should; red is a fault or a loss. [`Role::Accent`] is also pin A, [`Role::B`] pin B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Canvas,
    Band,
    Panel,
    Selection,
    Rule,
    Track,
    Strong,
    Text,
    Muted,
    Faint,
    Accent,
    /// Pin B.
    B,
    /// Marked rows.
    Mark,
    Best,
    Good,
    Warn,
    Error,
    Bar,
    Bar2,
    River,
    K1,
    K3,
    K5,
    K7,
    K1d,
    K3d,
    K5d,
    K7d,
}

impl Role {
    pub const ALL: [Role; 28] = [
        Role::Canvas,
        Role::Band,
        Role::Panel,
        Role::Selection,
        Role::Rule,
        Role::Track,
        Role::Strong,
        Role::Text,
        Role::Muted,
        Role::Faint,
        Role::Accent,
        Role::B,
        Role::Mark,
        Role::Best,
        Role::Good,
        Role::Warn,
        Role::Error,
        Role::Bar,
        Role::Bar2,
        Role::River,
        Role::K1,
        Role::K3,
        Role::K5,
        Role::K7,
        Role::K1d,
        Role::K3d,
        Role::K5d,
        Role::K7d,
    ];

    /// The key in a theme file.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// The same, set in bold.
    pub fn bold(self) -> Ink {
        Ink { role: self, modifier: Modifier::BOLD }
    }

    /// The same, underlined.
    pub fn underlined(self) -> Ink {
        Ink { role: self, modifier: Modifier::UNDERLINED }
    }
}

/// A role with its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    pub role: Role,
    pub modifier: Modifier,
}

impl From<Role> for Ink {
    fn from(role: Role) -> Ink {
        Ink { role, modifier: Modifier::empty() }
    }
}

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: weight, underline and reverse carry what matters.
    Mono,
    Ansi16,
    Ansi256,
    TrueColor,
}

/// What text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    Canvas,
    Band,
    Panel,
    Selection,
}

#[derive(Clone, Copy, Debug)]
struct Shade {
    rgb: Color,
    ansi256: Color,
    ansi16: Color,
}

/// A colour for every role, for one terminal.
#[derive(Clone, Debug)]
pub struct Theme {
    depth: Depth,
    shades: BTreeMap<Role, Shade>,
}

impl Theme {
    /// The theme that comes with the binary.
    pub fn ink(depth: Depth) -> Theme {
        Theme::parse(INK, depth).expect("a test reads the shipped theme")
    }

    /// # Errors
    /// Bad TOML, unknown roles (with the nearest), missing roles, colours that are none.
    pub fn parse(text: &str, depth: Depth) -> Result<Theme, ThemeError> {
        let file: File = toml::from_str(text).map_err(|e| ThemeError(e.to_string()))?;
        let mut shades = BTreeMap::new();
        for (name, raw) in &file.roles {
            let role = Role::ALL.into_iter().find(|role| role.name() == *name);
            let role = role.ok_or_else(|| ThemeError(unknown_role(name)))?;
            let shade = raw.shade().map_err(|reason| ThemeError(format!("{name}: {reason}")))?;
            shades.insert(role, shade);
        }
        match Role::ALL.into_iter().find(|role| !shades.contains_key(role)) {
            None => Ok(Theme { depth, shades }),
            Some(role) => Err(ThemeError(format!("role '{}' is missing", role.name()))),
        }
    }

    pub fn depth(&self) -> Depth {
        self.depth
    }

    pub fn colour(&self, role: Role) -> Color {
        let shade = &self.shades[&role];
        match self.depth {
            Depth::Mono => Color::Reset,
            Depth::Ansi16 => shade.ansi16,
            Depth::Ansi256 => shade.ansi256,
            Depth::TrueColor => shade.rgb,
        }
    }

    pub fn ground(&self, ground: Ground) -> Style {
        let role = match ground {
            Ground::Canvas => Role::Canvas,
            Ground::Band => Role::Band,
            Ground::Panel => Role::Panel,
            Ground::Selection => Role::Selection,
        };
        let reverse = self.depth == Depth::Mono && ground == Ground::Selection;
        let style = Style::new().bg(self.colour(role)).fg(self.colour(Role::Text));
        if reverse { style.add_modifier(Modifier::REVERSED) } else { style }
    }

    /// The style of `ink` on `ground`; quiet roles are lifted on a selected row, where they would
    /// be too dim to read.
    pub fn style(&self, ink: Ink, ground: Ground) -> Style {
        let role = match (ground, ink.role, self.depth) {
            (Ground::Selection, Role::Faint | Role::Muted, Depth::Ansi16) => Role::Text,
            (Ground::Selection, Role::Bar | Role::Bar2, Depth::Ansi16) => Role::Strong,
            (Ground::Selection, Role::Faint, _) => Role::Muted,
            (Ground::Selection, Role::Muted, _) => Role::Text,
            (_, role, _) => role,
        };
        let loud = self.depth == Depth::Mono && matches!(role, Role::Strong | Role::Best);
        let weight = if loud { Modifier::BOLD } else { Modifier::empty() };
        Style::new().fg(self.colour(role)).add_modifier(ink.modifier | weight)
    }
}

/// What is wrong with a theme file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeError(String);

impl fmt::Display for ThemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ThemeError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "name")]
    _name: String,
    roles: BTreeMap<String, RawShade>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShade {
    rgb: String,
    ansi256: u8,
    ansi16: String,
}

impl RawShade {
    fn shade(&self) -> Result<Shade, String> {
        let hex = self.rgb.strip_prefix('#').filter(|hex| hex.len() == 6);
        let rgb = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let rgb = rgb.ok_or_else(|| format!("'{}' is no colour; write #rrggbb", self.rgb))?;
        let [_, r, g, b] = rgb.to_be_bytes();
        let ansi16 = match self.ansi16.as_str() {
            "default" => Color::Reset,
            name => name
                .parse()
                .map_err(|_| format!("'{name}' is none of the 16 colours, such as bright cyan"))?,
        };
        Ok(Shade { rgb: Color::Rgb(r, g, b), ansi256: Color::Indexed(self.ansi256), ansi16 })
    }
}

fn unknown_role(name: &str) -> String {
    let (nearest, _) = nearest(name, Role::ALL.map(Role::name)).expect("there are roles");
    format!("unknown role '{name}', did you mean '{nearest}'?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_theme_is_whole() {
        let theme = Theme::parse(INK, Depth::TrueColor).expect("valid");
        assert_eq!(theme.colour(Role::Best), Color::Rgb(0xe8, 0xc2, 0x68));
        assert_eq!(Theme::ink(Depth::Ansi256).colour(Role::Best), Color::Indexed(179));
        assert_eq!(Theme::ink(Depth::Ansi16).colour(Role::Best), Color::LightYellow);
        assert_eq!(Theme::ink(Depth::Mono).colour(Role::Best), Color::Reset);
    }

    #[test]
    fn faults_name_role_and_remedy() {
        let error = |text: &str| Theme::parse(text, Depth::TrueColor).expect_err("bad").to_string();
        let typo = INK.replace("accent  ", "acent   ");
        assert_eq!(error(&typo), "unknown role 'acent', did you mean 'accent'?");
        let without: String =
            INK.lines().filter(|l| !l.starts_with("warn")).map(|l| format!("{l}\n")).collect();
        assert_eq!(error(&without), "role 'warn' is missing");
        let bad = INK.replace("#e8c268", "gold");
        assert_eq!(error(&bad), "best: 'gold' is no colour; write #rrggbb");
    }

    #[test]
    fn quiet_text_is_lifted_on_a_selected_row() {
        let theme = Theme::ink(Depth::TrueColor);
        let style = theme.style(Role::Faint.into(), Ground::Selection);
        assert_eq!(style.fg, Some(theme.colour(Role::Muted)));
    }
}
