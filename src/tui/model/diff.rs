//! Two networks against each other, and the lineage of one. Owns: what is compared, what was worked out
//! for the screen, its cursors, what a run was asked for. Must not know: how it is drawn. Invariant: a
//! [`Compared`] is of its own two networks under its own view.

use std::sync::Arc;

use super::{Model, Net, Search};
use crate::{
    anatomy::{Anatomy, Comparison, View},
    run::protocol::Member,
    space::published_nets,
    tui::layout::diff::{DiffLayout, Wanted, diff},
};

/// Whether the run's answer is waited for, milliseconds. An answer that got lost is asked for again.
const PATIENCE_MS: u64 = 5_000;

/// The half of the screen that the cursor is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Lineage,
    Blocks,
}

/// A relative of B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relative {
    Parent,
    Grandparent,
    Initial,
}

impl Relative {
    pub fn word(self) -> &'static str {
        match self {
            Relative::Parent => "parent",
            Relative::Grandparent => "grandparent",
            Relative::Initial => "initial structure",
        }
    }
}

/// A row of the table: a row of the alignment, and which of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Blocks {
        row: usize,
        part: usize,
    },
    /// What comes behind the last block.
    Tail,
}

/// Two networks, taken apart and aligned.
#[derive(Clone, Debug)]
pub struct Compared {
    pub a: Anatomy,
    pub b: Anatomy,
    pub parts: Comparison,
    pub lines: Vec<Line>,
}

impl Compared {
    fn between(a: &Net, b: &Net, view: &View) -> Compared {
        let (a, b) = (Anatomy::of(&a.structure, view), Anatomy::of(&b.structure, view));
        let parts = Comparison::between(&a, &b);
        let mut lines: Vec<Line> = Vec::new();
        for (row, compared) in parts.rows.iter().enumerate() {
            let blocks = compared.a.len().max(compared.b.len());
            lines.extend((0..blocks).map(|part| Line::Blocks { row, part }));
        }
        let tail = &parts.tail;
        if tail.score != 0.0 || tail.params != 0 || tail.flops != 0.0 {
            lines.push(Line::Tail);
        }
        Compared { a, b, parts, lines }
    }

    fn is_of(&self, a: &Net, b: &Net, view: &View) -> bool {
        self.a.structure == a.structure && self.b.structure == b.structure && self.a.view == *view
    }
}

/// Whose lineage is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    A,
    B,
    /// The candidate whose lineage is walked through.
    Walked,
    /// Neither A nor B has one.
    Best,
}

/// How much of a lineage is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Back to the initial structure.
    Whole,
    /// The run was asked for the rest.
    Asking,
    /// Nobody knows the rest.
    Part,
}

/// Where a candidate came from, the oldest that is known first.
#[derive(Clone, Debug)]
pub struct Lineage {
    pub whose: Whose,
    pub chain: Vec<Arc<Member>>,
    pub known: Known,
}

/// Steps of a lineage are shown as B against A: the lineage stays the last one's.
#[derive(Clone, Debug)]
struct Walk {
    last: Arc<Member>,
    at: u64,
}

/// What the run was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    id: u64,
    at_ms: u64,
    is_answered: bool,
}

#[derive(Debug, Default)]
pub struct DiffView {
    /// None is what suits the size: where there's room for one half, the blocks.
    pub half: Option<Half>,
    /// None while A or B is missing.
    pub compared: Option<Box<Compared>>,
    /// None where nobody has one.
    pub lineage: Option<Lineage>,
    /// The candidate under the cursor; none is the last of the lineage.
    step: Option<u64>,
    line: usize,
    /// The first rows of the lists, as they were last scrolled.
    step_top: usize,
    line_top: usize,
    walk: Option<Walk>,
    asked: Option<Asked>,
    /// A relative of that candidate is to become A once it is known.
    pub wanted: Option<(u64, Relative)>,
}

/// The first row of a list: as it was, unless the cursor would be out of sight.
fn scrolled(top: usize, at: usize, count: usize, visible: usize) -> usize {
    let visible = visible.max(1);
    let top = top.min(count.saturating_sub(visible));
    top.min(at).max((at + 1).saturating_sub(visible))
}

impl DiffView {
    fn chain(&self) -> &[Arc<Member>] {
        self.lineage.as_ref().map_or(&[], |lineage| &lineage.chain)
    }

    /// Rows of the table.
    pub fn lines(&self) -> usize {
        self.compared.as_ref().map_or(0, |compared| compared.lines.len())
    }

    pub fn steps(&self) -> usize {
        self.chain().len()
    }

    /// The cursor's place in the lineage, from 0.
    pub fn step(&self) -> usize {
        let found = self.step.and_then(|id| self.chain().iter().position(|m| m.id == id));
        found.unwrap_or(self.steps().saturating_sub(1))
    }

    /// The cursor's row of the table.
    pub fn line(&self) -> usize {
        self.line.min(self.lines().saturating_sub(1))
    }

    pub fn step_top(&self, visible: usize) -> usize {
        scrolled(self.step_top, self.step(), self.steps(), visible)
    }

    pub fn line_top(&self, visible: usize) -> usize {
        scrolled(self.line_top, self.line(), self.lines(), visible)
    }

    pub fn select_step(&mut self, at: usize, visible: usize) {
        let top = self.step_top(visible);
        // The last is followed when another becomes it.
        let is_last = at + 1 >= self.steps();
        self.step = self.chain().get(at).filter(|_| !is_last).map(|member| member.id);
        self.step_top = scrolled(top, self.step(), self.steps(), visible);
    }

    pub fn select_line(&mut self, at: usize, visible: usize) {
        let top = self.line_top(visible);
        self.line = at;
        self.line_top = scrolled(top, self.line(), self.lines(), visible);
    }

    /// The step under the cursor and its parent, where it has one that is known.
    pub fn walked(&self) -> Option<(&Arc<Member>, Option<&Arc<Member>>)> {
        let at = self.step();
        let parent = at.checked_sub(1).and_then(|before| self.chain().get(before));
        Some((self.chain().get(at)?, parent))
    }

    /// Keeps the lineage as it is while B is `at`, a step of it.
    pub fn walk_to(&mut self, at: u64) {
        if let Some(last) = self.chain().last() {
            self.walk = Some(Walk { last: Arc::clone(last), at });
        }
    }

    /// The run told of candidates: of the one it was asked for, or of none if it has forgotten it.
    pub fn hear(&mut self, ancestors: &[Arc<Member>]) {
        if let Some(asked) = &mut self.asked {
            let told = ancestors.iter().any(|member| member.id == asked.id);
            asked.is_answered |= told || ancestors.is_empty();
        }
    }

    /// Rows that both lists would fill.
    pub fn wanted_rows(&self) -> Wanted {
        Wanted { blocks: self.lines(), steps: self.steps() }
    }

    /// Works out what the screen shows; a candidate to ask the run for comes back.
    fn refresh(&mut self, what: Refresh<'_>) -> Option<u64> {
        let Refresh { sides, view, search, now_ms, b_is_pinned } = what;
        self.compared = match sides {
            (Some(a), Some(b)) => match self.compared.take() {
                Some(known) if known.is_of(a, b, &view) => Some(known),
                _ => Some(Box::new(Compared::between(a, b, &view))),
            },
            _ => None,
        };
        let member = |net: Option<&Net>| net.and_then(|net| net.member.clone());
        let (a, b) = (member(sides.0), member(sides.1));
        let at = b.as_ref().map(|b| b.id).filter(|_| b_is_pinned);
        let walk = self.walk.take().filter(|walk| at == Some(walk.at));
        let walked = walk.as_ref().map(|walk| (Whose::Walked, Arc::clone(&walk.last)));
        self.walk = walk;
        let (whose, last) = walked
            .or_else(|| Some((Whose::B, b?)))
            .or_else(|| Some((Whose::A, a?)))
            .or_else(|| Some((Whose::Best, Arc::clone(search?.best()?))))
            .unzip();
        self.lineage = None;
        let (whose, last, search) = (whose?, last?, search?);
        let chain = search.ancestry(&last);
        let is_whole = chain.first().is_some_and(|first| first.parent.is_none());
        let mut asked = self.asked.filter(|asked| asked.id == last.id);
        let mut to_ask = None;
        let waits = |asked: &Asked| asked.is_answered || now_ms < asked.at_ms + PATIENCE_MS;
        if !is_whole && !search.is_over() && !asked.as_ref().is_some_and(waits) {
            to_ask = Some(last.id);
            asked = Some(Asked { id: last.id, at_ms: now_ms, is_answered: false });
        }
        self.asked = asked;
        let is_asking = asked.is_some_and(|asked| !asked.is_answered) && !search.is_over();
        let known = match (is_whole, is_asking) {
            (true, _) => Known::Whole,
            (false, true) => Known::Asking,
            (false, false) => Known::Part,
        };
        self.lineage = Some(Lineage { whose, chain, known });
        to_ask
    }
}

struct Refresh<'a> {
    sides: (Option<&'a Net>, Option<&'a Net>),
    view: View,
    search: Option<&'a Search>,
    now_ms: u64,
    b_is_pinned: bool,
}

impl Search {
    /// From as far back as is known to `last`, itself included.
    pub fn ancestry(&self, last: &Arc<Member>) -> Vec<Arc<Member>> {
        let mut chain = last.parent.map_or_else(Vec::new, |parent| self.lineage(parent));
        // Its score may have been measured again.
        chain.push(Arc::clone(self.find(last.id).unwrap_or(last)));
        chain
    }

    /// Where the search starts from.
    pub fn initial(&self) -> Net {
        match self.find(0) {
            Some(member) => Net::candidate(member),
            None => Net::other(Some("initial"), self.spec.preset.initial()),
        }
    }
}

impl Model {
    /// The network that A is: the pinned one, or else the preset's published one, or else what the
    /// search starts from.
    pub fn side_a(&self) -> Option<Net> {
        self.pins.a.clone().or_else(|| {
            let preset = self.preset()?;
            let name = preset.published.as_deref();
            let published = name.and_then(|name| published_nets().find(|net| net.name == name));
            match (published, &self.search) {
                (Some(published), _) => Some(Net::published(&published)),
                (None, Some(search)) => Some(search.initial()),
                (None, None) => Some(Net::other(Some("initial"), preset.initial())),
            }
        })
    }

    /// The network that B is: the pinned one, or else the best of the search, whichever that is.
    pub fn side_b(&self) -> Option<Net> {
        let best = || self.search.as_ref()?.best().map(Net::candidate);
        self.pins.b.clone().or_else(best)
    }

    /// The half that has the keys.
    pub fn diff_half(&self, layout: &DiffLayout) -> Half {
        self.diff.half.unwrap_or(match layout {
            DiffLayout::Summary | DiffLayout::Narrow(_) => Half::Blocks,
            DiffLayout::Wide(_) => Half::Lineage,
        })
    }

    pub fn diff_layout(&self) -> DiffLayout {
        diff(self.width, self.height, self.diff.wanted_rows())
    }

    /// Works out what the Diff screen shows; a candidate to ask the run for comes back.
    pub fn refresh_diff(&mut self) -> Option<u64> {
        let (a, b) = (self.side_a(), self.side_b());
        // What one was published for counts where no preset says what does.
        let published = [&b, &a].into_iter().flatten().find(|net| net.published_for.is_some());
        let Some(one) = published.or(b.as_ref()).or(a.as_ref()) else {
            (self.diff.compared, self.diff.lineage) = (None, None);
            return None;
        };
        let view = self.view_of(one);
        self.diff.refresh(Refresh {
            sides: (a.as_ref(), b.as_ref()),
            view,
            search: self.search.as_deref(),
            now_ms: self.now_ms,
            b_is_pinned: self.pins.b.is_some(),
        })
    }
}
