//! What colours are for. Invariant: a role's place in [`Role::ALL`] is its number.

use super::Depth;

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

    /// What stands for it on a selected row, where quiet text would be too dim to read.
    pub fn on_selection(self, depth: Depth) -> Role {
        match (self, depth) {
            (Role::Faint | Role::Muted, Depth::Ansi16) => Role::Text,
            // The ground is the terminal's blue, on which its other colours can hardly be read.
            (Role::Bar | Role::Bar2 | Role::K1 | Role::K3 | Role::K5 | Role::K7, Depth::Ansi16) => {
                Role::Strong
            }
            (Role::Faint, _) => Role::Muted,
            (Role::Muted, _) => Role::Text,
            (role, _) => role,
        }
    }

    /// By its key in a theme file.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}
