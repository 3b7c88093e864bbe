//! Asks for a network: what is typed, what there is to choose from, what is wrong with it.

use ratatui::layout::Rect;

use super::help::frame;
use crate::tui::{
    canvas::{Canvas, cut, width, wrap},
    edit::LineEdit,
    format,
    keymap::{Context, Intent, Place},
    layout::{Columns, Rows},
    model::{Model, NetPrompt, NetTarget, Offer},
    spots::{List, Target},
    theme::{Ground, Role},
    widgets::bars,
};

const WIDTH: u16 = 72;
const HEIGHT: u16 = 19;
/// Most lines under the list.
const MOST_LINES: u16 = 4;

const BRIEFLY: &str = "A name, a number, or a structure.";
const ABOUT: &str = "A name, a candidate's number such as #1234, or a structure such as \
                     SuperConvK3BNRELU(3,8,1,1); a name may stand before it.";

pub fn draw(model: &Model, prompt: &NetPrompt, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 24 || h < 8 {
        return line_only(prompt, canvas);
    }
    let rect_width = w.min(WIDTH);
    let height = HEIGHT.min(h.saturating_sub(2)).max(8);
    let y = 4.min(h.saturating_sub(height + 1));
    let rect = Rect::new((w - rect_width) / 2, y, rect_width, height);
    let mut panel = canvas.on(Ground::Panel, rect);
    panel.spot(rect, Target::List(List::Nets));
    frame(&mut panel, rect);
    let at = Columns { start: rect.x + 2, end: rect.right() - 3 };
    let title = match prompt.target {
        NetTarget::Network => " Open a network ",
        NetTarget::A => " Choose A ",
        NetTarget::B => " Choose B ",
    };
    panel.text(at.start, y, title, Role::Strong.bold());
    let offers = model.offers(prompt);
    if !offers.is_empty() && rect_width >= 40 {
        let count = format!(" {} of {} ", prompt.cursor + 1, offers.len());
        let end = rect.right() - 3;
        panel.right(end, y, count, Role::Muted);
    }
    let spare = u16::from(height >= 15);
    let mut row = y + 1 + spare;
    let x = panel.text(at.start + 1, row, ": ", Role::Muted);
    typed(&mut panel, Columns { start: x, end: at.end }, row, &prompt.edit);
    row += 1;
    panel.horizontal(rect.x + 1..=rect.right() - 2, row, "─");
    let bottom = rect.bottom() - 2;
    let (text, role) = match &prompt.error {
        Some(error) => (error.as_str(), Role::Error),
        None if rect_width < 60 => (BRIEFLY, Role::Muted),
        None => (ABOUT, Role::Muted),
    };
    let mut lines = wrap(text, at.width() - 2);
    // The list keeps a row or two, whatever there is to say.
    let most = (bottom - row).saturating_sub(3).clamp(1, MOST_LINES);
    lines.truncate(usize::from(most));
    let first = bottom - lines.len() as u16;
    if first > row + 3 {
        panel.horizontal(rect.x + 1..=rect.right() - 2, first - 1, "─");
    }
    let last = if first > row + 3 { first - 2 } else { first - 1 };
    list(&mut panel, (at, Rows { first: row + 1, last }), &offers, prompt);
    for (line, y) in lines.iter().zip(first..) {
        panel.text(at.start + 1, y, line, role);
    }
    let mut x = at.start + 1;
    let place = Place { context: Context::Net, run: model.run_state() };
    let wanted = [(Intent::Enter, "take it"), (Intent::Up, "row"), (Intent::Back, "close")];
    for (intent, word) in wanted {
        let Some(row) = model.keymap.rows(place).find(|row| row.means(intent)) else { continue };
        x = panel.keys(x, bottom, &row.short, Role::Accent) + 1;
        x = panel.text(x, bottom, word, Role::Muted) + 3;
    }
}

/// What is asked for, where there is no room for a frame.
fn line_only(prompt: &NetPrompt, canvas: &mut Canvas<'_>) {
    let w = canvas.area().width;
    let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
    if let Some(error) = &prompt.error {
        line.text(0, 0, cut(error, w), Role::Error);
        return;
    }
    let x = line.text(0, 0, "net: ", Role::Muted);
    typed(&mut line, Columns { start: x, end: w.saturating_sub(1).max(x) }, 0, &prompt.edit);
}

/// The text with the cursor in it; the end being typed at stays in sight.
pub fn typed(panel: &mut Canvas<'_>, at: Columns, y: u16, edit: &LineEdit) {
    let after: String = edit.after().chars().take(usize::from(at.width())).collect();
    let room = usize::from(at.width().saturating_sub(1 + width(&after).min(10)));
    let before = edit.before();
    let skip = before.chars().count().saturating_sub(room);
    let shown: String = before.chars().skip(skip).collect();
    let x = panel.text(at.start, y, shown, Role::Strong);
    let x = panel.text(x, y, "▏", Role::Accent);
    panel.text(x, y, cut(&after, (at.end + 1).saturating_sub(x)), Role::Strong);
}

/// Where the columns of an offer start, from the list's.
const NAME: u16 = 3;
const WHAT: u16 = 20;
const DEPTH_END: u16 = 53;
const WIDTHS: u16 = 56;

fn list(panel: &mut Canvas<'_>, (at, rows): (Columns, Rows), offers: &[Offer], prompt: &NetPrompt) {
    if offers.is_empty() && rows.height() > 1 {
        let text = prompt.edit.text();
        let about = if text.contains('(') { "a structure" } else { "nothing by that name" };
        panel.text(at.start + NAME, rows.first, about, Role::Faint);
    }
    let visible = usize::from(rows.height());
    let first = (prompt.cursor + 1).saturating_sub(visible);
    for ((i, offer), y) in offers.iter().enumerate().skip(first).zip(rows.first..=rows.last) {
        let is_cursor = i == prompt.cursor;
        let cells = Rect::new(at.start - 1, y, at.width() + 2, 1);
        panel.spot(cells, Target::Row(List::Nets, i));
        let mut row = if is_cursor {
            let mut row = panel.on(Ground::Selection, cells);
            row.text(at.start, y, "▸", Role::Accent);
            row
        } else {
            panel.again()
        };
        let ink = if is_cursor { Role::Strong.bold() } else { Role::Text.into() };
        let room = at.width().saturating_sub(NAME);
        let wide = at.width() >= WIDTH - 4;
        let name = if wide { room.min(WHAT - NAME - 1) } else { room };
        let x = row.text(at.start + NAME, y, cut(&offer.net.label, name), ink);
        let what = match offer.net.published_for {
            Some(task) => format!("{} for {}", offer.what, format::map(task.resolution)),
            None => offer.what.to_owned(),
        };
        if !wide {
            let room = (at.end + 1).saturating_sub(x + 2);
            row.right(at.end, y, cut(&what, room), Role::Muted);
            continue;
        }
        row.text(at.start + WHAT, y, what, Role::Muted);
        let depth = offer.net.structure.depth().to_string();
        row.right_runs(
            at.start + DEPTH_END,
            y,
            &[("depth ", Role::Muted.into()), (&depth, Role::Text.into())],
        );
        row.text(at.start + WIDTHS, y, bars::widths(&offer.net.structure, 12), Role::Bar);
    }
}
