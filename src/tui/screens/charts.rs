//! The charts of the search, with what a change would do to them. Must not change anything. Invariant: a chart
//! looks alike wherever it is drawn.

use super::chrome::{put, run};
use crate::tui::{
    canvas::Canvas,
    format,
    layout::{ChartRows, Columns},
    model::{Chart, Model, Overlay, Scale, Search, Steps, tuned},
    theme::{Depth, Role},
    widgets::{convergence, histogram},
};

/// What charts are drawn from.
#[derive(Clone, Copy)]
pub struct Charts<'a> {
    search: &'a Search,
    /// By rank, who would leave by the change that is thought about; empty where nobody would.
    leaves: &'a [bool],
}

impl<'a> Charts<'a> {
    pub fn of(model: &'a Model, search: &'a Search) -> Charts<'a> {
        let leaves = match &model.overlay {
            Some(Overlay::Tune(tune)) => tune.preview.leaves.as_slice(),
            _ => &[],
        };
        Charts { search, leaves }
    }

    /// A chart with its title; [`Chart::Time`] has a function of its own, which needs the clock.
    pub fn draw(self, canvas: &mut Canvas<'_>, (at, rows): (Columns, ChartRows), which: Chart) {
        match which {
            Chart::Convergence => self.convergence(canvas, (at, rows)),
            Chart::Scores => self.scores(canvas, (at, rows)),
            Chart::Time => {}
        }
    }

    fn convergence(self, canvas: &mut Canvas<'_>, (at, rows): (Columns, ChartRows)) {
        let search = self.search;
        let x = canvas.text(at.start, rows.title, "Convergence", Role::Strong.bold());
        if at.width() >= 40 {
            let is_mono = canvas.theme().depth() == Depth::Mono;
            let river = if is_mono { "░" } else { "█" };
            let legend = vec![
                run("  ─", Role::Best),
                run(" best ", Role::Muted),
                run("─", Role::Text),
                run(" median ", Role::Muted),
                run(river, Role::River),
                run(" all", Role::Muted),
            ];
            put(canvas, x, rows.title, &legend);
        }
        if search.steps == Steps::Logarithmic && at.width() >= 40 {
            canvas.right(at.end, rows.title, "log x", Role::Muted);
        }
        let snapshot = search.snapshot.as_deref();
        let points = snapshot.map_or(&[][..], |s| s.convergence.as_slice());
        let tunings = snapshot.map_or(&[][..], |s| s.tunings.as_slice());
        let marks: Vec<convergence::Mark> = tunings
            .iter()
            .map(|change| convergence::Mark { iteration: change.id, text: tuned::told(change) })
            .collect();
        let curve =
            convergence::Curve { points, most: search.most(), steps: search.steps, marks: &marks };
        convergence::draw(canvas, at, rows, curve);
    }

    fn scores(self, canvas: &mut Canvas<'_>, (at, rows): (Columns, ChartRows)) {
        let search = self.search;
        let x = canvas.text(at.start, rows.title, "Scores", Role::Strong.bold());
        let population = search.population();
        let mut scores: Vec<f64> = population.iter().map(|m| m.score.value).collect();
        let leaving: Vec<f64> = scores
            .iter()
            .zip(self.leaves)
            .filter_map(|(score, leaves)| leaves.then_some(*score))
            .collect();
        let out = scores.last().copied();
        // A population may stand in another order.
        scores.sort_by(|a, b| b.total_cmp(a));
        let bins = histogram::Bins::new(&scores, at, search.scale, search.most());
        if !leaving.is_empty() {
            let text = format!("preview: {} leave", format::count(leaving.len() as u64));
            canvas.text(x + 2, rows.title, text, Role::Warn);
        } else if !scores.is_empty() {
            let text = match search.scale {
                Scale::Counts => {
                    let count = format::count(scores.len() as u64);
                    format!("{count}, bins of {}", format::score(bins.width()))
                }
                Scale::Cumulative => "cumulative".to_owned(),
            };
            canvas.text(x + 2, rows.title, text, Role::Muted);
        }
        let histogram =
            histogram::Histogram { scores: &scores, out, leaving: &leaving, bins: &bins };
        histogram::draw(canvas, at, rows, histogram);
    }
}
