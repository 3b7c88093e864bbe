//! Every key of a screen, from the rows of the keymap.

use ratatui::layout::Rect;

use crate::tui::{
    canvas::{Canvas, cut, width},
    keymap::{Context, Group, Intent, Key, Keymap, Place, Row, RunState},
    spots::{List, Target},
    theme::{Ground, Role},
};

/// Rows of the page that are no keys: frame, blanks, legend.
const FRAME: u16 = 5;
/// Cells for the keys in a column.
const KEYS: u16 = 11;

/// What glyphs of the search mean.
const LEGEND: [(&str, Role, &str); 4] = [
    ("★", Role::Best, "best"),
    ("▸", Role::Accent, "selected"),
    ("▾", Role::Warn, "leaves next"),
    ("▲", Role::Error, "fault"),
];

/// The page as it fits a terminal.
pub struct Page<'a> {
    columns: Vec<Vec<Line<'a>>>,
    rect: Rect,
}

impl<'a> Page<'a> {
    pub fn new(keymap: &'a Keymap, place: Place, (w, h): (u16, u16)) -> Page<'a> {
        let (count, width) = match w {
            110.. => (3, 110),
            76.. => (2, 76),
            _ => (1, w),
        };
        let columns = split(keymap, place, count);
        let longest = columns.iter().map(Vec::len).max().unwrap_or(0) as u16;
        let height = (longest + FRAME).min(h.saturating_sub(2));
        let y = 4.min(h.saturating_sub(1 + height));
        Page { columns, rect: Rect::new((w - width) / 2, y, width, height) }
    }

    /// Lines of a column that are seen at once.
    pub fn visible(&self) -> u16 {
        self.rect.height.saturating_sub(FRAME)
    }

    /// Where the last line has come into view.
    pub fn most_scroll(&self) -> u16 {
        let longest = self.columns.iter().map(Vec::len).max().unwrap_or(0) as u16;
        longest.saturating_sub(self.visible())
    }
}

pub fn draw(keymap: &Keymap, place: Place, scroll: u16, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 24 || h < 8 {
        return;
    }
    let page = Page::new(keymap, place, (w, h));
    let Rect { x, y, width: width_, height } = page.rect;
    let mut panel = canvas.on(Ground::Panel, page.rect);
    panel.spot(page.rect, Target::List(List::Keys));
    frame(&mut panel, page.rect);
    let title = format!(" Keys of {} ", place.context.title());
    panel.text(x + 2, y, title, Role::Strong.bold());
    let closes = format!(" {} closes ", closing(keymap).join(" or "));
    if width_ >= 40 {
        panel.text(x + width_ - 2 - width(&closes), y, closes, Role::Muted);
    }
    if page.most_scroll() > 0 {
        // A terminal that grew meanwhile needs less scrolling than was asked for.
        let left = page.most_scroll().saturating_sub(scroll);
        let more = if left > 0 { format!(" ↓ {left} more ") } else { " ↑ the end ".to_owned() };
        panel.text(x + width_ - 2 - width(&more), y + height - 1, more, Role::Muted);
    }
    let skipped = usize::from(scroll.min(page.most_scroll()));
    let pitch = (width_ - 6) / page.columns.len() as u16;
    for (column, lines) in page.columns.iter().enumerate() {
        let x = x + 3 + pitch * column as u16;
        for (line, y) in lines.iter().skip(skipped).zip(y + 2..y + 2 + page.visible()) {
            match line {
                Line::Blank => {}
                Line::Title(group) => {
                    panel.text(x, y, group.title(), Role::Strong.bold());
                }
                Line::Heading(title) => {
                    panel.text(x, y, title, Role::Strong.bold());
                }
                Line::Text(text) => {
                    panel.text(x, y, cut(text, pitch - 1), Role::Muted);
                }
                Line::Row(row) => {
                    // A user may have given it more than there is room for.
                    let keys = panel.theme().glyphs().keys(&row.shown).into_owned();
                    panel.text(x, y, cut(&keys, KEYS - 1), Role::Accent);
                    panel.text(x + KEYS, y, cut(row.description, pitch - KEYS - 1), Role::Text);
                }
            }
        }
    }
    let legend: &[_] = match place.context {
        Context::Search | Context::Population => &LEGEND,
        _ => &[],
    };
    let (mut x, y) = (x + 3, y + height - 2);
    for (glyph, role, meaning) in legend {
        if x + 16 < w {
            panel.text(x, y, glyph, *role);
            panel.text(x + 2, y, meaning, Role::Muted);
            x += 16;
        }
    }
}

pub fn frame(canvas: &mut Canvas<'_>, rect: Rect) {
    let (right, bottom) = (rect.right() - 1, rect.bottom() - 1);
    for x in rect.x + 1..right {
        canvas.text(x, rect.y, "─", Role::Accent);
        canvas.text(x, bottom, "─", Role::Accent);
    }
    for y in rect.y + 1..bottom {
        canvas.text(rect.x, y, "│", Role::Accent);
        canvas.text(right, y, "│", Role::Accent);
    }
    for (x, y, corner) in
        [(rect.x, rect.y, "╭"), (right, rect.y, "╮"), (rect.x, bottom, "╰"), (right, bottom, "╯")]
    {
        canvas.text(x, y, corner, Role::Accent);
    }
}

/// The first two keys that close the page.
fn closing(keymap: &Keymap) -> Vec<String> {
    let place = Place { context: Context::Help, run: RunState::None };
    let keys = keymap.rows(place).flat_map(|row| row.keys_of(Intent::Back));
    keys.take(2).map(Key::shown).collect()
}

enum Line<'a> {
    Title(Group),
    Row(&'a Row),
    Heading(&'static str),
    Text(&'static str),
    Blank,
}

/// What one should know before believing a score; each line fits the narrowest column.
const NOTES: [&str; 11] = [
    "Zen is nearly Σ log(fan-in) / 2.",
    "Maximised alone it gives lopsided",
    "widths and bottlenecks of 16.",
    "The depth cap decides most: 10–11",
    "points a sub-layer.",
    "[space] constrains the shapes:",
    "bottleneck_ratio_min,",
    "non_decreasing, out_ratio_max,",
    "stage_depth_max.",
    "Late in a search one draw's noise",
    "exceeds the population's spread.",
];

fn has_notes(context: Context) -> bool {
    matches!(context, Context::Search | Context::Form)
}

/// The groups in so many columns, whole, in their order.
fn split(keymap: &Keymap, place: Place, count: usize) -> Vec<Vec<Line<'_>>> {
    let mut groups: Vec<Vec<Line<'_>>> = Group::ALL
        .into_iter()
        .filter_map(|group| {
            let of_group = keymap.rows(place).filter(|row| row.group == group);
            let lines: Vec<Line<'_>> = of_group.map(Line::Row).collect();
            let title = std::iter::once(Line::Title(group));
            (!lines.is_empty()).then(|| title.chain(lines).collect())
        })
        .collect();
    if has_notes(place.context) {
        let notes = NOTES.into_iter().map(Line::Text);
        groups.push(
            std::iter::once(Line::Heading("What maximising Zen does")).chain(notes).collect(),
        );
    }
    let total: usize = groups.iter().map(|lines| lines.len() + 1).sum();
    let share = total.div_ceil(count);
    let mut columns: Vec<Vec<Line<'_>>> = vec![Vec::new()];
    for lines in groups {
        let open = columns.len();
        let last = columns.last_mut().expect("starts with one");
        if !last.is_empty() && last.len() + lines.len() > share && open < count {
            columns.push(lines);
        } else {
            if !last.is_empty() {
                last.push(Line::Blank);
            }
            last.extend(lines);
        }
    }
    columns
}
