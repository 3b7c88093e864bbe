//! `zendo diff`: two networks block by block.

use std::process::ExitCode;

use clap::Args;

use super::{
    Failure,
    net::{FixArg, Net, resolve_one},
    output::{compact, line},
};
use crate::arch::{Costs, Counting, Diff, NetSpec, costs};

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A structure, a file with one, or the name of a shipped net
    #[arg(value_name = "A")]
    a: String,
    /// The same
    #[arg(value_name = "B")]
    b: String,
    #[command(flatten)]
    fix: FixArg,
}

pub(super) fn run(args: &DiffArgs) -> Result<ExitCode, Failure> {
    let (a, b) = (resolve_one(&args.a, &args.fix)?, resolve_one(&args.b, &args.fix)?);
    line(format!("A  {}", a.shown()))?;
    line(format!("B  {}", b.shown()))?;
    line("")?;
    let diff = Diff::between(&a.structure, &b.structure);
    for row in &diff.rows {
        let glyph = row.change().glyph();
        let (from, to) = row.sides();
        for block in if to.is_empty() { from } else { to } {
            line(format!("{glyph} {block}"))?;
        }
    }
    line("")?;
    if diff.is_same() {
        return line("the same structure").map(|()| ExitCode::SUCCESS);
    }
    // Both at one resolution, or the numbers could not be compared.
    let spec = NetSpec::residual(a.resolution(None), a.classes(None));
    line(format!("at {}², {} classes, exact", spec.resolution, spec.classes))?;
    let of = |net: &Net| costs(&net.structure, &spec, Counting::Exact);
    totals(&of(&a), &of(&b))?;
    Ok(ExitCode::SUCCESS)
}

fn totals(a: &Costs, b: &Costs) -> Result<(), Failure> {
    line(format!("  {:<11}{:>10}{:>10}{:>11}", "", "A", "B", "B − A"))?;
    for (name, a, b) in [
        ("params", a.params, b.params),
        ("FLOPs", a.flops, b.flops),
        ("sub-layers", u64::from(a.layers), u64::from(b.layers)),
    ] {
        let sign = match b.cmp(&a) {
            std::cmp::Ordering::Less => "−",
            std::cmp::Ordering::Equal => "",
            std::cmp::Ordering::Greater => "+",
        };
        let delta = format!("{sign}{}", compact(a.abs_diff(b)));
        line(format!("  {name:<11}{:>10}{:>10}{delta:>11}", compact(a), compact(b)))?;
    }
    Ok(())
}
