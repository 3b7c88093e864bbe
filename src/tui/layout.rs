//! The grid: where panels lie at every size. Pure arithmetic on a width and a height; must not know
//! what is drawn. Invariant: all columns and rows lie within the size.

pub mod diff;
pub mod lab;
pub mod parts;

/// Columns, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    pub start: u16,
    pub end: u16,
}

impl Columns {
    pub fn width(self) -> u16 {
        (self.end + 1).saturating_sub(self.start)
    }
}

/// Rows, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    pub first: u16,
    pub last: u16,
}

impl Rows {
    pub fn height(self) -> u16 {
        (self.last + 1).saturating_sub(self.first)
    }
}

/// A panel of the lower half: a title, a body, an axis under it, labels under that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartRows {
    pub title: u16,
    pub body: Rows,
    pub axis: u16,
    pub labels: u16,
}

/// The search at 120×24 and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Large {
    pub main: Columns,
    pub rule: u16,
    pub side: Columns,
    /// Under the heads in row 4.
    pub table: Rows,
    pub bottom_rule: u16,
    pub chart: ChartRows,
    pub convergence: Columns,
    pub chart_rule: u16,
    pub scores: Columns,
    pub time: Columns,
    pub workers: Option<Columns>,
    pub events: Events,
}

/// Where the last events stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// The last one.
    Line(u16),
    /// A rule, a title and so many rows.
    Panel { rule: u16, title: u16, rows: Rows },
}

/// The search at 80×20 and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Medium {
    pub main: Columns,
    pub table: Rows,
    pub best: Columns,
    pub rule: u16,
    pub chart_columns: Columns,
    pub chart: ChartRows,
    pub event: u16,
}

/// One panel at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Small {
    pub table: Rows,
    pub leaves: u16,
    pub bottom: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Nothing,
    /// The state, alone.
    State,
    /// State, count, best.
    Summary,
    Small(Small),
    Medium(Medium),
    Large(Large),
    Zoomed(Zoomed),
}

/// One panel over the whole screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zoomed {
    pub columns: Columns,
    /// Of the table.
    pub table: Rows,
    pub chart: ChartRows,
    pub event: u16,
}

/// Width of the main column where there is room for no more.
const MAIN: u16 = 76;
/// Widest side column.
const SIDE: u16 = 67;

/// The search screen's layout at a size.
pub fn search(width: u16, height: u16) -> Layout {
    match (width, height) {
        (0, _) | (_, 0) => Layout::Nothing,
        (w, h) if w < 12 || h < 2 => Layout::State,
        (w, h) if w < 40 || h < 8 => Layout::Summary,
        (w, h) if w >= 120 && h >= 24 => Layout::Large(large(w, h)),
        (w, h) if w >= 80 && h >= 20 => Layout::Medium(medium(w, h)),
        (_, h) => Layout::Small(Small {
            table: Rows { first: 4, last: h - 4 },
            leaves: h - 3,
            bottom: h - 2,
        }),
    }
}

/// Main and side columns and the rule between, as every screen of two columns has them.
pub fn two_columns(width: u16) -> (Columns, u16, Columns) {
    let content = width.saturating_sub(4);
    // The rule stands in a gap of 4, or of 5 once the side is as wide as it gets.
    let (gap, side) = match content {
        c if c >= MAIN + 5 + SIDE => (5, SIDE),
        c => (4, c.saturating_sub(MAIN + 4).min(SIDE)),
    };
    let main = content.saturating_sub(gap + side);
    let main = Columns { start: 2, end: main + 1 };
    let start = main.end + gap + 1;
    (main, main.end + gap - 2, Columns { start, end: start + side - 1 })
}

/// The population screen's line of filter and counts; heads stand two rows below, or one where rows are
/// few.
pub fn population_top(height: u16) -> u16 {
    if height >= 16 { 3 } else { 2 }
}

/// Rows of its table.
pub fn population_rows(width: u16, height: u16) -> u16 {
    let gap = if width >= 120 && height >= 24 { 3 } else { 2 };
    (height.saturating_sub(2)).saturating_sub(population_top(height) + gap)
}

fn large(width: u16, height: u16) -> Large {
    let (main, rule, side) = two_columns(width);
    let bars = match height {
        0..36 => (height - 24) / 2 + 3,
        36..50 => 8,
        _ => (8 + (height - 50) / 10).min(12),
    }
    .clamp(4, 12);
    let (labels, events) = match height {
        0..50 => (height - 4, Events::Line(height - 2)),
        _ => {
            let rows = Rows { first: height - 6, last: height - 3 };
            (height - 10, Events::Panel { rule: height - 8, title: height - 7, rows })
        }
    };
    let chart = chart_rows(labels, bars);
    let extra = main.width() - MAIN;
    let scores_width = (32 + extra / 6).min(39);
    let gap = if extra >= 24 { 6 } else { 4 };
    let scores = Columns { start: main.end + 1 - scores_width, end: main.end };
    let convergence = Columns { start: main.start, end: scores.start - gap - 1 };
    let (time, workers) = match side.width() {
        0..64 => (side, None),
        _ => (
            Columns { start: side.start, end: side.start + 31 },
            Some(Columns { start: side.start + 36, end: side.end }),
        ),
    };
    Large {
        main,
        rule,
        side,
        table: Rows { first: 5, last: chart.title - 3 },
        bottom_rule: chart.title - 1,
        chart,
        convergence,
        chart_rule: scores.start - gap / 2 - 1,
        scores,
        time,
        workers,
        events,
    }
}

/// Title, a blank row, `bars` rows of body, axis and labels, the labels in row `labels`.
fn chart_rows(labels: u16, bars: u16) -> ChartRows {
    let body = Rows { first: labels - 1 - bars, last: labels - 2 };
    ChartRows { title: body.first - 2, body, axis: labels - 1, labels }
}

fn medium(width: u16, height: u16) -> Medium {
    let main = Columns { start: 2, end: width - 3 };
    let bars = if height < 24 { 3 } else { (5 + (height - 24) / 4).min(12) };
    let chart = chart_rows(height - 3, bars);
    Medium {
        main,
        table: Rows { first: 5, last: chart.title - 2 },
        best: Columns { start: 2, end: 37 },
        rule: 39,
        chart_columns: Columns { start: 42, end: width - 3 },
        chart,
        event: height - 2,
    }
}

impl Layout {
    /// With one panel over the whole screen, where there are several.
    pub fn zoomed(self, width: u16, height: u16) -> Layout {
        match self {
            Layout::Medium(_) | Layout::Large(_) => Layout::Zoomed(Zoomed {
                columns: Columns { start: 2, end: width - 3 },
                table: Rows { first: 5, last: height - 4 },
                chart: chart_rows(height - 4, height - 10),
                event: height - 2,
            }),
            other => other,
        }
    }

    /// Rows a table of `members` shows at once, the one that leaves next apart.
    pub fn visible(&self, members: usize) -> usize {
        let rows = match self {
            Layout::Nothing | Layout::State | Layout::Summary => return members.min(1),
            Layout::Small(small) => return usize::from(small.table.height()),
            Layout::Medium(medium) => medium.table.height(),
            Layout::Large(large) => large.table.height(),
            Layout::Zoomed(zoomed) => zoomed.table.height(),
        };
        let rows = usize::from(rows);
        if members <= rows { rows } else { rows.saturating_sub(2).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_of_120_by_36() {
        let Layout::Large(l) = search(120, 36) else { panic!("large") };
        assert_eq!((l.main, l.rule), (Columns { start: 2, end: 77 }, 79));
        assert_eq!(l.side, Columns { start: 82, end: 117 });
        assert_eq!((l.table, l.bottom_rule), (Rows { first: 5, last: 18 }, 20));
        assert_eq!((l.chart.title, l.chart.axis, l.chart.labels), (21, 31, 32));
        assert_eq!(l.chart.body, Rows { first: 23, last: 30 });
        assert_eq!((l.convergence, l.chart_rule), (Columns { start: 2, end: 41 }, 43));
        assert_eq!(l.scores, Columns { start: 46, end: 77 });
        assert_eq!((l.workers, l.events), (None, Events::Line(34)));
    }

    #[test]
    fn the_grid_of_200_by_60() {
        let Layout::Large(l) = search(200, 60) else { panic!("large") };
        assert_eq!((l.main, l.rule), (Columns { start: 2, end: 125 }, 128));
        assert_eq!(l.side, Columns { start: 131, end: 197 });
        assert_eq!((l.table, l.bottom_rule), (Rows { first: 5, last: 35 }, 37));
        assert_eq!((l.chart.title, l.chart.axis, l.chart.labels), (38, 49, 50));
        assert_eq!((l.convergence, l.chart_rule), (Columns { start: 2, end: 80 }, 83));
        assert_eq!(l.scores, Columns { start: 87, end: 125 });
        assert_eq!(l.workers, Some(Columns { start: 167, end: 197 }));
        let rows = Rows { first: 54, last: 57 };
        assert_eq!(l.events, Events::Panel { rule: 52, title: 53, rows });
    }

    #[test]
    fn the_grid_of_80_by_24() {
        let Layout::Medium(m) = search(80, 24) else { panic!("medium") };
        assert_eq!(m.table, Rows { first: 5, last: 11 });
        assert_eq!((m.chart.title, m.chart.axis, m.chart.labels), (13, 20, 21));
        assert_eq!(m.chart.body, Rows { first: 15, last: 19 });
        assert_eq!(m.event, 22);
    }

    #[test]
    fn the_grid_of_40_by_12() {
        let Layout::Small(s) = search(40, 12) else { panic!("small") };
        assert_eq!((s.table, s.leaves, s.bottom), (Rows { first: 4, last: 8 }, 9, 10));
    }
}
