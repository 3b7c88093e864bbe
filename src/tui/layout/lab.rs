//! Where the lab's panels lie. Pure arithmetic.

use super::{Columns, Rows, two_columns};

/// The lab at a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabLayout {
    Nothing,
    /// How the experiment stands, alone.
    Summary,
    /// One panel at a time.
    One {
        columns: Columns,
        rows: Rows,
        /// The row that lists the experiments.
        list: Option<u16>,
    },
    Two {
        main: Columns,
        rule: u16,
        side: Columns,
        rows: Rows,
        list: u16,
    },
}

/// How much is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Whole,
    /// The panel that has the keys alone.
    Zoomed,
}

pub fn lab((width, height): (u16, u16), view: View) -> LabLayout {
    match (width, height) {
        (0, _) | (_, 0) => LabLayout::Nothing,
        (w, h) if w < 40 || h < 8 => LabLayout::Summary,
        (w, h) if w >= 120 && h >= 24 && view == View::Whole => {
            let (main, rule, side) = two_columns(w);
            LabLayout::Two { main, rule, side, rows: Rows { first: 3, last: h - 4 }, list: h - 2 }
        }
        (w, h) => {
            let (first, edge) = if h >= 16 { (3, 2) } else { (2, 1) };
            let list = (h >= 16).then_some(h - 2);
            let last = if list.is_some() { h - 4 } else { h - 2 };
            let columns = Columns { start: edge, end: w - 1 - edge };
            LabLayout::One { columns, rows: Rows { first, last }, list }
        }
    }
}

/// Rows of a report in a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportRows {
    pub title: u16,
    pub chart: Option<Rows>,
    /// The heads, and the rows under them.
    pub table: Option<(u16, Rows)>,
    pub reading: Option<Rows>,
}

/// What a report wants to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub has_chart: bool,
    pub table: u16,
    /// Lines.
    pub reading: u16,
}

/// Fewest rows of a chart with its axis.
const LEAST_CHART: u16 = 6;

/// A report in `rows`: the chart has about half of them, words as many as they need where there is room, and the
/// table the rest.
pub fn report(rows: Rows, wanted: Wanted) -> ReportRows {
    let title = rows.first;
    let room = rows.height().saturating_sub(2);
    let mut y = title + 2;
    let reading = wanted.reading.min((room / 3).max(2)).min(room);
    let left = room.saturating_sub(if reading > 0 { reading + 1 } else { 0 });
    let table = match wanted.table {
        0 => 0,
        // Heads, three rows and a blank one, where there is a chart as well.
        most => (most + 2).min(if wanted.has_chart { (left / 2).max(5) } else { left }),
    };
    let chart = left.saturating_sub(table);
    let chart = (wanted.has_chart && chart >= LEAST_CHART).then(|| {
        let at = Rows { first: y, last: y + chart - 1 };
        y = at.last + 2;
        at
    });
    let end = rows.last.saturating_sub(if reading > 0 { reading + 1 } else { 0 });
    let table = (wanted.table > 0 && y < end).then(|| {
        let last = end.min(y + wanted.table);
        let at = (y, Rows { first: y + 1, last });
        y = last + 2;
        at
    });
    let reading = (reading > 0 && y <= rows.last)
        .then(|| Rows { first: y, last: (y + reading - 1).min(rows.last) });
    ReportRows { title, chart, table, reading }
}

/// What a ranking wants to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankingWanted {
    pub proxies: u16,
    /// Of them, those with a bar.
    pub run: u16,
    /// Lines.
    pub reading: u16,
    pub has_mark: bool,
    pub has_seeds: bool,
}

/// Rows of a ranking in a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankingRows {
    pub heads: u16,
    /// Proxies that are seen at once.
    pub shown: u16,
    /// Whether a blank row follows each bar.
    pub is_spaced: bool,
    /// Whether there is a row for what the mark is.
    pub names_mark: bool,
    /// Lines under a rule and a title.
    pub words: u16,
    /// How well trainings agree, its rule included.
    pub seeds: Option<Rows>,
}

/// Rows of the trainings' agreement with its title, and as many more where there is room.
const SEEDS: u16 = 6;
const MORE_SEEDS: u16 = 8;
/// Proxies that are seen whatever else there is.
const LEAST_PROXIES: u16 = 4;
/// Words with their title, at least; rule and title.
const WORDS: u16 = 5;
const ABOVE_WORDS: u16 = 2;

/// A ranking in `rows`: the list first, words and the trainings' agreement where there are rows left.
pub fn ranking(rows: Rows, wanted: RankingWanted) -> RankingRows {
    let RankingWanted { proxies, run, reading, has_mark, has_seeds } = wanted;
    let room = (rows.last - rows.first).saturating_sub(3);
    let for_words = if reading > 0 { WORDS + 1 } else { 0 };
    let least = proxies.min(LEAST_PROXIES);
    let shown = proxies.min(room.saturating_sub(for_words)).max(least).min(room);
    let mut left = room - shown;
    let names_mark = has_mark && left > 0;
    left -= u16::from(names_mark);
    let mut seeds = 0;
    if has_seeds && left >= SEEDS + WORDS {
        let spare = (left - SEEDS).saturating_sub(reading + ABOVE_WORDS + run);
        seeds = SEEDS + spare.min(MORE_SEEDS);
    }
    left -= seeds;
    let words = reading.min(left.saturating_sub(ABOVE_WORDS));
    left -= if words > 0 { words + ABOVE_WORDS } else { 0 };
    RankingRows {
        heads: rows.first + 2,
        shown,
        is_spaced: left > run,
        names_mark,
        words,
        seeds: (seeds > 0).then(|| Rows { first: rows.last + 1 - seeds, last: rows.last }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_report_lies_within_its_rows() {
        for (height, table, lines) in (1..60)
            .flat_map(|h| [0, 1, 5, 40].map(move |t| (h, t)))
            .flat_map(|(h, t)| [0, 1, 4, 30].map(move |l| (h, t, l)))
        {
            for has_chart in [true, false] {
                let rows = Rows { first: 3, last: 2 + height };
                let at = report(rows, Wanted { has_chart, table, reading: lines });
                let mut taken = vec![at.title];
                let all = |rows: Rows| (rows.first..=rows.last).collect::<Vec<_>>();
                taken.extend(at.chart.map(all).into_iter().flatten());
                if let Some((heads, rows)) = at.table {
                    taken.push(heads);
                    taken.extend(all(rows));
                }
                taken.extend(at.reading.map(all).into_iter().flatten());
                assert!(taken.windows(2).all(|two| two[0] < two[1]), "{at:?} in {rows:?}");
                assert!(taken.last().is_none_or(|last| *last <= rows.last), "{at:?} in {rows:?}");
            }
        }
    }

    #[test]
    fn all_of_a_ranking_lies_within_its_rows() {
        for (height, reading, run) in (1..80)
            .flat_map(|h| [0, 1, 5, 30].map(move |r| (h, r)))
            .flat_map(|(h, r)| [0, 4, 14].map(move |run| (h, r, run)))
        {
            for (has_mark, has_seeds) in [(false, false), (true, false), (true, true)] {
                let rows = Rows { first: 3, last: 2 + height };
                let wanted = RankingWanted { proxies: 14, run, reading, has_mark, has_seeds };
                let at = ranking(rows, wanted);
                let spaces = if at.is_spaced { run } else { 0 };
                let words = if at.words > 0 { at.words + ABOVE_WORDS } else { 0 };
                let seeds = at.seeds.map_or(0, Rows::height);
                let list = at.shown + spaces + u16::from(at.names_mark);
                // The title and the heads, with a blank row between, stand above.
                assert!(height < 4 || 3 + list + words + seeds <= height, "{at:?} in {rows:?}");
                assert!(at.shown <= 14 && at.words <= reading);
            }
        }
        let wanted =
            RankingWanted { proxies: 14, run: 4, reading: 9, has_mark: true, has_seeds: true };
        let at = ranking(Rows { first: 3, last: 32 }, wanted);
        assert_eq!((at.shown, at.words, at.is_spaced), (14, 3, false));
        assert_eq!(at.seeds, Some(Rows { first: 27, last: 32 }));
    }

    #[test]
    fn two_panels_from_120_columns_on() {
        let LabLayout::Two { main, side, rows, .. } = lab((120, 36), View::Whole) else {
            panic!("two")
        };
        assert_eq!((main.end, side.start, side.end), (77, 82, 117));
        assert_eq!(rows, Rows { first: 3, last: 32 });
        for (size, view) in [((120, 36), View::Zoomed), ((80, 24), View::Whole)] {
            assert!(matches!(lab(size, view), LabLayout::One { .. }));
        }
        assert_eq!(lab((39, 12), View::Whole), LabLayout::Summary);
    }
}
