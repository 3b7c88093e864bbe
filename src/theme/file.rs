//! The format of a theme's file. Owns: keys, how a colour is written, errors with their place. Invariant: what
//! a file doesn't say comes from the shipped theme that it inherits.
//!
//! ```toml
//! inherits = "ink"
//! [roles]
//! accent = "#7cb7e0"                                 # of the 256 the nearest; of the 16 what ink has
//! canvas = "none"                                    # the terminal's own, as any of its 16 by name
//! best = { rgb = "#e8c268", ansi256 = 179, ansi16 = "bright yellow" }
//! ```

use toml_edit::{Document, Item, TableLike, Value};

use super::{Colour, Depth, Role, Scheme, Shade, shipped_theme, shipped_theme_names};
use crate::text::{FileError, did_you_mean, nearest};

/// Files larger than this are no themes.
pub const MAX_BYTES: usize = 64 * 1024;

const KEYS: [&str; 4] = ["about", "inherits", "colours", "roles"];
const SHADE_KEYS: [&str; 3] = ["rgb", "ansi256", "ansi16"];
/// Longest description that is kept.
const MAX_ABOUT: usize = 60;

/// A text and what it is called in errors.
struct Source<'a> {
    origin: &'a str,
    text: &'a str,
    document: &'a Document<&'a str>,
}

type Place = Option<std::ops::Range<usize>>;

impl Scheme {
    /// Reads a theme's text; `origin` is what errors call it.
    ///
    /// # Errors
    /// More than [`MAX_BYTES`], bad TOML, unknown keys and roles (with the nearest), a base that isn't shipped,
    /// colours that are none, roles that neither the text nor its base has.
    pub fn parse(origin: &str, text: &str) -> Result<Scheme, FileError> {
        if text.len() > MAX_BYTES {
            let message = format!("{} bytes are more than the {MAX_BYTES} of a theme", text.len());
            return Err(FileError::at(origin, text, None, &message));
        }
        let document = Document::parse(text).map_err(|error| {
            let offset = error.span().map(|span| span.start);
            FileError::at(origin, text, offset, &error.message().trim().replace('\n', ", "))
        })?;
        Source { origin, text, document: &document }.scheme()
    }
}

impl Source<'_> {
    fn error(&self, place: Place, message: impl AsRef<str>) -> FileError {
        FileError::at(self.origin, self.text, place.map(|span| span.start), message.as_ref())
    }

    fn scheme(&self) -> Result<Scheme, FileError> {
        let root = self.document.as_table();
        self.check_keys(root, &KEYS, "key")?;
        let base = self.base(root)?;
        let about = match root.get("about") {
            None => base.as_ref().map_or_else(String::new, |base| base.about.clone()),
            Some(item) => {
                let about = self.string(item, "a description")?;
                crate::text::printable(about).chars().take(MAX_ABOUT).collect()
            }
        };
        let most = match root.get("colours") {
            None => base.as_ref().map_or(Depth::TrueColor, |base| base.most),
            Some(item) => match item.as_integer() {
                Some(0) => Depth::Mono,
                Some(16) => Depth::Ansi16,
                Some(256) => Depth::Ansi256,
                _ => return Err(self.error(item.span(), "expected 0, 16 or 256 colours")),
            },
        };
        let mut shades = base.map_or([None; Role::ALL.len()], |base| base.shades.map(Some));
        if let Some(item) = root.get("roles") {
            let roles = item.as_table_like();
            let roles =
                roles.ok_or_else(|| self.error(item.span(), "expected a table of roles"))?;
            self.check_keys(roles, &Role::ALL.map(Role::name), "role")?;
            for (name, item) in roles.iter() {
                let role = Role::named(name).expect("keys were checked");
                let base = shades[role as usize];
                shades[role as usize] = Some(self.shade(name, item, base)?);
            }
        }
        let is_missing = |role: &Role| shades[*role as usize].is_none();
        if let Some(role) = Role::ALL.into_iter().find(is_missing) {
            let message = format!(
                "role '{}' is missing; inherits = \"ink\" fills in what isn't said",
                role.name()
            );
            return Err(self.error(None, message));
        }
        Ok(Scheme { about, most, shades: shades.map(|shade| shade.expect("none is missing")) })
    }

    fn base(&self, root: &dyn TableLike) -> Result<Option<Scheme>, FileError> {
        let Some(item) = root.get("inherits") else { return Ok(None) };
        let name = self.string(item, "a theme's name")?;
        let Some(base) = shipped_theme(name) else {
            let known: Vec<_> = shipped_theme_names().collect();
            let hint = did_you_mean(name, &known);
            let message =
                format!("no theme '{name}' is shipped{hint}; there are {}", known.join(", "));
            return Err(self.error(item.span(), message));
        };
        Ok(Some(base))
    }

    fn check_keys<S: AsRef<str>>(
        &self,
        table: &dyn TableLike,
        known: &[S],
        what: &str,
    ) -> Result<(), FileError> {
        for (name, item) in table.iter() {
            if !known.iter().any(|known| known.as_ref() == name) {
                let (meant, _) = nearest(name, known).expect("some are known");
                let place = table.get_key_value(name).and_then(|(key, _)| key.span());
                let message =
                    format!("unknown {what} '{name}', did you mean '{}'?", meant.as_ref());
                return Err(self.error(place.or(item.span()), message));
            }
        }
        Ok(())
    }

    fn shade(&self, name: &str, item: &Item, base: Option<Shade>) -> Result<Shade, FileError> {
        let (full, ansi256, ansi16) = match item.as_table_like() {
            None => (Some(self.colour(name, item)?), None, None),
            Some(table) => {
                self.check_keys(table, &SHADE_KEYS, "key")?;
                (
                    table.get("rgb").map(|item| self.colour(name, item)).transpose()?,
                    table.get("ansi256").map(|item| self.index(name, item)).transpose()?,
                    table.get("ansi16").map(|item| self.one_of_16(name, item)).transpose()?,
                )
            }
        };
        let (near256, near16) = match full {
            None => (None, None),
            Some(Colour::Full(rgb)) => (Some(Colour::nearest_256(rgb)), None),
            // The terminal's own are there at every depth.
            Some(own) => (Some(own), Some(own)),
        };
        let whole = || {
            Some(Shade {
                full: full.or(base.map(|base| base.full))?,
                ansi256: ansi256.or(near256).or(base.map(|base| base.ansi256))?,
                ansi16: ansi16.or(near16).or(base.map(|base| base.ansi16))?,
            })
        };
        whole().ok_or_else(|| {
            let message = format!(
                "{name}: write {{ rgb = \"#7cb7e0\", ansi256 = 110, ansi16 = \"bright cyan\" }}, or inherit a theme"
            );
            self.error(item.span(), message)
        })
    }

    fn colour(&self, name: &str, item: &Item) -> Result<Colour, FileError> {
        let text = self.string(item, "a colour such as \"#7cb7e0\"")?;
        let colour = Colour::hex(text).map(Colour::Full).or_else(|| Colour::named(text));
        colour.ok_or_else(|| {
            let message = format!(
                "{name}: '{text}' is no colour; write #rrggbb, one of the 16 such as bright cyan, or none"
            );
            self.error(item.span(), message)
        })
    }

    fn index(&self, name: &str, item: &Item) -> Result<Colour, FileError> {
        if item.as_str() == Some("none") {
            return Ok(Colour::Default);
        }
        let index = item.as_integer().and_then(|index| u8::try_from(index).ok());
        let message = || format!("{name}: expected one of the 256 colours, 16 to 255, or \"none\"");
        let index = index.filter(|index| *index >= 16);
        index.map(Colour::Indexed).ok_or_else(|| self.error(item.span(), message()))
    }

    fn one_of_16(&self, name: &str, item: &Item) -> Result<Colour, FileError> {
        let text = self.string(item, "one of the 16 colours, such as \"bright cyan\"")?;
        Colour::named(text).ok_or_else(|| {
            let message =
                format!("{name}: '{text}' is none of the 16 colours, such as bright cyan");
            self.error(item.span(), message)
        })
    }

    fn string<'i>(&self, item: &'i Item, what: &str) -> Result<&'i str, FileError> {
        let text = item.as_value().and_then(Value::as_str);
        text.ok_or_else(|| self.error(item.span(), format!("expected {what}")))
    }
}
