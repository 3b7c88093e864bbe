//! The lab as its screen shows it: what experiments found, which are looked at, what is to be made next. Must not
//! know how an experiment is made, nor files. Invariant: at most one experiment that was started here runs at a time;
//! others wait their turn.

mod topic;
mod wish;

use std::{collections::VecDeque, path::PathBuf};

pub use topic::Topic;
pub use wish::{Ranked, Wish, price, ranked};

use super::Net;
use crate::{
    run::{EXPERIMENTS, Found, Progress, Stands, Underway},
    tui::edit::LineEdit,
};

/// Where experiments look, and where what they find is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bench {
    /// In a run's folder: on its population.
    Run(PathBuf),
    /// In the user's: on what is shipped.
    Own,
}

/// Whose keys move what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabPanel {
    #[default]
    Main,
    Side,
}

#[derive(Debug)]
pub struct LabView {
    /// In the main panel and beside it.
    pub shown: [Topic; 2],
    /// Whether a person chose that.
    is_chosen: bool,
    pub panel: LabPanel,
    /// Whether the panel with the keys has the whole screen.
    pub is_zoomed: bool,
    stands: [Stands; EXPERIMENTS.len()],
    /// What a process said that ended without leaving word.
    failures: [Option<String>; EXPERIMENTS.len()],
    /// First row that is seen of each table; of the ranking, the proxy under the cursor.
    rows: [usize; EXPERIMENTS.len()],
    /// What was started and hasn't ended.
    started: Option<Topic>,
    /// What comes after it.
    waiting: VecDeque<Wish>,
    /// A file of trained nets.
    pub benchmark: Option<String>,
    /// Its path, as it is typed.
    pub edit: Option<LineEdit>,
    /// Of the draws of the next experiment.
    pub seed: u64,
    /// Whom `why` is asked about; the best unless told.
    pub asked_about: Option<Net>,
    /// What is looked at now.
    pub watched: Option<Bench>,
    /// What was looked at last.
    about: Option<Bench>,
}

impl Default for LabView {
    fn default() -> LabView {
        LabView {
            shown: [Topic::Rank, Topic::Saturation],
            is_chosen: false,
            panel: LabPanel::Main,
            is_zoomed: false,
            stands: Default::default(),
            failures: Default::default(),
            rows: Default::default(),
            started: None,
            waiting: VecDeque::new(),
            benchmark: None,
            edit: None,
            seed: 0,
            asked_about: None,
            watched: None,
            about: None,
        }
    }
}

/// How an experiment stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State<'a> {
    /// Never made.
    Open,
    Done(&'a Found),
    /// It was started and has said nothing yet.
    Starting,
    Running(&'a Progress),
    /// Another one is made first.
    Waiting,
    Failed(&'a str),
}

impl LabView {
    /// The experiment of the panel that has the keys.
    pub fn topic(&self) -> Topic {
        match self.panel {
            LabPanel::Main => self.shown[0],
            LabPanel::Side => self.shown[1],
        }
    }

    pub fn state(&self, topic: Topic) -> State<'_> {
        let stands = &self.stands[topic.at()];
        if self.waiting.iter().any(|wish| wish.topic == topic) {
            return State::Waiting;
        }
        match (&stands.underway, &self.failures[topic.at()]) {
            (Underway::Running(progress), _) => State::Running(progress),
            _ if self.started == Some(topic) => State::Starting,
            (Underway::Failed(why), _) => State::Failed(why),
            (Underway::No, Some(why)) => State::Failed(why),
            (Underway::No, None) => match &stands.found {
                Some(Ok(found)) => State::Done(found),
                Some(Err(why)) => State::Failed(why),
                None => State::Open,
            },
        }
    }

    /// What was found last, whatever is under way.
    pub fn found(&self, topic: Topic) -> Option<&Found> {
        self.stands[topic.at()].found.as_ref()?.as_ref().ok()
    }

    pub fn row(&self, topic: Topic) -> usize {
        self.rows[topic.at()]
    }

    pub fn go_to(&mut self, topic: Topic, row: usize) {
        self.rows[topic.at()] = row;
    }

    /// Whether something that was started here goes on or waits.
    pub fn is_busy(&self) -> bool {
        self.started.is_some() || !self.waiting.is_empty()
    }

    /// Whether one of them runs, whoever started it.
    fn is_running(&self) -> bool {
        let runs = |stands: &Stands| matches!(stands.underway, Underway::Running(_));
        self.started.is_some() || self.stands.iter().any(runs)
    }

    /// One that runs, whoever started it.
    pub fn running(&self) -> Option<Topic> {
        let runs =
            |topic: &Topic| matches!(self.state(*topic), State::Running(_) | State::Starting);
        Topic::ALL.into_iter().find(runs)
    }

    /// What it is about has changed.
    pub fn turn_to(&mut self, watched: Option<Bench>) {
        let is_other = watched.is_some() && self.about != watched;
        if is_other {
            self.about.clone_from(&watched);
            self.stands = Default::default();
            self.failures = Default::default();
            self.rows = Default::default();
            self.started = None;
            self.asked_about = None;
            self.waiting.clear();
            self.open();
        }
        self.watched = watched;
    }

    /// Shows what is asked first of a run, or of none, unless somebody chose.
    fn open(&mut self) {
        if self.is_chosen {
            return;
        }
        let is_of_a_run = matches!(self.about, Some(Bench::Run(_)));
        let is_ranked = self.found(Topic::Rank).is_some();
        self.shown[0] = match is_of_a_run && !is_ranked {
            true => Topic::Agreement,
            false => Topic::Rank,
        };
    }

    pub fn heard(&mut self, all: Vec<(&'static str, Stands)>) {
        for (name, stands) in all {
            if let Some(topic) = Topic::named(name) {
                self.stands[topic.at()] = stands;
            }
        }
        if self.benchmark.is_none() {
            let ranked = self.found(Topic::Rank).and_then(|found| found.command.get(2));
            self.benchmark = ranked.cloned();
        }
        self.open();
    }

    /// A process has ended; what it said where it failed.
    pub fn ended(&mut self, topic: Topic, result: Result<(), String>) {
        if self.started == Some(topic) {
            self.started = None;
        }
        self.failures[topic.at()] = result.err();
    }

    /// Takes a wish, which comes next; one about the same replaces that which waits.
    pub fn wish(&mut self, wish: Wish) {
        self.forget(wish.topic);
        self.waiting.push_front(wish);
    }

    /// Takes a wish that comes after the others.
    pub fn wish_later(&mut self, wish: Wish) {
        self.forget(wish.topic);
        self.waiting.push_back(wish);
    }

    /// Gives what is to be started now, where nothing runs.
    pub fn next(&mut self) -> Option<Wish> {
        if self.is_running() {
            return None;
        }
        let wish = self.waiting.pop_front()?;
        self.started = Some(wish.topic);
        self.failures[wish.topic.at()] = None;
        Some(wish)
    }

    /// Takes back what waits; whether there was something.
    pub fn forget(&mut self, topic: Topic) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|wish| wish.topic != topic);
        self.waiting.len() < before
    }

    /// Another experiment in the panel that has the keys; never the one beside it.
    pub fn turn(&mut self, forwards: bool) {
        self.is_chosen = true;
        let (own, other) = match self.panel {
            LabPanel::Main => (0, 1),
            LabPanel::Side => (1, 0),
        };
        let count = Topic::ALL.len();
        let step = if forwards { 1 } else { count - 1 };
        let mut at = self.shown[own].at();
        loop {
            at = (at + step) % count;
            if Topic::ALL[at] != self.shown[other] {
                break;
            }
        }
        self.shown[own] = Topic::ALL[at];
    }

    /// Shows an experiment, where it stands already or in the panel that has the keys.
    pub fn show(&mut self, topic: Topic) {
        self.is_chosen = true;
        match self.shown.iter().position(|shown| *shown == topic) {
            Some(0) => self.panel = LabPanel::Main,
            Some(_) => self.panel = LabPanel::Side,
            None if self.panel == LabPanel::Main => self.shown[0] = topic,
            None => self.shown[1] = topic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_never_twice() {
        let mut lab = LabView::default();
        let wish = |topic| Wish { topic, command: Vec::new() };
        lab.wish_later(wish(Topic::Why));
        lab.wish_later(wish(Topic::Noise));
        lab.wish_later(wish(Topic::Theorem1));
        lab.wish(wish(Topic::Why));
        assert_eq!(lab.next().map(|wish| wish.topic), Some(Topic::Why));
        assert_eq!(lab.next(), None);
        assert_eq!(
            (lab.state(Topic::Why), lab.state(Topic::Noise)),
            (State::Starting, State::Waiting)
        );
        lab.ended(Topic::Why, Err("no device".to_owned()));
        assert_eq!(lab.state(Topic::Why), State::Failed("no device"));
        assert_eq!(lab.next().map(|wish| wish.topic), Some(Topic::Noise));
        assert!(lab.is_busy() && !lab.forget(Topic::Noise));
        lab.ended(Topic::Noise, Ok(()));
        assert!(lab.forget(Topic::Theorem1) && !lab.is_busy());
    }

    #[test]
    fn no_panel_shows_what_the_other_does() {
        let mut lab = LabView::default();
        for _ in 0..20 {
            lab.turn(true);
            assert_ne!(lab.shown[0], lab.shown[1]);
        }
        lab.panel = LabPanel::Side;
        let before = lab.shown;
        lab.turn(false);
        lab.turn(true);
        assert_eq!(lab.shown, before);
        lab.show(before[0]);
        assert_eq!((lab.panel, lab.shown), (LabPanel::Main, before));
    }
}
