//! The population as it is looked through: sorted, filtered, with a cursor. Owns: the order of the
//! rows, the filter, the cursor. Must not know how a row is drawn. Invariant: the rows are ranks of the
//! search's population as it was at the last [`PopulationView::refresh`].

use std::{cmp::Ordering, sync::Arc};

use crate::{
    run::protocol::Member,
    space::Budget,
    tui::{
        columns::Column,
        edit::LineEdit,
        filter::{Filter, FilterError},
        model::Search,
    },
};

/// What the scatter has on its x axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis(pub Budget);

impl Axis {
    /// The next that is known of the candidates.
    pub fn next(self, population: &[Arc<Member>]) -> Axis {
        let is_known =
            |axis: &Budget| population.first().is_none_or(|m| axis.of(&m.costs).is_some());
        let after = Budget::AS_READ.iter().cycle().skip_while(|axis| **axis != self.0).skip(1);
        after.copied().find(is_known).map_or(self, Axis)
    }

    pub fn name(self) -> &'static str {
        match self.0 {
            Budget::Params => "params",
            Budget::Flops => "FLOPs",
            Budget::Layers => "depth",
            Budget::Activation => "activation",
            Budget::Latency => "latency, ms",
            Budget::Latency2 => "latency 2, ms",
            Budget::Latency3 => "latency 3, ms",
        }
    }
}

#[derive(Debug)]
pub struct PopulationView {
    pub sort: Column,
    pub reversed: bool,
    /// The text of the filter as it holds.
    pub filter_text: String,
    filter: Filter,
    /// The text as it is typed.
    pub edit: Option<LineEdit>,
    pub error: Option<FilterError>,
    pub axis: Axis,
    /// On screens for one panel: the scatter, not the table.
    pub shows_chart: bool,
    /// Ranks in the population, in the order in which they are shown.
    rows: Vec<usize>,
    /// The selected candidate; none is the first row, whichever that is.
    cursor: Option<u64>,
    /// Where it is among the rows.
    row: usize,
    /// The first row that is seen.
    top: usize,
}

impl PopulationView {
    /// Whether a screen of that size shows the scatter and nothing else.
    pub fn shows_only_chart(&self, width: u16, height: u16) -> bool {
        self.shows_chart && (width < 120 || height < 24)
    }
}

impl Default for PopulationView {
    fn default() -> PopulationView {
        PopulationView {
            sort: Column::Score,
            reversed: false,
            filter_text: String::new(),
            filter: Filter::default(),
            edit: None,
            error: None,
            axis: Axis(Budget::Params),
            shows_chart: false,
            rows: Vec::new(),
            cursor: None,
            row: 0,
            top: 0,
        }
    }
}

impl PopulationView {
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    pub fn row(&self) -> usize {
        self.row
    }

    /// The first of `visible` rows that are seen.
    pub fn top(&self, visible: usize) -> usize {
        let most = self.rows.len().saturating_sub(visible);
        let least = (self.row + 1).saturating_sub(visible);
        self.top.clamp(least.min(most), self.row.min(most))
    }

    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// The rank of the selected candidate.
    pub fn selected(&self) -> Option<usize> {
        self.rows.get(self.row).copied()
    }

    /// Brings the rows in line with the search; the cursor stays on its candidate.
    pub fn refresh(&mut self, search: &Search) {
        let population = search.population();
        let proposed = search.snapshot.as_ref().map_or(0, |s| s.proposed);
        let admits = |rank: &usize| self.filter.admits(&population[*rank], proposed, &search.marks);
        self.rows = (0..population.len()).filter(admits).collect();
        // The population stands by score already, or else front by front.
        let stands_by = if search.fronts.is_empty() { Column::Score } else { Column::Front };
        if self.sort != stands_by && self.sort != Column::Rank {
            let sort = self.sort;
            self.rows.sort_by(|&a, &b| sort.order((&population[a], &population[b])));
        }
        if self.reversed {
            self.rows.reverse();
        }
        let last = self.rows.len().saturating_sub(1);
        let found = self
            .cursor
            .map_or(Some(0), |id| self.rows.iter().position(|&rank| population[rank].id == id));
        self.row = found.unwrap_or(self.row).min(last);
        // One that has left gives the cursor to whoever stands there; one that is only filtered out
        // gets it back.
        if let Some(id) = self.cursor
            && !population.iter().any(|member| member.id == id)
        {
            self.cursor = self.rows.get(self.row).map(|&rank| population[rank].id);
        }
    }

    /// Another run's candidates have the same numbers.
    pub fn leave_run(&mut self) {
        (self.cursor, self.row, self.top) = (None, 0, 0);
        self.rows.clear();
    }

    /// Puts the cursor on a row.
    pub fn select(&mut self, row: usize, visible: usize, search: &Search) {
        self.row = row.min(self.rows.len().saturating_sub(1));
        let member = self.rows.get(self.row).and_then(|&rank| search.population().get(rank));
        self.cursor = member.map(|member| member.id).filter(|_| self.row > 0);
        self.top = self.top(visible);
    }

    /// Begins to type a filter.
    pub fn begin(&mut self) {
        self.edit = Some(LineEdit::new(&self.filter_text));
    }

    /// Takes what is typed as far as it is a filter; what it was before stands until then.
    pub fn typed(&mut self) {
        let Some(edit) = &self.edit else { return };
        let text = edit.text();
        match Filter::parse(&text) {
            Ok(filter) => {
                (self.filter, self.filter_text, self.error) = (filter, text, None);
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Ends the typing; false where what is typed is no filter yet.
    pub fn keep(&mut self) -> bool {
        if self.error.is_some() {
            return false;
        }
        self.edit = None;
        true
    }

    pub fn clear_filter(&mut self) {
        self.edit = None;
        self.error = None;
        self.filter_text.clear();
        self.filter = Filter::default();
    }

    /// Sorts by the next column, or the one before, that tells anybody in the population from another.
    pub fn sort_by(&mut self, step: isize, search: &Search) {
        let population = search.population();
        for _ in Column::ALL {
            self.turn(step);
            let differs =
                |member: &Arc<Member>| self.sort.order((member, &population[0])) != Ordering::Equal;
            let tells = match self.sort {
                Column::Front => !search.fronts.is_empty(),
                _ => population.iter().any(differs),
            };
            if tells {
                return;
            }
        }
    }

    fn turn(&mut self, step: isize) {
        let count = Column::ALL.len() as isize;
        let now = Column::ALL.iter().position(|column| *column == self.sort).unwrap_or(0) as isize;
        // The rank is the score's.
        let mut next = (now + step).rem_euclid(count);
        if Column::ALL[next as usize] == Column::Rank {
            next = (next + step).rem_euclid(count);
        }
        self.sort = Column::ALL[next as usize];
    }
}
