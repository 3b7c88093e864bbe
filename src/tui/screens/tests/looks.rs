//! The screens in every theme, at every depth, and in ASCII.

use std::collections::BTreeMap;

use ratatui::{buffer::Buffer, layout::Rect, style::Color};

use super::{SCREENS, SIZES, diff, draw, network_of_a_candidate, paint, population, press, text};
use crate::{
    run::UserTheme,
    theme::{Scheme, shipped_theme_names},
    tui::{
        action::Action,
        fixture,
        glyphs::{Glyphs, ascii},
        keymap::Intent,
        model::Model,
        theme::{Depth, Display, Theme},
        update::update,
    },
};

/// Over a running search, on a theme that is broken.
pub fn choosing() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Theme]);
    let parse = |name: &str, text: &str| UserTheme {
        name: name.to_owned(),
        found: Scheme::parse(&format!("/home/me/.config/zendo/themes/{name}.toml"), text),
    };
    let yours = vec![
        parse("evening", "about = \"late\"\ninherits = \"ink\"\nroles.canvas = \"none\"\n"),
        parse("half-done", "inherits = \"ink\"\n[roles]\nacent = \"#ffffff\"\n"),
    ];
    update(&mut model, Action::Themes(yours));
    press(&mut model, &[Intent::Last]);
    model
}

fn colour(colour: Color) -> String {
    match colour {
        Color::Reset => "default".to_owned(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(n) => n.to_string(),
        named => named.to_string(),
    }
}

/// The styles of a picture, each with a letter, and the rows as runs of them: `a12` is twelve cells. Rows of the
/// same runs are counted together.
fn styles(buffer: &Buffer) -> String {
    let mut known: Vec<String> = Vec::new();
    let mut rows: Vec<(String, u16, u16)> = Vec::new();
    for y in buffer.area.rows() {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for at in y.positions() {
            let cell = &buffer[at];
            let weight = match cell.modifier.is_empty() {
                true => String::new(),
                false => format!("{:?}", cell.modifier).to_lowercase(),
            };
            // On a blank the ink isn't seen, and bold neither.
            let is_blank = cell.symbol() == " ";
            let weight = if is_blank { weight.replace("bold", "") } else { weight };
            let ink = if is_blank { "" } else { &colour(cell.fg) };
            let style = format!("{ink:<12} on {:<12} {weight}", colour(cell.bg));
            let number = known.iter().position(|k| *k == style).unwrap_or_else(|| {
                known.push(style);
                known.len() - 1
            });
            match runs.last_mut() {
                Some((last, count)) if *last == number => *count += 1,
                _ => runs.push((number, 1)),
            }
        }
        let letter =
            |n: usize| char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[n]);
        let runs = runs.into_iter().map(|(number, count)| format!("{}{count}", letter(number)));
        let runs = runs.collect::<Vec<_>>().join(" ");
        match rows.last_mut() {
            Some((last, _, end)) if *last == runs => *end = y.y,
            _ => rows.push((runs, y.y, y.y)),
        }
    }
    let letters = ('a'..='z').chain('A'..='Z');
    let legend = letters.zip(&known).map(|(letter, style)| format!("{letter}  {style}"));
    let rows = rows.iter().map(|(runs, first, last)| match first == last {
        true => format!("{first:>5}  {runs}"),
        false => format!("{:>5}  {runs}", format!("{first}-{last}")),
    });
    legend.chain(rows).map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The colours themselves, cell by cell, which the letters of `screens_are_inked_as_reviewed` leave out. What a
/// theme looks like at one depth as at another is kept once.
#[test]
fn every_theme_looks_as_reviewed_at_every_depth() {
    let depths = [Depth::TrueColor, Depth::Ansi256, Depth::Ansi16, Depth::Mono];
    for (screen, model) in [("search", fixture::running as fn() -> Model), ("diff", diff::pasted)] {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (name, depth) in
            shipped_theme_names().flat_map(|theme| depths.map(|depth| (theme, depth)))
        {
            let theme = Theme::shipped(name, depth);
            let model = fixture::sized(model(), (120, 36));
            let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
            draw(&model, &theme, &mut buffer);
            let look = format!("{screen}_{name}_{}", format!("{depth:?}").to_lowercase());
            let styles = styles(&buffer);
            let shown = match seen.get(&styles) {
                Some(same) => format!("as {same}\n"),
                None => {
                    seen.insert(styles.clone(), look.clone());
                    styles
                }
            };
            insta::assert_snapshot!(look, shown);
        }
    }
}

fn in_ascii(model: Model, size: (u16, u16)) -> Buffer {
    let theme = Theme::dark(Display { depth: Depth::Mono, glyphs: Glyphs::Ascii });
    let model = fixture::sized(model, size);
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    draw(&model, &theme, &mut buffer);
    buffer
}

#[test]
fn in_ascii_there_is_nothing_but_ascii() {
    for (name, model) in SCREENS {
        for size in SIZES {
            let buffer = in_ascii(model(), size);
            let odd = buffer.content.iter().find(|cell| !cell.symbol().is_ascii());
            assert!(odd.is_none(), "{name} at {size:?}: {odd:?}");
        }
    }
}

/// Whatever is drawn has a letter of its own in place of a question mark.
#[test]
fn every_glyph_has_a_replacement() {
    for (name, model) in SCREENS {
        for (size, depth) in SIZES.into_iter().flat_map(|s| [(s, Depth::Mono), (s, Depth::Ansi16)])
        {
            for c in text(&paint(model(), size, depth)).chars().filter(|c| *c != '\n') {
                // What stands for a control character comes from a file.
                assert!(ascii(c).is_some() || c == '\u{fffd}', "{c} on {name} at {size:?}");
            }
        }
    }
}

#[test]
fn ascii_looks_as_reviewed() {
    for (name, model) in [
        ("search", fixture::running as fn() -> Model),
        ("population", population),
        ("network", network_of_a_candidate),
        ("diff", diff::pasted),
    ] {
        let picture = text(&in_ascii(model(), (120, 36)));
        insta::assert_snapshot!(format!("{name}_ascii"), picture);
    }
}

/// The help keeps the names of keys apart from what they do, spelt out too.
#[test]
fn spelt_out_keys_fit_their_column() {
    for (name, model) in SCREENS {
        let model = model();
        for row in model.keymap.rows(model.base_place()) {
            let keys = Glyphs::Ascii.keys(&row.shown);
            assert!(keys.len() <= 10, "{name}: {keys}");
        }
    }
}

/// Drawn on the terminal's own ground where a theme says so, and nothing is left of the theme before.
#[test]
fn a_theme_may_leave_the_ground_to_the_terminal() {
    let scheme = Scheme::parse("", "inherits = \"ink\"\nroles.canvas = \"none\"\n").expect("valid");
    let display = Display { depth: Depth::TrueColor, glyphs: Glyphs::Unicode };
    let model = fixture::sized(fixture::running(), (120, 36));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
    draw(&model, &Theme::new(scheme, display), &mut buffer);
    assert_eq!(buffer[(1, 3)].bg, Color::Reset);
    assert_ne!(buffer[(1, 0)].bg, Color::Reset, "the band has its own");
}
