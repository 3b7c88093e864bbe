//! Scores against a cost: how many candidates a cell holds, the Pareto front over them, and what no
//! candidate can exceed.

use super::{round_bounds, round_step};
use crate::{
    text::milliseconds,
    tui::{
        canvas::{Canvas, width},
        format,
        layout::{ChartRows, Columns},
        theme::Role,
    },
};

/// Columns left of the plot, for the axis' labels.
const LABELS: u16 = 5;

/// A candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub cost: f64,
    pub score: f64,
    pub kind: PointKind,
}

/// The louder comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PointKind {
    /// The filter leaves it out.
    Other,
    Match,
    Marked,
    Selected,
}

/// How costs are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CostAxis {
    Sized,
    Depth,
    Bytes,
    Milliseconds,
}

impl CostAxis {
    fn text(self, cost: f64) -> String {
        match self {
            CostAxis::Sized => format::compact(cost.round().max(0.0) as u64),
            CostAxis::Depth => format!("{cost:.0}"),
            CostAxis::Bytes => format::bytes(cost.round().max(0.0) as u64),
            CostAxis::Milliseconds => milliseconds(cost),
        }
    }
}

/// A network with a name, drawn where there is room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmark<'a> {
    pub name: &'a str,
    pub cost: f64,
    pub score: f64,
}

/// What is drawn.
pub struct Scatter<'a> {
    pub points: &'a [Point],
    /// Networks from elsewhere, whose scores are of the points' kind.
    pub landmarks: &'a [Landmark<'a>],
    /// Costs and the score that nothing within them exceeds, rising.
    pub frontier: &'a [(f64, f64)],
    pub axis: CostAxis,
}

/// Those that nothing else beats in both score and cost: the dearest and best first.
pub fn pareto(points: &[Point]) -> Vec<Point> {
    let mut points = points.to_vec();
    // Of equal scores the cheapest comes first, and stays.
    points.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.cost.total_cmp(&b.cost)));
    let mut least = f64::INFINITY;
    points.retain(|point| {
        let stays = point.cost < least;
        least = least.min(point.cost);
        stays
    });
    points
}

/// Where values lie.
struct Plot {
    columns: Columns,
    rows: ChartRows,
    cost: (f64, f64),
    score: (f64, f64),
}

impl Plot {
    fn x(&self, cost: f64) -> u16 {
        let (low, high) = self.cost;
        let most = f64::from(self.columns.width().saturating_sub(1));
        let share = ((cost - low) / (high - low)).clamp(0.0, 1.0);
        self.columns.start + (share * most).round() as u16
    }

    fn y(&self, score: f64) -> u16 {
        let (low, high) = self.score;
        let most = f64::from(self.rows.body.height().saturating_sub(1));
        let share = ((score - low) / (high - low)).clamp(0.0, 1.0);
        self.rows.body.last - (share * most).round() as u16
    }

    fn cost_at(&self, x: u16) -> f64 {
        let (low, high) = self.cost;
        let most = f64::from(self.columns.width().saturating_sub(1).max(1));
        low + f64::from(x - self.columns.start) / most * (high - low)
    }
}

impl Scatter<'_> {
    /// The chart with its axes; gives how many are on the front.
    pub fn draw(&self, canvas: &mut Canvas<'_>, at: Columns, rows: ChartRows) -> usize {
        let columns = Columns { start: at.start + LABELS, end: at.end };
        canvas.horizontal(columns.start..=columns.end, rows.axis, "─");
        let front = pareto(self.points);
        let Some(plot) = self.plot(columns, rows) else {
            let middle = rows.body.first + rows.body.height() / 2;
            canvas.text(columns.start, middle, "nothing scored yet", Role::Faint);
            return 0;
        };
        self.draw_frontier(canvas, &plot);
        draw_front(canvas, &plot, &front);
        self.draw_cells(canvas, &plot, &front);
        self.draw_landmarks(canvas, &plot, &front);
        self.labels(canvas, &plot);
        front.len()
    }

    fn plot(&self, columns: Columns, rows: ChartRows) -> Option<Plot> {
        let landmarks = || self.landmarks.iter();
        let costs = || self.points.iter().map(|p| p.cost).chain(landmarks().map(|l| l.cost));
        let scores = || self.points.iter().map(|p| p.score).chain(landmarks().map(|l| l.score));
        let bounds = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        // Alone, a frontier is what there is to see; beside candidates, only what is near them.
        let (cost, score) = if self.points.is_empty() {
            let on = |at: fn(&(f64, f64)) -> f64| bounds(&mut self.frontier.iter().map(at));
            (on(|p| p.0), on(|p| p.1))
        } else {
            let (cost, (low, high)) = (bounds(&mut costs()), bounds(&mut scores()));
            let above = self.bound_at(cost.1).unwrap_or(high);
            let reach = (high - low).max(1.0) / 2.0;
            (cost, (low, high.max(above.min(high + reach))))
        };
        if !(cost.0.is_finite() && score.0.is_finite()) || rows.body.height() == 0 {
            return None;
        }
        let cost = match self.axis {
            CostAxis::Depth => (cost.0.min(cost.1 - 1.0), cost.1.max(1.0)),
            CostAxis::Sized if cost.0 == cost.1 => (cost.0 * 0.9, cost.1 * 1.1 + 1.0),
            CostAxis::Milliseconds if cost.0 == cost.1 => (cost.0 * 0.9, cost.1 * 1.1 + 0.01),
            CostAxis::Bytes if cost.0 == cost.1 => (cost.0 * 0.9, cost.1 * 1.1 + 1.0),
            CostAxis::Sized | CostAxis::Bytes | CostAxis::Milliseconds => cost,
        };
        Some(Plot { columns, rows, cost, score: round_bounds(score.0, score.1) })
    }

    /// The bound at a cost, straight between those that are known; none outside of them.
    fn bound_at(&self, cost: f64) -> Option<f64> {
        let after = self.frontier.iter().position(|(limit, _)| *limit >= cost)?;
        let (right, high) = self.frontier[after];
        let Some(&(left, low)) = after.checked_sub(1).map(|before| &self.frontier[before]) else {
            return (right == cost).then_some(high);
        };
        Some(low + (cost - left) / (right - left) * (high - low))
    }

    fn draw_frontier(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        let mut before = None;
        for x in plot.columns.start..=plot.columns.end {
            let bound = self.bound_at(plot.cost_at(x));
            let bound = bound.filter(|bound| *bound >= plot.score.0 && *bound <= plot.score.1);
            let y = bound.map(|bound| plot.y(bound));
            match (before, y) {
                (Some(low), Some(high)) if high < low => {
                    canvas.text(x, low, "╯", Role::Muted);
                    (high + 1..low).for_each(|y| {
                        canvas.text(x, y, "│", Role::Muted);
                    });
                    canvas.text(x, high, "╭", Role::Muted);
                }
                (_, Some(y)) => {
                    canvas.text(x, y, "─", Role::Muted);
                }
                (_, None) => {}
            }
            before = y;
        }
    }

    fn draw_cells(&self, canvas: &mut Canvas<'_>, plot: &Plot, front: &[Point]) {
        let (across, height) = (plot.columns.width(), plot.rows.body.height());
        let mut cells = vec![(0_u32, PointKind::Other); usize::from(across) * usize::from(height)];
        let index = |x: u16, y: u16| {
            usize::from(y - plot.rows.body.first) * usize::from(across)
                + usize::from(x - plot.columns.start)
        };
        for point in self.points {
            let cell = &mut cells[index(plot.x(point.cost), plot.y(point.score))];
            cell.0 += 1;
            cell.1 = cell.1.max(point.kind);
        }
        for y in plot.rows.body.first..=plot.rows.body.last {
            for x in plot.columns.start..=plot.columns.end {
                let (count, kind) = cells[index(x, y)];
                let glyph = match count {
                    0 => continue,
                    1 => "·",
                    2..=4 => "•",
                    _ => "●",
                };
                match kind {
                    PointKind::Other => canvas.text(x, y, glyph, Role::Faint),
                    PointKind::Match => canvas.text(x, y, glyph, Role::Bar),
                    PointKind::Marked => canvas.text(x, y, "●", Role::Mark),
                    PointKind::Selected => continue,
                };
            }
        }
        for point in front {
            let (x, y) = (plot.x(point.cost), plot.y(point.score));
            // Who is marked or selected is seen even where a better one is as near.
            if cells[index(x, y)].1 <= PointKind::Match {
                canvas.text(x, y, "◆", Role::Best);
            }
        }
        // Over its neighbours, so that it is found among them.
        if let Some(point) = self.points.iter().find(|p| p.kind == PointKind::Selected) {
            let (x, y) = (plot.x(point.cost), plot.y(point.score));
            canvas.text(x.saturating_sub(1), y, "▸", Role::Accent);
            canvas.text(x, y, "●", Role::Strong);
        }
    }

    /// A ring each, and the name beside it where it hides no candidate.
    fn draw_landmarks(&self, canvas: &mut Canvas<'_>, plot: &Plot, front: &[Point]) {
        let places = self.points.iter().chain(front).map(|p| (plot.x(p.cost), plot.y(p.score)));
        let mut taken: Vec<(u16, u16)> = places.collect();
        for landmark in self.landmarks {
            let (x, y) = (plot.x(landmark.cost), plot.y(landmark.score));
            canvas.text(x, y, "○", Role::Text);
            taken.push((x, y));
        }
        for landmark in self.landmarks {
            let (x, y) = (plot.x(landmark.cost), plot.y(landmark.score));
            let cells = width(landmark.name);
            let right = (x + 2..=x + 1 + cells).next_back().filter(|end| *end <= plot.columns.end);
            let left = x.checked_sub(cells + 1).filter(|start| *start >= plot.columns.start);
            let starts = [right.map(|_| x + 2), left];
            let is_free = |start: &u16| {
                !taken.iter().any(|(at, row)| *row == y && (*start..start + cells).contains(at))
            };
            if let Some(start) = starts.into_iter().flatten().find(is_free) {
                canvas.text(start, y, landmark.name, Role::Muted);
                taken.extend((start..start + cells).map(|x| (x, y)));
            }
        }
    }

    fn labels(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        let rows = plot.rows.body;
        let (low, high) = plot.score;
        let step = round_step((high - low) / f64::from((rows.height() / 3).clamp(1, 5)));
        let decimals = usize::from(step < 1.0);
        let first = (low / step).ceil() as i64;
        for i in (first..).take_while(|i| *i as f64 * step <= high) {
            let value = i as f64 * step;
            let text = format::axis(value, decimals);
            canvas.right(plot.columns.start - 2, plot.y(value), text, Role::Muted);
        }
        let (cheap, dear) = (self.axis.text(plot.cost.0), self.axis.text(plot.cost.1));
        canvas.text(plot.columns.start, plot.rows.labels, cheap, Role::Muted);
        canvas.right(plot.columns.end, plot.rows.labels, dear, Role::Muted);
        if plot.columns.width() >= 30 {
            let middle = plot.columns.start + plot.columns.width() / 2;
            let text = self.axis.text(plot.cost_at(middle));
            canvas.text(middle.saturating_sub(2), plot.rows.labels, text, Role::Muted);
        }
    }
}

/// Steps: what the front reaches within a cost.
fn draw_front(canvas: &mut Canvas<'_>, plot: &Plot, front: &[Point]) {
    let mut end = plot.columns.end + 1;
    for point in front {
        let (x, y) = (plot.x(point.cost), plot.y(point.score));
        if x < end {
            for x in x..end {
                canvas.text(x, y, "╌", Role::Best);
            }
        }
        end = end.min(x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(cost: u32, score: f64) -> Point {
        Point { cost: f64::from(cost), score, kind: PointKind::Match }
    }

    #[test]
    fn the_front_is_what_nothing_beats_in_both() {
        let points = [
            point(9, 5.0),
            point(7, 4.0),
            point(8, 4.0),
            point(3, 4.0),
            point(4, 3.0),
            point(2, 1.0),
        ];
        let front: Vec<f64> = pareto(&points).iter().map(|p| p.cost).collect();
        assert_eq!(front, [9.0, 3.0, 2.0]);
        assert!(pareto(&[]).is_empty());
    }

    #[test]
    fn bounds_lie_straight_between_those_that_are_known() {
        let axis = CostAxis::Depth;
        let scatter =
            Scatter { points: &[], landmarks: &[], frontier: &[(10.0, 1.0), (20.0, 2.0)], axis };
        assert_eq!(scatter.bound_at(15.0), Some(1.5));
        assert_eq!(scatter.bound_at(10.0), Some(1.0));
        assert_eq!((scatter.bound_at(9.0), scatter.bound_at(21.0)), (None, None));
    }
}
