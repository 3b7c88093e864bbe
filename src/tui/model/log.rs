//! The log as it is looked through. Owns: the filter, the cursor, whether the newest is followed. Must
//! not know how an event is drawn. Invariant: the rows are numbers of the search's events as they were
//! at the last [`LogView::refresh`], the newest first.

use crate::{
    text::nearest,
    tui::{
        edit::LineEdit,
        model::{Event, EventKind, Search},
    },
};

impl EventKind {
    pub const ALL: [EventKind; 6] = [
        EventKind::NewBest,
        EventKind::Fault,
        EventKind::Paused,
        EventKind::Tuned,
        EventKind::Note,
        EventKind::Done,
    ];

    /// As the log and its filter call it.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::NewBest => "best",
            EventKind::Fault => "fault",
            EventKind::Paused => "pause",
            EventKind::Tuned => "tune",
            EventKind::Note => "note",
            EventKind::Done => "done",
        }
    }
}

impl Event {
    /// All of it in one line.
    pub fn text(&self) -> String {
        let headline = self.headline();
        let mut parts = vec![headline.as_str(), &self.detail, &self.tail];
        parts.retain(|part| !part.is_empty());
        parts.join("   ")
    }
}

/// Which events are wanted: kinds, and words that must all occur.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct LogFilter {
    kinds: Vec<EventKind>,
    words: Vec<String>,
}

impl LogFilter {
    fn parse(text: &str) -> Result<LogFilter, String> {
        let mut filter = LogFilter::default();
        for piece in text.split_whitespace() {
            let Some(kinds) = piece.strip_prefix("kind:") else {
                filter.words.push(piece.to_lowercase());
                continue;
            };
            for name in kinds.split(',').filter(|name| !name.is_empty()) {
                let found = EventKind::ALL.into_iter().find(|kind| kind.name() == name);
                filter.kinds.push(found.ok_or_else(|| {
                    let (near, _) = nearest(name, EventKind::ALL.map(EventKind::name))
                        .expect("there are kinds");
                    format!("no event is a '{name}'; {near}?")
                })?);
            }
        }
        Ok(filter)
    }

    fn admits(&self, event: &Event) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&event.kind);
        kind && (self.words.is_empty() || {
            let text = event.text().to_lowercase();
            self.words.iter().all(|word| text.contains(word))
        })
    }
}

#[derive(Debug)]
pub struct LogView {
    pub filter_text: String,
    filter: LogFilter,
    pub edit: Option<LineEdit>,
    pub error: Option<String>,
    /// Whether the cursor stays on the newest.
    pub follows: bool,
    /// Numbers of events since the start of the run.
    rows: Vec<usize>,
    pub row: usize,
    /// The number of the selected event.
    at: usize,
}

impl Default for LogView {
    fn default() -> LogView {
        LogView {
            filter_text: String::new(),
            filter: LogFilter::default(),
            edit: None,
            error: None,
            follows: true,
            rows: Vec::new(),
            row: 0,
            at: 0,
        }
    }
}

impl LogView {
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    pub fn is_filtered(&self) -> bool {
        self.filter != LogFilter::default()
    }

    pub fn selected<'a>(&self, search: &'a Search) -> Option<&'a Event> {
        self.event(self.row, search)
    }

    /// The event of a row, as long as it is kept.
    pub fn event<'a>(&self, row: usize, search: &'a Search) -> Option<&'a Event> {
        search.events.get(self.rows.get(row)?.checked_sub(search.forgotten)?)
    }

    /// Brings the rows in line with the events; unless the newest is followed, the cursor stays on its
    /// event.
    pub fn refresh(&mut self, search: &Search) {
        let events = &search.events;
        let newest_first = (0..events.len()).rev();
        let wanted = newest_first.filter(|&i| self.filter.admits(&events[i]));
        self.rows = wanted.map(|i| i + search.forgotten).collect();
        let found = self.rows.iter().position(|&number| number <= self.at);
        let row = match self.follows {
            true => 0,
            false => found.unwrap_or(self.rows.len()).min(self.rows.len().saturating_sub(1)),
        };
        self.place(row);
    }

    fn place(&mut self, row: usize) {
        self.row = row;
        self.at = self.rows.get(row).copied().unwrap_or(0);
    }

    pub fn select(&mut self, row: usize) {
        self.place(row);
        self.follows = row == 0;
    }

    pub fn begin(&mut self) {
        self.edit = Some(LineEdit::new(&self.filter_text));
    }

    /// Takes what is typed as far as it is a filter.
    pub fn typed(&mut self, search: &Search) {
        let Some(edit) = &self.edit else { return };
        let text = edit.text();
        match LogFilter::parse(&text) {
            Ok(filter) => (self.filter, self.filter_text, self.error) = (filter, text, None),
            Err(error) => self.error = Some(error),
        }
        self.refresh(search);
    }

    pub fn clear_filter(&mut self) {
        self.edit = None;
        self.error = None;
        self.filter_text.clear();
        self.filter = LogFilter::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_words_narrow_the_log() {
        let event = |kind, lead: &str| Event::new(0, kind, lead.to_owned(), String::new());
        let best = event(EventKind::NewBest, "new best 192.02");
        let fault = event(EventKind::Fault, "Worker 2 is gone");
        let admits = |text: &str| {
            let filter = LogFilter::parse(text).expect("a filter");
            (filter.admits(&best), filter.admits(&fault))
        };
        assert_eq!(admits(""), (true, true));
        assert_eq!(admits("kind:best"), (true, false));
        assert_eq!(admits("kind:best,fault worker"), (false, true));
        assert_eq!(admits("best worker"), (false, false));
        let error = LogFilter::parse("kind:bst").expect_err("no kind");
        assert_eq!(error, "no event is a 'bst'; best?");
    }
}
