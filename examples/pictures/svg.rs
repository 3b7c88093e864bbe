//! A terminal's screen as SVG: a rectangle a run of ground, a text a run of ink.

use std::{fmt::Write, time::Duration};

use vt100::{Cell, Color, Screen};

/// Of a cell, pixels.
const WIDTH: usize = 8;
const HEIGHT: usize = 17;
/// From the top of a cell to the foot of its letters.
const BASE: usize = 13;
const GROUND: &str = "#11141a";
const INK: &str = "#c8cfd8";

const STYLE: &str = "text{font-family:'DejaVu Sans Mono','Menlo','Consolas',monospace;font-size:13px;\
                     white-space:pre}";

/// A screen, alone.
pub fn picture(screen: &Screen) -> String {
    let (width, height) = size(screen);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\"><style>{STYLE}</style>{}</svg>\n",
        cells(screen)
    )
}

/// Screens one after the other, each shown for as long, over and over.
pub fn recording(screens: &[Screen], each: Duration) -> String {
    let Some(first) = screens.first() else { return String::new() };
    let (width, height) = size(first);
    let count = screens.len();
    let whole = each.as_secs_f64() * count as f64;
    let share = 100.0 / count as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\"><style>{STYLE}\
         .frame{{visibility:hidden;animation:show {whole}s steps(1) infinite}}\
         @keyframes show{{0%{{visibility:visible}}{share:.4}%{{visibility:hidden}}}}</style>"
    );
    for (i, screen) in screens.iter().enumerate() {
        let delay = each.as_secs_f64() * i as f64;
        let _ = write!(svg, "<g class=\"frame\" style=\"animation-delay:{delay}s\">");
        svg.push_str(&cells(screen));
        svg.push_str("</g>");
    }
    svg.push_str("</svg>\n");
    svg
}

fn size(screen: &Screen) -> (usize, usize) {
    let (rows, cols) = screen.size();
    (usize::from(cols) * WIDTH, usize::from(rows) * HEIGHT)
}

/// How a cell is set.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    ink: Color,
    ground: Color,
    bold: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell) -> Look {
        let (mut ink, mut ground) = (cell.fgcolor(), cell.bgcolor());
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut ground);
        }
        Look { ink, ground, bold: cell.bold(), underline: cell.underline() }
    }
}

fn cells(screen: &Screen) -> String {
    let (rows, cols) = screen.size();
    let (width, height) = size(screen);
    let mut svg = format!("<rect width=\"{width}\" height=\"{height}\" fill=\"{GROUND}\"/>");
    for row in 0..rows {
        let mut runs: Vec<(u16, Look, String)> = Vec::new();
        for col in 0..cols {
            let Some(cell) = screen.cell(row, col) else { continue };
            let (look, text) = (Look::of(cell), cell.contents());
            let text = if text.is_empty() { " " } else { text };
            match runs.last_mut() {
                Some((_, last, run)) if *last == look => run.push_str(text),
                _ => runs.push((col, look, text.to_owned())),
            }
        }
        for (col, look, text) in &runs {
            ground(&mut svg, (row, *col), *look, text.chars().count());
        }
        for (col, look, text) in &runs {
            ink(&mut svg, (row, *col), *look, text);
        }
    }
    svg
}

fn ground(svg: &mut String, (row, col): (u16, u16), look: Look, count: usize) {
    let colour = colour(look.ground, GROUND);
    if colour != GROUND {
        let (x, y) = (usize::from(col) * WIDTH, usize::from(row) * HEIGHT);
        let width = count * WIDTH;
        let _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{colour}\"/>"
        );
    }
}

fn ink(svg: &mut String, (row, col): (u16, u16), look: Look, text: &str) {
    let blank = text.chars().take_while(|c| *c == ' ').count();
    let shown = text.trim();
    if shown.is_empty() {
        return;
    }
    let x = (usize::from(col) + blank) * WIDTH;
    let y = usize::from(row) * HEIGHT + BASE;
    let length = shown.chars().count() * WIDTH;
    let colour = colour(look.ink, INK);
    let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
    let line = if look.underline { " text-decoration=\"underline\"" } else { "" };
    let shown = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // The length holds the grid, whatever font there is.
    let _ = write!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\" textLength=\"{length}\" \
         lengthAdjust=\"spacingAndGlyphs\"{bold}{line}>{shown}</text>"
    );
}

fn colour(colour: Color, default: &str) -> String {
    match colour {
        Color::Default => default.to_owned(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        // The pictures are made in 24 bits; anything else is drawn as the default.
        Color::Idx(_) => default.to_owned(),
    }
}
