//! `zendo themes`: what the terminal UI can look like.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    Failure,
    output::{depth, json_line, line},
};
use crate::{
    run::{ListedTheme, listed_themes, user_themes},
    text::printable,
    theme::{Depth, Role, SWATCHES, Scheme},
};

#[derive(Debug, clap::Args)]
pub struct ThemesArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    about: Option<&'a str>,
    yours: bool,
    error: Option<&'a str>,
}

pub(super) fn run(args: &ThemesArgs) -> Result<ExitCode, Failure> {
    let depth = depth();
    for listed in listed_themes(user_themes()) {
        match args.json {
            true => json_line(&Line {
                name: &listed.name,
                about: listed.found.as_ref().ok().map(Scheme::about),
                yours: listed.is_yours,
                error: listed.found.as_ref().err().map(String::as_str),
            })?,
            false => line(summary(&listed, depth))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(listed: &ListedTheme, depth: Depth) -> String {
    let name = printable(&listed.name);
    let whose = if listed.is_yours { "   (yours)" } else { "" };
    match &listed.found {
        Ok(scheme) if depth == Depth::Mono => format!("{name:<24}{}{whose}", scheme.about()),
        Ok(scheme) => format!("{name:<24}{}   {}{whose}", swatch(scheme, depth), scheme.about()),
        Err(error) => format!("{name:<24}{error}{whose}"),
    }
}

/// A few colours on the theme's ground, as wide for every theme.
fn swatch(scheme: &Scheme, depth: Depth) -> String {
    if scheme.depth(depth) == Depth::Mono {
        return " ".repeat(SWATCHES.len() + 2);
    }
    let ground = scheme.colour(Role::Canvas, depth).sgr_ground();
    let cells = SWATCHES.map(|role| format!("\u{1b}[{}m■", scheme.colour(role, depth).sgr()));
    format!("\u{1b}[{ground}m {} \u{1b}[0m", cells.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::shipped_theme;

    #[test]
    fn lines_are_plain_without_colours() {
        let listed = ListedTheme {
            name: "ink".to_owned(),
            is_yours: false,
            found: Ok(shipped_theme("ink").expect("shipped")),
        };
        assert_eq!(summary(&listed, Depth::Mono), "ink                     dark");
        let coloured = summary(&listed, Depth::Ansi16);
        assert!(coloured.contains("\u{1b}[49m \u{1b}[97m■\u{1b}[37m■"), "{coloured:?}");
        assert!(coloured.ends_with(" \u{1b}[0m   dark"), "{coloured:?}");
        let broken =
            ListedTheme { name: "a".to_owned(), is_yours: true, found: Err("bad".to_owned()) };
        assert_eq!(summary(&broken, Depth::TrueColor), "a                       bad   (yours)");
    }
}
