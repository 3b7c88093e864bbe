//! Measurements of others: the published V100 library, and CSV.

use serde::Deserialize;

use super::{FusedLayer, Operation, Row, TableError};

/// Rows of somebody else's file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    pub rows: Vec<Row>,
    /// Lines that say that a layer could not be measured.
    pub failed: usize,
}

/// Reads the text of the published V100 library (alibaba/lightweight-neural-architecture-search): a line
/// a conv, `{Regular|Depthwise,batch,in,height,width,out,kernel,stride,sum} milliseconds`, where a time
/// that is not positive says that there is none.
///
/// # Errors
/// The first line that is something else.
pub fn v100_library(text: &str) -> Result<Imported, TableError> {
    let mut imported = Imported::default();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |what: String| TableError { line: index + 1, what };
        let what = "expected {Regular|Depthwise,batch,in,height,width,out,kernel,stride,sum} ms";
        let row = library_row(line).ok_or_else(|| wrong(what.to_owned()))?;
        let Some(row) = row.map_err(wrong)? else {
            imported.failed += 1;
            continue;
        };
        imported.rows.push(row);
    }
    Ok(imported)
}

/// None for a line of another form; no row where the time is none.
fn library_row(line: &str) -> Option<Result<Option<Row>, String>> {
    let (key, ms) = line.trim().strip_prefix('{')?.split_once('}')?;
    let ms: f64 = ms.trim().parse().ok()?;
    let (operation, sizes) = key.split_once(',')?;
    let operation = match operation.trim() {
        "Regular" => Operation::Regular,
        "Depthwise" => Operation::Depthwise,
        _ => return None,
    };
    let sizes: Result<Vec<u32>, _> = sizes.split(',').map(|size| size.trim().parse()).collect();
    let [batch, in_channels, height, width, out_channels, kernel, stride, sum] =
        sizes.ok()?.try_into().ok()?;
    if ms <= 0.0 {
        return Some(Ok(None));
    }
    if height != width {
        return Some(Err(format!("maps are square here, got {height}×{width}")));
    }
    let layer = FusedLayer {
        operation,
        in_channels,
        side: height,
        out_channels,
        kernel,
        stride,
        sum: sum != 0,
    };
    Some(Row { layer, batch, ms, spread: None }.checked().map(Some))
}

/// The columns of a CSV file, the last of which may be left out: operation (regular, depthwise, sum),
/// images at once, channels taken, side of the maps taken in pixels, channels given, side of the kernel,
/// stride, whether the maps of a shortcut are added (0 or 1), milliseconds of the batch, and half the range
/// between quartiles over the median.
pub const CSV_COLUMNS: [&str; 10] = [
    "operation",
    "batch",
    "in_channels",
    "side",
    "out_channels",
    "kernel",
    "stride",
    "sum",
    "ms",
    "spread",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CsvRow {
    operation: Operation,
    batch: u32,
    in_channels: u32,
    side: u32,
    out_channels: u32,
    kernel: u32,
    stride: u32,
    sum: u8,
    ms: f64,
    #[serde(default)]
    spread: Option<f64>,
}

/// Reads CSV with a header of [`CSV_COLUMNS`] in any order.
///
/// # Errors
/// The first line that is wrong.
pub fn csv(text: &str) -> Result<Imported, TableError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let wrong = |line: u64, what: String| TableError { line: line as usize, what };
    let headers = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    let columns = CSV_COLUMNS.join(",");
    for header in &headers {
        if !CSV_COLUMNS.contains(&header) {
            let near = crate::text::nearest(header, CSV_COLUMNS);
            let near =
                near.map(|(near, _)| format!(", did you mean '{near}'?")).unwrap_or_default();
            let what = format!("'{header}' is no column{near} (columns: {columns})");
            return Err(wrong(1, what));
        }
    }
    let missing = CSV_COLUMNS[..9].iter().find(|column| !headers.iter().any(|h| h == **column));
    if let Some(missing) = missing {
        return Err(wrong(1, format!("there is no column '{missing}' (columns: {columns})")));
    }
    let mut imported = Imported::default();
    for record in reader.records() {
        let line = |error: &csv::Error| error.position().map_or(1, csv::Position::line);
        let record = record.map_err(|error| wrong(line(&error), error.to_string()))?;
        let at = record.position().map_or(1, csv::Position::line);
        let row: CsvRow =
            record.deserialize(Some(&headers)).map_err(|error| wrong(at, reason(&error)))?;
        if row.ms <= 0.0 {
            imported.failed += 1;
            continue;
        }
        let CsvRow { operation, batch, in_channels, side, out_channels, kernel, stride, .. } = row;
        let sum = row.sum != 0;
        let layer = FusedLayer { operation, in_channels, side, out_channels, kernel, stride, sum };
        let row = Row { layer, batch, ms: row.ms, spread: row.spread }.checked();
        imported.rows.push(row.map_err(|what| wrong(at, what))?);
    }
    Ok(imported)
}

/// What is wrong with a record, without its place, which the caller says.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => match err.field() {
            Some(field) => {
                let column = CSV_COLUMNS.get(field as usize).unwrap_or(&"a column");
                format!("{}: {}", column, err.kind())
            }
            None => err.kind().to_string(),
        },
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_read_line_by_line() {
        let text = "{Regular,64,32,56,56,64,3,2,1} 0.25\n{Depthwise,1,8,5,5,8,7,1,0} -1\n\n";
        let imported = v100_library(text).expect("as published");
        assert_eq!((imported.rows.len(), imported.failed), (1, 1));
        let layer = imported.rows[0].layer;
        assert_eq!((layer.side, layer.side_out(), layer.sum), (56, 28, true));
        for (text, says) in [
            ("{Regular,64,32,56,28,64,3,2,1} 0.25", "square"),
            ("{Regular,64,32} 0.25", "expected {Regular"),
            ("{Dense,64,32,56,56,64,3,2,1} 0.25", "expected {Regular"),
            ("{Depthwise,64,32,56,56,64,3,2,1} 0.25", "32 channels it takes"),
            ("{Regular,0,32,56,56,64,3,2,1} 0.25", "sizes are from 1"),
            ("{Regular,64,32,56,56,64,3,2,1} inf", "no time"),
        ] {
            let error = v100_library(&format!("\n{text}")).expect_err(text).to_string();
            assert!(error.starts_with("2: ") && error.contains(says), "{error}");
        }
    }

    #[test]
    fn csv_is_read_by_its_header() {
        let text = "ms, operation,batch,in_channels,side,out_channels,kernel,stride,sum\n\
                    0.5,regular,1,8,14,16,1,1,0\n0.1,sum,1,8,14,8,1,1,0\n-1,sum,1,8,7,8,1,1,0\n";
        let imported = csv(text).expect("CSV");
        assert_eq!((imported.rows.len(), imported.failed), (2, 1));
        assert_eq!(imported.rows[1].layer.operation, Operation::Sum);
        let head = CSV_COLUMNS.join(",");
        for (text, says) in [
            ("operation,batc\n".to_owned(), "did you mean 'batch'"),
            ("operation,batch\n".to_owned(), "no column 'in_channels'"),
            (format!("{head}\ndense,1,8,14,16,1,1,0,0.5,\n"), "2: "),
            (format!("{head}\nregular,1,8,14,16,1,1,0,fast,\n"), "ms"),
            (format!("{head}\nregular,1,8,14,16,1,1,0\n"), "2"),
        ] {
            let error = csv(&text).expect_err(&text).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
