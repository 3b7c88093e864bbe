//! Colours by role: what roles there are, the format of a theme's file, the themes that are shipped; what a
//! terminal's environment promises of colours and letters.
//!
//! Owns: roles, schemes, colours and how many of them a terminal shows. Must not know: what is drawn, how a
//! colour reaches a terminal, folders. Invariant: a [`Scheme`] gives every role a colour at every depth.

mod charset;
mod colour;
mod depth;
mod file;
mod role;
mod shipped;

pub use charset::{Charset, locale};
pub use colour::{Colour, Rgb};
pub use depth::{Depth, Variable};
pub use file::MAX_BYTES;
pub use role::Role;
pub use shipped::{DARK, LIGHT, MONO, shipped_theme, shipped_theme_names};

/// A role's colour at each depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shade {
    full: Colour,
    ansi256: Colour,
    ansi16: Colour,
}

/// A theme as its file says it: a colour for every role, whatever the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    about: String,
    /// It makes do with so many colours even where there are more.
    most: Depth,
    shades: [Shade; Role::ALL.len()],
}

impl Scheme {
    /// In a few words; may be empty.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// How many colours are used where the terminal shows `depth`.
    pub fn depth(&self, depth: Depth) -> Depth {
        self.most.min(depth)
    }

    /// A role's colour in a terminal that shows `depth`.
    pub fn colour(&self, role: Role, depth: Depth) -> Colour {
        let shade = &self.shades[role as usize];
        match self.depth(depth) {
            Depth::Mono => Colour::Default,
            Depth::Ansi16 => shade.ansi16,
            Depth::Ansi256 => shade.ansi256,
            Depth::TrueColor => shade.full,
        }
    }
}

/// A few colours that tell a theme from others, in the order they are shown.
pub const SWATCHES: [Role; 10] = [
    Role::Strong,
    Role::Muted,
    Role::Accent,
    Role::B,
    Role::Best,
    Role::Good,
    Role::Warn,
    Role::Error,
    Role::K5,
    Role::K7,
];

#[cfg(test)]
mod contrast;
#[cfg(test)]
mod tests;
