//! Charts as a picture: SVG that reads on white and on black.

use std::fmt::Write;

use super::{Axis, Bars, Chart, Extent, Figure, Look, Series};

const WIDTH: f64 = 640.0;
/// Of one chart.
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 48.0;

/// Told apart by the colour-blind, too (Okabe & Ito 2008), and of middling lightness.
const COLOURS: [&str; 6] = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// The figures one below another.
pub fn svg(figures: &[Figure]) -> String {
    let height: f64 = figures.iter().map(height_of).sum();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\" fill=\"#808080\">\n"
    );
    let mut top = 0.0;
    for figure in figures {
        push(&mut out, format_args!("<g transform=\"translate(0 {top})\">\n"));
        match figure {
            Figure::Chart(chart) => Picture { out: &mut out, chart }.draw(),
            Figure::Bars(bars) => draw_bars(&mut out, bars),
        }
        out.push_str("</g>\n");
        top += height_of(figure);
    }
    out + "</svg>\n"
}

/// Of a bar, with the space to the next.
const BAR: f64 = 28.0;
/// For the names of bars.
const NAMES: f64 = 130.0;

fn height_of(figure: &Figure) -> f64 {
    match figure {
        Figure::Chart(_) => HEIGHT,
        Figure::Bars(bars) => TOP + BAR * bars.rows.len() as f64 + BOTTOM,
    }
}

fn draw_bars(out: &mut String, bars: &Bars) {
    text(out, (NAMES, 18.0), "start", &bars.title, " font-size=\"14\" font-weight=\"bold\"");
    let Some((low, high)) = bars.extent() else {
        return text(out, (NAMES, TOP), "start", "nothing to draw", "");
    };
    let x = |value: f64| NAMES + (value - low) / (high - low) * (WIDTH - RIGHT - NAMES);
    let foot = TOP + BAR * bars.rows.len() as f64;
    let axis = Axis::linear(&bars.label);
    for (at, label) in axis.ticks(low, high, 8) {
        line(out, (x(at), TOP), (x(at), foot), "#808080", " stroke-opacity=\"0.25\"");
        text(out, (x(at), foot + 17.0), "middle", &label, "");
    }
    text(out, ((NAMES + WIDTH - RIGHT) / 2.0, foot + 36.0), "middle", &bars.label, "");
    for (number, bar) in bars.rows.iter().enumerate() {
        let top = TOP + BAR * number as f64;
        let middle = top + BAR / 2.0;
        text(out, (NAMES - 8.0, middle + 4.0), "end", &bar.name, "");
        let (from, to) = (x(bar.value.min(0.0)), x(bar.value.max(0.0)));
        push(
            out,
            format_args!(
                "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>\n",
                top + 5.0,
                to - from,
                BAR - 10.0,
                COLOURS[1]
            ),
        );
        if let Some((least, most)) = bar.interval {
            line(out, (x(least), middle), (x(most), middle), COLOURS[0], " stroke-width=\"2\"");
        }
        let value = format!("{:.3}", bar.value).replace('-', "−");
        let end = bar.interval.map_or(bar.value, |(_, most)| most).max(0.0);
        text(out, (x(end) + 6.0, middle + 4.0), "start", &value, "");
    }
    if let Some(mark) = &bars.mark {
        let at = x(mark.x);
        line(out, (at, TOP), (at, foot), "#d55e00", " stroke-dasharray=\"2 3\"");
        text(out, (at - 4.0, TOP - 6.0), "end", &format!("{} {:.3}", mark.text, mark.x), "");
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes everything");
}

/// What has a meaning in XML, written so that it has none.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

struct Picture<'a> {
    out: &'a mut String,
    chart: &'a Chart,
}

impl Picture<'_> {
    fn draw(mut self) {
        let chart = self.chart;
        self.text((LEFT, 18.0), "start", &chart.title, " font-size=\"14\" font-weight=\"bold\"");
        let Some(extent) = chart.extent() else {
            return self.text((LEFT, HEIGHT / 2.0), "start", "nothing to draw", "");
        };
        self.axes(&extent);
        for mark in &chart.marks {
            let x = place_x(&extent, chart.x.place(mark.x));
            self.line((x, TOP), (x, HEIGHT - BOTTOM), "#d55e00", " stroke-dasharray=\"2 3\"");
            self.text((x - 4.0, TOP + 10.0), "end", &mark.text, "");
        }
        for (series, colour) in chart.series.iter().zip(COLOURS.iter().cycle()) {
            self.series(&extent, series, colour);
        }
        self.legend(&extent);
    }

    fn axes(&mut self, extent: &Extent) {
        let chart = self.chart;
        let [(left, right), (low, high)] = *extent;
        for (at, text) in chart.y.ticks(low, high, 6) {
            let y = place_y(extent, at);
            self.line((LEFT, y), (WIDTH - RIGHT, y), "#808080", " stroke-opacity=\"0.25\"");
            self.text((LEFT - 6.0, y + 4.0), "end", &text, "");
        }
        for (at, text) in chart.x.ticks(left, right, 8) {
            let x = place_x(extent, at);
            self.line((x, HEIGHT - BOTTOM), (x, HEIGHT - BOTTOM + 4.0), "#808080", "");
            self.text((x, HEIGHT - BOTTOM + 17.0), "middle", &text, "");
        }
        self.line((LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM), "#808080", "");
        self.text(((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12.0), "middle", &chart.x.label, "");
        // A long one begins at the edge.
        match chart.y.label.chars().count() {
            0..=8 => self.text((LEFT - 6.0, TOP - 10.0), "end", &chart.y.label, ""),
            _ => self.text((8.0, TOP - 10.0), "start", &chart.y.label, ""),
        }
    }

    fn series(&mut self, extent: &Extent, series: &Series, colour: &str) {
        let place = |x: f64, y: f64| {
            (place_x(extent, self.chart.x.place(x)), place_y(extent, self.chart.y.place(y)))
        };
        let points: Vec<_> = series.points.iter().map(|p| (place(p.x, p.y), p)).collect();
        for ((at, point), std) in points.iter().filter_map(|it| Some((it, it.1.std?))) {
            let (top, bottom) = (place(point.x, point.y + std), place(point.x, point.y - std));
            // By a logarithm a deviation can reach below everything.
            if top.1.is_finite() && bottom.1.is_finite() {
                self.line((at.0, top.1), (at.0, bottom.1), colour, " stroke-opacity=\"0.5\"");
            }
        }
        if series.look == Look::Columns {
            let width = (WIDTH - LEFT - RIGHT) / points.len().max(1) as f64;
            let ground = place_y(extent, 0.0_f64.clamp(extent[1].0, extent[1].1));
            for ((x, y), _) in &points {
                push(
                    self.out,
                    format_args!(
                        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>\n",
                        x - width / 2.0,
                        y.min(ground),
                        (ground - y).abs()
                    ),
                );
            }
            return;
        }
        if series.look == Look::Dots {
            for ((x, y), _) in &points {
                push(
                    self.out,
                    format_args!(
                        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>\n"
                    ),
                );
            }
            return;
        }
        let dashes = if series.look == Look::Dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let path: Vec<String> = points.iter().map(|((x, y), _)| format!("{x:.1},{y:.1}")).collect();
        push(
            self.out,
            format_args!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>\n",
                path.join(" ")
            ),
        );
    }

    /// In the row below the title, from the right; a single dot's name stands beside it.
    fn legend(&mut self, extent: &Extent) {
        let mut x = WIDTH - RIGHT;
        for (number, series) in self.chart.series.iter().enumerate().rev() {
            if let (Look::Dots, [point]) = (series.look, series.points.as_slice()) {
                let at = place_x(extent, self.chart.x.place(point.x));
                let y = place_y(extent, self.chart.y.place(point.y));
                let is_right = at > (WIDTH + LEFT) / 2.0;
                let (at, anchor) = if is_right { (at - 6.0, "end") } else { (at + 6.0, "start") };
                self.text((at, y + 4.0), anchor, &series.name, "");
                continue;
            }
            let colour = COLOURS[number % COLOURS.len()];
            self.text((x, 36.0), "end", &series.name, &format!(" fill=\"{colour}\""));
            // Letters are about half as wide as they are high.
            x -= 14.0 + 6.6 * series.name.chars().count() as f64;
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, more: &str) {
        line(self.out, from, to, colour, more);
    }

    fn text(&mut self, at: (f64, f64), anchor: &str, words: &str, more: &str) {
        text(self.out, at, anchor, words, more);
    }
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, more: &str) {
    push(
        out,
        format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"{more}/>\n",
            from.0, from.1, to.0, to.1
        ),
    );
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, text: &str, more: &str) {
    let text = escaped(text);
    push(
        out,
        format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{more}>{text}</text>\n"
        ),
    );
}

fn place_x([(left, right), _]: &Extent, at: f64) -> f64 {
    LEFT + (at - left) / (right - left) * (WIDTH - LEFT - RIGHT)
}

fn place_y([_, (low, high)]: &Extent, at: f64) -> f64 {
    HEIGHT - BOTTOM - (at - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Bar, Mark, Point};

    #[test]
    fn a_picture_has_every_series_and_no_names_of_its_own() {
        let series = |name: &str, look| Series {
            name: name.to_owned(),
            look,
            points: vec![
                Point { x: 1.0, y: 2.0, std: Some(0.5) },
                Point { x: 2.0, y: 4.0, std: None },
            ],
        };
        let chart = Chart {
            title: "a < b & c".to_owned(),
            x: Axis::linear("x"),
            y: Axis::log("y"),
            series: vec![
                series("one", Look::Line),
                series("two", Look::Dots),
                series("three", Look::Dashed),
                series("four", Look::Columns),
            ],
            marks: vec![Mark { x: 1.5, text: "here".to_owned() }],
        };
        let empty = Chart { series: Vec::new(), ..chart.clone() };
        let bar =
            |name: &str, value| Bar { name: name.to_owned(), value, interval: Some((0.1, 0.3)) };
        let bars = Bars {
            title: "b".to_owned(),
            label: "τ".to_owned(),
            rows: vec![bar("up", 0.2), bar("down", -0.2)],
            mark: Some(Mark { x: 0.9, text: "at most".to_owned() }),
        };
        let none = Bars { rows: Vec::new(), ..bars.clone() };
        let figures =
            [Figure::Chart(chart), Figure::Chart(empty), Figure::Bars(bars), Figure::Bars(none)];
        let text = svg(&figures);
        assert!(text.contains("a &lt; b &amp; c") && text.contains(">here<"));
        assert_eq!(text.matches("<polyline").count(), 2);
        assert_eq!(text.matches("<circle").count(), 2);
        assert_eq!(text.matches("nothing to draw").count(), 2);
        assert_eq!(text.matches("<rect").count(), 2 + 2);
        assert!(text.contains(">−0.200<") && text.contains(">at most 0.900<"));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}
