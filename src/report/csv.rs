//! A report's rows for a spreadsheet.

use super::{Cell, Report};

/// The columns' names, then a line a row; what is missing is empty.
pub fn csv(report: &Report) -> String {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let heads = report.columns.iter().map(|column| column.as_bytes());
    csv.write_record(heads).expect("memory takes everything");
    for row in &report.rows {
        let cells = row.iter().map(|cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Whole(n) => n.to_string(),
            Cell::Number(value, _) => value.to_string(),
            Cell::Missing(_) => String::new(),
        });
        csv.write_record(cells).expect("rows are as long as the heads");
    }
    let bytes = csv.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("all of it was text")
}
