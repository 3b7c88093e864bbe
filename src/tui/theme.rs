//! A theme on one terminal: roles to styles. Owns: what a ground does to an ink, how weight stands in for
//! colours. Must not know: what is drawn where, files.

use ratatui::style::{Color, Modifier, Style};

pub use crate::theme::{Depth, Role};

use super::glyphs::Glyphs;
use crate::theme::{Colour, DARK, Scheme, shipped_theme};

impl Role {
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

/// What text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    Canvas,
    Band,
    Panel,
    Selection,
}

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Display {
    pub depth: Depth,
    pub glyphs: Glyphs,
}

/// A scheme as a terminal shows it.
#[derive(Clone, Debug)]
pub struct Theme {
    scheme: Scheme,
    display: Display,
}

impl Theme {
    pub fn new(scheme: Scheme, display: Display) -> Theme {
        Theme { scheme, display }
    }

    /// The one to begin with, while nothing is known of the terminal.
    pub fn dark(display: Display) -> Theme {
        Theme::new(shipped_theme(DARK).expect("it is shipped"), display)
    }

    /// How many colours are in use.
    pub fn depth(&self) -> Depth {
        self.scheme.depth(self.display.depth)
    }

    pub fn glyphs(&self) -> Glyphs {
        self.display.glyphs
    }

    pub fn colour(&self, role: Role) -> Color {
        of_terminal(self.scheme.colour(role, self.display.depth))
    }

    pub fn ground(&self, ground: Ground) -> Style {
        let role = match ground {
            Ground::Canvas => Role::Canvas,
            Ground::Band => Role::Band,
            Ground::Panel => Role::Panel,
            Ground::Selection => Role::Selection,
        };
        let reverse = self.depth() == Depth::Mono && ground == Ground::Selection;
        let style = Style::new().bg(self.colour(role)).fg(self.colour(Role::Text));
        if reverse { style.add_modifier(Modifier::REVERSED) } else { style }
    }

    /// The style of `ink` on `ground`; quiet roles are lifted on a selected row.
    pub fn style(&self, ink: Ink, ground: Ground) -> Style {
        let depth = self.depth();
        let role = match ground {
            Ground::Selection => ink.role.on_selection(depth),
            Ground::Canvas | Ground::Band | Ground::Panel => ink.role,
        };
        let loud = depth == Depth::Mono && matches!(role, Role::Strong | Role::Best);
        let weight = if loud { Modifier::BOLD } else { Modifier::empty() };
        Style::new().fg(self.colour(role)).add_modifier(ink.modifier | weight)
    }

    /// The style of the character that is typed at. Where the ground is the terminal's own, nothing can be
    /// set in its colour, and both colours change places.
    pub fn typed_at(&self) -> Style {
        match self.colour(Role::Canvas) {
            Color::Reset => {
                Style::new().fg(self.colour(Role::Accent)).add_modifier(Modifier::REVERSED)
            }
            ground => Style::new().fg(ground).bg(self.colour(Role::Accent)),
        }
    }
}

/// A theme's colour as ratatui names it.
pub fn of_terminal(colour: Colour) -> Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match colour {
        Colour::Default => Color::Reset,
        Colour::Named(n) => NAMED[usize::from(n % 16)],
        Colour::Indexed(n) => Color::Indexed(n),
        Colour::Full([r, g, b]) => Color::Rgb(r, g, b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Theme {
        /// A shipped one, with every glyph.
        pub fn shipped(name: &str, depth: Depth) -> Theme {
            let scheme = shipped_theme(name).expect("shipped");
            Theme::new(scheme, Display { depth, glyphs: Glyphs::Unicode })
        }

        pub fn ink(depth: Depth) -> Theme {
            Theme::shipped(DARK, depth)
        }
    }

    #[test]
    fn roles_become_what_the_terminal_shows() {
        let best = |depth| Theme::ink(depth).colour(Role::Best);
        assert_eq!(best(Depth::TrueColor), Color::Rgb(0xe8, 0xc2, 0x68));
        assert_eq!(best(Depth::Ansi256), Color::Indexed(179));
        assert_eq!(best(Depth::Ansi16), Color::LightYellow);
        assert_eq!(best(Depth::Mono), Color::Reset);
        assert_eq!(Theme::shipped("mono", Depth::TrueColor).depth(), Depth::Mono);
    }

    #[test]
    fn quiet_text_is_lifted_on_a_selected_row() {
        let theme = Theme::ink(Depth::TrueColor);
        let style = theme.style(Role::Faint.into(), Ground::Selection);
        assert_eq!(style.fg, Some(theme.colour(Role::Muted)));
    }

    #[test]
    fn what_is_typed_at_is_seen_on_any_ground() {
        let full = Theme::ink(Depth::TrueColor).typed_at();
        assert_eq!(full.bg, Some(Color::Rgb(0x7c, 0xb7, 0xe0)));
        for depth in [Depth::Mono, Depth::Ansi16] {
            let style = Theme::ink(depth).typed_at();
            assert!(style.add_modifier.contains(Modifier::REVERSED), "{depth:?}");
        }
    }
}
