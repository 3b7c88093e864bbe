//! How many colours a terminal shows, by what its environment promises. Must not read the environment.

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: weight, underline and reverse carry what matters.
    Mono,
    Ansi16,
    Ansi256,
    TrueColor,
}

/// Gives an environment variable, where it is set.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Values of TERM that stand for 24-bit colour, which such terminals show also where COLORTERM got lost
/// on the way, as it does over SSH.
const FULL: [&str; 7] =
    ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour", "rio"];

impl Depth {
    /// What the environment promises: nothing with NO_COLOR, 24-bit by COLORTERM, else by TERM.
    pub fn promised(variable: Variable<'_>) -> Depth {
        let value = |name| variable(name).filter(|value| !value.is_empty());
        if value("NO_COLOR").is_some() {
            return Depth::Mono;
        }
        let term = value("TERM").unwrap_or_default();
        let of = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
        let colorterm = value("COLORTERM").unwrap_or_default();
        let is_full = matches!(colorterm.as_str(), "truecolor" | "24bit");
        if is_full || term.ends_with("-direct") || of(&FULL) {
            Depth::TrueColor
        } else if term.contains("256color") || !colorterm.is_empty() {
            Depth::Ansi256
        } else if term.is_empty() || term == "dumb" || term.ends_with("-m") || of(&["vt"]) {
            Depth::Mono
        } else {
            Depth::Ansi16
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Depth::Mono => "no colours",
            Depth::Ansi16 => "16 colours",
            Depth::Ansi256 => "256 colours",
            Depth::TrueColor => "24-bit colours",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_promises_colours() {
        let depth = |term: &str, colorterm: &str, no_color: &str| {
            Depth::promised(&|name| {
                let value = match name {
                    "TERM" => term,
                    "COLORTERM" => colorterm,
                    "NO_COLOR" => no_color,
                    _ => return None,
                };
                Some(value.to_owned())
            })
        };
        assert_eq!(depth("xterm-256color", "truecolor", ""), Depth::TrueColor);
        assert_eq!(depth("xterm-256color", "", ""), Depth::Ansi256);
        assert_eq!(depth("xterm-kitty", "", ""), Depth::TrueColor);
        assert_eq!(depth("xterm-direct", "", ""), Depth::TrueColor);
        assert_eq!(depth("xterm", "yes", ""), Depth::Ansi256);
        for plain in ["xterm", "linux", "screen", "tmux", "rxvt"] {
            assert_eq!(depth(plain, "", ""), Depth::Ansi16, "{plain}");
        }
        for none in ["vt100", "vt220", "xterm-m", "dumb", ""] {
            assert_eq!(depth(none, "", ""), Depth::Mono, "{none}");
        }
        assert_eq!(depth("xterm-256color", "truecolor", "1"), Depth::Mono);
        assert_eq!(Depth::promised(&|_| None), Depth::Mono);
    }
}
