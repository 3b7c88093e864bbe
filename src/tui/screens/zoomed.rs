//! One panel of the search over the whole screen.

use super::{
    charts::Charts,
    chrome::{self, Panels},
    confirm, search as whole,
    status::{self, Words},
};
use crate::tui::{
    canvas::Canvas,
    layout::{Columns, Zoomed},
    model::{Chart, Model, Search},
    widgets::time,
};

/// From this width on the workers stand beside the time.
const WITH_WORKERS: u16 = 100;
/// Widest panel of times: figures further apart can't be read together.
const TIME: u16 = 60;

pub fn draw(model: &Model, search: &Search, canvas: &mut Canvas<'_>, at: &Zoomed) {
    chrome::band(canvas, model);
    let words = if canvas.area().width >= 120 { Words::Long } else { Words::Short };
    status::draw(model, search, canvas, words);
    let place = (at.columns, at.chart);
    match (search.shows_chart, search.chart) {
        (false, _) => {
            whole::population(model, search, canvas, (at.columns, at.table));
        }
        (true, Chart::Time) => times(model, search, canvas, at),
        (true, Chart::Convergence) if whole::shows_confirmation(search) => {
            confirm::intervals(search, canvas, place);
        }
        (true, chart) => Charts::of(model, search).draw(canvas, place, chart),
    }
    if search.shows_chart {
        chrome::focus_mark(canvas, at.columns.start, at.chart.title);
    }
    if let Some(event) = search.events.back() {
        whole::event_line(canvas, at.event, event);
    }
    whole::banner(model, search, canvas, 2);
    chrome::footer(canvas, model, Panels::OneAtATime);
}

fn times(model: &Model, search: &Search, canvas: &mut Canvas<'_>, at: &Zoomed) {
    let Columns { start, end } = at.columns;
    let workers = search.snapshot.as_ref().map(|snapshot| &snapshot.workers);
    let time = Columns { start, end: end.min(start + TIME - 1) };
    whole::time_panel(model, search, canvas, (time, at.chart));
    if let Some(workers) = workers.filter(|_| at.columns.width() >= WITH_WORKERS) {
        let columns = Columns { start: time.end + 5, end };
        time::workers_panel(canvas, columns, at.chart, workers);
    }
}
