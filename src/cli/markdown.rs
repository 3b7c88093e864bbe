//! Tables that documents can take over: Markdown whose columns are aligned as they stand, too.

/// Three figures or so.
pub(super) fn figure(value: f64) -> String {
    let decimals = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

/// A Markdown table whose columns are aligned as they stand, too.
pub(super) struct Table<'a> {
    heads: Vec<&'a str>,
    widths: Vec<usize>,
    /// So many columns from the left hold words, the others numbers.
    words: usize,
}

impl<'a> Table<'a> {
    /// `words` columns of words from the left, each with the most cells that it needs.
    pub(super) fn new(heads: Vec<&'a str>, least: &[usize], words: usize) -> Table<'a> {
        let widths = heads.iter().zip(least).map(|(head, least)| head.chars().count().max(*least));
        Table { widths: widths.collect(), heads, words }
    }

    pub(super) fn heads(&self) -> [String; 2] {
        let heads: Vec<String> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        let rule = self.widths.iter().enumerate().map(|(column, width)| {
            let line = "-".repeat(width + 1);
            if column < self.words { format!(":{line}") } else { format!("{line}:") }
        });
        [self.row(&heads), format!("|{}|", rule.collect::<Vec<_>>().join("|"))]
    }

    pub(super) fn row(&self, cells: &[String]) -> String {
        let cell = |(column, (text, width)): (usize, (&String, &usize))| {
            if column < self.words { format!("{text:<width$}") } else { format!("{text:>width$}") }
        };
        let cells = cells.iter().zip(&self.widths).enumerate().map(cell);
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    }
}
