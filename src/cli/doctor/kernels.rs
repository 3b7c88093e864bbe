//! How fast a GPU's kernels are, beside what bounds them, as a table that documents can take over.

use serde::Serialize;

use super::{Manner, Tally};
use crate::{
    cli::{
        Failure,
        markdown::{Table, figure},
        output::{json_line, line},
    },
    nn::{self, Device, KernelRate, Limits},
    text::printable,
};

#[derive(Serialize)]
struct KernelLine<'a> {
    section: &'static str,
    device: &'a str,
    kernels: &'a str,
    name: &'a str,
    ms: f64,
    gb_per_s: f64,
    gflop_per_s: f64,
    /// Of the nearer limit.
    fraction: f64,
}

#[derive(Serialize)]
struct LimitsLine<'a> {
    section: &'static str,
    device: &'a str,
    kernels: &'a str,
    /// Null where nothing could be measured.
    copy_gb_per_s: Option<f64>,
    product_gflop_per_s: Option<f64>,
    failure: Option<String>,
}

/// Measures the kernels of each device and prints a table for it.
pub(super) fn run(devices: &[&Device], tally: &mut Tally, manner: Manner) -> Result<(), Failure> {
    for device in devices {
        let measured = nn::rates(device).map_err(|error| printable(&error));
        tally.count(measured.is_err());
        tell(device, &measured, manner)?;
    }
    Ok(())
}

fn tell(
    device: &Device,
    measured: &Result<(Limits, Vec<KernelRate>), String>,
    manner: Manner,
) -> Result<(), Failure> {
    let (name, kernels) = (device.to_string(), device.kernels());
    let (limits, rates) = match measured {
        Ok((limits, rates)) => (Some(*limits), &rates[..]),
        Err(_) => (None, &[][..]),
    };
    if manner.json {
        json_line(&LimitsLine {
            section: "limits",
            device: &name,
            kernels,
            copy_gb_per_s: limits.map(|limits| limits.gb_per_s),
            product_gflop_per_s: limits.map(|limits| limits.gflop_per_s),
            failure: measured.as_ref().err().cloned(),
        })?;
        return rates.iter().zip(limits.into_iter().cycle()).try_for_each(|(rate, limits)| {
            json_line(&KernelLine {
                section: "kernel",
                device: &name,
                kernels,
                name: &rate.name,
                ms: rate.ms,
                gb_per_s: rate.gb_per_s,
                gflop_per_s: rate.gflop_per_s,
                fraction: rate.fraction(limits),
            })
        });
    }
    let limits = match (limits, measured) {
        (Some(limits), _) => limits,
        (None, Err(failure)) => return line(format!("\n{name}, {kernels}: {failure}")),
        (None, Ok(_)) => return Ok(()),
    };
    line(format!(
        "\nKernels of {name}, {kernels}. A large copy runs at {} GB/s, a large product in f32 at",
        figure(limits.gb_per_s)
    ))?;
    line(format!(
        "{} TFLOP/s; % is of the nearer of the two.\n",
        figure(limits.gflop_per_s / 1e3)
    ))?;
    let table = table(rates);
    table.heads().iter().try_for_each(line)?;
    rates.iter().try_for_each(|rate| line(table.row(&row(rate, limits))))
}

fn table(rates: &[KernelRate]) -> Table<'static> {
    let longest = rates.iter().map(|rate| rate.name.chars().count()).max().unwrap_or(0);
    Table::new(vec!["kernel", "ms", "GB/s", "TFLOP/s", "%"], &[longest, 6, 4, 0, 3], 1)
}

fn row(rate: &KernelRate, limits: Limits) -> [String; 5] {
    let flops = match rate.gflop_per_s {
        0.0 => "–".to_owned(),
        gflop_per_s => figure(gflop_per_s / 1e3),
    };
    [
        rate.name.clone(),
        format!("{:.3}", rate.ms),
        figure(rate.gb_per_s),
        flops,
        format!("{:.0}", 100.0 * rate.fraction(limits)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_shares_of_the_nearer_limit() {
        let limits = Limits { gb_per_s: 2_000.0, gflop_per_s: 50_000.0 };
        let rate = |gb_per_s, gflop_per_s| KernelRate {
            name: "conv 1×1, stride 1, 192 to 1152 × 128 × 14²".to_owned(),
            ms: 0.25,
            gb_per_s,
            gflop_per_s,
        };
        let rates = [rate(1_500.0, 0.0), rate(100.0, 40_000.0)];
        assert_eq!(row(&rates[0], limits)[1..], ["0.250", "1500", "–", "75"]);
        assert_eq!(row(&rates[1], limits)[1..], ["0.250", "100", "40.0", "80"]);
        let table = table(&rates);
        let [heads, rule] = table.heads();
        for text in [&heads, &rule, &table.row(&row(&rates[0], limits))] {
            assert!(text.chars().count() <= 80, "{text}");
        }
    }
}
