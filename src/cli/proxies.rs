//! `zendo proxies`: what networks can be judged by.

use std::process::ExitCode;

use super::{
    Failure,
    output::{folded, json_line, line},
};
use crate::proxy::{self, ProxyInfo};

/// Cells of a line.
const WIDTH: usize = 80;
/// Blanks between columns.
const GAP: usize = 2;

#[derive(Debug, clap::Args)]
pub struct ProxiesArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ProxiesArgs) -> Result<ExitCode, Failure> {
    let rows: Vec<&ProxyInfo> = proxy::infos().collect();
    match args.json {
        true => rows.into_iter().try_for_each(json_line)?,
        false => table(&rows).into_iter().try_for_each(line)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Its lines: what a proxy measures, and below that where it is from, in what the short columns leave.
fn table(rows: &[&ProxyInfo]) -> Vec<String> {
    const HEADS: [&str; 3] = ["proxy", "needs", "cost"];
    let short = |row: &ProxyInfo| [row.name, row.needs.name(), row.cost];
    let widths = [0, 1, 2].map(|column| {
        let cells = rows.iter().map(|row| short(row)[column]).chain([HEADS[column]]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0) + GAP
    });
    let laid = |[name, needs, cost]: [&str; 3], text: &str| {
        let [a, b, c] = widths;
        format!("{name:<a$}{needs:<b$}{cost:<c$}{text}")
    };
    let room = WIDTH.saturating_sub(widths.iter().sum());
    let mut lines = vec![laid(HEADS, "what it measures (source)")];
    for row in rows {
        let source = format!("({})", row.source);
        let text = folded(row.measures, room).into_iter().chain(folded(&source, room));
        let cells = std::iter::once(short(row)).chain(std::iter::repeat([""; 3]));
        lines.extend(cells.zip(text).map(|(cells, text)| laid(cells, &text)));
    }
    lines.push(String::new());
    lines.extend(folded(
        "Every score is maximised. Costs are those of one evaluation beside zen's two forward passes. \
         `zendo score NET --proxy NAME` scores by one, `zendo search --set score.proxy=NAME` searches by it.",
        WIDTH,
    ));
    lines.push(String::new());
    lines.extend(folded(
        "Several judge together by rank: proxy = { zen = 1.0, naswot = 0.5 } in a preset's [score], zen=1,naswot=0.5 as \
         an argument. Below 0 is less of it: params=-0.2.",
        WIDTH,
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::Needs;

    #[test]
    fn lines_keep_to_their_columns() {
        let rows: Vec<&ProxyInfo> = proxy::infos().collect();
        for line in table(&rows) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let row = ProxyInfo {
            name: "a-proxy",
            measures: "so many words that one line of what is left has no room for all of them",
            direction: "higher is better",
            needs: Needs::Gradient,
            cost: "nine passes",
            source: "Somebody, 2021",
            measured: true,
        };
        let lines = table(&[&row]);
        assert_eq!(
            lines[..4],
            [
                "proxy    needs     cost         what it measures (source)",
                "a-proxy  gradient  nine passes  so many words that one line of what is left has",
                "                                no room for all of them",
                "                                (Somebody, 2021)",
            ]
        );
    }
}
