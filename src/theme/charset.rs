//! Which letters a terminal shows, by what its locale promises. Must not read the environment.

use super::Variable;

/// What the locale says of glyphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    Other,
    /// No variable says anything.
    Unknown,
}

/// The locale of letters, as it is written: LC_ALL, LC_CTYPE or LANG, the first that is set (POSIX, "Environment
/// Variables").
pub fn locale(variable: Variable<'_>) -> Option<String> {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set)
}

impl Charset {
    /// By what [`locale`] is in force.
    pub fn of_locale(variable: Variable<'_>) -> Charset {
        let Some(locale) = locale(variable).map(|locale| locale.to_lowercase()) else {
            return Charset::Unknown;
        };
        if locale.contains("utf-8") || locale.contains("utf8") {
            Charset::Utf8
        } else {
            Charset::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_promises_letters() {
        let charset = |all: &str, ctype: &str, lang: &str| {
            Charset::of_locale(&|name| {
                let value = match name {
                    "LC_ALL" => all,
                    "LC_CTYPE" => ctype,
                    _ => lang,
                };
                Some(value.to_owned())
            })
        };
        assert_eq!(charset("", "", "de_DE.UTF-8"), Charset::Utf8);
        assert_eq!(charset("C", "", "de_DE.UTF-8"), Charset::Other);
        assert_eq!(charset("", "C.utf8", "C"), Charset::Utf8);
        assert_eq!(charset("", "", "de_DE.ISO-8859-1"), Charset::Other);
        assert_eq!(charset("", "", ""), Charset::Unknown);
    }
}
