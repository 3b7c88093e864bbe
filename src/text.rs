//! Text for people: counts with commas, bytes in their units, names without control characters, the name that was
//! meant, where in a file something is wrong. A leaf that every part may use.

use std::fmt;

/// Whether a character has no glyph of its own and changes how its neighbours are shown: controls, and
/// Unicode's marks for direction, joining and invisible space.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// `text` with every such character replaced. Names, labels and messages come from files and arguments;
/// none may carry a control sequence to a terminal, or turn a line round.
pub fn printable(text: &str) -> String {
    text.replace(is_unprintable, "\u{fffd}")
}

/// A word as a shell takes it back, where it can be printed.
pub fn in_a_shell(word: &str) -> String {
    let word = printable(word);
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A score, whatever measures it, in at most 6 cells and a sign: 2 decimals below 1,000, fewer below
/// 100,000, `402.7M` and the like from there on, a power of ten where letters end; `–` for what is no number.
pub fn score(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if !value.is_finite() => return "–".to_owned(),
        // What would round up to more digits takes the next line.
        s if s < 999.995 => format!("{value:.2}"),
        s if s < 9_999.95 => format!("{value:.1}"),
        s if s < 99_999.5 => format!("{value:.0}"),
        _ => scaled(value, 4),
    };
    text.replace('-', "−")
}

/// A large number with `figures` figures and the letter of its size; a power of ten from 10¹⁵ on.
pub fn scaled(value: f64, figures: usize) -> String {
    for (scale, letter) in [(1e3, 'k'), (1e6, 'M'), (1e9, 'G'), (1e12, 'T')] {
        let scaled = value / scale;
        for whole in 1..=3_usize {
            let decimals = figures.saturating_sub(whole);
            let limit = 10_f64.powi(whole as i32) - 0.5 * 10_f64.powi(-(decimals as i32));
            if scaled.abs() < limit {
                return format!("{scaled:.decimals$}{letter}");
            }
        }
    }
    format!("{value:.1e}")
}

/// `0.0998`, `1.200`, `30.25`: milliseconds, four figures or so.
pub fn milliseconds(ms: f64) -> String {
    let decimals = match ms.abs() {
        size if size < 1.0 => 4,
        size if size < 10.0 => 3,
        size if size < 100.0 => 2,
        _ => 1,
    };
    format!("{ms:.decimals$}")
}

/// Bytes in binary units: `12.3 MiB`.
pub fn binary(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB")];
    let fits = |(bits, _): &(u32, &str)| bytes >> bits > 0;
    let (bits, unit) = units.into_iter().find(fits).unwrap_or((10, "KiB"));
    format!("{:.1} {unit}", bytes as f64 / (1_u64 << bits) as f64)
}

/// How long ago something was: `12s`, `3m`, `2h 05m`, `3d 4h`; `–` where a clock has jumped.
pub fn age(seconds: Option<u64>) -> String {
    let Some(s) = seconds else { return "–".to_owned() };
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m", s / 60),
        3_600..86_400 => format!("{}h {:02}m", s / 3_600, s / 60 % 60),
        _ => format!("{}d {}h", s / 86_400, s / 3_600 % 24),
    }
}

/// The known name nearest to what was written, the first of equals, with the edits between them.
/// None where nothing is known.
pub fn nearest<S: AsRef<str>>(
    written: &str,
    known: impl IntoIterator<Item = S>,
) -> Option<(S, usize)> {
    // A pasted page is nobody's name, and the distance takes time by its length.
    const MAX_CHARS: usize = 60;
    let short: String = written.chars().take(MAX_CHARS).collect();
    let edits = |name: S| {
        let edits = strsim::damerau_levenshtein(name.as_ref(), &short);
        (name, edits)
    };
    known.into_iter().map(edits).min_by_key(|(_, edits)| *edits)
}

/// ", did you mean …?" for a name close to a known one, or nothing.
pub fn did_you_mean<S: AsRef<str>>(name: &str, known: impl IntoIterator<Item = S>) -> String {
    match nearest(name, known) {
        Some((known, edits)) if edits <= 2 + name.chars().count() / 3 => {
            format!(", did you mean '{}'?", known.as_ref())
        }
        _ => String::new(),
    }
}

/// Line and column of a byte, from 1; columns count characters.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (line, column)
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file, as it may be printed.
    pub origin: String,
    /// From 1; none where no place in the text is to blame.
    pub line_column: Option<(usize, usize)>,
    pub message: String,
}

impl FileError {
    /// At a byte of `text`; none blames the whole. What comes from the file is made printable.
    pub fn at(origin: &str, text: &str, offset: Option<usize>, message: &str) -> FileError {
        FileError {
            origin: printable(origin),
            line_column: offset.map(|offset| line_column(text, offset)),
            message: printable(message),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some((line, column)) = self.line_column {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for FileError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_words_back() {
        for (word, text) in [
            ("a b'c", r"'a b'\''c'"),
            ("/runs/quick-1", "/runs/quick-1"),
            ("", "''"),
            ("#3", "'#3'"),
        ] {
            assert_eq!(in_a_shell(word), text);
        }
    }

    #[test]
    fn counts_have_commas() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_031_185, "1,031,185")] {
            assert_eq!(grouped(n), text);
        }
    }

    #[test]
    fn scores_of_any_size_fit_a_column() {
        for (value, text) in [
            (192.024, "192.02"),
            (-3.0, "−3.00"),
            (999.994, "999.99"),
            (999.996, "1000.0"),
            (-9_999.96, "−10000"),
            (99_999.4, "99999"),
            (99_999.6, "100.0k"),
            (952_093.0, "952.1k"),
            (999_999.6, "1.000M"),
            (21_954_560.0, "21.95M"),
            (402_653_184.0, "402.7M"),
            (-999_960_000.0, "−1.000G"),
            (2.5e14, "250.0T"),
            (1.2e15, "1.2e15"),
            (-3.4e300, "−3.4e300"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(score(value), text);
        }
        for exponent in -3..18 {
            for factor in [1.0, 3.3, 9.9949, 9.9951, 9.99999] {
                let text = score(factor * 10_f64.powi(exponent));
                assert!(text.chars().count() <= 6, "{text}");
            }
        }
        assert_eq!([scaled(21_954_560.0, 3), scaled(999_600.0, 3)], ["22.0M", "1.00M"]);
        assert_eq!([scaled(12_345.0, 3), scaled(400e6, 3)], ["12.3k", "400M"]);
    }

    #[test]
    fn bytes_have_units() {
        for (bytes, text) in [
            (0, "0.0 KiB"),
            (1_536, "1.5 KiB"),
            ((1 << 20) - 1, "1024.0 KiB"),
            (12 << 20, "12.0 MiB"),
            (5 << 29, "2.5 GiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(binary(bytes), text);
        }
    }

    #[test]
    fn ages_are_short() {
        for (seconds, text) in [
            (7, "7s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m"),
            (7_500, "2h 05m"),
            (273_600, "3d 4h"),
        ] {
            assert_eq!(age(Some(seconds)), text);
        }
        assert_eq!(age(None), "–");
    }

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(nearest("quik", ["slow", "quick"]), Some(("quick", 1)));
        assert_eq!(nearest("qucik", ["quick", "quack"]), Some(("quick", 1)));
        assert_eq!(nearest("x", [] as [&str; 0]), None);
        assert!(nearest(&"a".repeat(1_000_000), ["b"]).is_some_and(|(_, edits)| edits == 60));
    }

    #[test]
    fn places_are_told_by_line_and_column() {
        let error = FileError::at("a\u{1b}.toml", "größe\nx = 1", Some(10), "bad\u{7}");
        assert_eq!(error.to_string(), "a\u{fffd}.toml:2:3: bad\u{fffd}");
        assert_eq!(FileError::at("a", "", None, "bad").to_string(), "a: bad");
        assert_eq!(did_you_mean("tehme", ["theme", "ascii"]), ", did you mean 'theme'?");
        assert_eq!(did_you_mean("x", ["theme"]), "");
    }

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(printable("a\u{1b}[31m\n\u{9b}b"), "a\u{fffd}[31m\u{fffd}\u{fffd}b");
    }
}
