//! A colour as themes say it. Must not know roles.

/// Red, green and blue of sRGB.
pub type Rgb = [u8; 3];

/// A colour that a terminal can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The terminal's own: of its text, or of its ground.
    Default,
    /// One of the terminal's 16, 0 to 15.
    Named(u8),
    /// One of the 256 that xterm has.
    Indexed(u8),
    Full(Rgb),
}

/// The 16 by number.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright black",
    "bright red",
    "bright green",
    "bright yellow",
    "bright blue",
    "bright magenta",
    "bright cyan",
    "bright white",
];

impl Colour {
    /// One of the terminal's 16, or its own.
    pub(super) fn named(name: &str) -> Option<Colour> {
        if matches!(name, "none" | "default") {
            return Some(Colour::Default);
        }
        let number = NAMES.iter().position(|known| *known == name)?;
        Some(Colour::Named(number as u8))
    }

    /// `#rrggbb`.
    pub(super) fn hex(text: &str) -> Option<Rgb> {
        let digits = text.strip_prefix('#')?;
        let is_hex = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let [_, rgb @ ..] = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?.to_be_bytes();
        Some(rgb)
    }

    /// What one of the 256 looks like, by xterm's definition. The first 16 are the terminal's own
    /// and look like nothing that could be known.
    pub fn of_256(index: u8) -> Option<Rgb> {
        const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        let step = |n: u8| STEPS[usize::from(n % 6)];
        match index {
            0..=15 => None,
            16..=231 => {
                let n = index - 16;
                Some([step(n / 36), step(n / 6), step(n)])
            }
            232.. => Some([8 + 10 * (index - 232); 3]),
        }
    }

    /// Which of the 256 is nearest to `rgb`.
    pub(super) fn nearest_256(rgb: Rgb) -> Colour {
        let distance = |index: u8| {
            let other = Colour::of_256(index).expect("16 and above are defined");
            let part = |i: usize| u32::from(rgb[i].abs_diff(other[i])).pow(2);
            // Green counts most to the eye, blue least.
            3 * part(0) + 4 * part(1) + 2 * part(2)
        };
        let index = (16..=255).min_by_key(|&index| distance(index)).expect("there are 240");
        Colour::Indexed(index)
    }

    /// The parameters of the escape sequence (SGR) that sets text in this colour.
    pub fn sgr(self) -> String {
        self.parameters(30)
    }

    /// The same for the ground.
    pub fn sgr_ground(self) -> String {
        self.parameters(40)
    }

    /// Bright ones lie 60 above the first 8, the terminal's own ends each ten (ECMA-48, aixterm).
    fn parameters(self, base: u8) -> String {
        match self {
            Colour::Default => format!("{}", base + 9),
            Colour::Named(n @ 0..=7) => format!("{}", base + n),
            Colour::Named(n) => format!("{}", base + 60 + n % 8),
            Colour::Indexed(n) => format!("{};5;{n}", base + 8),
            Colour::Full([r, g, b]) => format!("{};2;{r};{g};{b}", base + 8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read() {
        assert_eq!(Colour::hex("#11141a"), Some([0x11, 0x14, 0x1a]));
        for bad in ["11141a", "#11141", "#+1141a", "#11141ag", "#größe", ""] {
            assert_eq!(Colour::hex(bad), None, "{bad}");
        }
        assert_eq!(Colour::named("bright cyan"), Some(Colour::Named(14)));
        assert_eq!(Colour::named("none"), Some(Colour::Default));
        assert_eq!(Colour::named("gold"), None);
    }

    /// The cube has steps of 0, 95, 135, 175, 215, 255; the greys begin at 8 in steps of 10 (xterm's
    /// 256colres.pl).
    #[test]
    fn the_256_are_those_of_xterm() {
        assert_eq!(Colour::of_256(15), None);
        assert_eq!(Colour::of_256(16), Some([0, 0, 0]));
        assert_eq!(Colour::of_256(179), Some([215, 175, 95]));
        assert_eq!(Colour::of_256(231), Some([255, 255, 255]));
        assert_eq!(Colour::of_256(255), Some([238, 238, 238]));
        assert_eq!(Colour::nearest_256([214, 176, 96]), Colour::Indexed(179));
        assert_eq!(Colour::nearest_256([18, 18, 18]), Colour::Indexed(233));
    }

    #[test]
    fn sequences_are_as_short_as_they_get() {
        let colours = [Colour::Default, Colour::Named(1), Colour::Named(9), Colour::Indexed(179)];
        assert_eq!(colours.map(Colour::sgr), ["39", "31", "91", "38;5;179"]);
        assert_eq!(Colour::Full([1, 2, 3]).sgr(), "38;2;1;2;3");
        assert_eq!(colours.map(Colour::sgr_ground), ["49", "41", "101", "48;5;179"]);
    }
}
